// SPDX-License-Identifier: GPL-2.0-or-later
/* Recoveries from end to end, on real processes of our own: decided, carried out, verified, told. */
#include "recover_sample.h"

static void test_respawn(void **state)
{
	pid_t pid = start_child(FOREVER "301");
	struct incident *incident;
	char path[64], text[128] = "";
	int fd;

	(void)state;
	policy_for("# 301", "respawn");
	report_started(pid);
	incident = crash(pid);
	assert_int_equal(recover_pending(recover), 1);
	await_reports(2);
	assert_told(0, "started", "policy");
	assert_int_equal(told[0].attempt, 1);
	assert_int_equal(told[1].type, REPORT_OUTCOME);
	assert_int_equal(told[1].outcome, OUTCOME_SUCCESS);
	assert_true(told[1].process > 0 && told[1].process != pid);
	assert_int_equal(recover_pending(recover), 0);
	snprintf(path, sizeof(path), "/proc/%d/cmdline", (int)told[1].process);
	fd = open(path, O_RDONLY);
	assert_true(read(fd, text, sizeof(text)) > 0);
	close(fd);
	assert_memory_equal(text, "sh\0-c\0" FOREVER "301", sizeof("sh\0-c\0" FOREVER "301"));
	/* The exit that follows a crash is the same death. */
	recover_process_gone(recover, pid, incident->who.start);
	recover_incident(recover, incident);
	await_reports(3);
	assert_told(2, "skipped", "already-recovering");
	waitpid(pid, NULL, 0);
	/* A second crash: the respawned one kept the record, and its shell's child dies with the test. */
	report_started(told[1].process);
	incident_unref(incident);
	incident = crash(told[1].process);
	await_reports(5);
	assert_told(3, "started", "policy");
	assert_int_equal(told[3].attempt, 2);
	assert_int_equal(told[4].outcome, OUTCOME_SUCCESS);
	incident_unref(incident);
	end_respawned(told[4].process);
	await_reports(5);
}

static void test_not_healthy(void **state)
{
	char script[256], flag[128];
	struct incident *incident;
	pid_t pid;

	(void)state;
	snprintf(flag, sizeof(flag), "%s/flag", directory);
	snprintf(script, sizeof(script), "[ -e %s ] && exit 3; " FOREVER "302", flag);
	pid = start_child(script);
	policy_for("# 302", "respawn");
	report_started(pid);
	close(open(flag, O_CREAT | O_WRONLY, 0644));
	incident = crash(pid);
	await_reports(2);
	assert_int_equal(told[1].outcome, OUTCOME_FAILURE);
	assert_non_null(strstr(told[1].message, "status 3"));
	unlink(flag);
	incident_unref(incident);
	waitpid(pid, NULL, 0);
}

static void test_health_command(void **state)
{
	static const struct {
		const char *command;
		enum report_outcome outcome;
	} rows[] = {{"test \"$FAULTD_KIND\" = crash.sigsegv", OUTCOME_SUCCESS}, {"exit 4", OUTCOME_FAILURE}};
	struct policy *policy = policy_for("# 303", "respawn");

	(void)state;
	for (size_t i = 0; i < 2; i++) {
		pid_t pid = start_child(FOREVER "303");
		struct incident *incident;

		free(policy->healthy.command);
		policy->healthy.command = strdup(rows[i].command);
		restart_recover(false);
		told_count = 0;
		report_started(pid);
		incident = crash(pid);
		await_reports(2);
		assert_int_equal(told[1].outcome, rows[i].outcome);
		incident_unref(incident);
		waitpid(pid, NULL, 0);
	}
}

static int count_304;

/* Children of ours only: the shell, too, looks like this for a moment before what it forked executes. */
static int count_of_304(void *arg, pid_t pid)
{
	char *text = NULL;
	struct proc_info info;

	(void)arg;
	if (proc_read(&info, pid) < 0)
		return 0;
	if (info.p.ppid == getpid() && proc_read_file(pid, "cmdline", 65536, &text) > 10)
		count_304 += strstr(text + 6, "# 304") != NULL;
	free(text);
	proc_info_free(&info);
	return 0;
}

static void test_dry_run(void **state)
{
	pid_t pid = start_child(FOREVER "304");
	struct incident *incident;

	(void)state;
	policy_for("# 304", "signal KILL 1s|respawn");
	restart_recover(true);
	report_started(pid);
	incident = incident_of(pid, FAULT_STALL_DEADLOCK, 0);
	recover_incident(recover, incident);
	await_reports(2);
	assert_told(0, "pretended", "dry-run");
	assert_told(1, "pretended", "dry-run");
	assert_true(told[0].dry_run);
	run_for(60);
	await_reports(2);
	assert_int_equal(waitpid(pid, NULL, WNOHANG), 0); /* it lives */
	count_304 = 0;
	assert_int_equal(proc_each(count_of_304, NULL), 0);
	assert_int_equal(count_304, 1); /* alone */
	kill(pid, SIGKILL);
	waitpid(pid, NULL, 0);
	incident_unref(incident);
}

static void test_protected(void **state)
{
	static const char *const actions[] = {"signal KILL", "respawn", "restart", "restart-command exit 0"};
	pid_t pids[] = {1, 0, 0};

	(void)state;
	pids[1] = getpid();
	pids[2] = getppid();
	for (size_t a = 0; a < 4; a++) {
		struct policy *policy = policy_for(".*", actions[a]);

		fault_set_parse(&policy->faults, "all", NULL, 0);
		restart_recover(false);
		for (size_t i = 0; i < 3; i++) {
			struct incident *incident = incident_of(pids[i], FAULT_STALL_SPIN, 0);

			told_count = 0;
			recover_incident(recover, incident);
			await_reports(1);
			assert_told(0, "skipped", "protected");
			incident_unref(incident);
		}
	}
}

static void test_no_record(void **state)
{
	pid_t pid = start_child(FOREVER "305");
	struct incident *incident;

	(void)state;
	policy_for("# 305", "respawn");
	incident = crash(pid);
	await_reports(1);
	assert_told(0, "skipped", "evidence-incomplete");
	incident_unref(incident);
	waitpid(pid, NULL, 0);
	/* No policy, no word. */
	pid = start_child(FOREVER "306");
	incident = crash(pid);
	await_reports(1);
	incident_unref(incident);
	waitpid(pid, NULL, 0);
}

static void test_ladder(void **state)
{
	pid_t pid = start_child("trap '' TERM; " FOREVER "307");
	struct incident *incident;

	(void)state;
	policy_for("# 307", "signal TERM 100ms|signal KILL 5s|respawn");
	nap();
	run_for(50);
	report_started(pid);
	incident = incident_of(pid, FAULT_STALL_DEADLOCK, 0);
	recover_incident(recover, incident);
	await_reports(4);
	assert_string_equal(told[0].action, "signal");
	assert_non_null(strstr(told[0].message, "SIGTERM"));
	assert_non_null(strstr(told[1].message, "SIGKILL"));
	assert_string_equal(told[2].action, "respawn");
	assert_int_equal(told[3].outcome, OUTCOME_SUCCESS);
	incident_unref(incident);
	/* What our own signal did is no new fault. */
	waitpid(pid, NULL, 0);
	end_respawned(told[3].process);
}

static void test_own_signal(void **state)
{
	pid_t pid = start_child(FOREVER "308");
	struct incident *stall, *killed;
	struct policy *policy = policy_for("# 308", "signal KILL");

	(void)state;
	fault_set_parse(&policy->faults, "all", NULL, 0);
	stall = incident_of(pid, FAULT_STALL_SPIN, 0);
	killed = incident_of(pid, FAULT_KILL_SIGKILL, SIGKILL);
	killed->sender = (struct sender){.known = true, .pid = getpid(), .signo = SIGKILL};
	recover_incident(recover, stall);
	await_reports(2);
	assert_told(0, "started", "policy");
	assert_int_equal(told[1].outcome, OUTCOME_SUCCESS);
	recover_incident(recover, killed);
	await_reports(3);
	assert_told(2, "skipped", "own-signal");
	incident_unref(stall);
	incident_unref(killed);
	waitpid(pid, NULL, 0);
}

static void test_commands(void **state)
{
	char actions[512], out[128], text[256] = "", expected[128];
	struct incident *incident;
	pid_t pid = start_child(FOREVER "309");
	int fd;

	(void)state;
	snprintf(out, sizeof(out), "%s/hook", directory);
	snprintf(actions, sizeof(actions),
		 "exec (echo $FAULTD_KIND $FAULTD_POLICY; cat) >%s|restart-command exit 3|restart-command "
		 "exit 0",
		 out);
	policy_for("# 309", actions);
	incident = crash(pid);
	await_reports(4);
	assert_string_equal(told[0].action, "exec");
	assert_string_equal(told[1].action, "restart-command");
	assert_string_equal(told[2].action, "restart-command");
	assert_int_equal(told[3].outcome, OUTCOME_SUCCESS);
	fd = open(out, O_RDONLY);
	assert_true(read(fd, text, sizeof(text) - 1) > 0);
	close(fd);
	unlink(out);
	snprintf(expected, sizeof(expected), "crash.sigsegv test\n{\"id\":\"%s\"}\n", incident->id);
	assert_string_equal(text, expected);
	incident_unref(incident);
	waitpid(pid, NULL, 0);
}

static void test_failing_command(void **state)
{
	pid_t pid = start_child(FOREVER "310");
	struct incident *incident;

	(void)state;
	policy_for("# 310", "restart-command exit 7");
	incident = crash(pid);
	await_reports(2);
	assert_int_equal(told[1].outcome, OUTCOME_FAILURE);
	assert_non_null(strstr(told[1].message, "status 7"));
	incident_unref(incident);
	waitpid(pid, NULL, 0);
}

static void test_breaker_opens(void **state)
{
	struct policy *policy = policy_for("# 311", "restart-command exit 0");
	int actions = 0, breakers = 0, skipped = 0;

	(void)state;
	policy->limit.actions = 3;
	policy->healthy.after = 0;
	policy->backoff.initial = NSEC_PER_MSEC;
	for (int i = 0; i < 6; i++) {
		pid_t pid = start_child(FOREVER "311");
		struct incident *incident = crash(pid);

		run_for(40);
		incident_unref(incident);
		waitpid(pid, NULL, 0);
	}
	for (int i = 0; i < told_count; i++) {
		actions += strcmp(told[i].state, "started") == 0;
		breakers += told[i].type == REPORT_SELF;
		skipped += strcmp(told[i].reason, "breaker-open") == 0 && told[i].type == REPORT_ACTION;
	}
	assert_int_equal(actions, 3);
	assert_int_equal(breakers, 1);
	assert_int_equal(skipped, 3);
}

static pid_t read_daemon(const char *file, pid_t *ret_parent, uint64_t *ret_start)
{
	int parent = 0, pid = 0;
	FILE *f = fopen(file, "r");

	assert_non_null(f);
	assert_int_equal(fscanf(f, "%d %d", &parent, &pid), 2);
	fclose(f);
	unlink(file);
	assert_int_equal(proc_start_time(pid, ret_start), 0);
	*ret_parent = parent;
	return pid;
}

static void test_daemon(void **state)
{
	/* Goes into the background: the record is that of the parent, which has gone. */
	char script[256], file[128];
	struct incident *incident;
	uint64_t start;
	pid_t pid, parent, daemon;

	(void)state;
	snprintf(file, sizeof(file), "%s/daemon", directory);
	snprintf(script, sizeof(script),
		 "sleep 0.1; (exec >/dev/null; " FOREVER "\n) & echo $$ $! >%s; # 312", file);
	pid = start_child(script);
	policy_for("# 312", "respawn")->healthy.after = 400 * NSEC_PER_MSEC;
	report_started(pid);
	waitpid(pid, NULL, 0);
	daemon = read_daemon(file, &parent, &start);
	recover_process_forked(recover, daemon, start, pid);
	recover_process_gone(recover, pid, 0);
	incident = crash(daemon);
	await_reports(1);
	assert_told(0, "started", "policy");
	incident_unref(incident);
	run_for(30);
	/* The new one forks, too; and its parent ends with 0. */
	run_for(200);
	daemon = read_daemon(file, &parent, &start);
	recover_process_forked(recover, daemon, start, parent);
	await_reports(2);
	if (told[1].outcome != OUTCOME_SUCCESS)
		fail_msg("%s", told[1].message);
	assert_int_equal(told[1].process, daemon);
	kill(daemon, SIGKILL);
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test_setup_teardown(test_respawn, setup, teardown),
		cmocka_unit_test_setup_teardown(test_not_healthy, setup, teardown),
		cmocka_unit_test_setup_teardown(test_health_command, setup, teardown),
		cmocka_unit_test_setup_teardown(test_dry_run, setup, teardown),
		cmocka_unit_test_setup_teardown(test_protected, setup, teardown),
		cmocka_unit_test_setup_teardown(test_no_record, setup, teardown),
		cmocka_unit_test_setup_teardown(test_ladder, setup, teardown),
		cmocka_unit_test_setup_teardown(test_own_signal, setup, teardown),
		cmocka_unit_test_setup_teardown(test_commands, setup, teardown),
		cmocka_unit_test_setup_teardown(test_failing_command, setup, teardown),
		cmocka_unit_test_setup_teardown(test_breaker_opens, setup, teardown),
		cmocka_unit_test_setup_teardown(test_daemon, setup, teardown),
	};
	int failed;

	if (!mkdtemp(directory))
		return 1;
	failed = cmocka_run_group_tests(tests, NULL, NULL);
	rmdir(directory);
	return failed;
}
