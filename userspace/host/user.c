// SPDX-License-Identifier: GPL-2.0-or-later
/* User names to numbers, through the C library and whatever it is configured to ask. */
#include "host/user.h"

#include <errno.h>
#include <pwd.h>
#include <stdlib.h>

enum { ENTRY_SIZE = 4096, ENTRY_MAX = 1 << 20 };

int user_by_name(const char *name, uid_t *ret_uid)
{
	struct passwd entry, *found = NULL;
	char *buf = NULL, *larger;
	int error = ERANGE;

	for (size_t size = ENTRY_SIZE; error == ERANGE && size <= ENTRY_MAX; size *= 2) {
		larger = realloc(buf, size);
		if (!larger) {
			error = ENOMEM;
			break;
		}
		buf = larger;
		error = getpwnam_r(name, &entry, buf, size, &found);
	}
	if (!error && found)
		*ret_uid = entry.pw_uid;
	free(buf);
	/* getpwnam_r(3) lists these as further ways to say that there is no such name. */
	if (error == ESRCH || error == EBADF || error == EPERM)
		error = ENOENT;
	return error ? -error : found ? 0 : -ENOENT;
}
