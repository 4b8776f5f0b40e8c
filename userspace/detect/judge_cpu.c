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
	LOOP_POLLS = 3,	     /* scans that saw it poll, and something else between */
	LOOP_STREAMS = 3,    /* connections in one poll set that make its thread a server */
	FAILURES_MIN = 1000, /* of one call in a row: without end */
	RUNNER = 50,	     /* one part in so many of a CPU is an instant */
	PATIENCE = 4,	     /* thresholds, for which one that gets a little is watched */
	CULPRITS = 5,
};

/* Much more than a slice, whatever the tunables: groups of unlike weight take turns as well. */
#define LONG_TURN (200 * NSEC_PER_MSEC)
/* What a busy host does to anybody now and then. */
#define LOADED NSEC_PER_SEC

/* ---- event loops */

static bool serves(const struct openfile_set *set)
{
	return set->listening > 0 || set->streams >= LOOP_STREAMS;
}

/* Waits for events, or for connections. */
static int serves_now(void *arg, pid_t tid)
{
	pid_t pid = *(pid_t *)arg;
	struct thread_call call;

	return thread_call(&call, pid, tid) == 0 && call.in_syscall &&
	       (calls_class(call.nr) == FE_CALL_POLL || call.nr == SYS_accept || call.nr == SYS_accept4);
}

struct sharing {
	pid_t pid, tid;
	int fd;
};

static int polls_same_set(void *arg, pid_t tid)
{
	const struct sharing *sharing = arg;
	struct thread_call call;

	return tid != sharing->tid && thread_call(&call, sharing->pid, tid) == 0 && call.in_syscall &&
	       calls_class(call.nr) == FE_CALL_POLL && (int)call.args[0] == sharing->fd;
}

/* Several threads take turns at one set: none is missed while another waits there. */
static bool others_poll(const struct fe_suspect *seen, int fd)
{
	struct sharing sharing = {(pid_t)seen->pid, (pid_t)seen->tid, fd};

	return thread_each(sharing.pid, polls_same_set, &sharing) != 0;
}

static bool polls_epoll(const struct fe_suspect *seen)
{
	if (!(seen->flags & FE_SEEN_LOOP))
		return false;
#ifdef SYS_epoll_wait
	if (seen->loop_call == SYS_epoll_wait)
		return true;
#endif
	return seen->loop_call == SYS_epoll_pwait || seen->loop_call == CALLS_EPOLL_PWAIT2;
}

/*
 * Others poll, too, and then work for as long as they like: a database's session, a compiler's driver. A loop
 * that others depend on has a listening socket in its set, or connections to several.
 */
static bool is_server(struct suspect *suspect, const struct fe_suspect *seen)
{
	pid_t pid = (pid_t)seen->pid;
	struct openfile_set set;

	suspect->poll_fd = polls_epoll(seen) ? (int)seen->loop_fd : -1;
	if (suspect->poll_fd >= 0)
		return openfile_poll_set(&set, pid, suspect->poll_fd) == 0 && serves(&set);
	/* Of poll(2) nobody knows any more what it waited for: a server does that again and again in its main
	 * thread, and no other thread of it does. */
	if (seen->flags & FE_SEEN_LOOP)
		return seen->tid == seen->pid && seen->loop_seen >= LOOP_POLLS &&
		       openfile_process_set(&set, pid) == 0 && set.listening &&
		       thread_each(pid, serves_now, &pid) == 0;
	/* Never seen polling, and as it is since before faultd looked: by the sets that it has. */
	if (!suspect->before_us || seen->tid != seen->pid)
		return false;
	suspect->poll_fd = openfile_serving_set(pid);
	return suspect->poll_fd >= 0 && !others_poll(seen, suspect->poll_fd);
}

static bool begin_loop(struct suspect *suspect, const struct fe_suspect *seen)
{
	if (seen->flags & (FE_SEEN_EXITING | FE_SEEN_TRACED | FE_SEEN_FROZEN) || !is_server(suspect, seen))
		return false;
	suspect->since = seen->flags & FE_SEEN_LOOP ? seen->last_poll : seen->busy_since ?: seen->since;
	return suspect->since > 0;
}

/* Of two looks at one time; 0: it was not looked at. */
static bool later(uint64_t now, uint64_t before)
{
	return now && before && now > before + CLOCK_SLACK;
}

static bool same_loop(struct suspect *suspect, const struct fe_suspect *seen)
{
	if (seen->flags & FE_SEEN_POLLING || (seen->state != 'R' && seen->state != 'S' && seen->state != 'D'))
		return false;
	if (seen->flags & FE_SEEN_LOOP)
		return !later(seen->last_poll, suspect->last.last_poll);
	if (seen->state != 'R')
		return seen->switches == suspect->last.switches;
	return seen->busy_since && !later(seen->busy_since, suspect->last.busy_since);
}

static bool put_probe(struct suspect *suspect, struct probes *probes, struct draft *draft)
{
	struct fe_armed calls;
	struct fe_samples samples;
	uint64_t polls_of_set;

	if (!suspect->armed ||
	    probes_read_thread(probes, (pid_t)suspect->last.tid, &calls, &samples, &polls_of_set) < 0)
		return false;
	draft->event.traced = suspect->last.now - suspect->armed_at;
	draft->event.calls = calls.calls;
	draft->event.failed = calls.failed;
	draft->event.failed_syscall = calls.failed_syscall;
	draft->event.failed_errno = calls.failed_errno;
	draft->event.samples = samples.samples;
	draft->event.user_samples = samples.user;
	draft->event.ip = samples.ip;
	return !calls.polls && !polls_of_set;
}

static enum judgement judge_overdue(struct suspect *suspect, struct probes *probes, struct draft *draft)
{
	const struct fe_suspect *last = &suspect->last;

	/* Without the trace a loop that polls and never sleeps there looks the same. */
	if (!put_probe(suspect, probes, draft) ||
	    (suspect->poll_fd >= 0 && others_poll(last, suspect->poll_fd)))
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
	return seen->state == 'R' && seen->busy_since && !later(seen->busy_since, suspect->last.busy_since);
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
	/* The call that is on its way has been counted and has not failed yet, and one may have been so
	 * before. */
	return draft->event.failed >= FAILURES_MIN && draft->event.failed + 2 >= draft->event.calls ? CONVICT
												    : ACQUIT;
}

/* ---- starved */

static bool begin_starved(struct suspect *suspect, const struct fe_suspect *seen)
{
	suspect->since = seen->queued ?: seen->hungry_since;
	if (seen->hungry_since && seen->hungry_since < suspect->since)
		suspect->since = seen->hungry_since;
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
	unsigned int runners;	   /* threads that had that CPU, and not only for an instant */
	uint64_t total, real_time; /* samples of it */
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

	if (key->cpu == tally->cpu && key->tid && samples->samples * RUNNER >= tally->total)
		tally->runners++;
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
	if (tally.real_time * 2 < tally.total || !tally.total) {
		uint64_t turns = tally.runners * LONG_TURN;
		bool given_up = last->now > suspect->since + PATIENCE * suspect->threshold + 2 * LOADED;

		/* Who is to have what the others leave may have to wait until they leave something. */
		if (!suspect->named && (last->policy == SCHED_IDLE || last->nice > 0))
			return ACQUIT;
		/* Many that share a CPU fairly wait for long, too, each for the others' turns; and on a
		 * virtual machine everybody may. */
		if (!unserved || (suspect->cpus_armed && !tally.total) ||
		    last->now - last->queued < (turns > LOADED ? turns : LOADED))
			return given_up ? ACQUIT : WAIT;
	}
	draft->event.flags |= FE_STALL_RUNNING;
	draft->event.idle_elsewhere = tally.elsewhere ? (uint32_t)(tally.idle * 1000 / tally.elsewhere) : 0;
	return CONVICT;
}

/* ---- throttled */

static bool begin_throttled(struct suspect *suspect, const struct fe_suspect *seen)
{
	suspect->since = seen->hungry_since;
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
