// SPDX-License-Identifier: GPL-2.0-or-later
// System calls that do not come back: file locks that another process has, full pipes and sockets, connect().
#define _GNU_SOURCE 1
#include "faultgen_stall.h"

#include <errno.h>
#include <fcntl.h>
#include <stdio.h>
#include <string.h>
#include <sys/file.h>
#include <sys/socket.h>
#include <sys/un.h>
#include <unistd.h>

#define KIND "stall.syscall"

static int file;     /* that is locked */
static int wires[2]; /* 0: the end that is not read, 1: the end that is written */
static struct sockaddr_un address;
static socklen_t address_size;

/* An open file description of this process's own: flock() and OFD locks belong to that. */
static void reopen(void)
{
	char path[32];

	snprintf(path, sizeof(path), "/proc/self/fd/%d", file);
	file = open(path, O_RDWR | O_CLOEXEC);
	if (file < 0)
		cannot("cannot open the file again: %s", strerror(errno));
}

static void lock_flock(void)
{
	reopen();
	if (flock(file, LOCK_EX) < 0)
		cannot("flock: %s", strerror(errno));
}

static void lock_by(int command)
{
	struct flock lock = {.l_type = F_WRLCK, .l_whence = SEEK_SET};

	reopen();
	if (fcntl(file, command, &lock) < 0)
		cannot("fcntl: %s", strerror(errno));
}

static void lock_fcntl(void)
{
	lock_by(F_SETLKW);
}

static void lock_ofd(void)
{
	lock_by(F_OFD_SETLKW);
}

static void (*lock_file)(void);

static void hold(void)
{
	lock_file();
	ready();
	doze();
}

static _Noreturn void contend(void (*how)(void))
{
	lock_file = how;
	file = unnamed_file(4096);
	start_helper("holder", hold);
	stall(how);
}

static void flock_held(void)
{
	contend(lock_flock);
}

static void fcntl_held(void)
{
	contend(lock_fcntl);
}

static void ofd_held(void)
{
	contend(lock_ofd);
}

static void keep_unread(void)
{
	close(wires[1]);
	ready();
	doze();
}

static void fill(void)
{
	static char bytes[4096];

	close(wires[0]);
	while (write(wires[1], bytes, sizeof(bytes)) > 0)
		;
}

static _Noreturn void fill_up(void)
{
	start_helper("reader", keep_unread);
	start_stalled(fill);
	close(wires[0]);
	close(wires[1]);
	guard(0);
}

static void pipe_full(void)
{
	if (pipe2(wires, O_CLOEXEC) < 0)
		cannot("pipe: %s", strerror(errno));
	fill_up();
}

static void socket_full(void)
{
	if (socketpair(AF_UNIX, SOCK_STREAM | SOCK_CLOEXEC, 0, wires) < 0)
		cannot("socketpair: %s", strerror(errno));
	fill_up();
}

static int unix_socket(void)
{
	int fd = socket(AF_UNIX, SOCK_STREAM | SOCK_CLOEXEC, 0);

	if (fd < 0)
		cannot("socket: %s", strerror(errno));
	return fd;
}

static void listen_only(void)
{
	int fd = unix_socket();

	if (bind(fd, (struct sockaddr *)&address, address_size) < 0 || listen(fd, 0) < 0)
		cannot("cannot listen: %s", strerror(errno));
	ready();
	doze();
}

/* A backlog of 0 has room for one. */
static void connect_twice(void)
{
	for (int i = 0; i < 2; i++) {
		if (connect(unix_socket(), (struct sockaddr *)&address, address_size) < 0)
			cannot("connect: %s", strerror(errno));
	}
}

static void connect_backlog(void)
{
	int length;

	address.sun_family = AF_UNIX;
	/* In the abstract namespace, which leaves no file: the name begins with a NUL. */
	length = snprintf(address.sun_path + 1, sizeof(address.sun_path) - 1, "faultgen-%d", (int)getpid());
	address_size = (socklen_t)(offsetof(struct sockaddr_un, sun_path) + 1 + (size_t)length);
	start_helper("listener", listen_only);
	stall(connect_twice);
}

static const struct fault faults[] = {
	{"flock-held",
	 "waits in flock() for a lock that another process has",
	 {KIND, "file-lock", "owner=holder syscall=flock"},
	 flock_held,
	 STALL_ARGS},
	{"fcntl-held",
	 "waits in fcntl(F_SETLKW) for a lock that another process has",
	 {KIND, "file-lock", "owner=holder syscall=fcntl"},
	 fcntl_held,
	 STALL_ARGS},
	{"ofd-held",
	 "waits for a lock of another open file description; the kernel does not say whose that is",
	 {KIND, "file-lock", "syscall=fcntl"},
	 ofd_held,
	 STALL_ARGS},
	{"pipe-full",
	 "writes to a full pipe whose reader sleeps",
	 {KIND, "pipe-full", "reader=reader syscall=write"},
	 pipe_full,
	 STALL_ARGS},
	{"socket-full",
	 "writes to a unix socket whose reader sleeps",
	 {KIND, "socket-full", "syscall=write"},
	 socket_full,
	 STALL_ARGS},
	{"connect-backlog",
	 "connects to a unix socket whose server accepts nobody and whose backlog is full",
	 {KIND, "connect", "syscall=connect"},
	 connect_backlog,
	 STALL_ARGS},
	{.name = NULL},
};

const struct family wait_family = {"System calls that do not come back", faults};
