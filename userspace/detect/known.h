/* SPDX-License-Identifier: GPL-2.0-or-later */
/* Processes that are worth remembering while they live, since kernels before 6.16 forget who they were at
 * exit. */
#ifndef FAULTD_DETECT_KNOWN_H
#define FAULTD_DETECT_KNOWN_H

#include "core/incident.h"

struct known;

/* Bounded: at most 4096 processes; the one that was used longest ago makes room. NULL without memory. */
struct known *known_new(void);
void known_free(struct known *known);
/* Takes over memory, in which the strings of process lie. */
void known_put(struct known *known, const struct process *process, char *memory);
/* NULL when that process is not known. start 0: whichever has the number. */
const struct process *known_get(struct known *known, pid_t pid, uint64_t start);
/* The child of a known process is what its parent was, until it executes something. */
void known_fork(struct known *known, pid_t parent, pid_t child, uint64_t start, const char *name);
void known_forget(struct known *known, pid_t pid);
/* The program and its arguments, where the incident's own record does not have them (any more). */
void known_complete(struct known *known, struct incident *incident);

#endif
