/* SPDX-License-Identifier: GPL-2.0-or-later */
/*
 * What a descriptor of another process is. The file itself is never touched: its filesystem may hang. Strings
 * are raw bytes as the kernel has them.
 */
#ifndef FAULTD_HOST_OPENFILE_H
#define FAULTD_HOST_OPENFILE_H

#include <stdbool.h>
#include <stdint.h>
#include <sys/types.h>

struct openfile {
	char target[1024]; /* as /proc/PID/fd/N says, cut */
	enum {
		OPENFILE_PATH,
		OPENFILE_PIPE,
		OPENFILE_SOCKET,
		OPENFILE_ANON,
	} type;
	uint64_t inode;	       /* of a pipe or socket */
	int mount_id;	       /* -1: not known */
	unsigned int flags;    /* O_*; 0 where mount_id is not known */
	char filesystem[32];   /* type, with that of a FUSE filesystem ("fuse.sshfs"); "": not known */
	char device[256];      /* what is mounted there */
	char description[300]; /* for people: the path, "pipe:[4711]", "tcp 10.0.0.7:5432", cut */
};

/*
 * 0, -EBADF when the process has no such descriptor, or another negative errno. A socket is described by its
 * peer, or by its own address if it has none ("tcp listening on [::1]:80", "udp on 0.0.0.0:53", "unix
 * /run/x.sock"); a UNIX socket's peer is in no file. Descriptors that are neither pipe nor socket nor a path,
 * and devices, have no mount and no flags: their fdinfo may wait for locks (ep_show_fdinfo(),
 * tun_chr_show_fdinfo()).
 */
int openfile_read(struct openfile *ret, pid_t pid, int fd);

struct openfile_set {
	unsigned int listening; /* TCP and UNIX */
	unsigned int streams;	/* connected, TCP and UNIX */
	unsigned int others;
	bool cut; /* there are more */
};

/*
 * The descriptors in an epoll set. -EBADF when epoll_fd is none; -EBUSY when a thread of the process is
 * blocked inside a call on an epoll set, other than in waiting for events: it may have the set's mutex, for
 * which ep_show_fdinfo() waits uninterruptibly. Not for a process with a thread in execve(2): see
 * host/thread.h.
 */
int openfile_poll_set(struct openfile_set *ret, pid_t pid, int epoll_fd);
/* All descriptors of the process. 0 or negative errno. */
int openfile_process_set(struct openfile_set *ret, pid_t pid);

/*
 * The epoll descriptor of the process whose set holds a listening socket, unless it has it from its parent.
 * -ENOENT when there is none, or another negative errno.
 */
int openfile_serving_set(pid_t pid);

/*
 * Calls fn once for each process that has pipe:[inode] open for reading, but not for `exclude` (0: nobody).
 * Stops at the first non-zero answer and returns it; -E2BIG after max_files descriptors were looked at. The
 * descriptors of this process are looked at last.
 */
int openfile_pipe_readers(uint64_t inode, pid_t exclude, int (*fn)(void *arg, pid_t pid), void *arg,
			  unsigned int max_files);

#endif
