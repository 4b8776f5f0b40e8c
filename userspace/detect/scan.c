// SPDX-License-Identifier: GPL-2.0-or-later
/* The scan for stalls: when it is made, and what it may cost. */
#include "detect/scan.h"

#include <bpf/bpf.h>
#include <bpf/libbpf.h>
#include <errno.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/syscall.h>
#include <time.h>
#include <unistd.h>

#include "core/log.h"
#include "detect/calls.h"
#include "faultd.skel.h"

/* Often enough for any threshold; seldom enough to cost nothing. */
#define INTERVAL_MIN   (100 * NSEC_PER_MSEC)
#define INTERVAL_OFTEN (200 * NSEC_PER_MSEC)
#define INTERVAL_MAX   (400 * NSEC_PER_MSEC)
#define INTERVAL_END   (10 * NSEC_PER_SEC)
/* What is later than this is said to be coarse. */
#define LATE (300 * NSEC_PER_MSEC)
/* No suspend is that short, and no way to the iterator that long in every one of the last scans. */
#define CLOCK_JUMP (20 * NSEC_PER_MSEC)
/* So late is a scan only if nobody ran. */
#define PAUSE (5 * NSEC_PER_SEC)

enum {
	BATCH = 64,	    /* suspects read at once */
	AT_ONCE_MAX = 8192, /* threads: a millisecond or two in which RCU is held */
	FIRST_SCANS = 4,
	CHEAP = 2000,	  /* intervals of a scan's cost: 0.05 % of a CPU */
	COARSE_SCANS = 4, /* in a row, before it is told */
	CLOCK_SCANS = 8,  /* whose smallest measure the scheduler's clock is set by */
};

struct scan {
	struct loop *loop;
	struct faultd_bpf *bpf;
	struct bpf_link *iterator;
	const struct detect_handler *handler;
	struct suspects *suspects;
	struct loop_source *timer;
	uint64_t budget;   /* ns of CPU time a second */
	uint64_t wanted;   /* interval, ns: as often as is cheap */
	uint64_t seldom;   /* what the thresholds need at least */
	uint64_t interval; /* that the cost allows */
	uint64_t cost;	   /* of one scan, ns of CPU time, smoothed */
	uint64_t next;	   /* CLOCK_BOOTTIME ns */
	uint64_t clock[CLOCK_SCANS];
	unsigned int scans;
	bool off;
	int error;	     /* of the last scan */
	unsigned int coarse; /* scans that were */
	uint64_t dropped;
	struct ring_buffer *ring; /* of the scan in one go; NULL: this kernel takes none */
	uint64_t threads;	  /* that the last scan visited */
};

static uint64_t cpu_time(void)
{
	struct timespec ts;

	clock_gettime(CLOCK_THREAD_CPUTIME_ID, &ts);
	return (uint64_t)ts.tv_sec * NSEC_PER_SEC + (uint64_t)ts.tv_nsec;
}

/*
 * How early a thread is told, as a part of the threshold: so that it can be looked at again, and traced for
 * long enough, before its time has come.
 */
static const struct {
	unsigned int numerator, denominator;
} early[FE_STALL_KINDS] = {
	[FE_STALL_DEADLOCK] = {1, 2}, [FE_STALL_LOCK] = {3, 4},	     [FE_STALL_IO] = {3, 4},
	[FE_STALL_SYSCALL] = {3, 4},  [FE_STALL_EVENTLOOP] = {1, 4}, [FE_STALL_SPIN] = {1, 2},
	[FE_STALL_STARVED] = {1, 2},  [FE_STALL_THROTTLED] = {3, 4}, [FE_STALL_STOPPED] = {3, 4},
};

/* By the file iterator, which may be interrupted between any two threads. */
static int read_iterator(struct scan *scan, uint64_t *ret_cost)
{
	struct fe_suspect batch[BATCH];
	int fd = bpf_iter_create(bpf_link__fd(scan->iterator)), r;
	bool again;
	ssize_t n;

	if (fd < 0)
		return -errno;
	do {
		uint64_t begin = cpu_time();

		n = read(fd, batch, sizeof(batch));
		again = n < 0 && (errno == EAGAIN || errno == EINTR);
		r = n < 0 && !again ? -errno : 0;
		*ret_cost += cpu_time() - begin;
		for (size_t i = 0; n > 0 && i < (size_t)n / sizeof(batch[0]); i++)
			suspects_look(scan->suspects, &batch[i]);
	} while (n > 0 || again);
	close(fd);
	return r;
}

static int on_suspect(void *arg, void *record, size_t size)
{
	struct scan *scan = arg;

	if (size >= sizeof(struct fe_suspect))
		suspects_look(scan->suspects, record);
	return 0;
}

/* In one go, where the kernel can. */
static int run_at_once(struct scan *scan, uint64_t *ret_cost)
{
	LIBBPF_OPTS(bpf_test_run_opts, opts);
	uint64_t begin = cpu_time();
	int r = bpf_prog_test_run_opts(bpf_program__fd(scan->bpf->progs.scan_threads_at_once), &opts);

	*ret_cost += cpu_time() - begin;
	ring_buffer__consume(scan->ring);
	return r;
}

/* What it costs is what the kernel takes to look: what is done about the suspects is not the scan's. */
static int scan_threads(struct scan *scan, uint64_t *ret_cost)
{
	struct fe_scan *shared = &scan->bpf->data->scan;
	uint64_t visited = shared->visited;
	int r;

	*ret_cost = 0;
	suspects_begin(scan->suspects, clock_now(loop_clock(scan->loop)));
	r = scan->ring && scan->threads <= AT_ONCE_MAX ? run_at_once(scan, ret_cost)
						       : read_iterator(scan, ret_cost);
	scan->threads = shared->visited - visited;
	return r;
}

/*
 * The kernel keeps the smallest difference between the clocks that it measured. It grows over a suspend,
 * which the scheduler's clock does not count: then all of the last measures are above it.
 */
static void set_clock(struct scan *scan, struct fe_scan *shared)
{
	uint64_t least = ~0ULL;

	scan->clock[scan->scans++ % CLOCK_SCANS] = shared->candidate;
	if (scan->scans < CLOCK_SCANS)
		return;
	for (int i = 0; i < CLOCK_SCANS; i++)
		if (scan->clock[i] < least)
			least = scan->clock[i];
	if (least > shared->offset + CLOCK_JUMP)
		shared->offset = least;
}

static void tell_coarse(struct scan *scan)
{
	char sentence[160], interval[CLOCK_DURATION_SIZE];

	clock_duration(scan->interval, interval);
	snprintf(sentence, sizeof(sentence),
		 "stalls are looked for every %s only: more often would cost more "
		 "than overhead_budget allows",
		 interval);
	if (scan->handler->degraded)
		scan->handler->degraded(scan->handler->arg, "the scan for stalls", sentence);
}

/* No more than half of the budget: the rest is for the probes and the events. */
static void set_interval(struct scan *scan)
{
	uint64_t least = scan->budget ? scan->cost * 2 * NSEC_PER_SEC / scan->budget : scan->wanted;
	uint64_t cheap = scan->cost * CHEAP;
	bool coarse;

	scan->wanted = cheap < INTERVAL_OFTEN ? INTERVAL_OFTEN : cheap;
	if (scan->wanted > scan->seldom)
		scan->wanted = scan->seldom;
	scan->interval = least > scan->wanted ? least : scan->wanted;
	if (scan->interval > INTERVAL_END)
		scan->interval = INTERVAL_END;
	coarse = scan->interval > LATE && scan->interval > scan->seldom * 2;
	if (coarse && ++scan->coarse == COARSE_SCANS)
		tell_coarse(scan);
	/* It is not told again for every dip. */
	if (scan->interval <= scan->seldom)
		scan->coarse = 0;
}

static void tell_dropped(struct scan *scan)
{
	uint64_t dropped;

	suspects_count(scan->suspects, &dropped);
	dropped += scan->bpf->data->scan.dropped;
	if (dropped > scan->dropped && scan->handler->lost)
		scan->handler->lost(scan->handler->arg, "the scan's suspects", dropped - scan->dropped,
				    dropped);
	scan->dropped = dropped;
}

static void plan(struct scan *scan);

/* After a suspend, or when this host gave us no CPU: everything looks old that nobody could move. */
static void note_pause(struct scan *scan, uint64_t now)
{
	if (!scan->scans || now < scan->next + PAUSE)
		return;
	scan->bpf->data->scan.resumed = 1;
	suspects_forget(scan->suspects);
}

static void look(void *arg)
{
	struct scan *scan = arg;
	struct fe_scan *shared = &scan->bpf->data->scan;
	uint64_t now = clock_now(loop_clock(scan->loop)), spent, dropped = shared->dropped;
	int r;

	scan->timer = NULL;
	note_pause(scan, now);
	r = scan_threads(scan, &spent);
	now = clock_now(loop_clock(scan->loop));
	if (r < 0 && r != scan->error)
		log_warning("the scan for stalls failed: %s", strerror(-r));
	scan->error = r;
	if (r >= 0) {
		shared->previous = shared->now;
		shared->everything = 0;
		set_clock(scan, shared);
		suspects_settle(scan->suspects, now, shared->dropped != dropped);
		tell_dropped(scan);
	}
	/* The first ones find everything cold, and all that stood still before. */
	scan->cost = scan->scans <= FIRST_SCANS && (!scan->cost || spent < scan->cost)
			     ? spent
			     : (scan->cost * 7 + spent) / 8;
	set_interval(scan);
	scan->next = now + scan->interval;
	plan(scan);
}

/* At its interval, and when somebody is to be judged: a verdict need not wait for the next scan. */
static void plan(struct scan *scan)
{
	uint64_t at = scan->next, due = scan->error ? 0 : suspects_deadline(scan->suspects);
	uint64_t soonest = clock_now(loop_clock(scan->loop)) + scan->interval / 2;

	if (due && due < at)
		at = due > soonest ? due : soonest;
	scan->timer = loop_remove(scan->timer);
	if (!scan->off)
		loop_add_timer(scan->loop, at, look, scan, &scan->timer);
}

int scan_new(struct scan **ret, const struct scan_options *options)
{
	struct scan *scan = calloc(1, sizeof(*scan));
	int r;

	if (!scan)
		return -ENOMEM;
	scan->loop = options->loop;
	scan->bpf = options->bpf;
	scan->iterator = options->iterator;
	scan->handler = options->handler;
	scan->off = true;
	r = suspects_new(&scan->suspects, options->bpf, options->handler, options->tell, options->tell_arg);
	if (r < 0) {
		free(scan);
		return r;
	}
	if (bpf_program__fd(options->bpf->progs.scan_threads_at_once) >= 0)
		scan->ring = ring_buffer__new(bpf_map__fd(options->bpf->maps.ring_suspects), on_suspect, scan,
					      NULL);
	calls_fill(options->bpf->data->scan.calls);
	options->bpf->data->scan.clone = SYS_clone;
	*ret = scan;
	return 0;
}

void scan_free(struct scan *scan)
{
	if (!scan)
		return;
	loop_remove(scan->timer);
	suspects_free(scan->suspects);
	ring_buffer__free(scan->ring);
	free(scan);
}

void scan_set(struct scan *scan, const uint64_t least[static FE_STALL_KINDS], double budget)
{
	struct fe_scan *shared = &scan->bpf->data->scan;
	uint64_t shortest = 0;

	for (int kind = 0; kind < FE_STALL_KINDS; kind++) {
		shared->nominate[kind] = least[kind] * early[kind].numerator / early[kind].denominator;
		if (least[kind] && (!shortest || least[kind] < shortest))
			shortest = least[kind];
	}
	scan->budget = (uint64_t)(budget / 100 * (double)NSEC_PER_SEC);
	scan->seldom = shortest / 10 * 4;
	if (scan->seldom < INTERVAL_MIN)
		scan->seldom = INTERVAL_MIN;
	if (scan->seldom > INTERVAL_MAX)
		scan->seldom = INTERVAL_MAX;
	scan->wanted = scan->seldom < INTERVAL_OFTEN ? scan->seldom : INTERVAL_OFTEN;
	scan->off = !shortest;
	scan->interval = scan->wanted;
	/* A lower threshold than before may be passed already. */
	shared->everything = 1;
	scan->next = clock_now(loop_clock(scan->loop));
	plan(scan);
}
