/* SPDX-License-Identifier: GPL-2.0-or-later */
/* Threads that may stand still: followed from one scan to the next until they are convicted or acquitted. */
#ifndef FAULTD_DETECT_SUSPECTS_H
#define FAULTD_DETECT_SUSPECTS_H

#include "detect/detect.h"
#include "faultd/scan.h"

struct faultd_bpf;
struct suspects;

typedef void (*suspects_record_fn)(void *arg, const void *record, size_t size);

/* tell: takes the FE_STALL and FE_STALL_END records. 0 or negative errno. */
int suspects_new(struct suspects **ret, struct faultd_bpf *bpf, const struct detect_handler *handler,
		 suspects_record_fn tell, void *tell_arg);
void suspects_free(struct suspects *suspects);

/* A scan begins at `now`, CLOCK_BOOTTIME ns. */
void suspects_begin(struct suspects *suspects, uint64_t now);
/* One thread, as the scan just saw it. */
void suspects_look(struct suspects *suspects, const struct fe_suspect *seen);
/*
 * The scan is over: who was not seen is gone (unless there was no room to tell of all: overflowed), and whose
 * time has come is judged. now: CLOCK_BOOTTIME ns.
 */
void suspects_settle(struct suspects *suspects, uint64_t now, bool overflowed);
/* When the next one is to be judged, CLOCK_BOOTTIME ns; 0: nobody. */
uint64_t suspects_deadline(const struct suspects *suspects);
/* Nobody looked for long: whom nobody has convicted yet starts anew. */
void suspects_forget(struct suspects *suspects);
/* How many are followed, and how many could not be for want of room, so far. */
unsigned int suspects_count(const struct suspects *suspects, uint64_t *ret_dropped);

#endif
