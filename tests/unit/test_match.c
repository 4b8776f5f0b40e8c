// SPDX-License-Identifier: GPL-2.0-or-later
/* Tests of MATCH: what is accepted, what it matches, and what is said about the rest. */
#include <errno.h>
#include <setjmp.h>
#include <stdarg.h>
#include <stdint.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include <cmocka.h>

#include "core/match.h"

#define LENGTH(array) (sizeof(array) / sizeof((array)[0]))

static int resolve(const char *name, uid_t *ret_uid)
{
	if (!strcmp(name, "www-data"))
		*ret_uid = 33;
	else if (!strcmp(name, "root"))
		*ret_uid = 0;
	else
		return !strcmp(name, "broken") ? -EIO : -ENOENT;
	return 0;
}

static const char args[] = "/usr/sbin/nginx\0-g\0daemon off;\0--port=80,81";

static const struct process nginx = {
	.pid = 1234,
	.has_uid = true,
	.uid = 33,
	.name = "nginx",
	.exe = "/usr/sbin/nginx",
	.cgroup = "/system.slice/nginx.service",
	.unit = "nginx.service",
	.container = "0123456789abcdef",
	.args = args,
	.args_len = sizeof(args),
};

/* All that a process can be without anything being known of it. */
static const struct process unknown = {.pid = 0};

static bool matches(const char *text, const struct process *process)
{
	struct match *match = NULL;
	char *error = NULL;
	bool result;

	if (match_parse(&match, text, &error) < 0)
		fail_msg("%s: %s", text, error);
	assert_null(error);
	assert_string_equal(match_text(match), text);
	result = match_process(match, process);
	assert_false(match_process(match, &unknown));
	match_free(match);
	return result;
}

static void terms(void **state)
{
	static const struct {
		const char *text;
		bool expected;
	} rows[] = {
		{"exe:/usr/sbin/nginx", true},
		{"exe:/usr/sbin/nginx2", false},
		{"exe:/usr/sbin/ngin", false},
		{"exe:/usr/*", true}, /* crosses "/" */
		{"exe:*/nginx", true},
		{"exe:/usr/sbin/[mn]ginx", true},
		{"exe:/usr/sbin/ngin?", true},
		{"exe:\\/usr/sbin/nginx", true},
		{"/usr/sbin/nginx", true},
		{"/usr/*/nginx", true},
		{"/opt/a:b", false},
		{"comm:nginx", true},
		{"comm:ngin*", true},
		{"comm:NGINX", false},
		{"comm:nginx2", false},
		{"nginx", true},
		{"ngin*", true},
		{"*", true},
		{"redis", false},
		{"unit:nginx.service", true},
		{"unit:nginx", true}, /* as systemctl reads it */
		{"unit:nginx*", true},
		{"unit:*.service", true},
		{"unit:nginx.socket", false},
		{"nginx.service", true},
		{"redis.service", false},
		{"cgroup:/system.slice/*", true},
		{"cgroup:/system.slice", false},
		{"cgroup:*nginx*", true},
		{"container:0123", true},
		{"container:0123456789abcdef", true},
		{"container:0123456789abcdef0", false},
		{"container:1234", false},
		{"user:www-data", true},
		{"user:33", true},
		{"user:033", true},
		{"user:root", false},
		{"user:4294967294", false},
		{"pid:1234", true},
		{"pid:12345", false},
		{"pid:4194304", false},
		{"cmd:nginx", true},
		{"cmd:^/usr/sbin/nginx -g daemon off; --port=80,81$", true},
		{"cmd:^nginx", false},
		{"cmd:--port=(80|81)", true},
		{"cmd:port=[0-9]{1,2}", true}, /* this comma is the regex's */
		{"cmd:80,81", true},
		{"cmd:80\\,81", true},
		{"cmd:80,82", false},
		{"cmd:daemon\\ off", true},
		{"cmd:daemon off, user:33", true},
		{"cmd:daemon off ,user:33", false}, /* this blank is the regex's */
		{"cmd:daemon off,user:33", true},
		{"cmd:daemon off;,  user:33", true},
		{"cmd:port=[0-9]{1,2},user:33", true},
		{"cmd:port=[0-9]{1,2},user:0", false},
		{"cmd:80\\,user:81", false}, /* quoted: still the regex */
		{"cmd:80,comma", false},
		{"cmd:nginx,", false}, /* a comma at the end is the regex's, too */
		{"user:www-data,comm:nginx", true},
		{"user:www-data , comm:nginx ", true},
		{"user:www-data,comm:redis", false},
		{"user:root,comm:nginx", false},
		{"user:www-data,nginx", true},
		{"nginx,/usr/sbin/nginx,nginx.service", true},
		{"comm:n*,comm:*x", true},
		{"comm:n*,comm:*y", false},
		{"exe:/a\\,b", false},
	};

	(void)state;
	for (size_t i = 0; i < LENGTH(rows); i++)
		if (matches(rows[i].text, &nginx) != rows[i].expected)
			fail_msg("%s: %s", rows[i].text, rows[i].expected ? "does not match" : "matches");
}

static void names_are_cut_as_the_kernel_cuts_them(void **state)
{
	struct process process = {.pid = 1, .name = "gunicorn-master"};

	(void)state;
	assert_true(matches("gunicorn-master", &process));
	assert_true(matches("comm:gunicorn-master-process", &process));
	assert_true(matches("gunicorn-master-process", &process));
	assert_false(matches("comm:gunicorn-mastex-process", &process));
	assert_false(matches("comm:gunicorn-*-process", &process));
}

static void odd_names(void **state)
{
	static const struct {
		const char *text;
		struct process process;
		bool expected;
	} rows[] = {
		{"comm:a\\,b", {.name = "a,b"}, true},
		{"comm:a\\*", {.name = "a*"}, true},
		{"comm:a\\*", {.name = "ab"}, false},
		{"comm:kworker/0:1", {.name = "kworker/0:1"}, true},
		{"kworker/0:1", {.name = "kworker/0:1"}, true},
		{"comm:*", {.name = "\x1b[31m\xff"}, true},
		{"comm:\xff*", {.name = "\xff\xfe"}, true},
		{"unit:a\\x2db", {.unit = "a\\x2db.service"}, true},
		{"unit:a\\x2db.service", {.unit = "a\\x2db.service"}, true},
		{"unit:a\\x2d*", {.unit = "a\\x2db.service"}, true},
		{"cgroup:*/a\\x2db.service", {.cgroup = "/system.slice/a\\x2db.service"}, true},
		{"cgroup:/", {.cgroup = "/"}, true},
		{"exe:/opt/my app/x", {.exe = "/opt/my app/x"}, true},
		{"/opt/my app/x", {.exe = "/opt/my app/x"}, true},
		{"exe:/opt/a=b", {.exe = "/opt/a=b"}, true},
		{"exe:/x", {.exe = ""}, false},
		{"exe:*", {.exe = ""}, false},
		{"cmd:.*", {.args = "\0\0", .args_len = 2}, false},
		{"cmd:^a  b$", {.args = "a\0\0b", .args_len = 5}, true},
		{"cmd:^a b$", {.args = "a\0b", .args_len = 3}, true},
		{"user:0", {.has_uid = false}, false},
		{"user:0", {.has_uid = true}, true},
	};

	(void)state;
	for (size_t i = 0; i < LENGTH(rows); i++)
		if (matches(rows[i].text, &rows[i].process) != rows[i].expected)
			fail_msg("%s: %s", rows[i].text, rows[i].expected ? "does not match" : "matches");
}

static void long_command_lines_are_cut(void **state)
{
	char *line = malloc(100000);
	struct process process = {.args = line, .args_len = 100000};

	(void)state;
	memset(line, 'a', 100000);
	line[4090] = 'X';
	line[5000] = 'Y';
	assert_true(matches("cmd:aXa", &process));
	assert_false(matches("cmd:aYa", &process));
	free(line);
}

static void errors(void **state)
{
	static const struct {
		const char *text, *says;
	} rows[] = {
		{"", "empty"},
		{"   ", "empty"},
		{",", "empty"},
		{"comm:a,", "empty"},
		{"comm:a,,comm:b", "empty"},
		{",comm:a", "empty"},
		{"foo:bar",
		 "unknown match key 'foo': use exe, comm, cmd, unit, cgroup, container, user or pid"},
		{"comm:a,foo:bar", "unknown match key 'foo'"},
		{":x", "unknown match key ''"},
		{"EXE:/x", "unknown match key 'EXE'"},
		{"comm:", "write comm:GLOB"},
		{"cmd:", "write cmd:REGEX"},
		{"user:", "write user:NAME"},
		{"pid:", "write pid:N"},
		{"container: ,comm:a", "write container:ID"},
		{"exe:nginx", "write exe:*/nginx, or comm:nginx"},
		{"cgroup:system.slice", "write cgroup:/system.slice"},
		{"cmd:(", "not a POSIX extended regular expression"},
		{"cmd:a{2", "not a POSIX extended regular expression"},
		{"cmd:[z-a]", "not a POSIX extended regular expression"},
		{"user:nobody-here", "there is no user 'nobody-here'"},
		{"user:broken", "cannot be looked up"},
		{"user:4294967295", "the highest is 4294967294"},
		{"user:99999999999999999999999", "the highest is 4294967294"},
		{"user:-1", "there is no user '-1'"},
		{"pid:0", "from 1 to 4194304"},
		{"pid:4194305", "from 1 to 4194304"},
		{"pid:-1", "from 1 to 4194304"},
		{"pid:1x", "from 1 to 4194304"},
		{"pid:99999999999999999999999", "from 1 to 4194304"},
		{"a,a,a,a,a,a,a,a,a,a,a,a,a,a,a,a,a", "more than 16 terms"},
	};

	(void)state;
	for (size_t i = 0; i < LENGTH(rows); i++) {
		struct match *match = (struct match *)0x5a;
		char *error = NULL;

		assert_int_equal(match_parse(&match, rows[i].text, &error), -EINVAL);
		assert_ptr_equal(match, (void *)0x5a);
		if (!error || !strstr(error, rows[i].says))
			fail_msg("'%s': %s", rows[i].text, error ? error : "no sentence");
		free(error);
		assert_int_equal(match_parse(&match, rows[i].text, NULL), -EINVAL);
	}
}

static void text_is_bounded(void **state)
{
	char *text = malloc(MATCH_TEXT_MAX + 2), *error = NULL;
	struct match *match;

	(void)state;
	memset(text, 'a', MATCH_TEXT_MAX + 1);
	text[MATCH_TEXT_MAX + 1] = '\0';
	assert_int_equal(match_parse(&match, text, &error), -EINVAL);
	assert_non_null(strstr(error, "longer than 4096"));
	free(error);
	text[MATCH_TEXT_MAX] = '\0';
	assert_int_equal(match_parse(&match, text, NULL), 0);
	match_free(match);
	free(text);
}

static void names_need_a_resolver(void **state)
{
	struct match *match;
	char *error = NULL;

	(void)state;
	match_user_resolver = NULL;
	assert_int_equal(match_parse(&match, "user:root", &error), -EINVAL);
	assert_non_null(strstr(error, "give the user's number"));
	free(error);
	assert_int_equal(match_parse(&match, "user:0", NULL), 0);
	match_free(match);
	match_user_resolver = resolve;
}

static void list_is_any(void **state)
{
	struct match_list list = {0};
	char *error = NULL;

	(void)state;
	assert_false(match_any(&list, &nginx));
	assert_int_equal(match_list_add(&list, "comm:redis", NULL), 0);
	assert_false(match_any(&list, &nginx));
	assert_int_equal(match_list_add(&list, "foo:bar", &error), -EINVAL);
	free(error);
	assert_int_equal(list.count, 1);
	assert_int_equal(match_list_add(&list, "comm:nginx", NULL), 0);
	assert_true(match_any(&list, &nginx));
	while (list.count < MATCH_LIST_MAX)
		assert_int_equal(match_list_add(&list, "a", NULL), 0);
	assert_int_equal(match_list_add(&list, "a", NULL), -EINVAL);
	match_list_free(&list);
	assert_int_equal(list.count, 0);
	assert_false(match_any(&list, &nginx));
	match_free(NULL);
}

/* Whatever the bytes: parsed or refused with a sentence, nothing in between. */
static void random_texts(void **state)
{
	static const char *const pieces[] = {"exe:", "comm:", "cmd:", "user:", "pid:", ",",	"\\,",	"\\",
					     " ",    "/",     "*",    "[",     "]",    "{1,2}", "(",	")",
					     "33",   "root",  "a",    "=",     "\xff", ":",	"unit:"};
	unsigned int seed = 1;

	(void)state;
	for (int round = 0; round < 20000; round++) {
		char text[256] = "", *error = NULL;
		struct match *match;

		for (int i = rand_r(&seed) % 8; i >= 0; i--)
			strcat(text, pieces[rand_r(&seed) % LENGTH(pieces)]);
		if (match_parse(&match, text, &error) == 0) {
			assert_null(error);
			match_process(match, &nginx);
			assert_false(match_process(match, &unknown));
			match_free(match);
		} else {
			assert_non_null(error);
			free(error);
		}
	}
}

/* What may still come true: never a licence to act, so match_process() has to say no to the same process. */
static void what_may_come_to_match(void **state)
{
	static const struct {
		const char *text;
		bool may;
	} rows[] = {
		{"user:root,comm:nginx", true},
		{"cgroup:/elsewhere,exe:/usr/sbin/nginx", true},
		{"unit:other.service,container:ff,cmd:daemon", true},
		{"user:www-data,comm:other", false},
		{"user:root,exe:/usr/sbin/other", false},
		{"user:root,pid:99", false},
		/* Nothing that lasts holds it to this process. */
		{"user:root", false},
		{"unit:other.service", false},
	};

	(void)state;
	for (size_t i = 0; i < LENGTH(rows); i++) {
		struct match *match = NULL;

		if (match_parse(&match, rows[i].text, NULL) < 0)
			fail_msg("%s", rows[i].text);
		if (match_may(match, &nginx) != rows[i].may || match_process(match, &nginx))
			fail_msg("%s", rows[i].text);
		match_free(match);
	}
}

static void names_at_exec(void **state)
{
	static const struct {
		const char *text, *name;
		unsigned int kind;
	} rows[] = {
		{"nginx", "nginx", FE_NAME_COMM},
		{"comm:a-name-that-is-too-long", "a-name-that-is-", FE_NAME_COMM},
		{"user:0,comm:nginx", "nginx", FE_NAME_COMM},
		{"/usr/sbin/nginx", "nginx", FE_NAME_EXE},
		{"exe:/usr/sbin/a-name-that-is-too-long", "a-name-that-is-", FE_NAME_EXE},
		{"exe:/opt/*/bin/app", "app", FE_NAME_EXE},
		/* Nothing that all of them are called. */
		{"comm:ngin*", "", 0},
		{"comm:n?inx", "", 0},
		{"exe:/usr/sbin/*", "", 0},
		{"exe:*nginx", "", 0},
		{"exe:/usr/sbin[/]nginx", "", 0},
		{"exe:/usr/sbin/ng\\inx", "", 0},
		{"exe:/usr/sbin/", "", 0},
		{"unit:nginx.service", "", 0},
		{"user:0", "", 0},
		{"cmd:nginx", "", 0},
		{"pid:1", "", 0},
	};

	(void)state;
	for (size_t i = 0; i < LENGTH(rows); i++) {
		char name[FE_COMM_SIZE + 1] = "", expected[FE_COMM_SIZE] = "";
		struct match *match = NULL;
		unsigned int kind;

		if (match_parse(&match, rows[i].text, NULL) < 0)
			fail_msg("%s", rows[i].text);
		kind = match_exec_name(match, name);
		match_free(match);
		memcpy(expected, rows[i].name, strlen(rows[i].name));
		if (kind != rows[i].kind || (kind && memcmp(name, expected, FE_COMM_SIZE) != 0))
			fail_msg("%s: %u '%s'", rows[i].text, kind, name);
	}
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(terms),
		cmocka_unit_test(names_are_cut_as_the_kernel_cuts_them),
		cmocka_unit_test(odd_names),
		cmocka_unit_test(long_command_lines_are_cut),
		cmocka_unit_test(errors),
		cmocka_unit_test(text_is_bounded),
		cmocka_unit_test(names_need_a_resolver),
		cmocka_unit_test(list_is_any),
		cmocka_unit_test(random_texts),
		cmocka_unit_test(names_at_exec),
		cmocka_unit_test(what_may_come_to_match),
	};

	match_user_resolver = resolve;
	return cmocka_run_group_tests(tests, NULL, NULL);
}
