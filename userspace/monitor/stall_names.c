// SPDX-License-Identifier: GPL-2.0-or-later
/* Names and members of a stall: what its JSON and its text have in common. */
#include "monitor/stall_names.h"

#include <string.h>

static const struct lock_name locks[FE_LOCK_TYPE_COUNT] = {
	[FE_LOCK_MUTEX] = {"mutex", "mutex"},
	[FE_LOCK_MUTEX_RECURSIVE] = {"recursive-mutex", "recursive mutex"},
	[FE_LOCK_MUTEX_ERRORCHECK] = {"errorcheck-mutex", "error-checking mutex"},
	[FE_LOCK_MUTEX_ROBUST] = {"robust-mutex", "robust mutex"},
	[FE_LOCK_MUTEX_PI] = {"pi-mutex", "priority-inheriting mutex"},
	[FE_LOCK_RWLOCK] = {"rwlock", "rwlock"},
	[FE_LOCK_WORD] = {"futex-word", "futex word"},
	[FE_LOCK_JOIN] = {"join", "thread"},
	[FE_LOCK_FUTEX] = {"futex", "futex"},
};

const struct lock_name *stall_lock_name(unsigned int type)
{
	return type < FE_LOCK_TYPE_COUNT && locks[type].slug ? &locks[type] : NULL;
}

const char *stall_policy_name(unsigned int policy)
{
	/* As sched(7) numbers them; 4 was never in use. */
	static const char *const names[] = {"SCHED_OTHER", "SCHED_FIFO", "SCHED_RR",	   "SCHED_BATCH",
					    NULL,	   "SCHED_IDLE", "SCHED_DEADLINE", "SCHED_EXT"};

	return policy < sizeof(names) / sizeof(names[0]) ? names[policy] : NULL;
}

const char *stall_member_name(const struct fe_member *member, char buf[static FE_COMM_SIZE + 1])
{
	memcpy(buf, member->comm, FE_COMM_SIZE);
	buf[FE_COMM_SIZE] = '\0';
	return buf;
}

const struct fe_member *stall_member(const struct stall_facts *stall, enum fe_role role,
				     const struct fe_member *previous)
{
	size_t i = previous ? (size_t)(previous - stall->members) + 1 : 0;

	for (; i < stall->member_count; i++)
		if (stall->members[i].role == role)
			return &stall->members[i];
	return NULL;
}
