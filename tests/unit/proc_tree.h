/* SPDX-License-Identifier: GPL-2.0-or-later */
/* A made-up /proc in a temporary directory, with a record of what was opened; for tests that wrap open. */
#ifndef FAULTD_TESTS_PROC_TREE_H
#define FAULTD_TESTS_PROC_TREE_H

#include <errno.h>
#include <fcntl.h>
#include <ftw.h>
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/stat.h>
#include <unistd.h>

#include <cmocka.h>

#include "host/proc.h"

static char tree[64];
static char opened[1 << 16]; /* "/path\n" of every open */

int __real_open(const char *path, int flags, ...);
int __wrap_open(const char *path, int flags, ...);
int __wrap_open(const char *path, int flags, ...)
{
	size_t at = strlen(opened);

	snprintf(opened + at, sizeof(opened) - at, "%s\n", path);
	return __real_open(path, flags, 0600);
}

/* Makes the folders on the way, too. */
static const char *tree_path(const char *name)
{
	static char path[1024];

	snprintf(path, sizeof(path), "%s/%s", tree, name);
	for (char *c = path + strlen(tree) + 1; (c = strchr(c, '/')); *c++ = '/') {
		*c = '\0';
		mkdir(path, 0700);
	}
	return path;
}

static void tree_put(const char *name, const char *text)
{
	FILE *file = fopen(tree_path(name), "w");

	assert_non_null(file);
	assert_int_equal(fwrite(text, 1, strlen(text), file), strlen(text));
	assert_int_equal(fclose(file), 0);
}

static inline void tree_link(const char *name, const char *target)
{
	unlink(tree_path(name));
	assert_int_equal(symlink(target, tree_path(name)), 0);
}

static int tree_setup(void **state)
{
	(void)state;
	strcpy(tree, "/tmp/faultd-tree-XXXXXX");
	opened[0] = '\0';
	if (!mkdtemp(tree))
		return -1;
	proc_root = tree;
	return 0;
}

static int tree_remove(const char *path, const struct stat *st, int type, struct FTW *ftw)
{
	(void)st;
	(void)type;
	(void)ftw;
	return remove(path);
}

/* Nothing of what waits for a process's memory may have been opened on the way. */
static int tree_teardown(void **state)
{
	static const char *const forbidden[] = {
		"/cmdline\n",	   "/environ\n",   "/auxv\n",	 "/maps\n",	  "/smaps\n",	"/mem\n",
		"/smaps_rollup\n", "/numa_maps\n", "/pagemap\n", "/clear_refs\n", "/map_files",
	};
	int r;

	(void)state;
	proc_root = "/proc";
	r = nftw(tree, tree_remove, 16, FTW_DEPTH | FTW_PHYS);
	for (size_t i = 0; i < sizeof(forbidden) / sizeof(forbidden[0]); i++)
		if (strstr(opened, forbidden[i])) {
			print_error("opened %s", forbidden[i]);
			r = -1;
		}
	return r;
}

#endif
