// SPDX-License-Identifier: GPL-2.0-or-later
/* `run -- CMD`: restarted while that makes sense, its status when it does not. */
#include "recover_sample.h"

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

static void test_run(void **state)
{
	static const struct {
		const char *script;
		int status;
		bool given_up;
		int actions;
	} rows[] = {
		{"exit 0", 0, false, 0},
		{"exit 3", 3, true, 2},
		{"kill -SEGV $$", 128 + SIGSEGV, true, 2},
		{"kill -TERM $$", 128 + SIGTERM, false, 0},
		{"kill -KILL $$", 128 + SIGKILL, true, 2},
	};
	struct policy *policy = config_add_policy(config, "run", "test:2");

	(void)state;
	policy->limit.actions = 2;
	policy->backoff.initial = NSEC_PER_MSEC;
	policy->healthy.after = 20 * NSEC_PER_MSEC;
	assert_int_equal(policy_add_action(policy, "respawn", NULL), 0);
	for (size_t i = 0; i < sizeof(rows) / sizeof(rows[0]); i++) {
		char *argv[] = {(char *)"sh", (char *)"-c", (char *)rows[i].script, NULL};
		int actions = 0;

		restart_recover(false);
		told_count = run_calls = 0;
		wanted = -1;
		assert_int_equal(recover_run(recover, argv, on_run_end, NULL), 0);
		assert_int_equal(recover_run(recover, argv, on_run_end, NULL), -EBUSY);
		loop_run(loop);
		assert_int_equal(run_calls, 1);
		if (run_status != rows[i].status || run_given_up != rows[i].given_up)
			fail_msg("%s: %d, given up %d", rows[i].script, run_status, run_given_up);
		for (int n = 0; n < told_count; n++)
			actions += strcmp(told[n].state, "started") == 0;
		assert_int_equal(actions, rows[i].actions);
		assert_int_equal(recover_run_pid(recover), 0);
	}
}

static void test_run_signals(void **state)
{
	char *argv[] = {(char *)"sh", (char *)"-c",
			(char *)"trap 'exit 42' TERM; while :; do sleep 0.01; done", NULL};
	char *missing[] = {(char *)"faultd-no-such-program", NULL};

	(void)state;
	assert_int_equal(recover_run(recover, missing, on_run_end, NULL), -ENOENT);
	run_calls = 0;
	assert_int_equal(recover_run(recover, argv, on_run_end, NULL), 0);
	assert_int_equal(getpgid(recover_run_pid(recover)), getpgrp());
	run_for(100);
	assert_int_equal(run_calls, 0);
	recover_run_signal(recover, SIGTERM);
	wanted = -1;
	loop_run(loop);
	assert_int_equal(run_calls, 1);
	assert_int_equal(run_status, 42);
	assert_false(run_given_up);
	assert_int_equal(told_count, 0);
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test_setup_teardown(test_run, setup, teardown),
		cmocka_unit_test_setup_teardown(test_run_signals, setup, teardown),
	};
	int failed;

	if (!mkdtemp(directory))
		return 1;
	failed = cmocka_run_group_tests(tests, NULL, NULL);
	rmdir(directory);
	return failed;
}
