/* SPDX-License-Identifier: GPL-2.0-or-later */
/* Putting it right: from a diagnosed incident to a decision, an action and the proof that it helped. */
#ifndef FAULTD_RECOVER_RECOVER_H
#define FAULTD_RECOVER_RECOVER_H

#include "core/config.h"
#include "core/report.h"
#include "host/loop.h"

struct recover;

struct recover_options {
	struct loop *loop;
	const struct config *config; /* must outlive the recover, or be replaced by recover_reconfigure() */
	bool dry_run;
	bool act; /* false: decide nothing, do nothing (replay) */
	report_fn report;
	void *report_arg;
	/*
	 * The incident as one JSON object, into fresh memory that is free()d: what hooks read on their
	 * standard input. NULL, also as its answer: they read nothing.
	 */
	char *(*incident_json)(void *arg, const struct incident *incident);
	void *incident_json_arg;
};

int recover_new(struct recover **ret, const struct recover_options *options);
void recover_free(struct recover *recover);
/* Takes over a new configuration; breakers and backoff of policies that kept their name are kept. */
void recover_reconfigure(struct recover *recover, const struct config *config);

/* A diagnosed incident; a reference is taken for as long as it is worked on. */
void recover_incident(struct recover *recover, struct incident *incident);
/*
 * A stall is over by itself: if its process lives, what was going to be done is not done. gone: its thread
 * has ended, perhaps with the process.
 */
void recover_cleared(struct recover *recover, const struct incident *incident, bool gone);
/*
 * A process was executed or found running; what a policy names gets its launch record read now (environment,
 * descriptors, limits ...), since nobody can after its death. Cheap when no policy names it.
 */
void recover_process_started(struct recover *recover, const struct process *process);
/*
 * A process was created without executing anything yet; a child of one that has a launch record shares it.
 * So a daemon that put itself into the background can be respawned. Cheap when the parent has none; start is
 * CLOCK_BOOTTIME ns.
 */
void recover_process_forked(struct recover *recover, pid_t pid, uint64_t start, pid_t ppid);
/* A thread group has gone for good (after its death record, if there was one). */
void recover_process_gone(struct recover *recover, pid_t pid, uint64_t start);
/* Actions that are under way or waiting for their turn. */
unsigned int recover_pending(const struct recover *recover);

/*
 * `run -- CMD`: status is what faultd is to exit with: that of the command, 128+N when signal N ended it.
 * given_up: it ended with a fault, and no restart is tried (any more).
 */
typedef void (*recover_run_fn)(void *arg, int status, bool given_up);
/*
 * Starts argv (searched for in PATH) in our session and process group with our standard streams, and starts
 * it again by the policy named "run" of the configuration, or else: crash, oom, kill.sigkill, exit.failure,
 * and the defaults of a policy. Its death is judged by the incident that says why, or after 50 ms without
 * one by its wait status. fn is called once, when it ended well, was asked to stop, or is given up. 0, or
 * negative errno when it cannot be executed. At most one for a recover: -EBUSY.
 */
int recover_run(struct recover *recover, char **argv, recover_run_fn fn, void *arg);
/* Hands a signal on to the command; after TERM, INT, HUP or QUIT its end is no fault. */
void recover_run_signal(struct recover *recover, int signo);
/* The command's process now; 0 while there is none. */
pid_t recover_run_pid(const struct recover *recover);

#endif
