/* SPDX-License-Identifier: GPL-2.0-or-later */
/* Who owns a process: a supervisor that starts it again itself, a container runtime, or nobody. Pure tables.
 */
#ifndef FAULTD_HOST_SUPERVISOR_H
#define FAULTD_HOST_SUPERVISOR_H

#include <stdbool.h>
#include <sys/types.h>

#include "core/incident.h"

enum supervisor {
	SUPERVISOR_NONE,
	SUPERVISOR_SYSTEMD,
	SUPERVISOR_RUNIT,
	SUPERVISOR_S6,
	SUPERVISOR_SUPERVISORD,
	SUPERVISOR_DAEMONTOOLS,
	SUPERVISOR_MONIT,
	SUPERVISOR_CONTAINER,
	SUPERVISOR_OTHER,
};

/*
 * What a process of this name (as in /proc/PID/comm, at most 15 bytes) does for its children: the supervisor
 * that it is, or SUPERVISOR_NONE.
 */
enum supervisor supervisor_by_name(const char *name);
/* "systemd", "runit" ...; NULL for SUPERVISOR_NONE. */
const char *supervisor_label(enum supervisor supervisor);
/*
 * Whether a signal from that process is a manager's decision about its service: a supervisor, a container
 * runtime, or the command through which people talk to one.
 */
bool supervisor_is_manager(pid_t pid, const char *name);
/* Programs that start others without looking after them. */
bool supervisor_is_shell(const char *name);
/* A cgroup path of a Kubernetes pod: its kubelet restarts what is in it. */
bool supervisor_is_pod(const char *cgroup);
/* Whether the cgroup belongs to a user's own systemd (user@UID.service), which we do not talk to. */
bool supervisor_is_user_manager(const char *cgroup);

#endif
