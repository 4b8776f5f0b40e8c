// SPDX-License-Identifier: GPL-2.0-or-later
/* Real locks of the C library, contended by real threads: who has them, and where the chain of owners ends.
 */
#include "lock_threads.h"

#include <signal.h>
#include <sys/prctl.h>

#define EACH_WAY(shared) \
	for (int shared = PTHREAD_PROCESS_PRIVATE; shared <= PTHREAD_PROCESS_SHARED; shared++)

static const struct mutex_row {
	const char *name;
	int type, robust, protocol;
	enum fe_lock_type want;
	bool never_private; /* the kernel wakes the next owner of a robust one as if it were shared */
} mutexes[] = {
	{"normal", PTHREAD_MUTEX_NORMAL, 0, 0, FE_LOCK_MUTEX, false},
	{"recursive", PTHREAD_MUTEX_RECURSIVE, 0, 0, FE_LOCK_MUTEX_RECURSIVE, false},
	{"errorcheck", PTHREAD_MUTEX_ERRORCHECK, 0, 0, FE_LOCK_MUTEX_ERRORCHECK, false},
	{"adaptive", PTHREAD_MUTEX_ADAPTIVE_NP, 0, 0, FE_LOCK_MUTEX, false},
	{"robust", PTHREAD_MUTEX_NORMAL, 1, 0, FE_LOCK_MUTEX_ROBUST, true},
	{"robust recursive", PTHREAD_MUTEX_RECURSIVE, 1, 0, FE_LOCK_MUTEX_ROBUST, true},
	{"robust errorcheck", PTHREAD_MUTEX_ERRORCHECK, 1, 0, FE_LOCK_MUTEX_ROBUST, true},
	{"pi", PTHREAD_MUTEX_NORMAL, 0, 1, FE_LOCK_MUTEX_PI, false},
	{"pi recursive", PTHREAD_MUTEX_RECURSIVE, 0, 1, FE_LOCK_MUTEX_PI, false},
	{"pi errorcheck", PTHREAD_MUTEX_ERRORCHECK, 0, 1, FE_LOCK_MUTEX_PI, false},
	{"pi robust", PTHREAD_MUTEX_NORMAL, 1, 1, FE_LOCK_MUTEX_PI, true},
};

static pthread_mutex_t *mutex_of(const struct mutex_row *row, int shared)
{
	pthread_mutex_t *mutex = shared_memory(sizeof(*mutex));
	pthread_mutexattr_t attr;

	pthread_mutexattr_init(&attr);
	pthread_mutexattr_settype(&attr, row->type);
	pthread_mutexattr_setpshared(&attr, shared);
	if (row->robust)
		pthread_mutexattr_setrobust(&attr, PTHREAD_MUTEX_ROBUST);
	if (row->protocol)
		assert_int_equal(pthread_mutexattr_setprotocol(&attr, PTHREAD_PRIO_INHERIT), 0);
	assert_int_equal(pthread_mutex_init(mutex, &attr), 0);
	return mutex;
}

static pthread_mutex_t *normal_mutex(void)
{
	return mutex_of(&mutexes[0], PTHREAD_PROCESS_PRIVATE);
}

static struct actor *owner_of(void (*step)(void *), void *lock)
{
	struct actor *owner = actor_of(step, lock);

	await_done(owner, 1);
	return owner;
}

static void assert_wait(const char *name, int shared, pid_t waiter, const void *object, size_t size,
			enum fe_lock_type type, pid_t pid, pid_t owner)
{
	struct lock_wait wait;

	if (!read_waiter(&wait, waiter, object, size))
		fail_msg("%s, shared %d: names nobody", name, shared);
	if (wait.type != type || wait.owner_tid != owner || wait.owner_pid != pid || wait.owner_died)
		fail_msg("%s, shared %d: type %d, owner %d of %d (died: %d), not %d, %d of %d", name, shared,
			 wait.type, (int)wait.owner_tid, (int)wait.owner_pid, wait.owner_died, type,
			 (int)owner, (int)pid);
	if (wait.address != (uintptr_t)object)
		fail_msg("%s, shared %d: lock at %#llx, not %p", name, shared,
			 (unsigned long long)wait.address, object);
}

static void mutexes_name_their_owner(void **state)
{
	(void)state;
	for (size_t i = 0; i < LENGTH(mutexes); i++) {
		EACH_WAY(shared)
		{
			const struct mutex_row *row = &mutexes[i];
			pthread_mutex_t *mutex = mutex_of(row, shared);
			pid_t owner = owner_of(lock, mutex)->tid, first = actor_of(lock, mutex)->tid,
			      second = actor_of(lock, mutex)->tid;
			struct lock_wait wait;

			assert_wait(row->name, shared, first, mutex, sizeof(*mutex), row->want, getpid(),
				    owner);
			assert_wait(row->name, shared, second, mutex, sizeof(*mutex), row->want, getpid(),
				    owner);
			assert_true(read_waiter(&wait, first, mutex, sizeof(*mutex)));
			if (wait.private != (!shared && !row->never_private))
				fail_msg("%s, shared %d: private %d", row->name, shared, wait.private);
		}
	}
}

/* While others wait for a condition variable with it, more than one thread uses a mutex. */
static void wait_for_condition(void *arg)
{
	static pthread_cond_t never = PTHREAD_COND_INITIALIZER;

	pthread_mutex_lock(arg);
	pthread_cond_wait(&never, arg);
}

static void a_mutex_of_a_condition_variable(void **state)
{
	pthread_mutex_t *mutex = normal_mutex();
	pid_t owner, waiter;

	(void)state;
	for (int i = 0; i < 3; i++) {
		struct actor *actor = actor_of(wait_for_condition, mutex);

		await_futex(actor->tid, NULL, 0);
	}
	owner = owner_of(lock, mutex)->tid;
	waiter = actor_of(lock, mutex)->tid;
	assert_wait("with a condition variable", 0, waiter, mutex, sizeof(*mutex), FE_LOCK_MUTEX, getpid(),
		    owner);
}

static void mutexes_of_other_processes(void **state)
{
	(void)state;
	for (size_t i = 0; i < LENGTH(mutexes); i++) {
		pthread_mutex_t *mutex = mutex_of(&mutexes[i], PTHREAD_PROCESS_SHARED);
		atomic_int *locked = shared_memory(sizeof(*locked));
		pid_t pid = fork(), waiter;
		struct lock_chain chain;

		if (pid == 0) {
			prctl(PR_SET_PDEATHSIG, SIGKILL);
			pthread_mutex_lock(mutex);
			atomic_store(locked, 1);
			for (;;)
				pause();
		}
		for (int n = 0; n < 5000 && !atomic_load(locked); n++)
			nap();
		assert_true(atomic_load(locked));
		waiter = actor_of(lock, mutex)->tid;
		assert_wait(mutexes[i].name, 2, waiter, mutex, sizeof(*mutex), mutexes[i].want, pid, pid);
		locks_follow(&chain, getpid(), waiter, boottime());
		assert_int_equal(chain.verdict, LOCKS_OWNED);
		assert_int_equal(chain.count, 2);
		assert_int_equal(chain.members[1].pid, pid);
		assert_int_equal(chain.members[1].syscall, SYS_pause);
		/* It ends with us: not before, since an owner that dies is another matter. */
	}
}

static pthread_rwlock_t *rwlock_of(int kind, int shared)
{
	pthread_rwlock_t *rwlock = shared_memory(sizeof(*rwlock));
	pthread_rwlockattr_t attr;

	pthread_rwlockattr_init(&attr);
	pthread_rwlockattr_setkind_np(&attr, kind);
	pthread_rwlockattr_setpshared(&attr, shared);
	assert_int_equal(pthread_rwlock_init(rwlock, &attr), 0);
	return rwlock;
}

static void rwlocks_name_their_writer(void **state)
{
	static const int kinds[] = {PTHREAD_RWLOCK_PREFER_READER_NP, PTHREAD_RWLOCK_PREFER_WRITER_NP,
				    PTHREAD_RWLOCK_PREFER_WRITER_NONRECURSIVE_NP};
	static void (*const waits[])(void *) = {write_lock, read_lock};

	(void)state;
	for (size_t i = 0; i < LENGTH(kinds); i++) {
		EACH_WAY(shared)
		{
			/* A waiter alone, and behind one of the same or the other sort. */
			for (size_t order = 0; order < 4; order++) {
				pthread_rwlock_t *rwlock = rwlock_of(kinds[i], shared);
				pid_t owner = owner_of(write_lock, rwlock)->tid, first, second;

				first = actor_of(waits[order & 1], rwlock)->tid;
				assert_wait("rwlock", shared, first, rwlock, sizeof(*rwlock), FE_LOCK_RWLOCK,
					    getpid(), owner);
				second = actor_of(waits[order >> 1], rwlock)->tid;
				assert_wait("rwlock, second", shared, second, rwlock, sizeof(*rwlock),
					    FE_LOCK_RWLOCK, getpid(), owner);
				assert_wait("rwlock, first again", shared, first, rwlock, sizeof(*rwlock),
					    FE_LOCK_RWLOCK, getpid(), owner);
			}
		}
	}
}

static void joins_name_the_thread(void **state)
{
	static pthread_mutex_t *mutex;
	struct actor *owner, *middle;
	struct lock_chain chain;
	struct lock_wait wait;
	pid_t joiner;

	(void)state;
	mutex = normal_mutex();
	owner = owner_of(lock, mutex);
	middle = actor_of(lock, mutex);
	joiner = actor_of(join, &middle->thread)->tid;
	assert_true(read_waiter(&wait, joiner, NULL, 0));
	assert_int_equal(wait.type, FE_LOCK_JOIN);
	assert_int_equal(wait.owner_tid, middle->tid);
	assert_int_equal(wait.owner_pid, getpid());
	await_futex(middle->tid, mutex, sizeof(*mutex));
	locks_follow(&chain, getpid(), joiner, boottime());
	assert_int_equal(chain.verdict, LOCKS_OWNED);
	assert_int_equal(chain.count, 3);
	assert_int_equal(chain.members[0].lock_type, FE_LOCK_JOIN);
	assert_int_equal(chain.members[1].lock_type, FE_LOCK_MUTEX);
	assert_int_equal(chain.members[2].tid, owner->tid);
}

static sem_t gate;

static void pass_gate(void *arg)
{
	(void)arg;
	while (sem_wait(&gate) < 0)
		;
}

enum { RING_MAX = 3 };

/* Each has the lock of its own number and wants the next one's, once all have theirs. */
static void make_ring(pid_t *ret_tids, void (*step)(void *), void *const *locks, int count, size_t size)
{
	struct actor *actors[RING_MAX];

	for (int i = 0; i < count; i++) {
		actors[i] = calloc(1, sizeof(*actors[i]));
		assert_non_null(actors[i]);
		actors[i]->steps[0] = actors[i]->steps[2] = step;
		actors[i]->steps[1] = pass_gate;
		actors[i]->args[0] = locks[i];
		actors[i]->args[2] = locks[(i + 1) % count];
		ret_tids[i] = start(actors[i]);
		await_done(actors[i], 1);
	}
	for (int i = 0; i < count; i++)
		sem_post(&gate);
	for (int i = 0; i < count; i++)
		await_futex(ret_tids[i], locks[(i + 1) % count], size);
}

static void assert_ring(const pid_t *tids, void *const *locks, int count, enum fe_lock_type type)
{
	for (int first = 0; first < count; first++) {
		struct lock_chain chain;

		locks_follow(&chain, getpid(), tids[first], boottime());
		assert_int_equal(chain.verdict, LOCKS_CYCLE);
		assert_int_equal(chain.count, count);
		assert_int_equal(chain.cycle, 0);
		for (int i = 0; i < count; i++) {
			const struct fe_member *member = &chain.members[i];
			int self = (first + i) % count, next = (self + 1) % count;

			assert_int_equal(member->tid, tids[self]);
			assert_int_equal(member->pid, getpid());
			assert_int_equal(member->owner_tid, tids[next]);
			assert_int_equal(member->lock, (uintptr_t)locks[next]);
			assert_int_equal(member->lock_type, type);
			assert_int_equal(member->syscall, SYS_futex);
			assert_int_equal(member->state, 'S');
		}
	}
}

static void rings_of_mutexes(void **state)
{
	(void)state;
	for (size_t i = 0; i < LENGTH(mutexes); i++) {
		for (int count = 2; count <= RING_MAX; count++) {
			void *locks[RING_MAX];
			pid_t tids[RING_MAX];

			if (mutexes[i].protocol)
				continue;
			for (int n = 0; n < count; n++)
				locks[n] = mutex_of(&mutexes[i], PTHREAD_PROCESS_PRIVATE);
			make_ring(tids, lock, locks, count, sizeof(pthread_mutex_t));
			assert_ring(tids, locks, count, mutexes[i].want);
		}
	}
}

static void rings_of_rwlocks(void **state)
{
	void *locks[RING_MAX];
	pid_t tids[RING_MAX];

	(void)state;
	for (int count = 2; count <= RING_MAX; count++) {
		for (int i = 0; i < count; i++)
			locks[i] = rwlock_of(PTHREAD_RWLOCK_PREFER_READER_NP, PTHREAD_PROCESS_PRIVATE);
		make_ring(tids, write_lock, locks, count, sizeof(pthread_rwlock_t));
		assert_ring(tids, locks, count, FE_LOCK_RWLOCK);
	}
}

/* The kernel refuses a ring of priority-inheriting mutexes alone (EDEADLK). */
static void a_ring_of_two_sorts(void **state)
{
	void *locks[2] = {mutex_of(&mutexes[7], PTHREAD_PROCESS_PRIVATE), normal_mutex()};
	struct lock_chain chain;
	pid_t tids[2];

	(void)state;
	assert_string_equal(mutexes[7].name, "pi");
	make_ring(tids, lock, locks, 2, sizeof(pthread_mutex_t));
	locks_follow(&chain, getpid(), tids[0], boottime());
	assert_int_equal(chain.verdict, LOCKS_CYCLE);
	assert_int_equal(chain.count, 2);
	assert_int_equal(chain.members[0].lock_type, FE_LOCK_MUTEX);
	assert_int_equal(chain.members[1].lock_type, FE_LOCK_MUTEX_PI);
}

static void who_waits_for_a_ring_is_not_in_it(void **state)
{
	void *locks[2] = {normal_mutex(), normal_mutex()};
	struct lock_chain chain;
	pid_t tids[2], outside;

	(void)state;
	make_ring(tids, lock, locks, 2, sizeof(pthread_mutex_t));
	outside = actor_of(lock, locks[1])->tid;
	await_futex(outside, locks[1], sizeof(pthread_mutex_t));
	locks_follow(&chain, getpid(), outside, boottime());
	assert_int_equal(chain.verdict, LOCKS_CYCLE);
	assert_int_equal(chain.count, 3);
	assert_int_equal(chain.cycle, 1);
	assert_int_equal(chain.members[0].tid, outside);
	assert_int_equal(chain.members[1].tid, tids[1]);
}

static void lock_twice(void *mutex)
{
	pthread_mutex_lock(mutex);
	pthread_mutex_lock(mutex);
}

static void a_thread_waits_for_itself(void **state)
{
	static const size_t rows[] = {0, 3, 4}; /* the others refuse, or let it in again */

	(void)state;
	for (size_t i = 0; i < LENGTH(rows); i++) {
		pthread_mutex_t *mutex = mutex_of(&mutexes[rows[i]], PTHREAD_PROCESS_PRIVATE);
		pid_t tid = actor_of(lock_twice, mutex)->tid;
		struct lock_chain chain;

		await_futex(tid, mutex, sizeof(*mutex));
		locks_follow(&chain, getpid(), tid, boottime());
		assert_int_equal(chain.verdict, LOCKS_CYCLE);
		assert_int_equal(chain.count, 1);
		assert_int_equal(chain.cycle, 0);
		assert_int_equal(chain.members[0].owner_tid, tid);
	}
}

static void *lock_and_leave(void *mutex)
{
	pthread_mutex_lock(mutex);
	return NULL;
}

static void an_owner_that_is_gone(void **state)
{
	/* A robust one is handed on, with EOWNERDEAD. */
	static const size_t rows[] = {0, 1, 2, 3};

	(void)state;
	for (size_t i = 0; i < LENGTH(rows); i++) {
		EACH_WAY(shared)
		{
			pthread_mutex_t *mutex = mutex_of(&mutexes[rows[i]], shared);
			pid_t middle, waiter;
			struct lock_chain chain;
			struct lock_wait wait;
			pthread_t thread;
			void *other = normal_mutex();
			struct actor *actor = calloc(1, sizeof(*actor));

			assert_non_null(actor);
			assert_int_equal(pthread_create(&thread, NULL, lock_and_leave, mutex), 0);
			pthread_join(thread, NULL);
			*actor = (struct actor){.steps = {lock, lock}, .args = {other, mutex}};
			middle = start(actor);
			if (!read_waiter(&wait, middle, mutex, sizeof(*mutex)))
				fail_msg("%s, shared %d: names nobody", mutexes[rows[i]].name, shared);
			assert_true(wait.owner_died);
			assert_int_equal(wait.owner_tid, 0);
			assert_int_equal(wait.type, mutexes[rows[i]].want);
			waiter = actor_of(lock, other)->tid;
			await_futex(waiter, other, sizeof(pthread_mutex_t));
			locks_follow(&chain, getpid(), waiter, boottime());
			assert_int_equal(chain.verdict, LOCKS_DIED);
			assert_int_equal(chain.count, 2);
			assert_int_equal(chain.members[1].tid, middle);
			assert_int_equal(chain.members[1].owner_tid, 0);
			assert_int_equal(chain.members[1].lock, (uintptr_t)mutex);
		}
	}
}

static void a_chain_ends_with_who_sleeps(void **state)
{
	pthread_mutex_t *first = normal_mutex();
	pthread_rwlock_t *second = rwlock_of(PTHREAD_RWLOCK_PREFER_READER_NP, PTHREAD_PROCESS_PRIVATE);
	pid_t end = owner_of(write_lock, second)->tid, middle, waiter;
	struct actor *actor = calloc(1, sizeof(*actor));
	struct lock_chain chain;

	(void)state;
	assert_non_null(actor);
	*actor = (struct actor){.steps = {lock, read_lock}, .args = {first, second}};
	middle = start(actor);
	await_futex(middle, second, sizeof(*second));
	waiter = actor_of(lock, first)->tid;
	await_futex(waiter, first, sizeof(*first));
	await_call(end, SYS_pause, NULL, 0);
	locks_follow(&chain, getpid(), waiter, boottime());
	assert_int_equal(chain.verdict, LOCKS_OWNED);
	assert_int_equal(chain.count, 3);
	assert_int_equal(chain.members[0].tid, waiter);
	assert_int_equal(chain.members[1].tid, middle);
	assert_int_equal(chain.members[1].lock_type, FE_LOCK_RWLOCK);
	assert_int_equal(chain.members[2].tid, end);
	assert_int_equal(chain.members[2].owner_tid, 0);
	assert_int_equal(chain.members[2].lock, 0);
	assert_int_equal(chain.members[2].lock_type, FE_LOCK_NONE);
	assert_int_equal(chain.members[2].syscall, SYS_pause);
	assert_int_equal(chain.members[2].state, 'S');
	/* Who sleeps waits for nobody. */
	locks_follow(&chain, getpid(), end, boottime());
	assert_int_equal(chain.verdict, LOCKS_NONE);
	assert_int_equal(chain.count, 1);
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(mutexes_of_other_processes),
		cmocka_unit_test(mutexes_name_their_owner),
		cmocka_unit_test(a_mutex_of_a_condition_variable),
		cmocka_unit_test(rwlocks_name_their_writer),
		cmocka_unit_test(joins_name_the_thread),
		cmocka_unit_test(rings_of_mutexes),
		cmocka_unit_test(rings_of_rwlocks),
		cmocka_unit_test(a_ring_of_two_sorts),
		cmocka_unit_test(who_waits_for_a_ring_is_not_in_it),
		cmocka_unit_test(a_thread_waits_for_itself),
		cmocka_unit_test(an_owner_that_is_gone),
		cmocka_unit_test(a_chain_ends_with_who_sleeps),
	};
	int failed;

	sem_init(&gate, 0, 0);
	failed = cmocka_run_group_tests(tests, NULL, NULL);
	fflush(NULL);
	_exit(failed); /* most threads wait for ever */
}
