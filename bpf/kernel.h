/* SPDX-License-Identifier: GPL-2.0-only */
/*
 * The exact kernel surface that we touch: only the members that are read, relocated to the running kernel's
 * BTF when the programs are loaded (CO-RE). Members that not every kernel has are in compat.bpf.h.
 */
#ifndef FAULTD_BPF_KERNEL_H
#define FAULTD_BPF_KERNEL_H

#include <linux/bpf.h>
#include <linux/types.h>

#include <bpf/bpf_core_read.h>
#include <bpf/bpf_helpers.h>
#include <bpf/bpf_tracing.h>

typedef _Bool bool;
#define true 1
#define false 0

#define RELOCATED __attribute__((preserve_access_index))

typedef struct {
	int counter;
} atomic_t;

typedef struct {
	long counter;
} atomic_long_t;

typedef struct {
	unsigned int val;
} kuid_t;

typedef struct {
	unsigned int val;
} kgid_t;

struct qstr {
	__u32 len;
	const unsigned char *name;
} RELOCATED;

struct hlist_bl_node {
	struct hlist_bl_node *next, **pprev;
} RELOCATED;

struct sb_writers {
	unsigned short frozen; /* an int before 6.16; the lower half says it all */
} RELOCATED;

struct file_system_type {
	const char *name;
} RELOCATED;

struct super_block {
	struct file_system_type *s_type;
	__u32 s_dev;
	unsigned long s_magic;
	struct sb_writers s_writers;
} RELOCATED;

struct inode {
	unsigned long i_ino;
	long long i_size;
	struct super_block *i_sb;
} RELOCATED;

struct dentry {
	struct hlist_bl_node d_hash;
	struct dentry *d_parent;
	struct qstr d_name;
} RELOCATED;

struct vfsmount {
	struct dentry *mnt_root;
} RELOCATED;

struct mount {
	struct mount *mnt_parent;
	struct dentry *mnt_mountpoint;
	struct vfsmount mnt;
} RELOCATED;

struct path {
	struct vfsmount *mnt;
	struct dentry *dentry;
} RELOCATED;

struct file {
	struct path f_path;
	struct inode *f_inode;
} RELOCATED;

struct fdtable {
	unsigned int max_fds;
	struct file **fd;
} RELOCATED;

struct files_struct {
	struct fdtable *fdt;
} RELOCATED;

struct fs_struct {
	struct path pwd;
} RELOCATED;

struct rb_node {
	struct rb_node *rb_right;
	struct rb_node *rb_left;
} RELOCATED;

struct rb_root {
	struct rb_node *rb_node;
} RELOCATED;

struct vm_area_struct {
	unsigned long vm_start;
	unsigned long vm_end;
	unsigned long vm_flags;
	unsigned long vm_pgoff;
	struct file *vm_file;
} RELOCATED;

struct rw_semaphore {
	atomic_long_t count;
	atomic_long_t owner;
} RELOCATED;

struct mutex {
	atomic_long_t owner;
} RELOCATED;

struct mm_struct {
	atomic_t mm_users;
	struct rw_semaphore mmap_lock;
	unsigned long hiwater_vm, total_vm; /* pages */
	unsigned long mmap_base;
	unsigned long task_size;
	unsigned long start_code, end_code;
	unsigned long start_brk, brk, start_stack;
	unsigned long arg_start, arg_end, env_start, env_end;
	struct file *exe_file;
} RELOCATED;

struct rlimit {
	unsigned long rlim_cur;
	unsigned long rlim_max;
} RELOCATED;

struct sigaction {
	void *sa_handler;
} RELOCATED;

struct k_sigaction {
	struct sigaction sa;
} RELOCATED;

struct sighand_struct {
	struct k_sigaction action[64];
} RELOCATED;

struct tty_struct;

/* A list head or, from 6.12 on, the head of an hlist: compared by its first pointer only. */
struct any_list_head {
	void *first;
};

struct cpu_itimer {
	__u64 expires;
} RELOCATED;

struct signal_struct {
	atomic_t live;
	int nr_threads;
	struct any_list_head posix_timers;
	struct cpu_itimer it[2];
	struct tty_struct *tty;
	int group_exit_code;
	unsigned int flags;
	unsigned long long sum_sched_runtime;
	struct rlimit rlim[16];
	short oom_score_adj;
} RELOCATED;

union sigval {
	int sival_int;
	void *sival_ptr;
};

union __sifields {
	struct {
		int _pid;
		unsigned int _uid;
	} _kill;
	struct {
		void *_addr;
		union {
			struct {
				char _dummy_pkey[8];
				__u32 _pkey;
			} _addr_pkey;
		};
	} _sigfault;
	struct {
		void *_call_addr;
		int _syscall;
		unsigned int _arch;
	} _sigsys;
} RELOCATED;

struct kernel_siginfo {
	int si_signo;
	int si_errno;
	int si_code;
	union __sifields _sifields;
} RELOCATED;

struct cred {
	kuid_t uid;
	kgid_t gid;
} RELOCATED;

struct ns_common {
	unsigned int inum;
} RELOCATED;

struct mnt_namespace {
	struct ns_common ns;
} RELOCATED;

struct nsproxy {
	struct mnt_namespace *mnt_ns;
} RELOCATED;

struct task_struct;

struct pid_namespace {
	struct task_struct *child_reaper;
	unsigned int level;
} RELOCATED;

struct upid {
	int nr;
	struct pid_namespace *ns;
} RELOCATED;

struct pid {
	unsigned int level;
	struct upid numbers[1];
} RELOCATED;

struct cgroup;

struct cgroup_subsys_state {
	struct cgroup *cgroup;
	struct cgroup_subsys_state *parent;
} RELOCATED;

struct kernfs_node {
	const char *name;
	__u64 id;
} RELOCATED;

struct cgroup {
	struct cgroup_subsys_state self;
	int level;
	struct kernfs_node *kn;
} RELOCATED;

struct css_set {
	struct cgroup_subsys_state *subsys[1];
	struct cgroup *dfl_cgrp;
} RELOCATED;

enum cgroup_subsys_id {
	memory_cgrp_id = 1,
};

struct page_counter {
	atomic_long_t usage;
	unsigned long max;
} RELOCATED;

struct mem_cgroup {
	struct cgroup_subsys_state css;
	struct page_counter memory;
	struct page_counter memsw;
	bool oom_group;
} RELOCATED;

struct sched_entity {
	__u64 sum_exec_runtime;
	__u64 prev_sum_exec_runtime;
} RELOCATED;

struct sched_info {
	unsigned long long last_arrival; /* on a CPU; the scheduler's clock, ns */
	unsigned long long last_queued;	 /* 0: not waiting for one */
} RELOCATED;

struct cfs_bandwidth {
	__u64 period; /* ktime_t */
	__u64 quota;  /* ns; ~0 none */
	int nr_periods;
	int nr_throttled;
	__u64 throttled_time;
} RELOCATED;

struct task_group {
	struct cgroup_subsys_state css;
	struct task_group *parent;
	struct cfs_bandwidth cfs_bandwidth;
} RELOCATED;

#ifdef __TARGET_ARCH_x86
struct thread_struct {
	unsigned long cr2;
	unsigned long trap_nr;
	unsigned long error_code;
} RELOCATED;

struct pt_regs {
	unsigned long r15, r14, r13, r12, bp, bx;
	unsigned long r11, r10, r9, r8, ax, cx, dx, si, di;
	unsigned long orig_ax;
	unsigned long ip, cs, flags, sp, ss;
};
#else
struct thread_struct {
	unsigned long fault_address;
	unsigned long fault_code;
} RELOCATED;

struct pt_regs {
	__u64 regs[31];
	__u64 sp, pc, pstate;
};
#endif

struct mempolicy {
	unsigned short mode;
} RELOCATED;

struct task_struct {
	void *stack;
	unsigned int flags;
	unsigned int ptrace;
	unsigned int on_cpu; /* a byte from 7.x on: of unsigned numbers libbpf adjusts the width */
	int static_prio;
	unsigned int policy;
	int nr_cpus_allowed;
	int exit_state;
	unsigned long jobctl;
	unsigned long nvcsw, nivcsw;
	struct sched_info sched_info;
	struct task_group *sched_task_group;
	struct task_struct *parent;
	struct files_struct *files;
	struct sched_entity se;
	struct mm_struct *mm;
	int exit_code;
	int pid;
	int tgid;
	struct task_struct *real_parent;
	struct task_struct *group_leader;
	struct pid *thread_pid;
	__u64 start_boottime;
	const struct cred *real_cred;
	char comm[16];
	struct fs_struct *fs;
	struct nsproxy *nsproxy;
	struct signal_struct *signal;
	struct sighand_struct *sighand;
	struct css_set *cgroups;
	struct mempolicy *mempolicy;
	struct thread_struct thread;
	unsigned long sas_ss_sp;
	unsigned long sas_ss_size;
} RELOCATED;

struct linux_binprm;

struct seq_file;

struct bpf_iter_meta {
	struct seq_file *seq;
	__u64 session_id;
	__u64 seq_num;
} RELOCATED;

struct bpf_iter__task {
	struct bpf_iter_meta *meta;
	struct task_struct *task;
} RELOCATED;

/* include/uapi/linux/bpf_perf_event.h */
struct bpf_perf_event_data {
	struct pt_regs regs;
	__u64 sample_period;
	__u64 addr;
};

/* include/linux/sched.h */
#define PF_IO_WORKER 0x00000010
#define PF_EXITING   0x00000004
#define PF_SIGNALED  0x00000400
#define PF_KTHREAD   0x00200000

/* include/linux/sched/signal.h */
#define SIGNAL_GROUP_EXIT 0x00000004
#define SIGNAL_UNKILLABLE 0x00000040

/* include/uapi/asm-generic/{signal,siginfo,resource}.h */
#define SIG_DFL 0
#define SIG_IGN 1

enum {
	SIGHUP = 1,
	SIGINT = 2,
	SIGQUIT = 3,
	SIGILL = 4,
	SIGTRAP = 5,
	SIGABRT = 6,
	SIGBUS = 7,
	SIGFPE = 8,
	SIGKILL = 9,
	SIGSEGV = 11,
	SIGALRM = 14,
	SIGTERM = 15,
	SIGCHLD = 17,
	SIGCONT = 18,
	SIGSTOP = 19,
	SIGTSTP = 20,
	SIGTTIN = 21,
	SIGTTOU = 22,
	SIGURG = 23,
	SIGXCPU = 24,
	SIGXFSZ = 25,
	SIGWINCH = 28,
	SIGSYS = 31,
};

enum { SI_USER = 0, SI_KERNEL = 0x80, SI_QUEUE = -1, SI_TKILL = -6 };
enum { RLIMIT_CPU = 0, RLIMIT_FSIZE = 1, RLIMIT_STACK = 3 };

#define PAGE_SIZE 4096UL
#define EEXIST	  17

static __always_inline __u64 signal_bit(int signo)
{
	return 1ULL << (signo & 63);
}

/* Signals that end a process by default, those with a core dump, and those that a fault of its own raises. */
#define SIGNALS_HARMLESS (1ULL << SIGCHLD | 1ULL << SIGCONT | 1ULL << SIGURG | 1ULL << SIGWINCH)
#define SIGNALS_STOP	 (1ULL << SIGSTOP | 1ULL << SIGTSTP | 1ULL << SIGTTIN | 1ULL << SIGTTOU)
#define SIGNALS_CORE                                                                             \
	(1ULL << SIGQUIT | 1ULL << SIGILL | 1ULL << SIGTRAP | 1ULL << SIGABRT | 1ULL << SIGBUS | \
	 1ULL << SIGFPE | 1ULL << SIGSEGV | 1ULL << SIGXCPU | 1ULL << SIGXFSZ | 1ULL << SIGSYS)
#define SIGNALS_FAULT                                                                           \
	(1ULL << SIGILL | 1ULL << SIGTRAP | 1ULL << SIGBUS | 1ULL << SIGFPE | 1ULL << SIGSEGV | \
	 1ULL << SIGSYS)
#define SIGNALS_REQUEST (1ULL << SIGTERM | 1ULL << SIGINT | 1ULL << SIGQUIT | 1ULL << SIGHUP)

#endif
