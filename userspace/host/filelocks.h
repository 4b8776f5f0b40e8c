/* SPDX-License-Identifier: GPL-2.0-or-later */
/* Locks on files: who waits for whom. */
#ifndef FAULTD_HOST_FILELOCKS_H
#define FAULTD_HOST_FILELOCKS_H

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>
#include <sys/types.h>

struct file_lock {
	pid_t pid;    /* thread group; -1: an OFDLCK belongs to no process but to an open file */
	char type[8]; /* FLOCK, POSIX, OFDLCK, LEASE */
	bool write;
	unsigned int dev_major, dev_minor;
	uint64_t inode;
};

/*
 * What the process waits for (the first, if its threads wait for several) and who has it: the lock that the
 * kernel queued it behind first, then the others on the same file that are in its way. Their number (at most
 * max), 0 when it waits for none, or negative errno. Who waits for an OFDLCK cannot be told. Not looked at is
 * what lies beyond the first 256 KiB of the table.
 */
int filelocks_holders(pid_t waiter, struct file_lock *ret_waiting, struct file_lock *ret_holders, size_t max);

#endif
