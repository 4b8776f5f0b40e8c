// SPDX-License-Identifier: GPL-2.0-or-later
/* Bytes at an instruction pointer, which may have jumped anywhere. */
#include <string.h>

#include "diagnose/x86.h"
#include "fuzz.h"

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size)
{
	struct fe_registers regs = {.arch = FE_ARCH_X86_64, .count = 21, .ip = 0x555555554000};
	struct x86_operand operand, again;
	uint8_t longer[2 * FE_CODE_BYTES];

	if (size > FE_CODE_BYTES)
		size = FE_CODE_BYTES;
	for (unsigned int i = 0; i < FE_REGS; i++)
		regs.value[i] = 0x0101010101010101ULL * i;
	x86_privileged(data, size);
	if (!x86_operand(&operand, data, size, &regs))
		return 0;
	CHECK(operand.width <= 8 && operand.extension < 8);
	/* What was understood is not understood in another way when more bytes follow. */
	memset(longer, 0x90, sizeof(longer));
	memcpy(longer, data, size);
	CHECK(x86_operand(&again, longer, sizeof(longer), &regs));
	CHECK(again.opcode == operand.opcode && again.address == operand.address &&
	      again.value == operand.value);
	return 0;
}
