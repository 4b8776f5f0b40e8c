/* SPDX-License-Identifier: GPL-2.0-or-later */
/* Stalls as they are seen, each with the verdict that it is to have; its neighbours are beyond a border. */
#ifndef FAULTD_TESTS_STALL_SCENARIOS_H
#define FAULTD_TESTS_STALL_SCENARIOS_H

#include <errno.h>
#include <fcntl.h>
#include <signal.h>
#include <stdbool.h>
#include <stdint.h>
#include <sys/syscall.h>

#include "core/clock.h"
#include "core/incident.h"

enum { MEMBERS = 16, MAIN = 42, NONE = ~0U };

#define NOW    (1000 * NSEC_PER_SEC)
#define SINCE  (NOW - 10 * NSEC_PER_SEC)
#define SEC(n) ((n)*NSEC_PER_SEC)

struct scenario {
	const char *name;
	enum fault_kind kind;
	struct fe_stall event;
	bool in_call;  /* event.syscall is meant; else it is in none */
	bool no_since; /* event.since is meant; else it is SINCE */
	bool no_event;
	const char *channel, *stack, *object, *filesystem;
	struct fe_member members[MEMBERS];
	unsigned int threads;
	uint32_t tid; /* 0: the main thread */

	const char *cause;
	enum confidence confidence;
	const char *says;  /* part of the summary */
	const char *shows; /* part of a line of evidence */
};

#define KIND(k)	       .kind = FAULT_STALL_##k
#define EVENT(...)     .event = {__VA_ARGS__}
#define IN(call, ...)  .in_call = true, .event = {.syscall = SYS_##call, __VA_ARGS__}
#define IS(slug, sure) .cause = slug, .confidence = CONFIDENCE_##sure
#define UNKNOWN	       .cause = "unknown", .confidence = CONFIDENCE_POSSIBLE
#define LOCK(t, n)     .lock = 0x7f0000001000, .lock_type = FE_LOCK_##t, .owner_tid = n
#define WAITS(r, t, on, type)                                                                   \
	{                                                                                       \
		.role = FE_ROLE_##r, .pid = MAIN, .tid = t, .state = 'S', .syscall = SYS_futex, \
		.lock = 0x1000, .owner_tid = on, .lock_type = FE_LOCK_##type, .comm = "locker"  \
	}
#define OF(r, t, ...)                                                                             \
	{                                                                                         \
		.role = FE_ROLE_##r, .pid = t, .tid = t, .syscall = NONE, .comm = #r, __VA_ARGS__ \
	}
#define DOES(r, t, letter, call)                                                                      \
	{                                                                                             \
		.role = FE_ROLE_##r, .pid = t, .tid = t, .state = letter, .syscall = call, .comm = #r \
	}
#define CULPRIT(t, p, s) OF(CULPRIT, t, .policy = p, .share = s)
#define FROZEN		 "schedule\npercpu_rwsem_wait\n__percpu_down_read\n"

/* clang-format off */
static const struct scenario scenarios[] = {
	/* ---- deadlock */
	{"self-deadlock", KIND(DEADLOCK), IN(futex, LOCK(MUTEX, MAIN)), .members = {WAITS(CYCLE, MAIN, MAIN, MUTEX)}, IS("self-deadlock", CERTAIN), "a mutex that it has locked itself", "locker[42] waits for mutex 0x1000 held by locker[42]"},
	{"self-deadlock of another thread", KIND(DEADLOCK), IN(futex), .tid = 43, .members = {WAITS(CYCLE, 43, 43, MUTEX_ERRORCHECK)}, IS("self-deadlock", CERTAIN), "thread worker[43] waits for an error-checking mutex that"},
	{"self-deadlock of a futex word", KIND(DEADLOCK), IN(futex), .members = {WAITS(CYCLE, MAIN, MAIN, WORD)}, IS("self-deadlock", LIKELY), "a lock that"},
	{"one in the cycle, and another has the lock", KIND(DEADLOCK), IN(futex, LOCK(MUTEX, 43)), .members = {WAITS(CYCLE, MAIN, 43, MUTEX)}, UNKNOWN, "waits for a mutex that thread 43 has", "locker[42] waits for mutex 0x1000 held by thread 43"},
	{"cycle of two", KIND(DEADLOCK), IN(futex), .members = {WAITS(CYCLE, 42, 43, MUTEX), WAITS(CYCLE, 43, 42, MUTEX_ROBUST)}, IS("lock-cycle", CERTAIN), "2 threads wait for each other's locks", "locker[43] waits for robust mutex 0x1000 held by locker[42]"},
	{"cycle of three", KIND(DEADLOCK), IN(futex), .members = {WAITS(CYCLE, 42, 43, MUTEX_RECURSIVE), WAITS(CYCLE, 43, 44, RWLOCK), WAITS(CYCLE, 44, 42, MUTEX_PI)}, IS("lock-cycle", CERTAIN), "3 threads wait for each other's locks", "priority-inheriting mutex"},
	{"cycle of two processes", KIND(DEADLOCK), IN(futex), .members = {WAITS(CYCLE, 42, 99, MUTEX), OF(CYCLE, 99, .owner_tid = 42, .lock_type = FE_LOCK_MUTEX)}, IS("lock-cycle", CERTAIN), "2 threads of 2 processes wait for each other's locks", "CYCLE[99] waits"},
	{"cycle with a futex word", KIND(DEADLOCK), IN(futex), .members = {WAITS(CYCLE, 42, 43, MUTEX), WAITS(CYCLE, 43, 42, WORD)}, IS("lock-cycle", LIKELY)},
	{"cycle with a join", KIND(DEADLOCK), IN(futex), .members = {WAITS(CYCLE, 42, 43, JOIN), WAITS(CYCLE, 43, 42, MUTEX)}, IS("lock-cycle", CERTAIN), "2 threads wait for each other", "waits in pthread_join for locker[43] to end"},
	{"a chain is no cycle", KIND(DEADLOCK), IN(futex, LOCK(MUTEX, 43)), .members = {WAITS(CYCLE, 42, 43, MUTEX), WAITS(CYCLE, 43, 44, MUTEX)}, UNKNOWN, "waits for a mutex that locker[43] has"},
	{"a cycle beside the first one", KIND(DEADLOCK), IN(futex), .members = {WAITS(CYCLE, 42, 44, MUTEX), WAITS(CYCLE, 43, 42, MUTEX)}, UNKNOWN},
	{"owner died", KIND(DEADLOCK), IN(futex, .flags = FE_STALL_OWNER_DIED, LOCK(MUTEX, 4711)), IS("owner-died", CERTAIN), "the thread 4711 that holds the mutex 0x7f0000001000 it waits for has ended without unlocking it", "held by thread 4711"},
	{"owner of a futex word died", KIND(DEADLOCK), IN(futex, .flags = FE_STALL_OWNER_DIED, LOCK(WORD, 4711)), IS("owner-died", LIKELY), "the thread 4711 that holds the lock"},
	{"owner died, and its number with it", KIND(DEADLOCK), IN(futex, .flags = FE_STALL_OWNER_DIED, LOCK(MUTEX_ROBUST, 0)), .tid = 43, IS("owner-died", CERTAIN), "the thread that held the robust mutex 0x7f0000001000 worker[43] waits for"},
	{"owner's owner died", KIND(DEADLOCK), IN(futex, .flags = FE_STALL_OWNER_DIED, LOCK(MUTEX, 43)), .members = {WAITS(CHAIN, 43, 4711, MUTEX), OF(CHAIN, 4711, .state = 'X')}, IS("owner-died", CERTAIN), "the thread 4711 that holds the mutex 0x1000 locker[43] waits for"},
	{"all threads wait", KIND(DEADLOCK), IN(futex, .flags = FE_STALL_ALL_WAIT, .others = 3), .threads = 4, .members = {WAITS(CYCLE, 42, 0, FUTEX), WAITS(CYCLE, 43, 0, FUTEX)}, IS("all-threads-waiting", CERTAIN), "all 4 threads wait for each other: none is left to wake another", "locker[43] waits for futex 0x1000, whose owner is not known"},
	{"all threads wait, but handle signals", KIND(DEADLOCK), IN(futex, .flags = FE_STALL_ALL_WAIT | FE_STALL_HANDLERS, .others = 3), IS("all-threads-waiting", LIKELY), "all 4 threads", "it handles signals"},
	{"the only thread waits", KIND(DEADLOCK), IN(futex, .flags = FE_STALL_ALL_WAIT), .threads = 1, IS("all-threads-waiting", CERTAIN), "its only thread waits"},
	{"all wait, and a cycle is why", KIND(DEADLOCK), IN(futex, .flags = FE_STALL_ALL_WAIT), .members = {WAITS(CYCLE, 42, 43, MUTEX), WAITS(CYCLE, 43, 42, MUTEX)}, IS("lock-cycle", CERTAIN)},
	{"handlers alone", KIND(DEADLOCK), IN(futex, .flags = FE_STALL_HANDLERS), UNKNOWN, "waits in futex for 10 s"},

	/* ---- lock */
	{"holder naps", KIND(LOCK), IN(futex, LOCK(MUTEX, 125)), .members = {DOES(CHAIN, 125, 'S', SYS_clock_nanosleep)}, IS("lock-holder-sleeping", CERTAIN), "waits for a mutex that CHAIN[125] has; that one sleeps in clock_nanosleep", "app[42] waits for mutex 0x7f0000001000 held by CHAIN[125]"},
	{"holder of a futex word naps", KIND(LOCK), IN(futex, LOCK(WORD, 125)), .members = {DOES(CHAIN, 125, 'S', SYS_nanosleep)}, IS("lock-holder-sleeping", LIKELY)},
	{"holder polls", KIND(LOCK), IN(futex, LOCK(RWLOCK, 125)), .members = {DOES(CHAIN, 125, 'S', SYS_epoll_pwait)}, IS("lock-holder-sleeping", CERTAIN), "waits for an event in epoll_pwait"},
	{"holder waits to be woken", KIND(LOCK), IN(futex, LOCK(MUTEX, 43)), .members = {WAITS(CHAIN, 43, 0, FUTEX)}, IS("lock-holder-sleeping", CERTAIN), "waits for an event in futex"},
	{"holder reads", KIND(LOCK), IN(futex, LOCK(MUTEX, 125)), .members = {DOES(CHAIN, 125, 'S', SYS_read)}, IS("lock-holder-stalled", CERTAIN), "that one waits in read", "CHAIN[125] is in interruptible sleep in read"},
	{"holder in D", KIND(LOCK), IN(futex, LOCK(MUTEX, 125)), .members = {DOES(CHAIN, 125, 'D', SYS_nanosleep)}, IS("lock-holder-stalled", CERTAIN), "that one is in uninterruptible sleep in nanosleep"},
	{"holder stopped", KIND(LOCK), IN(futex, LOCK(MUTEX, 125)), .members = {OF(CHAIN, 125, .state = 'T')}, IS("lock-holder-stalled", CERTAIN), "that one is stopped"},
	{"holder debugged", KIND(LOCK), IN(futex, LOCK(MUTEX, 125)), .members = {OF(CHAIN, 125, .state = 't')}, IS("lock-holder-stalled", CERTAIN), "stopped by a debugger"},
	{"holder waits for a lock itself, and nobody followed that", KIND(LOCK), IN(futex, LOCK(MUTEX, 43)), .members = {WAITS(CHAIN, 43, 44, MUTEX)}, IS("lock-holder-stalled", CERTAIN), "that one waits in futex"},
	{"holder joins", KIND(LOCK), IN(futex, LOCK(MUTEX, 43)), .members = {WAITS(CHAIN, 43, 125, JOIN), DOES(CHAIN, 125, 'S', SYS_nanosleep)}, IS("lock-holder-stalled", CERTAIN), "that one waits for CHAIN[125] to end"},
	{"the chain's end decides", KIND(LOCK), IN(futex, LOCK(MUTEX, 43)), .members = {WAITS(CHAIN, 43, 125, WORD), DOES(CHAIN, 125, 'S', SYS_nanosleep)}, IS("lock-holder-sleeping", LIKELY), "a mutex that locker[43] has; at the end of the chain CHAIN[125] sleeps in nanosleep", "locker[43] waits for lock 0x1000 held by CHAIN[125]"},
	{"holder runs", KIND(LOCK), IN(futex, LOCK(MUTEX, 125)), .members = {OF(CHAIN, 125, .state = 'R')}, UNKNOWN, "waits for a mutex that CHAIN[125] has; that one is running"},
	{"holder sleeps outside of any call", KIND(LOCK), IN(futex, LOCK(MUTEX, 125)), .members = {OF(CHAIN, 125, .state = 'S')}, UNKNOWN, "that one is in interruptible sleep"},
	{"holder's state is not known", KIND(LOCK), IN(futex, LOCK(MUTEX, 125)), .members = {DOES(CHAIN, 125, 0, SYS_read)}, UNKNOWN, "that one is in a state that was not seen"},
	{"holder has ended", KIND(LOCK), IN(futex, LOCK(MUTEX, 125)), .members = {OF(CHAIN, 125, .state = 'Z')}, UNKNOWN, "that one has ended"},
	{"no holder was found", KIND(LOCK), IN(futex, LOCK(MUTEX, 0)), UNKNOWN, "waits for a mutex; who has it is not known"},
	{"a number, and no thread to it", KIND(LOCK), IN(futex, LOCK(MUTEX, 125)), UNKNOWN, "waits for a mutex that thread 125 has"},
	{"a join is no lock", KIND(LOCK), IN(futex, LOCK(JOIN, 125)), .members = {DOES(CHAIN, 125, 'S', SYS_nanosleep)}, UNKNOWN, "waits for CHAIN[125] to end"},
	{"members of other roles are no chain", KIND(LOCK), IN(futex, LOCK(MUTEX, 125)), .members = {DOES(HOLDER, 125, 'S', SYS_nanosleep)}, UNKNOWN, "that HOLDER[125] has"},

	/* ---- io */
	{"frozen", KIND(IO), IN(write, .flags = FE_STALL_FS_FROZEN | FE_STALL_KILLABLE), .object = "/mnt/x", .filesystem = "ext4 /dev/loop0", IS("filesystem-frozen", CERTAIN), "in uninterruptible sleep in write of /mnt/x (ext4 on /dev/loop0) for 10 s: the filesystem is frozen", "SIGKILL ends it"},
	{"frozen, as the stack has it", KIND(IO), IN(mkdir), .stack = FROZEN "mnt_want_write\nfilename_create", IS("filesystem-frozen", LIKELY), "to be thawed", "percpu_rwsem_wait, __percpu_down_read, mnt_want_write"},
	{"frozen, on 5.10", KIND(IO), IN(mkdir), .stack = FROZEN "__sb_start_write\nmnt_want_write", IS("filesystem-frozen", LIKELY)},
	{"frozen, a write", KIND(IO), IN(write), .stack = FROZEN "vfs_write\nksys_write", IS("filesystem-frozen", LIKELY)},
	{"a per-CPU semaphore of a cgroup, far below a write", KIND(IO), IN(write), .stack = FROZEN "cgroup_attach_lock\n__cgroup_procs_write\nkernfs_fop_write_iter\nvfs_write", IS("kernel-lock", CERTAIN)},
	{"mnt_want_write, but it is not that which sleeps", KIND(IO), IN(mkdir), .stack = "schedule\nfrob\nmnt_want_write", UNKNOWN, "in the kernel's frob"},
	{"FUSE", KIND(IO), IN(read), .stack = "__schedule\nschedule\nrequest_wait_answer\nfuse_simple_request", .filesystem = "fuse.sshfs h:/x", IS("fuse-server", CERTAIN), "(fuse.sshfs on h:/x) for 10 s: the FUSE server does not answer", "not even SIGKILL ends it"},
	{"FUSE, deep in the stack", KIND(IO), IN(read), .stack = "a\nb\nc\nd\nfuse_read", IS("fuse-server", LIKELY)},
	{"FUSE, at the border of near", KIND(IO), IN(read), .stack = "schedule\na\nb\nc\nfuse_read", IS("fuse-server", CERTAIN)},
	{"FUSE by type", KIND(IO), IN(read), .filesystem = "fuseblk /dev/sdb", IS("fuse-server", LIKELY)},
	{"fusectl is the kernel's own", KIND(IO), IN(read), .filesystem = "fusectl fusectl", UNKNOWN, "(fusectl on fusectl)"},
	{"a lock inside FUSE", KIND(IO), IN(write), .stack = "schedule\nrwsem_down_write_slowpath\nfuse_file_write_iter", .filesystem = "fuse.x y", IS("kernel-lock", CERTAIN)},
	{"NFS", KIND(IO), IN(openat), .stack = "schedule\nrpc_wait_bit_killable\n__wait_on_bit", IS("network-filesystem", CERTAIN), "in openat for 10 s: the server"},
	{"NFS by type", KIND(IO), IN(openat), .filesystem = "nfs4 server:/x", IS("network-filesystem", LIKELY)},
	{"9p by type alone", KIND(IO), IN(openat), .filesystem = "9p", IS("network-filesystem", LIKELY), "(9p)"},
	{"nfsd's own is no network filesystem", KIND(IO), IN(openat), .filesystem = "nfsd nfsd", UNKNOWN},
	{"kernel lock, with its holder", KIND(IO), IN(openat, .flags = FE_STALL_KERNEL_LOCK), .members = {OF(HOLDER, 77)}, IS("kernel-lock", CERTAIN), "a lock in the kernel held by HOLDER[77]", "the lock is held by HOLDER[77]"},
	{"kernel mutex", KIND(IO), IN(openat), .stack = "__schedule\nschedule\nschedule_preempt_disabled\n__mutex_lock.constprop.0+0x1/0x2\nwalk", IS("kernel-lock", CERTAIN), "a lock in the kernel", "sleeps in __mutex_lock"},
	{"kernel semaphore", KIND(IO), IN(openat), .stack = "schedule_timeout\n__down_common\n__down\ndown\nxfs_buf_lock", IS("kernel-lock", LIKELY)},
	{"a holder without a lock", KIND(IO), IN(openat), .members = {OF(HOLDER, 77)}, UNKNOWN},
	{"a lock's function that does not sleep", KIND(IO), IN(openat), .stack = "schedule\nfrob\nmutex_lock", UNKNOWN},
	{"download is not down", KIND(IO), IN(openat), .stack = "schedule\ndownload_firmware", UNKNOWN, "download_firmware"},
	{"a page of whatever filesystem", KIND(IO), EVENT(.state = 'D'), .stack = "io_schedule\nfolio_wait_bit_common\nfilemap_fault", IS("unknown", POSSIBLE), "in the kernel's folio_wait_bit_common"},
	{"device", KIND(IO), IN(fsync), .stack = "io_schedule\nfolio_wait_bit_common\nfilemap_read", .object = "/x", .filesystem = "ext4 /dev/sda1", IS("slow-device", LIKELY), "in fsync of /x (ext4 on /dev/sda1) for 10 s: the block device", "kernel stack, innermost first: folio_wait_bit_common, filemap_read"},
	{"device, by the wait channel", KIND(IO), IN(fsync), .channel = "jbd2_log_wait_commit", IS("slow-device", LIKELY), .shows = "wait channel is jbd2_log_wait_commit"},
	{"device, by io_schedule alone", KIND(IO), EVENT(.state = 'D'), .stack = "io_schedule_timeout\nfrob", IS("slow-device", LIKELY)},
	{"a function that the compiler cloned", KIND(IO), IN(fsync), .stack = "schedule+0x1/0x2\nrq_qos_wait.part.0+0x1/0x2", IS("slow-device", LIKELY), .shows = "innermost first: rq_qos_wait"},
	{"a block function deep in the stack", KIND(IO), IN(fsync), .stack = "schedule\na\nb\nc\nd\nblk_mq_get_tag", UNKNOWN, "in the kernel's a"},
	{"vfork", KIND(IO), IN(vfork), .stack = "schedule\nwait_for_vfork_done\nkernel_clone", UNKNOWN, "in vfork for 10 s, in the kernel's wait_for_vfork_done"},
	{"nothing but the state", KIND(IO), EVENT(.state = 'D'), .object = "/x", UNKNOWN, "in uninterruptible sleep, waiting for /x for 10 s"},
	{"hung task", .kind = FAULT_KERNEL_HUNG_TASK, .no_event = true, UNKNOWN, "the kernel's hung task detector found it in uninterruptible sleep"},
	{"hung task with facts", .kind = FAULT_KERNEL_HUNG_TASK, IN(read), .stack = "io_schedule\nbit_wait_io", IS("slow-device", LIKELY), "in read for 10 s", "detector reported it"},
	{"hung task with few facts", .kind = FAULT_KERNEL_HUNG_TASK, EVENT(), .no_since = true, .tid = 43, UNKNOWN, "found worker[43] in uninterruptible sleep"},

	/* ---- syscall */
	{"flock", KIND(SYSCALL), IN(flock), .object = "/run/x.lock", .members = {OF(HOLDER, 99), OF(HOLDER, 98), OF(HOLDER, 97)}, IS("file-lock", CERTAIN), "waits in flock for the lock on /run/x.lock, held by HOLDER[99], HOLDER[98] and 1 more, for 10 s"},
	{"fcntl", KIND(SYSCALL), IN(fcntl, .args = {3, F_SETLKW}), IS("file-lock", CERTAIN), "the lock on a file for 10 s"},
	{"fcntl of an open file's lock", KIND(SYSCALL), IN(fcntl, .args = {3, 38}), IS("file-lock", CERTAIN)},
	{"fcntl of another kind", KIND(SYSCALL), IN(fcntl, .args = {3, F_SETLEASE}), IS("file-lock", LIKELY)},
	{"connect", KIND(SYSCALL), IN(connect), .object = "tcp 10.0.0.7:5432", IS("connect", CERTAIN), "waits in connect to tcp 10.0.0.7:5432 for 10 s"},
	{"connect, the peer is not known", KIND(SYSCALL), IN(connect), .object = "tcp on 10.0.0.1:40112", IS("connect", CERTAIN), "waits in connect of tcp on"},
	{"connect, nothing is known", KIND(SYSCALL), IN(connect), IS("connect", CERTAIN), "waits in connect for 10 s"},
	{"full pipe", KIND(SYSCALL), IN(write), .object = "pipe:[4711]", .members = {OF(READER, 77)}, IS("pipe-full", CERTAIN), "waits in write for room in pipe:[4711], which READER[77] should read, for 10 s", "is that of READER[77]"},
	{"full FIFO", KIND(SYSCALL), IN(writev), .object = "/run/fifo", .stack = "schedule\npipe_write\nvfs_writev", IS("pipe-full", CERTAIN), "room in /run/fifo"},
	{"splice into a full pipe", KIND(SYSCALL), IN(splice), .object = "pipe:[1]", .channel = "wait_for_space", IS("pipe-full", CERTAIN)},
	{"splice from an empty pipe", KIND(SYSCALL), IN(splice), .object = "pipe:[1]", .channel = "pipe_wait_readable", UNKNOWN, "in splice of pipe:[1]"},
	{"reading a pipe", KIND(SYSCALL), IN(read), .object = "pipe:[4711]", UNKNOWN, "in read of pipe:[4711] for 10 s"},
	{"write to a file called pipe", KIND(SYSCALL), IN(write), .object = "/x/pipe:[1]", UNKNOWN},
	{"full socket", KIND(SYSCALL), IN(sendto), .object = "tcp 10.0.0.7:5432", IS("socket-full", LIKELY), "waits in sendto for room in tcp 10.0.0.7:5432"},
	{"full socket, as the stack has it", KIND(SYSCALL), IN(write), .object = "unix /run/x", .stack = "schedule_timeout\nsock_alloc_send_pskb\nunix_stream_sendmsg", .members = {OF(READER, 77)}, IS("socket-full", CERTAIN), "which READER[77] should read"},
	{"socket that nobody knows", KIND(SYSCALL), IN(write), .object = "socket:[5]", IS("socket-full", LIKELY)},
	{"receiving is not sending", KIND(SYSCALL), IN(recvfrom), .object = "tcp 10.0.0.7:5432", UNKNOWN},
	{"DNS", KIND(SYSCALL), IN(poll), .object = "udp 10.0.0.2:53", IS("dns", LIKELY), "waits in poll for an answer of the DNS server udp 10.0.0.2:53"},
	{"DNS over IPv6", KIND(SYSCALL), IN(recvfrom), .object = "udp [fe80::1]:53", IS("dns", LIKELY)},
	{"DNS over TCP", KIND(SYSCALL), IN(recvfrom), .object = "tcp 10.0.0.2:53", IS("dns", LIKELY)},
	{"port 5353", KIND(SYSCALL), IN(poll), .object = "udp 10.0.0.2:5353", UNKNOWN},
	{"an address that ends in 53", KIND(SYSCALL), IN(poll), .object = "udp fe80::53", UNKNOWN},
	{"a name server itself", KIND(SYSCALL), IN(recvfrom), .object = "udp on 0.0.0.0:53", UNKNOWN},
	{"a file whose name ends in :53", KIND(SYSCALL), IN(read), .object = "/x:53", UNKNOWN},
	{"a call of no name", KIND(SYSCALL), .in_call = true, EVENT(.syscall = 9999, .state = 'S'), UNKNOWN, "in interruptible sleep in system call 9999 for 10 s"},
	{"no call at all", KIND(SYSCALL), EVENT(.state = 0), UNKNOWN, "stands still for 10 s"},

	/* ---- eventloop */
	{"busy", KIND(EVENTLOOP), EVENT(.flags = FE_STALL_RUNNING | FE_STALL_WAS_LOOP, .run_time = SEC(5), .traced = SEC(1), .samples = 10, .user_samples = 5, .ip = 0x401000), IS("busy-in-user-code", CERTAIN), "busy in user code for 10 s", "the last one at 0x401000"},
	{"busy, not traced", KIND(EVENTLOOP), EVENT(.flags = FE_STALL_RUNNING, .run_time = SEC(9)), IS("busy-in-user-code", LIKELY)},
	{"busy, with calls", KIND(EVENTLOOP), EVENT(.flags = FE_STALL_RUNNING, .run_time = SEC(9), .traced = SEC(1), .calls = 1), IS("busy-in-user-code", LIKELY), .shows = "traced for 1 s: 1 system calls"},
	{"not quite half of the time", KIND(EVENTLOOP), EVENT(.flags = FE_STALL_RUNNING, .run_time = SEC(5) - 1), UNKNOWN, "runnable for 10 s and had 4.9 s of CPU time"},
	{"busy in the kernel", KIND(EVENTLOOP), EVENT(.flags = FE_STALL_RUNNING, .run_time = SEC(9), .traced = SEC(1), .calls = 5, .samples = 11, .user_samples = 5), UNKNOWN, "most of it in the kernel"},
	{"busy inside a call", KIND(EVENTLOOP), IN(read, .flags = FE_STALL_RUNNING, .run_time = SEC(9)), UNKNOWN},
	{"busy, since nobody knows when", KIND(EVENTLOOP), .no_since = true, EVENT(.flags = FE_STALL_RUNNING, .run_time = SEC(9)), UNKNOWN},
	{"starved", KIND(EVENTLOOP), EVENT(.flags = FE_STALL_RUNNING, .run_time = SEC(1) - 1), .members = {CULPRIT(99, 0, 900)}, IS("starved", CERTAIN), "runnable for 10 s, but had only 999 ms of CPU time; its CPU went to CULPRIT[99]"},
	{"a tenth is not starved", KIND(EVENTLOOP), EVENT(.flags = FE_STALL_RUNNING, .run_time = SEC(1)), UNKNOWN},
	{"running just now is not running all the time", KIND(EVENTLOOP), EVENT(.state = 'R', .run_time = SEC(9)), UNKNOWN, "running for 10 s"},
	{"waits for a lock", KIND(EVENTLOOP), IN(futex, .state = 'S', LOCK(MUTEX, 125)), .members = {OF(CHAIN, 125, .state = 'R')}, IS("lock-wait", CERTAIN), "for a mutex that CHAIN[125] has"},
	{"waits for a futex word", KIND(EVENTLOOP), IN(futex, .state = 'S', LOCK(WORD, 125)), IS("lock-wait", LIKELY), "for a lock that thread 125 has"},
	{"waits for nobody knows whom", KIND(EVENTLOOP), IN(futex, .state = 'S', LOCK(FUTEX, 0)), IS("lock-wait", POSSIBLE), "for another thread in futex", "futex 0x7f0000001000, whose owner is not known"},
	{"waits for a thread to end", KIND(EVENTLOOP), IN(futex, .state = 'S', LOCK(JOIN, 43)), .tid = 44, IS("blocked-in-syscall", CERTAIN), "thread worker[44] is blocked in pthread_join for 10 s until thread 43 ends"},
	{"blocked", KIND(EVENTLOOP), IN(read, .state = 'S'), .object = "pipe:[4711]", IS("blocked-in-syscall", CERTAIN), "blocked in read of pipe:[4711] for 10 s", "it is in interruptible sleep in read"},
	{"blocked in D", KIND(EVENTLOOP), IN(fsync, .state = 'D'), .object = "/x", .filesystem = "xfs /dev/sda", IS("blocked-in-syscall", CERTAIN), "blocked in fsync of /x (xfs on /dev/sda)"},
	{"asleep outside of any call", KIND(EVENTLOOP), EVENT(.state = 'D'), UNKNOWN, "in uninterruptible sleep for 10 s"},
	{"stopped in a call", KIND(EVENTLOOP), IN(read, .state = 'T'), UNKNOWN, "stopped in read"},

	/* ---- spin */
	{"loop in user code", KIND(SPIN), EVENT(.run_time = SEC(5), .traced = SEC(1)), IS("user-loop", CERTAIN), "looping in user code for 10 s", "traced for 1 s: 0 system calls"},
	{"not traced", KIND(SPIN), EVENT(.run_time = SEC(9)), UNKNOWN, "busy for 10 s: 9 s of CPU time"},
	{"one call", KIND(SPIN), EVENT(.run_time = SEC(9), .traced = SEC(1), .calls = 1), UNKNOWN, "1 system calls while traced"},
	{"less than half", KIND(SPIN), EVENT(.run_time = SEC(5) - 1, .traced = SEC(1)), UNKNOWN},
	{"loop in the kernel", KIND(SPIN), EVENT(.run_time = SEC(9), .traced = SEC(1), .samples = 11, .user_samples = 5), UNKNOWN},
	{"the same failing call", KIND(SPIN), EVENT(.run_time = SEC(9), .traced = SEC(1), .calls = 1000, .failed = 1000, .failed_syscall = SYS_read, .failed_errno = EAGAIN), IS("syscall-loop", CERTAIN), "repeating read, which fails with EAGAIN each time", "read failed with EAGAIN 1000 times in a row in 1 s"},
	{"the same failing call, in the middle of one", KIND(SPIN), EVENT(.run_time = SEC(9), .traced = SEC(1), .calls = 1001, .failed = 1000, .failed_syscall = SYS_read, .failed_errno = EAGAIN), IS("syscall-loop", CERTAIN)},
	{"an error of no name", KIND(SPIN), EVENT(.run_time = SEC(9), .traced = SEC(1), .calls = 1000, .failed = 1000, .failed_syscall = 9999, .failed_errno = 3999), IS("syscall-loop", CERTAIN), "repeating system call 9999, which fails with error 3999"},
	{"too few failures", KIND(SPIN), EVENT(.run_time = SEC(9), .traced = SEC(1), .calls = 999, .failed = 999, .failed_syscall = SYS_read, .failed_errno = EAGAIN), UNKNOWN},
	{"the same failing call, and two that are not told", KIND(SPIN), EVENT(.run_time = SEC(9), .traced = SEC(1), .calls = 1002, .failed = 1000, .failed_syscall = SYS_read, .failed_errno = EAGAIN), IS("syscall-loop", CERTAIN)},
	{"some calls succeeded", KIND(SPIN), EVENT(.run_time = SEC(9), .traced = SEC(1), .calls = 1003, .failed = 1000, .failed_syscall = SYS_read, .failed_errno = EAGAIN), UNKNOWN},

	/* ---- starved */
	{"real-time hog", KIND(STARVED), EVENT(.cpu = 3, .run_time = NSEC_PER_MSEC), .members = {CULPRIT(98, 0, 480), CULPRIT(99, 1, 500)}, IS("real-time-hog", CERTAIN), "runnable for 10 s and given 1 ms of CPU time: CPU 3 has real-time work for CULPRIT[99] (50 %)", "CULPRIT[99] had 50 % of CPU 3 (SCHED_FIFO)"},
	{"real-time hogs together", KIND(STARVED), EVENT(.cpu = 3), .members = {CULPRIT(98, 2, 250), CULPRIT(99, 6, 250)}, IS("real-time-hog", CERTAIN), "CULPRIT[98] (25 %), CULPRIT[99] (25 %)"},
	{"real-time threads with too little for it", KIND(STARVED), EVENT(.cpu = 3), .members = {CULPRIT(98, 1, 499)}, UNKNOWN, "runnable for 10 s and given 0 ns of CPU time"},
	{"batch is not real time", KIND(STARVED), EVENT(.cpu = 3), .members = {CULPRIT(98, 3, 690)}, UNKNOWN},
	{"affinity", KIND(STARVED), EVENT(.cpus_allowed = 1, .cpus_online = 2, .idle_elsewhere = 500), .members = {CULPRIT(98, 0, 990)}, IS("affinity", CERTAIN), "it may use 1 of 2 CPUs, and the others were 50 % idle"},
	{"the others are busy as well", KIND(STARVED), EVENT(.cpus_allowed = 1, .cpus_online = 2, .idle_elsewhere = 499), UNKNOWN, .shows = "it may use 1 of 2 CPUs"},
	{"all CPUs are allowed", KIND(STARVED), EVENT(.cpus_allowed = 2, .cpus_online = 2, .idle_elsewhere = 900), UNKNOWN},
	{"nobody knows which are allowed", KIND(STARVED), EVENT(.cpus_online = 2, .idle_elsewhere = 900), UNKNOWN},
	{"contention", KIND(STARVED), EVENT(.cpu = 1, .nice = 19), .members = {CULPRIT(97, 0, 400), CULPRIT(98, 0, 200), CULPRIT(99, 0, 100)}, IS("cpu-contention", LIKELY), "CPU 1 went to CULPRIT[97] (40 %), CULPRIT[98] (20 %), CULPRIT[99] (10 %)", "SCHED_OTHER, nice 19"},
	{"too little of it", KIND(STARVED), EVENT(.cpu = 1), .members = {CULPRIT(97, 0, 400), CULPRIT(98, 0, 299)}, UNKNOWN},
	{"shares beyond all measure", KIND(STARVED), EVENT(.policy = 99), .members = {CULPRIT(97, 77, ~0ULL), CULPRIT(98, 4, ~0ULL)}, IS("cpu-contention", LIKELY), "CULPRIT[97] (100 %)", "an unknown policy"},

	/* ---- throttled */
	{"throttled", KIND(THROTTLED), EVENT(.quota = NSEC_PER_MSEC, .period = 100 * NSEC_PER_MSEC, .periods = 50, .throttled_periods = 48, .throttled_time = SEC(9)), IS("cpu-quota", CERTAIN), "its cgroup may use 1 ms of CPU each 100 ms and was throttled in 48 of 50 periods", "on all CPUs together for 9 s"},
	{"throttled half of the time, limit not known", KIND(THROTTLED), EVENT(.periods = 50, .throttled_periods = 25), IS("cpu-quota", CERTAIN), "its cgroup was throttled in 25 of 50 periods"},
	{"throttled less than half of the time", KIND(THROTTLED), EVENT(.periods = 51, .throttled_periods = 25), UNKNOWN, "throttled in 25 of 51 periods"},
	{"no periods", KIND(THROTTLED), EVENT(.throttled_periods = 25), UNKNOWN},
	{"periods beyond all measure", KIND(THROTTLED), EVENT(.periods = ~0U, .throttled_periods = ~0U - 1), IS("cpu-quota", CERTAIN)},

	/* ---- stopped */
	{"frozen cgroup", KIND(STOPPED), EVENT(.flags = FE_STALL_CGROUP_FROZEN | FE_STALL_TRACED, .signo = SIGSTOP), IS("frozen-cgroup", CERTAIN), "its cgroup /a is frozen for 10 s"},
	{"debugger", KIND(STOPPED), EVENT(.flags = FE_STALL_TRACED, .state = 't'), .members = {OF(TRACER, 66)}, IS("debugger", CERTAIN), "held by TRACER[66], which traces it, for 10 s"},
	{"a debugger that nobody saw", KIND(STOPPED), EVENT(.flags = FE_STALL_TRACED), IS("debugger", CERTAIN), "held by a debugger for 10 s", "tracing stop"},
	{"a tracer, and a tracing stop", KIND(STOPPED), EVENT(.state = 't', .signo = SIGSTOP), .members = {OF(TRACER, 66)}, IS("debugger", CERTAIN)},
	{"a tracer that may not have stopped it", KIND(STOPPED), EVENT(.state = 'T'), .members = {OF(TRACER, 66)}, IS("debugger", LIKELY)},
	{"stopped by somebody", KIND(STOPPED), EVENT(.signo = SIGTSTP), .members = {OF(STOPPER, 55)}, IS("job-control", CERTAIN), "stopped by SIGTSTP from STOPPER[55] for 10 s", "STOPPER[55] sent SIGTSTP"},
	{"stopped by nobody who was seen", KIND(STOPPED), EVENT(.signo = SIGSTOP), IS("job-control", CERTAIN), "stopped by SIGSTOP for 10 s"},
	{"stopped, and that is all", KIND(STOPPED), EVENT(.state = 'T'), .tid = 43, UNKNOWN, "thread worker[43] is stopped for 10 s; by whom was not seen"},
};
/* clang-format on */

enum { SCENARIOS = sizeof(scenarios) / sizeof(scenarios[0]) };

#endif
