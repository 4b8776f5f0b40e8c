// SPDX-License-Identifier: GPL-2.0-or-later
// Too much of a CPU, or none of it: spins, starvation by other tasks of the same CPU, and a CPU quota.
#define _GNU_SOURCE 1
#include "faultgen_stall.h"

#include <errno.h>
#include <sched.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/resource.h>
#include <unistd.h>

enum { HOGS = 6, RIVALS = 4, REAL_TIME_MOST = 20 };

static int the_cpu; /* that hogs and victim share */

static void fail_forever(void)
{
	char byte;

	while (read(-1, &byte, 1) < 0)
		;
}

static void spin_user(void)
{
	stall(compute);
}

static void spin_failing(void)
{
	stall(fail_forever);
}

static void stay_on(const cpu_set_t *cpus)
{
	if (sched_setaffinity(0, sizeof(*cpus), cpus) < 0)
		cannot("sched_setaffinity: %s", strerror(errno));
}

static void stay_on_the_cpu(void)
{
	cpu_set_t one;

	CPU_ZERO(&one);
	CPU_SET(the_cpu, &one);
	stay_on(&one);
}

/* The first CPU is for the others; the guard stays off it, or it would starve as well. */
static void leave_one_cpu(void)
{
	cpu_set_t cpus;

	if (sched_getaffinity(0, sizeof(cpus), &cpus) < 0)
		cannot("sched_getaffinity: %s", strerror(errno));
	if (CPU_COUNT(&cpus) < 2)
		cannot("there is no second CPU to stay on");
	while (!CPU_ISSET(the_cpu, &cpus))
		the_cpu++;
	CPU_CLR(the_cpu, &cpus);
	stay_on(&cpus);
}

static void hog(void)
{
	stay_on_the_cpu();
	ready();
	compute();
}

/* Three things end it: the guard, its own clock, and the kernel by RLIMIT_RTTIME. */
static void hog_in_real_time(void)
{
	struct sched_param parameter = {.sched_priority = 1};
	struct rlimit limit = {(REAL_TIME_MOST + 2) * 1000000UL, (REAL_TIME_MOST + 4) * 1000000UL};

	stay_on_the_cpu();
	if (setrlimit(RLIMIT_RTTIME, &limit) < 0)
		cannot("setrlimit: %s", strerror(errno));
	if (sched_setscheduler(0, SCHED_FIFO, &parameter) < 0)
		cannot("SCHED_FIFO is refused: %s (cpu.rt_runtime_us of its cgroup may be 0)",
		       strerror(errno));
	ready();
	compute_for(stall_seconds() * 1000 + 1000);
	exit(EXIT_SUCCESS);
}

/* The least weight there is, so that one turn costs it seconds of waiting. */
static void be_starved(void)
{
	struct sched_param none = {0};

	stay_on_the_cpu();
	if (sched_setscheduler(0, SCHED_IDLE, &none) < 0)
		cannot("SCHED_IDLE is refused: %s", strerror(errno));
	compute();
}

static void be_ordinary(void)
{
	stay_on_the_cpu();
	compute();
}

static void be_nice(void)
{
	setpriority(PRIO_PROCESS, 0, 19);
	be_ordinary();
}

static void starve_realtime_lightly(void)
{
	limit_stall_seconds(REAL_TIME_MOST);
	leave_one_cpu();
	start_helper("hog", hog_in_real_time);
	stall(be_ordinary);
}

/* The kernel leaves 5 % of each second to tasks that are not real-time: the rivals take them. */
static void starve_realtime(void)
{
	limit_stall_seconds(REAL_TIME_MOST);
	leave_one_cpu();
	for (int i = 0; i < RIVALS; i++)
		start_helper("rival", hog);
	start_helper("hog", hog_in_real_time);
	stall(be_nice);
}

static void starve_affinity(void)
{
	leave_one_cpu();
	for (int i = 0; i < HOGS; i++)
		start_helper("hog", hog);
	stall(be_starved);
}

/* The shortest quota that there is. */
static void limit_cpu(const struct cgroup_tree *tree, const char *group)
{
	bool limited = tree->v2 ? cgroup_write(group, "cpu.max", "1000 100000")
				: cgroup_write(group, "cpu.cfs_period_us", "100000") &&
					  cgroup_write(group, "cpu.cfs_quota_us", "1000");

	if (!limited)
		cannot("cannot limit the CPU time of %s: %s", group, strerror(errno));
}

static void quota(void)
{
	struct cgroup_tree tree;
	const char *group;

	need_cgroups("cpu", &tree);
	group = make_own_cgroup(&tree);
	limit_cpu(&tree, group);
	join_cgroup(group, start_stalled(compute));
	guard(0);
}

static const struct fault faults[] = {
	{"spin-user",
	 "computes without a system call",
	 {"stall.spin", "user-loop", "thread=faultgen watched=1"},
	 spin_user,
	 STALL_ARGS},
	{"spin-failing",
	 "reads from a bad descriptor, for ever",
	 {"stall.spin", "syscall-loop", "thread=faultgen syscall=read errno=EBADF watched=1"},
	 spin_failing,
	 STALL_ARGS},
	{"starve-realtime",
	 "wants the CPU on which a real-time process computes, and has rivals; 20 s at most",
	 {"stall.starved", "real-time-hog", "thread=faultgen culprit=hog needs=root needs=cpus"},
	 starve_realtime,
	 STALL_ARGS},
	{"starve-realtime-lightly",
	 "the same without rivals for the 5 % that the kernel keeps for others: 50 ms in each second",
	 {NULL, NULL, NULL},
	 starve_realtime_lightly,
	 STALL_ARGS},
	{"starve-affinity",
	 "an idle-priority process may use one CPU only, where others compute",
	 {"stall.starved", "affinity", "thread=faultgen culprit=hog needs=cpus watched=1"},
	 starve_affinity,
	 STALL_ARGS},
	{"quota",
	 "computes in a cgroup that may use 1 ms of CPU time in 100 ms",
	 {"stall.throttled", "cpu-quota",
	  "thread=faultgen quota=1000000 period=100000000 needs=root needs=cgroup"},
	 quota,
	 STALL_ARGS},
	{.name = NULL},
};

const struct family cpu_family = {"Too much of a CPU, or none", faults};
