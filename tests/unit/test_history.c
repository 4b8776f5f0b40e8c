// SPDX-License-Identifier: GPL-2.0-or-later
/* Backoff, limit, breaker and budget: steps by hand, and properties under random faults. */
#include "recover/history.h"

#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <stdlib.h>
#include <string.h>

#include <cmocka.h>

#include "core/clock.h"

#define MS  NSEC_PER_MSEC
#define SEC NSEC_PER_SEC

static const struct backoff_config backoff = {
	.initial = 100 * MS, .max = 5 * SEC, .reset_after = 600 * SEC, .factor = 2.0, .jitter = 0.1};

static void test_backoff_grows(void **state)
{
	/* chance 0.5: no jitter. The first is at once. */
	static const uint64_t delays[] = {0, 100, 200, 400, 800, 1600, 3200, 5000, 5000};
	struct limit_config limit = {.actions = 100, .within = 1};
	struct history h = {0};
	uint64_t now = 1000 * SEC, until;

	(void)state;
	for (size_t i = 0; i < sizeof(delays) / sizeof(delays[0]); i++) {
		enum answer answer = history_ask(&h, &backoff, &limit, now, 0.5, &until);

		if (delays[i] == 0) {
			assert_int_equal(answer, ANSWER_ACT);
		} else {
			assert_int_equal(answer, ANSWER_WAIT);
			assert_int_equal(until - now, delays[i] * MS);
			now = until;
			assert_int_equal(history_recheck(&h, &limit, now), ANSWER_ACT);
		}
		assert_int_equal(history_acted(&h, &limit, now), 0);
		assert_int_equal(h.attempt, i + 1);
	}
	/* Healthy for long enough: from the beginning, and at once. */
	now += backoff.reset_after;
	assert_int_equal(history_ask(&h, &backoff, &limit, now, 0.5, &until), ANSWER_ACT);
	assert_int_equal(history_acted(&h, &limit, now), 0);
	assert_int_equal(h.attempt, 1);
	history_free(&h);
}

static void test_jitter(void **state)
{
	struct limit_config limit = {.actions = 100, .within = 1};
	struct history h = {0};
	uint64_t now = 1000 * SEC, low, high;

	(void)state;
	assert_int_equal(history_acted(&h, &limit, now), 0);
	assert_int_equal(history_ask(&h, &backoff, &limit, now, 0.0, &low), ANSWER_WAIT);
	assert_int_equal(history_ask(&h, &backoff, &limit, now, 0.999999, &high), ANSWER_WAIT);
	assert_in_range(low - now, 89 * MS, 91 * MS);
	assert_in_range(high - now, 109 * MS, 111 * MS);
	history_free(&h);
}

static void test_breaker(void **state)
{
	struct backoff_config none = {.reset_after = SEC};
	struct limit_config limit = {.actions = 2, .within = 60 * SEC};
	struct history h = {0};
	uint64_t now = 1000 * SEC, until;

	(void)state;
	for (int i = 0; i < 2; i++) {
		assert_int_equal(history_ask(&h, &none, &limit, now, 0.5, &until), ANSWER_ACT);
		assert_int_equal(history_acted(&h, &limit, now), 0);
		now += SEC;
	}
	/* One alert, then silence. */
	assert_int_equal(history_ask(&h, &none, &limit, now, 0.5, &until), ANSWER_OPENED);
	assert_int_equal(history_ask(&h, &none, &limit, now, 0.5, &until), ANSWER_OPEN);
	/* The first action is past the window, but the breaker opened later than that. */
	assert_int_equal(history_ask(&h, &none, &limit, 1061 * SEC, 0.5, &until), ANSWER_OPEN);
	/* One trial, which fails: open for as long again. */
	now += limit.within;
	assert_int_equal(history_ask(&h, &none, &limit, now, 0.5, &until), ANSWER_ACT);
	assert_int_equal(h.breaker, BREAKER_HALF_OPEN);
	assert_int_equal(history_acted(&h, &limit, now), 0);
	assert_true(history_ended(&h, false, now));
	assert_int_equal(history_ask(&h, &none, &limit, now + 59 * SEC, 0.5, &until), ANSWER_OPEN);
	/* Another one, which succeeds. */
	now += limit.within;
	assert_int_equal(history_ask(&h, &none, &limit, now, 0.5, &until), ANSWER_ACT);
	assert_int_equal(history_acted(&h, &limit, now), 0);
	assert_false(history_ended(&h, true, now));
	assert_int_equal(h.breaker, BREAKER_CLOSED);
	assert_int_equal(history_ask(&h, &none, &limit, now, 0.5, &until), ANSWER_ACT);
	history_free(&h);
}

static void test_limit_changes(void **state)
{
	struct backoff_config none = {.reset_after = SEC};
	struct limit_config small = {.actions = 2, .within = 60 * SEC},
			    large = {.actions = 4, .within = 60 * SEC},
			    zero = {.actions = 0, .within = 60 * SEC};
	struct history h = {0};
	uint64_t until;

	(void)state;
	assert_int_equal(history_acted(&h, &small, 10 * SEC), 0);
	assert_int_equal(history_acted(&h, &small, 11 * SEC), 0);
	assert_int_equal(history_acted(&h, &large, 12 * SEC), 0);
	assert_int_equal(history_ask(&h, &none, &large, 13 * SEC, 0.5, &until), ANSWER_ACT);
	assert_int_equal(history_acted(&h, &large, 13 * SEC), 0);
	assert_int_equal(history_ask(&h, &none, &large, 14 * SEC, 0.5, &until), ANSWER_OPENED);
	history_free(&h);
	assert_int_equal(history_ask(&h, &none, &zero, 14 * SEC, 0.5, &until), ANSWER_OPENED);
	history_free(&h);
}

/* Never more than the limit in any window, never sooner than the backoff, whatever happens when. */
static void one_life(unsigned int seed)
{
	uint64_t acted[4096], now = 1000 * SEC, until;
	size_t count = 0;
	struct history h = {0};
	struct limit_config limit;
	struct backoff_config b = backoff;

	srand(seed);
	limit = (struct limit_config){.actions = 1 + (unsigned int)rand() % 8,
				      .within = (1 + (uint64_t)rand() % 300) * SEC};
	b.initial = (uint64_t)(rand() % 2000) * MS;
	for (int fault = 0; fault < 400; fault++) {
		enum answer answer;

		now += (uint64_t)(rand() % 3 ? rand() % 500 : rand() % 400000) * MS;
		answer = history_ask(&h, &b, &limit, now, (double)rand() / ((double)RAND_MAX + 1), &until);
		if (answer == ANSWER_WAIT) {
			assert_true(until > now);
			assert_true(until - now <= (uint64_t)(1.1 * (double)b.max) + 1);
			now = until;
			answer = history_recheck(&h, &limit, now);
			assert_true(answer != ANSWER_WAIT);
		}
		if (answer != ANSWER_ACT)
			continue;
		assert_int_equal(history_acted(&h, &limit, now), 0);
		if (count && now - acted[count - 1] < b.reset_after)
			assert_true((double)(now - acted[count - 1]) >= 0.9 * (double)b.initial - 1);
		acted[count++] = now;
		if (count > limit.actions)
			assert_true(now - acted[count - 1 - limit.actions] >= limit.within);
		if (rand() % 2)
			history_ended(&h, rand() % 2, now);
	}
	assert_true(count > 0);
	history_free(&h);
}

static void test_never_beyond_the_limit(void **state)
{
	(void)state;
	for (unsigned int seed = 1; seed <= 500; seed++)
		one_life(seed);
}

static void test_budget(void **state)
{
	uint64_t taken[2048], now = 5 * SEC, until = 0;
	size_t count = 0, refused = 0;
	struct budget budget = {0};

	(void)state;
	srand(7);
	for (int i = 0; i < 4000 && count < 2048; i++) {
		now += (uint64_t)(rand() % 1500) * MS;
		if (!budget_take(&budget, now, &until)) {
			refused++;
			assert_true(until > now);
			now = until;
			assert_true(budget_take(&budget, now, &until));
		}
		taken[count++] = now;
		if (count > BUDGET_ACTIONS)
			assert_true(now - taken[count - 1 - BUDGET_ACTIONS] >= BUDGET_WITHIN);
	}
	assert_true(refused > 0);
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(test_backoff_grows),
		cmocka_unit_test(test_jitter),
		cmocka_unit_test(test_breaker),
		cmocka_unit_test(test_limit_changes),
		cmocka_unit_test(test_never_beyond_the_limit),
		cmocka_unit_test(test_budget),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
