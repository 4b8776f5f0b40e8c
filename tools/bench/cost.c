// SPDX-License-Identifier: GPL-2.0-or-later
/*
 * What a system call, a context switch and a short process cost, as often as it is asked.
 *
 * cost PROGRAM reads lines from standard input and answers each with one: "syscall BATCHES" and "switch
 * BATCHES" with the median nanoseconds per call and per switch over that many batches, "spawn COUNT" with the
 * median nanoseconds from posix_spawn(PROGRAM) to its having been waited for, "busy BATCHES" with the median
 * nanoseconds of one step of a program that computes, and makes about 100,000 system calls a second. One
 * process answers all, on one CPU, so that two answers differ by what went on around it and not by where its
 * memory happened to be.
 */
#include <fcntl.h>
#include <sched.h>
#include <spawn.h>
#include <sys/syscall.h>
#include <sys/wait.h>
#include <unistd.h>

#include "bench.h"

enum { CALLS = 2000, STEPS = 200, STEP_NS = 10000, ROUND_TRIPS = 50, SAMPLES_MAX = 100000 };

static double samples[SAMPLES_MAX];
static const char *program;

static int compare(const void *a, const void *b)
{
	double x = *(const double *)a, y = *(const double *)b;

	return (x > y) - (x < y);
}

static double percentile(int count, int percent)
{
	qsort(samples, (size_t)count, sizeof(samples[0]), compare);
	return samples[(count - 1) * percent / 100];
}

static double syscalls(int batches)
{
	for (int i = 0; i < batches; i++) {
		uint64_t start = now_ns();

		for (int n = 0; n < CALLS; n++)
			syscall(SYS_getppid);
		samples[i] = (double)(now_ns() - start) / CALLS;
	}
	return percentile(batches, 10);
}

static void compute(unsigned int turns)
{
	for (volatile unsigned int i = 0; i < turns; i++)
		;
}

/* How much there is to compute until the next system call; found once, so that all answers are comparable. */
static unsigned int turns_between(void)
{
	enum { TRIAL = 100000 };
	static unsigned int turns;
	uint64_t best = ~0ULL;

	for (int i = 0; !turns && i < 20; i++) {
		uint64_t start = now_ns(), took;

		compute(TRIAL);
		took = now_ns() - start;
		if (took < best)
			best = took;
	}
	if (!turns)
		turns = (unsigned int)((uint64_t)TRIAL * STEP_NS / best);
	return turns;
}

static double busy(int batches)
{
	unsigned int turns = turns_between();
	int fd = open("/dev/zero", O_RDONLY | O_CLOEXEC);
	char byte;

	if (fd < 0)
		die("/dev/zero");
	for (int i = 0; i < batches; i++) {
		uint64_t start = now_ns();

		for (int n = 0; n < STEPS; n++) {
			compute(turns);
			if (n % 2 ? syscall(SYS_getppid) < 0 : read(fd, &byte, 1) != 1)
				die("busy");
		}
		samples[i] = (double)(now_ns() - start) / STEPS;
	}
	close(fd);
	return percentile(batches, 10);
}

_Noreturn static void echo(int in, int out)
{
	char byte;

	while (read(in, &byte, 1) == 1)
		if (write(out, &byte, 1) != 1)
			break;
	_exit(0);
}

static double switches(int batches)
{
	int there[2], back[2];
	char byte = 0;
	pid_t pid;

	if (pipe(there) < 0 || pipe(back) < 0 || (pid = fork()) < 0)
		die("ping-pong");
	if (pid == 0) {
		close(there[1]);
		close(back[0]);
		echo(there[0], back[1]);
	}
	close(there[0]);
	close(back[1]);
	for (int i = 0; i < batches; i++) {
		uint64_t start = now_ns();

		for (int n = 0; n < ROUND_TRIPS; n++)
			if (write(there[1], &byte, 1) != 1 || read(back[0], &byte, 1) != 1)
				die("ping-pong");
		samples[i] = (double)(now_ns() - start) / (2 * ROUND_TRIPS);
	}
	close(there[1]);
	close(back[0]);
	waitpid(pid, NULL, 0);
	return percentile(batches, 10);
}

static double spawns(int count)
{
	char *argv[] = {(char *)program, NULL}, *envp[] = {NULL};

	for (int i = 0; i < count; i++) {
		uint64_t start = now_ns();
		pid_t pid;

		errno = posix_spawn(&pid, program, NULL, NULL, argv, envp);
		if (errno)
			die(program);
		if (waitpid(pid, NULL, 0) != pid)
			die("waitpid");
		samples[i] = (double)(now_ns() - start);
	}
	return percentile(count, 50);
}

int main(int argc, char **argv)
{
	char line[128], what[32];
	cpu_set_t cpus;
	int count;

	if (argc != 2) {
		fprintf(stderr, "usage: cost PROGRAM\n");
		return 2;
	}
	program = argv[1];
	CPU_ZERO(&cpus);
	CPU_SET((size_t)sched_getcpu(), &cpus);
	if (sched_setaffinity(0, sizeof(cpus), &cpus) < 0)
		die("sched_setaffinity");
	while (fgets(line, sizeof(line), stdin)) {
		double ns = 0;

		if (sscanf(line, "%31s %d", what, &count) != 2 || count < 1 || count > SAMPLES_MAX)
			return 2;
		if (strcmp(what, "syscall") == 0)
			ns = syscalls(count);
		else if (strcmp(what, "switch") == 0)
			ns = switches(count);
		else if (strcmp(what, "busy") == 0)
			ns = busy(count);
		else if (strcmp(what, "spawn") == 0)
			ns = spawns(count);
		printf("%.3f\n", ns);
		fflush(stdout);
	}
	return 0;
}
