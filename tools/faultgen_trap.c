// SPDX-License-Identifier: GPL-2.0-or-later
// Instructions that the processor, and system calls that the kernel, refuses: SIGILL, SIGFPE, SIGTRAP,
// SIGSYS.
#define _GNU_SOURCE 1
#include "faultgen.h"

#include <errno.h>
#include <limits.h>
#include <linux/filter.h>
#include <linux/seccomp.h>
#include <stddef.h>
#include <string.h>
#include <sys/prctl.h>
#include <sys/syscall.h>
#include <unistd.h>

#if defined(__x86_64__) || defined(__i386__)
#define UNDEFINED_INSTRUCTION  "ud2"
#define BREAKPOINT_INSTRUCTION "int3"
#define BREAKPOINT_FACTS       "code=SI_KERNEL"
#define DIVISION_TRAPS	       true
#elif defined(__aarch64__)
#define UNDEFINED_INSTRUCTION  ".inst 0x00000000"
#define BREAKPOINT_INSTRUCTION "brk #0"
#define BREAKPOINT_FACTS       "code=TRAP_BRKPT"
#define DIVISION_TRAPS	       false
#else
#error "write down this architecture's undefined and breakpoint instructions"
#endif

static __attribute__((noinline)) void illegal_instruction(void)
{
	__asm__ volatile(UNDEFINED_INSTRUCTION ::: "memory");
}

static __attribute__((noinline)) void breakpoint(void)
{
	__asm__ volatile(BREAKPOINT_INSTRUCTION ::: "memory");
}

static __attribute__((noinline)) int divide(int dividend, int divisor)
{
	volatile int quotient;

	if (!DIVISION_TRAPS)
		cannot("integer division does not trap on this architecture");
	quotient = (int)hide((uintptr_t)dividend) / (int)hide((uintptr_t)divisor);
	return quotient;
}

static void divide_by_zero(void)
{
	divide(1, 0);
}

/* The quotient has no room in an int; x86 reports it just as a division by zero. */
static void integer_overflow(void)
{
	divide(INT_MIN, -1);
}

/*
 * Unmasks the division exception by hand, as feenableexcept() would if it did not need libm. x86 has two
 * units for it; the old one comes second, for emulators (QEMU's TCG) that trap in that one alone.
 */
static __attribute__((noinline)) void float_exception(void)
{
	volatile double zero = 0.0;
	volatile double quotient;

#if defined(__x86_64__) || defined(__i386__)
	unsigned short old_control;
	unsigned int control;

	__asm__ volatile("fnstcw %0" : "=m"(old_control));
	old_control &= (unsigned short)~0x4U;
	__asm__ volatile("stmxcsr %0" : "=m"(control));
	control &= ~0x200U;
	__asm__ volatile("ldmxcsr %0" : : "m"(control));
#elif defined(__aarch64__)
	unsigned long control;

	__asm__ volatile("mrs %0, fpcr" : "=r"(control));
	__asm__ volatile("msr fpcr, %0" : : "r"(control | 0x200UL));
	__asm__ volatile("mrs %0, fpcr" : "=r"(control));
	if (!(control & 0x200UL))
		cannot("this processor does not trap floating-point exceptions");
#endif
	quotient = 1.0 / zero;
	(void)quotient;
#if defined(__x86_64__) || defined(__i386__)
	__asm__ volatile("fldcw %0\n\tfld1\n\tfldz\n\tfdivrp\n\tfwait\n\tfstp %%st(0)" : : "m"(old_control));
#endif
}

/* One system call gets this answer, every other passes; it looks at no architecture, as it guards nothing. */
static void call_filtered(unsigned int answer)
{
	struct sock_filter program[] = {
		BPF_STMT(BPF_LD | BPF_W | BPF_ABS, offsetof(struct seccomp_data, nr)),
		BPF_JUMP(BPF_JMP | BPF_JEQ | BPF_K, SYS_getpgid, 0, 1),
		BPF_STMT(BPF_RET | BPF_K, answer),
		BPF_STMT(BPF_RET | BPF_K, SECCOMP_RET_ALLOW),
	};
	struct sock_fprog filter = {sizeof(program) / sizeof(program[0]), program};

	if (prctl(PR_SET_NO_NEW_PRIVS, 1, 0, 0, 0) < 0 ||
	    prctl(PR_SET_SECCOMP, SECCOMP_MODE_FILTER, &filter) < 0)
		cannot("cannot install a seccomp filter: %s", strerror(errno));
	syscall(SYS_getpgid, 0);
}

static __attribute__((noinline)) void seccomp_kill(void)
{
	call_filtered(SECCOMP_RET_KILL_PROCESS);
	no_tail_call();
}

static __attribute__((noinline)) void seccomp_trap(void)
{
	call_filtered(SECCOMP_RET_TRAP);
	no_tail_call();
}

static const struct fault faults[] = {
	{"illegal-instruction",
	 "executes an undefined instruction",
	 {"crash.sigill", "illegal-instruction", ""},
	 illegal_instruction,
	 NO_ARGS},
	{"divide-by-zero",
	 "divides an integer by zero",
	 {"crash.sigfpe", "divide-by-zero", "code=FPE_INTDIV operands=regs"},
	 divide_by_zero,
	 NO_ARGS},
	{"integer-overflow",
	 "divides INT_MIN by -1",
	 {"crash.sigfpe", "integer-overflow", "code=FPE_INTDIV operands=regs"},
	 integer_overflow,
	 NO_ARGS},
	{"float-exception",
	 "divides a double by zero with that exception enabled",
	 {"crash.sigfpe", "float-exception", "code=FPE_FLTDIV"},
	 float_exception,
	 NO_ARGS},
	{"breakpoint",
	 "executes a breakpoint instruction without a debugger",
	 {"crash.sigtrap", "breakpoint", BREAKPOINT_FACTS},
	 breakpoint,
	 NO_ARGS},
	{"seccomp-kill",
	 "makes a system call that its seccomp filter kills for",
	 {"crash.sigsys", "seccomp", "syscall=getpgid"},
	 seccomp_kill,
	 NO_ARGS},
	{"seccomp-trap",
	 "makes a system call that its seccomp filter answers with SIGSYS",
	 {"crash.sigsys", "seccomp", "syscall=getpgid code=SYS_SECCOMP"},
	 seccomp_trap,
	 NO_ARGS},
	{.name = NULL},
};

const struct family trap_family = {"Refused instructions and system calls", faults};
