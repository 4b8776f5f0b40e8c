// SPDX-License-Identifier: GPL-2.0-or-later
/* The largest tree of the crash family: memory accesses that were fatal. */
#include "diagnose/segv.h"

#include <signal.h>
#include <stdlib.h>

#include "core/siginfo.h"
#include "diagnose/rules.h"
#include "diagnose/x86.h"

#ifndef SEGV_PKUERR
#define SEGV_PKUERR 4
#endif

#define PAGE 4096ULL
/* Nothing is mapped below vm.mmap_min_addr, 65536 by default; a host may have it lower, down to one page. */
#define NULL_ZONE 65536ULL
/* How far from the stack pointer an access still belongs to it: a large frame's first touch. */
#define STACK_REACH (1ULL << 20)
/* How far below mmap_base mappings commonly reach; only used where the mappings were not captured. */
#define MMAP_SPAN (64ULL << 30)
/* The largest frame that is taken for one: more is no frame but a broken stack pointer. */
#define OVERSTEP_MAX (256ULL << 20)

enum { READABLE = 1, WRITABLE = 2, EXECUTABLE = 4 };

static uint64_t distance(uint64_t a, uint64_t b)
{
	return a > b ? a - b : b - a;
}

static void tell_fault(struct incident *incident, const struct fault *f)
{
	const char *code = siginfo_code_name(SIGSEGV, f->code);

	if (f->has_address && !f->address_decoded)
		incident_evidence(incident, "%s: %s 0x%llx, instruction at 0x%llx", code ? code : "SIGSEGV",
				  access_word(f->access), (unsigned long long)f->address,
				  (unsigned long long)f->ip);
}

static bool protection_key(struct incident *incident, struct fault *f, enum confidence *c)
{
	(void)c;
	if (f->code != SEGV_PKUERR)
		return false;
	say(incident, "SIGSEGV %s 0x%llx: protection key %u forbids it%s", access_word(f->access),
	    (unsigned long long)f->address, incident->death->protection_key, fault_place(incident, f));
	tell_fault(incident, f);
	return true;
}

static bool unmapped(const struct fault *f)
{
	return f->has_address && f->code == SEGV_MAPERR && !f->at_address;
}

/* MADV_GUARD_INSTALL (6.13; glibc's thread stacks from 2.42 on): "not mapped", although a mapping is there.
 */
static bool in_guard_region(const struct fault *f)
{
	return f->has_address && f->code == SEGV_MAPERR && f->at_address;
}

static bool null_pointer(struct incident *incident, struct fault *f, enum confidence *c)
{
	if (!unmapped(f) || f->address >= NULL_ZONE)
		return false;
	if (f->access == ACCESS_EXECUTE) {
		say(incident, "SIGSEGV calling 0x%llx (null function pointer)",
		    (unsigned long long)f->address);
	} else if (f->address < PAGE) {
		say(incident, "SIGSEGV %s 0x%llx (null pointer%s)%s", access_word(f->access),
		    (unsigned long long)f->address, f->address ? ", member of a null struct" : "",
		    fault_place(incident, f));
	} else {
		/* An index into a null array, or a small number that was taken for a pointer. */
		*c = CONFIDENCE_POSSIBLE;
		say(incident, "SIGSEGV %s 0x%llx (null pointer plus an offset)%s", access_word(f->access),
		    (unsigned long long)f->address, fault_place(incident, f));
	}
	tell_fault(incident, f);
	return true;
}

/*
 * A general protection or stack fault carries no address: it is worked out of the instruction. Others raise
 * it, too: privileged instructions and misaligned vector accesses, whose address is canonical.
 */
static bool non_canonical(struct incident *incident, struct fault *f, enum confidence *c)
{
	const struct fe_death *death = incident->death;
	struct x86_operand operand;

	if (f->code != SI_KERNEL || death->regs.arch != FE_ARCH_X86_64 ||
	    (f->trap_nr != TRAP_GP && f->trap_nr != TRAP_SS))
		return false;
	if (f->registers && !x86_canonical(f->ip)) {
		say(incident, "SIGSEGV: jump to 0x%llx, which cannot be an address",
		    (unsigned long long)f->ip);
		incident_evidence(incident, "the instruction pointer is not canonical");
		return true;
	}
	if (!f->registers || x86_privileged(death->code_bytes, death->code_len) ||
	    !x86_operand(&operand, death->code_bytes, death->code_len, &death->regs))
		return false;
	/* ret, call and jmp: the target is what is not canonical. */
	if (operand.stack && (operand.opcode == 0xc3 || operand.opcode == 0xc2) && incident->stack_len >= 8 &&
	    incident->stack_address == (death->regs.sp & ~7ULL)) {
		operand.address = *(const uint64_t *)(const void *)incident->stack;
	} else if (!operand.memory) {
		if (operand.opcode != 0xff || (operand.extension != 2 && operand.extension != 4))
			return false;
		operand.address = operand.value;
	}
	if (x86_canonical(operand.address) || operand.segment)
		return false;
	*c = CONFIDENCE_CERTAIN;
	f->has_address = f->address_decoded = true;
	f->address = operand.address;
	say(incident, "SIGSEGV %s 0x%llx, which cannot be an address (not canonical)%s",
	    access_word(f->access), (unsigned long long)operand.address, fault_place(incident, f));
	incident_evidence(incident, "general protection fault; the instruction's operand is 0x%llx",
			  (unsigned long long)operand.address);
	return true;
}

/*
 * The main thread's stack ends where its limit says; the kernel's guard gap lies below. From there down to
 * mmap_base nobody else's memory is: a large frame may end anywhere in between.
 */
static bool main_stack_overflow(const struct incident *incident, const struct fault *f)
{
	const struct fe_memory *memory = &incident->death->memory;
	uint64_t depth = memory->start_stack - f->address;

	if (!memory->start_stack || f->address >= memory->start_stack || memory->stack_limit == ~0ULL ||
	    depth + 2 * NULL_ZONE < memory->stack_limit)
		return false;
	if (memory->mmap_base && f->address >= memory->mmap_base)
		return f->sp >= memory->mmap_base && f->sp < memory->start_stack &&
		       f->address + STACK_REACH >= f->sp;
	return distance(f->address, f->sp) <= STACK_REACH && depth < memory->stack_limit + 2 * STACK_REACH;
}

/* Another thread's stack has a page without permissions below it, and the stack itself right above that page.
 */
static bool thread_stack_overflow(const struct incident *incident, const struct fault *f)
{
	const struct mapping *guard = f->at_address, *above;

	if (in_guard_region(f))
		return guard->flags & WRITABLE && !guard->name && f->sp >= guard->start && f->sp < guard->end;
	if (!guard || f->code != SEGV_ACCERR || guard->flags & (READABLE | WRITABLE | EXECUTABLE) ||
	    guard->name)
		return false;
	/* The stack pointer must be of this stack: in the guard, or not far above it. */
	if (f->sp < guard->start || f->sp > guard->end + STACK_REACH)
		return false;
	above = find_mapping(incident, guard->end);
	return !incident->maps_count || (above && above->flags & WRITABLE);
}

static bool stack_overflow(struct incident *incident, struct fault *f, enum confidence *c)
{
	bool of_main;

	if (!f->has_address)
		return false;
	of_main = main_stack_overflow(incident, f);
	if (!of_main && (distance(f->address, f->sp) > STACK_REACH || !thread_stack_overflow(incident, f)))
		return false;
	if (!of_main && (!incident->maps_count || in_guard_region(f)))
		*c = CONFIDENCE_LIKELY;
	say(incident, "SIGSEGV: the stack of %s overflowed%s", of_main ? "the main thread" : "a thread",
	    fault_place(incident, f));
	tell_fault(incident, f);
	incident_evidence(incident, "the address is %llu bytes from the stack pointer 0x%llx",
			  (unsigned long long)distance(f->address, f->sp), (unsigned long long)f->sp);
	if (of_main)
		incident_evidence(incident, "the stack is %llu KiB deep; RLIMIT_STACK is %llu KiB",
				  (unsigned long long)(incident->death->memory.start_stack - f->address) /
					  1024,
				  (unsigned long long)incident->death->memory.stack_limit / 1024);
	else
		incident_evidence(incident,
				  in_guard_region(f) ? "the address is in a guard region of 0x%llx-0x%llx"
						     : "0x%llx-0x%llx is a guard page without permissions",
				  (unsigned long long)f->at_address->start,
				  (unsigned long long)f->at_address->end);
	return true;
}

static bool execute_non_executable(struct incident *incident, struct fault *f, enum confidence *c)
{
	(void)c;
	if (!f->has_address || f->code != SEGV_ACCERR || f->access != ACCESS_EXECUTE)
		return false;
	if (f->at_address && f->at_address->flags & EXECUTABLE)
		return false;
	say(incident, "SIGSEGV executing 0x%llx, which is data%s%s", (unsigned long long)f->address,
	    f->at_address && f->at_address->name ? " of " : "",
	    f->at_address && f->at_address->name ? f->at_address->name : "");
	tell_fault(incident, f);
	return true;
}

static bool write_to_read_only(struct incident *incident, struct fault *f, enum confidence *c)
{
	if (!f->has_address || f->code != SEGV_ACCERR || f->access != ACCESS_WRITE)
		return false;
	if (f->at_address &&
	    (f->at_address->flags & WRITABLE || !(f->at_address->flags & (READABLE | EXECUTABLE))))
		return false;
	if (!f->at_address)
		*c = CONFIDENCE_LIKELY;
	say(incident, "SIGSEGV writing 0x%llx, which is read-only%s", (unsigned long long)f->address,
	    fault_place(incident, f));
	tell_fault(incident, f);
	if (f->at_address)
		incident_evidence(incident, "0x%llx-0x%llx is mapped without write permission (%s)",
				  (unsigned long long)f->at_address->start,
				  (unsigned long long)f->at_address->end,
				  f->at_address->name ? f->at_address->name : "anonymous");
	return true;
}

/* The gap between two mappings that the address lies in; false at either end of the table. */
static bool in_gap(const struct incident *incident, uint64_t address, uint64_t *ret_start, uint64_t *ret_end)
{
	for (size_t i = 0; i + 1 < incident->maps_count; i++) {
		if (address < incident->maps[i].end || address >= incident->maps[i + 1].start)
			continue;
		*ret_start = incident->maps[i].end;
		*ret_end = incident->maps[i + 1].start;
		return true;
	}
	return false;
}

/*
 * Nobody traces munmap(), so this is what fits: nothing is mapped, but this is where mmap() puts things, and
 * the address space has been larger. A pointer that ran over the end of its mapping lands there as well:
 * `possible`.
 */
static bool use_after_unmap(struct incident *incident, struct fault *f, enum confidence *c)
{
	const struct fe_memory *memory = &incident->death->memory;
	uint64_t start = 0, end = 0, shrunk;

	if (!unmapped(f) || f->address < NULL_ZONE || f->address >= memory->mmap_base)
		return false;
	if (memory->hiwater_vm <= memory->total_vm)
		return false;
	shrunk = memory->hiwater_vm - memory->total_vm;
	if (memory->mmap_base - f->address > MMAP_SPAN || distance(f->address, f->sp) <= NULL_ZONE)
		return false;
	if (incident->maps_count) {
		/* A gap that is larger than all that was ever given back was not left by a munmap() alone. */
		if (in_gap(incident, f->address, &start, &end) && f->address - start < PAGE &&
		    end - start > shrunk)
			return false;
	}
	*c = CONFIDENCE_POSSIBLE;
	say(incident, "SIGSEGV %s 0x%llx, where nothing is mapped any more%s", access_word(f->access),
	    (unsigned long long)f->address, fault_place(incident, f));
	tell_fault(incident, f);
	incident_evidence(incident, "the address is where mmap() places memory, and nothing is mapped there");
	incident_evidence(incident, "the address space has been %llu KiB larger",
			  (unsigned long long)shrunk / 1024);
	return true;
}

/* One large frame can step over the guard page: then the stack pointer itself is where nothing is mapped. */
static bool stack_overstepped(struct incident *incident, struct fault *f, enum confidence *c)
{
	if (!unmapped(f) || distance(f->address, f->sp) > NULL_ZONE || !incident->maps_count ||
	    find_mapping(incident, f->sp))
		return false;
	for (size_t i = 0; i < incident->maps_count; i++) {
		const struct mapping *above = &incident->maps[i];

		if (above->start <= f->sp || above->start - f->sp > OVERSTEP_MAX)
			continue;
		if (above->name || !(above->flags & WRITABLE))
			continue;
		*c = CONFIDENCE_LIKELY;
		say(incident, "SIGSEGV: the stack of a thread overflowed in one step%s",
		    fault_place(incident, f));
		tell_fault(incident, f);
		incident_evidence(incident, "the stack pointer 0x%llx itself is where nothing is mapped",
				  (unsigned long long)f->sp);
		return true;
	}
	return false;
}

static bool wild_pointer(struct incident *incident, struct fault *f, enum confidence *c)
{
	const struct fe_memory *memory = &incident->death->memory;
	bool kernel_half = f->address >= memory->task_size && memory->task_size;

	if (!unmapped(f) && !(kernel_half && f->has_address))
		return false;
	/* So near the stack pointer it is the stack that is wrong: overflown in one step, or no stack at all.
	 */
	if (unmapped(f) && distance(f->address, f->sp) <= NULL_ZONE)
		return false;
	*c = kernel_half ? CONFIDENCE_CERTAIN : CONFIDENCE_LIKELY;
	if (kernel_half && f->address >= (uint64_t)-PAGE)
		say(incident, "SIGSEGV %s 0x%llx: an error code (%lld) was used as a pointer%s",
		    access_word(f->access), (unsigned long long)f->address, (long long)f->address,
		    fault_place(incident, f));
	else
		say(incident, "SIGSEGV %s 0x%llx, where nothing is mapped%s%s", access_word(f->access),
		    (unsigned long long)f->address, kernel_half ? " for a program" : "",
		    fault_place(incident, f));
	tell_fault(incident, f);
	return true;
}

static const struct rule rules[] = {
	{"protection-key", protection_key, NULL},
	{"null-pointer", null_pointer, NULL},
	{"non-canonical-pointer", non_canonical, NULL},
	{"stack-overflow", stack_overflow,
	 "Look for unbounded recursion or large local arrays; raise RLIMIT_STACK if it is neither."},
	{"execute-non-executable", execute_non_executable, NULL},
	{"write-to-read-only", write_to_read_only, NULL},
	{"stack-overflow", stack_overstepped,
	 "Look for large local arrays; raise the thread's stack size if they are meant."},
	{"use-after-unmap", use_after_unmap, NULL},
	{"wild-pointer", wild_pointer, NULL},
};

void diagnose_segv(struct incident *incident, struct fault *f)
{
	/* What is left when no rule holds: the facts, and no cause. */
	if (f->has_address)
		say(incident, "SIGSEGV %s 0x%llx%s%s", access_word(f->access), (unsigned long long)f->address,
		    f->code == SEGV_ACCERR ? ", which its mapping does not permit"
		    : in_guard_region(f)   ? ", which is guarded"
					   : "",
		    fault_place(incident, f));
	else
		say(incident, "SIGSEGV%s", fault_place(incident, f));
	rules_walk(incident, f, rules, sizeof(rules) / sizeof(rules[0]));
	if (!incident->why.evidence_count)
		tell_fault(incident, f);
}
