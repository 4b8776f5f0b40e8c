// SPDX-License-Identifier: GPL-2.0-or-later
/* exec: a hook gets the incident, in its environment and as JSON on its standard input. */
#include "recover/hook.h"

static void on_done(void *arg, int status)
{
	struct recovery *recovery = arg;

	recovery->command = NULL;
	if (status != 0)
		hook_say_failure(recovery, "the hook", status);
	ladder_rung_done(recovery, status == 0 ? 0 : -1);
}

static int start(struct recovery *recovery)
{
	uint64_t timeout = recovery->rung.action->timeout ?: 60 * NSEC_PER_SEC;

	return hook_start(recovery, recovery->rung.action->argument, true, timeout, on_done);
}

const struct action_ops action_exec = {
	.type = ACTION_EXEC,
	.timeout = 65 * NSEC_PER_SEC,
	.start = start,
};
