/* SPDX-License-Identifier: GPL-2.0-or-later */
/* Incidents for the tests of the sinks: one with everything known, one with nothing. */
#ifndef FAULTD_TESTS_MONITOR_SAMPLE_H
#define FAULTD_TESTS_MONITOR_SAMPLE_H

#include <signal.h>
#include <string.h>

#include "core/clock.h"
#include "core/report.h"

static const char sample_args[] = "/usr/bin/redis-server\0--name\0two words";

static inline uint64_t sample_time(void *arg)
{
	(void)arg;
	return 9 * NSEC_PER_SEC;
}

/* Boot at 2026-11-23T04:11:50Z. */
static const struct clock sample_clock = {
	.boottime = sample_time,
	.realtime_offset = 1795407110000000000,
};

static inline struct incident sample_incident(void)
{
	struct incident incident = {
		.refs = 1,
		.id = "5f3a-1",
		.kind = FAULT_CRASH_SIGSEGV,
		.time = 10 * NSEC_PER_SEC + 123456789,
		.signo = SIGSEGV,
		.code = 1,
		.has_address = true,
		.address = 0,
		.sender = {.known = true, .pid = 77, .uid = 1001, .name = "kill", .signo = SIGSEGV},
		.oom = {.known = true,
			.scope = FE_OOM_CGROUP,
			.cgroup = "/system.slice/redis.service",
			.limit = 256ULL << 20,
			.usage = 255ULL << 20,
			.rss = 250ULL << 20,
			.score_adj = -500,
			.trigger_pid = 99,
			.trigger_name = "hog",
			.victims = 3},
		.who = {.pid = 1234,
			.ppid = 1,
			.tid = 1240,
			.ns_pid = 7,
			.pidns_level = 1,
			.has_uid = true,
			.uid = 112,
			.start = 5 * NSEC_PER_SEC,
			.name = "redis-server",
			.thread_name = "io_thd_1",
			.parent_name = "systemd",
			.exe = "/usr/bin/redis-server",
			.cwd = "/var/lib/redis",
			.cgroup = "/system.slice/redis.service",
			.unit = "redis.service",
			.container = "3f2a9c0d11aa22bb33cc44dd55ee66ff",
			.args = sample_args,
			.args_len = sizeof(sample_args),
			.args_total = sizeof(sample_args),
			.has_exit_status = true,
			.exit_status = SIGSEGV | 0x80},
		.user_name = "redis",
		.why = {.cause = "null-pointer",
			.summary = "SIGSEGV reading 0x0 (null pointer) in debugCommand+0x31",
			.confidence = CONFIDENCE_CERTAIN,
			.evidence = {"the fault address is 0x0", "nothing is mapped there"},
			.evidence_count = 2,
			.advice = "look at debugCommand"},
	};

	return incident;
}

static inline struct incident empty_incident(void)
{
	struct incident incident = {.refs = 1, .id = "5f3a-2", .kind = FAULT_CRASH_SIGSEGV};

	incident.oom.score_adj = FE_OOM_SCORE_UNKNOWN;
	return incident;
}

#define SAMPLE_NO_CALL (~0U)

/* Thread worker[124] of app[123], which has made no progress for 12.3 s. */
static inline struct incident stalled_incident(enum fault_kind kind)
{
	struct incident incident = empty_incident();

	incident.kind = kind;
	incident.time = 20 * NSEC_PER_SEC;
	incident.who.pid = 123;
	incident.who.tid = 124;
	strcpy(incident.who.name, "app");
	strcpy(incident.who.thread_name, "worker");
	incident.who.unit = "app.service";
	incident.why.summary = "SUMMARY of pipe:[1]";
	return incident;
}

/* Its record: what the row says, and what all of them have. */
static inline struct fe_stall stall_record(const struct fe_stall *row)
{
	struct fe_stall event = *row;

	event.since = 20 * NSEC_PER_SEC - 12300 * NSEC_PER_MSEC;
	event.threshold = NSEC_PER_SEC;
	event.syscall = row->syscall ? row->syscall : SAMPLE_NO_CALL;
	event.state = row->state ? row->state : 'S';
	return event;
}

#define HOSTILE "\x1b[31m\r\nx\t\x7f\xc2\x9b\xe2\x80\xae\xff\xc0\xaf\xed\xa0\x80"

/* Everything that others have a say in says something nasty. */
static inline struct incident hostile_incident(void)
{
	static const char args[] = "a\x1b]0;x\a\0" HOSTILE "\0\xe2\x80";
	struct incident incident = sample_incident();

	strcpy(incident.who.name, "\x1b[2J\r\n\"\\\xff");
	strcpy(incident.who.thread_name, "\xe2\x80\xae\x9b\n");
	strcpy(incident.who.parent_name, "\x07\n\xc0\x80");
	strcpy(incident.sender.name, "\x1b[H\n\xf0\x9f");
	strcpy(incident.oom.trigger_name, "\n\x1b(0");
	incident.who.exe = "/tmp/" HOSTILE;
	incident.who.cwd = "/home/" HOSTILE;
	incident.who.cgroup = "/" HOSTILE;
	incident.who.unit = HOSTILE ".service";
	incident.who.container = HOSTILE;
	incident.oom.cgroup = "/" HOSTILE;
	incident.who.args = args;
	incident.who.args_len = incident.who.args_total = sizeof(args);
	incident.user_name = HOSTILE;
	incident.why.summary = "killed by " HOSTILE;
	incident.why.evidence[0] = HOSTILE;
	incident.why.advice = HOSTILE;
	return incident;
}

#endif
