// SPDX-License-Identifier: GPL-2.0-or-later
// Resource limits whose overstepping the kernel answers with a signal: SIGXCPU and SIGXFSZ.
#define _GNU_SOURCE 1
#include "faultgen.h"

#include <errno.h>
#include <string.h>
#include <sys/resource.h>
#include <unistd.h>

static __attribute__((noinline)) void cpu_limit(void)
{
	const struct rlimit limit = {1, 2};

	if (setrlimit(RLIMIT_CPU, &limit) < 0)
		cannot("setrlimit: %s", strerror(errno));
	for (;;)
		__asm__ volatile("");
}

static __attribute__((noinline)) void file_size_limit(void)
{
	static const char block[4096];
	int fd = unnamed_file(0);

	limit_resource(RLIMIT_FSIZE, sizeof(block));
	/* The first fills what is allowed; the second has no room at all. */
	for (int i = 0; i < 2; i++) {
		if (write(fd, block, sizeof(block)) < 0)
			cannot("write: %s", strerror(errno));
	}
	no_tail_call();
}

static const struct fault faults[] = {
	{"cpu-limit",
	 "computes on after its CPU time (RLIMIT_CPU, one second) is used up",
	 {"crash.sigxcpu", "cpu-limit", "code=SI_KERNEL"},
	 cpu_limit,
	 NO_ARGS},
	{"file-size-limit",
	 "writes beyond its file size limit (RLIMIT_FSIZE)",
	 {"crash.sigxfsz", "file-size-limit", ""},
	 file_size_limit,
	 NO_ARGS},
	{.name = NULL},
};

const struct family limit_family = {"Resource limits", faults};
