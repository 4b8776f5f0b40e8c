// SPDX-License-Identifier: GPL-2.0-only
/* The scan: every thread is looked at several times a second, and those that may stand still are told. */
#include "compat.bpf.h"
#include "faultd/scan.h"
#include "process.bpf.h"

/* include/linux/sched.h */
enum {
	TASK_INTERRUPTIBLE = 0x1,
	TASK_UNINTERRUPTIBLE = 0x2,
	TASK_STOPPED = 0x4,
	TASK_TRACED = 0x8,
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

/* A thread that was seen runnable, and at every look since, without a voluntary switch. */
struct busy {
	__u64 thread_start;
	__u64 since; /* the scheduler's clock */
	__u64 voluntary;
	__u64 run_time;
	__u64 throttled_time;
	__u32 periods;
	__u32 throttled_periods;
};

struct {
	__uint(type, BPF_MAP_TYPE_LRU_HASH);
	__uint(max_entries, 16384);
	__type(key, __u32);
	__type(value, struct fe_loop);
} loops SEC(".maps");

struct {
	__uint(type, BPF_MAP_TYPE_LRU_HASH);
	__uint(max_entries, 4096);
	__type(key, __u32);
	__type(value, struct busy);
} busies SEC(".maps");

struct {
	__uint(type, BPF_MAP_TYPE_LRU_HASH);
	__uint(max_entries, 8192);
	__type(key, __u32);   /* thread group */
	__type(value, __u64); /* the last scan in which one of its threads began to be suspect */
} waitings SEC(".maps");

struct {
	__uint(type, BPF_MAP_TYPE_HASH);
	__uint(max_entries, 1024);
	__type(key, __u32);
	__type(value, __u64);
} tracked SEC(".maps");

struct fe_scan scan = {.offset = ~0ULL};

/* The thread that is looked at: too large for the stack, and there is one reader only. */
struct fe_suspect seen = {};

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
	return since + age > scan.previous;
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
	/* Less what they were at busy_since: take_busy() has put that there. In another cgroup now, they may
	 * be less. */
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
	if (!bpf_core_field_exists(mm->mmap_lock.count) || BPF_CORE_READ(mm, mmap_lock.count.counter) & 7)
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
	if (task->flags & PF_EXITING)
		s->flags |= FE_SEEN_EXITING;
	bpf_probe_read_kernel(s->comm, sizeof(s->comm), task->comm);
}

static __always_inline void tell(struct bpf_iter_meta *meta, struct task_struct *task, struct fe_suspect *s,
				 __u32 suspicion)
{
	s->suspicion = suspicion;
	s->now = boottime(scan.now);
	take_thread(task, s);
	take_process(task, s);
	if (s->state == 'D') {
		take_kernel_lock(task, s);
		take_filesystem(task, s);
	}
	take_quota(limited_group(task), s);
	bpf_seq_write(meta->seq, s, sizeof(*s));
}

/* ---- threads that sleep */

/*
 * Whether all threads of a process may wait for each other is looked into when one of them has waited for
 * long enough, once in a scan: the last one of them is one of them.
 */
static __always_inline bool first_of_process(struct task_struct *task)
{
	__u32 tgid = task->tgid;
	__u64 *last = bpf_map_lookup_elem(&waitings, &tgid), now = scan.now;

	if (last && *last == now)
		return false;
	if (last)
		*last = now;
	else
		bpf_map_update_elem(&waitings, &tgid, &now, BPF_ANY);
	return true;
}

/*
 * What it may be locked on. glibc's mutexes wait with FUTEX_WAIT for a 2, or for a word with the waiters' bit
 * and the owner; its read-write locks with FUTEX_WAIT_BITSET for a 2 or a 3 (nptl/pthread_rwlock_common.c).
 */
static __always_inline bool may_be_lock(__u32 command, __u32 value)
{
	if (command == FUTEX_LOCK_PI || command == FUTEX_LOCK_PI2)
		return true;
	if (command == FUTEX_WAIT)
		return value == 2 || value & FUTEX_WAITED;
	return value == 2 || value == 3 || (value > 3 && value < PID_LIMIT);
}

static __always_inline __u32 suspect_futex(struct task_struct *task, struct fe_suspect *s, __u64 since,
					   __u32 class)
{
	__u32 command = s->args[1] & 0x7f;
	bool untimed = !s->args[3], private = s->args[1] & FUTEX_PRIVATE, join;

	if (class == FE_CALL_FUTEX_WAIT) {
		command = FUTEX_WAIT_BITSET;
		untimed = !s->args[4];
		private = s->args[3] & FUTEX_PRIVATE;
	}
	if (command != FUTEX_WAIT && command != FUTEX_WAIT_BITSET && command != FUTEX_LOCK_PI &&
	    command != FUTEX_LOCK_PI2)
		return FE_SUSPECT_NONE;
	if (untimed)
		s->flags |= FE_SEEN_UNTIMED;
	if (private)
		s->flags |= FE_SEEN_PRIVATE;
	/* pthread_join(3) waits for the kernel to clear the thread's id: a shared futex, although private. */
	join = !private && command == FUTEX_WAIT_BITSET && (__u32)s->args[2] < PID_LIMIT && s->args[2];
	if (!untimed)
		return FE_SUSPECT_NONE;
	if ((private || join) && crossed(since, scan.nominate[FE_STALL_DEADLOCK]) && first_of_process(task))
		return FE_SUSPECT_ALL_WAIT;
	if (!may_be_lock(command, s->args[2]))
		return FE_SUSPECT_NONE;
	return crossed(since, scan.nominate[FE_STALL_DEADLOCK]) ||
			       crossed(since, scan.nominate[FE_STALL_LOCK])
		       ? FE_SUSPECT_FUTEX
		       : FE_SUSPECT_NONE;
}

/* It polls: noted when it ran since the last scan; a loop that sleeps costs nothing. */
static __always_inline void note_poll(struct task_struct *task, const struct fe_suspect *s, __u64 since)
{
	struct fe_loop fresh = {}, *loop;
	__u32 tid = task->pid;

	if (since < scan.previous)
		return;
	loop = bpf_map_lookup_elem(&loops, &tid);
	if (loop && loop->thread_start == task->start_boottime) {
		loop->looked = 0;
		loop->seen++;
		loop->call = s->syscall;
		loop->fd = s->args[0];
		return;
	}
	fresh.thread_start = task->start_boottime;
	fresh.seen = 1;
	bpf_map_update_elem(&loops, &tid, &fresh, BPF_ANY);
}

static __always_inline struct fe_loop *find_loop(struct task_struct *task)
{
	__u32 tid = task->pid;
	struct fe_loop *loop = bpf_map_lookup_elem(&loops, &tid);

	return loop && loop->thread_start == task->start_boottime ? loop : 0;
}

static __always_inline void take_loop(struct fe_suspect *s, struct task_struct *task, struct fe_loop *loop)
{
	s->flags |= FE_SEEN_LOOP;
	s->loop_call = loop->call;
	s->loop_fd = loop->fd;
	s->loop_seen = loop->seen;
	if (loop->looked == scan.now) {
		s->last_poll = boottime(loop->outside);
		s->loop_run = task->se.sum_exec_runtime - loop->run_time;
	}
}

/* A thread that lives by polling does something else. Whether that has just become too long: if the last scan
 * did not see it elsewhere as well, it polled then or since. */
static __always_inline bool suspect_loop(struct task_struct *task, struct fe_suspect *s)
{
	struct fe_loop *loop = scan.nominate[FE_STALL_EVENTLOOP] ? find_loop(task) : 0;

	if (!loop)
		return false;
	if (!loop->looked || loop->looked != scan.previous) {
		loop->outside = scan.previous ?: scan.now;
		loop->run_time = task->se.sum_exec_runtime;
	}
	loop->looked = scan.now;
	take_loop(s, task, loop);
	return crossed(loop->outside, scan.nominate[FE_STALL_EVENTLOOP]);
}

/* Most threads sleep as they did at the last scan: then nothing else about them need be read. */
static __always_inline bool is_news(__u64 since)
{
	return since >= scan.previous || since + scan.nominate[FE_STALL_EVENTLOOP] > scan.previous ||
	       crossed(since, scan.nominate[FE_STALL_DEADLOCK]) ||
	       crossed(since, scan.nominate[FE_STALL_LOCK]) || crossed(since, scan.nominate[FE_STALL_IO]) ||
	       crossed(since, scan.nominate[FE_STALL_SYSCALL]);
}

static __always_inline __u32 suspect_sleeper(struct task_struct *task, struct fe_suspect *s, __u64 since)
{
	__u32 class, suspicion = FE_SUSPECT_NONE;

	if (!is_news(since))
		return FE_SUSPECT_NONE;
	class = take_call(task, s);

	if (s->state == 'D') {
		if (class == FE_CALL_VFORK || dumps_core(task))
			return FE_SUSPECT_NONE;
		if (crossed(since, scan.nominate[FE_STALL_IO]))
			suspicion = FE_SUSPECT_UNINTERRUPTIBLE;
	} else if (class == FE_CALL_FUTEX || class == FE_CALL_FUTEX_WAIT) {
		suspicion = suspect_futex(task, s, since, class);
	} else if (class == FE_CALL_POLL) {
		s->flags |= FE_SEEN_POLLING;
		note_poll(task, s, since);
		return FE_SUSPECT_NONE;
	} else if (class == FE_CALL_BLOCKS ||
		   (class == FE_CALL_FCNTL && (s->args[1] == F_SETLKW || s->args[1] == F_OFD_SETLKW))) {
		if (crossed(since, scan.nominate[FE_STALL_SYSCALL]))
			suspicion = FE_SUSPECT_CALL;
	}
	/* Of what was before us nobody knows how it lived: userspace looks at its descriptors. */
	if (suspicion == FE_SUSPECT_NONE && !scan.previous && task->pid == task->tgid &&
	    (class == FE_CALL_OTHER || class == FE_CALL_BLOCKS || class == FE_CALL_FUTEX) &&
	    crossed(since, scan.nominate[FE_STALL_EVENTLOOP]))
		return FE_SUSPECT_LOOP;
	/* Its loop began to be overdue while it slept here, or not at all. */
	if (suspicion == FE_SUSPECT_NONE && class != FE_CALL_IDLE &&
	    since + scan.nominate[FE_STALL_EVENTLOOP] > scan.previous && suspect_loop(task, s))
		suspicion = FE_SUSPECT_LOOP;
	return suspicion;
}

/* ---- threads that run, or would */

static __always_inline struct busy *follow_busy(struct task_struct *task, struct task_group *group)
{
	struct busy *busy, fresh = {};
	__u32 tid = task->pid;

	busy = bpf_map_lookup_elem(&busies, &tid);
	if (busy && busy->thread_start == task->start_boottime && busy->voluntary == task->nvcsw)
		return busy;
	fresh.thread_start = task->start_boottime;
	fresh.since = scan.now;
	/* At the first look, what it has not done since it came to its CPU counts as well. */
	if (!scan.previous)
		fresh.since = task->sched_info.last_arrival;
	fresh.voluntary = task->nvcsw;
	fresh.run_time = task->se.sum_exec_runtime;
	if (group) {
		fresh.periods = BPF_CORE_READ(group, cfs_bandwidth.nr_periods);
		fresh.throttled_periods = BPF_CORE_READ(group, cfs_bandwidth.nr_throttled);
		fresh.throttled_time = BPF_CORE_READ(group, cfs_bandwidth.throttled_time);
	}
	bpf_map_update_elem(&busies, &tid, &fresh, BPF_ANY);
	return 0;
}

static __always_inline void take_busy(struct fe_suspect *s, struct task_struct *task, struct busy *busy)
{
	s->busy_since = boottime(busy->since);
	s->busy_run = task->se.sum_exec_runtime - busy->run_time;
	s->periods = busy->periods;
	s->throttled_periods = busy->throttled_periods;
	s->throttled_time = busy->throttled_time;
}

static __always_inline __u32 suspect_runnable(struct task_struct *task, struct fe_suspect *s)
{
	struct task_group *group = limited_group(task);
	struct busy *busy = follow_busy(task, group);
	__u64 queued = task->sched_info.last_queued, age, share;

	s->flags |= FE_SEEN_RUNNABLE;
	if (suspect_loop(task, s))
		return FE_SUSPECT_LOOP;
	if (!task->on_cpu && queued && !group && crossed(queued, scan.nominate[FE_STALL_STARVED]))
		return FE_SUSPECT_QUEUED;
	if (!busy)
		return FE_SUSPECT_NONE;
	take_busy(s, task, busy);
	age = scan.now - busy->since;
	share = s->busy_run * 10;
	if (group && share < age && crossed(busy->since, scan.nominate[FE_STALL_THROTTLED]))
		return FE_SUSPECT_THROTTLED;
	if (!group && share < age && crossed(busy->since, scan.nominate[FE_STALL_STARVED]))
		return FE_SUSPECT_QUEUED;
	if (share > 5 * age && (crossed(busy->since, scan.nominate[FE_STALL_SPIN]) ||
				crossed(busy->since, scan.nominate[FE_STALL_EVENTLOOP])))
		return FE_SUSPECT_BUSY;
	return FE_SUSPECT_NONE;
}

/* ---- the look at one thread */

static __always_inline bool is_frozen(struct task_struct *task, __u32 state)
{
	return state & TASK_FROZEN || task->jobctl & JOBCTL_TRAP_FREEZE ||
	       (task->flags & PF_FROZEN_OLD && state & TASK_UNINTERRUPTIBLE);
}

static __always_inline __u32 look(struct task_struct *task, struct fe_suspect *s, __u32 state)
{
	__u64 since = switched(task);

	s->since = boottime(since);
	s->state = letter(state);
	if (is_frozen(task, state)) {
		s->flags |= FE_SEEN_FROZEN;
		return task->pid == task->tgid && crossed(since, scan.nominate[FE_STALL_STOPPED])
			       ? FE_SUSPECT_FROZEN
			       : FE_SUSPECT_NONE;
	}
	if (state & (TASK_STOPPED | TASK_TRACED))
		return task->pid == task->tgid && crossed(since, scan.nominate[FE_STALL_STOPPED])
			       ? FE_SUSPECT_STOPPED
			       : FE_SUSPECT_NONE;
	if (!state)
		return suspect_runnable(task, s);
	if (state & TASK_NOLOAD || !(state & (TASK_INTERRUPTIBLE | TASK_UNINTERRUPTIBLE)))
		return FE_SUSPECT_NONE;
	if (state & TASK_WAKEKILL)
		s->flags |= FE_SEEN_KILLABLE;
	return suspect_sleeper(task, s, since);
}

/* What userspace wants to know of a thread that it follows, whatever it does now. */
static __always_inline void look_again(struct task_struct *task, struct fe_suspect *s, __u32 state)
{
	__u32 tid = task->pid;
	struct busy *busy;
	struct fe_loop *loop;

	if (s->syscall == ~0U && state)
		take_call(task, s);
	loop = find_loop(task);
	if (loop)
		take_loop(s, task, loop);
	busy = bpf_map_lookup_elem(&busies, &tid);
	if (busy && busy->thread_start == task->start_boottime && busy->voluntary == task->nvcsw)
		take_busy(s, task, busy);
}

/*
 * The scheduler's clock is not read: the reader of this iterator came to its CPU just now, and the scheduler
 * has noted when. So the difference to CLOCK_BOOTTIME is never too small; userspace keeps the smallest.
 */
static __always_inline void begin_scan(void)
{
	struct task_struct *reader = (void *)bpf_get_current_task();
	__u64 now = bpf_ktime_get_boot_ns(), arrival = BPF_CORE_READ(reader, sched_info.last_arrival);

	scan.candidate = now - arrival;
	/* A suspend is in CLOCK_BOOTTIME alone. */
	if (scan.candidate < scan.offset || scan.candidate > scan.offset + LONG_RUN)
		scan.offset = scan.candidate;
	scan.now = now - scan.offset;
	if (scan.resumed) {
		scan.floor = scan.now;
		scan.resumed = 0;
	}
}

SEC("?iter/task")
int scan_threads(struct bpf_iter__task *ctx)
{
	struct bpf_iter_meta *meta = ctx->meta;
	struct task_struct *task = ctx->task;
	struct fe_suspect *s = &seen;
	__u32 tid, state, suspicion;

	if (!task)
		return 0;
	if (!meta->seq_num)
		begin_scan();
	scan.visited++;
	if (task->flags & (PF_KTHREAD | PF_IO_WORKER) || task->exit_state)
		return 0;
	tid = task->pid;
	__builtin_memset(s, 0, sizeof(*s));
	s->syscall = ~0U;
	state = compat_task_state(task);
	suspicion = look(task, s, state);
	if (suspicion == FE_SUSPECT_NONE) {
		if (!scan.tracked || !bpf_map_lookup_elem(&tracked, &tid))
			return 0;
		look_again(task, s, state);
		suspicion = FE_SUSPECT_TRACKED;
	}
	tell(meta, task, s, suspicion);
	return 0;
}
