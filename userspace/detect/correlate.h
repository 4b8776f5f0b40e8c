/* SPDX-License-Identifier: GPL-2.0-or-later */
/* Joining: records of one process, and of one OOM kill, become one incident. Time comes in with the records.
 */
#ifndef FAULTD_DETECT_CORRELATE_H
#define FAULTD_DETECT_CORRELATE_H

#include "detect/detect.h"

struct correlator;

/* Bounded memory: what is waited for is given up, oldest first, and then told without it. */
int correlator_new(struct correlator **ret, const struct detect_handler *handler);
void correlator_free(struct correlator *correlator);
/* One checked record (decode_check()). The handler's incident() and others are called from inside. */
void correlator_feed(struct correlator *correlator, const void *record, size_t size);
/* Lets time pass until `now` (CLOCK_BOOTTIME ns): what waited too long is told as it is. */
void correlator_advance(struct correlator *correlator, uint64_t now);
/* When correlator_advance() is next needed; 0: nothing waits. */
uint64_t correlator_deadline(const struct correlator *correlator);
/* Tells everything that still waits. */
void correlator_flush(struct correlator *correlator);

#endif
