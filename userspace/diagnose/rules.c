// SPDX-License-Identifier: GPL-2.0-or-later
/* Walking a fault tree. */
#include "diagnose/rules.h"

#include <stdarg.h>

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
