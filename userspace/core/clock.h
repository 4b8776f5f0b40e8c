/* SPDX-License-Identifier: GPL-2.0-or-later */
/* Time as an input: nanoseconds of CLOCK_BOOTTIME, and the offset that turns them into the time of day. */
#ifndef FAULTD_CORE_CLOCK_H
#define FAULTD_CORE_CLOCK_H

#include <stddef.h>
#include <stdint.h>

#define NSEC_PER_SEC  1000000000ULL
#define NSEC_PER_MSEC 1000000ULL
#define NSEC_PER_USEC 1000ULL

struct clock {
	uint64_t (*boottime)(
		void *arg); /* ns since boot, suspend included, as bpf_ktime_get_boot_ns() counts */
	void *arg;
	int64_t realtime_offset; /* CLOCK_REALTIME minus CLOCK_BOOTTIME, ns */
};

static inline uint64_t clock_now(const struct clock *clock)
{
	return clock->boottime(clock->arg);
}

#define CLOCK_RFC3339_SIZE 40
/* Both take ns of boottime. "2026-11-23T04:12:00.123456789Z" (UTC) / "04:12:00.123456" (local time). */
char *clock_rfc3339(const struct clock *clock, uint64_t boot_ns, char buf[static CLOCK_RFC3339_SIZE]);
char *clock_time_of_day(const struct clock *clock, uint64_t boot_ns, char buf[static CLOCK_RFC3339_SIZE]);

#define CLOCK_DURATION_SIZE 32
/* A duration for people: "850 us", "41 ms", "3.2 s", "5 min 10 s". */
char *clock_duration(uint64_t ns, char buf[static CLOCK_DURATION_SIZE]);
/* "100ms", "5s", "2min", "1h" (also "us" and "d", and decimals as in "1.5s") to ns; 0 or -EINVAL. */
int clock_parse_duration(const char *text, uint64_t *ret_ns);

#endif
