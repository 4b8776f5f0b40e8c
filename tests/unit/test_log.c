// SPDX-License-Identifier: GPL-2.0-or-later
/* The daemon's own voice: escaped, one line each, and never waiting for whoever reads stderr. */
#include <errno.h>
#include <fcntl.h>
#include <limits.h>
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>

#include <cmocka.h>

#include "core/log.h"

static int reader, saved;

static int redirect(void **state)
{
	int p[2];

	(void)state;
	if (pipe(p) < 0)
		return -1;
	fcntl(p[0], F_SETFL, O_NONBLOCK);
	saved = dup(STDERR_FILENO);
	dup2(p[1], STDERR_FILENO);
	close(p[1]);
	reader = p[0];
	return 0;
}

static int restore(void **state)
{
	(void)state;
	dup2(saved, STDERR_FILENO);
	close(saved);
	close(reader);
	log_max_level = LOG_LEVEL_NOTICE;
	return 0;
}

static const char *heard(void)
{
	static char buf[8192];
	ssize_t n = read(reader, buf, sizeof(buf) - 1);

	buf[n > 0 ? n : 0] = '\0';
	return buf;
}

static void levels_and_prefixes(void **state)
{
	(void)state;
	errno = ENOENT;
	log_notice("armed: %d programs", 8);
	log_error("no");
	log_warning("hm");
	log_info("not heard");
	log_debug("not heard");
	assert_int_equal(errno, ENOENT);
	assert_string_equal(heard(), "faultd: armed: 8 programs\nfaultd: error: no\nfaultd: warning: hm\n");
	log_max_level = LOG_LEVEL_DEBUG;
	log_info("heard");
	log_debug("heard");
	assert_string_equal(heard(), "faultd: heard\nfaultd: debug: heard\n");
}

static void hostile_words_stay_on_one_line(void **state)
{
	(void)state;
	log_error("\x1b[2J%s\n", "x\r\nfaultd: armed\xff");
	assert_string_equal(heard(), "faultd: error: \\x1b[2Jx\\x0d\\x0afaultd: armed\\xff\\x0a\n");
}

static void long_lines_are_cut(void **state)
{
	static char s[10000];
	const char *line;

	(void)state;
	memset(s, 'a', sizeof(s) - 1);
	log_error("%s", s);
	line = heard();
	assert_true(strlen(line) <= PIPE_BUF);
	assert_string_equal(line + strlen(line) - 5, "a...\n");
	memset(s, '\x1b', sizeof(s) - 1);
	log_error("%s", s);
	line = heard();
	assert_true(strlen(line) <= PIPE_BUF);
	assert_string_equal(line + strlen(line) - 8, "\\x1b...\n");
}

static void nobody_waits_for_its_reader(void **state)
{
	int lines = 0, dropped;

	(void)state;
	for (int i = 0; i < 10000; i++)
		log_error("a line of some length that fills the pipe before long: %d", i);
	while (*heard())
		lines++;
	assert_true(lines > 0);
	log_error("after the gap");
	assert_int_equal(sscanf(heard(), "faultd: warning: %d lines on stderr were dropped before this one\n",
				&dropped),
			 1);
	assert_in_range(dropped, 1000, 9999);
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test_setup_teardown(levels_and_prefixes, redirect, restore),
		cmocka_unit_test_setup_teardown(hostile_words_stay_on_one_line, redirect, restore),
		cmocka_unit_test_setup_teardown(long_lines_are_cut, redirect, restore),
		cmocka_unit_test_setup_teardown(nobody_waits_for_its_reader, redirect, restore),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
