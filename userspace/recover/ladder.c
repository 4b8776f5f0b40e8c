// SPDX-License-Identifier: GPL-2.0-or-later
/*
 * Carrying out a plan: one rung at a time, each asked for by the rules, each with its deadline.
 *
 * take_rung() picks the next rung -> (systemd is asked) -> rung_allowed() -> admit() asks backoff, limit and
 * budget, once a recovery -> carry_out() -> ladder_rung_done() -> verify, or the next rung.
 */
#include "recover/private.h"

#include <errno.h>
#include <stdlib.h>
#include <string.h>

#include "core/log.h"
#include "host/thread.h"

static const uint64_t ASK_TIMEOUT = 5 * NSEC_PER_SEC, TOLD_WAIT = NSEC_PER_SEC;

static const struct action_ops *const actions[] = {
	&action_respawn, &action_unit, &action_command, &action_signal, &action_exec,
};

static void take_rung(struct recovery *recovery);
static void admit(struct recovery *recovery);

const struct action_ops *action_ops_of(enum action_type type)
{
	for (size_t i = 0; i < sizeof(actions) / sizeof(actions[0]); i++)
		if (actions[i]->type == type)
			return actions[i];
	return NULL;
}

void ladder_set_timer(struct recovery *recovery, uint64_t at, loop_timer_fn fn)
{
	recovery->timer = loop_remove(recovery->timer);
	if (loop_add_timer(recovery->recover->options.loop, at, fn, recovery, &recovery->timer) < 0)
		log_error("no memory for a timer: a recovery has no deadline");
}

/* Everything that was under way for this rung. */
static void stop_rung(struct recovery *recovery)
{
	recovery->timer = loop_remove(recovery->timer);
	recovery->command = command_cancel(recovery->command);
	recovery->request = systemd_cancel(recovery->request);
}

/* It stood still, was signalled, and is gone: that is what was asked for. */
static bool ended_stall(const struct recovery *recovery)
{
	const struct fault_info *info = fault_info(recovery->incident->kind);

	return recovery->old_gone && info && info->family == FAMILY_STALL;
}

static void finish(struct recovery *recovery)
{
	stop_rung(recovery);
	if (recovery->acted && !recovery->recover->options.dry_run) {
		say_outcome(recovery, recovery->failed	      ? OUTCOME_FAILURE
				      : ended_stall(recovery) ? OUTCOME_SUCCESS
							      : OUTCOME_UNKNOWN);
		if (history_ended(&recovery->target->history, false, recover_now(recovery->recover)))
			say_breaker(recovery);
	}
	recovery_end(recovery);
}

static void next_rung(struct recovery *recovery)
{
	if (recovery->cleared && !recovery->old_gone) {
		ladder_succeeded(recovery);
		return;
	}
	stop_rung(recovery);
	recovery->index++;
	take_rung(recovery);
}

static void refuse(struct recovery *recovery, const char *reason, const char *sentence)
{
	say_action(recovery, "skipped", reason, sentence);
	next_rung(recovery);
}

void ladder_failed(struct recovery *recovery)
{
	recovery->failed = true;
	next_rung(recovery);
}

static bool is_last(const struct recovery *recovery)
{
	return recovery->index + 1 >= recovery->plan->action_count;
}

/* SIGKILL ends no uninterruptible sleep: that is over when what is waited for comes, or never. */
static void say_still_there(struct recovery *recovery)
{
	struct thread_info info;

	if (thread_read(&info, recovery->incident->who.pid, recovery->incident->who.tid) == 0 &&
	    info.state == 'D')
		say_failure(recovery, "it is in uninterruptible sleep, which no signal ends");
	else if (recovery->rung.type == ACTION_SIGNAL)
		say_failure(recovery, "%s did not help", signal_name(recovery->rung.action->signo));
	else
		say_failure(recovery, "%s did not end in time", action_type_name(recovery->rung.type));
}

void ladder_deadline(void *arg)
{
	struct recovery *recovery = arg;

	recovery->timer = NULL;
	if (recovery->old_gone && recovery->rung.type != ACTION_SIGNAL)
		say_failure(recovery, "%s did not end in time", action_type_name(recovery->rung.type));
	else if (!recovery->old_gone)
		say_still_there(recovery);
	if (recovery->rung.type == ACTION_SIGNAL && is_last(recovery) && !recovery->old_gone)
		recovery->failed = true;
	ladder_rung_done(recovery, -ETIMEDOUT);
}

void ladder_succeeded(struct recovery *recovery)
{
	stop_rung(recovery);
	history_ended(&recovery->target->history, true, recover_now(recovery->recover));
	say_outcome(recovery, OUTCOME_SUCCESS);
	recovery_end(recovery);
}

void ladder_rung_done(struct recovery *recovery, int error)
{
	const struct action_ops *ops = action_ops_of(recovery->rung.type);

	stop_rung(recovery);
	if (error >= 0 && ops->restarts)
		verify_begin(recovery);
	else if (error >= 0 && is_last(recovery) && !recovery->failed)
		ladder_succeeded(recovery);
	else if (error < 0 && recovery->rung.type != ACTION_SIGNAL)
		ladder_failed(recovery);
	else
		next_rung(recovery); /* a hook or a signal alone is no cure */
}

static void carry_out(struct recovery *recovery)
{
	const struct action_ops *ops = action_ops_of(recovery->rung.type);
	uint64_t timeout = recovery->rung.action->timeout ?: ops->timeout;
	uint64_t now = recover_now(recovery->recover);
	int r;

	if (recovery->recover->options.dry_run) {
		say_action(recovery, "pretended", "dry-run", NULL);
		recovery->acted = true;
		next_rung(recovery);
		return;
	}
	recovery->state = RECOVERY_ACTING;
	recovery->acted = true;
	/* Tell first: what comes of it may be told before start() returns. */
	say_action(recovery, "started", "policy", NULL);
	ladder_set_timer(recovery, now + timeout, ladder_deadline);
	r = ops->start(recovery);
	if (r != 0)
		ladder_rung_done(recovery, r < 0 ? r : 0);
}

static void on_waited(void *arg)
{
	struct recovery *recovery = arg;

	recovery->timer = NULL;
	admit(recovery);
}

static void wait_until(struct recovery *recovery, uint64_t at, const char *reason)
{
	recovery->state = RECOVERY_WAITING;
	if (!recovery->wait_told && at > recover_now(recovery->recover) + TOLD_WAIT) {
		recovery->wait_told = true;
		say_action(recovery, "delayed", reason, NULL);
	}
	ladder_set_timer(recovery, at, on_waited);
}

static void break_off(struct recovery *recovery, enum answer answer)
{
	if (answer == ANSWER_OPENED)
		say_breaker(recovery);
	say_action(recovery, "skipped", "breaker-open", "its policy's limit of actions is reached");
	recovery_end(recovery);
}

/* Somebody else may have been faster while we waited. */
static bool still_needed(struct recovery *recovery)
{
	if (recovery->situation.action != ACTION_RESPAWN || !recovery->launch ||
	    recovery->state != RECOVERY_WAITING)
		return true;
	recovery->situation.already_running = launches_running(
		&recovery->recover->launches, recovery->launch->key, recovery->incident->time);
	return policy_refusal(&recovery->situation) == NULL;
}

/* Backoff first, then the limit again and a token of the budget, when it is really done. */
static void admit(struct recovery *recovery)
{
	struct recover *recover = recovery->recover;
	struct history *history = &recovery->target->history;
	const struct plan *plan = recovery->plan;
	uint64_t now = recover_now(recover), until = now;
	enum answer answer;

	if (recovery->admitted) {
		carry_out(recovery);
		return;
	}
	if (recovery->state == RECOVERY_WAITING) {
		answer = history_recheck(history, &plan->limit, now);
	} else {
		recover->random =
			recover->random * 6364136223846793005ULL + 1442695040888963407ULL; /* Knuth's LCG */
		answer = history_ask(history, &plan->backoff, &plan->limit, now,
				     (double)(recover->random >> 11) / 9007199254740992.0, &until);
	}
	if (answer == ANSWER_OPEN || answer == ANSWER_OPENED) {
		break_off(recovery, answer);
		return;
	}
	if (answer == ANSWER_WAIT) {
		wait_until(recovery, until, "backoff");
		return;
	}
	if (!still_needed(recovery)) {
		refuse(recovery, "already-running", "the same program has been started meanwhile");
		return;
	}
	if (!budget_take(&recover->budget, now, &until)) {
		wait_until(recovery, until, "budget");
		return;
	}
	if (history_acted(history, &plan->limit, now) < 0) {
		refuse(recovery, "no-memory", "there is no memory to keep count of actions");
		return;
	}
	recovery->admitted = true;
	recovery->attempt = history->attempt;
	carry_out(recovery);
}

static bool is_alive(pid_t pid)
{
	struct pidref ref = PIDREF_NONE;
	bool alive;

	if (pid <= 0 || pidref_open(&ref, pid, 0) < 0)
		return false;
	alive = pidref_alive(&ref);
	pidref_close(&ref);
	return alive;
}

static void on_unit(void *arg, int error, const struct unit_info *unit)
{
	struct recovery *recovery = arg;
	const struct process *who = &recovery->incident->who;
	bool named = recovery->rung.action->type == ACTION_RESTART_UNIT;
	bool own = who->unit && strcmp(survey_unit(recovery), who->unit) == 0;
	const struct refusal *refusal;

	recovery->request = NULL;
	if (error < 0) {
		refuse(recovery, "systemd-silent", "systemd did not say how its unit is");
		return;
	}
	refusal = policy_unit_refusal(recovery->incident, unit,
				      unit->main_pid != who->pid && is_alive(unit->main_pid), named, own);
	if (!refusal) {
		admit(recovery);
		return;
	}
	say_action(recovery, "skipped", refusal->reason, refusal->sentence);
	if (strcmp(refusal->reason, "supervisor-acts") == 0 && !recovery->acted)
		verify_watch_unit(recovery, unit->restart_delay);
	else
		next_rung(recovery);
}

/* Signals are for the living. */
static bool is_moot(const struct recovery *recovery)
{
	return recovery->rung.type == ACTION_NONE ||
	       (recovery->rung.type == ACTION_SIGNAL && recovery->old_gone);
}

static void say_moot(const struct recovery *recovery)
{
	const struct refusal *refusal = policy_refusal(&recovery->situation);

	say_action(recovery, "skipped", refusal ? refusal->reason : "process-gone",
		   refusal ? refusal->sentence : "the process has gone already");
}

static void take_rung(struct recovery *recovery)
{
	struct recover *recover = recovery->recover;
	const struct refusal *refusal;
	const char *unit;

	for (; recovery->index < recovery->plan->action_count; recovery->index++) {
		survey_rung(recovery, &recovery->plan->actions[recovery->index]);
		if (!is_moot(recovery))
			break;
		if (recovery->rung.type == ACTION_SIGNAL && is_last(recovery) && !recovery->acted)
			say_moot(recovery);
	}
	if (recovery->index >= recovery->plan->action_count) {
		finish(recovery);
		return;
	}
	refusal = policy_refusal(&recovery->situation);
	if (refusal) {
		refuse(recovery, refusal->reason, refusal->sentence);
		return;
	}
	unit = survey_unit(recovery);
	if (!unit) {
		admit(recovery);
		return;
	}
	recovery->state = RECOVERY_ASKING;
	if (systemd_query_unit(recover->systemd, unit, ASK_TIMEOUT, on_unit, recovery, &recovery->request) <
	    0)
		refuse(recovery, "systemd-silent", "systemd cannot be asked how its unit is");
}

void ladder_begin(struct recovery *recovery)
{
	recovery->state = RECOVERY_ASKING;
	take_rung(recovery);
}

void ladder_old_gone(struct recovery *recovery)
{
	const struct action_ops *ops = action_ops_of(recovery->rung.type);

	if (recovery->old_gone)
		return;
	recovery->old_gone = true;
	recovery->old_source = loop_remove(recovery->old_source);
	if (recovery->state == RECOVERY_ACTING && ops && ops->old_gone)
		ops->old_gone(recovery);
}

bool ladder_cleared(struct recovery *recovery, bool gone)
{
	const struct action_ops *ops = action_ops_of(recovery->rung.type);

	/* Replaced already, or about to be: what was told to end does not count as going on. */
	if (recovery->old_gone || recovery->killing || recovery->state == RECOVERY_VERIFYING)
		return false;
	/* It may have been the thread alone that ended. */
	if (gone && (recovery->old.fd < 0 || !pidref_alive(&recovery->old)))
		return false;
	if (!recovery->acted) {
		say_action(recovery, "skipped", "cleared", "it goes on by itself");
		stop_rung(recovery);
		recovery_end(recovery);
		return true;
	}
	/* A restart that is under way is seen to its end: it may have stopped what it is to start. A hook as
	 * well. */
	if (recovery->state == RECOVERY_ACTING && (ops->restarts || recovery->rung.type == ACTION_EXEC)) {
		recovery->cleared = recovery->rung.type == ACTION_EXEC;
		return false;
	}
	recovery->cleared = true;
	ladder_succeeded(recovery);
	return true;
}
