// SPDX-License-Identifier: GPL-2.0-or-later
/* The rules that forbid an action, each a line of a table, the first that applies wins. */
#include "recover/policy.h"

#include <signal.h>
#include <string.h>

#include "core/clock.h"
#include "core/stall_names.h"

/* A stop takes as long as systemd's default TimeoutStopSec= at most, before it is forced. */
static const uint64_t STOP_TIME = 90 * NSEC_PER_SEC;

static bool any_of(const char *word, const char *const *list)
{
	for (; word && *list; list++)
		if (strcmp(word, *list) == 0)
			return true;
	return false;
}

static enum fault_family family_of(const struct incident *incident)
{
	const struct fault_info *info = fault_info(incident->kind);

	return info ? info->family : FAMILY_NONE;
}

/* The actions that start something again, and so need the rules about whether that makes sense. */
static bool restarts(const struct situation *s)
{
	return s->action == ACTION_RESTART || s->action == ACTION_RESTART_UNIT ||
	       s->action == ACTION_RESTART_COMMAND || s->action == ACTION_RESPAWN;
}

static bool is_protected(const struct situation *s)
{
	return s->action != ACTION_EXEC && s->is_protected;
}

static bool is_own_signal(const struct situation *s)
{
	return s->own_signal;
}

/*
 * SIGHUP is left out: daemons reload at it, and a crash right after a reload is a fault like any other. A
 * kill.NAME that the configuration names is meant, although it is a request at the same time.
 */
static bool is_stop_requested(const struct situation *s)
{
	const struct incident *i = s->incident;
	const struct sender *request = &i->request;
	uint64_t age = i->time > request->time ? i->time - request->time : 0;

	if (!request->known || !restarts(s))
		return false;
	if (request->signo != SIGTERM && request->signo != SIGINT && request->signo != SIGQUIT)
		return false;
	if (family_of(i) == FAMILY_KILL && i->signo == request->signo)
		return false;
	return age <= STOP_TIME;
}

static bool is_killed_by_manager(const struct situation *s)
{
	return restarts(s) && s->incident->why.cause &&
	       strcmp(s->incident->why.cause, "killed-by-manager") == 0;
}

static bool is_supervised(const struct situation *s)
{
	return restarts(s) && s->supervisor;
}

static bool is_worker(const struct situation *s)
{
	return restarts(s) && s->forked_worker;
}

static bool is_incurable(const struct situation *s)
{
	static const char *const causes[] = {
		"disk-full",	 "no-space", "missing-file", "missing-library", "permission",
		"configuration", NULL};
	enum fault_family family = family_of(s->incident);

	if (!restarts(s))
		return false;
	if (family == FAMILY_HOST || family == FAMILY_KERNEL || s->incident->kind == FAULT_RESOURCE_SPACE ||
	    s->incident->kind == FAULT_RESOURCE_INODES || s->incident->kind == FAULT_RESOURCE_READ_ONLY)
		return true;
	return s->incident->why.confidence >= CONFIDENCE_LIKELY && any_of(s->incident->why.cause, causes);
}

/* The end of the chain of owners is in uninterruptible sleep, or somebody else's. */
static bool waits_for_others(const struct incident *incident)
{
	const struct fe_member *last = NULL, *next = NULL;

	while ((next = stall_member(&incident->stall, FE_ROLE_CHAIN, last)))
		last = next;
	return last && (last->state == 'D' || last->pid != (uint32_t)incident->who.pid);
}

/*
 * Nothing is wrong with a process that is given no CPU, that a debugger or a freezer holds, or that waits for
 * a disk, a lock on a file or another process: ending it cures nothing, and its successor would fare no
 * better.
 */
bool policy_not_to_blame(const struct incident *incident)
{
	static const char *const causes[] = {"debugger",    "frozen-cgroup",
					     "slow-device", "filesystem-frozen",
					     "fuse-server", "kernel-lock",
					     "file-lock",   "network-filesystem",
					     "pipe-full",   "socket-full",
					     "connect",	    "dns",
					     "starved",	    NULL};
	enum fault_kind kind = incident->kind;

	if (family_of(incident) != FAMILY_STALL)
		return false;
	if (kind == FAULT_STALL_STARVED || kind == FAULT_STALL_THROTTLED ||
	    any_of(incident->why.cause, causes))
		return true;
	if (kind == FAULT_STALL_EVENTLOOP && incident->stall.event && incident->stall.event->state == 'D')
		return true;
	return waits_for_others(incident);
}

static bool is_not_to_blame(const struct situation *s)
{
	return s->action != ACTION_EXEC && policy_not_to_blame(s->incident);
}

static bool is_incomplete(const struct situation *s)
{
	return s->action != ACTION_EXEC && !s->incident->why.evidence_complete && !s->run;
}

static bool has_no_way(const struct situation *s)
{
	return s->no_way;
}

static bool is_foreign(const struct situation *s)
{
	return s->action == ACTION_RESPAWN && s->foreign_namespaces;
}

static bool lacks_launch(const struct situation *s)
{
	return s->action == ACTION_RESPAWN && !s->has_launch && !s->run;
}

static bool is_retitled(const struct situation *s)
{
	return s->action == ACTION_RESPAWN && s->launch_retitled && !s->run;
}

static bool runs_already(const struct situation *s)
{
	return s->action == ACTION_RESPAWN && s->already_running;
}

static const struct {
	bool (*applies)(const struct situation *situation);
	struct refusal refusal;
} rules[] = {
	{is_protected, {"protected", "it is PID 1, a kernel thread, faultd or one of its ancestors"}},
	{is_own_signal, {"own-signal", "faultd's own signal ended it"}},
	{is_stop_requested, {"stop-requested", "somebody had asked it to stop"}},
	{is_killed_by_manager, {"supervisor-acts", "its own manager ended it"}},
	{is_supervised, {"supervisor-acts", "its own supervisor looks after it"}},
	{is_worker, {"worker-of-living-parent", "the process that forked it lives and replaces it"}},
	{is_incurable, {"not-curable-by-restart", "a restart does not cure this cause"}},
	{is_not_to_blame, {"not-to-blame", "it is not what stands in its own way"}},
	{is_incomplete, {"evidence-incomplete", "too little was seen of this fault to act on it"}},
	{has_no_way, {"no-way", "there is no command to do it with"}},
	{is_foreign, {"other-namespace", "it lived in other namespaces than faultd does"}},
	{lacks_launch, {"evidence-incomplete", "it ended before its environment could be recorded"}},
	{is_retitled, {"evidence-incomplete", "it had overwritten its own command line"}},
	{runs_already, {"already-running", "the same program has been started meanwhile"}},
};

const struct refusal *policy_refusal(const struct situation *situation)
{
	for (size_t i = 0; i < sizeof(rules) / sizeof(rules[0]); i++)
		if (rules[i].applies(situation))
			return &rules[i].refusal;
	return NULL;
}

int policy_wait_status(const struct incident *incident)
{
	if (incident->who.has_exit_status)
		return incident->who.exit_status;
	if (incident->signo)
		return incident->signo & 0x7f;
	return family_of(incident) == FAMILY_OOM ? SIGKILL : 0;
}

const struct refusal *policy_unit_refusal(const struct incident *incident, const struct unit_info *unit,
					  bool main_alive, bool named, bool own)
{
	static const struct refusal missing = {"no-such-unit", "systemd knows no such unit"};
	static const struct refusal stopping = {"stop-requested", "its unit is being stopped"};
	static const struct refusal starting = {"supervisor-acts", "a job of systemd is at work on its unit"};
	static const struct refusal restarting = {"supervisor-acts", "systemd restarts it itself (Restart=)"};
	static const struct refusal worker = {"worker-of-living-parent",
					      "the main process of its unit lives"};
	bool watchdog = incident->why.cause && strcmp(incident->why.cause, "watchdog") == 0;
	bool ended = family_of(incident) != FAMILY_STALL && family_of(incident) != FAMILY_RESOURCE;

	if (strcmp(unit->load_state, "not-found") == 0)
		return &missing;
	if (unit->job && strcmp(unit->active_state, "deactivating") == 0)
		return &stopping;
	if (unit->job)
		return &starting;
	if (!ended || !own)
		return NULL; /* it lives, and systemd sees nothing wrong with that */
	if (main_alive)
		return named ? NULL : &worker;
	/* What it has done already counts more than what its settings say. */
	if (strcmp(unit->sub_state, "auto-restart") == 0)
		return &restarting;
	if (strcmp(unit->result, "start-limit-hit") == 0)
		return NULL;
	return systemd_will_restart(unit, policy_wait_status(incident), family_of(incident) == FAMILY_OOM,
				    watchdog)
		       ? &restarting
		       : NULL;
}
