/* SPDX-License-Identifier: GPL-2.0-or-later */
/* Commands of the configuration, run with the incident in their environment. */
#ifndef FAULTD_RECOVER_HOOK_H
#define FAULTD_RECOVER_HOOK_H

#include "recover/private.h"

/* As command_start(); with_json: the incident is on its standard input and its output is shown. */
int hook_start(struct recovery *recovery, const char *line, bool with_json, uint64_t timeout,
	       command_fn done);
/* Status of a command, or the negative errno of its end, in words for the failure. */
void hook_say_failure(struct recovery *recovery, const char *what, int status);

#endif
