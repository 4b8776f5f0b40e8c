/* SPDX-License-Identifier: GPL-2.0-or-later */
/* Why it happened: one file a family, each a table of rules over what was observed, from specific to general.
 */
#ifndef FAULTD_DIAGNOSE_DIAGNOSE_H
#define FAULTD_DIAGNOSE_DIAGNOSE_H

#include "core/incident.h"

/*
 * Stamps incident->why from the other sections. Pure: same incident, same answer. May be called again when
 * more is known; returns true when the cause is another than before.
 */
bool diagnose(struct incident *incident);

#endif
