// SPDX-License-Identifier: GPL-2.0-or-later
/* restart-unit: systemd restarts the unit, and the job's result says whether it could. */
#include <stdio.h>
#include <string.h>

#include "recover/private.h"

static const uint64_t JOB_TIMEOUT = 90 * NSEC_PER_SEC;

static void on_job(void *arg, int error, const char *result)
{
	struct recovery *recovery = arg;

	recovery->request = NULL;
	if (error < 0)
		say_failure(recovery, "systemd refused to restart the unit (%s)", strerror(-error));
	else if (strcmp(result, "done") != 0)
		say_failure(recovery, "systemd's job ended with \"%.32s\"", result);
	else
		recovery->up = recover_now(recovery->recover);
	ladder_rung_done(recovery, error < 0 || strcmp(result, "done") != 0 ? -1 : 0);
}

static int start(struct recovery *recovery)
{
	int r = systemd_restart_unit(recovery->recover->systemd, recovery->rung.argument, JOB_TIMEOUT, on_job,
				     recovery, &recovery->request);

	if (r < 0)
		say_failure(recovery, "systemd cannot be reached (%s)", strerror(-r));
	return r;
}

const struct action_ops action_unit = {
	.type = ACTION_RESTART_UNIT,
	.timeout = 95 * NSEC_PER_SEC,
	.restarts = true,
	.start = start,
};
