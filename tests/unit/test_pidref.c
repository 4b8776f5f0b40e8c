// SPDX-License-Identifier: GPL-2.0-or-later
/* Processes held by pidfd: another start time is another process, and nobody is signalled by mistake. */
// WRAP: syscall kill
#include <errno.h>
#include <fcntl.h>
#include <setjmp.h>
#include <signal.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <stdlib.h>
#include <string.h>
#include <sys/prctl.h>
#include <sys/syscall.h>
#include <sys/wait.h>
#include <unistd.h>

#include <cmocka.h>

#include "core/clock.h"
#include "host/pidref.h"
#include "host/proc.h"

static int no_pidfd, pidfd_signals;
static pid_t child;

long __real_syscall(long number, ...);
long __wrap_syscall(long number, long a, long b, long c, long d);
long __wrap_syscall(long number, long a, long b, long c, long d)
{
	if (number == SYS_pidfd_open && no_pidfd) {
		errno = no_pidfd;
		return -1;
	}
	if (number == SYS_pidfd_send_signal)
		pidfd_signals++;
	return __real_syscall(number, a, b, c, d);
}

int __wrap_kill(pid_t pid, int signo);
int __wrap_kill(pid_t pid, int signo)
{
	fail_msg("kill(%d, %d): never by number", (int)pid, signo);
	return -1;
}

static uint64_t tick(void)
{
	return NSEC_PER_SEC / (uint64_t)sysconf(_SC_CLK_TCK);
}

static int start_child(void **state)
{
	int p[2];
	char c;

	(void)state;
	no_pidfd = 0;
	pidfd_signals = 0;
	if (pipe(p) < 0)
		return -1;
	child = fork();
	if (child == 0) {
		/* A name that looks like the rest of /proc/PID/stat. */
		prctl(PR_SET_NAME, ") R 1 2 3 4 (");
		prctl(PR_SET_PDEATHSIG, SIGKILL);
		if (write(p[1], "", 1) == 1)
			pause();
		_exit(0);
	}
	if (child < 0 || read(p[0], &c, 1) != 1)
		return -1;
	close(p[0]);
	close(p[1]);
	return 0;
}

static int end_child(void **state)
{
	(void)state;
	if (child > 0) {
		int fd = (int)__real_syscall(SYS_pidfd_open, child, 0);

		__real_syscall(SYS_pidfd_send_signal, fd, SIGKILL, (void *)NULL, 0);
		waitpid(child, NULL, 0);
		close(fd);
	}
	return 0;
}

static void the_right_start_is_accepted(void **state)
{
	uint64_t start;
	struct pidref ref = PIDREF_NONE;

	(void)state;
	assert_int_equal(proc_start_time(child, &start), 0);
	assert_int_equal(pidref_open(&ref, child, start), 0);
	assert_int_equal(ref.pid, child);
	assert_int_equal(ref.start, start);
	assert_true(fcntl(ref.fd, F_GETFD) & FD_CLOEXEC);
	assert_true(pidref_alive(&ref));
	pidref_close(&ref);
	assert_int_equal(ref.fd, -1);

	/* The kernel's nanoseconds lie anywhere within the tick that /proc tells; the exact one is kept. */
	assert_int_equal(pidref_open(&ref, child, start + tick() - 1), 0);
	assert_int_equal(ref.start, start + tick() - 1);
	pidref_close(&ref);
	assert_int_equal(pidref_open(&ref, child, 0), 0);
	assert_int_equal(ref.start, start);
	pidref_close(&ref);
}

static void another_start_is_another_process(void **state)
{
	const struct pidref untouched = {.pid = 1, .start = 2, .fd = 3};
	struct pidref ref = untouched;
	uint64_t start;
	int fd;

	(void)state;
	assert_int_equal(proc_start_time(child, &start), 0);
	assert_int_equal(pidref_open(&ref, child, start + 2 * tick()), -ESRCH);
	assert_int_equal(pidref_open(&ref, child, start - 2 * tick()), -ESRCH);
	assert_int_equal(pidref_open(&ref, child, 1), -ESRCH);
	assert_int_equal(pidref_open(&ref, child, UINT64_MAX), -ESRCH);
	assert_memory_equal(&ref, &untouched, sizeof(ref));
	/* No descriptor was left behind, and the child has heard nothing. */
	fd = dup(0);
	assert_true(fd >= 0 && fd < 20);
	close(fd);
	assert_int_equal(pidfd_signals, 0);
	assert_int_equal(waitpid(child, NULL, WNOHANG), 0);
}

static void a_signal_reaches_it(void **state)
{
	struct pidref ref = PIDREF_NONE;
	int status;

	(void)state;
	assert_int_equal(pidref_open(&ref, child, 0), 0);
	assert_int_equal(pidref_signal(&ref, 0), 0);
	assert_int_equal(pidref_signal(&ref, 4711), -EINVAL);
	assert_int_equal(pidref_signal(&ref, SIGTERM), 0);
	assert_int_equal(waitpid(child, &status, 0), child);
	assert_int_equal(WTERMSIG(status), SIGTERM);
	/* Reaped: whoever gets the number now is safe from us. */
	assert_int_equal(pidref_signal(&ref, SIGTERM), -ESRCH);
	assert_false(pidref_alive(&ref));
	pidref_close(&ref);
	assert_int_equal(pidref_open(&ref, child, 0), -ESRCH);
	child = 0;
}

static void a_zombie_is_dead(void **state)
{
	struct pidref ref = PIDREF_NONE, late = PIDREF_NONE;
	siginfo_t info;

	(void)state;
	assert_int_equal(pidref_open(&ref, child, 0), 0);
	assert_int_equal(pidref_signal(&ref, SIGKILL), 0);
	assert_int_equal(waitid(P_PID, (id_t)child, &info, WEXITED | WNOWAIT), 0);
	assert_false(pidref_alive(&ref));
	assert_int_equal(pidref_open(&late, child, 0), -ESRCH);
	assert_int_equal(late.fd, -1);
	pidref_close(&ref);
}

static void without_pidfds_it_fails(void **state)
{
	struct pidref ref = PIDREF_NONE;

	(void)state;
	no_pidfd = ENOSYS;
	assert_int_equal(pidref_open(&ref, child, 0), -ENOSYS);
	no_pidfd = EMFILE;
	assert_int_equal(pidref_open(&ref, child, 0), -EMFILE);
	assert_int_equal(pidref_signal(&ref, SIGKILL), -ESRCH);
	assert_false(pidref_alive(&ref));
	assert_int_equal(pidfd_signals, 0);
	pidref_close(&ref);
}

static void numbers_that_are_nobody(void **state)
{
	struct pidref ref = PIDREF_NONE;

	(void)state;
	assert_int_equal(pidref_open(&ref, 0, 0), -ESRCH);
	assert_int_equal(pidref_open(&ref, -1, 0), -ESRCH);
	assert_int_equal(pidref_open(&ref, 0x7fffffff, 0), -ESRCH);
}

static void without_proc_nothing_is_trusted(void **state)
{
	struct pidref ref = PIDREF_NONE;
	const char *saved = proc_root;

	(void)state;
	proc_root = "/nonexistent";
	assert_true(pidref_open(&ref, child, 0) < 0);
	assert_int_equal(ref.fd, -1);
	proc_root = saved;
}

#define PIDREF_TEST(f) cmocka_unit_test_setup_teardown(f, start_child, end_child)

int main(void)
{
	const struct CMUnitTest tests[] = {
		PIDREF_TEST(the_right_start_is_accepted),
		PIDREF_TEST(another_start_is_another_process),
		PIDREF_TEST(a_signal_reaches_it),
		PIDREF_TEST(a_zombie_is_dead),
		PIDREF_TEST(without_pidfds_it_fails),
		PIDREF_TEST(numbers_that_are_nobody),
		PIDREF_TEST(without_proc_nothing_is_trusted),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
