// SPDX-License-Identifier: GPL-2.0-or-later
/* Just enough of x86_64 to say which address an instruction was about (Intel SDM, volume 2, chapter 2). */
#include "diagnose/x86.h"

#include <string.h>

enum { REX_W = 8, REX_R = 4, REX_X = 2, REX_B = 1 };
enum { OP_LEAVE = 0xc9 };

struct decoder {
	const uint8_t *code;
	size_t len, at;
	unsigned int rex;
	bool operand16, address32, segment, vex, has_rex;
	unsigned int map; /* 0: one byte, 1: 0f, 2: 0f 38, 3: 0f 3a */
};

/* Register numbers of the instruction set to places in struct user_regs_struct's order. */
static uint64_t reg(const struct fe_registers *regs, unsigned int number)
{
	static const uint8_t place[16] = {10, 11, 12, 5, 19, 4, 13, 14, 9, 8, 7, 6, 3, 2, 1, 0};

	return regs->value[place[number & 15]];
}

static bool next(struct decoder *d, uint8_t *ret)
{
	if (d->at >= d->len)
		return false;
	*ret = d->code[d->at++];
	return true;
}

static bool prefixes(struct decoder *d, uint8_t *ret_opcode)
{
	uint8_t byte;

	while (next(d, &byte)) {
		switch (byte) {
		case 0x66: d->operand16 = true; continue;
		case 0x67: d->address32 = true; continue;
		case 0x64:
		case 0x65: d->segment = true; continue;
		case 0x26:
		case 0x2e:
		case 0x36:
		case 0x3e:
		case 0xf0:
		case 0xf2:
		case 0xf3: continue;
		default: break;
		}
		if ((byte & 0xf0) == 0x40) {
			d->has_rex = true;
			d->rex = byte & 15;
			if (!next(d, &byte))
				return false;
		}
		*ret_opcode = byte;
		return true;
	}
	return false;
}

/* VEX: the register extension bits are stored inverted; the map is in the three-byte form. */
static bool vex(struct decoder *d, uint8_t first, uint8_t *ret_opcode)
{
	uint8_t byte;

	d->vex = true;
	d->map = 1;
	if (!next(d, &byte))
		return false;
	if (first == 0xc5) {
		d->rex = byte & 0x80 ? 0 : REX_R;
	} else {
		d->rex = (byte & 0x80 ? 0 : REX_R) | (byte & 0x40 ? 0 : REX_X) | (byte & 0x20 ? 0 : REX_B);
		d->map = byte & 0x1f;
		if (d->map < 1 || d->map > 3 || !next(d, &byte))
			return false;
	}
	return next(d, ret_opcode);
}

static bool opcode(struct decoder *d, uint8_t *ret_opcode)
{
	uint8_t byte;

	if (!prefixes(d, &byte))
		return false;
	if (byte == 0xc4 || byte == 0xc5)
		return vex(d, byte, ret_opcode);
	if (byte == 0x0f) {
		d->map = 1;
		if (!next(d, &byte))
			return false;
		if (byte == 0x38 || byte == 0x3a) {
			d->map = byte == 0x38 ? 2 : 3;
			if (!next(d, &byte))
				return false;
		}
	}
	*ret_opcode = byte;
	return true;
}

static bool displacement(struct decoder *d, unsigned int size, int64_t *ret)
{
	int32_t value = 0;

	if (d->at + size > d->len)
		return false;
	if (size == 1)
		value = (int8_t)d->code[d->at];
	else if (size == 4)
		memcpy(&value, d->code + d->at, 4);
	d->at += size;
	*ret = value;
	return true;
}

/* How many bytes of immediate follow ModRM, which a RIP-relative address counts as well. */
static unsigned int immediate(const struct decoder *d, unsigned int op, unsigned int extension)
{
	if (d->map == 3)
		return 1;
	if (d->map)
		return op == 0x70 || op == 0xa4 || op == 0xac || op == 0xba || op == 0xc2 || op == 0xc4 ||
		       op == 0xc6;
	if (op == 0x80 || op == 0x83 || op == 0xc0 || op == 0xc1 || op == 0xc6 || op == 0x6b)
		return 1;
	if (op == 0x81 || op == 0xc7 || op == 0x69 || (op == 0xf7 && extension < 2))
		return d->operand16 && !(d->rex & REX_W) ? 2 : 4;
	return op == 0xf6 && extension < 2;
}

static bool memory_operand(struct decoder *d, struct x86_operand *ret, uint8_t modrm,
			   const struct fe_registers *regs)
{
	unsigned int mod = modrm >> 6, rm = modrm & 7;
	int64_t offset = 0;
	uint64_t address = 0;
	bool relative = false;

	if (rm == 4) {
		uint8_t sib;

		if (!next(d, &sib))
			return false;
		if ((sib >> 3 & 7) != 4 || d->rex & REX_X)
			address += reg(regs, (sib >> 3 & 7) | (d->rex & REX_X ? 8 : 0)) << (sib >> 6);
		if ((sib & 7) == 5 && mod == 0) {
			if (!displacement(d, 4, &offset))
				return false;
		} else {
			address += reg(regs, (sib & 7) | (d->rex & REX_B ? 8 : 0));
		}
	} else if (mod == 0 && rm == 5) {
		relative = true;
		if (!displacement(d, 4, &offset))
			return false;
	} else {
		address += reg(regs, rm | (d->rex & REX_B ? 8 : 0));
	}
	if (mod == 1 && !displacement(d, 1, &offset))
		return false;
	if (mod == 2 && !displacement(d, 4, &offset))
		return false;
	address += (uint64_t)offset;
	if (relative)
		address += regs->ip + d->at + immediate(d, ret->opcode & 0xff, ret->extension);
	if (d->address32)
		address &= 0xffffffff;
	ret->memory = true;
	ret->address = address;
	ret->segment = d->segment;
	return true;
}

/* One-byte opcodes that use the stack and have no ModRM. */
static bool implicit_stack(uint8_t op)
{
	return (op >= 0x50 && op <= 0x5f) || op == 0x68 || op == 0x6a || op == 0xc2 || op == 0xc3 ||
	       op == OP_LEAVE || op == 0xe8 || op == 0x9c || op == 0x9d;
}

/* One-byte opcodes with a ModRM byte that are worth decoding; the others are not about memory at an address.
 */
static bool has_modrm(const struct decoder *d, uint8_t op)
{
	if (d->map == 1 && d->vex)
		return op != 0x77;
	if (d->map == 1)
		return !((op >= 0x04 && op <= 0x0c) || op == 0x0e || (op >= 0x30 && op <= 0x37) ||
			 op == 0x77 || (op & 0xf0) == 0x80 || (op >= 0xa0 && op <= 0xa2) ||
			 (op >= 0xa8 && op <= 0xaa) || (op & 0xf8) == 0xc8);
	/* Gathers have a vector register for an index. */
	if (d->map == 2 && d->vex && op >= 0x90 && op <= 0x93)
		return false;
	if (d->map)
		return true;
	if (op < 0x40)
		return (op & 7) < 4;
	return op == 0x63 || op == 0x69 || op == 0x6b || (op >= 0x80 && op <= 0x8f) || op == 0xc0 ||
	       op == 0xc1 || op == 0xc6 || op == 0xc7 || (op >= 0xd0 && op <= 0xd3) ||
	       (op >= 0xd8 && op <= 0xdf) || op == 0xf6 || op == 0xf7 || op == 0xfe || op == 0xff;
}

bool x86_operand(struct x86_operand *ret, const uint8_t *code, size_t len, const struct fe_registers *regs)
{
	struct decoder d = {.code = code, .len = len};
	struct x86_operand operand = {0};
	uint8_t op, modrm;

	if (regs->arch != FE_ARCH_X86_64 || regs->count < 21 || !opcode(&d, &op))
		return false;
	operand.opcode = op | (d.map ? 0x0f00u : 0);
	if (!d.map && implicit_stack(op)) {
		operand.memory = operand.stack = true;
		operand.address = op == OP_LEAVE ? reg(regs, 5) : regs->sp;
		*ret = operand;
		return true;
	}
	if (!has_modrm(&d, op) || !next(&d, &modrm))
		return false;
	operand.extension = modrm >> 3 & 7;
	operand.width = d.rex & REX_W ? 8 : d.operand16 ? 2 : 4;
	if (!d.map && (op == 0xf6 || op == 0xfe || op == 0x88 || op == 0x8a || op == 0xc6))
		operand.width = 1;
	/* Near calls and jumps, and push: always 64 bits wide. */
	if (!d.map && op == 0xff &&
	    (operand.extension == 2 || operand.extension == 4 || operand.extension == 6))
		operand.width = 8;
	if (modrm >> 6 == 3) {
		unsigned int number = (modrm & 7) | (d.rex & REX_B ? 8 : 0);

		operand.value = reg(regs, number);
		/* Without REX, the byte registers 4-7 are ah, ch, dh and bh. */
		if (operand.width == 1 && !d.has_rex && number >= 4)
			operand.value = reg(regs, number - 4) >> 8;
		if (operand.width < 8)
			operand.value &= (1ULL << 8 * operand.width) - 1;
		*ret = operand;
		return true;
	}
	if (!memory_operand(&d, &operand, modrm, regs))
		return false;
	*ret = operand;
	return true;
}

bool x86_canonical(uint64_t address)
{
	int64_t top = (int64_t)address >> 47;

	return top == 0 || top == -1;
}

bool x86_privileged(const uint8_t *code, size_t len)
{
	struct decoder d = {.code = code, .len = len};
	uint8_t op;

	if (!opcode(&d, &op))
		return false;
	if (d.map == 1)
		return op <= 0x01 || (op >= 0x06 && op <= 0x09) || (op >= 0x20 && op <= 0x23) || op == 0x30 ||
		       (op >= 0x32 && op <= 0x35);
	if (d.map)
		return false;
	return op == 0xf4 || op == 0xfa || op == 0xfb || (op >= 0xe4 && op <= 0xe7) ||
	       (op >= 0xec && op <= 0xef) || (op >= 0x6c && op <= 0x6f);
}
