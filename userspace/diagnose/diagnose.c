// SPDX-License-Identifier: GPL-2.0-or-later
/* Why it happened: the family decides which tree is walked. */
#include "diagnose/diagnose.h"

#include <string.h>

#include "diagnose/rules.h"

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
	case FAMILY_STALL:
	case FAMILY_KERNEL: diagnose_stall(incident); break;
	default: break;
	}
	return before && strcmp(before, incident->why.cause) != 0;
}
