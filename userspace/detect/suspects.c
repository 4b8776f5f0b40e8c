// SPDX-License-Identifier: GPL-2.0-or-later
/* Threads that may stand still: followed from one scan to the next until they are convicted or acquitted. */
#include "detect/suspects.h"

#include <bpf/bpf.h>
#include <bpf/libbpf.h>
#include <errno.h>
#include <stdlib.h>
#include <string.h>

#include "detect/stallrecord.h"
#include "detect/suspects_private.h"
#include "faultd.skel.h"

/* Of one process, no more than this for one kind: the others' turn comes with their next sleep. */
enum { PROCESS_MAX = 32 };

const struct judge *const suspect_judges[FE_STALL_KINDS] = {
	[FE_STALL_DEADLOCK] = &judge_deadlock,
	[FE_STALL_LOCK] = &judge_lock,
	[FE_STALL_IO] = &judge_io,
	[FE_STALL_SYSCALL] = &judge_call,
	[FE_STALL_EVENTLOOP] = &judge_loop,
	[FE_STALL_SPIN] = &judge_spin,
	[FE_STALL_STARVED] = &judge_starved,
	[FE_STALL_THROTTLED] = &judge_throttled,
	[FE_STALL_STOPPED] = &judge_stopped,
};

/* What a suspicion is at first; a thread that is busy is judged as one or the other. */
static const unsigned int kinds[FE_SUSPICION_COUNT] = {
	[FE_SUSPECT_FUTEX] = FE_STALL_DEADLOCK,	    [FE_SUSPECT_ALL_WAIT] = FE_STALL_DEADLOCK,
	[FE_SUSPECT_UNINTERRUPTIBLE] = FE_STALL_IO, [FE_SUSPECT_CALL] = FE_STALL_SYSCALL,
	[FE_SUSPECT_LOOP] = FE_STALL_EVENTLOOP,	    [FE_SUSPECT_BUSY] = FE_STALL_SPIN,
	[FE_SUSPECT_QUEUED] = FE_STALL_STARVED,	    [FE_SUSPECT_THROTTLED] = FE_STALL_THROTTLED,
	[FE_SUSPECT_STOPPED] = FE_STALL_STOPPED,    [FE_SUSPECT_FROZEN] = FE_STALL_STOPPED,
};

int suspects_new(struct suspects **ret, struct faultd_bpf *bpf, const struct detect_handler *handler,
		 suspects_record_fn tell, void *tell_arg)
{
	struct suspects *suspects = calloc(1, sizeof(*suspects));
	int r;

	if (!suspects)
		return -ENOMEM;
	suspects->bpf = bpf;
	suspects->handler = handler;
	suspects->tell = tell;
	suspects->tell_arg = tell_arg;
	r = probes_new(&suspects->probes, bpf);
	if (r < 0) {
		free(suspects);
		return r;
	}
	*ret = suspects;
	return 0;
}

void suspects_free(struct suspects *suspects)
{
	if (!suspects)
		return;
	probes_free(suspects->probes);
	free(suspects);
}

static bool is_of(const struct suspect *s, const struct fe_suspect *seen)
{
	return s->used && s->last.tid == seen->tid && s->last.thread_start == seen->thread_start;
}

/* Kinds that exclude each other, because one grows out of the other or both are traced alike. */
static unsigned int class_of(unsigned int kind)
{
	static const unsigned int classes[FE_STALL_KINDS] = {
		[FE_STALL_DEADLOCK] = 1, [FE_STALL_LOCK] = 1,	   [FE_STALL_IO] = 2,
		[FE_STALL_SYSCALL] = 3,	 [FE_STALL_EVENTLOOP] = 4, [FE_STALL_SPIN] = 4,
		[FE_STALL_STARVED] = 5,	 [FE_STALL_THROTTLED] = 5, [FE_STALL_STOPPED] = 6,
	};

	return classes[kind];
}

static struct suspect *find(struct suspects *suspects, const struct fe_suspect *seen, unsigned int kind)
{
	for (int i = 0; suspects->count && i < SUSPECTS; i++)
		if (is_of(&suspects->table[i], seen) && class_of(suspects->table[i].kind) == class_of(kind))
			return &suspects->table[i];
	return NULL;
}

static bool is_crowded(const struct suspects *suspects, const struct suspect *s)
{
	unsigned int same = 0;

	for (int i = 0; suspects->count && i < SUSPECTS; i++) {
		const struct suspect *other = &suspects->table[i];

		same += other->used && other->last.pid == s->last.pid && other->kind == s->kind;
	}
	return same >= PROCESS_MAX;
}

static bool is_tracked(const struct suspects *suspects, uint32_t tid)
{
	for (int i = 0; i < SUSPECTS; i++)
		if (suspects->table[i].used && suspects->table[i].last.tid == tid)
			return true;
	return false;
}

static struct suspect *take(struct suspects *suspects)
{
	for (int i = 0; i < SUSPECTS; i++)
		if (!suspects->table[i].used)
			return &suspects->table[i];
	suspects->dropped++;
	return NULL;
}

/* ---- following */

static void track(struct suspects *suspects, struct suspect *s)
{
	uint64_t one = 1;

	bpf_map__update_elem(suspects->bpf->maps.tracked, &s->last.tid, sizeof(s->last.tid), &one,
			     sizeof(one), BPF_ANY);
	suspects->bpf->data->scan.tracked = ++suspects->count;
}

void suspect_disarm(struct suspects *suspects, struct suspect *s)
{
	if (s->armed)
		probes_disarm_thread(suspects->probes, (pid_t)s->last.tid);
	if (s->cpus_armed)
		probes_disarm_cpus(suspects->probes);
	s->armed = s->cpus_armed = false;
}

void suspect_drop(struct suspects *suspects, struct suspect *s)
{
	suspect_disarm(suspects, s);
	s->used = false;
	/* A new thread may have the number, and be a suspect already. */
	if (!is_tracked(suspects, s->last.tid))
		bpf_map__delete_elem(suspects->bpf->maps.tracked, &s->last.tid, sizeof(s->last.tid), 0);
	suspects->bpf->data->scan.tracked = --suspects->count;
}

static void arm(struct suspects *suspects, struct suspect *s)
{
	switch (suspect_judges[s->kind]->needs) {
	case NEEDS_NOTHING: return;
	case NEEDS_THREAD_PROBE:
		s->armed = probes_arm_thread(suspects->probes, (pid_t)s->last.pid, (pid_t)s->last.tid,
					     (uint32_t)s->poll_fd, s->last.now) == 0;
		break;
	case NEEDS_CPU_PROBE: s->cpus_armed = probes_arm_cpus(suspects->probes) == 0; break;
	}
	s->armed_at = s->last.now;
}

bool suspect_is_followed(const struct suspects *suspects, const struct suspect *s)
{
	uint64_t watch;

	return bpf_map__lookup_elem(suspects->bpf->maps.watched, &s->last.pid, sizeof(s->last.pid), &watch,
				    sizeof(watch), 0) == 0 &&
	       watch == FE_WATCH_FOLLOWED;
}

/* What its user wants: 0 when nobody wants to hear of it. */
uint64_t suspect_ask_threshold(struct suspects *suspects, struct suspect *s, unsigned int kind)
{
	struct proc_info info;
	uint64_t threshold;

	int r = s->last.flags & (FE_SEEN_MM_BUSY | FE_SEEN_MM_UNKNOWN)
			? proc_read_quiet(&info, (pid_t)s->last.pid)
			: proc_read(&info, (pid_t)s->last.pid);

	if (r < 0)
		return 0;
	info.p.start = s->last.start;
	s->named = suspect_is_followed(suspects, s);
	threshold = suspects->handler->stall_threshold(suspects->handler->arg, &info.p, kind, &s->named);
	proc_info_free(&info);
	return threshold;
}

static bool begin(struct suspects *suspects, struct suspect *s, const struct fe_suspect *seen,
		  unsigned int kind)
{
	uint64_t floor;

	*s = (struct suspect){.kind = kind,
			      .since = seen->since,
			      .begin_run = seen->run_time,
			      .poll_fd = -1,
			      .nominated = suspects->scan,
			      .scan = suspects->scan,
			      .before_us = seen->busy_since ? seen->busy_since <= suspects->began
							    : seen->since <= suspects->began,
			      .last = *seen};
	if (!suspect_judges[kind]->begin(s, seen))
		return false;
	floor = suspects->bpf->data->scan.floor;
	if (floor && s->since < floor + suspects->bpf->data->scan.offset)
		s->since = floor + suspects->bpf->data->scan.offset;
	s->place = stallrecord_place(s);
	s->threshold = suspect_ask_threshold(suspects, s, kind);
	if (!s->threshold && kind == FE_STALL_DEADLOCK) {
		s->kind = FE_STALL_LOCK;
		s->threshold = suspect_ask_threshold(suspects, s, FE_STALL_LOCK);
	}
	return s->threshold > 0;
}

/* A thread that is busy: an event loop that was one before us, or else one that spins. */
static bool begin_busy(struct suspects *suspects, struct suspect *s, const struct fe_suspect *seen)
{
	if (seen->busy_since <= suspects->began && begin(suspects, s, seen, FE_STALL_EVENTLOOP))
		return true;
	return begin(suspects, s, seen, FE_STALL_SPIN);
}

static void follow(struct suspects *suspects, const struct fe_suspect *seen, const struct suspect *fresh)
{
	struct suspect *s = find(suspects, seen, fresh->kind);

	if (s && fresh->since + fresh->threshold >= s->since + s->threshold)
		return;
	if (s)
		suspect_drop(suspects, s);
	else if (!is_crowded(suspects, fresh))
		s = take(suspects);
	if (!s)
		return;
	*s = *fresh;
	s->used = true;
	track(suspects, s);
	arm(suspects, s);
}

static void nominate(struct suspects *suspects, const struct fe_suspect *seen)
{
	struct suspect fresh;

	if (seen->suspicion == FE_SUSPECT_BUSY ? begin_busy(suspects, &fresh, seen)
					       : begin(suspects, &fresh, seen, kinds[seen->suspicion]))
		follow(suspects, seen, &fresh);
	if (seen->flags & FE_SEEN_OVERDUE && begin(suspects, &fresh, seen, FE_STALL_EVENTLOOP))
		follow(suspects, seen, &fresh);
}

static void end(struct suspects *suspects, struct suspect *s, uint64_t now, bool gone)
{
	struct fe_stall_end event = {
		.header = {.type = FE_STALL_END, .abi = FE_ABI, .size = sizeof(event), .time = now},
		.start = s->last.start,
		.pid = s->last.pid,
		.tid = s->last.tid,
		.kind = s->kind,
		.flags = gone ? FE_STALL_END_GONE : 0,
		.since = s->since,
		.end = now,
	};

	if (s->convicted) {
		suspects->endings++;
		suspects->tell(suspects->tell_arg, &event, sizeof(event));
	}
	suspect_drop(suspects, s);
}

void suspects_begin(struct suspects *suspects, uint64_t now)
{
	suspects->scan++;
	if (!suspects->began)
		suspects->began = now;
}

/* By a debugger, a signal or a freezer, on top of what it was convicted of. */
static bool is_held(const struct suspect *s, const struct fe_suspect *seen)
{
	return s->kind != FE_STALL_STOPPED &&
	       (seen->flags & FE_SEEN_FROZEN || seen->state == 'T' || seen->state == 't');
}

void suspects_look(struct suspects *suspects, const struct fe_suspect *seen)
{
	bool convicted = false;

	for (int i = 0; suspects->count && i < SUSPECTS; i++) {
		struct suspect *s = &suspects->table[i];

		if (!is_of(s, seen))
			continue;
		s->scan = suspects->scan;
		if (s->convicted && is_held(s, seen)) {
			convicted = true; /* it cannot go on just now, nor does it end */
		} else if (seen->flags & FE_SEEN_EXITING && !s->convicted && s->kind != FE_STALL_IO) {
			suspect_drop(suspects, s);
		} else if (suspect_judges[s->kind]->same(s, seen)) {
			s->last = *seen;
			convicted = convicted || s->convicted;
		} else if (seen->flags & FE_SEEN_EXITING && s->convicted) {
			convicted = true; /* it does not go on: it ends, and is gone soon */
		} else {
			end(suspects, s, seen->now, false);
		}
	}
	if (seen->suspicion != FE_SUSPECT_TRACKED && !convicted)
		nominate(suspects, seen);
}

/* ---- the end of a scan */

/* When it is to be judged: a probe needs its time, too. */
static uint64_t due(const struct suspect *s)
{
	uint64_t at = s->since + s->threshold, traced = s->armed_at + s->threshold / 4;

	return s->armed_at && traced > at ? traced : at;
}

/*
 * One look is none: what is told and as old as its threshold at once is so after a suspend, too. The first
 * scan alone finds what has stood still for long.
 */
static bool is_due(const struct suspects *suspects, const struct suspect *s, uint64_t now)
{
	if (s->convicted || now < due(s) || (s->covered && s->endings == suspects->endings))
		return false;
	return s->nominated != suspects->scan || suspects->scan == 1;
}

void suspects_settle(struct suspects *suspects, uint64_t now, bool overflowed)
{
	for (int i = 0; suspects->count && i < SUSPECTS; i++) {
		struct suspect *s = &suspects->table[i];

		if (!s->used)
			continue;
		if (s->scan != suspects->scan && !overflowed)
			end(suspects, s, now, true);
		else if (s->scan != suspects->scan)
			s->scan = suspects->scan; /* it was not told of, for want of room */
		else if (is_due(suspects, s, now))
			suspect_judge(suspects, s, now);
	}
}

uint64_t suspects_deadline(const struct suspects *suspects)
{
	uint64_t deadline = 0;

	for (int i = 0; suspects->count && i < SUSPECTS; i++) {
		const struct suspect *s = &suspects->table[i];

		if (s->used && !s->convicted && !s->covered && !s->waits && (!deadline || due(s) < deadline))
			deadline = due(s);
	}
	return deadline;
}

void suspects_forget(struct suspects *suspects)
{
	for (int i = 0; i < SUSPECTS; i++)
		if (suspects->table[i].used && !suspects->table[i].convicted)
			suspect_drop(suspects, &suspects->table[i]);
}

unsigned int suspects_count(const struct suspects *suspects, uint64_t *ret_dropped)
{
	*ret_dropped = suspects->dropped;
	return suspects->count;
}
