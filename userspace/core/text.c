// SPDX-License-Identifier: GPL-2.0-or-later
/* Safe text: escaping, joining of argument vectors, and a growing string. */
#include "core/text.h"

#include <stdarg.h>
#include <stdint.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

static const char hex[] = "0123456789abcdef";

/*
 * Length of the well-formed UTF-8 sequence at s (Unicode 15, table 3-7: no overlong forms, no surrogates,
 * nothing above U+10FFFF), its code point in ret; 0 when the byte at s starts none.
 */
static size_t utf8_decode(const unsigned char *s, size_t len, uint32_t *ret)
{
	unsigned char low = 0x80, high = 0xbf;
	size_t need, i;
	uint32_t cp;

	if (s[0] < 0x80) {
		*ret = s[0];
		return 1;
	}
	if (s[0] < 0xc2 || s[0] > 0xf4)
		return 0;
	need = s[0] < 0xe0 ? 2 : s[0] < 0xf0 ? 3 : 4;
	if (len < need)
		return 0;
	cp = s[0] & (0x7fU >> need);

	/* Only the second byte has a range of its own. */
	if (s[0] == 0xe0)
		low = 0xa0;
	else if (s[0] == 0xed)
		high = 0x9f;
	else if (s[0] == 0xf0)
		low = 0x90;
	else if (s[0] == 0xf4)
		high = 0x8f;
	for (i = 1; i < need; i++) {
		if (s[i] < low || s[i] > high)
			return 0;
		cp = cp << 6 | (s[i] & 0x3f);
		low = 0x80;
		high = 0xbf;
	}
	*ret = cp;
	return need;
}

/* What a terminal or a reader of logs acts on instead of showing it. */
static bool is_hostile(uint32_t cp)
{
	return cp < 0x20 || (cp >= 0x7f && cp <= 0x9f) || cp == 0x61c || cp == 0x200e || cp == 0x200f ||
	       (cp >= 0x2028 && cp <= 0x202e) || (cp >= 0x2066 && cp <= 0x206f);
}

enum { TOKEN_MAX = 12 };

/* One character of src as it may leave: its length in out, how much of src it was in ret_used. */
static size_t escape_one(char out[static TOKEN_MAX], const unsigned char *src, size_t len, size_t *ret_used)
{
	uint32_t cp = 0;
	size_t used = utf8_decode(src, len, &cp);

	if (used && !is_hostile(cp)) {
		memcpy(out, src, used);
		*ret_used = used;
		return used;
	}
	if (used <= 1) {
		out[0] = '\\';
		out[1] = 'x';
		out[2] = hex[src[0] >> 4];
		out[3] = hex[src[0] & 15];
		*ret_used = 1;
		return 4;
	}
	/* All the hostile ones lie in the first plane: four digits do. */
	out[0] = '\\';
	out[1] = 'u';
	out[2] = '{';
	for (int i = 0; i < 4; i++)
		out[3 + i] = hex[cp >> (12 - 4 * i) & 15];
	out[7] = '}';
	*ret_used = used;
	return 8;
}

static bool is_plain(unsigned char c)
{
	return c >= 0x20 && c < 0x7f;
}

char *text_escape(char *dst, size_t size, const char *src, size_t len)
{
	const unsigned char *s = (const unsigned char *)src;
	size_t at = 0, mark = 0;

	if (size == 0)
		return dst;
	while (len > 0) {
		char token[TOKEN_MAX];
		size_t used = 1, n;

		if (is_plain(*s)) {
			token[0] = (char)*s;
			n = 1;
		} else {
			n = escape_one(token, s, len, &used);
		}
		if (at + n >= size) {
			n = size - 1 - mark;
			memset(dst + mark, '.', n < 3 ? n : 3);
			at = mark + (n < 3 ? n : 3);
			break;
		}
		memcpy(dst + at, token, n);
		at += n;
		/* The last place between two characters that leaves room for the mark of a cut. */
		if (at + 3 < size)
			mark = at;
		s += used;
		len -= used;
	}
	dst[at] = '\0';
	return dst;
}

char *text_escape_dup(const char *src, size_t len)
{
	/* Nothing grows more than fourfold (one byte to \xNN). */
	size_t size = len * 4 + 1;
	char *dst;

	if (len > (SIZE_MAX - 1) / 4)
		return NULL;
	dst = malloc(size);
	if (!dst)
		return NULL;
	text_escape(dst, size, src, len);
	return dst;
}

/* Room for len more bytes and a NUL. */
static bool reserve(struct text *t, size_t len)
{
	size_t size = t->size ? t->size : 64;
	char *s;

	if (t->failed)
		return false;
	if (len < t->size - t->len)
		return true;
	while (size - t->len <= len) {
		if (size > SIZE_MAX / 2) {
			t->failed = true;
			return false;
		}
		size *= 2;
	}
	s = realloc(t->s, size);
	if (!s) {
		t->failed = true;
		return false;
	}
	t->s = s;
	t->size = size;
	return true;
}

void text_add_bytes(struct text *t, const char *s, size_t len)
{
	if (!reserve(t, len))
		return;
	memcpy(t->s + t->len, s, len);
	t->len += len;
	t->s[t->len] = '\0';
}

void text_add(struct text *t, const char *s)
{
	text_add_bytes(t, s, strlen(s));
}

void text_addf(struct text *t, const char *fmt, ...)
{
	va_list ap;
	int n;

	if (!reserve(t, 0))
		return;
	va_start(ap, fmt);
	n = vsnprintf(t->s + t->len, t->size - t->len, fmt, ap);
	va_end(ap);
	if (n >= 0 && (size_t)n >= t->size - t->len) {
		t->s[t->len] = '\0';
		if (!reserve(t, (size_t)n))
			return;
		va_start(ap, fmt);
		n = vsnprintf(t->s + t->len, t->size - t->len, fmt, ap);
		va_end(ap);
	}
	if (n < 0) {
		t->s[t->len] = '\0';
		t->failed = true;
		return;
	}
	t->len += (size_t)n;
}

void text_add_escaped(struct text *t, const char *s, size_t len)
{
	if (len > SIZE_MAX / 8) {
		t->failed = true;
		return;
	}
	if (!reserve(t, len * 4))
		return;
	text_escape(t->s + t->len, t->size - t->len, s, len);
	t->len += strlen(t->s + t->len);
}

void text_free(struct text *t)
{
	free(t->s);
	*t = (struct text){0};
}

static bool needs_quotes(const char *arg, size_t len)
{
	if (len == 0)
		return true;
	for (size_t i = 0; i < len; i++) {
		unsigned char c = (unsigned char)arg[i];

		if (c >= 0x80 || (c >= '0' && c <= '9') || (c >= 'A' && c <= 'Z') || (c >= 'a' && c <= 'z'))
			continue;
		if (c == '\0' || !strchr("_@%+=:,./-", c))
			return true;
	}
	return false;
}

static void add_arg(struct text *t, const char *arg, size_t len)
{
	if (!needs_quotes(arg, len)) {
		text_add_escaped(t, arg, len);
		return;
	}
	text_add_bytes(t, "'", 1);
	while (len > 0) {
		const char *quote = memchr(arg, '\'', len);
		size_t n = quote ? (size_t)(quote - arg) : len;

		text_add_escaped(t, arg, n);
		arg += n;
		len -= n;
		if (quote) {
			text_add(t, "'\\''");
			arg++;
			len--;
		}
	}
	text_add_bytes(t, "'", 1);
}

char *text_join_args(const char *args, size_t len)
{
	struct text t = {0};
	bool first = true;

	text_add(&t, "");
	while (len > 0) {
		const char *nul = memchr(args, '\0', len);
		size_t n = nul ? (size_t)(nul - args) : len;

		if (!first)
			text_add_bytes(&t, " ", 1);
		first = false;
		add_arg(&t, args, n);
		n += nul ? 1 : 0;
		args += n;
		len -= n;
	}
	if (t.failed)
		text_free(&t);
	return t.s;
}
