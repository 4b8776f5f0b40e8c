// SPDX-License-Identifier: GPL-2.0-or-later
/* Reports of this room: what is done, what is not and why, and how it ended, each in one sentence. */
#include "recover/private.h"

#include <stdarg.h>
#include <stdio.h>
#include <string.h>

#include "core/text.h"
#include "host/sockets.h"

static const struct {
	const char *doing, *done, *would;
} verbs[] = {
	[ACTION_RESTART] = {"Restarting", "restarted", "restart"},
	[ACTION_RESTART_UNIT] = {"Restarting", "restarted", "restart"},
	[ACTION_RESTART_COMMAND] = {"Running the restart command for", "restarted",
				    "run the restart command for"},
	[ACTION_RESPAWN] = {"Respawning", "restarted", "respawn"},
	[ACTION_SIGNAL] = {"Signalling", "signalled", "signal"},
	[ACTION_EXEC] = {"Running the hook for", "handed to its hook", "run the hook for"},
	[ACTION_NONE] = {"Leaving", "left alone", "leave"},
};

static void report(const struct recovery *recovery, struct report *r)
{
	const struct recover *recover = recovery->recover;

	r->time = recover_now(recover);
	r->incident = recovery->incident;
	r->action.type = action_type_name(recovery->rung.action ? recovery->rung.action->type : ACTION_NONE);
	r->action.policy = recovery->plan->name;
	r->action.target = recovery->label;
	r->action.attempt = recovery->attempt;
	r->action.dry_run = recover->options.dry_run;
	recover->options.report(recover->options.report_arg, r);
}

void say_failure(struct recovery *recovery, const char *fmt, ...)
{
	va_list ap;

	va_start(ap, fmt);
	vsnprintf(recovery->failure, sizeof(recovery->failure), fmt, ap);
	va_end(ap);
}

static const char *more_about(const struct recovery *recovery, const char *reason, const char *sentence)
{
	if (recovery->situation.no_way && strcmp(reason, "no-way") == 0)
		return recovery->situation.no_way;
	return sentence ?: reason;
}

void say_action(const struct recovery *recovery, const char *state, const char *reason, const char *sentence)
{
	enum action_type type = recovery->rung.type;
	struct report r = {.type = REPORT_ACTION, .action = {.state = state, .reason = reason}};
	char message[LABEL_SIZE + 512], attempt[32] = "";

	if (recovery->attempt > 1)
		snprintf(attempt, sizeof(attempt), " (attempt %u)", recovery->attempt);
	if (strcmp(state, "started") == 0 && type == ACTION_SIGNAL)
		snprintf(message, sizeof(message), "Sending %s to %s%s.",
			 signal_name(recovery->rung.action->signo), recovery->label, attempt);
	else if (strcmp(state, "started") == 0)
		snprintf(message, sizeof(message), "%s %s%s.", verbs[type].doing, recovery->label, attempt);
	else if (strcmp(state, "pretended") == 0)
		snprintf(message, sizeof(message), "Dry run: would %s %s%s.", verbs[type].would,
			 recovery->label, attempt);
	else if (strcmp(state, "delayed") == 0)
		snprintf(message, sizeof(message), "%s is not %s before its %s allows it.", recovery->label,
			 verbs[type].done, reason);
	else if (recovery->situation.supervisor && strcmp(reason, "supervisor-acts") == 0)
		snprintf(message, sizeof(message), "%s was not %s: %s looks after it.", recovery->label,
			 verbs[type].done, recovery->situation.supervisor);
	else
		snprintf(message, sizeof(message), "%s was not %s: %s.", recovery->label, verbs[type].done,
			 more_about(recovery, reason, sentence));
	r.message = message;
	r.outcome = strcmp(state, "pretended") == 0 ? OUTCOME_UNKNOWN : OUTCOME_NONE;
	report(recovery, &r);
}

static void describe_success(const struct recovery *recovery, const char *listening, char *ret, size_t size)
{
	uint64_t down = recovery->up > recovery->incident->time ? recovery->up - recovery->incident->time : 0;
	char after[CLOCK_DURATION_SIZE] = "", as[32] = "", stays[CLOCK_DURATION_SIZE] = "";

	if (recovery->cleared) {
		snprintf(ret, size, "%s goes on.", recovery->label);
		return;
	}
	if (!recovery->up) {
		if (recovery->state == RECOVERY_WATCHING)
			snprintf(ret, size, "systemd brought %s up again%s%d.", recovery->label,
				 recovery->new_pid ? " as " : ": ", (int)recovery->new_pid);
		else if (recovery->rung.type == ACTION_SIGNAL && recovery->old_gone)
			snprintf(ret, size, "%s has ended.", recovery->label);
		else
			snprintf(ret, size, "%s was %s.", recovery->label, verbs[recovery->rung.type].done);
		return;
	}
	clock_duration(down, after);
	if (recovery->plan->healthy.after)
		clock_duration(recovery->plan->healthy.after, stays);
	if (recovery->new_pid)
		snprintf(as, sizeof(as), " as %d", (int)recovery->new_pid);
	snprintf(ret, size, "%s restarted: up again after %s%s%s%s%s%s%s.", recovery->label, after, as,
		 *listening ? ", listening on " : "", listening, *stays ? ", healthy for " : "", stays,
		 recovery->plan->healthy.listening ? " (where it listened before is not known)" : "");
}

void say_outcome(struct recovery *recovery, enum report_outcome outcome)
{
	struct report r = {.type = REPORT_OUTCOME, .outcome = outcome, .action.reason = "policy"};
	char message[LABEL_SIZE + 1024], listening[512] = "";
	struct proc_info info;
	bool have =
		outcome == OUTCOME_SUCCESS && recovery->new_pid && proc_read(&info, recovery->new_pid) == 0;
	uint64_t now = recover_now(recovery->recover);

	r.duration = now > recovery->incident->time ? now - recovery->incident->time : 0;
	if (have && sockets_listening(recovery->new_pid, listening, sizeof(listening)) > 0)
		r.listening = listening;
	r.process = have ? &info.p : NULL;
	if (outcome == OUTCOME_SUCCESS)
		describe_success(recovery, listening, message, sizeof(message));
	else if (outcome == OUTCOME_FAILURE)
		snprintf(message, sizeof(message), "%s is not recovered: %s.", recovery->label,
			 recovery->failure[0] ? recovery->failure : "no action helped");
	else
		snprintf(message, sizeof(message), "%s was reported, and nothing was restarted.",
			 recovery->label);
	r.message = message;
	report(recovery, &r);
	if (have)
		proc_info_free(&info);
}

void say_breaker(const struct recovery *recovery)
{
	struct report r = {.type = REPORT_SELF, .action.reason = "breaker-open"};
	char message[LABEL_SIZE + 256], policy[128], within[CLOCK_DURATION_SIZE];
	const struct plan *plan = recovery->plan;

	text_escape(policy, sizeof(policy), plan->name, strlen(plan->name));
	snprintf(message, sizeof(message),
		 "Policy \"%s\" has used up its %u actions within %s for %s: no more actions until that has "
		 "passed.",
		 policy, plan->limit.actions, clock_duration(plan->limit.within, within), recovery->label);
	r.self.kind = FAULT_SELF_BREAKER_OPEN;
	r.self.policy = plan->name;
	r.message = message;
	report(recovery, &r);
}
