// SPDX-License-Identifier: GPL-2.0-or-later
/* A launch record: reading it from /proc while the process lives. launch_spawn.c uses it. */
#include "host/launch.h"
#include "host/launch_parts.h"

#include <errno.h>
#include <fcntl.h>
#include <limits.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/stat.h>
#include <sys/syscall.h>
#include <unistd.h>

#include "host/execpath.h"
#include "host/pidref.h"
#include "host/proc.h"

enum { STRINGS_MAX = 2 * 1024 * 1024, RECORDS_MAX = 32 * 1024 * 1024, SMALL_MAX = LAUNCH_FILE_MAX };

int launch_read_stat(pid_t pid, uint64_t *ret_start, uint64_t *ret_stack, int *ret_nice)
{
	char *text = NULL, *p, *save = NULL;
	unsigned long long start = 0, stack = 0;
	int nice_value = 0, field = 3;
	ssize_t n = proc_read_file(pid, "stat", SMALL_MAX, &text);

	if (n < 0)
		return n == -ENOENT ? -ESRCH : (int)n;
	p = strrchr(text, ')'); /* the name before it may hold anything */
	for (p = p ? strtok_r(p + 1, " ", &save) : NULL; p; p = strtok_r(NULL, " ", &save), field++) {
		if (field == 19)
			nice_value = atoi(p);
		else if (field == 22)
			start = strtoull(p, NULL, 10);
		else if (field == 28)
			stack = strtoull(p, NULL, 10);
	}
	free(text);
	if (field <= 28)
		return -ESRCH;
	*ret_start = start * (1000000000ULL / (unsigned long long)sysconf(_SC_CLK_TCK));
	*ret_stack = stack;
	*ret_nice = nice_value;
	return 0;
}

static int read_link(pid_t pid, const char *name, char **ret)
{
	char path[PATH_MAX], target[PATH_MAX];
	ssize_t n;

	snprintf(path, sizeof(path), "%s/%d/%s", proc_root, (int)pid, name);
	n = readlink(path, target, sizeof(target) - 1);
	if (n < 0)
		return -errno;
	target[n] = '\0';
	*ret = strdup(target);
	return *ret ? 0 : -ENOMEM;
}

static bool ends_with(const char *s, const char *end)
{
	size_t n = strlen(s), m = strlen(end);

	return n >= m && strcmp(s + n - m, end) == 0;
}

/*
 * Programs that show a title in their arguments leave one of three traces: an end that is not a NUL, a row
 * of NULs where arguments were, or one single "argument" with blanks in it.
 */
static bool looks_retitled(const char *args, size_t len, const char *exe)
{
	if (len == 0)
		return true;
	if (args[len - 1] != '\0' || (len > 2 && args[len - 2] == '\0' && args[len - 3] == '\0'))
		return true;
	return strlen(args) == len - 1 && strchr(args, ' ') && strcmp(args, exe) != 0;
}

/* A script's interpreter and its argument come back when the script is executed. */
static void read_path(struct launch *l)
{
	size_t skip = 0;

	if (l->retitled || execpath_read(l->pid, l->exe, l->cwd, l->args, l->args_len, &l->path, &skip) < 0)
		return;
	memmove(l->args, l->args + skip, l->args_len - skip);
	l->args_len -= skip;
}

/* Thousands of records are kept, for long: none keeps the room that reading it took. */
static ssize_t read_whole(pid_t pid, const char *name, size_t max, char **ret)
{
	ssize_t n = proc_read_file(pid, name, max, ret);
	char *fitting = n < 0 ? NULL : realloc(*ret, (size_t)n + 1);

	if (fitting)
		*ret = fitting;
	return n;
}

static int read_strings(struct launch *l)
{
	ssize_t n = read_whole(l->pid, "cmdline", STRINGS_MAX + 1, &l->args);
	int r;

	if (n < 0)
		return n == -ENOENT ? -ESRCH : (int)n;
	if (n > STRINGS_MAX)
		return -E2BIG;
	l->args_len = (size_t)n;
	n = read_whole(l->pid, "environ", STRINGS_MAX + 1, &l->environment);
	if (n < 0)
		return n == -ENOENT ? -ESRCH : (int)n;
	if (n > STRINGS_MAX)
		return -E2BIG;
	l->environment_len = (size_t)n;
	r = read_link(l->pid, "exe", &l->exe);
	if (r < 0)
		return r == -ENOENT ? -ESRCH : r;
	if (ends_with(l->exe, " (deleted)"))
		l->exe[strlen(l->exe) - strlen(" (deleted)")] = '\0';
	r = read_link(l->pid, "cwd", &l->cwd);
	if (r < 0)
		return r == -ENOENT ? -ESRCH : r;
	l->retitled = looks_retitled(l->args, l->args_len, l->exe);
	read_path(l);
	if (read_whole(l->pid, "cgroup", SMALL_MAX, &l->cgroups) < 0)
		l->cgroups = NULL; /* a kernel without cgroups */
	return 0;
}

/* Namespaces that we would have to cross to start it where it was. */
/* chroot(2): its paths mean other files than ours do. */
static bool has_other_root(pid_t pid)
{
	char path[PATH_MAX];
	struct stat theirs, ours;

	snprintf(path, sizeof(path), "%s/%d/root/.", proc_root, (int)pid);
	return stat(path, &theirs) == 0 && stat("/", &ours) == 0 &&
	       (theirs.st_dev != ours.st_dev || theirs.st_ino != ours.st_ino);
}

static bool in_foreign_namespace(pid_t pid)
{
	static const char *const names[] = {"ns/mnt", "ns/pid", "ns/net", "ns/user", "ns/ipc", "ns/uts"};

	for (size_t i = 0; i < sizeof(names) / sizeof(names[0]); i++) {
		char *theirs = NULL, *ours = NULL;
		bool differ = false;

		if (read_link(pid, names[i], &theirs) == 0 && read_link(getpid(), names[i], &ours) == 0)
			differ = strcmp(theirs, ours) != 0;
		free(theirs);
		free(ours);
		if (differ)
			return true;
	}
	return has_other_root(pid);
}

static int open_flags(pid_t pid, int fd)
{
	char name[32], *text = NULL;
	const char *value;
	int flags = O_RDWR;

	snprintf(name, sizeof(name), "fdinfo/%d", fd);
	if (proc_read_file(pid, name, SMALL_MAX, &text) > 0) {
		value = launch_status_value(text, "flags:");
		if (value)
			flags = (int)strtoul(value, NULL, 8);
	}
	free(text);
	return flags;
}

static void read_stream(struct launch *l, int n, const struct pidref *hold)
{
	struct launch_stream *s = &l->streams[n];
	char name[32], path[PATH_MAX], *target = NULL;
	struct stat st;

	*s = (struct launch_stream){.kind = STREAM_NULL, .fd = -1};
	snprintf(name, sizeof(name), "fd/%d", n);
	snprintf(path, sizeof(path), "%s/%d/%s", proc_root, (int)l->pid, name);
	if (read_link(l->pid, name, &target) < 0 || stat(path, &st) < 0 || strcmp(target, "/dev/null") == 0)
		goto out;
	s->flags = open_flags(l->pid, n);
	s->device = st.st_dev;
	s->inode = st.st_ino;
	if (target[0] == '/' && !ends_with(target, " (deleted)") &&
	    (S_ISREG(st.st_mode) || S_ISCHR(st.st_mode))) {
		s->kind = STREAM_PATH;
		s->path = target;
		target = NULL;
	} else if (hold) {
		s->fd = (int)syscall(SYS_pidfd_getfd, hold->fd, n, 0);
		if (s->fd >= 0) {
			fcntl(s->fd, F_SETFD, FD_CLOEXEC);
			s->kind = STREAM_HELD;
		}
	}
out:
	free(target);
}

static void read_streams(struct launch *l, bool hold_streams)
{
	struct pidref ref = PIDREF_NONE;
	bool open = hold_streams && pidref_open(&ref, l->pid, l->start) == 0 && ref.fd >= 0;

	for (int i = 0; i < 3; i++)
		read_stream(l, i, open ? &ref : NULL);
	if (open)
		pidref_close(&ref);
}

static uint64_t hash(uint64_t h, const void *data, size_t len)
{
	for (size_t i = 0; i < len; i++)
		h = (h ^ ((const unsigned char *)data)[i]) * 0x100000001b3ULL; /* FNV-1a */
	return h;
}

static uint64_t make_key(const struct launch *l)
{
	uint64_t h = hash(0xcbf29ce484222325ULL, l->exe, strlen(l->exe) + 1);

	h = hash(h, l->args, l->args_len);
	h = hash(h, l->cwd, strlen(l->cwd) + 1);
	return hash(h, &l->uid, sizeof(l->uid));
}

/* Of all records together: what others put into their environments must not become our memory without end. */
static size_t total_bytes;

static size_t bytes_of(const struct launch *l)
{
	return l->counted ? l->args_len + l->environment_len : 0;
}

int launch_read(struct launch **ret, pid_t pid, uint64_t start, bool hold_streams)
{
	struct launch *l = calloc(1, sizeof(*l));
	uint64_t begin, end, stack;
	int r, ignored;

	if (!l)
		return -ENOMEM;
	l->refs = 1;
	l->pid = pid;
	for (int i = 0; i < 3; i++)
		l->streams[i].fd = -1;
	r = launch_read_stat(pid, &begin, &l->start_stack, &l->nice);
	if (r < 0)
		goto fail;
	l->start = start ?: begin;
	r = -ESRCH;
	if (start && (begin > start + 10000000 || begin + 10000000 < start)) /* one tick of 100 Hz */
		goto fail;
	r = read_strings(l);
	if (r == 0)
		r = launch_read_status(l);
	if (r < 0)
		goto fail;
	launch_read_resources(l);
	l->foreign_namespaces = in_foreign_namespace(pid);
	read_streams(l, hold_streams);
	r = launch_read_stat(pid, &end, &stack, &ignored);
	if (r == 0 && end != begin)
		r = -ESRCH;
	else if (r == 0 && stack != l->start_stack)
		r = -EAGAIN;
	if (r < 0)
		goto fail;
	r = -ENOBUFS;
	if (total_bytes + l->args_len + l->environment_len > RECORDS_MAX)
		goto fail;
	l->counted = true;
	total_bytes += bytes_of(l);
	l->key = make_key(l);
	*ret = l;
	return 0;
fail:
	launch_unref(l);
	return r;
}

static char *copy_strings(const char *s, size_t len)
{
	char *copy = malloc(len + 1);

	if (copy) {
		memcpy(copy, s, len);
		copy[len] = '\0';
	}
	return copy;
}

int launch_use_strings(struct launch *l, const char *args, size_t args_len, const char *environment,
		       size_t environment_len)
{
	char *new_args = copy_strings(args, args_len),
	     *new_environment = copy_strings(environment, environment_len);

	if (!new_args || !new_environment) {
		free(new_args);
		free(new_environment);
		return -ENOMEM;
	}
	total_bytes -= bytes_of(l);
	free(l->args);
	free(l->environment);
	l->args = new_args;
	l->args_len = args_len + 1; /* the NUL behind the last one counts */
	l->environment = new_environment;
	l->environment_len = environment_len;
	l->retitled = false;
	read_path(l);
	total_bytes += bytes_of(l);
	l->key = make_key(l);
	return 0;
}

struct launch *launch_ref(struct launch *launch)
{
	if (launch)
		launch->refs++;
	return launch;
}

struct launch *launch_unref(struct launch *launch)
{
	if (!launch || --launch->refs > 0)
		return NULL;
	total_bytes -= bytes_of(launch);
	launch_release_streams(launch);
	for (int i = 0; i < 3; i++)
		free(launch->streams[i].path);
	free(launch->exe);
	free(launch->path);
	free(launch->args);
	free(launch->environment);
	free(launch->cwd);
	free(launch->cgroups);
	free(launch->groups);
	free(launch);
	return NULL;
}

void launch_release_streams(struct launch *launch)
{
	for (int i = 0; i < 3; i++) {
		if (launch->streams[i].fd >= 0)
			close(launch->streams[i].fd);
		launch->streams[i].fd = -1;
	}
}

bool launch_recheck_streams(struct launch *launch, pid_t pid)
{
	bool left = false;

	for (int i = 0; i < 3; i++) {
		struct launch_stream *stream = &launch->streams[i];
		char path[64];
		struct stat st, held;

		if (stream->fd < 0)
			continue;
		snprintf(path, sizeof(path), "%s/%d/fd/%d", proc_root, (int)pid, i);
		if (fstat(stream->fd, &held) < 0 || stat(path, &st) < 0 || st.st_ino != held.st_ino ||
		    st.st_dev != held.st_dev) {
			close(stream->fd);
			stream->fd = -1;
		} else {
			left = true;
		}
	}
	return left;
}

unsigned int launch_held(const struct launch *launch)
{
	unsigned int n = 0;

	for (int i = 0; i < 3; i++)
		n += launch->streams[i].fd >= 0;
	return n;
}
