/* SPDX-License-Identifier: GPL-2.0-only */
/* Every kernel difference that the programs bridge, each with the version or commit that made it. */
#ifndef FAULTD_BPF_COMPAT_H
#define FAULTD_BPF_COMPAT_H

#include "kernel.h"

/* 6.15, 633488947ef6 ("kernfs: Use RCU to access kernfs_node::parent"): parent became __parent. */
struct kernfs_node___new {
	struct kernfs_node *__parent;
} RELOCATED;

struct kernfs_node___old {
	struct kernfs_node *parent;
} RELOCATED;

static __always_inline struct kernfs_node *compat_kernfs_parent(struct kernfs_node *node)
{
	struct kernfs_node___new *new = (void *)node;
	struct kernfs_node___old *old = (void *)node;

	if (bpf_core_field_exists(new->__parent))
		return BPF_CORE_READ(new, __parent);
	return BPF_CORE_READ(old, parent);
}

/*
 * rss_stat: an array of atomics in a struct up to 6.1; since 6.2, f1a7941243c1 ("mm: convert mm's rss stats
 * into percpu_counter"), percpu counters whose central count lags by at most a batch per CPU.
 */
struct mm_rss_stat___old {
	atomic_long_t count[4];
} RELOCATED;

struct mm_struct___rss_old {
	struct mm_rss_stat___old rss_stat;
} RELOCATED;

struct percpu_counter {
	__s64 count;
} RELOCATED;

struct mm_struct___rss_new {
	struct percpu_counter rss_stat[4];
} RELOCATED;

/* MM_FILEPAGES, MM_ANONPAGES and MM_SHMEMPAGES: indices 0, 1 and 3 in every supported version. */
static __always_inline __u64 compat_rss_pages(struct mm_struct *mm)
{
	struct mm_struct___rss_old *old = (void *)mm;
	struct mm_struct___rss_new *new = (void *)mm;
	__s64 pages;

	if (bpf_core_field_exists(old->rss_stat.count)) {
		pages = BPF_CORE_READ(old, rss_stat.count[0].counter) +
			BPF_CORE_READ(old, rss_stat.count[1].counter) +
			BPF_CORE_READ(old, rss_stat.count[3].counter);
	} else if (bpf_core_type_exists(struct percpu_counter)) {
		pages = BPF_CORE_READ(new, rss_stat[0].count) + BPF_CORE_READ(new, rss_stat[1].count) +
			BPF_CORE_READ(new, rss_stat[3].count);
	} else {
		pages = 0;
	}
	return pages > 0 ? pages : 0;
}

/*
 * Registers of the current task at its entry to the kernel. bpf_task_pt_regs() came with 5.15 (dd6e10fbd9fb);
 * before it, they lie at the top of the kernel stack, whose size is 16 KiB on x86_64 (no FRED padding
 * before 6.9).
 */
static long (*compat_task_pt_regs_helper)(struct task_struct *task) = (void *)BPF_FUNC_task_pt_regs;
static struct task_struct *(*compat_current_task_btf)(void) = (void *)BPF_FUNC_get_current_task_btf;

static __always_inline struct pt_regs *compat_current_regs(void)
{
	if (bpf_core_enum_value_exists(enum bpf_func_id, BPF_FUNC_task_pt_regs))
		return (struct pt_regs *)compat_task_pt_regs_helper(compat_current_task_btf());
#ifdef __TARGET_ARCH_x86
	struct task_struct *task = (void *)bpf_get_current_task();

	return (struct pt_regs *)((__u64)BPF_CORE_READ(task, stack) + 16384 - sizeof(struct pt_regs));
#else
	return 0;
#endif
}

/* Before 6.1 mappings are in an rb-tree (removed by 524e00b36e8c, "mm: remove rb tree"). */
struct vm_area_struct___old {
	struct rb_node vm_rb;
} RELOCATED;

struct mm_struct___old {
	struct rb_root mm_rb;
} RELOCATED;

/* Since then in a maple tree (d4af56c5c7c6, "mm: start tracking VMAs with maple tree"). */
struct maple_tree {
	void *ma_root;
} RELOCATED;

struct maple_range_64 {
	unsigned long pivot[15];
	void *slot[16];
} RELOCATED;

struct maple_arange_64 {
	unsigned long pivot[9];
	void *slot[10];
} RELOCATED;

struct mm_struct___maple {
	struct maple_tree mm_mt;
} RELOCATED;

/* 5.14, 2f064a59a11f ("sched: Change task_struct::state"): state became __state. */
struct task_struct___old_state {
	volatile long state;
} RELOCATED;

struct task_struct___new_state {
	unsigned int __state;
} RELOCATED;

static __always_inline __u32 compat_task_state(struct task_struct *task)
{
	struct task_struct___new_state *new = (void *)task;
	struct task_struct___old_state *old = (void *)task;

	if (bpf_core_field_exists(new->__state))
		return BPF_CORE_READ(new, __state);
	return BPF_CORE_READ(old, state);
}

/* 5.16, bcf9033e5449 ("sched: move CPU field back into thread_info if THREAD_INFO_IN_TASK=y"). */
struct thread_info {
	__u32 cpu;
} RELOCATED;

struct task_struct___new_cpu {
	struct thread_info thread_info;
} RELOCATED;

struct task_struct___old_cpu {
	unsigned int cpu;
} RELOCATED;

static __always_inline __u32 compat_task_cpu(struct task_struct *task)
{
	struct task_struct___new_cpu *new = (void *)task;
	struct task_struct___old_cpu *old = (void *)task;

	if (bpf_core_field_exists(old->cpu))
		return BPF_CORE_READ(old, cpu);
	if (bpf_core_field_exists(new->thread_info.cpu))
		return BPF_CORE_READ(new, thread_info.cpu);
	return ~0U;
}

/* Registers of another task at its entry to the kernel: see compat_current_regs(). task: from an iterator. */
static __always_inline struct pt_regs *compat_task_regs(struct task_struct *task)
{
	if (bpf_core_enum_value_exists(enum bpf_func_id, BPF_FUNC_task_pt_regs))
		return (struct pt_regs *)compat_task_pt_regs_helper(task);
#ifdef __TARGET_ARCH_x86
	return (struct pt_regs *)((__u64)task->stack + 16384 - sizeof(struct pt_regs));
#else
	return 0;
#endif
}

/* 6.16, e711faaafbe5 ("hung_task: replace blocker_mutex with encoded blocker"): the lock, its type below. */
struct task_struct___blocker {
	unsigned long blocker;
} RELOCATED;

/* A state whose bit 0 says that it is queued; is_queued in 7.2 (and not yet in 6.18). */
struct hrtimer___old {
	__u8 state;
} RELOCATED;

struct hrtimer___new {
	bool is_queued;
} RELOCATED;

struct signal_struct___timer {
	struct hrtimer___old real_timer;
} RELOCATED;

struct signal_struct___timer_new {
	struct hrtimer___new real_timer;
} RELOCATED;

/* Whether ITIMER_REAL of setitimer(2) runs. */
static __always_inline bool compat_real_timer(struct signal_struct *signal)
{
	struct signal_struct___timer *old = (void *)signal;
	struct signal_struct___timer_new *new = (void *)signal;

	if (bpf_core_field_exists(old->real_timer.state))
		return BPF_CORE_READ(old, real_timer.state) & 1;
	if (bpf_core_field_exists(new->real_timer.is_queued))
		return BPF_CORE_READ(new, real_timer.is_queued);
	return true;
}

struct core_state;

struct mm_struct___dumping {
	struct core_state *core_state;
} RELOCATED;

struct signal_struct___dumping {
	struct core_state *core_state;
} RELOCATED;

/*
 * Whether the process writes its core: until that is done its threads wait in uninterruptible sleep (before
 * 6.12, b8e753128ed0). In the mm up to 5.15 (0258b5fd7c71, "coredump: Limit coredumps to a single thread
 * group").
 */
static __always_inline bool dumps_core(struct task_struct *task)
{
	struct signal_struct___dumping *signal = (void *)BPF_CORE_READ(task, signal);
	struct mm_struct___dumping *mm = (void *)BPF_CORE_READ(task, mm);

	if (bpf_core_field_exists(signal->core_state))
		return BPF_CORE_READ(signal, core_state);
	return bpf_core_field_exists(mm->core_state) && mm && BPF_CORE_READ(mm, core_state);
}

#endif
