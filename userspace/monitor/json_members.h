/* SPDX-License-Identifier: GPL-2.0-or-later */
/* Members of the JSON stream's objects: what is not known is left out, what is foreign is escaped. */
#ifndef FAULTD_MONITOR_JSON_MEMBERS_H
#define FAULTD_MONITOR_JSON_MEMBERS_H

#include <jansson.h>
#include <stdint.h>

#include "monitor/monitor.h"

/* Takes value over. */
void json_put(json_t *object, const char *key, json_t *value);
/* A string of ours or one that was escaped; none when it is NULL or empty. */
void json_put_fixed(json_t *object, const char *key, const char *safe);
/* A string of others'; none when it is NULL or empty. */
void json_put_string(json_t *object, const char *key, const char *s);
void json_put_number(json_t *object, const char *key, uint64_t n);
/* Left out unless above zero. */
void json_put_positive(json_t *object, const char *key, int64_t n);
/* Left out when it is all ones: the kernel did not tell. */
void json_put_known(json_t *object, const char *key, uint64_t n);
/* "0x..." */
void json_put_hex(json_t *object, const char *key, uint64_t n);
/* Takes member over; left out when it has no members of its own. */
void json_put_object(json_t *object, const char *key, json_t *member);

/* process.* in a new object; faultd gets what the schema has no name for. */
json_t *json_process(const struct monitor *monitor, const struct process *process, const char *user_name,
		     json_t *faultd);
/* faultd.stall in a new object of what is known about the incident's; empty when there is none. */
json_t *json_stall(const struct monitor *monitor, const struct report *report);

#endif
