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
};

int recover_new(struct recover **ret, const struct recover_options *options);
void recover_free(struct recover *recover);
/* Takes over a new configuration; breakers and backoff of policies that kept their name are kept. */
void recover_reconfigure(struct recover *recover, const struct config *config);

/* A diagnosed incident; a reference is taken for as long as it is worked on. */
void recover_incident(struct recover *recover, struct incident *incident);
/*
 * A process was executed or found running; what a policy names gets its launch record read now (environment,
 * descriptors, limits ...), since nobody can after its death. Cheap when no policy names it.
 */
void recover_process_started(struct recover *recover, const struct process *process);
/* A thread group has gone for good (after its death record, if there was one). */
void recover_process_gone(struct recover *recover, pid_t pid, uint64_t start);
/* Actions that are under way or waiting for their turn. */
unsigned int recover_pending(const struct recover *recover);

#endif
