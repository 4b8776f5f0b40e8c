// SPDX-License-Identifier: GPL-2.0-only
/* The precise probes: attached while there is a suspect, for the suspects alone. */
#include "faultd/scan.h"
#include "process.bpf.h"

enum { MAX_ERRNO = 4095 };

struct {
	__uint(type, BPF_MAP_TYPE_HASH);
	__uint(max_entries, 256);
	__type(key, __u32); /* thread */
	__type(value, struct fe_armed);
} armed SEC(".maps");

struct {
	__uint(type, BPF_MAP_TYPE_HASH);
	__uint(max_entries, 256);
	__type(key, __u32); /* thread group */
	__type(value, struct fe_armed_group);
} armed_groups SEC(".maps");

struct {
	__uint(type, BPF_MAP_TYPE_HASH);
	__uint(max_entries, 2048);
	__type(key, struct fe_sample_key);
	__type(value, struct fe_samples);
} samples SEC(".maps");

extern struct fe_scan scan;

static __always_inline struct fe_armed *find_armed(void)
{
	__u32 tid = bpf_get_current_pid_tgid();

	return bpf_map_lookup_elem(&armed, &tid);
}

static __always_inline bool is_poll(long nr)
{
	return nr >= 0 && nr < FE_CALLS_MAX &&
	       (scan.calls[nr & (FE_CALLS_MAX - 1)] & FE_CALL_CLASS) == FE_CALL_POLL;
}

/* Threads may share one set: it is served while any of them polls. */
static __always_inline void polled(__u32 first)
{
	__u32 tgid = bpf_get_current_pid_tgid() >> 32;
	struct fe_armed_group *group = bpf_map_lookup_elem(&armed_groups, &tgid);

	if (group && group->fd == first)
		__sync_fetch_and_add(&group->polls, 1);
}

static __always_inline void entered(long nr, __u32 first)
{
	struct fe_armed *a = find_armed();

	if (is_poll(nr))
		polled(first);
	if (!a)
		return;
	a->calls++;
	a->last_syscall = nr;
	if (is_poll(nr))
		a->polls++;
}

static __always_inline void left(long result)
{
	struct fe_armed *a = find_armed();
	__u32 error = result < 0 && result >= -MAX_ERRNO ? -result : 0;

	if (!a)
		return;
	if (error && a->failed && a->failed_syscall == a->last_syscall && a->failed_errno == error) {
		a->failed++;
		return;
	}
	a->failed = error ? 1 : 0;
	a->failed_syscall = a->last_syscall;
	a->failed_errno = error;
}

static __always_inline __u32 first_argument(struct pt_regs *regs)
{
#ifdef __TARGET_ARCH_x86
	unsigned long value = 0;

	bpf_probe_read_kernel(&value, sizeof(value), &regs->di);
#else
	__u64 value = 0;

	bpf_probe_read_kernel(&value, sizeof(value), &regs->regs[0]);
#endif
	return value;
}

/* TP_PROTO(struct pt_regs *regs, long id) and (struct pt_regs *regs, long ret) of trace/events/syscalls.h */
SEC("?raw_tp/sys_enter")
int probe_sys_enter(struct bpf_raw_tracepoint_args *ctx)
{
	struct pt_regs *regs = (void *)ctx->args[0];

	entered(ctx->args[1], is_poll(ctx->args[1]) ? first_argument(regs) : 0);
	return 0;
}

SEC("?raw_tp/sys_exit")
int probe_sys_exit(struct bpf_raw_tracepoint_args *ctx)
{
	left(ctx->args[1]);
	return 0;
}

struct raw_syscalls_args {
	__u64 common;
	long id;
	long value; /* sys_enter: the first argument; sys_exit: the result */
};

SEC("?tp/raw_syscalls/sys_enter")
int probe_sys_enter_perf(struct raw_syscalls_args *ctx)
{
	entered(ctx->id, ctx->value);
	return 0;
}

SEC("?tp/raw_syscalls/sys_exit")
int probe_sys_exit_perf(struct raw_syscalls_args *ctx)
{
	left(ctx->value);
	return 0;
}

static __always_inline struct fe_samples *samples_of(struct fe_sample_key *key, struct task_struct *task)
{
	struct fe_samples *found = bpf_map_lookup_elem(&samples, key), fresh = {};

	if (found)
		return found;
	fresh.pid = BPF_CORE_READ(task, tgid);
	fresh.policy = BPF_CORE_READ(task, policy);
	bpf_probe_read_kernel(fresh.comm, sizeof(fresh.comm), task->comm);
	bpf_map_update_elem(&samples, key, &fresh, BPF_NOEXIST);
	return bpf_map_lookup_elem(&samples, key);
}

/* The instruction pointer; 0 for one in the kernel. */
static __always_inline __u64 user_ip(struct pt_regs *regs)
{
#ifdef __TARGET_ARCH_x86
	return regs->cs & 3 ? regs->ip : 0;
#else
	return regs->pstate & 0xf ? 0 : regs->pc;
#endif
}

static __always_inline int take_sample(struct bpf_perf_event_data *ctx, __u32 cpu)
{
	struct task_struct *task = (void *)bpf_get_current_task();
	struct fe_sample_key key = {.cpu = cpu, .tid = (__u32)bpf_get_current_pid_tgid()};
	struct fe_samples *found = samples_of(&key, task);
	__u64 ip = user_ip(&ctx->regs);

	if (!found)
		return 0;
	__sync_fetch_and_add(&found->samples, 1);
	if (ip) {
		__sync_fetch_and_add(&found->user, 1);
		found->ip = ip;
	}
	return 0;
}

/* The CPU clock of one thread. */
SEC("?perf_event")
int probe_thread_clock(struct bpf_perf_event_data *ctx)
{
	return take_sample(ctx, ~0U);
}

/* The CPU clock of one CPU: who has it. */
SEC("?perf_event")
int probe_cpu_clock(struct bpf_perf_event_data *ctx)
{
	return take_sample(ctx, bpf_get_smp_processor_id());
}
