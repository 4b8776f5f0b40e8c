// SPDX-License-Identifier: GPL-2.0-or-later
/* Tests of actions, policies and --restart. */
// WRAP: malloc calloc realloc strdup strndup
#include <errno.h>
#include <setjmp.h>
#include <signal.h>
#include <stdarg.h>
#include <stdint.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include <cmocka.h>

#include "core/clock.h"
#include "core/config.h"

#define LENGTH(array) (sizeof(array) / sizeof((array)[0]))

/* How many more allocations succeed; negative: all. */
static int allocations = -1;

static bool no_more(void)
{
	if (allocations > 0)
		allocations--;
	return allocations == 0;
}

void *__real_malloc(size_t size);
void *__real_calloc(size_t count, size_t size);
void *__real_realloc(void *old, size_t size);
char *__real_strdup(const char *s);
char *__real_strndup(const char *s, size_t len);
void *__wrap_malloc(size_t size);
void *__wrap_calloc(size_t count, size_t size);
void *__wrap_realloc(void *old, size_t size);
char *__wrap_strdup(const char *s);
char *__wrap_strndup(const char *s, size_t len);

void *__wrap_malloc(size_t size)
{
	return no_more() ? NULL : __real_malloc(size);
}

void *__wrap_calloc(size_t count, size_t size)
{
	return no_more() ? NULL : __real_calloc(count, size);
}

void *__wrap_realloc(void *old, size_t size)
{
	return no_more() ? NULL : __real_realloc(old, size);
}

char *__wrap_strdup(const char *s)
{
	return no_more() ? NULL : __real_strdup(s);
}

char *__wrap_strndup(const char *s, size_t len)
{
	return no_more() ? NULL : __real_strndup(s, len);
}

static void actions(void **state)
{
	static const struct {
		const char *text;
		enum action_type type;
		const char *argument;
		int signo;
		uint64_t timeout;
	} rows[] = {
		{"restart", ACTION_RESTART, NULL, 0, 0},
		{"  restart\t", ACTION_RESTART, NULL, 0, 0},
		{"restart-unit redis.service", ACTION_RESTART_UNIT, "redis.service", 0, 0},
		{"restart-unit redis", ACTION_RESTART_UNIT, "redis.service", 0, 0},
		{"restart-unit a.b", ACTION_RESTART_UNIT, "a.b.service", 0, 0},
		{"restart-unit foo@bar", ACTION_RESTART_UNIT, "foo@bar.service", 0, 0},
		{"restart-unit foo.socket", ACTION_RESTART_UNIT, "foo.socket", 0, 0},
		{"restart-unit a\\x2db.service", ACTION_RESTART_UNIT, "a\\x2db.service", 0, 0},
		{"restart-command /etc/init.d/x restart", ACTION_RESTART_COMMAND, "/etc/init.d/x restart", 0,
		 0},
		{"restart-command   sleep 5s  ", ACTION_RESTART_COMMAND, "sleep 5s", 0, 0},
		{"respawn", ACTION_RESPAWN, NULL, 0, 0},
		{"signal TERM", ACTION_SIGNAL, NULL, SIGTERM, 0},
		{"signal SIGABRT 2s", ACTION_SIGNAL, NULL, SIGABRT, 2 * NSEC_PER_SEC},
		{"signal  9   100ms", ACTION_SIGNAL, NULL, SIGKILL, 100 * NSEC_PER_MSEC},
		{"exec logger -t x 'a b'", ACTION_EXEC, "logger -t x 'a b'", 0, 0},
		{"exec sleep 2s", ACTION_EXEC, "sleep 2s", 0, 0},
		{"none", ACTION_NONE, NULL, 0, 0},
	};

	(void)state;
	for (size_t i = 0; i < LENGTH(rows); i++) {
		struct action action;
		char *error = NULL;

		if (action_parse(&action, rows[i].text, &error) < 0)
			fail_msg("%s: %s", rows[i].text, error);
		assert_int_equal(action.type, rows[i].type);
		assert_int_equal(action.signo, rows[i].signo);
		assert_true(action.timeout == rows[i].timeout);
		if (rows[i].argument)
			assert_string_equal(action.argument, rows[i].argument);
		else
			assert_null(action.argument);
		assert_non_null(strstr(rows[i].text, action.text));
		assert_memory_equal(action.text, action_type_name(action.type),
				    strlen(action_type_name(action.type)));
		action_free(&action);
		assert_null(action.text);
	}
}

static void bad_actions(void **state)
{
	static const struct {
		const char *text, *says;
	} rows[] = {
		{"", "an action is empty: use restart,"},
		{" \t", "an action is empty"},
		{"restrt", "unknown action 'restrt': use restart, restart-unit NAME,"},
		{"Restart", "unknown action 'Restart'"},
		{"restart,respawn", "unknown action 'restart,respawn'"},
		{"\x1b[31m x", "unknown action"},
		{"restart nginx", "restart takes nothing after it, but there is 'nginx'"},
		{"respawn 2s", "respawn takes nothing"},
		{"none at all", "none takes nothing"},
		{"restart-unit", "write restart-unit NAME"},
		{"restart-unit ", "write restart-unit NAME"},
		{"restart-unit a b", "no name of a systemd unit"},
		{"restart-unit ../x.service", "no name of a systemd unit"},
		{"restart-unit a;b", "no name of a systemd unit"},
		{"restart-unit .service", "no name of a systemd unit"},
		{"restart-unit foo@.service", "name an instance, as in foo@NAME.service"},
		{"restart-unit foo@", "name an instance"},
		{"restart-command", "write restart-command COMMAND"},
		{"exec  ", "write exec COMMAND"},
		{"signal", "write signal NAME [DURATION]"},
		{"signal FOO", "unknown signal 'FOO'"},
		{"signal 0", "unknown signal '0'"},
		{"signal 65", "unknown signal '65'"},
		{"signal AVERYLONGNAMETHATNOSIGNALEVERWOULDHAVE", "unknown signal"},
		{"signal TERM 2", "write for example signal TERM 2s"},
		{"signal TERM 0s", "write for example signal TERM 2s"},
		{"signal TERM 2s 3s", "write for example signal TERM 2s"},
		{"signal TERM,KILL", "unknown signal 'TERM,KILL'"},
	};

	(void)state;
	for (size_t i = 0; i < LENGTH(rows); i++) {
		struct action action = {.text = (char *)0x5a};
		char *error = NULL;

		assert_int_equal(action_parse(&action, rows[i].text, &error), -EINVAL);
		assert_ptr_equal(action.text, (char *)0x5a);
		if (!error || !strstr(error, rows[i].says))
			fail_msg("'%s': %s", rows[i].text, error ? error : "no sentence");
		free(error);
		assert_int_equal(action_parse(&action, rows[i].text, NULL), -EINVAL);
	}
}

static void long_unit_names(void **state)
{
	char text[400] = "restart-unit ", *error = NULL;
	struct action action;

	(void)state;
	memset(text + strlen(text), 'a', 300);
	assert_int_equal(action_parse(&action, text, &error), -EINVAL);
	free(error);
}

static void defaults(void **state)
{
	static const struct {
		const char *name;
		uint64_t seconds;
	} stalls[STALL_KIND_COUNT] = {{"deadlock", 1}, {"lock", 10},	 {"io", 10},
				      {"syscall", 30}, {"eventloop", 5}, {"spin", 30},
				      {"starved", 2},  {"throttled", 5}, {"stopped", 60}};
	struct config *config = config_new();
	struct policy *policy;

	(void)state;
	assert_true(config->overhead_budget == 1.0);
	for (int kind = 0; kind < STALL_KIND_COUNT; kind++) {
		char fault[64];

		assert_string_equal(stall_kind_name(kind), stalls[kind].name);
		assert_true(config->stall[kind] == stalls[kind].seconds * NSEC_PER_SEC);
		snprintf(fault, sizeof(fault), "stall.%s", stalls[kind].name);
		assert_int_not_equal(fault_by_name(fault), FAULT_NONE);
	}
	assert_null(stall_kind_name(STALL_KIND_COUNT));
	assert_int_equal(config->policy_count, 0);
	policy = config_add_policy(config, "web", "x:1");
	assert_string_equal(policy->name, "web");
	assert_string_equal(policy->origin, "x:1");
	assert_true(policy->backoff.initial == 100 * NSEC_PER_MSEC &&
		    policy->backoff.max == 300 * NSEC_PER_SEC);
	assert_true(policy->backoff.reset_after == 600 * NSEC_PER_SEC);
	assert_true(policy->backoff.factor == 2.0 && policy->backoff.jitter == 0.1);
	assert_true(policy->limit.actions == 5 && policy->limit.within == 300 * NSEC_PER_SEC);
	assert_true(policy->healthy.after == 3 * NSEC_PER_SEC && !policy->healthy.listening);
	assert_null(policy->healthy.command);
	for (int kind = 0; kind < STALL_KIND_COUNT; kind++)
		assert_true(policy->stall[kind] == STALL_INHERIT);
	for (int kind = 0; kind < FAULT_ID_MAX; kind++) {
		const struct fault_info *info = fault_info(kind);
		bool in = info && (info->family == FAMILY_CRASH || info->family == FAMILY_OOM ||
				   info->family == FAMILY_STALL || kind == FAULT_EXIT_FAILURE ||
				   kind == FAULT_KILL_SIGKILL || kind == FAULT_KILL_SIGSEGV ||
				   kind == FAULT_KILL_SIGBUS || kind == FAULT_KILL_SIGABRT ||
				   kind == FAULT_KILL_SIGILL || kind == FAULT_KILL_SIGFPE ||
				   kind == FAULT_KILL_SIGTRAP || kind == FAULT_KILL_SIGSYS);

		assert_int_equal(fault_set_has(&policy->faults, kind), in);
	}
	config_free(config);
	config_free(NULL);
}

static void same_name_replaces_in_its_place(void **state)
{
	struct config *config = config_new();
	struct policy *policy;

	(void)state;
	policy = config_add_policy(config, "a", "f:1");
	assert_int_equal(policy_add_action(policy, "none", NULL), 0);
	assert_int_equal(match_list_add(&policy->match, "x", NULL), 0);
	assert_int_equal(policy_add_requires(policy, "b", NULL), 0);
	policy->stall[STALL_IO] = 0;
	config_add_policy(config, "b", "f:2");
	policy = config_add_policy(config, "a", "g:1");
	assert_int_equal(config->policy_count, 2);
	assert_ptr_equal(policy, &config->policies[0]);
	assert_string_equal(policy->origin, "g:1");
	assert_int_equal(policy->action_count + policy->match.count + policy->requires_count, 0);
	assert_true(policy->stall[STALL_IO] == STALL_INHERIT);
	assert_ptr_equal(config_find(config, "b"), &config->policies[1]);
	assert_null(config_find(config, "c"));
	config_free(config);
}

static void restart_mappings(void **state)
{
	static const struct {
		const char *text, *match, *action;
	} rows[] = {
		{"redis-server", "redis-server", "restart"},
		{"comm:redis-server=respawn", "comm:redis-server", "respawn"},
		{"nginx.service=restart-unit nginx.service", "nginx.service", "restart-unit nginx.service"},
		{"comm:a=signal TERM 2s", "comm:a", "signal TERM 2s"},
		{"comm:a= none ", "comm:a", "none"},
		{"cmd:--port=80", "cmd:--port=80", "restart"},
		{"cmd:--port=80=restart", "cmd:--port=80", "restart"},
		{"cmd:--port=80=exec x=1 y=2", "cmd:--port=80", "exec x=1 y=2"},
		{"cmd:a=b=c,user:0=respawn", "cmd:a=b=c,user:0", "respawn"},
		{"user:0,cmd:a=b", "user:0,cmd:a=b", "restart"},
		{"cmd:--on-fail=restart --x=respawn", "cmd:--on-fail=restart --x", "respawn"},
		{"cmd:--on-fail=restart=respawn", "cmd:--on-fail=restart", "respawn"},
		{"exe:/opt/a=b/bin=restart", "exe:/opt/a=b/bin", "restart"},
		{"comm:a=restart-command FOO=restart bar", "comm:a", "restart-command FOO=restart bar"},
		{"comm:a=exec curl -d action=restart http://x", "comm:a",
		 "exec curl -d action=restart http://x"},
	};

	(void)state;
	for (size_t i = 0; i < LENGTH(rows); i++) {
		struct config *config = config_new();
		char *error = NULL;

		if (config_add_restart(config, rows[i].text, &error) < 0)
			fail_msg("%s: %s", rows[i].text, error);
		assert_null(error);
		assert_int_equal(config->policy_count, 1);
		assert_string_equal(config->policies[0].name, rows[i].match);
		assert_string_equal(config->policies[0].origin, "--restart");
		assert_int_equal(config->policies[0].match.count, 1);
		assert_string_equal(match_text(config->policies[0].match.items[0]), rows[i].match);
		assert_int_equal(config->policies[0].action_count, 1);
		assert_string_equal(config->policies[0].actions[0].text, rows[i].action);
		config_free(config);
	}
}

static void bad_restart_mappings(void **state)
{
	static const struct {
		const char *text, *says;
	} rows[] = {
		{"", "a match is empty"},
		{"=restart", "a match is empty"},
		{"comm:a=", "an action is empty"},
		{"comm:a=restrt", "unknown action 'restrt'"},
		{"exe:/a=b/c", "unknown action 'b/c'"},
		{"foo:x=restart", "unknown match key 'foo'"},
		{"comm:a=signal FOO", "unknown signal 'FOO'"},
		{"comm:a=restart-unit", "write restart-unit NAME"},
		{"comm:a=restart now", "restart takes nothing"},
		{"cmd:(=restart", "not a POSIX extended regular expression"},
		{"comm:a=signal FOO=restart extra", "unknown signal"},
	};
	struct config *config = config_new();

	(void)state;
	for (size_t i = 0; i < LENGTH(rows); i++) {
		char *error = NULL;

		assert_int_equal(config_add_restart(config, rows[i].text, &error), -EINVAL);
		if (!error || !strstr(error, rows[i].says))
			fail_msg("'%s': %s", rows[i].text, error ? error : "no sentence");
		free(error);
		assert_int_equal(config_add_restart(config, rows[i].text, NULL), -EINVAL);
		assert_int_equal(config->policy_count, 0);
	}
	config_free(config);
}

static void restart_goes_in_front(void **state)
{
	struct config *config = config_new();
	char *error = NULL;

	(void)state;
	config_add_policy(config, "file", "f:1");
	assert_int_equal(config_add_restart(config, "one", NULL), 0);
	assert_int_equal(config_add_restart(config, "two=none", NULL), 0);
	config_add_policy(config, "one", "f:2"); /* of that name, but not the same thing */
	assert_int_equal(config->policy_count, 4);
	assert_string_equal(config->policies[0].name, "one");
	assert_string_equal(config->policies[1].name, "two");
	assert_string_equal(config->policies[2].name, "file");
	assert_string_equal(config->policies[3].origin, "f:2");
	assert_int_equal(config_add_restart(config, "two=restart", &error), -EINVAL);
	assert_non_null(strstr(error, "names 'two' twice"));
	free(error);
	assert_int_equal(config->policy_count, 4);
	config_free(config);
}

static void first_policy_wins(void **state)
{
	struct process web = {.name = "nginx"}, other = {.name = "redis"};
	struct config *config = config_new();
	struct policy *policy;

	(void)state;
	policy = config_add_policy(config, "oom", "f:1");
	assert_int_equal(match_list_add(&policy->match, "ngi*", NULL), 0);
	policy->faults = (struct fault_set){0};
	fault_set_apply(&policy->faults, "oom");
	policy = config_add_policy(config, "web", "f:2");
	assert_int_equal(match_list_add(&policy->match, "apache", NULL), 0);
	assert_int_equal(match_list_add(&policy->match, "nginx", NULL), 0);
	policy = config_add_policy(config, "late", "f:3");
	assert_int_equal(match_list_add(&policy->match, "nginx", NULL), 0);
	fault_set_apply(&policy->faults, "all");

	assert_string_equal(config_policy_for(config, &web, FAULT_OOM_HOST)->name, "oom");
	assert_string_equal(config_policy_for(config, &web, FAULT_CRASH_SIGSEGV)->name, "web");
	assert_string_equal(config_policy_for(config, &web, FAULT_KILL_SIGTERM)->name, "late");
	assert_null(config_policy_for(config, &other, FAULT_CRASH_SIGSEGV));
	assert_null(config_policy_for(config, &web, FAULT_NONE));
	assert_true(config_names(config, &web));
	assert_false(config_names(config, &other));
	config_free(config);
}

static void lists_are_bounded(void **state)
{
	struct config *config = config_new();
	struct policy *policy = config_add_policy(config, "p", "f:1");
	char *error = NULL, name[32];

	(void)state;
	for (int i = 0; i < POLICY_ACTIONS_MAX; i++)
		assert_int_equal(policy_add_action(policy, "restart", NULL), 0);
	assert_int_equal(policy_add_action(policy, "restart", &error), -EINVAL);
	assert_non_null(strstr(error, "more than 16 actions"));
	free(error);
	for (int i = 0; i < POLICY_REQUIRES_MAX; i++)
		assert_int_equal(policy_add_requires(policy, "q", NULL), 0);
	assert_int_equal(policy_add_requires(policy, "q", &error), -EINVAL);
	assert_non_null(strstr(error, "more than 64 others"));
	free(error);
	for (int i = 1; i < CONFIG_POLICIES_MAX; i++) {
		snprintf(name, sizeof(name), "p%d", i);
		assert_non_null(config_add_policy(config, name, "f:1"));
	}
	assert_null(config_add_policy(config, "one more", "f:1"));
	assert_non_null(config_add_policy(config, "p7", "f:2"));
	assert_int_equal(config_add_restart(config, "x", NULL), -EINVAL);
	config_free(config);
}

/* Whichever allocation fails, nothing is half added, nothing leaks and no sentence is invented. */
static void memory_runs_out(void **state)
{
	static const char *const texts[] = {"unit:a,cmd:x=1,comm:b=restart-unit redis", "comm:foo=exec x",
					    "a"};

	(void)state;
	for (size_t i = 0; i < LENGTH(texts); i++) {
		int r = -ENOMEM, tries;

		for (tries = 1; r < 0; tries++) {
			struct config *config = config_new();
			char *error = NULL;

			assert_non_null(config);
			assert_non_null(config_add_policy(config, "file", "f:1"));
			allocations = tries;
			r = config_add_restart(config, texts[i], &error);
			allocations = -1;
			assert_true(r == 0 || r == -ENOMEM);
			assert_null(error);
			assert_string_equal(config->policies[r == 0 ? 1 : 0].name, "file");
			config_free(config);
		}
		assert_in_range(tries, 8, 40);
	}
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(actions),
		cmocka_unit_test(bad_actions),
		cmocka_unit_test(long_unit_names),
		cmocka_unit_test(defaults),
		cmocka_unit_test(same_name_replaces_in_its_place),
		cmocka_unit_test(restart_mappings),
		cmocka_unit_test(bad_restart_mappings),
		cmocka_unit_test(restart_goes_in_front),
		cmocka_unit_test(first_policy_wins),
		cmocka_unit_test(lists_are_bounded),
		cmocka_unit_test(memory_runs_out),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
