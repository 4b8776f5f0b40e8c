// SPDX-License-Identifier: GPL-2.0-or-later
/* Tests of incidents: ids, references, and the bounds of their memory. */
#include <setjmp.h>
#include <stdarg.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include <cmocka.h>

#include "core/incident.h"

static void ids_follow_from_the_seed(void **state)
{
	char first[3][40];

	(void)state;
	for (int round = 0; round < 2; round++) {
		incident_seed(42);
		for (int i = 0; i < 3; i++) {
			struct incident *incident = incident_new();

			assert_int_equal(strlen(incident->id), 16);
			assert_int_equal(strspn(incident->id, "0123456789abcdef"), 16);
			if (round == 0)
				memcpy(first[i], incident->id, sizeof(first[i]));
			else
				assert_string_equal(incident->id, first[i]);
			assert_null(incident_unref(incident));
		}
	}
	incident_seed(43);
	for (int i = 0; i < 3; i++) {
		struct incident *incident = incident_new();

		for (int k = 0; k < 3; k++)
			assert_string_not_equal(incident->id, first[k]);
		incident_unref(incident);
	}
}

static int compare_ids(const void *a, const void *b)
{
	return memcmp(a, b, 17);
}

static void ids_are_unique(void **state)
{
	enum { COUNT = 20000 };
	char(*ids)[17] = calloc(COUNT, sizeof(*ids));

	(void)state;
	assert_non_null(ids);
	incident_seed(0);
	for (int i = 0; i < COUNT; i++) {
		struct incident *incident = incident_new();

		memcpy(ids[i], incident->id, 17);
		incident_unref(incident);
	}
	qsort(ids, COUNT, sizeof(*ids), compare_ids);
	for (int i = 1; i < COUNT; i++)
		assert_string_not_equal(ids[i - 1], ids[i]);
	free(ids);
}

static void starts_empty_and_counts_references(void **state)
{
	struct incident *incident = incident_new();

	(void)state;
	assert_int_equal(incident->refs, 1);
	assert_int_equal(incident->kind, FAULT_NONE);
	assert_null(incident->who.exe);
	assert_int_equal(incident->why.evidence_count, 0);
	assert_ptr_equal(incident_ref(incident), incident);
	assert_null(incident_unref(incident));
	assert_int_equal(incident->refs, 1);
	assert_null(incident_unref(incident));
	assert_null(incident_unref(NULL));
}

static void memory_is_zeroed_aligned_and_apart(void **state)
{
	static const size_t sizes[] = {0, 1, 15, 16, 17, 100, 2000, 2100, 4000, 4096, 5000, 70000, 3};
	unsigned char *memory[sizeof(sizes) / sizeof(sizes[0])];
	struct incident *incident = incident_new();

	(void)state;
	for (size_t i = 0; i < sizeof(sizes) / sizeof(sizes[0]); i++) {
		memory[i] = incident_alloc(incident, sizes[i]);
		assert_non_null(memory[i]);
		assert_int_equal((uintptr_t)memory[i] % _Alignof(max_align_t), 0);
		for (size_t k = 0; k < sizes[i]; k++)
			assert_int_equal(memory[i][k], 0);
		memset(memory[i], (int)i + 1, sizes[i]);
	}
	for (size_t i = 0; i < sizeof(sizes) / sizeof(sizes[0]); i++)
		for (size_t k = 0; k < sizes[i]; k++)
			assert_int_equal(memory[i][k], i + 1);
	incident_unref(incident);
}

static void memory_is_bounded(void **state)
{
	struct incident *incident = incident_new();
	size_t got = 0;

	(void)state;
	assert_null(incident_alloc(incident, SIZE_MAX));
	assert_null(incident_alloc(incident, SIZE_MAX - 8));
	assert_null(incident_alloc(incident, INCIDENT_MEMORY_MAX + 1));
	assert_null(incident_strndup(incident, "x", SIZE_MAX));
	while (incident_alloc(incident, 1000))
		got += 1000;
	assert_in_range(got, INCIDENT_MEMORY_MAX * 9 / 10, INCIDENT_MEMORY_MAX);
	assert_null(incident_printf(incident, "%01000d", 0));
	incident_unref(incident);

	incident = incident_new();
	assert_non_null(incident_alloc(incident, INCIDENT_MEMORY_MAX));
	assert_null(incident_alloc(incident, 1));
	incident_evidence(incident, "no room for this");
	assert_int_equal(incident->why.evidence_count, 0);
	incident_unref(incident);
}

static void strings(void **state)
{
	struct incident *incident = incident_new();
	const char *s;

	(void)state;
	s = incident_strndup(incident, "a\0b\0c", 5);
	assert_memory_equal(s, "a\0b\0c\0", 6);
	assert_string_equal(incident_strndup(incident, "abc", 2), "ab");
	assert_string_equal(incident_strndup(incident, "abc", 0), "");
	assert_null(incident_strndup(incident, NULL, 0));
	assert_string_equal(incident_printf(incident, "%s=%d", "n", 7), "n=7");
	assert_string_equal(incident_printf(incident, "%s", ""), "");
	s = incident_printf(incident, "%09000d|%s", 1, "end");
	assert_int_equal(strlen(s), 9004);
	assert_string_equal(s + 8999, "1|end");
	incident_unref(incident);
}

static void evidence_stops_at_its_limit(void **state)
{
	struct incident *incident = incident_new();

	(void)state;
	for (int i = 0; i < INCIDENT_EVIDENCE_MAX + 5; i++)
		incident_evidence(incident, "fact %d", i);
	assert_int_equal(incident->why.evidence_count, INCIDENT_EVIDENCE_MAX);
	assert_string_equal(incident->why.evidence[0], "fact 0");
	assert_string_equal(incident->why.evidence[INCIDENT_EVIDENCE_MAX - 1], "fact 15");
	incident_unref(incident);
}

static void confidence_has_names(void **state)
{
	(void)state;
	assert_string_equal(confidence_name(CONFIDENCE_CERTAIN), "certain");
	assert_string_equal(confidence_name(CONFIDENCE_LIKELY), "likely");
	assert_string_equal(confidence_name(CONFIDENCE_POSSIBLE), "possible");
	assert_string_equal(confidence_name((enum confidence)99), "possible");
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(ids_follow_from_the_seed),
		cmocka_unit_test(ids_are_unique),
		cmocka_unit_test(starts_empty_and_counts_references),
		cmocka_unit_test(memory_is_zeroed_aligned_and_apart),
		cmocka_unit_test(memory_is_bounded),
		cmocka_unit_test(strings),
		cmocka_unit_test(evidence_stops_at_its_limit),
		cmocka_unit_test(confidence_has_names),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
