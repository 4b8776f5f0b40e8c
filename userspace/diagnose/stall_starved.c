// SPDX-License-Identifier: GPL-2.0-or-later
/* Threads that want to run and may not: others have the CPU, or the cgroup's quota is used up. */
#include "core/clock.h"
#include "diagnose/stall.h"

enum { WHOLE = 1000, HALF = 500, MOST = 700, CULPRITS_NAMED = 3, CULPRITS_TOLD = 5 };
/* sched(7); glibc's <sched.h> does not know them all. */
enum { FIFO = 1, RR = 2, DEADLINE = 6 };

static const char *policy_name(uint32_t policy)
{
	return stall_policy_name(policy) ?: "an unknown policy";
}

static bool is_real_time(const struct fe_member *member)
{
	return member->policy == FIFO || member->policy == RR || member->policy == DEADLINE;
}

static bool is_anything(const struct fe_member *member)
{
	return member->role == FE_ROLE_CULPRIT;
}

static unsigned int share_of(const struct fe_member *member)
{
	return member->share < WHOLE ? (unsigned int)member->share : WHOLE;
}

static unsigned int shares(const struct incident *incident, bool (*counts)(const struct fe_member *member))
{
	const struct fe_member *member = NULL;
	unsigned int sum = 0;

	while ((member = stall_member(&incident->stall, FE_ROLE_CULPRIT, member)))
		if (counts(member))
			sum += share_of(member);
	return sum;
}

/* "hog[99] (95 %), hog[98] (3 %)": the greediest first, as they come. */
static const char *culprits(struct incident *incident, bool (*counts)(const struct fe_member *member))
{
	const struct fe_member *member = NULL;
	const char *names = "";
	unsigned int count = 0;

	while (count < CULPRITS_NAMED && (member = stall_member(&incident->stall, FE_ROLE_CULPRIT, member)))
		if (counts(member))
			names = stall_printf(incident, "%s%s%s (%u %%)", names, count++ ? ", " : "",
					     stall_name(incident, member), share_of(member) / 10);
	return names;
}

static void say_starved(struct incident *incident, const char *why)
{
	char buf[CLOCK_DURATION_SIZE];

	say(incident, "%srunnable%s and given %s of CPU time%s", stall_subject(incident, "is "),
	    stall_for(incident), clock_duration(incident->stall.event->run_time, buf), why);
}

static bool real_time_hog(struct incident *incident, struct fault *f, enum confidence *c)
{
	(void)f;
	(void)c;
	if (shares(incident, is_real_time) < HALF)
		return false;
	say_starved(incident, stall_printf(incident, ": CPU %u has real-time work for %s",
					   incident->stall.event->cpu, culprits(incident, is_real_time)));
	return true;
}

static bool affinity(struct incident *incident, struct fault *f, enum confidence *c)
{
	const struct fe_stall *event = incident->stall.event;

	(void)f;
	(void)c;
	if (!event->cpus_allowed || event->cpus_allowed >= event->cpus_online || event->idle_elsewhere < HALF)
		return false;
	say_starved(incident,
		    stall_printf(incident, ": it may use %u of %u CPUs, and the others were %u %% idle",
				 event->cpus_allowed, event->cpus_online,
				 (event->idle_elsewhere < WHOLE ? event->idle_elsewhere : WHOLE) / 10));
	return true;
}

static bool contention(struct incident *incident, struct fault *f, enum confidence *c)
{
	(void)f;
	*c = CONFIDENCE_LIKELY;
	if (shares(incident, is_anything) < MOST)
		return false;
	say_starved(incident, stall_printf(incident, ": CPU %u went to %s", incident->stall.event->cpu,
					   culprits(incident, is_anything)));
	return true;
}

static const struct rule starved_rules[] = {
	{"real-time-hog", real_time_hog,
	 "Give the real-time thread less: its policy, its affinity, or RLIMIT_RTTIME."},
	{"affinity", affinity, "Widen its affinity (taskset, cpuset.cpus, CPUAffinity=)."},
	{"cpu-contention", contention, "Give it more weight (nice, CPUWeight=) or those less, or add CPUs."},
};

static void describe_starved(struct incident *incident)
{
	say_starved(incident, "");
}

static void tell_starved(struct incident *incident)
{
	const struct fe_stall *event = incident->stall.event;
	const struct fe_member *member = NULL;
	unsigned int count = 0;

	while (count++ < CULPRITS_TOLD && (member = stall_member(&incident->stall, FE_ROLE_CULPRIT, member)))
		incident_evidence(incident, "%s had %u %% of CPU %u (%s)", stall_name(incident, member),
				  share_of(member) / 10, event->cpu, policy_name(member->policy));
	incident_evidence(incident, "%s has the policy %s, nice %d", stall_it(incident),
			  policy_name(event->policy), event->nice);
	if (event->cpus_allowed && event->cpus_online)
		incident_evidence(incident, "it may use %u of %u CPUs", event->cpus_allowed,
				  event->cpus_online);
}

const struct stall_tree stall_starved = {
	.kind = FAULT_STALL_STARVED,
	.describe = describe_starved,
	STALL_RULES(starved_rules),
	.tell = tell_starved,
};

/* ---- stall.throttled */

/* The limit may be that of a cgroup further up: then it has no numbers here. */
static const char *limit(struct incident *incident)
{
	const struct fe_stall *event = incident->stall.event;
	char quota[CLOCK_DURATION_SIZE], period[CLOCK_DURATION_SIZE];

	if (!event->quota || !event->period)
		return "";
	return stall_printf(incident, "may use %s of CPU each %s and ", clock_duration(event->quota, quota),
			    clock_duration(event->period, period));
}

static void say_throttled(struct incident *incident)
{
	const struct fe_stall *event = incident->stall.event;

	say(incident, "its cgroup %swas throttled in %u of %u periods", limit(incident),
	    event->throttled_periods, event->periods);
}

static bool cpu_quota(struct incident *incident, struct fault *f, enum confidence *c)
{
	const struct fe_stall *event = incident->stall.event;
	char buf[CLOCK_DURATION_SIZE];

	(void)f;
	(void)c;
	if (!event->periods || 2ULL * event->throttled_periods < event->periods)
		return false;
	say_throttled(incident);
	incident_evidence(incident, "throttled in %u of %u periods%s%s", event->throttled_periods,
			  event->periods, event->throttled_time ? ", on all CPUs together for " : "",
			  event->throttled_time ? clock_duration(event->throttled_time, buf) : "");
	return true;
}

static const struct rule throttled_rules[] = {
	{"cpu-quota", cpu_quota, "Raise the quota (CPUQuota=, cpu.max), or find out what uses it up."},
};

static void tell_throttled(struct incident *incident)
{
	if (incident->who.cgroup)
		incident_evidence(incident, "its cgroup is %s", incident->who.cgroup);
}

const struct stall_tree stall_throttled = {
	.kind = FAULT_STALL_THROTTLED,
	.describe = say_throttled,
	STALL_RULES(throttled_rules),
	.tell = tell_throttled,
};
