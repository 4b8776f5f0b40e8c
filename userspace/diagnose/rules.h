/* SPDX-License-Identifier: GPL-2.0-or-later */
/* How a family's fault tree is written: rules in order, the first that holds is the verdict. */
#ifndef FAULTD_DIAGNOSE_RULES_H
#define FAULTD_DIAGNOSE_RULES_H

#include "core/incident.h"

struct fault; /* the facts of one fault; see fault.h */

struct rule {
	const char *cause; /* slug of the catalogue */
	/* Whether it holds; then also how sure that is. Adds the evidence and may leave a summary behind. */
	bool (*holds)(struct incident *incident, struct fault *fault, enum confidence *ret_confidence);
	const char *advice; /* NULL: none */
};

/* Walks a table; when nothing holds the cause is "unknown" and the summary stays what it was. */
void rules_walk(struct incident *incident, struct fault *fault, const struct rule *rules, size_t count);

/* Sets incident->why.summary. */
void say(struct incident *incident, const char *fmt, ...) __attribute__((format(printf, 2, 3)));

void diagnose_crash(struct incident *incident);
void diagnose_kill(struct incident *incident);
void diagnose_oom(struct incident *incident);
void diagnose_exit(struct incident *incident);
void diagnose_stall(struct incident *incident);

#endif
