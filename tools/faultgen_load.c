// SPDX-License-Identifier: GPL-2.0-or-later
// Not faults but their surroundings: a storm of crashes at a steady rate, and a small service to watch over.
#define _GNU_SOURCE 1
#include "faultgen.h"

#include <arpa/inet.h>
#include <errno.h>
#include <limits.h>
#include <poll.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/socket.h>
#include <sys/wait.h>
#include <time.h>
#include <unistd.h>

static long now_ns(void)
{
	struct timespec now;

	clock_gettime(CLOCK_MONOTONIC, &now);
	return now.tv_sec * 1000000000L + now.tv_nsec;
}

static long reap_finished(void)
{
	long count = 0;

	while (waitpid(-1, NULL, WNOHANG) > 0)
		count++;
	return count;
}

static void storm(void)
{
	long count = parse_number(run.args[0], "COUNT", 1, 10000000);
	long rate = parse_number(run.args[1], "RATE", 1, 1000000);
	const char *name = run.args[2] ? run.args[2] : "null-read";
	const struct fault *fault = find_fault(name);
	long start = now_ns();
	long reaped = 0;

	if (!fault || !fault->truth.kind || fault->args.least > 0 || fault->args.lasts)
		bad_usage("'%s' is no fault to make a storm of", name);
	for (long i = 0; i < count; i++) {
		/* Against the clock, not the last one: a late start does not slow the storm down. */
		long due = start + (long)(1e9 / (double)rate * (double)i);
		struct timespec when = {due / 1000000000L, due % 1000000000L};

		while (clock_nanosleep(CLOCK_MONOTONIC, TIMER_ABSTIME, &when, NULL) == EINTR)
			;
		if (fork_or_fail() == 0) {
			run.name = fault->name;
			run.args += 2 + (run.args[2] != NULL);
			fault->make();
			survived();
		}
		reaped += reap_finished();
	}
	while (waitpid(-1, NULL, 0) > 0)
		reaped++;
	say("made %ld in %.3f s", count, (double)(now_ns() - start) / 1e9);
	printf("%ld\n", reaped);
	exit(reaped == count ? EXIT_SUCCESS : EXIT_FAILURE);
}

static int listen_on(int port)
{
	struct sockaddr_in address = {
		.sin_family = AF_INET,
		.sin_port = htons((uint16_t)port),
		.sin_addr.s_addr = htonl(INADDR_LOOPBACK),
	};
	int fd = socket(AF_INET, SOCK_STREAM | SOCK_CLOEXEC, 0);
	int yes = 1;

	if (fd < 0 || setsockopt(fd, SOL_SOCKET, SO_REUSEADDR, &yes, sizeof(yes)) < 0 ||
	    bind(fd, (struct sockaddr *)&address, sizeof(address)) < 0 || listen(fd, 64) < 0) {
		fprintf(stderr, "faultgen: serve: cannot listen on 127.0.0.1:%d: %s\n", port,
			strerror(errno));
		exit(EXIT_FAILURE);
	}
	return fd;
}

/* Reads away what the client has sent, because closing with unread bytes resets the connection. */
static void answer(int client)
{
	char text[32], request[4096];
	int length = snprintf(text, sizeof(text), "pid %d\n", (int)getpid());

	if (send(client, text, (size_t)length, MSG_NOSIGNAL) == length)
		shutdown(client, SHUT_WR);
	while (recv(client, request, sizeof(request), MSG_DONTWAIT) > 0)
		;
	close(client);
}

static void serve(void)
{
	int port = (int)parse_number(run.args[0], "PORT", 1, 65535);
	long crash_at = LONG_MAX;
	struct pollfd fd = {.events = POLLIN};

	if (run.args[1]) {
		if (strcmp(run.args[1], "--crash-after") != 0 || !run.args[2])
			bad_usage("usage: faultgen serve PORT [--crash-after MS]");
		crash_at = now_ns() + 1000000L * parse_number(run.args[2], "MS", 0, 1000000000);
	}
	fd.fd = listen_on(port);
	say("listens on 127.0.0.1:%d", port);
	for (;;) {
		long left = crash_at == LONG_MAX ? -1 : (crash_at - now_ns() + 999999) / 1000000;
		int client;

		if (crash_at != LONG_MAX && left <= 0)
			break;
		if (poll(&fd, 1, (int)left) <= 0)
			continue;
		client = accept4(fd.fd, NULL, NULL, SOCK_CLOEXEC);
		if (client >= 0)
			answer(client);
	}
	null_read();
}

static const struct fault faults[] = {
	{"storm",
	 "forks COUNT children that crash by NAME (null-read), RATE a second; prints how many",
	 {NULL, NULL, NULL},
	 storm,
	 {"COUNT RATE [NAME]", 2, 3, false}},
	{"serve",
	 "answers 'pid N' to who connects to 127.0.0.1:PORT; may read null after MS",
	 {NULL, NULL, NULL},
	 serve,
	 {"PORT [--crash-after MS]", 1, 3, false}},
	{.name = NULL},
};

const struct family load_family = {"For benches and demos", faults};
