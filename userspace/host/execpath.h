/* SPDX-License-Identifier: GPL-2.0-or-later */
/* By which path a running program was executed. */
#ifndef FAULTD_HOST_EXECPATH_H
#define FAULTD_HOST_EXECPATH_H

#include <stddef.h>
#include <sys/types.h>

/*
 * /proc/PID/exe is the file behind it: of redis-server it is redis-check-rdb, of a script its interpreter. A
 * process started by that would have another name, and the MATCH that named it would miss it. The path that
 * execve(2) was given lies in the program's own memory (AT_EXECFN); it is taken if it still leads to the same
 * program.
 *
 * exe and cwd: as /proc has them. args: NUL-separated. *ret_path: fresh memory, absolute. *ret_skip: bytes at
 * the start of args that the kernel put there for a script (interpreter and its argument), which executing
 * the path adds again. 0; -ENOENT when the path is not known or leads elsewhere by now; or another negative
 * errno.
 */
int execpath_read(pid_t pid, const char *exe, const char *cwd, const char *args, size_t args_len,
		  char **ret_path, size_t *ret_skip);

#endif
