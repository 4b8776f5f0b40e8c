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

static json_t *list_of(const char *s)
{
	json_t *list = json_array();

	json_array_append_new(list, json_string_nocheck(s));
	return list;
}

static const char *const datasets[] = {
	[REPORT_FAULT] = "faultd.fault",   [REPORT_DIAGNOSIS] = "faultd.diagnosis",
	[REPORT_ACTION] = "faultd.action", [REPORT_OUTCOME] = "faultd.outcome",
	[REPORT_CLEAR] = "faultd.clear",   [REPORT_SELF] = "faultd.self",
};

static json_t *event_object(const struct report *report, uint64_t sequence)
{
	const struct fault_info *info = fault_info(words_kind(report));
	json_t *object = json_object();
	char id[48];

	/* What belongs to no incident is one of its own. */
	if (!report->incident || !report->incident->id[0])
		snprintf(id, sizeof(id), "self-%" PRIx64 "-%" PRIu64, report->time, sequence);
	json_put_string(object, "id",
			report->incident && report->incident->id[0] ? report->incident->id : id);
	json_put_number(object, "sequence", sequence);
	json_put_fixed(object, "kind", report->type == REPORT_FAULT ? "alert" : "event");
	json_put(object, "category", list_of(category_of(info)));
	json_put(object, "type", list_of(type_of(report, info)));
	json_put_string(object, "action", action_of(report, info));
	json_put_fixed(object, "dataset", datasets[report->type]);
	if (info &&
	    (report->type == REPORT_FAULT || report->type == REPORT_DIAGNOSIS || report->type == REPORT_SELF))
		json_put(object, "severity", json_integer(info->severity));
	json_put_fixed(object, "outcome", outcome_of(report));
	if (report->type == REPORT_OUTCOME || report->type == REPORT_CLEAR)
		json_put_positive(object, "duration", (int64_t)report->duration);
	return object;
}

/* ---- faultd.* */

static json_t *signal_object(const struct incident *incident)
{
	json_t *object = json_object(), *sender = json_object();

	if (incident->signo > 0) {
		json_put(object, "number", json_integer(incident->signo));
		json_put_fixed(object, "name", signal_name(incident->signo));
		if (!incident->code_unknown) {
			json_put(object, "code", json_integer(incident->code));
			json_put_fixed(object, "code_name",
				       siginfo_code_name(incident->signo, incident->code));
		}
		if (incident->why.has_address)
			json_put_hex(object, "address", incident->why.address);
		else if (incident->has_address)
			json_put_hex(object, "address", incident->address);
		if (incident->sender.known && !incident->sender.kernel) {
			json_put_positive(sender, "pid", incident->sender.pid);
			json_put_string(sender, "name", incident->sender.name);
			json_put(sender, "uid", json_integer(incident->sender.uid));
		}
	}
	json_put_object(object, "sender", sender);
	return object;
}

static json_t *oom_object(const struct oom_facts *oom)
{
	static const char *const scopes[] = {
		[FE_OOM_HOST] = "host", [FE_OOM_CGROUP] = "cgroup", [FE_OOM_POLICY] = "memory-policy"};
	json_t *object = json_object(), *trigger = json_object();

	if (oom->known) {
		if (oom->scope < sizeof(scopes) / sizeof(scopes[0]))
			json_put_fixed(object, "scope", scopes[oom->scope]);
		json_put_string(object, "cgroup", oom->cgroup);
		json_put_known(object, "limit_bytes", oom->limit);
		json_put_known(object, "usage_bytes", oom->usage);
		json_put_known(object, "rss_bytes", oom->rss);
		if (oom->score_adj != FE_OOM_SCORE_UNKNOWN)
			json_put(object, "score_adj", json_integer(oom->score_adj));
		json_put_positive(trigger, "pid", oom->trigger_pid);
		json_put_string(trigger, "name", oom->trigger_name);
		json_put_positive(object, "victims", oom->victims);
	}
	json_put_object(object, "trigger", trigger);
	return object;
}

static json_t *diagnosis_object(const struct diagnosis *why)
{
	json_t *object = json_object(), *evidence = json_array();

	for (size_t i = 0; i < why->evidence_count && i < INCIDENT_EVIDENCE_MAX; i++) {
		char buf[WORDS_MAX];

		if (words_any(why->evidence[i]))
			json_array_append_new(
				evidence, json_string_nocheck(text_escape(buf, sizeof(buf), why->evidence[i],
									  strlen(why->evidence[i]))));
	}
	if (words_any(why->cause)) {
		json_put_string(object, "cause", why->cause);
		json_put_string(object, "summary", why->summary);
		json_put_fixed(object, "confidence", confidence_name(why->confidence));
		if (json_array_size(evidence) > 0)
			json_put(object, "evidence", json_incref(evidence));
		json_put_string(object, "advice", why->advice);
	}
	json_decref(evidence);
	return object;
}

static json_t *action_object(const struct report *report)
{
	json_t *object = json_object();

	if (words_any(report->action.type)) {
		json_put_string(object, "type", report->action.type);
		json_put_string(object, "state", report->action.state);
		json_put_string(object, "policy", report->action.policy);
		json_put_string(object, "target", report->action.target);
		json_put_positive(object, "attempt", report->action.attempt);
		json_put(object, "dry_run", json_boolean(report->action.dry_run));
		json_put_string(object, "reason", report->action.reason);
	}
	return object;
}

static json_t *self_object(const struct report *report)
{
	json_t *object = json_object();

	if (report->type == REPORT_SELF) {
		json_put_string(object, "program", report->self.program);
		json_put_positive(object, "lost", (int64_t)report->self.lost);
		json_put_positive(object, "lost_total", (int64_t)report->self.lost_total);
		json_put_string(object, "feature", report->self.feature);
		json_put_string(object, "consequence", report->self.consequence);
		json_put_string(object, "policy", report->self.policy);
	}
	return object;
}

static void fill_faultd(json_t *object, const struct monitor *monitor, const struct report *report)
{
	const struct fault_info *info = fault_info(words_kind(report));
	const struct incident *incident = report->incident;

	json_put(object, "schema", json_integer(SCHEMA));
	if (info)
		json_put_fixed(object, "kind", info->name);
	if (incident && (report->type == REPORT_FAULT || report->type == REPORT_DIAGNOSIS)) {
		json_put_object(object, "signal", signal_object(incident));
		json_put_object(object, "oom", oom_object(&incident->oom));
		json_put_object(object, "stall", json_stall(monitor, report));
		json_put_object(object, "diagnosis", diagnosis_object(&incident->why));
	}
	if (report->type == REPORT_ACTION || report->type == REPORT_OUTCOME)
		json_put_object(object, "action", action_object(report));
	if (report->type == REPORT_OUTCOME)
		json_put_string(object, "listening", report->listening);
	json_put_object(object, "self", self_object(report));
}

/* ---- the line */

static void add_process(json_t *line, json_t *faultd, const struct monitor *monitor,
			const struct report *report)
{
	const struct process *process = report->process;
	json_t *container = json_object(), *service = json_object(), *cgroup = json_object();
	const char *user_name = NULL;

	/* The outcome is about the new process, and about none where none came up. */
	if (report->type != REPORT_OUTCOME && report->incident) {
		process = &report->incident->who;
		user_name = report->incident->user_name;
	}
	if (process) {
		json_put_object(line, "process", json_process(monitor, process, user_name, faultd));
		json_put_string(container, "id", process->container);
		json_put_string(service, "name", process->unit);
		json_put_string(cgroup, "path", process->cgroup);
	}
	json_put_object(line, "container", container);
	json_put_object(line, "service", service);
	json_put_object(faultd, "cgroup", cgroup);
}

static int append(const char *bytes, size_t len, void *arg)
{
	struct text *out = arg;

	text_add_bytes(out, bytes, len);
	return out->failed ? -1 : 0;
}

static json_t *one_member(const char *key, const char *value)
{
	json_t *object = json_object();

	json_put_string(object, key, value);
	return object;
}

static void format_json(const struct monitor *monitor, const struct report *report, uint64_t sequence,
			struct text *out)
{
	json_t *line = json_object(), *faultd = json_object();
	struct text message = {0};
	char time[CLOCK_RFC3339_SIZE];

	words_message(&message, report);
	json_put_fixed(line, "@timestamp", clock_rfc3339(monitor_clock(monitor), report->time, time));
	json_put_fixed(line, "message", message.s);
	json_put_object(line, "ecs", one_member("version", "8.17.0"));
	json_put_object(line, "host", one_member("name", monitor_hostname(monitor)));
	json_put(line, "event", event_object(report, sequence));
	fill_faultd(faultd, monitor, report);
	add_process(line, faultd, monitor, report);
	json_put_object(line, "faultd", faultd);

	if (message.failed || json_dump_callback(line, append, out, JSON_COMPACT) < 0)
		out->failed = true;
	text_add(out, "\n");
	json_decref(line);
	text_free(&message);
}

const struct sink_ops sink_json = {.name = "json", .format = format_json};
