/* SPDX-License-Identifier: GPL-2.0-or-later */
/* What is in a stall, by its names: locks, scheduling policies, and whoever has to do with it. */
#ifndef FAULTD_CORE_STALL_NAMES_H
#define FAULTD_CORE_STALL_NAMES_H

#include "core/incident.h"

/* Of enum fe_lock_type: "robust-mutex", or NULL for none and for a number that is none; "a robust mutex";
 * "robust mutex". */
const char *stall_lock_slug(unsigned int type);
const char *stall_a_lock(unsigned int type);
const char *stall_lock_words(unsigned int type);
/* "SCHED_FIFO" ...; NULL for a number that is none. */
const char *stall_policy_name(unsigned int policy);
/* A member's name with the NUL that the kernel's field need not have. */
const char *stall_member_name(const struct fe_member *member, char buf[static FE_COMM_SIZE + 1]);
/* The next member of that role behind previous (NULL: the first one); NULL when there are no more. */
const struct fe_member *stall_member(const struct stall_facts *stall, enum fe_role role,
				     const struct fe_member *previous);

#endif
