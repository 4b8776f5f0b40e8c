/* SPDX-License-Identifier: GPL-2.0-or-later */
/* Events in: from the kernel or from a recording, decoded, and joined into incidents. */
#ifndef FAULTD_DETECT_DETECT_H
#define FAULTD_DETECT_DETECT_H

#include "core/config.h"
#include "core/incident.h"
#include "core/scope.h"
#include "host/loop.h"

struct detect;

struct detect_handler {
	void *arg;
	/* A new incident: event and who are stamped. The reference is the callee's to take if it keeps it. */
	void (*incident)(void *arg, struct incident *incident);
	/* More became known about one that was handed over before (its mappings). */
	void (*more)(void *arg, struct incident *incident);
	/* A process was executed or found; asked for every one that scope_needs.execs means. True: keep its
	 * identity. */
	bool (*started)(void *arg, const struct process *process);
	/* A watched process, or one whose identity is kept, has a child. */
	void (*forked)(void *arg, pid_t pid, uint64_t start, pid_t ppid);
	/* The last thread of a process is on its way out; its resources may be held for a moment still. */
	void (*leaving)(void *arg, const struct process *process);
	/* Records of a program that did not fit, or could not be read: how many since the last call, and in
	 * all. */
	void (*lost)(void *arg, const char *program, uint64_t lost, uint64_t total);
	/* A program that this kernel does not take, and what is not seen because of it. */
	void (*blind)(void *arg, const char *feature, const char *consequence);
	/* Something is watched more coarsely than it should be, and how. */
	void (*degraded)(void *arg, const char *feature, const char *consequence);
	/* An incident of a stall is over: its thread goes on after so long, ns, or it ended (gone). */
	void (*cleared)(void *arg, struct incident *incident, uint64_t duration, bool gone);
	/*
	 * How long a stall of that kind (enum fe_stall_kind) of this process must last to be one, ns; 0:
	 * nobody wants to hear of it. ret_named: a policy or --match names the process.
	 */
	uint64_t (*stall_threshold)(void *arg, const struct process *process, unsigned int kind,
				    bool *ret_named);
};

struct detect_options {
	struct loop *loop;
	struct detect_handler handler;
	const struct scope_needs *needs;
	double overhead_budget;	 /* percent of one CPU */
	const char *record_path; /* NULL: no recording */
};

/*
 * Loads and attaches. 0; -EOPNOTSUPP when the kernel lacks what nothing works without (status 69), -EPERM
 * when we may not (77), another negative errno otherwise; what was wrong has been logged then.
 */
int detect_open(struct detect **ret, const struct detect_options *options);
/* Takes processes that run already into account (needed when needs.execs is set). */
int detect_scan_running(struct detect *detect);
/* Changes what the kernel is asked for. */
int detect_set_needs(struct detect *detect, const struct scope_needs *needs, double overhead_budget);
/*
 * From now on its exit is told whatever its status, and its children are watched as it is (watch:
 * FE_WATCH_NAMED or FE_WATCH_FOLLOWED). One that is followed stays so. 0 or negative errno.
 */
int detect_watch(struct detect *detect, pid_t pid, uint64_t watch);
/* Reads what is in the rings, to the end, without waiting. */
void detect_drain(struct detect *detect);
/* Drains, detaches, closes the recording. */
void detect_close(struct detect *detect);
/* Programs attached out of programs known: for the line that says that faultd is armed. */
void detect_coverage(const struct detect *detect, unsigned int *ret_attached, unsigned int *ret_known);

/* A recording instead of the kernel. Times are the recording's own: clock is that of the host it was made on.
 */
struct replay_info {
	struct clock clock;
	uint64_t now;
	char hostname[65];
	uint64_t seed; /* for incident_seed() */
};

/* Opens and checks the header; errors are logged with the place in the file. */
struct replay;
int replay_open(struct replay **ret, const char *path, struct replay_info *ret_info);
/* Feeds every event to the handler. 0, or -EBADMSG for a damaged record (logged; what came before was fed).
 */
int replay_run(struct replay *replay, const struct detect_handler *handler);
void replay_close(struct replay *replay);

#endif
