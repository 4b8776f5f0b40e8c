/* SPDX-License-Identifier: GPL-2.0-only */
/* Who a task is: names, paths and numbers, taken from the kernel while the task still has them. */
#ifndef FAULTD_BPF_IDENTITY_H
#define FAULTD_BPF_IDENTITY_H

#include "ring.bpf.h"

/*
 * These are global functions so that the verifier proves each of them once. Pointers go in as numbers: they
 * are read with fault-safe helpers only, and the verifier has nothing to track.
 */

/* Writes the path at offset of the record of prog; returns its length, the flag FE_ID_PATH_CUT << 16 added.
 */
int identity_path(__u32 prog, __u32 offset, __u64 mnt, __u64 dentry);
/* The same for a cgroup's kernfs node. */
int identity_cgroup_path(__u32 prog, __u32 offset, __u64 kernfs_node);
/*
 * Fills the struct fe_identity that follows the header of the record of prog, for the current task. The
 * variable part starts at offset. Returns the offset behind it.
 */
int identity_fill(__u32 prog, __u32 offset);
/* The same for another task, whose arguments cannot be read. */
int identity_fill_other(__u32 prog, __u32 offset, __u64 task);

#endif
