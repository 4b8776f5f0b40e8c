/* SPDX-License-Identifier: GPL-2.0-or-later */
/* Talking to systemd over sd-bus, without ever waiting for it. Built without libsystemd: there is none. */
#ifndef FAULTD_HOST_SYSTEMD_H
#define FAULTD_HOST_SYSTEMD_H

#include <stdbool.h>
#include <stdint.h>
#include <sys/types.h>

#include "host/loop.h"

struct systemd;
struct systemd_request; /* owned by the systemd; gone when its function is called */

enum { UNIT_NAME_SIZE = 256, UNIT_WORD_SIZE = 32 };

/* Statuses and signals of a SuccessExitStatus= kind of list. */
struct unit_statuses {
	uint8_t codes[256 / 8];
	uint64_t signals; /* bit n-1: signal n */
};

struct unit_info {
	char load_state[UNIT_WORD_SIZE];   /* "loaded", "not-found" ... */
	char active_state[UNIT_WORD_SIZE]; /* "active", "activating", "deactivating", "failed", "inactive" */
	char sub_state[UNIT_WORD_SIZE];
	char type[UNIT_WORD_SIZE];
	char restart[UNIT_WORD_SIZE]; /* Restart= */
	char result[UNIT_WORD_SIZE];  /* "success", "core-dump", "start-limit-hit" ... */
	pid_t main_pid, control_pid;
	uint32_t restarts;	/* NRestarts */
	uint32_t job;		/* id of the job that waits or runs; 0: none */
	uint64_t restart_delay; /* RestartSec, ns */
	struct unit_statuses success, prevent, force;
};

/* error: 0 or negative errno; then unit is NULL. */
typedef void (*systemd_unit_fn)(void *arg, int error, const struct unit_info *unit);
/* error: 0 or negative errno (then result is NULL); result: "done", "failed", "timeout", "canceled" ... */
typedef void (*systemd_job_fn)(void *arg, int error, const char *result);

/* Address of the manager's own socket; a test sets another. */
extern const char *systemd_private_bus;

/* Whether systemd is the init of this host (sd_booted(3)) and we can speak with it. */
bool systemd_available(void);
/* Connects at the first request. 0, -EOPNOTSUPP when not available, or negative errno. */
int systemd_new(struct systemd **ret, struct loop *loop);
/* Requests under way are dropped without a word. NULL is allowed; always returns NULL. */
struct systemd *systemd_free(struct systemd *systemd);

/* Timeouts are ns from now; when they pass the function is called with -ETIMEDOUT. 0 or negative errno. */
int systemd_query_unit(struct systemd *systemd, const char *unit, uint64_t timeout, systemd_unit_fn fn,
		       void *arg, struct systemd_request **ret);
int systemd_restart_unit(struct systemd *systemd, const char *unit, uint64_t timeout, systemd_job_fn fn,
			 void *arg, struct systemd_request **ret);
/* The function is not called any more. NULL is allowed; always returns NULL. */
struct systemd_request *systemd_cancel(struct systemd_request *request);

/*
 * What systemd.service(5) says in its table: whether a unit with these properties is started again by
 * systemd after its main process ended with status (as wait(2) gives it). oom: the OOM killer did it;
 * watchdog: WatchdogSec= did.
 */
bool systemd_will_restart(const struct unit_info *unit, int status, bool oom, bool watchdog);

#endif
