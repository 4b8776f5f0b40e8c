// SPDX-License-Identifier: GPL-2.0-or-later
// Signals that come from elsewhere: another process, the parent, a timer, a pipe, a terminal, or the victim
// itself.
#define _GNU_SOURCE 1
#include "faultgen.h"

#include <errno.h>
#include <fcntl.h>
#include <signal.h>
#include <stdlib.h>
#include <string.h>
#include <sys/ioctl.h>
#include <sys/prctl.h>
#include <sys/time.h>
#include <sys/wait.h>
#include <unistd.h>

/* The child is the one that kills. It waits a little, so that a watcher sees two processes with a life. */
static pid_t start_assassin(int number)
{
	pid_t victim = getpid();
	pid_t pid = fork_or_fail();

	if (pid) {
		say("is to be killed by %d", (int)pid);
		return pid;
	}
	prctl(PR_SET_NAME, "assassin");
	sleep_ms(20);
	_exit(kill(victim, number) < 0);
}

static void die_by_assassin(int number)
{
	wait_for(start_assassin(number));
	sleep_ms(100);
}

static void killed_sigkill(void)
{
	die_by_assassin(SIGKILL);
}

static void killed_sigterm(void)
{
	die_by_assassin(SIGTERM);
}

static volatile sig_atomic_t terminated;

static void note_termination(int number)
{
	(void)number;
	terminated = 1;
}

static void term_graceful(void)
{
	pid_t assassin;

	signal(SIGTERM, note_termination);
	assassin = start_assassin(SIGTERM);
	wait_for(assassin);
	for (int i = 0; i < 100 && !terminated; i++)
		sleep_ms(10);
	if (terminated)
		exit(EXIT_SUCCESS);
}

static void sleep_body(void)
{
	sleep_forever();
}

static void killed_by_parent(void)
{
	pid_t pid = start_child(sleep_body);

	sleep_ms(20);
	if (kill(pid, SIGKILL) < 0)
		cannot("kill: %s", strerror(errno));
	end_like(pid);
}

static __attribute__((noinline)) void self_raised_segv(void)
{
	raise(SIGSEGV);
	no_tail_call();
}

static __attribute__((noinline)) void broken_pipe(void)
{
	int ends[2];

	if (pipe2(ends, O_CLOEXEC) < 0)
		cannot("pipe: %s", strerror(errno));
	close(ends[0]);
	if (write(ends[1], "x", 1) < 0)
		return;
	no_tail_call();
}

static void alarm_timer(void)
{
	const struct itimerval soon = {.it_value = {.tv_usec = 50000}};

	if (setitimer(ITIMER_REAL, &soon, NULL) < 0)
		cannot("setitimer: %s", strerror(errno));
	sleep_ms(1000);
}

static int terminal_master = -1;
static int terminal_ready[2];

/* Becomes the leader of a session whose terminal is the slave end. */
static void sit_at_terminal(void)
{
	const char *path = ptsname(terminal_master);
	int fd;

	if (setsid() < 0 || !path)
		cannot("setsid: %s", strerror(errno));
	fd = open(path, O_RDWR | O_CLOEXEC);
	if (fd < 0 || ioctl(fd, TIOCSCTTY, 0) < 0)
		cannot("%s: %s", path, strerror(errno));
	close(terminal_master);
	close(terminal_ready[1]);
	sleep_forever();
}

static void terminal_hangup(void)
{
	char nothing;
	pid_t pid;

	terminal_master = posix_openpt(O_RDWR | O_NOCTTY | O_CLOEXEC);
	if (terminal_master < 0 || grantpt(terminal_master) < 0 || unlockpt(terminal_master) < 0)
		cannot("cannot make a pseudo-terminal: %s", strerror(errno));
	if (pipe2(terminal_ready, O_CLOEXEC) < 0)
		cannot("pipe: %s", strerror(errno));
	pid = start_child(sit_at_terminal);
	close(terminal_ready[1]);
	/* End of file: the child sits. */
	if (read(terminal_ready[0], &nothing, 1) < 0)
		cannot("read: %s", strerror(errno));
	close(terminal_master);
	end_like(pid);
}

static const struct fault faults[] = {
	{"killed-sigkill",
	 "another process, called assassin, sends it SIGKILL",
	 {"kill.sigkill", "killed-by-process", "sender=assassin code=SI_USER"},
	 killed_sigkill,
	 NO_ARGS},
	{"killed-sigterm",
	 "another process, called assassin, sends it SIGTERM",
	 {"kill.sigterm", "killed-by-process", "match=1 sender=assassin code=SI_USER"},
	 killed_sigterm,
	 NO_ARGS},
	{"killed-by-parent",
	 "kills its own child",
	 {"kill.sigkill", "killed-by-parent", "who=child sender=faultgen code=SI_USER"},
	 killed_by_parent,
	 NO_ARGS},
	{"self-raised-segv",
	 "raises SIGSEGV without any invalid access",
	 {"crash.sigsegv", "self-raised", "code=SI_TKILL"},
	 self_raised_segv,
	 NO_ARGS},
	{"broken-pipe",
	 "writes to a pipe that nobody reads",
	 {"kill.sigpipe", "broken-pipe", "match=1"},
	 broken_pipe,
	 NO_ARGS},
	{"alarm-timer",
	 "lets its own timer end it (SIGALRM)",
	 {"kill.sigalrm", "timer", "match=1 code=SI_KERNEL"},
	 alarm_timer,
	 NO_ARGS},
	{"terminal-hangup",
	 "closes the terminal that its child sits at (SIGHUP)",
	 {"kill.sighup", "terminal-hangup", "match=1 who=child code=SI_KERNEL"},
	 terminal_hangup,
	 NO_ARGS},
	{"term-graceful",
	 "is sent SIGTERM, handles it and exits 0: no fault",
	 {"-", "-", "status=0"},
	 term_graceful,
	 NO_ARGS},
	{.name = NULL},
};

const struct family signal_family = {"Signals from elsewhere", faults};
