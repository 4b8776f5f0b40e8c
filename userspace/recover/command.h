/* SPDX-License-Identifier: GPL-2.0-or-later */
/* A shell command as a child: with something to read, a deadline, and an answer; nothing waits for it. */
#ifndef FAULTD_RECOVER_COMMAND_H
#define FAULTD_RECOVER_COMMAND_H

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

#include "host/loop.h"

struct command; /* frees itself once its child was reaped */

/* status as wait(2) gives it; -ETIMEDOUT when it was killed at its deadline. */
typedef void (*command_fn)(void *arg, int status);

struct command_options {
	struct loop *loop;
	const char *line;   /* for /bin/sh -c */
	char **environment; /* "NAME=value", added to ours; NULL-terminated; NULL: none */
	const char *input;  /* what it reads; NULL: /dev/null */
	bool show_output;   /* its output goes to our stderr, else nowhere */
	uint64_t timeout;   /* ns */
	command_fn done;
	void *arg;
};

/* 0, or negative errno when it could not be started; done is never called before this returns. */
int command_start(struct command **ret, const struct command_options *options);
/* Kills it; done is not called any more. NULL is allowed; always returns NULL. */
struct command *command_cancel(struct command *command);

#endif
