// SPDX-License-Identifier: GPL-2.0-or-later
/* The stream for machines: one JSON object a line, in Elastic Common Schema names, keys in a fixed order. */
#include <inttypes.h>
#include <stdio.h>
#include <string.h>

#include "core/siginfo.h"
#include "monitor/json_members.h"
#include "monitor/words.h"

enum { SCHEMA = 1 };

static const char *action_of(const struct report *report, const struct fault_info *info)
{
	if ((report->type == REPORT_ACTION || report->type == REPORT_OUTCOME) &&
	    words_any(report->action.type))
		return report->action.type;
	return info ? info->name : report->type == REPORT_OUTCOME ? "recovery" : "report";
}

static const char *category_of(const struct fault_info *info)
{
	if (info &&
	    (info->family == FAMILY_HOST || info->family == FAMILY_KERNEL || info->kind == FAULT_OOM_HOST))
		return "host";
	return "process";
}

/* Of the types that the schema allows for processes and hosts. */
static const char *type_of(const struct report *report, const struct fault_info *info)
{
	switch (report->type) {
	case REPORT_FAULT:
		if (info && info->family >= FAMILY_CRASH && info->family <= FAMILY_EXIT)
			return "end";
		return "info";
	case REPORT_ACTION:
		return report->action.state && strcmp(report->action.state, "started") == 0 ? "change"
											    : "info";
	case REPORT_OUTCOME: return report->process ? "start" : "info";
	case REPORT_CLEAR: return "change";
	default: return "info";
	}
}

static const char *outcome_of(const struct report *report)
{
	switch (report->outcome) {
	case OUTCOME_SUCCESS: return "success";
	case OUTCOME_FAILURE: return "failure";
	case OUTCOME_UNKNOWN: return "unknown";
	case OUTCOME_NONE: break;
	}
	if (report->type == REPORT_ACTION && words_any(report->action.state) &&
	    strcmp(report->action.state, "failed") == 0)
		return "failure";
	return report->type == REPORT_ACTION || report->type == REPORT_OUTCOME ? "unknown" : NULL;
}

static void put_list_of(struct json *json, const char *key, const char *s)
{
	struct json_open list = json_array(json, key);

	json_put_item(json, s);
	json_close(json, list);
}

static const char *const datasets[] = {
	[REPORT_FAULT] = "faultd.fault",   [REPORT_DIAGNOSIS] = "faultd.diagnosis",
	[REPORT_ACTION] = "faultd.action", [REPORT_OUTCOME] = "faultd.outcome",
	[REPORT_CLEAR] = "faultd.clear",   [REPORT_SELF] = "faultd.self",
};

static void put_event(struct json *json, const struct report *report, uint64_t sequence)
{
	const struct fault_info *info = fault_info(words_kind(report));
	struct json_open object = json_object(json, "event");
	char id[48];

	/* What belongs to no incident is one of its own. */
	if (!report->incident || !report->incident->id[0])
		snprintf(id, sizeof(id), "self-%" PRIx64 "-%" PRIu64, report->time, sequence);
	json_put_string(json, "id", report->incident && report->incident->id[0] ? report->incident->id : id);
	json_put_number(json, "sequence", sequence);
	json_put_fixed(json, "kind", report->type == REPORT_FAULT ? "alert" : "event");
	put_list_of(json, "category", category_of(info));
	put_list_of(json, "type", type_of(report, info));
	json_put_string(json, "action", action_of(report, info));
	json_put_fixed(json, "dataset", datasets[report->type]);
	if (info &&
	    (report->type == REPORT_FAULT || report->type == REPORT_DIAGNOSIS || report->type == REPORT_SELF))
		json_put_integer(json, "severity", info->severity);
	json_put_fixed(json, "outcome", outcome_of(report));
	if (report->type == REPORT_OUTCOME || report->type == REPORT_CLEAR)
		json_put_positive(json, "duration", (int64_t)report->duration);
	json_close(json, object);
}

/* ---- faultd.* */

static void put_sender(struct json *json, const struct incident *incident)
{
	struct json_open object = json_object(json, "sender");

	if (incident->sender.known && !incident->sender.kernel) {
		json_put_positive(json, "pid", incident->sender.pid);
		json_put_string(json, "name", incident->sender.name);
		json_put_integer(json, "uid", incident->sender.uid);
	}
	json_close(json, object);
}

static void put_signal(struct json *json, const struct incident *incident)
{
	struct json_open object;

	if (incident->signo <= 0)
		return;
	object = json_object(json, "signal");
	json_put_integer(json, "number", incident->signo);
	json_put_fixed(json, "name", signal_name(incident->signo));
	if (!incident->code_unknown) {
		json_put_integer(json, "code", incident->code);
		json_put_fixed(json, "code_name", siginfo_code_name(incident->signo, incident->code));
	}
	if (incident->why.has_address)
		json_put_hex(json, "address", incident->why.address);
	else if (incident->has_address)
		json_put_hex(json, "address", incident->address);
	put_sender(json, incident);
	json_close(json, object);
}

static void put_oom(struct json *json, const struct oom_facts *oom)
{
	static const char *const scopes[] = {
		[FE_OOM_HOST] = "host", [FE_OOM_CGROUP] = "cgroup", [FE_OOM_POLICY] = "memory-policy"};
	struct json_open object, trigger;

	if (!oom->known)
		return;
	object = json_object(json, "oom");
	if (oom->scope < sizeof(scopes) / sizeof(scopes[0]))
		json_put_fixed(json, "scope", scopes[oom->scope]);
	json_put_string(json, "cgroup", oom->cgroup);
	json_put_known(json, "limit_bytes", oom->limit);
	json_put_known(json, "usage_bytes", oom->usage);
	json_put_known(json, "rss_bytes", oom->rss);
	if (oom->score_adj != FE_OOM_SCORE_UNKNOWN)
		json_put_integer(json, "score_adj", oom->score_adj);
	json_put_positive(json, "victims", oom->victims);
	trigger = json_object(json, "trigger");
	json_put_positive(json, "pid", oom->trigger_pid);
	json_put_string(json, "name", oom->trigger_name);
	json_close(json, trigger);
	json_close(json, object);
}

static void put_diagnosis(struct json *json, const struct diagnosis *why)
{
	struct json_open object, evidence;

	if (!words_any(why->cause))
		return;
	object = json_object(json, "diagnosis");
	json_put_string(json, "cause", why->cause);
	json_put_string(json, "summary", why->summary);
	json_put_fixed(json, "confidence", confidence_name(why->confidence));
	evidence = json_array(json, "evidence");
	for (size_t i = 0; i < why->evidence_count && i < INCIDENT_EVIDENCE_MAX; i++) {
		char buf[WORDS_MAX];

		if (words_any(why->evidence[i]))
			json_put_item(json, text_escape(buf, sizeof(buf), why->evidence[i],
							strlen(why->evidence[i])));
	}
	json_close(json, evidence);
	json_put_string(json, "advice", why->advice);
	json_close(json, object);
}

static void put_action(struct json *json, const struct report *report)
{
	struct json_open object;

	if (!words_any(report->action.type))
		return;
	object = json_object(json, "action");
	json_put_string(json, "type", report->action.type);
	json_put_string(json, "state", report->action.state);
	json_put_string(json, "policy", report->action.policy);
	json_put_string(json, "target", report->action.target);
	json_put_positive(json, "attempt", report->action.attempt);
	json_put_bool(json, "dry_run", report->action.dry_run);
	json_put_string(json, "reason", report->action.reason);
	json_close(json, object);
}

static void put_self(struct json *json, const struct report *report)
{
	struct json_open object;

	if (report->type != REPORT_SELF)
		return;
	object = json_object(json, "self");
	json_put_string(json, "program", report->self.program);
	json_put_positive(json, "lost", (int64_t)report->self.lost);
	json_put_positive(json, "lost_total", (int64_t)report->self.lost_total);
	json_put_string(json, "feature", report->self.feature);
	json_put_string(json, "consequence", report->self.consequence);
	json_put_string(json, "policy", report->self.policy);
	json_close(json, object);
}

/* An object of one member that others control. */
static void put_one(struct json *json, const char *key, const char *member, const char *s)
{
	struct json_open object = json_object(json, key);

	json_put_string(json, member, s);
	json_close(json, object);
}

static void put_faultd(struct json *json, const struct report *report, const struct process *process,
		       bool args_truncated)
{
	const struct fault_info *info = fault_info(words_kind(report));
	const struct incident *incident = report->incident;
	struct json_open object = json_object(json, "faultd");

	json_put_integer(json, "schema", SCHEMA);
	if (info)
		json_put_fixed(json, "kind", info->name);
	if (incident && (report->type == REPORT_FAULT || report->type == REPORT_DIAGNOSIS)) {
		put_signal(json, incident);
		put_oom(json, &incident->oom);
		put_diagnosis(json, &incident->why);
	}
	if (report->type == REPORT_ACTION || report->type == REPORT_OUTCOME)
		put_action(json, report);
	if (report->type == REPORT_OUTCOME)
		json_put_string(json, "listening", report->listening);
	put_self(json, report);
	if (args_truncated)
		json_put_bool(json, "args_truncated", true);
	if (process)
		put_one(json, "cgroup", "path", process->cgroup);
	json_close(json, object);
}

/* ---- the line */

static void format_json(const struct monitor *monitor, const struct report *report, uint64_t sequence,
			struct text *out)
{
	struct json json = {.out = out};
	struct json_open line = json_object(&json, NULL);
	const struct process *process = report->process;
	const char *user_name = NULL;
	struct text message = {0};
	char time[CLOCK_RFC3339_SIZE];
	bool cut = false;

	/* The outcome is about the new process, and about none where none came up. */
	if (report->type != REPORT_OUTCOME && report->incident) {
		process = &report->incident->who;
		user_name = report->incident->user_name;
	}
	words_message(&message, report);
	json_put_fixed(&json, "@timestamp", clock_rfc3339(monitor_clock(monitor), report->time, time));
	json_put_fixed(&json, "message", message.s);
	put_one(&json, "ecs", "version", "8.17.0");
	put_one(&json, "host", "name", monitor_hostname(monitor));
	put_event(&json, report, sequence);
	if (process) {
		cut = json_put_process(&json, monitor, process, user_name);
		put_one(&json, "container", "id", process->container);
		put_one(&json, "service", "name", process->unit);
	}
	put_faultd(&json, report, process, cut);
	json_close(&json, line);
	if (message.failed)
		out->failed = true;
	text_add(out, "\n");
	text_free(&message);
}

const struct sink_ops sink_json = {.name = "json", .format = format_json};
