// SPDX-License-Identifier: GPL-2.0-or-later
/* Tests of the catalogue: kinds, families, signals, and lists of fault names. */
#include <errno.h>
#include <setjmp.h>
#include <signal.h>
#include <stdarg.h>
#include <stdio.h>
#include <string.h>
#include <strings.h>

#include <cmocka.h>

#include "core/catalogue.h"

#define LENGTH(array) (sizeof(array) / sizeof((array)[0]))

static void every_kind_is_whole(void **state)
{
	unsigned int count = 0;

	(void)state;
	for (int kind = 0; kind < FAULT_ID_MAX; kind++) {
		const struct fault_info *info = fault_info(kind);
		char prefix[32];

		if (!info)
			continue;
		count++;
		assert_int_equal(info->kind, kind);
		assert_int_equal(fault_by_name(info->name), kind);
		snprintf(prefix, sizeof(prefix), "%s.", fault_family_name(info->family));
		assert_memory_equal(info->name, prefix, strlen(prefix));
		assert_in_range(info->severity, 2, 5);
		assert_true(strlen(info->title) > 0);
	}
	assert_true(count > 60);
}

static void what_is_no_kind(void **state)
{
	static const char *const names[] = {
		"",    "crash", "crash.", "crash.sigsegv ", "CRASH.SIGSEGV", "crash.sigsegvx", "\xff\x1b[31m",
		"all", "!oom"};

	(void)state;
	for (size_t i = 0; i < LENGTH(names); i++)
		assert_int_equal(fault_by_name(names[i]), FAULT_NONE);
	assert_int_equal(fault_by_name(NULL), FAULT_NONE);
	assert_null(fault_info(FAULT_NONE));
	assert_null(fault_info(31));
	assert_null(fault_info(FAULT_ID_MAX));
	assert_null(fault_info((enum fault_kind) - 1));
	assert_null(fault_family_name(FAMILY_NONE));
	assert_null(fault_family_name(FAMILY_COUNT));
	assert_null(fault_family_name((enum fault_family) - 1));
	assert_string_equal(fault_family_name(FAMILY_CRASH), "crash");
	assert_string_equal(fault_family_name(FAMILY_SELF), "self");
}

static void signals_have_kinds(void **state)
{
	static const struct {
		int signo;
		enum fault_kind crash, kill;
	} rows[] = {
		{SIGSEGV, FAULT_CRASH_SIGSEGV, FAULT_KILL_SIGSEGV},
		{SIGABRT, FAULT_CRASH_SIGABRT, FAULT_KILL_SIGABRT},
		{SIGSYS, FAULT_CRASH_SIGSYS, FAULT_KILL_SIGSYS},
		{SIGXFSZ, FAULT_CRASH_SIGXFSZ, FAULT_KILL_SIGXFSZ},
		{SIGKILL, FAULT_NONE, FAULT_KILL_SIGKILL},
		{SIGQUIT, FAULT_NONE, FAULT_KILL_SIGQUIT},
		{SIGTERM, FAULT_NONE, FAULT_KILL_SIGTERM},
		{SIGIO, FAULT_NONE, FAULT_KILL_SIGIO},
		{32, FAULT_NONE, FAULT_KILL_REALTIME},
		{64, FAULT_NONE, FAULT_KILL_REALTIME},
		{SIGCHLD, FAULT_NONE, FAULT_NONE},
		{SIGSTOP, FAULT_NONE, FAULT_NONE},
		{0, FAULT_NONE, FAULT_NONE},
		{-1, FAULT_NONE, FAULT_NONE},
		{65, FAULT_NONE, FAULT_NONE},
		{1 << 30, FAULT_NONE, FAULT_NONE},
	};

	(void)state;
	for (size_t i = 0; i < LENGTH(rows); i++) {
		assert_int_equal(fault_crash_of_signal(rows[i].signo), rows[i].crash);
		assert_int_equal(fault_kill_of_signal(rows[i].signo), rows[i].kill);
	}
	for (int signo = 1; signo < 32; signo++) {
		enum fault_kind kill = fault_kill_of_signal(signo), crash = fault_crash_of_signal(signo);

		if (kill)
			assert_int_equal(
				strcasecmp(fault_info(kill)->name + strlen("kill."), signal_name(signo)), 0);
		if (crash)
			assert_int_equal(
				strcasecmp(fault_info(crash)->name + strlen("crash."), signal_name(signo)),
				0);
	}
}

static void signals_have_names(void **state)
{
	static const struct {
		const char *name;
		int signo;
	} rows[] = {
		{"SEGV", SIGSEGV},
		{"SIGSEGV", SIGSEGV},
		{"sigsegv", SIGSEGV},
		{"segv", SIGSEGV},
		{"11", 11},
		{"IOT", SIGABRT},
		{"SIGPOLL", SIGIO},
		{"CLD", SIGCHLD},
		{"RTMIN", 34},
		{"SIGRTMIN+3", 37},
		{"rtmax-1", 63},
		{"SIGRTMAX", 64},
		{"64", 64},
		{"1", 1},
		{"0", -EINVAL},
		{"65", -EINVAL},
		{"", -EINVAL},
		{"SIG", -EINVAL},
		{"SIGSIGSEGV", -EINVAL},
		{"SEGVX", -EINVAL},
		{"11x", -EINVAL},
		{"-11", -EINVAL},
		{"RTMIN+31", -EINVAL},
		{"RTMIN+", -EINVAL},
		{"RTMIN+-1", -EINVAL},
		{"99999999999999999999", -EINVAL},
		{"\x1b[2J", -EINVAL},
		{" TERM", -EINVAL},
	};

	(void)state;
	for (size_t i = 0; i < LENGTH(rows); i++)
		assert_int_equal(signal_by_name(rows[i].name), rows[i].signo);
	for (int signo = 1; signo <= 64; signo++)
		if (signo != 32 && signo != 33)
			assert_int_equal(signal_by_name(signal_name(signo)), signo);
	assert_string_equal(signal_name(SIGSEGV), "SIGSEGV");
	assert_string_equal(signal_name(33), "SIG33");
	assert_string_equal(signal_name(37), "SIGRTMIN+3");
	assert_string_equal(signal_name(64), "SIGRTMAX");
	assert_string_equal(signal_name(0), "SIG?");
	assert_string_equal(signal_name(-5), "SIG?");
	assert_string_equal(signal_name(65), "SIG?");
}

static void default_set(void **state)
{
	struct fault_set set;

	(void)state;
	memset(&set, 0xff, sizeof(set));
	fault_set_default(&set);
	for (int kind = 0; kind < FAULT_ID_MAX; kind++) {
		const struct fault_info *info = fault_info(kind);
		bool in = info && (kind == FAULT_KILL_SIGKILL ||
				   (info->family != FAMILY_KILL && info->family != FAMILY_EXIT));

		assert_int_equal(fault_set_has(&set, kind), in);
	}
}

static void sets_ignore_what_is_no_kind(void **state)
{
	struct fault_set set = {0}, empty = {0};

	(void)state;
	fault_set_add(&set, FAULT_NONE);
	fault_set_add(&set, (enum fault_kind)31);
	fault_set_add(&set, FAULT_ID_MAX);
	fault_set_add(&set, (enum fault_kind) - 1);
	fault_set_remove(&set, FAULT_ID_MAX);
	assert_memory_equal(&set, &empty, sizeof(set));
	assert_false(fault_set_has(&set, (enum fault_kind) - 1));
	fault_set_add(&set, FAULT_SELF_BREAKER_OPEN);
	assert_true(fault_set_has(&set, FAULT_SELF_BREAKER_OPEN));
	fault_set_remove(&set, FAULT_SELF_BREAKER_OPEN);
	assert_memory_equal(&set, &empty, sizeof(set));
}

static void lists(void **state)
{
	static const struct {
		const char *list;
		enum fault_kind in[3], out[3];
	} rows[] = {
		{"crash", {FAULT_CRASH_SIGSEGV, FAULT_CRASH_SIGXFSZ}, {FAULT_OOM_HOST, FAULT_KILL_SIGKILL}},
		{"crash,oom", {FAULT_CRASH_SIGSEGV, FAULT_OOM_CGROUP, FAULT_OOM_HOST}, {FAULT_EXIT_FAILURE}},
		{" crash ,\t oom\n", {FAULT_CRASH_SIGSEGV, FAULT_OOM_CGROUP}, {FAULT_EXIT_FAILURE}},
		{"exit.failure", {FAULT_EXIT_FAILURE}, {FAULT_EXIT_UNEXPECTED, FAULT_EXIT_LOOP}},
		{"exit.*", {FAULT_EXIT_FAILURE, FAULT_EXIT_LOOP}, {FAULT_CRASH_SIGSEGV}},
		{"all", {FAULT_KILL_SIGTERM, FAULT_SELF_BLIND, FAULT_EXIT_LOOP}, {FAULT_NONE}},
		{"all,!kill",
		 {FAULT_CRASH_SIGBUS, FAULT_EXIT_LOOP},
		 {FAULT_KILL_SIGKILL, FAULT_KILL_SIGTERM}},
		{"all !kill kill.sigkill", {FAULT_KILL_SIGKILL}, {FAULT_KILL_SIGTERM}},
		{"!oom", {FAULT_CRASH_SIGSEGV, FAULT_KILL_SIGKILL}, {FAULT_OOM_HOST, FAULT_EXIT_FAILURE}},
		{"!crash.sigtrap,exit",
		 {FAULT_CRASH_SIGSEGV, FAULT_EXIT_LOOP},
		 {FAULT_CRASH_SIGTRAP, FAULT_KILL_SIGHUP}},
		{"crash,!crash", {FAULT_NONE}, {FAULT_CRASH_SIGSEGV}},
	};

	(void)state;
	for (size_t i = 0; i < LENGTH(rows); i++) {
		struct fault_set set;

		assert_int_equal(fault_set_parse(&set, rows[i].list, NULL, 0), 0);
		for (size_t k = 0; k < 3; k++) {
			if (rows[i].in[k])
				assert_true(fault_set_has(&set, rows[i].in[k]));
			if (rows[i].out[k])
				assert_false(fault_set_has(&set, rows[i].out[k]));
		}
	}
}

static void bad_lists(void **state)
{
	static const struct {
		const char *list, *bad;
	} rows[] = {
		{"", ""},
		{" , ,", ""},
		{"crsh", "crsh"},
		{"crash,ooom,kill", "ooom"},
		{"crash.sigsegv.x", "crash.sigsegv.x"},
		{"!", "!"},
		{"!!oom", "!!oom"},
		{"crash;oom", "crash;oom"},
		{".*", ".*"},
		{"*", "*"},
		{"crash.", "crash."},
		{"CRASH", "CRASH"},
		{"crash \x1b[31mred", "\x1b[31mred"},
		{"\xc3\x28", "\xc3\x28"},
	};

	(void)state;
	for (size_t i = 0; i < LENGTH(rows); i++) {
		struct fault_set set, before;
		char bad[64];

		memset(&set, 0x5a, sizeof(set));
		before = set;
		assert_int_equal(fault_set_parse(&set, rows[i].list, bad, sizeof(bad)), -EINVAL);
		assert_string_equal(bad, rows[i].bad);
		assert_memory_equal(&set, &before, sizeof(set));
		assert_int_equal(fault_set_parse(&set, rows[i].list, NULL, 0), -EINVAL);
	}
}

static void bad_word_is_cut_to_fit(void **state)
{
	struct fault_set set;
	char bad[4] = "xyz";

	(void)state;
	assert_int_equal(fault_set_parse(&set, "crash,abcdefgh", bad, sizeof(bad)), -EINVAL);
	assert_string_equal(bad, "abc");
	assert_int_equal(fault_set_apply(&set, "abc"), -EINVAL);
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(every_kind_is_whole),
		cmocka_unit_test(what_is_no_kind),
		cmocka_unit_test(signals_have_kinds),
		cmocka_unit_test(signals_have_names),
		cmocka_unit_test(default_set),
		cmocka_unit_test(sets_ignore_what_is_no_kind),
		cmocka_unit_test(lists),
		cmocka_unit_test(bad_lists),
		cmocka_unit_test(bad_word_is_cut_to_fit),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
