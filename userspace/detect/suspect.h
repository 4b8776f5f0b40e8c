/* SPDX-License-Identifier: GPL-2.0-or-later */
/* One suspect, and what the judges of the kinds of stalls know about it. Private to the room's stall files.
 */
#ifndef FAULTD_DETECT_SUSPECT_H
#define FAULTD_DETECT_SUSPECT_H

#include "core/clock.h"
#include "detect/locks.h"
#include "detect/probes.h"
#include "faultd/scan.h"
#include "host/openfile.h"
#include "host/proc.h"

struct suspect {
	bool used, convicted;
	bool all_wait; /* the last of its process to wait on a private futex */
	bool covered;  /* another one's stall tells of this thread as well */
	bool waits;    /* judged, and to be judged again at the next scan */
	unsigned int retries;
	bool before_us; /* it may have stood still before faultd looked for the first time */
	bool armed, cpus_armed;
	bool named;	   /* a policy or --match names its process */
	unsigned int kind; /* enum fe_stall_kind */
	uint64_t since;	   /* the stall's beginning, CLOCK_BOOTTIME ns */
	uint64_t threshold;
	uint64_t armed_at;
	uint64_t begin_run; /* its CPU time when it was nominated, ns */
	pid_t owner_tid;    /* of the lock, when it was nominated */
	int poll_fd;	    /* the epoll set that an event loop lives by; -1: none is known */
	uint64_t place;	    /* the cgroup that is frozen or out of quota: all in it are one stall; 0: none */
	unsigned long nominated, scan; /* the scan that told of it, and the one that saw it last */
	unsigned long endings;	       /* of other stalls, when it was found to be covered */
	struct fe_suspect last;
	/* Who else is told with it: no stall of theirs is told again. */
	pid_t members[FE_MEMBERS_MAX];
	unsigned int member_count;
};

enum judgement { ACQUIT, CONVICT, WAIT };

/* What is put together for one FE_STALL record. */
struct draft {
	struct fe_stall event;
	char wait_channel[64];
	char kernel_stack[FE_KSTACK_MAX];
	struct openfile file;
	bool has_file;
	struct fe_member members[FE_MEMBERS_MAX];
	unsigned int member_count;
	struct lock_chain chain;
};

struct judge {
	/* Whether to follow it at all; may change its kind and beginning. Its threshold is not known yet. */
	bool (*begin)(struct suspect *suspect, const struct fe_suspect *seen);
	/* A later look: is it still the same standstill? */
	bool (*same)(struct suspect *suspect, const struct fe_suspect *seen);
	/* Its time has come; what was found goes into the draft. */
	enum judgement (*judge)(struct suspect *suspect, struct probes *probes, struct draft *draft);
	enum { NEEDS_NOTHING, NEEDS_THREAD_PROBE, NEEDS_CPU_PROBE } needs;
	bool sleeps; /* a kernel stack and a wait channel say something about it */
};

/* The judges' parts, in judge_wait.c, judge_call.c and judge_cpu.c. */
extern const struct judge judge_deadlock, judge_lock, judge_io, judge_call, judge_loop, judge_spin,
	judge_starved, judge_throttled, judge_stopped;

/* The scheduler's clock is known to this; times of one event differ by no more from scan to scan. */
#define CLOCK_SLACK (50 * NSEC_PER_MSEC)

/* Still in the same sleep: no switch to it since. */
bool same_sleep(struct suspect *suspect, const struct fe_suspect *seen);
struct fe_member *draft_member(struct draft *draft, enum fe_role role, pid_t pid, pid_t tid);
/* The owner and the chain behind it, after locks_follow() into draft->chain. */
void draft_chain(struct draft *draft);

#endif
