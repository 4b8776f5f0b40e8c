/* SPDX-License-Identifier: GPL-2.0-or-later */
/* The targets and their histories: a bounded table that forgets the least telling first. */
#ifndef FAULTD_RECOVER_TARGETS_H
#define FAULTD_RECOVER_TARGETS_H

#include "recover/private.h"

/* Finds or makes it. NULL when there is no memory, or all TARGETS_MAX of them are being worked on. */
struct target *targets_get(struct recover *recover, uint64_t key);
void targets_free(struct recover *recover);

#endif
