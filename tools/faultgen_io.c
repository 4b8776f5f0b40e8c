// SPDX-License-Identifier: GPL-2.0-or-later
// Uninterruptible sleep: a FUSE server that does not answer, a frozen filesystem, and a parent in vfork().
#define _GNU_SOURCE 1
#include "faultgen_stall.h"

#include <errno.h>
#include <fcntl.h>
#include <limits.h>
#include <linux/fs.h>
#include <signal.h>
#include <stdio.h>
#include <string.h>
#include <sys/ioctl.h>
#include <sys/stat.h>
#include <sys/wait.h>
#include <unistd.h>

#define KIND "stall.io"

static int filesystem; /* its root directory, open */
static int file;       /* on it */
static pid_t self;

static void thaw(void)
{
	if (ioctl(filesystem, FITHAW, 0) < 0 && errno != EINVAL)
		fprintf(stderr, "faultgen: %s: cannot thaw: %s\n", run.name, strerror(errno));
}

static void make_file(void)
{
	file = openat(filesystem, ".", O_TMPFILE | O_RDWR | O_CLOEXEC, 0600);
	if (file < 0)
		cannot("cannot make a file on %s: %s", run.args[-1], strerror(errno));
}

static void write_file(void)
{
	if (write(file, "", 1) != 1)
		cannot("write: %s", strerror(errno));
}

/* Only what is mounted for the purpose: the root filesystem would take this process along. */
static void open_filesystem(const char *path)
{
	char above[PATH_MAX];
	struct stat root, here, parent;

	snprintf(above, sizeof(above), "%s/..", path);
	if (stat("/", &root) < 0 || stat(path, &here) < 0 || stat(above, &parent) < 0)
		cannot("cannot stat %s: %s", path, strerror(errno));
	if (here.st_dev == root.st_dev || here.st_dev == parent.st_dev)
		bad_usage("%s must be where a filesystem other than the root is mounted", path);
	filesystem = open(path, O_RDONLY | O_DIRECTORY | O_CLOEXEC);
	if (filesystem < 0)
		cannot("cannot open %s: %s", path, strerror(errno));
}

static _Noreturn void freeze(void (*body)(void))
{
	const char *path = *run.args++;

	stall_seconds();
	open_filesystem(path);
	if (body == write_file)
		make_file();
	undo_at_end(thaw);
	if (ioctl(filesystem, FIFREEZE, 0) < 0)
		cannot("cannot freeze %s: %s", path, strerror(errno));
	stall(body);
}

static void frozen_fs(void)
{
	freeze(make_file);
}

static void frozen_fs_write(void)
{
	freeze(write_file);
}

/* The child lives in its parent's memory: it looks for the parent's end by itself, and then ends quietly. */
static void vfork_and_wait(void)
{
	pid_t child;

	self = getpid();
	child = vfork();
	if (child == 0) {
		while (getppid() == self)
			sleep_ms(50);
		_exit(0);
	}
	if (child < 0)
		cannot("vfork: %s", strerror(errno));
}

static void vfork_wait(void)
{
	stall(vfork_and_wait);
}

static const struct fault faults[] = {
	{"fuse-hang",
	 "reads from a FUSE filesystem whose server does not answer",
	 {KIND, "fuse-server", "thread=faultgen syscall=read needs=root"},
	 fuse_hang,
	 STALL_ARGS},
	{"fuse-hang-mapped",
	 "the same by a page fault on a mapped file, outside any system call",
	 {KIND, "unknown", "thread=faultgen needs=root"},
	 fuse_hang_mapped,
	 STALL_ARGS},
	{"frozen-fs",
	 "freezes the filesystem mounted at PATH and makes a file there; thaws it at the end",
	 {KIND, "filesystem-frozen", "thread=faultgen syscall=openat needs=root needs=path"},
	 frozen_fs,
	 {"PATH [SECONDS]", 1, 2, true}},
	{"frozen-fs-write",
	 "the same, and writes to a file that was open before",
	 {KIND, "filesystem-frozen", "thread=faultgen syscall=write needs=root needs=path"},
	 frozen_fs_write,
	 {"PATH [SECONDS]", 1, 2, true}},
	{"vfork-wait",
	 "waits for a child of vfork() that takes its time before it executes",
	 {"-", "-", ""},
	 vfork_wait,
	 STALL_ARGS},
	{.name = NULL},
};

const struct family io_family = {"Uninterruptible sleep", faults};
