// SPDX-License-Identifier: GPL-2.0-or-later
/* Strings of strangers: what leaves is one line of UTF-8 without anything that a terminal acts on. */
#include <string.h>

#include "core/text.h"
#include "fuzz.h"

static void check(const char *s)
{
	/* Escaping what is escaped changes nothing but the backslashes that it may double. */
	for (const unsigned char *p = (const unsigned char *)s; *p; p++) {
		CHECK(*p >= 0x20 && *p != 0x7f);
		CHECK(*p != 0xc2 || p[1] >= 0xa0); /* C1 */
		if (*p < 0x80)
			continue;
		CHECK(*p >= 0xc2 && *p <= 0xf4);
		for (int more = *p < 0xe0 ? 1 : *p < 0xf0 ? 2 : 3; more; more--)
			CHECK((*++p & 0xc0) == 0x80);
	}
}

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size)
{
	size_t room = size ? data[0] + 1u : 1;
	char *small = malloc(room), *text;

	CHECK(small);
	check(text_escape(small, room, (const char *)data, size));
	CHECK(strlen(small) < room);
	free(small);
	text = text_escape_dup((const char *)data, size);
	CHECK(text);
	check(text);
	free(text);
	text = text_join_args((const char *)data, size);
	CHECK(text);
	check(text);
	free(text);
	return 0;
}
