/* SPDX-License-Identifier: GPL-2.0-or-later */
/* What a fuzz target is: libFuzzer's entry, which standalone.c calls where there is no libFuzzer. */
#ifndef FAULTD_TESTS_FUZZ_H
#define FAULTD_TESTS_FUZZ_H

#include <stddef.h>
#include <stdint.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size);

/* assert() that no -DNDEBUG takes away. */
#define CHECK(condition)                                                                              \
	do {                                                                                          \
		if (!(condition)) {                                                                   \
			fprintf(stderr, "%s:%d: %s does not hold\n", __FILE__, __LINE__, #condition); \
			abort();                                                                      \
		}                                                                                     \
	} while (0)

/* glibc's regcomp() doubles its work with every repetition of a repetition: not what is looked for here. */
static inline int explodes(const char *text)
{
	unsigned int repetitions = 0;

	for (const char *p = text; *p; p++)
		repetitions += strchr("*+?", *p) || (*p == '{' && p[1] >= '0' && p[1] <= '9');
	return strstr(text, "cmd") && repetitions > 4;
}

#endif
