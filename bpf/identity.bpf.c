// SPDX-License-Identifier: GPL-2.0-only
/* Who a task is: names, paths and numbers, taken from the kernel while the task still has them. */
#include "identity.bpf.h"

#include "compat.bpf.h"

enum { NAME_SPAN = 256 }; /* NAME_MAX and its NUL */

/* The components that were collected from leaf to root, written from root to leaf. */
static __always_inline int write_components(struct record *record, __u32 offset, __u32 cut)
{
	record->written = 0;
	for (__u32 i = 0; i < PATH_DEPTH; i++) {
		__u32 index = record->name_count - 1 - i, done = record->written;
		__u64 name;
		long len;

		if (index >= PATH_DEPTH)
			break;
		name = record->names[index & 63];
		if (!name)
			continue;
		if (done > FE_PATH_MAX - NAME_SPAN) {
			cut = FE_ID_PATH_CUT << 16;
			break;
		}
		record->bytes[(offset + done) & (RECORD_MAX - 1)] = '/';
		len = bpf_probe_read_kernel_str(&record->bytes[(offset + done + 1) & (RECORD_MAX - 1)],
						NAME_SPAN, (void *)name);
		record->written = done + (len > 0 ? len : 1);
	}
	if (!record->written) {
		record->bytes[offset & (RECORD_MAX - 1)] = '/';
		record->written = 1;
	}
	return (record->written & 0xffff) | cut;
}

__noinline int identity_path(__u32 prog, __u32 offset, __u64 mnt_address, __u64 dentry_address)
{
	struct record *record = record_get(prog);
	struct dentry *dentry = (void *)dentry_address;
	struct vfsmount *mnt = (void *)mnt_address;
	__u32 cut = FE_ID_PATH_CUT << 16, i;

	if (!record || !dentry)
		return 0;
	for (i = 0; i < PATH_DEPTH; i++) {
		struct dentry *parent = BPF_CORE_READ(dentry, d_parent);
		__u64 name = 0;

		if (dentry == BPF_CORE_READ(mnt, mnt_root) || dentry == parent) {
			struct mount *mount = (void *)mnt - bpf_core_field_offset(struct mount, mnt);
			struct mount *above = BPF_CORE_READ(mount, mnt_parent);

			if (!above || above == mount) {
				cut = 0;
				break;
			}
			dentry = BPF_CORE_READ(mount, mnt_mountpoint);
			mnt = (void *)above + bpf_core_field_offset(struct mount, mnt);
		} else {
			name = (__u64)BPF_CORE_READ(dentry, d_name.name);
			dentry = parent;
		}
		record->names[i] = name;
	}
	record->name_count = i;
	return write_components(record, offset, cut);
}

__noinline int identity_cgroup_path(__u32 prog, __u32 offset, __u64 kernfs_node)
{
	struct record *record = record_get(prog);
	struct kernfs_node *node = (void *)kernfs_node;
	__u32 cut = FE_ID_PATH_CUT << 16, i;

	if (!record || !node)
		return 0;
	for (i = 0; i < PATH_DEPTH; i++) {
		struct kernfs_node *parent = compat_kernfs_parent(node);

		if (!parent) {
			cut = 0;
			break;
		}
		record->names[i] = (__u64)BPF_CORE_READ(node, name);
		node = parent;
	}
	record->name_count = i;
	return write_components(record, offset, cut);
}

/* Unified hierarchy first; on a host that leaves it empty, the v1 memory hierarchy. */
static __always_inline struct kernfs_node *task_kernfs_node(struct task_struct *task, __u16 *flags)
{
	struct css_set *set = BPF_CORE_READ(task, cgroups);
	struct cgroup *cgroup = BPF_CORE_READ(set, dfl_cgrp);
	struct cgroup_subsys_state *css = 0;
	struct cgroup *v1;

	if (BPF_CORE_READ(cgroup, level) > 0 ||
	    !bpf_core_enum_value_exists(enum cgroup_subsys_id, memory_cgrp_id))
		return BPF_CORE_READ(cgroup, kn);
	bpf_probe_read_kernel(&css, sizeof(css),
			      (void *)set + bpf_core_field_offset(struct css_set, subsys) +
				      8 * bpf_core_enum_value(enum cgroup_subsys_id, memory_cgrp_id));
	v1 = BPF_CORE_READ(css, cgroup);
	if (BPF_CORE_READ(v1, level) > 0) {
		*flags |= FE_ID_CGROUP_V1;
		return BPF_CORE_READ(v1, kn);
	}
	return BPF_CORE_READ(cgroup, kn);
}

static __always_inline void fill_numbers(struct fe_identity *id, struct task_struct *task)
{
	struct task_struct *leader = BPF_CORE_READ(task, group_leader);
	struct task_struct *parent = BPF_CORE_READ(task, real_parent);
	struct pid *pid = BPF_CORE_READ(leader, thread_pid);
	__u32 level;

	id->start = BPF_CORE_READ(leader, start_boottime);
	id->pid = BPF_CORE_READ(task, tgid);
	id->tid = BPF_CORE_READ(task, pid);
	id->ppid = BPF_CORE_READ(parent, tgid);
	id->uid = BPF_CORE_READ(task, real_cred, uid.val);
	id->gid = BPF_CORE_READ(task, real_cred, gid.val);
	level = BPF_CORE_READ(pid, level);
	id->pidns_level = level;
	bpf_probe_read_kernel(&id->ns_pid, sizeof(id->ns_pid),
			      (void *)pid + bpf_core_field_offset(struct pid, numbers) +
				      (level & 31) * bpf_core_type_size(struct upid) +
				      bpf_core_field_offset(struct upid, nr));
	id->thread_count = BPF_CORE_READ(task, signal, nr_threads);
	bpf_probe_read_kernel(id->comm, sizeof(id->comm), leader->comm);
	bpf_probe_read_kernel(id->thread_comm, sizeof(id->thread_comm), task->comm);
	bpf_probe_read_kernel(id->parent_comm, sizeof(id->parent_comm),
			      BPF_CORE_READ(parent, group_leader)->comm);
	id->mnt_ns = BPF_CORE_READ(task, nsproxy, mnt_ns, ns.inum);
}

static __always_inline __u32 fill_exe(struct fe_identity *id, __u32 prog, __u32 offset, struct mm_struct *mm)
{
	struct file *exe = BPF_CORE_READ(mm, exe_file);
	struct dentry *dentry;
	int len;

	if (!exe)
		return 0;
	dentry = BPF_CORE_READ(exe, f_path.dentry);
	len = identity_path(prog, offset, (__u64)BPF_CORE_READ(exe, f_path.mnt), (__u64)dentry);
	id->flags |= len >> 16;
	/* d_unlinked(): unhashed, and not a root */
	if (!BPF_CORE_READ(dentry, d_hash.pprev) && BPF_CORE_READ(dentry, d_parent) != dentry)
		id->flags |= FE_ID_EXE_DELETED;
	id->exe_len = len & 0xffff;
	return id->exe_len;
}

static __always_inline __u32 fill_args(struct fe_identity *id, struct record *record, __u32 offset,
				       struct mm_struct *mm)
{
	__u64 start = BPF_CORE_READ(mm, arg_start);
	__u64 total = BPF_CORE_READ(mm, arg_end) - start;
	__u32 len;

	if (!start || total > (1 << 30))
		return 0;
	len = total > FE_ARGS_MAX ? FE_ARGS_MAX : total;
	id->args_total = total;
	len &= 2 * FE_ARGS_MAX - 1;
	if (len > FE_ARGS_MAX)
		return 0;
	if (bpf_probe_read_user(&record->bytes[offset & (RECORD_MAX - 1)], len, (void *)start)) {
		/* Part of it is not in memory: what stands on the first page is better than nothing. */
		len = (PAGE_SIZE - (start & (PAGE_SIZE - 1))) & (PAGE_SIZE - 1);
		if (len > total ||
		    bpf_probe_read_user(&record->bytes[offset & (RECORD_MAX - 1)], len, (void *)start))
			return 0;
	}
	id->args_len = len;
	return len;
}

/* Everything but the arguments; returns the offset behind it. */
static __always_inline __u32 fill_all(struct record *record, __u32 prog, __u32 offset,
				      struct task_struct *task)
{
	struct fe_identity *id = (void *)&record->bytes[sizeof(struct fe_header)];
	struct mm_struct *mm;
	struct fs_struct *fs;
	__u16 cgroup_flags = 0;
	int len;

	__builtin_memset(id, 0, sizeof(*id));
	fill_numbers(id, task);
	if (BPF_CORE_READ(task, flags) & PF_KTHREAD)
		id->flags |= FE_ID_KTHREAD;
	mm = BPF_CORE_READ(task, mm);
	if (mm)
		offset += fill_exe(id, prog, offset, mm);
	fs = BPF_CORE_READ(task, fs);
	if (fs) {
		len = identity_path(prog, offset, (__u64)BPF_CORE_READ(fs, pwd.mnt),
				    (__u64)BPF_CORE_READ(fs, pwd.dentry));
		id->cwd_len = len & 0xffff;
		offset += id->cwd_len;
	}
	len = identity_cgroup_path(prog, offset, (__u64)task_kernfs_node(task, &cgroup_flags));
	id->cgroup_len = len & 0xffff;
	id->flags |= cgroup_flags;
	return offset + id->cgroup_len;
}

__noinline int identity_fill(__u32 prog, __u32 offset)
{
	struct record *record = record_get(prog);
	struct task_struct *task = (void *)bpf_get_current_task();
	struct mm_struct *mm = BPF_CORE_READ(task, mm);
	struct fe_identity *id;

	if (!record)
		return 0;
	id = (void *)&record->bytes[sizeof(struct fe_header)];
	offset = fill_all(record, prog, offset, task);
	if (mm)
		offset += fill_args(id, record, offset, mm);
	return offset;
}

__noinline int identity_fill_other(__u32 prog, __u32 offset, __u64 task)
{
	struct record *record = record_get(prog);

	return record ? fill_all(record, prog, offset, (void *)task) : 0;
}
