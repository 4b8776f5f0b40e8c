/* SPDX-License-Identifier: GPL-2.0-or-later */
/* The fault trees of the stalls: one a kind, and the words that they share. */
#ifndef FAULTD_DIAGNOSE_STALL_H
#define FAULTD_DIAGNOSE_STALL_H

#include "core/stall_names.h"
#include "diagnose/rules.h"

/* One kind's tree. Nothing of it is called without the facts (incident->stall.event). */
struct stall_tree {
	enum fault_kind kind;
	void (*describe)(struct incident *incident); /* the summary when no rule holds: what was seen */
	const struct rule *rules;
	size_t count;
	void (*tell)(struct incident *incident); /* evidence whatever the verdict is; NULL */
};

#define STALL_RULES(table) .rules = table, .count = sizeof(table) / sizeof((table)[0])

extern const struct stall_tree stall_deadlock, stall_lock;     /* stall_lock.c */
extern const struct stall_tree stall_io, stall_hung_task;      /* stall_io.c */
extern const struct stall_tree stall_syscall;		       /* stall_syscall.c */
extern const struct stall_tree stall_eventloop, stall_spin;    /* stall_cpu.c */
extern const struct stall_tree stall_starved, stall_throttled; /* stall_starved.c */

enum {
	STALL_NO_CALL = ~0U,   /* of a system call's number: none */
	STALL_SLEEPER = 1,     /* depth: the function that sleeps */
	STALL_NEAR = 4,	       /* depth: that one and those which called it */
	STALL_DEEP = INT32_MAX /* depth: the whole kernel stack */
};

/* How long it makes no progress, ns; 0: not known. */
uint64_t stall_lasted(const struct incident *incident);

/* Words. None is ever NULL, unless it says so. */
const char *stall_printf(struct incident *incident, const char *fmt, ...)
	__attribute__((format(printf, 2, 3)));
/* " for 12.3 s", or "". */
const char *stall_for(struct incident *incident);
/* "thread worker[43] is " with the verb "is "; "" for the main thread, since the summary is about that. */
const char *stall_subject(struct incident *incident, const char *verb);
/* "it", or "worker[43]" when that is not the main thread. */
const char *stall_it(struct incident *incident);
/* "read", "system call 9999". */
const char *stall_call(struct incident *incident, uint32_t number);
/* " in read of /mnt/x (ext4 on /dev/loop0)": as much of it as is known. */
const char *stall_where(struct incident *incident);
/* "in uninterruptible sleep" ... of the letter of /proc/PID/stat; NULL when that says nothing. */
const char *stall_state(uint32_t state);

/* "holder[125]"; of another process's thread "holder[126] of process 120". */
const char *stall_name(struct incident *incident, const struct fe_member *member);
/* "a[1], b[2] and 3 more": all of a role; NULL: none. */
const char *stall_names(struct incident *incident, enum fe_role role);
/* The thread of that number, by name where it is known: "holder[125]", "thread 125". */
const char *stall_owner(struct incident *incident, uint32_t tid);
/* The thread that stands still as if it were a member. */
struct fe_member stall_self(const struct incident *incident);

/* The lock's layout is known, and it names the owner. */
enum confidence stall_lock_names(uint32_t type);
/* Evidence: "locker-1[124] waits for mutex 0x7f12 held by locker-2[125]". */
void stall_tell_wait(struct incident *incident, const struct fe_member *member);

/* Whether the system call is one of these. */
bool stall_in_call(uint32_t number, const char *const names[], size_t count);
#define STALL_IN_CALL(number, names) stall_in_call(number, names, sizeof(names) / sizeof((names)[0]))
/*
 * Whether one of the functions is in the kernel stack (or is the wait channel, where there is no stack), down
 * to that many functions beneath the scheduler's own. A name ends in "*" for all that begin so.
 */
bool stall_in_stack(const struct incident *incident, size_t depth, const char *const names[], size_t count);
#define STALL_IN_STACK(incident, depth, names) \
	stall_in_stack(incident, depth, names, sizeof(names) / sizeof((names)[0]))
/* The function that it sleeps in; "" when not known. */
const char *stall_sleeper(struct incident *incident);
/* Evidence: wait channel, and the first functions of the kernel stack. */
void stall_tell_stack(struct incident *incident);

#endif
