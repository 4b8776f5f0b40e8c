/* SPDX-License-Identifier: GPL-2.0-or-later */
/* Telling people and machines: reports in, lines out, one sink a format. */
#ifndef FAULTD_MONITOR_MONITOR_H
#define FAULTD_MONITOR_MONITOR_H

#include "core/clock.h"
#include "core/report.h"
#include "core/text.h"

struct monitor;

/* One file a sink: it turns a report into bytes. */
struct sink_ops {
	const char *name; /* "text", "json" */
	/*
	 * Appends whole lines, newline included, to out. sequence: 1, 2, 3 ... over the stream; what was
	 * dropped leaves a hole.
	 */
	void (*format)(const struct monitor *monitor, const struct report *report, uint64_t sequence,
		       struct text *out);
};

extern const struct sink_ops sink_text, sink_json;

struct monitor_options {
	const char *format; /* name of a sink */
	int fd;
	bool color;
	const struct clock *clock;
	const char *hostname;
};

/* 0, -EINVAL for an unknown format, or another negative errno. */
int monitor_new(struct monitor **ret, const struct monitor_options *options);
void monitor_free(struct monitor *monitor);
/* Formats and queues one report and writes what the reader takes now; never blocks. */
void monitor_report(struct monitor *monitor, const struct report *report);
/* True while bytes are queued: the caller then waits for the descriptor to be writable and calls
 * monitor_flush(). */
bool monitor_pending(const struct monitor *monitor);
/* 0, or negative errno of write(2): -EPIPE when the reader has gone. */
int monitor_flush(struct monitor *monitor);
/*
 * The first error of the output that was not told yet, and with this call it is: 0 or negative errno. Lines
 * that an error other than -EPIPE costs are dropped and counted; later ones are tried again.
 */
int monitor_error(struct monitor *monitor);
/* Lines dropped because the reader stalled and the queue (1 MiB) was full, so far. */
uint64_t monitor_dropped(const struct monitor *monitor);

const struct clock *monitor_clock(const struct monitor *monitor);
const char *monitor_hostname(const struct monitor *monitor);
bool monitor_color(const struct monitor *monitor);
/* event.id of the line before this one; "" for none. */
const char *monitor_previous(const struct monitor *monitor);

#endif
