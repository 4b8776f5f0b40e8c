// SPDX-License-Identifier: GPL-2.0-or-later
/* Safe text: whatever goes in, one line of valid UTF-8 without anything that a terminal acts on comes out. */
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <stdlib.h>
#include <string.h>

#include <cmocka.h>

#include "core/text.h"

#define BYTES(s) (s), sizeof(s) - 1

static const struct {
	const char *what, *in;
	size_t len;
	const char *out;
} escapes[] = {
	{"nothing", BYTES(""), ""},
	{"plain", BYTES("redis-server"), "redis-server"},
	{"blanks and backslash stay", BYTES("a b\\c"), "a b\\c"},
	{"all of C0", BYTES("\0\1\a\b\t\n\r\x1f"), "\\x00\\x01\\x07\\x08\\x09\\x0a\\x0d\\x1f"},
	{"DEL", BYTES("\x7f"), "\\x7f"},
	{"a colour", BYTES("\x1b[31mred\x1b[0m"), "\\x1b[31mred\\x1b[0m"},
	{"a window title", BYTES("\x1b]0;owned\a"), "\\x1b]0;owned\\x07"},
	{"a forged line", BYTES("x\r\n04:12:00 CRASH init[1]"), "x\\x0d\\x0a04:12:00 CRASH init[1]"},
	{"C1 as UTF-8 (CSI)",
	 BYTES("\xc2\x9b"
	       "31m"),
	 "\\u{009b}31m"},
	{"C1 as a byte",
	 BYTES("\x9b"
	       "31m"),
	 "\\x9b31m"},
	{"NEL", BYTES("\xc2\x85"), "\\u{0085}"},
	{"no-break space stays", BYTES("\xc2\xa0"), "\xc2\xa0"},
	{"line separator", BYTES("\xe2\x80\xa8"), "\\u{2028}"},
	{"paragraph separator", BYTES("\xe2\x80\xa9"), "\\u{2029}"},
	{"right-to-left override",
	 BYTES("a\xe2\x80\xae"
	       "cod.exe"),
	 "a\\u{202e}cod.exe"},
	{"left-to-right embedding", BYTES("\xe2\x80\xaa"), "\\u{202a}"},
	{"isolates", BYTES("\xe2\x81\xa6\xe2\x81\xa9"), "\\u{2066}\\u{2069}"},
	{"marks", BYTES("\xe2\x80\x8e\xe2\x80\x8f\xd8\x9c"), "\\u{200e}\\u{200f}\\u{061c}"},
	{"two, three and four bytes stay", BYTES("\xc3\xa9\xe2\x82\xac\xf0\x9f\x94\xa5"),
	 "\xc3\xa9\xe2\x82\xac\xf0\x9f\x94\xa5"},
	{"last code point stays", BYTES("\xf4\x8f\xbf\xbd"), "\xf4\x8f\xbf\xbd"},
	{"above it", BYTES("\xf4\x90\x80\x80"), "\\xf4\\x90\\x80\\x80"},
	{"five-byte form", BYTES("\xf8\x88\x80\x80\x80"), "\\xf8\\x88\\x80\\x80\\x80"},
	{"0xff, 0xfe", BYTES("\xff\xfe"), "\\xff\\xfe"},
	{"overlong slash", BYTES("\xc0\xaf"), "\\xc0\\xaf"},
	{"overlong slash, three", BYTES("\xe0\x80\xaf"), "\\xe0\\x80\\xaf"},
	{"overlong slash, four", BYTES("\xf0\x80\x80\xaf"), "\\xf0\\x80\\x80\\xaf"},
	{"overlong NUL", BYTES("\xc0\x80"), "\\xc0\\x80"},
	{"high surrogate", BYTES("\xed\xa0\x80"), "\\xed\\xa0\\x80"},
	{"surrogate pair (CESU-8)", BYTES("\xed\xa0\xbd\xed\xb4\xa5"), "\\xed\\xa0\\xbd\\xed\\xb4\\xa5"},
	{"before the surrogates", BYTES("\xed\x9f\xbf"), "\xed\x9f\xbf"},
	{"lone continuation", BYTES("a\x80z"), "a\\x80z"},
	{"cut sequence at the end", BYTES("a\xf0\x9f\x94"), "a\\xf0\\x9f\\x94"},
	{"sequence broken by ASCII", BYTES("\xe2\x82z"), "\\xe2\\x82z"},
	{"sequence broken by another", BYTES("\xe2\x82\xc3\xa9"), "\\xe2\\x82\xc3\xa9"},
};

static void escapes_hostile_bytes(void **state)
{
	(void)state;
	for (size_t i = 0; i < sizeof(escapes) / sizeof(escapes[0]); i++) {
		char buf[256], *dup;

		memset(buf, 'X', sizeof(buf));
		assert_ptr_equal(text_escape(buf, sizeof(buf), escapes[i].in, escapes[i].len), buf);
		if (strcmp(buf, escapes[i].out) != 0)
			fail_msg("%s: got \"%s\"", escapes[i].what, buf);
		dup = text_escape_dup(escapes[i].in, escapes[i].len);
		assert_string_equal(dup, escapes[i].out);
		/* What is safe stays as it is: escaping twice does no harm. */
		text_escape(buf, sizeof(buf), dup, strlen(dup));
		assert_string_equal(buf, dup);
		free(dup);
	}
}

static const struct {
	const char *in;
	size_t size;
	const char *out;
} cuts[] = {
	{"abcdef", 7, "abcdef"},
	{"abcdef", 6, "ab..."},
	{"abcdef", 5, "a..."},
	{"abcdef", 4, "..."},
	{"abcdef", 3, ".."},
	{"abcdef", 2, "."},
	{"abcdef", 1, ""},
	{"", 1, ""},
	/* Never within a character ... */
	{"ab\xf0\x9f\x94\xa5"
	 "cdef",
	 9, "ab..."},
	{"ab\xf0\x9f\x94\xa5"
	 "cdef",
	 10, "ab\xf0\x9f\x94\xa5..."},
	/* ... and never within an escape. */
	{"a\x1b[31mb", 8, "a..."},
	{"a\x1b[31mb", 9, "a\\x1b..."},
	{"\xe2\x80\xaexyz", 11, "..."},
	{"\xe2\x80\xaexyz", 12, "\\u{202e}xyz"},
};

static void cuts_between_characters(void **state)
{
	(void)state;
	for (size_t i = 0; i < sizeof(cuts) / sizeof(cuts[0]); i++) {
		char *buf = malloc(cuts[i].size);

		text_escape(buf, cuts[i].size, cuts[i].in, strlen(cuts[i].in));
		assert_string_equal(buf, cuts[i].out);
		free(buf);
	}
}

static void leaves_a_buffer_of_no_size_alone(void **state)
{
	char c = 'X';

	(void)state;
	text_escape(&c, 0, "abc", 3);
	assert_int_equal(c, 'X');
}

/* Every pair of bytes: the output has nothing below blank, no DEL, and decodes. */
static void every_pair_of_bytes_is_safe(void **state)
{
	(void)state;
	for (unsigned int pair = 0; pair < 65536; pair++) {
		char in[2] = {(char)(pair >> 8), (char)pair}, out[32];
		const unsigned char *p = (const unsigned char *)text_escape(out, sizeof(out), in, 2);

		for (; *p; p++) {
			assert_true(*p >= 0x20 && *p != 0x7f);
			if (*p < 0x80)
				continue;
			/* Two bytes leave room for two-byte characters only; those of C1 start with c2 80. */
			assert_true(*p >= 0xc2 && *p <= 0xdf);
			assert_true(p[1] >= (*p == 0xc2 ? 0xa0 : 0x80) && p[1] <= 0xbf);
			p++;
		}
	}
}

static const struct {
	const char *in;
	size_t len;
	const char *out;
} joins[] = {
	{BYTES(""), ""},
	{BYTES("ls"), "ls"},
	{BYTES("ls\0-l\0"), "ls -l"},
	{BYTES("ls\0-l\0/tmp"), "ls -l /tmp"},
	{BYTES("sh\0-c\0echo hi\0"), "sh -c 'echo hi'"},
	{BYTES("echo\0\0x\0"), "echo '' x"},
	{BYTES("\0"), "''"},
	{BYTES("a\0\0"), "a ''"},
	{BYTES("it's\0"), "'it'\\''s'"},
	{BYTES("'\0"), "''\\'''"},
	{BYTES("$HOME\0`id`\0*\0~\0"), "'$HOME' '`id`' '*' '~'"},
	{BYTES("k=v\0a:b,c+d@e%f_g.h-i/j\0"), "k=v a:b,c+d@e%f_g.h-i/j"},
	{BYTES("\xc3\xa9t\xc3\xa9\0"), "\xc3\xa9t\xc3\xa9"},
	{BYTES("a\nb\0"), "'a\\x0ab'"},
	{BYTES("\xff\0\xc3"), "\\xff \\xc3"},
};

static void joins_arguments(void **state)
{
	(void)state;
	for (size_t i = 0; i < sizeof(joins) / sizeof(joins[0]); i++) {
		/* An exact copy, so that a sanitizer sees a read beyond its end. */
		char *in = malloc(joins[i].len + 1), *out;

		memcpy(in, joins[i].in, joins[i].len);
		out = text_join_args(in, joins[i].len);
		assert_string_equal(out, joins[i].out);
		free(out);
		free(in);
	}
}

static void a_text_grows(void **state)
{
	struct text t = {0};
	char piece[100];

	(void)state;
	memset(piece, 'p', sizeof(piece) - 1);
	piece[sizeof(piece) - 1] = '\0';
	for (int i = 0; i < 100; i++) {
		text_add(&t, "a");
		text_addf(&t, "%d-%s", i, piece);
	}
	assert_false(t.failed);
	assert_int_equal(t.len, strlen(t.s));
	assert_int_equal(t.len, 100 * 101 + 10 + 90 * 2);
	assert_memory_equal(t.s, "a0-ppp", 6);
	text_free(&t);
	assert_null(t.s);
	assert_int_equal(t.len, 0);
}

static void a_failed_text_stays_as_it_was(void **state)
{
	struct text t = {0};

	(void)state;
	text_add(&t, "kept");
	t.failed = true;
	text_add(&t, "lost");
	text_addf(&t, "%s", "lost");
	assert_string_equal(t.s, "kept");
	text_free(&t);
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(escapes_hostile_bytes),
		cmocka_unit_test(cuts_between_characters),
		cmocka_unit_test(leaves_a_buffer_of_no_size_alone),
		cmocka_unit_test(every_pair_of_bytes_is_safe),
		cmocka_unit_test(joins_arguments),
		cmocka_unit_test(a_text_grows),
		cmocka_unit_test(a_failed_text_stays_as_it_was),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
