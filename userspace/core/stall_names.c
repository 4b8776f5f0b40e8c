// SPDX-License-Identifier: GPL-2.0-or-later
/* Names and members of a stall: what its JSON and its text have in common. */
#include "core/stall_names.h"

#include <string.h>

static const struct {
	const char *slug, *words; /* with their article */
} locks[FE_LOCK_TYPE_COUNT] = {
	[FE_LOCK_MUTEX] = {"mutex", "a mutex"},
	[FE_LOCK_MUTEX_RECURSIVE] = {"recursive-mutex", "a recursive mutex"},
	[FE_LOCK_MUTEX_ERRORCHECK] = {"errorcheck-mutex", "an error-checking mutex"},
	[FE_LOCK_MUTEX_ROBUST] = {"robust-mutex", "a robust mutex"},
	[FE_LOCK_MUTEX_PI] = {"pi-mutex", "a priority-inheriting mutex"},
	[FE_LOCK_RWLOCK] = {"rwlock", "a read-write lock"},
	[FE_LOCK_WORD] = {"futex-word", "a lock"},
	[FE_LOCK_JOIN] = {"join", "a thread"},
	[FE_LOCK_FUTEX] = {"futex", "a futex"},
};

const char *stall_lock_slug(unsigned int type)
{
	return type < FE_LOCK_TYPE_COUNT ? locks[type].slug : NULL;
}

const char *stall_a_lock(unsigned int type)
{
	return stall_lock_slug(type) ? locks[type].words : "a lock";
}

const char *stall_lock_words(unsigned int type)
{
	return strchr(stall_a_lock(type), ' ') + 1;
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

	for (; stall->members && i < stall->member_count && i < FE_MEMBERS_MAX; i++)
		if (stall->members[i].role == role)
			return &stall->members[i];
	return NULL;
}
