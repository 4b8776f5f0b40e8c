/* SPDX-License-Identifier: GPL-2.0-or-later */
/*
 * One thread as /proc tells it, without a wait for the thread. The exception is said where it is: what shows
 * the inside of a thread waits for the exec_update_lock of its process (lock_trace()), which an execve(2)
 * holds while it closes files; a thread that stands still in execve is not to be asked.
 */
#ifndef FAULTD_HOST_THREAD_H
#define FAULTD_HOST_THREAD_H

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>
#include <sys/types.h>

#include "faultd/event.h"

struct thread_info {
	pid_t pid, tid;
	uint64_t start; /* CLOCK_BOOTTIME ns (to the clock tick), of the thread */
	char name[FE_COMM_SIZE + 1];
	char state; /* the letter of /proc/PID/stat */
	unsigned int policy;
	int nice;
	int cpu; /* that it ran on last */
};

struct thread_call {
	bool running;	 /* or waits for a CPU: nothing more is known */
	bool in_syscall; /* else blocked outside of one (a page fault, a stop), and nr and args are 0 */
	uint32_t nr;
	uint64_t args[6];
	uint64_t sp, ip;
};

/* Calls fn for every thread of the process; stops at the first non-zero answer and returns it. -ESRCH: no
 * such process. */
int thread_each(pid_t pid, int (*fn)(void *arg, pid_t tid), void *arg);
/* pid 0: of whatever process it is. 0, -ESRCH when there is no such thread, or another negative errno. */
int thread_read(struct thread_info *ret, pid_t pid, pid_t tid);
/* What it is blocked in; takes the exec_update_lock. 0 or negative errno. */
int thread_call(struct thread_call *ret, pid_t pid, pid_t tid);
/*
 * The thread of the process pid that has the number ns_tid in the process's own PID namespace. 0, -ESRCH when
 * it has none, or another negative errno (-E2BIG: too many threads to look at).
 */
int thread_by_ns_tid(pid_t pid, pid_t ns_tid, pid_t *ret);
/* The same among all processes in the PID namespace of `like`. */
int thread_by_ns_tid_anywhere(pid_t like, pid_t ns_tid, pid_t *ret_pid, pid_t *ret_tid);
/* The kernel function that it sleeps in; its length, -ENODATA when there is none, or another negative errno.
 */
ssize_t thread_wait_channel(pid_t pid, pid_t tid, char *buf, size_t size);
/*
 * The functions of its kernel stack, a line each, the innermost first, without addresses, offsets and
 * modules, and without a newline at the end; what does not fit is left out by the line. Takes the
 * exec_update_lock. The length, -ENODATA when it has none, or another negative errno.
 */
ssize_t thread_kernel_stack(pid_t pid, pid_t tid, char *buf, size_t size);
/* Signals with a handler, and ignored ones: bit 0 is signal 1. 0 or negative errno. */
int thread_signals(pid_t pid, uint64_t *ret_caught, uint64_t *ret_ignored);
/*
 * Has timers of timer_create(2). Those of setitimer(2) and alarm(2) are in no file; and false, too, where the
 * kernel does not tell (no CONFIG_CHECKPOINT_RESTORE).
 */
bool thread_has_timers(pid_t pid);
/* How many CPUs it may run on; 0: not known. */
unsigned int thread_cpus_allowed(pid_t pid, pid_t tid);

#endif
