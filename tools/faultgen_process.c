// SPDX-License-Identifier: GPL-2.0-or-later
// The same crash in unusual places: other threads, right after exec, other namespaces, hostile names.
#define _GNU_SOURCE 1
#include "faultgen.h"

#include <errno.h>
#include <fcntl.h>
#include <pthread.h>
#include <sched.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>

#define KIND  "crash.sigsegv"
#define CAUSE "null-pointer"
#define FACTS "addr=0x0 code=SEGV_MAPERR"

static void start_thread(void *(*body)(void *))
{
	pthread_t thread;

	if (pthread_create(&thread, NULL, body, NULL))
		cannot("cannot start a thread");
}

static void *crash_thread(void *unused)
{
	pthread_setname_np(pthread_self(), "crasher");
	null_read();
	return unused;
}

static void crash_in_thread(void)
{
	start_thread(crash_thread);
	sleep_ms(2000);
}

static bool main_thread_left(void)
{
	char path[64], stat[256] = "";
	const char *state;
	int fd;

	snprintf(path, sizeof(path), "/proc/self/task/%d/stat", (int)getpid());
	fd = open(path, O_RDONLY | O_CLOEXEC);
	if (fd < 0)
		return false;
	if (read(fd, stat, sizeof(stat) - 1) < 0)
		stat[0] = '\0';
	close(fd);
	state = strrchr(stat, ')');
	return state && strncmp(state, ") Z", 3) == 0;
}

static void *crash_thread_alone(void *unused)
{
	while (!main_thread_left())
		sleep_ms(1);
	return crash_thread(unused);
}

static void crash_after_main_left(void)
{
	start_thread(crash_thread_alone);
	pthread_exit(NULL);
}

static void crash_after_exec(void)
{
	exec_self(HIDDEN_NULL_READ, NULL);
}

static void *exec_thread(void *unused)
{
	exec_self(HIDDEN_NULL_READ, NULL);
	return unused;
}

static void crash_exec_in_thread(void)
{
	start_thread(exec_thread);
	sleep_ms(2000);
}

static void crash_short_lived(void)
{
	end_like(start_child(crash_after_exec));
}

static void pidns_crash(void)
{
	if (unshare(CLONE_NEWPID) < 0)
		cannot("a PID namespace of its own needs root: unshare: %s", strerror(errno));
	end_like(start_child(null_read));
}

static void hostile_name(void)
{
	/* Terminal title, broken UTF-8, line breaks, end of a JSON string, DEL and C1, reversal. */
	char *const args[] = {"\x1b]0;pwned\a",
			      "\xff\xfe\xc0\xaf\xed\xa0\x80",
			      "two\r\nlines\t.",
			      "\"},{\"faultd\":{\"kind\":\"x\"}}",
			      "\x7f\xc2\x9b[2J",
			      "\xe2\x80\xae"
			      "backwards",
			      "",
			      NULL};

	exec_self(HIDDEN_HOSTILE_NAME, args);
}

static void many_args(void)
{
	enum { COUNT = 200, LENGTH = 1024 };
	char **args = calloc(COUNT + 1, sizeof(*args));

	if (!args)
		cannot("out of memory");
	for (int i = 0; i < COUNT; i++) {
		args[i] = malloc(LENGTH);
		if (!args[i])
			cannot("out of memory");
		memset(args[i], 'a' + i % 26, LENGTH - 1);
		args[i][LENGTH - 1] = '\0';
	}
	exec_self(HIDDEN_NULL_READ, args);
}

static const struct fault faults[] = {
	{"crash-in-thread",
	 "another thread, called crasher, reads null while the main thread lives",
	 {KIND, CAUSE, "thread=other " FACTS},
	 crash_in_thread,
	 NO_ARGS},
	{"crash-after-main-left",
	 "the main thread leaves, then another reads null",
	 {KIND, CAUSE, "thread=other " FACTS},
	 crash_after_main_left,
	 NO_ARGS},
	{"crash-after-exec",
	 "executes itself anew and reads null first of all",
	 {KIND, CAUSE, FACTS},
	 crash_after_exec,
	 NO_ARGS},
	{"crash-exec-in-thread",
	 "the same, with exec called by another thread",
	 {KIND, CAUSE, FACTS},
	 crash_exec_in_thread,
	 NO_ARGS},
	{"crash-short-lived",
	 "a child that executes, crashes and is gone within a millisecond or so",
	 {KIND, CAUSE, "who=child " FACTS},
	 crash_short_lived,
	 NO_ARGS},
	{"pidns-crash",
	 "a child in a PID namespace of its own reads null",
	 {KIND, CAUSE, "who=child needs=root " FACTS},
	 pidns_crash,
	 NO_ARGS},
	{"hostile-name",
	 "reads null under a name and arguments full of escapes and invalid UTF-8",
	 {KIND, CAUSE, FACTS},
	 hostile_name,
	 NO_ARGS},
	{"many-args",
	 "reads null in a process with 200 KB of arguments",
	 {KIND, CAUSE, FACTS},
	 many_args,
	 NO_ARGS},
	{.name = NULL},
};

const struct family process_family = {"Crashes in unusual places", faults};
