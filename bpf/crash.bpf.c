// SPDX-License-Identifier: GPL-2.0-only
/* Deaths by signal: what was delivered, with registers, address and stack while the memory still exists. */
#include "compat.bpf.h"
#include "identity.bpf.h"
#include "process.bpf.h"
#include "vma.bpf.h"

/*
 * The faults of one thread whose handlers may still be running, outermost first. Which of them really are is
 * seen on the stack later, by userspace.
 */
struct fault_stack {
	struct fe_first_fault faults[8]; /* FE_OUTER_FAULTS + 1 are used */
	__u32 count;
	__u32 pad;
};

/* What a thread's handlers were called for: it may put the default back and raise the signal again. */
struct {
	__uint(type, BPF_MAP_TYPE_LRU_HASH);
	__uint(max_entries, 2048);
	__type(key, __u64); /* start time of the group, xor tid << 40: one thread of one process */
	__type(value, struct fault_stack);
} first_faults SEC(".maps");

/* What a lookup of a mapping found. */
struct vma_found {
	struct fe_mapping mapping;
	__u64 mnt;
	__u64 dentry;
};

enum { VAR_START = sizeof(struct fe_death), STACK_CHUNK = 1024 };

static __always_inline __u64 first_fault_key(struct task_struct *task)
{
	return BPF_CORE_READ(task, group_leader, start_boottime) ^ (__u64)BPF_CORE_READ(task, pid) << 40;
}

static __always_inline void read_fault_registers(struct task_struct *task, __u32 *trap_nr, __u64 *error_code,
						 __u64 *cr2)
{
#ifdef __TARGET_ARCH_x86
	*trap_nr = BPF_CORE_READ(task, thread.trap_nr);
	*error_code = BPF_CORE_READ(task, thread.error_code);
	*cr2 = BPF_CORE_READ(task, thread.cr2);
#else
	*trap_nr = 0;
	*error_code = BPF_CORE_READ(task, thread.fault_code);
	*cr2 = BPF_CORE_READ(task, thread.fault_address);
#endif
}

static __always_inline void read_ip_sp(struct pt_regs *regs, __u64 *ip, __u64 *sp)
{
#ifdef __TARGET_ARCH_x86
	bpf_probe_read_kernel(ip, sizeof(*ip), &regs->ip);
	bpf_probe_read_kernel(sp, sizeof(*sp), &regs->sp);
#else
	bpf_probe_read_kernel(ip, sizeof(*ip), &regs->pc);
	bpf_probe_read_kernel(sp, sizeof(*sp), &regs->sp);
#endif
}

static __always_inline bool on_signal_stack(struct task_struct *task, __u64 sp)
{
	return sp - BPF_CORE_READ(task, sas_ss_sp) < BPF_CORE_READ(task, sas_ss_size);
}

/* Stacks grow down: a handler whose fault was at or below this stack pointer has returned. */
static __always_inline bool has_returned(struct task_struct *task, __u64 fault_sp, __u64 sp)
{
	bool fault_alternate = on_signal_stack(task, fault_sp), alternate = on_signal_stack(task, sp);

	return fault_alternate == alternate ? fault_sp <= sp : fault_alternate;
}

/* For a thread that faults for the first time; read-only, so it is the map's initial value for all. */
static const struct fault_stack no_faults;

static __always_inline void remember_first_fault(struct task_struct *task, int signo,
						 struct kernel_siginfo *info)
{
	struct fe_first_fault fault = {.signo = signo};
	struct pt_regs *regs = compat_current_regs();
	__u64 key = first_fault_key(task), error_code = 0, cr2;
	struct fault_stack *stack;
	__u32 count = 0;

	fault.code = BPF_CORE_READ(info, si_code);
	if (fault.code <= 0)
		return;
	fault.time = bpf_ktime_get_boot_ns();
	fault.address = (__u64)BPF_CORE_READ(info, _sifields._sigfault._addr);
	read_fault_registers(task, &fault.trap_nr, &error_code, &cr2);
	fault.error_code = error_code;
	if (regs)
		read_ip_sp(regs, &fault.ip, &fault.sp);
	stack = bpf_map_lookup_elem(&first_faults, &key);
	if (!stack) {
		bpf_map_update_elem(&first_faults, &key, &no_faults, BPF_NOEXIST);
		stack = bpf_map_lookup_elem(&first_faults, &key);
	}
	if (!stack) {
		record_lost(FE_PROG_SIGNAL_DELIVER);
		return;
	}
	for (__u32 i = 0; i < FE_OUTER_FAULTS; i++)
		if (i < stack->count && !has_returned(task, stack->faults[i].sp, fault.sp))
			count = i + 1;
		else
			break;
	stack->faults[count & 7] = fault;
	stack->count = count + 1;
}

static __always_inline void fill_registers(struct fe_death *death, struct pt_regs *regs)
{
#ifdef __TARGET_ARCH_x86
	death->regs.arch = FE_ARCH_X86_64;
	death->regs.count = sizeof(struct pt_regs) / 8;
	bpf_probe_read_kernel(death->regs.value, sizeof(struct pt_regs), regs);
#else
	death->regs.arch = FE_ARCH_AARCH64;
	death->regs.count = FE_REGS;
	bpf_probe_read_kernel(death->regs.value, sizeof(death->regs.value), regs);
#endif
	read_ip_sp(regs, &death->regs.ip, &death->regs.sp);
}

static __always_inline void fill_memory(struct fe_memory *memory, struct task_struct *task,
					struct mm_struct *mm)
{
	memory->start_code = BPF_CORE_READ(mm, start_code);
	memory->end_code = BPF_CORE_READ(mm, end_code);
	memory->start_brk = BPF_CORE_READ(mm, start_brk);
	memory->brk = BPF_CORE_READ(mm, brk);
	memory->start_stack = BPF_CORE_READ(mm, start_stack);
	memory->mmap_base = BPF_CORE_READ(mm, mmap_base);
	memory->task_size = BPF_CORE_READ(mm, task_size);
	memory->stack_limit = BPF_CORE_READ(task, signal, rlim[RLIMIT_STACK].rlim_cur);
	memory->rss = compat_rss_pages(mm) * PAGE_SIZE;
	memory->total_vm = BPF_CORE_READ(mm, total_vm) * PAGE_SIZE;
	memory->hiwater_vm = BPF_CORE_READ(mm, hiwater_vm) * PAGE_SIZE;
}

static __always_inline void fill_signal(struct fe_death *death, struct task_struct *task, __u32 signo,
					struct kernel_siginfo *info)
{
	death->signo = signo;
	death->syscall = ~0U;
	if (info) {
		death->code = BPF_CORE_READ(info, si_code);
		death->err = BPF_CORE_READ(info, si_errno);
	}
	if (death->code > 0 && death->code != SI_KERNEL && signo < 64 && SIGNALS_FAULT & signal_bit(signo)) {
		if (signo == SIGSYS) {
			death->address = (__u64)BPF_CORE_READ(info, _sifields._sigsys._call_addr);
			death->syscall = BPF_CORE_READ(info, _sifields._sigsys._syscall);
			death->syscall_arch = BPF_CORE_READ(info, _sifields._sigsys._arch);
		} else {
			death->address = (__u64)BPF_CORE_READ(info, _sifields._sigfault._addr);
			death->protection_key = BPF_CORE_READ(info, _sifields._sigfault._addr_pkey._pkey);
		}
		death->flags |= FE_DEATH_ADDRESS;
	} else if (info && death->code <= 0) {
		death->info_pid = BPF_CORE_READ(info, _sifields._kill._pid);
	}
	read_fault_registers(task, &death->trap_nr, &death->error_code, &death->cr2);
	death->cpu_time = process_cpu_time(task);
	death->cpu_limit_soft = BPF_CORE_READ(task, signal, rlim[RLIMIT_CPU].rlim_cur);
	death->cpu_limit_hard = BPF_CORE_READ(task, signal, rlim[RLIMIT_CPU].rlim_max);
	death->file_size_limit = BPF_CORE_READ(task, signal, rlim[RLIMIT_FSIZE].rlim_cur);
}

static __always_inline void describe_vma(struct vma_found *found, struct vm_area_struct *vma)
{
	struct file *file = BPF_CORE_READ(vma, vm_file);

	found->mapping.start = BPF_CORE_READ(vma, vm_start);
	found->mapping.end = BPF_CORE_READ(vma, vm_end);
	found->mapping.flags = BPF_CORE_READ(vma, vm_flags);
	found->mapping.kind = FE_MAPPING_ANON;
	if (!file)
		return;
	found->mapping.kind = FE_MAPPING_FILE;
	found->mapping.offset = BPF_CORE_READ(vma, vm_pgoff) * PAGE_SIZE;
	found->mapping.inode = BPF_CORE_READ(file, f_inode, i_ino);
	found->mapping.dev = BPF_CORE_READ(file, f_inode, i_sb, s_dev);
	found->mapping.file_size = BPF_CORE_READ(file, f_inode, i_size);
	found->mapping.fs_magic = BPF_CORE_READ(file, f_inode, i_sb, s_magic);
	found->mnt = (__u64)BPF_CORE_READ(file, f_path.mnt);
	found->dentry = (__u64)BPF_CORE_READ(file, f_path.dentry);
}

static __always_inline void find_mapping(struct vma_found *found, struct mm_struct *mm, __u64 address)
{
	__u64 vma = vma_find(mm, address);

	/* Another thread may have changed the tree under us. */
	if (!vma)
		vma = vma_find(mm, address);
	__builtin_memset(found, 0, sizeof(*found));
	if (vma == VMA_UNKNOWN)
		found->mapping.kind = FE_MAPPING_UNKNOWN;
	else if (vma)
		describe_vma(found, (void *)vma);
}

static __always_inline __u32 put_mapping(struct fe_mapping *to, struct vma_found *found, __u32 prog,
					 __u32 offset)
{
	int len = 0;

	if (found->mapping.kind == FE_MAPPING_FILE) {
		len = identity_path(prog, offset, found->mnt, found->dentry) & 0xffff;
		found->mapping.name_len = len;
	}
	*to = found->mapping;
	return offset + len;
}

/* The mappings at the instruction pointer and at the address. */
static __always_inline __u32 fill_mappings(struct fe_death *death, struct mm_struct *mm, __u32 prog,
					   __u32 offset)
{
	struct vma_found found;

	find_mapping(&found, mm, death->regs.ip);
	offset = put_mapping(&death->ip_mapping, &found, prog, offset);
	if (!(death->flags & FE_DEATH_ADDRESS))
		return offset;
	find_mapping(&found, mm, death->address);
	return put_mapping(&death->address_mapping, &found, prog, offset);
}

/* The top of the stack, as far as it is mapped and in memory. */
static __always_inline bool send_stack(struct fe_death *death)
{
	struct record *record = record_get(FE_PROG_STACK);
	struct fe_stack *stack;
	__u32 want = settings.stack_bytes, len = 0;
	__u64 from = death->regs.sp & ~7ULL;

	if (!record || !want || !death->regs.count)
		return false;
	stack = (void *)record->bytes;
	for (int i = 0; i < FE_STACK_MAX / STACK_CHUNK; i++) {
		if (len >= want)
			break;
		if (bpf_probe_read_user(&record->bytes[sizeof(*stack) + (len & (FE_STACK_MAX - 1))],
					STACK_CHUNK, (void *)(from + len))) {
			if (len)
				break;
			/* A stack that overflowed: its pointer is below what is mapped, the rest above it. */
			from = (from + PAGE_SIZE) & ~(PAGE_SIZE - 1);
			if (bpf_probe_read_user(&record->bytes[sizeof(*stack)], STACK_CHUNK, (void *)from))
				return false;
		}
		len += STACK_CHUNK;
	}
	record_header(record, FE_STACK);
	stack->start = death->id.start;
	stack->pid = death->id.pid;
	stack->tid = death->id.tid;
	stack->address = from;
	stack->len = len;
	stack->pad = 0;
	record_send(record, &ring_frequent, FE_PROG_STACK, sizeof(*stack) + len);
	return true;
}

/*
 * Builds and sends the death record of the current task. A crash's registers are those of the fault; for a
 * signal that came from elsewhere they are of whatever the thread did, a system call as a rule.
 */
static __always_inline void send_death(__u32 prog, struct process_key key, __u32 signo,
				       struct kernel_siginfo *info, __u32 flags, bool at_exit)
{
	struct task_struct *task = (void *)bpf_get_current_task();
	struct record *record = record_get(prog);
	struct mm_struct *mm = BPF_CORE_READ(task, mm);
	__u64 first_key = first_fault_key(task);
	struct fault_stack *faults;
	struct fe_death *death;
	struct pt_regs *regs;
	__u32 end;

	if (!record)
		return;
	death = (void *)record->bytes;
	/* All but `outer`, which is set below: clang expands a memset only up to 1024 bytes. */
	__builtin_memset((void *)death + sizeof(struct fe_header), 0,
			 __builtin_offsetof(struct fe_death, outer) - sizeof(struct fe_header));
	record_header(record, FE_DEATH);
	death->flags = flags | (process_watched(key.tgid) == FE_WATCH_FOLLOWED ? FE_DEATH_FOLLOWED : 0);
	end = identity_fill(prog, VAR_START);
	fill_signal(death, task, signo, info);
	copy_sender(&death->sender, key, signo);
	copy_request(&death->request, key);
	faults = bpf_map_lookup_elem(&first_faults, &first_key);
	if (faults && faults->count) {
		death->outer_count = (faults->count - 1) & 7;
		if (death->outer_count > FE_OUTER_FAULTS)
			death->outer_count = FE_OUTER_FAULTS;
		death->first = faults->faults[(faults->count - 1) & 7];
		__builtin_memcpy(death->outer, faults->faults, sizeof(death->outer));
	} else {
		__builtin_memset(death->outer, 0, sizeof(death->outer));
	}
	if (mm)
		fill_memory(&death->memory, task, mm);
	regs = compat_current_regs();
	if (regs)
		fill_registers(death, regs);
	death->ip_mapping.kind = FE_MAPPING_UNKNOWN;
	death->address_mapping.kind = FE_MAPPING_UNKNOWN;
	/* At exit there is no fault to look at any more; `at_exit` is a constant and leaves the rest out. */
	if (!at_exit && flags & FE_DEATH_CRASH && mm) {
		if (!bpf_probe_read_user(death->code_bytes, FE_CODE_BYTES, (void *)death->regs.ip))
			death->code_len = FE_CODE_BYTES;
		end = fill_mappings(death, mm, prog, end);
		if (send_stack(death))
			death->flags |= FE_DEATH_STACK_FOLLOWS;
	}
	record_send(record, &ring_critical, prog, end);
}

/* Whether somebody else's process sent it, which makes it a kill and not a crash. */
static __always_inline bool sent_by_another(struct kernel_siginfo *info, struct process_key key, int signo)
{
	struct fe_sender *sender;
	int code = info ? BPF_CORE_READ(info, si_code) : SI_KERNEL;

	key.signo = signo;
	sender = bpf_map_lookup_elem(&senders, &key);
	if (code == SI_USER || code == SI_QUEUE || code == SI_TKILL)
		return !sender || sender->pid != key.tgid;
	return info == 0;
}

static __always_inline int deliver(int signo, struct kernel_siginfo *info, struct k_sigaction *action)
{
	struct task_struct *task = (void *)bpf_get_current_task();
	unsigned long handler = (unsigned long)BPF_CORE_READ(action, sa.sa_handler);
	struct process_key key;
	struct dying entry = {};
	__u32 flags = 0, group_flags;

	if (handler == SIG_IGN || signo < 1 || signo > 64)
		return 0;
	if (handler != SIG_DFL) {
		if (signo < 32 && SIGNALS_FAULT & signal_bit(signo))
			remember_first_fault(task, signo, info);
		return 0;
	}
	if (signo < 32 && (SIGNALS_HARMLESS | SIGNALS_STOP) & signal_bit(signo))
		return 0;
	group_flags = BPF_CORE_READ(task, signal, flags);
	/* An init of a PID namespace is spared (get_signal() in kernel/signal.c goes on with the next
	 * signal). */
	if (group_flags & SIGNAL_UNKILLABLE && signo != SIGKILL)
		return 0;
	if (signo == SIGKILL) {
		/*
		 * complete_signal() turns every fatal signal without a core dump into a SIGKILL for each
		 * thread, and so do exit_group() (status in the upper byte) and execve() by one of several
		 * threads (no flag).
		 */
		if (!(group_flags & SIGNAL_GROUP_EXIT))
			return 0;
		signo = BPF_CORE_READ(task, signal, group_exit_code) & 0x7f;
		if (!signo)
			return 0;
		flags |= FE_DEATH_GROUP;
		info = 0;
	}
	key = process_key(task, 0);
	if (signo < 32 && SIGNALS_CORE & signal_bit(signo)) {
		flags |= FE_DEATH_CORE;
		if (!sent_by_another(info, key, signo))
			flags |= FE_DEATH_CRASH;
	}
	if (!(flags & FE_DEATH_CRASH) && !(settings.kill_mask & signal_bit(signo)))
		return 0;
	entry.tid = BPF_CORE_READ(task, pid);
	entry.crash = !!(flags & FE_DEATH_CRASH);
	if (entry.crash) {
		struct pt_regs *regs = compat_current_regs();
		__u64 ip;

		entry.address = (__u64)BPF_CORE_READ(info, _sifields._sigfault._addr);
		if (regs)
			read_ip_sp(regs, &ip, &entry.sp);
	}
	/* One report a process: each thread of a group comes by here. */
	if (already_there(bpf_map_update_elem(&dying, &key, &entry, BPF_NOEXIST)))
		return 0;
	send_death(FE_PROG_SIGNAL_DELIVER, key, signo, info, flags, false);
	return 0;
}

SEC("tp_btf/signal_deliver")
int BPF_PROG(handle_signal_deliver, int signo, __u64 info, __u64 action)
{
	return deliver(signo, (void *)info, (void *)action);
}

__noinline int death_at_exit(__u32 prog, __u32 signo, __u32 flags)
{
	struct task_struct *task = (void *)bpf_get_current_task();

	send_death(prog, process_key(task, 0), signo, 0, flags | FE_DEATH_AT_EXIT, true);
	return 0;
}
