// SPDX-License-Identifier: GPL-2.0-or-later
// Processes that are well and look like some stall: busy loops, idle pools, waits that something will end.
#define _GNU_SOURCE 1
#include "faultgen_stall.h"

#include <arpa/inet.h>
#include <errno.h>
#include <fcntl.h>
#include <semaphore.h>
#include <signal.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/epoll.h>
#include <sys/eventfd.h>
#include <sys/socket.h>
#include <time.h>
#include <unistd.h>

enum { POOL = 8, TICK_SECONDS = 20 };

static pthread_mutex_t mutex = PTHREAD_MUTEX_INITIALIZER;
static pthread_cond_t work_came = PTHREAD_COND_INITIALIZER;
static sem_t posted;

static int listening(void)
{
	struct sockaddr_in address = {.sin_family = AF_INET, .sin_addr.s_addr = htonl(INADDR_LOOPBACK)};
	int fd = socket(AF_INET, SOCK_STREAM | SOCK_CLOEXEC, 0);

	if (fd < 0 || bind(fd, (struct sockaddr *)&address, sizeof(address)) < 0 || listen(fd, 16) < 0)
		cannot("cannot listen on 127.0.0.1: %s", strerror(errno));
	return fd;
}

static int epoll_on(int fd)
{
	struct epoll_event event = {.events = EPOLLIN};
	int set = epoll_create1(EPOLL_CLOEXEC);

	if (set < 0 || epoll_ctl(set, EPOLL_CTL_ADD, fd, &event) < 0)
		cannot("epoll: %s", strerror(errno));
	return set;
}

static void poll_without_pause(void)
{
	struct epoll_event event;
	int set = epoll_on(eventfd(1, EFD_CLOEXEC));

	for (;;)
		epoll_wait(set, &event, 1, 0);
}

static void handle_slowly(void)
{
	struct epoll_event event;
	int set = epoll_on(eventfd(1, EFD_CLOEXEC));

	for (;;) {
		epoll_wait(set, &event, 1, -1);
		compute_for(300);
	}
}

static void write_and_sync(void)
{
	static char bytes[1 << 20];
	int fd = unnamed_file(0);

	for (off_t i = 0;; i = (i + 1) % 16) {
		if (pwrite(fd, bytes, sizeof(bytes), i * (off_t)sizeof(bytes)) < 0 || fdatasync(fd) < 0)
			cannot("cannot write: %s", strerror(errno));
	}
}

static void *wait_for_work(void *unused)
{
	pthread_mutex_lock(&mutex);
	for (;;)
		pthread_cond_wait(&work_came, &mutex);
	return unused;
}

static void wait_beside_sleeper(void)
{
	start_thread("waiter", wait_for_work, NULL);
	doze();
}

static void serve_with_pool(void)
{
	struct epoll_event event;
	int set = epoll_on(listening());

	for (int i = 1; i <= POOL; i++) {
		char name[32];

		snprintf(name, sizeof(name), "worker-%d", i);
		start_thread(name, wait_for_work, NULL);
	}
	for (;;)
		epoll_wait(set, &event, 1, -1);
}

/* Leaves the others time for their turn: the mutexes of glibc are not fair. */
static void *lock_again_and_again(void *milliseconds)
{
	for (;;) {
		pthread_mutex_lock(&mutex);
		sleep_ms(*(long *)milliseconds);
		pthread_mutex_unlock(&mutex);
		sleep_ms(50);
	}
	return NULL;
}

static void contend(void)
{
	static long brief = 300, briefer = 10;

	start_thread("waiter-1", lock_again_and_again, &briefer);
	start_thread("waiter-2", lock_again_and_again, &briefer);
	join(start_thread("holder", lock_again_and_again, &brief));
}

static void post(int number)
{
	(void)number;
	sem_post(&posted);
}

static void handle(int number)
{
	struct sigaction action = {.sa_handler = post};

	sigaction(number, &action, NULL);
}

static void wait_for_signal(void)
{
	sem_init(&posted, 0, 0);
	handle(SIGTERM);
	while (sem_wait(&posted) < 0)
		;
	exit(EXIT_SUCCESS);
}

static void *wait_for_ticks(void *unused)
{
	for (;;)
		sem_wait(&posted);
	return unused;
}

static void wait_for_timer(void)
{
	struct itimerspec every = {{TICK_SECONDS, 0}, {TICK_SECONDS, 0}};
	struct sigevent event = {.sigev_notify = SIGEV_SIGNAL, .sigev_signo = SIGALRM};
	timer_t timer;

	sem_init(&posted, 0, 0);
	handle(SIGALRM);
	if (timer_create(CLOCK_MONOTONIC, &event, &timer) < 0 || timer_settime(timer, 0, &every, NULL) < 0)
		cannot("timer_create: %s", strerror(errno));
	start_thread("waiter", wait_for_ticks, NULL);
	wait_for_ticks(NULL);
}

static void *wait_for_input(void *unused)
{
	int ends[2];
	char byte;

	if (pipe2(ends, O_CLOEXEC) < 0)
		cannot("pipe: %s", strerror(errno));
	if (read(ends[0], &byte, 1) < 0)
		cannot("read: %s", strerror(errno));
	return unused;
}

static void wait_for_clients(void)
{
	int fd = listening();

	start_thread("reader", wait_for_input, NULL);
	for (;;)
		close(accept(fd, NULL, NULL));
}

static void alike_busy_loop(void)
{
	stall(poll_without_pause);
}

static void alike_slow_handlers(void)
{
	stall(handle_slowly);
}

static void alike_moving_io(void)
{
	stall(write_and_sync);
}

static void alike_condvar(void)
{
	stall(wait_beside_sleeper);
}

static void alike_pool(void)
{
	stall(serve_with_pool);
}

static void alike_lock_brief(void)
{
	stall(contend);
}

static void alike_compiler(void)
{
	stall(compute);
}

static void alike_sigwait(void)
{
	stall(wait_for_signal);
}

static void alike_timer(void)
{
	stall(wait_for_timer);
}

static void alike_server(void)
{
	stall(wait_for_clients);
}

#define HEALTHY              \
	{                    \
		"-", "-", "" \
	}

static const struct fault faults[] = {
	{"alike-busy-loop", "polls without a pause, at 100 % of a CPU, as something is always ready", HEALTHY,
	 alike_busy_loop, STALL_ARGS},
	{"alike-slow-handlers", "polls, and computes for 300 ms each time", HEALTHY, alike_slow_handlers,
	 STALL_ARGS},
	{"alike-moving-io", "writes and waits for the disk, again and again", HEALTHY, alike_moving_io,
	 STALL_ARGS},
	{"alike-condvar", "a thread waits on a condition variable, the main one sleeps", HEALTHY,
	 alike_condvar, STALL_ARGS},
	{"alike-pool", "eight idle workers wait for work, the main thread for clients", HEALTHY, alike_pool,
	 STALL_ARGS},
	{"alike-lock-brief", "a mutex is held for 300 ms again and again, and others want it", HEALTHY,
	 alike_lock_brief, STALL_ARGS},
	{"alike-compiler", "computes, as a compiler or a batch job does; not for watched processes", HEALTHY,
	 alike_compiler, STALL_ARGS},
	{"alike-debugger", "a debugger keeps it stopped; not for watched processes", HEALTHY,
	 paused_by_debugger, STALL_ARGS},
	{"alike-sigwait", "the only thread waits for a semaphore that its SIGTERM handler posts", HEALTHY,
	 alike_sigwait, STALL_ARGS},
	{"alike-timer", "all threads wait for a semaphore that a timer's handler posts every 20 s", HEALTHY,
	 alike_timer, STALL_ARGS},
	{"alike-server", "one thread waits in accept(), one in read(): an idle server", HEALTHY, alike_server,
	 STALL_ARGS},
	{.name = NULL},
};

const struct family alike_family = {"Healthy, and to be left alone", faults};
