// SPDX-License-Identifier: GPL-2.0-or-later
/* Locks on files as /proc/locks lists them: each one held, followed by those who wait for it. */
#include "host/filelocks.h"

#include <errno.h>
#include <fcntl.h>
#include <inttypes.h>
#include <limits.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>

#include "host/proc.h"

/* Each page read keeps everybody else from locking for a moment (locks_start()). */
enum { TABLE_MAX = 256 * 1024 };

struct entry {
	struct file_lock lock;
	uint64_t number;
	uint64_t start, end;
	bool waits;
};

static bool parse(struct entry *ret, const char *line)
{
	struct entry e = {0};
	struct file_lock *lock = &e.lock;
	char access[8], end[24];
	int at = 0;

	if (sscanf(line, "%" SCNu64 ":%n", &e.number, &at) != 1 || !at)
		return false;
	line += at + strspn(line + at, " ");
	/* One arrow a level: who waits for a waiter waits for the holder as well. */
	for (; strncmp(line, "->", 2) == 0; line += 2 + strspn(line + 2, " "))
		e.waits = true;
	if (sscanf(line, "%7s %*15s %7s %d %x:%x:%" SCNu64 " %" SCNu64 " %23s", lock->type, access,
		   &lock->pid, &lock->dev_major, &lock->dev_minor, &lock->inode, &e.start, end) != 8)
		return false;
	lock->write = strcmp(access, "WRITE") == 0;
	e.end = strcmp(end, "EOF") == 0 ? UINT64_MAX : strtoull(end, NULL, 10);
	*ret = e;
	return true;
}

/* flock(2) locks and those of fcntl(2) do not see each other; POSIX and OFDLCK do. */
static char family(const struct file_lock *lock)
{
	return strcmp(lock->type, "OFDLCK") == 0 ? 'P' : lock->type[0];
}

static bool in_the_way(const struct entry *held, const struct entry *waiting)
{
	const struct file_lock *a = &held->lock, *b = &waiting->lock;

	return a->inode == b->inode && a->dev_major == b->dev_major && a->dev_minor == b->dev_minor &&
	       family(a) == family(b) && (a->write || b->write) && held->start <= waiting->end &&
	       waiting->start <= held->end;
}

static ssize_t read_table(char *buf, size_t size)
{
	char path[PATH_MAX];
	size_t len = 0;
	ssize_t n = 1;
	int fd;

	snprintf(path, sizeof(path), "%s/locks", proc_root);
	fd = open(path, O_RDONLY | O_CLOEXEC);
	if (fd < 0)
		return -errno;
	while (n != 0 && len < size - 1) {
		n = read(fd, buf + len, size - 1 - len);
		if (n < 0 && errno != EINTR) {
			int r = -errno;

			close(fd);
			return r;
		}
		len += n > 0 ? (size_t)n : 0;
	}
	close(fd);
	buf[len] = '\0';
	return (ssize_t)len;
}

/* The next line's entry; false at the end. */
static bool next(const char **at, struct entry *ret)
{
	while (**at) {
		const char *line = *at;
		size_t len = strcspn(line, "\n");
		char copy[256];

		*at = line + len + (line[len] == '\n');
		snprintf(copy, sizeof(copy), "%.*s", (int)len, line);
		if (parse(ret, copy))
			return true;
	}
	return false;
}

/* The first line on which the process waits, and the lock that stands above it. */
static bool find_waiter(const char *table, pid_t waiter, struct entry *ret_waiting, struct entry *ret_held)
{
	struct entry entry, held = {0};

	while (next(&table, &entry)) {
		if (!entry.waits) {
			held = entry;
		} else if (entry.lock.pid == waiter && held.number == entry.number) {
			*ret_waiting = entry;
			*ret_held = held;
			return true;
		}
	}
	return false;
}

int filelocks_holders(pid_t waiter, struct file_lock *ret_waiting, struct file_lock *ret_holders, size_t max)
{
	struct entry waiting, held, entry;
	const char *at;
	size_t count = 0;
	ssize_t len;
	char *table;

	if (waiter <= 0)
		return 0;
	table = malloc(TABLE_MAX);
	if (!table)
		return -ENOMEM;
	len = read_table(table, TABLE_MAX);
	if (len < 0 || !find_waiter(table, waiter, &waiting, &held)) {
		free(table);
		return len < 0 ? (int)len : 0;
	}
	*ret_waiting = waiting.lock;
	if (count < max)
		ret_holders[count++] = held.lock;
	for (at = table; count < max && next(&at, &entry);)
		if (!entry.waits && entry.number != held.number && in_the_way(&entry, &waiting) &&
		    !(family(&entry.lock) == 'P' && entry.lock.pid == waiter))
			ret_holders[count++] = entry.lock;
	free(table);
	return (int)count;
}
