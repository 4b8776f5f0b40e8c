/* SPDX-License-Identifier: GPL-2.0-or-later */
/* Private to systemd.c: a unit's properties out of a D-Bus reply. */
#ifndef FAULTD_HOST_SYSTEMD_UNIT_H
#define FAULTD_HOST_SYSTEMD_UNIT_H

#ifdef HAVE_SYSTEMD
#include <systemd/sd-bus.h>

#include "host/systemd.h"

/* The reply of Properties.GetAll, a{sv}; properties that we do not know are skipped. 0 or negative errno. */
int systemd_unit_parse(sd_bus_message *reply, struct unit_info *ret);
#endif

#endif
