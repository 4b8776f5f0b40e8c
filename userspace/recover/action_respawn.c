// SPDX-License-Identifier: GPL-2.0-or-later
/* respawn: the same program again, from its launch record, as soon as the old one has gone. */
#include <errno.h>
#include <signal.h>
#include <stdio.h>
#include <string.h>

#include "recover/private.h"

static const uint64_t TERM_TIME = 3 * NSEC_PER_SEC;

static void start_again(struct recovery *recovery)
{
	struct recover *recover = recovery->recover;
	const char *stage = "launch record";
	uint64_t start = 0, stack;
	pid_t pid = 0;
	int nice, r = -EOWNERDEAD;

	if (recovery->run)
		r = run_spawn(recover, &pid, &stage);
	else if (recovery->launch)
		r = launch_spawn(recovery->launch, &pid, &stage);
	if (r < 0) {
		say_failure(recovery, "it could not be started (%s: %s)", stage, strerror(-r));
		ladder_rung_done(recovery, r);
		return;
	}
	recovery->up = recover_now(recover);
	recovery->new_pid = pid;
	if (launch_read_stat(pid, &start, &stack, &nice) == 0)
		recovery->new_start = start;
	recover_adopt(recover, pid, start, recovery->launch);
	ladder_rung_done(recovery, 0);
}

static void respawn(struct recovery *recovery)
{
	if (!orphans_end(recovery, start_again))
		start_again(recovery);
}

static void on_term_ignored(void *arg)
{
	struct recovery *recovery = arg;

	recovery->timer = NULL;
	recover_signal(recovery->recover, &recovery->old, SIGKILL);
	ladder_set_timer(recovery, recover_now(recovery->recover) + action_respawn.timeout, ladder_deadline);
}

/* A process that hangs has to go first; one that is dying is waited for. */
static int start(struct recovery *recovery)
{
	const struct fault_info *info = fault_info(recovery->incident->kind);

	if (recovery->old_gone) {
		respawn(recovery);
		return 0;
	}
	say_failure(recovery, "the old process did not go away in time");
	if (info && info->family != FAMILY_STALL && info->family != FAMILY_RESOURCE)
		return 0;
	if (recovery->old.fd < 0)
		return -ESRCH;
	recovery->killing = true;
	if (recover_signal(recovery->recover, &recovery->old, SIGTERM) == 0)
		ladder_set_timer(recovery, recover_now(recovery->recover) + TERM_TIME, on_term_ignored);
	return 0;
}

const struct action_ops action_respawn = {
	.type = ACTION_RESPAWN,
	.timeout = 10 * NSEC_PER_SEC,
	.restarts = true,
	.start = start,
	.old_gone = respawn,
};
