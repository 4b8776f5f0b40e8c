// SPDX-License-Identifier: GPL-2.0-or-later
/* Recordings: what was written is what is read, and of a damaged one every byte is noticed, with its place.
 */
// WRAP: write
#include <errno.h>
#include <fcntl.h>
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/stat.h>
#include <unistd.h>

#include <cmocka.h>
#include <zlib.h>

#include "detect/detect.h"
#include "detect/recording.h"
#include "records.h"

static char path[] = "/tmp/faultd-recording-XXXXXX";
static struct rec rec;
static uint8_t *good;
static size_t good_size;
static char said[4096];
static unsigned int told;
static pid_t told_pid;
static struct replay_info info;

static int fail_write_after = -1, write_error;
static int recording_fd = -1;

ssize_t __real_write(int fd, const void *bytes, size_t size);
ssize_t __wrap_write(int fd, const void *bytes, size_t size);
ssize_t __wrap_write(int fd, const void *bytes, size_t size)
{
	if (fd == recording_fd && fail_write_after >= 0) {
		/* A full disk takes some bytes first. */
		if (fail_write_after == 0) {
			errno = write_error;
			return -1;
		}
		if (size > (size_t)fail_write_after)
			size = (size_t)fail_write_after;
		fail_write_after -= (int)size;
	}
	return __real_write(fd, bytes, size);
}

static void on_incident(void *arg, struct incident *incident)
{
	(void)arg;
	told++;
	told_pid = incident->who.pid;
}

static const struct detect_handler handler = {.incident = on_incident};

static void record(void)
{
	struct recorder *recorder = NULL;
	int error = 0;

	assert_int_equal(recorder_open(&recorder, path, 1700000000, REC_NOW), 0);
	for (pid_t pid = 42; pid < 45; pid++) {
		rec_death(&rec, pid, SIGSEGV, REC_NOW + (uint64_t)pid)->flags = FE_DEATH_CRASH;
		recorder_put(recorder, rec.bytes, rec.size);
	}
	assert_int_equal(recorder_dropped(recorder, &error), 0);
	assert_int_equal(error, 0);
	assert_int_equal(recorder_close(recorder), 0);
}

static void load(void)
{
	FILE *file = fopen(path, "re");

	assert_non_null(file);
	good = malloc(1 << 20);
	assert_non_null(good);
	good_size = fread(good, 1, 1 << 20, file);
	fclose(file);
}

static void store(const void *bytes, size_t size)
{
	int fd = open(path, O_WRONLY | O_TRUNC);

	assert_true(fd >= 0);
	assert_int_equal(__real_write(fd, bytes, size), size);
	close(fd);
}

static int setup(void **state)
{
	int fd;

	(void)state;
	strcpy(path + strlen(path) - 6, "XXXXXX");
	fd = mkstemp(path);
	close(fd);
	told = 0;
	fail_write_after = -1;
	record();
	load();
	return 0;
}

static int teardown(void **state)
{
	(void)state;
	free(good);
	return unlink(path);
}

/* Opens and runs; what went to stderr is in said. */
static int replay(void)
{
	int saved = dup(2), file = open(path, O_RDONLY), r;
	char name[] = "/tmp/faultd-said-XXXXXX";
	int out = mkstemp(name);
	struct replay *replay_ = NULL;
	ssize_t len;

	unlink(name);
	close(file);
	fflush(stderr);
	dup2(out, 2);
	told = 0;
	r = replay_open(&replay_, path, &info);
	if (r >= 0) {
		r = replay_run(replay_, &handler);
		replay_close(replay_);
	}
	fflush(stderr);
	dup2(saved, 2);
	close(saved);
	len = pread(out, said, sizeof(said) - 1, 0);
	said[len > 0 ? len : 0] = '\0';
	close(out);
	return r;
}

static void what_was_written_is_read(void **state)
{
	struct stat st;
	char host[65] = "";

	(void)state;
	assert_int_equal(replay(), 0);
	assert_string_equal(said, "");
	assert_int_equal(told, 3);
	assert_int_equal(told_pid, 44);
	gethostname(host, sizeof(host) - 1);
	assert_string_equal(info.hostname, host);
	assert_true(info.clock.realtime_offset == 1700000000);
	assert_true(info.now == REC_NOW + 44);
	assert_true(clock_now(&info.clock) == info.now);
	/* It may hold arguments with secrets in them. */
	assert_int_equal(stat(path, &st), 0);
	assert_int_equal(st.st_mode & 077, 0);
}

static void an_old_file_is_replaced(void **state)
{
	(void)state;
	for (size_t i = 0; i < 3; i++)
		record();
	assert_int_equal(replay(), 0);
	assert_int_equal(told, 3);
}

static void damage_at_every_byte_is_noticed(void **state)
{
	(void)state;
	for (size_t i = 0; i < good_size; i++) {
		/* Behind the checksum of the header stands padding that means nothing. */
		if (i >= offsetof(struct recording_header, pad_end) && i < sizeof(struct recording_header))
			continue;
		good[i] ^= 0x5a;
		store(good, good_size);
		good[i] ^= 0x5a;
		assert_int_equal(replay(), -EBADMSG);
		if (!strstr(said, "at byte "))
			fail_msg("byte %zu: %s", i, said);
		/* What stands before it was told. */
		if (i < sizeof(struct recording_header))
			assert_int_equal(told, 0);
		else
			assert_int_equal(told, (i - sizeof(struct recording_header)) /
						       ((good_size - sizeof(struct recording_header)) / 3));
	}
}

static void every_cut_is_noticed(void **state)
{
	size_t one = (good_size - sizeof(struct recording_header)) / 3;

	(void)state;
	for (size_t size = 0; size < good_size; size++) {
		size_t records = size < sizeof(struct recording_header)
					 ? 0
					 : (size - sizeof(struct recording_header)) / one;
		bool between = size >= sizeof(struct recording_header) &&
			       (size - sizeof(struct recording_header)) % one == 0;

		store(good, size);
		assert_int_equal(replay(), between ? 0 : -EBADMSG);
		assert_int_equal(told, records);
		if (!between) {
			char place[64];

			snprintf(place, sizeof(place), "at byte %zu: ",
				 size < sizeof(struct recording_header)
					 ? 0
					 : sizeof(struct recording_header) + records * one);
			if (!strstr(said, place))
				fail_msg("cut to %zu: %s", size, said);
		}
	}
}

/* As damage() below would not do it: with the right checksum. */
static void seal_header(void)
{
	struct recording_header *header = (struct recording_header *)good;

	header->crc = (uint32_t)crc32(0, good, offsetof(struct recording_header, crc));
}

static void foreign_files_get_a_sentence(void **state)
{
	struct recording_header *header = (struct recording_header *)good;
	struct recording_frame *frame = (struct recording_frame *)(header + 1);
	struct fe_header *record_ = (struct fe_header *)(frame + 1);

	(void)state;
	store("", 0);
	assert_int_equal(replay(), -EBADMSG);
	assert_non_null(strstr(said, "too short"));
	store("#!/bin/sh\n", 10);
	assert_int_equal(replay(), -EBADMSG);
	assert_non_null(strstr(said, "too short"));
	header->version = 9;
	seal_header();
	store(good, good_size);
	assert_int_equal(replay(), -EBADMSG);
	assert_non_null(strstr(said, "format 9"));
	header->version = RECORDING_VERSION;
	header->abi = 99;
	seal_header();
	store(good, good_size);
	assert_int_equal(replay(), -EBADMSG);
	assert_non_null(strstr(said, "layout 99"));
	header->abi = FE_ABI;
	/* Names need no end of their own. */
	memset(header->hostname, 'h', sizeof(header->hostname));
	memset(header->boot_id, 'b', sizeof(header->boot_id));
	seal_header();
	store(good, good_size);
	assert_int_equal(replay(), 0);
	assert_int_equal(strlen(info.hostname), sizeof(header->hostname) - 1);
	/* A whole record of a kind that this version does not have. */
	record_->type = 77;
	frame->crc = (uint32_t)crc32(0, (uint8_t *)record_, frame->size);
	store(good, good_size);
	assert_int_equal(replay(), -EBADMSG);
	assert_non_null(strstr(said, "unknown type"));
	frame->size = RECORDING_RECORD_MAX + 1;
	store(good, good_size);
	assert_int_equal(replay(), -EBADMSG);
	assert_non_null(strstr(said, "impossible length"));
}

static void files_that_cannot_be_read(void **state)
{
	struct replay *replay_ = NULL;

	(void)state;
	assert_int_equal(replay_open(&replay_, "/nonexistent/x", &info), -ENOENT);
	assert_true(replay_open(&replay_, "/tmp", &info) < 0);
	assert_true(replay_open(&replay_, "/dev/null", &info) < 0);
	assert_null(replay_);
}

static void places_that_cannot_be_written(void **state)
{
	struct recorder *recorder = NULL;

	(void)state;
	assert_int_equal(recorder_open(&recorder, "/nonexistent/x", 0, 0), -ENOENT);
	assert_int_equal(recorder_open(&recorder, "/tmp", 0, 0), -EISDIR);
	assert_int_equal(recorder_open(&recorder, "/dev/full", 0, 0), -ENOSPC);
	assert_null(recorder);
}

static int next_fd(void)
{
	int fd = open("/dev/null", O_RDONLY);

	close(fd);
	return fd;
}

static void a_full_disk_is_an_error_and_what_was_written_is_whole(void **state)
{
	struct recorder *recorder = NULL;
	int error = 0;
	uint64_t dropped;

	(void)state;
	rec_death(&rec, 42, SIGSEGV, REC_NOW)->flags = FE_DEATH_CRASH;
	recording_fd = next_fd();
	write_error = ENOSPC;
	fail_write_after =
		(int)(sizeof(struct recording_header) + sizeof(struct recording_frame) + rec.size + 100);
	assert_int_equal(recorder_open(&recorder, path, 0, REC_NOW), 0);
	for (int i = 0; i < 100; i++)
		recorder_put(recorder, rec.bytes, rec.size);
	for (int i = 0; i < 1000 && !error; i++) {
		usleep(1000);
		recorder_dropped(recorder, &error);
	}
	assert_int_equal(error, -ENOSPC);
	/* There is room again, but half a record stands at the end. */
	fail_write_after = -1;
	for (int i = 0; i < 10; i++)
		recorder_put(recorder, rec.bytes, rec.size);
	for (int i = 0; i < 1000 && recorder_dropped(recorder, &error) < 109; i++)
		usleep(1000);
	dropped = recorder_dropped(recorder, &error);
	assert_int_equal(recorder_close(recorder), -ENOSPC);
	recording_fd = -1;
	assert_int_equal(dropped, 109);
	assert_int_equal(replay(), -EBADMSG);
	assert_int_equal(told, 1);
	assert_non_null(strstr(said, "in the middle of a record"));
}

/* A disk that takes no more than a thread can wait for does not hold up who records. */
static void a_stalled_disk_drops_and_counts(void **state)
{
	char fifo[sizeof(path) + 8];
	struct recorder *recorder = NULL;
	int error = 0, reader;
	uint64_t dropped;

	(void)state;
	snprintf(fifo, sizeof(fifo), "%s.fifo", path);
	assert_int_equal(mkfifo(fifo, 0600), 0);
	reader = open(fifo, O_RDONLY | O_NONBLOCK);
	assert_true(reader >= 0);
	assert_int_equal(recorder_open(&recorder, fifo, 0, REC_NOW), 0);
	rec_stack(&rec, 42, good, 16000, REC_NOW);
	for (int i = 0; i < 1000; i++)
		recorder_put(recorder, rec.bytes, rec.size);
	dropped = recorder_dropped(recorder, &error);
	/* 4 MiB are queued, a pipe holds some more. */
	assert_in_range(dropped, 1000 - (5 << 20) / 16000, 1000 - (4 << 20) / 16100);
	assert_int_equal(error, 0);
	close(reader);
	signal(SIGPIPE, SIG_IGN);
	assert_int_equal(recorder_close(recorder), -EPIPE);
	unlink(fifo);
}

int main(void)
{
	const struct CMUnitTest tests[] = {
#define TEST(name) cmocka_unit_test_setup_teardown(name, setup, teardown)
		TEST(what_was_written_is_read),
		TEST(an_old_file_is_replaced),
		TEST(damage_at_every_byte_is_noticed),
		TEST(every_cut_is_noticed),
		TEST(foreign_files_get_a_sentence),
		TEST(files_that_cannot_be_read),
		TEST(places_that_cannot_be_written),
		TEST(a_full_disk_is_an_error_and_what_was_written_is_whole),
		TEST(a_stalled_disk_drops_and_counts),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
