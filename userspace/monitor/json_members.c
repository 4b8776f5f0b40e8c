// SPDX-License-Identifier: GPL-2.0-or-later
/* Members of JSON objects: known or left out, and always UTF-8, since foreign strings are escaped on the way
 * in. */
#include "monitor/json_members.h"

#include <inttypes.h>
#include <stdio.h>
#include <string.h>

#include "monitor/words.h"

/* Escaping makes at most four bytes of one. */
enum { STRING_BYTES = 4 * FE_PATH_MAX + 1 };

static void add_byte(struct json *json, char byte)
{
	text_add_bytes(json->out, &byte, 1);
}

/* In quotes, with JSON's own escapes (RFC 8259, 7). */
static void add_quoted(struct json *json, const char *s)
{
	static const char specials[] = "\"\\\b\f\n\r\t"
				       "\x01\x02\x03\x04\x05\x06\x07\x0b\x0e\x0f\x10\x11\x12\x13\x14\x15"
				       "\x16\x17\x18\x19\x1a\x1b\x1c\x1d\x1e\x1f";
	static const char letters[] = "\"\\bfnrt";

	add_byte(json, '"');
	for (;;) {
		size_t plain = strcspn(s, specials);
		const char *special;
		char escape[8];

		text_add_bytes(json->out, s, plain);
		s += plain;
		if (!*s)
			break;
		special = strchr(specials, *s);
		if (special < specials + sizeof(letters) - 1)
			snprintf(escape, sizeof(escape), "\\%c", letters[special - specials]);
		else
			snprintf(escape, sizeof(escape), "\\u%04X", (unsigned int)(unsigned char)*s);
		text_add(json->out, escape);
		s++;
	}
	add_byte(json, '"');
}

static void begin_member(struct json *json, const char *key)
{
	if (json->comma)
		add_byte(json, ',');
	json->comma = true;
	if (!key)
		return;
	add_byte(json, '"');
	text_add(json->out, key);
	text_add_bytes(json->out, "\":", 2);
}

static struct json_open open_with(struct json *json, const char *key, char opening, char closing)
{
	struct json_open open = {.start = json->out->len, .comma = json->comma, .close = closing};

	begin_member(json, key);
	add_byte(json, opening);
	json->comma = false;
	open.inside = json->out->len;
	return open;
}

struct json_open json_object(struct json *json, const char *key)
{
	return open_with(json, key, '{', '}');
}

struct json_open json_array(struct json *json, const char *key)
{
	return open_with(json, key, '[', ']');
}

void json_close(struct json *json, struct json_open open)
{
	if (json->out->len == open.inside) {
		json->out->len = open.start;
		json->comma = open.comma;
		return;
	}
	add_byte(json, open.close);
	json->comma = true;
}

void json_put_fixed(struct json *json, const char *key, const char *safe)
{
	if (!words_any(safe))
		return;
	begin_member(json, key);
	add_quoted(json, safe);
}

void json_put_item(struct json *json, const char *safe)
{
	begin_member(json, NULL);
	add_quoted(json, safe);
}

void json_put_string(struct json *json, const char *key, const char *s)
{
	char buf[STRING_BYTES];

	if (words_any(s))
		json_put_fixed(json, key, text_escape(buf, sizeof(buf), s, strlen(s)));
}

void json_put_bool(struct json *json, const char *key, bool value)
{
	begin_member(json, key);
	text_add(json->out, value ? "true" : "false");
}

void json_put_integer(struct json *json, const char *key, int64_t n)
{
	char buf[24];

	begin_member(json, key);
	snprintf(buf, sizeof(buf), "%" PRId64, n);
	text_add(json->out, buf);
}

void json_put_number(struct json *json, const char *key, uint64_t n)
{
	json_put_integer(json, key, n > INT64_MAX ? INT64_MAX : (int64_t)n);
}

void json_put_positive(struct json *json, const char *key, int64_t n)
{
	if (n > 0)
		json_put_integer(json, key, n);
}

void json_put_known(struct json *json, const char *key, uint64_t n)
{
	if (n != UINT64_MAX)
		json_put_number(json, key, n);
}

void json_put_hex(struct json *json, const char *key, uint64_t n)
{
	char buf[24];

	snprintf(buf, sizeof(buf), "0x%" PRIx64, n);
	json_put_fixed(json, key, buf);
}
