/* SPDX-License-Identifier: GPL-2.0-or-later */
/* The kernel's names for si_code, which say why a signal was sent. */
#ifndef FAULTD_CORE_SIGINFO_H
#define FAULTD_CORE_SIGINFO_H

/* "SEGV_MAPERR", "SI_KERNEL", "SI_TKILL" ... as in sigaction(2); NULL for a code that has no name. */
const char *siginfo_code_name(int signo, int code);

#endif
