/* SPDX-License-Identifier: GPL-2.0-or-later */
/* Reports in plain English, escaped: what the sinks have in common. */
#ifndef FAULTD_MONITOR_WORDS_H
#define FAULTD_MONITOR_WORDS_H

#include "core/report.h"
#include "core/text.h"

/* Longer strings are cut, with "..." at their end. */
enum { WORDS_MAX = 1024 };

/* The kind that a report is about; FAULT_NONE. */
enum fault_kind words_kind(const struct report *report);
/* "redis-server[1234]"; nothing when the process has neither name nor number. */
void words_name(struct text *out, const struct process *process);
/* What is said of the process, without its name: "SIGSEGV reading 0x0 (null pointer) in debugCommand+0x31".
 */
void words_what(struct text *out, const struct report *report);
/* A sentence that stands alone. */
void words_message(struct text *out, const struct report *report);
/* "256.0 MiB" */
void words_bytes(struct text *out, uint64_t bytes);
/* A string that may be NULL, cut to max bytes (with its NUL; at most WORDS_MAX) after escaping. */
void words_add(struct text *out, const char *s, size_t max);
/* A string that is there and says something. */
static inline bool words_any(const char *s)
{
	return s && *s;
}

#endif
