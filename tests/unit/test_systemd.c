// SPDX-License-Identifier: GPL-2.0-or-later
/* sd-bus against a manager of our own making: properties, jobs in every order, refusals, silence. */
// WRAP: sd_booted
#include "host/systemd.h"

#include <errno.h>
#include <setjmp.h>
#include <signal.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/socket.h>
#include <sys/un.h>
#include <sys/wait.h>
#include <unistd.h>

#include <cmocka.h>

#ifdef HAVE_SYSTEMD
#include <systemd/sd-bus.h>

#define PATH	"/org/freedesktop/systemd1"
#define MANAGER "org.freedesktop.systemd1.Manager"

static struct loop *loop;
static struct systemd *systemd;
static char directory[] = "/tmp/faultd-test-systemd-XXXXXX", address[128];
static pid_t manager;

int __wrap_sd_booted(void);
int __wrap_sd_booted(void)
{
	return 1;
}

/* The manager is a child with the server's end. */

static int send_job(sd_bus *bus, uint32_t id, const char *unit, const char *result)
{
	char path[128];

	snprintf(path, sizeof(path), PATH "/job/%u", id);
	return sd_bus_emit_signal(bus, PATH, MANAGER, "JobRemoved", "uoss", id, path, unit, result);
}

static int answer_restart(sd_bus_message *m)
{
	sd_bus *bus = sd_bus_message_get_bus(m);
	const char *unit, *mode;
	int r;

	sd_bus_message_read(m, "ss", &unit, &mode);
	if (strcmp(mode, "replace") != 0)
		return sd_bus_reply_method_errorf(m, "org.test.Mode", "mode %s", mode);
	if (strcmp(unit, "missing.service") == 0)
		return sd_bus_reply_method_errorf(m, "org.freedesktop.systemd1.NoSuchUnit", "no %s", unit);
	if (strcmp(unit, "silent.service") == 0)
		return sd_bus_reply_method_return(m, "o", PATH "/job/9");
	if (strcmp(unit, "gone.service") == 0)
		_exit(0);
	if (strcmp(unit, "early.service") == 0) {
		send_job(bus, 3, unit, "canceled"); /* an older job of the same unit */
		send_job(bus, 4, unit, "done");
		return sd_bus_reply_method_return(m, "o", PATH "/job/4");
	}
	r = sd_bus_reply_method_return(m, "o", PATH "/job/7");
	send_job(bus, 6, unit, "failed"); /* not ours */
	send_job(bus, 7, unit, strcmp(unit, "bad.service") == 0 ? "failed" : "done");
	return r;
}

static int answer_properties(sd_bus_message *m)
{
	sd_bus_message *reply;
	char *unit = NULL;
	int r;

	if (sd_bus_path_decode(sd_bus_message_get_path(m), PATH "/unit", &unit) <= 0)
		return -EINVAL;
	if (strcmp(unit, "odd.service") == 0)
		return sd_bus_reply_method_return(m, "s", "not what was asked for");
	r = sd_bus_message_new_method_return(m, &reply);
	if (r < 0)
		return r;
	sd_bus_message_append(reply, "a{sv}", 13, "Id", "s", unit, "LoadState", "s", "loaded", "ActiveState",
			      "s", "failed", "Names", "as", 2, unit, "alias.service", "Type", "s",
			      "a-type-that-is-longer-than-any-word-of-systemd", "Restart", "s", "on-failure",
			      "MainPID", "u", 4242, "NRestarts", "u", 3, "Job", "(uo)", 17, PATH "/job/17",
			      "RestartUSec", "t", (uint64_t)250000, "RestartPreventExitStatus", "(aiai)", 2,
			      3, 255, 1, 9, "SuccessExitStatus", "(aiai)", 2, -1, 256, 2, 0, 65, "ControlPID",
			      "s", "no number");
	r = sd_bus_send(NULL, reply, NULL);
	sd_bus_message_unref(reply);
	free(unit);
	return r;
}

static int on_message(sd_bus_message *m, void *arg, sd_bus_error *error)
{
	(void)arg;
	(void)error;
	if (sd_bus_message_is_method_call(m, MANAGER, "RestartUnit"))
		return answer_restart(m) < 0 ? -1 : 1;
	if (sd_bus_message_is_method_call(m, "org.freedesktop.DBus.Properties", "GetAll"))
		return answer_properties(m) < 0 ? -1 : 1;
	if (sd_bus_message_is_method_call(m, MANAGER, "Subscribe"))
		return sd_bus_reply_method_return(m, "");
	return 0;
}

static void serve(int fd)
{
	sd_id128_t id = SD_ID128_MAKE(1, 2, 3, 4, 5, 6, 7, 8, 9, a, b, c, d, e, f, 0);
	sd_bus *bus;

	/* Without a message bus in between, the real one, too, names itself as the sender. */
	if (sd_bus_new(&bus) < 0 || sd_bus_set_sender(bus, "org.freedesktop.systemd1") < 0 ||
	    sd_bus_set_fd(bus, fd, fd) < 0 || sd_bus_set_server(bus, 1, id) < 0 ||
	    sd_bus_add_filter(bus, NULL, on_message, NULL) < 0 || sd_bus_start(bus) < 0)
		_exit(1);
	for (;;) {
		int r = sd_bus_process(bus, NULL);

		if (r < 0 || (r == 0 && sd_bus_wait(bus, UINT64_MAX) < 0))
			_exit(0);
	}
}

static void start_manager(void)
{
	struct sockaddr_un name = {.sun_family = AF_UNIX};
	int fd = socket(AF_UNIX, SOCK_STREAM | SOCK_CLOEXEC, 0);

	snprintf(name.sun_path, sizeof(name.sun_path), "%s/private", directory);
	unlink(name.sun_path);
	assert_int_equal(bind(fd, (struct sockaddr *)&name, sizeof(name)), 0);
	assert_int_equal(listen(fd, 4), 0);
	manager = fork();
	if (manager == 0) {
		signal(SIGALRM, SIG_DFL);
		alarm(60);
		serve(accept(fd, NULL, NULL));
	}
	close(fd);
}

static int error_told, calls;
static char result_told[64];
static struct unit_info unit_told;

static void on_unit(void *arg, int error, const struct unit_info *unit)
{
	(void)arg;
	calls++;
	error_told = error;
	assert_true((unit != NULL) == (error == 0));
	if (unit)
		unit_told = *unit;
	loop_quit(loop, 0);
}

static void on_job(void *arg, int error, const char *result)
{
	(void)arg;
	calls++;
	error_told = error;
	assert_true((result != NULL) == (error == 0));
	snprintf(result_told, sizeof(result_told), "%s", result ?: "");
	loop_quit(loop, 0);
}

static int setup(void **state)
{
	(void)state;
	calls = 0;
	snprintf(address, sizeof(address), "unix:path=%s/private", directory);
	systemd_private_bus = address;
	start_manager();
	assert_int_equal(loop_new(&loop), 0);
	assert_int_equal(systemd_new(&systemd, loop), 0);
	return 0;
}

static int teardown(void **state)
{
	(void)state;
	systemd = systemd_free(systemd);
	loop_free(loop);
	kill(manager, SIGKILL);
	waitpid(manager, NULL, 0);
	return 0;
}

static void test_properties(void **state)
{
	struct systemd_request *request;

	(void)state;
	assert_int_equal(
		systemd_query_unit(systemd, "a\\x2db@1.service", 5 * NSEC_PER_SEC, on_unit, NULL, &request),
		0);
	loop_run(loop);
	assert_int_equal(error_told, 0);
	assert_string_equal(unit_told.load_state, "loaded");
	assert_string_equal(unit_told.active_state, "failed");
	assert_string_equal(unit_told.restart, "on-failure");
	assert_string_equal(unit_told.type, "a-type-that-is-longer-than-any-");
	assert_int_equal(unit_told.main_pid, 4242);
	assert_int_equal(unit_told.control_pid, 0);
	assert_int_equal(unit_told.restarts, 3);
	assert_int_equal(unit_told.job, 17);
	assert_int_equal(unit_told.restart_delay, 250 * NSEC_PER_MSEC);
	assert_int_equal(unit_told.prevent.codes[0], 1 << 3);
	assert_int_equal(unit_told.prevent.codes[31], 1 << 7);
	assert_int_equal(unit_told.prevent.signals, 1 << 8);
	/* Numbers that are no status and no signal. */
	assert_int_equal(unit_told.success.codes[0], 0);
	assert_int_equal(unit_told.success.signals, 0);
}

static void test_jobs(void **state)
{
	static const struct {
		const char *unit;
		int error;
		const char *result;
	} rows[] = {
		{"good.service", 0, "done"},	    {"bad.service", 0, "failed"},
		{"early.service", 0, "done"},	    {"missing.service", -ENOENT, ""},
		{"silent.service", -ETIMEDOUT, ""}, {"good.service", 0, "done"},
		{"gone.service", -ECONNRESET, ""},
	};

	(void)state;
	for (size_t i = 0; i < sizeof(rows) / sizeof(rows[0]); i++) {
		struct systemd_request *request;

		assert_int_equal(systemd_restart_unit(systemd, rows[i].unit, 300 * NSEC_PER_MSEC, on_job,
						      NULL, &request),
				 0);
		loop_run(loop);
		assert_int_equal(calls, i + 1);
		if (strcmp(rows[i].unit, "missing.service") == 0 || strcmp(rows[i].unit, "gone.service") == 0)
			assert_true(error_told < 0);
		else
			assert_int_equal(error_told, rows[i].error);
		assert_string_equal(result_told, rows[i].result);
	}
}

static void on_end(void *arg)
{
	(void)arg;
	loop_quit(loop, 0);
}

static void test_cancelled_and_odd(void **state)
{
	struct systemd_request *request, *other;

	(void)state;
	assert_int_equal(systemd_restart_unit(systemd, "good.service", NSEC_PER_SEC, on_job, NULL, &request),
			 0);
	assert_null(systemd_cancel(request));
	assert_int_equal(systemd_query_unit(systemd, "odd.service", NSEC_PER_SEC, on_unit, NULL, &other), 0);
	loop_run(loop);
	assert_true(error_told < 0);
	assert_int_equal(calls, 1);
	loop_add_timer(loop, clock_now(loop_clock(loop)) + 50 * NSEC_PER_MSEC, on_end, NULL, NULL);
	loop_run(loop);
	assert_int_equal(calls, 1);
}

static void test_nobody_there(void **state)
{
	struct systemd_request *request = NULL;
	int r;

	(void)state;
	systemd_private_bus = "unix:path=/nonexistent/private";
	setenv("DBUS_SYSTEM_BUS_ADDRESS", "unix:path=/nonexistent/bus", 1);
	r = systemd_restart_unit(systemd, "good.service", NSEC_PER_SEC, on_job, NULL, &request);
	assert_true(r < 0);
	assert_null(request);
	assert_int_equal(calls, 0);
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test_setup_teardown(test_properties, setup, teardown),
		cmocka_unit_test_setup_teardown(test_jobs, setup, teardown),
		cmocka_unit_test_setup_teardown(test_cancelled_and_odd, setup, teardown),
		cmocka_unit_test_setup_teardown(test_nobody_there, setup, teardown),
	};
	char path[256];
	int failed;

	if (!mkdtemp(directory))
		return 1;
	failed = cmocka_run_group_tests(tests, NULL, NULL);
	snprintf(path, sizeof(path), "%s/private", directory);
	unlink(path);
	rmdir(directory);
	return failed;
}

#else

static void test_absent(void **state)
{
	struct systemd *systemd = NULL;

	(void)state;
	assert_false(systemd_available());
	assert_int_equal(systemd_new(&systemd, NULL), -EOPNOTSUPP);
	assert_null(systemd);
}

int main(void)
{
	const struct CMUnitTest tests[] = {cmocka_unit_test(test_absent)};

	return cmocka_run_group_tests(tests, NULL, NULL);
}

#endif
