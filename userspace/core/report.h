/* SPDX-License-Identifier: GPL-2.0-or-later */
/* What the rooms tell monitor: one report is one line of the stream. */
#ifndef FAULTD_CORE_REPORT_H
#define FAULTD_CORE_REPORT_H

#include "core/incident.h"

enum report_type {
	REPORT_FAULT,	  /* faultd.fault */
	REPORT_DIAGNOSIS, /* faultd.diagnosis */
	REPORT_ACTION,	  /* faultd.action */
	REPORT_OUTCOME,	  /* faultd.outcome */
	REPORT_CLEAR,	  /* faultd.clear */
	REPORT_SELF,	  /* faultd.self */
};

enum report_outcome { OUTCOME_NONE, OUTCOME_SUCCESS, OUTCOME_FAILURE, OUTCOME_UNKNOWN };

struct report {
	enum report_type type;
	uint64_t time;			 /* CLOCK_BOOTTIME ns */
	const struct incident *incident; /* NULL for most of REPORT_SELF */
	enum report_outcome outcome;
	uint64_t duration;   /* ns; REPORT_OUTCOME: fault to verified, REPORT_CLEAR */
	bool gone;	     /* REPORT_CLEAR: it did not go on: it ended */
	const char *message; /* one plain sentence; REPORT_FAULT may leave it NULL: the diagnosis' summary is
				it */

	struct {
		const char *type;   /* "restart", "restart-unit" ...: the action as it was configured */
		const char *state;  /* "started", "skipped", "pretended" (dry run), "failed" */
		const char *policy; /* name of the policy */
		const char *target; /* what it is done to, in words: "redis.service", "redis-server[1234]" */
		unsigned int attempt;
		bool dry_run;
		const char *reason; /* slug: why, or why not ("backoff", "breaker-open", "protected", ...) */
	} action;

	const struct process *process; /* REPORT_OUTCOME: the new process, NULL if there is none */
	const char *listening;	       /* REPORT_OUTCOME: "127.0.0.1:6379", NULL unknown */

	struct {
		enum fault_kind kind; /* self.* */
		const char *program;  /* whose events; NULL */
		uint64_t lost;	      /* self.lost-events: how many more */
		uint64_t lost_total;
		const char *feature;	 /* self.blind: what is missing */
		const char *consequence; /* what is not seen because of it */
		const char *policy;	 /* self.breaker-open */
	} self;
};

typedef void (*report_fn)(void *arg, const struct report *report);

#endif
