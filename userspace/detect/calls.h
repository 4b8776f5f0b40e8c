/* SPDX-License-Identifier: GPL-2.0-or-later */
/* What a thread that sleeps in a system call is taken for, by the call. */
#ifndef FAULTD_DETECT_CALLS_H
#define FAULTD_DETECT_CALLS_H

#include <stdbool.h>
#include <stdint.h>

#include "faultd/scan.h"

enum { CALLS_EPOLL_PWAIT2 = 441 }; /* newer than some C libraries' headers */

/* Fills the table that the scan in the kernel goes by: enum fe_call_class by number. */
void calls_fill(uint8_t classes[static FE_CALLS_MAX]);
enum fe_call_class calls_class(uint32_t nr);
/* The call's first argument is a descriptor that it waits for. */
bool calls_on_descriptor(uint32_t nr);
/* It writes to that descriptor. */
bool calls_writes(uint32_t nr);

#endif
