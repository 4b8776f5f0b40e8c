// SPDX-License-Identifier: GPL-2.0-or-later
/* Noticing another faultd on this host, by a lock that dies with its holder. */
#include "host/instance.h"

#include <errno.h>
#include <fcntl.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/file.h>
#include <sys/stat.h>
#include <unistd.h>

#define LOCK_FILE "/run/faultd.lock"

int instance_claim(bool exclusive, pid_t *ret_other)
{
	int fd = open(LOCK_FILE, O_RDWR | O_CREAT | O_CLOEXEC | O_NOFOLLOW, 0600);
	char text[32] = "";

	if (fd < 0)
		return -errno;
	/* Whoever can open it can hold the lock, and so keep us from acting. */
	if (fchmod(fd, 0600) < 0 || flock(fd, LOCK_EX | LOCK_NB) < 0) {
		int r = errno == EWOULDBLOCK ? -EBUSY : -errno;

		if (r == -EBUSY && read(fd, text, sizeof(text) - 1) > 0)
			*ret_other = (pid_t)atoi(text);
		close(fd);
		return r;
	}
	if (!exclusive) {
		close(fd);
		return 0;
	}
	/* The descriptor stays open: closing it would end the claim. */
	snprintf(text, sizeof(text), "%d\n", (int)getpid());
	if (ftruncate(fd, 0) < 0 || write(fd, text, strlen(text)) < 0)
		return 0;
	return 0;
}
