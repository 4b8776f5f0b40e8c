/* SPDX-License-Identifier: GPL-2.0-or-later */
/* What the stalls share: the guard that starts their processes and ends them in time, and threads with names.
 */
#ifndef FAULTGEN_STALL_H
#define FAULTGEN_STALL_H

#include "faultgen.h"

#include <pthread.h>

#define STALL_ARGS                      \
	{                               \
		"[SECONDS]", 0, 1, true \
	}

/*
 * The process that was started becomes the guard of the others. What stalls has no thread, timer or handler
 * that could end it, since such a process would not be stuck.
 */

/* How long the stall shall last. */
long stall_seconds(void);
void limit_stall_seconds(long most);

/* Starts a process that stalls, or looks like it, and prints its pid. When body returns, it has survived. */
pid_t start_stalled(void (*body)(void));
/* Starts another process that has a part in it, with this comm, and returns when that one said ready(). */
pid_t start_helper(const char *comm, void (*body)(void));
void ready(void);
/* Ends a helper before its time. */
void dismiss(pid_t helper);

/* Before anything is done that outlives its processes: how to undo it, whatever happens to the guard. */
void undo_at_end(void (*undo)(void));

/* Ends all of them when the time and this much more is over; early if one of them ended. */
_Noreturn void guard(long more_ms);

/* One process that stalls, and its guard. */
_Noreturn void stall(void (*body)(void));

/* Sleeps for ever in short timed sleeps, as a process does that is well. */
_Noreturn void doze(void);

/* Computes for ever, without a system call. */
_Noreturn void compute(void);
void compute_for(long ms);
long now_ms(void);

pthread_t start_thread(const char *name, void *(*body)(void *), void *argument);
_Noreturn void join(pthread_t thread);

/* Makers that have a file of their own, or that are a fault and its look-alike in one. */
void fuse_hang(void);
void fuse_hang_mapped(void);
void paused_by_debugger(void);

#endif
