// SPDX-License-Identifier: GPL-2.0-or-later
/* The command line: what every option sets, and the sentence that every mistake gets. */
#include <errno.h>
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <stdlib.h>
#include <string.h>

#include <cmocka.h>

#include "core/options.h"

enum { ARGS = 8 };

static struct options options;
static char *error;

static int parse(const char *const *args)
{
	/* getopt() does not write to the strings. */
	static char *argv[ARGS + 2];
	int argc = 1;

	memset(argv, 0, sizeof(argv));
	argv[0] = (char *)"faultd";
	for (; argc <= ARGS && args[argc - 1]; argc++)
		argv[argc] = (char *)args[argc - 1];
	error = NULL;
	return options_parse(&options, argc, argv, &error);
}

static void done(void)
{
	options_free(&options);
	free(error);
	error = NULL;
}

static void mistakes(void **state)
{
	static const struct {
		const char *args[ARGS];
		const char *says;
	} rows[] = {
		{{"--bogus"}, "unknown option '--bogus'"},
		{{"--bogus=1"}, "unknown option '--bogus=1'"},
		{{"-x"}, "unknown option '-x'"},
		{{"-nx"}, "unknown option '-x'"},
		{{"--dry-run", "-xn"}, "unknown option '-x'"},
		{{"--c"}, "--c"}, /* --config or --check-config? */
		{{"--dry-run=yes"}, "--dry-run=yes: takes no argument"},
		{{"--check-config=x"}, "--check-config=x: takes no argument"},
		{{"--help=me"}, "--help=me: takes no argument"},
		{{"-o"}, "-o: needs an argument"},
		{{"--output"}, "--output: needs an argument"},
		{{"--config"}, "--config: needs an argument"},
		{{"--replay"}, "--replay: needs an argument"},
		{{"-nr"}, "-nr: needs an argument"},
		{{"-o", "xml"}, "--output xml: unknown format: use text or json"},
		{{"-o", ""}, "unknown format"},
		{{"--output=JSON"}, "unknown format"},
		{{"-f", ""}, "--faults: an empty list"},
		{{"-f", " , "}, "--faults: an empty list"},
		{{"-f", "crash,nonsense"}, "unknown fault 'nonsense'"},
		{{"-f", "crash.sigwhat"}, "unknown fault 'crash.sigwhat'"},
		{{"-f", "!nonsense"}, "nonsense"},
		{{"-f", "all", "-f", "bogus"}, "unknown fault 'bogus'"},
		{{"-m", ""}, "--match "},
		{{"-m", "colour:red"}, "--match colour:red: "},
		{{"-m", "pid:x"}, "--match pid:x: "},
		{{"-m", "cmd:("}, "--match cmd:(: "},
		{{"sleep", "5"},
		 "unexpected argument 'sleep': to start a command under watch, write: faultd run -- sleep"},
		{{"--", "sleep"}, "unexpected argument 'sleep'"},
		{{"--", "run", "sleep"}, "unexpected argument 'run'"},
		{{"run"}, "run: no command"},
		{{"run", "--"}, "run: no command"},
		{{"--replay", "f", "run", "--", "true"}, "--replay and run do not go together"},
		{{"--replay", "f", "--record", "g"}, "--replay and --record do not go together"},
	};

	(void)state;
	for (size_t i = 0; i < sizeof(rows) / sizeof(rows[0]); i++) {
		int r = parse(rows[i].args);

		if (r != -EINVAL || !error || !strstr(error, rows[i].says))
			fail_msg("%s ...: %d, \"%s\" lacks \"%s\"", rows[i].args[0], r,
				 error ? error : "nothing", rows[i].says);
		assert_null(strchr(error, '\n'));
		done();
	}
}

static void nothing_is_everything_by_default(void **state)
{
	(void)state;
	assert_int_equal(parse((const char *const[]){NULL}), 0);
	assert_string_equal(options.output, "text");
	assert_null(options.config);
	assert_null(options.record);
	assert_null(options.replay);
	assert_null(options.command);
	assert_false(options.faults_given || options.dry_run || options.check_config || options.help ||
		     options.version);
	assert_int_equal(options.verbose, 0);
	assert_int_equal(options.match.count, 0);
	assert_int_equal(options.restart_count, 0);
	done();
}

static void short_options(void **state)
{
	(void)state;
	assert_int_equal(parse((const char *const[]){"-nvvojson", "-rnginx=none", "-r", "redis", "-wfile",
						     "-mnginx", "-m/bin/x", "-fcrash"}),
			 0);
	assert_true(options.dry_run && options.faults_given);
	assert_int_equal(options.verbose, 2);
	assert_string_equal(options.output, "json");
	assert_int_equal(options.restart_count, 2);
	assert_string_equal(options.restarts[0], "nginx=none");
	assert_string_equal(options.restarts[1], "redis");
	assert_string_equal(options.record, "file");
	assert_int_equal(options.match.count, 2);
	assert_true(fault_set_has(&options.faults, FAULT_CRASH_SIGSEGV));
	assert_false(fault_set_has(&options.faults, FAULT_OOM_HOST));
	done();
}

static void long_options(void **state)
{
	(void)state;
	assert_int_equal(
		parse((const char *const[]){"--restart=a", "--match", "b", "--faults=oom", "--output=json",
					    "--config=c", "--check-config", "--replay=d"}),
		0);
	assert_string_equal(options.restarts[0], "a");
	assert_int_equal(options.match.count, 1);
	assert_string_equal(options.config, "c");
	assert_true(options.check_config);
	assert_string_equal(options.replay, "d");
	done();
	assert_int_equal(parse((const char *const[]){"--verbose", "--help", "--version", "--dry-run", NULL}),
			 0);
	assert_true(options.help && options.version && options.dry_run && options.verbose == 1);
	done();
}

static void lists_of_faults_add_up(void **state)
{
	(void)state;
	assert_int_equal(parse((const char *const[]){"-f", "crash", "-f", "exit.failure", NULL}), 0);
	assert_true(fault_set_has(&options.faults, FAULT_CRASH_SIGBUS));
	assert_true(fault_set_has(&options.faults, FAULT_EXIT_FAILURE));
	assert_false(fault_set_has(&options.faults, FAULT_EXIT_UNEXPECTED));
	done();
	assert_int_equal(parse((const char *const[]){"-f", "!crash.sigsegv", NULL}), 0);
	assert_true(fault_set_has(&options.faults, FAULT_CRASH_SIGBUS));
	assert_true(fault_set_has(&options.faults, FAULT_KILL_SIGKILL));
	assert_false(fault_set_has(&options.faults, FAULT_CRASH_SIGSEGV));
	done();
}

static void commands(void **state)
{
	static const struct {
		const char *args[ARGS];
		const char *command[4];
	} rows[] = {
		{{"run", "--", "true"}, {"true"}},
		{{"run", "sleep", "5"}, {"sleep", "5"}},
		/* What stands behind the command is its own. */
		{{"-n", "run", "--", "ls", "-l", "--bogus"}, {"ls", "-l", "--bogus"}},
		{{"run", "ls", "-l"}, {"ls", "-l"}},
		{{"run", "--", "--strange"}, {"--strange"}},
		{{"run", "--", "--", "x"}, {"--", "x"}},
		{{"run", "run"}, {"run"}},
	};

	(void)state;
	for (size_t i = 0; i < sizeof(rows) / sizeof(rows[0]); i++) {
		size_t n = 0;

		if (parse(rows[i].args) != 0)
			fail_msg("row %zu: %s", i, error);
		assert_non_null(options.command);
		for (; rows[i].command[n]; n++)
			assert_string_equal(options.command[n], rows[i].command[n]);
		assert_null(options.command[n]);
		done();
	}
}

static void help_names_every_option(void **state)
{
	static const char *const names[] = {"-r, --restart MATCH[=ACTION]",
					    "-m, --match MATCH",
					    "-f, --faults LIST",
					    "-n, --dry-run",
					    "-o, --output FORMAT",
					    "--config FILE",
					    "--check-config",
					    "-w, --record FILE",
					    "--replay FILE",
					    "-v, --verbose",
					    "-h, --help",
					    "-V, --version",
					    "run -- CMD"};
	char *text = NULL;
	size_t size = 0;
	FILE *out = open_memstream(&text, &size);

	(void)state;
	assert_non_null(out);
	options_help(out);
	fclose(out);
	for (size_t i = 0; i < sizeof(names) / sizeof(names[0]); i++)
		if (!strstr(text, names[i]))
			fail_msg("--help lacks \"%s\"", names[i]);
	for (const char *line = text, *end; (end = strchr(line, '\n')); line = end + 1)
		assert_true(end - line <= 110);
	free(text);
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(mistakes),
		cmocka_unit_test(nothing_is_everything_by_default),
		cmocka_unit_test(short_options),
		cmocka_unit_test(long_options),
		cmocka_unit_test(lists_of_faults_add_up),
		cmocka_unit_test(commands),
		cmocka_unit_test(help_names_every_option),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
