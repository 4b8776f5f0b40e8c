/* SPDX-License-Identifier: GPL-2.0-or-later */
/* The events of stalls, a part of event.h: only to be included from there. */
#ifndef FAULTD_STALL_H
#define FAULTD_STALL_H

/* In the order of the kinds in the configuration. */
enum fe_stall_kind {
	FE_STALL_DEADLOCK,
	FE_STALL_LOCK,
	FE_STALL_IO,
	FE_STALL_SYSCALL,
	FE_STALL_EVENTLOOP,
	FE_STALL_SPIN,
	FE_STALL_STARVED,
	FE_STALL_THROTTLED,
	FE_STALL_STOPPED,
	FE_STALL_KINDS
};

enum fe_role {
	FE_ROLE_CYCLE = 1, /* deadlock: each waits for the next one, the last for the first; the reported
			      thread is the first. Without a cycle: one of the threads that all wait */
	FE_ROLE_CHAIN,	   /* who has the lock, what that one waits for, and so on to the end */
	FE_ROLE_HOLDER,	   /* has the file lock, or the kernel lock */
	FE_ROLE_READER,	   /* has the other end of the pipe or socket, and does not read */
	FE_ROLE_CULPRIT,   /* had the CPU meanwhile; the greediest first */
	FE_ROLE_STOPPER,   /* sent the signal that stopped it */
	FE_ROLE_TRACER,	   /* traces it with ptrace(2) */
};

enum fe_lock_type {
	FE_LOCK_NONE,
	FE_LOCK_MUTEX,
	FE_LOCK_MUTEX_RECURSIVE,
	FE_LOCK_MUTEX_ERRORCHECK,
	FE_LOCK_MUTEX_ROBUST,
	FE_LOCK_MUTEX_PI, /* priority-inheriting */
	FE_LOCK_RWLOCK,	  /* its writer is the owner */
	FE_LOCK_WORD,	  /* a futex word that holds its owner's thread id and the waiters' bit */
	FE_LOCK_JOIN,	  /* waits in pthread_join(3) for the owner to end */
	FE_LOCK_FUTEX,	  /* a futex that names nobody */
	FE_LOCK_TYPE_COUNT
};

/* Another thread that has to do with a stall. Numbers of the initial namespaces. */
struct fe_member {
	__fe32 role; /* enum fe_role */
	__fe32 pid;
	__fe32 tid;
	__fe32 owner_tid; /* of the lock that it waits for; 0: not known, or it waits for none */
	__fe64 lock;	  /* address of that lock in its memory; 0: none */
	__fe32 lock_type; /* enum fe_lock_type */
	__fe32 state;	  /* the letter of /proc/PID/stat; 0: not known, 'X': it does not exist any more */
	__fe32 syscall;	  /* that it is in; ~0: none */
	__fe32 policy;	  /* SCHED_* of sched(7) */
	__fe64 share;	  /* FE_ROLE_CULPRIT: how much of the traced time it had, in 1/1000 */
	char comm[FE_COMM_SIZE];
};

/*
 * Variable part: that of the identity; wait channel; kernel stack (a line a function, the innermost first);
 * the object that it waits for (a path, "pipe:[4711]", "tcp 10.0.0.7:5432"); its filesystem's type and what
 * is mounted
 * ("ext4 /dev/loop0"); then member_count times struct fe_member.
 */
struct fe_stall {
	struct fe_header header;
	struct fe_identity id; /* tid, thread_comm: the thread that stands still */
	__fe32 kind;	       /* enum fe_stall_kind */
	__fe32 state;	       /* the letter of /proc/PID/stat */
	__fe64 since;	       /* its last sign of progress, CLOCK_BOOTTIME ns */
	__fe64 threshold;      /* ns */
	__fe32 syscall;	       /* that it is in; ~0: none */
	__fe32 flags;	       /* FE_STALL_* */
	__fe64 args[6];	       /* of that system call */
	__fe64 run_time;       /* CPU time that it had since, ns */
	__fe64 traced;	       /* how long a precise probe was armed for it, ns; 0: none was needed */
	__fe64 calls;	       /* system calls that it made in that time */
	__fe64 failed;	       /* of these the last ones in a row: the same call with the same error */
	__fe32 failed_syscall;
	__fe32 failed_errno;
	__fe32 samples;	     /* CPU samples of the thread in that time */
	__fe32 user_samples; /* of these: in user code */
	__fe64 ip;	     /* of the last one in user code; 0: not known */
	__fe64 lock;	     /* what it waits for: as in struct fe_member */
	__fe32 lock_type;
	__fe32 owner_tid; /* 0: not known */
	__fe32 owner_pid;
	__fe32 others;	/* threads of the process that stand still for the same reason */
	__fe64 quota;	/* CPU time in each period, ns; 0: no limit */
	__fe64 period;	/* ns */
	__fe32 periods; /* since */
	__fe32 throttled_periods;
	__fe64 throttled_time; /* ns, of all CPUs, since */
	__fe32 cpu;	       /* whose queue it is in */
	__fe32 cpus_allowed;
	__fe32 cpus_online;
	__fe32 idle_elsewhere; /* how idle the CPUs were that it may not use, in 1/1000 */
	__fe32 signo;	       /* FE_STALL_STOPPED: that stopped it; 0: none */
	__fe32 policy;	       /* SCHED_* of sched(7) */
	__fs32 nice;
	__fe16 channel_len;
	__fe16 stack_len;
	__fe16 object_len;
	__fe16 filesystem_len;
	__fe16 member_count;
	__fe16 pad[3];
	__fe32 pad2;
};

enum {
	FE_STALL_ALL_WAIT = 1 << 0, /* every thread of the process is in an untimed wait on a private futex */
	FE_STALL_OWNER_DIED = 1 << 1, /* the owner of the lock is gone and did not unlock it */
	FE_STALL_FS_FROZEN = 1 << 2,  /* the filesystem says so (s_writers.frozen) */
	FE_STALL_KILLABLE = 1 << 3,   /* in uninterruptible sleep, but SIGKILL would end it */
	FE_STALL_CGROUP_FROZEN = 1 << 4,
	FE_STALL_TRACED = 1 << 5,   /* a debugger has it stopped */
	FE_STALL_HANDLERS = 1 << 6, /* it handles signals that could still end the wait */
	FE_STALL_KERNEL_LOCK =
		1 << 7,		      /* waits for a lock in the kernel; FE_ROLE_HOLDER has it, where known */
	FE_STALL_WAS_LOOP = 1 << 8,   /* the thread lives by polling */
	FE_STALL_RUNNING = 1 << 9,    /* it has been runnable or running all the time */
	FE_STALL_BEFORE_US = 1 << 10, /* it began before faultd looked for the first time */
	FE_STALL_FOLLOWED = 1 << 11,  /* the process is one that `run` started, or a descendant */
};

struct fe_stall_end {
	struct fe_header header;
	__fe64 start; /* with pid: which process */
	__fe32 pid;
	__fe32 tid;
	__fe32 kind;
	__fe32 flags; /* FE_STALL_END_* */
	__fe64 since; /* as in its FE_STALL */
	__fe64 end;   /* CLOCK_BOOTTIME ns */
};

enum { FE_STALL_END_GONE = 1 << 0 }; /* it did not go on: it ended */

/* Variable part: that of the identity. */
struct fe_hung {
	struct fe_header header;
	struct fe_identity id; /* tid, thread_comm: the thread */
};

#endif
