/* SPDX-License-Identifier: GPL-2.0-or-later */
/* Processes that run already, told in the records that the kernel's programs would have made. */
#ifndef FAULTD_DETECT_RUNNING_H
#define FAULTD_DETECT_RUNNING_H

#include <stddef.h>
#include <stdint.h>

#include "core/incident.h"
#include "faultd/event.h"

enum { RUNNING_VARIABLE_MAX = 3 * FE_PATH_MAX + FE_ARGS_MAX };

/* Calls fn with an FE_EXEC record, timed `now`, for every process in /proc. 0 or negative errno. */
int running_each(uint64_t now, void (*fn)(void *arg, const void *record, size_t size), void *arg);
/* The identity of a process that was read from /proc; its strings go to variable, which has room for
 * RUNNING_VARIABLE_MAX bytes. Returns how many they are. */
size_t running_identity(struct fe_identity *id, char *variable, const struct process *process);

#endif
