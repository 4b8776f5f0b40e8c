// SPDX-License-Identifier: GPL-2.0-or-later
/* The facts of one processor fault, put together from the death record, the first fault and the mappings. */
#include "diagnose/fault.h"

#include <signal.h>
#include <string.h>

#include "core/clock.h"
#include "diagnose/x86.h"

/* A handler that ends its process does so at once or after it wrote a report; what comes later is another
 * story. */
#define HANDLER_TIME (10 * NSEC_PER_SEC)

/* x86's page fault error code (arch/x86/include/asm/trap_pf.h). */
enum { PF_WRITE = 2, PF_INSTR = 16 };

const char *access_word(enum access access)
{
	switch (access) {
	case ACCESS_READ: return "reading";
	case ACCESS_WRITE: return "writing";
	case ACCESS_EXECUTE: return "executing";
	default: return "accessing";
	}
}

/*
 * Where on the captured stack the frame of a handler lies that still runs: the frame that the kernel pushed
 * for it holds, next to one another, stack and instruction pointer of the fault (struct sigcontext of x86_64
 * and of arm64 alike). stack_len: nowhere.
 */
static size_t frame_of(const struct incident *incident, const struct fe_first_fault *fault)
{
	size_t i;

	for (i = 0; fault->signo && i + 16 <= incident->stack_len; i += 8) {
		uint64_t pair[2];

		memcpy(pair, incident->stack + i, sizeof(pair));
		if (pair[0] == fault->sp && pair[1] == fault->ip)
			return i;
	}
	return incident->stack_len;
}

/* The outermost fault whose handler still runs: that is where it began; NULL: none is seen. */
static const struct fe_first_fault *running_handler(const struct incident *incident)
{
	const struct fe_death *death = incident->death;

	for (unsigned int i = 0; i < death->outer_count && i < FE_OUTER_FAULTS; i++)
		if (frame_of(incident, &death->outer[i]) < incident->stack_len)
			return &death->outer[i];
	return frame_of(incident, &death->first) < incident->stack_len ? &death->first : NULL;
}

/*
 * Raised inside the handler, the signal that it handles is blocked until it returns; then the thread is back
 * at the instruction that faulted.
 */
static bool handler_just_returned(const struct incident *incident)
{
	const struct fe_death *death = incident->death;

	return death->regs.count && death->regs.ip == death->first.ip && death->regs.sp == death->first.sp &&
	       death->first.signo == (unsigned int)incident->signo;
}

static bool raised_by_itself(const struct incident *incident)
{
	return incident->code <= 0 &&
	       (incident->code == SI_USER || incident->code == SI_TKILL || incident->code == SI_QUEUE);
}

static uint64_t age(const struct incident *incident, const struct fe_first_fault *fault)
{
	return incident->time > fault->time ? incident->time - fault->time : 0;
}

/* Sets *ret_first for SOURCE_FIRST. */
static enum fault_source choose_source(const struct incident *incident,
				       const struct fe_first_fault **ret_first)
{
	const struct fe_death *death = incident->death;
	const struct fe_first_fault *first = &death->first, *running;
	uint64_t since = age(incident, first);

	*ret_first = first;

	if (!raised_by_itself(incident)) {
		/* The kernel could not push the handler's frame (no stack left) and forced the signal
		 * instead. */
		if (incident->code == SI_KERNEL && first->signo == (unsigned int)incident->signo &&
		    since < NSEC_PER_MSEC)
			return SOURCE_FIRST;
		return SOURCE_DELIVERED;
	}
	running = running_handler(incident);
	if (running && age(incident, running) <= HANDLER_TIME) {
		*ret_first = running;
		return SOURCE_FIRST;
	}
	if (!first->signo || since > HANDLER_TIME)
		return SOURCE_NONE;
	if (handler_just_returned(incident))
		return SOURCE_FIRST;
	/* Not on the stack that we saw: it may have returned long ago (a JVM's do, all the time), so nothing
	 * is said. */
	if (incident->stack_len)
		return SOURCE_NONE;
	return first->signo == (unsigned int)incident->signo && since < NSEC_PER_SEC ? SOURCE_FIRST
										     : SOURCE_NONE;
}

static enum access read_access(const struct fault *f, unsigned int arch)
{
	if (f->has_address && f->address == f->ip)
		return ACCESS_EXECUTE;
	if (arch != FE_ARCH_X86_64 || f->trap_nr != TRAP_PF)
		return ACCESS_UNKNOWN;
	if (f->error_code & PF_INSTR)
		return ACCESS_EXECUTE;
	return f->error_code & PF_WRITE ? ACCESS_WRITE : ACCESS_READ;
}

const struct mapping *find_mapping(const struct incident *incident, uint64_t address)
{
	for (size_t i = 0; i < incident->maps_count; i++)
		if (address >= incident->maps[i].start && address < incident->maps[i].end)
			return &incident->maps[i];
	return NULL;
}

/* The table of all mappings wins where it was captured: single look-ups may have been refused. */
static void place(const struct incident *incident, uint64_t address, const struct mapping *single,
		  bool single_known, const struct mapping **ret, bool *ret_known)
{
	if (single_known) {
		*ret = single->end ? single : NULL;
		*ret_known = true;
	} else if (incident->maps_count) {
		*ret = find_mapping(incident, address);
		*ret_known = true;
	}
}

void fault_read(struct fault *ret, const struct incident *incident)
{
	const struct fe_death *death = incident->death;
	const struct fe_first_fault *first;
	struct fault f = {0};

	f.source = choose_source(incident, &first);
	if (f.source == SOURCE_FIRST) {
		f.signo = (int)first->signo;
		f.code = first->code;
		f.has_address = first->code > 0 && first->code != SI_KERNEL;
		f.address = first->address;
		f.time = first->time;
		f.ip = first->ip;
		f.sp = first->sp;
		f.trap_nr = first->trap_nr;
		f.error_code = first->error_code;
	} else {
		f.signo = incident->signo;
		f.code = incident->code;
		f.has_address = incident->has_address;
		f.address = incident->address;
		f.ip = death->regs.ip;
		f.sp = death->regs.sp;
		f.trap_nr = death->trap_nr;
		f.error_code = death->error_code;
		f.registers = death->regs.count > 0;
	}
	f.access = read_access(&f, death->regs.arch);
	if (f.source == SOURCE_DELIVERED) {
		place(incident, f.ip, &incident->ip_mapping, incident->ip_mapping_known, &f.at_ip,
		      &f.at_ip_known);
		place(incident, f.address, &incident->address_mapping, incident->address_mapping_known,
		      &f.at_address, &f.at_address_known);
	} else if (f.source == SOURCE_FIRST && incident->maps_count) {
		f.at_ip = find_mapping(incident, f.ip);
		f.at_address = find_mapping(incident, f.address);
		f.at_ip_known = f.at_address_known = true;
	}
	*ret = f;
}

static const char *base_name(const char *path)
{
	const char *slash = strrchr(path, '/');

	return slash && slash[1] ? slash + 1 : path;
}

const char *fault_place(struct incident *incident, const struct fault *fault)
{
	const struct fe_memory *memory = &incident->death->memory;

	if (fault->at_ip && fault->at_ip->name)
		return incident_printf(
			incident, " in %s+0x%llx", base_name(fault->at_ip->name),
			(unsigned long long)(fault->ip - fault->at_ip->start + fault->at_ip->offset));
	if (fault->at_ip)
		return " in code that is not of a file (JIT, vDSO or the heap)";
	if (incident->who.exe && fault->ip >= memory->start_code && fault->ip < memory->end_code)
		return incident_printf(incident, " in %s", base_name(incident->who.exe));
	return "";
}
