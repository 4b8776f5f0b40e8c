// SPDX-License-Identifier: GPL-2.0-or-later
/* The event loop: one epoll, one timerfd, one signalfd, a pidfd a child; asleep while nothing happens. */
#include "host/loop_private.h"

#include <errno.h>
#include <signal.h>
#include <stdlib.h>
#include <sys/epoll.h>
#include <sys/timerfd.h>
#include <time.h>
#include <unistd.h>

enum { BATCH = 32 };

static uint64_t read_clock(clockid_t id)
{
	struct timespec ts = {0};

	clock_gettime(id, &ts);
	return (uint64_t)ts.tv_sec * NSEC_PER_SEC + (uint64_t)ts.tv_nsec;
}

static uint64_t read_boottime(void *arg)
{
	(void)arg;
	return read_clock(CLOCK_BOOTTIME);
}

static void set_offset(struct loop *loop)
{
	loop->clock.realtime_offset = (int64_t)(read_clock(CLOCK_REALTIME) - read_clock(CLOCK_BOOTTIME));
}

/*
 * The offset between the clocks only changes when somebody sets the time (adjustments of its speed move
 * both), and then the kernel cancels this timer, which is set to a day that never comes: exact, without a
 * wake-up.
 */
static int watch_clock(struct loop *loop)
{
	const struct itimerspec never = {.it_value.tv_sec = (time_t)(INT64_MAX / NSEC_PER_SEC)};

	if (timerfd_settime(loop->clock_set.fd, TFD_TIMER_ABSTIME | TFD_TIMER_CANCEL_ON_SET, &never, NULL) <
	    0)
		return -errno;
	set_offset(loop);
	return loop_watch(&loop->clock_set, EPOLLIN);
}

static void clock_was_set(struct loop *loop)
{
	uint64_t expirations;

	/* Fails with ECANCELED, which is how it tells; reading is what rearms it. */
	if (read(loop->clock_set.fd, &expirations, sizeof(expirations)) < 0 && errno == ECANCELED)
		set_offset(loop);
}

/* A parent that ignores SIGCHLD hands that down through exec, and the kernel would then reap for us. */
static void stop_ignoring_children(void)
{
	struct sigaction old;

	if (sigaction(SIGCHLD, NULL, &old) == 0 && old.sa_handler == SIG_IGN)
		signal(SIGCHLD, SIG_DFL);
}

int loop_new(struct loop **ret_loop)
{
	struct loop *loop = calloc(1, sizeof(*loop));
	int r;

	if (!loop)
		return -ENOMEM;
	loop->clock.boottime = read_boottime;
	sigemptyset(&loop->signal_set);
	loop->wake = (struct loop_source){.type = SOURCE_WAKE, .loop = loop};
	loop->signals = (struct loop_source){.type = SOURCE_SIGNAL, .loop = loop, .fd = -1};
	loop->clock_set = (struct loop_source){.type = SOURCE_CLOCK, .loop = loop};
	loop->epoll_fd = epoll_create1(EPOLL_CLOEXEC);
	loop->wake.fd = timerfd_create(CLOCK_BOOTTIME, TFD_CLOEXEC | TFD_NONBLOCK);
	loop->clock_set.fd = timerfd_create(CLOCK_REALTIME, TFD_CLOEXEC | TFD_NONBLOCK);
	if (loop->epoll_fd < 0 || loop->wake.fd < 0 || loop->clock_set.fd < 0) {
		r = -errno;
		goto fail;
	}
	r = loop_watch(&loop->wake, EPOLLIN);
	if (r == 0)
		r = watch_clock(loop);
	if (r < 0)
		goto fail;
	stop_ignoring_children();
	*ret_loop = loop;
	return 0;
fail:
	loop_free(loop);
	return r;
}

static void close_fd(int fd)
{
	if (fd >= 0)
		close(fd);
}

void loop_free(struct loop *loop)
{
	if (!loop)
		return;
	while (loop->sources)
		loop_remove(loop->sources);
	timers_free(&loop->timers);
	close_fd(loop->signals.fd);
	close_fd(loop->clock_set.fd);
	close_fd(loop->wake.fd);
	close_fd(loop->epoll_fd);
	free(loop);
}

void loop_quit(struct loop *loop, int status)
{
	loop->quit = true;
	loop->status = status;
}

const struct clock *loop_clock(struct loop *loop)
{
	return &loop->clock;
}

static void fire(struct loop_source *source)
{
	loop_timer_fn fn = source->on_timer;
	void *arg = source->arg;

	if (source->type == SOURCE_CHILD) {
		loop_check_child(source);
		return;
	}
	loop_remove(source);
	fn(arg);
}

/* Timers that are added meanwhile wait for the next round, so that descriptors get their turn. */
static void fire_timers(struct loop *loop)
{
	uint64_t expirations, now, last = loop->timers.seq;
	struct timer *timer;

	if (read(loop->wake.fd, &expirations, sizeof(expirations)) < 0 && errno == EAGAIN)
		return;
	loop->armed = 0;
	now = clock_now(&loop->clock);
	while ((timer = timers_first(&loop->timers)) && timer->at <= now && timer->seq <= last) {
		timers_remove(&loop->timers, timer);
		fire((struct loop_source *)timer);
	}
}

static void dispatch(struct loop *loop, struct loop_source *source, uint32_t events)
{
	if (source->dead)
		return;
	switch (source->type) {
	case SOURCE_FD: source->on_fd(source->arg, source->fd, events); break;
	case SOURCE_CHILD: loop_check_child(source); break;
	case SOURCE_SIGNAL: loop_deliver_signals(loop); break;
	case SOURCE_WAKE: fire_timers(loop); break;
	case SOURCE_CLOCK: clock_was_set(loop); break;
	case SOURCE_TIMER: break;
	}
}

static int arm(struct loop *loop)
{
	const struct timer *first = timers_first(&loop->timers);
	uint64_t at = first ? first->at : 0;
	struct itimerspec spec = {
		.it_value = {.tv_sec = (time_t)(at / NSEC_PER_SEC), .tv_nsec = (long)(at % NSEC_PER_SEC)}};

	if (at == loop->armed)
		return 0;
	if (timerfd_settime(loop->wake.fd, TFD_TIMER_ABSTIME, &spec, NULL) < 0)
		return -errno;
	loop->armed = at;
	return 0;
}

static int run_once(struct loop *loop)
{
	struct epoll_event events[BATCH];
	int n, r;

	r = arm(loop);
	if (r < 0)
		return r;
	n = epoll_wait(loop->epoll_fd, events, BATCH, -1);
	if (n < 0)
		return errno == EINTR ? 0 : -errno;
	/* Once taken from the kernel, all of a batch is delivered, even after loop_quit(). */
	for (int i = 0; i < n; i++)
		dispatch(loop, events[i].data.ptr, events[i].events);
	loop_bury(loop);
	return 0;
}

int loop_run(struct loop *loop)
{
	int r = 0;

	if (loop->running)
		return -EBUSY;
	loop->running = true;
	while (!loop->quit && r == 0)
		r = run_once(loop);
	loop->running = false;
	loop_bury(loop);
	if (loop->quit && r == 0)
		r = loop->status;
	loop->quit = false;
	return r;
}
