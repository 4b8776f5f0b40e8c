/* SPDX-License-Identifier: GPL-2.0-or-later */
/* Noticing another faultd on this host. */
#ifndef FAULTD_HOST_INSTANCE_H
#define FAULTD_HOST_INSTANCE_H

#include <stdbool.h>
#include <sys/types.h>

/*
 * Claims the host for as long as we live, by a lock on /run/faultd.lock. Without `exclusive` it only looks.
 * 0, or -EBUSY with the other's pid (0: not known) when it is claimed, or another negative errno (no /run,
 * not root).
 */
int instance_claim(bool exclusive, pid_t *ret_other);

#endif
