// SPDX-License-Identifier: GPL-2.0-or-later
/* OOM kills: which limit was hit, by how much, and who asked for the page that was one too many. */
#include <string.h>

#include "diagnose/rules.h"

#define MIB (1024.0 * 1024.0)

/*
 * Whether the limit is the victim's own cgroup's. The paths tell where both are of one hierarchy; on a host
 * with memory on v1 and units on v2, the trigger's distance from the limit does, where the trigger is the
 * victim.
 */
static bool own_limit(const struct incident *incident)
{
	const char *mine = incident->who.cgroup, *limit = incident->oom.cgroup;
	size_t len = limit ? strlen(limit) : 0;

	if (mine && limit && strcmp(mine, limit) == 0)
		return true;
	if (mine && limit && len > 1 && strncmp(mine, limit, len) == 0 && mine[len] == '/')
		return false;
	return incident->oom.levels_above == 0;
}

static void tell_numbers(struct incident *incident)
{
	const struct oom_facts *oom = &incident->oom;

	if (oom->limit != ~0ULL)
		incident_evidence(incident, "%s of %s: limit %.1f MiB, used %.1f MiB",
				  oom->flags & FE_OOM_SWAP_LIMIT ? "memory and swap" : "memory",
				  oom->cgroup ? oom->cgroup : "its cgroup", (double)oom->limit / MIB,
				  (double)oom->usage / MIB);
	if (oom->rss != ~0ULL)
		incident_evidence(incident, "it had %.1f MiB resident", (double)oom->rss / MIB);
	if (oom->score_adj != FE_OOM_SCORE_UNKNOWN && oom->score_adj != 0)
		incident_evidence(incident, "its oom_score_adj is %d", oom->score_adj);
	if (oom->trigger_pid == incident->who.pid)
		incident_evidence(incident, "it asked for the memory itself");
	else if (oom->trigger_pid)
		incident_evidence(incident, "%s[%d] asked for the memory", oom->trigger_name,
				  (int)oom->trigger_pid);
	if (oom->flags & FE_OOM_GROUP)
		incident_evidence(incident, "memory.oom.group: all of the cgroup are killed together");
}

static bool cgroup_limit(struct incident *incident, struct fault *f, enum confidence *c)
{
	(void)f;
	(void)c;
	if (incident->oom.scope != FE_OOM_CGROUP || !own_limit(incident))
		return false;
	say(incident, "the memory limit of its cgroup %s (%.1f MiB) is used up",
	    incident->oom.cgroup ? incident->oom.cgroup : "", (double)incident->oom.limit / MIB);
	return true;
}

static bool ancestor_limit(struct incident *incident, struct fault *f, enum confidence *c)
{
	(void)f;
	(void)c;
	if (incident->oom.scope != FE_OOM_CGROUP)
		return false;
	say(incident, "the memory limit of %s (%.1f MiB), above its own cgroup, is used up",
	    incident->oom.cgroup ? incident->oom.cgroup : "an ancestor", (double)incident->oom.limit / MIB);
	return true;
}

static bool memory_policy(struct incident *incident, struct fault *f, enum confidence *c)
{
	(void)f;
	*c = CONFIDENCE_LIKELY;
	if (incident->oom.scope != FE_OOM_POLICY)
		return false;
	say(incident, "the memory nodes that %s is bound to are used up", incident->oom.trigger_name);
	return true;
}

static bool host_memory(struct incident *incident, struct fault *f, enum confidence *c)
{
	(void)f;
	if (incident->oom.scope != FE_OOM_HOST)
		return false;
	/* A limit that was just eased looks like this, too. */
	if (incident->oom.flags & FE_OOM_LIMITED)
		*c = CONFIDENCE_LIKELY;
	say(incident, "the host ran out of memory and the kernel chose it");
	return true;
}

static const struct rule rules[] = {
	{"cgroup-limit", cgroup_limit, "Raise the limit (MemoryMax=, memory.max), or find out what grew."},
	{"ancestor-cgroup-limit", ancestor_limit,
	 "Raise the limit of that cgroup, or give its children limits of their own."},
	{"memory-policy", memory_policy, "Widen the set of memory nodes (numactl, cpuset.mems)."},
	{"host-memory", host_memory, "Add memory, or give the largest services limits of their own."},
};

void diagnose_oom(struct incident *incident)
{
	say(incident, "killed by the kernel's OOM killer");
	rules_walk(incident, NULL, rules, sizeof(rules) / sizeof(rules[0]));
	tell_numbers(incident);
}
