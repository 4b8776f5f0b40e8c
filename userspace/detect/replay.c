// SPDX-License-Identifier: GPL-2.0-or-later
/* Reading a recording: the same records, the same time, the same answers, on any machine. */
#include <errno.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <zlib.h>

#include "core/log.h"
#include "detect/correlate.h"
#include "detect/decode.h"
#include "detect/recording.h"

struct replay {
	FILE *file;
	char *path;
	struct replay_info *info;
	uint64_t offset;
	uint8_t record[RECORDING_RECORD_MAX];
};

static uint64_t replay_now(void *arg)
{
	const struct replay_info *info = arg;

	return info->now;
}

static int bad(const struct replay *replay, const char *what)
{
	log_error("%s: at byte %llu: %s", replay->path, (unsigned long long)replay->offset, what);
	return -EBADMSG;
}

static int check_header(const struct replay *replay, const struct recording_header *header)
{
	char what[128];

	if (memcmp(header->magic, RECORDING_MAGIC, sizeof(header->magic)) != 0)
		return bad(replay, "not a recording of faultd (faultd --record FILE makes one)");
	if (header->version != RECORDING_VERSION || header->header_size != sizeof(*header)) {
		snprintf(what, sizeof(what), "a recording of format %u; this faultd reads format %d",
			 header->version, RECORDING_VERSION);
		return bad(replay, what);
	}
	if (header->crc != (uint32_t)crc32(0, (const Bytef *)header, offsetof(struct recording_header, crc)))
		return bad(replay, "the header is damaged (its checksum is wrong)");
	if (header->abi != FE_ABI) {
		snprintf(what, sizeof(what), "records of layout %u; this faultd reads layout %d", header->abi,
			 FE_ABI);
		return bad(replay, what);
	}
	return 0;
}

int replay_open(struct replay **ret, const char *path, struct replay_info *ret_info)
{
	struct recording_header header;
	struct replay *replay = calloc(1, sizeof(*replay));
	int r = -ENOMEM;

	if (!replay)
		return -ENOMEM;
	replay->path = strdup(path);
	if (!replay->path)
		goto fail;
	replay->file = fopen(path, "re");
	if (!replay->file) {
		r = -errno;
		log_error("%s: %s", path, strerror(errno));
		goto fail;
	}
	if (fread(&header, sizeof(header), 1, replay->file) != 1) {
		r = ferror(replay->file) ? -EIO : -EBADMSG;
		log_error("%s: at byte 0: %s", path,
			  ferror(replay->file)
				  ? strerror(errno)
				  : "too short for a recording of faultd (faultd --record FILE makes one)");
		goto fail;
	}
	r = check_header(replay, &header);
	if (r < 0)
		goto fail;
	header.boot_id[sizeof(header.boot_id) - 1] = '\0';
	header.hostname[sizeof(header.hostname) - 1] = '\0';
	replay->offset = sizeof(header);
	replay->info = ret_info;
	memset(ret_info, 0, sizeof(*ret_info));
	memcpy(ret_info->hostname, header.hostname, sizeof(ret_info->hostname));
	ret_info->clock = (struct clock){replay_now, ret_info, header.realtime_offset};
	ret_info->now = header.started;
	ret_info->seed = (uint64_t)crc32(0, (const Bytef *)header.boot_id, sizeof(header.boot_id)) << 32 ^
			 header.started;
	*ret = replay;
	return 0;
fail:
	replay_close(replay);
	return r;
}

/* 1: a record of ret_size bytes is in replay->record; 0: the end. */
static int next_record(struct replay *replay, size_t *ret_size)
{
	struct recording_frame frame;
	size_t n = fread(&frame, 1, sizeof(frame), replay->file);
	const char *why;

	if (n == 0 && feof(replay->file))
		return 0;
	if (n != sizeof(frame))
		return bad(replay, "the recording ends in the middle of a record's frame");
	if (frame.size < sizeof(struct fe_header) || frame.size > RECORDING_RECORD_MAX)
		return bad(replay, "a record of impossible length: the recording is damaged from here on");
	if (fread(replay->record, frame.size, 1, replay->file) != 1)
		return bad(replay, "the recording ends in the middle of a record");
	if (frame.crc != (uint32_t)crc32(0, replay->record, frame.size))
		return bad(replay, "the record is damaged (its checksum is wrong)");
	why = decode_check(replay->record, frame.size);
	if (why) {
		char what[160];

		snprintf(what, sizeof(what), "a record that is %s", why);
		return bad(replay, what);
	}
	replay->offset += sizeof(frame) + frame.size;
	*ret_size = frame.size;
	return 1;
}

int replay_run(struct replay *replay, const struct detect_handler *handler)
{
	struct correlator *correlator;
	size_t size = 0;
	int r;

	r = correlator_new(&correlator, handler);
	if (r < 0)
		return r;
	while ((r = next_record(replay, &size)) > 0) {
		const struct fe_header *header = (const struct fe_header *)replay->record;

		/* Two CPUs may hand in their records slightly out of order; time itself never goes back. */
		if (header->time > replay->info->now)
			replay->info->now = header->time;
		correlator_advance(correlator, replay->info->now);
		correlator_feed(correlator, replay->record, size);
	}
	correlator_flush(correlator);
	correlator_free(correlator);
	return r;
}

void replay_close(struct replay *replay)
{
	if (!replay)
		return;
	if (replay->file)
		fclose(replay->file);
	free(replay->path);
	free(replay);
}
