// SPDX-License-Identifier: GPL-2.0-or-later
/* Judges of threads that run, or would: event loops, endless loops, starved and throttled threads. */
#include <linux/sched.h>
#include <string.h>
#include <sys/syscall.h>
#include <unistd.h>

#include "detect/calls.h"
#include "detect/suspect.h"
#include "host/thread.h"

enum {
	LOOP_STREAMS = 3,    /* connections in one poll set that make its thread a server */
	FAILURES_MIN = 1000, /* of one call in a row: without end */
	CULPRITS = 5,
};

/* ---- event loops */

static bool serves(const struct openfile_set *set)
{
	return set->listening > 0 || set->streams >= LOOP_STREAMS;
}

static int polls(void *arg, pid_t tid)
{
	struct thread_call call;
	pid_t pid = *(pid_t *)arg;

	return thread_call(&call, pid, tid) == 0 && call.in_syscall && calls_class(call.nr) == FE_CALL_POLL;
}

/*
 * Others poll, too, and then work for as long as they like: a database's session, a compiler's driver. A loop
 * that others depend on has a listening socket in its set, or connections to several.
 */
static bool is_server(const struct fe_suspect *seen)
{
	pid_t pid = (pid_t)seen->pid;
	struct openfile_set set;

	if (seen->flags & FE_SEEN_LOOP &&
	    (
#ifdef SYS_epoll_wait
		    seen->loop_call == SYS_epoll_wait ||
#endif
		    seen->loop_call == SYS_epoll_pwait || seen->loop_call == 441 /* epoll_pwait2 */))
		return openfile_poll_set(&set, pid, (int)seen->loop_fd) == 0 && serves(&set);
	if (openfile_process_set(&set, pid) < 0 || !set.listening)
		return false;
	if (seen->flags & FE_SEEN_LOOP)
		return true;
	/* Never seen polling: then the main thread, if nobody else does it. */
	return seen->tid == seen->pid && thread_each(pid, polls, &pid) == 0;
}

static bool begin_loop(struct suspect *suspect, const struct fe_suspect *seen)
{
	if (seen->flags & (FE_SEEN_EXITING | FE_SEEN_TRACED | FE_SEEN_FROZEN) || !is_server(seen))
		return false;
	suspect->since = seen->flags & FE_SEEN_LOOP ? seen->last_poll : seen->busy_since;
	return suspect->since > 0;
}

static bool same_loop(struct suspect *suspect, const struct fe_suspect *seen)
{
	if (seen->flags & FE_SEEN_POLLING || (seen->state != 'R' && seen->state != 'S' && seen->state != 'D'))
		return false;
	if (seen->flags & FE_SEEN_LOOP)
		return !seen->last_poll || seen->last_poll <= suspect->since + CLOCK_SLACK;
	return seen->busy_since && seen->busy_since <= suspect->since + CLOCK_SLACK;
}

static bool put_probe(struct suspect *suspect, struct probes *probes, struct draft *draft)
{
	struct fe_armed calls;
	struct fe_samples samples;

	if (!suspect->armed || probes_read_thread(probes, (pid_t)suspect->last.tid, &calls, &samples) < 0)
		return false;
	draft->event.traced = suspect->last.now - suspect->armed_at;
	draft->event.calls = calls.calls;
	draft->event.failed = calls.failed;
	draft->event.failed_syscall = calls.failed_syscall;
	draft->event.failed_errno = calls.failed_errno;
	draft->event.samples = samples.samples;
	draft->event.user_samples = samples.user;
	draft->event.ip = samples.ip;
	return !calls.polls;
}

static enum judgement judge_overdue(struct suspect *suspect, struct probes *probes, struct draft *draft)
{
	const struct fe_suspect *last = &suspect->last;

	/* Without the trace a loop that polls and never sleeps there looks the same. */
	if (!put_probe(suspect, probes, draft))
		return ACQUIT;
	if (last->flags & FE_SEEN_LOOP)
		draft->event.flags |= FE_STALL_WAS_LOOP;
	if (last->state == 'R') {
		draft->event.flags |= FE_STALL_RUNNING;
		return CONVICT;
	}
	if (last->syscall != ~0U && calls_on_descriptor(last->syscall))
		draft->has_file = openfile_read(&draft->file, (pid_t)last->pid, (int)last->args[0]) == 0;
	if (last->state == 'S' && !(last->flags & FE_SEEN_MM_BUSY)) {
		locks_follow(&draft->chain, (pid_t)last->pid, (pid_t)last->tid, last->since);
		if (draft->chain.verdict == LOCKS_OWNED)
			draft_chain(draft);
	}
	return CONVICT;
}

/* ---- endless loops */

static bool begin_spin(struct suspect *suspect, const struct fe_suspect *seen)
{
	suspect->since = seen->busy_since;
	return !(seen->flags & (FE_SEEN_EXITING | FE_SEEN_TRACED)) && suspect->since > 0;
}

static bool same_busy(struct suspect *suspect, const struct fe_suspect *seen)
{
	return seen->state == 'R' && seen->busy_since && seen->busy_since <= suspect->since + CLOCK_SLACK;
}

static enum judgement judge_endless(struct suspect *suspect, struct probes *probes, struct draft *draft)
{
	uint64_t time = suspect->last.now - suspect->since;

	put_probe(suspect, probes, draft);
	if (!draft->event.traced || suspect->last.busy_run * 2 < time)
		return ACQUIT;
	draft->event.flags |= FE_STALL_RUNNING;
	if (!draft->event.calls)
		return CONVICT;
	/* The call that is on its way has been counted, and has not failed yet. */
	return draft->event.failed >= FAILURES_MIN && draft->event.failed + 1 >= draft->event.calls ? CONVICT
												    : ACQUIT;
}

/* ---- starved */

static bool begin_starved(struct suspect *suspect, const struct fe_suspect *seen)
{
	suspect->since = seen->queued ?: seen->busy_since;
	if (seen->busy_since && seen->busy_since < suspect->since)
		suspect->since = seen->busy_since;
	return !(seen->flags & (FE_SEEN_EXITING | FE_SEEN_TRACED)) && suspect->since > 0;
}

/* Runnable all the time, and got less than a tenth of it. */
static bool same_hunger(struct suspect *suspect, const struct fe_suspect *seen)
{
	return seen->state == 'R' && seen->voluntary == suspect->last.voluntary &&
	       (seen->run_time - suspect->begin_run) * 10 <= seen->now - suspect->since;
}

struct tally {
	struct draft *draft;
	uint32_t cpu;
	uint64_t total, real_time; /* samples of that CPU */
	uint64_t elsewhere, idle;  /* of the others */
};

static void count_sample(void *arg, const struct fe_sample_key *key, const struct fe_samples *samples)
{
	struct tally *tally = arg;

	if (key->cpu != tally->cpu) {
		tally->elsewhere += samples->samples;
		tally->idle += key->tid ? 0 : samples->samples;
		return;
	}
	tally->total += samples->samples;
	if (samples->policy == SCHED_FIFO || samples->policy == SCHED_RR || samples->policy == SCHED_DEADLINE)
		tally->real_time += samples->samples;
}

/* The greediest ones, in order, with their samples as share; made a share of 1000 later. */
static void add_culprit(void *arg, const struct fe_sample_key *key, const struct fe_samples *samples)
{
	struct tally *tally = arg;
	struct fe_member *members = tally->draft->members, culprit = {.role = FE_ROLE_CULPRIT,
								      .pid = samples->pid,
								      .tid = key->tid,
								      .syscall = ~0U,
								      .policy = samples->policy};
	unsigned int at = tally->draft->member_count;

	if (key->cpu != tally->cpu || !key->tid || key->tid == tally->draft->event.id.tid)
		return;
	culprit.share = samples->samples * 1000ULL / tally->total;
	memcpy(culprit.comm, samples->comm, FE_COMM_SIZE);
	while (at > 0 && members[at - 1].share < culprit.share)
		at--;
	if (at >= CULPRITS)
		return;
	if (tally->draft->member_count < CULPRITS)
		tally->draft->member_count++;
	memmove(&members[at + 1], &members[at], (tally->draft->member_count - at - 1) * sizeof(members[0]));
	members[at] = culprit;
}

static enum judgement judge_hunger(struct suspect *suspect, struct probes *probes, struct draft *draft)
{
	const struct fe_suspect *last = &suspect->last;
	struct tally tally = {.draft = draft, .cpu = last->cpu};
	bool unserved = last->queued && last->now - last->queued >= suspect->threshold;

	if (suspect->cpus_armed) {
		probes_read_cpus(probes, count_sample, &tally);
		if (tally.total)
			probes_read_cpus(probes, add_culprit, &tally);
		draft->event.traced = last->now - suspect->armed_at;
		draft->event.samples = (uint32_t)tally.total;
	}
	/* Many that share a CPU fairly wait for long, too: only real-time tasks take it away. */
	if (!unserved && tally.real_time * 2 < tally.total)
		return ACQUIT;
	if (!unserved && !tally.total)
		return ACQUIT;
	draft->event.flags |= FE_STALL_RUNNING;
	draft->event.idle_elsewhere = tally.elsewhere ? (uint32_t)(tally.idle * 1000 / tally.elsewhere) : 0;
	return CONVICT;
}

/* ---- throttled */

static bool begin_throttled(struct suspect *suspect, const struct fe_suspect *seen)
{
	suspect->since = seen->busy_since;
	return !(seen->flags & FE_SEEN_TRACED) && suspect->since > 0;
}

static enum judgement judge_quota(struct suspect *suspect, struct probes *probes, struct draft *draft)
{
	const struct fe_suspect *last = &suspect->last;

	(void)probes;
	if (!last->quota || !last->periods || last->throttled_periods * 2 < last->periods)
		return ACQUIT;
	draft->event.flags |= FE_STALL_RUNNING;
	return CONVICT;
}

const struct judge judge_loop = {begin_loop, same_loop, judge_overdue, NEEDS_THREAD_PROBE, true};
const struct judge judge_spin = {begin_spin, same_busy, judge_endless, NEEDS_THREAD_PROBE, false};
const struct judge judge_starved = {begin_starved, same_hunger, judge_hunger, NEEDS_CPU_PROBE, false};
const struct judge judge_throttled = {begin_throttled, same_hunger, judge_quota, NEEDS_NOTHING, false};
