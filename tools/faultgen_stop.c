// SPDX-License-Identifier: GPL-2.0-or-later
// Processes that others stopped: by a signal, by freezing their cgroup, with a debugger.
#define _GNU_SOURCE 1
#include "faultgen_stall.h"

#include <errno.h>
#include <signal.h>
#include <stdio.h>
#include <string.h>
#include <sys/prctl.h>
#include <sys/ptrace.h>
#include <sys/wait.h>
#include <unistd.h>

#define KIND "stall.stopped"

static pid_t target;
static const char *group;

/* What is stopped would go on with its work, if it could. */
static void work(void)
{
	prctl(PR_SET_PTRACER, PR_SET_PTRACER_ANY);
	doze();
}

static void stop(void)
{
	if (kill(target, SIGSTOP) < 0)
		cannot("kill: %s", strerror(errno));
	ready();
	doze();
}

static void stopped(void)
{
	target = start_stalled(work);
	start_helper("stopper", stop);
	guard(0);
}

static void debug(void)
{
	/* Its tracee is no child of its own, yet waitpid() tells of it. */
	if (ptrace(PTRACE_SEIZE, target, NULL, NULL) < 0 ||
	    ptrace(PTRACE_INTERRUPT, target, NULL, NULL) < 0 || waitpid(target, NULL, __WALL) != target)
		cannot("ptrace: %s", strerror(errno));
	ready();
	doze();
}

void paused_by_debugger(void)
{
	target = start_stalled(work);
	/* The tracee may allow it only when it runs. */
	sleep_ms(50);
	start_helper("debugger", debug);
	guard(0);
}

static void thaw(void)
{
	cgroup_write(group, "cgroup.freeze", "0");
}

static void frozen_cgroup(void)
{
	struct cgroup_tree tree;
	const char *reason;

	stall_seconds();
	if (!find_any_cgroups(&tree, &reason))
		cannot("%s", reason);
	if (!tree.v2)
		cannot("this needs cgroup v2");
	group = make_own_cgroup(&tree);
	undo_at_end(thaw);
	join_cgroup(group, start_stalled(work));
	if (!cgroup_write(group, "cgroup.freeze", "1"))
		cannot("cannot freeze %s: %s", group, strerror(errno));
	guard(0);
}

static void thaw_v1(void)
{
	cgroup_write(group, "freezer.state", "THAWED");
}

static void frozen_cgroup_v1(void)
{
	struct cgroup_tree tree;

	stall_seconds();
	if (!find_v1_cgroups("freezer", &tree))
		cannot("no cgroup hierarchy here can freeze");
	group = make_own_cgroup(&tree);
	/* Not even SIGKILL ends what is frozen this way. */
	undo_at_end(thaw_v1);
	join_cgroup(group, start_stalled(work));
	if (!cgroup_write(group, "freezer.state", "FROZEN"))
		cannot("cannot freeze %s: %s", group, strerror(errno));
	guard(0);
}

static const struct fault faults[] = {
	{"stopped",
	 "another process stops it by SIGSTOP",
	 {KIND, "job-control", "thread=faultgen sender=stopper"},
	 stopped,
	 STALL_ARGS},
	{"frozen-cgroup",
	 "its cgroup is frozen (v2 only)",
	 {KIND, "frozen-cgroup", "thread=faultgen needs=root needs=cgroup needs=cgroup-v2"},
	 frozen_cgroup,
	 STALL_ARGS},
	{"frozen-cgroup-v1",
	 "the same by the freezer of cgroup v1",
	 {KIND, "frozen-cgroup", "thread=faultgen needs=root needs=cgroup needs=cgroup-v1"},
	 frozen_cgroup_v1,
	 STALL_ARGS},
	{"debugger-watched",
	 "a debugger keeps it stopped; told only of processes that are watched",
	 {KIND, "debugger", "thread=faultgen tracer=debugger watched=1"},
	 paused_by_debugger,
	 STALL_ARGS},
	{.name = NULL},
};

const struct family stop_family = {"Stopped by others", faults};
