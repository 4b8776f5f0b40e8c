/* SPDX-License-Identifier: GPL-2.0-or-later */
/* Threads that wait for real locks of this process, most of them for ever: a test that uses them ends by
 * _exit(). */
#ifndef FAULTD_TESTS_LOCK_THREADS_H
#define FAULTD_TESTS_LOCK_THREADS_H

#include <errno.h>
#include <pthread.h>
#include <semaphore.h>
#include <setjmp.h>
#include <stdarg.h>
#include <stdatomic.h>
#include <stddef.h>
#include <stdint.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/mman.h>
#include <sys/syscall.h>
#include <time.h>
#include <unistd.h>

#include <cmocka.h>

#include "core/clock.h"
#include "detect/locks.h"
#include "host/thread.h"

#define LENGTH(array) (sizeof(array) / sizeof((array)[0]))

/* One thing after the other, then it sleeps for ever in pause(2); where a step is a wait, it stays there. */
struct actor {
	void (*steps[3])(void *);
	void *args[3];
	pthread_t thread;
	atomic_int tid, done; /* steps that are over */
};

static inline uint64_t boottime(void)
{
	struct timespec ts;

	clock_gettime(CLOCK_BOOTTIME, &ts);
	return (uint64_t)ts.tv_sec * NSEC_PER_SEC + (uint64_t)ts.tv_nsec;
}

static inline void nap(void)
{
	nanosleep(&(struct timespec){.tv_nsec = 1000000}, NULL);
}

static inline void *act(void *arg)
{
	struct actor *actor = arg;

	atomic_store(&actor->tid, (int)gettid());
	for (size_t i = 0; i < LENGTH(actor->steps) && actor->steps[i]; i++) {
		actor->steps[i](actor->args[i]);
		atomic_fetch_add(&actor->done, 1);
	}
	for (;;)
		pause();
	return NULL;
}

static inline pid_t start(struct actor *actor)
{
	assert_int_equal(pthread_create(&actor->thread, NULL, act, actor), 0);
	for (int i = 0; i < 5000 && !atomic_load(&actor->tid); i++)
		nap();
	assert_true(atomic_load(&actor->tid) > 0);
	return atomic_load(&actor->tid);
}

/* A thread that does this with that, and no more; nobody frees it. */
static inline struct actor *actor_of(void (*step)(void *), void *arg)
{
	struct actor *actor = calloc(1, sizeof(*actor));

	assert_non_null(actor);
	actor->steps[0] = step;
	actor->args[0] = arg;
	start(actor);
	return actor;
}

static inline void await_done(struct actor *actor, int steps)
{
	for (int i = 0; i < 5000 && atomic_load(&actor->done) < steps; i++)
		nap();
	assert_int_equal(atomic_load(&actor->done), steps);
}

/* Until it sleeps in that system call, of which the first argument, where one is given, is in this object. */
static inline struct thread_call await_call(pid_t tid, uint32_t nr, const void *object, size_t size)
{
	struct thread_call call = {0};

	for (int i = 0; i < 5000; i++, nap()) {
		struct thread_info info;

		if (thread_call(&call, getpid(), tid) < 0 || !call.in_syscall || call.nr != nr)
			continue;
		if (object && call.args[0] - (uintptr_t)object >= size)
			continue;
		if (thread_read(&info, getpid(), tid) == 0 && info.state == 'S')
			return call;
	}
	fail_msg("thread %d does not wait: in call %d on %#llx, not on %p", (int)tid,
		 call.in_syscall ? (int)call.nr : -1, (unsigned long long)call.args[0], object);
	return call;
}

static inline struct thread_call await_futex(pid_t tid, const void *object, size_t size)
{
	return await_call(tid, SYS_futex, object, size);
}

/* What locks_read() says of a thread that waits for this object, or for any. */
static inline bool read_waiter(struct lock_wait *ret, pid_t tid, const void *object, size_t size)
{
	struct thread_call call = await_futex(tid, object, size);

	return locks_read(ret, getpid(), tid, call.nr, call.args, boottime());
}

static inline void *shared_memory(size_t size)
{
	void *memory = mmap(NULL, size, PROT_READ | PROT_WRITE, MAP_SHARED | MAP_ANONYMOUS, -1, 0);

	assert_true(memory != MAP_FAILED);
	return memory;
}

/* ---- steps */

static inline void lock(void *mutex)
{
	pthread_mutex_lock(mutex);
}

static inline void write_lock(void *rwlock)
{
	pthread_rwlock_wrlock(rwlock);
}

static inline void read_lock(void *rwlock)
{
	pthread_rwlock_rdlock(rwlock);
}

static inline void join(void *thread)
{
	pthread_join(*(pthread_t *)thread, NULL);
}

static inline void leave(void *arg)
{
	(void)arg;
	pthread_exit(NULL);
}

#endif
