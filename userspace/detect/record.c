// SPDX-License-Identifier: GPL-2.0-or-later
/* Writing a recording without ever waiting for the disk. */
#include <errno.h>
#include <fcntl.h>
#include <pthread.h>
#include <signal.h>
#include <stdbool.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/utsname.h>
#include <unistd.h>
#include <zlib.h>

#include "detect/recording.h"
#include "faultd/event.h"

enum { QUEUE_MAX = 4 << 20 };

struct chunk {
	struct chunk *next;
	size_t size;
	uint8_t bytes[];
};

struct recorder {
	int fd;
	pthread_t thread;
	pthread_mutex_t lock;
	pthread_cond_t filled;
	struct chunk *first, **last;
	size_t queued;
	uint64_t dropped;
	int error;
	bool closing;
};

static int write_all(int fd, const void *bytes, size_t size)
{
	const uint8_t *at = bytes;

	while (size) {
		ssize_t n = write(fd, at, size);

		if (n < 0 && errno == EINTR)
			continue;
		if (n < 0)
			return -errno;
		at += n;
		size -= (size_t)n;
	}
	return 0;
}

static void *writer(void *arg)
{
	struct recorder *recorder = arg;

	pthread_mutex_lock(&recorder->lock);
	for (;;) {
		struct chunk *chunk = recorder->first;
		int r;

		if (!chunk) {
			if (recorder->closing)
				break;
			pthread_cond_wait(&recorder->filled, &recorder->lock);
			continue;
		}
		recorder->first = chunk->next;
		if (!recorder->first)
			recorder->last = &recorder->first;
		pthread_mutex_unlock(&recorder->lock);
		/* After an error half a frame may be on disk: nothing that follows could be read again. */
		r = recorder->error ? recorder->error : write_all(recorder->fd, chunk->bytes, chunk->size);
		pthread_mutex_lock(&recorder->lock);
		recorder->queued -= chunk->size;
		if (r < 0) {
			recorder->error = r;
			recorder->dropped++;
		}
		free(chunk);
	}
	pthread_mutex_unlock(&recorder->lock);
	return NULL;
}

static void read_line(const char *path, char *to, size_t size)
{
	FILE *file = fopen(path, "re");

	if (file && fgets(to, (int)size, file))
		to[strcspn(to, "\n")] = '\0';
	if (file)
		fclose(file);
}

static int write_header(int fd, int64_t realtime_offset, uint64_t started)
{
	struct recording_header header = {
		.version = RECORDING_VERSION,
		.abi = FE_ABI,
		.header_size = sizeof(header),
		.realtime_offset = realtime_offset,
		.started = started,
		.faultd = FAULTD_VERSION,
	};
	struct utsname name;

	memcpy(header.magic, RECORDING_MAGIC, sizeof(header.magic));
	read_line("/proc/sys/kernel/random/boot_id", header.boot_id, sizeof(header.boot_id));
	if (uname(&name) == 0) {
		snprintf(header.hostname, sizeof(header.hostname), "%s", name.nodename);
		snprintf(header.kernel, sizeof(header.kernel), "%s", name.release);
	}
	header.crc = (uint32_t)crc32(0, (const Bytef *)&header, offsetof(struct recording_header, crc));
	return write_all(fd, &header, sizeof(header));
}

static int start_writer(struct recorder *recorder)
{
	sigset_t all, old;
	int r;

	/* Signals are the main thread's. */
	sigfillset(&all);
	pthread_sigmask(SIG_SETMASK, &all, &old);
	r = pthread_create(&recorder->thread, NULL, writer, recorder);
	pthread_sigmask(SIG_SETMASK, &old, NULL);
	return -r;
}

int recorder_open(struct recorder **ret, const char *path, int64_t realtime_offset, uint64_t started)
{
	struct recorder *recorder = calloc(1, sizeof(*recorder));
	int r;

	if (!recorder)
		return -ENOMEM;
	recorder->last = &recorder->first;
	pthread_mutex_init(&recorder->lock, NULL);
	pthread_cond_init(&recorder->filled, NULL);
	recorder->fd = open(path, O_WRONLY | O_CREAT | O_TRUNC | O_CLOEXEC, 0600);
	r = recorder->fd < 0 ? -errno : write_header(recorder->fd, realtime_offset, started);
	if (r >= 0)
		r = start_writer(recorder);
	if (r < 0) {
		if (recorder->fd >= 0)
			close(recorder->fd);
		free(recorder);
		return r;
	}
	*ret = recorder;
	return 0;
}

void recorder_put(struct recorder *recorder, const void *record, size_t size)
{
	struct recording_frame frame = {.size = (uint32_t)size,
					.crc = (uint32_t)crc32(0, record, (uInt)size)};
	struct chunk *chunk = malloc(sizeof(*chunk) + sizeof(frame) + size);

	pthread_mutex_lock(&recorder->lock);
	if (!chunk || recorder->error || recorder->queued + sizeof(frame) + size > QUEUE_MAX) {
		recorder->dropped++;
		pthread_mutex_unlock(&recorder->lock);
		free(chunk);
		return;
	}
	chunk->next = NULL;
	chunk->size = sizeof(frame) + size;
	memcpy(chunk->bytes, &frame, sizeof(frame));
	memcpy(chunk->bytes + sizeof(frame), record, size);
	*recorder->last = chunk;
	recorder->last = &chunk->next;
	recorder->queued += chunk->size;
	pthread_cond_signal(&recorder->filled);
	pthread_mutex_unlock(&recorder->lock);
}

uint64_t recorder_dropped(struct recorder *recorder, int *ret_error)
{
	uint64_t dropped;

	pthread_mutex_lock(&recorder->lock);
	dropped = recorder->dropped;
	*ret_error = recorder->error;
	pthread_mutex_unlock(&recorder->lock);
	return dropped;
}

int recorder_close(struct recorder *recorder)
{
	int r;

	pthread_mutex_lock(&recorder->lock);
	recorder->closing = true;
	pthread_cond_signal(&recorder->filled);
	pthread_mutex_unlock(&recorder->lock);
	pthread_join(recorder->thread, NULL);
	r = recorder->error;
	if (close(recorder->fd) < 0 && !r)
		r = -errno;
	pthread_mutex_destroy(&recorder->lock);
	pthread_cond_destroy(&recorder->filled);
	free(recorder);
	return r;
}
