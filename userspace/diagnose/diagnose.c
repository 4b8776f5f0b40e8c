// SPDX-License-Identifier: GPL-2.0-or-later
/* Why it happened: the family decides which tree is walked. */
#include "diagnose/diagnose.h"

#include <stdarg.h>
#include <string.h>

#include "diagnose/rules.h"

void say(struct incident *incident, const char *fmt, ...)
{
	va_list ap;

	va_start(ap, fmt);
	incident->why.summary = incident_vprintf(incident, fmt, ap);
	va_end(ap);
}

void rules_walk(struct incident *incident, struct fault *fault, const struct rule *rules, size_t count)
{
	for (size_t i = 0; i < count; i++) {
		enum confidence confidence = CONFIDENCE_CERTAIN;

		if (!rules[i].holds(incident, fault, &confidence))
			continue;
		incident->why.cause = rules[i].cause;
		incident->why.confidence = confidence;
		incident->why.advice = rules[i].advice;
		return;
	}
}

bool diagnose(struct incident *incident)
{
	const struct fault_info *info = fault_info(incident->kind);
	const char *before = incident->why.cause;

	incident->why = (struct diagnosis){.cause = "unknown", .confidence = CONFIDENCE_POSSIBLE};
	incident->why.evidence_complete = incident->who.pid > 0 && incident->who.start > 0;
	if (!info)
		return false;
	switch (info->family) {
	case FAMILY_CRASH: diagnose_crash(incident); break;
	case FAMILY_KILL: diagnose_kill(incident); break;
	case FAMILY_OOM: diagnose_oom(incident); break;
	case FAMILY_EXIT: diagnose_exit(incident); break;
	default: break;
	}
	return before && strcmp(before, incident->why.cause) != 0;
}
