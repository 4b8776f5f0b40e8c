/* SPDX-License-Identifier: GPL-2.0-or-later */
/* Starting a program exactly as described, fast, and knowing at once whether it could be executed. */
#ifndef FAULTD_HOST_SPAWN_H
#define FAULTD_HOST_SPAWN_H

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>
#include <sys/resource.h>
#include <sys/types.h>

#include "host/launch.h"

enum { SPAWN_CGROUPS_MAX = 32 };

struct spawn {
	const char *path; /* with a slash, or searched for in our PATH */
	char *const *argv;
	char *const *envp;
	const char *cwd;  /* NULL: ours */
	int fds[3];	  /* become 0, 1, 2; all other descriptors are closed. -1: closed, too */
	bool new_session; /* false: same session and process group as ours */

	bool has_credentials; /* the following are set only when it is true */
	uid_t uid, euid, suid;
	gid_t gid, egid, sgid;
	const gid_t *groups;
	size_t group_count;
	const struct launch_capabilities *capabilities; /* NULL: as they come */

	bool has_umask;
	mode_t umask;
	const struct rlimit *limits; /* RLIM_NLIMITS of them; NULL: ours */
	unsigned int known_limits;   /* bit n: limits[n] is meant */
	bool has_nice;
	int nice;
	bool has_oom_score_adj;
	int oom_score_adj;
	uint64_t ignored_signals; /* bit n-1: signal n; all others get their default */

	int cgroup_procs[SPAWN_CGROUPS_MAX]; /* cgroup.procs files to enter, open for writing */
	size_t cgroup_count;
	int cgroup_dir;	      /* v2: to be born in; -1: none */
	int cgroup_dir_procs; /* its cgroup.procs, for kernels where that is not possible; -1: none */
};

#define SPAWN_INIT \
	((struct spawn){.fds = {-1, -1, -1}, .cgroup_dir = -1, .cgroup_dir_procs = -1, .new_session = true})

/*
 * 0 and the child's pid once it has executed (the caller reaps it), or negative errno with what failed in
 * ret_stage (static text, may be NULL); then there is no child left to reap.
 */
int spawn_process(const struct spawn *spawn, pid_t *ret_pid, const char **ret_stage);

#endif
