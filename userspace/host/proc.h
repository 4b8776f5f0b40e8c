/* SPDX-License-Identifier: GPL-2.0-or-later */
/* Processes as /proc tells them; the root is injectable. */
#ifndef FAULTD_HOST_PROC_H
#define FAULTD_HOST_PROC_H

#include "core/incident.h"

/* "/proc" unless a test sets another. */
extern const char *proc_root;

/* A process and the memory of its strings. */
struct proc_info {
	struct process p;
	char *memory[8];
};

/*
 * Reads who a running process is. What cannot be read is left unknown. 0, or -ESRCH when there is no such
 * process (any more), or negative errno. proc_info_free() releases the strings.
 */
int proc_read(struct proc_info *ret, pid_t pid);
/*
 * The same without what waits for the process's mmap_lock, for one that may hold it while it stands still:
 * the arguments stay unknown (proc_pid_cmdline_read() -> access_remote_vm() -> mmap_read_lock_killable()).
 * That is the only such read: "exe" is looked up under RCU (get_mm_exe_file()), the sizes in "stat" and
 * "status" are counters, and what reads the mappings or the memory (maps, environ, auxv, mem) is not read at
 * all.
 */
int proc_read_quiet(struct proc_info *ret, pid_t pid);
void proc_info_free(struct proc_info *info);
/* Start time, CLOCK_BOOTTIME ns (to the clock tick), of a process; negative errno. */
int proc_start_time(pid_t pid, uint64_t *ret_start);
/* Calls fn for every process there is; stops at the first non-zero answer and returns it. */
int proc_each(int (*fn)(void *arg, pid_t pid), void *arg);
/* Whole of /proc/PID/NAME, at most max bytes, NUL added, into fresh memory; length or negative errno. */
ssize_t proc_read_file(pid_t pid, const char *name, size_t max, char **ret);

#endif
