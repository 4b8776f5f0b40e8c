/* SPDX-License-Identifier: GPL-2.0-or-later */
/* The precise probes: attached with the first suspect that needs one, detached with the last. */
#ifndef FAULTD_DETECT_PROBES_H
#define FAULTD_DETECT_PROBES_H

#include <stdbool.h>
#include <sys/types.h>

#include "faultd/scan.h"

struct faultd_bpf;
struct probes;

int probes_new(struct probes **ret, struct faultd_bpf *bpf);
void probes_free(struct probes *probes);

/*
 * Traces the system calls of one thread, and samples where it spends its CPU time, from now (CLOCK_BOOTTIME
 * ns) on. 0 or negative errno: -EOPNOTSUPP where the kernel took no such program, -ENOSPC with too many
 * suspects.
 */
int probes_arm_thread(struct probes *probes, pid_t pid, pid_t tid, uint32_t poll_fd, uint64_t now);
/*
 * What it did so far, and how often any thread of its process polled poll_fd. 0, or -ENOENT for one that is
 * not armed.
 */
int probes_read_thread(struct probes *probes, pid_t tid, struct fe_armed *ret, struct fe_samples *ret_samples,
		       uint64_t *ret_polls);
void probes_disarm_thread(struct probes *probes, pid_t tid);

/* Samples who runs on each CPU; nested calls share one set of samples. 0 or negative errno. */
int probes_arm_cpus(struct probes *probes);
/* Calls fn for everything that was sampled on any CPU since; idle time has tid 0. */
void probes_read_cpus(struct probes *probes,
		      void (*fn)(void *arg, const struct fe_sample_key *key,
				 const struct fe_samples *samples),
		      void *arg);
void probes_disarm_cpus(struct probes *probes);

#endif
