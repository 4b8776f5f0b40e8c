// SPDX-License-Identifier: GPL-2.0-or-later
/*
 * Kills processes and waits for the line about each on standard input, which is the stdout of who watches.
 *
 * latency kill|segv COUNT PREFIX prints, for each, the nanoseconds from right before the kill(2) (or the
 * faulting instruction) to the return of the read(2) that completed the line holding PREFIX and the pid;
 * "lost" when there was none within a second.
 */
#include <ctype.h>
#include <poll.h>
#include <signal.h>
#include <stdbool.h>
#include <sys/mman.h>
#include <sys/prctl.h>
#include <sys/resource.h>
#include <sys/wait.h>
#include <unistd.h>

#include "bench.h"

enum { TIMEOUT_MS = 1000, BUFFER = 1 << 20 };

static char buffer[BUFFER + 1];
static size_t used;

struct shared {
	volatile uint64_t faulted; /* when the victim was about to fault */
};

/* Whether one of the first len bytes' whole lines holds PREFIX and that number, and no longer one. */
static bool has_pid(const char *prefix, pid_t pid, size_t len)
{
	char wanted[128];
	size_t n = (size_t)snprintf(wanted, sizeof(wanted), "%s%d", prefix, (int)pid);
	const char *at = buffer;

	while ((at = memmem(at, len - (size_t)(at - buffer), wanted, n))) {
		at += n;
		if (!isdigit((unsigned char)*at))
			return true;
	}
	return false;
}

static size_t whole_lines(void)
{
	char *end = memrchr(buffer, '\n', used);

	return end ? (size_t)(end - buffer) + 1 : 0;
}

/* Reads what there is; false at the end of file. */
static bool take(void)
{
	ssize_t n;

	if (used == BUFFER)
		used = 0;
	n = read(STDIN_FILENO, buffer + used, BUFFER - used);
	if (n < 0 && errno != EINTR)
		die("read");
	if (n > 0)
		used += (size_t)n;
	buffer[used] = '\0';
	return n != 0;
}

/* When the line came; 0: it did not. */
static uint64_t wait_for_line(const char *prefix, pid_t pid)
{
	uint64_t deadline = now_ns() + TIMEOUT_MS * 1000000ULL;
	struct pollfd fd = {.fd = STDIN_FILENO, .events = POLLIN};

	while (now_ns() < deadline) {
		uint64_t at;
		size_t lines;
		bool found;

		if (poll(&fd, 1, TIMEOUT_MS) <= 0)
			continue;
		if (!take()) {
			errno = EPIPE;
			die("the watcher has gone");
		}
		at = now_ns();
		lines = whole_lines();
		found = lines && has_pid(prefix, pid, lines);
		memmove(buffer, buffer + lines, used - lines);
		used -= lines;
		buffer[used] = '\0';
		if (found)
			return at;
	}
	return 0;
}

/* What is there already, such as a second line about the last one, is no part of the next measurement. */
static void drain(unsigned int milliseconds)
{
	uint64_t until = now_ns() + milliseconds * 1000000ULL;
	struct pollfd fd = {.fd = STDIN_FILENO, .events = POLLIN};

	for (uint64_t now; (now = now_ns()) < until;) {
		if (poll(&fd, 1, (int)((until - now + 999999) / 1000000)) <= 0)
			continue;
		if (!take())
			return;
		used = 0;
	}
}

_Noreturn static void victim(int gate, struct shared *shared)
{
	int *volatile nowhere = NULL;
	char byte;

	prctl(PR_SET_PDEATHSIG, SIGKILL);
	setrlimit(RLIMIT_CORE, &(struct rlimit){0, 0});
	while (read(gate, &byte, 1) < 0)
		;
	shared->faulted = now_ns();
	*nowhere = 1;
	_exit(0);
}

static uint64_t measure(bool segv, const char *prefix, unsigned int gap, struct shared *shared)
{
	uint64_t start, end;
	int gate[2];
	pid_t pid;

	if (pipe(gate) < 0)
		die("pipe");
	pid = fork();
	if (pid < 0)
		die("fork");
	if (pid == 0)
		victim(gate[0], shared);
	/* It sits in its read(2) by then. */
	drain(gap);
	start = now_ns();
	if (segv ? write(gate[1], "", 1) != 1 : kill(pid, SIGKILL) < 0)
		die("cannot end the victim");
	end = wait_for_line(prefix, pid);
	if (segv)
		start = shared->faulted;
	close(gate[0]);
	close(gate[1]);
	waitpid(pid, NULL, 0);
	return end > start ? end - start : 0;
}

int main(int argc, char **argv)
{
	struct shared *shared =
		mmap(NULL, sizeof(*shared), PROT_READ | PROT_WRITE, MAP_SHARED | MAP_ANONYMOUS, -1, 0);
	bool segv = argc == 4 && strcmp(argv[1], "segv") == 0;

	if (argc != 4 || (!segv && strcmp(argv[1], "kill") != 0)) {
		fprintf(stderr, "usage: latency kill|segv COUNT PREFIX\n");
		return 2;
	}
	if (shared == MAP_FAILED)
		die("mmap");
	for (int i = 0, count = atoi(argv[2]); i < count; i++) {
		/* Not in step with anybody's timer. */
		uint64_t ns = measure(segv, argv[3], 3 + (unsigned int)i % 5, shared);

		if (ns)
			printf("%llu\n", (unsigned long long)ns);
		else
			puts("lost");
	}
	return 0;
}
