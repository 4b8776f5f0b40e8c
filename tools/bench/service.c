// SPDX-License-Identifier: GPL-2.0-or-later
/* A service whose first act is to note when it started, in a file called "starts" where it was started. */
#include <fcntl.h>
#include <unistd.h>

#include "bench.h"

int main(void)
{
	uint64_t now = now_ns();
	char line[64];
	int fd = open("starts", O_WRONLY | O_CREAT | O_APPEND | O_CLOEXEC, 0644);
	int len = snprintf(line, sizeof(line), "%d %llu\n", (int)getpid(), (unsigned long long)now);

	if (fd < 0 || write(fd, line, (size_t)len) != len)
		die("starts");
	close(fd);
	for (;;)
		pause();
}
