// SPDX-License-Identifier: GPL-2.0-or-later
/* Where a process listens: its descriptors' sockets, looked up in its namespace's TCP tables. */
#include "host/sockets.h"

#include <arpa/inet.h>
#include <dirent.h>
#include <errno.h>
#include <limits.h>
#include <stdbool.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>

#include "host/proc.h"

enum { SOCKETS_MAX = 4096, ADDRESSES_MAX = 64, TABLE_MAX = 4 * 1024 * 1024, STATE_LISTEN = 0x0a };

struct listening {
	unsigned long inodes[SOCKETS_MAX];
	size_t inode_count;
	char addresses[ADDRESSES_MAX][INET6_ADDRSTRLEN + 16];
	size_t address_count;
};

static int by_number(const void *a, const void *b)
{
	unsigned long x = *(const unsigned long *)a, y = *(const unsigned long *)b;

	return (x > y) - (x < y);
}

static int by_text(const void *a, const void *b)
{
	return strcmp(a, b);
}

static int read_inodes(struct listening *l, pid_t pid)
{
	char path[PATH_MAX], target[64];
	struct dirent *entry;
	DIR *dir;

	snprintf(path, sizeof(path), "%s/%d/fd", proc_root, (int)pid);
	dir = opendir(path);
	if (!dir)
		return errno == ENOENT ? -ESRCH : -errno;
	while (l->inode_count < SOCKETS_MAX && (entry = readdir(dir))) {
		ssize_t n = readlinkat(dirfd(dir), entry->d_name, target, sizeof(target) - 1);

		if (n < 0)
			continue;
		target[n] = '\0';
		if (sscanf(target, "socket:[%lu]", &l->inodes[l->inode_count]) == 1)
			l->inode_count++;
	}
	closedir(dir);
	qsort(l->inodes, l->inode_count, sizeof(l->inodes[0]), by_number);
	return 0;
}

static void add_address(struct listening *l, const char *hex, unsigned int port)
{
	char name[INET6_ADDRSTRLEN], *text;
	bool six = strlen(hex) == 32;
	uint32_t words[4] = {0};

	if (l->address_count == ADDRESSES_MAX || (!six && strlen(hex) != 8))
		return;
	/* Words of the address as they lie in memory, printed as host-order numbers. */
	for (int i = 0; i < (six ? 4 : 1); i++)
		if (sscanf(hex + 8 * i, "%8x", &words[i]) != 1)
			return;
	if (!inet_ntop(six ? AF_INET6 : AF_INET, words, name, sizeof(name)))
		return;
	text = l->addresses[l->address_count];
	snprintf(text, sizeof(l->addresses[0]), six ? "[%s]:%u" : "%s:%u", name, port);
	for (size_t i = 0; i < l->address_count; i++)
		if (strcmp(l->addresses[i], text) == 0)
			return;
	l->address_count++;
}

static void read_table(struct listening *l, pid_t pid, const char *name)
{
	char *text = NULL, *save = NULL;

	if (proc_read_file(pid, name, TABLE_MAX, &text) < 0)
		return;
	for (char *line = strtok_r(text, "\n", &save); line; line = strtok_r(NULL, "\n", &save)) {
		char hex[33];
		unsigned int port, state;
		unsigned long inode;

		if (sscanf(line, " %*u: %32[0-9A-Fa-f]:%x %*[0-9A-Fa-f]:%*x %x %*s %*s %*s %*s %*s %lu", hex,
			   &port, &state, &inode) != 4)
			continue;
		if (state == STATE_LISTEN &&
		    bsearch(&inode, l->inodes, l->inode_count, sizeof(inode), by_number))
			add_address(l, hex, port);
	}
	free(text);
}

int sockets_listening(pid_t pid, char *ret, size_t size)
{
	struct listening *l = calloc(1, sizeof(*l));
	size_t at = 0;
	int r;

	if (!l)
		return -ENOMEM;
	r = read_inodes(l, pid);
	if (r < 0)
		goto out;
	if (l->inode_count) {
		read_table(l, pid, "net/tcp");
		read_table(l, pid, "net/tcp6");
	}
	qsort(l->addresses, l->address_count, sizeof(l->addresses[0]), by_text);
	ret[0] = '\0';
	for (size_t i = 0; i < l->address_count; i++) {
		size_t n = strlen(l->addresses[i]) + (at ? 2 : 0);

		if (at + n >= size)
			break;
		at += (size_t)snprintf(ret + at, size - at, "%s%s", at ? ", " : "", l->addresses[i]);
	}
	r = (int)l->address_count;
out:
	free(l);
	return r;
}
