/* SPDX-License-Identifier: GPL-2.0-or-later */
/* The largest tree of the crash family: memory accesses that were fatal. */
#ifndef FAULTD_DIAGNOSE_SEGV_H
#define FAULTD_DIAGNOSE_SEGV_H

#include "diagnose/fault.h"

/* The fault is a SIGSEGV: delivered, or the first one of a handler. */
void diagnose_segv(struct incident *incident, struct fault *fault);

#endif
