/* SPDX-License-Identifier: GPL-2.0-or-later */
/* The facts of one processor fault, put together from the death record, the first fault and the mappings. */
#ifndef FAULTD_DIAGNOSE_FAULT_H
#define FAULTD_DIAGNOSE_FAULT_H

#include "core/incident.h"

enum access { ACCESS_UNKNOWN, ACCESS_READ, ACCESS_WRITE, ACCESS_EXECUTE };

enum fault_source {
	SOURCE_DELIVERED, /* the signal that killed is the fault's own */
	SOURCE_FIRST,	  /* a handler ran for the fault and then ended the process */
	SOURCE_NONE,	  /* there was no fault: somebody raised the signal */
};

struct fault {
	enum fault_source source;
	uint64_t time;	 /* SOURCE_FIRST: of that fault */
	int signo, code; /* of the fault, not of what its handler did */
	bool has_address;
	uint64_t address; /* as the kernel said it, or worked out of the instruction (address_decoded) */
	bool address_decoded;
	uint64_t ip, sp;
	unsigned int trap_nr;
	uint64_t error_code;
	enum access access;
	/* Where the address and the instruction are mapped; known is false when nobody could look. */
	const struct mapping *at_address, *at_ip;
	bool at_address_known, at_ip_known;
	/* From here up the death record has registers of the fault itself. */
	bool registers;
};

/* Fills ret from the incident. Pure. */
void fault_read(struct fault *ret, const struct incident *incident);
/* "reading", "writing", "executing", "accessing". */
const char *access_word(enum access access);
/* The mapping of the table that holds the address; NULL. */
const struct mapping *find_mapping(const struct incident *incident, uint64_t address);
/* "in libc.so.6+0x1234", "in anonymous memory", "" when nothing is known: where the instruction is. */
const char *fault_place(struct incident *incident, const struct fault *fault);

/* x86_64's trap numbers (arch/x86/include/asm/trapnr.h). */
enum { TRAP_DE = 0, TRAP_DB = 1, TRAP_BP = 3, TRAP_SS = 12, TRAP_GP = 13, TRAP_PF = 14, TRAP_AC = 17 };

#endif
