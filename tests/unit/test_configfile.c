// SPDX-License-Identifier: GPL-2.0-or-later
/* Tests of the configuration file: what it means, what is refused, and what is said about that. */
// WRAP: log_line geteuid
#include <errno.h>
#include <fcntl.h>
#include <ftw.h>
#include <setjmp.h>
#include <signal.h>
#include <stdarg.h>
#include <stdint.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/stat.h>
#include <unistd.h>

#include <cmocka.h>

#include "core/clock.h"
#include "core/log.h"
#include "host/configfile.h"
#include "host/configparts.h"

#define LENGTH(array) (sizeof(array) / sizeof((array)[0]))

/* What was logged since reset(), one line each. */
static char logged[65536];
static unsigned int log_count;
static uid_t pretended_uid = (uid_t)-1;

void __wrap_log_line(enum log_level level, const char *fmt, ...) __attribute__((format(printf, 2, 3)));
uid_t __real_geteuid(void);
uid_t __wrap_geteuid(void);

void __wrap_log_line(enum log_level level, const char *fmt, ...)
{
	size_t len = strlen(logged);
	va_list ap;

	assert_int_equal(level, LOG_LEVEL_ERROR);
	va_start(ap, fmt);
	vsnprintf(logged + len, sizeof(logged) - len, fmt, ap);
	va_end(ap);
	len = strlen(logged);
	snprintf(logged + len, sizeof(logged) - len, "\n");
	log_count++;
}

uid_t __wrap_geteuid(void)
{
	return pretended_uid == (uid_t)-1 ? __real_geteuid() : pretended_uid;
}

static char directory[] = "/tmp/faultd-test-XXXXXX";

static const char *in_directory(const char *name)
{
	static char paths[4][512];
	static unsigned int next;
	char *path = paths[next++ % LENGTH(paths)];

	snprintf(path, sizeof(paths[0]), "%s/%s", directory, name);
	return path;
}

static void put_bytes(const char *name, const char *bytes, size_t len)
{
	FILE *file = fopen(in_directory(name), "w");

	assert_non_null(file);
	assert_int_equal(fwrite(bytes, 1, len, file), len);
	assert_int_equal(fclose(file), 0);
	assert_int_equal(chmod(in_directory(name), 0644), 0);
}

static void put(const char *name, const char *text)
{
	put_bytes(name, text, strlen(text));
}

static int remove_entry(const char *path, const struct stat *st, int type, struct FTW *ftw)
{
	(void)st;
	(void)type;
	return ftw->level == 0 ? 0 : remove(path);
}

/* Before and after each test: an empty directory of ours, nothing logged. */
static int reset(void **state)
{
	(void)state;
	nftw(directory, remove_entry, 8, FTW_DEPTH | FTW_PHYS);
	chmod(directory, 0755);
	logged[0] = '\0';
	log_count = 0;
	pretended_uid = (uid_t)-1;
	return 0;
}

static int load(struct config **ret_config)
{
	logged[0] = '\0';
	log_count = 0;
	*ret_config = config_new();
	return configfile_load(*ret_config, in_directory("faultd.conf"));
}

static struct config *load_text(const char *text)
{
	struct config *config;

	put("faultd.conf", text);
	if (load(&config) < 0)
		fail_msg("%s\nis refused: %s", text, logged);
	assert_int_equal(log_count, 0);
	return config;
}

/* The text is refused, and some line of the log has the file, this line number, and these words. */
static void refused(const char *text, unsigned int line, const char *says)
{
	struct config *config;
	char start[600], *found;

	put("faultd.conf", text);
	assert_int_equal(load(&config), -EINVAL);
	config_free(config);
	snprintf(start, sizeof(start), "%s:%u: ", in_directory("faultd.conf"), line);
	for (found = logged; (found = strstr(found, start)); found++) {
		char sentence[2048];

		snprintf(sentence, sizeof(sentence), "%.*s", (int)strcspn(found, "\n"), found);
		if (strstr(sentence, says))
			return;
	}
	fail_msg("%s\nshould say, on line %u, %s\nbut says %s", text, line, says, logged);
}

#define POLICY "policy \"p\" {\n match = { \"x\" }\n actions = { \"restart\" }\n"

static const char example[] =
	"overhead_budget = 1.5              # percent of one CPU\n"
	"\n"
	"stall {\n"
	"    deadlock  = \"2s\"               # how long\n"
	"    io        = \"off\"\n"
	"    eventloop = 1.5s\n"
	"}\n"
	"/* a comment\n"
	"   of lines */\n"
	"policy \"web\" {\n"
	"    match   = { \"exe:/usr/sbin/nginx\", \"unit:nginx.service\" }    // any of these\n"
	"    faults  = { \"crash\", \"oom\", \"stall\", \"exit.failure\" }\n"
	"    actions = { \"signal ABRT 2s\", \"signal KILL 2s\", \"restart\" }\n"
	"    backoff { initial = \"200ms\"  factor = 3.0  max = \"10min\"  jitter = 0.2  reset_after = "
	"\"1h\" }\n"
	"    limit   { actions = 7  within = \"6min\" }\n"
	"    healthy { after = \"4s\"  listening = true  command = \"curl -fsS http://127.0.0.1/health\" }\n"
	"    requires = { \"database\" }\n"
	"    stall { io = \"30s\"  deadlock = \"off\" }\n"
	"}\n"
	"policy \"database\" {\n"
	"    match = postgres\n"
	"    actions = restart\n"
	"}\n";

static void the_example(void **state)
{
	struct config *config = load_text(example);
	const struct policy *web = &config->policies[0], *database = &config->policies[1];
	struct process nginx = {.exe = "/usr/sbin/nginx"}, postgres = {.name = "postgres"};

	(void)state;
	assert_true(config->overhead_budget == 1.5);
	assert_true(config->stall[STALL_DEADLOCK] == 2 * NSEC_PER_SEC);
	assert_true(config->stall[STALL_IO] == 0);
	assert_true(config->stall[STALL_EVENTLOOP] == 1500 * NSEC_PER_MSEC);
	assert_true(config->stall[STALL_STARVED] == 2 * NSEC_PER_SEC);
	assert_int_equal(config->policy_count, 2);
	assert_string_equal(web->name, "web");
	assert_int_equal(web->match.count, 2);
	assert_true(match_any(&web->match, &nginx));
	assert_true(fault_set_has(&web->faults, FAULT_EXIT_FAILURE));
	assert_false(fault_set_has(&web->faults, FAULT_KILL_SIGKILL));
	assert_int_equal(web->action_count, 3);
	assert_int_equal(web->actions[0].signo, SIGABRT);
	assert_true(web->actions[0].timeout == 2 * NSEC_PER_SEC);
	assert_int_equal(web->actions[2].type, ACTION_RESTART);
	assert_true(web->backoff.initial == 200 * NSEC_PER_MSEC && web->backoff.max == 600 * NSEC_PER_SEC);
	assert_true(web->backoff.factor == 3.0 && web->backoff.jitter == 0.2);
	assert_true(web->backoff.reset_after == 3600 * NSEC_PER_SEC);
	assert_true(web->limit.actions == 7 && web->limit.within == 360 * NSEC_PER_SEC);
	assert_true(web->healthy.after == 4 * NSEC_PER_SEC && web->healthy.listening);
	assert_string_equal(web->healthy.command, "curl -fsS http://127.0.0.1/health");
	assert_int_equal(web->requires_count, 1);
	assert_string_equal(web->requires[0], "database");
	assert_non_null(strstr(web->origin, "/faultd.conf:10"));
	assert_true(web->stall[STALL_IO] == 30 * NSEC_PER_SEC && web->stall[STALL_DEADLOCK] == 0);
	assert_true(web->stall[STALL_LOCK] == STALL_INHERIT && database->stall[STALL_IO] == STALL_INHERIT);
	assert_non_null(strstr(database->origin, "/faultd.conf:20"));
	assert_true(match_any(&database->match, &postgres));
	assert_true(fault_set_has(&database->faults, FAULT_KILL_SIGKILL));
	assert_true(database->backoff.initial == 100 * NSEC_PER_MSEC);
	assert_true(database->limit.actions == 5 && !database->healthy.listening);
	config_free(config);
}

static void what_is_accepted(void **state)
{
	static const char *const texts[] = {
		"",
		"\n\n",
		"# nothing",
		"/* nothing */",
		"\xef\xbb\xbf# a byte order mark",
		"overhead_budget = 0.1\r\nstall { io = off }\r\n",
		"overhead_budget = \"100\"",
		"stall { } stall { io = 1h }",
		"stall { io = 100ms lock = 0.1s }",
		POLICY "stall { } }",
		POLICY "stall { io = 1s } stall { lock = 100ms } } policy q { match = q stall { io = off } }",
		POLICY "}",
		POLICY
		"healthy { after = 0s listening = no } backoff { initial = 0s jitter = 0 factor = 1 } }",
		POLICY "requires = { } }",
		POLICY "match += { 'y', } }",
		"policy p { match = x actions = none }",
		"policy 'a # b' { match = \"x # y\" actions = { 'exec echo // /* # { } \"' } }",
		"policy \"long \\\n line\" { match = x actions = restart }",
		"policy x { match = 'cmd:^a\\.b\\d$' actions = restart }",
		"policy x { match = \"cmd:^a\\\\.b\\x24\" actions = restart }",
		"policy x { match = \"comm:\\${HOME}\" actions = restart }",
		"policy \"caf\xc3\xa9\" { match = \"\xff\xfe\" actions = restart }",
	};

	(void)state;
	for (size_t i = 0; i < LENGTH(texts); i++)
		config_free(load_text(texts[i]));
}

static void bad_values(void **state)
{
	static const struct {
		const char *text;
		unsigned int line;
		const char *says;
	} rows[] = {
		{"bogus = 1", 1, "unknown key 'bogus': use overhead_budget, stall or policy"},
		{"\n\n# c\nstall {\n# d\n bogus = 1s }", 6,
		 "unknown key 'bogus' in stall: use deadlock, lock, io,"},
		{POLICY "bogus = 1 }", 4,
		 "unknown key 'bogus' in policy: use match, faults, actions, backoff,"},
		{POLICY "backoff { first = 1s } }", 4,
		 "unknown key 'first' in backoff: use initial, factor,"},
		{"include(\"/etc/passwd\")", 1, "cannot stand outside quotes"},
		{"stall|io = 1s", 1, "unknown key 'io': use overhead_budget"},
		{"overhead_budget = 0", 1,
		 "overhead_budget: '0' is no share of one CPU: write percent above 0"},
		{"overhead_budget = 100.1", 1, "above 0 and up to 100"},
		{"overhead_budget = -1", 1, "above 0 and up to 100"},
		{"overhead_budget = nan", 1, "above 0 and up to 100"},
		{"overhead_budget = inf", 1, "above 0 and up to 100"},
		{"overhead_budget = 0x1p3", 1, "above 0 and up to 100"},
		{"overhead_budget = 1%", 1, "above 0 and up to 100"},
		{"overhead_budget = \"\"", 1, "above 0 and up to 100"},
		{"overhead_budget = 1\noverhead_budget = 2", 2, "was set on line 1 already"},
		{"overhead_budget = { 1 }", 1, "unexpected token '{': write KEY = \"VALUE\""},
		{"overhead_budget += 1", 1, "write = instead of +="},
		{"overhead_budget 1", 1, "write KEY = VALUE"},
		{"overhead_budget =", 1, "the last key lacks its value"},
		{"stall {\n io = 10\n}", 2,
		 "io: '10' is no threshold: write a duration of at least 100ms, as in 10s, or \"off\""},
		{"stall {\n\n io = 0s\n}", 3, "or \"off\""},
		{"stall { io = 1ms }", 1,
		 "io: '1ms' is shorter than a stall can be told from work: write at least 100ms"},
		{"stall { io = 99.9ms }", 1, "write at least 100ms, or \"off\""},
		{"stall { io = -1s }", 1, "'-1s' is no threshold"},
		{POLICY "stall { io = 1s\n deadlock = 50ms } }", 5, "deadlock: '50ms' is shorter than"},
		{POLICY "stall { io = never } }", 4, "io: 'never' is no threshold"},
		{POLICY "stall { io = 1s\n io = 2s } }", 5, "io was set on line 4 already"},
		{POLICY "stall { io = 1s }\n stall { io = 2s } }", 5, "io was set on line 4 already"},
		{POLICY "stall { bogus = 1s } }", 4, "unknown key 'bogus' in stall: use deadlock, lock, io,"},
		{POLICY "stall|io = 1s }", 4, "unknown key 'io' in policy: use match,"},
		{POLICY "stall = 1s }", 4, "missing opening brace for section 'stall'"},
		{"stall { io = 1s\n io = 2s }", 2, "was set on line 1 already"},
		{"stall { io = 1s }\nstall { io = 2s }", 2, "was set on line 1 already"},
		{"stall = 1", 1, "missing opening brace for section 'stall'"},
		{"policy { }", 1, "write policy \"NAME\" { ... }"},
		{"policy \"\" { match = x actions = none }", 1, "a policy's name is empty"},
		{"policy \"a\\nb\" { match = x actions = none }", 1, "control character"},
		{POLICY "}\n" POLICY "}", 5, "two policies of one file cannot have one name"},
		{"\npolicy p {\n# c\n actions = restart\n}", 2,
		 "policy \"p\" matches no process: add match ="},
		{"policy p { match = { } actions = restart }", 1, "matches no process"},
		{"policy p { match = { x,\n 'foo:x',\n y } actions = none }", 2,
		 "match: unknown match key 'foo': use exe,"},
		{"policy p { match = x\n match = y actions = none }", 2, "match was set on line 1 already"},
		{"policy p { match = user:no-such-user-here\n actions = none }", 1, "there is no user"},
		{POLICY "faults = { crash,\n\n crsh } }", 6,
		 "faults: unknown fault 'crsh': use a family (crash, kill,"},
		{POLICY "faults = { '!default' } }", 4, "unknown fault '!default'"},
		{POLICY "faults = { } }", 1, "policy \"p\" reacts to no fault: leave faults out"},
		{POLICY "faults = { crash, '!crash' } }", 1, "reacts to no fault"},
		{"policy p { match = x\n actions = { \"signal ABRT 2s\",\n \"restrt\" } }", 3,
		 "actions: unknown action 'restrt'"},
		{"policy p { match = x\n actions = restart-unit }", 2, "write restart-unit NAME"},
		{"policy p { match = x\n actions = { none, restart } }", 2,
		 "none cannot be a rung among others"},
		{POLICY "backoff { initial = off } }", 4,
		 "initial: this cannot be off, only the kinds in stall can"},
		{POLICY "backoff { initial = 100 } }", 4, "'100' is no duration: write one as in 100ms"},
		{POLICY "backoff { max = 0s } }", 4, "max: '0s' is no time at all"},
		{POLICY "backoff { reset_after = 0s } }", 4, "no time at all"},
		{POLICY "backoff { factor = 0.9 } }", 4,
		 "factor: 0.9 is out of range: write how many times longer"},
		{POLICY "backoff { factor = x } }", 4, "factor: 'x' is no number"},
		{POLICY "backoff { factor = 1000 } }", 4, "out of range"},
		{POLICY "backoff { jitter = 1.1 } }", 4, "jitter: 1.1 is out of range"},
		{POLICY "backoff { jitter = -0.1 } }", 4, "out of range"},
		{POLICY "backoff { initial = 5s max = 1s } }", 1, "backoff.max is less than backoff.initial"},
		{POLICY "backoff { initial = 1h } }", 1, "backoff.max is less than backoff.initial"},
		{POLICY "limit { actions = 0 } }", 4,
		 "actions: '0' is no count: write a whole number from 1 to 10000"},
		{POLICY "limit { actions = 2.5 } }", 4, "no count"},
		{POLICY "limit { actions = 99999999999999999999 } }", 4, "no count"},
		{POLICY "limit { actions = -1 } }", 4, "no count"},
		{POLICY "limit { within = 0s } }", 4, "no time at all"},
		{POLICY "healthy { listening = maybe } }", 4,
		 "'maybe' is neither yes nor no: write true or false"},
		{POLICY "healthy { after = off } }", 4, "cannot be off"},
		{POLICY "healthy { command = '  ' } }", 4, "a command is empty"},
		{"policy p { match = x actions = { 'signal HUP' } healthy { listening = true } }", 1,
		 "healthy.listening waits for a process that no action brings up"},
		{POLICY "requires = { p } }", 4, "policy \"p\" requires itself"},
		{POLICY "requires = { q } }", 1, "requires \"q\", but there is no policy of that name"},
		{"policy a { match = x actions = none requires = b }\npolicy b { match = x actions = none "
		 "requires = c }\n"
		 "policy c { match = x actions = none requires = a }",
		 1, "take one \"requires\" out of the circle"},
	};

	(void)state;
	for (size_t i = 0; i < LENGTH(rows); i++)
		refused(rows[i].text, rows[i].line, rows[i].says);
}

static void bad_syntax(void **state)
{
	static const struct {
		const char *text;
		unsigned int line;
		const char *says;
	} rows[] = {
		{"policy \"web\" {\n match = x\n", 1, "the { on this line is never closed: add a }"},
		{"stall { }\n}", 2, "this } closes nothing"},
		{"{{{{{{{{{", 1, "nested deeper"},
		{"\npolicy \"web {\n", 2,
		 "the string that starts here does not end on its line: close it with \""},
		{"policy 'web {\n}", 1, "close it with '"},
		{"/* \n\n", 1, "the comment that starts here does not end"},
		{"stall { io = 1s# x\n}", 1, "a comment starts inside a value"},
		{"policy x { match = http://x }", 1, "a comment starts inside a value"},
		{"policy x { match = cgroup:/ }", 1, "a / cannot end a value outside quotes"},
		{"policy x {\n match = { comm:ngin* } }", 2, "'*' cannot stand outside quotes"},
		{"policy x { match = { cmd:a+b } }", 1, "'+' cannot stand outside quotes"},
		{"policy x { match = \"cmd:a\\.b\" }", 1,
		 "'\\.' in double quotes means nothing: write '\\\\.'"},
		{"policy x { match = \"cmd:\\bfoo\" }", 1, "'\\b' in double quotes means nothing"},
		{"policy x { match = \"cmd:\\0\" }", 1, "in double quotes means nothing"},
		{"policy x { match = \"cmd:\\x00\" }", 1, "hexadecimal number"},
		{"policy x { match = \"cmd:\\xg\" }", 1, "hexadecimal number"},
		{"policy x { match = \"a\\", 1, "in double quotes means nothing"},
		{"policy x { match = \"a\x1b[31m\" }", 1, "control character (0x1b) in a string"},
		{"policy x \x01", 1, "control character (0x01) here"},
		{"policy x \r y", 1, "control character (0x0d) here"},
		{"policy x { match = \"${FAULTD_TEST_UNSET}\" }", 1, "variable FAULTD_TEST_UNSET is not set"},
		{"policy x { match = ${FAULTD_TEST_UNSET} }", 1, "variable FAULTD_TEST_UNSET is not set"},
		{"policy x { match = \"${FAULTD\" }", 1, "a variable that starts with ${ does not end"},
		{"; = 1", 1, "unknown key ';'"},
	};

	(void)state;
	for (size_t i = 0; i < LENGTH(rows); i++) {
		refused(rows[i].text, rows[i].line, rows[i].says);
		/* A broken file leaves nothing behind in the parser that the next one would trip over. */
		config_free(load_text(example));
	}
}

static void a_nul_is_refused(void **state)
{
	struct config *config;

	(void)state;
	put_bytes("faultd.conf", "stall { io =\0 1s }", 18);
	assert_int_equal(load(&config), -EINVAL);
	assert_non_null(strstr(logged, "faultd.conf:1: there is a control character (0x00) here"));
	config_free(config);
}

static void one_run_finds_many_errors(void **state)
{
	struct config *config;
	char text[8192] = "";

	(void)state;
	put("faultd.conf",
	    "overhead_budget = 0\nstall { io = x\n lock = y }\npolicy p { match = a:b\n actions = zap }\n");
	assert_int_equal(load(&config), -EINVAL);
	assert_int_equal(log_count, 5);
	config_free(config);
	for (int i = 0; i < 100; i++)
		sprintf(text + strlen(text), "policy p%d { match = a:b }\n", i);
	put("faultd.conf", text);
	assert_int_equal(load(&config), -EINVAL);
	assert_int_equal(log_count, 20);
	config_free(config);
}

static void fault_lists(void **state)
{
	static const struct {
		const char *text;
		enum fault_kind in[3], out[3];
	} rows[] = {
		{"", {FAULT_CRASH_SIGSEGV, FAULT_KILL_SIGKILL, FAULT_STALL_IO}, {FAULT_EXIT_UNEXPECTED}},
		{"faults = crash", {FAULT_CRASH_SIGSEGV}, {FAULT_KILL_SIGKILL, FAULT_OOM_HOST}},
		{"faults = { '!stall' }",
		 {FAULT_CRASH_SIGSEGV, FAULT_EXIT_FAILURE},
		 {FAULT_STALL_IO, FAULT_EXIT_LOOP}},
		{"faults = { default, exit }", {FAULT_EXIT_UNEXPECTED, FAULT_OOM_HOST}, {FAULT_KILL_SIGTERM}},
		{"faults += { exit.unexpected }",
		 {FAULT_EXIT_UNEXPECTED, FAULT_OOM_HOST},
		 {FAULT_KILL_SIGTERM}},
		{"faults = { all, '!kill', kill.sigterm }",
		 {FAULT_KILL_SIGTERM, FAULT_EXIT_LOOP},
		 {FAULT_KILL_SIGHUP}},
	};

	(void)state;
	for (size_t i = 0; i < LENGTH(rows); i++) {
		struct config *config;
		char text[512];

		snprintf(text, sizeof(text), POLICY "%s }", rows[i].text);
		config = load_text(text);
		for (size_t k = 0; k < 3; k++) {
			if (rows[i].in[k])
				assert_true(fault_set_has(&config->policies[0].faults, rows[i].in[k]));
			if (rows[i].out[k])
				assert_false(fault_set_has(&config->policies[0].faults, rows[i].out[k]));
		}
		config_free(config);
	}
}

static void environment_variables(void **state)
{
	struct config *config;

	(void)state;
	setenv("FAULTD_TEST", "nginx", 1);
	config = load_text(
		"policy p { match = { \"comm:${FAULTD_TEST}\", \"${FAULTD_TEST_UNSET:-other}\", '${X}', "
		"\"\\${Y}\" } actions = none }");
	unsetenv("FAULTD_TEST");
	assert_string_equal(match_text(config->policies[0].match.items[0]), "comm:nginx");
	assert_string_equal(match_text(config->policies[0].match.items[1]), "other");
	assert_string_equal(match_text(config->policies[0].match.items[2]), "${X}");
	assert_string_equal(match_text(config->policies[0].match.items[3]), "${Y}");
	config_free(config);
}

static void drop_ins(void **state)
{
	struct config *config;

	(void)state;
	put("faultd.conf",
	    "overhead_budget = 2\nstall { io = 3s lock = 4s }\n"
	    "policy a { match = x actions = restart requires = b }\npolicy c { match = x actions = none }\n");
	assert_int_equal(mkdir(in_directory("faultd.conf.d"), 0755), 0);
	put("faultd.conf.d/20-second.conf", "stall { io = 6s }\npolicy b { match = z actions = respawn }");
	put("faultd.conf.d/10-first.conf", "stall { io = 5s }\n"
					   "policy b { match = y actions = none stall { io = 1s } }\n\n"
					   "policy a { match = w actions = none requires = b }");
	put("faultd.conf.d/30-not.conf.bak", "bogus");
	put("faultd.conf.d/.hidden.conf", "bogus");
	put("faultd.conf.d/.conf", "bogus");
	put("faultd.conf.d/README", "bogus");
	assert_int_equal(load(&config), 0);
	assert_int_equal(log_count, 0);
	assert_true(config->overhead_budget == 2.0);
	assert_true(config->stall[STALL_IO] == 6 * NSEC_PER_SEC);
	assert_true(config->stall[STALL_LOCK] == 4 * NSEC_PER_SEC);
	assert_int_equal(config->policy_count, 3);
	assert_string_equal(config->policies[0].name, "a");
	assert_non_null(strstr(config->policies[0].origin, "faultd.conf.d/10-first.conf:4"));
	assert_string_equal(match_text(config->policies[0].match.items[0]), "w");
	assert_string_equal(config->policies[1].name, "c");
	assert_string_equal(config->policies[2].name, "b");
	assert_int_equal(config->policies[2].actions[0].type, ACTION_RESPAWN);
	assert_true(config->policies[2].stall[STALL_IO] == STALL_INHERIT);
	config_free(config);

	put("faultd.conf.d/40-bad.conf", "\nbogus = 1");
	assert_int_equal(load(&config), -EINVAL);
	assert_non_null(strstr(logged, "faultd.conf.d/40-bad.conf:2: unknown key 'bogus'"));
	config_free(config);
	assert_int_equal(unlink(in_directory("faultd.conf.d/40-bad.conf")), 0);

	assert_int_equal(symlink("/nonexistent/x", in_directory("faultd.conf.d/50-link.conf")), 0);
	assert_int_equal(load(&config), -EINVAL);
	assert_non_null(strstr(logged, "a link that leads nowhere"));
	config_free(config);
}

static void restart_mappings_stay_in_front(void **state)
{
	struct config *config = config_new();

	(void)state;
	assert_int_equal(config_add_restart(config, "x=none", NULL), 0);
	put("faultd.conf",
	    "policy x { match = x actions = restart }\npolicy y { match = y actions = restart }");
	assert_int_equal(configfile_load(config, in_directory("faultd.conf")), 0);
	assert_int_equal(config->policy_count, 3);
	assert_string_equal(config->policies[0].origin, "--restart");
	assert_int_equal(config->policies[0].actions[0].type, ACTION_NONE);
	config_free(config);
}

static void who_may_write(void **state)
{
	static const struct {
		const char *path;
		mode_t mode;
		bool accepted;
	} rows[] = {
		{"faultd.conf", 0644, true},
		{"faultd.conf", 0600, true},
		{"faultd.conf", 0664, false},
		{"faultd.conf", 0646, false},
		{"faultd.conf", 0666, false},
		{".", 0755, true},
		{".", 0775, false},
		{".", 0757, false},
		{".", 01777, true},
		{"faultd.conf.d", 0755, true},
		{"faultd.conf.d", 0775, false},
		{"faultd.conf.d", 01777, false},
		{"faultd.conf.d/a.conf", 0644, true},
		{"faultd.conf.d/a.conf", 0622, false},
	};

	(void)state;
	put("faultd.conf", "overhead_budget = 1");
	assert_int_equal(mkdir(in_directory("faultd.conf.d"), 0755), 0);
	put("faultd.conf.d/a.conf", "overhead_budget = 1");
	for (size_t i = 0; i < LENGTH(rows); i++) {
		struct config *config;
		struct stat before;

		assert_int_equal(stat(in_directory(rows[i].path), &before), 0);
		assert_int_equal(chmod(in_directory(rows[i].path), rows[i].mode), 0);
		assert_int_equal(load(&config), rows[i].accepted ? 0 : -EINVAL);
		assert_int_equal(log_count, rows[i].accepted ? 0 : 1);
		if (!rows[i].accepted)
			assert_non_null(strstr(logged, "can be written by others than its owner"));
		config_free(config);
		assert_int_equal(chmod(in_directory(rows[i].path), before.st_mode), 0);
	}
}

static void who_may_own(void **state)
{
	struct config *config;

	(void)state;
	put("faultd.conf", "overhead_budget = 1");
	if (__real_geteuid() == 0) {
		assert_int_equal(chown(in_directory("faultd.conf"), 12345, 0), 0);
		assert_int_equal(load(&config), -EINVAL);
		assert_non_null(strstr(logged, "/faultd.conf: belongs to user 12345"));
		config_free(config);
		/* Somebody's own file, read by that somebody. */
		pretended_uid = 12345;
		assert_int_equal(load(&config), 0);
		config_free(config);
		pretended_uid = (uid_t)-1;
		assert_int_equal(chown(in_directory("faultd.conf"), 0, 0), 0);
		assert_int_equal(chown(directory, 12345, 0), 0);
		assert_int_equal(load(&config), -EINVAL);
		assert_non_null(strstr(logged, "belongs to user 12345"));
		config_free(config);
		assert_int_equal(chown(directory, 0, 0), 0);
	} else {
		pretended_uid = __real_geteuid() + 1;
		assert_int_equal(load(&config), -EINVAL);
		assert_non_null(strstr(logged, "belongs to user"));
		config_free(config);
	}
}

static void what_is_no_file(void **state)
{
	struct config *config;
	char *large = malloc(CONFIG_FILE_MAX + 1);

	(void)state;
	assert_int_equal(load(&config), -EINVAL);
	assert_non_null(strstr(logged, "there is no such file"));
	config_free(config);

	config = config_new();
	assert_int_equal(configfile_load(config, in_directory("no/such/faultd.conf")), -EINVAL);
	assert_int_equal(configfile_load(config, ""), -EINVAL);
	config_free(config);

	assert_int_equal(mkdir(in_directory("faultd.conf"), 0755), 0);
	assert_int_equal(load(&config), -EINVAL);
	assert_non_null(strstr(logged, "is not a regular file"));
	config_free(config);
	assert_int_equal(rmdir(in_directory("faultd.conf")), 0);

	assert_int_equal(mkfifo(in_directory("faultd.conf"), 0644), 0);
	assert_int_equal(load(&config), -EINVAL);
	assert_non_null(strstr(logged, "is not a regular file"));
	config_free(config);
	assert_int_equal(unlink(in_directory("faultd.conf")), 0);

	memset(large, '\n', CONFIG_FILE_MAX + 1);
	put_bytes("faultd.conf", large, CONFIG_FILE_MAX + 1);
	assert_int_equal(load(&config), -EINVAL);
	assert_non_null(strstr(logged, "is larger than 1024 KiB"));
	config_free(config);
	put_bytes("faultd.conf", large, CONFIG_FILE_MAX);
	assert_int_equal(load(&config), 0);
	config_free(config);
	free(large);
}

static void the_default_file_may_be_missing(void **state)
{
	struct config *config;

	(void)state;
	if (access("/etc/faultd", F_OK) == 0)
		skip();
	config = config_new();
	assert_int_equal(configfile_load(config, NULL), 0);
	assert_int_equal(log_count, 0);
	assert_int_equal(config->policy_count, 0);
	config_free(config);
}

static void printed_in_words(void **state)
{
	static const char *const lines[] = {
		"watching may cost 1.5 % of one CPU\n",
		"deadlock for 2 s, lock for 10 s, io never (off), syscall for 30 s, eventloop for 1.5 s,",
		"policy \"web\" (",
		"  watches     exe:/usr/sbin/nginx or unit:nginx.service\n",
		"  reacts to   crash, oom, exit.failure and stall\n",
		"  a stall is  deadlock never (off), io for 30 s; the rest as for all\n",
		"  does        send SIGABRT and wait 2 s\n  then        send SIGKILL and wait 2 s\n"
		"  then        restart it through whatever started it\n",
		"  waits       200 ms before it repeats itself, 3 times longer each time up to 10 min, give "
		"or take 20 %; "
		"anew after 1 h without a fault\n",
		"  gives up    after 7 actions within 6 min: one alert, no more actions\n",
		"  is content  when the process lives 4 s after its start, listens where the old one did, "
		"and this "
		"succeeds: curl -fsS http://127.0.0.1/health\n",
		"  needs       database\n",
	};
	struct config *config = load_text(example);
	char *out = NULL;
	size_t len;
	FILE *file = open_memstream(&out, &len);

	(void)state;
	configfile_print(config, file);
	fclose(file);
	for (size_t i = 0; i < LENGTH(lines); i++)
		if (!strstr(out, lines[i]))
			fail_msg("%s\nis not in\n%s", lines[i], out);
	/* A policy without thresholds of its own says nothing about them. */
	assert_non_null(strstr(out, "  a stall is  "));
	assert_null(strstr(strstr(out, "  a stall is  ") + 1, "  a stall is  "));
	assert_non_null(
		strstr(out, "  reacts to   crash, kill.sigill, kill.sigtrap, kill.sigabrt, kill.sigbus"));
	free(out);
	config_free(config);
}

static void every_action_has_words(void **state)
{
	struct config *config =
		load_text("policy \"a\" { match = 'x\xff' actions = { restart, 'restart-unit u', "
			  "'restart-command c \xe2\x80\xae', respawn, 'signal HUP', 'exec h' } }\n"
			  "policy n { match = x faults = all actions = none limit { actions = 1 } "
			  "healthy { after = 0s } }");
	static const char *const lines[] = {
		"watches     x\\xff",
		"restart the systemd unit u.service\n",
		"with the command: c \\u",
		"start the same program again in the same way\n",
		"send SIGHUP\n",
		"run the hook: h\n",
		"nothing, only reports\n",
		"after 1 action within",
		"lives 0 s after",
		"crash, kill, oom, exit, stall, resource, host, kernel and self\n"};
	char *out = NULL;
	size_t len;
	FILE *file = open_memstream(&out, &len);

	(void)state;
	configfile_print(config, file);
	fclose(file);
	for (size_t i = 0; i < LENGTH(lines); i++)
		if (!strstr(out, lines[i]))
			fail_msg("%s\nis not in\n%s", lines[i], out);
	assert_null(strpbrk(out, "\xff\x1b"));
	free(out);
	config_free(config);

	config = config_new();
	file = open_memstream(&out, &len);
	configfile_print(config, file);
	fclose(file);
	assert_non_null(strstr(out, "no policies"));
	free(out);
	config_free(config);
}

/* Damaged in any way, a file is either understood or refused with a message; never refused in silence. */
static void damaged_files(void **state)
{
	static const char bytes[] = "\"'{}=+,#/\\*$()|\n\0x; \xff";
	unsigned int seed = 7;

	(void)state;
	for (int round = 0; round < 4000; round++) {
		struct config *config = config_new();
		char text[sizeof(example)];
		size_t len = sizeof(example) - 1;
		int r;

		memcpy(text, example, sizeof(example));
		for (int i = rand_r(&seed) % 3; i >= 0; i--)
			text[(size_t)rand_r(&seed) % len] =
				bytes[(size_t)rand_r(&seed) % (sizeof(bytes) - 1)];
		if (rand_r(&seed) % 4 == 0)
			len = (size_t)rand_r(&seed) % len;
		text[len] = '\0';
		logged[0] = '\0';
		log_count = 0;
		r = config_scan("f", text, len);
		if (r == 0)
			r = config_parse(config, "f", text, len);
		assert_true(r == 0 || r == -EINVAL);
		assert_int_equal(r == 0, log_count == 0);
		config_free(config);
	}
	config_free(load_text(example));
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test_setup(the_example, reset),
		cmocka_unit_test_setup(what_is_accepted, reset),
		cmocka_unit_test_setup(bad_values, reset),
		cmocka_unit_test_setup(bad_syntax, reset),
		cmocka_unit_test_setup(a_nul_is_refused, reset),
		cmocka_unit_test_setup(one_run_finds_many_errors, reset),
		cmocka_unit_test_setup(fault_lists, reset),
		cmocka_unit_test_setup(environment_variables, reset),
		cmocka_unit_test_setup(drop_ins, reset),
		cmocka_unit_test_setup(restart_mappings_stay_in_front, reset),
		cmocka_unit_test_setup(who_may_write, reset),
		cmocka_unit_test_setup(who_may_own, reset),
		cmocka_unit_test_setup(what_is_no_file, reset),
		cmocka_unit_test_setup(the_default_file_may_be_missing, reset),
		cmocka_unit_test_setup(printed_in_words, reset),
		cmocka_unit_test_setup(every_action_has_words, reset),
		cmocka_unit_test_setup(damaged_files, reset),
	};
	int failed;

	if (!mkdtemp(directory))
		return 1;
	failed = cmocka_run_group_tests(tests, NULL, NULL);
	reset(NULL);
	rmdir(directory);
	return failed;
}
