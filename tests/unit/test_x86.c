// SPDX-License-Identifier: GPL-2.0-or-later
/* The x86_64 decoder against what the GNU assembler makes of each instruction, and against noise. */
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <stdlib.h>
#include <string.h>

#include <cmocka.h>

#include "diagnose/x86.h"

/* Every register holds something else, in every byte that an operand can name. */
#define REGISTER(n) (0x1010101010101010ULL + 0x0101010301070105ULL * (n))
#define RAX	    REGISTER(0)
#define RCX	    REGISTER(1)
#define RDX	    REGISTER(2)
#define RBX	    REGISTER(3)
#define RSP	    REGISTER(4)
#define RBP	    REGISTER(5)
#define RSI	    REGISTER(6)
#define RDI	    REGISTER(7)
#define R8	    REGISTER(8)
#define R9	    REGISTER(9)
#define R10	    REGISTER(10)
#define R11	    REGISTER(11)
#define R12	    REGISTER(12)
#define R13	    REGISTER(13)
#define R14	    REGISTER(14)
#define R15	    REGISTER(15)
#define IP	    0x555555554abcULL

static const struct fe_registers regs = {
	.arch = FE_ARCH_X86_64,
	.count = 21,
	.ip = IP,
	.sp = RSP,
	.value = {R15, R14, R13, R12, RBP,    RBX, R11,	 R10,	  R9,  R8,  RAX,
		  RCX, RDX, RSI, RDI, 0x3bad, IP,  0x33, 0x10246, RSP, 0x2b},
};

enum expected { MEMORY, SEGMENT, STACK, REGISTER, NOTHING };

/* clang-format off */
static const struct {
	const char *text, *code;
	size_t len;
	enum expected expected;
	uint64_t value; /* the address, or what the register holds */
} rows[] = {
	{"mov (%rax),%ebx", "\x8b\x18", 2, MEMORY, RAX},
	{"mov (%r8),%rbx", "\x49\x8b\x18", 3, MEMORY, R8},
	{"mov %al,(%rdi)", "\x88\x07", 2, MEMORY, RDI},
	{"mov %rbx,8(%rdi)", "\x48\x89\x5f\x08", 4, MEMORY, RDI + 8},
	{"mov %rbx,-8(%rbp)", "\x48\x89\x5d\xf8", 4, MEMORY, RBP - 8},
	{"mov %ebx,0x12345(%rsi)", "\x89\x9e\x45\x23\x01\x00", 6, MEMORY, RSI + 0x12345},
	{"mov %bx,-0x12345(%r15)", "\x66\x41\x89\x9f\xbb\xdc\xfe\xff", 8, MEMORY, R15 - 0x12345},
	{"mov (%rsp),%rax", "\x48\x8b\x04\x24", 4, MEMORY, RSP},
	{"mov 0x20(%rsp),%rax", "\x48\x8b\x44\x24\x20", 5, MEMORY, RSP + 0x20},
	{"mov (%rbp),%rax", "\x48\x8b\x45\x00", 4, MEMORY, RBP},
	{"mov (%r12),%rax", "\x49\x8b\x04\x24", 4, MEMORY, R12},
	{"mov (%r13),%rax", "\x49\x8b\x45\x00", 4, MEMORY, R13},
	{"mov 4(%r12,%r13,8),%rax", "\x4b\x8b\x44\xec\x04", 5, MEMORY, R12 + R13 * 8 + 4},
	{"mov (%rax,%rcx,4),%edx", "\x8b\x14\x88", 3, MEMORY, RAX + RCX * 4},
	{"mov (%rax,%r12,2),%edx", "\x42\x8b\x14\x60", 4, MEMORY, RAX + R12 * 2},
	{"mov (%rbp,%rbx),%edx", "\x8b\x54\x1d\x00", 4, MEMORY, RBP + RBX},
	{"mov 0x10(,%rcx,8),%edx", "\x8b\x14\xcd\x10\x00\x00\x00", 7, MEMORY, RCX * 8 + 0x10},
	{"mov -0x10(,%r9,4),%rdx", "\x4a\x8b\x14\x8d\xf0\xff\xff\xff", 8, MEMORY, R9 * 4 - 0x10},
	{"mov 0x11223344,%edx", "\x8b\x14\x25\x44\x33\x22\x11", 7, MEMORY, 0x11223344},
	{"mov 0x100(%rip),%rax", "\x48\x8b\x05\x00\x01\x00\x00", 7, MEMORY, IP + 7 + 0x100},
	{"mov %eax,-0x100(%rip)", "\x89\x05\x00\xff\xff\xff", 6, MEMORY, IP + 6 - 0x100},
	{"movl $7,0x40(%rip)", "\xc7\x05\x40\x00\x00\x00\x07\x00\x00\x00", 10, MEMORY, IP + 10 + 0x40},
	{"movb $7,0x40(%rip)", "\xc6\x05\x40\x00\x00\x00\x07", 7, MEMORY, IP + 7 + 0x40},
	{"movw $7,0x40(%rip)", "\x66\xc7\x05\x40\x00\x00\x00\x07\x00", 9, MEMORY, IP + 9 + 0x40},
	{"movq $7,0x40(%rip)", "\x48\xc7\x05\x40\x00\x00\x00\x07\x00\x00\x00", 11, MEMORY, IP + 11 + 0x40},
	{"cmpb $7,0x40(%rip)", "\x80\x3d\x40\x00\x00\x00\x07", 7, MEMORY, IP + 7 + 0x40},
	{"cmpl $0x777777,0x40(%rip)", "\x81\x3d\x40\x00\x00\x00\x77\x77\x77\x00", 10, MEMORY, IP + 10 + 0x40},
	{"addw $0x7777,0x40(%rip)", "\x66\x81\x05\x40\x00\x00\x00\x77\x77", 9, MEMORY, IP + 9 + 0x40},
	{"testb $7,0x40(%rip)", "\xf6\x05\x40\x00\x00\x00\x07", 7, MEMORY, IP + 7 + 0x40},
	{"testl $7,0x40(%rip)", "\xf7\x05\x40\x00\x00\x00\x07\x00\x00\x00", 10, MEMORY, IP + 10 + 0x40},
	{"testw $7,0x40(%rip)", "\x66\xf7\x05\x40\x00\x00\x00\x07\x00", 9, MEMORY, IP + 9 + 0x40},
	{"notl 0x40(%rip)", "\xf7\x15\x40\x00\x00\x00", 6, MEMORY, IP + 6 + 0x40},
	{"shll $3,0x40(%rip)", "\xc1\x25\x40\x00\x00\x00\x03", 7, MEMORY, IP + 7 + 0x40},
	{"shll 0x40(%rip)", "\xd1\x25\x40\x00\x00\x00", 6, MEMORY, IP + 6 + 0x40},
	{"imul $3,0x40(%rip),%eax", "\x6b\x05\x40\x00\x00\x00\x03", 7, MEMORY, IP + 7 + 0x40},
	{"imul $0x333333,0x40(%rip),%eax", "\x69\x05\x40\x00\x00\x00\x33\x33\x33\x00", 10, MEMORY, IP + 10 + 0x40},
	{"btl $3,0x40(%rip)", "\x0f\xba\x25\x40\x00\x00\x00\x03", 8, MEMORY, IP + 8 + 0x40},
	{"shld $3,%eax,0x40(%rip)", "\x0f\xa4\x05\x40\x00\x00\x00\x03", 8, MEMORY, IP + 8 + 0x40},
	{"pshufd $1,0x40(%rip),%xmm0", "\x66\x0f\x70\x05\x40\x00\x00\x00\x01", 9, MEMORY, IP + 9 + 0x40},
	{"shufps $1,0x40(%rip),%xmm0", "\x0f\xc6\x05\x40\x00\x00\x00\x01", 8, MEMORY, IP + 8 + 0x40},
	{"cmpps $1,0x40(%rip),%xmm0", "\x0f\xc2\x05\x40\x00\x00\x00\x01", 8, MEMORY, IP + 8 + 0x40},
	{"pinsrw $1,0x40(%rip),%xmm0", "\x66\x0f\xc4\x05\x40\x00\x00\x00\x01", 9, MEMORY, IP + 9 + 0x40},
	{"palignr $1,0x40(%rip),%xmm0", "\x66\x0f\x3a\x0f\x05\x40\x00\x00\x00\x01", 10, MEMORY, IP + 10 + 0x40},
	{"vpalignr $1,0x40(%rip),%xmm1,%xmm0", "\xc4\xe3\x71\x0f\x05\x40\x00\x00\x00\x01", 10, MEMORY, IP + 10 + 0x40},
	{"movzbl (%rdx),%eax", "\x0f\xb6\x02", 3, MEMORY, RDX},
	{"movzwl 2(%rdx),%eax", "\x0f\xb7\x42\x02", 4, MEMORY, RDX + 2},
	{"movsbq (%r10),%rax", "\x49\x0f\xbe\x02", 4, MEMORY, R10},
	{"movslq (%r10,%rax,4),%rax", "\x49\x63\x04\x82", 4, MEMORY, R10 + RAX * 4},
	{"cmpxchg %ecx,(%rdi)", "\x0f\xb1\x0f", 3, MEMORY, RDI},
	{"lock cmpxchg16b (%rdi)", "\xf0\x48\x0f\xc7\x0f", 5, MEMORY, RDI},
	{"lock xadd %eax,(%rdi)", "\xf0\x0f\xc1\x07", 4, MEMORY, RDI},
	{"xchg %eax,(%rdi)", "\x87\x07", 2, MEMORY, RDI},
	{"cmovne (%rbx),%rax", "\x48\x0f\x45\x03", 4, MEMORY, RBX},
	{"sete (%rbx)", "\x0f\x94\x03", 3, MEMORY, RBX},
	{"add %eax,(%rcx)", "\x01\x01", 2, MEMORY, RCX},
	{"xor (%r11),%r14", "\x4d\x33\x33", 3, MEMORY, R11},
	{"incl 0x30(%rcx)", "\xff\x41\x30", 3, MEMORY, RCX + 0x30},
	{"decb (%rcx)", "\xfe\x09", 2, MEMORY, RCX},
	{"call *(%rax)", "\xff\x10", 2, MEMORY, RAX},
	{"call *0x18(%rax)", "\xff\x50\x18", 3, MEMORY, RAX + 0x18},
	{"jmp *(%rax,%rbx,8)", "\xff\x24\xd8", 3, MEMORY, RAX + RBX * 8},
	{"push 8(%rax)", "\xff\x70\x08", 3, MEMORY, RAX + 8},
	{"pop (%rax)", "\x8f\x00", 2, MEMORY, RAX},
	{"idivl (%rax)", "\xf7\x38", 2, MEMORY, RAX},
	{"divq 8(%r9)", "\x49\xf7\x71\x08", 4, MEMORY, R9 + 8},
	{"movaps (%rdi),%xmm0", "\x0f\x28\x07", 3, MEMORY, RDI},
	{"movups %xmm8,0x10(%rdi)", "\x44\x0f\x11\x47\x10", 5, MEMORY, RDI + 0x10},
	{"movdqa (%r9),%xmm1", "\x66\x41\x0f\x6f\x09", 5, MEMORY, R9},
	{"movdqu (%rsi),%xmm15", "\xf3\x44\x0f\x6f\x3e", 5, MEMORY, RSI},
	{"movss (%rax),%xmm0", "\xf3\x0f\x10\x00", 4, MEMORY, RAX},
	{"movsd 8(%rax,%rbx),%xmm3", "\xf2\x0f\x10\x5c\x18\x08", 6, MEMORY, RAX + RBX + 8},
	{"pcmpeqb (%rdi),%xmm0", "\x66\x0f\x74\x07", 4, MEMORY, RDI},
	{"pcmpistri $0,(%rdi),%xmm0", "\x66\x0f\x3a\x63\x07\x00", 6, MEMORY, RDI},
	{"pshufb (%rdi),%xmm0", "\x66\x0f\x38\x00\x07", 5, MEMORY, RDI},
	{"movbe (%rdi),%eax", "\x0f\x38\xf0\x07", 4, MEMORY, RDI},
	{"crc32q (%rdi),%rax", "\xf2\x48\x0f\x38\xf1\x07", 6, MEMORY, RDI},
	{"prefetcht0 (%rdi)", "\x0f\x18\x0f", 3, MEMORY, RDI},
	{"vmovdqa (%rdi),%ymm0", "\xc5\xfd\x6f\x07", 4, MEMORY, RDI},
	{"vmovdqu (%r8),%ymm9", "\xc4\x41\x7e\x6f\x08", 5, MEMORY, R8},
	{"vmovdqu 0x20(%r8,%r9,2),%ymm9", "\xc4\x01\x7e\x6f\x4c\x48\x20", 7, MEMORY, R8 + R9 * 2 + 0x20},
	{"vpcmpeqb (%rdi),%ymm0,%ymm1", "\xc5\xfd\x74\x0f", 4, MEMORY, RDI},
	{"vaddps (%rax),%ymm0,%ymm1", "\xc5\xfc\x58\x08", 4, MEMORY, RAX},
	{"vpshufb (%r12),%ymm0,%ymm1", "\xc4\xc2\x7d\x00\x0c\x24", 6, MEMORY, R12},
	{"vperm2f128 $1,(%r12),%ymm0,%ymm1", "\xc4\xc3\x7d\x06\x0c\x24\x01", 7, MEMORY, R12},
	{"andn (%rdi),%eax,%ebx", "\xc4\xe2\x78\xf2\x1f", 5, MEMORY, RDI},
	{"flds (%rax)", "\xd9\x00", 2, MEMORY, RAX},
	{"fldl 8(%rax)", "\xdd\x40\x08", 3, MEMORY, RAX + 8},
	{"fistpll (%rax)", "\xdf\x38", 2, MEMORY, RAX},
	{"mov (%eax),%ebx", "\x67\x8b\x18", 3, MEMORY, RAX & 0xffffffff},
	{"mov 8(%r8d),%ebx", "\x67\x41\x8b\x58\x08", 5, MEMORY, (R8 + 8) & 0xffffffff},
	{"mov %fs:(%rax),%rbx", "\x64\x48\x8b\x18", 4, SEGMENT, RAX},
	{"mov %gs:8(%rax),%rbx", "\x65\x48\x8b\x58\x08", 5, SEGMENT, RAX + 8},
	{"mov %fs:0x28,%rax", "\x64\x48\x8b\x04\x25\x28\x00\x00\x00", 9, SEGMENT, 0x28},
	{"push %rax", "\x50", 1, STACK, RSP},
	{"push %r15", "\x41\x57", 2, STACK, RSP},
	{"push $1", "\x6a\x01", 2, STACK, RSP},
	{"push $0x11111", "\x68\x11\x11\x01\x00", 5, STACK, RSP},
	{"pop %rbx", "\x5b", 1, STACK, RSP},
	{"pop %r12", "\x41\x5c", 2, STACK, RSP},
	{"ret", "\xc3", 1, STACK, RSP},
	{"ret $8", "\xc2\x08\x00", 3, STACK, RSP},
	{"call .+0x1005", "\xe8\x00\x10\x00\x00", 5, STACK, RSP},
	{"pushf", "\x9c", 1, STACK, RSP},
	{"popf", "\x9d", 1, STACK, RSP},
	{"leave", "\xc9", 1, STACK, RBP},
	{"call *%rax", "\xff\xd0", 2, REGISTER, RAX},
	{"call *%r11", "\x41\xff\xd3", 3, REGISTER, R11},
	{"jmp *%rdx", "\xff\xe2", 2, REGISTER, RDX},
	{"jmp *%r13", "\x41\xff\xe5", 3, REGISTER, R13},
	{"notrack jmp *%rax", "\x3e\xff\xe0", 3, REGISTER, RAX},
	{"idivl %ecx", "\xf7\xf9", 2, REGISTER, RCX & 0xffffffff},
	{"idivl %r9d", "\x41\xf7\xf9", 3, REGISTER, R9 & 0xffffffff},
	{"idivq %rcx", "\x48\xf7\xf9", 3, REGISTER, RCX},
	{"divq %r15", "\x49\xf7\xf7", 3, REGISTER, R15},
	{"divw %cx", "\x66\xf7\xf1", 3, REGISTER, RCX & 0xffff},
	{"idivw %r8w", "\x66\x41\xf7\xf8", 4, REGISTER, R8 & 0xffff},
	{"divb %cl", "\xf6\xf1", 2, REGISTER, RCX & 0xff},
	{"idivb %bl", "\xf6\xfb", 2, REGISTER, RBX & 0xff},
	{"divb %ah", "\xf6\xf4", 2, REGISTER, RAX >> 8 & 0xff},
	{"idivb %ch", "\xf6\xfd", 2, REGISTER, RCX >> 8 & 0xff},
	{"divb %dh", "\xf6\xf6", 2, REGISTER, RDX >> 8 & 0xff},
	{"divb %bh", "\xf6\xf7", 2, REGISTER, RBX >> 8 & 0xff},
	{"divb %spl", "\x40\xf6\xf4", 3, REGISTER, RSP & 0xff},
	{"divb %sil", "\x40\xf6\xf6", 3, REGISTER, RSI & 0xff},
	{"idivb %r12b", "\x41\xf6\xfc", 3, REGISTER, R12 & 0xff},
	{"mov %eax,%ebx", "\x89\xc3", 2, REGISTER, RBX & 0xffffffff},
	{"test %rdi,%rdi", "\x48\x85\xff", 3, REGISTER, RDI},
	{"syscall", "\x0f\x05", 2, NOTHING, 0},
	{"ud2", "\x0f\x0b", 2, NOTHING, 0},
	{"cpuid", "\x0f\xa2", 2, NOTHING, 0},
	{"rdtsc", "\x0f\x31", 2, NOTHING, 0},
	{"rdpmc", "\x0f\x33", 2, NOTHING, 0},
	{"rdmsr", "\x0f\x32", 2, NOTHING, 0},
	{"wrmsr", "\x0f\x30", 2, NOTHING, 0},
	{"sysret", "\x0f\x07", 2, NOTHING, 0},
	{"sysexit", "\x0f\x35", 2, NOTHING, 0},
	{"clts", "\x0f\x06", 2, NOTHING, 0},
	{"wbinvd", "\x0f\x09", 2, NOTHING, 0},
	{"emms", "\x0f\x77", 2, NOTHING, 0},
	{"push %fs", "\x0f\xa0", 2, NOTHING, 0},
	{"pop %gs", "\x0f\xa9", 2, NOTHING, 0},
	{"bswap %eax", "\x0f\xc8", 2, NOTHING, 0},
	{"je .+0x1006", "\x0f\x84\x00\x10\x00\x00", 6, NOTHING, 0},
	{"je .+0x12", "\x74\x10", 2, NOTHING, 0},
	{"jmp .+0x12", "\xeb\x10", 2, NOTHING, 0},
	{"hlt", "\xf4", 1, NOTHING, 0},
	{"cli", "\xfa", 1, NOTHING, 0},
	{"in %dx,%al", "\xec", 1, NOTHING, 0},
	{"int3", "\xcc", 1, NOTHING, 0},
	{"int $0x80", "\xcd\x80", 2, NOTHING, 0},
	{"nop", "\x90", 1, NOTHING, 0},
	{"cltq", "\x48\x98", 2, NOTHING, 0},
	{"mov $1,%eax", "\xb8\x01\x00\x00\x00", 5, NOTHING, 0},
	{"movabs $0x1122334455667788,%rax", "\x48\xb8\x88\x77\x66\x55\x44\x33\x22\x11", 10, NOTHING, 0},
	{"rep stosb", "\xf3\xaa", 2, NOTHING, 0},
	{"vzeroupper", "\xc5\xf8\x77", 3, NOTHING, 0},
	{"vgatherdps %ymm2,(%rax,%ymm1,4),%ymm0", "\xc4\xe2\x6d\x92\x04\x88", 6, NOTHING, 0},
	{"vpgatherqq %ymm2,(%r8,%ymm1,8),%ymm0", "\xc4\xc2\xed\x91\x04\xc8", 6, NOTHING, 0},
};
/* clang-format on */

enum { ROWS = sizeof(rows) / sizeof(rows[0]) };

static bool decode(struct x86_operand *ret, const void *code, size_t len)
{
	/* No byte more than there is, so that a sanitizer sees when one too many is read. */
	uint8_t *copy = malloc(len ? len : 1);
	bool understood;

	assert_non_null(copy);
	memcpy(copy, code, len);
	understood = x86_operand(ret, copy, len, &regs);
	x86_privileged(copy, len);
	free(copy);
	return understood;
}

static void instructions(void **state)
{
	(void)state;
	for (size_t i = 0; i < ROWS; i++) {
		struct x86_operand operand = {0};
		bool understood = decode(&operand, rows[i].code, rows[i].len);

		if (understood != (rows[i].expected != NOTHING))
			fail_msg("%s: %s", rows[i].text, understood ? "understood" : "not understood");
		if (!understood)
			continue;
		if (operand.memory != (rows[i].expected != REGISTER) ||
		    operand.stack != (rows[i].expected == STACK) ||
		    operand.segment != (rows[i].expected == SEGMENT))
			fail_msg("%s: memory %d stack %d segment %d", rows[i].text, operand.memory,
				 operand.stack, operand.segment);
		if ((operand.memory ? operand.address : operand.value) != rows[i].value)
			fail_msg("%s: 0x%llx instead of 0x%llx", rows[i].text,
				 (unsigned long long)(operand.memory ? operand.address : operand.value),
				 (unsigned long long)rows[i].value);
	}
}

/* What follows belongs to the next instruction. */
static void more_bytes_change_nothing(void **state)
{
	(void)state;
	for (size_t i = 0; i < ROWS; i++) {
		uint8_t code[FE_CODE_BYTES];
		struct x86_operand operand = {0};

		if (rows[i].expected == NOTHING)
			continue;
		memset(code, 0xcc, sizeof(code));
		memcpy(code, rows[i].code, rows[i].len);
		assert_true(decode(&operand, code, sizeof(code)));
		assert_true((operand.memory ? operand.address : operand.value) == rows[i].value);
	}
}

/* Of a truncated instruction nothing is said, except that an immediate at its end tells nothing new. */
static void truncated_instructions(void **state)
{
	(void)state;
	for (size_t i = 0; i < ROWS; i++) {
		for (size_t len = 0; len < rows[i].len; len++) {
			struct x86_operand operand = {0};

			if (decode(&operand, rows[i].code, len) && rows[i].expected == NOTHING)
				fail_msg("%s: understood after %zu bytes", rows[i].text, len);
			if (operand.memory && operand.address != rows[i].value)
				fail_msg("%s: 0x%llx after %zu bytes", rows[i].text,
					 (unsigned long long)operand.address, len);
		}
	}
}

static void noise(void **state)
{
	uint32_t random = 1;

	(void)state;
	for (int i = 0; i < 1000000; i++) {
		uint8_t code[FE_CODE_BYTES];
		struct x86_operand operand = {0};
		size_t len;

		for (size_t j = 0; j < sizeof(code); j++) {
			random = random * 1664525 + 1013904223;
			code[j] = (uint8_t)(random >> 24);
		}
		len = random >> 16 & (FE_CODE_BYTES - 1);
		/* Prefixes without end are rare in noise. */
		for (size_t j = 0; i % 3 == 0 && j < 4; j++)
			code[j] = "\x66\x67\xf2\x48\x0f\xc4\xc5\xff"[code[j] & 7];
		if (!decode(&operand, code, len))
			assert_int_equal(operand.opcode, 0);
	}
}

static void other_machines_are_not_understood(void **state)
{
	struct fe_registers other = regs;
	struct x86_operand operand;

	(void)state;
	assert_true(x86_operand(&operand, (const uint8_t *)"\x8b\x18", 2, &other));
	other.arch = FE_ARCH_AARCH64;
	assert_false(x86_operand(&operand, (const uint8_t *)"\x8b\x18", 2, &other));
	other.arch = FE_ARCH_X86_64;
	other.count = 0;
	assert_false(x86_operand(&operand, (const uint8_t *)"\x8b\x18", 2, &other));
}

static void canonical(void **state)
{
	static const struct {
		uint64_t address;
		bool canonical;
	} addresses[] = {
		{0, true},
		{0x7fffffffffff, true},
		{0x800000000000, false},
		{0x4141414141414141, false},
		{0xffff7fffffffffff, false},
		{0xffff800000000000, true},
		{UINT64_MAX, true},
		{0x0001000000000000, false},
	};

	(void)state;
	for (size_t i = 0; i < sizeof(addresses) / sizeof(addresses[0]); i++)
		assert_true(x86_canonical(addresses[i].address) == addresses[i].canonical);
}

static void privileged(void **state)
{
	static const struct {
		const char *text, *code;
		size_t len;
		bool privileged;
	} codes[] = {
		{"hlt", "\xf4", 1, true},
		{"cli", "\xfa", 1, true},
		{"sti", "\xfb", 1, true},
		{"in (%dx),%al", "\xec", 1, true},
		{"out %al,$0x80", "\xe6\x80", 2, true},
		{"rep outsb", "\xf3\x6e", 2, true},
		{"rdmsr", "\x0f\x32", 2, true},
		{"wrmsr", "\x0f\x30", 2, true},
		{"rdpmc", "\x0f\x33", 2, true},
		{"invd", "\x0f\x08", 2, true},
		{"mov %rax,%cr3", "\x0f\x22\xd8", 3, true},
		{"mov %db7,%rax", "\x0f\x21\xf8", 3, true},
		{"lgdt (%rax)", "\x0f\x01\x10", 3, true},
		{"ltr %ax", "\x0f\x00\xd8", 3, true},
		{"swapgs", "\x0f\x01\xf8", 3, true},
		{"sysretq", "\x48\x0f\x07", 3, true},
		{"mov (%rax),%ebx", "\x8b\x18", 2, false},
		{"movaps (%rdi),%xmm0", "\x0f\x28\x07", 3, false},
		{"vmovaps (%rdi),%ymm0", "\xc5\xfc\x28\x07", 4, false},
		{"ret", "\xc3", 1, false},
		{"syscall", "\x0f\x05", 2, false},
		{"ud2", "\x0f\x0b", 2, false},
		{"nothing", "", 0, false},
	};

	(void)state;
	for (size_t i = 0; i < sizeof(codes) / sizeof(codes[0]); i++)
		if (x86_privileged((const uint8_t *)codes[i].code, codes[i].len) != codes[i].privileged)
			fail_msg("%s", codes[i].text);
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(instructions),
		cmocka_unit_test(more_bytes_change_nothing),
		cmocka_unit_test(truncated_instructions),
		cmocka_unit_test(noise),
		cmocka_unit_test(other_machines_are_not_understood),
		cmocka_unit_test(canonical),
		cmocka_unit_test(privileged),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
