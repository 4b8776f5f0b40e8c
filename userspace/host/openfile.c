// SPDX-License-Identifier: GPL-2.0-or-later
/* What a descriptor of another process is: the link of /proc/PID/fd, and the tables that explain it. */
#include "host/openfile.h"

#include <ctype.h>
#include <dirent.h>
#include <errno.h>
#include <fcntl.h>
#include <inttypes.h>
#include <limits.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/syscall.h>
#include <unistd.h>

#include "host/proc.h"
#include "host/sockets.h"
#include "host/thread.h"

enum { TABLE_MAX = 4 * 1024 * 1024, SET_MAX = 16384, THREADS_MAX = 4096 };

static int read_target(pid_t pid, int fd, char *buf, size_t size)
{
	char path[PATH_MAX];
	ssize_t n;

	snprintf(path, sizeof(path), "%s/%d/fd/%d", proc_root, (int)pid, fd);
	n = readlink(path, buf, size - 1);
	if (n < 0)
		return errno == ENOENT ? -EBADF : -errno;
	buf[n] = '\0';
	return 0;
}

/* What comes first in the file; what special files add stands below. */
static bool read_fdinfo(pid_t pid, int fd, unsigned int *ret_flags, int *ret_mount_id)
{
	char name[32], *text = NULL, *save = NULL;
	bool have_flags = false, have_id = false;

	snprintf(name, sizeof(name), "fdinfo/%d", fd);
	if (proc_read_file(pid, name, 4096, &text) < 0)
		return false;
	for (char *line = strtok_r(text, "\n", &save); line; line = strtok_r(NULL, "\n", &save)) {
		if (!have_flags)
			have_flags = sscanf(line, "flags: %o", ret_flags) == 1;
		if (!have_id)
			have_id = sscanf(line, "mnt_id: %d", ret_mount_id) == 1;
	}
	free(text);
	return have_flags;
}

/* Copies a field of mountinfo, up to the next blank: \040 and the like are bytes that could not stand there.
 */
static void copy_field(char *dst, size_t size, const char *src)
{
	size_t at = 0;

	while (*src && *src != ' ' && at + 1 < size) {
		unsigned int byte;

		if (src[0] == '\\' && src[1] >= '0' && src[1] <= '3' && sscanf(src + 1, "%3o", &byte) == 1 &&
		    src[2] >= '0' && src[2] <= '7' && src[3] >= '0' && src[3] <= '7') {
			dst[at++] = (char)byte;
			src += 4;
		} else {
			dst[at++] = *src++;
		}
	}
	dst[at] = '\0';
}

static void read_mount(struct openfile *file, pid_t pid)
{
	char *text = NULL, *save = NULL;

	if (proc_read_file(pid, "mountinfo", TABLE_MAX, &text) < 0)
		return;
	for (char *line = strtok_r(text, "\n", &save); line; line = strtok_r(NULL, "\n", &save)) {
		const char *type, *device;
		int id;

		if (sscanf(line, "%d ", &id) != 1 || id != file->mount_id)
			continue;
		type = strstr(line, " - ");
		device = type ? strchr(type + 3, ' ') : NULL;
		if (device) {
			copy_field(file->filesystem, sizeof(file->filesystem), type + 3);
			copy_field(file->device, sizeof(file->device), device + 1);
		}
		break;
	}
	free(text);
}

static void describe_inet(char *buf, size_t size, const struct socket_info *s)
{
	const char *type = s->type == SOCKET_TCP ? "tcp" : "udp";
	char address[SOCKETS_ADDRESS_SIZE];

	if (s->listening)
		snprintf(buf, size, "%s listening on %s", type, sockets_address(&s->local, address));
	else if (s->other.port)
		snprintf(buf, size, "%s %s", type, sockets_address(&s->other, address));
	else
		snprintf(buf, size, "%s on %s", type, sockets_address(&s->local, address));
}

static void describe(struct openfile *file, pid_t pid)
{
	struct socket_info s = {.inode = file->inode};

	snprintf(file->description, sizeof(file->description), "%.299s", file->target);
	if (file->type != OPENFILE_SOCKET)
		return;
	sockets_find(pid, SOCKETS_ALL, &s, 1);
	if (s.type == SOCKET_TCP || s.type == SOCKET_UDP)
		describe_inet(file->description, sizeof(file->description), &s);
	else if (s.type == SOCKET_UNIX && s.path[0])
		snprintf(file->description, sizeof(file->description), "unix %s%s",
			 s.listening ? "listening on " : "", s.path);
}

int openfile_read(struct openfile *ret, pid_t pid, int fd)
{
	struct openfile file = {.type = OPENFILE_ANON, .mount_id = -1};
	int r = read_target(pid, fd, file.target, sizeof(file.target));

	if (r < 0)
		return r;
	if (file.target[0] == '/')
		file.type = OPENFILE_PATH;
	else if (sscanf(file.target, "pipe:[%" SCNu64 "]", &file.inode) == 1)
		file.type = OPENFILE_PIPE;
	else if (sockets_inode(file.target, &file.inode))
		file.type = OPENFILE_SOCKET;
	if (file.type != OPENFILE_ANON && strncmp(file.target, "/dev/", 5) != 0)
		read_fdinfo(pid, fd, &file.flags, &file.mount_id);
	if (file.type == OPENFILE_PATH && file.mount_id >= 0)
		read_mount(&file, pid);
	describe(&file, pid);
	*ret = file;
	return 0;
}

struct collected {
	struct socket_info *sockets;
	size_t count, size;
	unsigned int others;
	bool cut;
};

/* inode 0: whatever it is. */
static int collect(struct collected *c, const char *target, uint64_t inode)
{
	uint64_t found;

	if (c->count + c->others >= SET_MAX) {
		c->cut = true;
		return 1;
	}
	if (!sockets_inode(target, &found) || (inode && inode != found)) {
		c->others++;
		return 0;
	}
	if (c->count == c->size) {
		size_t size = c->size ? 2 * c->size : 64;
		struct socket_info *grown = reallocarray(c->sockets, size, sizeof(*grown));

		if (!grown)
			return -ENOMEM;
		c->sockets = grown;
		c->size = size;
	}
	c->sockets[c->count++] = (struct socket_info){.inode = found};
	return 0;
}

/* Frees what was collected. */
static int classify(struct openfile_set *ret, struct collected *c, pid_t pid, int r)
{
	struct openfile_set set = {.others = c->others, .cut = c->cut};

	if (r >= 0) {
		if (c->count)
			sockets_find(pid, SOCKETS_TCP | SOCKETS_UNIX, c->sockets, c->count);
		for (size_t i = 0; i < c->count; i++) {
			const struct socket_info *s = &c->sockets[i];

			set.listening += s->listening;
			set.streams += s->stream && s->connected;
			set.others += !s->listening && !(s->stream && s->connected);
		}
		*ret = set;
		r = 0;
	}
	free(c->sockets);
	return r;
}

static bool is_epoll_call(uint32_t nr)
{
	switch (nr) {
#ifdef SYS_epoll_wait
	case SYS_epoll_wait:
#endif
#ifdef SYS_epoll_pwait2
	case SYS_epoll_pwait2:
#endif
	case SYS_epoll_pwait:
	case SYS_epoll_ctl: return true;
	default: return false;
	}
}

struct guard {
	pid_t pid;
	unsigned int left;
};

/* Waiting for events goes without the mutex; polling a file that hangs, or faulting on the buffer, does not.
 */
static int may_hold_mutex(void *arg, pid_t tid)
{
	struct guard *guard = arg;
	struct thread_call call;
	char channel[64];

	if (!guard->left--)
		return -E2BIG;
	if (thread_call(&call, guard->pid, tid) < 0 || !call.in_syscall || !is_epoll_call(call.nr))
		return 0;
	if (thread_wait_channel(guard->pid, tid, channel, sizeof(channel)) < 0)
		return 0;
	return strncmp(channel, "ep_", 3) != 0 && !strstr(channel, "epoll") && !strstr(channel, "hrtimeout");
}

int openfile_poll_set(struct openfile_set *ret, pid_t pid, int epoll_fd)
{
	struct guard guard = {.pid = pid, .left = THREADS_MAX};
	char name[32], target[64], *text = NULL, *save = NULL;
	struct collected c = {0};
	ssize_t len;
	int r = read_target(pid, epoll_fd, target, sizeof(target));

	if (r < 0)
		return r;
	if (strcmp(target, "anon_inode:[eventpoll]") != 0)
		return -EBADF;
	r = thread_each(pid, may_hold_mutex, &guard);
	if (r != 0)
		return r > 0 ? -EBUSY : r;
	snprintf(name, sizeof(name), "fdinfo/%d", epoll_fd);
	len = proc_read_file(pid, name, TABLE_MAX, &text);
	if (len < 0)
		return (int)len;
	for (char *line = strtok_r(text, "\n", &save); line && r == 0; line = strtok_r(NULL, "\n", &save)) {
		const char *inode = strstr(line, " ino:");
		int fd;

		if (sscanf(line, "tfd: %d", &fd) != 1)
			continue;
		/* The number may be closed, or another file's by now: the set keeps the file, not the number.
		 */
		if (read_target(pid, fd, target, sizeof(target)) < 0)
			target[0] = '\0';
		r = collect(&c, target, inode ? strtoull(inode + 5, NULL, 16) : 0);
	}
	free(text);
	return classify(ret, &c, pid, r);
}

static DIR *open_files(pid_t pid)
{
	char path[PATH_MAX];

	snprintf(path, sizeof(path), "%s/%d/fd", proc_root, (int)pid);
	return opendir(path);
}

/* The next descriptor and what it is; false: there are no more. */
static bool next_file(DIR *dir, int *ret_fd, char *target, size_t size)
{
	struct dirent *entry;

	while ((entry = readdir(dir))) {
		ssize_t n;

		if (!isdigit((unsigned char)entry->d_name[0]))
			continue;
		n = readlinkat(dirfd(dir), entry->d_name, target, size - 1);
		if (n < 0)
			continue;
		target[n] = '\0';
		*ret_fd = atoi(entry->d_name);
		return true;
	}
	return false;
}

int openfile_process_set(struct openfile_set *ret, pid_t pid)
{
	struct collected c = {0};
	DIR *dir = open_files(pid);
	char target[64];
	int r = 0, fd;

	if (!dir)
		return errno == ENOENT ? -ESRCH : -errno;
	while (r == 0 && next_file(dir, &fd, target, sizeof(target)))
		r = collect(&c, target, 0);
	closedir(dir);
	return classify(ret, &c, pid, r);
}

struct readers {
	char target[40];
	pid_t exclude;
	unsigned int left;
	int (*fn)(void *arg, pid_t pid);
	void *arg;
};

/* 1: has it open for reading, 0: has not, -E2BIG. */
static int reads(struct readers *readers, pid_t pid)
{
	DIR *dir = open_files(pid);
	char target[64];
	int r = 0, fd;

	while (dir && r == 0 && next_file(dir, &fd, target, sizeof(target))) {
		unsigned int flags;
		int mount_id;

		if (!readers->left--)
			r = -E2BIG;
		else if (strcmp(target, readers->target) == 0 && read_fdinfo(pid, fd, &flags, &mount_id))
			r = (flags & O_ACCMODE) != O_WRONLY;
	}
	if (dir)
		closedir(dir);
	return r;
}

static int try_reader(struct readers *readers, pid_t pid)
{
	int r = reads(readers, pid);

	return r > 0 ? readers->fn(readers->arg, pid) : r;
}

static int try_other(void *arg, pid_t pid)
{
	struct readers *readers = arg;

	return pid == readers->exclude || pid == getpid() ? 0 : try_reader(readers, pid);
}

int openfile_pipe_readers(uint64_t inode, pid_t exclude, int (*fn)(void *arg, pid_t pid), void *arg,
			  unsigned int max_files)
{
	struct readers readers = {.exclude = exclude, .left = max_files, .fn = fn, .arg = arg};
	int r;

	snprintf(readers.target, sizeof(readers.target), "pipe:[%" PRIu64 "]", inode);
	r = proc_each(try_other, &readers);
	return r == 0 && exclude != getpid() ? try_reader(&readers, getpid()) : r;
}

/* A child has its parent's set under the same number, until it executes something or makes one of its own. */
static bool is_inherited(pid_t pid, int fd)
{
	struct openfile_set set;
	struct proc_info info;
	pid_t parent;

	if (proc_read_quiet(&info, pid) < 0)
		return true;
	parent = info.p.ppid;
	proc_info_free(&info);
	return parent > 0 && openfile_poll_set(&set, parent, fd) == 0 && set.listening > 0;
}

int openfile_serving_set(pid_t pid)
{
	struct openfile_set set;
	DIR *dir = open_files(pid);
	char target[64];
	int fd, found = -ENOENT;

	if (!dir)
		return errno == ENOENT ? -ESRCH : -errno;
	while (found < 0 && next_file(dir, &fd, target, sizeof(target)))
		if (strcmp(target, "anon_inode:[eventpoll]") == 0 && openfile_poll_set(&set, pid, fd) == 0 &&
		    set.listening > 0 && !is_inherited(pid, fd))
			found = fd;
	closedir(dir);
	return found;
}
