// SPDX-License-Identifier: GPL-2.0-or-later
/* `run -- CMD`: a command that we started ourselves, restarted by the same rules as any other target. */
#include <errno.h>
#include <signal.h>
#include <stdlib.h>
#include <string.h>
#include <sys/wait.h>
#include <unistd.h>

#include "core/log.h"
#include "host/spawn.h"
#include "recover/private.h"

/* How long the kernel's record of a death may come after we have reaped it. */
static const uint64_t INCIDENT_GRACE = 50 * NSEC_PER_MSEC;

struct run {
	char **argv;
	recover_run_fn fn; /* NULL once called */
	void *arg;
	uint64_t ignored_signals; /* what faultd itself was started with */
	pid_t pid;		  /* 0: none lives, status is that of the last */
	uint64_t start;
	pid_t last_pid;
	uint64_t last_start;
	int status;
	bool stopping;
	bool replacing;		   /* it stands still, and a recovery is at work on it while it lives */
	struct incident *incident; /* of the process that is dying or dead */
	struct loop_source *grace;
};

static int exit_code(int status)
{
	return WIFSIGNALED(status) ? 128 + WTERMSIG(status) : WEXITSTATUS(status);
}

static void finish(struct recover *recover, bool given_up)
{
	struct run *run = recover->run;
	recover_run_fn fn = run->fn;

	run->fn = NULL;
	run->grace = loop_remove(run->grace);
	if (fn)
		fn(run->arg, exit_code(run->status), given_up);
}

void run_free(struct recover *recover)
{
	struct run *run = recover->run;

	if (!run)
		return;
	recover->run = NULL;
	loop_remove(run->grace);
	incident_unref(run->incident);
	for (size_t i = 0; run->argv && run->argv[i]; i++)
		free(run->argv[i]);
	free(run->argv);
	free(run);
}

int run_spawn(struct recover *recover, pid_t *ret_pid, const char **ret_stage)
{
	struct run *run = recover->run;
	struct spawn s = SPAWN_INIT;
	uint64_t stack;
	int nice, r;

	if (!run->fn || run->stopping)
		return -ECANCELED; /* asked to stop while it waited for its turn */
	s.path = run->argv[0];
	s.argv = run->argv;
	s.envp = environ;
	for (int i = 0; i < 3; i++)
		s.fds[i] = i;
	s.new_session = false;
	s.ignored_signals = run->ignored_signals;
	r = spawn_process(&s, &run->pid, ret_stage);
	if (r < 0)
		return r;
	run->start = 0;
	(void)launch_read_stat(run->pid, &run->start, &stack, &nice);
	run->last_pid = run->pid;
	run->last_start = run->start;
	run->incident = incident_unref(run->incident);
	run->replacing = false;
	*ret_pid = run->pid;
	return 0;
}

/* SIGPIPE aside, which faultd ignores for reasons of its own. */
static uint64_t read_ignored(void)
{
	uint64_t ignored = 0;

	for (int signo = 1; signo < 32; signo++) {
		struct sigaction old;

		if (signo != SIGPIPE && sigaction(signo, NULL, &old) == 0 && old.sa_handler == SIG_IGN)
			ignored |= 1ULL << (signo - 1);
	}
	return ignored;
}

static char **copy_argv(char **argv)
{
	size_t count = 0;
	char **copy;

	while (argv[count])
		count++;
	copy = calloc(count + 1, sizeof(*copy));
	for (size_t i = 0; copy && i < count; i++) {
		copy[i] = strdup(argv[i]);
		if (!copy[i]) {
			while (i > 0)
				free(copy[--i]);
			free(copy);
			return NULL;
		}
	}
	return copy;
}

int recover_run(struct recover *recover, char **argv, recover_run_fn fn, void *arg)
{
	struct run *run;
	const char *stage = "program";
	pid_t pid;
	int r;

	if (recover->run)
		return -EBUSY;
	run = recover->run = calloc(1, sizeof(*run));
	if (run)
		run->argv = copy_argv(argv);
	if (!run || !run->argv) {
		run_free(recover);
		return -ENOMEM;
	}
	run->fn = fn;
	run->arg = arg;
	run->ignored_signals = read_ignored();
	r = run_spawn(recover, &pid, &stage);
	if (r < 0) {
		run_free(recover);
		return r;
	}
	recover_adopt(recover, pid, run->start, NULL);
	return 0;
}

pid_t recover_run_pid(const struct recover *recover)
{
	return recover->run ? recover->run->pid : 0;
}

/* What the terminal's keys send, it sends to our whole process group: the command has it already. */
static bool came_from_terminal(int signo)
{
	return (signo == SIGINT || signo == SIGQUIT) && isatty(STDIN_FILENO) &&
	       tcgetpgrp(STDIN_FILENO) == getpgrp();
}

void recover_run_signal(struct recover *recover, int signo)
{
	struct run *run = recover->run;
	struct pidref ref = PIDREF_NONE;

	if (!run || !run->fn)
		return;
	if (signo == SIGTERM || signo == SIGINT || signo == SIGHUP || signo == SIGQUIT)
		run->stopping = true;
	if (!run->pid) {
		if (run->stopping) /* nothing lives that could end: what waits for its backoff is called off
				    */
			finish(recover, false);
		return;
	}
	if (came_from_terminal(signo))
		return;
	if (pidref_open(&ref, run->pid, run->start) < 0)
		return;
	recover_signal(recover, &ref, signo);
	pidref_close(&ref);
}

bool run_is(const struct recover *recover, const struct process *process)
{
	const struct run *run = recover->run;

	return run && process->pid &&
	       same_process(run->last_pid, run->last_start, process->pid, process->start);
}

static struct incident *make_incident(struct recover *recover)
{
	const struct run *run = recover->run;
	struct incident *i = incident_new();
	int signo = WIFSIGNALED(run->status) ? WTERMSIG(run->status) : 0;
	const char *slash = strrchr(run->argv[0], '/');

	if (!i)
		return NULL;
	i->time = i->received = recover_now(recover);
	i->signo = signo;
	i->kind = signo ? fault_crash_of_signal(signo) : FAULT_EXIT_FAILURE;
	if (i->kind == FAULT_NONE)
		i->kind = fault_kill_of_signal(signo);
	i->who.pid = run->last_pid;
	i->who.start = run->last_start;
	i->who.has_exit_status = true;
	i->who.exit_status = run->status;
	strncpy(i->who.name, slash ? slash + 1 : run->argv[0], sizeof(i->who.name) - 1);
	i->who.exe = incident_strndup(i, run->argv[0], strlen(run->argv[0]));
	i->why.cause = "unknown";
	i->why.summary = "The command ended, and no record of the kernel says more.";
	return i;
}

static struct plan *default_plan(struct fault_set *ret_faults)
{
	struct action action = {.type = ACTION_RESPAWN};
	struct policy policy = {
		.name = (char *)"run",
		.actions = &action,
		.action_count = 1,
		.backoff = {.initial = 100 * NSEC_PER_MSEC,
			    .max = 300 * NSEC_PER_SEC,
			    .reset_after = 600 * NSEC_PER_SEC,
			    .factor = 2.0,
			    .jitter = 0.1},
		.limit = {.actions = 5, .within = 300 * NSEC_PER_SEC},
		.healthy = {.after = 3 * NSEC_PER_SEC},
	};

	fault_set_parse(ret_faults, "crash, oom, stall, !stall.stopped, kill.sigkill, exit.failure", NULL, 0);
	return plan_new(&policy);
}

static const struct policy *find_policy(const struct config *config)
{
	for (size_t i = 0; config && i < config->policy_count; i++)
		if (strcmp(config->policies[i].name, "run") == 0 && config->policies[i].action_count)
			return &config->policies[i];
	return NULL;
}

static struct plan *make_plan(struct recover *recover, struct fault_set *ret_faults)
{
	const struct policy *policy = find_policy(recover->options.config);

	if (!policy)
		return default_plan(ret_faults);
	*ret_faults = policy->faults;
	return plan_new(policy);
}

/* It lives and stands still: replaced as a dead one is, once it is gone. */
static void decide_stall(struct recover *recover, struct incident *incident)
{
	struct fault_set faults;
	struct plan *plan = make_plan(recover, &faults);

	if (!plan || !recover->options.act || !fault_set_has(&faults, incident->kind)) {
		plan_unref(plan);
		return;
	}
	recover->run->replacing = true;
	recover_begin(recover, incident, plan, true);
}

static void decide(struct recover *recover)
{
	struct run *run = recover->run;
	struct incident *incident = run->incident ?: make_incident(recover);
	struct fault_set faults;
	struct plan *plan = make_plan(recover, &faults);

	run->incident = NULL;
	if (!incident || !plan) {
		log_error("no memory to restart the command");
		plan_unref(plan);
		finish(recover, true);
	} else if (!recover->options.act || !fault_set_has(&faults, incident->kind)) {
		plan_unref(plan);
		finish(recover, false);
	} else {
		recover_begin(recover, incident, plan, true);
	}
	incident_unref(incident);
}

static void on_grace(void *arg)
{
	struct recover *recover = arg;

	recover->run->grace = NULL;
	decide(recover);
}

void run_incident(struct recover *recover, struct incident *incident)
{
	struct run *run = recover->run;
	const struct fault_info *info = fault_info(incident->kind);

	if (run->replacing || !info || info->family == FAMILY_RESOURCE)
		return;
	if (info->family == FAMILY_STALL) {
		if (run->pid && !run->stopping && !run->incident)
			decide_stall(recover, incident);
		return;
	}
	if (run->incident) /* the first record of a death says most */
		return;
	if (run->pid) {
		run->incident = incident_ref(incident);
		return;
	}
	if (!run->grace)
		return;
	run->grace = loop_remove(run->grace);
	run->incident = incident_ref(incident);
	decide(recover);
}

static bool is_being_ended(const struct recover *recover)
{
	for (const struct recovery *r = recover->recoveries; r; r = r->next)
		if (r->run && r->killing)
			return true;
	return false;
}

void run_child_ended(struct recover *recover, pid_t pid, int status)
{
	struct run *run = recover->run;

	if (!run || pid != run->pid)
		return;
	run->pid = 0;
	run->status = status;
	if (!run->fn)
		return;
	/* The recovery that ended it starts it again; but it may have ended well before anything was done. */
	if (run->replacing && !run->stopping && (status != 0 || is_being_ended(recover)))
		return;
	if (status == 0 || run->stopping)
		finish(recover, false);
	else if (run->incident)
		decide(recover);
	else if (loop_add_timer(recover->options.loop, recover_now(recover) + INCIDENT_GRACE, on_grace,
				recover, &run->grace) < 0)
		decide(recover);
}

/* Refused, given up, or its new process has died and was not replaced. */
void run_recovered(struct recover *recover)
{
	struct run *run = recover->run;

	if (run)
		run->replacing = false;
	if (run && run->fn && !run->pid && !run->grace)
		finish(recover, true);
}
