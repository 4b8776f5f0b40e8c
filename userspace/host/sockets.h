/* SPDX-License-Identifier: GPL-2.0-or-later */
/* Where a process listens. */
#ifndef FAULTD_HOST_SOCKETS_H
#define FAULTD_HOST_SOCKETS_H

#include <stddef.h>
#include <sys/types.h>

/*
 * The TCP addresses that a process has listening sockets for, as "127.0.0.1:6379, [::1]:6379" (sorted, no
 * address twice, at most size bytes with the NUL; what does not fit is left out). The number of addresses, 0
 * with "" when there are none, or negative errno.
 */
int sockets_listening(pid_t pid, char *ret, size_t size);

#endif
