/* SPDX-License-Identifier: GPL-2.0-only */
/* What the scan reads of one thread, into the record that userspace gets of a suspect. */
#ifndef FAULTD_BPF_SUSPECT_H
#define FAULTD_BPF_SUSPECT_H

#include "compat.bpf.h"
#include "faultd/scan.h"

/* include/linux/sched.h */
enum {
	TASK_INTERRUPTIBLE = 0x1,
	TASK_UNINTERRUPTIBLE = 0x2,
	TASK_STOPPED = 0x4,
	TASK_TRACED = 0x8,
	TASK_DEAD = 0x80,
	TASK_WAKEKILL = 0x100,
	TASK_NOLOAD = 0x400,
	TASK_FROZEN = 0x8000,	    /* 6.1, f5d39b020809 ("freezer,sched: Rewrite core freezer logic") */
	PF_FROZEN_OLD = 0x00010000, /* before that */
	JOBCTL_STOP_SIGMASK = 0xffff,
	JOBCTL_TRAP_FREEZE = 1 << 23,
};

enum { FUTEX_WAIT = 0, FUTEX_LOCK_PI = 6, FUTEX_WAIT_BITSET = 9, FUTEX_LOCK_PI2 = 13, FUTEX_PRIVATE = 128 };
enum { F_SETLKW = 7, F_OFD_SETLKW = 38 };
enum { I386_CLONE = 120, I386_VFORK = 190, I386_CLONE3 = 435 };
enum { CLONE_VFORK = 0x4000 };
enum { AT_32BIT_CS = 0x23 }; /* __USER32_CS of arch/x86: a 32-bit process */
enum { BLOCKER_MUTEX = 0, BLOCKER_RWSEM_READER = 2, BLOCKER_RWSEM_WRITER = 3 }; /* linux/hung_task.h */

#define NO_QUOTA     (~0ULL)
#define FUTEX_WAITED 0x80000000U /* FUTEX_WAITERS in a word that holds its owner */
#define PID_LIMIT    (1U << 22)
#define LONG_RUN     1000000000ULL /* nobody runs that long between two switches and then reads us */

extern struct fe_scan scan;

/* The state that /proc/PID/stat shows: task_state_array in fs/proc/array.c. */
static __always_inline __u32 letter(__u32 state)
{
	if (!state)
		return 'R';
	if (state & TASK_INTERRUPTIBLE)
		return 'S';
	if (state & TASK_UNINTERRUPTIBLE)
		return 'D';
	if (state & TASK_STOPPED)
		return 'T';
	return state & TASK_TRACED ? 't' : '?';
}

static __always_inline __u64 boottime(__u64 scheduler)
{
	return scheduler ? scheduler + scan.offset : 0;
}

/*
 * When the thread was last switched away from a CPU: when it came to it, and how long it then ran. The
 * scheduler keeps the start of that run for its own fair class only (set_next_entity() in
 * kernel/sched/fair.c).
 */
static __always_inline __u64 switched(struct task_struct *task)
{
	__u64 arrival = task->sched_info.last_arrival, total, before;

	if (task->policy == 1 || task->policy == 2 || task->policy == 6)
		return arrival;
	total = task->se.sum_exec_runtime;
	before = task->se.prev_sum_exec_runtime;
	if (total <= before || arrival + (total - before) > scan.now)
		return arrival;
	return arrival + (total - before);
}

/* Whether a state that began then has just become as old as that: it was not, at the last scan. */
static __always_inline bool crossed(__u64 since, __u64 age)
{
	if (since < scan.floor)
		since = scan.floor;
	if (!age || since + age > scan.now)
		return false;
	return scan.everything || since + age > scan.previous;
}

static __always_inline __u32 take_call(struct task_struct *task, struct fe_suspect *s)
{
	struct pt_regs *regs = compat_task_regs(task);
	struct pt_regs copy;

	s->syscall = ~0U;
	if (!regs || bpf_probe_read_kernel(&copy, sizeof(copy), regs))
		return FE_CALL_IDLE;
#ifdef __TARGET_ARCH_x86
	if (copy.cs == AT_32BIT_CS) {
		s->flags |= FE_SEEN_COMPAT;
		return copy.orig_ax == I386_VFORK || copy.orig_ax == I386_CLONE || copy.orig_ax == I386_CLONE3
			       ? FE_CALL_VFORK
			       : FE_CALL_IDLE;
	}
	s->syscall = copy.orig_ax;
	s->args[0] = copy.di;
	s->args[1] = copy.si;
	s->args[2] = copy.dx;
	s->args[3] = copy.r10;
	s->args[4] = copy.r8;
	s->args[5] = copy.r9;
#else
	s->syscall = copy.regs[8];
	for (int i = 0; i < 6; i++)
		s->args[i] = copy.regs[i];
#endif
	if (s->syscall >= FE_CALLS_MAX) {
		s->syscall = ~0U;
		return FE_CALL_OTHER;
	}
	/* clone(2) has its flags in a register; of clone3(2) it is not known. */
	if (s->syscall == scan.clone && !(s->args[0] & CLONE_VFORK))
		return FE_CALL_OTHER;
	return scan.calls[s->syscall & (FE_CALLS_MAX - 1)] & FE_CALL_CLASS;
}

/* The nearest cgroup that limits it: its own task group, or one above. */
static __always_inline struct task_group *limited_group(struct task_struct *task)
{
	struct task_group *group = task->sched_task_group;

	for (int i = 0; i < 6 && group; i++) {
		__u64 quota = BPF_CORE_READ(group, cfs_bandwidth.quota);

		if (quota != NO_QUOTA && quota)
			return group;
		group = BPF_CORE_READ(group, parent);
	}
	return 0;
}

static __always_inline __u64 grown(__u64 now, __u64 before)
{
	return now > before ? now - before : 0;
}

static __always_inline void take_quota(struct task_group *group, struct fe_suspect *s)
{
	if (!group || !bpf_core_field_exists(group->cfs_bandwidth))
		return;
	s->quota = BPF_CORE_READ(group, cfs_bandwidth.quota);
	s->period = BPF_CORE_READ(group, cfs_bandwidth.period);
	s->group = BPF_CORE_READ(group, css.cgroup, kn, id);
	/* Less what they were at hungry_since: take_busy() has put that there. In another cgroup now, they
	 * may be less. */
	s->periods = grown(BPF_CORE_READ(group, cfs_bandwidth.nr_periods), s->periods);
	s->throttled_periods = grown(BPF_CORE_READ(group, cfs_bandwidth.nr_throttled), s->throttled_periods);
	s->throttled_time = grown(BPF_CORE_READ(group, cfs_bandwidth.throttled_time), s->throttled_time);
}

static __always_inline void take_kernel_lock(struct task_struct *task, struct fe_suspect *s)
{
	struct task_struct___blocker *waiting = (void *)task;
	struct task_struct *holder;
	unsigned long blocker;
	long owner = 0;

	if (!bpf_core_field_exists(waiting->blocker))
		return;
	blocker = BPF_CORE_READ(waiting, blocker);
	if (!blocker)
		return;
	s->flags |= FE_SEEN_KERNEL_LOCK;
	if ((blocker & 3) == BLOCKER_MUTEX)
		owner = BPF_CORE_READ((struct mutex *)(blocker & ~3UL), owner.counter);
	else if ((blocker & 3) >= BLOCKER_RWSEM_READER)
		owner = BPF_CORE_READ((struct rw_semaphore *)(blocker & ~3UL), owner.counter);
	/* Bit 0 of a semaphore's owner says that it is one of several readers, who may have left since. */
	if ((blocker & 3) != BLOCKER_MUTEX && owner & 1)
		return;
	holder = (void *)(owner & ~7L);
	if (!holder)
		return;
	s->holder_pid = BPF_CORE_READ(holder, tgid);
	s->holder_tid = BPF_CORE_READ(holder, pid);
	bpf_probe_read_kernel(s->holder_comm, sizeof(s->holder_comm), holder->comm);
}

static __always_inline struct file *file_of(struct task_struct *task, __u64 fd)
{
	struct fdtable *table = BPF_CORE_READ(task, files, fdt);
	struct file *file = 0;

	if (table && fd < BPF_CORE_READ(table, max_fds))
		bpf_probe_read_kernel(&file, sizeof(file), BPF_CORE_READ(table, fd) + fd);
	return file;
}

/* Frozen: freeze_super() in fs/super.c. */
static __always_inline void take_filesystem(struct task_struct *task, struct fe_suspect *s)
{
	struct super_block *sb;
	struct file *file;

	if (s->syscall >= FE_CALLS_MAX || !(scan.calls[s->syscall & (FE_CALLS_MAX - 1)] & FE_CALL_ON_FD))
		return;
	file = file_of(task, s->args[0]);
	if (!file)
		return;
	sb = BPF_CORE_READ(file, f_inode, i_sb);
	bpf_probe_read_kernel_str(s->filesystem, sizeof(s->filesystem), BPF_CORE_READ(sb, s_type, name));
	if (BPF_CORE_READ(sb, s_writers.frozen))
		s->flags |= FE_SEEN_FS_FROZEN;
}

static __always_inline bool has_timers(struct signal_struct *signal)
{
	void *head = (void *)signal + bpf_core_field_offset(struct signal_struct, posix_timers), *first = 0;

	bpf_probe_read_kernel(&first, sizeof(first), head);
	return (first && first != head) || compat_real_timer(signal) ||
	       BPF_CORE_READ(signal, it[0].expires) || BPF_CORE_READ(signal, it[1].expires);
}

static __always_inline void take_process(struct task_struct *task, struct fe_suspect *s)
{
	struct signal_struct *signal = task->signal;
	struct mm_struct *mm = task->mm;

	s->start = BPF_CORE_READ(task, group_leader, start_boottime);
	s->threads = signal->nr_threads;
	if (has_timers(signal))
		s->flags |= FE_SEEN_TIMERS;
	if (BPF_CORE_READ(signal, tty))
		s->flags |= FE_SEEN_TERMINAL;
	if (!mm)
		return;
	/* Bits 0 to 2 of the count: a writer has it, somebody waits, handed over (kernel/locking/rwsem.c). */
	if (!bpf_core_field_exists(mm->mmap_lock.count))
		s->flags |= FE_SEEN_MM_UNKNOWN; /* PREEMPT_RT */
	else if (BPF_CORE_READ(mm, mmap_lock.count.counter) & 7)
		s->flags |= FE_SEEN_MM_BUSY;
	if (BPF_CORE_READ(mm, mm_users.counter) > (int)s->threads)
		s->flags |= FE_SEEN_MM_SHARED;
}

static __always_inline void take_thread(struct task_struct *task, struct fe_suspect *s)
{
	s->pid = task->tgid;
	s->tid = task->pid;
	s->thread_start = task->start_boottime;
	s->switches = task->nvcsw + task->nivcsw;
	s->voluntary = task->nvcsw;
	s->run_time = task->se.sum_exec_runtime;
	s->queued = boottime(task->sched_info.last_queued);
	s->cpu = compat_task_cpu(task);
	s->cpus_allowed = task->nr_cpus_allowed;
	s->policy = task->policy;
	s->nice = task->static_prio - 120;
	s->stop_signal = task->jobctl & JOBCTL_STOP_SIGMASK;
	if (task->ptrace) {
		s->flags |= FE_SEEN_TRACED;
		s->tracer = BPF_CORE_READ(task, parent, tgid);
	}
	if (task->flags & PF_EXITING || task->signal->flags & SIGNAL_GROUP_EXIT)
		s->flags |= FE_SEEN_EXITING;
	bpf_probe_read_kernel(s->comm, sizeof(s->comm), task->comm);
}

#endif
