/* SPDX-License-Identifier: GPL-2.0-or-later */
/* What the sockets of a process are, and where it listens. */
#ifndef FAULTD_HOST_SOCKETS_H
#define FAULTD_HOST_SOCKETS_H

#include <netinet/in.h>
#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>
#include <sys/types.h>

enum socket_type {
	SOCKET_UNKNOWN, /* in no table, or disputed */
	SOCKET_TCP,
	SOCKET_UDP,
	SOCKET_UNIX,
};

struct socket_address {
	uint32_t words[4]; /* as they lie in memory; IPv4: the first alone */
	uint16_t port;
	bool six;
};

struct socket_info {
	uint64_t inode; /* set by the caller */
	enum socket_type type;
	bool disputed; /* two UNIX sockets claim the inode: a path may hold a newline and forge a line */
	bool listening;
	bool stream;			    /* of a kind that has connections */
	bool connected;			    /* or was; not one that is only trying */
	struct socket_address local, other; /* TCP and UDP */
	char path[110];			    /* SOCKET_UNIX: its own, "@" for the NUL of an abstract one */
};

enum { SOCKETS_TCP = 1 << 0, SOCKETS_UDP = 1 << 1, SOCKETS_UNIX = 1 << 2, SOCKETS_ALL = 7 };

#define SOCKETS_ADDRESS_SIZE (INET6_ADDRSTRLEN + 16)

/*
 * Looks the sockets up in the tables (SOCKETS_*) of the process's network namespace, each table read at most
 * once, and sorts them by inode. One inode may be there more than once.
 */
void sockets_find(pid_t pid, unsigned int tables, struct socket_info *sockets, size_t count);
/* "127.0.0.1:80", "[::1]:80"; an IPv4 address that was mapped into IPv6 as what it is. */
const char *sockets_address(const struct socket_address *address, char buf[static SOCKETS_ADDRESS_SIZE]);
/* True, and which, if a link in /proc/PID/fd says "socket:[N]". */
bool sockets_inode(const char *target, uint64_t *ret);

/*
 * The TCP addresses that a process has listening sockets for, as "127.0.0.1:6379, [::1]:6379" (sorted, no
 * address twice, at most size bytes with the NUL; what does not fit is left out). The number of addresses, 0
 * with "" when there are none, or negative errno.
 */
int sockets_listening(pid_t pid, char *ret, size_t size);

#endif
