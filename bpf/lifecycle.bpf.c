// SPDX-License-Identifier: GPL-2.0-only
/* The life of processes: executed, forked, gone. */
#include "identity.bpf.h"
#include "process.bpf.h"

/* Two threads that leave at once both see that none is left: the first one to enter its process here reports
 * it. */
struct {
	__uint(type, BPF_MAP_TYPE_LRU_HASH);
	__uint(max_entries, 4096);
	__type(key, struct process_key);
	__type(value, __u8);
} gone SEC(".maps");

static __always_inline void send_exit(__u32 prog, struct task_struct *task, struct process_key key,
				      __u32 status, __u32 flags)
{
	struct record *record = record_get(prog);
	struct fe_exit *event;
	__u32 end;

	if (!record)
		return;
	event = (void *)record->bytes;
	end = identity_fill(prog, sizeof(*event));
	record_header(record, FE_EXIT);
	event->status = status;
	event->flags = flags;
	event->cpu_time = process_cpu_time(task);
	__builtin_memset(&event->request, 0, sizeof(event->request));
	copy_request(&event->request, key);
	record_send(record, &ring_critical, prog, end);
}

/*
 * The last thread of a group goes. Reported here: the end of every process whose death was reported, deaths
 * that no delivery preceded, and exits where userspace wants them. exit_code: of this thread.
 */
static __always_inline int group_exit(__u32 prog, struct task_struct *task, __u32 exit_code)
{
	struct process_key key;
	__u32 status, signo, tgid, flags = 0;
	__u64 watch;
	__u8 one = 1;

	/* As wait(2) gives it: wait_task_zombie() in kernel/exit.c. */
	if (BPF_CORE_READ(task, signal, flags) & SIGNAL_GROUP_EXIT)
		status = BPF_CORE_READ(task, signal, group_exit_code);
	else if (BPF_CORE_READ(task, group_leader) == task)
		status = exit_code;
	else
		status = BPF_CORE_READ(task, group_leader, exit_code);
	signo = status & 0x7f;
	tgid = BPF_CORE_READ(task, tgid);
	watch = process_watched(tgid);
	if (watch)
		flags |= FE_EXIT_WATCHED;
	if (watch == FE_WATCH_FOLLOWED)
		flags |= FE_EXIT_FOLLOWED;
	if (!signo && !flags && !(status ? settings.exit_failure : settings.exit_zero))
		return 0;
	key = process_key(task, 0);
	if (signo) {
		bool crash = signo < 32 && SIGNALS_CORE & signal_bit(signo);

		if (bpf_map_lookup_elem(&dying, &key))
			flags |= FE_EXIT_REPORTED;
		else if (!crash && !flags && !(settings.kill_mask & signal_bit(signo)))
			return 0;
	}
	if (already_there(bpf_map_update_elem(&gone, &key, &one, BPF_NOEXIST)))
		return 0;
	if (signo && !(flags & FE_EXIT_REPORTED))
		/* seccomp ended a group without a delivery before 5.16 (__seccomp_filter() in
		 * kernel/seccomp.c). */
		death_at_exit(prog, signo, signo == SIGSYS ? FE_DEATH_CRASH : 0);
	send_exit(prog, task, key, status, flags);
	if (flags & FE_EXIT_WATCHED)
		bpf_map_delete_elem(&watched, &tgid);
	return 0;
}

/*
 * From 6.16 on this tracepoint stands before exit_mm() and the process still has its memory; before, it
 * stands behind it, and paths and arguments are gone.
 */
SEC("?tp_btf/sched_process_exit")
int BPF_PROG(handle_process_exit, struct task_struct *task)
{
	if (task->signal->live.counter == 0)
		group_exit(FE_PROG_PROCESS_EXIT, task, task->exit_code);
	return 0;
}

/* So there the entry of do_exit() is used where fentry programs load: this thread still counts as alive. */
SEC("?fentry/do_exit")
int BPF_PROG(handle_exit_do_exit, long code)
{
	struct task_struct *task = (void *)bpf_get_current_task();

	if (BPF_CORE_READ(task, signal, live.counter) != 1)
		return 0;
	return group_exit(FE_PROG_EXIT_EARLY, task, code);
}

/*
 * Where tracepoints of BTF can be preempted (see kernel_features.preemptible), those of perf cannot
 * (16718274ee75, "tracing: perf: Have perf tracepoint callbacks always disable preemption").
 */
SEC("?tp/sched/sched_process_exit")
int handle_process_exit_perf(void *ctx)
{
	struct task_struct *task = bpf_get_current_task_btf();

	if (task->signal->live.counter == 0)
		group_exit(FE_PROG_PROCESS_EXIT, task, task->exit_code);
	return 0;
}

static __always_inline bool has_name(const char *name, __u32 kind)
{
	__u32 *value = bpf_map_lookup_elem(&exec_names, name);

	return value && *value & kind;
}

/* From now on, not from when userspace gets to it: a daemon forks at once. */
static __always_inline bool watch_named(__u32 tgid)
{
	__u64 watch = FE_WATCH_NAMED;

	bpf_map_update_elem(&watched, &tgid, &watch, BPF_NOEXIST);
	return true;
}

/* A wake-up of userspace costs more than all else that an exec does here, so the others' are not told. */
static __always_inline bool wants_exec(struct task_struct *task)
{
	char name[FE_COMM_SIZE] = {};
	const unsigned char *file;

	if (settings.exec != FE_EXECS_WATCHED)
		return settings.exec == FE_EXECS_ALL;
	if (process_watched(task->tgid))
		return true;
	bpf_probe_read_kernel_str(name, sizeof(name), task->comm);
	if (has_name(name, FE_NAME_COMM))
		return watch_named(task->tgid);
	file = BPF_CORE_READ(task, mm, exe_file, f_path.dentry, d_name.name);
	__builtin_memset(name, 0, sizeof(name));
	if (bpf_probe_read_kernel_str(name, sizeof(name), file) <= 0 || !has_name(name, FE_NAME_EXE))
		return false;
	return watch_named(task->tgid);
}

/* Before the program can write over it: nginx and PostgreSQL put their titles there within milliseconds. */
static __always_inline __u32 fill_environment(struct record *record, __u32 offset, struct task_struct *task)
{
	struct fe_exec *event = (void *)record->bytes;
	__u64 start = BPF_CORE_READ(task, mm, env_start), total = BPF_CORE_READ(task, mm, env_end) - start;
	__u32 len = total;

	event->env_len = 0;
	event->env_total = total;
	if (!start || total > FE_ENV_MAX)
		return 0;
	len &= 2 * FE_ENV_MAX - 1;
	if (len > FE_ENV_MAX || offset > RECORD_MAX ||
	    bpf_probe_read_user(&record->bytes[offset & (RECORD_MAX - 1)], len, (void *)start))
		return 0;
	event->env_len = len;
	return len;
}

static __always_inline void send_exec(struct task_struct *task, int old_pid)
{
	struct record *record;
	struct fe_exec *event;
	__u64 watch;
	__u32 end;

	record = record_get(FE_PROG_PROCESS_EXEC);
	if (!record)
		return;
	event = (void *)record->bytes;
	end = identity_fill(FE_PROG_PROCESS_EXEC, sizeof(*event));
	record_header(record, FE_EXEC);
	end += fill_environment(record, end, task);
	event->old_tid = old_pid;
	watch = process_watched(task->tgid);
	event->flags = (watch ? FE_EXEC_WATCHED : 0) | (watch == FE_WATCH_FOLLOWED ? FE_EXEC_FOLLOWED : 0);
	record_send(record, &ring_critical, FE_PROG_PROCESS_EXEC, end);
}

SEC("?tp_btf/sched_process_exec")
int BPF_PROG(handle_process_exec, struct task_struct *task, int old_pid)
{
	if (wants_exec(task))
		send_exec(task, old_pid);
	return 0;
}

struct trace_event_raw_sched_process_exec {
	int old_pid;
} RELOCATED;

SEC("?tp/sched/sched_process_exec")
int handle_process_exec_perf(struct trace_event_raw_sched_process_exec *ctx)
{
	struct task_struct *task = bpf_get_current_task_btf();

	if (wants_exec(task))
		send_exec(task, ctx->old_pid);
	return 0;
}

static __always_inline void follow(struct task_struct *parent, struct task_struct *child)
{
	__u32 tgid = child->tgid;
	__u64 start = child->start_boottime, watch;
	struct record *record;
	struct fe_fork *event;

	watch = process_watched(parent->tgid);
	if (!watch)
		return;
	if (bpf_map_update_elem(&watched, &tgid, &watch, BPF_ANY))
		record_lost(FE_PROG_PROCESS_FORK);
	record = record_get(FE_PROG_PROCESS_FORK);
	if (!record)
		return;
	event = (void *)record->bytes;
	record_header(record, FE_FORK);
	event->start = start;
	event->pid = tgid;
	event->ppid = parent->tgid;
	bpf_probe_read_kernel(event->comm, sizeof(event->comm), child->comm);
	record_send(record, &ring_critical, FE_PROG_PROCESS_FORK, sizeof(*event));
}

/* Fires for threads, too: those keep the thread group of their creator. */
SEC("?tp_btf/sched_process_fork")
int BPF_PROG(handle_process_fork, struct task_struct *parent, struct task_struct *child)
{
	if (child->tgid != parent->tgid)
		follow(parent, child);
	return 0;
}
