/* SPDX-License-Identifier: GPL-2.0-or-later */
/* The steps of configfile_load(), each tested by itself: one file is read, looked over, parsed. */
#ifndef FAULTD_HOST_CONFIGPARTS_H
#define FAULTD_HOST_CONFIGPARTS_H

#include <stdbool.h>
#include <stddef.h>

#include "core/config.h"

enum { CONFIG_FILE_MAX = 1 << 20 };

/*
 * Whether what fd is open on (shown: its name in messages) can only be changed by root and whoever runs
 * faultd. A sticky directory counts as such where sticky_is_safe: nobody can put another file in the place of
 * ours there. 0, -EINVAL after a message, or another negative errno.
 */
int config_check_owner(int fd, const char *shown, bool sticky_is_safe);
/*
 * Reads a whole regular file of at most CONFIG_FILE_MAX bytes into fresh memory (NUL added) after checking it
 * and its directory. 0; -ENOENT without a message; -EINVAL or another negative errno after one.
 */
int config_read(const char *path, bool sticky_is_safe, char **ret_text, size_t *ret_len);
/*
 * Finds what libconfuse would pass over in silence or miscount: comments (blanked in place), strings and
 * braces that do not end, stray characters, unknown escapes, unset variables. 0, or -EINVAL after a message.
 */
int config_scan(const char *path, char *text, size_t len);
/* Parses a scanned text into config. 0, -EINVAL after at least one message, or -ENOMEM. */
int config_parse(struct config *config, const char *path, const char *text, size_t len);

#endif
