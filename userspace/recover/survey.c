// SPDX-License-Identifier: GPL-2.0-or-later
/* What is so: who the process at fault was to the system, and which way of restarting it there is. */
#include "recover/private.h"

#include <errno.h>
#include <limits.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/stat.h>
#include <unistd.h>

#include "core/text.h"
#include "host/supervisor.h"

void survey_ancestors(struct recover *recover)
{
	pid_t pid = getpid();

	while (pid > 0 && recover->ancestor_count < ANCESTORS_MAX) {
		struct proc_info info;
		pid_t parent;

		if (proc_read(&info, pid) < 0)
			return;
		recover->ancestors[recover->ancestor_count].pid = pid;
		recover->ancestors[recover->ancestor_count++].start = info.p.start;
		parent = info.p.ppid;
		proc_info_free(&info);
		pid = parent;
	}
}

static bool is_protected(const struct recover *recover, const struct process *who)
{
	if (who->kernel_thread || who->pid == 1 || who->pid == 2)
		return true;
	for (size_t i = 0; i < recover->ancestor_count; i++)
		if (same_process(recover->ancestors[i].pid, recover->ancestors[i].start, who->pid,
				 who->start))
			return true;
	return false;
}

static bool is_own_signal(const struct recover *recover, const struct incident *incident)
{
	if (!incident->sender.known || incident->sender.pid != getpid())
		return false;
	for (size_t i = 0; i < OWN_SIGNALS; i++)
		if (recover->own_signals[i].pid &&
		    same_process(recover->own_signals[i].pid, recover->own_signals[i].start,
				 incident->who.pid, incident->who.start) &&
		    (!incident->signo || recover->own_signals[i].signo == incident->signo))
			return true;
	return false;
}

/* "/usr/sbin/nginx", also of a file that was replaced since. */
static bool read_exe(pid_t pid, char ret[static PATH_MAX])
{
	char path[64];
	ssize_t n;
	char *deleted;

	snprintf(path, sizeof(path), "%s/%d/exe", proc_root, (int)pid);
	n = readlink(path, ret, PATH_MAX - 1);
	if (n < 0)
		return false;
	ret[n] = '\0';
	deleted = strstr(ret, " (deleted)");
	if (deleted && deleted[10] == '\0')
		*deleted = '\0';
	return true;
}

/*
 * fork(2) leaves the stack where the parent's is; exec(2) gives a new one at a random place. So the place
 * tells whether a process with its parent's program ever executed anything itself.
 */
static bool is_forked_worker(const struct incident *incident, const struct launch_entry *entry)
{
	const struct process *who = &incident->who;
	uint64_t stack = 0, parent_start, parent_stack;
	char exe[PATH_MAX];
	int ignored;

	if (who->ppid <= 1 || who->ppid == getpid() || !who->exe)
		return false;
	if (launch_read_stat(who->ppid, &parent_start, &parent_stack, &ignored) < 0 ||
	    (who->start && parent_start > who->start + 10 * NSEC_PER_MSEC))
		return false; /* gone, or somebody else has its number */
	if (!read_exe(who->ppid, exe) || strcmp(exe, who->exe) != 0)
		return false;
	if (entry)
		stack = entry->launch->start_stack;
	else if (incident->death)
		stack = incident->death->memory.start_stack;
	if (stack && parent_stack)
		return stack == parent_stack;
	return !supervisor_is_shell(who->parent_name);
}

static const char *find_supervisor(const struct process *who)
{
	enum supervisor supervisor;

	if (supervisor_is_pod(who->cgroup))
		return "Kubernetes";
	if (who->ppid <= 1 || who->ppid == getpid())
		return NULL;
	supervisor = supervisor_by_name(who->parent_name);
	if (supervisor == SUPERVISOR_CONTAINER && who->container)
		return NULL; /* its runtime restarts it only if told to: `restart` tells it */
	return supervisor_label(supervisor);
}

static bool has_foreign_namespaces(const struct process *who, const struct launch *launch)
{
	struct stat st;

	if (launch)
		return launch->foreign_namespaces;
	return who->mnt_ns && stat("/proc/self/ns/mnt", &st) == 0 && st.st_ino != who->mnt_ns;
}

/* The command of a container runtime, wherever our PATH has it. */
static bool have_command(const char *name)
{
	const char *path = getenv("PATH") ?: "/usr/local/sbin:/usr/local/bin:/usr/sbin:/usr/bin:/sbin:/bin";

	for (const char *end; *path; path = *end ? end + 1 : end) {
		char file[PATH_MAX];

		end = strchrnul(path, ':');
		if (snprintf(file, sizeof(file), "%.*s/%s", (int)(end - path), path, name) <
			    (int)sizeof(file) &&
		    access(file, X_OK) == 0)
			return true;
	}
	return false;
}

static bool is_identifier(const char *s)
{
	return *s &&
	       s[strspn(s, "0123456789abcdefghijklmnopqrstuvwxyzABCDEFGHIJKLMNOPQRSTUVWXYZ_.-")] == '\0' &&
	       *s != '-';
}

static void resolve_container(struct recovery *recovery)
{
	const struct process *who = &recovery->incident->who;
	const char *runtime = who->cgroup && strstr(who->cgroup, "libpod") ? "podman" : "docker";
	struct rung *rung = &recovery->rung;

	rung->type = ACTION_RESTART_COMMAND;
	if (!have_command(runtime))
		runtime = strcmp(runtime, "podman") == 0 ? NULL : have_command("podman") ? "podman" : NULL;
	if (!runtime || !is_identifier(who->container))
		recovery->situation.no_way = "no docker or podman command";
	else
		snprintf(rung->text, sizeof(rung->text), "%s restart %s", runtime, who->container);
	rung->argument = rung->text;
}

static bool is_service(const char *unit)
{
	size_t n = unit ? strlen(unit) : 0;

	return n > 8 && n < UNIT_NAME_SIZE && strcmp(unit + n - 8, ".service") == 0;
}

bool survey_service(const struct recover *recover, const struct process *process)
{
	return recover->systemd && is_service(process->unit) && !supervisor_is_user_manager(process->cgroup);
}

static void resolve_restart(struct recovery *recovery)
{
	const struct process *who = &recovery->incident->who;
	struct rung *rung = &recovery->rung;

	if (recovery->run) {
		rung->type = ACTION_RESPAWN;
	} else if (survey_service(recovery->recover, who)) {
		rung->type = ACTION_RESTART_UNIT;
		rung->argument = who->unit;
	} else if (who->container) {
		resolve_container(recovery);
	} else {
		rung->type = ACTION_RESPAWN;
	}
}

void survey_rung(struct recovery *recovery, const struct action *action)
{
	struct rung *rung = &recovery->rung;

	*rung = (struct rung){.action = action, .type = action->type};
	rung->argument = action->argument;
	recovery->situation.no_way = NULL;
	if (action->type == ACTION_RESTART)
		resolve_restart(recovery);
	if (rung->type == ACTION_RESTART_UNIT && !recovery->recover->systemd)
		recovery->situation.no_way = "systemd is not the init of this host";
	recovery->situation.action = rung->type;
	if (rung->type == ACTION_RESTART_UNIT) {
		text_escape(recovery->label, sizeof(recovery->label), rung->argument, strlen(rung->argument));
	} else {
		const struct process *who = &recovery->incident->who;
		char name[128];

		text_escape(name, sizeof(name), who->name, strlen(who->name));
		snprintf(recovery->label, sizeof(recovery->label), "%s[%d]", name, (int)who->pid);
	}
}

void survey_process(struct recovery *recovery)
{
	struct recover *recover = recovery->recover;
	const struct incident *incident = recovery->incident;
	const struct process *who = &incident->who;
	struct launch_entry *entry = launches_find(&recover->launches, who->pid, who->start);

	recovery->launch = entry ? launch_ref(entry->launch) : NULL;
	recovery->situation = (struct situation){
		.incident = incident,
		.is_protected = is_protected(recover, who),
		.own_signal = !recovery->run && is_own_signal(recover, incident),
		.supervisor = recovery->run ? NULL : find_supervisor(who),
		.forked_worker = !recovery->run && is_forked_worker(incident, entry),
		.has_launch = entry,
		.launch_retitled = entry && entry->launch->retitled,
		.foreign_namespaces = has_foreign_namespaces(who, recovery->launch),
		.run = recovery->run,
	};
}

/* A service's process, whatever the action for it: systemd may be at it already. */
const char *survey_unit(const struct recovery *recovery)
{
	const struct process *who = &recovery->incident->who;
	enum action_type type = recovery->rung.type;

	if (!recovery->recover->systemd || recovery->run)
		return NULL;
	if (type == ACTION_RESTART_UNIT)
		return recovery->rung.argument;
	if (type != ACTION_RESPAWN && type != ACTION_RESTART_COMMAND)
		return NULL;
	return survey_service(recovery->recover, who) ? who->unit : NULL;
}

static uint64_t hash_string(uint64_t h, const char *s)
{
	for (; s && *s; s++)
		h = (h ^ (unsigned char)*s) * 0x100000001b3ULL; /* FNV-1a */
	return (h ^ 0xff) * 0x100000001b3ULL;
}

uint64_t survey_key(const struct recovery *recovery)
{
	const struct process *who = &recovery->incident->who;
	uint64_t h = hash_string(0xcbf29ce484222325ULL, recovery->plan->name);

	if (recovery->run)
		return hash_string(h, "run");
	if (recovery->rung.type == ACTION_RESTART_UNIT)
		return hash_string(h, recovery->rung.argument);
	if (recovery->launch)
		return h ^ recovery->launch->key;
	return hash_string(h, who->exe ?: who->name);
}
