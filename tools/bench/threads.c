// SPDX-License-Identifier: GPL-2.0-or-later
/*
 * Threads that sleep, as many as are asked for.
 *
 * threads COUNT makes COUNT threads in processes of up to PER_PROCESS, which sleep by turns in nanosleep(2),
 * futex(2) and poll(2); prints "ready" when all of them exist, and ends with all of them when its standard
 * input does.
 */
#include <limits.h>
#include <linux/futex.h>
#include <poll.h>
#include <pthread.h>
#include <signal.h>
#include <sys/prctl.h>
#include <sys/syscall.h>
#include <sys/wait.h>
#include <time.h>
#include <unistd.h>

#include "bench.h"

enum { PER_PROCESS = 500, KINDS = 3 };

static void *sleeper(void *arg)
{
	/* A value that no lock has: it is idle, not locked out. */
	static int word;

	for (;;) {
		switch ((uintptr_t)arg % KINDS) {
		case 0: nanosleep(&(struct timespec){.tv_sec = 3600}, NULL); break;
		case 1: syscall(SYS_futex, &word, FUTEX_WAIT_PRIVATE, 0, NULL, NULL, 0); break;
		default: poll(NULL, 0, -1);
		}
	}
	return NULL;
}

static void make_threads(int count)
{
	pthread_attr_t attributes;
	pthread_t thread;

	pthread_attr_init(&attributes);
	pthread_attr_setstacksize(&attributes, PTHREAD_STACK_MIN);
	pthread_attr_setguardsize(&attributes, 0);
	for (int i = 0; i < count; i++) {
		errno = pthread_create(&thread, &attributes, sleeper, (void *)(uintptr_t)i);
		if (errno)
			die("pthread_create");
	}
}

_Noreturn static void process(int count, int ready)
{
	prctl(PR_SET_PDEATHSIG, SIGKILL);
	make_threads(count - 1);
	if (write(ready, "", 1) != 1)
		die("write");
	close(ready);
	for (;;)
		pause();
}

int main(int argc, char **argv)
{
	int count = argc == 2 ? atoi(argv[1]) : 0, ready[2];
	char byte;

	if (count < 2) {
		fprintf(stderr, "usage: threads COUNT\n");
		return 2;
	}
	/* This one is among them. */
	for (int left = count - 1; left > 0; left -= PER_PROCESS) {
		pid_t pid;

		if (pipe(ready) < 0 || (pid = fork()) < 0)
			die("fork");
		if (pid == 0)
			process(left < PER_PROCESS ? left : PER_PROCESS, ready[1]);
		close(ready[1]);
		if (read(ready[0], &byte, 1) != 1) {
			fprintf(stderr, "threads: no more than %d of %d\n", count - left, count);
			return 1;
		}
		close(ready[0]);
	}
	puts("ready");
	fflush(stdout);
	while (read(STDIN_FILENO, &byte, 1) > 0)
		;
	return 0;
}
