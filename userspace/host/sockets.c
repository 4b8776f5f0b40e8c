// SPDX-License-Identifier: GPL-2.0-or-later
/* What the sockets of a process are: looked up in the tables of its network namespace. */
#include "host/sockets.h"

#include <arpa/inet.h>
#include <dirent.h>
#include <errno.h>
#include <inttypes.h>
#include <limits.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>

#include "host/proc.h"

enum { SOCKETS_MAX = 4096, ADDRESSES_MAX = 64, TABLE_MAX = 4 * 1024 * 1024 };

/* include/net/tcp_states.h; UDP uses the first for connected */
enum { STATE_ESTABLISHED = 1, STATE_SYN_SENT = 2, STATE_CLOSE = 7, STATE_LISTEN = 10 };

/* include/uapi/linux/net.h: __SO_ACCEPTCON and SS_CONNECTED, as /proc/net/unix has them */
enum { UNIX_LISTENS = 1 << 16, UNIX_CONNECTED = 3, UNIX_STREAM = 1, UNIX_SEQPACKET = 5 };

static int by_inode(const void *a, const void *b)
{
	const struct socket_info *x = a, *y = b;

	return (x->inode > y->inode) - (x->inode < y->inode);
}

static int by_text(const void *a, const void *b)
{
	return strcmp(a, b);
}

/* The hexadecimal words are those of the address as they lie in memory, printed as host-order numbers. */
static bool parse_address(struct socket_address *ret, const char *hex, unsigned int port)
{
	size_t len = strlen(hex);

	if (len != 8 && len != 32)
		return false;
	*ret = (struct socket_address){.six = len == 32, .port = (uint16_t)port};
	for (size_t i = 0; i < len / 8; i++)
		if (sscanf(hex + 8 * i, "%8" SCNx32, &ret->words[i]) != 1)
			return false;
	return true;
}

static bool parse_inet(struct socket_info *ret, const char *line, bool stream)
{
	unsigned int local_port, other_port, state;
	char local[33], other[33];

	*ret = (struct socket_info){.type = stream ? SOCKET_TCP : SOCKET_UDP, .stream = stream};
	if (sscanf(line, " %*u: %32[0-9A-Fa-f]:%x %32[0-9A-Fa-f]:%x %x %*s %*s %*s %*s %*s %" SCNu64, local,
		   &local_port, other, &other_port, &state, &ret->inode) != 6 ||
	    !parse_address(&ret->local, local, local_port) || !parse_address(&ret->other, other, other_port))
		return false;
	ret->listening = stream && state == STATE_LISTEN;
	ret->connected = stream ? state != STATE_LISTEN && state != STATE_CLOSE && state != STATE_SYN_SENT
				: state == STATE_ESTABLISHED;
	return true;
}

static bool parse_tcp(struct socket_info *ret, const char *line)
{
	return parse_inet(ret, line, true);
}

static bool parse_udp(struct socket_info *ret, const char *line)
{
	return parse_inet(ret, line, false);
}

static bool parse_unix(struct socket_info *ret, const char *line)
{
	unsigned int flags, type, state;
	int at = 0;

	*ret = (struct socket_info){.type = SOCKET_UNIX};
	if (sscanf(line, "%*x: %*x %*x %x %x %x %" SCNu64 "%n", &flags, &type, &state, &ret->inode, &at) !=
		    4 ||
	    !at)
		return false;
	ret->stream = type == UNIX_STREAM || type == UNIX_SEQPACKET;
	ret->listening = ret->stream && flags & UNIX_LISTENS;
	ret->connected = !ret->listening && state == UNIX_CONNECTED;
	if (line[at] == ' ')
		snprintf(ret->path, sizeof(ret->path), "%s", line + at + 1);
	return true;
}

struct lookup {
	struct socket_info *sockets;
	size_t count, missing;
};

static void found(struct lookup *lookup, const struct socket_info *entry)
{
	struct socket_info *first = bsearch(entry, lookup->sockets, lookup->count, sizeof(*entry), by_inode),
			   *end = lookup->sockets + lookup->count;

	if (!first)
		return;
	while (first > lookup->sockets && first[-1].inode == entry->inode)
		first--;
	for (; first < end && first->inode == entry->inode; first++) {
		if (first->type == SOCKET_UNKNOWN && !first->disputed) {
			*first = *entry;
			lookup->missing--;
		} else if (first->type == SOCKET_UNIX && entry->type == SOCKET_UNIX) {
			*first = (struct socket_info){.inode = entry->inode, .disputed = true};
		}
	}
}

void sockets_find(pid_t pid, unsigned int tables, struct socket_info *sockets, size_t count)
{
	/* The one that others can forge lines in comes last: what is known by then stays. */
	static const struct {
		unsigned int table;
		const char *name;
		bool (*parse)(struct socket_info *ret, const char *line);
	} files[] = {
		{SOCKETS_TCP, "net/tcp", parse_tcp},	{SOCKETS_TCP, "net/tcp6", parse_tcp},
		{SOCKETS_UDP, "net/udp", parse_udp},	{SOCKETS_UDP, "net/udp6", parse_udp},
		{SOCKETS_UNIX, "net/unix", parse_unix},
	};
	struct lookup lookup = {.sockets = sockets, .count = count, .missing = count};

	for (size_t i = 0; i < count; i++)
		sockets[i] = (struct socket_info){.inode = sockets[i].inode};
	qsort(sockets, count, sizeof(sockets[0]), by_inode);
	for (size_t i = 0; i < sizeof(files) / sizeof(files[0]) && lookup.missing; i++) {
		char *text = NULL, *save = NULL;
		struct socket_info entry;

		if (!(tables & files[i].table) || proc_read_file(pid, files[i].name, TABLE_MAX, &text) < 0)
			continue;
		for (char *line = strtok_r(text, "\n", &save); line; line = strtok_r(NULL, "\n", &save))
			if (files[i].parse(&entry, line) && entry.inode)
				found(&lookup, &entry);
		free(text);
	}
}

const char *sockets_address(const struct socket_address *address, char buf[static SOCKETS_ADDRESS_SIZE])
{
	const uint32_t *words = address->words;
	bool six = address->six;
	char name[INET6_ADDRSTRLEN];

	if (six && !words[0] && !words[1] && words[2] == htonl(0xffff)) {
		words += 3;
		six = false;
	}
	if (!inet_ntop(six ? AF_INET6 : AF_INET, words, name, sizeof(name)))
		name[0] = '\0';
	snprintf(buf, SOCKETS_ADDRESS_SIZE, six ? "[%s]:%u" : "%s:%u", name, address->port);
	return buf;
}

bool sockets_inode(const char *target, uint64_t *ret)
{
	return sscanf(target, "socket:[%" SCNu64 "]", ret) == 1;
}

static int read_inodes(struct socket_info *sockets, pid_t pid)
{
	char path[PATH_MAX], target[64];
	struct dirent *entry;
	int count = 0;
	DIR *dir;

	snprintf(path, sizeof(path), "%s/%d/fd", proc_root, (int)pid);
	dir = opendir(path);
	if (!dir)
		return errno == ENOENT ? -ESRCH : -errno;
	while (count < SOCKETS_MAX && (entry = readdir(dir))) {
		ssize_t n = readlinkat(dirfd(dir), entry->d_name, target, sizeof(target) - 1);

		if (n < 0)
			continue;
		target[n] = '\0';
		if (sockets_inode(target, &sockets[count].inode))
			count++;
	}
	closedir(dir);
	return count;
}

typedef char address_text[SOCKETS_ADDRESS_SIZE];

static size_t listed(const struct socket_info *sockets, size_t count, address_text *ret)
{
	size_t n = 0, same;

	for (size_t i = 0; i < count && n < ADDRESSES_MAX; i++) {
		if (!sockets[i].listening)
			continue;
		sockets_address(&sockets[i].local, ret[n]);
		for (same = 0; same < n && strcmp(ret[same], ret[n]) != 0; same++)
			;
		if (same == n)
			n++;
	}
	qsort(ret, n, sizeof(ret[0]), by_text);
	return n;
}

int sockets_listening(pid_t pid, char *ret, size_t size)
{
	struct socket_info *sockets = calloc(SOCKETS_MAX, sizeof(*sockets));
	address_text addresses[ADDRESSES_MAX];
	size_t at = 0, count;
	int r;

	if (!sockets)
		return -ENOMEM;
	r = read_inodes(sockets, pid);
	if (r < 0)
		goto out;
	if (r > 0)
		sockets_find(pid, SOCKETS_TCP, sockets, (size_t)r);
	count = listed(sockets, (size_t)r, addresses);
	ret[0] = '\0';
	for (size_t i = 0; i < count; i++) {
		size_t n = strlen(addresses[i]) + (at ? 2 : 0);

		if (at + n >= size)
			break;
		at += (size_t)snprintf(ret + at, size - at, "%s%s", at ? ", " : "", addresses[i]);
	}
	r = (int)count;
out:
	free(sockets);
	return r;
}
