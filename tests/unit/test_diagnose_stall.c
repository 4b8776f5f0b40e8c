// SPDX-License-Identifier: GPL-2.0-or-later
/* Every rule of the stalls' trees, and on either side of each border what must not be taken for it. */
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <stdlib.h>
#include <string.h>

#include <cmocka.h>

#include "diagnose/diagnose.h"
#include "stall_scenarios.h"

static struct incident *make(const struct scenario *s)
{
	struct incident *incident = incident_new();
	struct fe_stall *event;

	assert_non_null(incident);
	event = incident_alloc(incident, sizeof(*event));
	assert_non_null(event);
	*event = s->event;
	if (!s->in_call)
		event->syscall = NONE;
	if (!s->no_since)
		event->since = SINCE;
	incident->kind = s->kind;
	incident->time = NOW;
	incident->who = (struct process){.pid = MAIN,
					 .tid = s->tid ? (pid_t)s->tid : MAIN,
					 .start = SINCE - NSEC_PER_SEC,
					 .threads = s->threads,
					 .name = "app",
					 .cgroup = "/a"};
	strcpy(incident->who.thread_name, s->tid ? "worker" : "app");
	incident->stall = (struct stall_facts){.event = s->no_event ? NULL : event,
					       .wait_channel = s->channel,
					       .kernel_stack = s->stack,
					       .object = s->object,
					       .filesystem = s->filesystem,
					       .members = s->members};
	while (incident->stall.member_count < MEMBERS && s->members[incident->stall.member_count].role)
		incident->stall.member_count++;
	return incident;
}

static bool shown(const struct diagnosis *why, const char *part)
{
	for (size_t i = 0; i < why->evidence_count; i++)
		if (strstr(why->evidence[i], part))
			return true;
	return false;
}

/* A cause is backed by more than how long it lasts. */
static bool is_backed(const struct diagnosis *why)
{
	for (size_t i = 0; i < why->evidence_count; i++)
		if (!strstr(why->evidence[i], "no progress for"))
			return true;
	return strcmp(why->cause, "unknown") == 0;
}

static const char *complaint(const struct scenario *s, const struct diagnosis *why)
{
	if (strcmp(why->cause, s->cause) != 0 || why->confidence != s->confidence)
		return "another verdict";
	if (!why->summary || !why->summary[0] || why->summary[strlen(why->summary) - 1] == '.')
		return "no summary as it should be";
	if (strstr(why->summary, "(null)") || strstr(why->summary, "  "))
		return "a hole in the summary";
	if (s->says && !strstr(why->summary, s->says))
		return "the summary does not say it";
	if (s->shows && !shown(why, s->shows))
		return "the evidence does not show it";
	if (!is_backed(why))
		return "no evidence";
	return NULL;
}

static void verdicts(void **state)
{
	unsigned int wrong = 0;

	(void)state;
	for (size_t i = 0; i < SCENARIOS; i++) {
		const struct scenario *s = &scenarios[i];
		struct incident *incident = make(s);
		const struct diagnosis *why = &incident->why;
		const char *wrongly;
		size_t lines;

		diagnose(incident);
		wrongly = complaint(s, why);
		if (wrongly) {
			print_error("%s: %s: %s, %s (%s)\n", s->name, wrongly, why->cause,
				    confidence_name(why->confidence), why->summary);
			for (size_t k = 0; k < why->evidence_count; k++)
				print_error("\t%s\n", why->evidence[k]);
			wrong++;
		}
		/* Asked again, it answers the same. */
		lines = why->evidence_count;
		assert_false(diagnose(incident));
		assert_int_equal(why->evidence_count, lines);
		assert_true(wrongly || !complaint(s, why));
		incident_unref(incident);
	}
	assert_int_equal(wrong, 0);
}

/* The contract's catalogue, and socket-full, which extends it. */
static void causes_are_of_the_catalogue(void **state)
{
	static const struct {
		enum fault_kind kind;
		const char *causes[7];
	} catalogue[] = {
		{FAULT_STALL_DEADLOCK, {"lock-cycle", "self-deadlock", "owner-died", "all-threads-waiting"}},
		{FAULT_STALL_LOCK, {"lock-holder-stalled", "lock-holder-sleeping"}},
		{FAULT_STALL_IO,
		 {"slow-device", "filesystem-frozen", "network-filesystem", "fuse-server", "kernel-lock"}},
		{FAULT_STALL_SYSCALL, {"file-lock", "connect", "pipe-full", "socket-full", "dns"}},
		{FAULT_STALL_EVENTLOOP, {"busy-in-user-code", "blocked-in-syscall", "starved", "lock-wait"}},
		{FAULT_STALL_SPIN, {"user-loop", "syscall-loop"}},
		{FAULT_STALL_STARVED, {"cpu-contention", "real-time-hog", "affinity"}},
		{FAULT_STALL_THROTTLED, {"cpu-quota"}},
		{FAULT_STALL_STOPPED, {"job-control", "debugger", "frozen-cgroup"}},
	};
	bool known[SCENARIOS] = {false};

	(void)state;
	for (size_t i = 0; i < sizeof(catalogue) / sizeof(catalogue[0]); i++) {
		bool unknown = false;

		for (const char *const *cause = catalogue[i].causes; *cause; cause++) {
			bool met = false;

			for (size_t j = 0; j < SCENARIOS; j++) {
				if (scenarios[j].kind != catalogue[i].kind ||
				    strcmp(scenarios[j].cause, *cause) != 0)
					continue;
				met = known[j] = true;
			}
			if (!met)
				fail_msg("no scenario has the cause %s", *cause);
		}
		for (size_t j = 0; j < SCENARIOS; j++)
			unknown |= scenarios[j].kind == catalogue[i].kind &&
				   strcmp(scenarios[j].cause, "unknown") == 0;
		assert_true(unknown);
	}
	for (size_t j = 0; j < SCENARIOS; j++)
		if (!known[j] && strcmp(scenarios[j].cause, "unknown") != 0 &&
		    scenarios[j].kind != FAULT_KERNEL_HUNG_TASK)
			fail_msg("%s: %s is no cause of that kind", scenarios[j].name, scenarios[j].cause);
}

static const enum fault_kind kinds[] = {
	FAULT_STALL_DEADLOCK,  FAULT_STALL_LOCK,       FAULT_STALL_IO,	    FAULT_STALL_SYSCALL,
	FAULT_STALL_EVENTLOOP, FAULT_STALL_SPIN,       FAULT_STALL_STARVED, FAULT_STALL_THROTTLED,
	FAULT_STALL_STOPPED,   FAULT_KERNEL_HUNG_TASK,
};

enum { KINDS = sizeof(kinds) / sizeof(kinds[0]) };

/* No facts, or a record of nothing: no cause, and of a stall nothing to act on. */
static void little_is_known(void **state)
{
	(void)state;
	for (size_t i = 0; i < KINDS; i++) {
		struct scenario s = {.kind = kinds[i], .no_event = true};
		struct incident *incident = make(&s);

		diagnose(incident);
		assert_string_equal(incident->why.cause, "unknown");
		assert_non_null(incident->why.summary);
		assert_int_equal(incident->why.evidence_complete, kinds[i] == FAULT_KERNEL_HUNG_TASK);
		incident_unref(incident);
		s = (struct scenario){.kind = kinds[i], .no_since = true};
		incident = make(&s);
		incident->stall.members = NULL;
		incident->stall.member_count = 7;
		diagnose(incident);
		assert_string_equal(incident->why.cause, "unknown");
		assert_non_null(incident->why.summary);
		assert_null(strstr(incident->why.summary, " for "));
		assert_true(incident->why.evidence_complete);
		incident_unref(incident);
	}
}

/* What a broken or hostile recording may hold: each kind takes all of it, and says something. */
static void hostile_facts(void **state)
{
	static const char *const stacks[] = {"",	 "\n\n\n",	   "+", ".",   " ",
					     "schedule", "schedule\n+0x1", "*", "%s%n"};
	static const char *const strings[] = {"",	  " ",	   ":53",   "udp ", "udp :53",
					      "udp ]:53", "tcp [", "fuse.", "%s%n"};

	(void)state;
	for (size_t i = 0; i < KINDS * sizeof(stacks) / sizeof(stacks[0]); i++) {
		struct fe_member members[FE_MEMBERS_MAX];
		struct scenario s = {.kind = kinds[i % KINDS], .in_call = true, .no_since = true};
		struct incident *incident;

		memset(&s.event, 0xff, sizeof(s.event));
		if (i % 2)
			s.event.syscall = SYS_poll;
		s.stack = s.channel = stacks[i / KINDS];
		s.object = s.filesystem = strings[i / KINDS];
		memset(members, 0xff, sizeof(members));
		for (size_t k = 0; k < FE_MEMBERS_MAX; k++)
			members[k].role = 1 + (uint32_t)((i + k) % FE_ROLE_TRACER);
		incident = make(&s);
		incident->stall.members = members;
		incident->stall.member_count = 65535;
		diagnose(incident);
		assert_non_null(incident->why.summary);
		assert_true(incident->why.evidence_count <= INCIDENT_EVIDENCE_MAX);
		incident_unref(incident);
	}
}

/* A thread may be called anything, and need not end its name: it is told as it is, and nothing of what
 * follows it. */
static void hostile_names(void **state)
{
	struct scenario s = {KIND(LOCK), IN(futex, LOCK(MUTEX, 125)), .tid = 43,
			     .members = {OF(CHAIN, 125, .state = 'R')}};
	struct incident *incident;

	(void)state;
	memcpy(s.members[0].comm, "%s%n\n\033[2J1234567", FE_COMM_SIZE);
	s.members[1].role = 0x41414141;
	incident = make(&s);
	strcpy(incident->who.thread_name, "%d\"];");
	diagnose(incident);
	assert_string_equal(incident->why.summary, "thread %d\"];[43] waits for a mutex that "
						   "%s%n\n\033[2J1234567[125] has; that one is running");
	incident_unref(incident);
	memset(s.members[0].comm, 0, FE_COMM_SIZE);
	incident = make(&s);
	diagnose(incident);
	assert_non_null(strstr(incident->why.summary, "that thread[125] has"));
	incident_unref(incident);
}

static void ten_members_are_told(void **state)
{
	struct scenario s = {KIND(DEADLOCK), IN(futex)};
	struct incident *incident;
	unsigned int told = 0;

	(void)state;
	for (uint32_t i = 0; i < 14; i++)
		s.members[i] = (struct fe_member)WAITS(CYCLE, MAIN + i, MAIN + (i + 1) % 14, MUTEX);
	incident = make(&s);
	diagnose(incident);
	assert_string_equal(incident->why.summary, "14 threads wait for each other's locks");
	for (size_t i = 0; i < incident->why.evidence_count; i++)
		told += strstr(incident->why.evidence[i], "waits for mutex") != NULL;
	assert_int_equal(told, 10);
	assert_true(shown(&incident->why, "and 4 more"));
	incident_unref(incident);
}

static void time_is_told(void **state)
{
	struct scenario s = {KIND(IO),
			     IN(read, .threshold = SEC(3), .flags = FE_STALL_BEFORE_US, .others = 2)};
	struct incident *incident = make(&s);

	(void)state;
	diagnose(incident);
	assert_true(shown(&incident->why, "no progress for 10 s; the threshold is 3 s"));
	assert_true(shown(&incident->why, "it began before faultd looked for the first time"));
	assert_true(shown(&incident->why, "2 more of its threads"));
	incident_unref(incident);
	/* A recording may say that it begins tomorrow. */
	s.event.since = NOW + 1;
	s.no_since = true;
	incident = make(&s);
	diagnose(incident);
	assert_string_equal(incident->why.summary, "in uninterruptible sleep in read");
	incident_unref(incident);
}

static void threads_of_other_processes_say_so(void **state)
{
	struct scenario s = {KIND(LOCK), IN(futex, LOCK(MUTEX, 126)),
			     .members = {OF(CHAIN, 126, .state = 'T')}};
	struct incident *incident;

	(void)state;
	s.members[0].pid = 120;
	incident = make(&s);
	diagnose(incident);
	assert_non_null(strstr(incident->why.summary, "that CHAIN[126] of process 120 has"));
	incident_unref(incident);
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(verdicts),	   cmocka_unit_test(causes_are_of_the_catalogue),
		cmocka_unit_test(little_is_known), cmocka_unit_test(hostile_facts),
		cmocka_unit_test(hostile_names),   cmocka_unit_test(ten_members_are_told),
		cmocka_unit_test(time_is_told),	   cmocka_unit_test(threads_of_other_processes_say_so),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
