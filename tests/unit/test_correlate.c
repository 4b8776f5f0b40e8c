// SPDX-License-Identifier: GPL-2.0-or-later
/* Records in every order that the kernel and two CPUs can produce become the right incidents, once each. */
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <stdlib.h>

#include <cmocka.h>

#include "detect/correlate.h"
#include "records.h"

enum { TOLD_MAX = 512, FAILED = 1 << 8 };

static struct correlator *correlator;
static struct rec rec;
static struct incident *told[TOLD_MAX];
static unsigned int told_count, more_count;
static bool keep_started;
static struct {
	unsigned int started, forked, left;
	pid_t pid, ppid;
	unsigned int told_before; /* incidents when the last one left */
} seen;

static void on_incident(void *arg, struct incident *incident)
{
	(void)arg;
	assert_true(told_count < TOLD_MAX);
	told[told_count++] = incident_ref(incident);
}

static void on_more(void *arg, struct incident *incident)
{
	(void)arg;
	assert_ptr_equal(incident, told[told_count - 1]);
	more_count++;
}

static bool on_started(void *arg, const struct process *process)
{
	(void)arg;
	seen.started++;
	seen.pid = process->pid;
	return keep_started;
}

static void on_forked(void *arg, pid_t pid, uint64_t start, pid_t ppid)
{
	(void)arg;
	assert_true(start == rec_start(pid));
	seen.forked++;
	seen.pid = pid;
	seen.ppid = ppid;
}

static void on_leaving(void *arg, const struct process *process)
{
	(void)arg;
	seen.left++;
	seen.pid = process->pid;
	seen.told_before = told_count;
}

static int setup(void **state)
{
	const struct detect_handler handler = {.incident = on_incident,
					       .more = on_more,
					       .started = on_started,
					       .forked = on_forked,
					       .leaving = on_leaving};

	(void)state;
	told_count = more_count = 0;
	keep_started = true;
	memset(&seen, 0, sizeof(seen));
	incident_seed(1);
	return correlator_new(&correlator, &handler);
}

static int teardown(void **state)
{
	(void)state;
	correlator_free(correlator);
	for (unsigned int i = 0; i < told_count; i++)
		incident_unref(told[i]);
	return 0;
}

static void feed(void)
{
	correlator_feed(correlator, rec.bytes, rec.size);
}

static void feed_kill(pid_t pid, pid_t context, uint64_t time)
{
	rec_kernel_kill(&rec, pid, context, time);
	feed();
}

static void feed_mark(pid_t victim, pid_t trigger, uint64_t time)
{
	rec_oom(&rec, victim, trigger, time);
	feed();
}

static void assert_oom(unsigned int index, pid_t pid)
{
	assert_true(index < told_count);
	assert_int_equal(told[index]->kind, FAULT_OOM_CGROUP);
	assert_int_equal(told[index]->who.pid, pid);
	assert_true(told[index]->oom.known);
	assert_string_equal(told[index]->oom.cgroup, REC_CG);
	assert_true(told[index]->oom.limit == 32 << 20);
}

/* ---- crashes */

static void a_crash_is_told_at_once(void **state)
{
	(void)state;
	rec_death(&rec, 42, SIGSEGV, REC_NOW)->flags = FE_DEATH_CRASH;
	feed();
	assert_int_equal(told_count, 1);
	assert_int_equal(told[0]->kind, FAULT_CRASH_SIGSEGV);
	assert_int_equal(told[0]->who.exit_status, SIGSEGV);
	assert_true(correlator_deadline(correlator) == 0);
}

static void kinds_follow_signal_and_cause(void **state)
{
	static const struct {
		int signo;
		uint32_t flags;
		enum fault_kind kind;
	} rows[] = {
		{SIGSEGV, FE_DEATH_CRASH, FAULT_CRASH_SIGSEGV},
		{SIGSEGV, 0, FAULT_KILL_SIGSEGV},
		{SIGABRT, FE_DEATH_CRASH, FAULT_CRASH_SIGABRT},
		{SIGABRT, 0, FAULT_KILL_SIGABRT},
		{SIGXFSZ, FE_DEATH_CRASH, FAULT_CRASH_SIGXFSZ},
		{SIGTERM, 0, FAULT_KILL_SIGTERM},
		{SIGQUIT, FE_DEATH_CRASH, FAULT_KILL_SIGQUIT},
		{SIGTERM, FE_DEATH_CRASH, FAULT_KILL_SIGTERM},
		{64, 0, FAULT_KILL_REALTIME},
		{34, FE_DEATH_CRASH, FAULT_KILL_REALTIME},
	};

	(void)state;
	for (size_t i = 0; i < sizeof(rows) / sizeof(rows[0]); i++) {
		rec_death(&rec, 100 + (int)i, rows[i].signo, REC_NOW)->flags = rows[i].flags;
		feed();
		assert_int_equal(told_count, i + 1);
		assert_int_equal(told[i]->kind, rows[i].kind);
	}
}

static void stack_and_mappings_come_first(void **state)
{
	static const char bytes[32] = "stack of 42";

	(void)state;
	rec_stack(&rec, 42, bytes, sizeof(bytes), REC_NOW);
	feed();
	rec_maps(&rec, 42, REC_NOW);
	feed();
	rec_death(&rec, 42, SIGSEGV, REC_NOW)->flags = FE_DEATH_CRASH;
	feed();
	assert_int_equal(told_count, 1);
	assert_int_equal(told[0]->stack_len, sizeof(bytes));
	assert_memory_equal(told[0]->stack, bytes, sizeof(bytes));
	assert_true(told[0]->stack_address == 0x7ffc00000000);
	assert_int_equal(told[0]->maps_count, 3);
	assert_int_equal(more_count, 0);
}

static void stack_and_mappings_come_later(void **state)
{
	static const char bytes[32] = "stack of 42";

	(void)state;
	rec_death(&rec, 42, SIGSEGV, REC_NOW)->flags = FE_DEATH_CRASH;
	feed();
	assert_int_equal(told[0]->maps_count, 0);
	rec_maps(&rec, 42, REC_NOW + NSEC_PER_MSEC);
	feed();
	assert_int_equal(more_count, 1);
	assert_int_equal(told[0]->maps_count, 3);
	rec_stack(&rec, 42, bytes, sizeof(bytes), REC_NOW);
	feed();
	assert_int_equal(more_count, 2);
	assert_memory_equal(told[0]->stack, bytes, sizeof(bytes));
	/* A second copy changes nothing. */
	rec_maps(&rec, 42, REC_NOW);
	feed();
	rec_stack(&rec, 42, "other", 5, REC_NOW);
	feed();
	assert_int_equal(more_count, 2);
	assert_int_equal(told[0]->stack_len, sizeof(bytes));
	assert_int_equal(told_count, 1);
}

static void parts_of_others_are_left_alone(void **state)
{
	(void)state;
	rec_stack(&rec, 43, "43", 2, REC_NOW);
	feed();
	rec_stack(&rec, 42, "42 before", 9, REC_NOW)->start = 1; /* one that had the number before */
	feed();
	rec_maps(&rec, 43, REC_NOW);
	feed();
	rec_death(&rec, 42, SIGSEGV, REC_NOW)->flags = FE_DEATH_CRASH;
	feed();
	assert_null(told[0]->stack);
	assert_null(told[0]->maps);
	rec_maps(&rec, 42, REC_NOW)->start = 1;
	feed();
	assert_int_equal(more_count, 0);
	/* Nothing in it, nothing more. */
	rec_stack(&rec, 42, "", 0, REC_NOW);
	feed();
	rec_maps(&rec, 42, REC_NOW)->count = 0;
	feed();
	assert_int_equal(more_count, 0);
}

static void unclaimed_parts_are_bounded(void **state)
{
	static const char bytes[FE_STACK_MAX];

	(void)state;
	for (pid_t pid = 1; pid < 2000; pid++) {
		rec_stack(&rec, pid, bytes, sizeof(bytes), REC_NOW);
		feed();
	}
	rec_death(&rec, 1999, SIGSEGV, REC_NOW)->flags = FE_DEATH_CRASH;
	feed();
	rec_death(&rec, 1, SIGSEGV, REC_NOW)->flags = FE_DEATH_CRASH;
	feed();
	assert_int_equal(told[0]->stack_len, sizeof(bytes));
	assert_int_equal(told[1]->stack_len, 0);
}

/* ---- OOM kills */

static void mark_then_death(void **state)
{
	(void)state;
	feed_mark(42, 50, REC_NOW);
	assert_int_equal(told_count, 0);
	feed_kill(42, 50, REC_NOW + 1000);
	assert_int_equal(told_count, 1);
	assert_oom(0, 42);
	assert_string_equal(told[0]->who.exe, REC_EXE);
	assert_int_equal(told[0]->oom.victims, 1);
	assert_int_equal(told[0]->oom.trigger_pid, 50);
	correlator_flush(correlator);
	assert_int_equal(told_count, 1);
}

static void death_then_mark(void **state)
{
	(void)state;
	feed_kill(42, 50, REC_NOW);
	assert_int_equal(told_count, 0);
	assert_true(correlator_deadline(correlator) == REC_NOW + 20 * NSEC_PER_MSEC);
	feed_mark(42, 50, REC_NOW + 1000);
	assert_int_equal(told_count, 1);
	assert_oom(0, 42);
	assert_true(correlator_deadline(correlator) == 0);
	correlator_flush(correlator);
	assert_int_equal(told_count, 1);
}

/* Kernels that do not tell who sent the SIGKILL. */
static void asked_to_end_after_the_mark(void **state)
{
	struct fe_death *death;

	(void)state;
	feed_mark(42, 50, REC_NOW);
	death = rec_kernel_kill(&rec, 42, 50, REC_NOW + 2000);
	death->sender.signo = 0;
	death->request = (struct fe_sender){.time = REC_NOW + 1000, .signo = SIGTERM, .pid = 1};
	feed();
	assert_oom(0, 42);
	assert_false(told[0]->request.known);
}

static void no_mark_within_the_time(void **state)
{
	(void)state;
	feed_kill(42, 50, REC_NOW);
	correlator_advance(correlator, REC_NOW + 20 * NSEC_PER_MSEC - 1);
	assert_int_equal(told_count, 0);
	correlator_advance(correlator, REC_NOW + 20 * NSEC_PER_MSEC);
	assert_int_equal(told_count, 1);
	assert_int_equal(told[0]->kind, FAULT_KILL_SIGKILL);
	assert_false(told[0]->oom.known);
	assert_true(correlator_deadline(correlator) == 0);
}

static void what_needs_not_wait(void **state)
{
	struct fe_death *death;

	(void)state;
	/* A process sent it. */
	death = rec_kernel_kill(&rec, 42, 50, REC_NOW);
	death->sender.flags = 0;
	feed();
	assert_int_equal(told_count, 1);
	/* The init of its PID namespace took it along. */
	death = rec_kernel_kill(&rec, 43, 50, REC_NOW);
	death->sender.flags |= FE_SENDER_EXITING | FE_SENDER_NSINIT;
	feed();
	assert_int_equal(told_count, 2);
	/* Another signal than the OOM killer's. */
	death = rec_kernel_kill(&rec, 44, 50, REC_NOW);
	death->signo = SIGHUP;
	feed();
	assert_int_equal(told_count, 3);
	/* But an OOM killer can run in a process that is on its way out, or its sending may not have been
	 * seen. */
	rec_kernel_kill(&rec, 45, 50, REC_NOW)->sender.flags |= FE_SENDER_EXITING;
	feed();
	memset(&rec_kernel_kill(&rec, 46, 50, REC_NOW)->sender, 0, sizeof(struct fe_sender));
	feed();
	assert_int_equal(told_count, 3);
	feed_mark(46, 50, REC_NOW + 1);
	feed_mark(45, 50, REC_NOW + 1);
	assert_int_equal(told_count, 5);
	assert_oom(3, 46);
	assert_oom(4, 45);
}

/* m: mark, d: death, of victims 1 to 3. */
static void group(const char *order, const unsigned int victims[3])
{
	unsigned int deaths = 0;

	for (const char *p = order; *p; p += 2) {
		uint64_t time = REC_NOW + (uint64_t)(p - order) * 1000;

		if (p[0] == 'm')
			feed_mark(100 + p[1] - '0', 50, time);
		else
			feed_kill(100 + p[1] - '0', 50, time);
	}
	correlator_flush(correlator);
	if (told_count != 3)
		fail_msg("%s: %u incidents", order, told_count);
	for (int i = 0; i < 3; i++) {
		assert_int_equal(told[i]->kind, FAULT_OOM_CGROUP);
		assert_string_equal(told[i]->id, told[0]->id);
		if (told[i]->oom.victims != victims[i])
			fail_msg("%s: incident %d counts %u victims", order, i, told[i]->oom.victims);
		assert_non_null(told[i]->who.exe);
		deaths |= 1u << (told[i]->who.pid - 100);
	}
	assert_int_equal(deaths, 2 | 4 | 8);
}

static void groups_share_id_and_count(void **state)
{
	static const struct {
		const char *order;
		unsigned int victims[3];
	} rows[] = {
		{"m1m2m3d1d2d3", {3, 3, 3}},
		{"d1d2d3m1m2m3", {1, 2, 3}},
		{"m1d1m2d2m3d3", {1, 2, 3}},
		{"d1m1d2m2d3m3", {1, 2, 3}},
		{"m1d2d1m2m3d3", {1, 2, 3}},
		{"m1d3d2d1m2m3", {1, 2, 3}},
		/* 6.1 marks a victim twice. */
		{"m1m1m2m2m3m3d3d2d1", {3, 3, 3}},
		{"m1d1m1m2d2m2m3d3m3", {1, 2, 3}},
	};

	for (size_t i = 0; i < sizeof(rows) / sizeof(rows[0]); i++) {
		group(rows[i].order, rows[i].victims);
		teardown(state);
		assert_int_equal(setup(state), 0);
	}
}

static void other_ooms_are_other_incidents(void **state)
{
	(void)state;
	feed_mark(42, 50, REC_NOW);
	feed_kill(42, 50, REC_NOW + 1);
	/* Another trigger, another cgroup, another time. */
	feed_mark(43, 51, REC_NOW + 2);
	feed_kill(43, 51, REC_NOW + 3);
	rec_oom(&rec, 44, 50, REC_NOW + 4)->cgroup_id = 78;
	feed();
	feed_kill(44, 50, REC_NOW + 5);
	feed_mark(45, 50, REC_NOW + 10 * NSEC_PER_SEC);
	feed_kill(45, 50, REC_NOW + 10 * NSEC_PER_SEC);
	assert_int_equal(told_count, 4);
	for (unsigned int i = 0; i < 4; i++) {
		assert_int_equal(told[i]->oom.victims, 1);
		for (unsigned int j = 0; j < i; j++)
			assert_string_not_equal(told[i]->id, told[j]->id);
	}
}

static void a_sibling_that_shares_the_memory_has_no_mark(void **state)
{
	(void)state;
	feed_mark(42, 50, REC_NOW);
	feed_kill(42, 50, REC_NOW + 1000);
	feed_kill(43, 50, REC_NOW + 2000);
	assert_int_equal(told_count, 1);
	correlator_advance(correlator, REC_NOW + 21 * NSEC_PER_MSEC);
	assert_int_equal(told_count, 2);
	assert_oom(1, 43);
	assert_string_equal(told[1]->id, told[0]->id);
	/* Its mark came all the same, later than ever seen: it is not told once more. */
	feed_mark(43, 50, REC_NOW + 30 * NSEC_PER_MSEC);
	correlator_flush(correlator);
	assert_int_equal(told_count, 2);
}

static void other_kernel_kills_are_no_siblings(void **state)
{
	(void)state;
	feed_mark(42, 50, REC_NOW);
	feed_kill(42, 50, REC_NOW + 1000);
	/* Another context; the same one much later. */
	feed_kill(43, 51, REC_NOW + 2000);
	feed_kill(44, 50, REC_NOW + NSEC_PER_SEC);
	correlator_flush(correlator);
	assert_int_equal(told_count, 3);
	assert_int_equal(told[1]->kind, FAULT_KILL_SIGKILL);
	assert_int_equal(told[2]->kind, FAULT_KILL_SIGKILL);
}

static void a_mark_without_a_death(void **state)
{
	(void)state;
	feed_mark(42, 50, REC_NOW);
	assert_true(correlator_deadline(correlator) == REC_NOW + 2 * NSEC_PER_SEC);
	correlator_advance(correlator, REC_NOW + 2 * NSEC_PER_SEC - 1);
	assert_int_equal(told_count, 0);
	correlator_advance(correlator, REC_NOW + 2 * NSEC_PER_SEC);
	assert_int_equal(told_count, 1);
	assert_oom(0, 42);
	assert_null(told[0]->who.exe);
	assert_true(told[0]->who.start == 0);
	assert_true(correlator_deadline(correlator) == 0);
	correlator_flush(correlator);
	assert_int_equal(told_count, 1);
	/* The late death says who it was, of the same incident. */
	rec_kernel_kill(&rec, 42, 50, REC_NOW + 3 * NSEC_PER_SEC)->sender.time = REC_NOW;
	feed();
	correlator_flush(correlator);
	assert_int_equal(told_count, 2);
	assert_oom(1, 42);
	assert_string_equal(told[1]->id, told[0]->id);
	assert_string_equal(told[1]->who.exe, REC_EXE);
}

static void scopes(void **state)
{
	static const struct {
		uint32_t scope;
		enum fault_kind kind;
	} rows[] = {{FE_OOM_HOST, FAULT_OOM_HOST},
		    {FE_OOM_CGROUP, FAULT_OOM_CGROUP},
		    {FE_OOM_POLICY, FAULT_OOM_HOST},
		    {0xffffffff, FAULT_OOM_HOST}};

	(void)state;
	for (size_t i = 0; i < sizeof(rows) / sizeof(rows[0]); i++) {
		rec_oom(&rec, 100 + (int)i, 50 + (int)i, REC_NOW)->scope = rows[i].scope;
		feed();
		feed_kill(100 + (int)i, 50 + (int)i, REC_NOW);
		assert_int_equal(told[i]->kind, rows[i].kind);
	}
}

static void what_waits_is_bounded(void **state)
{
	(void)state;
	/* The oldest is told when there is no room: nothing is forgotten. */
	for (pid_t pid = 1; pid <= 200; pid++)
		feed_kill(pid, 1000, REC_NOW);
	correlator_flush(correlator);
	assert_int_equal(told_count, 200);
	for (pid_t pid = 301; pid <= 500; pid++)
		feed_mark(pid, 1000 + pid, REC_NOW);
	correlator_flush(correlator);
	assert_int_equal(told_count, 400);
	for (unsigned int i = 0; i < 200; i++) {
		assert_int_equal(told[i]->who.pid, i + 1);
		assert_int_equal(told[i]->kind, FAULT_KILL_SIGKILL);
		assert_int_equal(told[200 + i]->kind, FAULT_OOM_CGROUP);
	}
}

/* ---- exits */

static void exits(void **state)
{
	(void)state;
	rec_exit(&rec, 42, 3 * FAILED, REC_NOW);
	feed();
	rec_exit(&rec, 43, 0, REC_NOW);
	feed();
	assert_int_equal(told_count, 2);
	assert_int_equal(told[0]->kind, FAULT_EXIT_FAILURE);
	assert_int_equal(told[0]->who.exit_status, 3 * FAILED);
	assert_int_equal(told[1]->kind, FAULT_EXIT_UNEXPECTED);
	assert_int_equal(seen.left, 2);
	/* By then the incident is there, for whoever waits for the end of its process. */
	assert_int_equal(seen.told_before, 2);
}

static void the_exit_after_a_death_is_no_incident(void **state)
{
	(void)state;
	rec_death(&rec, 42, SIGSEGV, REC_NOW)->flags = FE_DEATH_CRASH;
	feed();
	rec_exit(&rec, 42, SIGSEGV | 0x80, REC_NOW + 1000)->flags = FE_EXIT_REPORTED;
	feed();
	/* A status of its own does not make a second one of it. */
	rec_exit(&rec, 42, FAILED, REC_NOW + 1000);
	feed();
	assert_int_equal(told_count, 1);
	assert_int_equal(seen.left, 2);
	/* Another process that has the number is another matter. */
	rec_exit(&rec, 42, FAILED, REC_NOW + 2000)->id.start += NSEC_PER_SEC;
	feed();
	assert_int_equal(told_count, 2);
}

static void exits_that_were_asked_for(void **state)
{
	static const struct {
		const char *name;
		uint32_t signo, sender;
		uint64_t before;
		bool incident;
	} rows[] = {
		{"nobody asked", 0, 0, 0, true},
		{"SIGTERM", SIGTERM, 50, NSEC_PER_SEC, false},
		{"SIGINT", SIGINT, 50, NSEC_PER_SEC, false},
		{"SIGQUIT", SIGQUIT, 50, NSEC_PER_SEC, false},
		{"SIGHUP means: read your configuration", SIGHUP, 50, NSEC_PER_SEC, true},
		{"it asked itself", SIGTERM, 42, NSEC_PER_SEC, true},
		{"the kernel asked", SIGTERM, 0, NSEC_PER_SEC, false},
		{"after all the time that systemd gives", SIGTERM, 50, 90 * NSEC_PER_SEC, false},
		{"long ago", SIGTERM, 50, 90 * NSEC_PER_SEC + 1, true},
	};

	(void)state;
	for (size_t i = 0; i < sizeof(rows) / sizeof(rows[0]); i++) {
		for (int status = 0; status <= FAILED; status += FAILED) {
			unsigned int before = told_count;
			struct fe_exit *event = rec_exit(&rec, 42, status, REC_NOW);

			event->id.start += (i + 1) * NSEC_PER_SEC * (status ? 100 : 1);
			event->request = (struct fe_sender){.signo = rows[i].signo,
							    .pid = rows[i].sender,
							    .time = REC_NOW - rows[i].before};
			feed();
			if (told_count - before != rows[i].incident)
				fail_msg("%s, status %d: %u incidents", rows[i].name, status,
					 told_count - before);
		}
	}
}

/* ---- identities */

static void feed_bare_exit(pid_t pid, uint64_t start)
{
	struct fe_exit *event = rec_begin(&rec, FE_EXIT, sizeof(*event), REC_NOW);

	rec_bare_identity(&event->id, pid);
	event->id.start = start;
	event->status = FAILED;
	feed();
}

static void kernels_that_forget_are_reminded(void **state)
{
	const struct incident *incident;

	(void)state;
	/* Found in /proc, whose start times are rounded. */
	rec_exec(&rec, 42, REC_NOW)->id.start -= 7 * NSEC_PER_MSEC;
	feed();
	assert_int_equal(seen.started, 1);
	feed_bare_exit(42, rec_start(42));
	assert_int_equal(told_count, 1);
	incident = told[0];
	assert_string_equal(incident->who.exe, REC_EXE);
	assert_memory_equal(incident->who.args, REC_ARGS, incident->who.args_len);
	/* Numbers and names are the kernel's own. */
	assert_true(incident->who.start == rec_start(42));
	assert_int_equal(incident->who.exit_status, FAILED);
	assert_string_equal(incident->who.thread_name, "worker");
	/* Once gone, it is forgotten. */
	feed_bare_exit(42, rec_start(42) + 5 * NSEC_PER_MSEC);
	assert_null(told[1]->who.exe);
}

static void who_was_not_kept_stays_unknown(void **state)
{
	(void)state;
	rec_exec(&rec, 42, REC_NOW);
	feed();
	keep_started = false;
	rec_exec(&rec, 42, REC_NOW); /* executes something that nobody asked for */
	feed();
	feed_bare_exit(42, rec_start(42));
	assert_null(told[0]->who.exe);
	assert_null(told[0]->who.args);
}

static void children_inherit(void **state)
{
	(void)state;
	rec_exec(&rec, 42, REC_NOW);
	feed();
	rec_fork(&rec, 42, 43, REC_NOW);
	feed();
	assert_int_equal(seen.forked, 1);
	assert_int_equal(seen.pid, 43);
	assert_int_equal(seen.ppid, 42);
	feed_bare_exit(43, rec_start(43));
	assert_string_equal(told[0]->who.exe, REC_EXE);
	rec_fork(&rec, 99, 44, REC_NOW);
	feed();
	feed_bare_exit(44, rec_start(44));
	assert_null(told[1]->who.exe);
}

static void deaths_are_reminded_as_well(void **state)
{
	struct fe_death *death;

	(void)state;
	rec_exec(&rec, 42, REC_NOW);
	feed();
	death = rec_begin(&rec, FE_DEATH, sizeof(*death), REC_NOW);
	rec_bare_identity(&death->id, 42);
	death->signo = SIGSYS;
	death->flags = FE_DEATH_CRASH | FE_DEATH_AT_EXIT;
	feed();
	assert_int_equal(told[0]->kind, FAULT_CRASH_SIGSYS);
	assert_string_equal(told[0]->who.exe, REC_EXE);
	assert_memory_equal(told[0]->who.args, REC_ARGS, told[0]->who.args_len);
}

static void handlers_need_not_be_there(void **state)
{
	const struct detect_handler handler = {.incident = on_incident};

	teardown(state);
	told_count = 0;
	assert_int_equal(correlator_new(&correlator, &handler), 0);
	rec_exec(&rec, 42, REC_NOW);
	feed();
	rec_fork(&rec, 42, 43, REC_NOW);
	feed();
	rec_death(&rec, 42, SIGSEGV, REC_NOW)->flags = FE_DEATH_CRASH;
	feed();
	rec_maps(&rec, 42, REC_NOW);
	feed();
	rec_exit(&rec, 42, SIGSEGV, REC_NOW);
	feed();
	assert_int_equal(told_count, 1);
}

int main(void)
{
	const struct CMUnitTest tests[] = {
#define TEST(name) cmocka_unit_test_setup_teardown(name, setup, teardown)
		TEST(a_crash_is_told_at_once),
		TEST(kinds_follow_signal_and_cause),
		TEST(stack_and_mappings_come_first),
		TEST(stack_and_mappings_come_later),
		TEST(parts_of_others_are_left_alone),
		TEST(unclaimed_parts_are_bounded),
		TEST(mark_then_death),
		TEST(death_then_mark),
		TEST(asked_to_end_after_the_mark),
		TEST(no_mark_within_the_time),
		TEST(what_needs_not_wait),
		TEST(groups_share_id_and_count),
		TEST(other_ooms_are_other_incidents),
		TEST(a_sibling_that_shares_the_memory_has_no_mark),
		TEST(other_kernel_kills_are_no_siblings),
		TEST(a_mark_without_a_death),
		TEST(scopes),
		TEST(what_waits_is_bounded),
		TEST(exits),
		TEST(the_exit_after_a_death_is_no_incident),
		TEST(exits_that_were_asked_for),
		TEST(kernels_that_forget_are_reminded),
		TEST(who_was_not_kept_stays_unknown),
		TEST(children_inherit),
		TEST(deaths_are_reminded_as_well),
		TEST(handlers_need_not_be_there),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
