/* SPDX-License-Identifier: GPL-2.0-or-later */
/* Lines into a descriptor whose reader may be slow or gone: never waits, never tears a line, counts losses.
 */
#ifndef FAULTD_MONITOR_OUTPUT_H
#define FAULTD_MONITOR_OUTPUT_H

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

enum { OUTPUT_QUEUE = 1 << 20 /* bytes that may wait for the reader */ };

enum output_kind {
	OUTPUT_FILE,   /* a write goes through at once: regular files, /dev/null */
	OUTPUT_OWN,    /* pipe or terminal, reopened without blocking */
	OUTPUT_SHARED, /* pipe or terminal as others may have it too: asked with poll(2) first */
	OUTPUT_SOCKET,
};

struct output {
	enum output_kind kind;
	int fd, own_fd; /* own_fd: ours to close, -1: none */
	char *queue;	/* a ring of OUTPUT_QUEUE bytes */
	size_t head, len;
	bool midline;  /* the last byte that was written was not the end of its line */
	bool waiting;  /* for the reader; false with bytes left: for the error to go away */
	bool closed;   /* the reader has gone */
	int error;     /* not taken yet, negative errno */
	int last;      /* the error before; 0 once a write went through */
	uint64_t lost; /* lines */
};

/* fd stays the caller's. 0 or negative errno. */
int output_open(struct output *output, int fd);
void output_close(struct output *output);
/* Whole lines: written now, or queued, or counted as lost. */
void output_add(struct output *output, const char *lines, size_t len);
/* Writes what the reader takes now. 0, also when some has to wait, or negative errno of write(2). */
int output_flush(struct output *output);
/* The first error not yet taken; 0: none. */
int output_take_error(struct output *output);

#endif
