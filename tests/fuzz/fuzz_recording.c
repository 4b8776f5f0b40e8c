// SPDX-License-Identifier: GPL-2.0-or-later
/* Recordings by strangers: read, correlated, diagnosed and printed in both formats. */
#include <fcntl.h>
#include <string.h>
#include <sys/mman.h>
#include <unistd.h>
#include <zlib.h>

#include "detect/detect.h"
#include "detect/recording.h"
#include "diagnose/diagnose.h"
#include "fuzz.h"
#include "monitor/monitor.h"

static struct monitor *text, *json;

static void tell(enum report_type type, const struct incident *incident)
{
	const struct report report = {.type = type, .time = incident->time, .incident = incident};

	monitor_report(text, &report);
	monitor_report(json, &report);
}

static void on_incident(void *arg, struct incident *incident)
{
	(void)arg;
	diagnose(incident);
	CHECK(incident->why.cause);
	tell(REPORT_FAULT, incident);
}

static void on_more(void *arg, struct incident *incident)
{
	(void)arg;
	if (diagnose(incident))
		tell(REPORT_DIAGNOSIS, incident);
}

static void on_cleared(void *arg, struct incident *incident, uint64_t duration, bool gone)
{
	const struct report report = {.type = REPORT_CLEAR,
				      .time = incident->time,
				      .incident = incident,
				      .duration = duration,
				      .gone = gone};

	(void)arg;
	CHECK(incident->stall.event);
	monitor_report(text, &report);
	monitor_report(json, &report);
}

static bool on_started(void *arg, const struct process *process)
{
	(void)arg;
	return process->pid % 2;
}

/* No mutation gets past a checksum: here all of them are made right, if the first byte says so. */
static void seal(uint8_t *bytes, size_t size)
{
	struct recording_header *header = (struct recording_header *)bytes;
	size_t at = sizeof(*header);

	if (size < sizeof(*header))
		return;
	memcpy(header->magic, RECORDING_MAGIC, sizeof(header->magic));
	header->version = RECORDING_VERSION;
	header->abi = FE_ABI;
	header->header_size = sizeof(*header);
	header->crc = (uint32_t)crc32(0, bytes, offsetof(struct recording_header, crc));
	while (at + sizeof(struct recording_frame) + sizeof(struct fe_header) <= size) {
		struct recording_frame frame;
		struct fe_header record;
		size_t rest = size - at - sizeof(frame);

		memcpy(&frame, bytes + at, sizeof(frame));
		if (frame.size < sizeof(record) || frame.size > rest)
			frame.size = (uint32_t)(rest < RECORDING_RECORD_MAX ? rest : RECORDING_RECORD_MAX);
		memcpy(&record, bytes + at + sizeof(frame), sizeof(record));
		record.abi = FE_ABI;
		record.size = frame.size;
		memcpy(bytes + at + sizeof(frame), &record, sizeof(record));
		frame.crc = (uint32_t)crc32(0, bytes + at + sizeof(frame), frame.size);
		memcpy(bytes + at, &frame, sizeof(frame));
		at += sizeof(frame) + frame.size;
	}
}

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size)
{
	static const struct detect_handler handler = {
		.incident = on_incident, .more = on_more, .started = on_started, .cleared = on_cleared};
	struct replay_info info;
	struct replay *replay;
	uint8_t *bytes;
	char path[64];
	int fd, out;

	if (size < 1)
		return 0;
	bytes = malloc(size);
	fd = memfd_create("recording", 0);
	out = open("/dev/null", O_WRONLY);
	CHECK(bytes && fd >= 0 && out >= 0);
	memcpy(bytes, data + 1, size - 1);
	if (data[0] & 1)
		seal(bytes, size - 1);
	CHECK(write(fd, bytes, size - 1) == (ssize_t)size - 1);
	free(bytes);
	snprintf(path, sizeof(path), "/proc/self/fd/%d", fd);
	if (replay_open(&replay, path, &info) >= 0) {
		const struct monitor_options options[] = {
			{.format = "text", .fd = out, .clock = &info.clock, .hostname = info.hostname},
			{.format = "json", .fd = out, .clock = &info.clock, .hostname = info.hostname},
		};

		incident_seed(info.seed);
		CHECK(monitor_new(&text, &options[0]) >= 0 && monitor_new(&json, &options[1]) >= 0);
		replay_run(replay, &handler);
		monitor_free(text);
		monitor_free(json);
		replay_close(replay);
	}
	close(fd);
	close(out);
	return 0;
}
