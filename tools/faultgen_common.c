// SPDX-License-Identifier: GPL-2.0-or-later
// What every family of faultgen leans on: messages, children, exec of itself, waiting, limits.
#define _GNU_SOURCE 1
#include "faultgen.h"

#include <errno.h>
#include <fcntl.h>
#include <limits.h>
#include <signal.h>
#include <stdarg.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/prctl.h>
#include <sys/resource.h>
#include <sys/wait.h>
#include <time.h>
#include <unistd.h>

struct run run;

__attribute__((noinline)) void null_read(void)
{
	volatile int *nowhere = hide_pointer(NULL);

	(void)*nowhere;
	no_tail_call();
}

void say(const char *format, ...)
{
	char text[512];
	va_list args;

	if (!run.verbose)
		return;
	va_start(args, format);
	vsnprintf(text, sizeof(text), format, args);
	va_end(args);
	fprintf(stderr, "faultgen: %s: pid %d%s%s\n", run.name, (int)getpid(), *text ? " " : "", text);
}

static void complain(const char *format, va_list args)
{
	char text[512];

	vsnprintf(text, sizeof(text), format, args);
	fprintf(stderr, "faultgen: %s%s%s\n", run.name ? run.name : "", run.name ? ": " : "", text);
}

void cannot(const char *format, ...)
{
	va_list args;

	va_start(args, format);
	complain(format, args);
	va_end(args);
	exit(FAULTGEN_CANNOT);
}

void bad_usage(const char *format, ...)
{
	va_list args;

	va_start(args, format);
	complain(format, args);
	va_end(args);
	exit(FAULTGEN_USAGE);
}

void survived(void)
{
	fprintf(stderr, "faultgen: %s: survived\n", run.name);
	exit(FAULTGEN_SURVIVED);
}

long parse_number(const char *text, const char *what, long least, long most)
{
	char *end;
	long number;

	errno = 0;
	number = strtol(text, &end, 10);
	if (errno || end == text || *end || number < least || number > most)
		bad_usage("%s must be a whole number from %ld to %ld, not '%s'", what, least, most, text);
	return number;
}

void sleep_ms(long ms)
{
	struct timespec left = {ms / 1000, ms % 1000 * 1000000};

	while (nanosleep(&left, &left) < 0 && errno == EINTR)
		;
}

void sleep_forever(void)
{
	for (;;)
		pause();
}

int unnamed_file(off_t size)
{
	char path[] = "/tmp/faultgen-XXXXXX";
	int fd = mkostemp(path, O_CLOEXEC);

	if (fd < 0)
		cannot("cannot make a file in /tmp: %s", strerror(errno));
	unlink(path);
	if (ftruncate(fd, size) < 0)
		cannot("ftruncate: %s", strerror(errno));
	return fd;
}

pid_t fork_or_fail(void)
{
	pid_t pid = fork();

	if (pid < 0)
		cannot("fork: %s", strerror(errno));
	return pid;
}

pid_t start_child(void (*body)(void))
{
	pid_t parent = getpid();
	pid_t pid = fork_or_fail();

	if (pid) {
		say("has the child %d", (int)pid);
		return pid;
	}
	/* Whoever stops faultgen must not be left with its sleepers. */
	prctl(PR_SET_PDEATHSIG, SIGKILL);
	if (getppid() != parent && getpid() != 1)
		_exit(FAULTGEN_SURVIVED);
	body();
	survived();
}

int wait_for(pid_t pid)
{
	int status;

	while (waitpid(pid, &status, 0) < 0) {
		if (errno != EINTR)
			cannot("waitpid: %s", strerror(errno));
	}
	return WIFSIGNALED(status) ? 128 + WTERMSIG(status) : WEXITSTATUS(status);
}

void end_like(pid_t pid)
{
	exit(wait_for(pid));
}

void exec_self(const char *hidden, char *const *further)
{
	static char path[PATH_MAX];
	size_t count = 0;
	char **argv;
	ssize_t length;

	while (further && further[count])
		count++;
	argv = calloc(count + 3, sizeof(*argv));
	if (!argv)
		cannot("out of memory");
	argv[0] = run.program;
	argv[1] = strdup(hidden);
	for (size_t i = 0; i < count; i++)
		argv[i + 2] = further[i];

	/* By its own path, because a program that is run as /proc/self/exe is called "exe". */
	length = readlink("/proc/self/exe", path, sizeof(path) - 1);
	if (length > 0)
		execv(path, argv);
	execv("/proc/self/exe", argv);
	cannot("cannot exec itself: %s", strerror(errno));
}

void limit_resource(int resource, unsigned long soft)
{
	struct rlimit limit;

	if (getrlimit(resource, &limit) < 0)
		cannot("getrlimit: %s", strerror(errno));
	limit.rlim_cur = limit.rlim_max < soft ? limit.rlim_max : soft;
	if (setrlimit(resource, &limit) < 0)
		cannot("setrlimit: %s", strerror(errno));
}
