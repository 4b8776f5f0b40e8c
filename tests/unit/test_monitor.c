// SPDX-License-Identifier: GPL-2.0-or-later
/* The stream as a whole: text for people, and an output that neither waits, nor tears lines, nor loses
 * silently. */
// WRAP: open
#include <errno.h>
#include <fcntl.h>
#include <limits.h>
#include <setjmp.h>
#include <signal.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/resource.h>
#include <sys/socket.h>
#include <sys/wait.h>
#include <time.h>
#include <unistd.h>

#include <cmocka.h>
#include <jansson.h>

#include "monitor/monitor.h"
#include "monitor_sample.h"

static struct monitor *monitor;
static int cannot_reopen;

int __real_open(const char *path, int flags, ...);
int __wrap_open(const char *path, int flags, int mode);
int __wrap_open(const char *path, int flags, int mode)
{
	if (cannot_reopen && strncmp(path, "/proc/self/fd/", 14) == 0) {
		errno = EACCES;
		return -1;
	}
	return __real_open(path, flags, mode);
}

static void open_monitor(const char *format, int fd, bool colour)
{
	const struct monitor_options options = {
		.format = format, .fd = fd, .color = colour, .clock = &sample_clock, .hostname = "web-1"};

	assert_int_equal(monitor_new(&monitor, &options), 0);
}

static int teardown(void **state)
{
	(void)state;
	monitor_free(monitor);
	monitor = NULL;
	cannot_reopen = 0;
	return 0;
}

/* ---- text */

static int stream[2];

static void open_text(bool colour)
{
	assert_int_equal(pipe(stream), 0);
	open_monitor("text", stream[1], colour);
}

static const char *printed(void)
{
	static char buf[64 * 1024];
	ssize_t n = read(stream[0], buf, sizeof(buf) - 1);

	assert_true(n > 0);
	buf[n] = '\0';
	return buf;
}

static void close_text(void)
{
	close(stream[0]);
	close(stream[1]);
}

static struct report fault_report(const struct incident *incident)
{
	return (struct report){.type = REPORT_FAULT, .time = incident->time, .incident = incident};
}

static void a_fault_and_its_recovery_as_in_the_contract(void **state)
{
	struct incident incident = sample_incident();
	struct report report = fault_report(&incident);

	(void)state;
	incident.sender.known = incident.oom.known = false;
	incident.why.advice = NULL;
	incident.who.args = NULL;
	incident.who.args_len = 0;
	open_text(false);
	monitor_report(monitor, &report);
	report = (struct report){
		.type = REPORT_OUTCOME,
		.time = incident.time + 41 * NSEC_PER_MSEC,
		.incident = &incident,
		.outcome = OUTCOME_SUCCESS,
		.message =
			"redis.service restarted: up again after 41 ms as 1290, listening on 127.0.0.1:6379"};
	monitor_report(monitor, &report);
	assert_string_equal(
		printed(),
		"04:12:00.123456  CRASH  redis-server[1234]  SIGSEGV reading 0x0 (null pointer) in "
		"debugCommand+0x31    redis.service\n"
		"                        redis.service restarted: up again after 41 ms as 1290, listening on "
		"127.0.0.1:6379\n");
	close_text();
}

static void a_further_line_among_others_names_its_process(void **state)
{
	struct incident first = empty_incident(), second = empty_incident();
	struct report report;

	(void)state;
	strcpy(first.who.name, "nginx");
	first.who.pid = 10;
	strcpy(second.id, "other");
	strcpy(second.who.name, "java");
	second.who.pid = 20;
	open_text(false);
	report = fault_report(&first);
	monitor_report(monitor, &report);
	report = fault_report(&second);
	monitor_report(monitor, &report);
	report = (struct report){.type = REPORT_OUTCOME, .incident = &first, .message = "Up again."};
	monitor_report(monitor, &report);
	report.message = "and still is...";
	monitor_report(monitor, &report);
	report.incident = &second;
	report.message = "java[20] is back";
	monitor_report(monitor, &report);
	assert_string_equal(printed(), "04:11:50.000000  CRASH  nginx[10]  crash.sigsegv\n"
				       "04:11:50.000000  CRASH  java[20]  crash.sigsegv\n"
				       "04:11:50.000000         nginx[10]  Up again\n"
				       "                        and still is...\n"
				       "04:11:50.000000         java[20] is back\n");
	close_text();
}

static void a_fault_takes_three_lines_at_most(void **state)
{
	const struct incident incident = sample_incident();
	const struct report report = fault_report(&incident);
	const char *s,
		*expected = "                        it had 250.0 MiB resident, /system.slice/redis.service "
			    "used 255.0 MiB of 256.0 MiB, asked for by hog[99], 3 killed so far\n"
			    "                        SIGSEGV sent by kill[77], user 1001\n";

	(void)state;
	open_text(false);
	monitor_report(monitor, &report);
	s = strchr(printed(), '\n') + 1;
	assert_string_equal(s, expected);
	close_text();
}

static void text_is_safe_and_single_lined(void **state)
{
	const struct incident incident = hostile_incident();
	const enum report_type types[] = {REPORT_FAULT,	  REPORT_DIAGNOSIS, REPORT_ACTION,
					  REPORT_OUTCOME, REPORT_CLEAR,	    REPORT_SELF};
	const int lines[] = {3, 1, 1, 1, 1, 1};

	(void)state;
	for (size_t i = 0; i < sizeof(types) / sizeof(types[0]); i++) {
		struct text out = {0};
		const struct report report = {
			.type = types[i],
			.incident = &incident,
			.process = &incident.who,
			.listening = HOSTILE,
			.action = {.type = HOSTILE, .target = HOSTILE, .policy = HOSTILE, .reason = HOSTILE},
			.self = {.kind = FAULT_SELF_BLIND, .feature = HOSTILE, .consequence = HOSTILE},
		};
		int found = 0;
		json_t *utf8;

		open_text(false);
		sink_text.format(monitor, &report, 1, &out);
		assert_int_equal(out.s[out.len - 1], '\n');
		for (const char *p = out.s; *p; p++) {
			assert_true(*p == '\n' || ((unsigned char)*p >= 0x20 && *p != 0x7f));
			found += *p == '\n';
		}
		assert_int_equal(found, lines[i]);
		/* jansson is our judge of UTF-8. */
		utf8 = json_string(out.s);
		assert_non_null(utf8);
		assert_null(strstr(out.s, "\xe2\x80\xae"));
		json_decref(utf8);
		text_free(&out);
		teardown(NULL);
		close_text();
	}
}

static void colour_only_when_asked_for(void **state)
{
	const struct incident incident = sample_incident();
	const struct report report = fault_report(&incident);
	const char *s;

	(void)state;
	open_text(true);
	monitor_report(monitor, &report);
	s = printed();
	assert_non_null(strstr(s, "\033[1;31mCRASH"));
	/* Whatever is switched on is off again at the end of its line. */
	for (const char *end = strchr(s, '\n'); end; end = strchr(end + 1, '\n'))
		assert_memory_equal(end - 4, "\033[0m", 4);
	teardown(NULL);
	close_text();

	open_text(false);
	monitor_report(monitor, &report);
	assert_null(strchr(printed(), '\033'));
	close_text();
}

/* ---- output */

/* A line of JSON of some length, so that the queue fills. */
static void report_one(int length)
{
	static char message[1000];
	struct incident incident = empty_incident();
	struct report report = fault_report(&incident);

	memset(message, 'm', sizeof(message));
	message[length < 999 ? length : 999] = '\0';
	report.message = message;
	monitor_report(monitor, &report);
}

struct seen {
	char *bytes;
	size_t len;
	uint64_t lines, lost, last_sequence;
	int told;
};

static void take(struct seen *seen, int fd)
{
	char buf[65536];
	ssize_t n;

	while ((n = read(fd, buf, sizeof(buf))) > 0) {
		seen->bytes = realloc(seen->bytes, seen->len + (size_t)n);
		memcpy(seen->bytes + seen->len, buf, (size_t)n);
		seen->len += (size_t)n;
	}
	assert_true(n == 0 || errno == EAGAIN);
}

/* Every line is whole; every hole in the sequence is told right behind it. */
static void judge(struct seen *seen)
{
	char *p = seen->bytes, *end = seen->bytes + seen->len;

	while (p < end) {
		char *nl = memchr(p, '\n', (size_t)(end - p));
		json_t *line, *event, *lost;
		uint64_t sequence;

		assert_non_null(nl);
		line = json_loadb(p, (size_t)(nl - p), 0, NULL);
		assert_non_null(line);
		event = json_object_get(line, "event");
		sequence = (uint64_t)json_integer_value(json_object_get(event, "sequence"));
		lost = json_object_get(json_object_get(json_object_get(line, "faultd"), "self"), "lost");
		if (lost) {
			assert_string_equal(
				json_string_value(json_object_get(
					json_object_get(json_object_get(line, "faultd"), "self"), "program")),
				"stdout");
			assert_int_equal(sequence,
					 seen->last_sequence + 1 + (uint64_t)json_integer_value(lost));
			seen->lost += (uint64_t)json_integer_value(lost);
			seen->told++;
		} else {
			assert_int_equal(sequence, seen->last_sequence + 1);
		}
		seen->last_sequence = sequence;
		seen->lines++;
		json_decref(line);
		p = nl + 1;
	}
	free(seen->bytes);
}

static double seconds(void)
{
	struct timespec ts;

	clock_gettime(CLOCK_MONOTONIC, &ts);
	return (double)ts.tv_sec + (double)ts.tv_nsec / 1e9;
}

/* Stalls the reader until lines are lost, then reads on, twice; the same for each kind of descriptor. */
static void stall_and_recover(int reader, int writer)
{
	struct seen seen = {0};
	uint64_t lost = 0;
	double start = seconds();

	fcntl(reader, F_SETFL, O_NONBLOCK);
	open_monitor("json", writer, false);
	for (int round = 0; round < 2; round++) {
		for (int i = 0; i < 3000; i++)
			report_one(i % 1000);
		assert_true(monitor_pending(monitor));
		assert_true(monitor_dropped(monitor) > lost);
		lost = monitor_dropped(monitor);
		while (monitor_pending(monitor)) {
			take(&seen, reader);
			assert_int_equal(monitor_flush(monitor), 0);
		}
		take(&seen, reader);
		report_one(10);
		take(&seen, reader);
	}
	assert_false(monitor_pending(monitor));
	assert_int_equal(monitor_error(monitor), 0);
	assert_int_equal(monitor_dropped(monitor), lost);
	judge(&seen);
	assert_int_equal(seen.lost, lost);
	assert_int_equal(seen.lines - (uint64_t)seen.told + lost, 2 * 3001);
	assert_int_equal(seen.told, 2);
	/* Nobody has waited for the reader. */
	assert_true(seconds() - start < 20);
	close(reader);
	close(writer);
}

static void a_stalled_pipe_loses_lines_and_says_so(void **state)
{
	int p[2];

	(void)state;
	assert_int_equal(pipe(p), 0);
	stall_and_recover(p[0], p[1]);
}

static void a_stalled_pipe_that_cannot_be_reopened(void **state)
{
	int p[2];

	(void)state;
	cannot_reopen = 1;
	assert_int_equal(pipe(p), 0);
	stall_and_recover(p[0], p[1]);
}

static void a_stalled_socket(void **state)
{
	int p[2];

	(void)state;
	assert_int_equal(socketpair(AF_UNIX, SOCK_STREAM, 0, p), 0);
	stall_and_recover(p[0], p[1]);
}

static void shared_flags_stay_as_they_were(void **state)
{
	int p[2], before;

	(void)state;
	assert_int_equal(pipe(p), 0);
	before = fcntl(p[1], F_GETFL);
	open_monitor("json", p[1], false);
	for (int i = 0; i < 200; i++)
		report_one(999);
	assert_true(monitor_pending(monitor));
	assert_int_equal(fcntl(p[1], F_GETFL), before);
	close(p[0]);
	close(p[1]);
}

/* Another writer of the same pipe gets its lines in between ours, never into them. */
static void lines_of_another_writer_stay_apart(void **state)
{
	struct seen seen = {0};
	int p[2], foreign = 0;
	char *at, *end;

	(void)state;
	assert_int_equal(pipe(p), 0);
	fcntl(p[0], F_SETFL, O_NONBLOCK);
	open_monitor("json", p[1], false);
	for (int i = 0; i < 500; i++)
		report_one(i * 2);
	while (monitor_pending(monitor)) {
		char buf[5000];
		ssize_t n = read(p[0], buf, sizeof(buf));

		assert_true(n > 0);
		seen.bytes = realloc(seen.bytes, seen.len + (size_t)n);
		memcpy(seen.bytes + seen.len, buf, (size_t)n);
		seen.len += (size_t)n;
		assert_int_equal(monitor_flush(monitor), 0);
		if (foreign < 10) {
			int room = fcntl(p[1], F_SETFL, O_NONBLOCK);

			assert_int_equal(room, 0);
			if (write(p[1], "faultd: armed\n", 14) == 14)
				foreign++;
			fcntl(p[1], F_SETFL, 0);
		}
	}
	take(&seen, p[0]);
	assert_true(foreign > 0);
	end = seen.bytes + seen.len;
	for (at = seen.bytes; at < end; at++) {
		assert_true(*at == '{' || memcmp(at, "faultd: armed\n", 14) == 0);
		at = memchr(at, '\n', (size_t)(end - at));
		assert_non_null(at);
	}
	free(seen.bytes);
	close(p[0]);
	close(p[1]);
}

static void a_reader_that_has_gone(void **state)
{
	(void)state;
	for (int kind = 0; kind < 3; kind++) {
		int p[2];

		cannot_reopen = kind == 1;
		assert_int_equal(kind == 2 ? socketpair(AF_UNIX, SOCK_STREAM, 0, p) : pipe(p), 0);
		open_monitor("json", p[1], false);
		for (int i = 0; i < 400; i++)
			report_one(999);
		assert_true(monitor_pending(monitor));
		close(p[0]);
		assert_int_equal(monitor_flush(monitor), -EPIPE);
		assert_int_equal(monitor_error(monitor), -EPIPE);
		assert_int_equal(monitor_error(monitor), 0);
		assert_false(monitor_pending(monitor));
		assert_true(monitor_dropped(monitor) > 0);
		report_one(10);
		assert_int_equal(monitor_flush(monitor), -EPIPE);
		teardown(NULL);
		close(p[1]);
	}
}

static void a_full_disk_is_told_once(void **state)
{
	int fd = open("/dev/full", O_WRONLY | O_CLOEXEC);

	(void)state;
	assert_true(fd >= 0);
	open_monitor("json", fd, false);
	report_one(10);
	assert_int_equal(monitor_error(monitor), -ENOSPC);
	report_one(10);
	report_one(10);
	assert_int_equal(monitor_error(monitor), 0);
	assert_int_equal(monitor_dropped(monitor), 3);
	assert_false(monitor_pending(monitor));
	close(fd);
}

/* The limit lets a part of a line through; the rest comes first once there is room, and losses are told. */
static void a_file_that_fills_up_keeps_its_lines_whole(void **state)
{
	char name[] = "/tmp/faultd-test-monitor-XXXXXX";
	int fd = mkstemp(name), status;
	pid_t pid;

	(void)state;
	assert_true(fd >= 0);
	unlink(name);
	fflush(NULL);
	pid = fork();
	if (pid == 0) {
		struct rlimit limit = {.rlim_cur = 1000, .rlim_max = RLIM_INFINITY};

		signal(SIGXFSZ, SIG_IGN);
		setrlimit(RLIMIT_FSIZE, &limit);
		open_monitor("json", fd, false);
		for (int i = 0; i < 10; i++)
			report_one(i);
		if (monitor_error(monitor) != -EFBIG || monitor_dropped(monitor) == 0 ||
		    monitor_pending(monitor))
			_exit(1);
		limit.rlim_cur = RLIM_INFINITY;
		setrlimit(RLIMIT_FSIZE, &limit);
		for (int i = 0; i < 3; i++)
			report_one(i);
		_exit(monitor_error(monitor) != 0);
	}
	assert_int_equal(waitpid(pid, &status, 0), pid);
	assert_int_equal(status, 0);

	struct seen seen = {0};

	assert_int_equal(lseek(fd, 0, SEEK_SET), 0);
	take(&seen, fd);
	judge(&seen);
	assert_int_equal(seen.told, 1);
	assert_int_equal(seen.lines - 1 + seen.lost, 13);
	close(fd);
}

static void a_file_is_written_at_once(void **state)
{
	struct seen seen = {0};
	char name[] = "/tmp/faultd-test-monitor-XXXXXX";
	int fd = mkstemp(name);

	(void)state;
	assert_true(fd >= 0);
	unlink(name);
	open_monitor("json", fd, false);
	for (int i = 0; i < 2000; i++)
		report_one(999);
	assert_false(monitor_pending(monitor));
	assert_int_equal(monitor_dropped(monitor), 0);
	assert_int_equal(lseek(fd, 0, SEEK_SET), 0);
	take(&seen, fd);
	judge(&seen);
	assert_int_equal(seen.lines, 2000);
	close(fd);
}

static void what_cannot_be_opened(void **state)
{
	struct monitor_options options = {.format = "xml", .fd = 2, .clock = &sample_clock};
	struct monitor *untouched = (struct monitor *)&options, *m = untouched;

	(void)state;
	assert_int_equal(monitor_new(&m, &options), -EINVAL);
	options.format = "json";
	options.fd = 999;
	assert_int_equal(monitor_new(&m, &options), -EBADF);
	assert_ptr_equal(m, untouched);
	monitor_free(NULL);
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test_teardown(a_fault_and_its_recovery_as_in_the_contract, teardown),
		cmocka_unit_test_teardown(a_further_line_among_others_names_its_process, teardown),
		cmocka_unit_test_teardown(a_fault_takes_three_lines_at_most, teardown),
		cmocka_unit_test_teardown(text_is_safe_and_single_lined, teardown),
		cmocka_unit_test_teardown(colour_only_when_asked_for, teardown),
		cmocka_unit_test_teardown(a_stalled_pipe_loses_lines_and_says_so, teardown),
		cmocka_unit_test_teardown(a_stalled_pipe_that_cannot_be_reopened, teardown),
		cmocka_unit_test_teardown(a_stalled_socket, teardown),
		cmocka_unit_test_teardown(shared_flags_stay_as_they_were, teardown),
		cmocka_unit_test_teardown(lines_of_another_writer_stay_apart, teardown),
		cmocka_unit_test_teardown(a_reader_that_has_gone, teardown),
		cmocka_unit_test_teardown(a_full_disk_is_told_once, teardown),
		cmocka_unit_test_teardown(a_file_that_fills_up_keeps_its_lines_whole, teardown),
		cmocka_unit_test_teardown(a_file_is_written_at_once, teardown),
		cmocka_unit_test_teardown(what_cannot_be_opened, teardown),
	};

	setenv("TZ", "UTC0", 1);
	tzset();
	signal(SIGPIPE, SIG_IGN);
	return cmocka_run_group_tests(tests, NULL, NULL);
}
