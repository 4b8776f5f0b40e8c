/* SPDX-License-Identifier: GPL-2.0-or-later */
/* Who waits for whom: futex words read from the memory of the waiting processes, followed from owner to
 * owner. */
#ifndef FAULTD_DETECT_LOCKS_H
#define FAULTD_DETECT_LOCKS_H

#include <stdbool.h>
#include <sys/types.h>

#include "faultd/scan.h"

/* A lock that a thread waits for, without a timeout. */
struct lock_wait {
	uint64_t address; /* of the lock, not of the futex word inside */
	enum fe_lock_type type;
	bool private;
	pid_t owner_pid, owner_tid; /* 0: the lock names nobody that can be told */
	bool owner_died;
};

/*
 * What the thread waits for, if it is a lock whose word names its owner: glibc's mutexes of every type and
 * its read-write locks with a writer, words that hold their owner's thread id, and pthread_join(3). False for
 * everything else, and when the memory says something else than the wait does. since: when the wait began; an
 * owner that was born later is none.
 */
bool locks_read(struct lock_wait *ret, pid_t pid, pid_t tid, uint32_t syscall, const uint64_t args[static 6],
		uint64_t since);

enum lock_verdict {
	LOCKS_NONE,  /* waits for nothing that names its owner */
	LOCKS_OWNED, /* the chain of owners ends with one that waits for no such lock */
	LOCKS_CYCLE, /* it ends in itself */
	LOCKS_DIED,  /* it ends with a lock whose owner is gone */
};

struct lock_chain {
	enum lock_verdict verdict;
	struct fe_member members[FE_MEMBERS_MAX]; /* the first is the thread that was asked for */
	unsigned int count;
	unsigned int cycle; /* index of the first one of the cycle */
};

/*
 * Whether reading the process's memory does not wait for whoever writes its mappings: who does that for long
 * is in uninterruptible sleep.
 */
bool locks_readable(pid_t pid);
/* Follows the locks from this thread on. since: when its wait began, CLOCK_BOOTTIME ns. */
void locks_follow(struct lock_chain *ret, pid_t pid, pid_t tid, uint64_t since);

struct lock_census {
	bool all_wait; /* every thread is in an untimed wait on a private futex, or to join one that is */
	unsigned int threads;
	pid_t in_cycle; /* one of those that wait for each other's locks; 0: none */
};

/* Looks at every thread of a process. 0 or negative errno. */
int locks_census(struct lock_census *ret, pid_t pid);

#endif
