// SPDX-License-Identifier: GPL-2.0-or-later
// Processes that end by themselves, and one that does nothing at all.
#define _GNU_SOURCE 1
#include "faultgen.h"

#include <arpa/inet.h>
#include <errno.h>
#include <fcntl.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/socket.h>
#include <unistd.h>

static void exit_failure(void)
{
	exit(run.args[0] ? (int)parse_number(run.args[0], "STATUS", 1, 255) : 1);
}

static void exit_zero(void)
{
	exit(0);
}

static void exit_missing_file(void)
{
	const char *path = "/etc/faultgen/no-such-file.conf";

	if (open(path, O_RDONLY | O_CLOEXEC) >= 0)
		return;
	fprintf(stderr, "faultgen: cannot open %s: %s\n", path, strerror(errno));
	exit(1);
}

/* The first socket is this process's as well: no port of anybody else's is touched. */
static void exit_port_in_use(void)
{
	struct sockaddr_in address = {.sin_family = AF_INET, .sin_addr.s_addr = htonl(INADDR_LOOPBACK)};
	socklen_t size = sizeof(address);
	int first = socket(AF_INET, SOCK_STREAM | SOCK_CLOEXEC, 0);
	int second = socket(AF_INET, SOCK_STREAM | SOCK_CLOEXEC, 0);

	if (first < 0 || second < 0 || bind(first, (struct sockaddr *)&address, size) < 0 ||
	    listen(first, 1) < 0 || getsockname(first, (struct sockaddr *)&address, &size) < 0)
		cannot("cannot listen on 127.0.0.1: %s", strerror(errno));
	if (bind(second, (struct sockaddr *)&address, size) == 0)
		return;
	fprintf(stderr, "faultgen: cannot bind to 127.0.0.1:%d: %s\n", ntohs(address.sin_port),
		strerror(errno));
	exit(1);
}

static void healthy_sleep(void)
{
	sleep_ms(1000 * (run.args[0] ? parse_number(run.args[0], "SECONDS", 0, 1000000000) : 1));
	exit(0);
}

static const struct fault faults[] = {
	{"exit-failure",
	 "exits with STATUS (1)",
	 {"exit.failure", "unknown", "match=1 status=1"},
	 exit_failure,
	 {"[STATUS]", 0, 1, false}},
	{"exit-zero",
	 "exits with status 0, though a service should stay",
	 {"exit.unexpected", "unknown", "match=1 status=0"},
	 exit_zero,
	 NO_ARGS},
	{"exit-missing-file",
	 "exits because a file is missing",
	 {"exit.failure", "unknown", "match=1 status=1 later=missing-file"},
	 exit_missing_file,
	 NO_ARGS},
	{"exit-port-in-use",
	 "exits because its port is in use",
	 {"exit.failure", "unknown", "match=1 status=1 later=port-in-use"},
	 exit_port_in_use,
	 NO_ARGS},
	{"sleep",
	 "does nothing for SECONDS (1): no fault",
	 {"-", "-", "status=0"},
	 healthy_sleep,
	 {"[SECONDS]", 0, 1, false}},
	{.name = NULL},
};

const struct family exit_family = {"Exits", faults};
