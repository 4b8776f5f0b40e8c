// SPDX-License-Identifier: GPL-2.0-or-later
/* Instants and durations, in and out. */
#include <errno.h>
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <stdlib.h>
#include <string.h>
#include <time.h>

#include <cmocka.h>

#include "core/clock.h"

static const struct {
	uint64_t boot_ns;
	int64_t offset;
	const char *rfc3339;
} instants[] = {
	{0, 0, "1970-01-01T00:00:00.000000000Z"},
	{123456789, 1795407120000000000, "2026-11-23T04:12:00.123456789Z"},
	{NSEC_PER_SEC, 951782399000000000 - 1000000000 + 999999999, "2000-02-28T23:59:59.999999999Z"},
	{1, 951782400000000000, "2000-02-29T00:00:00.000000001Z"},
	/* A clock that says less than has passed since boot. */
	{1, -2, "1969-12-31T23:59:59.999999999Z"},
	{0, INT64_MAX, "2262-04-11T23:47:16.854775807Z"},
	{0, INT64_MIN, "1677-09-21T00:12:43.145224192Z"},
	/* A hostile recording may say anything: it wraps and stays four digits of year. */
	{UINT64_MAX, 1, "1970-01-01T00:00:00.000000000Z"},
};

static void tells_instants(void **state)
{
	char buf[CLOCK_RFC3339_SIZE];

	(void)state;
	for (size_t i = 0; i < sizeof(instants) / sizeof(instants[0]); i++) {
		struct clock clock = {.realtime_offset = instants[i].offset};

		assert_ptr_equal(clock_rfc3339(&clock, instants[i].boot_ns, buf), buf);
		assert_string_equal(buf, instants[i].rfc3339);
	}
}

static void tells_local_time(void **state)
{
	struct clock clock = {.realtime_offset = 1795407120000000000};
	char buf[CLOCK_RFC3339_SIZE];

	(void)state;
	setenv("TZ", "XYZ-5:30", 1);
	tzset();
	assert_string_equal(clock_time_of_day(&clock, 123456789, buf), "09:42:00.123456");
	setenv("TZ", "UTC0", 1);
	tzset();
	assert_string_equal(clock_time_of_day(&clock, 999999, buf), "04:12:00.000999");
}

static const struct {
	uint64_t ns;
	const char *text;
} durations[] = {
	{0, "0 ns"},
	{999, "999 ns"},
	{1000, "1 us"},
	{850 * NSEC_PER_USEC, "850 us"},
	{999999, "999 us"},
	{NSEC_PER_MSEC, "1 ms"},
	{1900 * NSEC_PER_USEC, "1.9 ms"},
	{9999 * NSEC_PER_USEC, "9.9 ms"},
	{41 * NSEC_PER_MSEC, "41 ms"},
	{999 * NSEC_PER_MSEC, "999 ms"},
	{NSEC_PER_SEC, "1 s"},
	{3250 * NSEC_PER_MSEC, "3.2 s"},
	{59999 * NSEC_PER_MSEC, "59.9 s"},
	{60 * NSEC_PER_SEC, "1 min"},
	{310 * NSEC_PER_SEC, "5 min 10 s"},
	{3600 * NSEC_PER_SEC, "1 h"},
	{7500 * NSEC_PER_SEC, "2 h 5 min"},
	{86400 * NSEC_PER_SEC, "1 d"},
	{(86400 * 3 + 3600 * 4 + 59) * NSEC_PER_SEC, "3 d 4 h"},
	{UINT64_MAX, "213503 d 23 h"},
};

static void tells_durations(void **state)
{
	char buf[CLOCK_DURATION_SIZE];

	(void)state;
	for (size_t i = 0; i < sizeof(durations) / sizeof(durations[0]); i++)
		assert_string_equal(clock_duration(durations[i].ns, buf), durations[i].text);
}

static const struct {
	const char *text;
	uint64_t ns;
} good[] = {
	{"100ms", 100 * NSEC_PER_MSEC},
	{"5s", 5 * NSEC_PER_SEC},
	{"2min", 120 * NSEC_PER_SEC},
	{"1h", 3600 * NSEC_PER_SEC},
	{"1d", 86400 * NSEC_PER_SEC},
	{"250us", 250 * NSEC_PER_USEC},
	{"0s", 0},
	{"007s", 7 * NSEC_PER_SEC},
	{"1.5s", 1500 * NSEC_PER_MSEC},
	{"0.1s", 100 * NSEC_PER_MSEC},
	{"0.000000001s", 1},
	{"1.5h", 5400 * NSEC_PER_SEC},
	{"0.25min", 15 * NSEC_PER_SEC},
	{"1.00000000000000000000000000001s", NSEC_PER_SEC},
	{"106751d", 106751ULL * 86400 * NSEC_PER_SEC},
};

static const char *const bad[] = {
	"",
	" ",
	"5",
	"s",
	"ms",
	"5 s",
	" 5s",
	"5s ",
	"-5s",
	"+5s",
	".5s",
	"5.s",
	"1.2.3s",
	"5S",
	"5sec",
	"5ns",
	"5m",
	"1e3s",
	"0x10s",
	"5s10ms",
	"1,5s",
	"inf",
	"nan",
	"106752d",
	"99999999999999999999s",
	"18446744073709551616us",
	"1\xd9\xa0s",
};

static void parses_durations(void **state)
{
	uint64_t ns;

	(void)state;
	for (size_t i = 0; i < sizeof(good) / sizeof(good[0]); i++) {
		ns = 42;
		assert_int_equal(clock_parse_duration(good[i].text, &ns), 0);
		assert_int_equal(ns, good[i].ns);
	}
	for (size_t i = 0; i < sizeof(bad) / sizeof(bad[0]); i++) {
		ns = 42;
		if (clock_parse_duration(bad[i], &ns) != -EINVAL)
			fail_msg("\"%s\" is not a duration", bad[i]);
		assert_int_equal(ns, 42);
	}
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(tells_instants),
		cmocka_unit_test(tells_local_time),
		cmocka_unit_test(tells_durations),
		cmocka_unit_test(parses_durations),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
