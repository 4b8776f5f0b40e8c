// SPDX-License-Identifier: GPL-2.0-or-later
/* A suspect whose time has come: judged by its kind, and told with what is known, unless another's stall
 * tells of it. */
#include <bpf/libbpf.h>
#include <stddef.h>
#include <string.h>

#include "detect/stallrecord.h"
#include "detect/suspects_private.h"
#include "faultd.skel.h"

/* Told with another one: as part of its cycle, or as one more thread of the process that stands still so. */
static bool is_covered(const struct suspects *suspects, const struct suspect *s)
{
	for (int i = 0; i < SUSPECTS; i++) {
		const struct suspect *other = &suspects->table[i];

		if (!other->used || !other->convicted || other == s)
			continue;
		/* Nobody may hear of a stall of those that are not named. */
		if (s->named && !other->named && other->last.pid != s->last.pid)
			continue;
		if (other->last.tid == s->last.tid)
			return true;
		for (unsigned int m = 0; m < other->member_count; m++)
			if (other->members[m] == (pid_t)s->last.tid)
				return true;
		if (other->last.pid == s->last.pid && (other->kind == s->kind || other->all_wait) &&
		    s->kind != FE_STALL_DEADLOCK)
			return true;
		if (s->place && other->place == s->place && other->kind == s->kind)
			return true;
	}
	return false;
}

/* Who sent the signal that stopped it, if somebody looked. */
static void put_stopper(struct suspects *suspects, struct suspect *s)
{
	struct {
		uint64_t start;
		uint32_t tgid, signo;
	} key = {s->last.start, s->last.pid, suspects->draft.event.signo};
	struct fe_sender sender;
	struct fe_member *member;

	if (!key.signo || bpf_map__lookup_elem(suspects->bpf->maps.senders, &key, sizeof(key), &sender,
					       sizeof(sender), 0) < 0)
		return;
	member = draft_member(&suspects->draft, FE_ROLE_STOPPER, (pid_t)sender.pid, (pid_t)sender.tid);
	if (member)
		memcpy(member->comm, sender.comm, FE_COMM_SIZE);
}

static void remember_members(struct suspect *s, const struct draft *draft)
{
	s->member_count = 0;
	for (unsigned int i = 0; i < draft->member_count; i++)
		if (draft->members[i].role == FE_ROLE_CYCLE)
			s->members[s->member_count++] = (pid_t)draft->members[i].tid;
}

static void convict(struct suspects *suspects, struct suspect *s, uint64_t now)
{
	struct draft *draft = &suspects->draft;
	const void *record;
	size_t size;

	if (s->kind == FE_STALL_STOPPED)
		put_stopper(suspects, s);
	if (s->since < suspects->began)
		draft->event.flags |= FE_STALL_BEFORE_US;
	if (suspect_is_followed(suspects, s))
		draft->event.flags |= FE_STALL_FOLLOWED;
	if (suspect_judges[s->kind]->sleeps)
		stallrecord_read_stack(draft, &s->last);
	record = stallrecord_make(draft, s, now, &size);
	if (!record) { /* it has ended meanwhile */
		suspect_drop(suspects, s);
		return;
	}
	suspect_disarm(suspects, s);
	s->convicted = true;
	remember_members(s, draft);
	suspects->tell(suspects->tell_arg, record, size);
}

/* It polls, without ever sleeping there. It is left alone for a while, and then looked at again. */
static void forget_overdue(struct suspects *suspects, const struct suspect *s)
{
	struct bpf_map *map = suspects->bpf->maps.loops;
	struct fe_loop loop;

	if (bpf_map__lookup_elem(map, &s->last.tid, sizeof(s->last.tid), &loop, sizeof(loop), 0) < 0 ||
	    loop.thread_start != s->last.thread_start)
		return;
	loop.outside = suspects->bpf->data->scan.now + s->threshold;
	bpf_map__update_elem(map, &s->last.tid, sizeof(s->last.tid), &loop, sizeof(loop), BPF_EXIST);
}

void suspect_judge(struct suspects *suspects, struct suspect *s, uint64_t now)
{
	struct draft *draft = &suspects->draft;
	unsigned int kind = s->kind;

	memset(draft, 0, offsetof(struct draft, members));
	draft->member_count = 0;
	draft->event.id.pid = s->last.pid;
	draft->event.id.tid = s->last.tid;
	s->covered = is_covered(suspects, s);
	if (s->covered) {
		s->endings = suspects->endings;
		suspect_disarm(suspects, s);
		return;
	}
	s->waits = false;
	switch (suspect_judges[kind]->judge(s, suspects->probes, draft)) {
	case ACQUIT:
		if (kind == FE_STALL_EVENTLOOP)
			forget_overdue(suspects, s);
		suspect_drop(suspects, s);
		break;
	case CONVICT: convict(suspects, s, now); break;
	case WAIT:
		s->waits = s->kind == kind;
		if (s->kind != kind)
			s->threshold = suspect_ask_threshold(suspects, s, s->kind);
		if (!s->threshold)
			suspect_drop(suspects, s);
		break;
	}
}
