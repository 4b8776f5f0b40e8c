/* SPDX-License-Identifier: GPL-2.0-or-later */
/* The file format of --record and --replay. */
#ifndef FAULTD_DETECT_RECORDING_H
#define FAULTD_DETECT_RECORDING_H

#include <stddef.h>
#include <stdint.h>

#define RECORDING_MAGIC \
	"\x89"          \
	"FAULTD\n"

enum { RECORDING_VERSION = 1, RECORDING_RECORD_MAX = 64 * 1024 };

/* At offset 0. Numbers are little-endian, as the records are. */
struct recording_header {
	char magic[8];
	uint32_t version;
	uint32_t abi;	      /* FE_ABI of the records */
	uint32_t header_size; /* the first frame stands here */
	uint32_t pad;
	int64_t realtime_offset; /* CLOCK_REALTIME minus CLOCK_BOOTTIME, ns */
	uint64_t started;	 /* CLOCK_BOOTTIME, ns */
	char boot_id[40];
	char hostname[65];
	char kernel[65];
	char faultd[30];
	uint32_t crc; /* CRC-32 of all before */
	uint32_t pad_end;
};

/* Before each record. */
struct recording_frame {
	uint32_t size; /* of the record */
	uint32_t crc;  /* CRC-32 of the record */
};

/*
 * Writing happens in a thread of its own with a bounded queue (4 MiB), so that a slow disk holds nothing up:
 * what does not fit is dropped and counted.
 */
struct recorder;
/* Creates (truncates) path, mode 0600. 0 or negative errno. */
int recorder_open(struct recorder **ret, const char *path, int64_t realtime_offset, uint64_t started);
/* Never blocks on the disk. */
void recorder_put(struct recorder *recorder, const void *record, size_t size);
/* Records dropped so far; *ret_error: the first error of the disk, negative errno, or 0. */
uint64_t recorder_dropped(struct recorder *recorder, int *ret_error);
/* Writes what is queued and closes. 0 or the first error. */
int recorder_close(struct recorder *recorder);

#endif
