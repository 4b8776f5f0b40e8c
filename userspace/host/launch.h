/* SPDX-License-Identifier: GPL-2.0-or-later */
/* A launch record: all that is needed to start the same program again once nobody can ask it any more. */
#ifndef FAULTD_HOST_LAUNCH_H
#define FAULTD_HOST_LAUNCH_H

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>
#include <sys/resource.h>
#include <sys/types.h>

enum stream_kind {
	STREAM_NULL, /* /dev/null, or nothing that could be had again */
	STREAM_PATH, /* a file or terminal that is opened again by its path */
	STREAM_HELD, /* a pipe, socket or nameless file of which we keep a duplicate */
};

struct launch_stream {
	enum stream_kind kind;
	char *path; /* STREAM_PATH */
	dev_t device;
	ino_t inode;
	int flags; /* as open(2) took them */
	int fd;	   /* STREAM_HELD; -1 once released */
};

struct launch_capabilities {
	bool known;
	bool no_new_privileges;
	uint64_t inheritable, permitted, bounding, ambient;
};

struct launch {
	unsigned int refs;
	bool counted; /* its bytes are part of the sum of all */
	pid_t pid;    /* whose record it is */
	uint64_t start;
	uint64_t key; /* same program, arguments, directory and user: same key, also after a respawn */
	char *exe;    /* path that exec takes: a file replaced by an upgrade is meant to be started */
	char *path; /* by which it was executed, where that still leads to exe (a symbolic link, a script); or
		       NULL */
	char *args; /* NUL-separated */
	size_t args_len;
	char *environment; /* NUL-separated */
	size_t environment_len;
	char *cwd;
	char *cgroups; /* text of /proc/PID/cgroup */
	uid_t uid, euid, suid;
	gid_t gid, egid, sgid;
	gid_t *groups;
	size_t group_count;
	mode_t umask;
	bool has_umask;
	struct rlimit limits[RLIM_NLIMITS];
	unsigned int known_limits; /* bit n: limits[n] */
	int nice;
	int oom_score_adj;
	bool has_oom_score_adj;
	uint64_t ignored_signals; /* bit n-1: signal n */
	struct launch_capabilities capabilities;
	uint64_t start_stack; /* where its stack began: equal in a forked child, new after exec; 0 unknown */
	bool retitled;	      /* its command line was overwritten by the program itself */
	bool foreign_namespaces; /* its mount, PID, network or user namespace is not ours */
	struct launch_stream streams[3];
};

/*
 * Reads the record of a running process, bounded as exec(2) bounds it (2 MiB of arguments and environment
 * each). Whether it was the same program all along is checked at the end. start 0: whoever has the number.
 * hold_streams: keep duplicates of pipes and sockets on descriptors 0-2 where the kernel allows it, so that
 * a respawned process goes on with the same ones; launch_release_streams() ends that. 0; -ESRCH when the
 * process is gone or another; -EAGAIN when it executed meanwhile; -ENOBUFS when all records together would
 * take more than 32 MiB; or another negative errno.
 */
int launch_read(struct launch **ret, pid_t pid, uint64_t start, bool hold_streams);
/*
 * For a program that had overwritten its arguments when they were read: those that it was executed with,
 * NUL-separated, as the kernel saw them. 0, or -ENOMEM and the record is as before.
 */
int launch_use_strings(struct launch *launch, const char *args, size_t args_len, const char *environment,
		       size_t environment_len);
struct launch *launch_ref(struct launch *launch);
/* NULL is allowed; always returns NULL. */
struct launch *launch_unref(struct launch *launch);
/* Closes the duplicates, so that the other ends see the end of file that they wait for. */
void launch_release_streams(struct launch *launch);
/*
 * Closes the duplicates of what process pid has closed itself by now, so that we keep nobody's pipe open.
 * True while some are left.
 */
bool launch_recheck_streams(struct launch *launch, pid_t pid);
/* How many descriptors it holds. */
unsigned int launch_held(const struct launch *launch);

/*
 * Starts it again, as a child of ours in a session of its own that outlives us. Returns once it has executed.
 * 0; -ESRCH is never returned; negative errno, with what failed in ret_stage (static text; may be NULL).
 */
int launch_spawn(const struct launch *launch, pid_t *ret_pid, const char **ret_stage);

/*
 * Where the stack of a living process began and when it started (ns), from /proc/PID/stat. 0, -ESRCH, or
 * another negative errno. The stack is 0 where the kernel hides it from us.
 */
int launch_read_stat(pid_t pid, uint64_t *ret_start, uint64_t *ret_stack, int *ret_nice);

#endif
