// SPDX-License-Identifier: GPL-2.0-or-later
/* Memory of another process, without stopping it. */
#include "host/memory.h"

#include <errno.h>
#include <sys/uio.h>

int memory_read(pid_t pid, uint64_t address, void *buf, size_t len)
{
	struct iovec local = {.iov_base = buf, .iov_len = len};
	struct iovec remote = {.iov_base = (void *)(uintptr_t)address, .iov_len = len};
	ssize_t n = process_vm_readv(pid, &local, 1, &remote, 1, 0);

	if (n < 0)
		return -errno;
	return (size_t)n == len ? 0 : -EIO;
}
