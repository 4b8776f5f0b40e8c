// SPDX-License-Identifier: GPL-2.0-or-later
/* A shell command as a child: with something to read, a deadline, and an answer; nothing waits for it. */
#include "recover/command.h"

#include <errno.h>
#include <fcntl.h>
#include <signal.h>
#include <stdlib.h>
#include <string.h>
#include <sys/epoll.h>
#include <sys/wait.h>
#include <unistd.h>

#include "host/spawn.h"

struct command {
	struct loop *loop;
	pid_t pid;
	struct loop_source *child, *timer, *writer;
	int input_fd;
	char *input;
	size_t input_len, written;
	bool timed_out;
	command_fn done; /* NULL: cancelled */
	void *arg;
};

static void stop_input(struct command *c)
{
	c->writer = loop_remove(c->writer);
	if (c->input_fd >= 0)
		close(c->input_fd);
	c->input_fd = -1;
}

static void command_free(struct command *c)
{
	stop_input(c);
	loop_remove(c->timer);
	loop_remove(c->child);
	free(c->input);
	free(c);
}

static void on_child(void *arg, pid_t pid, int status)
{
	struct command *c = arg;
	command_fn done = c->done;
	void *done_arg = c->arg;
	bool timed_out = c->timed_out;

	(void)pid;
	c->child = NULL;
	command_free(c);
	if (done)
		done(done_arg, timed_out ? -ETIMEDOUT : status);
}

/* It leads a session of its own and is not reaped yet: the group's number cannot be anybody else's. */
static void kill_group(struct command *c)
{
	kill(-c->pid, SIGKILL);
}

static void on_deadline(void *arg)
{
	struct command *c = arg;

	c->timer = NULL;
	c->timed_out = true;
	kill_group(c);
}

/* A reader that does not read costs it the rest of the input, never us the time; SIGPIPE is ignored. */
static void on_writable(void *arg, int fd, uint32_t events)
{
	struct command *c = arg;
	ssize_t n = write(fd, c->input + c->written, c->input_len - c->written);

	(void)events;
	if (n > 0)
		c->written += (size_t)n;
	if ((n < 0 && errno != EAGAIN && errno != EINTR) || c->written == c->input_len)
		stop_input(c);
}

static char **join_environment(char **more)
{
	size_t ours = 0, added = 0;
	char **v;

	while (environ[ours])
		ours++;
	while (more && more[added])
		added++;
	v = calloc(ours + added + 1, sizeof(*v));
	if (!v)
		return NULL;
	memcpy(v, environ, ours * sizeof(*v));
	if (added)
		memcpy(v + ours, more, added * sizeof(*v));
	return v;
}

static int spawn_shell(struct command *c, const struct command_options *o, int input)
{
	char shell[] = "sh", option[] = "-c";
	char *argv[] = {shell, option, strdup(o->line), NULL};
	char **envp = join_environment(o->environment);
	int null = open("/dev/null", O_RDWR | O_CLOEXEC), r = -ENOMEM;
	struct spawn s = SPAWN_INIT;

	if (argv[2] && envp && null >= 0) {
		s.path = "/bin/sh";
		s.argv = argv;
		s.envp = envp;
		s.cwd = "/";
		s.fds[0] = input >= 0 ? input : null;
		s.fds[1] = s.fds[2] = o->show_output ? STDERR_FILENO : null;
		r = spawn_process(&s, &c->pid, NULL);
	}
	if (null >= 0)
		close(null);
	free(argv[2]);
	free(envp);
	return r;
}

int command_start(struct command **ret, const struct command_options *o)
{
	struct command *c = calloc(1, sizeof(*c));
	int ends[2] = {-1, -1}, r = -ENOMEM;

	if (!c)
		return -ENOMEM;
	c->loop = o->loop;
	c->input_fd = -1;
	c->done = o->done;
	c->arg = o->arg;
	if (o->input) {
		c->input = strdup(o->input);
		if (!c->input)
			goto fail;
		c->input_len = strlen(c->input);
		if (pipe2(ends, O_CLOEXEC) < 0) {
			r = -errno;
			goto fail;
		}
		fcntl(ends[1], F_SETFL, O_NONBLOCK);
		c->input_fd = ends[1];
	}
	r = spawn_shell(c, o, ends[0]);
	if (r < 0)
		goto fail;
	r = loop_add_child(c->loop, c->pid, on_child, c, &c->child);
	if (r < 0) {
		kill_group(c);
		waitpid(c->pid, NULL, 0);
		goto fail;
	}
	if (c->input_fd >= 0 && loop_add_fd(c->loop, c->input_fd, EPOLLOUT, on_writable, c, &c->writer) < 0)
		stop_input(c);
	loop_add_timer(c->loop, clock_now(loop_clock(c->loop)) + o->timeout, on_deadline, c, &c->timer);
	if (ends[0] >= 0)
		close(ends[0]);
	*ret = c;
	return 0;
fail:
	if (ends[0] >= 0)
		close(ends[0]);
	command_free(c);
	return r;
}

struct command *command_cancel(struct command *c)
{
	if (!c)
		return NULL;
	c->done = NULL;
	stop_input(c);
	kill_group(c);
	return NULL;
}
