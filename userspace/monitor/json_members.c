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

void json_put(json_t *object, const char *key, json_t *value)
{
	json_object_set_new_nocheck(object, key, value);
}

void json_put_fixed(json_t *object, const char *key, const char *safe)
{
	if (words_any(safe))
		json_put(object, key, json_string_nocheck(safe));
}

void json_put_string(json_t *object, const char *key, const char *s)
{
	char buf[STRING_BYTES];

	if (words_any(s))
		json_put_fixed(object, key, text_escape(buf, sizeof(buf), s, strlen(s)));
}

void json_put_number(json_t *object, const char *key, uint64_t n)
{
	json_put(object, key, json_integer(n > INT64_MAX ? INT64_MAX : (json_int_t)n));
}

void json_put_positive(json_t *object, const char *key, int64_t n)
{
	if (n > 0)
		json_put(object, key, json_integer(n));
}

void json_put_known(json_t *object, const char *key, uint64_t n)
{
	if (n != UINT64_MAX)
		json_put_number(object, key, n);
}

void json_put_hex(json_t *object, const char *key, uint64_t n)
{
	char buf[24];

	snprintf(buf, sizeof(buf), "0x%" PRIx64, n);
	json_put(object, key, json_string_nocheck(buf));
}

void json_put_object(json_t *object, const char *key, json_t *member)
{
	if (json_object_size(member) > 0)
		json_put(object, key, member);
	else
		json_decref(member);
}
