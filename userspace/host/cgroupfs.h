/* SPDX-License-Identifier: GPL-2.0-or-later */
/* Where the cgroup hierarchies are mounted, and the files through which a process enters a group. */
#ifndef FAULTD_HOST_CGROUPFS_H
#define FAULTD_HOST_CGROUPFS_H

#include <stddef.h>

struct cgroup_entry {
	int procs[32]; /* cgroup.procs of v1 groups, open for writing */
	size_t count;
	int directory;	     /* of the v2 group; -1: none to enter */
	int directory_procs; /* its cgroup.procs */
};

/*
 * Opens what a child of ours must write itself into to be in the groups of `cgroups` (text of
 * /proc/PID/cgroup). Hierarchies where we are in the same group already, and groups that are not there (any
 * more), are left out. cgroup_entry_close() closes them. Never fails: what cannot be opened is left out.
 */
void cgroup_entry_open(struct cgroup_entry *ret, const char *cgroups);
void cgroup_entry_close(struct cgroup_entry *entry);

#endif
