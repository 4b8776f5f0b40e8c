// SPDX-License-Identifier: GPL-2.0-or-later
/* Names of the system calls, made by the build from the C library's own <sys/syscall.h>. */
#include "core/syscalls.h"

#include <stddef.h>

static const struct {
	int number;
	const char *name;
} names[] = {
#include "syscall_names.h"
};

const char *syscall_name(int number)
{
	for (size_t i = 0; i < sizeof(names) / sizeof(names[0]); i++)
		if (names[i].number == number)
			return names[i].name;
	return NULL;
}
