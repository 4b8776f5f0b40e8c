/* SPDX-License-Identifier: GPL-2.0-or-later */
/* Telling the service manager that started us how we are. */
#ifndef FAULTD_HOST_SDNOTIFY_H
#define FAULTD_HOST_SDNOTIFY_H

#include <stdbool.h>

/*
 * Sends lines such as "READY=1" or "STOPPING=1" (sd_notify(3)). True when the manager was told; false when
 * nobody asked for it, it cannot be reached, or faultd was built without libsystemd.
 */
bool sdnotify(const char *state);

#endif
