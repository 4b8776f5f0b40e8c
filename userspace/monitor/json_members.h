/* SPDX-License-Identifier: GPL-2.0-or-later */
/*
 * A JSON line as it is written: members in order, what is not known left out, what is foreign escaped.
 *
 * It is written at once and not built as a tree first, because a reader waits for it: cold caches make every
 * small allocation count.
 */
#ifndef FAULTD_MONITOR_JSON_MEMBERS_H
#define FAULTD_MONITOR_JSON_MEMBERS_H

#include <stdint.h>

#include "monitor/monitor.h"

struct json {
	struct text *out;
	bool comma; /* a member precedes */
};

/* An object or array that is open. */
struct json_open {
	size_t start, inside; /* where it and its members begin */
	bool comma;
	char close;
};

/* key NULL: an item of an array, or the line itself. */
struct json_open json_object(struct json *json, const char *key);
struct json_open json_array(struct json *json, const char *key);
/* Ends it; without members it is taken back altogether. */
void json_close(struct json *json, struct json_open open);

/* A string of ours or one that was escaped; none when it is NULL or empty. */
void json_put_fixed(struct json *json, const char *key, const char *safe);
/* The same, and there even when it is empty: an item of a list has its place. */
void json_put_item(struct json *json, const char *safe);
/* A string of others'; none when it is NULL or empty. */
void json_put_string(struct json *json, const char *key, const char *s);
void json_put_bool(struct json *json, const char *key, bool value);
void json_put_integer(struct json *json, const char *key, int64_t n);
void json_put_number(struct json *json, const char *key, uint64_t n);
/* Left out unless above zero. */
void json_put_positive(struct json *json, const char *key, int64_t n);
/* Left out when it is all ones: the kernel did not tell. */
void json_put_known(struct json *json, const char *key, uint64_t n);
/* "0x..." */
void json_put_hex(struct json *json, const char *key, uint64_t n);

/* process.*; whether arguments had to be left out, which the schema has no name for. */
bool json_put_process(struct json *json, const struct monitor *monitor, const struct process *process,
		      const char *user_name);

#endif
