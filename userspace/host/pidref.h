/* SPDX-License-Identifier: GPL-2.0-or-later */
/* A process that cannot be mistaken for a later one with its number: a pidfd, checked against the start time.
 */
#ifndef FAULTD_HOST_PIDREF_H
#define FAULTD_HOST_PIDREF_H

#include <stdbool.h>
#include <stdint.h>
#include <sys/types.h>

struct pidref {
	pid_t pid;
	uint64_t start; /* CLOCK_BOOTTIME ns */
	int fd;		/* pidfd, -1: none */
};

#define PIDREF_NONE ((struct pidref){.fd = -1})

/*
 * Opens a pidfd and then checks that the process behind it started at `start` (/proc/PID/stat counts in clock
 * ticks: a difference below one tick is the same). start 0: takes whoever has the number now. 0, -ESRCH when
 * it is gone or is another process, or another negative errno.
 */
int pidref_open(struct pidref *ret, pid_t pid, uint64_t start);
/* pidfd_send_signal(2); never kill(2). 0 or negative errno. */
int pidref_signal(const struct pidref *ref, int signo);
/* False once it is a zombie or gone. */
bool pidref_alive(const struct pidref *ref);
void pidref_close(struct pidref *ref);

#endif
