/* SPDX-License-Identifier: GPL-2.0-or-later */
/* What the scan for stalls and its probes share with userspace: never on a ring, never in a recording. */
#ifndef FAULTD_SCAN_H
#define FAULTD_SCAN_H

#include "faultd/event.h"

enum { FE_CALLS_MAX = 512, FE_SAMPLE_SLOTS = 64 };

/* What a thread that sleeps in a system call is taken for, by the call's number; 0: idle, however long. */
enum fe_call_class {
	FE_CALL_IDLE,
	FE_CALL_FUTEX,
	FE_CALL_FUTEX_WAIT, /* futex_wait(2) of 6.7: other arguments */
	FE_CALL_POLL,	    /* waits for any of many descriptors */
	FE_CALL_BLOCKS,	    /* should not take long: flock, connect, writing */
	FE_CALL_FCNTL,	    /* the same, for the commands that wait for a lock */
	FE_CALL_OTHER,	    /* may take long, but not in an event loop: read, accept, sleeping */
	FE_CALL_VFORK,	    /* the parent is in uninterruptible sleep until the child executes */
	FE_CALL_CLASS = 0x7f,
	FE_CALL_ON_FD = 0x80, /* the first argument is a descriptor that it waits for */
};

/* Why a thread is told to userspace. */
enum fe_suspicion {
	FE_SUSPECT_NONE,
	FE_SUSPECT_TRACKED,	    /* userspace asked for it; told at every scan */
	FE_SUSPECT_FUTEX,	    /* waits for a futex that may be a lock */
	FE_SUSPECT_ALL_WAIT,	    /* waits on a private futex, perhaps as the last thread of its process */
	FE_SUSPECT_UNINTERRUPTIBLE, /* in uninterruptible sleep */
	FE_SUSPECT_CALL,	    /* in a system call that should not take long */
	FE_SUSPECT_LOOP,	    /* an event loop that was not seen polling */
	FE_SUSPECT_BUSY,	    /* on CPU or runnable, and never slept */
	FE_SUSPECT_QUEUED,	    /* runnable without a CPU */
	FE_SUSPECT_THROTTLED,	    /* the same, in a cgroup with a CPU quota */
	FE_SUSPECT_STOPPED,
	FE_SUSPECT_FROZEN,
	FE_SUSPICION_COUNT
};

enum {
	FE_SEEN_RUNNABLE = 1 << 0,
	FE_SEEN_KILLABLE = 1 << 2,
	FE_SEEN_FROZEN = 1 << 3,
	FE_SEEN_TRACED = 1 << 4,  /* ptrace(2) */
	FE_SEEN_MM_BUSY = 1 << 5, /* somebody writes or waits to write its mappings: reading them may block */
	FE_SEEN_MM_SHARED = 1 << 6,    /* processes beyond its thread group use its memory */
	FE_SEEN_TIMERS = 1 << 7,       /* timers of the process may still send a signal */
	FE_SEEN_UNTIMED = 1 << 8,      /* its futex wait has no timeout */
	FE_SEEN_PRIVATE = 1 << 9,      /* its futex is private to the process */
	FE_SEEN_POLLING = 1 << 10,     /* in a system call of FE_CALL_POLL */
	FE_SEEN_FS_FROZEN = 1 << 11,   /* the filesystem of the call's descriptor is frozen */
	FE_SEEN_TERMINAL = 1 << 12,    /* its session has a controlling terminal */
	FE_SEEN_LOOP = 1 << 13,	       /* has lived by polling */
	FE_SEEN_KERNEL_LOCK = 1 << 14, /* the kernel says which lock it waits for */
	FE_SEEN_EXITING = 1 << 15,
	FE_SEEN_OVERDUE = 1 << 17,    /* FE_SUSPECT_LOOP as well, beside what it is told for */
	FE_SEEN_MM_UNKNOWN = 1 << 18, /* this kernel does not say so */
	FE_SEEN_COMPAT = 1 << 16,     /* 32-bit system call: its number says nothing here */
};

/* One thread, as the iterator sees it. Times are CLOCK_BOOTTIME ns; 0: not known. */
struct fe_suspect {
	__fe32 suspicion; /* enum fe_suspicion */
	__fe32 flags;	  /* FE_SEEN_* */
	__fe32 pid;
	__fe32 tid;
	__fe64 start;	     /* of the thread group */
	__fe64 thread_start; /* of the thread */
	__fe64 now;
	__fe64 since;	   /* last switched away from a CPU; while it runs: switched to it */
	__fe64 queued;	   /* put on a run queue, and not run since; 0: no */
	__fe64 busy_since; /* first seen runnable, and at every look since; 0: was not followed */
	__fe64 last_poll;  /* last seen polling; 0: never */
	__fe64 switches;   /* voluntary and involuntary */
	__fe64 voluntary;
	__fe64 run_time;     /* ns on CPU in its life */
	__fe64 busy_run;     /* of these since busy_since */
	__fe64 loop_run;     /* and since last_poll */
	__fe64 hungry_since; /* runnable, and given less than a tenth of the time since; 0: was not followed
			      */
	__fe64 hungry_run;   /* what it had of it, ns */
	__fe32 state;	     /* the letter of /proc/PID/stat */
	__fe32 syscall;	     /* ~0: none */
	__fe64 args[6];
	__fe64 quota; /* of the nearest cgroup with a CPU quota, ns a period; 0: none */
	__fe64 period;
	__fe64 throttled_time;
	__fe64 group;	/* inode of that cgroup */
	__fe32 periods; /* since hungry_since */
	__fe32 throttled_periods;
	__fe32 threads;
	__fe32 cpu;
	__fe32 cpus_allowed;
	__fe32 policy;
	__fs32 nice;
	__fe32 stop_signal; /* of the last group stop */
	__fe32 tracer;	    /* thread group; 0: none */
	__fe32 holder_pid;  /* of the kernel lock */
	__fe32 holder_tid;
	__fe32 loop_call; /* that it last polled with */
	__fe32 loop_fd;	  /* its first argument: the epoll descriptor */
	__fe32 loop_seen; /* in how many scans it was seen polling, after it did something else */
	char comm[FE_COMM_SIZE];
	char holder_comm[FE_COMM_SIZE];
	char filesystem[FE_COMM_SIZE]; /* type of that of the descriptor, or of the mapping that it faults in
					*/
};

/* Written by userspace between scans; `now` and those below it by the iterator. */
struct fe_scan {
	__fe64 nominate[FE_STALL_KINDS]; /* how long before it is told, ns; 0: never */
	__fe64 previous;		 /* `now` of the last scan; 0: this is the first */
	__fe32 tracked;			 /* how many threads are in the map "tracked" */
	__fe32 resumed;			 /* nobody looked for long: what was before now does not count */
	__fe64 now;			 /* the scheduler's clock, when the scan began */
	__fe64 offset;			 /* CLOCK_BOOTTIME less the scheduler's clock */
	__fe64 candidate;		 /* what this scan measured of that: never too small */
	__fe64 everything;		 /* what was passed at earlier scans counts as well */
	__fe64 floor;			 /* nothing is older than this, on the scheduler's clock */
	__fe64 dropped;			 /* suspects that there was no room for, in all scans */
	__fe64 visited;			 /* threads, in all scans: what the bench counts by */
	__fe32 clone;			 /* number of clone(2) */
	__fe32 pad;
	__fe8 calls[FE_CALLS_MAX]; /* enum fe_call_class */
};

/* A thread that was seen polling. Times are the scheduler's. */
struct fe_loop {
	__fe64 thread_start; /* CLOCK_BOOTTIME ns */
	__fe64 seen;	     /* in how many scans */
	__fe64 outside;	     /* since when it was not seen polling */
	__fe64 looked;	     /* the last scan that saw it elsewhere; 0: it polled since */
	__fe64 run_time;     /* its CPU time at `outside`, ns */
	__fe32 call, fd;
};

/* What a thread did while the probe on its system calls was armed. */
struct fe_armed {
	__fe64 since; /* CLOCK_BOOTTIME ns; written by userspace */
	__fe64 calls;
	__fe64 polls;
	__fe64 failed; /* the last ones in a row that were the same call with the same error */
	__fe32 failed_syscall;
	__fe32 failed_errno;
	__fe32 last_syscall;
	__fe32 pad;
};

/* How often any thread of a process polled with that first argument, meanwhile. */
struct fe_armed_group {
	__fe64 polls;
	__fe32 fd;
	__fe32 pad;
};

/* CPU samples of one thread, or of all that ran on one CPU. */
struct fe_samples {
	__fe32 samples;
	__fe32 user;
	__fe32 pid;
	__fe32 policy;
	__fe64 ip; /* of the last one in user code */
	char comm[FE_COMM_SIZE];
};

struct fe_sample_key {
	__fe32 cpu; /* ~0: of the thread, wherever */
	__fe32 tid; /* 0: idle */
};

FE_ASSERT_SIZE(struct fe_suspect, 320);
FE_ASSERT_SIZE(struct fe_armed, 48);
FE_ASSERT_SIZE(struct fe_samples, 40);

#endif
