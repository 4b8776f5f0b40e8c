// SPDX-License-Identifier: GPL-2.0-or-later
/* restart-command: a command of the configuration restarts it, and its status says whether it could. */
#include "recover/hook.h"

static void on_done(void *arg, int status)
{
	struct recovery *recovery = arg;

	recovery->command = NULL;
	if (status != 0)
		hook_say_failure(recovery, "the command", status);
	else if (!recovery->up)
		recovery->up = recover_now(recovery->recover);
	ladder_rung_done(recovery, status == 0 ? 0 : -1);
}

/* The command has its own deadline a little before the rung's, which then says what happened. */
static int start(struct recovery *recovery)
{
	uint64_t timeout = recovery->rung.action->timeout ?: 60 * NSEC_PER_SEC;

	return hook_start(recovery, recovery->rung.argument, false, timeout, on_done);
}

const struct action_ops action_command = {
	.type = ACTION_RESTART_COMMAND,
	.timeout = 65 * NSEC_PER_SEC,
	.restarts = true,
	.start = start,
};
