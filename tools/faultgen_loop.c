// SPDX-License-Identifier: GPL-2.0-or-later
// Event loops that do not come back to their poll: they compute, read, or wait for a lock.
#define _GNU_SOURCE 1
#include "faultgen_stall.h"

#include <arpa/inet.h>
#include <errno.h>
#include <fcntl.h>
#include <poll.h>
#include <string.h>
#include <sys/epoll.h>
#include <sys/select.h>
#include <sys/socket.h>
#include <unistd.h>

#define KIND "stall.eventloop"
/* So long it behaves, so that it is known for what it is. */
enum { HEALTHY_MS = 3000, TIMEOUT_MS = 100 };

static pthread_mutex_t mutex = PTHREAD_MUTEX_INITIALIZER;

static int listening(void)
{
	struct sockaddr_in address = {.sin_family = AF_INET, .sin_addr.s_addr = htonl(INADDR_LOOPBACK)};
	int fd = socket(AF_INET, SOCK_STREAM | SOCK_CLOEXEC, 0);

	if (fd < 0 || bind(fd, (struct sockaddr *)&address, sizeof(address)) < 0 || listen(fd, 16) < 0)
		cannot("cannot listen on 127.0.0.1: %s", strerror(errno));
	return fd;
}

static void by_epoll(void)
{
	struct epoll_event event = {.events = EPOLLIN};
	int set = epoll_create1(EPOLL_CLOEXEC);
	long end = now_ms() + HEALTHY_MS;

	if (set < 0 || epoll_ctl(set, EPOLL_CTL_ADD, listening(), &event) < 0)
		cannot("epoll: %s", strerror(errno));
	while (now_ms() < end)
		epoll_wait(set, &event, 1, TIMEOUT_MS);
}

static void by_poll(void)
{
	struct pollfd fd = {.fd = listening(), .events = POLLIN};
	long end = now_ms() + HEALTHY_MS;

	while (now_ms() < end)
		poll(&fd, 1, TIMEOUT_MS);
}

static void by_select(void)
{
	int fd = listening();
	long end = now_ms() + HEALTHY_MS;

	while (now_ms() < end) {
		struct timeval timeout = {0, TIMEOUT_MS * 1000L};
		fd_set set;

		FD_ZERO(&set);
		FD_SET(fd, &set);
		select(fd + 1, &set, NULL, NULL, &timeout);
	}
}

static void epoll_then_compute(void)
{
	by_epoll();
	compute();
}

static void poll_then_compute(void)
{
	by_poll();
	compute();
}

static void select_then_compute(void)
{
	by_select();
	compute();
}

static void epoll_then_read(void)
{
	int silent[2];
	char byte;

	if (pipe2(silent, O_CLOEXEC) < 0)
		cannot("pipe: %s", strerror(errno));
	by_epoll();
	if (read(silent[0], &byte, 1) < 0)
		cannot("read: %s", strerror(errno));
}

static void *sleep_with_lock(void *unused)
{
	(void)unused;
	pthread_mutex_lock(&mutex);
	doze();
}

/* The holder has had its lock for long when the loop wants it. */
static void epoll_then_lock(void)
{
	start_thread("holder", sleep_with_lock, NULL);
	by_epoll();
	pthread_mutex_lock(&mutex);
}

static _Noreturn void run_loop(void (*body)(void))
{
	start_stalled(body);
	guard(HEALTHY_MS);
}

static void loop_busy(void)
{
	run_loop(epoll_then_compute);
}

static void loop_busy_poll(void)
{
	run_loop(poll_then_compute);
}

static void loop_busy_select(void)
{
	run_loop(select_then_compute);
}

static void loop_read(void)
{
	run_loop(epoll_then_read);
}

static void loop_lock(void)
{
	run_loop(epoll_then_lock);
}

static const struct fault faults[] = {
	{"loop-busy",
	 "polls by epoll_wait() for 3 s, then computes for SECONDS",
	 {KIND, "busy-in-user-code", "thread=faultgen after=3"},
	 loop_busy,
	 STALL_ARGS},
	{"loop-busy-poll",
	 "the same with poll()",
	 {KIND, "busy-in-user-code", "thread=faultgen after=3"},
	 loop_busy_poll,
	 STALL_ARGS},
	{"loop-busy-select",
	 "the same with select()",
	 {KIND, "busy-in-user-code", "thread=faultgen after=3"},
	 loop_busy_select,
	 STALL_ARGS},
	{"loop-read",
	 "polls for 3 s, then waits in read() for a pipe that nobody writes to",
	 {KIND, "blocked-in-syscall", "thread=faultgen syscall=read after=3"},
	 loop_read,
	 STALL_ARGS},
	{"loop-lock",
	 "polls for 3 s, then waits for a mutex whose owner sleeps",
	 {KIND, "lock-wait", "thread=faultgen owner=holder after=3"},
	 loop_lock,
	 STALL_ARGS},
	{.name = NULL},
};

const struct family loop_family = {"Event loops", faults};
