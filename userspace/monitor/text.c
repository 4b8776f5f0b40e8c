// SPDX-License-Identifier: GPL-2.0-or-later
/* The stream for people: a line a fault, and beneath it, indented, what else there is to say. */
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "monitor/monitor.h"
#include "monitor/text_stall.h"
#include "monitor/words.h"

enum {
	TITLE_WIDTH = 6,
	INDENT = 24, /* time, title and the blanks between: where the name starts */
	DETAILS = 2,
	COMMAND_MAX = 100,
	NOTE_MAX = 240,
};

static const char bold[] = "\033[1m", dim[] = "\033[2m", red[] = "\033[31m", bold_red[] = "\033[1;31m",
		  yellow[] = "\033[33m", green[] = "\033[32m", plain[] = "\033[0m";

static void paint(struct text *out, const struct monitor *monitor, const char *colour)
{
	if (monitor_color(monitor))
		text_add(out, colour);
}

static const char *colour_of(const struct fault_info *info)
{
	if (!info || info->severity >= 4)
		return yellow;
	return info->severity <= 2 ? bold_red : red;
}

static void add_time(struct text *out, const struct monitor *monitor, uint64_t time)
{
	char buf[CLOCK_RFC3339_SIZE];

	paint(out, monitor, dim);
	text_add(out, clock_time_of_day(monitor_clock(monitor), time, buf));
	paint(out, monitor, plain);
}

/* The process, unless what follows starts with its name anyway. */
static void add_name(struct text *out, const struct monitor *monitor, const struct report *report)
{
	struct text name = {0};

	words_name(&name, &report->incident->who);
	if (name.len > 0 && !name.failed &&
	    !(report->message && strncmp(report->message, name.s, name.len) == 0)) {
		paint(out, monitor, bold);
		text_add(out, name.s);
		paint(out, monitor, plain);
		text_add(out, "  ");
	}
	text_free(&name);
}

/* Where it ran, at the end of its line: the unit, or else the container. */
static void add_place(struct text *out, const struct monitor *monitor, const struct process *process)
{
	if (!words_any(process->unit) && !words_any(process->container))
		return;
	text_add(out, "    ");
	paint(out, monitor, dim);
	if (words_any(process->unit)) {
		words_add(out, process->unit, NOTE_MAX);
	} else {
		char id[13];

		/* As much of it as the runtimes show. */
		snprintf(id, sizeof(id), "%s", process->container);
		text_add(out, "container ");
		words_add(out, id, NOTE_MAX);
	}
	paint(out, monitor, plain);
}

/* What there is to say; a line of a table ends without a full stop. */
static void add_what(struct text *out, const struct report *report)
{
	size_t before = out->len;

	words_what(out, report);
	if (out->len >= before + 2 && out->s[out->len - 1] == '.' && out->s[out->len - 2] != '.')
		out->s[--out->len] = '\0';
}

static void begin_line(struct text *out, const struct monitor *monitor, const struct report *report)
{
	const struct fault_info *info = fault_info(words_kind(report));

	add_time(out, monitor, report->time);
	text_add(out, "  ");
	paint(out, monitor, colour_of(info));
	text_addf(out, "%-*s", TITLE_WIDTH, info ? info->title : "FAULT");
	paint(out, monitor, plain);
	text_add(out, " ");
}

/* ---- details beneath a fault: at most DETAILS of them, the weightiest first */

static void oom_numbers(struct text *out, const struct incident *incident)
{
	const struct oom_facts *oom = &incident->oom;

	if (!oom->known)
		return;
	if (oom->rss != UINT64_MAX) {
		text_add(out, "it had ");
		words_bytes(out, oom->rss);
		text_add(out, " resident");
	}
	if (oom->limit != UINT64_MAX && oom->usage != UINT64_MAX) {
		text_add(out, out->len ? ", " : "");
		words_add(out, words_any(oom->cgroup) ? oom->cgroup : "its cgroup", NOTE_MAX);
		text_add(out, " used ");
		words_bytes(out, oom->usage);
		text_add(out, " of ");
		words_bytes(out, oom->limit);
	}
	if (oom->trigger_pid && oom->trigger_pid != incident->who.pid) {
		text_add(out, out->len ? ", asked for by " : "asked for by ");
		words_add(out, oom->trigger_name, NOTE_MAX);
		text_addf(out, "[%d]", (int)oom->trigger_pid);
	}
	if (oom->victims > 1)
		text_addf(out, "%s%u killed so far", out->len ? ", " : "", oom->victims);
}

static void who_sent_it(struct text *out, const struct incident *incident)
{
	const struct sender *sender = &incident->sender;
	char number[16];

	if (!sender->known || sender->kernel || !sender->pid || sender->pid == incident->who.pid)
		return;
	/* A summary that names the sender has said it. */
	snprintf(number, sizeof(number), "%d", (int)sender->pid);
	if (incident->why.summary && strstr(incident->why.summary, number) &&
	    strstr(incident->why.summary, sender->name))
		return;
	text_addf(out, "%s sent by ", signal_name(sender->signo ? sender->signo : incident->signo));
	words_add(out, sender->name, NOTE_MAX);
	text_addf(out, "[%d], user %u", (int)sender->pid, (unsigned int)sender->uid);
}

static void advice(struct text *out, const struct incident *incident)
{
	words_add(out, incident->why.advice, NOTE_MAX);
}

/* Which of the many of that name: its command line, unless that says no more than the name. */
static void command(struct text *out, const struct incident *incident)
{
	const struct process *who = &incident->who;
	size_t len = who->args_len;
	char cut[COMMAND_MAX], *line;

	if (len > 0 && who->args[len - 1] == '\0')
		len--;
	if (len == 0 || (strlen(who->name) == len && memcmp(who->name, who->args, len) == 0))
		return;
	line = text_join_args(who->args, len < 4 * COMMAND_MAX ? len : 4 * COMMAND_MAX);
	if (!line)
		return;
	text_add(out, "$ ");
	text_add(out, text_escape(cut, sizeof(cut), line, strlen(line)));
	free(line);
	if (words_any(incident->user_name)) {
		text_add(out, "  (user ");
		words_add(out, incident->user_name, NOTE_MAX);
		text_add(out, ")");
	}
}

static void (*const details[])(struct text *out, const struct incident *incident) = {
	text_stall, oom_numbers, who_sent_it, advice, command,
};

static void add_detail(struct text *out, const struct monitor *monitor, const char *lines)
{
	while (*lines) {
		size_t len = strcspn(lines, "\n");

		text_addf(out, "%*s", INDENT, "");
		paint(out, monitor, dim);
		text_add_bytes(out, lines, len);
		paint(out, monitor, plain);
		text_add(out, "\n");
		lines += len + (lines[len] == '\n');
	}
}

static void add_details(struct text *out, const struct monitor *monitor, const struct incident *incident)
{
	struct text detail = {0};
	int count = 0;

	for (size_t i = 0; i < sizeof(details) / sizeof(details[0]) && count < DETAILS; i++) {
		detail.len = 0;
		details[i](&detail, incident);
		if (detail.len == 0 || detail.failed)
			continue;
		add_detail(out, monitor, detail.s);
		count++;
	}
	text_free(&detail);
}

static void add_fault_line(struct text *out, const struct monitor *monitor, const struct report *report)
{
	/* About faultd itself: an incident that led to it is not what the line is about. */
	const struct incident *incident = report->type == REPORT_SELF ? NULL : report->incident;

	begin_line(out, monitor, report);
	if (incident)
		add_name(out, monitor, report);
	add_what(out, report);
	if (incident)
		add_place(out, monitor, &incident->who);
	text_add(out, "\n");
	if (incident)
		add_details(out, monitor, incident);
}

static bool names_process(const struct report *report)
{
	char pid[16];

	snprintf(pid, sizeof(pid), "[%d]", (int)report->incident->who.pid);
	return report->message && strstr(report->message, pid);
}

/*
 * What became of it. Beneath its own incident that is an indented line; where another incident's lines came
 * between, it has time and name of its own, so that nobody reads it as the other's.
 */
static void add_further_line(struct text *out, const struct monitor *monitor, const struct report *report)
{
	const struct incident *incident = report->incident;

	if (strcmp(monitor_previous(monitor), incident->id) == 0) {
		text_addf(out, "%*s", INDENT, "");
	} else {
		add_time(out, monitor, report->time);
		text_addf(out, "  %-*s ", TITLE_WIDTH, "");
		if (!names_process(report))
			add_name(out, monitor, report);
	}
	if (report->type == REPORT_OUTCOME && report->outcome == OUTCOME_SUCCESS)
		paint(out, monitor, green);
	else if (report->type == REPORT_OUTCOME && report->outcome == OUTCOME_FAILURE)
		paint(out, monitor, red);
	add_what(out, report);
	if (report->type == REPORT_OUTCOME)
		paint(out, monitor, plain);
	text_add(out, "\n");
}

static void format_text(const struct monitor *monitor, const struct report *report, uint64_t sequence,
			struct text *out)
{
	(void)sequence;
	if (report->type == REPORT_FAULT || report->type == REPORT_SELF || !report->incident)
		add_fault_line(out, monitor, report);
	else
		add_further_line(out, monitor, report);
}

const struct sink_ops sink_text = {.name = "text", .format = format_text};
