// SPDX-License-Identifier: GPL-2.0-or-later
/* Stalls in both streams: exactly the fields that are known, and beneath the line who waits for whom. */
#include <fcntl.h>
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <stdio.h>
#include <stdlib.h>
#include <sys/syscall.h>
#include <unistd.h>

#include <cmocka.h>
#include <jansson.h>

#include "monitor/monitor.h"
#include "monitor_sample.h"

#define LENGTH(array) (sizeof(array) / sizeof((array)[0]))
#define NONE	      SAMPLE_NO_CALL

static struct monitor *monitor;
static int devnull;

static int open_monitor(void **state)
{
	const struct monitor_options options = {
		.format = "json", .fd = devnull, .clock = &sample_clock, .hostname = "web-1"};

	(void)state;
	return monitor_new(&monitor, &options);
}

static int close_monitor(void **state)
{
	(void)state;
	monitor_free(monitor);
	return 0;
}

/* What format makes of it, every byte of it fit to be printed. */
static char *formatted(const struct sink_ops *sink, const struct report *report)
{
	struct text out = {0};

	sink->format(monitor, report, 1, &out);
	assert_false(out.failed);
	assert_int_equal(out.s[out.len - 1], '\n');
	for (const char *p = out.s; *p; p++)
		assert_true(*p == '\n' || ((unsigned char)*p >= 0x20 && (unsigned char)*p < 0x7f));
	return out.s;
}

static json_t *line_of(const struct report *report)
{
	char *s = formatted(&sink_json, report);
	json_t *line = json_loads(s, JSON_REJECT_DUPLICATES, NULL);

	assert_non_null(line);
	free(s);
	return line;
}

static json_t *field(json_t *line, const char *object, const char *key)
{
	return json_object_get(json_object_get(line, object), key);
}

/* faultd.stall, all of it; NULL: there is none. */
static void expect_json(const struct report *report, const char *expected)
{
	json_t *line = line_of(report), *stall = field(line, "faultd", "stall");
	char *s = stall ? json_dumps(stall, JSON_COMPACT) : NULL;

	if (!s || !expected)
		assert_true(!s && !expected);
	else
		assert_string_equal(s, expected);
	free(s);
	json_decref(line);
}

/* The lines beneath the first, without what indents them. */
static void expect_text(const struct report *report, const char *expected)
{
	char *s = formatted(&sink_text, report), *from = strchr(s, '\n') + 1, *to = from;

	for (char *p = from; *p;) {
		size_t len = strcspn(p, "\n") + 1;

		assert_true(len > 25 && strspn(p, " ") == 24);
		memmove(to, p + 24, len - 24);
		to += len - 24;
		p += len;
	}
	*to = '\0';
	assert_string_equal(from, expected);
	free(s);
}

/* ---- stalls of every kind */

#define SINCE	    "\"since\":\"2026-11-23T04:11:57.700000000Z\""
#define LASTED	    "\"duration_ns\":12300000000,\"threshold_ns\":1000000000,"
#define HEAD(state) "{\"state\":\"" state "\"," LASTED
#define SLEEPING    HEAD("S")
#define BLOCKED	    HEAD("D")
#define RUNNING	    HEAD("R")
#define RAN(n)	    SINCE ",\"run_time_ns\":" #n
#define NEVER_RAN   RAN(0)

static const struct {
	enum fault_kind kind;
	struct fe_stall event;
	const char *channel, *stack, *object, *filesystem;
	struct fe_member members[4];
	const char *json, *text;
} stalls[] = {
	{.kind = FAULT_STALL_DEADLOCK,
	 .event = {.kind = FE_STALL_DEADLOCK,
		   .syscall = SYS_futex,
		   .lock = 0x55d0,
		   .lock_type = FE_LOCK_MUTEX,
		   .owner_pid = 123,
		   .owner_tid = 125},
	 .channel = "futex_wait_queue",
	 .stack = "futex_wait_queue\nfutex_wait",
	 .members = {{FE_ROLE_CYCLE, 123, 124, 125, 0x55d0, FE_LOCK_MUTEX, 'S', SYS_futex, 0, 0, "worker"},
		     {FE_ROLE_CYCLE, 300, 125, 124, 0x66d0, FE_LOCK_MUTEX_PI, 'S', SYS_futex, 0, 0,
		      "locker-2"}},
	 .json = SLEEPING "\"syscall\":\"futex\",\"wait_channel\":\"futex_wait_queue\","
			  "\"kernel_stack\":[\"futex_wait_queue\",\"futex_wait\"],"
			  "\"owner\":{\"pid\":123,\"tid\":125},\"cycle\":["
			  "{\"pid\":123,\"tid\":124,\"name\":\"worker\",\"lock\":\"0x55d0\","
			  "\"owner_tid\":125,\"lock_type\":\"mutex\"},"
			  "{\"pid\":300,\"tid\":125,\"name\":\"locker-2\",\"lock\":"
			  "\"0x66d0\",\"owner_tid\":124,\"lock_type\":\"pi-mutex\"}],"
			  "\"lock\":\"0x55d0\",\"lock_type\":\"mutex\"," NEVER_RAN "}",
	 .text = "worker[124] waits for mutex 0x55d0 held by locker-2[125] (process 300)\n"
		 "locker-2[125] (process 300) waits for priority-inheriting mutex 0x66d0 held by "
		 "worker[124]\n"},
	{.kind = FAULT_STALL_DEADLOCK, /* by itself */
	 .event = {.kind = FE_STALL_DEADLOCK, .lock = 1, .lock_type = FE_LOCK_MUTEX, .owner_tid = 124},
	 .members = {{FE_ROLE_CYCLE, 123, 124, 124, 1, FE_LOCK_MUTEX, 0, NONE, 0, 0, "worker"}},
	 .json = SLEEPING "\"owner\":{\"tid\":124},\"cycle\":[{\"pid\":123,\"tid\":124,\"name\":\"worker\","
			  "\"lock\":\"0x1\",\"owner_tid\":124,\"lock_type\":\"mutex\"}],\"lock\":\"0x1\","
			  "\"lock_type\":\"mutex\"," NEVER_RAN "}",
	 .text = "worker[124] waits for mutex 0x1 that it holds itself\n"},
	{.kind = FAULT_STALL_DEADLOCK, /* all threads wait, and not all of them are members */
	 .event = {.kind = FE_STALL_DEADLOCK,
		   .flags = FE_STALL_ALL_WAIT,
		   .lock = 1,
		   .lock_type = FE_LOCK_FUTEX,
		   .others = 19},
	 .members = {{FE_ROLE_CYCLE, 123, 124, 0, 1, FE_LOCK_FUTEX, 0, NONE, 0, 0, "worker"},
		     {FE_ROLE_CYCLE, 123, 123, 124, 0, FE_LOCK_JOIN, 0, NONE, 0, 0, "app"}},
	 .json = SLEEPING "\"cycle\":[{\"pid\":123,\"tid\":124,\"name\":\"worker\",\"lock\":\"0x1\","
			  "\"lock_type\":\"futex\"},{\"pid\":123,\"tid\":123,\"name\":\"app\","
			  "\"owner_tid\":124,\"lock_type\":\"join\"}],\"lock\":\"0x1\","
			  "\"lock_type\":\"futex\"," NEVER_RAN ",\"threads\":20}",
	 .text = "worker[124] waits for futex 0x1\napp[123] waits for the end of worker[124]\nand 18 more\n"},
	{.kind = FAULT_STALL_DEADLOCK, /* the owner died */
	 .event = {.kind = FE_STALL_DEADLOCK,
		   .flags = FE_STALL_OWNER_DIED,
		   .lock = 1,
		   .lock_type = FE_LOCK_RWLOCK,
		   .owner_tid = 125},
	 .json = SLEEPING "\"owner\":{\"tid\":125},\"lock\":\"0x1\",\"lock_type\":\"rwlock\"," NEVER_RAN "}",
	 .text = "worker[124] waits for read-write lock 0x1 held by thread 125, which is gone\n"},
	{.kind = FAULT_STALL_DEADLOCK, /* and left its name */
	 .event = {.kind = FE_STALL_DEADLOCK, .lock = 1, .lock_type = FE_LOCK_WORD, .owner_tid = 125},
	 .members = {{FE_ROLE_CHAIN, 123, 125, 0, 0, 0, 'X', NONE, 0, 0, "b"}},
	 .json = SLEEPING "\"owner\":{\"tid\":125},\"chain\":[{\"pid\":123,\"tid\":125,\"name\":\"b\","
			  "\"state\":\"X\"}],\"lock\":\"0x1\",\"lock_type\":\"futex-word\"," NEVER_RAN "}",
	 .text = "worker[124] waits for lock 0x1 held by b[125], which is gone\n"},
	{.kind = FAULT_STALL_LOCK,
	 .event = {.kind = FE_STALL_LOCK, .lock = 1, .lock_type = FE_LOCK_MUTEX_ROBUST, .owner_tid = 125},
	 .members = {{FE_ROLE_CHAIN, 123, 125, 126, 2, FE_LOCK_MUTEX_ERRORCHECK, 'S', SYS_futex, 0, 0, "b"},
		     {FE_ROLE_CHAIN, 123, 126, 0, 0, 0, 'S', SYS_clock_nanosleep, 0, 0, "c"}},
	 .json = SLEEPING "\"owner\":{\"tid\":125},\"chain\":[{\"pid\":123,\"tid\":125,\"name\":\"b\","
			  "\"lock\":\"0x2\",\"owner_tid\":126,\"lock_type\":\"errorcheck-mutex\","
			  "\"state\":\"S\",\"syscall\":\"futex\"},{\"pid\":123,\"tid\":126,\"name\":\"c\","
			  "\"state\":\"S\",\"syscall\":\"clock_nanosleep\"}],\"lock\":\"0x1\","
			  "\"lock_type\":\"robust-mutex\"," NEVER_RAN "}",
	 .text = "worker[124] waits for robust mutex 0x1 held by b[125]\n"
		 "b[125] waits for error-checking mutex 0x2 held by c[126]\n"
		 "c[126] sleeps in clock_nanosleep\n"},
	{.kind = FAULT_STALL_IO,
	 .event = {.kind = FE_STALL_IO, .state = 'D', .syscall = SYS_openat, .traced = 250000000},
	 .channel = "a",
	 .stack = "a+0x1/0x2\n\nb\nc\nd\ne\nf\n",
	 .object = "/mnt/x",
	 .filesystem = "ext4 /dev/loop0",
	 .members = {{FE_ROLE_HOLDER, 77, 77, 0, 0, 0, 'D', SYS_rename, 0, 0, "mv"}},
	 .json = BLOCKED "\"syscall\":\"openat\",\"wait_channel\":\"a\",\"kernel_stack\":["
			 "\"a+0x1/0x2\",\"b\",\"c\",\"d\",\"e\",\"f\"],\"holders\":[{"
			 "\"pid\":77,\"tid\":77,\"name\":\"mv\",\"state\":\"D\","
			 "\"syscall\":\"rename\"}],\"object\":\"/mnt/x\","
			 "\"filesystem\":\"ext4 /dev/loop0\"," NEVER_RAN ",\"traced_ns\":250000000}",
	 .text = "held by mv[77], which is in uninterruptible sleep in rename\n"
		 "waits for /mnt/x on ext4 /dev/loop0\nin: a < b < c < d < e\n"},
	{.kind = FAULT_STALL_IO, /* with no stack to be had; what the summary has said is not said again */
	 .event = {.kind = FE_STALL_IO},
	 .channel = "nfs_wait",
	 .object = "pipe:[1]",
	 .filesystem = "nfs4 host:/x",
	 .json = SLEEPING
	 "\"wait_channel\":\"nfs_wait\",\"object\":\"pipe:[1]\",\"filesystem\":\"nfs4 host:/x\"," NEVER_RAN
	 "}",
	 .text = "on nfs4 host:/x\nin: nfs_wait\n"},
	{.kind = FAULT_STALL_SYSCALL,
	 .event = {.kind = FE_STALL_SYSCALL, .syscall = SYS_write},
	 .channel = "pipe_write",
	 .object = "pipe:[1]",
	 .members = {{FE_ROLE_READER, 77, 78, 0, 0, 0, 'R', NONE, 0, 0, "a"},
		     {FE_ROLE_READER, 77, 79, 0, 0, 0, 'T', SYS_read, 0, 0, "b"},
		     {FE_ROLE_READER, 77, 80, 0, 0, 0, 0, NONE, 0, 0, "c"}},
	 .json = SLEEPING "\"syscall\":\"write\",\"wait_channel\":\"pipe_write\",\"readers\":["
			  "{\"pid\":77,\"tid\":78,\"name\":\"a\",\"state\":\"R\"},{\"pid\":77,\"tid\":79,"
			  "\"name\":\"b\",\"state\":\"T\",\"syscall\":\"read\"},"
			  "{\"pid\":77,\"tid\":80,\"name\":\"c\"}],\"object\":\"pipe:[1]\"," NEVER_RAN "}",
	 .text = "to be read by a[78] (process 77), which is running in user code\n"
		 "to be read by b[79] (process 77), which is stopped in read\nand 1 more\n"},
	{.kind = FAULT_STALL_SPIN,
	 .event = {.kind = FE_STALL_SPIN, .state = 'R', .run_time = 5, .quota = 7, .period = 8, .periods = 9},
	 .json = RUNNING RAN(5) "}",
	 .text = ""},
	{.kind = FAULT_STALL_STARVED,
	 .event = {.kind = FE_STALL_STARVED, .state = 'R', .cpu = 3},
	 .members =
		 {{.role = FE_ROLE_CULPRIT, .pid = 77, .tid = 77, .policy = 1, .share = 954, .comm = "hog"},
		  {.role = FE_ROLE_CULPRIT, .pid = 78, .tid = 79, .share = 4, .comm = "b"}},
	 .json = RUNNING "\"culprits\":[{\"pid\":77,\"tid\":77,\"name\":\"hog\","
			 "\"share_percent\":95,\"policy\":\"SCHED_FIFO\"},{\"pid\":78,"
			 "\"tid\":79,\"name\":\"b\",\"share_percent\":0,"
			 "\"policy\":\"SCHED_OTHER\"}]," NEVER_RAN "}",
	 .text = "CPU 3: hog[77] SCHED_FIFO 95 %, b[79] (process 78) 0 %\n"},
	{.kind = FAULT_STALL_THROTTLED,
	 .event = {.kind = FE_STALL_THROTTLED,
		   .quota = 5000000,
		   .period = 100000000,
		   .periods = 50,
		   .throttled_periods = 0},
	 .json = SLEEPING NEVER_RAN ",\"quota_ns\":5000000,\"period_ns\":100000000,\"throttled_periods\":0,"
				    "\"periods\":50}",
	 .text = ""},
	{.kind = FAULT_STALL_STOPPED,
	 .event = {.kind = FE_STALL_STOPPED, .state = 'T'},
	 .members = {{FE_ROLE_STOPPER, 50, 50, 0, 0, 0, 'S', NONE, 0, 0, "bash"},
		     {FE_ROLE_TRACER, 60, 60, 0, 0, 0, 'S', NONE, 0, 0, "gdb"}},
	 .json = HEAD("T") "\"stopped_by\":{\"pid\":50,\"tid\":50,\"name\":\"bash\"},"
			   "\"tracer\":{\"pid\":60,\"tid\":60,\"name\":\"gdb\"}," NEVER_RAN "}",
	 .text = "stopped by bash[50]\ntraced by gdb[60]\n"},
	/* What others control, a name without its NUL, and numbers that no kernel of ours writes. */
	{.kind = FAULT_STALL_IO,
	 .event = {.kind = FE_STALL_IO, .state = 0x1b, .syscall = 99999, .lock = 1, .lock_type = 99},
	 .channel = "\x1b[2J",
	 .stack = "\xff\n\r\n",
	 .object = "/tmp/\n\x1b",
	 .filesystem = "ext4 \xe2\x80\xae",
	 .members = {{FE_ROLE_CYCLE, 0, 0, 0, 0, 99, 'S', NONE, 0, 0, ""},
		     {FE_ROLE_CYCLE, 0, 5, 6, 1, 99, 'S', NONE, 0, 0, "\n\x1b[31m"},
		     {FE_ROLE_CULPRIT, 7, 7, 0, 0, 0, '\n', 99999, 4, 0, {"sixteen bytes \x07\n"}},

		     {99, 8, 8, 0, 0, 0, 0, 0, 0, 0, "nobody"}},
	 .json = "{" LASTED "\"wait_channel\":\"\\\\x1b[2J\",\"kernel_stack\":[\"\\\\xff\",\"\\\\x0d\"],"
		 "\"cycle\":[{\"tid\":5,\"name\":\"\\\\x0a\\\\x1b[31m\",\"lock\":\"0x1\","
		 "\"owner_tid\":6}],\"culprits\":[{\"pid\":7,\"tid\":7,"
		 "\"name\":\"sixteen bytes \\\\x07\\\\x0a\"}],\"object\":\"/tmp/\\\\x0a\\\\x1b\","
		 "\"filesystem\":\"ext4 \\\\u{202e}\",\"lock\":\"0x1\"," NEVER_RAN "}",
	 .text = "thread 0 waits for a lock\n"
		 "\\x0a\\x1b[31m[5] waits for lock 0x1 held by thread 6\n"
		 "CPU 0: sixteen bytes \\x07\\x0a[7]\n"},
};

static void every_kind_in_both_streams(void **state)
{
	const enum report_type types[] = {REPORT_FAULT, REPORT_DIAGNOSIS};

	(void)state;
	for (size_t i = 0; i < LENGTH(stalls); i++) {
		const struct fe_stall event = stall_record(&stalls[i].event);
		struct incident incident = stalled_incident(stalls[i].kind);
		struct report report = {.time = incident.time, .incident = &incident};

		incident.stall = (struct stall_facts){.event = &event,
						      .wait_channel = stalls[i].channel,
						      .kernel_stack = stalls[i].stack,
						      .object = stalls[i].object,
						      .filesystem = stalls[i].filesystem,
						      .members = stalls[i].members};
		while (incident.stall.member_count < LENGTH(stalls[i].members) &&
		       stalls[i].members[incident.stall.member_count].role)
			incident.stall.member_count++;
		for (size_t t = 0; t < LENGTH(types); t++) {
			report.type = types[t];
			expect_json(&report, stalls[i].json);
		}
		report.type = REPORT_FAULT;
		expect_text(&report, stalls[i].text);
	}
}

static void the_line_itself(void **state)
{
	const struct fe_stall event = stall_record(&(struct fe_stall){.kind = FE_STALL_IO});
	struct incident incident = stalled_incident(FAULT_STALL_IO);
	const struct report report = {.type = REPORT_FAULT, .time = incident.time, .incident = &incident};
	json_t *line, *thread;
	char *s;

	(void)state;
	incident.stall.event = &event;
	incident.stall.wait_channel = "x";
	incident.why.advice = "ADVICE";
	s = formatted(&sink_text, &report);
	assert_string_equal(s, "04:12:10.000000  STALL  app[123]  SUMMARY of pipe:[1]    app.service\n"
			       "                        in: x\n"
			       "                        ADVICE\n");
	free(s);
	line = line_of(&report);
	assert_string_equal(json_string_value(json_object_get(line, "message")),
			    "app[123] makes no progress: SUMMARY of pipe:[1]");
	assert_string_equal(json_string_value(field(line, "faultd", "kind")), "stall.io");
	assert_string_equal(json_string_value(json_array_get(field(line, "event", "type"), 0)), "info");
	thread = field(line, "process", "thread");
	assert_int_equal(json_integer_value(json_object_get(thread, "id")), 124);
	assert_string_equal(json_string_value(json_object_get(thread, "name")), "worker");
	json_decref(line);
}

static void long_cycles_and_chains_are_cut(void **state)
{
	static struct fe_member members[FE_MEMBERS_MAX];
	const struct fe_stall event =
		stall_record(&(struct fe_stall){.kind = FE_STALL_DEADLOCK, .lock = 1, .owner_tid = 201});
	const enum fe_role roles[] = {FE_ROLE_CYCLE, FE_ROLE_CHAIN};
	const char *const ends[] = {"waits for lock 0x1 held by t[210]\n%24sand 54 more\n",
				    "waits for lock 0x1 held by t[209]\n%24sand 55 more\n"};

	(void)state;
	for (size_t k = 0; k < LENGTH(roles); k++) {
		struct incident incident = stalled_incident(FAULT_STALL_DEADLOCK);
		struct report report = {.type = REPORT_FAULT, .incident = &incident};
		char end[128], *s;
		int count = 0;
		json_t *line;

		for (size_t i = 0; i < LENGTH(members); i++)
			members[i] = (struct fe_member){.role = roles[k],
							.pid = 123,
							.tid = 200 + (uint32_t)i,
							.owner_tid = 201 + (uint32_t)i,
							.lock = 1,
							.syscall = NONE,
							.comm = "t"};
		incident.stall = (struct stall_facts){
			.event = &event, .members = members, .member_count = LENGTH(members)};
		s = formatted(&sink_text, &report);
		for (const char *p = s; *p; p++)
			count += *p == '\n';
		assert_int_equal(count, 1 + 10 + 1);
		snprintf(end, sizeof(end), ends[k], "");
		assert_non_null(strstr(s, end));
		free(s);
		line = line_of(&report);
		assert_int_equal(json_array_size(json_object_get(field(line, "faultd", "stall"),
								 k == 0 ? "cycle" : "chain")),
				 FE_MEMBERS_MAX);
		json_decref(line);
	}
}

static void the_kernel_says_it_without_facts(void **state)
{
	struct incident incident = stalled_incident(FAULT_KERNEL_HUNG_TASK);
	struct report report = {.type = REPORT_FAULT, .time = incident.time, .incident = &incident};

	(void)state;
	expect_json(&report, NULL);
	expect_text(&report, "");
	incident.stall.kernel_stack = "a\nb";
	incident.stall.wait_channel = "a";
	expect_json(&report, "{\"wait_channel\":\"a\",\"kernel_stack\":[\"a\",\"b\"]}");
	expect_text(&report, "in: a < b\n");
}

static void only_what_is_seen_has_the_facts(void **state)
{
	const enum report_type types[] = {REPORT_ACTION, REPORT_OUTCOME, REPORT_CLEAR};
	const struct fe_stall event = stall_record(&(struct fe_stall){.state = 'D'});
	struct incident incident = stalled_incident(FAULT_STALL_IO);
	struct report report = {.incident = &incident};

	(void)state;
	incident.stall.event = &event;
	for (size_t i = 0; i < LENGTH(types); i++) {
		report.type = types[i];
		expect_json(&report, NULL);
	}
	/* A clock that is behind gives no duration rather than a wrong one. */
	report.type = REPORT_FAULT;
	report.time = event.since - 1;
	expect_json(&report, "{\"state\":\"D\",\"threshold_ns\":1000000000," NEVER_RAN "}");
}

static const struct {
	enum fault_kind kind;
	pid_t tid;
	const char *thread;
	uint64_t ms;
	bool gone;
	const char *joint, *text; /* joint: between the process and the text in a sentence */
} clears[] = {
	{FAULT_STALL_IO, 123, "app", 12300, false, " ", "goes on after 12.3 s in uninterruptible sleep"},
	{FAULT_STALL_LOCK, 124, "worker", 850, false, ": ",
	 "thread worker[124] goes on after 850 ms of waiting for a lock"},
	{FAULT_STALL_DEADLOCK, 124, "", 310000, false, ": ",
	 "thread 124 goes on after 5 min 10 s in a deadlock"},
	{FAULT_STALL_STOPPED, 123, "app", 12300, true, " ", "ended; it had made no progress for 12.3 s"},
	{FAULT_STALL_SPIN, 124, "\x1b[31m\n", 12300, true, ": ",
	 "thread \\x1b[31m\\x0a[124] ended; it had made no progress for 12.3 s"},
	{FAULT_STALL_SPIN, 123, "app", 3000, false, " ", "goes on after 3 s of spinning"},
	{FAULT_STALL_STOPPED, 123, "app", 3000, false, " ", "goes on after 3 s in the stopped state"},
	{FAULT_KERNEL_HUNG_TASK, 0, "", 130000, false, " ",
	 "goes on after 2 min 10 s in uninterruptible sleep"},
	{FAULT_STALL_SYSCALL, 123, "app", 1000, false, " ", "goes on after 1 s in one system call"},
	{FAULT_STALL_EVENTLOOP, 123, "app", 1000, false, " ", "goes on after 1 s away from its event loop"},
	{FAULT_STALL_STARVED, 123, "app", 1000, false, " ", "goes on after 1 s without a CPU"},
	{FAULT_STALL_THROTTLED, 123, "app", 1000, false, " ", "goes on after 1 s of CPU throttling"},
	{FAULT_STALL_IO, 123, "app", 0, false, " ", "goes on"},
	{FAULT_STALL_IO, 123, "app", 0, true, " ", "ended"},
	{FAULT_HOST_PRESSURE, 124, "worker", 1000, false, ": ", "over by itself after 1 s"},
};

static void expect_line(const struct report *report, const char *start, const char *text)
{
	char expected[256], *s = formatted(&sink_text, report);

	snprintf(expected, sizeof(expected), "%s%s\n", start, text);
	assert_string_equal(s, expected);
	free(s);
}

static void expect_message(const struct report *report, const char *expected)
{
	json_t *line = line_of(report);

	assert_string_equal(json_string_value(json_object_get(line, "message")), expected);
	assert_string_equal(json_string_value(field(line, "event", "dataset")), "faultd.clear");
	assert_int_equal(json_integer_value(field(line, "event", "duration")), report->duration);
	assert_string_equal(json_string_value(field(line, "faultd", "kind")),
			    fault_info(report->incident->kind)->name);
	json_decref(line);
}

static void what_ends_by_itself(void **state)
{
	for (size_t i = 0; i < LENGTH(clears); i++) {
		struct incident incident = stalled_incident(clears[i].kind);
		struct report report = {.type = REPORT_CLEAR,
					.time = incident.time,
					.incident = &incident,
					.duration = clears[i].ms * NSEC_PER_MSEC,
					.gone = clears[i].gone};
		char sentence[256];

		incident.who.tid = clears[i].tid;
		strcpy(incident.who.thread_name, clears[i].thread);
		snprintf(sentence, sizeof(sentence), "app[123]%s%s", clears[i].joint, clears[i].text);
		expect_message(&report, sentence);
		/* By itself it has time and name; beneath its own incident it needs neither. */
		expect_line(&report, "04:12:10.000000         app[123]  ", clears[i].text);
		monitor_report(monitor, &report);
		expect_line(&report, "                        ", clears[i].text);
		/* Who has a sentence of his own gives all of it. */
		report.message = "app[123] is well again.";
		expect_message(&report, report.message);
		expect_line(&report, "                        ", "app[123] is well again");
		close_monitor(state);
		open_monitor(state);
	}
}

#define STALL_TEST(f) cmocka_unit_test_setup_teardown(f, open_monitor, close_monitor)

int main(void)
{
	const struct CMUnitTest tests[] = {
		STALL_TEST(every_kind_in_both_streams),	     STALL_TEST(the_line_itself),
		STALL_TEST(long_cycles_and_chains_are_cut),  STALL_TEST(the_kernel_says_it_without_facts),
		STALL_TEST(only_what_is_seen_has_the_facts), STALL_TEST(what_ends_by_itself),
	};

	setenv("TZ", "UTC0", 1);
	devnull = open("/dev/null", O_WRONLY | O_CLOEXEC);
	return cmocka_run_group_tests(tests, NULL, NULL);
}
