// SPDX-License-Identifier: GPL-2.0-or-later
/* The launch records of processes that policies name: a bounded table by process. */
#include "recover/launches.h"

#include <stdlib.h>

#include "core/clock.h"

static const uint64_t STREAMS_GRACE = NSEC_PER_SEC, RECORD_GRACE = 30 * NSEC_PER_SEC,
		      TICK = 10 * NSEC_PER_MSEC;

static struct launch_entry **bucket_of(struct launches *l, pid_t pid)
{
	return &l->buckets[(unsigned int)pid % LAUNCHES_BUCKETS];
}

struct launch_entry *launches_find(struct launches *l, pid_t pid, uint64_t start)
{
	struct launch_entry *e = *bucket_of(l, pid);

	while (e && e->pid != pid)
		e = e->chain;
	if (!e || !start || !e->start)
		return e;
	/* One was read from /proc in clock ticks, the other comes from the kernel in ns. */
	return e->start + TICK >= start && start + TICK >= e->start ? e : NULL;
}

void launches_drop(struct launches *l, struct launch_entry *e)
{
	struct launch_entry **p = bucket_of(l, e->pid);

	while (*p != e)
		p = &(*p)->chain;
	*p = e->chain;
	*(e->older ? &e->older->newer : &l->oldest) = e->newer;
	*(e->newer ? &e->newer->older : &l->newest) = e->older;
	l->count--;
	l->gone_count -= e->gone != 0;
	launch_unref(e->launch);
	free(e);
}

void launches_free(struct launches *l)
{
	while (l->oldest)
		launches_drop(l, l->oldest);
}

/* Somebody has to go: rather one that has gone already. */
static void make_room(struct launches *l)
{
	struct launch_entry *e = l->oldest;

	if (l->gone_count)
		while (e && !e->gone)
			e = e->newer;
	launches_drop(l, e ?: l->oldest);
}

struct launch_entry *launches_put(struct launches *l, pid_t pid, uint64_t start, struct launch *launch)
{
	struct launch_entry *old = launches_find(l, pid, 0);
	struct launch_entry *e = calloc(1, sizeof(*e));

	if (!e)
		return NULL;
	if (old)
		launches_drop(l, old);
	if (l->count == LAUNCHES_MAX)
		make_room(l);
	e->pid = pid;
	e->start = start;
	e->launch = launch_ref(launch);
	e->chain = *bucket_of(l, pid);
	*bucket_of(l, pid) = e;
	e->older = l->newest;
	*(l->newest ? &l->newest->newer : &l->oldest) = e;
	l->newest = e;
	l->count++;
	return e;
}

void launches_gone(struct launches *l, pid_t pid, uint64_t start, uint64_t now)
{
	struct launch_entry *e = launches_find(l, pid, start);

	if (!e || e->gone)
		return;
	e->gone = now ?: 1;
	l->gone_count++;
}

/* A living process that executed with these streams still has them, or has closed them itself. */
static bool has_owner(const struct launches *l, const struct launch *launch)
{
	for (const struct launch_entry *e = l->oldest; e; e = e->newer)
		if (e->launch == launch && !e->gone && !e->forked)
			return true;
	return false;
}

bool launches_expire(struct launches *l, uint64_t now, bool (*in_use)(void *arg, const struct launch *),
		     void *arg)
{
	struct launch_entry *e = l->oldest, *next;
	bool held = false;

	for (; e; e = next) {
		next = e->newer;
		if (!e->gone && !e->forked && launch_held(e->launch))
			held |= launch_recheck_streams(e->launch, e->pid);
		if (!e->gone || now - e->gone < STREAMS_GRACE)
			continue;
		if (launch_held(e->launch) && !has_owner(l, e->launch) && !in_use(arg, e->launch))
			launch_release_streams(e->launch);
		if (now - e->gone >= RECORD_GRACE)
			launches_drop(l, e);
	}
	return held || l->gone_count > 0;
}

bool launches_running(const struct launches *l, uint64_t key, uint64_t since)
{
	for (const struct launch_entry *e = l->newest; e; e = e->older)
		if (!e->gone && !e->forked && !e->ours && e->launch->key == key && e->start >= since)
			return true;
	return false;
}

struct launch_entry *launches_heir(struct launches *l, const struct launch *launch, uint64_t since,
				   pid_t other)
{
	for (struct launch_entry *e = l->oldest; e; e = e->newer)
		if (e->launch == launch && e->forked && !e->gone && e->pid != other &&
		    e->start + TICK >= since)
			return e;
	return NULL;
}

unsigned int launches_held(const struct launches *l)
{
	unsigned int held = 0;

	/* A record shared by many is counted for the one that executed. */
	for (const struct launch_entry *e = l->oldest; e; e = e->newer)
		held += e->forked ? 0 : launch_held(e->launch);
	return held;
}
