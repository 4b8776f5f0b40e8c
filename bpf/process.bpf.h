/* SPDX-License-Identifier: GPL-2.0-only */
/* What the families share about a process: its key, who signalled it, and that it is already dying. */
#ifndef FAULTD_BPF_PROCESS_H
#define FAULTD_BPF_PROCESS_H

#include "ring.bpf.h"

struct process_key {
	__u64 start; /* of the leader, CLOCK_BOOTTIME ns */
	__u32 tgid;
	__u32 signo; /* only in "senders"; 0 elsewhere */
};

struct dying {
	__u32 tid; /* the thread that the signal was delivered to */
	__u32 crash;
	__u64 address;
	__u64 sp;
};

struct sender_map {
	__uint(type, BPF_MAP_TYPE_LRU_HASH);
	__uint(max_entries, 4096);
	__type(key, struct process_key);
	__type(value, struct fe_sender);
};

struct dying_map {
	__uint(type, BPF_MAP_TYPE_LRU_HASH);
	__uint(max_entries, 4096);
	__type(key, struct process_key);
	__type(value, struct dying);
};

struct watched_map {
	__uint(type, BPF_MAP_TYPE_LRU_HASH);
	__uint(max_entries, 16384);
	__type(key, __u32); /* thread group */
	__type(value, __u64);
};

struct exec_name_map {
	__uint(type, BPF_MAP_TYPE_HASH);
	__uint(max_entries, 512);
	__type(key, char[FE_COMM_SIZE]); /* cut and padded with NULs, as the kernel does with names */
	__type(value, __u32);
};

extern struct exec_name_map exec_names SEC(".maps"); /* programs whose execution userspace wants to know of */
extern struct sender_map senders SEC(".maps");	     /* last sender of each fatal signal to each process */
extern struct dying_map dying SEC(".maps");	     /* processes whose death was reported */
extern struct watched_map watched SEC(".maps"); /* processes that userspace asked for, and their children */

static __always_inline struct process_key process_key(struct task_struct *task, int signo)
{
	struct process_key key = {
		.start = BPF_CORE_READ(task, group_leader, start_boottime),
		.tgid = BPF_CORE_READ(task, tgid),
		.signo = signo,
	};

	return key;
}

/*
 * Whether an update with BPF_NOEXIST met an entry. The cast matters: before 6.4 (d7ba4cc900bf, "bpf: return
 * long from bpf_map_ops funcs") the verifier called the map's own function, which returned an int, and the
 * upper half of the result is not a sign.
 */
static __always_inline bool already_there(long result)
{
	return (int)result == -EEXIST;
}

/* FE_WATCH_*; 0: not watched. */
static __always_inline __u64 process_watched(__u32 tgid)
{
	__u64 *value = settings.watching ? bpf_map_lookup_elem(&watched, &tgid) : 0;

	return value ? *value : 0;
}

static __always_inline void copy_sender(struct fe_sender *to, struct process_key key, int signo)
{
	struct fe_sender *sender;

	key.signo = signo;
	sender = bpf_map_lookup_elem(&senders, &key);
	if (sender)
		*to = *sender;
}

/* The last request to end, whichever of the four signals it came as. */
static __always_inline void copy_request(struct fe_sender *to, struct process_key key)
{
	copy_sender(to, key, SIGTERM);
	if (!to->signo)
		copy_sender(to, key, SIGINT);
	if (!to->signo)
		copy_sender(to, key, SIGQUIT);
	if (!to->signo)
		copy_sender(to, key, SIGHUP);
}

static __always_inline __u64 process_cpu_time(struct task_struct *task)
{
	return BPF_CORE_READ(task, signal, sum_sched_runtime) + BPF_CORE_READ(task, se.sum_exec_runtime);
}

/*
 * Sends the death record of the current task for a signal that no delivery was seen of, in the record of
 * prog. flags: FE_DEATH_*. Always 0.
 */
int death_at_exit(__u32 prog, __u32 signo, __u32 flags);

/* Called when the kernel sends a SIGKILL of its own: notes which limit the current task is at. Always 0. */
int oom_note(void);

#endif
