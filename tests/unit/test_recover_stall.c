// SPDX-License-Identifier: GPL-2.0-or-later
/* Recoveries of what stands still: its process lives, may go on by itself meanwhile, and has to be ended
 * first. */
#include "recover_sample.h"

static struct incident *stall_of(pid_t pid, enum fault_kind kind, const char *cause)
{
	struct incident *incident = incident_of(pid, kind, 0);

	incident->why.cause = cause;
	return incident;
}

static void assert_lives(pid_t pid)
{
	assert_int_equal(waitpid(pid, NULL, WNOHANG), 0);
}

static void end(pid_t pid)
{
	kill(pid, SIGKILL);
	waitpid(pid, NULL, 0);
}

static void what_goes_on_is_left_alone(void **state)
{
	(void)state;
	for (int cleared = 0; cleared <= 1; cleared++) {
		pid_t pid = start_child(FOREVER "401");
		struct incident *first, *second;
		struct policy *policy;

		teardown(state);
		setup(state);
		policy = policy_for("# 401", "restart-command exit 1");
		policy->backoff.initial = 300 * NSEC_PER_MSEC;
		restart_recover(false);
		first = stall_of(pid, FAULT_STALL_LOCK, "lock-holder-sleeping");
		second = stall_of(pid, FAULT_STALL_LOCK, "lock-holder-sleeping");
		recover_incident(recover, first);
		await_reports(2);
		assert_told(0, "started", "policy");
		assert_int_equal(told[1].outcome, OUTCOME_FAILURE);
		/* Now there is something to back off from. */
		recover_incident(recover, second);
		assert_int_equal(recover_pending(recover), 1);
		await_reports(2);
		recover_cleared(recover, first, false); /* that one is over already */
		await_reports(2);
		if (cleared) {
			recover_cleared(recover, second, false);
			await_reports(3);
			assert_told(2, "skipped", "cleared");
			assert_non_null(strstr(told[2].message, "it goes on by itself"));
			assert_int_equal(recover_pending(recover), 0);
			run_for(600);
			await_reports(3);
			/* Once. */
			recover_cleared(recover, second, false);
			await_reports(3);
		} else {
			await_reports(4);
			assert_told(2, "started", "policy");
		}
		assert_lives(pid);
		incident_unref(first);
		incident_unref(second);
		end(pid);
	}
}

/* And the end of a stall that nothing was going to be done about calls off nothing. */
static void one_recovery_of_a_process_is_enough(void **state)
{
	pid_t pid = start_child(FOREVER "402");
	struct incident *incidents[3];
	struct policy *policy = policy_for("# 402", "restart-command exit 1");

	(void)state;
	policy->backoff.initial = 200 * NSEC_PER_MSEC;
	policy->backoff.factor = 1.0;
	restart_recover(false);
	for (int i = 0; i < 3; i++)
		incidents[i] = stall_of(pid, FAULT_STALL_LOCK, "lock-holder-sleeping");
	recover_incident(recover, incidents[0]);
	await_reports(2);
	recover_incident(recover, incidents[1]);
	recover_incident(recover, incidents[2]);
	await_reports(3);
	assert_told(2, "skipped", "already-recovering");
	recover_cleared(recover, incidents[2], false);
	assert_int_equal(recover_pending(recover), 1);
	await_reports(5);
	assert_told(3, "started", "policy");
	for (int i = 0; i < 3; i++)
		incident_unref(incidents[i]);
	end(pid);
}

/* A signal has gone out, and then it goes on: whether because of that or not, it is well, and no later rung
 * ends it. */
static void what_goes_on_after_a_signal_is_recovered(void **state)
{
	static const struct {
		const char *script, *match, *actions;
	} rows[] = {
		{"trap '' HUP QUIT; " FOREVER "403", "# 403", "signal CONT 5s|signal KILL 5s"},
		{"trap '' HUP QUIT; " FOREVER "410", "# 410", "signal HUP 5s|signal KILL 5s"},
		{"trap '' HUP QUIT; " FOREVER "411", "# 411", "signal QUIT 5s|signal KILL 5s"},
	};

	(void)state;
	for (unsigned int i = 0; i < sizeof(rows) / sizeof(rows[0]); i++) {
		pid_t pid = start_child(rows[i].script);
		struct incident *incident;

		policy_for(rows[i].match, rows[i].actions);
		run_for(50);
		incident = stall_of(pid, FAULT_STALL_STOPPED, "job-control");
		recover_incident(recover, incident);
		await_reports(2 * i + 1);
		assert_told(2 * i, "started", "policy");
		recover_cleared(recover, incident, false);
		await_reports(2 * i + 2);
		assert_int_equal(told[2 * i + 1].type, REPORT_OUTCOME);
		assert_int_equal(told[2 * i + 1].outcome, OUTCOME_SUCCESS);
		assert_non_null(strstr(told[2 * i + 1].message, "goes on"));
		assert_int_equal(recover_pending(recover), 0);
		run_for(100);
		await_reports(2 * i + 2);
		assert_lives(pid);
		incident_unref(incident);
		end(pid);
	}
}

/* What moves on because it was told to end is replaced all the same. */
static void what_is_being_replaced_does_not_go_on(void **state)
{
	pid_t pid = start_child("trap 'sleep 0.3; exit 0' TERM; " FOREVER "404");
	struct incident *incident;

	(void)state;
	policy_for("# 404", "respawn");
	run_for(50);
	report_started(pid);
	incident = stall_of(pid, FAULT_STALL_LOCK, "lock-holder-sleeping");
	recover_incident(recover, incident);
	await_reports(1);
	assert_told(0, "started", "policy");
	run_for(60);
	recover_cleared(recover, incident, false);
	assert_int_equal(recover_pending(recover), 1);
	await_reports(2);
	assert_int_equal(told[1].outcome, OUTCOME_SUCCESS);
	assert_true(told[1].process > 0 && told[1].process != pid);
	recover_cleared(recover, incident, false);
	incident_unref(incident);
	waitpid(pid, NULL, 0);
	end_respawned(told[1].process);
}

static void signals_alone(void **state)
{
	static const struct {
		const char *script, *actions;
		int reports;
		enum report_outcome outcome;
		const char *says;
	} rows[] = {
		{FOREVER "405", "signal TERM 5s", 2, OUTCOME_SUCCESS, "has ended"},
		{"trap '' TERM; " FOREVER "405", "signal TERM 100ms", 2, OUTCOME_FAILURE,
		 "SIGTERM did not help"},
		{"trap '' TERM; " FOREVER "405", "signal TERM 100ms|signal KILL 5s", 3, OUTCOME_SUCCESS,
		 "has ended"},
		{"trap '' TERM INT; " FOREVER "405", "signal INT 100ms|signal TERM 100ms", 3, OUTCOME_FAILURE,
		 "SIGTERM did not help"},
	};

	for (size_t i = 0; i < sizeof(rows) / sizeof(rows[0]); i++) {
		pid_t pid = start_child(rows[i].script);
		struct incident *incident;

		teardown(state);
		setup(state);
		policy_for("# 405", rows[i].actions);
		run_for(50);
		incident = stall_of(pid, FAULT_STALL_DEADLOCK, "lock-cycle");
		recover_incident(recover, incident);
		await_reports(rows[i].reports);
		for (int n = 0; n < rows[i].reports - 1; n++) {
			assert_told(n, "started", "policy");
			assert_string_equal(told[n].action, "signal");
		}
		if (told[told_count - 1].outcome != rows[i].outcome ||
		    !strstr(told[told_count - 1].message, rows[i].says))
			fail_msg("%s: outcome %d: %s", rows[i].actions, told[told_count - 1].outcome,
				 told[told_count - 1].message);
		if (rows[i].outcome == OUTCOME_FAILURE)
			assert_lives(pid);
		incident_unref(incident);
		end(pid);
	}
}

static void who_is_not_to_blame_lives(void **state)
{
	pid_t pid = start_child(FOREVER "406");
	struct incident *incident;

	(void)state;
	policy_for("# 406", "signal KILL 1s|respawn");
	report_started(pid);
	incident = stall_of(pid, FAULT_STALL_THROTTLED, "cpu-quota");
	recover_incident(recover, incident);
	await_reports(2);
	assert_told(0, "skipped", "not-to-blame");
	assert_told(1, "skipped", "not-to-blame");
	assert_int_equal(recover_pending(recover), 0);
	assert_lives(pid);
	incident_unref(incident);
	end(pid);
}

/* ---- run -- CMD */

static int run_status, run_calls;
static bool run_given_up;

static void on_run_end(void *arg, int status, bool given_up)
{
	(void)arg;
	run_status = status;
	run_given_up = given_up;
	run_calls++;
	loop_quit(loop, 0);
}

static pid_t run_command(const char *script)
{
	char *argv[] = {(char *)"sh", (char *)"-c", (char *)script, NULL};

	run_calls = 0;
	assert_int_equal(recover_run(recover, argv, on_run_end, NULL), 0);
	run_for(60);
	return recover_run_pid(recover);
}

static void stop_command(void)
{
	wanted = -1;
	recover_run_signal(recover, SIGTERM);
	loop_run(loop);
	assert_int_equal(run_calls, 1);
	assert_false(run_given_up);
	assert_int_equal(recover_run_pid(recover), 0);
}

static struct policy *run_policy(const char *action)
{
	struct policy *policy = config_add_policy(config, "run", "test:2");

	assert_non_null(policy);
	assert_int_equal(policy_add_action(policy, action, NULL), 0);
	policy->backoff.initial = 10 * NSEC_PER_MSEC;
	policy->healthy.after = 50 * NSEC_PER_MSEC;
	return policy;
}

static void a_command_that_stands_still_is_replaced(void **state)
{
	struct incident *incident, *again;
	pid_t pid, second;

	(void)state;
	run_policy("respawn");
	pid = run_command(FOREVER "407");
	incident = stall_of(pid, FAULT_STALL_DEADLOCK, "lock-cycle");
	again = stall_of(pid, FAULT_STALL_SPIN, "user-loop");
	recover_incident(recover, incident);
	/* It is dying already: neither this nor what it dies of is another fault. */
	recover_incident(recover, again);
	await_reports(2);
	assert_told(0, "started", "policy");
	assert_int_equal(told[1].outcome, OUTCOME_SUCCESS);
	second = recover_run_pid(recover);
	assert_true(second > 0 && second != pid);
	assert_int_equal(told[1].process, second);
	assert_int_equal(kill(pid, 0), -1);
	assert_int_equal(run_calls, 0);
	incident_unref(incident);
	incident_unref(again);
	/* The new one, too. */
	incident = stall_of(second, FAULT_STALL_DEADLOCK, "lock-cycle");
	recover_incident(recover, incident);
	await_reports(4);
	assert_int_equal(told[2].attempt, 2);
	assert_int_equal(told[3].outcome, OUTCOME_SUCCESS);
	assert_true(recover_run_pid(recover) > 0 && recover_run_pid(recover) != second);
	incident_unref(incident);
	stop_command();
	await_reports(4);
}

static void a_command_that_goes_on_is_left_alone(void **state)
{
	struct incident *incident, *crash_later;
	pid_t pid;

	(void)state;
	run_policy("signal CONT 5s");
	pid = run_command(FOREVER "408");
	incident = stall_of(pid, FAULT_STALL_STOPPED, "job-control");
	recover_incident(recover, incident);
	await_reports(1);
	recover_cleared(recover, incident, false);
	await_reports(2);
	assert_int_equal(told[1].outcome, OUTCOME_SUCCESS);
	assert_int_equal(run_calls, 0);
	assert_int_equal(recover_run_pid(recover), pid);
	/* It counts as living again: the next stall is one. */
	crash_later = stall_of(pid, FAULT_STALL_STOPPED, "job-control");
	recover_incident(recover, crash_later);
	await_reports(3);
	recover_cleared(recover, crash_later, false);
	await_reports(4);
	stop_command();
	await_reports(4);
	incident_unref(incident);
	incident_unref(crash_later);
}

static void a_command_that_is_not_to_blame_is_left_alone(void **state)
{
	struct incident *incident;
	pid_t pid;

	(void)state;
	run_policy("respawn");
	pid = run_command(FOREVER "409");
	incident = stall_of(pid, FAULT_STALL_STARVED, "cpu-contention");
	recover_incident(recover, incident);
	await_reports(1);
	assert_told(0, "skipped", "not-to-blame");
	run_for(60);
	assert_int_equal(run_calls, 0);
	assert_int_equal(recover_run_pid(recover), pid);
	incident_unref(incident);
	stop_command();
}

static void a_stall_that_nobody_asked_for(void **state)
{
	struct policy *policy = run_policy("respawn");
	struct incident *incident;
	pid_t pid;

	(void)state;
	policy->faults = (struct fault_set){0};
	fault_set_add(&policy->faults, FAULT_CRASH_SIGSEGV);
	pid = run_command(FOREVER "410");
	incident = stall_of(pid, FAULT_STALL_DEADLOCK, "lock-cycle");
	recover_incident(recover, incident);
	run_for(60);
	await_reports(0);
	assert_int_equal(recover_run_pid(recover), pid);
	incident_unref(incident);
	stop_command();
}

/* It was asked to stop, and stands still on its way out: that is for whoever asked. */
static void a_command_that_is_stopping(void **state)
{
	struct incident *incident;
	pid_t pid;

	(void)state;
	run_policy("respawn");
	pid = run_command("trap 'sleep 0.3; exit 7' TERM; " FOREVER "411");
	recover_run_signal(recover, SIGTERM);
	run_for(50);
	assert_int_equal(run_calls, 0);
	incident = stall_of(pid, FAULT_STALL_LOCK, "lock-holder-sleeping");
	recover_incident(recover, incident);
	await_reports(0);
	wanted = -1;
	loop_run(loop);
	assert_int_equal(run_calls, 1);
	assert_int_equal(run_status, 7);
	incident_unref(incident);
}

int main(void)
{
	const struct CMUnitTest tests[] = {
#define TEST(name) cmocka_unit_test_setup_teardown(name, setup, teardown)
		TEST(what_goes_on_is_left_alone),
		TEST(one_recovery_of_a_process_is_enough),
		TEST(what_goes_on_after_a_signal_is_recovered),
		TEST(what_is_being_replaced_does_not_go_on),
		TEST(signals_alone),
		TEST(who_is_not_to_blame_lives),
		TEST(a_command_that_stands_still_is_replaced),
		TEST(a_command_that_goes_on_is_left_alone),
		TEST(a_command_that_is_not_to_blame_is_left_alone),
		TEST(a_stall_that_nobody_asked_for),
		TEST(a_command_that_is_stopping),
	};
	int failed;

	if (!mkdtemp(directory))
		return 1;
	failed = cmocka_run_group_tests(tests, NULL, NULL);
	rmdir(directory);
	return failed;
}
