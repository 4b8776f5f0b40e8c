// SPDX-License-Identifier: GPL-2.0-or-later
/* Crashes: the program did something that the processor, the kernel or it itself would not go on after. */
#include <signal.h>
#include <string.h>

#include "core/clock.h"
#include "core/siginfo.h"
#include "core/syscalls.h"
#include "diagnose/fault.h"
#include "diagnose/rules.h"
#include "diagnose/segv.h"
#include "diagnose/x86.h"

/* linux/magic.h */
enum { TMPFS_MAGIC = 0x01021994, HUGETLBFS_MAGIC = 0x958458f6 };

#define PAGE 4096ULL

static bool is_signal(const struct fault *f, int signo)
{
	return f->source != SOURCE_NONE && f->signo == signo;
}

/* ---- SIGBUS */

static bool memory_hardware_error(struct incident *incident, struct fault *f, enum confidence *c)
{
	(void)c;
	if (!is_signal(f, SIGBUS) || (f->code != BUS_MCEERR_AR && f->code != BUS_MCEERR_AO))
		return false;
	say(incident, "SIGBUS: the memory at 0x%llx is broken (uncorrected hardware error)",
	    (unsigned long long)f->address);
	incident_evidence(incident, "the kernel reported a machine check at 0x%llx (%s)",
			  (unsigned long long)f->address, siginfo_code_name(SIGBUS, f->code));
	return true;
}

static bool misaligned(struct incident *incident, struct fault *f, enum confidence *c)
{
	(void)c;
	if (!is_signal(f, SIGBUS) || f->code != BUS_ADRALN)
		return false;
	say(incident, "SIGBUS: misaligned access%s", fault_place(incident, f));
	incident_evidence(incident, "alignment check: the kernel said BUS_ADRALN");
	return true;
}

/* The page of the file that was touched, and whether the file still reaches that far. */
static bool beyond_end(const struct fault *f, uint64_t *ret_offset)
{
	uint64_t offset = f->at_address->offset + (f->address & ~(PAGE - 1)) - f->at_address->start;

	*ret_offset = offset;
	return offset >= (f->at_address->file_size + PAGE - 1) / PAGE * PAGE;
}

static bool on_file(const struct fault *f)
{
	return is_signal(f, SIGBUS) && f->code == BUS_ADRERR && f->at_address && f->at_address->inode &&
	       f->source == SOURCE_DELIVERED && f->at_address->fs_magic;
}

static bool file_truncated(struct incident *incident, struct fault *f, enum confidence *c)
{
	uint64_t offset;

	(void)c;
	if (!on_file(f) || !beyond_end(f, &offset))
		return false;
	say(incident, "SIGBUS %s a mapped file beyond its end: %s was truncated or is too short",
	    access_word(f->access), f->at_address->name ? f->at_address->name : "the file");
	incident_evidence(incident, "the page at 0x%llx is byte %llu of the file, which has %llu",
			  (unsigned long long)f->address, (unsigned long long)offset,
			  (unsigned long long)f->at_address->file_size);
	return true;
}

static bool no_space(struct incident *incident, struct fault *f, enum confidence *c)
{
	uint64_t offset;

	if (!on_file(f) || beyond_end(f, &offset) ||
	    (f->at_address->fs_magic != TMPFS_MAGIC && f->at_address->fs_magic != HUGETLBFS_MAGIC))
		return false;
	*c = CONFIDENCE_LIKELY;
	say(incident, "SIGBUS %s a mapped file on %s that has no memory left for it (%s)",
	    access_word(f->access), f->at_address->fs_magic == TMPFS_MAGIC ? "a tmpfs" : "hugetlbfs",
	    f->at_address->name ? f->at_address->name : "no name");
	incident_evidence(incident,
			  "the page at byte %llu lies inside the file (%llu bytes), but could not be had",
			  (unsigned long long)offset, (unsigned long long)f->at_address->file_size);
	return true;
}

/* ---- SIGILL, SIGFPE, SIGTRAP */

static bool illegal_instruction(struct incident *incident, struct fault *f, enum confidence *c)
{
	const struct fe_death *death = incident->death;
	bool ud2 = f->source == SOURCE_DELIVERED && death->code_len >= 2 && death->code_bytes[0] == 0x0f &&
		   death->code_bytes[1] == 0x0b;

	(void)c;
	if (!is_signal(f, SIGILL) || f->code <= 0)
		return false;
	say(incident, "SIGILL: %s%s",
	    ud2 ? "a trap that the compiler put there (ud2)" : "illegal instruction",
	    fault_place(incident, f));
	incident_evidence(incident, "%s at 0x%llx",
			  siginfo_code_name(SIGILL, f->code) ? siginfo_code_name(SIGILL, f->code) : "SIGILL",
			  (unsigned long long)f->ip);
	if (f->source == SOURCE_DELIVERED && death->code_len >= 4)
		incident_evidence(incident, "instruction bytes %02x %02x %02x %02x", death->code_bytes[0],
				  death->code_bytes[1], death->code_bytes[2], death->code_bytes[3]);
	return true;
}

/* div and idiv trap alike for a zero divisor and for a quotient that does not fit: the divisor tells. */
static bool divisor_of(const struct incident *incident, const struct fault *f, uint64_t *ret)
{
	struct x86_operand operand;

	if (!f->registers || !x86_operand(&operand, incident->death->code_bytes, incident->death->code_len,
					  &incident->death->regs))
		return false;
	if (operand.memory || (operand.opcode != 0xf6 && operand.opcode != 0xf7) || operand.extension < 6)
		return false;
	*ret = operand.value;
	return true;
}

static bool integer_overflow(struct incident *incident, struct fault *f, enum confidence *c)
{
	uint64_t divisor = 0;

	(void)c;
	if (!is_signal(f, SIGFPE) || (f->code != FPE_INTOVF && f->code != FPE_INTDIV))
		return false;
	if (f->code == FPE_INTDIV && (!divisor_of(incident, f, &divisor) || divisor == 0))
		return false;
	say(incident, "SIGFPE: the result of an integer division does not fit%s", fault_place(incident, f));
	if (f->code == FPE_INTDIV)
		incident_evidence(incident, "the divisor was 0x%llx, not zero", (unsigned long long)divisor);
	return true;
}

static bool divide_by_zero(struct incident *incident, struct fault *f, enum confidence *c)
{
	uint64_t divisor = 1;

	if (!is_signal(f, SIGFPE) || f->code != FPE_INTDIV)
		return false;
	say(incident, "SIGFPE: integer division by zero%s", fault_place(incident, f));
	if (divisor_of(incident, f, &divisor) && divisor == 0) {
		incident_evidence(incident, "the register that held the divisor was zero");
	} else {
		*c = CONFIDENCE_LIKELY;
		incident_evidence(incident, "a division trapped (FPE_INTDIV); the divisor was not seen");
	}
	return true;
}

static bool float_exception(struct incident *incident, struct fault *f, enum confidence *c)
{
	(void)c;
	if (!is_signal(f, SIGFPE) || f->code < FPE_FLTDIV || f->code > FPE_FLTSUB)
		return false;
	say(incident, "SIGFPE: floating point exception (%s)%s", siginfo_code_name(SIGFPE, f->code),
	    fault_place(incident, f));
	incident_evidence(incident, "%s with that exception unmasked", siginfo_code_name(SIGFPE, f->code));
	return true;
}

static bool breakpoint(struct incident *incident, struct fault *f, enum confidence *c)
{
	(void)c;
	if (!is_signal(f, SIGTRAP) ||
	    (f->code != TRAP_BRKPT && !(f->code == SI_KERNEL && f->trap_nr == TRAP_BP)))
		return false;
	say(incident, "SIGTRAP: a breakpoint instruction with no debugger attached%s",
	    fault_place(incident, f));
	incident_evidence(incident, "breakpoint trap at 0x%llx", (unsigned long long)f->ip);
	return true;
}

/* ---- SIGSYS and the resource limits */

static bool seccomp(struct incident *incident, struct fault *f, enum confidence *c)
{
	const struct fe_death *death = incident->death;
	const char *name;
	unsigned int number = death->syscall, arch = death->syscall_arch;

	(void)c;
	if (incident->signo != SIGSYS ||
	    (!(death->flags & FE_DEATH_AT_EXIT) && f->code != 1 /* SYS_SECCOMP */))
		return false;
	/* Before 5.16 seccomp killed without a signal; the call is in the registers then. */
	if (death->flags & FE_DEATH_AT_EXIT && number == ~0U && death->regs.count > 15 &&
	    death->regs.arch == FE_ARCH_X86_64)
		number = (unsigned int)death->regs.value[15];
	name = arch == 0 || (arch & 0xffff) == death->regs.arch ? syscall_name((int)number) : NULL;
	if (number == ~0U) {
		say(incident, "SIGSYS: seccomp forbids a system call");
		incident_evidence(incident, "a system call was stopped by the seccomp filter (SYS_SECCOMP)");
		return true;
	}
	if (name)
		say(incident, "SIGSYS: seccomp forbids the system call %s", name);
	else
		say(incident, "SIGSYS: seccomp forbids system call %u", number);
	incident_evidence(incident, "system call %s (%u) was stopped by the seccomp filter",
			  name ? name : "?", number);
	return true;
}

/* The soft limit has been raised by a second when the signal is sent (check_process_timers(),
 * posix-cpu-timers.c). */
static bool cpu_limit(struct incident *incident, struct fault *f, enum confidence *c)
{
	const struct fe_death *death = incident->death;
	uint64_t limit = death->cpu_limit_soft - 1;

	(void)f;
	if (incident->signo != SIGXCPU || incident->code != SI_KERNEL || death->cpu_limit_soft == ~0ULL ||
	    !death->cpu_limit_soft)
		return false;
	if (death->cpu_time + NSEC_PER_SEC / 10 < limit * NSEC_PER_SEC)
		*c = CONFIDENCE_LIKELY;
	say(incident, "SIGXCPU: its CPU time limit of %llu s is used up", (unsigned long long)limit);
	incident_evidence(incident, "RLIMIT_CPU was %llu s", (unsigned long long)limit);
	return true;
}

static bool file_size_limit(struct incident *incident, struct fault *f, enum confidence *c)
{
	const struct fe_death *death = incident->death;

	(void)f;
	(void)c;
	/*
	 * send_sig(SIGXFSZ, current, 0) in fs/read_write.c looks as if the thread had sent it to itself;
	 * kill() would have aimed at the process, and raise() is SI_TKILL.
	 */
	if (incident->signo != SIGXFSZ || incident->code != SI_USER || death->file_size_limit == ~0ULL ||
	    (incident->sender.known && !(incident->sender.flags & FE_SENDER_THREAD)))
		return false;
	say(incident, "SIGXFSZ: it wrote beyond its file size limit of %llu bytes",
	    (unsigned long long)death->file_size_limit);
	incident_evidence(incident, "RLIMIT_FSIZE is %llu bytes", (unsigned long long)death->file_size_limit);
	return true;
}

/* ---- raised by the program */

/* A handler ran for a fault not long ago, but nothing shows that it is what ended the process. */
static bool handled_before(const struct incident *incident)
{
	const struct fe_first_fault *first = &incident->death->first;

	return first->signo && incident->time - first->time < 10 * NSEC_PER_SEC;
}

static bool abort_call(struct incident *incident, struct fault *f, enum confidence *c)
{
	if (incident->signo != SIGABRT || f->source != SOURCE_NONE)
		return false;
	*c = CONFIDENCE_LIKELY;
	say(incident, "SIGABRT: it gave up by itself (abort)");
	incident_evidence(incident, "thread %d sent SIGABRT to itself, as abort() does",
			  (int)incident->who.tid);
	return true;
}

static bool self_raised(struct incident *incident, struct fault *f, enum confidence *c)
{
	(void)c;
	if (f->source != SOURCE_NONE || handled_before(incident))
		return false;
	say(incident, "%s: it sent the signal to itself, without a fault before",
	    signal_name(incident->signo));
	incident_evidence(incident, "%s was sent by the process itself (%s)", signal_name(incident->signo),
			  siginfo_code_name(incident->signo, incident->code)
				  ? siginfo_code_name(incident->signo, incident->code)
				  : "no fault");
	return true;
}

static const struct rule rules[] = {
	{"memory-hardware-error", memory_hardware_error,
	 "Check the host's memory (EDAC, mcelog) and replace the module."},
	{"misaligned", misaligned, NULL},
	{"file-truncated", file_truncated,
	 "Replace files by rename, never by truncating them while they are mapped."},
	{"no-space", no_space, "Free space on that filesystem or enlarge it."},
	{"illegal-instruction", illegal_instruction, NULL},
	{"integer-overflow", integer_overflow, NULL},
	{"divide-by-zero", divide_by_zero, NULL},
	{"float-exception", float_exception, NULL},
	{"breakpoint", breakpoint, NULL},
	{"seccomp", seccomp,
	 "Allow the system call in the sandbox's filter (SystemCallFilter=, container profile)."},
	{"cpu-limit", cpu_limit, "Raise RLIMIT_CPU (LimitCPU=), or find out what burnt the time."},
	{"file-size-limit", file_size_limit, "Raise RLIMIT_FSIZE (LimitFSIZE=), or rotate the file."},
	{"abort-call", abort_call, NULL},
	{"self-raised", self_raised, NULL},
};

/* A handler came first: that is where the story starts. */
static void tell_first(struct incident *incident, const struct fault *f)
{
	char ago[CLOCK_DURATION_SIZE];

	if (f->source != SOURCE_FIRST)
		return;
	incident_evidence(
		incident,
		"its handler for %s (address 0x%llx) ran %s before and then ended the process by %s",
		signal_name(f->signo), (unsigned long long)f->address,
		clock_duration(incident->time - f->time, ago), signal_name(incident->signo));
}

void diagnose_crash(struct incident *incident)
{
	struct fault f;

	if (!incident->death)
		return;
	fault_read(&f, incident);
	if (f.source == SOURCE_NONE)
		say(incident, "%s: it sent the signal to itself", signal_name(incident->signo));
	else
		say(incident, "%s%s", signal_name(incident->signo), fault_place(incident, &f));
	if (f.source != SOURCE_NONE && f.signo == SIGSEGV)
		diagnose_segv(incident, &f);
	else
		rules_walk(incident, &f, rules, sizeof(rules) / sizeof(rules[0]));
	tell_first(incident, &f);
	incident->why.has_address = f.has_address && f.source != SOURCE_NONE;
	incident->why.address = f.address;
}
