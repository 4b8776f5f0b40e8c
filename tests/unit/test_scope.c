// SPDX-License-Identifier: GPL-2.0-or-later
/* Which faults are told, of whom, and what the kernel is therefore asked for. */
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <stdlib.h>
#include <string.h>

#include <cmocka.h>

#include <signal.h>

#include "core/scope.h"

enum { SELF = 500 };

static struct options options;
static struct config *config;

static int setup(void **state)
{
	(void)state;
	memset(&options, 0, sizeof(options));
	options.self = SELF;
	config = config_new();
	return config ? 0 : -1;
}

static int teardown(void **state)
{
	(void)state;
	match_list_free(&options.match);
	config_free(config);
	return 0;
}

static struct incident of(enum fault_kind kind, const char *name)
{
	struct incident incident = {.kind = kind, .who = {.pid = 42, .ppid = 1}};

	strcpy(incident.who.name, name);
	return incident;
}

static bool told(enum fault_kind kind, const char *name)
{
	const struct incident incident = of(kind, name);

	return scope_reports(&options, config, &incident);
}

static void match(const char *text)
{
	assert_int_equal(match_list_add(&options.match, text, NULL), 0);
}

static void faults(const char *list)
{
	assert_int_equal(fault_set_parse(&options.faults, list, NULL, 0), 0);
	options.faults_given = true;
	options.fault_list = (char *)list;
}

static void restart(const char *text)
{
	assert_int_equal(config_add_restart(config, text, NULL), 0);
}

static struct scope_needs needs(void)
{
	struct scope_needs ret;

	memset(&ret, 0xff, sizeof(ret));
	scope_needs(&ret, &options, config);
	return ret;
}

static void the_default_set(void **state)
{
	(void)state;
	assert_true(told(FAULT_CRASH_SIGSEGV, "app"));
	assert_true(told(FAULT_OOM_CGROUP, "app"));
	assert_true(told(FAULT_KILL_SIGKILL, "app"));
	assert_false(told(FAULT_KILL_SIGTERM, "app"));
	assert_false(told(FAULT_EXIT_FAILURE, "app"));
	assert_false(told(FAULT_EXIT_UNEXPECTED, "app"));
	assert_true(needs().kill_mask == 1ULL << SIGKILL);
	assert_false(needs().exit_failure || needs().exit_zero || needs().execs);
}

static void the_end_of_a_container_is_ordinary_life(void **state)
{
	struct incident incident = of(FAULT_KILL_SIGKILL, "app");

	(void)state;
	incident.sender.known = true;
	incident.sender.flags = FE_SENDER_KERNEL | FE_SENDER_EXITING | FE_SENDER_NSINIT;
	assert_false(scope_reports(&options, config, &incident));
	/* One of the two alone is something else. */
	incident.sender.flags = FE_SENDER_KERNEL | FE_SENDER_EXITING;
	assert_true(scope_reports(&options, config, &incident));
	incident.sender.flags = FE_SENDER_NSINIT;
	assert_true(scope_reports(&options, config, &incident));
	/* Who asks for it, gets it. */
	incident.sender.flags = FE_SENDER_KERNEL | FE_SENDER_EXITING | FE_SENDER_NSINIT;
	match("app");
	assert_true(scope_reports(&options, config, &incident));
}

static void match_narrows_and_widens(void **state)
{
	(void)state;
	match("app");
	match("other");
	assert_true(told(FAULT_CRASH_SIGSEGV, "app"));
	assert_true(told(FAULT_CRASH_SIGSEGV, "other"));
	assert_false(told(FAULT_CRASH_SIGSEGV, "third"));
	assert_true(told(FAULT_KILL_SIGTERM, "app"));
	assert_true(told(FAULT_EXIT_FAILURE, "app"));
	assert_false(told(FAULT_KILL_SIGTERM, "third"));
	assert_true(needs().execs == FE_EXECS_WATCHED && needs().exit_failure);
	assert_int_equal(needs().name_count, 2);
	/* One that says nothing about the name: every exec has to be looked at. */
	match("user:0");
	assert_int_equal(needs().execs, FE_EXECS_ALL);
	assert_true(needs().kill_mask & 1ULL << SIGTERM);
	/* Signal 64 has no bit of its own. */
	assert_true(needs().kill_mask & 1);
}

static void faults_decide_alone_where_they_are_given(void **state)
{
	(void)state;
	faults("oom,exit.unexpected,kill.sigterm");
	assert_false(told(FAULT_CRASH_SIGSEGV, "app"));
	assert_true(told(FAULT_OOM_HOST, "app"));
	assert_true(told(FAULT_EXIT_UNEXPECTED, "app"));
	assert_false(told(FAULT_EXIT_FAILURE, "app"));
	assert_true(needs().exit_zero);
	assert_false(needs().exit_failure);
	assert_true(needs().kill_mask == 1ULL << SIGTERM);
	match("app");
	assert_true(told(FAULT_OOM_HOST, "app"));
	assert_false(told(FAULT_OOM_HOST, "other"));
	assert_false(told(FAULT_KILL_SIGHUP, "app"));
}

static void all_and_but(void **state)
{
	(void)state;
	faults("all,!crash.sigsegv");
	assert_false(told(FAULT_CRASH_SIGSEGV, "app"));
	assert_true(told(FAULT_CRASH_SIGBUS, "app"));
	assert_true(told(FAULT_EXIT_FAILURE, "app"));
	/* Whoever ends with 0 is among all, but nobody said that it was to stay. */
	assert_true(needs().exit_failure && !needs().exit_zero);
	assert_false(told(FAULT_EXIT_UNEXPECTED, "app"));
	for (int signo = 1; signo <= 64; signo++)
		if (fault_kill_of_signal(signo) != FAULT_NONE)
			assert_true(needs().kill_mask & 1ULL << (signo & 63));
}

static void what_a_policy_names_is_told_anyway(void **state)
{
	(void)state;
	restart("app");
	faults("oom");
	match("other");
	assert_true(told(FAULT_CRASH_SIGSEGV, "app"));
	assert_true(told(FAULT_EXIT_FAILURE, "app"));
	assert_false(told(FAULT_CRASH_SIGSEGV, "other"));
	assert_true(told(FAULT_OOM_HOST, "other"));
	assert_false(told(FAULT_OOM_HOST, "third"));
	assert_true(needs().execs == FE_EXECS_WATCHED && needs().exit_failure);
	assert_false(needs().exit_zero);
}

static void a_policy_for_zero_exits_asks_for_them(void **state)
{
	struct policy *policy = config_add_policy(config, "web", "test");

	(void)state;
	assert_non_null(policy);
	assert_int_equal(match_list_add(&policy->match, "app", NULL), 0);
	fault_set_add(&policy->faults, FAULT_EXIT_UNEXPECTED);
	assert_true(needs().exit_zero);
	assert_true(told(FAULT_EXIT_UNEXPECTED, "app"));
	assert_false(told(FAULT_EXIT_UNEXPECTED, "other"));
}

static void run_means_the_command_and_its_descendants(void **state)
{
	char *command[] = {(char *)"app", NULL};
	struct incident incident = of(FAULT_CRASH_SIGSEGV, "app");

	(void)state;
	options.command = command;
	assert_int_equal(needs().execs, FE_EXECS_WATCHED);
	assert_int_equal(needs().name_count, 0);
	assert_false(scope_reports(&options, config, &incident));
	incident.followed = true;
	assert_true(scope_reports(&options, config, &incident));
	incident.kind = FAULT_KILL_SIGTERM;
	assert_true(scope_reports(&options, config, &incident));
	/* Of exits only the command's own. */
	incident.kind = FAULT_EXIT_FAILURE;
	assert_false(scope_reports(&options, config, &incident));
	incident.who.ppid = SELF;
	assert_true(scope_reports(&options, config, &incident));
	incident.kind = FAULT_EXIT_UNEXPECTED;
	assert_false(scope_reports(&options, config, &incident));
}

static uint64_t threshold(const char *name, enum stall_kind kind, bool *ret_named)
{
	const struct incident incident = of(FAULT_STALL_LOCK, name);

	*ret_named = false;
	return scope_stall_threshold(&options, config, &incident.who, kind, ret_named);
}

static void stalls_of_everybody(void **state)
{
	bool named = false;

	(void)state;
	for (int kind = 0; kind < STALL_KIND_COUNT; kind++) {
		uint64_t want = kind == STALL_SPIN ? 0 : config->stall[kind];

		assert_true(threshold("app", (enum stall_kind)kind, &named) == want);
		assert_false(named);
	}
	config->stall[STALL_IO] = 0;
	assert_true(threshold("app", STALL_IO, &named) == 0);
	assert_memory_equal(needs().stalls, config->stall, sizeof(config->stall));
}

/* What `run` started is meant, whatever it is called. */
static void stalls_of_the_followed(void **state)
{
	const struct incident incident = of(FAULT_STALL_SPIN, "app");
	bool named = true;

	(void)state;
	assert_true(scope_stall_threshold(&options, config, &incident.who, STALL_SPIN, &named) ==
		    config->stall[STALL_SPIN]);
	assert_true(named);
}

/* A compiler spins, too: only who is named is asked not to. */
static void stalls_of_the_named(void **state)
{
	bool named = false;

	(void)state;
	match("app");
	assert_true(threshold("app", STALL_SPIN, &named) == config->stall[STALL_SPIN]);
	assert_true(named);
	assert_true(threshold("app", STALL_LOCK, &named) == config->stall[STALL_LOCK]);
	assert_true(named);
	assert_true(threshold("other", STALL_SPIN, &named) == 0);
	assert_false(named);
	config->stall[STALL_SPIN] = 0;
	assert_true(threshold("app", STALL_SPIN, &named) == 0);
	assert_true(named);
}

static void stalls_of_a_policy(void **state)
{
	struct policy *policy = config_add_policy(config, "web", "test");
	bool named = false;

	(void)state;
	assert_non_null(policy);
	assert_int_equal(match_list_add(&policy->match, "app", NULL), 0);
	assert_true(threshold("app", STALL_SPIN, &named) == config->stall[STALL_SPIN]);
	assert_true(named);
	policy->stall[STALL_SPIN] = 7 * NSEC_PER_SEC;
	policy->stall[STALL_IO] = 0;
	assert_true(threshold("app", STALL_SPIN, &named) == 7 * NSEC_PER_SEC);
	assert_true(threshold("app", STALL_IO, &named) == 0);
	assert_true(named);
	assert_true(threshold("other", STALL_SPIN, &named) == 0);
	assert_false(named);
	assert_true(threshold("other", STALL_IO, &named) == config->stall[STALL_IO]);
	/* The scan looks as often as the shortest of them wants. */
	assert_true(needs().stalls[STALL_SPIN] == 7 * NSEC_PER_SEC);
	assert_true(needs().stalls[STALL_IO] == config->stall[STALL_IO]);
}

static void stalls_that_nobody_asks_for(void **state)
{
	struct scope_needs wants;
	struct policy *policy;

	(void)state;
	faults("crash,stall.lock");
	wants = needs();
	for (int kind = 0; kind < STALL_KIND_COUNT; kind++)
		assert_true(wants.stalls[kind] == (kind == STALL_LOCK ? config->stall[kind] : 0));
	/* A policy does, for its own faults. */
	policy = config_add_policy(config, "web", "test");
	assert_non_null(policy);
	policy->faults = (struct fault_set){0};
	fault_set_add(&policy->faults, FAULT_STALL_STOPPED);
	wants = needs();
	for (int kind = 0; kind < STALL_KIND_COUNT; kind++)
		assert_true(wants.stalls[kind] ==
			    (kind == STALL_LOCK || kind == STALL_STOPPED ? config->stall[kind] : 0));
	faults("all,!stall");
	assert_true(needs().stalls[STALL_LOCK] == 0);
	assert_true(needs().stalls[STALL_STOPPED] == config->stall[STALL_STOPPED]);
	faults("all");
	assert_memory_equal(needs().stalls, config->stall, sizeof(config->stall));
	/* Off is off, whoever asks. */
	config->stall[STALL_LOCK] = 0;
	assert_true(needs().stalls[STALL_LOCK] == 0);
}

int main(void)
{
	const struct CMUnitTest tests[] = {
#define TEST(name) cmocka_unit_test_setup_teardown(name, setup, teardown)
		TEST(the_default_set),
		TEST(the_end_of_a_container_is_ordinary_life),
		TEST(match_narrows_and_widens),
		TEST(faults_decide_alone_where_they_are_given),
		TEST(all_and_but),
		TEST(what_a_policy_names_is_told_anyway),
		TEST(a_policy_for_zero_exits_asks_for_them),
		TEST(run_means_the_command_and_its_descendants),
		TEST(stalls_of_everybody),
		TEST(stalls_of_the_followed),
		TEST(stalls_of_the_named),
		TEST(stalls_of_a_policy),
		TEST(stalls_that_nobody_asks_for),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
