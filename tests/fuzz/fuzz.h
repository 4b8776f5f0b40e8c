/* SPDX-License-Identifier: GPL-2.0-or-later */
/* What a fuzz target is: libFuzzer's entry, which standalone.c calls where there is no libFuzzer. */
#ifndef FAULTD_TESTS_FUZZ_H
#define FAULTD_TESTS_FUZZ_H

#include <stddef.h>
#include <stdint.h>
#include <stdio.h>
#include <stdlib.h>

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size);

/* assert() that no -DNDEBUG takes away. */
#define CHECK(condition)                                                                              \
	do {                                                                                          \
		if (!(condition)) {                                                                   \
			fprintf(stderr, "%s:%d: %s does not hold\n", __FILE__, __LINE__, #condition); \
			abort();                                                                      \
		}                                                                                     \
	} while (0)

#endif
