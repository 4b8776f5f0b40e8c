// SPDX-License-Identifier: GPL-2.0-or-later
/* The queue before stdout. */
#include "monitor/output.h"

#include <errno.h>
#include <fcntl.h>
#include <limits.h>
#include <poll.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/socket.h>
#include <sys/stat.h>
#include <unistd.h>

/*
 * O_NONBLOCK belongs to the open file description, which we may share with our parent and our children:
 * setting it would break their writes. Opened anew, the same pipe or terminal has a description of our own.
 */
static int reopen(int fd)
{
	char path[sizeof("/proc/self/fd/") + 12];

	snprintf(path, sizeof(path), "/proc/self/fd/%d", fd);
	return open(path, O_WRONLY | O_NONBLOCK | O_NOCTTY | O_CLOEXEC);
}

int output_open(struct output *output, int fd)
{
	struct output o = {.kind = OUTPUT_FILE, .fd = fd, .own_fd = -1};
	struct stat st;

	if (fstat(fd, &st) < 0)
		return -errno;
	/* Untouched memory costs nothing, and later nothing can fail for want of it. */
	o.queue = malloc(OUTPUT_QUEUE);
	if (!o.queue)
		return -ENOMEM;
	if (S_ISSOCK(st.st_mode)) {
		o.kind = OUTPUT_SOCKET;
	} else if (S_ISFIFO(st.st_mode) || (S_ISCHR(st.st_mode) && isatty(fd))) {
		o.own_fd = reopen(fd);
		o.kind = o.own_fd >= 0 ? OUTPUT_OWN : OUTPUT_SHARED;
		if (o.own_fd >= 0)
			o.fd = o.own_fd;
	}
	*output = o;
	return 0;
}

void output_close(struct output *output)
{
	if (output->own_fd >= 0)
		close(output->own_fd);
	free(output->queue);
	*output = (struct output){.fd = -1, .own_fd = -1};
}

/*
 * How much to write in one go: whole lines, at most PIPE_BUF bytes. A pipe takes those entirely or not at
 * all, so that another writer's line (our own stderr, a child) cannot end up inside one of ours; only a
 * longer line is taken apart.
 */
static size_t piece_of(const struct output *output, const char *p, size_t len)
{
	const char *end;

	if (output->kind == OUTPUT_FILE || len <= PIPE_BUF)
		return len;
	end = memrchr(p, '\n', PIPE_BUF);
	return end ? (size_t)(end - p) + 1 : PIPE_BUF;
}

static bool is_writable(int fd)
{
	struct pollfd p = {.fd = fd, .events = POLLOUT};

	return poll(&p, 1, 0) == 1;
}

static ssize_t put(const struct output *output, const char *p, size_t len)
{
	ssize_t n;

	if (output->kind == OUTPUT_SHARED && !is_writable(output->fd))
		return -EAGAIN;
	do {
		if (output->kind == OUTPUT_SOCKET)
			n = send(output->fd, p, len, MSG_DONTWAIT | MSG_NOSIGNAL);
		else
			n = write(output->fd, p, len);
	} while (n < 0 && errno == EINTR);
	return n < 0 ? -errno : n;
}

/* Takes note of an error; true when it only means to wait. */
static bool must_wait(struct output *output, int error)
{
	output->waiting = error == -EAGAIN || error == -EWOULDBLOCK;
	if (output->waiting)
		return true;
	if (error == -EPIPE || error == -ECONNRESET) {
		error = -EPIPE;
		output->closed = true;
	}
	if (error != output->last && output->error == 0)
		output->error = error;
	output->last = error;
	return false;
}

/* Writes until it is done or fails; *done counts what went through. 0 or negative errno. */
static int put_lines(struct output *output, const char *p, size_t len, size_t *done)
{
	*done = 0;
	while (*done < len) {
		ssize_t n = put(output, p + *done, piece_of(output, p + *done, len - *done));

		if (n < 0)
			return (int)n;
		*done += (size_t)n;
		if (n > 0)
			output->midline = p[*done - 1] != '\n';
		output->last = 0;
	}
	output->waiting = false;
	return 0;
}

static uint64_t count_lines(const char *p, size_t len)
{
	const char *end = p + len;
	uint64_t lines = 0;

	while (p < end && (p = memchr(p, '\n', (size_t)(end - p)))) {
		lines++;
		p++;
	}
	return lines;
}

/* Length of the rest of the line at p, its end included. */
static size_t rest_of_line(const char *p, size_t len)
{
	const char *end = memchr(p, '\n', len);

	return end ? (size_t)(end - p) + 1 : len;
}

static size_t peek(const struct output *output, char *dst, size_t size)
{
	size_t n = output->len < size ? output->len : size;
	size_t first = OUTPUT_QUEUE - output->head;

	if (first > n)
		first = n;
	memcpy(dst, output->queue + output->head, first);
	memcpy(dst + first, output->queue, n - first);
	return n;
}

static void consume(struct output *output, size_t n)
{
	output->head = (output->head + n) % OUTPUT_QUEUE;
	output->len -= n;
}

static void append(struct output *output, const char *p, size_t len)
{
	size_t tail = (output->head + output->len) % OUTPUT_QUEUE;
	size_t first = OUTPUT_QUEUE - tail;

	if (first > len)
		first = len;
	memcpy(output->queue + tail, p, first);
	memcpy(output->queue, p + first, len - first);
	output->len += len;
}

/* After an error: nothing waits but the rest of a line that has begun, lest another is written onto its end.
 */
static void drop_queue(struct output *output)
{
	char piece[PIPE_BUF];
	size_t keep = 0, at = output->head, len = output->len;
	bool begun = output->midline && !output->closed;

	while (output->len > 0) {
		size_t n = peek(output, piece, sizeof(piece)), rest = 0;

		if (begun) {
			rest = rest_of_line(piece, n);
			begun = piece[rest - 1] != '\n';
			keep += rest;
		}
		output->lost += count_lines(piece + rest, n - rest);
		consume(output, n);
	}
	output->head = at;
	output->len = keep < len ? keep : len;
}

int output_flush(struct output *output)
{
	char piece[PIPE_BUF];

	while (output->len > 0) {
		size_t done, n = peek(output, piece, sizeof(piece));
		int r = put_lines(output, piece, piece_of(output, piece, n), &done);

		consume(output, done);
		if (r < 0 && must_wait(output, r))
			return 0;
		if (r < 0) {
			drop_queue(output);
			return output->last;
		}
	}
	return output->closed ? -EPIPE : 0;
}

void output_add(struct output *output, const char *lines, size_t len)
{
	size_t done = 0;
	int r = output_flush(output);

	if (r == 0 && output->len == 0) {
		r = put_lines(output, lines, len, &done);
		if (r < 0 && must_wait(output, r))
			r = 0;
	}
	lines += done;
	len -= done;
	if (r < 0) {
		size_t rest = done > 0 && output->midline && !output->closed ? rest_of_line(lines, len) : 0;

		append(output, lines, rest);
		output->lost += count_lines(lines + rest, len - rest);
	} else if (len <= OUTPUT_QUEUE - output->len) {
		append(output, lines, len);
	} else {
		output->lost += count_lines(lines, len);
	}
}

int output_take_error(struct output *output)
{
	int error = output->error;

	output->error = 0;
	return error;
}
