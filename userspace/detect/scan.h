/* SPDX-License-Identifier: GPL-2.0-or-later */
/* The scan for stalls: when it is made, and what it may cost. */
#ifndef FAULTD_DETECT_SCAN_H
#define FAULTD_DETECT_SCAN_H

#include "detect/detect.h"
#include "detect/suspects.h"

struct bpf_link;
struct scan;

struct scan_options {
	struct loop *loop;
	struct faultd_bpf *bpf;
	struct bpf_link *iterator; /* of the task iterator; stays the caller's */
	const struct detect_handler *handler;
	suspects_record_fn tell;
	void *tell_arg;
};

int scan_new(struct scan **ret, const struct scan_options *options);
void scan_free(struct scan *scan);
/*
 * least: the shortest threshold of each kind, ns, 0: off; with all of them off no scan is made. budget:
 * percent of one CPU that watching may cost.
 */
void scan_set(struct scan *scan, const uint64_t least[static FE_STALL_KINDS], double budget);

#endif
