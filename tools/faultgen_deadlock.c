// SPDX-License-Identifier: GPL-2.0-or-later
// Deadlocks: rings of threads or processes that wait for each other, and locks whose owner cannot unlock.
#define _GNU_SOURCE 1
#include "faultgen_stall.h"

#include <errno.h>
#include <semaphore.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/mman.h>
#include <unistd.h>

#define KIND "stall.deadlock"
enum { RING_MAX = 10, WAITERS = 3 };

enum sort { NORMAL, RECURSIVE, ERRORCHECK, ROBUST, INHERIT, RWLOCK };

struct lock {
	enum sort sort;
	pthread_mutex_t mutex;
	pthread_rwlock_t rwlock;
};

/* Each of count threads has the lock of its own number and wants the next one's. */
static struct ring {
	int count;
	pthread_barrier_t all_have_one;
	struct lock locks[RING_MAX];
} * ring;

static void make_mutex(struct lock *lock, int shared)
{
	static const int types[] = {[RECURSIVE] = PTHREAD_MUTEX_RECURSIVE,
				    [ERRORCHECK] = PTHREAD_MUTEX_ERRORCHECK,
				    [RWLOCK] = PTHREAD_MUTEX_NORMAL};
	pthread_mutexattr_t attributes;
	int error;

	pthread_mutexattr_init(&attributes);
	pthread_mutexattr_settype(&attributes, types[lock->sort]);
	pthread_mutexattr_setpshared(&attributes, shared);
	if (lock->sort == ROBUST)
		pthread_mutexattr_setrobust(&attributes, PTHREAD_MUTEX_ROBUST);
	if (lock->sort == INHERIT)
		pthread_mutexattr_setprotocol(&attributes, PTHREAD_PRIO_INHERIT);
	error = pthread_mutex_init(&lock->mutex, &attributes);
	if (error)
		cannot("pthread_mutex_init: %s", strerror(error));
}

static void make_ring(int count, const enum sort *sorts, int shared)
{
	int sharing = shared == PTHREAD_PROCESS_SHARED ? MAP_SHARED : MAP_PRIVATE;
	pthread_barrierattr_t attributes;

	ring = mmap(NULL, sizeof(*ring), PROT_READ | PROT_WRITE, sharing | MAP_ANONYMOUS, -1, 0);
	if (ring == MAP_FAILED)
		cannot("mmap: %s", strerror(errno));
	ring->count = count;
	pthread_barrierattr_init(&attributes);
	pthread_barrierattr_setpshared(&attributes, shared);
	pthread_barrier_init(&ring->all_have_one, &attributes, (unsigned int)count);
	for (int i = 0; i < count; i++) {
		ring->locks[i].sort = sorts ? sorts[i] : NORMAL;
		make_mutex(&ring->locks[i], shared);
		pthread_rwlock_init(&ring->locks[i].rwlock, NULL);
	}
}

static void take(struct lock *lock)
{
	int error = lock->sort == RWLOCK ? pthread_rwlock_wrlock(&lock->rwlock)
					 : pthread_mutex_lock(&lock->mutex);

	if (error)
		cannot("the lock was refused: %s", strerror(error));
}

static void take_part(int number)
{
	take(&ring->locks[number]);
	pthread_barrier_wait(&ring->all_have_one);
	take(&ring->locks[(number + 1) % ring->count]);
	survived();
}

static void *locker(void *argument)
{
	take_part((int)((struct lock *)argument - ring->locks));
	return NULL;
}

static void run_ring(void)
{
	pthread_t first = {0};

	for (int i = 0; i < ring->count; i++) {
		char name[32];
		pthread_t thread;

		snprintf(name, sizeof(name), "locker-%d", i + 1);
		thread = start_thread(name, locker, &ring->locks[i]);
		if (i == 0)
			first = thread;
	}
	join(first);
}

static _Noreturn void ring_of(int count, const enum sort *sorts)
{
	make_ring(count, sorts, PTHREAD_PROCESS_PRIVATE);
	stall(run_ring);
}

static void deadlock_2(void)
{
	ring_of(2, NULL);
}

static void deadlock_3(void)
{
	ring_of(3, NULL);
}

static void deadlock_10(void)
{
	ring_of(10, NULL);
}

static void deadlock_recursive(void)
{
	ring_of(2, (const enum sort[]){RECURSIVE, RECURSIVE});
}

static void deadlock_errorcheck(void)
{
	ring_of(2, (const enum sort[]){ERRORCHECK, ERRORCHECK});
}

static void deadlock_robust(void)
{
	ring_of(2, (const enum sort[]){ROBUST, ROBUST});
}

/* With two of these the kernel sees the cycle and refuses the second: see futex(2), EDEADLK. */
static void deadlock_pi(void)
{
	ring_of(2, (const enum sort[]){INHERIT, NORMAL});
}

static void deadlock_rwlock(void)
{
	ring_of(2, (const enum sort[]){RWLOCK, RWLOCK});
}

static void first_process(void)
{
	take_part(0);
}

static void second_process(void)
{
	take_part(1);
}

static void deadlock_processes(void)
{
	make_ring(2, NULL, PTHREAD_PROCESS_SHARED);
	start_stalled(first_process);
	start_stalled(second_process);
	guard(0);
}

static void take_first(void)
{
	take(&ring->locks[0]);
}

static void lock_twice(void)
{
	take_first();
	take_first();
}

static void self_deadlock(void)
{
	make_ring(1, NULL, PTHREAD_PROCESS_PRIVATE);
	stall(lock_twice);
}

static void *lock_once(void *unused)
{
	take_first();
	return unused;
}

static void *wait_for_lock(void *unused)
{
	(void)unused;
	take_first();
	survived();
}

static void outlive_owner(void)
{
	pthread_join(start_thread("owner", lock_once, NULL), NULL);
	join(start_thread("waiter", wait_for_lock, NULL));
}

static void owner_died(void)
{
	make_ring(1, NULL, PTHREAD_PROCESS_PRIVATE);
	stall(outlive_owner);
}

static void own(void)
{
	take_first();
	ready();
	doze();
}

static void owner_died_process(void)
{
	make_ring(1, NULL, PTHREAD_PROCESS_SHARED);
	dismiss(start_helper("owner", own));
	stall(take_first);
}

static void *wait_for_post(void *unused)
{
	sem_t semaphore;

	sem_init(&semaphore, 0, 0);
	sem_wait(&semaphore);
	return unused;
}

static void wait_all(void)
{
	for (int i = 1; i <= WAITERS; i++) {
		char name[32];

		snprintf(name, sizeof(name), "waiter-%d", i);
		start_thread(name, wait_for_post, NULL);
	}
	wait_for_post(NULL);
}

static void all_waiting(void)
{
	stall(wait_all);
}

#define PAIR "thread=locker-1|locker-2 cycle=2"

static const struct fault faults[] = {
	{"deadlock-2",
	 "two threads each have a mutex and wait for the other's",
	 {KIND, "lock-cycle", PAIR},
	 deadlock_2,
	 STALL_ARGS},
	{"deadlock-3",
	 "the same with three threads, each of which waits for the next",
	 {KIND, "lock-cycle", "thread=locker-1|locker-2|locker-3 cycle=3"},
	 deadlock_3,
	 STALL_ARGS},
	{"deadlock-10",
	 "the same with ten threads",
	 {KIND, "lock-cycle",
	  "thread=locker-1|locker-2|locker-3|locker-4|locker-5|locker-6|locker-7|locker-8|locker-9|locker-10 "
	  "cycle=10"},
	 deadlock_10,
	 STALL_ARGS},
	{"deadlock-recursive",
	 "deadlock-2 with recursive mutexes",
	 {KIND, "lock-cycle", PAIR},
	 deadlock_recursive,
	 STALL_ARGS},
	{"deadlock-errorcheck",
	 "deadlock-2 with error-checking mutexes, which refuse only the thread's own lock",
	 {KIND, "lock-cycle", PAIR},
	 deadlock_errorcheck,
	 STALL_ARGS},
	{"deadlock-robust",
	 "deadlock-2 with robust mutexes",
	 {KIND, "lock-cycle", PAIR},
	 deadlock_robust,
	 STALL_ARGS},
	{"deadlock-pi",
	 "deadlock-2 with one priority-inheriting mutex and one normal one",
	 {KIND, "lock-cycle", PAIR},
	 deadlock_pi,
	 STALL_ARGS},
	{"deadlock-rwlock",
	 "deadlock-2 with read-write locks, both locked for writing",
	 {KIND, "lock-cycle", PAIR},
	 deadlock_rwlock,
	 STALL_ARGS},
	{"deadlock-processes",
	 "two processes each have a mutex in shared memory and wait for the other's",
	 {KIND, "lock-cycle", "thread=faultgen cycle=2 processes=2"},
	 deadlock_processes,
	 STALL_ARGS},
	{"self-deadlock",
	 "the only thread locks a normal mutex twice",
	 {KIND, "self-deadlock", "thread=faultgen owner=faultgen"},
	 self_deadlock,
	 STALL_ARGS},
	{"owner-died",
	 "a thread ends with a mutex locked, and another one waits for it",
	 {KIND, "owner-died", "thread=waiter"},
	 owner_died,
	 STALL_ARGS},
	{"owner-died-process",
	 "a process is killed with a mutex in shared memory locked, and another one waits for it",
	 {KIND, "owner-died", "thread=faultgen"},
	 owner_died_process,
	 STALL_ARGS},
	{"all-waiting",
	 "four threads all wait for semaphores that nobody is left to post",
	 {KIND, "all-threads-waiting", "thread=faultgen|waiter-1|waiter-2|waiter-3 threads=4"},
	 all_waiting,
	 STALL_ARGS},
	{.name = NULL},
};

const struct family deadlock_family = {"Deadlocks", faults};
