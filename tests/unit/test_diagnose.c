// SPDX-License-Identifier: GPL-2.0-or-later
/* Every rule of the fault trees, and beside each the look-alike that must not be taken for it. */
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <stdlib.h>
#include <string.h>

#include <cmocka.h>

#include <signal.h>
#include <sys/syscall.h>

#include "core/clock.h"
#include "diagnose/diagnose.h"
#include "diagnose/fault.h"

enum { R = 1, W = 2, X = 4 };
/* Error codes of an x86 page fault in user mode: reading, writing, fetching; of what is not there, of what
 * is. */
enum { READ = 4, WRITE = 6, FETCH = 0x14, READ_THERE = 5, WRITE_THERE = 7, FETCH_THERE = 0x15 };
/* Places of registers in struct fe_registers. */
enum { RBP = 4, RAX = 10, RCX = 11, RDI = 14, ORIG_RAX = 15 };

#define NOW	    (1000 * NSEC_PER_SEC)
#define STACK_TOP   0x7ffffffff000ULL
#define STACK_LIMIT (8ULL << 20)
#define MMAP_BASE   0x7fffe7fff000ULL
#define CODE	    0x555555555000ULL
#define IP	    (CODE + 0x123)
#define SP	    (STACK_TOP - 0x1000)
#define THREAD	    0x7fff00000000ULL /* another thread's stack: a guard page, then 8 MiB */
#define TMPFS	    0x01021994
#define HUGETLBFS   0x958458f6
#define EXT4	    0xef53

#define CODE_OF_APP                                                                                \
	{                                                                                          \
		.start = CODE, .end = CODE + 0x4000, .offset = 0x1000, .inode = 5, .flags = R | X, \
		.name = "/bin/app"                                                                 \
	}
#define GUARD                                           \
	{                                               \
		.start = THREAD - 0x1000, .end = THREAD \
	}

static const struct mapping with_thread[] = {
	CODE_OF_APP,
	{.start = CODE + 0x4000, .end = CODE + 0x5000, .inode = 5, .flags = R, .name = "/bin/app"},
	{.start = CODE + 0x5000, .end = CODE + 0x6000, .inode = 5, .flags = R | W, .name = "/bin/app"},
	GUARD,
	{.start = THREAD, .end = THREAD + STACK_LIMIT, .flags = R | W},
	{.start = MMAP_BASE - 0x200000,
	 .end = MMAP_BASE,
	 .inode = 6,
	 .flags = R | X,
	 .name = "/lib/libc.so.6"},
	{.start = STACK_TOP - 0x21000, .end = STACK_TOP, .flags = R | W},
};

/* A mapping without permissions that is nobody's guard page: what is above it is no stack. */
static const struct mapping with_reserve[] = {
	CODE_OF_APP,
	{.start = THREAD - 0x1000, .end = THREAD},
	{.start = THREAD, .end = THREAD + 0x1000, .inode = 6, .flags = R, .name = "/lib/libc.so.6"},
};

struct scenario {
	const char *name;
	enum fault_kind kind;
	int signo, code;
	bool has_address;
	uint64_t address, ip, sp; /* ip, sp: 0 stands for the usual */
	unsigned int trap, error;
	unsigned int flags;
	uint64_t reg[FE_REGS];
	const char *bytes; /* at the instruction pointer */
	size_t bytes_len;
	const struct mapping *maps;
	size_t maps_count;
	struct mapping at_address; /* as looked up at once */
	bool address_known;
	struct fe_memory memory; /* start_stack 0: the usual */
	struct fe_first_fault first, outer[2];
	unsigned int outer_count;
	uint64_t stack[8]; /* from sp up */
	size_t stack_words;
	struct sender sender, request;
	unsigned int syscall, syscall_arch;
	uint64_t cpu_time, cpu_soft, cpu_hard, file_limit;
	struct oom_facts oom;
	const char *cgroup, *unit;
	int exit_status;
	bool other_arch;

	const char *cause;
	enum confidence confidence;
	const char *says; /* part of the summary */
};

#define NAME(n)	       .name = n
#define SEGV	       .kind = FAULT_CRASH_SIGSEGV, .signo = SIGSEGV
#define AT(c, a)       .code = c, .has_address = true, .address = a
#define PAGE_FAULT(e)  .trap = 14, .error = e
#define GP	       .code = SI_KERNEL, .trap = TRAP_GP
#define BYTES(b)       .bytes = b, .bytes_len = sizeof(b) - 1
#define MAPS(m)	       .maps = m, .maps_count = sizeof(m) / sizeof(m[0])
#define LOOKED_UP(...) .at_address = __VA_ARGS__, .address_known = true
#define IS(slug, sure) .cause = slug, .confidence = CONFIDENCE_##sure
#define UNKNOWN	       .cause = "unknown", .confidence = CONFIDENCE_POSSIBLE
#define BY(p, n)       .sender = {.known = true, .pid = p, .name = n, .time = NOW, .flags = 0}
#define BY_KERNEL                     \
	.sender = {.known = true,     \
		   .kernel = true,    \
		   .pid = 7,          \
		   .name = "ctx",     \
		   .code = SI_KERNEL, \
		   .flags = FE_SENDER_KERNEL}
#define ITSELF(c, f) .sender = {.known = true, .pid = 42, .name = "app", .code = c, .flags = f}
#define FIRST(s, c, a)                                                                                \
	{                                                                                             \
		.time = NOW - NSEC_PER_MSEC, .address = a, .ip = IP, .sp = SP, .signo = s, .code = c, \
		.trap_nr = 14, .error_code = READ                                                     \
	}

/* clang-format off */
static const struct scenario scenarios[] = {
	/* ---- null pointers */
	{NAME("null read"), SEGV, AT(SEGV_MAPERR, 0), PAGE_FAULT(READ), IS("null-pointer", CERTAIN), .says = "reading 0x0 (null pointer)"},
	{NAME("null write"), SEGV, AT(SEGV_MAPERR, 0), PAGE_FAULT(WRITE), IS("null-pointer", CERTAIN), .says = "writing 0x0"},
	{NAME("member of a null structure"), SEGV, AT(SEGV_MAPERR, 0x18), PAGE_FAULT(READ), IS("null-pointer", CERTAIN), .says = "member of a null struct"},
	{NAME("null call"), SEGV, AT(SEGV_MAPERR, 0), .ip = 0, PAGE_FAULT(FETCH), IS("null-pointer", CERTAIN), .says = "calling 0x0"},
	{NAME("null plus an offset"), SEGV, AT(SEGV_MAPERR, 0xfff8), PAGE_FAULT(READ), IS("null-pointer", POSSIBLE), .says = "plus an offset"},
	{NAME("null plus a large offset could be anything"), SEGV, AT(SEGV_MAPERR, 0x10000), PAGE_FAULT(READ), IS("wild-pointer", LIKELY)},
	{NAME("low memory that is mapped, without permission"), SEGV, AT(SEGV_ACCERR, 0x1000), PAGE_FAULT(READ_THERE), LOOKED_UP({.start = 0x1000, .end = 0x2000}), UNKNOWN},
	{NAME("null read on another machine"), SEGV, AT(SEGV_MAPERR, 8), .other_arch = true, IS("null-pointer", CERTAIN), .says = "accessing 0x8"},

	/* ---- wild pointers */
	{NAME("nothing there"), SEGV, AT(SEGV_MAPERR, 0x123456789abc), PAGE_FAULT(READ), IS("wild-pointer", LIKELY), .says = "nothing is mapped"},
	{NAME("the kernel's half"), SEGV, AT(SEGV_MAPERR, 0xffffffff81000000), PAGE_FAULT(READ), IS("wild-pointer", CERTAIN), .says = "for a program"},
	{NAME("an error number for a pointer"), SEGV, AT(SEGV_MAPERR, (uint64_t)-12), PAGE_FAULT(READ), IS("wild-pointer", CERTAIN), .says = "error code (-12)"},
	{NAME("jump into nowhere"), SEGV, AT(SEGV_MAPERR, 0x123456789abc), .ip = 0x123456789abc, PAGE_FAULT(FETCH), IS("wild-pointer", LIKELY), .says = "executing"},

	/* ---- general protection: no address */
	{NAME("non-canonical read"), SEGV, GP, BYTES("\x48\x8b\x00"), .reg = {[RAX] = 0x4141414141414141}, IS("non-canonical-pointer", CERTAIN), .says = "0x4141414141414141"},
	{NAME("non-canonical through rbp is a stack fault"), SEGV, .code = SI_KERNEL, .trap = TRAP_SS, BYTES("\x48\x8b\x45\xf8"), .reg = {[RBP] = 0x4141414141414141}, IS("non-canonical-pointer", CERTAIN), .says = "0x4141414141414139"},
	{NAME("leave with a spoilt rbp"), SEGV, .code = SI_KERNEL, .trap = TRAP_SS, BYTES("\xc9\xc3"), .reg = {[RBP] = 0x4242424242424242}, IS("non-canonical-pointer", CERTAIN), .says = "0x4242424242424242"},
	{NAME("call of a non-canonical register"), SEGV, GP, BYTES("\xff\xd0"), .reg = {[RAX] = 0x4141414141414141}, IS("non-canonical-pointer", CERTAIN), .says = "0x4141414141414141"},
	{NAME("return to a non-canonical address"), SEGV, GP, BYTES("\xc3"), .stack = {0x4141414141414141}, .stack_words = 8, IS("non-canonical-pointer", CERTAIN), .says = "0x4141414141414141"},
	{NAME("the same with ret 8"), SEGV, GP, BYTES("\xc2\x08\x00"), .stack = {0x4141414141414141}, .stack_words = 8, IS("non-canonical-pointer", CERTAIN)},
	{NAME("the jump has been made (AMD)"), SEGV, GP, .ip = 0x4141414141414141, IS("non-canonical-pointer", CERTAIN), .says = "jump to"},
	{NAME("return to what was not seen"), SEGV, GP, BYTES("\xc3"), UNKNOWN},
	{NAME("misaligned movaps"), SEGV, GP, BYTES("\x0f\x28\x07"), .reg = {[RDI] = 0x555555560001}, UNKNOWN},
	{NAME("hlt"), SEGV, GP, BYTES("\xf4"), .reg = {[RAX] = 0x4141414141414141}, UNKNOWN},
	{NAME("rdpmc before what looks like a ModRM byte"), SEGV, GP, BYTES("\x0f\x33\x00\x00"), .reg = {[RAX] = 0x4141414141414141}, UNKNOWN},
	{NAME("int $0x81"), SEGV, GP, BYTES("\xcd\x81\x8b\x00"), .reg = {[RAX] = 0x4141414141414141}, UNKNOWN},
	{NAME("a gather's index is no general register"), SEGV, GP, BYTES("\xc4\xe2\x6d\x92\x04\x88"), .reg = {[RCX] = 0x4141414141414141, [RAX] = 0x1000}, UNKNOWN},
	{NAME("thread-local: the base is not known"), SEGV, GP, BYTES("\x64\x48\x8b\x00"), .reg = {[RAX] = 0x4141414141414141}, UNKNOWN},
	{NAME("no code was read"), SEGV, GP, .reg = {[RAX] = 0x4141414141414141}, UNKNOWN},
	{NAME("code of another machine"), SEGV, GP, BYTES("\x48\x8b\x00"), .reg = {[RAX] = 0x4141414141414141}, .other_arch = true, UNKNOWN},
	{NAME("a signal frame that did not fit, of no fault"), SEGV, .code = SI_KERNEL, .trap = 0, BYTES("\x48\x8b\x00"), .reg = {[RAX] = 0x4141414141414141}, UNKNOWN},
	{NAME("canonical operand"), SEGV, GP, BYTES("\x48\x8b\x00"), .reg = {[RAX] = 0x555555560000}, UNKNOWN},

	/* ---- stacks */
	{NAME("recursion"), SEGV, AT(SEGV_MAPERR, STACK_TOP - STACK_LIMIT - 8), .sp = STACK_TOP - STACK_LIMIT, PAGE_FAULT(WRITE), IS("stack-overflow", CERTAIN), .says = "the main thread"},
	{NAME("just inside the guard gap"), SEGV, AT(SEGV_MAPERR, STACK_TOP - STACK_LIMIT + 0x8000), .sp = STACK_TOP - STACK_LIMIT + 0x8010, PAGE_FAULT(WRITE), IS("stack-overflow", CERTAIN)},
	{NAME("a large frame, touched at its end"), SEGV, AT(SEGV_MAPERR, STACK_TOP - 4 * STACK_LIMIT), .sp = STACK_TOP - 4 * STACK_LIMIT, PAGE_FAULT(WRITE), IS("stack-overflow", CERTAIN)},
	{NAME("a large frame, touched in the middle"), SEGV, AT(SEGV_MAPERR, STACK_TOP - 2 * STACK_LIMIT), .sp = STACK_TOP - 4 * STACK_LIMIT, PAGE_FAULT(WRITE), IS("stack-overflow", CERTAIN)},
	{NAME("a pointer far below a stack that is not full"), SEGV, AT(SEGV_MAPERR, STACK_TOP - 2 * STACK_LIMIT), PAGE_FAULT(WRITE), IS("wild-pointer", LIKELY)},
	{NAME("the same from another thread"), SEGV, AT(SEGV_MAPERR, STACK_TOP - STACK_LIMIT - 8), .sp = THREAD + 0x4000, MAPS(with_thread), PAGE_FAULT(WRITE), IS("wild-pointer", LIKELY)},
	{NAME("no limit, no overflow"), SEGV, AT(SEGV_MAPERR, STACK_TOP - STACK_LIMIT - 8), .sp = STACK_TOP - STACK_LIMIT, PAGE_FAULT(WRITE), .memory = {.start_stack = STACK_TOP, .stack_limit = ~0ULL, .mmap_base = MMAP_BASE, .task_size = STACK_TOP}, UNKNOWN},
	{NAME("another thread's recursion"), SEGV, AT(SEGV_ACCERR, THREAD - 8), .sp = THREAD, PAGE_FAULT(WRITE), MAPS(with_thread), IS("stack-overflow", CERTAIN), .says = "a thread"},
	{NAME("the same, looked up at once"), SEGV, AT(SEGV_ACCERR, THREAD - 8), .sp = THREAD, PAGE_FAULT(WRITE), LOOKED_UP(GUARD), IS("stack-overflow", LIKELY)},
	{NAME("the same with the stack pointer below the page"), SEGV, AT(SEGV_ACCERR, THREAD - 8), .sp = THREAD - 0x800, PAGE_FAULT(WRITE), MAPS(with_thread), IS("stack-overflow", CERTAIN)},
	{NAME("somebody else's guard page"), SEGV, AT(SEGV_ACCERR, THREAD - 8), PAGE_FAULT(WRITE), MAPS(with_thread), UNKNOWN},
	{NAME("a guard page below the own stack's other neighbour"), SEGV, AT(SEGV_ACCERR, THREAD - 8), .sp = THREAD + STACK_LIMIT - 0x100, PAGE_FAULT(READ), MAPS(with_thread), UNKNOWN},
	{NAME("no permissions, and what is above is no stack"), SEGV, AT(SEGV_ACCERR, THREAD - 8), .sp = THREAD + 0x800, PAGE_FAULT(READ), MAPS(with_reserve), UNKNOWN},
	{NAME("recursion, and no room for the handler's frame"), SEGV, .code = SI_KERNEL, .trap = 14, .error = WRITE, .sp = STACK_TOP - STACK_LIMIT,
		.first = {.time = NOW - 1000, .address = STACK_TOP - STACK_LIMIT - 8, .ip = IP, .sp = STACK_TOP - STACK_LIMIT, .signo = SIGSEGV, .code = SEGV_MAPERR, .trap_nr = 14, .error_code = WRITE}, IS("stack-overflow", CERTAIN)},

	/* ---- permissions */
	{NAME("write to a constant"), SEGV, AT(SEGV_ACCERR, CODE + 0x4010), PAGE_FAULT(WRITE_THERE), MAPS(with_thread), IS("write-to-read-only", CERTAIN), .says = "read-only"},
	{NAME("write to code, looked up at once"), SEGV, AT(SEGV_ACCERR, CODE + 8), PAGE_FAULT(WRITE_THERE), LOOKED_UP(CODE_OF_APP), IS("write-to-read-only", CERTAIN)},
	{NAME("write, and nobody could look"), SEGV, AT(SEGV_ACCERR, CODE + 8), PAGE_FAULT(WRITE_THERE), IS("write-to-read-only", LIKELY)},
	{NAME("write to what has no permissions at all"), SEGV, AT(SEGV_ACCERR, 0x600000001000), PAGE_FAULT(WRITE), LOOKED_UP({.start = 0x600000000000, .end = 0x600000100000}), UNKNOWN},
	{NAME("read of what has no permissions at all"), SEGV, AT(SEGV_ACCERR, 0x600000001000), PAGE_FAULT(READ), LOOKED_UP({.start = 0x600000000000, .end = 0x600000100000}), UNKNOWN, .says = "does not permit"},
	{NAME("a writable mapping refuses (userfaultfd, soft-dirty)"), SEGV, AT(SEGV_ACCERR, CODE + 0x5008), PAGE_FAULT(WRITE_THERE), MAPS(with_thread), UNKNOWN},
	{NAME("jump to data"), SEGV, AT(SEGV_ACCERR, CODE + 0x5008), .ip = CODE + 0x5008, PAGE_FAULT(FETCH_THERE), MAPS(with_thread), IS("execute-non-executable", CERTAIN), .says = "data"},
	{NAME("jump to data, another machine"), SEGV, AT(SEGV_ACCERR, CODE + 0x5008), .ip = CODE + 0x5008, .other_arch = true, IS("execute-non-executable", CERTAIN)},
	{NAME("execution refused where it is permitted"), SEGV, AT(SEGV_ACCERR, CODE + 8), .ip = CODE + 8, PAGE_FAULT(FETCH_THERE), MAPS(with_thread), UNKNOWN},
	{NAME("protection key"), SEGV, AT(4 /* SEGV_PKUERR */, 0x600000001000), PAGE_FAULT(0x25), IS("protection-key", CERTAIN)},

	/* ---- unmapped again? */
	{NAME("where mmap places memory, and there was more"), SEGV, AT(SEGV_MAPERR, MMAP_BASE - 0x300000), PAGE_FAULT(READ), .memory = {.start_stack = STACK_TOP, .stack_limit = STACK_LIMIT, .mmap_base = MMAP_BASE, .task_size = STACK_TOP, .total_vm = 1 << 20, .hiwater_vm = 2 << 20}, IS("use-after-unmap", POSSIBLE)},
	{NAME("there was never more"), SEGV, AT(SEGV_MAPERR, MMAP_BASE - 0x300000), PAGE_FAULT(READ), .memory = {.start_stack = STACK_TOP, .stack_limit = STACK_LIMIT, .mmap_base = MMAP_BASE, .task_size = STACK_TOP, .total_vm = 2 << 20, .hiwater_vm = 2 << 20}, IS("wild-pointer", LIKELY)},
	{NAME("nothing is ever placed there"), SEGV, AT(SEGV_MAPERR, 0x123456789abc), PAGE_FAULT(READ), .memory = {.start_stack = STACK_TOP, .stack_limit = STACK_LIMIT, .mmap_base = MMAP_BASE, .task_size = STACK_TOP, .total_vm = 1 << 20, .hiwater_vm = 2 << 20}, IS("wild-pointer", LIKELY)},
	{NAME("right behind the end of a mapping, in a gap that munmap did not make"), SEGV, AT(SEGV_MAPERR, THREAD + STACK_LIMIT + 8), PAGE_FAULT(READ), MAPS(with_thread), .memory = {.start_stack = STACK_TOP, .stack_limit = STACK_LIMIT, .mmap_base = MMAP_BASE, .task_size = STACK_TOP, .total_vm = 1 << 20, .hiwater_vm = 2 << 20}, IS("wild-pointer", LIKELY)},

	/* ---- raised, with and without a fault before */
	{NAME("raise(SIGSEGV)"), SEGV, .code = SI_TKILL, IS("self-raised", CERTAIN)},
	{NAME("kill(getpid(), SIGBUS)"), .kind = FAULT_CRASH_SIGBUS, .signo = SIGBUS, .code = SI_USER, IS("self-raised", CERTAIN), .says = "SIGBUS"},
	{NAME("abort()"), .kind = FAULT_CRASH_SIGABRT, .signo = SIGABRT, .code = SI_TKILL, IS("abort-call", LIKELY)},
	{NAME("handler, running, raises again"), SEGV, .code = SI_TKILL, .sp = SP - 0x400, .first = FIRST(SIGSEGV, SEGV_MAPERR, 0), .stack = {1, SP, IP}, .stack_words = 8, IS("null-pointer", CERTAIN), .says = "reading 0x0"},
	{NAME("handler has just returned, the raised signal was blocked until then"), SEGV, .code = SI_TKILL, .first = FIRST(SIGSEGV, SEGV_MAPERR, 0), .stack = {1}, .stack_words = 8, IS("null-pointer", CERTAIN)},
	{NAME("handler, running, aborts"), .kind = FAULT_CRASH_SIGABRT, .signo = SIGABRT, .code = SI_TKILL, .sp = SP - 0x400, .first = FIRST(SIGSEGV, SEGV_MAPERR, 0), .stack = {0, 0, SP, IP}, .stack_words = 8, IS("null-pointer", CERTAIN)},
	{NAME("a handler survived further faults while it wrote its report: where it began"), .kind = FAULT_CRASH_SIGABRT, .signo = SIGABRT, .code = SI_TKILL, .sp = SP - 0x400, .first = {.time = NOW - 1000, .address = 0x123456789abc, .ip = IP + 64, .sp = SP - 0x200, .signo = SIGSEGV, .code = SEGV_MAPERR, .trap_nr = 14, .error_code = READ},
		.outer = {{.time = NOW - 3000, .address = 0x1234, .ip = IP + 32, .sp = SP - 0x100, .signo = SIGSEGV, .code = SEGV_MAPERR, .trap_nr = 14, .error_code = READ}, FIRST(SIGSEGV, SEGV_MAPERR, 0)}, .outer_count = 2, .stack = {0, SP, IP}, .stack_words = 8, IS("null-pointer", CERTAIN), .says = "reading 0x0"},
	{NAME("handler returned long ago, now an abort"), .kind = FAULT_CRASH_SIGABRT, .signo = SIGABRT, .code = SI_TKILL, .sp = SP - 0x400, .first = FIRST(SIGSEGV, SEGV_MAPERR, 0), .stack = {IP, SP}, .stack_words = 8, IS("abort-call", LIKELY)},
	{NAME("handler returned some time ago, now a raise: not told"), SEGV, .code = SI_TKILL, .sp = SP - 0x400, .first = FIRST(SIGSEGV, SEGV_MAPERR, 0), .stack = {1}, .stack_words = 8, UNKNOWN, .says = "to itself"},
	{NAME("handler ran a minute ago"), SEGV, .code = SI_TKILL, .first = {.time = NOW - 60 * NSEC_PER_SEC, .ip = IP, .sp = SP, .signo = SIGSEGV, .code = SEGV_MAPERR}, .stack = {SP, IP}, .stack_words = 8, IS("self-raised", CERTAIN)},
	{NAME("handler reset the signal and ran into it again"), SEGV, AT(SEGV_MAPERR, 0), PAGE_FAULT(READ), .first = FIRST(SIGSEGV, SEGV_MAPERR, 0), IS("null-pointer", CERTAIN)},
	{NAME("SIGSEGV by the kernel, without a fault"), SEGV, .code = SI_KERNEL, .trap = 14, .error = READ, UNKNOWN},

	/* ---- SIGBUS */
	{NAME("file truncated"), .kind = FAULT_CRASH_SIGBUS, .signo = SIGBUS, AT(BUS_ADRERR, 0x600000002010), PAGE_FAULT(READ), LOOKED_UP({.start = 0x600000000000, .end = 0x600000004000, .inode = 8, .name = "/var/db", .file_size = 0x1001, .fs_magic = EXT4}), IS("file-truncated", CERTAIN), .says = "/var/db"},
	{NAME("the last page is whole"), .kind = FAULT_CRASH_SIGBUS, .signo = SIGBUS, AT(BUS_ADRERR, 0x600000001010), PAGE_FAULT(READ), LOOKED_UP({.start = 0x600000000000, .end = 0x600000004000, .inode = 8, .name = "/var/db", .file_size = 0x1001, .fs_magic = EXT4}), UNKNOWN},
	{NAME("a mapping that starts inside the file"), .kind = FAULT_CRASH_SIGBUS, .signo = SIGBUS, AT(BUS_ADRERR, 0x600000000010), PAGE_FAULT(READ), LOOKED_UP({.start = 0x600000000000, .end = 0x600000004000, .offset = 0x5000, .inode = 8, .file_size = 0x5000, .fs_magic = EXT4}), IS("file-truncated", CERTAIN)},
	{NAME("tmpfs is full"), .kind = FAULT_CRASH_SIGBUS, .signo = SIGBUS, AT(BUS_ADRERR, 0x600000000010), PAGE_FAULT(WRITE), LOOKED_UP({.start = 0x600000000000, .end = 0x600000004000, .inode = 8, .name = "/dev/shm/x", .file_size = 0x4000, .fs_magic = TMPFS}), IS("no-space", LIKELY), .says = "tmpfs"},
	{NAME("no huge page left"), .kind = FAULT_CRASH_SIGBUS, .signo = SIGBUS, AT(BUS_ADRERR, 0x600000000010), PAGE_FAULT(WRITE), LOOKED_UP({.start = 0x600000000000, .end = 0x600000004000, .inode = 8, .file_size = 0x4000, .fs_magic = HUGETLBFS}), IS("no-space", LIKELY)},
	{NAME("inside a file of ext4: an I/O error, or it is full"), .kind = FAULT_CRASH_SIGBUS, .signo = SIGBUS, AT(BUS_ADRERR, 0x600000000010), PAGE_FAULT(WRITE), LOOKED_UP({.start = 0x600000000000, .end = 0x600000004000, .inode = 8, .file_size = 0x4000, .fs_magic = EXT4}), UNKNOWN},
	{NAME("mapping not known"), .kind = FAULT_CRASH_SIGBUS, .signo = SIGBUS, AT(BUS_ADRERR, 0x600000000010), PAGE_FAULT(WRITE), UNKNOWN},
	{NAME("misaligned"), .kind = FAULT_CRASH_SIGBUS, .signo = SIGBUS, AT(BUS_ADRALN, 0), .trap = TRAP_AC, IS("misaligned", CERTAIN)},
	{NAME("machine check"), .kind = FAULT_CRASH_SIGBUS, .signo = SIGBUS, AT(BUS_MCEERR_AR, 0x600000000010), IS("memory-hardware-error", CERTAIN)},

	/* ---- instructions */
	{NAME("ud2"), .kind = FAULT_CRASH_SIGILL, .signo = SIGILL, AT(ILL_ILLOPN, IP), BYTES("\x0f\x0b"), IS("illegal-instruction", CERTAIN), .says = "ud2"},
	{NAME("undefined"), .kind = FAULT_CRASH_SIGILL, .signo = SIGILL, AT(ILL_ILLOPN, IP), BYTES("\x06\x07\x00\x00"), IS("illegal-instruction", CERTAIN), .says = "illegal instruction"},
	{NAME("raise(SIGILL)"), .kind = FAULT_CRASH_SIGILL, .signo = SIGILL, .code = SI_TKILL, BYTES("\x0f\x0b"), IS("self-raised", CERTAIN)},
	{NAME("zero divisor"), .kind = FAULT_CRASH_SIGFPE, .signo = SIGFPE, AT(FPE_INTDIV, IP), BYTES("\xf7\xf9"), IS("divide-by-zero", CERTAIN)},
	{NAME("INT_MIN / -1"), .kind = FAULT_CRASH_SIGFPE, .signo = SIGFPE, AT(FPE_INTDIV, IP), BYTES("\xf7\xf9"), .reg = {[RCX] = 0xffffffff}, IS("integer-overflow", CERTAIN)},
	{NAME("only the upper half is not zero, and 32 bits are divided by"), .kind = FAULT_CRASH_SIGFPE, .signo = SIGFPE, AT(FPE_INTDIV, IP), BYTES("\xf7\xf9"), .reg = {[RCX] = 0xffffffff00000000}, IS("divide-by-zero", CERTAIN)},
	{NAME("the same with 64 bits"), .kind = FAULT_CRASH_SIGFPE, .signo = SIGFPE, AT(FPE_INTDIV, IP), BYTES("\x48\xf7\xf9"), .reg = {[RCX] = 0xffffffff00000000}, IS("integer-overflow", CERTAIN)},
	{NAME("ch is zero, cl is not"), .kind = FAULT_CRASH_SIGFPE, .signo = SIGFPE, AT(FPE_INTDIV, IP), BYTES("\xf6\xf5"), .reg = {[RCX] = 0xff}, IS("divide-by-zero", CERTAIN)},
	{NAME("divisor in memory"), .kind = FAULT_CRASH_SIGFPE, .signo = SIGFPE, AT(FPE_INTDIV, IP), BYTES("\xf7\x39"), IS("divide-by-zero", LIKELY)},
	{NAME("floating point"), .kind = FAULT_CRASH_SIGFPE, .signo = SIGFPE, AT(FPE_FLTDIV, IP), IS("float-exception", CERTAIN), .says = "FPE_FLTDIV"},
	{NAME("int3"), .kind = FAULT_CRASH_SIGTRAP, .signo = SIGTRAP, .code = SI_KERNEL, .trap = TRAP_BP, IS("breakpoint", CERTAIN)},
	{NAME("single step"), .kind = FAULT_CRASH_SIGTRAP, .signo = SIGTRAP, AT(TRAP_TRACE, IP), .trap = TRAP_DB, UNKNOWN},

	/* ---- seccomp and limits */
	{NAME("seccomp"), .kind = FAULT_CRASH_SIGSYS, .signo = SIGSYS, AT(1, IP), .syscall = SYS_getpgid, .syscall_arch = 0xc000003e, IS("seccomp", CERTAIN), .says = "system call getpgid"},
	{NAME("seccomp, a 32-bit call"), .kind = FAULT_CRASH_SIGSYS, .signo = SIGSYS, AT(1, IP), .syscall = 3, .syscall_arch = 0x40000003, IS("seccomp", CERTAIN), .says = "system call 3"},
	{NAME("seccomp, a number that is no call"), .kind = FAULT_CRASH_SIGSYS, .signo = SIGSYS, AT(1, IP), .syscall = 99999, .syscall_arch = 0xc000003e, IS("seccomp", CERTAIN), .says = "system call 99999"},
	{NAME("seccomp before 5.16: no delivery"), .kind = FAULT_CRASH_SIGSYS, .signo = SIGSYS, .flags = FE_DEATH_AT_EXIT, .syscall = ~0U, .reg = {[ORIG_RAX] = SYS_getpgid}, IS("seccomp", CERTAIN), .says = "getpgid"},
	{NAME("a handler for SIGSYS raised it again: the registers are of that"), .kind = FAULT_CRASH_SIGSYS, .signo = SIGSYS, .code = SI_TKILL, .syscall = ~0U, .reg = {[ORIG_RAX] = SYS_tgkill}, .first = FIRST(SIGSYS, 1, IP), IS("seccomp", CERTAIN), .says = "forbids a system call"},
	{NAME("raise(SIGSYS)"), .kind = FAULT_CRASH_SIGSYS, .signo = SIGSYS, .code = SI_TKILL, .syscall = ~0U, IS("self-raised", CERTAIN)},
	{NAME("system call dispatch to a handler that is not there"), .kind = FAULT_CRASH_SIGSYS, .signo = SIGSYS, AT(2, IP), .syscall = SYS_getpgid, UNKNOWN},
	{NAME("CPU limit"), .kind = FAULT_CRASH_SIGXCPU, .signo = SIGXCPU, .code = SI_KERNEL, .cpu_time = NSEC_PER_SEC, .cpu_soft = 2, IS("cpu-limit", CERTAIN), .says = "limit of 1 s"},
	{NAME("CPU limit, as yet uncounted"), .kind = FAULT_CRASH_SIGXCPU, .signo = SIGXCPU, .code = SI_KERNEL, .cpu_time = NSEC_PER_SEC / 2, .cpu_soft = 2, IS("cpu-limit", LIKELY)},
	{NAME("raise(SIGXCPU) under a limit"), .kind = FAULT_CRASH_SIGXCPU, .signo = SIGXCPU, .code = SI_TKILL, .cpu_time = NSEC_PER_SEC, .cpu_soft = 1, IS("self-raised", CERTAIN)},
	{NAME("SIGXCPU without a limit"), .kind = FAULT_CRASH_SIGXCPU, .signo = SIGXCPU, .code = SI_TKILL, .cpu_soft = ~0ULL, IS("self-raised", CERTAIN)},
	{NAME("file size limit"), .kind = FAULT_CRASH_SIGXFSZ, .signo = SIGXFSZ, .code = SI_USER, ITSELF(SI_USER, FE_SENDER_THREAD), .file_limit = 4096, IS("file-size-limit", CERTAIN), .says = "4096"},
	{NAME("kill(getpid(), SIGXFSZ) under a limit"), .kind = FAULT_CRASH_SIGXFSZ, .signo = SIGXFSZ, .code = SI_USER, ITSELF(SI_USER, 0), .file_limit = 4096, IS("self-raised", CERTAIN)},
	{NAME("raise(SIGXFSZ) under a limit"), .kind = FAULT_CRASH_SIGXFSZ, .signo = SIGXFSZ, .code = SI_TKILL, ITSELF(SI_TKILL, FE_SENDER_THREAD), .file_limit = 4096, IS("self-raised", CERTAIN)},
	{NAME("SIGXFSZ without a limit"), .kind = FAULT_CRASH_SIGXFSZ, .signo = SIGXFSZ, .code = SI_USER, .file_limit = ~0ULL, IS("self-raised", CERTAIN)},

	/* ---- kills */
	{NAME("a process"), .kind = FAULT_KILL_SIGKILL, .signo = SIGKILL, BY(50, "assassin"), IS("killed-by-process", CERTAIN), .says = "assassin[50]"},
	{NAME("its parent"), .kind = FAULT_KILL_SIGTERM, .signo = SIGTERM, BY(7, "parent"), IS("killed-by-parent", CERTAIN), .says = "parent parent[7]"},
	{NAME("a manager"), .kind = FAULT_KILL_SIGTERM, .signo = SIGTERM, BY(1, "systemd"), IS("killed-by-manager", CERTAIN)},
	{NAME("init by whatever name"), .kind = FAULT_KILL_SIGTERM, .signo = SIGTERM, BY(1, "sysvinit"), IS("killed-by-manager", CERTAIN)},
	{NAME("itself"), .kind = FAULT_KILL_SIGTERM, .signo = SIGTERM, ITSELF(SI_TKILL, FE_SENDER_THREAD), UNKNOWN, .says = "to itself"},
	{NAME("nobody was seen"), .kind = FAULT_KILL_SIGKILL, .signo = SIGKILL, UNKNOWN, .says = "was not seen"},
	{NAME("the kernel, for its own reasons"), .kind = FAULT_KILL_SIGKILL, .signo = SIGKILL, BY_KERNEL, UNKNOWN, .says = "from the kernel"},
	{NAME("its PID namespace ended"), .kind = FAULT_KILL_SIGKILL, .signo = SIGKILL, .sender = {.known = true, .kernel = true, .pid = 7, .name = "init", .flags = FE_SENDER_KERNEL | FE_SENDER_EXITING | FE_SENDER_NSINIT}, UNKNOWN, .says = "PID namespace"},
	{NAME("systemd's watchdog"), .kind = FAULT_KILL_SIGABRT, .signo = SIGABRT, BY(1, "systemd"), .unit = "app.service", IS("watchdog", LIKELY), .says = "app.service"},
	{NAME("somebody who calls himself systemd"), .kind = FAULT_KILL_SIGABRT, .signo = SIGABRT, BY(666, "systemd"), .unit = "app.service", IS("killed-by-process", CERTAIN)},
	{NAME("systemd, and no unit"), .kind = FAULT_KILL_SIGABRT, .signo = SIGABRT, BY(1, "systemd"), IS("killed-by-manager", CERTAIN)},
	{NAME("broken pipe"), .kind = FAULT_KILL_SIGPIPE, .signo = SIGPIPE, ITSELF(SI_USER, FE_SENDER_THREAD), IS("broken-pipe", CERTAIN)},
	{NAME("SIGPIPE, and nobody was seen"), .kind = FAULT_KILL_SIGPIPE, .signo = SIGPIPE, IS("broken-pipe", LIKELY)},
	{NAME("raise(SIGPIPE)"), .kind = FAULT_KILL_SIGPIPE, .signo = SIGPIPE, ITSELF(SI_TKILL, FE_SENDER_THREAD), UNKNOWN, .says = "to itself"},
	{NAME("kill(getpid(), SIGPIPE)"), .kind = FAULT_KILL_SIGPIPE, .signo = SIGPIPE, ITSELF(SI_USER, 0), UNKNOWN},
	{NAME("SIGPIPE from another"), .kind = FAULT_KILL_SIGPIPE, .signo = SIGPIPE, BY(50, "assassin"), IS("killed-by-process", CERTAIN)},
	{NAME("alarm"), .kind = FAULT_KILL_SIGALRM, .signo = SIGALRM, BY_KERNEL, IS("timer", CERTAIN)},
	{NAME("SIGALRM from another"), .kind = FAULT_KILL_SIGALRM, .signo = SIGALRM, BY(50, "assassin"), IS("killed-by-process", CERTAIN)},
	{NAME("hangup"), .kind = FAULT_KILL_SIGHUP, .signo = SIGHUP, BY_KERNEL, IS("terminal-hangup", CERTAIN)},
	{NAME("SIGHUP from its parent"), .kind = FAULT_KILL_SIGHUP, .signo = SIGHUP, BY(7, "sh"), IS("killed-by-parent", CERTAIN)},
	{NAME("hard CPU limit"), .kind = FAULT_KILL_SIGKILL, .signo = SIGKILL, BY_KERNEL, .cpu_time = 2 * NSEC_PER_SEC, .cpu_hard = 2, IS("cpu-limit", CERTAIN)},
	{NAME("hard CPU limit far away"), .kind = FAULT_KILL_SIGKILL, .signo = SIGKILL, BY_KERNEL, .cpu_time = NSEC_PER_SEC, .cpu_hard = 2, UNKNOWN},
	{NAME("killed by another at its limit"), .kind = FAULT_KILL_SIGKILL, .signo = SIGKILL, BY(50, "assassin"), .cpu_time = 2 * NSEC_PER_SEC, .cpu_hard = 2, IS("killed-by-process", CERTAIN)},
	{NAME("killed after a request"), .kind = FAULT_KILL_SIGKILL, .signo = SIGKILL, BY(1, "systemd"), .request = {.known = true, .pid = 1, .name = "systemd", .signo = SIGTERM, .time = NOW - 90 * NSEC_PER_SEC}, IS("killed-by-manager", CERTAIN)},

	/* ---- OOM kills */
	{NAME("its cgroup"), .kind = FAULT_OOM_CGROUP, .signo = SIGKILL, .cgroup = "/a/b", .oom = {.known = true, .scope = FE_OOM_CGROUP, .cgroup = "/a/b", .limit = 32 << 20, .levels_above = 0}, IS("cgroup-limit", CERTAIN), .says = "32.0 MiB"},
	{NAME("its cgroup, and the trigger was further down"), .kind = FAULT_OOM_CGROUP, .signo = SIGKILL, .cgroup = "/a/b", .oom = {.known = true, .scope = FE_OOM_CGROUP, .cgroup = "/a/b", .limit = 32 << 20, .levels_above = 1}, IS("cgroup-limit", CERTAIN)},
	{NAME("one above"), .kind = FAULT_OOM_CGROUP, .signo = SIGKILL, .cgroup = "/a/b", .oom = {.known = true, .scope = FE_OOM_CGROUP, .cgroup = "/a", .limit = 32 << 20, .levels_above = 1}, IS("ancestor-cgroup-limit", CERTAIN), .says = "above its own"},
	{NAME("one above, that is the trigger's own"), .kind = FAULT_OOM_CGROUP, .signo = SIGKILL, .cgroup = "/a/b", .oom = {.known = true, .scope = FE_OOM_CGROUP, .cgroup = "/a", .limit = 32 << 20, .levels_above = 0}, IS("ancestor-cgroup-limit", CERTAIN)},
	{NAME("a name that only begins alike"), .kind = FAULT_OOM_CGROUP, .signo = SIGKILL, .cgroup = "/ab", .oom = {.known = true, .scope = FE_OOM_CGROUP, .cgroup = "/a", .limit = 32 << 20, .levels_above = 0}, IS("cgroup-limit", CERTAIN)},
	{NAME("memory on v1, units on v2"), .kind = FAULT_OOM_CGROUP, .signo = SIGKILL, .cgroup = "/system.slice/x", .oom = {.known = true, .scope = FE_OOM_CGROUP, .cgroup = "/limited", .limit = 32 << 20, .levels_above = 1}, IS("ancestor-cgroup-limit", CERTAIN)},
	{NAME("the host"), .kind = FAULT_OOM_HOST, .signo = SIGKILL, .oom = {.known = true, .scope = FE_OOM_HOST, .trigger_pid = 50, .limit = ~0ULL, .usage = ~0ULL, .rss = ~0ULL}, IS("host-memory", CERTAIN)},
	{NAME("the host, or a limit that was just eased"), .kind = FAULT_OOM_HOST, .signo = SIGKILL, .oom = {.known = true, .scope = FE_OOM_HOST, .flags = FE_OOM_LIMITED, .trigger_pid = 50, .limit = ~0ULL, .usage = ~0ULL, .rss = ~0ULL}, IS("host-memory", LIKELY)},
	{NAME("memory nodes"), .kind = FAULT_OOM_HOST, .signo = SIGKILL, .oom = {.known = true, .scope = FE_OOM_POLICY, .trigger_pid = 50, .limit = ~0ULL, .rss = ~0ULL, .trigger_name = "hog"}, IS("memory-policy", LIKELY)},
	{NAME("a scope of later days"), .kind = FAULT_OOM_HOST, .signo = SIGKILL, .oom = {.known = true, .scope = 77, .limit = ~0ULL, .rss = ~0ULL}, UNKNOWN, .says = "OOM killer"},

	/* ---- exits and the rest */
	{NAME("failure"), .kind = FAULT_EXIT_FAILURE, .exit_status = 3 << 8, UNKNOWN, .says = "status 3"},
	{NAME("success"), .kind = FAULT_EXIT_UNEXPECTED, UNKNOWN, .says = "status 0"},
};
/* clang-format on */

enum { SCENARIOS = sizeof(scenarios) / sizeof(scenarios[0]) };

static void fill_death(struct fe_death *death, const struct scenario *s)
{
	static const struct fe_memory usual = {.start_code = CODE,
					       .end_code = CODE + 0x4000,
					       .start_stack = STACK_TOP,
					       .stack_limit = STACK_LIMIT,
					       .mmap_base = MMAP_BASE,
					       .task_size = STACK_TOP};

	death->signo = (uint32_t)s->signo;
	death->code = s->code;
	death->flags = s->flags;
	death->trap_nr = s->trap;
	death->error_code = s->error;
	death->address = s->address;
	death->syscall = s->syscall;
	death->syscall_arch = s->syscall_arch;
	death->cpu_time = s->cpu_time;
	death->cpu_limit_soft = s->cpu_soft;
	death->cpu_limit_hard = s->cpu_hard ? s->cpu_hard : ~0ULL;
	death->file_size_limit = s->file_limit;
	death->first = s->first;
	memcpy(death->outer, s->outer, sizeof(s->outer));
	death->outer_count = s->outer_count;
	death->memory = s->memory.start_stack ? s->memory : usual;
	death->regs.arch = s->other_arch ? FE_ARCH_AARCH64 : FE_ARCH_X86_64;
	death->regs.count = 21;
	memcpy(death->regs.value, s->reg, sizeof(s->reg));
	/* Only a null call has none. */
	death->regs.ip = s->ip || s->error == FETCH ? s->ip : IP;
	death->regs.sp = s->sp ? s->sp : SP;
	if (s->bytes) {
		memset(death->code_bytes, 0x90, sizeof(death->code_bytes));
		memcpy(death->code_bytes, s->bytes, s->bytes_len);
		death->code_len = FE_CODE_BYTES;
	}
}

static struct incident *make(const struct scenario *s)
{
	struct incident *incident = incident_new();
	struct fe_death *death;

	assert_non_null(incident);
	death = incident_alloc(incident, sizeof(*death));
	assert_non_null(death);
	fill_death(death, s);
	incident->kind = s->kind;
	incident->time = NOW;
	incident->signo = s->signo;
	incident->code = s->code;
	incident->has_address = s->has_address;
	incident->address = s->address;
	incident->maps = s->maps;
	incident->maps_count = s->maps_count;
	incident->address_mapping = s->at_address;
	incident->address_mapping_known = s->address_known;
	incident->stack = (const uint8_t *)s->stack;
	incident->stack_len = 8 * s->stack_words;
	incident->stack_address = death->regs.sp;
	incident->sender = s->sender;
	incident->request = s->request;
	incident->oom = s->oom;
	incident->who = (struct process){.pid = 42,
					 .tid = 42,
					 .ppid = 7,
					 .start = NOW - 5 * NSEC_PER_SEC,
					 .name = "app",
					 .exe = "/bin/app",
					 .cgroup = s->cgroup,
					 .unit = s->unit,
					 .has_exit_status = true,
					 .exit_status = s->exit_status ? s->exit_status : s->signo};
	if (s->kind != FAULT_EXIT_FAILURE && s->kind != FAULT_EXIT_UNEXPECTED)
		incident->death = death;
	return incident;
}

static void verdicts(void **state)
{
	unsigned int wrong = 0;

	(void)state;
	for (size_t i = 0; i < SCENARIOS; i++) {
		const struct scenario *s = &scenarios[i];
		struct incident *incident = make(s);
		const struct diagnosis *why = &incident->why;

		assert_false(diagnose(incident));
		if (strcmp(why->cause, s->cause) != 0 || why->confidence != s->confidence) {
			print_error("%s: %s, %s (%s)\n", s->name, why->cause,
				    confidence_name(why->confidence), why->summary);
			wrong++;
		} else if (!why->summary || (s->says && !strstr(why->summary, s->says))) {
			print_error("%s: \"%s\" lacks \"%s\"\n", s->name, why->summary, s->says);
			wrong++;
		} else if (!why->evidence_count && strcmp(why->cause, "unknown") != 0) {
			print_error("%s: a cause without evidence\n", s->name);
			wrong++;
		}
		/* Asked again, it answers the same. */
		assert_false(diagnose(incident));
		assert_string_equal(why->cause, wrong ? why->cause : s->cause);
		incident_unref(incident);
	}
	assert_int_equal(wrong, 0);
}

/* Causes that the catalogue of the contract gives to these families. */
static void causes_are_of_the_catalogue(void **state)
{
	static const char *const catalogue[] = {
		"null-pointer",
		"wild-pointer",
		"non-canonical-pointer",
		"stack-overflow",
		"write-to-read-only",
		"execute-non-executable",
		"use-after-unmap",
		"protection-key",
		"file-truncated",
		"no-space",
		"misaligned",
		"memory-hardware-error",
		"self-raised",
		"abort-call",
		"illegal-instruction",
		"divide-by-zero",
		"integer-overflow",
		"float-exception",
		"breakpoint",
		"seccomp",
		"cpu-limit",
		"file-size-limit",
		"killed-by-process",
		"killed-by-manager",
		"killed-by-parent",
		"watchdog",
		"broken-pipe",
		"terminal-hangup",
		"timer",
		"cgroup-limit",
		"ancestor-cgroup-limit",
		"host-memory",
		"memory-policy",
	};

	(void)state;
	for (size_t i = 0; i < sizeof(catalogue) / sizeof(catalogue[0]); i++) {
		bool met = false;

		for (size_t j = 0; j < SCENARIOS && !met; j++)
			met = strcmp(scenarios[j].cause, catalogue[i]) == 0;
		if (!met)
			fail_msg("no scenario has the cause %s", catalogue[i]);
	}
}

static void mappings_that_come_later_can_change_the_cause(void **state)
{
	static const struct scenario s = {NAME("a thread's recursion, before its mappings are known"), SEGV,
					  AT(SEGV_ACCERR, THREAD - 8), .sp = THREAD, PAGE_FAULT(READ)};
	struct incident *incident = make(&s);

	(void)state;
	assert_false(diagnose(incident));
	assert_string_equal(incident->why.cause, "unknown");
	incident->maps = with_thread;
	incident->maps_count = sizeof(with_thread) / sizeof(with_thread[0]);
	assert_true(diagnose(incident));
	assert_string_equal(incident->why.cause, "stack-overflow");
	assert_false(diagnose(incident));
	incident_unref(incident);
}

static void little_is_known(void **state)
{
	(void)state;
	for (int kind = 0; kind < FAULT_ID_MAX; kind++) {
		struct incident *incident = incident_new();

		assert_non_null(incident);
		incident->kind = (enum fault_kind)kind;
		diagnose(incident);
		assert_non_null(incident->why.cause);
		assert_false(incident->why.evidence_complete);
		incident_unref(incident);
	}
}

/* A sender's name is a stranger's: it must reach the summary as it is, and nothing else. */
static void hostile_names(void **state)
{
	static const struct scenario s = {
		.kind = FAULT_KILL_SIGTERM, .signo = SIGTERM, BY(50, "%s%n\n\033[2J")};
	struct incident *incident = make(&s);

	(void)state;
	diagnose(incident);
	assert_non_null(strstr(incident->why.summary, "%s%n\n\033[2J[50]"));
	incident_unref(incident);
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(verdicts),
		cmocka_unit_test(causes_are_of_the_catalogue),
		cmocka_unit_test(mappings_that_come_later_can_change_the_cause),
		cmocka_unit_test(little_is_known),
		cmocka_unit_test(hostile_names),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
