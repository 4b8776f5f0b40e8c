// SPDX-License-Identifier: GPL-2.0-or-later
/* Who owns a process: a supervisor that starts it again itself, a container runtime, or nobody. */
#include "host/supervisor.h"

#include <fnmatch.h>
#include <string.h>

static const struct {
	const char *pattern; /* of the name as the kernel cuts it to 15 bytes */
	enum supervisor supervisor;
} supervisors[] = {
	{"systemd", SUPERVISOR_SYSTEMD},
	{"runsv", SUPERVISOR_RUNIT},
	{"runit", SUPERVISOR_RUNIT},
	{"s6-supervise", SUPERVISOR_S6},
	{"supervisord", SUPERVISOR_SUPERVISORD},
	{"supervise", SUPERVISOR_DAEMONTOOLS},
	{"svscan", SUPERVISOR_DAEMONTOOLS},
	{"perpd", SUPERVISOR_DAEMONTOOLS},
	{"monit", SUPERVISOR_MONIT},
	{"containerd-shim*", SUPERVISOR_CONTAINER},
	{"conmon*", SUPERVISOR_CONTAINER},
	{"dockerd", SUPERVISOR_CONTAINER},
	{"docker-containe*", SUPERVISOR_CONTAINER},
	{"lxc-start", SUPERVISOR_CONTAINER},
	{"circusd", SUPERVISOR_OTHER},
	{"supervise-daemo*", SUPERVISOR_OTHER}, /* OpenRC's */
	{"upstart", SUPERVISOR_OTHER},
	{"nosh", SUPERVISOR_OTHER},
	{"service-manager", SUPERVISOR_OTHER},
	{"dinit", SUPERVISOR_OTHER},
	{"god", SUPERVISOR_OTHER},
	{"PM2 v*", SUPERVISOR_OTHER},
};

/* They act for a manager, or for a person through it, but supervise nothing. */
static const char *const controllers[] = {
	"systemctl",	    "runsvdir",		"s6-svc", "s6-svscan", "supervisorctl", "dockerd",
	"containerd",	    "podman",		"crun",	  "runc",      "kubelet",	"crio",
	"systemd-shutdow*", "start-stop-daem*",
};

static const char *const shells[] = {
	"sh",		"bash",	   "dash", "zsh",   "ksh",   "ksh93",  "mksh",	"fish",	  "tcsh",
	"csh",		"busybox", "ash",  "sudo",  "su",    "env",    "nohup", "setsid", "sshd",
	"sshd-session", "login",   "cron", "crond", "atd",   "screen", "tmux*", "script", "timeout",
	"nice",		"strace",  "make", "xargs", "watch", "init",
};

static bool any_of(const char *const *patterns, size_t count, const char *name)
{
	for (size_t i = 0; i < count; i++)
		if (fnmatch(patterns[i], name, 0) == 0)
			return true;
	return false;
}

#define ANY_OF(table, name) any_of(table, sizeof(table) / sizeof((table)[0]), name)

enum supervisor supervisor_by_name(const char *name)
{
	for (size_t i = 0; i < sizeof(supervisors) / sizeof(supervisors[0]); i++)
		if (fnmatch(supervisors[i].pattern, name, 0) == 0)
			return supervisors[i].supervisor;
	return SUPERVISOR_NONE;
}

const char *supervisor_label(enum supervisor supervisor)
{
	static const char *const labels[] = {
		[SUPERVISOR_SYSTEMD] = "systemd",
		[SUPERVISOR_RUNIT] = "runit",
		[SUPERVISOR_S6] = "s6",
		[SUPERVISOR_SUPERVISORD] = "supervisord",
		[SUPERVISOR_DAEMONTOOLS] = "daemontools",
		[SUPERVISOR_MONIT] = "monit",
		[SUPERVISOR_CONTAINER] = "the container runtime",
		[SUPERVISOR_OTHER] = "its supervisor",
	};

	return (unsigned int)supervisor < sizeof(labels) / sizeof(labels[0]) ? labels[supervisor] : NULL;
}

bool supervisor_is_manager(pid_t pid, const char *name)
{
	return pid == 1 || supervisor_by_name(name) != SUPERVISOR_NONE || ANY_OF(controllers, name);
}

bool supervisor_is_shell(const char *name)
{
	return ANY_OF(shells, name);
}

bool supervisor_is_pod(const char *cgroup)
{
	return cgroup && (strstr(cgroup, "/kubepods") || strstr(cgroup, "kubelet-kubepods"));
}

bool supervisor_is_user_manager(const char *cgroup)
{
	return cgroup && strstr(cgroup, "/user@") && strstr(cgroup, ".service/");
}
