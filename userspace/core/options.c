// SPDX-License-Identifier: GPL-2.0-or-later
/* faultd's command line: one table drives parsing and help. */
#include "core/options.h"

#include <errno.h>
#include <getopt.h>
#include <stdlib.h>
#include <string.h>

#include "core/sentence.h"

enum { OPTION_CONFIG = 256, OPTION_CHECK_CONFIG, OPTION_REPLAY };

static const struct {
	struct option option;
	const char *argument;
	const char *help;
} table[] = {
	{{"restart", required_argument, NULL, 'r'},
	 "MATCH[=ACTION]",
	 "when a process that MATCHes suffers a fault, do ACTION\n(restart unless given; repeatable)"},
	{{"match", required_argument, NULL, 'm'},
	 "MATCH",
	 "report only processes that MATCH (repeatable; any of them)"},
	{{"faults", required_argument, NULL, 'f'},
	 "LIST",
	 "report only these families or kinds; \"!x\" leaves x out;\n\"all\" is everything"},
	{{"dry-run", no_argument, NULL, 'n'}, NULL, "decide and report every action, carry out none"},
	{{"output", required_argument, NULL, 'o'}, "FORMAT", "text (default) or json"},
	{{"config", required_argument, NULL, OPTION_CONFIG}, "FILE", "instead of /etc/faultd/faultd.conf"},
	{{"check-config", no_argument, NULL, OPTION_CHECK_CONFIG},
	 NULL,
	 "say what the configuration means, and exit"},
	{{"record", required_argument, NULL, 'w'}, "FILE", "also write every raw kernel event to FILE"},
	{{"replay", required_argument, NULL, OPTION_REPLAY},
	 "FILE",
	 "read events from FILE instead of the kernel; needs no\nprivileges and acts on nothing"},
	{{"verbose", no_argument, NULL, 'v'}, NULL, "say more on stderr (repeatable)"},
	{{"help", no_argument, NULL, 'h'}, NULL, "this text"},
	{{"version", no_argument, NULL, 'V'}, NULL, "print the version"},
};

enum { OPTIONS = sizeof(table) / sizeof(table[0]) };

void options_help(FILE *out)
{
	fputs("Usage: faultd [OPTION]...              watch every process on this host; act on nothing "
	      "unless told to\n"
	      "       faultd [OPTION]... run -- CMD   start CMD, watch it and its descendants, restart it "
	      "when it fails\n\n",
	      out);
	for (int i = 0; i < OPTIONS; i++) {
		const struct option *o = &table[i].option;
		const char *help = table[i].help;
		char left[64];

		snprintf(left, sizeof(left), "%c%c%c --%s%s%s", o->val < 256 ? '-' : ' ',
			 o->val < 256 ? o->val : ' ', o->val < 256 ? ',' : ' ', o->name,
			 table[i].argument ? " " : "", table[i].argument ? table[i].argument : "");
		for (; help; left[0] = '\0') {
			size_t len = strcspn(help, "\n");

			fprintf(out, "  %-30s %.*s\n", left, (int)len, help);
			help = help[len] ? help + len + 1 : NULL;
		}
	}
	fputs("\nMATCH is exe:GLOB, comm:GLOB, cmd:REGEX, unit:GLOB, cgroup:GLOB, container:ID-PREFIX, "
	      "user:NAME-or-UID or\n"
	      "pid:N; joined by commas all must hold. A bare word means exe: if it starts with \"/\", unit: "
	      "if it ends in\n"
	      "\".service\", else comm:.\n"
	      "ACTION is restart, restart-unit NAME, restart-command COMMAND, respawn, signal NAME, exec "
	      "COMMAND or none.\n",
	      out);
}

static int parse_faults(struct options *o, const char *list, char **ret_error)
{
	struct fault_set set;
	char bad[64], *joined = NULL;
	int r;

	/* Several lists are one, so that a later "!x" leaves out what an earlier one named. */
	if (o->fault_list && asprintf(&joined, "%s,%s", o->fault_list, list) < 0)
		return -ENOMEM;
	if (!joined)
		joined = strdup(list);
	if (!joined)
		return -ENOMEM;
	r = fault_set_parse(&set, *list ? joined : list, bad, sizeof(bad));
	free(o->fault_list);
	o->fault_list = joined;

	if (r == -EINVAL && !*bad)
		return sentence_error(
			ret_error,
			"--faults: an empty list: name families or kinds, as in --faults crash,oom");
	if (r == -EINVAL)
		return sentence_error(ret_error,
				      "--faults: unknown fault '%s': use a family (crash, kill, oom, exit, "
				      "stall, resource, host, "
				      "kernel, self), a kind (crash.sigsegv) or all",
				      bad);
	if (r < 0)
		return r;
	o->faults = set;
	o->faults_given = true;
	return 0;
}

static int add_restart(struct options *o, char *text)
{
	char **grown = realloc(o->restarts, (o->restart_count + 1) * sizeof(*grown));

	if (!grown)
		return -ENOMEM;
	o->restarts = grown;
	o->restarts[o->restart_count++] = text;
	return 0;
}

static int add_match(struct options *o, const char *text, char **ret_error)
{
	char *why = NULL;
	int r = match_list_add(&o->match, text, &why);

	if (r == -EINVAL)
		sentence_error(ret_error, "--match %s: %s", text, why ? why : "not a MATCH");
	free(why);
	return r;
}

static int take(struct options *o, int option, char *argument, char **ret_error)
{
	switch (option) {
	case 'r': return add_restart(o, argument);
	case 'm': return add_match(o, argument, ret_error);
	case 'f': return parse_faults(o, argument, ret_error);
	case 'n': o->dry_run = true; return 0;
	case 'o':
		if (strcmp(argument, "text") != 0 && strcmp(argument, "json") != 0)
			return sentence_error(ret_error, "--output %s: unknown format: use text or json",
					      argument);
		o->output = argument;
		return 0;
	case OPTION_CONFIG: o->config = argument; return 0;
	case OPTION_CHECK_CONFIG: o->check_config = true; return 0;
	case 'w': o->record = argument; return 0;
	case OPTION_REPLAY: o->replay = argument; return 0;
	case 'v': o->verbose++; return 0;
	case 'h': o->help = true; return 0;
	case 'V': o->version = true; return 0;
	default: return -EINVAL;
	}
}

static int take_command(struct options *o, int argc, char **argv, bool separated, char **ret_error)
{
	if (optind >= argc)
		return 0;
	if (separated || strcmp(argv[optind], "run") != 0)
		return sentence_error(
			ret_error,
			"unexpected argument '%s': to start a command under watch, write: faultd run -- %s",
			argv[optind], argv[optind]);
	optind++;
	if (optind < argc && strcmp(argv[optind], "--") == 0)
		optind++;
	if (optind >= argc)
		return sentence_error(ret_error,
				      "run: no command: write: faultd run -- COMMAND [ARGUMENT]...");
	o->command = argv + optind;
	return 0;
}

static int check_combination(const struct options *o, char **ret_error)
{
	if (o->replay && o->command)
		return sentence_error(ret_error,
				      "--replay and run do not go together: a replay acts on nothing");
	if (o->replay && o->record)
		return sentence_error(ret_error,
				      "--replay and --record do not go together: copy the file instead");
	return 0;
}

/* An option that is known and still refused was a long one with an argument that it does not take. */
static bool is_known(int option)
{
	for (int i = 0; i < OPTIONS; i++)
		if (table[i].option.val == option)
			return true;
	return false;
}

int options_parse(struct options *ret, int argc, char **argv, char **ret_error)
{
	struct option longs[OPTIONS + 1] = {0};
	char shorts[2 * OPTIONS + 4] = "+:";
	size_t at = 2;
	int option, r = 0;

	memset(ret, 0, sizeof(*ret));
	ret->output = "text";
	for (int i = 0; i < OPTIONS; i++) {
		longs[i] = table[i].option;
		if (longs[i].val < 256) {
			shorts[at++] = (char)longs[i].val;
			if (longs[i].has_arg)
				shorts[at++] = ':';
		}
	}
	optind = 0;
	opterr = 0;
	while (r >= 0 && (option = getopt_long(argc, argv, shorts, longs, NULL)) != -1) {
		if (option == ':')
			return sentence_error(ret_error, "%s: needs an argument: see faultd --help",
					      argv[optind - 1]);
		if (option == '?') {
			if (is_known(optopt))
				return sentence_error(ret_error, "%s: takes no argument: see faultd --help",
						      argv[optind - 1]);
			if (optopt && optopt < 256)
				return sentence_error(ret_error, "unknown option '-%c': see faultd --help",
						      optopt);
			return sentence_error(ret_error, "unknown option '%s': see faultd --help",
					      argv[optind - 1]);
		}
		r = take(ret, option, optarg, ret_error);
	}
	if (r < 0)
		return r;
	r = take_command(ret, argc, argv, optind > 1 && strcmp(argv[optind - 1], "--") == 0, ret_error);
	return r < 0 ? r : check_combination(ret, ret_error);
}

void options_free(struct options *options)
{
	free(options->restarts);
	free(options->fault_list);
	match_list_free(&options->match);
}
