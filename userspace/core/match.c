// SPDX-License-Identifier: GPL-2.0-or-later
/* Parses MATCHes and holds processes against them. */
#include "core/match.h"

#include <ctype.h>
#include <errno.h>
#include <fnmatch.h>
#include <regex.h>
#include <stdint.h>
#include <stdlib.h>
#include <string.h>

#include "core/sentence.h"

enum match_key {
	KEY_EXE,
	KEY_COMM,
	KEY_CMD,
	KEY_UNIT,
	KEY_CGROUP,
	KEY_CONTAINER,
	KEY_USER,
	KEY_PID,
	KEY_COUNT
};

static const char *const key_names[KEY_COUNT] = {
	[KEY_EXE] = "exe",	 [KEY_COMM] = "comm",		[KEY_CMD] = "cmd",   [KEY_UNIT] = "unit",
	[KEY_CGROUP] = "cgroup", [KEY_CONTAINER] = "container", [KEY_USER] = "user", [KEY_PID] = "pid",
};

#define KEY_LIST "exe, comm, cmd, unit, cgroup, container, user or pid"

enum {
	COMM_MAX = FE_COMM_SIZE - 1,
	PID_LIMIT = 1 << 22, /* the kernel's PID_MAX_LIMIT */
};

struct term {
	enum match_key key;
	char *value; /* glob or prefix */
	regex_t regex;
	bool has_regex;
	uid_t uid;
	pid_t pid;
};

struct match {
	char *text;
	struct term *terms;
	size_t count;
};

int (*match_user_resolver)(const char *name, uid_t *ret_uid);

/* The key whose "key:" s starts with; KEY_COUNT: none. */
static enum match_key key_at(const char *s)
{
	for (int key = 0; key < KEY_COUNT; key++) {
		size_t len = strlen(key_names[key]);

		if (!strncmp(s, key_names[key], len) && s[len] == ':')
			return key;
	}
	return KEY_COUNT;
}

static const char *skip_blanks(const char *s)
{
	return s + strspn(s, " \t\r\n");
}

/* Where the term that starts at s ends: at a comma that separates, or at the end of the text. */
static const char *term_end(const char *s, bool regex)
{
	for (; *s; s++) {
		if (*s == '\\' && s[1])
			s++;
		else if (*s == ',' && (!regex || key_at(skip_blanks(s + 1)) != KEY_COUNT))
			break;
	}
	return s;
}

/* A copy of s[0..len) in which "\," is a comma; every other backslash is the glob's or the regex's. */
static char *copy_value(const char *s, size_t len)
{
	char *copy = malloc(len + 1), *to = copy;

	if (!copy)
		return NULL;
	for (size_t i = 0; i < len; i++) {
		if (s[i] == '\\' && i + 1 < len && s[i + 1] != ',')
			*to++ = s[i++];
		else if (s[i] == '\\' && i + 1 < len)
			i++;
		*to++ = s[i];
	}
	*to = '\0';
	return copy;
}

/* Units and cgroups have backslashes in their names (systemd writes "-" as "\\x2d"), so there they quote
 * nothing. */
static int glob_flags(enum match_key key)
{
	return key == KEY_UNIT || key == KEY_CGROUP ? FNM_NOESCAPE : 0;
}

static bool has_wildcards(const struct term *term)
{
	return strpbrk(term->value, glob_flags(term->key) & FNM_NOESCAPE ? "*?[" : "*?[\\");
}

/* Paths are compared whole: a glob that cannot match an absolute path is a mistake worth a sentence. */
static int check_path_glob(const struct term *term, char **ret_error)
{
	if (strchr("/*?[\\", term->value[0]))
		return 0;
	if (term->key == KEY_EXE)
		return sentence_error(
			ret_error,
			"'exe:%s' never matches, since the whole path is compared: write exe:*/%s, or "
			"comm:%s for the name",
			term->value, term->value, term->value);
	return sentence_error(
		ret_error,
		"'cgroup:%s' never matches, since the path below the cgroup root is compared: write "
		"cgroup:/%s or cgroup:*/%s",
		term->value, term->value, term->value);
}

static int parse_regex(struct term *term, char **ret_error)
{
	char why[128];
	int code = regcomp(&term->regex, term->value, REG_EXTENDED | REG_NOSUB);

	if (code == 0) {
		term->has_regex = true;
		return 0;
	}
	if (code == REG_ESPACE)
		return -ENOMEM;
	regerror(code, NULL, why, sizeof(why));
	return sentence_error(ret_error, "'cmd:%s' is not a POSIX extended regular expression: %s",
			      term->value, why);
}

/* Decimal digits up to limit; -EINVAL for anything else. */
static int parse_number(const char *s, uint64_t limit, uint64_t *ret)
{
	uint64_t n = 0;

	if (!*s)
		return -EINVAL;
	for (; *s; s++) {
		if (!isdigit((unsigned char)*s))
			return -EINVAL;
		n = n * 10 + (uint64_t)(*s - '0');
		if (n > limit)
			return -EINVAL;
	}
	*ret = n;
	return 0;
}

static int parse_user(struct term *term, char **ret_error)
{
	uint64_t uid;
	int r;

	if (term->value[strspn(term->value, "0123456789")] == '\0') {
		/* The last number is the kernel's "no user". */
		if (parse_number(term->value, UINT32_MAX - 1, &uid) < 0)
			return sentence_error(ret_error,
					      "'user:%s' is no user number: the highest is 4294967294",
					      term->value);
		term->uid = (uid_t)uid;
		return 0;
	}
	if (!match_user_resolver)
		return sentence_error(ret_error, "'user:%s' cannot be looked up here: give the user's number",
				      term->value);
	r = match_user_resolver(term->value, &term->uid);
	if (r == -ENOENT)
		return sentence_error(ret_error,
				      "there is no user '%s' on this host: give a name of its user database, "
				      "or a number",
				      term->value);
	if (r < 0)
		return sentence_error(ret_error,
				      "the user '%s' cannot be looked up (%s): give the user's number",
				      term->value, strerror(-r));
	return 0;
}

/* systemctl's habit: a name that has no suffix is a service's. */
static int complete_unit(struct term *term)
{
	static const char suffix[] = ".service";
	size_t len = strlen(term->value);
	char *full;

	if (strchr(term->value, '.') || has_wildcards(term))
		return 0;
	full = realloc(term->value, len + sizeof(suffix));
	if (!full)
		return -ENOMEM;
	memcpy(full + len, suffix, sizeof(suffix));
	term->value = full;
	return 0;
}

static int parse_value(struct term *term, char **ret_error)
{
	uint64_t pid;

	if (!term->value[0])
		return sentence_error(ret_error, "'%s:' has nothing after it: write %s:%s",
				      key_names[term->key], key_names[term->key],
				      term->key == KEY_CMD	   ? "REGEX"
				      : term->key == KEY_CONTAINER ? "ID"
				      : term->key == KEY_USER	   ? "NAME"
				      : term->key == KEY_PID	   ? "N"
								   : "GLOB");
	switch (term->key) {
	case KEY_EXE:
	case KEY_CGROUP: return check_path_glob(term, ret_error);
	case KEY_COMM:
		if (!has_wildcards(term) && strlen(term->value) > COMM_MAX)
			term->value[COMM_MAX] = '\0';
		return 0;
	case KEY_CMD: return parse_regex(term, ret_error);
	case KEY_UNIT: return complete_unit(term);
	case KEY_USER: return parse_user(term, ret_error);
	case KEY_PID:
		if (parse_number(term->value, PID_LIMIT, &pid) < 0 || pid == 0)
			return sentence_error(ret_error,
					      "'pid:%s' is no process id: give a number from 1 to %d",
					      term->value, PID_LIMIT);
		term->pid = (pid_t)pid;
		return 0;
	default: return 0;
	}
}

static bool ends_with(const char *s, size_t len, const char *end)
{
	size_t n = strlen(end);

	return len >= n && !memcmp(s + len - n, end, n);
}

/* Parses the term at s, which has no blanks in front; *ret_end: the comma behind it or the end. */
static int parse_term(struct term *term, const char *s, const char **ret_end, char **ret_error)
{
	const char *end, *colon;
	size_t len;

	if (!*s || *s == ',')
		return sentence_error(ret_error,
				      "a match is empty: write for example comm:nginx, and between two "
				      "terms one comma");
	term->key = key_at(s);
	end = term_end(s, term->key == KEY_CMD);
	*ret_end = end;
	while (term->key != KEY_CMD && end > s && isspace((unsigned char)end[-1]))
		end--;
	len = (size_t)(end - s);
	if (term->key != KEY_COUNT) {
		size_t skip = strlen(key_names[term->key]) + 1;

		s += skip;
		len -= skip;
	} else if (*s == '/') {
		term->key = KEY_EXE;
	} else {
		colon = memchr(s, ':', len);
		if (colon && strspn(s, "abcdefghijklmnopqrstuvwxyzABCDEFGHIJKLMNOPQRSTUVWXYZ_-") >=
				     (size_t)(colon - s))
			return sentence_error(ret_error, "unknown match key '%.*s': use " KEY_LIST,
					      (int)(colon - s), s);
		term->key = ends_with(s, len, ".service") ? KEY_UNIT : KEY_COMM;
	}
	term->value = copy_value(s, len);
	return term->value ? parse_value(term, ret_error) : -ENOMEM;
}

static int parse_terms(struct match *match, char **ret_error)
{
	const char *s = match->text, *end = s;

	match->terms = calloc(MATCH_TERMS_MAX, sizeof(*match->terms));
	if (!match->terms)
		return -ENOMEM;
	for (;; s = end + 1) {
		if (match->count == MATCH_TERMS_MAX)
			return sentence_error(ret_error, "a match has more than %d terms: use fewer",
					      MATCH_TERMS_MAX);
		int r;

		r = parse_term(&match->terms[match->count++], skip_blanks(s), &end, ret_error);
		if (r < 0 || !*end)
			return r;
	}
}

int match_parse(struct match **ret, const char *text, char **ret_error)
{
	struct match *match;
	int r;

	if (strlen(text) > MATCH_TEXT_MAX)
		return sentence_error(ret_error, "a match is longer than %d bytes: shorten it",
				      MATCH_TEXT_MAX);
	match = calloc(1, sizeof(*match));
	if (!match)
		return -ENOMEM;
	match->text = strdup(text);
	r = match->text ? parse_terms(match, ret_error) : -ENOMEM;
	if (r < 0) {
		match_free(match);
		return r;
	}
	*ret = match;
	return 0;
}

void match_free(struct match *match)
{
	if (!match)
		return;
	for (size_t i = 0; i < match->count; i++) {
		if (match->terms[i].has_regex)
			regfree(&match->terms[i].regex);
		free(match->terms[i].value);
	}
	free(match->terms);
	free(match->text);
	free(match);
}

const char *match_text(const struct match *match)
{
	return match->text;
}

static bool glob_matches(const struct term *term, const char *s)
{
	return s && s[0] && fnmatch(term->value, s, glob_flags(term->key)) == 0;
}

/* The arguments with blanks between them, as ps shows them, as far as a kernel event can carry them. */
static bool command_line_matches(const regex_t *regex, const struct process *process)
{
	char line[FE_ARGS_MAX + 1];
	size_t len = process->args_len < FE_ARGS_MAX ? process->args_len : FE_ARGS_MAX;

	if (!process->args)
		return false;
	while (len > 0 && !process->args[len - 1])
		len--;
	if (len == 0)
		return false;
	for (size_t i = 0; i < len; i++)
		line[i] = process->args[i] ? process->args[i] : ' ';
	line[len] = '\0';
	return regexec(regex, line, 0, NULL, 0) == 0;
}

static bool term_matches(const struct term *term, const struct process *process)
{
	switch (term->key) {
	case KEY_EXE: return glob_matches(term, process->exe);
	case KEY_COMM: return glob_matches(term, process->name);
	case KEY_CMD: return command_line_matches(&term->regex, process);
	case KEY_UNIT: return glob_matches(term, process->unit);
	case KEY_CGROUP: return glob_matches(term, process->cgroup);
	case KEY_CONTAINER:
		return process->container && !strncmp(process->container, term->value, strlen(term->value));
	case KEY_USER: return process->has_uid && process->uid == term->uid;
	case KEY_PID: return process->pid == term->pid;
	default: return false;
	}
}

bool match_process(const struct match *match, const struct process *process)
{
	for (size_t i = 0; i < match->count; i++)
		if (!term_matches(&match->terms[i], process))
			return false;
	return match->count > 0;
}

int match_list_add(struct match_list *list, const char *text, char **ret_error)
{
	struct match **items;
	int r;

	if (list->count == MATCH_LIST_MAX)
		return sentence_error(ret_error,
				      "there are more than %d matches in one list: join some with globs",
				      MATCH_LIST_MAX);
	items = realloc(list->items, (list->count + 1) * sizeof(*items));
	if (!items)
		return -ENOMEM;
	list->items = items;
	r = match_parse(&items[list->count], text, ret_error);
	if (r == 0)
		list->count++;
	return r;
}

unsigned int match_exec_name(const struct match *match, char ret[static FE_COMM_SIZE])
{
	for (size_t i = 0; i < match->count; i++) {
		const struct term *term = &match->terms[i];
		const char *name = term->value;

		if (term->key != KEY_COMM && term->key != KEY_EXE)
			continue;
		if (term->key == KEY_EXE && strrchr(name, '/'))
			name = strrchr(name, '/') + 1;
		/* A wildcard further up in the path does no harm; one that could stand for a "/" does. */
		if (!*name || strpbrk(name, "*?[]\\"))
			continue;
		memset(ret, 0, FE_COMM_SIZE);
		memcpy(ret, name, strnlen(name, COMM_MAX));
		return term->key == KEY_COMM ? FE_NAME_COMM : FE_NAME_EXE;
	}
	return 0;
}

static bool changes_later(const struct term *term)
{
	return term->key == KEY_USER || term->key == KEY_CGROUP || term->key == KEY_UNIT ||
	       term->key == KEY_CONTAINER;
}

bool match_may(const struct match *match, const struct process *process)
{
	bool lasting = false;

	for (size_t i = 0; i < match->count; i++) {
		if (changes_later(&match->terms[i]))
			continue;
		if (!term_matches(&match->terms[i], process))
			return false;
		lasting = true;
	}
	return lasting || match_process(match, process);
}

bool match_any_may(const struct match_list *list, const struct process *process)
{
	for (size_t i = 0; i < list->count; i++)
		if (match_may(list->items[i], process))
			return true;
	return false;
}

bool match_any(const struct match_list *list, const struct process *process)
{
	for (size_t i = 0; i < list->count; i++)
		if (match_process(list->items[i], process))
			return true;
	return false;
}

void match_list_free(struct match_list *list)
{
	for (size_t i = 0; i < list->count; i++)
		match_free(list->items[i]);
	free(list->items);
	*list = (struct match_list){0};
}
