/* SPDX-License-Identifier: GPL-2.0-or-later */
/* The system's user database. */
#ifndef FAULTD_HOST_USER_H
#define FAULTD_HOST_USER_H

#include <sys/types.h>

/* The number of a user's name: 0, -ENOENT when there is none of that name, or another negative errno. May
 * block. */
int user_by_name(const char *name, uid_t *ret_uid);

#endif
