// SPDX-License-Identifier: GPL-2.0-only
/* The scan: every thread is looked at several times a second, and those that may stand still are told. */
#include "process.bpf.h"
#include "suspect.bpf.h"

/* A thread that was seen runnable, and at every look since, without a voluntary switch. */
struct busy {
	__u64 thread_start;
	__u64 since; /* the scheduler's clock */
	__u64 voluntary;
	__u64 run_time;
	/* Since when it has had less than a tenth of the time, and what stood then: */
	__u64 hungry_since;
	__u64 hungry_run;
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

struct {
	__uint(type, BPF_MAP_TYPE_RINGBUF);
	__uint(max_entries, 1 << 18); /* some 800 suspects of one scan */
} ring_suspects SEC(".maps");

struct fe_scan scan = {.offset = ~0ULL};

/* The thread that is looked at: too large for the stack, and there is one reader only. */
struct fe_suspect seen = {};

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
	fresh.call = s->syscall;
	fresh.fd = s->args[0];
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
	if (class != FE_CALL_IDLE && since + scan.nominate[FE_STALL_EVENTLOOP] > scan.previous &&
	    suspect_loop(task, s)) {
		if (suspicion == FE_SUSPECT_NONE)
			return FE_SUSPECT_LOOP;
		s->flags |= FE_SEEN_OVERDUE;
	}
	return suspicion;
}

/* ---- threads that run, or would */

static __always_inline void begin_hunger(struct busy *busy, struct task_struct *task,
					 struct task_group *group)
{
	busy->hungry_since = scan.now;
	busy->hungry_run = task->se.sum_exec_runtime;
	if (!group)
		return;
	busy->periods = BPF_CORE_READ(group, cfs_bandwidth.nr_periods);
	busy->throttled_periods = BPF_CORE_READ(group, cfs_bandwidth.nr_throttled);
	busy->throttled_time = BPF_CORE_READ(group, cfs_bandwidth.throttled_time);
}

static __always_inline struct busy *follow_busy(struct task_struct *task, struct task_group *group)
{
	struct busy *busy, fresh = {};
	__u32 tid = task->pid;

	busy = bpf_map_lookup_elem(&busies, &tid);
	if (busy && busy->thread_start == task->start_boottime && busy->voluntary == task->nvcsw) {
		if ((task->se.sum_exec_runtime - busy->hungry_run) * 10 > scan.now - busy->hungry_since)
			begin_hunger(busy, task, group);
		return busy;
	}
	fresh.thread_start = task->start_boottime;
	fresh.since = scan.now;
	/* At the first look, what it has not done since it came to its CPU counts as well. */
	if (!scan.previous)
		fresh.since = task->sched_info.last_arrival;
	fresh.voluntary = task->nvcsw;
	fresh.run_time = task->se.sum_exec_runtime;
	begin_hunger(&fresh, task, group);
	bpf_map_update_elem(&busies, &tid, &fresh, BPF_ANY);
	return 0;
}

static __always_inline void take_busy(struct fe_suspect *s, struct task_struct *task, struct busy *busy)
{
	s->busy_since = boottime(busy->since);
	s->busy_run = task->se.sum_exec_runtime - busy->run_time;
	s->hungry_since = boottime(busy->hungry_since);
	s->hungry_run = task->se.sum_exec_runtime - busy->hungry_run;
	s->periods = busy->periods;
	s->throttled_periods = busy->throttled_periods;
	s->throttled_time = busy->throttled_time;
}

static __always_inline __u32 suspect_runnable(struct task_struct *task, struct fe_suspect *s)
{
	struct task_group *group = limited_group(task);
	struct busy *busy = follow_busy(task, group);
	__u64 queued = task->sched_info.last_queued;

	s->flags |= FE_SEEN_RUNNABLE;
	if (suspect_loop(task, s))
		return FE_SUSPECT_LOOP;
	if (!task->on_cpu && queued && !group && crossed(queued, scan.nominate[FE_STALL_STARVED]))
		return FE_SUSPECT_QUEUED;
	if (!busy)
		return FE_SUSPECT_NONE;
	take_busy(s, task, busy);
	if (group && crossed(busy->hungry_since, scan.nominate[FE_STALL_THROTTLED]))
		return FE_SUSPECT_THROTTLED;
	if (!group && crossed(busy->hungry_since, scan.nominate[FE_STALL_STARVED]))
		return FE_SUSPECT_QUEUED;
	if (s->busy_run * 2 > scan.now - busy->since &&
	    (crossed(busy->since, scan.nominate[FE_STALL_SPIN]) ||
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

/* The rest of what there is to know about a suspect. */
static __always_inline void complete(struct task_struct *task, struct fe_suspect *s, __u32 suspicion)
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
}

/* Looks at one thread; FE_SUSPECT_NONE, or the record is complete. */
static __always_inline __u32 visit(struct task_struct *task)
{
	struct fe_suspect *s = &seen;
	__u32 tid, state, suspicion;

	if (task->flags & (PF_KTHREAD | PF_IO_WORKER) || task->exit_state)
		return FE_SUSPECT_NONE;
	__builtin_memset(s, 0, sizeof(*s));
	tid = task->pid;
	s->syscall = ~0U;
	state = compat_task_state(task);
	suspicion = look(task, s, state);
	if (suspicion == FE_SUSPECT_NONE) {
		if (!scan.tracked || !bpf_map_lookup_elem(&tracked, &tid))
			return FE_SUSPECT_NONE;
		look_again(task, s, state);
		suspicion = FE_SUSPECT_TRACKED;
	}
	complete(task, s, suspicion);
	return suspicion;
}

SEC("?iter/task")
int scan_threads(struct bpf_iter__task *ctx)
{
	struct bpf_iter_meta *meta = ctx->meta;
	struct task_struct *task = ctx->task;

	if (!task)
		return 0;
	if (!meta->seq_num)
		begin_scan();
	scan.visited++;
	if (visit(task) != FE_SUSPECT_NONE)
		bpf_seq_write(meta->seq, &seen, sizeof(seen));
	return 0;
}

/* Kernel functions of 6.7 (c68a78ffe2cb, "bpf: Introduce task open coded iterator kfuncs"). */
struct bpf_iter_task {
	__u64 opaque[3];
} __attribute__((aligned(8)));

enum { BPF_TASK_ITER_ALL_THREADS = 1 };

extern int bpf_iter_task_new(struct bpf_iter_task *it, struct task_struct *task,
			     unsigned int flags) __ksym __weak;
extern struct task_struct *bpf_iter_task_next(struct bpf_iter_task *it) __ksym __weak;
extern void bpf_iter_task_destroy(struct bpf_iter_task *it) __ksym __weak;
extern struct task_struct *bpf_task_from_pid(int pid) __ksym __weak;
extern void bpf_task_release(struct task_struct *task) __ksym __weak;
extern void bpf_rcu_read_lock(void) __ksym __weak;
extern void bpf_rcu_read_unlock(void) __ksym __weak;

/* What visit() may say something of; for the others it would return at once. */
static __always_inline bool worth_a_visit(struct task_struct *task)
{
	__u32 tid = task->pid, state;
	__u64 since;

	state = compat_task_state(task);
	if (task->flags & (PF_KTHREAD | PF_IO_WORKER) || state & TASK_DEAD)
		return false;
	if (!state)
		return true;
	since = switched(task);
	if (is_news(since) || crossed(since, scan.nominate[FE_STALL_STOPPED]))
		return true;
	return scan.tracked && bpf_map_lookup_elem(&tracked, &tid);
}

/* A function of its own, so that the verifier need not follow it through every turn of the loop. */
__noinline int visit_thread(__u32 tid)
{
	struct task_struct *task = bpf_task_from_pid(tid);

	if (!task)
		return 0;
	if (visit(task) != FE_SUSPECT_NONE &&
	    bpf_ringbuf_output(&ring_suspects, &seen, sizeof(seen), BPF_RB_NO_WAKEUP))
		scan.dropped++;
	bpf_task_release(task);
	return 0;
}

/*
 * The same scan in less than half of the time: the file iterator takes a reference to each task, and looks
 * its number up again for the next. This one holds RCU for the whole of it, so it is for moderate numbers of
 * threads.
 */
SEC("?syscall")
int scan_threads_at_once(void *ctx)
{
	struct task_struct *task;
	struct bpf_iter_task it;

	begin_scan();
	bpf_rcu_read_lock();
	bpf_iter_task_new(&it, 0, BPF_TASK_ITER_ALL_THREADS);
	while ((task = bpf_iter_task_next(&it))) {
		scan.visited++;
		if (worth_a_visit(task))
			visit_thread(task->pid);
	}
	bpf_iter_task_destroy(&it);
	bpf_rcu_read_unlock();
	return 0;
}
