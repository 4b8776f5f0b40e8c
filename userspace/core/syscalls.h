/* SPDX-License-Identifier: GPL-2.0-or-later */
/* Names of the system calls of the architecture that this was built for. */
#ifndef FAULTD_CORE_SYSCALLS_H
#define FAULTD_CORE_SYSCALLS_H

/* "openat" ...; NULL for a number that is none. */
const char *syscall_name(int number);

#endif
