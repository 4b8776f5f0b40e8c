// SPDX-License-Identifier: GPL-2.0-only
/* The OOM killer's choice: whom, for which limit, and who asked for the page that was one too many. */
#include "compat.bpf.h"
#include "identity.bpf.h"
#include "process.bpf.h"

/*
 * The record of the tracepoint. Up to 6.8 it is the pid alone; 6.9 (72ba14deb40a, "mm: update mark_victim
 * tracepoints fields") added the rest. The raw tracepoint's argument changed with it, this record's pid did
 * not.
 */
struct trace_event_raw_mark_victim {
	int pid;
	unsigned long total_vm; /* KiB, as are the others */
	unsigned long anon_rss;
	unsigned long file_rss;
	unsigned long shmem_rss;
	short oom_score_adj;
} RELOCATED;

/* include/uapi/linux/mempolicy.h */
enum { MPOL_BIND = 2 };

enum { CGROUP_LEVELS = 16 };

/*
 * try_charge() fails for the first cgroup, from the leaf up, that has no room for one batch
 * (MEMCG_CHARGE_BATCH pages) below its limit; whoever is at its limit now, in the OOM killer's own context,
 * is that one.
 */
enum { CHARGE_BATCH = 64 };

/* PAGE_COUNTER_MAX of a 64-bit kernel is LONG_MAX / PAGE_SIZE; nobody has that much. */
#define UNLIMITED_PAGES (1ULL << 50)

/* All SIGKILLs and marks of one OOM come within this time, ns. */
#define OOM_NOTE_TIME 500000000ULL

static __always_inline bool at_limit(struct page_counter *counter, __u64 *usage, __u64 *limit)
{
	*usage = BPF_CORE_READ(counter, usage.counter);
	*limit = BPF_CORE_READ(counter, max);
	return *usage + CHARGE_BATCH > *limit;
}

static __always_inline struct mem_cgroup *task_mem_cgroup(struct task_struct *task)
{
	struct css_set *set = BPF_CORE_READ(task, cgroups);
	struct cgroup_subsys_state *css = 0;

	bpf_probe_read_kernel(&css, sizeof(css),
			      (void *)set + bpf_core_field_offset(struct css_set, subsys) +
				      8 * bpf_core_enum_value(enum cgroup_subsys_id, memory_cgrp_id));
	return (void *)css - bpf_core_field_offset(struct mem_cgroup, css);
}

/* What the OOM killer's context was when it sent its first SIGKILL; that of later ones is already eased. */
struct oom_note {
	__u64 time;
	__u64 memcg; /* struct mem_cgroup at its limit, 0: none is */
	__u64 usage; /* pages */
	__u64 limit;
	__u32 levels_above;
	__u32 flags;
};

struct {
	__uint(type, BPF_MAP_TYPE_LRU_HASH);
	__uint(max_entries, 256);
	__type(key, __u32); /* tid of the trigger */
	__type(value, struct oom_note);
} oom_notes SEC(".maps");

static __always_inline bool memory_on_v1(struct task_struct *task)
{
	struct mem_cgroup *memcg = task_mem_cgroup(task);
	struct cgroup *v2 = BPF_CORE_READ(task, cgroups, dfl_cgrp),
		      *cgroup = BPF_CORE_READ(memcg, css.cgroup);

	/* On the unified hierarchy every css is of a cgroup of the one tree: the task's own or an ancestor.
	 */
	for (int i = 0; i < CGROUP_LEVELS && v2; i++) {
		struct cgroup_subsys_state *css = (void *)v2 + bpf_core_field_offset(struct cgroup, self);

		if (v2 == cgroup)
			return false;
		css = BPF_CORE_READ(css, parent);
		if (!css)
			break;
		v2 = (void *)css - bpf_core_field_offset(struct cgroup, self);
	}
	return true;
}

static __always_inline void find_limit(struct oom_note *note, struct task_struct *task)
{
	struct mem_cgroup *memcg = task_mem_cgroup(task);
	__u64 usage, limit;

	for (int i = 0; i < CGROUP_LEVELS; i++) {
		struct cgroup_subsys_state *parent = BPF_CORE_READ(memcg, css.parent);
		bool memory, swap = false;

		if (!parent)
			break;
		memory = at_limit(&memcg->memory, &usage, &limit);
		if (limit < UNLIMITED_PAGES)
			note->flags |= FE_OOM_LIMITED;
		/* v1's memsw: memory and swap together; on v2 the same place counts swap alone and has its
		 * own end. */
		if (!memory && note->flags & FE_OOM_V1)
			swap = at_limit(&memcg->memsw, &usage, &limit);
		if (memory || swap) {
			note->usage = usage;
			note->limit = limit;
			note->levels_above = i;
			if (swap)
				note->flags |= FE_OOM_SWAP_LIMIT;
			if (BPF_CORE_READ(memcg, oom_group))
				note->flags |= FE_OOM_GROUP;
			note->memcg = (__u64)memcg;
			return;
		}
		memcg = (void *)parent - bpf_core_field_offset(struct mem_cgroup, css);
	}
}

static __always_inline void take_note(struct oom_note *note, struct task_struct *task)
{
	note->time = bpf_ktime_get_boot_ns();
	if (!bpf_core_enum_value_exists(enum cgroup_subsys_id, memory_cgrp_id))
		return;
	if (memory_on_v1(task))
		note->flags |= FE_OOM_V1;
	find_limit(note, task);
}

__noinline int oom_note(void)
{
	struct task_struct *task = (void *)bpf_get_current_task();
	__u32 tid = BPF_CORE_READ(task, pid);
	struct oom_note note = {}, *old = bpf_map_lookup_elem(&oom_notes, &tid);

	take_note(&note, task);
	if (old && note.time - old->time < OOM_NOTE_TIME)
		return 0;
	bpf_map_update_elem(&oom_notes, &tid, &note, BPF_ANY);
	return 0;
}

SEC("?tp/oom/mark_victim")
int handle_mark_victim(struct trace_event_raw_mark_victim *ctx)
{
	struct record *record = record_get(FE_PROG_MARK_VICTIM);
	struct task_struct *task = (void *)bpf_get_current_task();
	__u32 tid = BPF_CORE_READ(task, pid), end;
	struct oom_note fresh = {}, *note = bpf_map_lookup_elem(&oom_notes, &tid);
	struct mem_cgroup *memcg;
	struct fe_oom *event;

	if (!record)
		return 0;
	/* Without the program that sees signals sent there is no note: then it is looked at now. */
	if (!note || bpf_ktime_get_boot_ns() - note->time >= OOM_NOTE_TIME) {
		take_note(&fresh, task);
		note = &fresh;
	}
	event = (void *)record->bytes;
	end = sizeof(*event);
	__builtin_memset(event, 0, sizeof(*event));
	record_header(record, FE_OOM);
	event->victim = ctx->pid;
	event->trigger_pid = BPF_CORE_READ(task, tgid);
	event->trigger_tid = tid;
	bpf_probe_read_kernel(event->trigger_comm, sizeof(event->trigger_comm),
			      BPF_CORE_READ(task, group_leader)->comm);
	event->flags = note->flags;
	event->limit = ~0ULL;
	event->usage = ~0ULL;
	event->rss = ~0ULL;
	event->score_adj = FE_OOM_SCORE_UNKNOWN;
	if (bpf_core_field_exists(ctx->anon_rss)) {
		event->rss = (ctx->anon_rss + ctx->file_rss + ctx->shmem_rss) * 1024;
		event->total_vm = ctx->total_vm * 1024;
		event->score_adj = ctx->oom_score_adj;
	}
	memcg = (void *)note->memcg;
	if (memcg) {
		struct kernfs_node *node = BPF_CORE_READ(memcg, css.cgroup, kn);

		event->scope = FE_OOM_CGROUP;
		event->usage = note->usage * PAGE_SIZE;
		event->limit = note->limit * PAGE_SIZE;
		event->levels_above = note->levels_above;
		event->cgroup_id = BPF_CORE_READ(node, id);
		event->cgroup_len = identity_cgroup_path(FE_PROG_MARK_VICTIM, end, (__u64)node);
		end += event->cgroup_len;
	} else if (BPF_CORE_READ(task, mempolicy) && BPF_CORE_READ(task, mempolicy, mode) == MPOL_BIND) {
		event->scope = FE_OOM_POLICY;
	}
	record_send(record, &ring_critical, FE_PROG_MARK_VICTIM, end);
	return 0;
}
