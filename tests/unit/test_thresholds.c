// SPDX-License-Identifier: GPL-2.0-or-later
/* How long a stall has to last: by the policies of a process, and for whoever has to look. */
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <string.h>

#include <cmocka.h>

#include "core/clock.h"
#include "core/config.h"

#define LENGTH(array) (sizeof(array) / sizeof((array)[0]))

static struct policy *policy_of(struct config *config, const char *name, const char *match)
{
	struct policy *policy = config_add_policy(config, name, "f:1");

	assert_int_equal(match_list_add(&policy->match, match, NULL), 0);
	return policy;
}

static void thresholds_of_a_process(void **state)
{
	struct process web = {.name = "nginx"}, worker = {.name = "ngx"}, other = {.name = "redis"};
	struct config *config = config_new();
	struct policy *policy;

	(void)state;
	policy = policy_of(config, "first", "ngi*");
	policy->stall[STALL_IO] = 30 * NSEC_PER_SEC;
	policy->faults = (struct fault_set){0};
	policy = policy_of(config, "second", "ng*");
	policy->stall[STALL_IO] = 7 * NSEC_PER_SEC;
	policy->stall[STALL_SPIN] = 0;
	config->stall[STALL_LOCK] = 0;

	/* The first that sets the kind, not the first that matches; and whatever it reacts to. */
	assert_true(config_stall_threshold(config, &web, STALL_IO) == 30 * NSEC_PER_SEC);
	assert_true(config_stall_threshold(config, &web, STALL_SPIN) == 0);
	assert_true(config_stall_threshold(config, &web, STALL_DEADLOCK) == 1 * NSEC_PER_SEC);
	assert_true(config_stall_threshold(config, &worker, STALL_IO) == 7 * NSEC_PER_SEC);
	assert_true(config_stall_threshold(config, &other, STALL_IO) == 10 * NSEC_PER_SEC);
	assert_true(config_stall_threshold(config, &other, STALL_SPIN) == 30 * NSEC_PER_SEC);
	assert_true(config_stall_threshold(config, &other, STALL_LOCK) == 0);
	config_free(config);
}

static void least_thresholds(void **state)
{
	static const struct {
		uint64_t all, first, second, least; /* ms */
	} rows[] = {
		{1000, STALL_INHERIT, STALL_INHERIT, 1000},
		{1000, 300, STALL_INHERIT, 300},
		{1000, 300, 200, 200},
		{1000, STALL_INHERIT, 5000, 1000},
		{1000, 0, STALL_INHERIT, 1000},
		{0, STALL_INHERIT, STALL_INHERIT, 0},
		{0, 0, STALL_INHERIT, 0},
		{0, 0, 700, 700},
		{0, 700, 800, 700},
	};
	struct config *config = config_new();
	uint64_t least[STALL_KIND_COUNT];

	(void)state;
	assert_int_equal(LENGTH(rows), STALL_KIND_COUNT);
	config_stall_least(config, least);
	assert_memory_equal(least, config->stall, sizeof(least));
	policy_of(config, "first", "a");
	policy_of(config, "second", "b");
	for (int kind = 0; kind < STALL_KIND_COUNT; kind++) {
		config->stall[kind] = rows[kind].all;
		config->policies[0].stall[kind] = rows[kind].first;
		config->policies[1].stall[kind] = rows[kind].second;
	}
	config_stall_least(config, least);
	for (int kind = 0; kind < STALL_KIND_COUNT; kind++)
		assert_true(least[kind] == rows[kind].least);
	config_free(config);
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(thresholds_of_a_process),
		cmocka_unit_test(least_thresholds),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
