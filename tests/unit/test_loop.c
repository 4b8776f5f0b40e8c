// SPDX-License-Identifier: GPL-2.0-or-later
/* The event loop: order of timers, removal from inside callbacks, children, signals, and sleep in between. */
// WRAP: epoll_wait syscall
#include <errno.h>
#include <fcntl.h>
#include <setjmp.h>
#include <signal.h>
#include <stdarg.h>
#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>
#include <stdlib.h>
#include <string.h>
#include <sys/epoll.h>
#include <sys/resource.h>
#include <sys/syscall.h>
#include <sys/wait.h>
#include <time.h>
#include <unistd.h>

#include <cmocka.h>

#include "host/loop.h"

enum { MAX = 1000 };

static struct loop *loop;
static struct loop_source *sources[MAX];
static int log_of[MAX];
static int logged, rounds;
static int no_pidfd; /* errno of pidfd_open(2), 0: the kernel's own answer */

int __real_epoll_wait(int fd, struct epoll_event *events, int max, int timeout);
int __wrap_epoll_wait(int fd, struct epoll_event *events, int max, int timeout);
int __wrap_epoll_wait(int fd, struct epoll_event *events, int max, int timeout)
{
	rounds++;
	return __real_epoll_wait(fd, events, max, timeout);
}

long __real_syscall(long number, ...);
long __wrap_syscall(long number, long a, long b);
long __wrap_syscall(long number, long a, long b)
{
	if (number == SYS_pidfd_open && no_pidfd) {
		errno = no_pidfd;
		return -1;
	}
	return __real_syscall(number, a, b);
}

static void note(int what)
{
	assert_true(logged < MAX);
	log_of[logged++] = what;
}

static uint64_t in_ms(uint64_t ms)
{
	return clock_now(loop_clock(loop)) + ms * NSEC_PER_MSEC;
}

static void on_quit(void *arg)
{
	loop_quit(loop, (int)(intptr_t)arg);
}

static void quit_in_ms(uint64_t ms)
{
	assert_int_equal(loop_add_timer(loop, in_ms(ms), on_quit, NULL, NULL), 0);
}

static void on_timer(void *arg)
{
	note((int)(intptr_t)arg);
}

static void timers_fire_in_order(void **state)
{
	const int at_ms[] = {30, 10, 20, 10, 0, 20};
	const int order[] = {4, 1, 3, 2, 5, 0};
	uint64_t base = in_ms(1);

	(void)state;
	for (int i = 0; i < 6; i++)
		assert_int_equal(loop_add_timer(loop, base + (uint64_t)at_ms[i] * NSEC_PER_MSEC, on_timer,
						(void *)(intptr_t)i, NULL),
				 0);
	assert_int_equal(loop_add_timer(loop, base + 31 * NSEC_PER_MSEC, on_quit, (void *)7, NULL), 0);
	assert_int_equal(loop_run(loop), 7);
	assert_true(clock_now(loop_clock(loop)) >= base + 31 * NSEC_PER_MSEC);
	assert_int_equal(logged, 6);
	assert_memory_equal(log_of, order, sizeof(order));
}

static void many_timers_and_removals(void **state)
{
	uint64_t base = in_ms(5), x = 88172645463325252ULL, at[MAX];
	uint64_t before = 0;

	(void)state;
	for (int i = 0; i < MAX; i++) {
		x ^= x << 13, x ^= x >> 7, x ^= x << 17;
		at[i] = base + x % (10 * NSEC_PER_MSEC);
		assert_int_equal(loop_add_timer(loop, at[i], on_timer, (void *)(intptr_t)i, &sources[i]), 0);
	}
	for (int i = 0; i < MAX; i += 3)
		sources[i] = loop_remove(sources[i]);
	quit_in_ms(40);
	assert_int_equal(loop_run(loop), 0);
	assert_int_equal(logged, MAX - (MAX + 2) / 3);
	for (int i = 0; i < logged; i++) {
		assert_int_not_equal(log_of[i] % 3, 0);
		assert_true(at[log_of[i]] >= before);
		before = at[log_of[i]];
	}
}

static int again_left;

static void on_again(void *arg)
{
	note(1);
	if (--again_left > 0)
		assert_int_equal(loop_add_timer(loop, 0, on_again, arg, NULL), 0);
	else
		loop_quit(loop, 0);
}

static void on_readable(void *arg, int fd, uint32_t events)
{
	(void)fd;
	assert_true(events & EPOLLIN);
	note((int)(intptr_t)arg);
}

static void overdue_timers_let_descriptors_have_their_turn(void **state)
{
	int p[2], timers = 0, reads = 0;

	(void)state;
	assert_int_equal(pipe(p), 0);
	assert_int_equal(write(p[1], "x", 1), 1);
	assert_int_equal(loop_add_fd(loop, p[0], EPOLLIN, on_readable, (void *)2, NULL), 0);
	again_left = 5;
	assert_int_equal(loop_add_timer(loop, 0, on_again, NULL, NULL), 0);
	assert_int_equal(loop_run(loop), 0);
	for (int i = 0; i < logged; i++)
		*(log_of[i] == 1 ? &timers : &reads) += 1;
	assert_int_equal(timers, 5);
	assert_true(reads >= 4);
	close(p[0]);
	close(p[1]);
}

static void remove_all(void *arg)
{
	note((int)(intptr_t)arg);
	/* Its own source among them, which for a timer is gone already. */
	for (int i = 0; i < 3; i++)
		sources[i] = loop_remove(sources[i]);
	quit_in_ms(0);
}

static void remove_all_fd(void *arg, int fd, uint32_t events)
{
	(void)fd;
	(void)events;
	remove_all(arg);
}

static void a_callback_may_remove_any_source(void **state)
{
	int p[2];

	(void)state;
	assert_int_equal(pipe(p), 0);
	assert_int_equal(write(p[1], "x", 1), 1);
	for (int round = 0; round < 2; round++) {
		int second = dup(p[0]);

		/* All ready in one batch: whichever comes first, it is the only one. */
		logged = 0;
		assert_int_equal(loop_add_fd(loop, p[0], EPOLLIN, remove_all_fd, (void *)1, &sources[0]), 0);
		assert_int_equal(loop_add_fd(loop, second, EPOLLIN, remove_all_fd, (void *)2, &sources[1]),
				 0);
		assert_int_equal(loop_add_timer(loop, 0, remove_all, (void *)3, &sources[2]), 0);
		usleep(1000);
		assert_int_equal(loop_run(loop), 0);
		assert_int_equal(logged, 1);
		close(second);
	}
	assert_null(loop_remove(NULL));
	close(p[0]);
	close(p[1]);
}

static void quit_at_once(void *arg, int fd, uint32_t events)
{
	on_readable(arg, fd, events);
	loop_quit(loop, 3);
}

static void a_batch_is_delivered_even_after_quit(void **state)
{
	int p[2], other;

	(void)state;
	assert_int_equal(pipe(p), 0);
	assert_int_equal(write(p[1], "x", 1), 1);
	other = dup(p[0]);
	assert_int_equal(loop_add_fd(loop, p[0], EPOLLIN, quit_at_once, (void *)1, &sources[0]), 0);
	assert_int_equal(loop_add_fd(loop, other, EPOLLIN, quit_at_once, (void *)2, &sources[1]), 0);
	assert_int_equal(loop_run(loop), 3);
	assert_int_equal(logged, 2);
	assert_int_equal(log_of[0] + log_of[1], 3);
	loop_remove(sources[0]);
	loop_remove(sources[1]);
	close(other);
	close(p[0]);
	close(p[1]);
}

static void interest_can_change(void **state)
{
	int p[2];

	(void)state;
	assert_int_equal(pipe(p), 0);
	assert_int_equal(write(p[1], "x", 1), 1);
	assert_int_equal(loop_add_fd(loop, p[0], EPOLLIN, on_readable, NULL, &sources[0]), 0);
	assert_int_equal(loop_modify_fd(sources[0], 0), 0);
	quit_in_ms(5);
	assert_int_equal(loop_run(loop), 0);
	assert_int_equal(logged, 0);
	close(p[0]);
	close(p[1]);
}

static void a_regular_file_is_refused(void **state)
{
	char name[] = "/tmp/faultd-test-loop-XXXXXX";
	int fd = mkstemp(name);

	(void)state;
	assert_true(fd >= 0);
	unlink(name);
	sources[0] = NULL;
	assert_int_equal(loop_add_fd(loop, fd, EPOLLIN, on_readable, NULL, &sources[0]), -EPERM);
	assert_null(sources[0]);
	assert_int_equal(loop_add_fd(loop, -1, EPOLLIN, on_readable, NULL, NULL), -EBADF);
	close(fd);
}

/* ---- children */

static int statuses[4], ended;

static pid_t spawn(int exit_status, int signo, unsigned int after_ms)
{
	struct rlimit no_core = {0};
	pid_t pid = fork();

	if (pid == 0) {
		setrlimit(RLIMIT_CORE, &no_core);
		usleep(after_ms * 1000);
		if (signo) {
			signal(signo, SIG_DFL);
			raise(signo);
		}
		_exit(exit_status);
	}
	assert_true(pid > 0);
	return pid;
}

static void on_child(void *arg, pid_t pid, int status)
{
	int *expected = arg;

	assert_int_equal(pid, expected[0]);
	statuses[expected[1]] = status;
	/* It has been reaped. */
	assert_int_equal(waitpid(pid, NULL, WNOHANG), -1);
	if (++ended == 4)
		loop_quit(loop, 0);
}

static void check_children(void)
{
	int child[4][2];

	ended = 0;
	child[0][0] = spawn(0, 0, 5);
	child[1][0] = spawn(7, 0, 0);
	child[2][0] = spawn(0, SIGKILL, 2);
	child[3][0] = spawn(0, SIGSEGV, 1);
	/* One of them has become a zombie by then. */
	usleep(3000);
	for (int i = 0; i < 4; i++) {
		child[i][1] = i;
		assert_int_equal(loop_add_child(loop, child[i][0], on_child, child[i], NULL), 0);
	}
	assert_int_equal(loop_run(loop), 0);
	assert_true(WIFEXITED(statuses[0]) && WEXITSTATUS(statuses[0]) == 0);
	assert_true(WIFEXITED(statuses[1]) && WEXITSTATUS(statuses[1]) == 7);
	assert_true(WIFSIGNALED(statuses[2]) && WTERMSIG(statuses[2]) == SIGKILL);
	assert_true(WIFSIGNALED(statuses[3]) && WTERMSIG(statuses[3]) == SIGSEGV);
}

static void children_end(void **state)
{
	(void)state;
	check_children();
	/* One a child and no polling in between. */
	assert_true(rounds <= 4);
}

static void children_end_without_pidfds(void **state)
{
	(void)state;
	no_pidfd = EMFILE;
	check_children();
	no_pidfd = 0;
}

static void on_lost(void *arg, pid_t pid, int status)
{
	assert_int_equal(pid, *(pid_t *)arg);
	assert_int_equal(status, LOOP_CHILD_LOST);
	assert_false(WIFEXITED(status));
	assert_false(WIFSIGNALED(status));
	note(1);
	loop_quit(loop, 0);
}

static void a_child_that_another_reaped_is_told(void **state)
{
	pid_t pid = spawn(0, 0, 0);

	(void)state;
	assert_int_equal(loop_add_child(loop, pid, on_lost, &pid, NULL), 0);
	assert_int_equal(waitpid(pid, NULL, 0), pid);
	assert_int_equal(loop_run(loop), 0);
	assert_int_equal(logged, 1);
}

static void strangers_are_no_children(void **state)
{
	(void)state;
	assert_int_equal(loop_add_child(loop, getppid(), on_lost, NULL, NULL), -ECHILD);
	assert_int_equal(loop_add_child(loop, getpid(), on_lost, NULL, NULL), -ECHILD);
}

static void a_removed_child_is_left_alone(void **state)
{
	pid_t pid = spawn(5, 0, 0);
	int status;

	(void)state;
	assert_int_equal(loop_add_child(loop, pid, on_lost, &pid, &sources[0]), 0);
	loop_remove(sources[0]);
	quit_in_ms(5);
	assert_int_equal(loop_run(loop), 0);
	assert_int_equal(logged, 0);
	assert_int_equal(waitpid(pid, &status, 0), pid);
	assert_int_equal(WEXITSTATUS(status), 5);
}

static void an_inherited_ignored_sigchld_does_not_lose_statuses(void **state)
{
	(void)state;
	loop_free(loop);
	signal(SIGCHLD, SIG_IGN);
	assert_int_equal(loop_new(&loop), 0);
	check_children();
}

/* ---- signals, sleep, clock */

static void on_signal(void *arg, int signo)
{
	note((int)(intptr_t)arg + signo);
	if (signo == SIGUSR2)
		loop_quit(loop, 0);
}

static void signals_arrive(void **state)
{
	(void)state;
	assert_int_equal(loop_add_signal(loop, SIGUSR1, on_signal, (void *)100, NULL), 0);
	assert_int_equal(loop_add_signal(loop, SIGUSR1, on_signal, (void *)200, &sources[0]), 0);
	assert_int_equal(loop_add_signal(loop, SIGUSR2, on_signal, (void *)100, NULL), 0);
	assert_int_equal(loop_add_signal(loop, 0, on_signal, NULL, NULL), -EINVAL);
	assert_int_equal(loop_add_signal(loop, 4711, on_signal, NULL, NULL), -EINVAL);
	loop_remove(sources[0]);
	kill(getpid(), SIGUSR1);
	kill(getpid(), SIGUSR2);
	assert_int_equal(loop_run(loop), 0);
	assert_int_equal(logged, 2);
	assert_int_equal(log_of[0], 100 + SIGUSR1);
	assert_int_equal(log_of[1], 100 + SIGUSR2);
}

static void it_sleeps_while_nothing_happens(void **state)
{
	int p[2];

	(void)state;
	assert_int_equal(pipe(p), 0);
	assert_int_equal(loop_add_fd(loop, p[0], EPOLLIN, on_readable, NULL, NULL), 0);
	assert_int_equal(loop_add_timer(loop, in_ms(1), on_timer, NULL, &sources[0]), 0);
	loop_remove(sources[0]);
	quit_in_ms(60);
	assert_int_equal(loop_run(loop), 0);
	assert_int_equal(rounds, 1);
	assert_int_equal(logged, 0);
	close(p[0]);
	close(p[1]);
}

static void run_again(void *arg)
{
	(void)arg;
	note(loop_run(loop) == -EBUSY);
	loop_quit(loop, 0);
}

static void it_does_not_nest(void **state)
{
	(void)state;
	assert_int_equal(loop_add_timer(loop, 0, run_again, NULL, NULL), 0);
	assert_int_equal(loop_run(loop), 0);
	assert_int_equal(log_of[0], 1);
}

static void its_clock_tells_the_time_of_day(void **state)
{
	const struct clock *clock = loop_clock(loop);
	struct timespec real, boot;
	int64_t off;

	(void)state;
	clock_gettime(CLOCK_BOOTTIME, &boot);
	off = (int64_t)(clock_now(clock) - ((uint64_t)boot.tv_sec * NSEC_PER_SEC + (uint64_t)boot.tv_nsec));
	assert_true(off >= 0 && off < (int64_t)NSEC_PER_SEC);
	clock_gettime(CLOCK_REALTIME, &real);
	off = (int64_t)clock_now(clock) + clock->realtime_offset -
	      ((int64_t)real.tv_sec * (int64_t)NSEC_PER_SEC + real.tv_nsec);
	assert_true(off > -(int64_t)NSEC_PER_SEC && off < (int64_t)NSEC_PER_SEC);
}

static int new_loop(void **state)
{
	(void)state;
	logged = 0;
	rounds = 0;
	return loop_new(&loop);
}

static int free_loop(void **state)
{
	(void)state;
	loop_free(loop);
	loop = NULL;
	return 0;
}

#define LOOP_TEST(f) cmocka_unit_test_setup_teardown(f, new_loop, free_loop)

int main(void)
{
	const struct CMUnitTest tests[] = {
		LOOP_TEST(timers_fire_in_order),
		LOOP_TEST(many_timers_and_removals),
		LOOP_TEST(overdue_timers_let_descriptors_have_their_turn),
		LOOP_TEST(a_callback_may_remove_any_source),
		LOOP_TEST(a_batch_is_delivered_even_after_quit),
		LOOP_TEST(interest_can_change),
		LOOP_TEST(a_regular_file_is_refused),
		LOOP_TEST(children_end),
		LOOP_TEST(children_end_without_pidfds),
		LOOP_TEST(a_child_that_another_reaped_is_told),
		LOOP_TEST(strangers_are_no_children),
		LOOP_TEST(a_removed_child_is_left_alone),
		LOOP_TEST(an_inherited_ignored_sigchld_does_not_lose_statuses),
		LOOP_TEST(signals_arrive),
		LOOP_TEST(it_sleeps_while_nothing_happens),
		LOOP_TEST(it_does_not_nest),
		LOOP_TEST(its_clock_tells_the_time_of_day),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
