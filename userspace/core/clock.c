// SPDX-License-Identifier: GPL-2.0-or-later
/* Time for people and machines: formatting of instants and durations, parsing of durations. */
#include "core/clock.h"

#include <errno.h>
#include <inttypes.h>
#include <stdio.h>
#include <string.h>
#include <time.h>

/*
 * Splits an instant into seconds since 1970 and nanoseconds. The sum wraps, so that a hostile recording gives
 * a wrong year between 1677 and 2262 and never an overflow.
 */
static time_t wall_clock(const struct clock *clock, uint64_t boot_ns, long *ret_ns)
{
	int64_t ns = (int64_t)(boot_ns + (uint64_t)clock->realtime_offset);
	int64_t sec = ns / (int64_t)NSEC_PER_SEC;
	int64_t rest = ns % (int64_t)NSEC_PER_SEC;

	if (rest < 0) {
		rest += (int64_t)NSEC_PER_SEC;
		sec--;
	}
	*ret_ns = (long)rest;
	return (time_t)sec;
}

char *clock_rfc3339(const struct clock *clock, uint64_t boot_ns, char buf[static CLOCK_RFC3339_SIZE])
{
	long ns;
	time_t sec = wall_clock(clock, boot_ns, &ns);
	struct tm tm = {0};

	gmtime_r(&sec, &tm);
	strftime(buf, CLOCK_RFC3339_SIZE, "%Y-%m-%dT%H:%M:%S", &tm);
	snprintf(buf + strlen(buf), CLOCK_RFC3339_SIZE - strlen(buf), ".%09ldZ", ns);
	return buf;
}

char *clock_time_of_day(const struct clock *clock, uint64_t boot_ns, char buf[static CLOCK_RFC3339_SIZE])
{
	long ns;
	time_t sec = wall_clock(clock, boot_ns, &ns);
	struct tm tm = {0};

	localtime_r(&sec, &tm);
	strftime(buf, CLOCK_RFC3339_SIZE, "%H:%M:%S", &tm);
	snprintf(buf + strlen(buf), CLOCK_RFC3339_SIZE - strlen(buf), ".%06ld", ns / 1000);
	return buf;
}

/* Cut, not rounded: nothing is ever "60.0 s" or "1000 ms". */
static void one_decimal(char *buf, uint64_t tenths, const char *unit)
{
	if (tenths % 10)
		snprintf(buf, CLOCK_DURATION_SIZE, "%" PRIu64 ".%" PRIu64 " %s", tenths / 10, tenths % 10,
			 unit);
	else
		snprintf(buf, CLOCK_DURATION_SIZE, "%" PRIu64 " %s", tenths / 10, unit);
}

static void two_units(char *buf, uint64_t big, const char *big_unit, uint64_t small, const char *small_unit)
{
	if (small)
		snprintf(buf, CLOCK_DURATION_SIZE, "%" PRIu64 " %s %" PRIu64 " %s", big, big_unit, small,
			 small_unit);
	else
		snprintf(buf, CLOCK_DURATION_SIZE, "%" PRIu64 " %s", big, big_unit);
}

char *clock_duration(uint64_t ns, char buf[static CLOCK_DURATION_SIZE])
{
	uint64_t us = ns / NSEC_PER_USEC, ms = us / 1000, sec = ms / 1000;

	if (us == 0)
		snprintf(buf, CLOCK_DURATION_SIZE, "%" PRIu64 " ns", ns);
	else if (ms == 0)
		snprintf(buf, CLOCK_DURATION_SIZE, "%" PRIu64 " us", us);
	else if (ms < 10)
		one_decimal(buf, us / 100, "ms");
	else if (sec == 0)
		snprintf(buf, CLOCK_DURATION_SIZE, "%" PRIu64 " ms", ms);
	else if (sec < 60)
		one_decimal(buf, ms / 100, "s");
	else if (sec < 3600)
		two_units(buf, sec / 60, "min", sec % 60, "s");
	else if (sec < 86400)
		two_units(buf, sec / 3600, "h", sec / 60 % 60, "min");
	else
		two_units(buf, sec / 86400, "d", sec / 3600 % 24, "h");
	return buf;
}

static const struct {
	const char *name;
	uint64_t ns;
} units[] = {
	{"us", NSEC_PER_USEC},	    {"ms", NSEC_PER_MSEC},	{"s", NSEC_PER_SEC},
	{"min", 60 * NSEC_PER_SEC}, {"h", 3600 * NSEC_PER_SEC}, {"d", 86400 * NSEC_PER_SEC},
};

static uint64_t unit_ns(const char *name)
{
	for (size_t i = 0; i < sizeof(units) / sizeof(units[0]); i++)
		if (strcmp(units[i].name, name) == 0)
			return units[i].ns;
	return 0;
}

static int is_digit(char c)
{
	return c >= '0' && c <= '9';
}

int clock_parse_duration(const char *text, uint64_t *ret_ns)
{
	/* Half of the range, so that a duration can always be added to an instant. */
	const uint64_t max = UINT64_MAX / 2;
	const char *p = text, *fraction = NULL;
	uint64_t whole = 0, ns, unit, part;

	if (!is_digit(*p))
		return -EINVAL;
	for (; is_digit(*p); p++) {
		if (whole > max / 10 - 1)
			return -EINVAL;
		whole = whole * 10 + (uint64_t)(*p - '0');
	}
	if (*p == '.') {
		fraction = ++p;
		if (!is_digit(*p))
			return -EINVAL;
		while (is_digit(*p))
			p++;
	}
	unit = unit_ns(p);
	if (unit == 0 || whole > max / unit)
		return -EINVAL;
	ns = whole * unit;
	for (part = unit / 10; fraction && is_digit(*fraction); fraction++, part /= 10)
		ns += (uint64_t)(*fraction - '0') * part;
	if (ns > max)
		return -EINVAL;
	*ret_ns = ns;
	return 0;
}
