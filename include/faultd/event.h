/* SPDX-License-Identifier: GPL-2.0-or-later */
/*
 * What crosses the kernel boundary, and what a recording holds: one header, one payload per event type.
 *
 * Fixed widths, explicit padding, no pointers. Every payload is followed by its variable part: strings and
 * bytes one after the other, in the order of the length fields, so that a record is as long as what it says.
 * A change of layout raises FE_ABI.
 */
#ifndef FAULTD_EVENT_H
#define FAULTD_EVENT_H

#ifndef __BPF__
#include <stdint.h>
typedef uint8_t __fe8;
typedef uint16_t __fe16;
typedef uint32_t __fe32;
typedef uint64_t __fe64;
typedef int32_t __fs32;
#else
#include <linux/types.h>

typedef __u8 __fe8;
typedef __u16 __fe16;
typedef __u32 __fe32;
typedef __u64 __fe64;
typedef __s32 __fs32;
#endif

enum {
	FE_ABI = 1,
	FE_COMM_SIZE = 16,
	FE_PATH_MAX = 1024,   /* executable, directory and cgroup paths, each */
	FE_ARGS_MAX = 4096,   /* bytes of the argument vector */
	FE_ENV_MAX = 8192,    /* bytes of the environment, at exec */
	FE_STACK_MAX = 16384, /* bytes of a user stack */
	FE_REGS = 24,
	FE_CODE_BYTES = 16,
	FE_OUTER_FAULTS = 5,
	FE_MAPS_MAX = 128,     /* mappings in one FE_MAPS record */
	FE_MAP_NAME_MAX = 256, /* bytes of one mapping's path */
	FE_KSTACK_MAX = 4096,  /* bytes of a kernel stack in words */
	FE_MEMBERS_MAX = 64,   /* other threads in one stall */
};

/* Numbers are on the wire and in recordings: append only. */
enum fe_type {
	FE_NONE = 0,
	FE_DEATH = 1,	  /* a fatal signal was delivered: struct fe_death */
	FE_EXIT = 2,	  /* the last thread of a group went: struct fe_exit */
	FE_OOM = 3,	  /* the OOM killer marked a victim: struct fe_oom */
	FE_EXEC = 4,	  /* a program was executed: struct fe_exec */
	FE_FORK = 5,	  /* a process was created: struct fe_fork */
	FE_STACK = 6,	  /* top of the stack of a crashing thread: struct fe_stack */
	FE_MAPS = 7,	  /* mappings of a crashed process: struct fe_maps */
	FE_STALL = 8,	  /* a thread makes no progress: struct fe_stall, written by the scan in userspace */
	FE_STALL_END = 9, /* it makes progress again, or is gone: struct fe_stall_end, written likewise */
	FE_HUNG = 10,	  /* the kernel's own hung task detector spoke: struct fe_hung */
	FE_TYPE_COUNT
};

/* Who counts what was lost; one slot a program. */
enum fe_prog {
	FE_PROG_SIGNAL_DELIVER,
	FE_PROG_SIGNAL_GENERATE,
	FE_PROG_PROCESS_EXIT,
	FE_PROG_PROCESS_EXEC,
	FE_PROG_PROCESS_FORK,
	FE_PROG_MARK_VICTIM,
	FE_PROG_STACK,
	FE_PROG_MAPS,
	FE_PROG_EXIT_EARLY,
	FE_PROG_HUNG,
	FE_PROG_COUNT
};

struct fe_header {
	__fe16 type; /* enum fe_type */
	__fe16 abi;  /* FE_ABI */
	__fe32 size; /* of the whole record, header included */
	__fe64 time; /* CLOCK_BOOTTIME, ns */
};

/* Who: taken from the task while it still has it. Numbers are those of the initial namespaces. */
struct fe_identity {
	__fe64 start; /* start of the thread group, CLOCK_BOOTTIME ns (task->start_boottime of the leader) */
	__fe32 pid;   /* thread group */
	__fe32 tid;
	__fe32 ppid; /* thread group of the real parent */
	__fe32 uid;  /* real uid */
	__fe32 gid;
	__fe32 ns_pid;		 /* the pid in the process's own PID namespace; same as pid at level 0 */
	__fe32 pidns_level;	 /* 0 in the initial PID namespace */
	__fe32 thread_count;	 /* threads that are still there */
	char comm[FE_COMM_SIZE]; /* of the group leader */
	char thread_comm[FE_COMM_SIZE]; /* of this thread */
	char parent_comm[FE_COMM_SIZE];
	__fe64 mnt_ns;	/* inode of the mount namespace, 0 unknown */
	__fe16 exe_len; /* the variable part: executable, directory, cgroup path, arguments; no NUL is counted
			 */
	__fe16 cwd_len;
	__fe16 cgroup_len;
	__fe16 args_len;   /* NUL-separated */
	__fe32 args_total; /* before the cut to FE_ARGS_MAX */
	__fe16 flags;	   /* FE_ID_* */
	__fe16 pad;
};

enum {
	FE_ID_KTHREAD = 1 << 0,
	FE_ID_CGROUP_V1 = 1 << 1,   /* the path is that of a v1 hierarchy */
	FE_ID_EXE_DELETED = 1 << 2, /* the executable's file has no name any more */
	FE_ID_PATH_CUT = 1 << 3,    /* a path had more components, or longer ones, than were read */
};

/* The last signal of its number that somebody sent; zero signo: none seen. */
struct fe_sender {
	__fe64 time;
	__fe32 signo;
	__fs32 code; /* si_code */
	__fe32 pid;  /* thread group that sent it, 0: the kernel did */
	__fe32 tid;
	__fe32 ppid;
	__fe32 uid;
	char comm[FE_COMM_SIZE];
	__fe32 flags; /* FE_SENDER_* */
	__fe32 pad;
};

enum {
	FE_SENDER_KERNEL = 1 << 0, /* raised by the kernel; pid, comm tell in whose context */
	FE_SENDER_EXITING =
		1 << 1, /* that context was a process that is going away (a PID namespace's init) */
	FE_SENDER_NSINIT = 1 << 2, /* it is the init of the target's PID namespace */
	FE_SENDER_THREAD = 1 << 3, /* aimed at one thread, not at the group */
};

/* What a handler for a fault signal was first called for, in the thread that now dies. */
struct fe_first_fault {
	__fe64 time;
	__fe64 address;
	__fe64 ip;
	__fe64 sp;
	__fe32 signo; /* 0: no handler ran */
	__fs32 code;
	__fe32 trap_nr;
	__fe32 error_code;
};

struct fe_mapping {
	__fe64 start;
	__fe64 end;
	__fe64 offset; /* of start in the file, bytes */
	__fe64 inode;
	__fe32 dev;   /* kernel's own encoding (major << 20 | minor) */
	__fe32 flags; /* VM_READ 1, VM_WRITE 2, VM_EXEC 4, VM_SHARED 8, VM_GROWSDOWN 0x100 */
	__fe64 file_size;
	__fe16 name_len;
	__fe16 kind;	 /* FE_MAPPING_* */
	__fe32 fs_magic; /* of the file's filesystem, statfs(2) */
};

enum {
	FE_MAPPING_NONE, /* looked for: there is none */
	FE_MAPPING_FILE,
	FE_MAPPING_ANON,
	FE_MAPPING_UNKNOWN,	       /* could not be looked for */
	FE_MAPPING_SAME_NAME = 0xffff, /* as name_len: the name of the mapping before */
};

/* The address space in numbers (struct mm_struct). */
struct fe_memory {
	__fe64 start_code;
	__fe64 end_code;
	__fe64 start_brk;
	__fe64 brk;
	__fe64 start_stack;
	__fe64 mmap_base;
	__fe64 stack_limit; /* RLIMIT_STACK, bytes; ~0 unlimited */
	__fe64 task_size;
	__fe64 rss;	   /* bytes, approximate */
	__fe64 total_vm;   /* bytes */
	__fe64 hiwater_vm; /* bytes, as of the last munmap(); 0: nothing was unmapped yet */
};

enum fe_arch { FE_ARCH_X86_64 = 62, FE_ARCH_AARCH64 = 183 }; /* ELF's e_machine */

/*
 * Registers in ELF's core-dump order (struct user_regs_struct): on x86_64 r15 r14 r13 r12 rbp rbx r11 r10 r9
 * r8 rax rcx rdx rsi rdi orig_rax rip cs eflags rsp ss.
 */
struct fe_registers {
	__fe64 ip;
	__fe64 sp;
	__fe64 value[FE_REGS];
	__fe32 arch;
	__fe32 count; /* 0: not available */
};

/* Variable part: that of the identity, then the names of ip_mapping and address_mapping. */
struct fe_death {
	struct fe_header header;
	struct fe_identity id;
	__fe32 signo;
	__fs32 code;
	__fs32 err; /* si_errno; for SECCOMP_RET_TRAP the filter's data */
	__fe32 trap_nr;
	__fe64 address;	   /* si_addr, where the signal has one */
	__fe64 error_code; /* x86: page fault error code (bit 1 write, bit 4 fetch, bit 5 protection key) */
	__fe64 cr2;	   /* x86: last page fault address */
	__fe32 syscall;	   /* SIGSYS: the call's number; ~0 otherwise */
	__fe32 syscall_arch;
	__fe32 flags;	 /* FE_DEATH_* */
	__fs32 info_pid; /* as the signal says it, in the receiver's namespace */
	__fe32 protection_key;
	__fe32 pad;
	__fe64 cpu_time;       /* user + system of the group, ns */
	__fe64 cpu_limit_soft; /* RLIMIT_CPU, seconds; ~0 unlimited */
	__fe64 cpu_limit_hard;
	__fe64 file_size_limit;	  /* RLIMIT_FSIZE, bytes */
	struct fe_sender sender;  /* of this signal */
	struct fe_sender request; /* an earlier SIGTERM, SIGINT, SIGQUIT or SIGHUP to this process */
	struct fe_first_fault first;
	struct fe_memory memory;
	struct fe_registers regs;
	struct fe_mapping ip_mapping;
	struct fe_mapping address_mapping;
	__fe8 code_bytes[FE_CODE_BYTES]; /* at the instruction pointer */
	__fe32 code_len;
	__fe32 outer_count;
	/*
	 * Faults of this thread before `first` whose handlers may still be running, the outermost first: a
	 * JVM's handler takes and survives further faults while it writes its report.
	 */
	struct fe_first_fault outer[FE_OUTER_FAULTS];
};

enum {
	FE_DEATH_CORE = 1 << 0,	   /* the signal's default is to dump core */
	FE_DEATH_AT_EXIT = 1 << 1, /* no delivery was seen: made from the exit status */
	FE_DEATH_GROUP = 1 << 2,   /* delivered as the SIGKILL of a group that is ending from signo */
	FE_DEATH_STACK_FOLLOWS = 1 << 3,
	FE_DEATH_ADDRESS = 1 << 4,  /* address is meaningful */
	FE_DEATH_CRASH = 1 << 5,    /* by the process itself or a fault of its own, not from another */
	FE_DEATH_FOLLOWED = 1 << 6, /* the process is one that `run` started, or a descendant */
};

/* Variable part: that of the identity. */
struct fe_exit {
	struct fe_header header;
	struct fe_identity id;
	__fe32 status; /* as wait(2) gives it, core bit included */
	__fe32 flags;  /* FE_EXIT_* */
	__fe64 cpu_time;
	struct fe_sender request; /* an earlier SIGTERM, SIGINT, SIGQUIT or SIGHUP to this process */
};

enum {
	FE_EXIT_REPORTED = 1 << 0, /* an FE_DEATH of this process came before */
	FE_EXIT_WATCHED = 1 << 1,  /* faultd asked for this process (map "watched") */
	FE_EXIT_FOLLOWED = 1 << 2,
};

/* Variable part: cgroup path of the limit. */
struct fe_oom {
	struct fe_header header;
	__fe32 victim;
	__fe32 scope; /* FE_OOM_* */
	__fe32 trigger_pid;
	__fe32 trigger_tid;
	char trigger_comm[FE_COMM_SIZE];
	__fe64 limit; /* bytes; ~0 unknown */
	__fe64 usage; /* bytes, of the cgroup at its limit */
	__fe64 rss;   /* bytes, of the victim */
	__fe64 total_vm;
	__fs32 score_adj; /* FE_OOM_SCORE_UNKNOWN where the kernel does not say */
	__fe32 flags;
	__fe64 cgroup_id;
	__fe16 cgroup_len;
	__fe16 levels_above; /* 0: the limit is the trigger's own cgroup's; n: an ancestor n levels up */
	__fe32 pad;
};

enum { FE_OOM_HOST, FE_OOM_CGROUP, FE_OOM_POLICY };
enum {
	FE_OOM_GROUP = 1 << 0,
	FE_OOM_V1 = 1 << 1,
	FE_OOM_SWAP_LIMIT = 1 << 2,
	FE_OOM_LIMITED = 1 << 3 /* some cgroup of the trigger has a limit, but none was found at it */
};
#define FE_OOM_SCORE_UNKNOWN (-32768)

/* Variable part: that of the identity, then env_len bytes of environment, NUL-separated. */
struct fe_exec {
	struct fe_header header;
	struct fe_identity id;
	__fe32 old_tid; /* differs from id.tid when a thread that was not the leader executed */
	__fe32 flags;	/* FE_EXEC_* */
	__fe32 env_len;
	__fe32 env_total; /* before the cut to FE_ENV_MAX */
};

enum { FE_EXEC_WATCHED = 1 << 0, FE_EXEC_FOLLOWED = 1 << 1 };

/* Values of the map "watched": a process that a policy or --match names; one that `run` started, with its
 * children. */
enum { FE_WATCH_NAMED = 1, FE_WATCH_FOLLOWED = 2 };

struct fe_fork {
	struct fe_header header;
	__fe64 start;
	__fe32 pid;
	__fe32 ppid;
	char comm[FE_COMM_SIZE];
};

/* Variable part: len bytes from address up. */
struct fe_stack {
	struct fe_header header;
	__fe64 start; /* with pid: which process */
	__fe32 pid;
	__fe32 tid;
	__fe64 address;
	__fe32 len;
	__fe32 pad;
};

/* Variable part: room for FE_MAPS_MAX times struct fe_mapping, then their names, one after the other. */
struct fe_maps {
	struct fe_header header;
	__fe64 start;
	__fe32 pid;
	__fe32 tid;
	__fe32 count;
	__fe32 flags; /* FE_MAPS_* */
	__fe64 names_len;
};

enum { FE_MAPS_CUT = 1 << 0 };

#include "faultd/stall.h"

enum {
	FE_EXECS_WATCHED = 1, /* of watched processes, and of programs in the map "exec_names" */
	FE_EXECS_ALL = 2,
};

/* Values of the map "exec_names": the name is that of the process, that of the executable's file, or either.
 */
enum { FE_NAME_COMM = 1 << 0, FE_NAME_EXE = 1 << 1 };

/* What userspace wants from the programs; written at any time, read without locks. Not in recordings. */
struct fe_settings {
	__fe64 kill_mask;    /* signals whose kill.* is wanted, by number */
	__fe32 exit_failure; /* want the non-zero exits of every process */
	__fe32 exit_zero;    /* want the zero exits of every process */
	__fe32 exec;	     /* FE_EXECS_* */
	__fe32 watching;     /* the map "watched" is in use */
	__fe32 stack_bytes;  /* how much of a crashing thread's stack; 0: none */
	__fe32 pad;
};

/* Explicit padding and sizes are proven here, in both compilers. */
#define FE_ASSERT_SIZE(type, size) _Static_assert(sizeof(type) == (size), #type " has changed: raise FE_ABI")
FE_ASSERT_SIZE(struct fe_header, 16);
FE_ASSERT_SIZE(struct fe_identity, 112);
FE_ASSERT_SIZE(struct fe_sender, 56);
FE_ASSERT_SIZE(struct fe_first_fault, 48);
FE_ASSERT_SIZE(struct fe_mapping, 56);
FE_ASSERT_SIZE(struct fe_memory, 88);
FE_ASSERT_SIZE(struct fe_registers, 216);
FE_ASSERT_SIZE(struct fe_oom, 104);
FE_ASSERT_SIZE(struct fe_fork, 48);
FE_ASSERT_SIZE(struct fe_stack, 48);
FE_ASSERT_SIZE(struct fe_maps, 48);
FE_ASSERT_SIZE(struct fe_member, 64);
FE_ASSERT_SIZE(struct fe_stall, 368);
FE_ASSERT_SIZE(struct fe_stall_end, 56);
FE_ASSERT_SIZE(struct fe_hung, 128);

#endif
