/* SPDX-License-Identifier: GPL-2.0-or-later */
/* What the loop and its kinds of sources share; nobody else includes this. */
#ifndef FAULTD_HOST_LOOP_PRIVATE_H
#define FAULTD_HOST_LOOP_PRIVATE_H

#include <signal.h>
#include <stdbool.h>

#include "host/loop.h"
#include "host/timers.h"

enum source_type { SOURCE_FD, SOURCE_TIMER, SOURCE_CHILD, SOURCE_SIGNAL, SOURCE_WAKE, SOURCE_CLOCK };

enum {
	/* How often a child without a pidfd is asked after (no descriptor left, or its tracer has it). */
	CHILD_POLL_MS = 50,
};

struct loop_source {
	struct timer timer; /* first: a timer of the heap is its source */
	struct loop *loop;
	struct loop_source *next, *prev; /* all sources; the list is only cut outside callbacks */
	struct loop_source *next_dead;
	enum source_type type;
	bool dead;
	int fd; /* the caller's, or the pidfd, which is ours; -1 */
	pid_t pid;
	int signo;
	union {
		loop_fd_fn on_fd;
		loop_timer_fn on_timer;
		loop_child_fn on_child;
		loop_signal_fn on_signal;
	};
	void *arg;
};

struct loop {
	struct clock clock;
	struct timers timers;
	size_t timed; /* sources that are in the heap or may have to go there */
	struct loop_source *sources, *dead;
	struct loop_source wake, signals, clock_set;
	sigset_t signal_set;
	uint64_t armed; /* what the timerfd is set to; 0: not */
	int epoll_fd;
	int status;
	bool quit, running;
};

/* Starts to wait for the source's descriptor; 0 or negative errno. */
int loop_watch(struct loop_source *source, uint32_t events);
/* Frees the sources that were removed from inside a callback. */
void loop_bury(struct loop *loop);
/* A ready signalfd; a ready pidfd or a child to be asked after. */
void loop_deliver_signals(struct loop *loop);
void loop_check_child(struct loop_source *source);

#endif
