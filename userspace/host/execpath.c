// SPDX-License-Identifier: GPL-2.0-or-later
/* By which path a running program was executed. */
#include "host/execpath.h"

#include <elf.h>
#include <errno.h>
#include <limits.h>
#include <stdbool.h>
#include <stdint.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/uio.h>

#include "host/proc.h"

enum { AUXV_MAX = 4096 };

static int read_execfn(pid_t pid, char ret[static PATH_MAX])
{
	struct iovec local = {.iov_base = ret, .iov_len = PATH_MAX - 1}, remote = {.iov_len = PATH_MAX - 1};
	char *auxv = NULL;
	ssize_t len = proc_read_file(pid, "auxv", AUXV_MAX, &auxv);
	ssize_t n;

	for (ssize_t i = 0; i + 16 <= len; i += 16) {
		uint64_t pair[2];

		memcpy(pair, auxv + i, sizeof(pair));
		if (pair[0] == AT_EXECFN)
			remote.iov_base = (void *)(uintptr_t)pair[1];
	}
	free(auxv);
	if (len < 0)
		return (int)len;
	if (!remote.iov_base)
		return -ENOENT;
	/* It is the last string before the end of the stack: what lies behind it cannot be read, and is not
	 * needed. */
	remote.iov_len -= ((uintptr_t)remote.iov_base + remote.iov_len) % 4096;
	n = process_vm_readv(pid, &local, 1, &remote, 1, 0);
	if (n <= 0) {
		remote.iov_len = 4096 - (uintptr_t)remote.iov_base % 4096;
		n = process_vm_readv(pid, &local, 1, &remote, 1, 0);
	}
	if (n <= 0)
		return n < 0 ? -errno : -ENOENT;
	ret[n] = '\0';
	return *ret && strlen(ret) < (size_t)n ? 0 : -ENOENT;
}

static int make_absolute(const char *path, const char *cwd, char ret[static PATH_MAX])
{
	int n = *path == '/' ? snprintf(ret, PATH_MAX, "%s", path)
			     : snprintf(ret, PATH_MAX, "%s/%s", cwd, path);

	return n < PATH_MAX ? 0 : -ENAMETOOLONG;
}

/* Where in the arguments the script itself stands: behind the interpreter, and its argument if it has one. */
static bool find_script(const char *args, size_t len, const char *path, size_t *ret_skip)
{
	size_t at = 0;

	for (int i = 0; i < 3 && at < len; i++) {
		if (i > 0 && strcmp(args + at, path) == 0) {
			*ret_skip = at;
			return true;
		}
		at += strnlen(args + at, len - at) + 1;
	}
	return false;
}

static bool is_script(const char *path)
{
	FILE *file = fopen(path, "re");
	char start[2];
	bool script = file && fread(start, 1, 2, file) == 2 && start[0] == '#' && start[1] == '!';

	if (file)
		fclose(file);
	return script;
}

int execpath_read(pid_t pid, const char *exe, const char *cwd, const char *args, size_t args_len,
		  char **ret_path, size_t *ret_skip)
{
	char given[PATH_MAX], path[PATH_MAX], real[PATH_MAX];
	size_t skip = 0;
	int r = read_execfn(pid, given);

	if (r == 0)
		r = make_absolute(given, cwd, path);
	if (r < 0)
		return r;
	if (!realpath(path, real))
		return -ENOENT;
	if (strcmp(real, exe) != 0 && !(find_script(args, args_len, given, &skip) && is_script(path)))
		return -ENOENT;
	*ret_path = strdup(path);
	if (!*ret_path)
		return -ENOMEM;
	*ret_skip = skip;
	return 0;
}
