// SPDX-License-Identifier: GPL-2.0-or-later
/* Stalls as incidents: those that go on are remembered, so that their end and the kernel's word find them. */
#include "detect/stalls.h"

#include <stdlib.h>
#include <string.h>

#include "detect/decode.h"
#include "detect/known.h"

enum { OPEN = 512, HUNG = 64 };

struct stalls {
	struct incident *open[OPEN];
	uint64_t order[OPEN], last; /* in which they were remembered */
	struct {
		pid_t tid;
		uint64_t start;
		char id[sizeof(((struct incident *)0)->id)]; /* of the incident */
	} hung[HUNG];
	unsigned int next_hung;
};

struct stalls *stalls_new(void)
{
	return calloc(1, sizeof(struct stalls));
}

void stalls_free(struct stalls *stalls)
{
	if (!stalls)
		return;
	for (int i = 0; i < OPEN; i++)
		incident_unref(stalls->open[i]);
	free(stalls);
}

static void remember(struct stalls *stalls, struct incident *incident)
{
	unsigned int at = 0;

	/* A free place, or that of the oldest. */
	for (unsigned int i = 0; i < OPEN && stalls->open[at]; i++)
		if (!stalls->open[i] || stalls->order[i] < stalls->order[at])
			at = i;
	incident_unref(stalls->open[at]);
	stalls->open[at] = incident_ref(incident);
	stalls->order[at] = ++stalls->last;
}

static struct incident *find(struct stalls *stalls, const struct process *who)
{
	for (int i = 0; i < OPEN; i++) {
		struct incident *incident = stalls->open[i];

		if (incident && incident->who.pid == who->pid && incident->who.start == who->start &&
		    incident->who.tid == who->tid)
			return incident;
	}
	return NULL;
}

static void forget_hung(struct stalls *stalls, pid_t tid)
{
	for (int i = 0; i < HUNG; i++)
		if (stalls->hung[i].tid == tid)
			stalls->hung[i].tid = 0;
}

static void feed_end(struct stalls *stalls, const struct fe_stall_end *event,
		     const struct detect_handler *handler)
{
	forget_hung(stalls, (pid_t)event->tid);
	for (int i = 0; i < OPEN; i++) {
		struct incident *incident = stalls->open[i];

		if (!incident || incident->who.pid != (pid_t)event->pid ||
		    incident->who.start != event->start || incident->who.tid != (pid_t)event->tid ||
		    incident->stall.event->kind != event->kind)
			continue;
		stalls->open[i] = NULL;
		if (handler->cleared)
			handler->cleared(handler->arg, incident, event->end - event->since,
					 event->flags & FE_STALL_END_GONE);
		incident_unref(incident);
		return;
	}
}

/* Its detector speaks again every so often, as long as the task sleeps. */
static bool hung_before(struct stalls *stalls, pid_t tid, uint64_t start)
{
	for (int i = 0; i < HUNG; i++)
		if (stalls->hung[i].tid == tid && stalls->hung[i].start == start)
			return true;
	stalls->hung[stalls->next_hung].tid = tid;
	stalls->hung[stalls->next_hung].start = start;
	stalls->next_hung = (stalls->next_hung + 1) % HUNG;
	return false;
}

/* The kernel may have spoken first: its threshold is a setting, too. */
static void join_hung(const struct stalls *stalls, struct incident *incident)
{
	for (int i = 0; i < HUNG; i++)
		if (stalls->hung[i].tid == incident->who.tid && stalls->hung[i].start == incident->who.start)
			memcpy(incident->id, stalls->hung[i].id, sizeof(incident->id));
}

static void note_hung(struct stalls *stalls, const struct incident *incident)
{
	for (int i = 0; i < HUNG; i++)
		if (stalls->hung[i].tid == incident->who.tid && stalls->hung[i].start == incident->who.start)
			memcpy(stalls->hung[i].id, incident->id, sizeof(incident->id));
}

static void feed_stall(struct stalls *stalls, const struct fe_stall *event, struct known *known,
		       const struct detect_handler *handler)
{
	struct incident *incident = decode_stall(event);

	if (!incident)
		return;
	known_complete(known, incident);
	remember(stalls, incident);
	join_hung(stalls, incident);
	handler->incident(handler->arg, incident);
	incident_unref(incident);
}

static void feed_hung(struct stalls *stalls, const struct fe_hung *event, struct known *known,
		      const struct detect_handler *handler)
{
	struct incident *incident, *stall;

	if (hung_before(stalls, (pid_t)event->id.tid, event->id.start))
		return;
	incident = decode_hung(event);
	if (!incident)
		return;
	known_complete(known, incident);
	stall = find(stalls, &incident->who);
	if (stall) {
		memcpy(incident->id, stall->id, sizeof(incident->id));
		incident->joined = incident_ref(stall);
		incident->stall = stall->stall;
	}
	note_hung(stalls, incident);
	handler->incident(handler->arg, incident);
	incident_unref(incident);
}

void stalls_feed(struct stalls *stalls, const struct fe_header *record, struct known *known,
		 const struct detect_handler *handler)
{
	switch (record->type) {
	case FE_STALL: feed_stall(stalls, (const struct fe_stall *)record, known, handler); break;
	case FE_STALL_END: feed_end(stalls, (const struct fe_stall_end *)record, handler); break;
	case FE_HUNG: feed_hung(stalls, (const struct fe_hung *)record, known, handler); break;
	default: break;
	}
}
