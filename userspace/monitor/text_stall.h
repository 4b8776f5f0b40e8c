/* SPDX-License-Identifier: GPL-2.0-or-later */
/* What stands beneath a stall in the stream for people. */
#ifndef FAULTD_MONITOR_TEXT_STALL_H
#define FAULTD_MONITOR_TEXT_STALL_H

#include "core/incident.h"
#include "core/text.h"

/* Lines, each with its newline: who waits for whom, or else the few weightiest facts; none for no stall. */
void text_stall(struct text *out, const struct incident *incident);

#endif
