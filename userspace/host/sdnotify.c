// SPDX-License-Identifier: GPL-2.0-or-later
/* sd_notify through libsystemd, where there is one. */
#include "host/sdnotify.h"

#ifdef HAVE_SYSTEMD
#include <systemd/sd-daemon.h>

bool sdnotify(const char *state)
{
	/* The variable stays set: a reload and the end have something to say as well. */
	return sd_notify(0, state) > 0;
}
#else
bool sdnotify(const char *state)
{
	(void)state;
	return false;
}
#endif
