/* SPDX-License-Identifier: GPL-2.0-or-later */
/* Just enough of x86_64 to say which address an instruction was about. */
#ifndef FAULTD_DIAGNOSE_X86_H
#define FAULTD_DIAGNOSE_X86_H

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

#include "faultd/event.h"

struct x86_operand {
	bool memory;	  /* false: a register, and value is what it holds */
	uint64_t address; /* memory: its effective address (segment bases taken as zero) */
	uint64_t value;
	bool segment;	     /* an fs: or gs: prefix: the address is relative to a base that we do not know */
	bool stack;	     /* an implicit access through the stack pointer (push, pop, ret, call) */
	unsigned int opcode; /* 0x0fNN for the two-byte map */
	unsigned int extension; /* reg field of ModRM */
	unsigned int width;	/* bytes of a register operand */
};

/* Decodes the operand in ModRM's r/m of the instruction at the instruction pointer. False: not understood. */
bool x86_operand(struct x86_operand *ret, const uint8_t *code, size_t len, const struct fe_registers *regs);
/* Bits 63-47 (63-56 with five-level paging, which we cannot tell: then it is rarely wrong) all equal. */
bool x86_canonical(uint64_t address);
/* Instructions that the kernel keeps, or may keep, for itself: hlt, cli, sti, in, out, wrmsr, rdpmc, lgdt ...
 */
bool x86_privileged(const uint8_t *code, size_t len);

#endif
