// SPDX-License-Identifier: GPL-2.0-or-later
/* Whole processes: of which of them it can be said that none of their threads can wake another. */
#include "lock_threads.h"

#include <signal.h>
#include <sys/prctl.h>
#include <sys/wait.h>

/* Of the process that is looked at; its threads are made after the fork. */
static pthread_mutex_t mutexes[2] = {PTHREAD_MUTEX_INITIALIZER, PTHREAD_MUTEX_INITIALIZER};
static sem_t never, gate, shared_never;
static struct actor actors[3];

static void wait_sem(void *sem)
{
	while (sem_wait(sem) < 0)
		;
}

static void wait_an_hour(void *sem)
{
	struct timespec end;

	clock_gettime(CLOCK_REALTIME, &end);
	end.tv_sec += 3600;
	sem_timedwait(sem, &end);
}

static void sleep_for_ever(void *arg)
{
	(void)arg;
	for (;;)
		pause();
}

static void read_for_ever(void *arg)
{
	int fds[2];
	char c;

	(void)arg;
	if (pipe(fds) == 0 && read(fds[0], &c, 1) < 0)
		abort();
}

static void begin(struct actor *actor, void (*step)(void *), void *arg)
{
	actor->steps[0] = step;
	actor->args[0] = arg;
	start(actor);
}

static void join_first(void)
{
	pthread_join(actors[0].thread, NULL);
}

static void alone(void)
{
	wait_sem(&never);
}

static void all_wait(void)
{
	begin(&actors[0], wait_sem, &never);
	begin(&actors[1], wait_sem, &never);
	join_first();
}

/* Both want what the other has, once both have one. */
static void ring(void)
{
	for (int i = 0; i < 2; i++) {
		actors[i] = (struct actor){.steps = {lock, wait_sem, lock},
					   .args = {&mutexes[i], &gate, &mutexes[1 - i]}};
		start(&actors[i]);
		await_done(&actors[i], 1);
	}
	sem_post(&gate);
	sem_post(&gate);
	join_first();
}

static void itself(void)
{
	pthread_mutex_lock(&mutexes[0]);
	pthread_mutex_lock(&mutexes[0]);
}

static void main_left(void)
{
	begin(&actors[0], wait_sem, &never);
	pthread_exit(NULL);
}

static void one_sleeps(void)
{
	begin(&actors[0], wait_sem, &never);
	begin(&actors[1], sleep_for_ever, NULL);
	join_first();
}

static void one_reads(void)
{
	begin(&actors[0], wait_sem, &never);
	begin(&actors[1], read_for_ever, NULL);
	join_first();
}

static void one_has_patience(void)
{
	begin(&actors[0], wait_sem, &never);
	begin(&actors[1], wait_an_hour, &never);
	join_first();
}

static void one_can_be_woken_from_outside(void)
{
	begin(&actors[0], wait_sem, &never);
	begin(&actors[1], wait_sem, &shared_never);
	join_first();
}

static void joins_a_sleeper(void)
{
	begin(&actors[0], sleep_for_ever, NULL);
	join_first();
}

static const struct {
	const char *name;
	void (*run)(void);
	unsigned int threads;
	bool all_wait, cycle;
} rows[] = {
	{"one thread", alone, 1, true, false},
	{"three threads", all_wait, 3, true, false},
	{"two that wait for each other", ring, 3, true, true},
	{"one that waits for itself", itself, 1, true, true},
	{"its main thread has left", main_left, 1, true, false},
	{"one sleeps", one_sleeps, 3, false, false},
	{"one reads", one_reads, 3, false, false},
	{"one waits an hour", one_has_patience, 3, false, false},
	{"one can be woken from outside", one_can_be_woken_from_outside, 3, false, false},
	{"joins one that sleeps", joins_a_sleeper, 2, false, false},
};

struct sleepers {
	pid_t pid;
	unsigned int count;
};

static int count_sleeper(void *arg, pid_t tid)
{
	struct sleepers *sleepers = arg;
	struct thread_info info;
	struct thread_call call;

	if (thread_read(&info, sleepers->pid, tid) == 0 && info.state == 'S' &&
	    thread_call(&call, sleepers->pid, tid) == 0 && call.in_syscall &&
	    (call.nr == SYS_futex || call.nr == SYS_pause || call.nr == SYS_read))
		sleepers->count++;
	return 0;
}

/* All its threads are where they stay: what a thread waits for while another starts is over soon. */
static void settle(pid_t pid, const char *name, unsigned int threads)
{
	int quiet = 0;

	for (int i = 0; i < 5000 && quiet < 100; i++, nap()) {
		struct sleepers sleepers = {pid, 0};

		thread_each(pid, count_sleeper, &sleepers);
		quiet = sleepers.count == threads ? quiet + 1 : 0;
	}
	if (quiet < 100)
		fail_msg("%s: its threads do not come to rest", name);
}

static void processes(void **state)
{
	(void)state;
	for (size_t i = 0; i < LENGTH(rows); i++) {
		struct lock_census census;
		pid_t pid = fork();

		if (pid == 0) {
			prctl(PR_SET_PDEATHSIG, SIGKILL);
			rows[i].run();
			_exit(1);
		}
		settle(pid, rows[i].name, rows[i].threads);
		assert_int_equal(locks_census(&census, pid), 0);
		if (census.all_wait != rows[i].all_wait)
			fail_msg("%s: all wait: %d", rows[i].name, census.all_wait);
		if (rows[i].all_wait && census.threads != rows[i].threads)
			fail_msg("%s: %u threads", rows[i].name, census.threads);
		if ((census.in_cycle != 0) != rows[i].cycle)
			fail_msg("%s: %d is in a cycle", rows[i].name, (int)census.in_cycle);
		kill(pid, SIGKILL);
		assert_int_equal(waitpid(pid, NULL, 0), pid);
	}
}

static void a_process_that_is_gone(void **state)
{
	struct lock_census census;
	pid_t pid = fork();

	(void)state;
	if (pid == 0)
		_exit(0);
	assert_int_equal(waitpid(pid, NULL, 0), pid);
	assert_true(locks_census(&census, pid) < 0);
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(processes),
		cmocka_unit_test(a_process_that_is_gone),
	};

	sem_init(&never, 0, 0);
	sem_init(&gate, 0, 0);
	sem_init(&shared_never, 1, 0);
	return cmocka_run_group_tests(tests, NULL, NULL);
}
