/* SPDX-License-Identifier: GPL-2.0-or-later */
/* Private to launch*.c: the parts of reading a launch record. */
#ifndef FAULTD_HOST_LAUNCH_PARTS_H
#define FAULTD_HOST_LAUNCH_PARTS_H

#include "host/launch.h"

enum { LAUNCH_FILE_MAX = 64 * 1024 }; /* bytes of any one of the small files in /proc/PID */

/* What follows the key ("Uid:") in a file of "key value" lines; NULL: it has no such line. */
const char *launch_status_value(const char *status, const char *key);
/* Credentials, umask, ignored signals and capabilities. 0, -ESRCH, or another negative errno. */
int launch_read_status(struct launch *launch);
/* Limits and oom_score_adj, as far as they can be read. */
void launch_read_resources(struct launch *launch);

#endif
