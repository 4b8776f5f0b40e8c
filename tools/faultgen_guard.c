// SPDX-License-Identifier: GPL-2.0-or-later
// Starts the processes of a stall, waits until its time is over, ends them and undoes what they leave.
#define _GNU_SOURCE 1
#include "faultgen_stall.h"

#include <errno.h>
#include <fcntl.h>
#include <signal.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/prctl.h>
#include <sys/wait.h>
#include <time.h>
#include <unistd.h>

enum { PARTY_MAX = 16, STEP_MS = 50, TERM_GRACE_MS = 1000, KILL_GRACE_MS = 5000 };

static struct {
	pid_t pids[PARTY_MAX];
	size_t count;
	pid_t keeper;
	void (*undo)(void);
	long seconds; /* 0: not parsed yet */
} party;

/* Of the process that is being started. */
static struct {
	const char *comm;
	void (*body)(void);
	int ready_fd;
} start;

static volatile sig_atomic_t caught;

long now_ms(void)
{
	struct timespec now;

	clock_gettime(CLOCK_MONOTONIC, &now);
	return now.tv_sec * 1000L + now.tv_nsec / 1000000L;
}

void doze(void)
{
	for (;;)
		sleep_ms(1000);
}

void compute(void)
{
	for (uintptr_t number = 1;; number = hide(number * 3))
		;
}

/* The clock is read by the vDSO, which makes no system call. */
void compute_for(long ms)
{
	long end = now_ms() + ms;

	while (now_ms() < end) {
		for (uintptr_t number = 1; number < 100000; number = hide(number + 1))
			;
	}
}

pthread_t start_thread(const char *name, void *(*body)(void *), void *argument)
{
	pthread_t thread;
	int error = pthread_create(&thread, NULL, body, argument);

	if (error)
		cannot("pthread_create: %s", strerror(error));
	pthread_setname_np(thread, name);
	return thread;
}

void join(pthread_t thread)
{
	pthread_join(thread, NULL);
	survived();
}

long stall_seconds(void)
{
	if (!party.seconds)
		party.seconds = run.args[0] ? parse_number(run.args[0], "SECONDS", 1, 86400) : 30;
	return party.seconds;
}

void limit_stall_seconds(long most)
{
	if (stall_seconds() > most)
		party.seconds = most;
}

static void enlist(pid_t pid)
{
	if (party.count == PARTY_MAX)
		cannot("too many processes");
	party.pids[party.count++] = pid;
}

static bool forget(pid_t pid)
{
	for (size_t i = 0; i < party.count; i++) {
		if (party.pids[i] == pid) {
			party.pids[i] = party.pids[--party.count];
			return true;
		}
	}
	return false;
}

pid_t start_stalled(void (*body)(void))
{
	pid_t pid;

	stall_seconds();
	pid = start_child(body);
	enlist(pid);
	printf("PID %d\n", (int)pid);
	if (fflush(stdout) != 0)
		cannot("cannot write to stdout: %s", strerror(errno));
	return pid;
}

static void run_helper(void)
{
	prctl(PR_SET_NAME, start.comm);
	start.body();
}

void ready(void)
{
	if (write(start.ready_fd, "", 1) != 1)
		cannot("write: %s", strerror(errno));
	close(start.ready_fd);
}

pid_t start_helper(const char *comm, void (*body)(void))
{
	int ends[2];
	char byte;
	pid_t pid;

	stall_seconds();
	if (pipe2(ends, O_CLOEXEC) < 0)
		cannot("pipe: %s", strerror(errno));
	start.comm = comm;
	start.body = body;
	start.ready_fd = ends[1];
	pid = start_child(run_helper);
	close(ends[1]);
	if (read(ends[0], &byte, 1) != 1)
		end_like(pid);
	close(ends[0]);
	enlist(pid);
	return pid;
}

void dismiss(pid_t helper)
{
	forget(helper);
	kill(helper, SIGTERM);
	wait_for(helper);
}

/* In a session of its own, where a signal for the guard's process group does not reach it. */
void undo_at_end(void (*undo)(void))
{
	pid_t guarding = getpid();

	stall_seconds();
	party.undo = undo;
	party.keeper = fork_or_fail();
	if (party.keeper)
		return;
	setsid();
	while (getppid() == guarding)
		sleep_ms(STEP_MS);
	undo();
	_exit(EXIT_SUCCESS);
}

static void catch (int number)
{
	caught = number;
}

/* Only now, when all others have been forked: they shall have no handler. */
static void catch_signals(void)
{
	static const int numbers[] = {SIGTERM, SIGINT, SIGHUP};
	struct sigaction action = {.sa_handler = catch};

	for (size_t i = 0; i < sizeof(numbers) / sizeof(numbers[0]); i++)
		sigaction(numbers[i], &action, NULL);
}

static bool one_ended(int *ret_status)
{
	int status;
	pid_t pid;

	while ((pid = waitpid(-1, &status, WNOHANG)) > 0) {
		if (!forget(pid))
			continue;
		*ret_status = WIFSIGNALED(status) ? 128 + WTERMSIG(status) : WEXITSTATUS(status);
		return true;
	}
	return false;
}

static bool reap_all(long within_ms)
{
	long end = now_ms() + within_ms;

	for (;;) {
		pid_t pid = waitpid(-1, NULL, WNOHANG);

		if (pid > 0)
			forget(pid);
		else if (pid < 0 && errno == ECHILD)
			return true;
		else if (now_ms() >= end)
			return false;
		else
			sleep_ms(5);
	}
}

/*
 * By SIGTERM first: a SIGKILL is an incident of its own to faultd. It is sent before anything is undone, so
 * that what then gets out of its system call goes no further.
 */
static void end_party(void)
{
	for (size_t i = 0; i < party.count; i++) {
		kill(party.pids[i], SIGTERM);
		kill(party.pids[i], SIGCONT);
	}
	if (party.undo)
		party.undo();
	if (party.keeper)
		kill(party.keeper, SIGTERM);
	if (reap_all(TERM_GRACE_MS))
		return;
	for (size_t i = 0; i < party.count; i++)
		kill(party.pids[i], SIGKILL);
	if (!reap_all(KILL_GRACE_MS))
		cannot("its processes cannot be ended");
}

void guard(long more_ms)
{
	long end = now_ms() + 1000 * stall_seconds() + more_ms;
	int status = EXIT_SUCCESS;

	/* Children of the others are to be waited for as well. */
	prctl(PR_SET_CHILD_SUBREAPER, 1);
	catch_signals();
	while (!caught && now_ms() < end && !one_ended(&status)) {
		struct timespec step = {0, STEP_MS * 1000000L};

		nanosleep(&step, NULL);
	}
	end_party();
	exit(caught ? 128 + caught : status);
}

void stall(void (*body)(void))
{
	start_stalled(body);
	guard(0);
}
