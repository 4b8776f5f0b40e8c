/* SPDX-License-Identifier: GPL-2.0-or-later */
/* The three standard descriptors, as we were given them. */
#ifndef FAULTD_HOST_STDIO_H
#define FAULTD_HOST_STDIO_H

#include <stdbool.h>

/*
 * Opens /dev/null on those that are closed: they would be given to the next files that are opened, and the
 * stream be written into one of them. False when stdout was closed.
 */
bool stdio_fill(void);

#endif
