// SPDX-License-Identifier: GPL-2.0-or-later
/* ACTION: what a policy does, from text. */
#include <ctype.h>
#include <errno.h>
#include <stdlib.h>
#include <string.h>

#include "core/clock.h"
#include "core/config.h"
#include "core/sentence.h"

static const struct {
	const char *name;
	const char *argument; /* what has to follow; NULL: nothing may */
} types[] = {
	[ACTION_RESTART] = {"restart", NULL},
	[ACTION_RESTART_UNIT] = {"restart-unit", "NAME"},
	[ACTION_RESTART_COMMAND] = {"restart-command", "COMMAND"},
	[ACTION_RESPAWN] = {"respawn", NULL},
	[ACTION_SIGNAL] = {"signal", "NAME [DURATION]"},
	[ACTION_EXEC] = {"exec", "COMMAND"},
	[ACTION_NONE] = {"none", NULL},
};

enum { TYPE_COUNT = sizeof(types) / sizeof(types[0]) };

#define BLANKS "\t\n\v\f\r "
#define ACTION_LIST                                                                                   \
	"restart, restart-unit NAME, restart-command COMMAND, respawn, signal NAME [DURATION], exec " \
	"COMMAND or none"

const char *action_type_name(enum action_type type)
{
	return (unsigned int)type < TYPE_COUNT ? types[type].name : "none";
}

/* The type whose name the first len bytes are; TYPE_COUNT: none. */
static unsigned int type_by_name(const char *s, size_t len)
{
	unsigned int type;

	for (type = 0; type < TYPE_COUNT; type++)
		if (strlen(types[type].name) == len && !memcmp(types[type].name, s, len))
			break;
	return type;
}

bool action_is(const char *text)
{
	text += strspn(text, BLANKS);
	return type_by_name(text, strcspn(text, BLANKS)) < TYPE_COUNT;
}

static bool is_unit_suffix(const char *suffix)
{
	static const char *const suffixes[] = {".service",   ".socket", ".device", ".mount",
					       ".automount", ".swap",	".target", ".path",
					       ".timer",     ".slice",	".scope"};

	for (size_t i = 0; i < sizeof(suffixes) / sizeof(suffixes[0]); i++)
		if (!strcmp(suffix, suffixes[i]))
			return true;
	return false;
}

/* The manager takes full names only, so what systemctl would add is added here. */
static int parse_unit(struct action *action, const char *name, char **ret_error)
{
	static const char valid[] = "abcdefghijklmnopqrstuvwxyzABCDEFGHIJKLMNOPQRSTUVWXYZ0123456789:-_.\\@";
	const char *dot = strrchr(name, '.');
	bool complete = dot && is_unit_suffix(dot);
	size_t len = strlen(name), stem = complete ? (size_t)(dot - name) : len;

	if (name[strspn(name, valid)] || stem == 0 || len > 240)
		return sentence_error(ret_error,
				      "'%s' is no name of a systemd unit: write for example restart-unit "
				      "nginx.service",
				      name);
	if (name[stem - 1] == '@')
		return sentence_error(ret_error,
				      "'%s' is a template: name an instance, as in %.*sNAME.service", name,
				      (int)stem, name);
	action->argument = malloc(len + sizeof(".service"));
	if (!action->argument)
		return -ENOMEM;
	memcpy(action->argument, name, len + 1);
	if (!complete)
		memcpy(action->argument + len, ".service", sizeof(".service"));
	return 0;
}

static int parse_signal(struct action *action, const char *argument, char **ret_error)
{
	size_t len = strcspn(argument, BLANKS);
	const char *rest = argument + len + strspn(argument + len, BLANKS);
	char name[32];

	if (len >= sizeof(name))
		len = sizeof(name) - 1;
	memcpy(name, argument, len);
	name[len] = '\0';
	action->signo = signal_by_name(name);
	if (action->signo < 0)
		return sentence_error(ret_error,
				      "unknown signal '%s': use a name such as TERM, KILL or ABRT, or a "
				      "number from 1 to 64",
				      name);
	if (*rest && (clock_parse_duration(rest, &action->timeout) < 0 || action->timeout == 0))
		return sentence_error(ret_error,
				      "'%s' after the signal is no duration: write for example signal %s 2s",
				      rest, name);
	return 0;
}

static int parse_argument(struct action *action, const char *argument, char **ret_error)
{
	const char *name = types[action->type].name, *wanted = types[action->type].argument;

	if (!wanted && *argument)
		return sentence_error(ret_error,
				      "the action %s takes nothing after it, but there is '%s': leave it "
				      "out, or use one of " ACTION_LIST,
				      name, argument);
	if (!wanted)
		return 0;
	if (!*argument)
		return sentence_error(ret_error, "the action %s lacks what it needs: write %s %s", name, name,
				      wanted);
	if (action->type == ACTION_SIGNAL)
		return parse_signal(action, argument, ret_error);
	if (action->type == ACTION_RESTART_UNIT)
		return parse_unit(action, argument, ret_error);
	action->argument = strdup(argument);
	return action->argument ? 0 : -ENOMEM;
}

int action_parse(struct action *ret, const char *text, char **ret_error)
{
	struct action action = {0};
	size_t len, word;
	unsigned int type;
	int r;

	text += strspn(text, BLANKS);
	for (len = strlen(text); len > 0 && isspace((unsigned char)text[len - 1]);)
		len--;
	if (len == 0)
		return sentence_error(ret_error, "an action is empty: use " ACTION_LIST);
	action.text = strndup(text, len);
	if (!action.text)
		return -ENOMEM;
	word = strcspn(action.text, BLANKS);
	type = type_by_name(action.text, word);
	if (type < TYPE_COUNT) {
		action.type = type;
		r = parse_argument(&action, action.text + word + strspn(action.text + word, BLANKS),
				   ret_error);
	} else {
		r = sentence_error(ret_error, "unknown action '%.*s': use " ACTION_LIST, (int)word,
				   action.text);
	}
	if (r < 0)
		action_free(&action);
	else
		*ret = action;
	return r;
}

void action_free(struct action *action)
{
	free(action->argument);
	free(action->text);
	*action = (struct action){0};
}
