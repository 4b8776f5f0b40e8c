// SPDX-License-Identifier: GPL-2.0-or-later
/* One stream: numbers the reports, has the sink format them, and says what a slow reader missed. */
#include "monitor/monitor.h"

#include <errno.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "monitor/output.h"

struct monitor {
	const struct sink_ops *sink;
	const struct clock *clock;
	char hostname[256];
	bool color;
	uint64_t sequence;
	struct output output;
	uint64_t lost_told; /* of output.lost */
	struct text scratch;
	char previous[sizeof(((struct incident *)NULL)->id)];
};

static const struct sink_ops *const sinks[] = {&sink_text, &sink_json};

int monitor_new(struct monitor **ret, const struct monitor_options *options)
{
	struct monitor *monitor;
	int r;

	monitor = calloc(1, sizeof(*monitor));
	if (!monitor)
		return -ENOMEM;
	for (size_t i = 0; i < sizeof(sinks) / sizeof(sinks[0]); i++)
		if (strcmp(sinks[i]->name, options->format) == 0)
			monitor->sink = sinks[i];
	r = monitor->sink ? output_open(&monitor->output, options->fd) : -EINVAL;
	if (r < 0) {
		free(monitor);
		return r;
	}
	monitor->clock = options->clock;
	monitor->color = options->color;
	if (options->hostname)
		snprintf(monitor->hostname, sizeof(monitor->hostname), "%s", options->hostname);
	*ret = monitor;
	return 0;
}

void monitor_free(struct monitor *monitor)
{
	if (!monitor)
		return;
	output_close(&monitor->output);
	text_free(&monitor->scratch);
	free(monitor);
}

static void emit(struct monitor *monitor, const struct report *report)
{
	struct text *out = &monitor->scratch;

	out->len = 0;
	out->failed = false;
	monitor->sink->format(monitor, report, ++monitor->sequence, out);
	if (out->failed || out->len == 0) {
		monitor->output.lost++;
		return;
	}
	output_add(&monitor->output, out->s, out->len);
	snprintf(monitor->previous, sizeof(monitor->previous), "%s",
		 report->incident ? report->incident->id : "");
}

/*
 * Closes a gap in the stream by a line that tells how wide it is; false while there is no room yet. From the
 * first lost line until then all are dropped, so that a stalled reader misses one stretch and not every other
 * line.
 */
static bool tell_losses(struct monitor *monitor)
{
	uint64_t lost = monitor->output.lost;
	struct report report = {
		.type = REPORT_SELF,
		.self = {.kind = FAULT_SELF_LOST_EVENTS, .program = "stdout", .lost_total = lost},
	};

	if (lost == monitor->lost_told)
		return true;
	if (monitor->output.closed || monitor->output.len > OUTPUT_QUEUE / 4 * 3)
		return false;
	report.time = clock_now(monitor->clock);
	report.self.lost = lost - monitor->lost_told;
	emit(monitor, &report);
	if (monitor->output.lost != lost) {
		/* The line about the loss is none itself: its turn comes again. */
		monitor->output.lost = lost;
		monitor->sequence--;
		return false;
	}
	monitor->lost_told = lost;
	return true;
}

void monitor_report(struct monitor *monitor, const struct report *report)
{
	if (monitor->output.lost != monitor->lost_told)
		output_flush(&monitor->output);
	if (tell_losses(monitor)) {
		emit(monitor, report);
	} else {
		monitor->sequence++;
		monitor->output.lost++;
	}
}

bool monitor_pending(const struct monitor *monitor)
{
	return monitor->output.len > 0 && monitor->output.waiting;
}

int monitor_flush(struct monitor *monitor)
{
	int r = output_flush(&monitor->output);

	if (r == 0)
		tell_losses(monitor);
	return r;
}

int monitor_error(struct monitor *monitor)
{
	return output_take_error(&monitor->output);
}

uint64_t monitor_dropped(const struct monitor *monitor)
{
	return monitor->output.lost;
}

const struct clock *monitor_clock(const struct monitor *monitor)
{
	return monitor->clock;
}

const char *monitor_hostname(const struct monitor *monitor)
{
	return monitor->hostname;
}

bool monitor_color(const struct monitor *monitor)
{
	return monitor->color;
}

const char *monitor_previous(const struct monitor *monitor)
{
	return monitor->previous;
}
