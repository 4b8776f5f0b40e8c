/* SPDX-License-Identifier: GPL-2.0-or-later */
/* Processes that were there before us, told as if they had just been executed. */
#ifndef FAULTD_DETECT_RUNNING_H
#define FAULTD_DETECT_RUNNING_H

#include <stddef.h>
#include <stdint.h>

/* Calls fn with an FE_EXEC record, timed `now`, for every process in /proc. 0 or negative errno. */
int running_each(uint64_t now, void (*fn)(void *arg, const void *record, size_t size), void *arg);

#endif
