/* SPDX-License-Identifier: GPL-2.0-or-later */
/* A verdict put into one FE_STALL record, so that a recording's replay has all of its facts. */
#ifndef FAULTD_DETECT_STALLRECORD_H
#define FAULTD_DETECT_STALLRECORD_H

#include "detect/suspect.h"

/* Where it sleeps in the kernel, into the draft. */
void stallrecord_read_stack(struct draft *draft, const struct fe_suspect *seen);
/*
 * The record of a suspect that is convicted at `now`, and its size; valid until the next call. NULL when its
 * process is gone.
 */
const void *stallrecord_make(struct draft *draft, const struct suspect *suspect, uint64_t now,
			     size_t *ret_size);
/* A number for the cgroup that is frozen or out of its quota, where that is why it stands still; else 0. */
uint64_t stallrecord_place(const struct suspect *suspect);

#endif
