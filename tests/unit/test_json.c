// SPDX-License-Identifier: GPL-2.0-or-later
/* The JSON stream: each field of the contract where it is known, none where it is not, UTF-8 whatever comes
 * in. */
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/wait.h>
#include <unistd.h>

#include <cmocka.h>
#include <jansson.h>

#include "core/siginfo.h"
#include "monitor/monitor.h"
#include "monitor_sample.h"

static struct monitor *monitor;

static int open_monitor(void **state)
{
	const struct monitor_options options = {
		.format = "json", .fd = STDERR_FILENO, .clock = &sample_clock, .hostname = "web-1"};

	(void)state;
	return monitor_new(&monitor, &options);
}

static int close_monitor(void **state)
{
	(void)state;
	monitor_free(monitor);
	return 0;
}

/* One report as its line, parsed back; the line is exactly one. */
static json_t *line_of(const struct report *report, uint64_t sequence)
{
	struct text out = {0};
	json_error_t error;
	json_t *line;

	sink_json.format(monitor, report, sequence, &out);
	assert_false(out.failed);
	assert_ptr_equal(strchr(out.s, '\n'), out.s + out.len - 1);
	for (const char *p = out.s; *p && *p != '\n'; p++)
		assert_true((unsigned char)*p >= 0x20 && *p != 0x7f);
	line = json_loads(out.s, JSON_REJECT_DUPLICATES, &error);
	if (!line)
		fail_msg("%s: %s", error.text, out.s);
	text_free(&out);
	return line;
}

/* "a.b.c"; NULL when it is not there. "a[0]" is not needed: lists are compared as text. */
static json_t *field(json_t *line, const char *path)
{
	char copy[128], *key, *rest = copy;

	snprintf(copy, sizeof(copy), "%s", path);
	while (line && (key = strsep(&rest, ".")))
		line = json_object_get(line, key);
	return line;
}

struct expectation {
	const char *path, *value; /* value: as compact JSON; NULL: not there */
};

static void expect(json_t *line, const struct expectation *list)
{
	for (; list->path; list++) {
		json_t *value = field(line, list->path);
		char *text = value ? json_dumps(value, JSON_COMPACT | JSON_ENCODE_ANY) : NULL;

		if ((text == NULL) != (list->value == NULL) || (text && strcmp(text, list->value) != 0))
			fail_msg("%s is %s, not %s", list->path, text ? text : "absent",
				 list->value ? list->value : "absent");
		free(text);
	}
}

/* No member anywhere is null, an empty string, an empty list or an empty object. */
static void expect_nothing_empty(json_t *value)
{
	assert_false(json_is_null(value));
	if (json_is_string(value))
		assert_true(json_string_length(value) > 0);
	if (json_is_array(value)) {
		assert_true(json_array_size(value) > 0);
		for (size_t i = 0; i < json_array_size(value); i++)
			expect_nothing_empty(json_array_get(value, i));
	}
	if (json_is_object(value)) {
		assert_true(json_object_size(value) > 0);
		for (void *i = json_object_iter(value); i; i = json_object_iter_next(value, i))
			expect_nothing_empty(json_object_iter_value(i));
	}
}

static void a_full_fault_has_every_field(void **state)
{
	const struct expectation fields[] = {
		{"@timestamp", "\"2026-11-23T04:12:00.123456789Z\""},
		{"message",
		 "\"redis-server[1234] crashed: SIGSEGV reading 0x0 (null pointer) in debugCommand+0x31\""},
		{"ecs.version", "\"8.17.0\""},
		{"host.name", "\"web-1\""},
		{"event.id", "\"5f3a-1\""},
		{"event.sequence", "42"},
		{"event.kind", "\"alert\""},
		{"event.category", "[\"process\"]"},
		{"event.type", "[\"end\"]"},
		{"event.action", "\"crash.sigsegv\""},
		{"event.dataset", "\"faultd.fault\""},
		{"event.severity", "2"},
		{"event.outcome", NULL},
		{"event.duration", NULL},
		{"process.pid", "1234"},
		{"process.vpid", "7"},
		{"process.ppid", "1"},
		{"process.name", "\"redis-server\""},
		{"process.executable", "\"/usr/bin/redis-server\""},
		{"process.command_line", "\"/usr/bin/redis-server --name 'two words'\""},
		{"process.args", "[\"/usr/bin/redis-server\",\"--name\",\"two words\"]"},
		{"process.working_directory", "\"/var/lib/redis\""},
		{"process.start", "\"2026-11-23T04:11:55.000000000Z\""},
		{"process.exit_code", "139"},
		{"process.entity_id", "\"4d2-12a05f200\""},
		{"process.user.id", "\"112\""},
		{"process.user.name", "\"redis\""},
		{"process.thread.id", "1240"},
		{"process.thread.name", "\"io_thd_1\""},
		{"process.parent.pid", "1"},
		{"process.parent.name", "\"systemd\""},
		{"container.id", "\"3f2a9c0d11aa22bb33cc44dd55ee66ff\""},
		{"service.name", "\"redis.service\""},
		{"faultd.schema", "1"},
		{"faultd.kind", "\"crash.sigsegv\""},
		{"faultd.cgroup.path", "\"/system.slice/redis.service\""},
		{"faultd.signal.number", "11"},
		{"faultd.signal.name", "\"SIGSEGV\""},
		{"faultd.signal.code", "1"},
		{"faultd.signal.code_name", "\"SEGV_MAPERR\""},
		{"faultd.signal.address", "\"0x0\""},
		{"faultd.signal.sender", "{\"pid\":77,\"name\":\"kill\",\"uid\":1001}"},
		{"faultd.oom.scope", "\"cgroup\""},
		{"faultd.oom.cgroup", "\"/system.slice/redis.service\""},
		{"faultd.oom.limit_bytes", "268435456"},
		{"faultd.oom.usage_bytes", "267386880"},
		{"faultd.oom.rss_bytes", "262144000"},
		{"faultd.oom.score_adj", "-500"},
		{"faultd.oom.trigger", "{\"pid\":99,\"name\":\"hog\"}"},
		{"faultd.oom.victims", "3"},
		{"faultd.diagnosis.cause", "\"null-pointer\""},
		{"faultd.diagnosis.summary", "\"SIGSEGV reading 0x0 (null pointer) in debugCommand+0x31\""},
		{"faultd.diagnosis.confidence", "\"certain\""},
		{"faultd.diagnosis.evidence", "[\"the fault address is 0x0\",\"nothing is mapped there\"]"},
		{"faultd.diagnosis.advice", "\"look at debugCommand\""},
		{"faultd.args_truncated", NULL},
		{"faultd.action", NULL},
		{"faultd.self", NULL},
		{NULL, NULL},
	};
	const struct incident incident = sample_incident();
	const struct report report = {.type = REPORT_FAULT, .time = incident.time, .incident = &incident};
	json_t *line = line_of(&report, 42);

	(void)state;
	expect(line, fields);
	expect_nothing_empty(line);
	json_decref(line);
}

static void what_is_not_known_is_left_out(void **state)
{
	const struct expectation fields[] = {
		{"event.id", "\"5f3a-2\""},
		{"message", "\"crash.sigsegv\""},
		{"process", NULL},
		{"container", NULL},
		{"service", NULL},
		{"faultd.cgroup", NULL},
		{"faultd.signal", NULL},
		{"faultd.oom", NULL},
		{"faultd.diagnosis", NULL},
		{"faultd.kind", "\"crash.sigsegv\""},
		{"event.sequence", "1"},
		{"event.type", "[\"end\"]"},
		{"event.category", "[\"process\"]"},
		{NULL, NULL},
	};
	const struct incident incident = empty_incident();
	const struct report report = {.type = REPORT_FAULT, .time = 1, .incident = &incident};
	json_t *line = line_of(&report, 1);

	(void)state;
	expect(line, fields);
	expect_nothing_empty(line);
	json_decref(line);
}

static void only_a_process_is_a_sender(void **state)
{
	struct incident incident = sample_incident();
	const struct report report = {.type = REPORT_FAULT, .time = 1, .incident = &incident};
	json_t *line;

	(void)state;
	incident.sender.kernel = true;
	line = line_of(&report, 1);
	assert_null(field(line, "faultd.signal.sender"));
	assert_non_null(field(line, "faultd.signal.number"));
	json_decref(line);
	incident.sender.kernel = false;
	incident.sender.known = false;
	line = line_of(&report, 1);
	assert_null(field(line, "faultd.signal.sender"));
	json_decref(line);
	/* Root is a user like others, and its number is not "unknown". */
	incident.sender.known = true;
	incident.sender.uid = 0;
	incident.who.uid = 0;
	line = line_of(&report, 1);
	assert_int_equal(json_integer_value(field(line, "faultd.signal.sender.uid")), 0);
	assert_true(json_is_integer(field(line, "faultd.signal.sender.uid")));
	assert_string_equal(json_string_value(field(line, "process.user.id")), "0");
	json_decref(line);
}

static void unknown_oom_numbers_are_left_out(void **state)
{
	struct incident incident = empty_incident();
	const struct report report = {.type = REPORT_FAULT, .time = 1, .incident = &incident};
	const struct expectation fields[] = {
		{"event.category", "[\"host\"]"},
		{"event.action", "\"oom.host\""},
		{"faultd.oom", "{\"scope\":\"host\",\"rss_bytes\":4096}"},
		{NULL, NULL},
	};
	json_t *line;

	(void)state;
	incident.kind = FAULT_OOM_HOST;
	incident.oom.known = true;
	incident.oom.scope = FE_OOM_HOST;
	incident.oom.limit = incident.oom.usage = UINT64_MAX;
	incident.oom.rss = 4096;
	line = line_of(&report, 1);
	expect(line, fields);
	json_decref(line);
}

static const struct {
	int status;
	const char *code;
} exits[] = {
	{0, "0"}, {3 << 8, "3"}, {255 << 8, "255"}, {9, "137"}, {6 | 0x80, "134"},
};

static void exit_codes_are_the_shells(void **state)
{
	(void)state;
	for (size_t i = 0; i < sizeof(exits) / sizeof(exits[0]); i++) {
		struct incident incident = empty_incident();
		const struct report report = {.type = REPORT_FAULT, .time = 1, .incident = &incident};
		const struct expectation fields[] = {{"process.exit_code", exits[i].code}, {NULL, NULL}};
		json_t *line;

		incident.who.has_exit_status = true;
		incident.who.exit_status = exits[i].status;
		line = line_of(&report, 1);
		expect(line, fields);
		json_decref(line);
	}
}

static void an_action(void **state)
{
	const struct expectation fields[] = {
		{"event.dataset", "\"faultd.action\""},
		{"event.kind", "\"event\""},
		{"event.type", "[\"info\"]"},
		{"event.action", "\"restart-unit\""},
		{"event.outcome", "\"unknown\""},
		{"event.id", "\"5f3a-1\""},
		{"message", "\"restart-unit of redis.service skipped: backoff, attempt 2, policy web\""},
		{"process.pid", "1234"},
		{"faultd.action.type", "\"restart-unit\""},
		{"faultd.action.state", "\"skipped\""},
		{"faultd.action.policy", "\"web\""},
		{"faultd.action.target", "\"redis.service\""},
		{"faultd.action.attempt", "2"},
		{"faultd.action.dry_run", "false"},
		{"faultd.action.reason", "\"backoff\""},
		{NULL, NULL},
	};
	const struct incident incident = sample_incident();
	struct report report = {.type = REPORT_ACTION,
				.time = 1,
				.incident = &incident,
				.action = {.type = "restart-unit",
					   .state = "skipped",
					   .policy = "web",
					   .target = "redis.service",
					   .attempt = 2,
					   .reason = "backoff"}};
	json_t *line;

	(void)state;
	report.message = NULL;
	line = line_of(&report, 1);
	/* The sentence stands alone: it names the process. */
	assert_memory_equal(json_string_value(field(line, "message")), "redis-server[1234]: ", 20);
	json_object_set_new(line, "message", json_string(json_string_value(field(line, "message")) + 20));
	expect(line, fields);
	json_decref(line);

	report.action.state = "started";
	report.message = "restarting redis.service";
	line = line_of(&report, 1);
	assert_string_equal(json_string_value(field(line, "message")), "restarting redis.service");
	assert_string_equal(json_string_value(json_array_get(field(line, "event.type"), 0)), "change");
	json_decref(line);
}

static void an_outcome_is_about_the_new_process(void **state)
{
	const struct expectation fields[] = {
		{"event.dataset", "\"faultd.outcome\""},
		{"event.outcome", "\"success\""},
		{"event.duration", "41000000"},
		{"event.type", "[\"start\"]"},
		{"process.pid", "1290"},
		{"process.name", "\"redis-server\""},
		{"process.user", NULL},
		{"faultd.listening", "\"127.0.0.1:6379\""},
		{"faultd.diagnosis", NULL},
		{NULL, NULL},
	};
	const struct incident incident = sample_incident();
	const struct process fresh = {.pid = 1290, .name = "redis-server"};
	struct report report = {.type = REPORT_OUTCOME,
				.time = 1,
				.incident = &incident,
				.outcome = OUTCOME_SUCCESS,
				.duration = 41 * NSEC_PER_MSEC,
				.process = &fresh,
				.listening = "127.0.0.1:6379"};
	json_t *line = line_of(&report, 1);

	(void)state;
	expect(line, fields);
	json_decref(line);

	report.process = NULL;
	report.outcome = OUTCOME_FAILURE;
	line = line_of(&report, 1);
	assert_null(field(line, "process"));
	assert_string_equal(json_string_value(field(line, "event.outcome")), "failure");
	json_decref(line);
}

static void faultd_about_itself(void **state)
{
	const struct expectation fields[] = {
		{"event.dataset", "\"faultd.self\""},
		{"event.action", "\"self.lost-events\""},
		{"event.severity", "3"},
		{"event.id", "\"self-7-9\""},
		{"message", "\"faultd: lost 12 events of signal_deliver (30 so far)\""},
		{"faultd.kind", "\"self.lost-events\""},
		{"faultd.self", "{\"program\":\"signal_deliver\",\"lost\":12,\"lost_total\":30}"},
		{"process", NULL},
		{NULL, NULL},
	};
	const struct report report = {.type = REPORT_SELF,
				      .time = 7,
				      .self = {.kind = FAULT_SELF_LOST_EVENTS,
					       .program = "signal_deliver",
					       .lost = 12,
					       .lost_total = 30}};
	json_t *line = line_of(&report, 9);

	(void)state;
	expect(line, fields);
	expect_nothing_empty(line);
	json_decref(line);
}

static void hostile_strings_stay_inside_theirs(void **state)
{
	const struct incident incident = hostile_incident();
	const enum report_type types[] = {REPORT_FAULT, REPORT_DIAGNOSIS, REPORT_ACTION, REPORT_OUTCOME,
					  REPORT_CLEAR};

	(void)state;
	for (size_t i = 0; i < sizeof(types) / sizeof(types[0]); i++) {
		const struct report report = {
			.type = types[i],
			.time = 1,
			.incident = &incident,
			.process = &incident.who,
			.listening = HOSTILE,
			.action = {.type = HOSTILE, .target = HOSTILE, .policy = HOSTILE, .reason = HOSTILE},
		};
		json_t *line = line_of(&report, 1);

		assert_string_equal(json_string_value(field(line, "process.name")),
				    "\\x1b[2J\\x0d\\x0a\"\\\\xff");
		assert_string_equal(json_string_value(json_array_get(field(line, "process.args"), 2)),
				    "\\xe2\\x80");
		json_decref(line);
	}
}

static void long_arguments_are_cut_and_say_so(void **state)
{
	static char args[64 * 1024];
	struct incident incident = empty_incident();
	const struct report report = {.type = REPORT_FAULT, .time = 1, .incident = &incident};
	json_t *line;
	const char *s;
	char *dump;

	(void)state;
	/* One long argument of nothing but what must be escaped. */
	memset(args, '\x1b', sizeof(args));
	incident.who.args = args;
	incident.who.args_len = incident.who.args_total = sizeof(args);
	line = line_of(&report, 1);
	assert_true(json_is_true(field(line, "faultd.args_truncated")));
	s = json_string_value(json_array_get(field(line, "process.args"), 0));
	assert_string_equal(s + strlen(s) - 7, "\\x1b...");
	s = json_string_value(field(line, "process.command_line"));
	assert_string_equal(s + strlen(s) - 8, "\\x1b'...");
	dump = json_dumps(line, JSON_COMPACT);
	assert_true(strlen(dump) < 64 * 1024);
	free(dump);
	json_decref(line);

	/* Very many empty ones. */
	memset(args, 0, sizeof(args));
	line = line_of(&report, 1);
	assert_true(json_is_true(field(line, "faultd.args_truncated")));
	assert_true(json_array_size(field(line, "process.args")) <= 128);
	json_decref(line);

	/* Cut by the kernel's part already. */
	incident.who.args = "abc";
	incident.who.args_len = 3;
	incident.who.args_total = 5000;
	line = line_of(&report, 1);
	assert_true(json_is_true(field(line, "faultd.args_truncated")));
	assert_string_equal(json_string_value(field(line, "process.command_line")), "abc...");
	json_decref(line);

	/* The longest that is not cut, at its worst. */
	memset(args, '\x1b', sizeof(args));
	incident.who.args = args;
	incident.who.args_len = incident.who.args_total = 1024;
	line = line_of(&report, 1);
	assert_null(field(line, "faultd.args_truncated"));
	assert_int_equal(json_string_length(json_array_get(field(line, "process.args"), 0)), 4096);
	json_decref(line);
}

static void codes_have_names(void **state)
{
	(void)state;
	assert_string_equal(siginfo_code_name(SIGSEGV, 2), "SEGV_ACCERR");
	assert_string_equal(siginfo_code_name(SIGBUS, 2), "BUS_ADRERR");
	assert_string_equal(siginfo_code_name(SIGSYS, 1), "SYS_SECCOMP");
	assert_string_equal(siginfo_code_name(SIGSEGV, 0x80), "SI_KERNEL");
	assert_string_equal(siginfo_code_name(SIGABRT, -6), "SI_TKILL");
	assert_string_equal(siginfo_code_name(SIGTERM, 0), "SI_USER");
	assert_null(siginfo_code_name(SIGTERM, 1));
	assert_null(siginfo_code_name(SIGSEGV, 4711));
}

#define JSON_TEST(f) cmocka_unit_test_setup_teardown(f, open_monitor, close_monitor)

int main(void)
{
	const struct CMUnitTest tests[] = {
		JSON_TEST(a_full_fault_has_every_field),
		JSON_TEST(what_is_not_known_is_left_out),
		JSON_TEST(only_a_process_is_a_sender),
		JSON_TEST(unknown_oom_numbers_are_left_out),
		JSON_TEST(exit_codes_are_the_shells),
		JSON_TEST(an_action),
		JSON_TEST(an_outcome_is_about_the_new_process),
		JSON_TEST(faultd_about_itself),
		JSON_TEST(hostile_strings_stay_inside_theirs),
		JSON_TEST(long_arguments_are_cut_and_say_so),
		cmocka_unit_test(codes_have_names),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
