// SPDX-License-Identifier: GPL-2.0-or-later
/* The kinds of things that the loop waits for: descriptors, timers, children, signals. */
#include "host/loop_private.h"

#include <errno.h>
#include <stdlib.h>
#include <sys/epoll.h>
#include <sys/signalfd.h>
#include <sys/syscall.h>
#include <sys/wait.h>
#include <unistd.h>

static void close_fd(int fd)
{
	if (fd >= 0)
		close(fd);
}

int loop_watch(struct loop_source *source, uint32_t events)
{
	struct epoll_event event = {.events = events, .data.ptr = source};

	return epoll_ctl(source->loop->epoll_fd, EPOLL_CTL_ADD, source->fd, &event) < 0 ? -errno : 0;
}

void loop_bury(struct loop *loop)
{
	struct loop_source *source;

	while ((source = loop->dead)) {
		loop->dead = source->next_dead;
		if (source->next)
			source->next->prev = source->prev;
		if (source->prev)
			source->prev->next = source->next;
		else
			loop->sources = source->next;
		free(source);
	}
}

static struct loop_source *source_new(struct loop *loop, enum source_type type, void *arg)
{
	struct loop_source *source = calloc(1, sizeof(*source));

	if (!source)
		return NULL;
	source->loop = loop;
	source->type = type;
	source->arg = arg;
	source->fd = -1;
	return source;
}

static void source_link(struct loop_source *source, struct loop_source **ret)
{
	struct loop *loop = source->loop;

	source->next = loop->sources;
	if (loop->sources)
		loop->sources->prev = source;
	loop->sources = source;
	if (source->type == SOURCE_TIMER || source->type == SOURCE_CHILD)
		loop->timed++;
	if (ret)
		*ret = source;
}

int loop_add_fd(struct loop *loop, int fd, uint32_t events, loop_fd_fn fn, void *arg,
		struct loop_source **ret)
{
	struct loop_source *source = source_new(loop, SOURCE_FD, arg);
	int r;

	if (!source)
		return -ENOMEM;
	source->fd = fd;
	source->on_fd = fn;
	r = loop_watch(source, events);
	if (r < 0) {
		free(source);
		return r;
	}
	source_link(source, ret);
	return 0;
}

int loop_modify_fd(struct loop_source *source, uint32_t events)
{
	struct epoll_event event = {.events = events, .data.ptr = source};

	return epoll_ctl(source->loop->epoll_fd, EPOLL_CTL_MOD, source->fd, &event) < 0 ? -errno : 0;
}

int loop_add_timer(struct loop *loop, uint64_t at, loop_timer_fn fn, void *arg, struct loop_source **ret)
{
	uint64_t now = clock_now(&loop->clock);
	struct loop_source *source;

	if (timers_reserve(&loop->timers, loop->timed + 1) < 0)
		return -ENOMEM;
	source = source_new(loop, SOURCE_TIMER, arg);
	if (!source)
		return -ENOMEM;
	source->on_timer = fn;
	source_link(source, ret);
	/* What is past queues up behind what was due before; and nothing may overflow the kernel's time. */
	if (at < now)
		at = now;
	timers_add(&loop->timers, &source->timer, at < INT64_MAX ? at : INT64_MAX);
	return 0;
}

static void report_child(struct loop_source *source, int status)
{
	loop_child_fn fn = source->on_child;
	void *arg = source->arg;
	pid_t pid = source->pid;

	loop_remove(source);
	fn(arg, pid, status);
}

static void poll_child_later(struct loop_source *source)
{
	struct loop *loop = source->loop;

	timers_add(&loop->timers, &source->timer, clock_now(&loop->clock) + CHILD_POLL_MS * NSEC_PER_MSEC);
}

/* An unreaped child's number is nobody else's, so that waiting by number is safe. */
void loop_check_child(struct loop_source *source)
{
	int status;
	pid_t pid = waitpid(source->pid, &status, WNOHANG);

	if (pid == source->pid) {
		report_child(source, status);
	} else if (pid < 0 && errno != EINTR) {
		report_child(source, LOOP_CHILD_LOST);
	} else {
		/* Dead and not ours to reap yet: its tracer has it first. The pidfd would stay readable. */
		if (source->fd >= 0)
			epoll_ctl(source->loop->epoll_fd, EPOLL_CTL_DEL, source->fd, NULL);
		close_fd(source->fd);
		source->fd = -1;
		poll_child_later(source);
	}
}

int loop_add_child(struct loop *loop, pid_t pid, loop_child_fn fn, void *arg, struct loop_source **ret)
{
	siginfo_t info;
	struct loop_source *source;

	if (waitid(P_PID, (id_t)pid, &info, WEXITED | WNOHANG | WNOWAIT) < 0)
		return -errno;
	if (timers_reserve(&loop->timers, loop->timed + 1) < 0)
		return -ENOMEM;
	source = source_new(loop, SOURCE_CHILD, arg);
	if (!source)
		return -ENOMEM;
	source->pid = pid;
	source->on_child = fn;
	source->fd = (int)syscall(SYS_pidfd_open, pid, 0);
	/* Out of descriptors: a child is still not to be forgotten. */
	if (source->fd < 0 || loop_watch(source, EPOLLIN) < 0) {
		close_fd(source->fd);
		source->fd = -1;
		poll_child_later(source);
	}
	source_link(source, ret);
	return 0;
}

void loop_deliver_signals(struct loop *loop)
{
	struct signalfd_siginfo info;

	while (read(loop->signals.fd, &info, sizeof(info)) == (ssize_t)sizeof(info))
		for (struct loop_source *source = loop->sources; source; source = source->next)
			if (source->type == SOURCE_SIGNAL && !source->dead &&
			    source->signo == (int)info.ssi_signo)
				source->on_signal(source->arg, source->signo);
}

/* What the signalfd takes; the first call makes it. */
static int take_signals(struct loop *loop, const sigset_t *set)
{
	int fd = signalfd(loop->signals.fd, set, SFD_CLOEXEC | SFD_NONBLOCK);
	int r = 0;

	if (fd < 0)
		return -errno;
	if (loop->signals.fd >= 0)
		return 0;
	loop->signals.fd = fd;
	r = loop_watch(&loop->signals, EPOLLIN);
	if (r < 0) {
		loop->signals.fd = -1;
		close(fd);
	}
	return r;
}

int loop_add_signal(struct loop *loop, int signo, loop_signal_fn fn, void *arg, struct loop_source **ret)
{
	struct loop_source *source;
	sigset_t set = loop->signal_set;
	int r;

	if (sigaddset(&set, signo) < 0)
		return -EINVAL;
	source = source_new(loop, SOURCE_SIGNAL, arg);
	if (!source)
		return -ENOMEM;
	r = take_signals(loop, &set);
	if (r == 0 && sigprocmask(SIG_BLOCK, &set, NULL) < 0)
		r = -errno;
	if (r < 0) {
		free(source);
		return r;
	}
	loop->signal_set = set;
	source->signo = signo;
	source->on_signal = fn;
	source_link(source, ret);
	return 0;
}

struct loop_source *loop_remove(struct loop_source *source)
{
	struct loop *loop;

	if (!source || source->dead)
		return NULL;
	loop = source->loop;
	source->dead = true;
	source->next_dead = loop->dead;
	loop->dead = source;
	timers_remove(&loop->timers, &source->timer);
	if (source->type == SOURCE_TIMER || source->type == SOURCE_CHILD)
		loop->timed--;
	if (source->fd >= 0)
		epoll_ctl(loop->epoll_fd, EPOLL_CTL_DEL, source->fd, NULL);
	if (source->type == SOURCE_CHILD)
		close_fd(source->fd);
	if (!loop->running)
		loop_bury(loop);
	return NULL;
}
