/* SPDX-License-Identifier: GPL-2.0-or-later */
/* Stalls as incidents: those that go on are remembered, so that their end and the kernel's word find them. */
#ifndef FAULTD_DETECT_STALLS_H
#define FAULTD_DETECT_STALLS_H

#include "detect/detect.h"

struct stalls;
struct known;

struct stalls *stalls_new(void); /* NULL without memory */
void stalls_free(struct stalls *stalls);
/*
 * One checked record of type FE_STALL, FE_STALL_END or FE_HUNG: a stall and what the kernel's detector says
 * of its thread are one incident, and a thread is told of once.
 */
void stalls_feed(struct stalls *stalls, const struct fe_header *record, struct known *known,
		 const struct detect_handler *handler);

#endif
