// SPDX-License-Identifier: GPL-2.0-or-later
/* Signals by number and by name, and the kinds that they end a process with. */
#include <ctype.h>
#include <errno.h>
#include <signal.h>
#include <stdlib.h>
#include <string.h>
#include <strings.h>

#include "core/catalogue.h"

/*
 * The kernel's numbers, not glibc's: 32 and 33 are real-time signals that its thread library keeps for
 * itself. A constant where <signal.h> has a function, so that a recording reads the same on every host.
 */
enum { RT_FIRST = 32, RT_MIN = 34, RT_MAX = 64 };

struct signal_info {
	const char *name;
	enum fault_kind crash, kill;
};

#define BOTH(sig) [sig] = {#sig, FAULT_CRASH_##sig, FAULT_KILL_##sig}
#define KILL(sig) [sig] = {#sig, FAULT_NONE, FAULT_KILL_##sig}
#define LIFE(sig) [sig] = {#sig, FAULT_NONE, FAULT_NONE} /* ends nobody */
static const struct signal_info signals[RT_FIRST] = {
	KILL(SIGHUP),  KILL(SIGINT),	KILL(SIGQUIT), BOTH(SIGILL),	BOTH(SIGTRAP), BOTH(SIGABRT),
	BOTH(SIGBUS),  BOTH(SIGFPE),	KILL(SIGKILL), KILL(SIGUSR1),	BOTH(SIGSEGV), KILL(SIGUSR2),
	KILL(SIGPIPE), KILL(SIGALRM),	KILL(SIGTERM), KILL(SIGSTKFLT), LIFE(SIGCHLD), LIFE(SIGCONT),
	LIFE(SIGSTOP), LIFE(SIGTSTP),	LIFE(SIGTTIN), LIFE(SIGTTOU),	LIFE(SIGURG),  BOTH(SIGXCPU),
	BOTH(SIGXFSZ), KILL(SIGVTALRM), KILL(SIGPROF), LIFE(SIGWINCH),	KILL(SIGIO),   KILL(SIGPWR),
	BOTH(SIGSYS),
};

#define RT(n) [n] = "SIGRTMIN+" #n
static const char *const realtime_names[RT_MAX - RT_MIN + 1] = {
	[0] = "SIGRTMIN",
	RT(1),
	RT(2),
	RT(3),
	RT(4),
	RT(5),
	RT(6),
	RT(7),
	RT(8),
	RT(9),
	RT(10),
	RT(11),
	RT(12),
	RT(13),
	RT(14),
	RT(15),
	RT(16),
	RT(17),
	RT(18),
	RT(19),
	RT(20),
	RT(21),
	RT(22),
	RT(23),
	RT(24),
	RT(25),
	RT(26),
	RT(27),
	RT(28),
	RT(29),
	[RT_MAX - RT_MIN] = "SIGRTMAX",
};

enum fault_kind fault_crash_of_signal(int signo)
{
	return signo > 0 && signo < RT_FIRST ? signals[signo].crash : FAULT_NONE;
}

enum fault_kind fault_kill_of_signal(int signo)
{
	if (signo >= RT_FIRST && signo <= RT_MAX)
		return FAULT_KILL_REALTIME;
	return signo > 0 && signo < RT_FIRST ? signals[signo].kill : FAULT_NONE;
}

const char *signal_name(int signo)
{
	if (signo > 0 && signo < RT_FIRST && signals[signo].name)
		return signals[signo].name;
	if (signo >= RT_MIN && signo <= RT_MAX)
		return realtime_names[signo - RT_MIN];
	return signo == 32 ? "SIG32" : signo == 33 ? "SIG33" : "SIG?";
}

/* "N" of 1..limit, decimal digits only; -EINVAL otherwise. */
static int number(const char *s, int limit)
{
	int n = 0;

	if (!*s)
		return -EINVAL;
	for (; *s; s++) {
		if (!isdigit((unsigned char)*s))
			return -EINVAL;
		n = n * 10 + (*s - '0');
		if (n > limit)
			return -EINVAL;
	}
	return n > 0 ? n : -EINVAL;
}

static int realtime_by_name(const char *name)
{
	int n;

	if (!strcasecmp(name, "RTMIN"))
		return RT_MIN;
	if (!strcasecmp(name, "RTMAX"))
		return RT_MAX;
	if (strncasecmp(name, "RTMIN+", 6) && strncasecmp(name, "RTMAX-", 6))
		return -EINVAL;
	n = number(name + 6, RT_MAX - RT_MIN);
	if (n < 0)
		return n;
	return name[5] == '+' ? RT_MIN + n : RT_MAX - n;
}

int signal_by_name(const char *name)
{
	static const struct {
		const char *name;
		int signo;
	} aliases[] = {{"IOT", SIGABRT}, {"CLD", SIGCHLD}, {"POLL", SIGIO}};

	if (isdigit((unsigned char)name[0]))
		return number(name, RT_MAX);
	if (!strncasecmp(name, "SIG", 3))
		name += 3;
	for (int i = 1; i < RT_FIRST; i++)
		if (!strcasecmp(signals[i].name + 3, name))
			return i;
	for (size_t i = 0; i < sizeof(aliases) / sizeof(aliases[0]); i++)
		if (!strcasecmp(aliases[i].name, name))
			return aliases[i].signo;
	return realtime_by_name(name);
}
