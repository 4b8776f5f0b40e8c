/* SPDX-License-Identifier: GPL-2.0-or-later */
/* The launch records of processes that policies name: a bounded table by process. */
#ifndef FAULTD_RECOVER_LAUNCHES_H
#define FAULTD_RECOVER_LAUNCHES_H

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>
#include <sys/types.h>

#include "host/launch.h"

enum { LAUNCHES_MAX = 4096, LAUNCHES_BUCKETS = 1024, LAUNCHES_HELD_MAX = 1024 };

struct launch_entry {
	struct launch_entry *chain;
	struct launch_entry *older, *newer;
	pid_t pid;
	pid_t ppid; /* as it was forked or found; 0: not known */
	uint64_t start;
	struct launch *launch;
	bool forked;   /* shares its parent's record: it has executed nothing itself */
	bool ours;     /* we started it ... */
	bool own_exec; /* ... and its exec event, which tells nothing new, is still to come */
	uint64_t gone; /* ns; 0: it lives */
};

struct launches {
	struct launch_entry *buckets[LAUNCHES_BUCKETS];
	struct launch_entry *oldest, *newest;
	size_t count, gone_count;
};

void launches_free(struct launches *launches);
/* The entry of that process; start 0: of whoever has the number. */
struct launch_entry *launches_find(struct launches *launches, pid_t pid, uint64_t start);
/* Replaces what there was for this number; takes a reference of its own. NULL without memory. */
struct launch_entry *launches_put(struct launches *launches, pid_t pid, uint64_t start,
				  struct launch *launch);
void launches_drop(struct launches *launches, struct launch_entry *entry);
void launches_gone(struct launches *launches, pid_t pid, uint64_t start, uint64_t now);
/*
 * Lets go of what is of no use any more: a second after a process has gone the duplicates of its streams
 * (unless in_use() says that they are needed), after half a minute the record; and at once of duplicates of
 * streams that their process has closed. True while there are any to look after.
 */
bool launches_expire(struct launches *launches, uint64_t now,
		     bool (*in_use)(void *arg, const struct launch *), void *arg);
/* Whether a process with this key lives that somebody else started at `since` or later. */
bool launches_running(const struct launches *launches, uint64_t key, uint64_t since);
/* The oldest living process but `other` that shares the record without having executed; NULL. */
struct launch_entry *launches_heir(struct launches *launches, const struct launch *launch, uint64_t since,
				   pid_t other);
/* Descriptors that are held, all records together. */
unsigned int launches_held(const struct launches *launches);

#endif
