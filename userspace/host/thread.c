// SPDX-License-Identifier: GPL-2.0-or-later
/* One thread as /proc tells it: state, system call, kernel stack, and its number in its namespace. */
#include "host/thread.h"

#include <ctype.h>
#include <dirent.h>
#include <errno.h>
#include <limits.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>

#include "core/clock.h"
#include "host/proc.h"

/* A status with the 65536 supplementary groups that are possible is of this order. */
enum { FILE_MAX = 64 * 1024, STATUS_MAX = 1 << 20, SEARCH_MAX = 16384 };

static ssize_t read_file(pid_t pid, pid_t tid, const char *name, size_t max, char **ret)
{
	char path[64];

	snprintf(path, sizeof(path), "task/%d/%s", (int)tid, name);
	return proc_read_file(pid, path, max, ret);
}

/* The value behind "\nKEY:", up to the end of the line; NULL: there is none. The first line is the name and
 * nobody's key. */
static const char *status_value(const char *status, const char *key)
{
	size_t len = strlen(key);

	for (const char *line = strchr(status, '\n'); line; line = strchr(line, '\n')) {
		line++;
		if (strncmp(line, key, len) == 0 && line[len] == ':')
			return line + len + 1;
	}
	return NULL;
}

/* The last number of the line, and how many there are. */
static unsigned int last_number(const char *value, pid_t *ret)
{
	unsigned int count = 0;

	for (; value && *value && *value != '\n'; value++)
		if (isdigit((unsigned char)*value) && !isdigit((unsigned char)value[-1])) {
			*ret = (pid_t)atoi(value);
			count++;
		}
	return count;
}

int thread_each(pid_t pid, int (*fn)(void *arg, pid_t tid), void *arg)
{
	struct dirent *entry;
	char path[PATH_MAX];
	DIR *dir;
	int r = 0;

	snprintf(path, sizeof(path), "%s/%d/task", proc_root, (int)pid);
	dir = opendir(path);
	if (!dir)
		return errno == ENOENT ? -ESRCH : -errno;
	while (r == 0 && (entry = readdir(dir)))
		if (isdigit((unsigned char)entry->d_name[0]))
			r = fn(arg, (pid_t)atoi(entry->d_name));
	closedir(dir);
	return r;
}

/* Of /proc/TID, which exists for every thread although it is not listed. */
static int read_group(pid_t tid, pid_t *ret)
{
	char *status = NULL;
	ssize_t len = proc_read_file(tid, "status", STATUS_MAX, &status);
	pid_t pid = 0;

	if (len < 0)
		return (int)len;
	last_number(status_value(status, "Tgid"), &pid);
	free(status);
	if (pid <= 0)
		return -EBADMSG;
	*ret = pid;
	return 0;
}

/* The name may hold anything, parentheses included. */
static int parse_stat(struct thread_info *ret, const char *stat, size_t len)
{
	const char *open = memchr(stat, '(', len), *close = memrchr(stat, ')', len);
	struct thread_info t = *ret;
	unsigned long long start;
	size_t name_len;

	if (!open || !close || close < open ||
	    sscanf(close + 1,
		   " %c %*d %*d %*d %*d %*d %*u %*u %*u %*u %*u %*u %*u %*d %*d %*d %d %*d %*d %llu"
		   " %*s %*s %*s %*s %*s %*s %*s %*s %*s %*s %*s %*s %*s %*s %*s %*s %d %*s %u",
		   &t.state, &t.nice, &start, &t.cpu, &t.policy) != 5)
		return -EBADMSG;
	t.start = start * (NSEC_PER_SEC / (uint64_t)sysconf(_SC_CLK_TCK));
	name_len = (size_t)(close - open - 1);
	if (name_len > FE_COMM_SIZE)
		name_len = FE_COMM_SIZE;
	memcpy(t.name, open + 1, name_len);
	t.name[name_len] = '\0';
	*ret = t;
	return 0;
}

int thread_read(struct thread_info *ret, pid_t pid, pid_t tid)
{
	struct thread_info info = {.tid = tid};
	char *stat = NULL;
	ssize_t len;
	int r;

	if (!pid) {
		r = read_group(tid, &pid);
		if (r < 0)
			return r;
	}
	info.pid = pid;
	len = read_file(pid, tid, "stat", FILE_MAX, &stat);
	if (len < 0)
		return (int)len;
	r = parse_stat(&info, stat, (size_t)len);
	free(stat);
	if (r == 0)
		*ret = info;
	return r;
}

static int parse_call(struct thread_call *ret, const char *text)
{
	unsigned long long args[6], sp, ip;
	struct thread_call call = {0};
	long long nr;

	if (strncmp(text, "running", 7) == 0) {
		call.running = true;
	} else if (sscanf(text, "%lld %llx %llx %llx %llx %llx %llx %llx %llx", &nr, &args[0], &args[1],
			  &args[2], &args[3], &args[4], &args[5], &sp, &ip) == 9 &&
		   nr >= 0 && nr <= UINT32_MAX) {
		call = (struct thread_call){.in_syscall = true, .nr = (uint32_t)nr, .sp = sp, .ip = ip};
		for (size_t i = 0; i < 6; i++)
			call.args[i] = args[i];
	} else if (sscanf(text, "%lld %llx %llx", &nr, &sp, &ip) == 3 && nr < 0) {
		call = (struct thread_call){.sp = sp, .ip = ip};
	} else {
		return -EBADMSG;
	}
	*ret = call;
	return 0;
}

int thread_call(struct thread_call *ret, pid_t pid, pid_t tid)
{
	char *text = NULL;
	ssize_t len = read_file(pid, tid, "syscall", FILE_MAX, &text);
	int r;

	if (len < 0)
		return (int)len;
	r = parse_call(ret, text);
	free(text);
	return r;
}

/* How many numbers a process or thread has, of which the last is that of its own namespace. */
static int read_numbers(pid_t pid, pid_t tid, unsigned int *ret_count, pid_t *ret_last)
{
	char *status = NULL;
	ssize_t len = tid ? read_file(pid, tid, "status", STATUS_MAX, &status)
			  : proc_read_file(pid, "status", STATUS_MAX, &status);

	if (len < 0)
		return (int)len;
	*ret_last = 0;
	*ret_count = last_number(status_value(status, "NSpid"), ret_last);
	free(status);
	return *ret_count ? 0 : -EBADMSG;
}

struct search {
	pid_t pid, ns_tid, tid;
	unsigned int left;
	char namespace[64];
};

static int is_it(void *arg, pid_t tid)
{
	struct search *search = arg;
	unsigned int count;
	pid_t number;

	if (!search->left--)
		return -E2BIG;
	if (read_numbers(search->pid, tid, &count, &number) < 0 || number != search->ns_tid)
		return 0;
	search->tid = tid;
	return 1;
}

static bool exists(pid_t pid, pid_t tid)
{
	struct thread_info info;

	return thread_read(&info, pid, tid) == 0;
}

/* 1: found. */
static int search_process(struct search *search, pid_t pid)
{
	search->pid = pid;
	return thread_each(pid, is_it, search);
}

int thread_by_ns_tid(pid_t pid, pid_t ns_tid, pid_t *ret)
{
	struct search search = {.ns_tid = ns_tid, .left = SEARCH_MAX};
	unsigned int count;
	pid_t number;
	int r = read_numbers(pid, 0, &count, &number);

	if (r < 0)
		return r;
	if (ns_tid <= 0)
		return -ESRCH;
	if (count == 1) {
		if (!exists(pid, ns_tid))
			return -ESRCH;
		*ret = ns_tid;
		return 0;
	}
	r = search_process(&search, pid);
	if (r <= 0)
		return r == 0 ? -ESRCH : r;
	*ret = search.tid;
	return 0;
}

static int read_namespace(pid_t pid, char *buf, size_t size)
{
	char path[PATH_MAX];
	ssize_t n;

	snprintf(path, sizeof(path), "%s/%d/ns/pid", proc_root, (int)pid);
	n = readlink(path, buf, size - 1);
	if (n <= 0)
		return n == 0 ? -EBADMSG : errno == ENOENT ? -ESRCH : -errno;
	buf[n] = '\0';
	return 0;
}

static int search_if_same(void *arg, pid_t pid)
{
	struct search *search = arg;
	char namespace[sizeof(search->namespace)];
	int r;

	if (read_namespace(pid, namespace, sizeof(namespace)) < 0 ||
	    strcmp(namespace, search->namespace) != 0)
		return 0;
	r = search_process(search, pid);
	/* A process that has gone meanwhile is none to look into. */
	return r == 1 || r == -E2BIG ? r : 0;
}

int thread_by_ns_tid_anywhere(pid_t like, pid_t ns_tid, pid_t *ret_pid, pid_t *ret_tid)
{
	struct search search = {.ns_tid = ns_tid, .left = SEARCH_MAX};
	unsigned int count;
	pid_t number, pid;
	int r = read_numbers(like, 0, &count, &number);

	if (r < 0)
		return r;
	if (ns_tid <= 0)
		return -ESRCH;
	if (count == 1) {
		r = read_group(ns_tid, &pid);
		if (r < 0)
			return r;
		*ret_pid = pid;
		*ret_tid = ns_tid;
		return 0;
	}
	r = read_namespace(like, search.namespace, sizeof(search.namespace));
	if (r == 0)
		r = proc_each(search_if_same, &search);
	if (r <= 0)
		return r == 0 ? -ESRCH : r;
	*ret_pid = search.pid;
	*ret_tid = search.tid;
	return 0;
}

ssize_t thread_wait_channel(pid_t pid, pid_t tid, char *buf, size_t size)
{
	char *text = NULL;
	ssize_t len = read_file(pid, tid, "wchan", FILE_MAX, &text);

	if (len < 0)
		return len;
	len = (ssize_t)strcspn(text, "\n");
	if (len == 0 || (len == 1 && text[0] == '0'))
		len = -ENODATA;
	else
		len = snprintf(buf, size, "%.*s", (int)len, text);
	free(text);
	return len < 0 || (size_t)len < size ? len : (ssize_t)size - 1;
}

ssize_t thread_kernel_stack(pid_t pid, pid_t tid, char *buf, size_t size)
{
	char *text = NULL, *save = NULL;
	ssize_t len = read_file(pid, tid, "stack", FILE_MAX, &text);
	size_t at = 0;
	bool any = false;

	if (len < 0)
		return len;
	buf[0] = '\0';
	for (char *line = strtok_r(text, "\n", &save); line; line = strtok_r(NULL, "\n", &save)) {
		size_t n;

		if (line[0] == '[')
			line += strcspn(line, " ");
		line += strspn(line, " ");
		n = strcspn(line, "+ ");
		/* A return address outside of every function has no name. */
		if (!n || strncmp(line, "0x", 2) == 0)
			continue;
		any = true;
		if (at + n + (at ? 1 : 0) >= size)
			break;
		at += (size_t)snprintf(buf + at, size - at, "%s%.*s", at ? "\n" : "", (int)n, line);
	}
	free(text);
	return any ? (ssize_t)at : -ENODATA;
}

int thread_signals(pid_t pid, uint64_t *ret_caught, uint64_t *ret_ignored)
{
	const char *caught_text, *ignored_text;
	unsigned long long caught, ignored;
	char *status = NULL;
	ssize_t len = proc_read_file(pid, "status", STATUS_MAX, &status);
	int r = -EBADMSG;

	if (len < 0)
		return (int)len;
	caught_text = status_value(status, "SigCgt");
	ignored_text = status_value(status, "SigIgn");
	if (caught_text && ignored_text && sscanf(caught_text, "%llx", &caught) == 1 &&
	    sscanf(ignored_text, "%llx", &ignored) == 1) {
		*ret_caught = caught;
		*ret_ignored = ignored;
		r = 0;
	}
	free(status);
	return r;
}

bool thread_has_timers(pid_t pid)
{
	char *text = NULL;
	ssize_t len = proc_read_file(pid, "timers", 1, &text);

	free(text);
	return len > 0;
}

unsigned int thread_cpus_allowed(pid_t pid, pid_t tid)
{
	unsigned int count = 0;
	char *status = NULL;
	const char *mask;

	if (read_file(pid, tid, "status", STATUS_MAX, &status) < 0)
		return 0;
	mask = status_value(status, "Cpus_allowed");
	for (; mask && *mask && *mask != '\n'; mask++)
		if (isxdigit((unsigned char)*mask)) {
			char digit[2] = {*mask, '\0'};

			count += (unsigned int)__builtin_popcountl(strtoul(digit, NULL, 16));
		}
	free(status);
	return count;
}
