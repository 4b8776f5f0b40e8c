// SPDX-License-Identifier: GPL-2.0-or-later
/*
 * What a dead process left behind: workers that it forked hold its ports and its files, and its successor
 * could not start beside them (nginx, PostgreSQL). systemd ends them with the cgroup
 * (KillMode=control-group).
 */
#include <signal.h>
#include <stdlib.h>
#include <string.h>
#include <sys/epoll.h>

#include "recover/private.h"

enum { ORPHANS_MAX = 1024, GENERATIONS_MAX = 8 };

static const uint64_t TERM_TIME = 3 * NSEC_PER_SEC, KILL_TIME = 2 * NSEC_PER_SEC;

struct orphan {
	struct orphans *all;
	struct pidref ref;
	struct loop_source *source;
};

struct orphans {
	struct recovery *recovery;
	void (*done)(struct recovery *recovery);
	bool killed;
	size_t count, living;
	struct orphan items[];
};

struct orphans *orphans_free(struct orphans *all)
{
	for (size_t i = 0; all && i < all->count; i++) {
		loop_remove(all->items[i].source);
		pidref_close(&all->items[i].ref);
	}
	free(all);
	return NULL;
}

static void finish(struct orphans *all)
{
	struct recovery *recovery = all->recovery;
	void (*done)(struct recovery * recovery) = all->done;

	recovery->timer = loop_remove(recovery->timer);
	recovery->orphans = orphans_free(all);
	done(recovery);
}

static void on_gone(void *arg, int fd, uint32_t events)
{
	struct orphan *orphan = arg;
	struct orphans *all = orphan->all;

	(void)fd;
	(void)events;
	orphan->source = loop_remove(orphan->source);
	if (--all->living == 0)
		finish(all);
}

static void signal_living(const struct orphans *all, int signo)
{
	for (size_t i = 0; i < all->count; i++)
		if (all->items[i].source)
			recover_signal(all->recovery->recover, &all->items[i].ref, signo);
}

static void on_time(void *arg)
{
	struct recovery *recovery = arg;
	struct orphans *all = recovery->orphans;

	recovery->timer = NULL;
	if (all->killed) {
		say_failure(recovery, "%zu processes that it had forked survived SIGKILL", all->living);
		finish(all);
		return;
	}
	all->killed = true;
	signal_living(all, SIGKILL);
	ladder_set_timer(recovery, recover_now(recovery->recover) + KILL_TIME, on_time);
}

/* By the parents that were on record while they lived: now all of them are init's children. */
static bool descends(struct launches *launches, const struct launch_entry *entry, const struct process *old)
{
	for (int i = 0; i < GENERATIONS_MAX && entry && entry->ppid; i++) {
		if (entry->ppid == old->pid)
			return entry->start + 10 * NSEC_PER_MSEC >= old->start;
		entry = launches_find(launches, entry->ppid, 0);
	}
	return false;
}

/* The same program, and the stack where the dead one's was: it has executed nothing since it was forked. */
static bool is_orphan(struct recovery *recovery, const struct launch_entry *entry)
{
	const struct process *old = &recovery->incident->who;
	const struct launch *launch = recovery->launch;
	uint64_t start, stack;
	int nice;

	return entry->pid != old->pid && !entry->gone && launch->start_stack &&
	       entry->launch->start_stack == launch->start_stack &&
	       strcmp(entry->launch->exe, launch->exe) == 0 &&
	       descends(&recovery->recover->launches, entry, old) &&
	       launch_read_stat(entry->pid, &start, &stack, &nice) == 0 && stack == launch->start_stack;
}

static bool add(struct orphans *all, const struct launch_entry *entry)
{
	struct orphan *orphan = &all->items[all->count];

	orphan->all = all;
	orphan->ref = PIDREF_NONE;
	if (pidref_open(&orphan->ref, entry->pid, entry->start) < 0)
		return false;
	if (loop_add_fd(all->recovery->recover->options.loop, orphan->ref.fd, EPOLLIN, on_gone, orphan,
			&orphan->source) < 0) {
		pidref_close(&orphan->ref);
		return false;
	}
	all->count++;
	all->living++;
	return true;
}

bool orphans_end(struct recovery *recovery, void (*done)(struct recovery *recovery))
{
	struct launches *launches = &recovery->recover->launches;
	struct orphans *all = NULL;

	if (!recovery->launch)
		return false;
	for (struct launch_entry *e = launches->oldest; e; e = e->newer) {
		if (!is_orphan(recovery, e))
			continue;
		if (!all)
			all = calloc(1, sizeof(*all) + ORPHANS_MAX * sizeof(all->items[0]));
		if (!all || all->count == ORPHANS_MAX)
			break;
		all->recovery = recovery;
		add(all, e);
	}
	if (!all || !all->count) {
		free(all);
		return false;
	}
	all->done = done;
	recovery->orphans = all;
	signal_living(all, SIGTERM);
	ladder_set_timer(recovery, recover_now(recovery->recover) + TERM_TIME, on_time);
	return true;
}
