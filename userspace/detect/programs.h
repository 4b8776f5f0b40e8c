/* SPDX-License-Identifier: GPL-2.0-or-later */
/* Which BPF programs the running kernel takes, and what is lost without each. */
#ifndef FAULTD_DETECT_PROGRAMS_H
#define FAULTD_DETECT_PROGRAMS_H

#include <stdbool.h>

#include "faultd/event.h"

struct faultd_bpf;

/* What the running kernel offers beyond the floor, read from its BTF. */
struct kernel_features {
	bool vma_iterator;   /* kfunc, 6.7 */
	bool open_iterator;  /* kfuncs that visit every task, 6.7 */
	bool memory_at_exit; /* sched_process_exit stands before exit_mm(), 6.16 */
	bool preemptible; /* programs of tp_btf can be preempted, those of perf's tracepoints cannot, 7.0 */
	bool fentry;	  /* fentry programs can be expected to load: kernel functions are traceable */
};

enum program_need {
	PROGRAM_OPTIONAL,
	PROGRAM_REQUIRED,  /* nothing useful is left without it */
	PROGRAM_ON_DEMAND, /* loaded, but attached by the scan only, while there is a suspect */
};

struct program_info {
	const char *name;  /* of the BPF program */
	const char *hook;  /* what it is attached to, for people */
	enum fe_prog slot; /* whose losses it counts */
	enum program_need need;
	bool (*wanted)(const struct kernel_features *features); /* NULL: always */
	const char *consequence; /* what is not seen without it; NULL: nothing, another one stands in */
};

extern const struct program_info programs[];
extern const unsigned int program_count;

/* 0; -EPERM when we may not load programs, -EOPNOTSUPP for a kernel without types; logged. */
int kernel_features_read(struct kernel_features *ret);
/* Name of a slot for self.lost-events: "signal_deliver" ... */
const char *program_slot_name(enum fe_prog slot);

#endif
