// SPDX-License-Identifier: GPL-2.0-or-later
/* Stalls: a thread lives and makes no progress. The kind picks the tree; what stopped a stopped one is here.
 */
#include "diagnose/stall.h"

#include <string.h>

#include "core/clock.h"

/* ---- stall.stopped */

static bool frozen_cgroup(struct incident *incident, struct fault *f, enum confidence *c)
{
	const char *cgroup = incident->who.cgroup;

	(void)f;
	(void)c;
	if (!(incident->stall.event->flags & FE_STALL_CGROUP_FROZEN))
		return false;
	say(incident, "its cgroup%s%s is frozen%s", cgroup ? " " : "", cgroup ? cgroup : "",
	    stall_for(incident));
	incident_evidence(incident, "its cgroup is frozen");
	return true;
}

static bool debugger(struct incident *incident, struct fault *f, enum confidence *c)
{
	const struct fe_stall *event = incident->stall.event;
	const char *tracer = stall_names(incident, FE_ROLE_TRACER);

	(void)f;
	if (!(event->flags & FE_STALL_TRACED) && !tracer)
		return false;
	/* A tracer alone has not stopped it: strace(1) lets it run. */
	if (!(event->flags & FE_STALL_TRACED) && event->state != 't')
		*c = CONFIDENCE_LIKELY;
	say(incident, "%sheld by %s%s", stall_subject(incident, "is "), tracer ? tracer : "a debugger",
	    tracer ? stall_printf(incident, ", which traces it,%s", stall_for(incident))
		   : stall_for(incident));
	if (tracer)
		incident_evidence(incident, "%s traces it with ptrace", tracer);
	if (event->flags & FE_STALL_TRACED || event->state == 't')
		incident_evidence(incident, "it is in a tracing stop");
	return true;
}

static bool job_control(struct incident *incident, struct fault *f, enum confidence *c)
{
	int signo = (int)incident->stall.event->signo;
	const char *sender = stall_names(incident, FE_ROLE_STOPPER);

	(void)f;
	(void)c;
	if (!signo)
		return false;
	say(incident, "stopped by %s%s%s%s", signal_name(signo), sender ? " from " : "", sender ? sender : "",
	    stall_for(incident));
	incident_evidence(incident, "%s stopped it", signal_name(signo));
	if (sender)
		incident_evidence(incident, "%s sent %s", sender, signal_name(signo));
	return true;
}

static const struct rule stopped_rules[] = {
	{"frozen-cgroup", frozen_cgroup,
	 "Thaw it: cgroup.freeze, freezer.state, or the container runtime's unpause."},
	{"debugger", debugger, "Let it go on in the debugger, or detach."},
	{"job-control", job_control, "Send it SIGCONT."},
};

static void describe_stopped(struct incident *incident)
{
	say(incident, "%sstopped%s; by whom was not seen", stall_subject(incident, "is "),
	    stall_for(incident));
}

static const struct stall_tree stall_stopped = {
	.kind = FAULT_STALL_STOPPED,
	.describe = describe_stopped,
	STALL_RULES(stopped_rules),
};

/* ---- all of them */

static const struct stall_tree *const trees[] = {
	&stall_deadlock, &stall_lock,	 &stall_io,	   &stall_syscall, &stall_eventloop,
	&stall_spin,	 &stall_starved, &stall_throttled, &stall_stopped, &stall_hung_task,
};

static const struct stall_tree *tree_of(enum fault_kind kind)
{
	for (size_t i = 0; i < sizeof(trees) / sizeof(trees[0]); i++)
		if (trees[i]->kind == kind)
			return trees[i];
	return NULL;
}

static void tell_time(struct incident *incident)
{
	const struct fe_stall *event = incident->stall.event;
	uint64_t lasted = stall_lasted(incident);
	char buf[CLOCK_DURATION_SIZE], limit[CLOCK_DURATION_SIZE];

	if (lasted && event->threshold)
		incident_evidence(incident, "no progress for %s; the threshold is %s",
				  clock_duration(lasted, buf), clock_duration(event->threshold, limit));
	else if (lasted)
		incident_evidence(incident, "no progress for %s", clock_duration(lasted, buf));
	if (event->flags & FE_STALL_BEFORE_US)
		incident_evidence(incident, "it began before faultd looked for the first time");
	if (event->others)
		incident_evidence(incident, "%u more of its threads stand still for the same reason",
				  event->others);
}

void diagnose_stall(struct incident *incident)
{
	const struct stall_tree *tree = tree_of(incident->kind);

	if (!tree)
		return;
	if (!incident->stall.event) {
		/* The kernel's detector has seen it; of any other stall nothing is left to rely on. */
		if (incident->kind == FAULT_KERNEL_HUNG_TASK) {
			say(incident, "the kernel's hung task detector found it in uninterruptible sleep");
			return;
		}
		say(incident, "what it waits for was not recorded");
		incident->why.evidence_complete = false;
		return;
	}
	tree->describe(incident);
	rules_walk(incident, NULL, tree->rules, tree->count);
	if (tree->tell)
		tree->tell(incident);
	tell_time(incident);
}
