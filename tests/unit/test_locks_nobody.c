// SPDX-License-Identifier: GPL-2.0-or-later
/* What names no owner must be given none: waits that are no locks, words of other runtimes, owners that
 * cannot be. */
#include "lock_threads.h"

#include <limits.h>
#include <linux/futex.h>

enum { WORDS = 16, WORD_AT = 6 };

static struct timespec far_away(void)
{
	struct timespec ts;

	clock_gettime(CLOCK_REALTIME, &ts);
	ts.tv_sec += 3600;
	return ts;
}

/* ---- objects of the C library */

static struct {
	pthread_mutex_t mutex, held, pi;
	pthread_cond_t cond, shared_cond;
	sem_t sem, shared_sem;
	pthread_barrier_t barrier, shared_barrier;
	pthread_once_t once;
	pthread_rwlock_t read, written;
	struct actor *sleeper;
} * objects;

static void never_ends(void)
{
	for (;;)
		pause();
}

static void in_once(void *arg)
{
	(void)arg;
	pthread_once(&objects->once, never_ends);
}

static void wait_cond(void *arg)
{
	pthread_mutex_lock(&objects->mutex);
	pthread_cond_wait(arg, &objects->mutex);
}

static void wait_cond_timed(void *arg)
{
	const struct timespec end = far_away();

	pthread_mutex_lock(&objects->mutex);
	pthread_cond_timedwait(arg, &objects->mutex, &end);
}

static void wait_sem(void *arg)
{
	while (sem_wait(arg) < 0)
		;
}

static void wait_sem_timed(void *arg)
{
	const struct timespec end = far_away();

	sem_timedwait(arg, &end);
}

static void wait_barrier(void *arg)
{
	pthread_barrier_wait(arg);
}

static void lock_timed(void *arg)
{
	const struct timespec end = far_away();

	pthread_mutex_timedlock(arg, &end);
}

static void lock_clocked(void *arg)
{
	struct timespec end;

	clock_gettime(CLOCK_MONOTONIC, &end);
	end.tv_sec += 3600;
	pthread_mutex_clocklock(arg, CLOCK_MONOTONIC, &end);
}

static void write_timed(void *arg)
{
	const struct timespec end = far_away();

	pthread_rwlock_timedwrlock(arg, &end);
}

static void read_timed(void *arg)
{
	const struct timespec end = far_away();

	pthread_rwlock_timedrdlock(arg, &end);
}

static void join_timed(void *arg)
{
	const struct timespec end = far_away();

	pthread_timedjoin_np(((struct actor *)arg)->thread, NULL, &end);
}

static void make_objects(void)
{
	pthread_mutexattr_t mutex;
	pthread_condattr_t cond;
	pthread_barrierattr_t barrier;

	objects = shared_memory(sizeof(*objects));
	pthread_mutexattr_init(&mutex);
	pthread_mutex_init(&objects->mutex, &mutex);
	pthread_mutex_init(&objects->held, &mutex);
	pthread_mutexattr_setprotocol(&mutex, PTHREAD_PRIO_INHERIT);
	pthread_mutex_init(&objects->pi, &mutex);
	pthread_condattr_init(&cond);
	pthread_cond_init(&objects->cond, &cond);
	pthread_condattr_setpshared(&cond, PTHREAD_PROCESS_SHARED);
	pthread_cond_init(&objects->shared_cond, &cond);
	sem_init(&objects->sem, 0, 0);
	sem_init(&objects->shared_sem, 1, 0);
	pthread_barrierattr_init(&barrier);
	pthread_barrier_init(&objects->barrier, &barrier, 100);
	pthread_barrierattr_setpshared(&barrier, PTHREAD_PROCESS_SHARED);
	pthread_barrier_init(&objects->shared_barrier, &barrier, 100);
	objects->once = (pthread_once_t)PTHREAD_ONCE_INIT;
	pthread_rwlock_init(&objects->read, NULL);
	pthread_rwlock_init(&objects->written, NULL);
}

/* Whoever has them lives, so that it is there to be named. */
static void take_objects(void)
{
	await_done(actor_of(lock, &objects->held), 1);
	await_done(actor_of(lock, &objects->pi), 1);
	await_done(actor_of(read_lock, &objects->read), 1);
	await_done(actor_of(write_lock, &objects->written), 1);
	objects->sleeper = actor_of(in_once, NULL);
	await_call(objects->sleeper->tid, SYS_pause, NULL, 0);
}

static void waits_that_have_no_owner(void **state)
{
	const struct {
		const char *name;
		void (*wait)(void *);
		void *arg;
	} rows[] = {
		{"condition variable", wait_cond, &objects->cond},
		{"condition variable, timed", wait_cond_timed, &objects->cond},
		{"condition variable, shared", wait_cond, &objects->shared_cond},
		{"semaphore", wait_sem, &objects->sem},
		{"semaphore, second", wait_sem, &objects->sem},
		{"semaphore, timed", wait_sem_timed, &objects->sem},
		{"semaphore, shared", wait_sem, &objects->shared_sem},
		{"barrier", wait_barrier, &objects->barrier},
		{"barrier, shared", wait_barrier, &objects->shared_barrier},
		{"once", in_once, NULL},
		{"mutex, timed", lock_timed, &objects->held},
		{"mutex, by a clock", lock_clocked, &objects->held},
		{"priority-inheriting mutex, timed", lock_timed, &objects->pi},
		{"read-write lock with a writer, timed", write_timed, &objects->written},
		{"read-write lock with a writer, timed reader", read_timed, &objects->written},
		{"read-write lock with a reader", write_lock, &objects->read},
		{"read-write lock with a reader, second", write_lock, &objects->read},
		{"join, timed", join_timed, objects->sleeper},
	};

	(void)state;
	for (size_t i = 0; i < LENGTH(rows); i++) {
		pid_t tid = actor_of(rows[i].wait, rows[i].arg)->tid;
		struct lock_chain chain;
		struct lock_wait wait;

		if (read_waiter(&wait, tid, NULL, 0))
			fail_msg("%s: waits for %d (type %d, died: %d)", rows[i].name, (int)wait.owner_tid,
				 wait.type, wait.owner_died);
		locks_follow(&chain, getpid(), tid, boottime());
		if (chain.verdict != LOCKS_NONE || chain.count != 1)
			fail_msg("%s: a chain of %u, verdict %d", rows[i].name, chain.count, chain.verdict);
	}
}

/* ---- words of other runtimes, and of nobody */

static bool read_word(struct lock_wait *ret, const uint32_t *word, int operation, uint32_t value,
		      uint64_t since)
{
	const uint64_t args[6] = {(uintptr_t)word, (uint64_t)operation, value, 0, 0, FUTEX_BITSET_MATCH_ANY};

	return locks_read(ret, getpid(), getpid(), SYS_futex, args, since);
}

enum { WAIT = FUTEX_WAIT | FUTEX_PRIVATE_FLAG, BITSET = FUTEX_WAIT_BITSET | FUTEX_PRIVATE_FLAG };
enum { LOCK_PI = FUTEX_LOCK_PI | FUTEX_PRIVATE_FLAG };

/* In place of this, the number of a thread that lives. */
#define LIVES 0x71d

static const struct word_row {
	const char *name;
	int operation;
	uint32_t value;
	bool named;
	uint32_t word;
	uint32_t beside[6]; /* count, owner, users, kind; what stands before the word; a pointer behind */
} words[] = {
	{"a mutex, to see that the rows can tell", WAIT, 2, true, 2, {0, LIVES, 1, 0}},
	{"the same with elision decided", WAIT, 2, true, 2, {0, LIVES, 1, 0x200}},
	{"one that inherits, likewise", LOCK_PI, 0, true, LIVES | FUTEX_WAITERS, {0}},
	{"musl's", WAIT, LIVES | FUTEX_WAITERS, true, LIVES | FUTEX_WAITERS, {1, 0, 0, 0, 2}},
	{"1 and nothing", WAIT, 1, false, 1, {0}},
	{"1, and what would do for 2", WAIT, 1, false, 1, {0, LIVES, 1, 0}},
	{"2 and nothing", WAIT, 2, false, 2, {0}},
	{"2 and a thread, but no users", WAIT, 2, false, 2, {0, LIVES, 0, 0}},
	{"2 and a thread, but too many users", WAIT, 2, false, 2, {0, LIVES, 1 << 22, 0}},
	{"2 and a thread, but users below none", WAIT, 2, false, 2, {0, LIVES, UINT_MAX, 0}},
	{"2 and a thread, but no such kind", WAIT, 2, false, 2, {0, LIVES, 1, 0x400}},
	{"2 and a thread, but a pointer for a kind", WAIT, 2, false, 2, {0, LIVES, 1, 0x55d0c000}},
	{"2 and a thread, but a kind below none", WAIT, 2, false, 2, {0, LIVES, 1, UINT_MAX}},
	{"2 and no thread, as kinds go", WAIT, 2, false, 2, {0, 0, 1, 0}},
	{"2 and a thread below none", WAIT, 2, false, 2, {0, UINT_MAX, 1, 0}},
	{"2 and more than a thread can be", WAIT, 2, false, 2, {0, 1 << 22, 1, 0}},
	{"was 2, is 1 by now", WAIT, 2, false, 1, {0, LIVES, 1, 0}},
	{"was 2, is free by now", WAIT, 2, false, 0, {0, LIVES, 1, 0}},
	{"another runtime's 1", BITSET, 1, false, 1, {0, LIVES, 1, 0}},
	{"another runtime's 2", BITSET, 2, false, 2, {0, LIVES, 1, 0}},
	{"another runtime's 3", BITSET, 3, false, 3, {0, LIVES, 1, 0}},
	{"a counter that is the number of a thread", BITSET, LIVES, false, LIVES, {0}},
	{"the same, not bit by bit", WAIT, LIVES, false, LIVES, {0}},
	{"shared, and not that any more", FUTEX_WAIT_BITSET, LIVES, false, LIVES + 1, {0}},
	{"shared, and nobody's number", FUTEX_WAIT_BITSET, (1 << 22) - 1, false, (1 << 22) - 1, {0}},
	{"an owner that cannot be", WAIT, FUTEX_WAITERS | 0x3fffffff, false, FUTEX_WAITERS | 0x3fffffff, {0}},
	{"waiters and no owner", WAIT, FUTEX_WAITERS, false, FUTEX_WAITERS, {0, LIVES, 1, 16}},
	{"an owner that is gone",
	 WAIT,
	 FUTEX_WAITERS | ((1 << 22) - 1),
	 false,
	 FUTEX_WAITERS | ((1 << 22) - 1),
	 {0}},
	{"an owner that lives, in a word of who knows what",
	 WAIT,
	 LIVES | FUTEX_WAITERS,
	 false,
	 LIVES | FUTEX_WAITERS,
	 {0}},
	{"2 and a thread that is gone, with an old number", WAIT, 2, false, 2, {0, 1, 1, 0}},
	{"2 and a thread, but pointers behind", WAIT, 2, false, 2, {0, LIVES, 1, 0, [5] = 0x55d0c000}},
	{"recursive, but had by nobody", WAIT, 2, false, 2, {0, LIVES, 1, 1}},
	{"an owner, and no waiters any more", WAIT, LIVES | FUTEX_WAITERS, false, LIVES, {0}},
	{"inherited, and no waiters", LOCK_PI, 0, false, LIVES, {0, LIVES, 1, 32}},
	{"inherited, and free", LOCK_PI, 0, false, 0, {0}},
};

static uint32_t filled(uint32_t value, pid_t lives)
{
	return (value & FUTEX_TID_MASK) == LIVES ? (value & ~(uint32_t)FUTEX_TID_MASK) | (uint32_t)lives
						 : value;
}

static void words_that_name_nobody(void **state)
{
	pid_t lives = objects->sleeper->tid;

	(void)state;
	for (size_t i = 0; i < LENGTH(words); i++) {
		const struct word_row *row = &words[i];
		uint32_t memory[WORDS] = {0}, *word = memory + WORD_AT;
		struct lock_wait wait;
		bool named;

		word[-1] = row->beside[4];
		word[6] = row->beside[5];
		word[0] = row->word == LIVES + 1 ? (uint32_t)lives + 1 : filled(row->word, lives);
		for (int n = 0; n < 4; n++)
			word[1 + n] = filled(row->beside[n], lives);
		named = read_word(&wait, word, row->operation, filled(row->value, lives), boottime());
		if (named != row->named || (named && wait.owner_tid != lives))
			fail_msg("%s: %s %d (type %d, died: %d)", row->name,
				 named ? "names" : "does not name", (int)wait.owner_tid, wait.type,
				 wait.owner_died);
	}
}

static void noise_names_nobody(void **state)
{
	static const uint32_t values[] = {1, 2};
	static const int operations[] = {WAIT, BITSET, FUTEX_WAIT, FUTEX_WAIT_BITSET};
	uint64_t random = 88172645463325252ULL;

	(void)state;
	for (int round = 0; round < 4000; round++) {
		uint32_t memory[WORDS];
		struct lock_wait wait;

		for (int i = 0; i < WORDS; i++) {
			random ^= random << 13;
			random ^= random >> 7;
			random ^= random << 17;
			memory[i] = (uint32_t)random;
		}
		memory[WORD_AT] = values[round & 1];
		if (read_word(&wait, memory + WORD_AT, operations[round >> 1 & 3], values[round & 1],
			      boottime()))
			fail_msg("round %d: names %d (type %d, died: %d)", round, (int)wait.owner_tid,
				 wait.type, wait.owner_died);
	}
}

/* Just before, and just behind, what cannot be read. */
static void words_at_the_edge_of_memory(void **state)
{
	size_t page = (size_t)sysconf(_SC_PAGESIZE);
	char *memory = mmap(NULL, 3 * page, PROT_NONE, MAP_PRIVATE | MAP_ANONYMOUS, -1, 0);
	uint32_t *last, *first, lives = (uint32_t)objects->sleeper->tid;
	struct lock_wait wait;

	(void)state;
	assert_true(memory != MAP_FAILED);
	assert_int_equal(mprotect(memory + page, page, PROT_READ | PROT_WRITE), 0);
	first = (uint32_t *)(memory + page);
	last = (uint32_t *)(memory + 2 * page) - 1;
	*first = *last = 2;
	assert_false(read_word(&wait, last, WAIT, 2, boottime()));
	assert_false(read_word(&wait, first, BITSET, 2, boottime()));
	assert_false(read_word(&wait, first - 1, WAIT, 2, boottime()));
	assert_false(read_word(&wait, last + 1, BITSET, 2, boottime()));
	assert_false(read_word(&wait, NULL, WAIT, 2, boottime()));
	/* Of a word that the kernel itself understands nothing more is needed. */
	*last = lives | FUTEX_WAITERS;
	assert_true(read_word(&wait, last, LOCK_PI, 0, boottime()));
	assert_int_equal(wait.type, FE_LOCK_MUTEX_PI);
	assert_int_equal(wait.owner_tid, lives);
	munmap(memory, 3 * page);
}

static void other_calls_name_nobody(void **state)
{
	uint32_t memory[WORDS] = {[WORD_AT] = 2, 0, (uint32_t)objects->sleeper->tid, 1, 0};
	const uint64_t word = (uintptr_t)(memory + WORD_AT);
	const struct {
		uint32_t nr;
		uint64_t args[6];
	} rows[] = {
		{SYS_read, {word, WAIT, 2}},
		{SYS_pause, {word, WAIT, 2}},
		{~0U, {word, WAIT, 2}},
		{SYS_futex, {word, FUTEX_WAKE | FUTEX_PRIVATE_FLAG, 2}},
		{SYS_futex, {word, FUTEX_CMP_REQUEUE | FUTEX_PRIVATE_FLAG, 2}},
		{SYS_futex, {word, FUTEX_WAIT_REQUEUE_PI | FUTEX_PRIVATE_FLAG, 2}},
		{SYS_futex, {word, WAIT, 2, 0x1000}}, /* timed */
		{SYS_futex, {word, FUTEX_TRYLOCK_PI | FUTEX_PRIVATE_FLAG, 2}},
	};
	struct lock_wait wait;

	(void)state;
	assert_true(read_word(&wait, memory + WORD_AT, WAIT, 2, boottime()));
	for (size_t i = 0; i < LENGTH(rows); i++)
		if (locks_read(&wait, getpid(), getpid(), rows[i].nr, rows[i].args, boottime()))
			fail_msg("row %zu: names %d", i, (int)wait.owner_tid);
}

/* ---- owners that came too late */

static void an_owner_that_was_born_after_the_wait_began(void **state)
{
	struct lock_wait wait;
	struct thread_info info;
	struct lock_chain chain;
	struct thread_call call;
	pthread_mutex_t *mutex = shared_memory(sizeof(*mutex));
	pid_t owner, waiter;

	(void)state;
	pthread_mutex_init(mutex, NULL);
	nanosleep(&(struct timespec){.tv_nsec = 50000000}, NULL);
	owner = actor_of(lock, mutex)->tid;
	waiter = actor_of(lock, mutex)->tid;
	call = await_futex(waiter, mutex, sizeof(*mutex));
	assert_int_equal(thread_read(&info, getpid(), owner), 0);
	/* Its start is known to the tick. */
	assert_true(locks_read(&wait, getpid(), waiter, call.nr, call.args, info.start));
	assert_int_equal(wait.owner_tid, owner);
	assert_false(
		locks_read(&wait, getpid(), waiter, call.nr, call.args, info.start - 20 * NSEC_PER_MSEC));
	assert_false(locks_read(&wait, getpid(), waiter, call.nr, call.args, 0));
	locks_follow(&chain, getpid(), waiter, info.start - 20 * NSEC_PER_MSEC);
	assert_int_equal(chain.verdict, LOCKS_NONE);
	assert_int_equal(chain.count, 1);
	locks_follow(&chain, getpid(), waiter, info.start);
	assert_int_equal(chain.verdict, LOCKS_OWNED);
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(waits_that_have_no_owner),
		cmocka_unit_test(words_that_name_nobody),
		cmocka_unit_test(noise_names_nobody),
		cmocka_unit_test(words_at_the_edge_of_memory),
		cmocka_unit_test(other_calls_name_nobody),
		cmocka_unit_test(an_owner_that_was_born_after_the_wait_began),
	};
	int failed;

	make_objects();
	take_objects();
	failed = cmocka_run_group_tests(tests, NULL, NULL);
	fflush(NULL);
	_exit(failed); /* most threads wait for ever */
}
