// SPDX-License-Identifier: GPL-2.0-or-later
/* Commands of the configuration, run with the incident in their environment. */
#include "recover/hook.h"

#include <errno.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/wait.h>

enum { VARIABLES_MAX = 24 };

struct variables {
	char *list[VARIABLES_MAX + 1];
	size_t count;
};

static void add(struct variables *v, const char *name, const char *value)
{
	if (!value || v->count == VARIABLES_MAX)
		return;
	if (asprintf(&v->list[v->count], "%s=%s", name, value) < 0)
		v->list[v->count] = NULL;
	else
		v->count++;
}

static void add_number(struct variables *v, const char *name, long long value)
{
	char text[32];

	snprintf(text, sizeof(text), "%lld", value);
	add(v, name, text);
}

static void fill(struct variables *v, const struct recovery *recovery)
{
	const struct incident *i = recovery->incident;
	const struct fault_info *info = fault_info(i->kind);

	add(v, "FAULTD_INCIDENT", i->id);
	add(v, "FAULTD_KIND", info ? info->name : NULL);
	add(v, "FAULTD_CAUSE", i->why.cause);
	add(v, "FAULTD_SUMMARY", i->why.summary);
	add(v, "FAULTD_POLICY", recovery->plan->name);
	add(v, "FAULTD_ACTION", recovery->rung.action->text);
	add_number(v, "FAULTD_ATTEMPT", recovery->attempt);
	if (i->who.pid)
		add_number(v, "FAULTD_PID", i->who.pid);
	add(v, "FAULTD_NAME", i->who.name);
	add(v, "FAULTD_EXE", i->who.exe);
	add(v, "FAULTD_CWD", i->who.cwd);
	add(v, "FAULTD_UNIT", i->who.unit);
	add(v, "FAULTD_CONTAINER", i->who.container);
	add(v, "FAULTD_CGROUP", i->who.cgroup);
	if (i->who.has_uid)
		add_number(v, "FAULTD_UID", i->who.uid);
	if (i->signo)
		add(v, "FAULTD_SIGNAL", signal_name(i->signo));
	if (i->who.has_exit_status)
		add_number(v, "FAULTD_STATUS", i->who.exit_status);
}

int hook_start(struct recovery *recovery, const char *line, bool with_json, uint64_t timeout, command_fn done)
{
	const struct recover_options *options = &recovery->recover->options;
	struct variables v = {0};
	char *json = NULL;
	int r;

	fill(&v, recovery);
	if (with_json && options->incident_json)
		json = options->incident_json(options->incident_json_arg, recovery->incident);
	r = command_start(&recovery->command, &(struct command_options){
						      .loop = options->loop,
						      .line = line,
						      .environment = v.list,
						      .input = json,
						      .show_output = with_json,
						      .timeout = timeout,
						      .done = done,
						      .arg = recovery,
					      });
	for (size_t i = 0; i < v.count; i++)
		free(v.list[i]);
	free(json);
	if (r < 0)
		say_failure(recovery, "/bin/sh could not be started (%s)", strerror(-r));
	return r;
}

void hook_say_failure(struct recovery *recovery, const char *what, int status)
{
	if (status == -ETIMEDOUT)
		say_failure(recovery, "%s did not end in time and was killed", what);
	else if (status < 0)
		say_failure(recovery, "%s could not be waited for", what);
	else if (WIFSIGNALED(status))
		say_failure(recovery, "%s was ended by %s", what, signal_name(WTERMSIG(status)));
	else
		say_failure(recovery, "%s ended with status %d", what, WEXITSTATUS(status));
}
