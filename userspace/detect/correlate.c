// SPDX-License-Identifier: GPL-2.0-or-later
/* Joining: records of one process, and of one OOM kill, become one incident. Time comes in with the records.
 */
#include "detect/correlate.h"

#include <errno.h>
#include <signal.h>
#include <stdlib.h>
#include <string.h>

#include "detect/decode.h"
#include "detect/known.h"
#include "detect/stalls.h"

/* A PID namespace's init goes and takes the others with it: no OOM killer is about. */
enum { NAMESPACE_ENDS = FE_SENDER_EXITING | FE_SENDER_NSINIT };

enum {
	RECENT = 64, /* incidents that more may become known about */
	EARLY = 32,  /* stacks and mappings whose death record has not come yet */
	MARKS = 64,  /* OOM victims that have not died yet, or just did */
	HELD = 64,   /* SIGKILLs by the kernel whose mark may still come */
};

/*
 * The OOM killer sends SIGKILL first and marks its victim right after (__oom_kill_process() in
 * mm/oom_kill.c), so on another CPU the victim can die in between: the mark comes within microseconds, or
 * there is none.
 */
#define HOLD_TIME (20 * NSEC_PER_MSEC)
/* A victim in uninterruptible sleep may take its time to die; the choice is told after this long all the
 * same. */
#define MARK_TIME (2 * NSEC_PER_SEC)
/* All that die of one OOM (memory.oom.group, processes that share the memory) do so at once. */
#define OOM_GROUP_TIME (500 * NSEC_PER_MSEC)
/* A process that was asked to end and ends did not fail. systemd's own DefaultTimeoutStopSec. */
#define REQUEST_TIME (90 * NSEC_PER_SEC)

struct early {
	uint64_t start;
	pid_t pid;
	void *record; /* NULL: free */
};

struct mark {
	struct fe_oom event; /* victim 0: free */
	char cgroup[FE_PATH_MAX + 1];
	char id[sizeof(((struct incident *)0)->id)]; /* of the incident that the first of the group made */
	bool told;
};

struct correlator {
	struct detect_handler handler;
	struct known *known;
	struct stalls *stalls;
	struct incident *recent[RECENT];
	unsigned int next_recent;
	struct incident *held[HELD]; /* oldest first */
	unsigned int held_count;
	struct mark marks[MARKS];
	unsigned int next_mark;
	struct early early[EARLY];
	unsigned int next_early;
};

int correlator_new(struct correlator **ret, const struct detect_handler *handler)
{
	struct correlator *c = calloc(1, sizeof(*c));

	if (!c)
		return -ENOMEM;
	c->handler = *handler;
	c->known = known_new();
	c->stalls = stalls_new();
	if (!c->known || !c->stalls) {
		known_free(c->known);
		stalls_free(c->stalls);
		free(c);
		return -ENOMEM;
	}
	*ret = c;
	return 0;
}

void correlator_free(struct correlator *c)
{
	if (!c)
		return;
	for (int i = 0; i < RECENT; i++)
		incident_unref(c->recent[i]);
	for (unsigned int i = 0; i < c->held_count; i++)
		incident_unref(c->held[i]);
	for (int i = 0; i < EARLY; i++)
		free(c->early[i].record);
	known_free(c->known);
	stalls_free(c->stalls);
	free(c);
}

static void tell(struct correlator *c, struct incident *incident)
{
	struct incident *oldest = c->recent[c->next_recent];

	c->recent[c->next_recent] = incident_ref(incident);
	c->next_recent = (c->next_recent + 1) % RECENT;
	c->handler.incident(c->handler.arg, incident);
	/* Only now: its memory has left the caches long ago, and the reader of the line waits. */
	incident_unref(oldest);
}

static struct incident *find_recent(struct correlator *c, pid_t pid, uint64_t start)
{
	for (unsigned int i = 0; i < RECENT; i++) {
		struct incident *incident = c->recent[(c->next_recent + RECENT - 1 - i) % RECENT];

		if (incident && incident->who.pid == pid && incident->who.start == start)
			return incident;
	}
	return NULL;
}

/* ---- stacks and mappings have a ring of their own, and come before the death record or after it */

static bool attach_stack(struct incident *incident, const struct fe_stack *stack)
{
	uint8_t *copy = incident->stack || !stack->len ? NULL : incident_alloc(incident, stack->len);

	if (!copy)
		return false;
	memcpy(copy, stack + 1, stack->len);
	incident->stack = copy;
	incident->stack_len = stack->len;
	incident->stack_address = stack->address;
	return true;
}

static bool attach(struct incident *incident, const struct fe_header *header)
{
	if (header->type == FE_STACK)
		return attach_stack(incident, (const struct fe_stack *)header);
	return !incident->maps && decode_maps(incident, (const struct fe_maps *)header) >= 0 &&
	       incident->maps;
}

static void take_early(struct correlator *c, struct incident *incident)
{
	for (int i = 0; i < EARLY; i++) {
		struct early *early = &c->early[i];

		if (!early->record || early->pid != incident->who.pid || early->start != incident->who.start)
			continue;
		attach(incident, early->record);
		free(early->record);
		early->record = NULL;
	}
}

static void feed_part(struct correlator *c, pid_t pid, uint64_t start, const void *record, size_t size)
{
	struct incident *incident = find_recent(c, pid, start);
	struct early *early = &c->early[c->next_early];
	void *copy;

	if (incident && incident->death) {
		if (attach(incident, record) && c->handler.more)
			c->handler.more(c->handler.arg, incident);
		return;
	}
	copy = malloc(size);
	if (!copy)
		return;
	memcpy(copy, record, size);
	free(early->record);
	early->start = start;
	early->pid = pid;
	early->record = copy;
	c->next_early = (c->next_early + 1) % EARLY;
}

static void feed_stack(struct correlator *c, const struct fe_stack *stack, size_t size)
{
	feed_part(c, (pid_t)stack->pid, stack->start, stack, size);
}

static void feed_maps(struct correlator *c, const struct fe_maps *maps, size_t size)
{
	feed_part(c, (pid_t)maps->pid, maps->start, maps, size);
}

/* ---- OOM kills */

static bool within(uint64_t a, uint64_t b, uint64_t span)
{
	return (a > b ? a - b : b - a) <= span;
}

static void stamp_oom(struct correlator *c, struct incident *incident, struct mark *mark)
{
	const struct fe_oom *event = &mark->event;
	struct oom_facts *oom = &incident->oom;
	unsigned int victims = 0;

	/* One incident for all that one OOM killed. */
	for (int i = 0; i < MARKS; i++) {
		struct mark *other = &c->marks[i];

		if (!other->event.victim || other->event.trigger_tid != event->trigger_tid ||
		    other->event.cgroup_id != event->cgroup_id ||
		    !within(other->event.header.time, event->header.time, OOM_GROUP_TIME))
			continue;
		victims++;
		if (other->told && !mark->id[0])
			memcpy(mark->id, other->id, sizeof(mark->id));
	}
	if (mark->id[0])
		memcpy(incident->id, mark->id, sizeof(incident->id));
	else
		memcpy(mark->id, incident->id, sizeof(mark->id));
	mark->told = true;
	incident->kind = event->scope == FE_OOM_CGROUP ? FAULT_OOM_CGROUP : FAULT_OOM_HOST;
	oom->known = true;
	oom->scope = event->scope;
	oom->flags = event->flags;
	oom->cgroup = mark->cgroup[0] ? incident_strndup(incident, mark->cgroup, strlen(mark->cgroup)) : NULL;
	oom->limit = event->limit;
	oom->usage = event->usage;
	oom->rss = event->rss;
	if (oom->rss == ~0ULL && incident->death && incident->death->memory.rss)
		oom->rss = incident->death->memory.rss;
	oom->score_adj = event->score_adj;
	oom->trigger_pid = (pid_t)event->trigger_pid;
	memcpy(oom->trigger_name, event->trigger_comm, FE_COMM_SIZE);
	oom->levels_above = event->levels_above;
	oom->victims = victims;
	if (incident->request.time > event->header.time)
		incident->request = (struct sender){0}; /* it came too late to be why it died */
}

static struct mark *find_mark(struct correlator *c, const struct incident *incident)
{
	for (int i = 0; i < MARKS; i++)
		if ((pid_t)c->marks[i].event.victim == incident->who.pid && !c->marks[i].told)
			return &c->marks[i];
	return NULL;
}

/* The mark of a victim along with which this one was killed because it shares its memory: it has none itself.
 */
static struct mark *find_sibling(struct correlator *c, const struct incident *incident)
{
	for (int i = 0; i < MARKS; i++) {
		struct mark *mark = &c->marks[(c->next_mark + MARKS - 1 - (unsigned int)i) % MARKS];

		if (mark->event.victim && incident->sender.known &&
		    (pid_t)mark->event.trigger_pid == incident->sender.pid &&
		    within(mark->event.header.time, incident->sender.time, OOM_GROUP_TIME))
			return mark;
	}
	return NULL;
}

static void drop_held(struct correlator *c, unsigned int index)
{
	memmove(&c->held[index], &c->held[index + 1], (c->held_count - index - 1) * sizeof(c->held[0]));
	c->held_count--;
}

static void tell_held(struct correlator *c, unsigned int index)
{
	struct incident *incident = c->held[index];
	struct mark *mark = find_mark(c, incident);

	if (!mark)
		mark = find_sibling(c, incident);
	drop_held(c, index);
	if (mark)
		stamp_oom(c, incident, mark);
	tell(c, incident);
	incident_unref(incident);
}

/* The choice without the death: the victim is known by number only. */
static void tell_mark(struct correlator *c, struct mark *mark)
{
	struct incident *incident = incident_new();

	mark->told = true;
	if (!incident)
		return;
	incident->time = mark->event.header.time;
	incident->who.pid = (pid_t)mark->event.victim;
	stamp_oom(c, incident, mark);
	tell(c, incident);
	incident_unref(incident);
}

static void feed_oom(struct correlator *c, const struct fe_oom *event)
{
	struct mark *mark = &c->marks[c->next_mark];
	size_t len = event->cgroup_len < FE_PATH_MAX ? event->cgroup_len : FE_PATH_MAX;

	/* 6.1 and others mark a victim of a group twice. */
	for (int i = 0; i < MARKS; i++)
		if (c->marks[i].event.victim == event->victim &&
		    within(c->marks[i].event.header.time, event->header.time, OOM_GROUP_TIME))
			return;
	if (mark->event.victim && !mark->told)
		tell_mark(c, mark);
	memset(mark, 0, sizeof(*mark));
	mark->event = *event;
	memcpy(mark->cgroup, event + 1, len);
	c->next_mark = (c->next_mark + 1) % MARKS;
	for (unsigned int i = 0; i < c->held_count; i++) {
		if (c->held[i]->who.pid != (pid_t)event->victim)
			continue;
		tell_held(c, i);
		return;
	}
	/* It was held in vain and told with what was known of its group. */
	for (int i = 0; i < RECENT; i++)
		if (c->recent[i] && c->recent[i]->who.pid == (pid_t)event->victim &&
		    c->recent[i]->oom.known && within(c->recent[i]->time, event->header.time, OOM_GROUP_TIME))
			mark->told = true;
}

static void hold(struct correlator *c, struct incident *incident)
{
	if (c->held_count == HELD)
		tell_held(c, 0);
	c->held[c->held_count++] = incident_ref(incident);
}

/* ---- deaths and exits */

static void feed_death(struct correlator *c, const struct fe_death *death)
{
	struct incident *incident = decode_death(death);
	struct mark *mark;

	if (!incident)
		return;
	incident->kind = death->flags & FE_DEATH_CRASH ? fault_crash_of_signal(incident->signo)
						       : fault_kill_of_signal(incident->signo);
	if (incident->kind == FAULT_NONE)
		incident->kind = fault_kill_of_signal(incident->signo);
	known_complete(c->known, incident);
	take_early(c, incident);
	if (incident->signo == SIGKILL && (incident->sender.kernel || !incident->sender.known)) {
		mark = find_mark(c, incident);
		if (mark) {
			stamp_oom(c, incident, mark);
		} else if ((incident->sender.flags & NAMESPACE_ENDS) != NAMESPACE_ENDS) {
			hold(c, incident);
			incident_unref(incident);
			return;
		}
	}
	tell(c, incident);
	incident_unref(incident);
}

static bool asked_to_end(const struct incident *incident)
{
	const struct sender *request = &incident->request;

	return request->known && request->signo != SIGHUP && request->pid != incident->who.pid &&
	       incident->time - request->time <= REQUEST_TIME;
}

static void feed_exit(struct correlator *c, const struct fe_exit *event)
{
	struct incident *incident = decode_exit(event);
	const struct process *known;

	if (!incident)
		return;
	known = known_get(c->known, incident->who.pid, incident->who.start);
	if (known && !incident->who.exe) {
		struct process now = incident->who;

		/* Kernels before 6.16 have dropped the memory by now, and with it what names the program. */
		now.exe = known->exe;
		now.exe_deleted = known->exe_deleted;
		now.args = known->args;
		now.args_len = known->args_len;
		now.args_total = known->args_total;
		decode_copy_process(incident, &now);
	}
	known_forget(c->known, incident->who.pid);
	if (!(event->status & 0x7f) && !find_recent(c, incident->who.pid, incident->who.start) &&
	    !asked_to_end(incident)) {
		incident->kind = event->status ? FAULT_EXIT_FAILURE : FAULT_EXIT_UNEXPECTED;
		tell(c, incident);
	}
	if (c->handler.leaving)
		c->handler.leaving(c->handler.arg, &incident->who);
	incident_unref(incident);
}

static void feed_exec(struct correlator *c, const struct fe_exec *event)
{
	char *memory = NULL;
	struct process process;

	if (decode_identity(&process, &event->id, (const char *)(event + 1), &memory) < 0)
		return;
	/* Behind the identity's strings, in the record itself. */
	if (event->env_len && event->env_len == event->env_total) {
		process.environment = (const char *)event + event->header.size - event->env_len;
		process.environment_len = event->env_len;
	}
	if (c->handler.started && c->handler.started(c->handler.arg, &process)) {
		process.environment = NULL;
		process.environment_len = 0;
		known_put(c->known, &process, memory);
		return;
	}
	known_forget(c->known, process.pid);
	free(memory);
}

static void feed_fork(struct correlator *c, const struct fe_fork *event)
{
	char name[FE_COMM_SIZE + 1] = "";

	memcpy(name, event->comm, FE_COMM_SIZE);
	known_fork(c->known, (pid_t)event->ppid, (pid_t)event->pid, event->start, name);
	if (c->handler.forked)
		c->handler.forked(c->handler.arg, (pid_t)event->pid, event->start, (pid_t)event->ppid);
}

void correlator_feed(struct correlator *c, const void *record, size_t size)
{
	const struct fe_header *header = record;

	switch (header->type) {
	case FE_DEATH: feed_death(c, record); break;
	case FE_EXIT: feed_exit(c, record); break;
	case FE_OOM: feed_oom(c, record); break;
	case FE_EXEC: feed_exec(c, record); break;
	case FE_STACK: feed_stack(c, record, size); break;
	case FE_MAPS: feed_maps(c, record, size); break;
	case FE_FORK: feed_fork(c, record); break;
	case FE_STALL:
	case FE_STALL_END:
	case FE_HUNG: stalls_feed(c->stalls, record, c->known, &c->handler); break;
	default: break;
	}
}

void correlator_advance(struct correlator *c, uint64_t now)
{
	while (c->held_count && now >= c->held[0]->time + HOLD_TIME)
		tell_held(c, 0);
	for (int i = 0; i < MARKS; i++)
		if (c->marks[i].event.victim && !c->marks[i].told &&
		    now >= c->marks[i].event.header.time + MARK_TIME)
			tell_mark(c, &c->marks[i]);
}

uint64_t correlator_deadline(const struct correlator *c)
{
	uint64_t deadline = c->held_count ? c->held[0]->time + HOLD_TIME : 0;

	for (int i = 0; i < MARKS; i++) {
		uint64_t at = c->marks[i].event.header.time + MARK_TIME;

		if (c->marks[i].event.victim && !c->marks[i].told && (!deadline || at < deadline))
			deadline = at;
	}
	return deadline;
}

void correlator_flush(struct correlator *c)
{
	while (c->held_count)
		tell_held(c, 0);
	for (int i = 0; i < MARKS; i++)
		if (c->marks[i].event.victim && !c->marks[i].told)
			tell_mark(c, &c->marks[i]);
}
