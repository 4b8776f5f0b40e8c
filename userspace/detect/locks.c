// SPDX-License-Identifier: GPL-2.0-or-later
/* Who waits for whom: futex words read from the memory of the waiting processes, followed from owner to
 * owner. */
#include "detect/locks.h"

#include <errno.h>
#include <linux/futex.h>
#include <string.h>
#include <time.h>

#include "core/clock.h"
#include "detect/calls.h"
#include "host/memory.h"
#include "host/thread.h"

#ifndef FUTEX_LOCK_PI2
#define FUTEX_LOCK_PI2 13
#endif

/* glibc: sysdeps/nptl/bits/struct_mutex.h, nptl/pthreadP.h */
struct glibc_mutex {
	uint32_t lock;
	uint32_t count;
	int32_t owner;
	uint32_t users; /* the owner, and who waits on a condition with it */
	int32_t kind;
	int16_t spins, elision;
	uint64_t list[2]; /* of robust and priority-inheriting ones; else NULL */
};

enum {
	MUTEX_TYPE_MASK = 3, /* normal, recursive, error-checking, adaptive */
	MUTEX_RECURSIVE = 1,
	MUTEX_ROBUST = 16,
	MUTEX_PI = 32,
	/* Protected by priority, shared, with or without elision. */
	MUTEX_KIND_BITS = MUTEX_TYPE_MASK | MUTEX_ROBUST | MUTEX_PI | 64 | 128 | 256 | 512,
	MUTEX_USERS_MAX = 4096,
	MUTEX_CONTENDED = 2,
};

/* musl: src/internal/pthread_impl.h. A normal mutex names nobody: its word is EBUSY. */
struct musl_mutex {
	int32_t type;
	uint32_t lock;
	int32_t waiters;
};

enum { MUSL_RECURSIVE = 1, MUSL_TYPE_MASK = 3, MUSL_ROBUST = 4, MUSL_TYPE_MAX = 0xff };

/* glibc: sysdeps/nptl/bits/struct_rwlock.h */
struct glibc_rwlock {
	uint32_t readers, writers;
	uint32_t wrphase_futex, writers_futex;
	uint32_t pad[2];
	int32_t cur_writer;
	int32_t shared;
};

enum { RWLOCK_WRLOCKED = 2, RWLOCK_WAITED = 2, RWLOCK_SHARED_MAX = 1 };

enum { PID_LIMIT = 1 << 22, FOUND = 256 };

#define FOUND_TIME (100 * NSEC_PER_MSEC)

struct futex_wait {
	uint64_t address;
	uint32_t value;
	unsigned int command;
	bool private, timed;
};

static bool read_wait(struct futex_wait *ret, uint32_t syscall, const uint64_t args[static 6])
{
	enum fe_call_class class = calls_class(syscall);

	*ret = (struct futex_wait){.address = args[0]};
	if (class == FE_CALL_FUTEX) {
		ret->command = (unsigned int)args[1] & FUTEX_CMD_MASK;
		ret->private = args[1] & FUTEX_PRIVATE_FLAG;
		ret->value = (uint32_t)args[2];
		ret->timed = args[3];
	} else if (class == FE_CALL_FUTEX_WAIT) {
		ret->command = FUTEX_WAIT_BITSET;
		ret->private = args[3] & FUTEX_PRIVATE_FLAG;
		ret->value = (uint32_t)args[1];
		ret->timed = args[4];
	} else {
		return false;
	}
	return ret->command == FUTEX_WAIT || ret->command == FUTEX_WAIT_BITSET ||
	       ret->command == FUTEX_LOCK_PI || ret->command == FUTEX_LOCK_PI2;
}

/* The thread of that number, in the PID namespace of the waiting process; a private lock has no other owners.
 */
static int find_thread(const struct futex_wait *wait, pid_t pid, pid_t number, pid_t *ret_pid, pid_t *ret_tid)
{
	if (number <= 0 || number >= PID_LIMIT)
		return -EINVAL;
	if (!wait->private)
		return thread_by_ns_tid_anywhere(pid, number, ret_pid, ret_tid);
	*ret_pid = pid;
	return thread_by_ns_tid(pid, number, ret_tid);
}

/* In a container the search looks at every thread, and those that wait for one lock all ask for the same. */
static int find_thread_again(const struct futex_wait *wait, pid_t pid, pid_t number, pid_t *ret_pid,
			     pid_t *ret_tid)
{
	static struct {
		pid_t pid, number, owner_pid, owner_tid;
		bool private;
		uint64_t time;
	} found[FOUND];
	size_t at = ((size_t)pid * 31 + (size_t)number) % FOUND;
	struct timespec ts;
	uint64_t now;
	int r;

	clock_gettime(CLOCK_MONOTONIC, &ts);
	now = (uint64_t)ts.tv_sec * NSEC_PER_SEC + (uint64_t)ts.tv_nsec;
	if (found[at].pid == pid && found[at].number == number && found[at].private == wait->private &&
	    now - found[at].time < FOUND_TIME) {
		*ret_pid = found[at].owner_pid;
		*ret_tid = found[at].owner_tid;
		return 0;
	}
	r = find_thread(wait, pid, number, ret_pid, ret_tid);
	if (r >= 0) {
		found[at].pid = pid;
		found[at].number = number;
		found[at].private = wait->private;
		found[at].owner_pid = *ret_pid;
		found[at].owner_tid = *ret_tid;
		found[at].time = now;
	}
	return r;
}

static bool name_owner(struct lock_wait *ret, const struct futex_wait *wait, pid_t pid, pid_t number,
		       uint64_t since)
{
	struct thread_info info;
	int r = find_thread_again(wait, pid, number, &ret->owner_pid, &ret->owner_tid);

	if (r == -ESRCH) {
		ret->owner_died = true;
		ret->owner_pid = ret->owner_tid = 0;
		return true;
	}
	if (r < 0)
		return false;
	/* Who was born after the wait began has got the number of one that is gone, or the lock went around.
	 */
	if (thread_read(&info, ret->owner_pid, ret->owner_tid) < 0 || info.start > since + 10 * NSEC_PER_MSEC)
		return false;
	/* A main thread that has ended stays until its threads have. */
	if (info.state == 'Z' || info.state == 'X') {
		ret->owner_died = true;
		ret->owner_pid = ret->owner_tid = 0;
	}
	return true;
}

static enum fe_lock_type mutex_type(int32_t kind)
{
	static const enum fe_lock_type types[] = {FE_LOCK_MUTEX, FE_LOCK_MUTEX_RECURSIVE,
						  FE_LOCK_MUTEX_ERRORCHECK, FE_LOCK_MUTEX};

	if (kind & MUTEX_PI)
		return FE_LOCK_MUTEX_PI;
	return kind & MUTEX_ROBUST ? FE_LOCK_MUTEX_ROBUST : types[kind & MUTEX_TYPE_MASK];
}

/* Others have a word that is 2 when somebody waits, too, and something else beside it. */
static bool is_mutex(const struct glibc_mutex *mutex)
{
	bool recursive = (mutex->kind & MUTEX_TYPE_MASK) == MUTEX_RECURSIVE;
	bool listed = mutex->kind & (MUTEX_ROBUST | MUTEX_PI);

	return !(mutex->kind & ~MUTEX_KIND_BITS) && mutex->users > 0 && mutex->users <= MUTEX_USERS_MAX &&
	       (recursive ? mutex->count > 0 : mutex->count <= (listed ? 1 : 0)) &&
	       (listed || (!mutex->list[0] && !mutex->list[1]));
}

/*
 * Of a mutex that is not robust, only its owner's number says that it is gone: it must be one that a thread
 * of this process can have had, and those come after the process's own.
 */
static bool can_have_died(const struct futex_wait *wait, pid_t pid, pid_t number)
{
	struct thread_info info;
	pid_t own;

	/* In a PID namespace of its own the numbers are others: there it is not told. */
	return !wait->private ||
	       (number > pid && thread_read(&info, pid, pid) == 0 && thread_by_ns_tid(pid, pid, &own) == 0);
}

static int count_down(void *arg, pid_t tid)
{
	uint32_t *left = arg;

	(void)tid;
	return !--*left;
}

/* The owner, who may be gone, and others that wait on a condition: no more than there can be. */
static bool has_threads(pid_t pid, uint32_t users)
{
	uint32_t left = users > 1 ? users - 1 : 1;

	return thread_each(pid, count_down, &left) == 1;
}

/* lll_lock_wait(): the word is 2, and the owner stands beside it. */
static bool read_mutex(struct lock_wait *ret, const struct futex_wait *wait, pid_t pid, uint64_t since)
{
	struct glibc_mutex mutex;

	if (memory_read(pid, wait->address, &mutex, sizeof(mutex)) < 0 || mutex.lock != MUTEX_CONTENDED ||
	    !is_mutex(&mutex) || mutex.owner <= 0)
		return false;
	if (wait->private && !has_threads(pid, mutex.users))
		return false;
	ret->type = mutex_type(mutex.kind);
	return name_owner(ret, wait, pid, mutex.owner, since) &&
	       !(ret->owner_died && !can_have_died(wait, pid, mutex.owner));
}

static bool is_musl_mutex(const struct musl_mutex *mutex)
{
	return mutex->type & MUSL_TYPE_MASK && mutex->type > 0 && mutex->type <= MUSL_TYPE_MAX &&
	       mutex->waiters > 0 && mutex->waiters < PID_LIMIT;
}

/* What kind of lock a word with the waiters' bit is part of; FE_LOCK_NONE: one that need not name its owner.
 */
static enum fe_lock_type word_type(const struct futex_wait *wait, pid_t pid, bool pi)
{
	struct glibc_mutex mutex;
	struct musl_mutex musl;

	if (memory_read(pid, wait->address, &mutex, sizeof(mutex)) == 0 && is_mutex(&mutex) &&
	    mutex.kind & (pi ? MUTEX_PI : MUTEX_ROBUST))
		return mutex_type(mutex.kind);
	/* The kernel itself takes the word of a FUTEX_LOCK_PI for the owner. */
	if (pi)
		return FE_LOCK_MUTEX_PI;
	if (memory_read(pid, wait->address - offsetof(struct musl_mutex, lock), &musl, sizeof(musl)) < 0 ||
	    !is_musl_mutex(&musl))
		return FE_LOCK_NONE;
	if (musl.type & MUSL_ROBUST)
		return FE_LOCK_MUTEX_ROBUST;
	return (musl.type & MUSL_TYPE_MASK) == MUSL_RECURSIVE ? FE_LOCK_MUTEX_RECURSIVE
							      : FE_LOCK_MUTEX_ERRORCHECK;
}

/* The word holds its owner and the waiters' bit: robust and priority-inheriting mutexes, and some of musl's.
 */
static bool read_owner_word(struct lock_wait *ret, const struct futex_wait *wait, pid_t pid, uint64_t since)
{
	bool pi = wait->command == FUTEX_LOCK_PI || wait->command == FUTEX_LOCK_PI2;
	uint32_t word;

	if (memory_read(pid, wait->address, &word, sizeof(word)) < 0 || !(word & FUTEX_WAITERS) ||
	    !(word & FUTEX_TID_MASK))
		return false;
	ret->type = word_type(wait, pid, pi);
	return ret->type != FE_LOCK_NONE && name_owner(ret, wait, pid, (pid_t)(word & FUTEX_TID_MASK), since);
}

/* A reader or writer waits for one of two words in the lock: see nptl/pthread_rwlock_common.c. */
static bool read_rwlock(struct lock_wait *ret, const struct futex_wait *wait, pid_t pid, uint64_t since)
{
	static const size_t words[] = {offsetof(struct glibc_rwlock, wrphase_futex),
				       offsetof(struct glibc_rwlock, writers_futex)};

	for (size_t i = 0; i < sizeof(words) / sizeof(words[0]); i++) {
		struct glibc_rwlock lock;

		ret->address = wait->address - words[i];
		if (memory_read(pid, ret->address, &lock, sizeof(lock)) < 0 ||
		    !(lock.readers & RWLOCK_WRLOCKED) || lock.cur_writer <= 0 || lock.pad[0] || lock.pad[1] ||
		    (unsigned int)lock.shared > RWLOCK_SHARED_MAX)
			continue;
		ret->type = FE_LOCK_RWLOCK;
		if (name_owner(ret, wait, pid, lock.cur_writer, since) && !ret->owner_died)
			return true;
	}
	return false;
}

/* The kernel clears and wakes the word when the thread ends; it belongs to the process, but is not private.
 */
static bool read_join(struct lock_wait *ret, const struct futex_wait *wait, pid_t pid, uint64_t since)
{
	struct futex_wait own = *wait;
	uint32_t word;

	own.private = true;
	if (memory_read(pid, wait->address, &word, sizeof(word)) < 0 || word != wait->value)
		return false;
	ret->type = FE_LOCK_JOIN;
	return name_owner(ret, &own, pid, (pid_t)word, since) && !ret->owner_died;
}

bool locks_read(struct lock_wait *ret, pid_t pid, pid_t tid, uint32_t syscall, const uint64_t args[static 6],
		uint64_t since)
{
	struct futex_wait wait;

	(void)tid;
	if (!read_wait(&wait, syscall, args) || wait.timed)
		return false;
	*ret = (struct lock_wait){.address = wait.address, .type = FE_LOCK_FUTEX, .private = wait.private};
	if (wait.command == FUTEX_WAIT && wait.value == MUTEX_CONTENDED)
		return read_mutex(ret, &wait, pid, since);
	if (wait.command == FUTEX_LOCK_PI || wait.command == FUTEX_LOCK_PI2 || wait.value & FUTEX_WAITERS)
		return read_owner_word(ret, &wait, pid, since);
	if (wait.command != FUTEX_WAIT_BITSET)
		return false;
	if (wait.value <= (RWLOCK_WAITED | 1))
		return wait.value >= RWLOCK_WAITED && read_rwlock(ret, &wait, pid, since);
	return !wait.private && wait.value < PID_LIMIT && read_join(ret, &wait, pid, since);
}

/* ---- from owner to owner */

static struct fe_member *add(struct lock_chain *chain, pid_t pid, pid_t tid)
{
	struct fe_member *member = &chain->members[chain->count++];
	struct thread_info info;

	*member = (struct fe_member){.role = FE_ROLE_CHAIN,
				     .pid = (uint32_t)pid,
				     .tid = (uint32_t)tid,
				     .syscall = ~0U,
				     .state = 'X'};
	if (thread_read(&info, pid, tid) < 0)
		return member;
	member->state = (uint32_t)info.state;
	member->policy = info.policy;
	memcpy(member->comm, info.name, FE_COMM_SIZE);
	return member;
}

static int sleeps_deep(void *arg, pid_t tid)
{
	struct thread_info info;

	return thread_read(&info, *(pid_t *)arg, tid) == 0 && info.state == 'D';
}

bool locks_readable(pid_t pid)
{
	return thread_each(pid, sleeps_deep, &pid) == 0;
}

/* Of the suspect itself the scan knows. */
static bool is_readable(const struct fe_member *member, const struct fe_member *suspect)
{
	return member->pid == suspect->pid || locks_readable((pid_t)member->pid);
}

/* What a member waits for; false where the chain ends. */
static bool waits(struct fe_member *member, struct lock_wait *ret, uint64_t since)
{
	struct thread_call call;

	if (member->state != 'S' || thread_call(&call, (pid_t)member->pid, (pid_t)member->tid) < 0) {
		/* In uninterruptible sleep the call is known as well, and nothing is read from its memory. */
		if (member->state == 'D' && thread_call(&call, (pid_t)member->pid, (pid_t)member->tid) == 0 &&
		    call.in_syscall)
			member->syscall = call.nr;
		return false;
	}
	if (!call.in_syscall)
		return false;
	member->syscall = call.nr;
	if (!locks_read(ret, (pid_t)member->pid, (pid_t)member->tid, call.nr, call.args, since))
		return false;
	member->lock = ret->address;
	member->lock_type = ret->type;
	member->owner_tid = (uint32_t)ret->owner_tid;
	return true;
}

static int find(const struct lock_chain *chain, pid_t tid)
{
	for (unsigned int i = 0; i < chain->count; i++)
		if (chain->members[i].tid == (uint32_t)tid)
			return (int)i;
	return -1;
}

static void follow(struct lock_chain *ret, pid_t pid, pid_t tid, uint64_t since)
{
	struct lock_wait wait;

	memset(ret, 0, sizeof(*ret));
	while (ret->count < FE_MEMBERS_MAX) {
		struct fe_member *member = add(ret, pid, tid);
		int seen;

		/* When the others began to wait is not known, so any owner that lives will do for them. */
		if (!is_readable(member, ret->members) ||
		    !waits(member, &wait, ret->count == 1 ? since : ~0ULL / 2)) {
			ret->verdict = ret->count > 1 ? LOCKS_OWNED : LOCKS_NONE;
			return;
		}
		if (wait.owner_died) {
			ret->verdict = LOCKS_DIED;
			return;
		}
		seen = find(ret, wait.owner_tid);
		if (seen >= 0) {
			ret->cycle = (unsigned int)seen;
			ret->verdict = LOCKS_CYCLE;
			return;
		}
		pid = wait.owner_pid;
		tid = wait.owner_tid;
	}
	ret->verdict = LOCKS_NONE;
}

static bool same(const struct lock_chain *a, const struct lock_chain *b)
{
	if (a->verdict != b->verdict || a->count != b->count || a->cycle != b->cycle)
		return false;
	for (unsigned int i = 0; i < a->count; i++)
		if (a->members[i].tid != b->members[i].tid || a->members[i].lock != b->members[i].lock ||
		    a->members[i].owner_tid != b->members[i].owner_tid)
			return false;
	return true;
}

void locks_follow(struct lock_chain *ret, pid_t pid, pid_t tid, uint64_t since)
{
	static struct lock_chain again; /* too large for the stack of a loop that is deep already */

	follow(ret, pid, tid, since);
	if (ret->verdict == LOCKS_NONE)
		return;
	/* The words were read one after the other: what they say together holds if they still say it. */
	follow(&again, pid, tid, since);
	if (!same(ret, &again))
		ret->verdict = LOCKS_NONE;
}

/* ---- a whole process */

struct census {
	struct lock_census *result;
	pid_t pid;
};

static bool in_cycle(const struct lock_chain *chain)
{
	return chain->verdict == LOCKS_CYCLE && chain->members[chain->cycle].lock_type != FE_LOCK_JOIN;
}

static int count_thread(void *arg, pid_t tid)
{
	static struct lock_chain chain;
	struct census *census = arg;
	struct thread_call call;
	struct futex_wait wait;
	struct lock_wait lock;
	struct thread_info info;

	if (thread_read(&info, census->pid, tid) < 0 || info.state == 'Z' || info.state == 'X')
		return 0;
	census->result->threads++;
	if (thread_call(&call, census->pid, tid) < 0 || !call.in_syscall ||
	    !read_wait(&wait, call.nr, call.args) || wait.timed ||
	    (!wait.private && !(locks_read(&lock, census->pid, tid, call.nr, call.args, ~0ULL / 2) &&
				lock.type == FE_LOCK_JOIN))) {
		census->result->all_wait = false;
		return 1;
	}
	if (!census->result->in_cycle) {
		locks_follow(&chain, census->pid, tid, ~0ULL / 2);
		if (in_cycle(&chain))
			census->result->in_cycle = (pid_t)chain.members[chain.cycle].tid;
	}
	return 0;
}

int locks_census(struct lock_census *ret, pid_t pid)
{
	struct census census = {ret, pid};
	int r;

	*ret = (struct lock_census){.all_wait = true};
	r = thread_each(pid, count_thread, &census);
	return r < 0 ? r : 0;
}
