// SPDX-License-Identifier: GPL-2.0-or-later
/* Beneath a stall: who waits for whom, who had the CPU, and where in the kernel it is. */
#include "monitor/text_stall.h"

#include <inttypes.h>
#include <stdio.h>
#include <string.h>

#include "core/stall_names.h"
#include "core/syscalls.h"
#include "monitor/words.h"

enum {
	LINES = 3,	  /* after so many nothing is added, but one list is told as a whole */
	LIST_LINES = 10,  /* of a cycle or chain */
	OTHERS_LINES = 2, /* of holders, readers ... */
	CULPRITS = 4,	  /* on their line */
	STACK_FUNCTIONS = 5,
	NAME_BYTES = 64,
	OBJECT_BYTES = 240,
};

static void add_thread(struct text *out, const char *name, unsigned int tid)
{
	if (!words_any(name)) {
		text_addf(out, "thread %u", tid);
		return;
	}
	words_add(out, name, NAME_BYTES + 1);
	if (tid)
		text_addf(out, "[%u]", tid);
}

/* Of another process it says so, unless the number does: that of a main thread is its process's. */
static void add_member(struct text *out, const struct incident *incident, const struct fe_member *member)
{
	char name[FE_COMM_SIZE + 1];

	add_thread(out, stall_member_name(member, name), member->tid ? member->tid : member->pid);
	if (member->pid && member->tid && member->pid != member->tid &&
	    member->pid != (uint32_t)incident->who.pid)
		text_addf(out, " (process %u)", member->pid);
}

static const struct fe_member *member_of(const struct stall_facts *stall, uint32_t tid)
{
	for (size_t i = 0; i < stall->member_count; i++)
		if (stall->members[i].tid == tid)
			return &stall->members[i];
	return NULL;
}

/* The thread that stands still, as if it were one of the others. */
static struct fe_member self_of(const struct incident *incident)
{
	const struct fe_stall *event = incident->stall.event;
	struct fe_member self = {
		.pid = (uint32_t)incident->who.pid,
		.tid = (uint32_t)incident->who.tid,
		.owner_tid = event->owner_tid,
		.lock = event->lock,
		.lock_type = event->lock_type,
		.state = event->state,
		.syscall = event->syscall,
	};
	const char *name = incident->who.thread_name[0] ? incident->who.thread_name : incident->who.name;

	memcpy(self.comm, name, strnlen(name, sizeof(self.comm)));
	return self;
}

static void add_owner(struct text *out, const struct incident *incident, const struct fe_member *waiter)
{
	const struct stall_facts *stall = &incident->stall;
	const struct fe_member *owner = member_of(stall, waiter->owner_tid);
	bool self = waiter->tid == (uint32_t)incident->who.tid;
	bool died = self && stall->event && (stall->event->flags & FE_STALL_OWNER_DIED);

	if (owner) {
		add_member(out, incident, owner);
		died |= owner->state == 'X';
	} else if (waiter->owner_tid == (uint32_t)incident->who.tid && stall->event) {
		const struct fe_member us = self_of(incident);

		add_member(out, incident, &us);
	} else {
		add_thread(out, NULL, waiter->owner_tid);
	}
	if (died)
		text_add(out, ", which is gone");
}

/* "locker-1[124] waits for mutex 0x55d0 held by locker-2[125]" */
static void add_wait(struct text *out, const struct incident *incident, const struct fe_member *waiter)
{

	add_member(out, incident, waiter);
	if (waiter->lock_type == FE_LOCK_JOIN)
		text_add(out,
			 waiter->owner_tid ? " waits for the end of " : " waits for the end of a thread");
	else if (waiter->lock)
		text_addf(out, " waits for %s 0x%" PRIx64, stall_lock_words(waiter->lock_type), waiter->lock);
	else
		text_add(out, " waits for a lock");
	if (!waiter->owner_tid)
		return;
	if (waiter->owner_tid == waiter->tid) {
		text_add(out, waiter->lock_type == FE_LOCK_JOIN ? "itself" : " that it holds itself");
		return;
	}
	if (waiter->lock_type != FE_LOCK_JOIN)
		text_add(out, " held by ");
	add_owner(out, incident, waiter);
}

/* " sleeps in nanosleep"; false, and nothing, when it is not known. */
static bool add_doing(struct text *out, const struct fe_member *member)
{
	const char *call = syscall_name((int)member->syscall), *state = call ? " is" : NULL;
	bool ended = false;

	switch (member->state) {
	case 'R': state = call ? " is running" : " is running in user code"; break;
	case 'S': state = " sleeps"; break;
	case 'D': state = " is in uninterruptible sleep"; break;
	case 'T': state = " is stopped"; break;
	case 't': state = " is stopped by its tracer"; break;
	case 'Z':
	case 'X':
		state = " is gone";
		ended = true;
		break;
	default: break;
	}
	if (!state)
		return false;
	text_add(out, state);
	if (call && !ended)
		text_addf(out, " in %s", call);
	return true;
}

/* ---- the lines, the weightiest first */

static void more(struct text *out, size_t shown, size_t count)
{
	if (count > shown)
		text_addf(out, "and %zu more\n", count - shown);
}

static void cycle(struct text *out, const struct incident *incident)
{
	const struct stall_facts *stall = &incident->stall;
	const struct fe_member *member = NULL;
	size_t count = 0, all = 0;

	while ((member = stall_member(stall, FE_ROLE_CYCLE, member))) {
		if (count++ >= LIST_LINES)
			continue;
		add_wait(out, incident, member);
		text_add(out, "\n");
	}
	/* Of a process whose every thread waits, not all are members. */
	if (count && stall->event && (stall->event->flags & FE_STALL_ALL_WAIT))
		all = (size_t)stall->event->others + 1;
	more(out, count < LIST_LINES ? count : LIST_LINES, all > count ? all : count);
}

/* What the owner of the lock in the line before does; nothing where that line has said it all. */
static void add_link(struct text *out, const struct incident *incident, const struct fe_member *member)
{
	struct text doing = {0};

	if (member->lock || member->owner_tid) {
		add_wait(out, incident, member);
		text_add(out, "\n");
	} else if (member->state != 'X' && add_doing(&doing, member) && !doing.failed) {
		add_member(out, incident, member);
		text_addf(out, "%s\n", doing.s);
	}
	text_free(&doing);
}

/* From the thread that stands still to whoever does not wait for a lock. */
static void chain(struct text *out, const struct incident *incident)
{
	const struct stall_facts *stall = &incident->stall;
	const struct fe_member *member = NULL;
	struct fe_member self;
	size_t count = 0, shown = 0;

	if (!stall->event || !stall->event->owner_tid || stall_member(stall, FE_ROLE_CYCLE, NULL))
		return;
	self = self_of(incident);
	add_wait(out, incident, &self);
	text_add(out, "\n");
	while ((member = stall_member(stall, FE_ROLE_CHAIN, member))) {
		if (count++ >= LIST_LINES - 1)
			continue;
		shown++;
		add_link(out, incident, member);
	}
	more(out, shown, count);
}

/* "CPU 0: hog[77] SCHED_FIFO 95 %" */
static void culprits(struct text *out, const struct incident *incident)
{
	const struct stall_facts *stall = &incident->stall;
	const struct fe_member *member = NULL;
	size_t count = 0;

	while ((member = stall_member(stall, FE_ROLE_CULPRIT, member)) && count < CULPRITS) {
		const char *policy = stall_policy_name(member->policy);

		if (count++)
			text_add(out, ", ");
		else if (stall->event)
			text_addf(out, "CPU %u: ", stall->event->cpu);
		add_member(out, incident, member);
		/* SCHED_OTHER, as nearly everything: not worth a word. */
		if (policy && member->policy)
			text_addf(out, " %s", policy);
		if (member->share)
			text_addf(out, " %" PRIu64 " %%", (member->share + 5) / 10);
	}
	if (count)
		text_add(out, "\n");
}

static void others(struct text *out, const struct incident *incident)
{
	static const struct {
		enum fe_role role;
		const char *words;
	} roles[] = {
		{FE_ROLE_HOLDER, "held by "},
		{FE_ROLE_READER, "to be read by "},
		{FE_ROLE_STOPPER, "stopped by "},
		{FE_ROLE_TRACER, "traced by "},
	};

	for (size_t i = 0; i < sizeof(roles) / sizeof(roles[0]); i++) {
		const struct fe_member *member = NULL;
		size_t count = 0;

		while ((member = stall_member(&incident->stall, roles[i].role, member))) {
			struct text doing = {0};

			if (count++ >= OTHERS_LINES)
				continue;
			text_add(out, roles[i].words);
			add_member(out, incident, member);
			if (roles[i].role <= FE_ROLE_READER && add_doing(&doing, member) && !doing.failed)
				text_addf(out, ", which%s", doing.s);
			text_add(out, "\n");
			text_free(&doing);
		}
		more(out, count < OTHERS_LINES ? count : OTHERS_LINES, count);
	}
}

/* "waits for /mnt/x on ext4 /dev/loop0", unless the summary has said it. */
static void object(struct text *out, const struct incident *incident)
{
	const char *what = incident->stall.object, *where = incident->stall.filesystem;
	const char *summary = incident->why.summary ? incident->why.summary : "";

	what = words_any(what) && !strstr(summary, what) ? what : NULL;
	where = words_any(where) && !strstr(summary, where) ? where : NULL;
	if (!what && !where)
		return;
	text_add(out, what ? "waits for " : "on ");
	words_add(out, what ? what : where, OBJECT_BYTES);
	if (what && where) {
		text_add(out, " on ");
		words_add(out, where, OBJECT_BYTES);
	}
	text_add(out, "\n");
}

/* "in: folio_wait_bit_common < filemap_fault": asleep in the kernel, that is where to look. */
static void stack(struct text *out, const struct incident *incident)
{
	const struct stall_facts *stall = &incident->stall;
	const char *p = words_any(stall->kernel_stack) ? stall->kernel_stack : stall->wait_channel;

	if (!words_any(p) || (stall->event && stall->event->kind != FE_STALL_IO))
		return;
	for (int i = 0; i < STACK_FUNCTIONS && *p;) {
		size_t line = strcspn(p, "\n"), len = strcspn(p, "+ \n");

		if (len > 0) {
			text_add(out, i++ ? " < " : "in: ");
			text_add_escaped(out, p, len < OBJECT_BYTES ? len : OBJECT_BYTES);
		}
		p += line + (p[line] == '\n');
	}
	text_add(out, "\n");
}

static void (*const lines[])(struct text *out, const struct incident *incident) = {
	cycle, chain, culprits, others, object, stack,
};

void text_stall(struct text *out, const struct incident *incident)
{
	size_t before = out->len;

	for (size_t i = 0; i < sizeof(lines) / sizeof(lines[0]); i++) {
		int count = 0;

		for (size_t k = before; k < out->len; k++)
			count += out->s[k] == '\n';
		if (count < LINES)
			lines[i](out, incident);
	}
}
