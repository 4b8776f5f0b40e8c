// SPDX-License-Identifier: GPL-2.0-or-later
/* The room's door: incidents and processes come in, recoveries are begun and ended. */
#include "recover/recover.h"

#include <errno.h>
#include <signal.h>
#include <stdlib.h>
#include <string.h>
#include <sys/epoll.h>
#include <sys/random.h>

#include "core/log.h"
#include "recover/private.h"
#include "recover/targets.h"

static const uint64_t TICK = 10 * NSEC_PER_MSEC;

bool same_process(pid_t pid, uint64_t start, pid_t other_pid, uint64_t other_start)
{
	/* One start may come from the kernel in ns, the other from /proc in clock ticks. */
	return pid == other_pid &&
	       (!start || !other_start || (start + TICK >= other_start && other_start + TICK >= start));
}

int recover_new(struct recover **ret, const struct recover_options *options)
{
	struct recover *recover = calloc(1, sizeof(*recover));
	int r;

	if (!recover)
		return -ENOMEM;
	recover->options = *options;
	if (options->act) {
		/* A hook may close its input before it has read all of it. */
		signal(SIGPIPE, SIG_IGN);
		if (getrandom(&recover->random, sizeof(recover->random), GRND_NONBLOCK) < 0)
			recover->random = recover_now(recover);
		survey_ancestors(recover);
		r = systemd_new(&recover->systemd, options->loop);
		if (r < 0 && r != -EOPNOTSUPP)
			log_warning("systemd cannot be used: %s", strerror(-r));
	}
	*ret = recover;
	return 0;
}

static void recovery_free(struct recovery *recovery)
{
	struct recover *recover = recovery->recover;

	*(recovery->prev ? &recovery->prev->next : &recover->recoveries) = recovery->next;
	if (recovery->next)
		recovery->next->prev = recovery->prev;
	recover->recovery_count--;
	if (recovery->target && recovery->target->active == recovery)
		recovery->target->active = NULL;
	loop_remove(recovery->old_source);
	loop_remove(recovery->fresh_source);
	loop_remove(recovery->timer);
	command_cancel(recovery->command);
	orphans_free(recovery->orphans);
	systemd_cancel(recovery->request);
	pidref_close(&recovery->old);
	pidref_close(&recovery->fresh);
	launch_unref(recovery->launch);
	plan_unref(recovery->plan);
	incident_unref(recovery->incident);
	incident_unref(recovery->other);
	free(recovery);
}

void recover_free(struct recover *recover)
{
	if (!recover)
		return;
	run_free(recover);
	while (recover->recoveries)
		recovery_free(recover->recoveries);
	systemd_free(recover->systemd);
	targets_free(recover);
	launches_free(&recover->launches);
	loop_remove(recover->expiry);
	free(recover);
}

void recover_reconfigure(struct recover *recover, const struct config *config)
{
	recover->options.config = config;
}

unsigned int recover_pending(const struct recover *recover)
{
	return recover->recovery_count;
}

int recover_signal(struct recover *recover, const struct pidref *ref, int signo)
{
	int r = pidref_signal(ref, signo);

	if (r < 0)
		return r;
	recover->own_signals[recover->own_signal_next] =
		(struct own_signal){.pid = ref->pid, .start = ref->start, .signo = signo};
	recover->own_signal_next = (recover->own_signal_next + 1) % OWN_SIGNALS;
	return 0;
}

static void on_turn(void *arg)
{
	struct recovery *recovery = arg;

	recovery->timer = NULL;
	ladder_begin(recovery);
}

/* Through the loop, not by a call: the queue may be long. */
static void next_of_target(struct recover *recover, struct target *target)
{
	struct recovery *oldest = NULL;

	for (struct recovery *r = recover->recoveries; r; r = r->next)
		if (r->target == target && r->state == RECOVERY_QUEUED)
			oldest = r;
	if (!oldest)
		return;
	target->active = oldest;
	oldest->state = RECOVERY_ASKING;
	ladder_set_timer(oldest, recover_now(recover), on_turn);
}

void recovery_end(struct recovery *recovery)
{
	struct recover *recover = recovery->recover;
	struct target *target = recovery->target;
	bool was_active = target && target->active == recovery, run = recovery->run;

	recovery_free(recovery);
	if (was_active)
		next_of_target(recover, target);
	if (run)
		run_recovered(recover);
}

static void on_old_gone(void *arg, int fd, uint32_t events)
{
	(void)fd;
	(void)events;
	ladder_old_gone(arg);
}

static void watch_old(struct recovery *recovery)
{
	const struct process *who = &recovery->incident->who;
	int r = who->pid > 0 ? pidref_open(&recovery->old, who->pid, who->start) : -ESRCH;

	if (r == -ESRCH || (r == 0 && !pidref_alive(&recovery->old)))
		recovery->old_gone = true;
	else if (r == 0 && recovery->old.fd >= 0)
		loop_add_fd(recovery->recover->options.loop, recovery->old.fd, EPOLLIN, on_old_gone, recovery,
			    &recovery->old_source);
}

static struct recovery *recovery_new(struct recover *recover, struct incident *incident, struct plan *plan,
				     bool run)
{
	struct recovery *recovery = calloc(1, sizeof(*recovery));

	if (!recovery) {
		plan_unref(plan);
		return NULL;
	}
	recovery->recover = recover;
	recovery->incident = incident_ref(incident);
	recovery->plan = plan;
	recovery->run = run;
	recovery->old = recovery->fresh = PIDREF_NONE;
	recovery->next = recover->recoveries;
	if (recovery->next)
		recovery->next->prev = recovery;
	recover->recoveries = recovery;
	recover->recovery_count++;
	return recovery;
}

static bool is_death(const struct incident *incident)
{
	const struct fault_info *info = fault_info(incident->kind);

	return info && (info->family == FAMILY_CRASH || info->family == FAMILY_KILL ||
			info->family == FAMILY_OOM || info->family == FAMILY_EXIT);
}

static bool is_stall(const struct incident *incident)
{
	const struct fault_info *info = fault_info(incident->kind);

	return info && info->family == FAMILY_STALL;
}

/* A process dies once, in however many records: the crash, then the exit. */
static bool died_before(struct recover *recover, const struct incident *incident)
{
	const struct process *who = &incident->who;

	if (!is_death(incident) || !who->pid)
		return false;
	for (size_t i = 0; i < DEATHS; i++)
		if (recover->deaths[i].pid &&
		    same_process(recover->deaths[i].pid, recover->deaths[i].start, who->pid, who->start))
			return true;
	recover->deaths[recover->death_next].pid = who->pid;
	recover->deaths[recover->death_next].start = who->start;
	recover->death_next = (recover->death_next + 1) % DEATHS;
	return false;
}

/* The same process, or another victim of a unit that is being restarted already. */
static struct recovery *find_joined(const struct recovery *recovery)
{
	for (struct recovery *r = recovery->recover->recoveries; r; r = r->next) {
		if (r == recovery || r->target != recovery->target)
			continue;
		if (recovery->rung.type == ACTION_RESTART_UNIT)
			return r->state != RECOVERY_VERIFYING || recovery->incident->time < r->up ? r : NULL;
		if (same_process(r->incident->who.pid, r->incident->who.start, recovery->incident->who.pid,
				 recovery->incident->who.start))
			return r;
	}
	return NULL;
}

/* What the plan is about: its first action that starts something, else its first. */
static void survey_plan(struct recovery *recovery)
{
	for (size_t i = recovery->plan->action_count; i-- > 0;) {
		const struct action_ops *ops;

		survey_rung(recovery, &recovery->plan->actions[i]);
		ops = action_ops_of(recovery->rung.type);
		if (ops && ops->restarts)
			break;
	}
}

void recover_begin(struct recover *recover, struct incident *incident, struct plan *plan, bool run)
{
	bool twice = died_before(recover, incident), full = recover->recovery_count >= RECOVERIES_MAX;
	struct recovery *recovery = recovery_new(recover, incident, plan, run), *joined;

	if (!recovery) {
		log_error("no memory to recover from incident %s", incident->id);
		return;
	}
	survey_process(recovery);
	survey_plan(recovery);
	recovery->target = full ? NULL : targets_get(recover, survey_key(recovery));
	joined = recovery->target ? find_joined(recovery) : NULL;
	if (!recovery->target) {
		say_action(recovery, "skipped", "overload", "too many recoveries are under way");
		recovery_end(recovery);
	} else if (twice || joined) {
		if (joined && is_stall(incident) && !joined->other)
			joined->other = incident_ref(incident);
		say_action(recovery, "skipped", "already-recovering", "its recovery is under way");
		recovery_end(recovery);
	} else {
		watch_old(recovery);
		if (recovery->target->active) {
			recovery->state = RECOVERY_QUEUED;
			return;
		}
		recovery->target->active = recovery;
		ladder_begin(recovery);
	}
}

/* The one that is waiting to see whether this process lives; NULL. */
static struct recovery *verifying(struct recover *recover, pid_t pid)
{
	struct recovery *r = recover->recoveries;

	while (r && (r->state != RECOVERY_VERIFYING || r->new_pid != pid))
		r = r->next;
	return r;
}

void recover_incident(struct recover *recover, struct incident *incident)
{
	const struct policy *policy;
	struct recovery *recovery;
	struct plan *plan;

	if (!recover->options.act || incident->replayed)
		return;
	recovery = incident->who.pid ? verifying(recover, incident->who.pid) : NULL;
	if (recovery && !policy_not_to_blame(incident))
		verify_new_ended(recovery, is_death(incident)	? policy_wait_status(incident)
					   : is_stall(incident) ? VERIFY_STALLED
								: VERIFY_ENDED);
	if (run_is(recover, &incident->who)) {
		run_incident(recover, incident);
		return;
	}
	policy = config_policy_for(recover->options.config, &incident->who, incident->kind);
	if (!policy || policy->action_count == 0 ||
	    (policy->action_count == 1 && policy->actions[0].type == ACTION_NONE))
		return;
	plan = plan_new(policy);
	if (plan)
		recover_begin(recover, incident, plan, false);
	else
		log_error("no memory to recover from incident %s", incident->id);
}

void recover_cleared(struct recover *recover, const struct incident *incident, bool gone)
{
	struct recovery *r = recover->recoveries;
	struct incident *other;

	for (; r && r->incident != incident; r = r->next)
		if (r->other == incident)
			r->other = incident_unref(r->other);
	if (!r)
		return;
	other = r->other;
	r->other = NULL;
	/* What was left to this recovery is still there, unless the process has been dealt with. */
	if (ladder_cleared(r, gone) && other)
		recover_incident(recover, other);
	incident_unref(other);
}

static bool in_use(void *arg, const struct launch *launch)
{
	const struct recover *recover = arg;

	for (const struct recovery *r = recover->recoveries; r; r = r->next)
		if (r->launch == launch)
			return true;
	return false;
}

static void plan_expiry(struct recover *recover);

static void on_expiry(void *arg)
{
	struct recover *recover = arg;

	recover->expiry = NULL;
	if (launches_expire(&recover->launches, recover_now(recover), in_use, recover))
		plan_expiry(recover);
}

static void plan_expiry(struct recover *recover)
{
	if (!recover->expiry && (recover->launches.gone_count || launches_held(&recover->launches)))
		loop_add_timer(recover->options.loop, recover_now(recover) + NSEC_PER_SEC, on_expiry, recover,
			       &recover->expiry);
}

/* Whether an action for this process could come to a respawn, which needs its launch record. */
static bool wants_launch(const struct recover *recover, const struct process *process)
{
	const struct config *config = recover->options.config;

	for (size_t i = 0; i < config->policy_count; i++) {
		const struct policy *policy = &config->policies[i];

		if (!match_any_may(&policy->match, process))
			continue;
		for (size_t n = 0; n < policy->action_count; n++)
			if (policy->actions[n].type == ACTION_RESPAWN ||
			    (policy->actions[n].type == ACTION_RESTART && !survey_service(recover, process)))
				return true;
	}
	return false;
}

void recover_process_started(struct recover *recover, const struct process *process)
{
	struct launch_entry *entry;
	struct launch *launch;

	if (!recover->options.act)
		return;
	for (struct recovery *r = recover->recoveries; r; r = r->next)
		if (verify_wants(r, process))
			verify_take(r, process->pid, process->start);
	entry = launches_find(&recover->launches, process->pid, process->start);
	if (entry && entry->own_exec) {
		entry->own_exec = false;
		return;
	}
	if (!wants_launch(recover, process) || run_is(recover, process) ||
	    launch_read(&launch, process->pid, process->start,
			launches_held(&recover->launches) < LAUNCHES_HELD_MAX) < 0) {
		if (entry)
			launches_drop(&recover->launches, entry);
		return;
	}
	if (launch->retitled && process->environment && process->args &&
	    process->args_len == process->args_total)
		launch_use_strings(launch, process->args, process->args_len, process->environment,
				   process->environment_len);
	if (launch->retitled && !recover->options.dry_run)
		log_warning("%s[%d] had overwritten its command line before faultd saw it: it cannot be "
			    "respawned "
			    "(use restart-unit or restart-command, or start it again)",
			    process->name, (int)process->pid);
	entry = launches_put(&recover->launches, process->pid, launch->start, launch);
	if (entry)
		entry->ppid = process->ppid;
	launch_unref(launch);
	plan_expiry(recover);
}

void recover_process_forked(struct recover *recover, pid_t pid, uint64_t start, pid_t ppid)
{
	struct launch_entry *parent = launches_find(&recover->launches, ppid, 0), *entry;

	/* That it has ended may be known before that it forked; but then not by the number's next owner. */
	if (!parent || (parent->gone && start > parent->gone))
		return;
	entry = launches_put(&recover->launches, pid, start, parent->launch);
	if (entry) {
		entry->forked = true;
		entry->ppid = ppid;
	}
}

void recover_process_gone(struct recover *recover, pid_t pid, uint64_t start)
{
	struct recovery *r = recover->recoveries;

	if (!recover->options.act)
		return;
	launches_gone(&recover->launches, pid, start, recover_now(recover));
	plan_expiry(recover);
	/* A pidfd is the better messenger: it tells when the descriptors, and so the ports, are closed. */
	while (r && (r->old_gone || r->old.fd >= 0 ||
		     !same_process(r->incident->who.pid, r->incident->who.start, pid, start)))
		r = r->next;
	if (r)
		ladder_old_gone(r);
}

static void on_child(void *arg, pid_t pid, int status)
{
	struct recover *recover = arg;
	struct recovery *recovery = verifying(recover, pid);

	launches_gone(&recover->launches, pid, 0, recover_now(recover));
	plan_expiry(recover);
	if (recovery)
		verify_new_ended(recovery, status);
	run_child_ended(recover, pid, status);
}

void recover_adopt(struct recover *recover, pid_t pid, uint64_t start, struct launch *launch)
{
	struct launch_entry *entry;

	if (loop_add_child(recover->options.loop, pid, on_child, recover, NULL) < 0)
		log_error("process %d cannot be watched as a child", (int)pid);
	entry = launch ? launches_put(&recover->launches, pid, start, launch) : NULL;
	if (entry)
		entry->ours = entry->own_exec = true;
}
