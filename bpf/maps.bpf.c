// SPDX-License-Identifier: GPL-2.0-only
/* The mappings of a crashed process, taken when it leaves, in the last moment that it has them. */
#include "compat.bpf.h"
#include "identity.bpf.h"
#include "process.bpf.h"
#include "vma.bpf.h"

/* include/linux/mm.h */
enum { VM_EXEC = 4 };

enum {
	NEAR = 1 << 20,
	WALK_MAX = 512,
	NAMES_MAX = RECORD_MAX - sizeof(struct fe_maps) - FE_MAPS_MAX * sizeof(struct fe_mapping)
};

/* Kernel functions of 6.7 (4ac454682158, "bpf: Introduce task_vma open-coded iterator kfuncs"). */
struct bpf_iter_task_vma {
	__u64 opaque[1];
} __attribute__((aligned(8)));

extern int bpf_iter_task_vma_new(struct bpf_iter_task_vma *it, struct task_struct *task,
				 __u64 addr) __ksym __weak;
extern struct vm_area_struct *bpf_iter_task_vma_next(struct bpf_iter_task_vma *it) __ksym __weak;
extern void bpf_iter_task_vma_destroy(struct bpf_iter_task_vma *it) __ksym __weak;

/* The mappings stand first, their names after the room for FE_MAPS_MAX of them; userspace knows the gap. */
enum { NAMES_START = sizeof(struct fe_maps) + FE_MAPS_MAX * sizeof(struct fe_mapping) };

/* The counters are in the record: see struct record. */
struct walk {
	struct record *record;
	struct dying *dying;
};

static __always_inline bool is_near(__u64 address, __u64 start, __u64 end)
{
	return address + NEAR >= start && address < end + NEAR;
}

static __always_inline void add_mapping(struct walk *walk, struct vm_area_struct *vma)
{
	__u64 start = BPF_CORE_READ(vma, vm_start), end = BPF_CORE_READ(vma, vm_end);
	__u32 flags = BPF_CORE_READ(vma, vm_flags), count, names;
	struct fe_maps *maps = (void *)walk->record->bytes;
	struct file *file = BPF_CORE_READ(vma, vm_file);
	struct fe_mapping *mapping;
	__u64 inode;
	int len;

	count = walk->record->map_count;
	names = walk->record->map_names;
	/* Room is kept for code and for what lies near the fault: a JVM has hundreds of others. */
	if (count >= FE_MAPS_MAX / 2 && !(flags & VM_EXEC) && !is_near(walk->dying->address, start, end) &&
	    !is_near(walk->dying->sp, start, end)) {
		maps->flags |= FE_MAPS_CUT;
		return;
	}
	if (count >= FE_MAPS_MAX) {
		maps->flags |= FE_MAPS_CUT;
		return;
	}
	mapping =
		(void *)&walk->record->bytes[sizeof(*maps) + (count & (FE_MAPS_MAX - 1)) * sizeof(*mapping)];
	__builtin_memset(mapping, 0, sizeof(*mapping));
	mapping->start = start;
	mapping->end = end;
	mapping->flags = flags;
	mapping->kind = FE_MAPPING_ANON;
	if (file) {
		mapping->kind = FE_MAPPING_FILE;
		mapping->offset = BPF_CORE_READ(vma, vm_pgoff) * PAGE_SIZE;
		mapping->inode = BPF_CORE_READ(file, f_inode, i_ino);
		mapping->dev = BPF_CORE_READ(file, f_inode, i_sb, s_dev);
		inode = (__u64)BPF_CORE_READ(file, f_inode);
		if (inode == walk->record->map_inode) {
			mapping->name_len = FE_MAPPING_SAME_NAME;
		} else if (names < NAMES_MAX - FE_PATH_MAX) {
			len = identity_path(FE_PROG_MAPS, NAMES_START + names,
					    (__u64)BPF_CORE_READ(file, f_path.mnt),
					    (__u64)BPF_CORE_READ(file, f_path.dentry));
			mapping->name_len = len & 0xffff;
			walk->record->map_names = names + mapping->name_len;
			walk->record->map_inode = inode;
		}
	}
	walk->record->map_count = count + 1;
}

static __always_inline bool begin(struct walk *walk, struct task_struct *task)
{
	struct process_key key;
	struct fe_maps *maps;

	if (!(BPF_CORE_READ(task, flags) & PF_SIGNALED) || !settings.stack_bytes)
		return false;
	key = process_key(task, 0);
	walk->dying = bpf_map_lookup_elem(&dying, &key);
	if (!walk->dying || !walk->dying->crash || walk->dying->tid != (__u32)BPF_CORE_READ(task, pid))
		return false;
	walk->record = record_get(FE_PROG_MAPS);
	if (!walk->record)
		return false;
	maps = (void *)walk->record->bytes;
	record_header(walk->record, FE_MAPS);
	walk->record->map_count = 0;
	walk->record->map_names = 0;
	walk->record->map_inode = 0;
	maps->start = key.start;
	maps->pid = key.tgid;
	maps->tid = BPF_CORE_READ(task, pid);
	maps->flags = 0;
	return true;
}

static __always_inline void end(struct walk *walk)
{
	struct fe_maps *maps = (void *)walk->record->bytes;

	maps->count = walk->record->map_count;
	maps->names_len = walk->record->map_names;
	record_send(walk->record, &ring_frequent, FE_PROG_MAPS, NAMES_START + maps->names_len);
}

static __always_inline void walk_iterator(struct task_struct *task)
{
	struct bpf_iter_task_vma it;
	struct vm_area_struct *vma;
	struct walk walk = {};

	if (!begin(&walk, task))
		return;
	bpf_iter_task_vma_new(&it, task, 0);
	while ((vma = bpf_iter_task_vma_next(&it)))
		add_mapping(&walk, vma);
	bpf_iter_task_vma_destroy(&it);
	end(&walk);
}

/* From 6.16 on the memory is still there at this tracepoint. */
SEC("?tp_btf/sched_process_exit")
int BPF_PROG(handle_maps_at_exit, struct task_struct *task)
{
	walk_iterator(task);
	return 0;
}

SEC("?tp/sched/sched_process_exit")
int handle_maps_at_exit_perf(void *ctx)
{
	walk_iterator(bpf_get_current_task_btf());
	return 0;
}

/* Before 6.16, where fentry programs load: 6.7 has the iterator ... */
SEC("?fentry/do_exit")
int BPF_PROG(handle_maps_do_exit)
{
	walk_iterator(bpf_get_current_task_btf());
	return 0;
}

/* ... and before that the tree is walked by hand. */
SEC("?fentry/do_exit")
int BPF_PROG(handle_maps_do_exit_walk)
{
	struct task_struct *task = (void *)bpf_get_current_task();
	struct walk walk = {};
	__u64 mm, address = 0;

	if (!begin(&walk, task))
		return 0;
	mm = (__u64)BPF_CORE_READ(task, mm);
	for (int i = 0; i < WALK_MAX; i++) {
		__u64 vma = vma_next(mm, address);

		if (vma == VMA_UNKNOWN || !vma)
			break;
		add_mapping(&walk, (void *)vma);
		address = BPF_CORE_READ((struct vm_area_struct *)vma, vm_end);
	}
	end(&walk);
	return 0;
}
