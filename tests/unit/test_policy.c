// SPDX-License-Identifier: GPL-2.0-or-later
/* The rules that forbid an action: every one of them, and what must not be forbidden. */
#include "recover/policy.h"

#include <setjmp.h>
#include <signal.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <stdio.h>
#include <string.h>

#include <cmocka.h>

#include "core/clock.h"

#define SEC NSEC_PER_SEC

struct row {
	const char *name;
	const char *reason; /* NULL: act */
	enum action_type action;
	enum fault_kind kind;
	const char *cause;
	bool incomplete, is_protected, own_signal, worker, no_launch, retitled, foreign, already, run;
	const char *supervisor, *no_way;
	enum confidence confidence;
	int request; /* signal that asked it to stop */
	uint64_t request_age;
	int signo;
};

#define CRASH .kind = FAULT_CRASH_SIGSEGV, .signo = SIGSEGV

static const struct row rows[] = {
	{"plain crash", NULL, ACTION_RESPAWN, CRASH},
	{"pid 1", "protected", ACTION_RESPAWN, CRASH, .is_protected = true},
	{"pid 1, signal", "protected", ACTION_SIGNAL, CRASH, .is_protected = true},
	{"pid 1, by command", "protected", ACTION_RESTART_COMMAND, CRASH, .is_protected = true},
	{"a hook touches nobody", NULL, ACTION_EXEC, CRASH, .is_protected = true},
	{"our signal", "own-signal", ACTION_RESPAWN, .kind = FAULT_KILL_SIGKILL, .own_signal = true},
	{"TERM just now", "stop-requested", ACTION_RESPAWN, CRASH, .request = SIGTERM,
	 .request_age = 1 * SEC},
	{"TERM, then KILL", "stop-requested", ACTION_RESPAWN, .kind = FAULT_KILL_SIGKILL, .signo = SIGKILL,
	 .request = SIGTERM, .request_age = 80 * SEC},
	{"TERM long ago", NULL, ACTION_RESPAWN, CRASH, .request = SIGTERM, .request_age = 91 * SEC},
	{"INT", "stop-requested", ACTION_RESTART_UNIT, .kind = FAULT_EXIT_FAILURE, .request = SIGINT},
	{"QUIT", "stop-requested", ACTION_RESTART, .kind = FAULT_EXIT_FAILURE, .request = SIGQUIT},
	{"HUP is a reload", NULL, ACTION_RESPAWN, CRASH, .request = SIGHUP},
	{"kill.sigterm is meant", NULL, ACTION_RESPAWN, .kind = FAULT_KILL_SIGTERM, .signo = SIGTERM,
	 .request = SIGTERM},
	{"a hook hears of stops", NULL, ACTION_EXEC, CRASH, .request = SIGTERM},
	{"by its manager", "supervisor-acts", ACTION_RESPAWN, .kind = FAULT_KILL_SIGKILL,
	 .cause = "killed-by-manager"},
	{"by somebody", NULL, ACTION_RESPAWN, .kind = FAULT_KILL_SIGKILL, .cause = "killed-by-process"},
	{"runit", "supervisor-acts", ACTION_RESPAWN, CRASH, .supervisor = "runit"},
	{"runit, signal", NULL, ACTION_SIGNAL, CRASH, .supervisor = "runit"},
	{"worker", "worker-of-living-parent", ACTION_RESPAWN, CRASH, .worker = true},
	{"worker, by command", "worker-of-living-parent", ACTION_RESTART_COMMAND, CRASH, .worker = true},
	{"disk full", "not-curable-by-restart", ACTION_RESPAWN, .kind = FAULT_EXIT_FAILURE,
	 .cause = "disk-full", .confidence = CONFIDENCE_CERTAIN},
	{"perhaps disk full", NULL, ACTION_RESPAWN, .kind = FAULT_EXIT_FAILURE, .cause = "disk-full"},
	{"configuration", "not-curable-by-restart", ACTION_RESTART_UNIT, .kind = FAULT_EXIT_FAILURE,
	 .cause = "configuration", .confidence = CONFIDENCE_LIKELY},
	{"port in use may pass", NULL, ACTION_RESPAWN, .kind = FAULT_EXIT_FAILURE, .cause = "port-in-use",
	 .confidence = CONFIDENCE_CERTAIN},
	{"a full host", "not-curable-by-restart", ACTION_RESPAWN, .kind = FAULT_HOST_DISK},
	{"the kernel", "not-curable-by-restart", ACTION_RESTART, .kind = FAULT_KERNEL_OOPS},
	{"space", "not-curable-by-restart", ACTION_RESPAWN, .kind = FAULT_RESOURCE_SPACE},
	{"descriptors", NULL, ACTION_RESPAWN, .kind = FAULT_RESOURCE_FDS},
	{"little seen", "evidence-incomplete", ACTION_RESPAWN, CRASH, .incomplete = true},
	{"little seen, signal", "evidence-incomplete", ACTION_SIGNAL, CRASH, .incomplete = true},
	{"little seen, hook", NULL, ACTION_EXEC, CRASH, .incomplete = true},
	{"no docker", "no-way", ACTION_RESTART_COMMAND, CRASH, .no_way = "no docker"},
	{"other namespaces", "other-namespace", ACTION_RESPAWN, CRASH, .foreign = true},
	{"other namespaces, by unit", NULL, ACTION_RESTART_UNIT, CRASH, .foreign = true},
	{"no record", "evidence-incomplete", ACTION_RESPAWN, CRASH, .no_launch = true},
	{"no record needed", NULL, ACTION_RESTART_COMMAND, CRASH, .no_launch = true},
	{"retitled", "evidence-incomplete", ACTION_RESPAWN, CRASH, .retitled = true},
	{"run needs no record", NULL, ACTION_RESPAWN, CRASH, .no_launch = true, .incomplete = true,
	 .run = true},
	{"somebody was faster", "already-running", ACTION_RESPAWN, CRASH, .already = true},
	{"oom", NULL, ACTION_RESPAWN, .kind = FAULT_OOM_CGROUP, .signo = SIGKILL, .cause = "cgroup-limit"},
	{"deadlock", NULL, ACTION_RESPAWN, .kind = FAULT_STALL_DEADLOCK, .cause = "lock-cycle"},
	{"deadlock, signal", NULL, ACTION_SIGNAL, .kind = FAULT_STALL_DEADLOCK, .cause = "lock-cycle"},
	{"starved", "not-to-blame", ACTION_RESPAWN, .kind = FAULT_STALL_STARVED, .cause = "cpu-contention"},
	{"starved, signal", "not-to-blame", ACTION_SIGNAL, .kind = FAULT_STALL_STARVED,
	 .cause = "real-time-hog"},
	{"starved, hook", NULL, ACTION_EXEC, .kind = FAULT_STALL_STARVED, .cause = "real-time-hog"},
	{"starved, unit", "not-to-blame", ACTION_RESTART_UNIT, .kind = FAULT_STALL_STARVED,
	 .cause = "unknown"},
	{"throttled", "not-to-blame", ACTION_RESTART, .kind = FAULT_STALL_THROTTLED, .cause = "cpu-quota"},
	{"throttled, hook", NULL, ACTION_EXEC, .kind = FAULT_STALL_THROTTLED, .cause = "cpu-quota"},
	{"debugged", "not-to-blame", ACTION_SIGNAL, .kind = FAULT_STALL_STOPPED, .cause = "debugger"},
	{"frozen", "not-to-blame", ACTION_RESPAWN, .kind = FAULT_STALL_STOPPED, .cause = "frozen-cgroup"},
	{"stopped", NULL, ACTION_SIGNAL, .kind = FAULT_STALL_STOPPED, .cause = "job-control"},
	{"slow disk", "not-to-blame", ACTION_RESPAWN, .kind = FAULT_STALL_IO, .cause = "slow-device"},
	{"frozen filesystem", "not-to-blame", ACTION_RESPAWN, .kind = FAULT_STALL_IO,
	 .cause = "filesystem-frozen"},
	{"NFS", "not-to-blame", ACTION_RESTART_COMMAND, .kind = FAULT_STALL_IO,
	 .cause = "network-filesystem"},
	{"NFS, hook", NULL, ACTION_EXEC, .kind = FAULT_STALL_IO, .cause = "network-filesystem"},
	{"FUSE", "not-to-blame", ACTION_RESPAWN, .kind = FAULT_STALL_IO, .cause = "fuse-server"},
	{"a lock on a file", "not-to-blame", ACTION_SIGNAL, .kind = FAULT_STALL_SYSCALL,
	 .cause = "file-lock"},
	{"a full pipe", "not-to-blame", ACTION_RESPAWN, .kind = FAULT_STALL_SYSCALL, .cause = "pipe-full"},
	{"a lock of its own", NULL, ACTION_RESPAWN, .kind = FAULT_STALL_LOCK,
	 .cause = "lock-holder-sleeping"},
	{"loop that got no CPU", "not-to-blame", ACTION_RESPAWN, .kind = FAULT_STALL_EVENTLOOP,
	 .cause = "starved"},
	{"loop that computes", NULL, ACTION_RESPAWN, .kind = FAULT_STALL_EVENTLOOP,
	 .cause = "busy-in-user-code"},
	{"loop, no cause", NULL, ACTION_RESPAWN, .kind = FAULT_STALL_EVENTLOOP},
	{"crash under a debugger", NULL, ACTION_RESPAWN, CRASH, .cause = "debugger"},
	{"little seen of what starves", "not-to-blame", ACTION_RESPAWN, .kind = FAULT_STALL_STARVED,
	 .incomplete = true},
	{"little seen of a deadlock", "evidence-incomplete", ACTION_SIGNAL, .kind = FAULT_STALL_DEADLOCK,
	 .incomplete = true},
	{"run starved", "not-to-blame", ACTION_RESPAWN, .kind = FAULT_STALL_STARVED, .run = true},
	{"protected before all", "protected", ACTION_RESPAWN, CRASH, .is_protected = true, .worker = true,
	 .incomplete = true},
};

static void test_rules(void **state)
{
	(void)state;
	for (size_t i = 0; i < sizeof(rows) / sizeof(rows[0]); i++) {
		const struct row *row = &rows[i];
		struct incident incident = {
			.kind = row->kind,
			.time = 1000 * SEC,
			.signo = row->signo,
			.why = {.cause = row->cause,
				.confidence = row->confidence,
				.evidence_complete = !row->incomplete},
			.request = {.known = row->request,
				    .signo = row->request,
				    .time = 1000 * SEC - row->request_age},
		};
		struct situation s = {
			.incident = &incident,
			.action = row->action,
			.is_protected = row->is_protected,
			.own_signal = row->own_signal,
			.supervisor = row->supervisor,
			.forked_worker = row->worker,
			.has_launch = !row->no_launch,
			.launch_retitled = row->retitled,
			.foreign_namespaces = row->foreign,
			.already_running = row->already,
			.no_way = row->no_way,
			.run = row->run,
		};
		const struct refusal *refusal = policy_refusal(&s);
		const char *reason = refusal ? refusal->reason : NULL;

		if ((reason == NULL) != (row->reason == NULL) || (reason && strcmp(reason, row->reason) != 0))
			fail_msg("%s: %s, not %s", row->name, reason ?: "act", row->reason ?: "act");
		if (refusal)
			assert_true(strlen(refusal->sentence) > 10);
	}
}

struct unit_row {
	const char *name, *reason;
	enum fault_kind kind;
	int signo, status;
	const char *cause;
	bool main_alive, named, other;
	struct unit_info unit;
};

#define UNIT(...) UNIT_IN("failed", __VA_ARGS__)
#define UNIT_IN(state, ...) \
	.unit = {.load_state = "loaded", .type = "simple", .active_state = state, __VA_ARGS__}

static const struct unit_row unit_rows[] = {
	{"Restart=no", NULL, CRASH, UNIT(.restart = "no")},
	{"Restart=always", "supervisor-acts", CRASH, UNIT(.restart = "always")},
	{"on-failure", "supervisor-acts", CRASH, UNIT(.restart = "on-failure")},
	{"on-failure, clean exit", NULL, .kind = FAULT_EXIT_UNEXPECTED, UNIT(.restart = "on-failure")},
	{"on-abort, exit", NULL, .kind = FAULT_EXIT_FAILURE, .status = 1 << 8, UNIT(.restart = "on-abort")},
	{"on-abort, crash", "supervisor-acts", CRASH, UNIT(.restart = "on-abort")},
	{"on-abort, oom", NULL, .kind = FAULT_OOM_CGROUP, .signo = SIGKILL, UNIT(.restart = "on-abort")},
	{"on-watchdog, crash", NULL, CRASH, UNIT(.restart = "on-watchdog")},
	{"on-watchdog", "supervisor-acts", .kind = FAULT_KILL_SIGABRT, .signo = SIGABRT, .cause = "watchdog",
	 UNIT(.restart = "on-watchdog")},
	{"gave up", NULL, CRASH, UNIT(.restart = "always", .result = "start-limit-hit")},
	{"auto-restart", "supervisor-acts", CRASH, UNIT(.restart = "no", .sub_state = "auto-restart")},
	{"stopping", "stop-requested", CRASH, UNIT_IN("deactivating", .restart = "always", .job = 7)},
	{"starting", "supervisor-acts", CRASH, UNIT_IN("activating", .restart = "no", .job = 7)},
	{"unknown unit", "no-such-unit", CRASH, .unit = {.load_state = "not-found"}},
	{"worker", "worker-of-living-parent", CRASH, .main_alive = true, UNIT(.restart = "always")},
	{"named unit", NULL, CRASH, .main_alive = true, .named = true, UNIT(.restart = "always")},
	{"another unit", NULL, CRASH, .named = true, .other = true, UNIT(.restart = "always")},
	{"hung", NULL, .kind = FAULT_STALL_DEADLOCK, UNIT_IN("active", .restart = "always")},
	{"prevented", NULL, .kind = FAULT_EXIT_FAILURE, .status = 3 << 8,
	 UNIT(.restart = "always", .prevent = {.codes = {1 << 3}})},
	{"forced", "supervisor-acts", .kind = FAULT_EXIT_FAILURE, .status = 9 << 8,
	 UNIT(.restart = "no", .force = {.codes = {0, 1 << 1}})},
	{"clean by setting", NULL, .kind = FAULT_EXIT_FAILURE, .status = 3 << 8,
	 UNIT(.restart = "on-failure", .success = {.codes = {1 << 3}})},
	{"clean by signal setting", NULL, .kind = FAULT_KILL_SIGKILL, .signo = SIGKILL,
	 UNIT(.restart = "on-failure", .success = {.signals = 1 << (SIGKILL - 1)})},
	{"TERM is clean", NULL, .kind = FAULT_KILL_SIGTERM, .signo = SIGTERM, UNIT(.restart = "on-failure")},
	{"TERM of a oneshot is not", "supervisor-acts", .kind = FAULT_KILL_SIGTERM, .signo = SIGTERM,
	 .unit = {.load_state = "loaded", .type = "oneshot", .restart = "on-failure"}},
	{"unheard of", NULL, CRASH, UNIT(.restart = "on-full-moon")},
};

static void test_units(void **state)
{
	(void)state;
	for (size_t i = 0; i < sizeof(unit_rows) / sizeof(unit_rows[0]); i++) {
		const struct unit_row *row = &unit_rows[i];
		struct incident incident = {
			.kind = row->kind,
			.signo = row->signo,
			.who = {.has_exit_status = row->status != 0, .exit_status = row->status},
			.why.cause = row->cause,
		};
		const struct refusal *refusal =
			policy_unit_refusal(&incident, &row->unit, row->main_alive, row->named, !row->other);
		const char *reason = refusal ? refusal->reason : NULL;

		if ((reason == NULL) != (row->reason == NULL) || (reason && strcmp(reason, row->reason) != 0))
			fail_msg("%s: %s, not %s", row->name, reason ?: "act", row->reason ?: "act");
	}
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(test_rules),
		cmocka_unit_test(test_units),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
