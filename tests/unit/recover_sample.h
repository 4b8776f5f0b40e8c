/* SPDX-License-Identifier: GPL-2.0-or-later */
/* Recoveries on real processes of our own, for the tests: children to break, policies, reports collected. */
#ifndef FAULTD_TESTS_RECOVER_SAMPLE_H
#define FAULTD_TESTS_RECOVER_SAMPLE_H

#include "recover/recover.h"

#include <errno.h>
#include <fcntl.h>
#include <setjmp.h>
#include <signal.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/stat.h>
#include <sys/wait.h>
#include <time.h>
#include <unistd.h>

#include <cmocka.h>

#include "host/proc.h"

enum { REPORTS_MAX = 64 };

/* A few seconds, so that a test that fails leaves nobody behind; the number is what policies match. */
#define FOREVER "i=0; while [ $i -lt 100 ]; do sleep 0.05; i=$((i + 1)); done # "

struct told {
	enum report_type type;
	enum report_outcome outcome;
	char action[32], state[32], reason[64], message[512];
	pid_t process;
	unsigned int attempt;
	bool dry_run;
};

static struct loop *loop;
static struct recover *recover;
static struct config *config;
static struct told told[REPORTS_MAX];
static int told_count, wanted;
static char directory[] = "/tmp/faultd-test-recover-XXXXXX";

static __attribute__((unused)) void on_report(void *arg, const struct report *report)
{
	struct told *t = &told[told_count];

	(void)arg;
	assert_true(told_count < REPORTS_MAX);
	assert_non_null(report->message);
	*t = (struct told){.type = report->type,
			   .outcome = report->outcome,
			   .process = report->process ? report->process->pid : 0,
			   .attempt = report->action.attempt,
			   .dry_run = report->action.dry_run};
	snprintf(t->action, sizeof(t->action), "%s", report->action.type ?: "");
	snprintf(t->state, sizeof(t->state), "%s", report->action.state ?: "");
	snprintf(t->reason, sizeof(t->reason), "%s", report->action.reason ?: "");
	snprintf(t->message, sizeof(t->message), "%s", report->message);
	told_count++;
	if (told_count == wanted)
		loop_quit(loop, 0);
}

static __attribute__((unused)) void on_timeout(void *arg)
{
	(void)arg;
	loop_quit(loop, 1);
}

/* Until so many reports have come, all together; more are a failure of the test that asks. */
static __attribute__((unused)) void await_reports(int count)
{
	struct loop_source *deadline;

	if (told_count < count) {
		wanted = count;
		loop_add_timer(loop, clock_now(loop_clock(loop)) + 10 * NSEC_PER_SEC, on_timeout, NULL,
			       &deadline);
		if (loop_run(loop) != 0) {
			for (int i = 0; i < told_count; i++)
				print_message("%s %s %s\n", told[i].state, told[i].reason, told[i].message);
			fail_msg("%d reports instead of %d", told_count, count);
		}
		loop_remove(deadline);
	}
	if (told_count > count)
		fail_msg("one report too many: %s", told[count].message);
}

static __attribute__((unused)) void run_for(uint64_t ms)
{
	wanted = -1;
	loop_add_timer(loop, clock_now(loop_clock(loop)) + ms * NSEC_PER_MSEC, on_timeout, NULL, NULL);
	loop_run(loop);
}

static __attribute__((unused)) char *incident_json(void *arg, const struct incident *incident)
{
	char *text = NULL;

	(void)arg;
	if (asprintf(&text, "{\"id\":\"%s\"}\n", incident->id) < 0)
		return NULL;
	return text;
}

static __attribute__((unused)) void restart_recover(bool dry_run)
{
	struct recover_options options = {
		.loop = loop,
		.config = config,
		.dry_run = dry_run,
		.act = true,
		.report = on_report,
		.incident_json = incident_json,
	};

	recover_free(recover);
	assert_int_equal(recover_new(&recover, &options), 0);
}

static __attribute__((unused)) int setup(void **state)
{
	(void)state;
	told_count = 0;
	config = config_new();
	assert_int_equal(loop_new(&loop), 0);
	recover = NULL;
	restart_recover(false);
	return 0;
}

static __attribute__((unused)) int teardown(void **state)
{
	(void)state;
	recover_free(recover);
	recover = NULL;
	loop_free(loop);
	config_free(config);
	return 0;
}

/* A policy for what has this in its command line; actions separated by "|". */
static __attribute__((unused)) struct policy *policy_for(const char *cmd, const char *actions)
{
	struct policy *policy = config_add_policy(config, "test", "test:1");
	char *copy = strdup(actions), *save = NULL, match[256];

	assert_non_null(policy);
	snprintf(match, sizeof(match), "cmd:%s", cmd);
	assert_int_equal(match_list_add(&policy->match, match, NULL), 0);
	for (char *word = strtok_r(copy, "|", &save); word; word = strtok_r(NULL, "|", &save))
		assert_int_equal(policy_add_action(policy, word, NULL), 0);
	free(copy);
	policy->healthy.after = 50 * NSEC_PER_MSEC;
	policy->backoff.initial = 20 * NSEC_PER_MSEC;
	return policy;
}

static __attribute__((unused)) void nap(void)
{
	nanosleep(&(struct timespec){.tv_nsec = 2000000}, NULL);
}

static __attribute__((unused)) pid_t start_child(const char *script)
{
	char *text = NULL;
	pid_t pid = fork();

	if (pid == 0) {
		execl("/bin/sh", "sh", "-c", script, NULL);
		_exit(99);
	}
	for (int i = 0; i < 1000; i++, nap()) {
		ssize_t n = proc_read_file(pid, "cmdline", 65536, &text);
		bool there = n > 3 && memcmp(text, "sh\0-c", 5) == 0;

		free(text);
		text = NULL;
		if (there)
			return pid;
	}
	fail_msg("the child did not execute");
	return pid;
}

static __attribute__((unused)) struct incident *incident_of(pid_t pid, enum fault_kind kind, int signo)
{
	struct incident *incident = incident_new();
	struct proc_info info;

	assert_int_equal(proc_read(&info, pid), 0);
	incident->kind = kind;
	incident->time = clock_now(loop_clock(loop));
	incident->signo = signo;
	incident->who = info.p;
	if (info.p.exe)
		incident->who.exe = incident_strndup(incident, info.p.exe, strlen(info.p.exe));
	if (info.p.args)
		incident->who.args = incident_strndup(incident, info.p.args, info.p.args_len);
	incident->who.cgroup = incident->who.cwd = incident->who.unit = incident->who.container = NULL;
	incident->why.cause = "unknown";
	incident->why.summary = "A test.";
	incident->why.evidence_complete = true;
	proc_info_free(&info);
	return incident;
}

static __attribute__((unused)) void report_started(pid_t pid)
{
	struct proc_info info;

	assert_int_equal(proc_read(&info, pid), 0);
	info.p.unit = info.p.container = NULL;
	recover_process_started(recover, &info.p);
	proc_info_free(&info);
}

static __attribute__((unused)) void assert_told(int i, const char *state, const char *reason)
{
	if (strcmp(told[i].state, state) != 0 || strcmp(told[i].reason, reason) != 0)
		fail_msg("report %d: %s/%s, not %s/%s: %s", i, told[i].state, told[i].reason, state, reason,
			 told[i].message);
}

/* Dies as the kernel would tell it; the caller reaps, as its parent would. */
static __attribute__((unused)) struct incident *crash(pid_t pid)
{
	struct incident *incident = incident_of(pid, FAULT_CRASH_SIGSEGV, SIGSEGV);

	kill(pid, SIGSEGV);
	recover_incident(recover, incident);
	return incident;
}

static __attribute__((unused)) void end_respawned(pid_t pid)
{
	assert_true(pid > 0);
	kill(pid, SIGKILL);
	run_for(30);
}

#endif
