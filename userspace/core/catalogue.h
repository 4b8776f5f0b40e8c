/* SPDX-License-Identifier: GPL-2.0-or-later */
/* The fault catalogue as code: kinds, families and sets of kinds. */
#ifndef FAULTD_CORE_CATALOGUE_H
#define FAULTD_CORE_CATALOGUE_H

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

enum fault_family {
	FAMILY_NONE,
	FAMILY_CRASH,
	FAMILY_KILL,
	FAMILY_OOM,
	FAMILY_EXIT,
	FAMILY_STALL,
	FAMILY_RESOURCE,
	FAMILY_HOST,
	FAMILY_KERNEL,
	FAMILY_SELF,
	FAMILY_COUNT,
};

enum fault_kind {
	FAULT_NONE = 0,
#define FAULT(id, symbol, name, family, severity, title) FAULT_##symbol = id,
#include "faultd/faults.def"
#undef FAULT
	FAULT_ID_MAX = 256,
};

struct fault_info {
	enum fault_kind kind;
	const char *name; /* "crash.sigsegv" */
	enum fault_family family;
	int severity;	   /* syslog's levels */
	const char *title; /* what the text stream prints in capitals */
};

/* The catalogue's line about a kind; NULL for a number that is no kind. */
const struct fault_info *fault_info(enum fault_kind kind);
/* The kind of that exact name; FAULT_NONE when there is none. */
enum fault_kind fault_by_name(const char *name);
/* "crash" ... "self"; NULL for FAMILY_NONE. */
const char *fault_family_name(enum fault_family family);
/* crash.NAME or kill.NAME of a signal number; FAULT_NONE where the catalogue has no such kind (crash) .
 * Real-time signals are all kill.sigrt. */
enum fault_kind fault_crash_of_signal(int signo);
enum fault_kind fault_kill_of_signal(int signo);
/* "SIGSEGV" ...; "SIGRTMIN+3"-like names are written into a static table; never NULL. */
const char *signal_name(int signo);
/* The number of "SEGV", "SIGSEGV", "sigsegv" or "11"; -EINVAL when it is none. */
int signal_by_name(const char *name);

struct fault_set {
	uint64_t bits[FAULT_ID_MAX / 64];
};

void fault_set_add(struct fault_set *set, enum fault_kind kind);
void fault_set_remove(struct fault_set *set, enum fault_kind kind);
bool fault_set_has(const struct fault_set *set, enum fault_kind kind);
/* crash, oom, stall, kernel, host, resource, self and kill.sigkill: what an unconfigured faultd reports. */
void fault_set_default(struct fault_set *set);
/*
 * One word of a list: a family, a kind, "all", or one of these after "!" (left out). Returns 0, or -EINVAL
 * and the set untouched. A list that starts with "!" subtracts from the default set: that is the caller's to
 * arrange.
 */
int fault_set_apply(struct fault_set *set, const char *word);
/*
 * A whole list, separated by commas and blanks. An empty list is an error. On -EINVAL ret_bad (may be NULL)
 * gets the word at fault, at most size bytes with its NUL.
 */
int fault_set_parse(struct fault_set *ret_set, const char *list, char *ret_bad, size_t size);

#endif
