// SPDX-License-Identifier: GPL-2.0-or-later
/* Words for reports: the rooms' own sentences where they gave one, and otherwise one made of the facts. */
#include "monitor/words.h"

#include <inttypes.h>
#include <string.h>
#include <sys/wait.h>

#include "core/clock.h"
#include "core/siginfo.h"

enum { NAME_MAX_BYTES = 64 };

void words_add(struct text *out, const char *s, size_t max)
{
	char buf[WORDS_MAX];

	if (s)
		text_add(out, text_escape(buf, max < sizeof(buf) ? max : sizeof(buf), s, strlen(s)));
}

enum fault_kind words_kind(const struct report *report)
{
	if (report->type == REPORT_SELF && report->self.kind != FAULT_NONE)
		return report->self.kind;
	return report->incident ? report->incident->kind : FAULT_NONE;
}

void words_name(struct text *out, const struct process *process)
{
	const char *base = process->exe ? strrchr(process->exe, '/') : NULL;

	if (process->name[0])
		words_add(out, process->name, NAME_MAX_BYTES + 1);
	else if (base && base[1])
		words_add(out, base + 1, NAME_MAX_BYTES + 1);
	else if (process->pid)
		text_add(out, "process");
	if (process->pid)
		text_addf(out, "[%d]", (int)process->pid);
}

void words_bytes(struct text *out, uint64_t bytes)
{
	static const char *const units[] = {"bytes", "KiB", "MiB", "GiB", "TiB", "PiB", "EiB"};
	uint64_t rest = 0;
	size_t unit = 0;

	for (; bytes >= 1024 && unit + 1 < sizeof(units) / sizeof(units[0]); unit++) {
		rest = bytes % 1024;
		bytes /= 1024;
	}
	if (unit == 0)
		text_addf(out, "%" PRIu64 " bytes", bytes);
	else
		text_addf(out, "%" PRIu64 ".%" PRIu64 " %s", bytes, rest * 10 / 1024, units[unit]);
}

static void add_signal(struct text *out, const struct incident *incident)
{
	const char *code = incident->code_unknown ? NULL : siginfo_code_name(incident->signo, incident->code);

	text_add(out, signal_name(incident->signo));
	if (code)
		text_addf(out, " (%s)", code);
	if (incident->has_address)
		text_addf(out, " at 0x%" PRIx64, incident->address);
}

/* For an incident that nobody has diagnosed. */
static void add_bare_fault(struct text *out, const struct incident *incident)
{
	const struct fault_info *info = fault_info(incident->kind);

	if (incident->signo > 0)
		add_signal(out, incident);
	else if (incident->who.has_exit_status && WIFEXITED(incident->who.exit_status))
		text_addf(out, "exit status %d", WEXITSTATUS(incident->who.exit_status));
	else
		text_add(out, info ? info->name : "fault");
}

static void add_fault(struct text *out, const struct report *report)
{
	const struct incident *incident = report->incident;

	if (words_any(incident->why.summary))
		words_add(out, incident->why.summary, WORDS_MAX);
	else
		add_bare_fault(out, incident);
}

static void add_action(struct text *out, const struct report *report)
{
	const char *state = report->action.state ? report->action.state : "started";

	words_add(out, words_any(report->action.type) ? report->action.type : "action", WORDS_MAX);
	if (words_any(report->action.target)) {
		text_add(out, " of ");
		words_add(out, report->action.target, WORDS_MAX);
	}
	if (strcmp(state, "pretended") == 0)
		text_add(out, " only pretended (dry run)");
	else
		text_addf(out, " %s", state);
	if (words_any(report->action.reason)) {
		text_add(out, ": ");
		words_add(out, report->action.reason, WORDS_MAX);
	}
	if (report->action.attempt > 1)
		text_addf(out, ", attempt %u", report->action.attempt);
	if (words_any(report->action.policy)) {
		text_add(out, ", policy ");
		words_add(out, report->action.policy, WORDS_MAX);
	}
}

static void add_outcome(struct text *out, const struct report *report)
{
	char duration[CLOCK_DURATION_SIZE];

	if (words_any(report->action.target)) {
		words_add(out, report->action.target, WORDS_MAX);
		text_add(out, ": ");
	}
	text_add(out, report->outcome == OUTCOME_SUCCESS   ? "up again"
		      : report->outcome == OUTCOME_FAILURE ? "not recovered"
							   : "recovery not known");
	if (report->duration)
		text_addf(out, " after %s", clock_duration(report->duration, duration));
	if (report->process && report->process->pid)
		text_addf(out, " as %d", (int)report->process->pid);
	if (words_any(report->listening)) {
		text_add(out, ", listening on ");
		words_add(out, report->listening, WORDS_MAX);
	}
	if (words_any(report->action.reason)) {
		text_add(out, " (");
		words_add(out, report->action.reason, WORDS_MAX);
		text_add(out, ")");
	}
}

/* What the time went by with; NULL: it is no thread's stall. */
static const char *spent(enum fault_kind kind)
{
	switch (kind) {
	case FAULT_STALL_DEADLOCK: return "in a deadlock";
	case FAULT_STALL_LOCK: return "of waiting for a lock";
	case FAULT_STALL_IO:
	case FAULT_KERNEL_HUNG_TASK: return "in uninterruptible sleep";
	case FAULT_STALL_SYSCALL: return "in one system call";
	case FAULT_STALL_EVENTLOOP: return "away from its event loop";
	case FAULT_STALL_SPIN: return "of spinning";
	case FAULT_STALL_STARVED: return "without a CPU";
	case FAULT_STALL_THROTTLED: return "of CPU throttling";
	case FAULT_STALL_STOPPED: return "in the stopped state";
	default: return NULL;
	}
}

/* The thread that a clear is about, where that is not the main one. */
static bool has_thread(const struct report *report)
{
	const struct process *who = &report->incident->who;

	return spent(report->incident->kind) && who->tid && who->tid != who->pid;
}

static void add_thread(struct text *out, const struct process *process)
{
	text_add(out, "thread ");
	words_add(out, process->thread_name, NAME_MAX_BYTES + 1);
	text_addf(out, process->thread_name[0] ? "[%d] " : "%d ", (int)process->tid);
}

static void add_clear(struct text *out, const struct report *report)
{
	const char *how = report->incident ? spent(report->incident->kind) : NULL;
	char duration[CLOCK_DURATION_SIZE];

	clock_duration(report->duration, duration);
	if (how && has_thread(report))
		add_thread(out, &report->incident->who);
	text_add(out, report->gone ? "ended" : how ? "goes on" : "over by itself");
	if (!report->duration)
		return;
	if (how && report->gone)
		text_addf(out, "; it had made no progress for %s", duration);
	else
		text_addf(out, " after %s%s%s", duration, how ? " " : "", how ? how : "");
}

static void add_losses(struct text *out, const struct report *report)
{
	bool lines = words_any(report->self.program) && strcmp(report->self.program, "stdout") == 0;
	const char *s = report->self.lost == 1 ? "" : "s";

	if (lines) {
		text_addf(out, "dropped %" PRIu64 " line%s of this stream: its reader was too slow",
			  report->self.lost, s);
	} else {
		text_addf(out, "lost %" PRIu64 " event%s", report->self.lost, s);
		if (words_any(report->self.program)) {
			text_add(out, " of ");
			words_add(out, report->self.program, WORDS_MAX);
		}
	}
	if (report->self.lost_total > report->self.lost)
		text_addf(out, " (%" PRIu64 " so far)", report->self.lost_total);
}

static void add_self(struct text *out, const struct report *report)
{
	const struct fault_info *info = fault_info(report->self.kind);

	if (report->self.kind == FAULT_SELF_LOST_EVENTS) {
		add_losses(out, report);
	} else if (words_any(report->self.feature)) {
		words_add(out, report->self.feature, WORDS_MAX);
		text_add(out, report->self.kind == FAULT_SELF_DEGRADED ? " is slowed down" : " is missing");
	} else if (words_any(report->self.policy)) {
		text_add(out, "policy ");
		words_add(out, report->self.policy, WORDS_MAX);
		text_add(out, " has reached its limit: no more actions");
	} else {
		text_add(out, info ? info->name : "condition");
	}
	if (words_any(report->self.consequence)) {
		text_add(out, ": ");
		words_add(out, report->self.consequence, WORDS_MAX);
	}
}

void words_what(struct text *out, const struct report *report)
{
	if (words_any(report->message)) {
		words_add(out, report->message, WORDS_MAX);
		return;
	}
	switch (report->type) {
	case REPORT_FAULT:
	case REPORT_DIAGNOSIS:
		if (report->incident)
			add_fault(out, report);
		break;
	case REPORT_ACTION: add_action(out, report); break;
	case REPORT_OUTCOME: add_outcome(out, report); break;
	case REPORT_CLEAR: add_clear(out, report); break;
	case REPORT_SELF: add_self(out, report); break;
	}
}

/* Between the process and what is said of it. */
static const char *verb(const struct report *report)
{
	const struct fault_info *info = fault_info(words_kind(report));

	if (report->type == REPORT_CLEAR && info && spent(info->kind))
		return has_thread(report) ? ": " : " ";
	if (report->type != REPORT_FAULT && report->type != REPORT_DIAGNOSIS)
		return ": ";
	switch (info ? info->family : FAMILY_NONE) {
	case FAMILY_CRASH: return " crashed: ";
	case FAMILY_KILL: return " was killed: ";
	case FAMILY_OOM: return " was killed for want of memory: ";
	case FAMILY_EXIT: return info->kind == FAULT_EXIT_LOOP ? " keeps failing: " : " ended: ";
	case FAMILY_STALL: return " makes no progress: ";
	case FAMILY_RESOURCE: return " lacks a resource: ";
	default: return ": ";
	}
}

void words_message(struct text *out, const struct report *report)
{
	size_t before = out->len;

	if (!words_any(report->message)) {
		if (report->type == REPORT_SELF)
			text_add(out, "faultd");
		else if (report->incident)
			words_name(out, &report->incident->who);
		if (out->len > before)
			text_add(out, report->type == REPORT_SELF ? ": " : verb(report));
	}
	words_what(out, report);
}
