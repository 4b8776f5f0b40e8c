/* SPDX-License-Identifier: GPL-2.0-or-later */
/* Reading /etc/faultd/faultd.conf and its drop-ins with libconfuse into a struct config. */
#ifndef FAULTD_HOST_CONFIGFILE_H
#define FAULTD_HOST_CONFIGFILE_H

#include <stdio.h>

#include "core/config.h"
#include "core/options.h"

#define CONFIGFILE_DEFAULT "/etc/faultd/faultd.conf"

/*
 * Reads path (NULL: the default file, which may be missing) and then PATH.d/<name>.conf in name order into
 * config; a policy of the same name replaces the earlier one. A file or directory that others than root (or
 * whoever runs faultd) own or can write is refused. Errors go to log_error() as "file:line: what is wrong and
 * what would be right". 0, -EINVAL (status 78), or another negative errno; config is then half filled and of
 * no use. Sets match_user_resolver if nobody has.
 *
 * In "double quotes" libconfuse puts environment variables in the place of ${NAME} and ${NAME:-otherwise};
 * one that is not set is an error here. 'Single quotes' keep everything, a regex's backslashes too.
 */
int configfile_load(struct config *config, const char *path);
/*
 * The same into a fresh configuration, and the policies of --restart with it. -EDOM (status 2) when one of
 * those is wrong; logged like the rest.
 */
int configfile_load_all(const struct options *options, struct config **ret);
/* --check-config: what the configuration means, in words. */
void configfile_print(const struct config *config, FILE *out);

#endif
