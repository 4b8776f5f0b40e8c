// SPDX-License-Identifier: GPL-2.0-or-later
// Control groups that run out of memory, in each of the ways that the OOM killer knows, and one that is
// killed.
#define _GNU_SOURCE 1
#include "faultgen.h"

#include <errno.h>
#include <fcntl.h>
#include <signal.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/mman.h>
#include <sys/wait.h>
#include <unistd.h>

#define KIND	  "oom.cgroup"
#define LIMIT	  "33554432"
#define OOM_FACTS "who=child needs=root needs=cgroup limit=" LIMIT
enum { MEMBERS = 3 };

static int gate[2];

/* Until everyone is where they belong: end of file is the start signal. */
static void wait_at_gate(void)
{
	char nothing;

	close(gate[1]);
	while (read(gate[0], &nothing, 1) < 0 && errno == EINTR)
		;
}

static void make_gate(void)
{
	if (pipe2(gate, O_CLOEXEC) < 0)
		cannot("pipe: %s", strerror(errno));
}

static void open_gate(void)
{
	close(gate[0]);
	close(gate[1]);
}

static void eat_memory(void)
{
	const size_t piece = 1 << 20;

	wait_at_gate();
	for (int i = 0; i < 256; i++) {
		void *area = mmap(NULL, piece, PROT_READ | PROT_WRITE, MAP_PRIVATE | MAP_ANONYMOUS, -1, 0);

		if (area == MAP_FAILED)
			cannot("mmap: %s", strerror(errno));
		memset(area, i + 1, piece);
	}
}

static void stay(void)
{
	wait_at_gate();
	sleep_forever();
}

/* Swap must not help out: where it cannot be limited, it is made unattractive. */
static void limit_memory(const struct cgroup_tree *tree, const char *group)
{
	bool limited;

	if (tree->v2) {
		limited = cgroup_write(group, "memory.max", LIMIT);
		cgroup_write(group, "memory.swap.max", "0");
	} else {
		limited = cgroup_write(group, "memory.limit_in_bytes", LIMIT);
		if (!cgroup_write(group, "memory.memsw.limit_in_bytes", LIMIT))
			cgroup_write(group, "memory.swappiness", "0");
	}
	if (!limited)
		cannot("cannot limit the memory of %s: %s", group, strerror(errno));
	say("limits %s", group);
}

static void eat_within(const char *group)
{
	pid_t pid;

	make_gate();
	pid = start_child(eat_memory);
	join_cgroup(group, pid);
	open_gate();
	end_like(pid);
}

static void oom_cgroup(void)
{
	struct cgroup_tree tree;
	const char *group;

	need_cgroups("memory", &tree);
	group = make_own_cgroup(&tree);
	limit_memory(&tree, group);
	eat_within(group);
}

static void oom_cgroup_ancestor(void)
{
	struct cgroup_tree tree;
	const char *group;

	need_cgroups("memory", &tree);
	group = make_own_cgroup(&tree);
	/* Before 5.11 a v1 group limits its children only if told so while it has none. */
	if (!tree.v2)
		cgroup_write(group, "memory.use_hierarchy", "1");
	limit_memory(&tree, group);
	/* The child shall be a memory group of its own, or the limit would be its own. */
	if (tree.v2 && !cgroup_write(group, "cgroup.subtree_control", "+memory"))
		cannot("cannot hand the memory controller down: %s", strerror(errno));
	eat_within(make_cgroup(group, "inner"));
}

static void oom_cgroup_group(void)
{
	struct cgroup_tree tree;
	const char *group;
	pid_t pids[MEMBERS];
	int status;

	need_cgroups("memory", &tree);
	if (!tree.v2)
		cannot("memory.oom.group needs cgroup v2, and memory is under v1 here");
	group = make_own_cgroup(&tree);
	limit_memory(&tree, group);
	if (!cgroup_write(group, "memory.oom.group", "1"))
		cannot("this kernel has no memory.oom.group: %s", strerror(errno));
	make_gate();
	for (int i = 0; i < MEMBERS; i++) {
		pids[i] = start_child(i ? stay : eat_memory);
		join_cgroup(group, pids[i]);
	}
	open_gate();
	status = wait_for(pids[0]);
	/* The others go with it, or would stay for ever. */
	for (int i = 1; i < MEMBERS; i++) {
		int tries = 200;

		while (waitpid(pids[i], NULL, WNOHANG) == 0 && --tries)
			sleep_ms(5);
		if (!tries)
			survived();
	}
	exit(status);
}

/* All at once with cgroup.kill, from 5.14 on; before, and under v1, one by one. */
static void kill_cgroup(void)
{
	struct cgroup_tree tree;
	const char *group, *reason;
	pid_t pids[MEMBERS];
	int status = 0;

	if (!find_any_cgroups(&tree, &reason))
		cannot("%s", reason);
	group = make_own_cgroup(&tree);
	make_gate();
	for (int i = 0; i < MEMBERS; i++) {
		pids[i] = start_child(stay);
		join_cgroup(group, pids[i]);
	}
	open_gate();
	sleep_ms(20);
	if (!tree.v2 || !cgroup_write(group, "cgroup.kill", "1")) {
		say("kills one by one");
		for (int i = 0; i < MEMBERS; i++)
			kill(pids[i], SIGKILL);
	}
	for (int i = 0; i < MEMBERS; i++)
		status = wait_for(pids[i]);
	exit(status);
}

static const struct fault faults[] = {
	{"oom-cgroup",
	 "a child allocates until its cgroup's limit of 32 MiB gets it killed",
	 {KIND, "cgroup-limit", OOM_FACTS},
	 oom_cgroup,
	 NO_ARGS},
	{"oom-cgroup-ancestor",
	 "the same, with the limit on the parent of the child's cgroup",
	 {KIND, "ancestor-cgroup-limit", OOM_FACTS},
	 oom_cgroup_ancestor,
	 NO_ARGS},
	{"oom-cgroup-group",
	 "one of three children allocates, and memory.oom.group takes all (v2 only)",
	 {KIND, "cgroup-limit", OOM_FACTS " needs=cgroup-v2 victims=3"},
	 oom_cgroup_group,
	 NO_ARGS},
	{"kill-cgroup",
	 "kills the three children in a cgroup, at once where cgroup.kill exists",
	 {"kill.sigkill", "killed-by-parent", "who=child needs=root needs=cgroup sender=faultgen victims=3"},
	 kill_cgroup,
	 NO_ARGS},
	{.name = NULL},
};

const struct family oom_family = {"Control groups", faults};
