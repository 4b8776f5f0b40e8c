// SPDX-License-Identifier: GPL-2.0-or-later
/* signal: sent through the pidfd; on a ladder its time is what the process has to go away. */
#include <errno.h>
#include <signal.h>
#include <string.h>

#include "recover/private.h"

/* A process that stands still is helped only when it moves or goes; what ends is looked at anyway. */
static bool is_awaited(const struct recovery *recovery)
{
	const struct fault_info *info = fault_info(recovery->incident->kind);

	return info && info->family == FAMILY_STALL;
}

/*
 * What it does then is its ending: a handler may take its time. At SIGHUP daemons reload and at SIGQUIT a JVM
 * shows its threads, and both go on: whoever moves after these is not ended by a later rung.
 */
static bool ends(int signo)
{
	return signo == SIGTERM || signo == SIGKILL || signo == SIGINT || signo == SIGABRT;
}

static int start(struct recovery *recovery)
{
	bool last = recovery->index + 1 >= recovery->plan->action_count;
	int r = recovery->old.fd < 0
			? -3
			: recover_signal(recovery->recover, &recovery->old, recovery->rung.action->signo);

	if (r < 0) {
		say_failure(recovery, "%s could not be sent (%s)", signal_name(recovery->rung.action->signo),
			    strerror(-r));
		return r;
	}
	recovery->killing = ends(recovery->rung.action->signo);
	return last && !is_awaited(recovery) ? 1 : 0;
}

static void old_gone(struct recovery *recovery)
{
	ladder_rung_done(recovery, 0);
}

const struct action_ops action_signal = {
	.type = ACTION_SIGNAL,
	.timeout = 2 * NSEC_PER_SEC,
	.start = start,
	.old_gone = old_gone,
};
