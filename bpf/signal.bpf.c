// SPDX-License-Identifier: GPL-2.0-only
/* Who sent which fatal signal to whom: noted when it is sent, looked up when somebody dies of it. */
#include "process.bpf.h"

/* enum values of TRACE_SIGNAL_* in include/trace/events/signal.h */
enum { TRACE_SIGNAL_DELIVERED = 0 };

/* SEND_SIG_NOINFO and SEND_SIG_PRIV of include/linux/sched/signal.h: not pointers */
enum { SEND_SIG_NOINFO = 0, SEND_SIG_PRIV = 1 };

static __always_inline bool has_handler(struct task_struct *task, int signo)
{
	struct sighand_struct *sighand = BPF_CORE_READ(task, sighand);
	void *handler = 0;

	bpf_probe_read_kernel(&handler, sizeof(handler),
			      (void *)sighand + bpf_core_field_offset(struct sighand_struct, action) +
				      ((signo - 1) & 63) * bpf_core_type_size(struct k_sigaction) +
				      bpf_core_field_offset(struct k_sigaction, sa) +
				      bpf_core_field_offset(struct sigaction, sa_handler));
	return (unsigned long)handler > SIG_IGN;
}

static __always_inline void fill_sender(struct fe_sender *sender, struct task_struct *target)
{
	struct task_struct *self = (void *)bpf_get_current_task();
	struct pid *pid = BPF_CORE_READ(target, thread_pid);
	__u32 level = BPF_CORE_READ(pid, level);
	struct pid_namespace *ns = 0;

	sender->pid = BPF_CORE_READ(self, tgid);
	sender->tid = BPF_CORE_READ(self, pid);
	sender->ppid = BPF_CORE_READ(self, real_parent, tgid);
	sender->uid = BPF_CORE_READ(self, real_cred, uid.val);
	bpf_probe_read_kernel(sender->comm, sizeof(sender->comm), BPF_CORE_READ(self, group_leader)->comm);
	if (BPF_CORE_READ(self, flags) & PF_EXITING)
		sender->flags |= FE_SENDER_EXITING;
	bpf_probe_read_kernel(&ns, sizeof(ns),
			      (void *)pid + bpf_core_field_offset(struct pid, numbers) +
				      (level & 31) * bpf_core_type_size(struct upid) +
				      bpf_core_field_offset(struct upid, ns));
	if (BPF_CORE_READ(ns, child_reaper, tgid) == (int)sender->pid)
		sender->flags |= FE_SENDER_NSINIT;
}

/*
 * trace_signal_generate(sig, info, task, group, result). The context is the sender's for what a process sent
 * and for SEND_SIG_NOINFO; for the kernel's own signals it is whoever ran when the kernel decided
 * (kernel/signal.c).
 */
SEC("tp_btf/signal_generate")
int BPF_PROG(handle_signal_generate, int signo, __u64 info, struct task_struct *task, int group, int result)
{
	struct fe_sender sender = {};
	struct process_key key;
	int code;

	if (result != TRACE_SIGNAL_DELIVERED || signo < 1 || signo > 64 ||
	    (signo < 64 && SIGNALS_HARMLESS & signal_bit(signo)))
		return 0;
	if (info == SEND_SIG_NOINFO)
		code = SI_USER;
	else if (info == SEND_SIG_PRIV)
		code = SI_KERNEL;
	else
		code = BPF_CORE_READ((struct kernel_siginfo *)info, si_code);
	/* A fault's own signal says everything itself when it is delivered. */
	if (code > 0 && code != SI_KERNEL && SIGNALS_FAULT & signal_bit(signo))
		return 0;
	/* With a handler it kills nobody; a request to end is noted all the same, since an exit may follow
	 * it. */
	if (has_handler(task, signo) && !(signo < 64 && SIGNALS_REQUEST & signal_bit(signo)))
		return 0;

	sender.time = bpf_ktime_get_boot_ns();
	sender.signo = signo;
	sender.code = code;
	if (code != SI_USER && code != SI_QUEUE && code != SI_TKILL)
		sender.flags |= FE_SENDER_KERNEL;
	if (!group)
		sender.flags |= FE_SENDER_THREAD;
	fill_sender(&sender, task);
	/* __oom_kill_process() sends SIGKILL before it marks its victim: now the limit is still hit. */
	if (signo == SIGKILL && info == SEND_SIG_PRIV)
		oom_note();
	key = process_key(task, signo);
	if (bpf_map_update_elem(&senders, &key, &sender, BPF_ANY))
		record_lost(FE_PROG_SIGNAL_GENERATE);
	return 0;
}
