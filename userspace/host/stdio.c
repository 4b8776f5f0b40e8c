// SPDX-License-Identifier: GPL-2.0-or-later
/* The three standard descriptors, as we were given them. */
#include "host/stdio.h"

#include <fcntl.h>
#include <unistd.h>

bool stdio_fill(void)
{
	bool have_stdout = fcntl(STDOUT_FILENO, F_GETFD) >= 0;
	int fd;

	do
		fd = open("/dev/null", O_RDWR);
	while (fd >= 0 && fd <= STDERR_FILENO);
	if (fd >= 0)
		close(fd);
	return have_stdout;
}
