// SPDX-License-Identifier: GPL-2.0-or-later
/* Remembered processes: numbers that are reused, children that inherit, a table that never grows. */
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include <cmocka.h>

#include "core/clock.h"
#include "detect/known.h"

enum { WAYS = 8, SETS = 512, MANY = 3 * WAYS * SETS };

static struct known *known;

static int setup(void **state)
{
	(void)state;
	known = known_new();
	return known ? 0 : -1;
}

static int teardown(void **state)
{
	(void)state;
	known_free(known);
	return 0;
}

static uint64_t start_of(pid_t pid)
{
	return (uint64_t)pid * NSEC_PER_SEC;
}

static void put(pid_t pid, uint64_t start)
{
	struct process process = {.pid = pid, .tid = pid, .start = start, .name = "parent"};
	char *memory = malloc(32);

	assert_non_null(memory);
	snprintf(memory, 32, "/bin/%d", (int)pid);
	process.exe = memory;
	known_put(known, &process, memory);
}

static void only_the_same_process_is_found(void **state)
{
	const struct process *found;

	(void)state;
	assert_null(known_get(known, 42, 0));
	put(42, start_of(42));
	found = known_get(known, 42, start_of(42));
	assert_non_null(found);
	assert_string_equal(found->exe, "/bin/42");
	assert_ptr_equal(known_get(known, 42, 0), found);
	assert_null(known_get(known, 42, start_of(42) + NSEC_PER_SEC));
	assert_null(known_get(known, 42 + SETS, start_of(42)));
	assert_null(known_get(known, 0, 0));
	assert_null(known_get(known, -1, 0));
}

static void starts_from_proc_are_rounded(void **state)
{
	static const struct {
		int64_t off;
		bool same;
	} rows[] = {{0, true},	      {9999999, true},	 {-9999999, true},
		    {10000000, true}, {10000001, false}, {-10000001, false}};

	(void)state;
	put(42, start_of(42));
	for (size_t i = 0; i < sizeof(rows) / sizeof(rows[0]); i++)
		assert_true(!!known_get(known, 42, start_of(42) + (uint64_t)rows[i].off) == rows[i].same);
}

static void the_later_one_of_a_number_wins(void **state)
{
	(void)state;
	put(42, start_of(42));
	put(42, start_of(99));
	assert_null(known_get(known, 42, start_of(42)));
	assert_non_null(known_get(known, 42, start_of(99)));
	known_forget(known, 42);
	assert_null(known_get(known, 42, 0));
	known_forget(known, 42);
	known_forget(known, 0);
}

static void children_inherit_until_they_execute(void **state)
{
	const struct process *child;

	(void)state;
	put(42, start_of(42));
	known_fork(known, 42, 43, start_of(43), "sixteen-bytes-xx");
	child = known_get(known, 43, start_of(43));
	assert_non_null(child);
	assert_string_equal(child->exe, "/bin/42");
	assert_string_equal(child->parent_name, "parent");
	assert_string_equal(child->name, "sixteen-bytes-xx");
	assert_int_equal(child->ppid, 42);
	assert_int_equal(child->tid, 43);
	/* The strings outlive the parent, and the child of the child has them, too. */
	known_forget(known, 42);
	assert_string_equal(known_get(known, 43, 0)->exe, "/bin/42");
	known_fork(known, 43, 44, start_of(44), "grandchild");
	known_forget(known, 43);
	assert_string_equal(known_get(known, 44, 0)->exe, "/bin/42");
	put(44, start_of(44));
	assert_string_equal(known_get(known, 44, 0)->exe, "/bin/44");
}

static void who_is_not_known_has_no_children(void **state)
{
	static const struct {
		pid_t parent, child;
	} rows[] = {{42, 43}, {0, 43}, {-1, 43}, {7, 0}, {7, -5}};

	(void)state;
	put(7, start_of(7));
	for (size_t i = 0; i < sizeof(rows) / sizeof(rows[0]); i++) {
		known_fork(known, rows[i].parent, rows[i].child, start_of(43), "child");
		assert_null(known_get(known, 43, 0));
	}
	known_fork(known, 7, 7, start_of(8), "itself");
	assert_non_null(known_get(known, 7, start_of(8)));
}

static void nobody_cannot_be_put(void **state)
{
	(void)state;
	put(0, 0);
	put(-1, 0);
	known_fork(known, 0, 1, 1, "init");
	assert_null(known_get(known, 1, 0));
}

static void full_sets_forget_what_was_used_longest_ago(void **state)
{
	(void)state;
	for (int i = 0; i < WAYS; i++)
		put(1 + i * SETS, start_of(1));
	/* The first one is asked for: the second is then the oldest. */
	assert_non_null(known_get(known, 1, 0));
	put(1 + WAYS * SETS, start_of(1));
	assert_non_null(known_get(known, 1, 0));
	assert_null(known_get(known, 1 + SETS, 0));
	assert_non_null(known_get(known, 1 + 2 * SETS, 0));
	assert_non_null(known_get(known, 1 + WAYS * SETS, 0));
}

static void the_table_is_bounded(void **state)
{
	unsigned int found = 0;

	(void)state;
	for (pid_t pid = 1; pid <= MANY; pid++) {
		put(pid, start_of(pid));
		known_fork(known, pid, pid + MANY, start_of(pid + MANY), "child");
	}
	for (pid_t pid = 1; pid <= 2 * MANY; pid++)
		found += known_get(known, pid, 0) != NULL;
	assert_int_equal(found, WAYS * SETS);
}

int main(void)
{
	const struct CMUnitTest tests[] = {
#define TEST(name) cmocka_unit_test_setup_teardown(name, setup, teardown)
		TEST(only_the_same_process_is_found),
		TEST(starts_from_proc_are_rounded),
		TEST(the_later_one_of_a_number_wins),
		TEST(children_inherit_until_they_execute),
		TEST(who_is_not_known_has_no_children),
		TEST(nobody_cannot_be_put),
		TEST(full_sets_forget_what_was_used_longest_ago),
		TEST(the_table_is_bounded),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
