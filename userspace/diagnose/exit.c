// SPDX-License-Identifier: GPL-2.0-or-later
/* Exits: it ended by itself. Why is in what it wrote and in the calls that failed, which are not looked at
 * yet. */
#include <sys/wait.h>

#include "core/clock.h"
#include "diagnose/rules.h"

void diagnose_exit(struct incident *incident)
{
	int status = WEXITSTATUS(incident->who.exit_status);
	char lived[CLOCK_DURATION_SIZE];

	if (incident->kind == FAULT_EXIT_UNEXPECTED)
		say(incident, "ended by itself with status 0");
	else
		say(incident, "ended by itself with status %d", status);
	incident_evidence(incident, "exit status %d", status);
	if (incident->who.start && incident->time > incident->who.start)
		incident_evidence(incident, "it lived for %s",
				  clock_duration(incident->time - incident->who.start, lived));
}
