/* SPDX-License-Identifier: GPL-2.0-or-later */
/* Reading /etc/faultd/faultd.conf and its drop-ins with libconfuse into a struct config. */
#ifndef FAULTD_HOST_CONFIGFILE_H
#define FAULTD_HOST_CONFIGFILE_H

#include <stdio.h>

#include "core/config.h"

#define CONFIGFILE_DEFAULT "/etc/faultd/faultd.conf"

/*
 * Reads path (NULL: the default file, which may be missing) and then PATH.d/<name>.conf in name order into
 * config. Errors go to log_error() as "file:line: what is wrong and what would be right". 0, -EINVAL (status
 * 78), or another negative errno.
 */
int configfile_load(struct config *config, const char *path);
/* --check-config: what the configuration means, in words. */
void configfile_print(const struct config *config, FILE *out);

#endif
