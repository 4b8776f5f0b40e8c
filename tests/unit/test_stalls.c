// SPDX-License-Identifier: GPL-2.0-or-later
/* Stalls become incidents, their ends find them, and what the kernel's detector says is told along with them.
 */
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <stdlib.h>

#include <cmocka.h>

#include "detect/correlate.h"
#include "records.h"

/* As many open stalls, and threads that the kernel called hung, as are remembered. */
enum { OPEN = 512, HUNG = 64, TOLD_MAX = 2048, PID = 42 };

#define SEC NSEC_PER_SEC

static struct correlator *correlator;
static struct rec rec;
static struct incident *told[TOLD_MAX];
static unsigned int told_count, cleared_count;
static struct {
	char id[40];
	pid_t pid;
	enum fault_kind kind;
	uint64_t duration;
	bool gone;
} cleared;

static void on_incident(void *arg, struct incident *incident)
{
	(void)arg;
	assert_true(told_count < TOLD_MAX);
	told[told_count++] = incident_ref(incident);
}

static bool on_started(void *arg, const struct process *process)
{
	(void)arg;
	return process->pid == PID;
}

static void on_cleared(void *arg, struct incident *incident, uint64_t duration, bool gone)
{
	(void)arg;
	cleared_count++;
	memcpy(cleared.id, incident->id, sizeof(cleared.id));
	cleared.pid = incident->who.pid;
	cleared.kind = incident->kind;
	cleared.duration = duration;
	cleared.gone = gone;
}

static int setup(void **state)
{
	const struct detect_handler handler = {
		.incident = on_incident, .started = on_started, .cleared = on_cleared};

	(void)state;
	told_count = cleared_count = 0;
	memset(&cleared, 0, sizeof(cleared));
	incident_seed(1);
	return correlator_new(&correlator, &handler);
}

static void let_go(void)
{
	while (told_count)
		incident_unref(told[--told_count]);
}

static int teardown(void **state)
{
	(void)state;
	correlator_free(correlator);
	let_go();
	return 0;
}

/* From memory of exactly that size, which is gone afterwards: nothing may point into the record. */
static void feed(void)
{
	void *copy = malloc(rec.size);

	assert_non_null(copy);
	memcpy(copy, rec.bytes, rec.size);
	correlator_feed(correlator, copy, rec.size);
	memset(copy, 'x', rec.size);
	free(copy);
}

static void feed_stall(pid_t pid, enum fe_stall_kind kind)
{
	rec_stall(&rec, pid, kind, REC_NOW);
	feed();
}

static void feed_end(pid_t pid, enum fe_stall_kind kind)
{
	rec_stall_end(&rec, pid, kind, REC_NOW);
	feed();
}

static void feed_hung(pid_t pid)
{
	rec_hung(&rec, pid, REC_NOW + SEC);
	feed();
}

static void assert_facts(const struct stall_facts *facts)
{
	assert_non_null(facts->event);
	assert_int_equal(facts->event->lock_type, FE_LOCK_MUTEX);
	assert_true(facts->event->since == REC_NOW - 2 * SEC && facts->event->threshold == SEC);
	assert_string_equal(facts->wait_channel, REC_CHANNEL);
	assert_string_equal(facts->kernel_stack, REC_KSTACK);
	assert_string_equal(facts->object, REC_OBJECT);
	assert_string_equal(facts->filesystem, REC_FILESYSTEM);
	assert_int_equal(facts->member_count, 2);
	assert_string_equal(facts->members[0].comm, "owner");
	assert_int_equal(facts->members[0].tid, 61);
	assert_true(facts->members[0].lock == 0x1000);
	assert_string_equal(facts->members[1].comm, "its owner");
	assert_int_equal(facts->members[1].state, 'R');
}

static void a_stall_is_an_incident(void **state)
{
	static const enum fault_kind kinds[FE_STALL_KINDS] = {
		[FE_STALL_DEADLOCK] = FAULT_STALL_DEADLOCK,
		[FE_STALL_LOCK] = FAULT_STALL_LOCK,
		[FE_STALL_IO] = FAULT_STALL_IO,
		[FE_STALL_SYSCALL] = FAULT_STALL_SYSCALL,
		[FE_STALL_EVENTLOOP] = FAULT_STALL_EVENTLOOP,
		[FE_STALL_SPIN] = FAULT_STALL_SPIN,
		[FE_STALL_STARVED] = FAULT_STALL_STARVED,
		[FE_STALL_THROTTLED] = FAULT_STALL_THROTTLED,
		[FE_STALL_STOPPED] = FAULT_STALL_STOPPED,
	};

	(void)state;
	for (unsigned int kind = 0; kind < FE_STALL_KINDS; kind++) {
		const struct incident *incident;

		rec_stall(&rec, PID + (pid_t)kind, (enum fe_stall_kind)kind, REC_NOW)->id.tid = 77;
		feed();
		assert_int_equal(told_count, kind + 1);
		incident = told[kind];
		assert_int_equal(incident->kind, kinds[kind]);
		assert_true(incident->time == REC_NOW);
		assert_int_equal(incident->who.pid, PID + kind);
		assert_int_equal(incident->who.tid, 77);
		assert_true(incident->who.start == rec_start(PID + (pid_t)kind));
		assert_string_equal(incident->who.name, "app");
		assert_string_equal(incident->who.thread_name, "worker");
		assert_string_equal(incident->who.exe, REC_EXE);
		assert_string_equal(incident->who.unit, "app.service");
		assert_memory_equal(incident->who.args, REC_ARGS, incident->who.args_len);
		assert_facts(&incident->stall);
		assert_int_equal(incident->stall.event->kind, kind);
		assert_null(incident->joined);
		assert_null(incident->death);
		for (unsigned int i = 0; i < kind; i++)
			assert_string_not_equal(incident->id, told[i]->id);
	}
	assert_int_equal(cleared_count, 0);
}

static void a_stall_without_strings(void **state)
{
	struct fe_stall *stall = rec_begin(&rec, FE_STALL, sizeof(*stall), REC_NOW);

	(void)state;
	rec_bare_identity(&stall->id, PID);
	feed();
	assert_int_equal(told_count, 1);
	assert_null(told[0]->stall.wait_channel);
	assert_null(told[0]->stall.kernel_stack);
	assert_null(told[0]->stall.object);
	assert_null(told[0]->stall.filesystem);
	assert_int_equal(told[0]->stall.member_count, 0);
}

/* Its memory cannot be read while it stands still; its exec was seen. */
static void who_is_known_from_its_exec(void **state)
{
	struct fe_stall *stall;

	(void)state;
	rec_exec(&rec, PID, REC_NOW - 5 * SEC);
	feed();
	stall = rec_begin(&rec, FE_STALL, sizeof(*stall), REC_NOW);
	rec_bare_identity(&stall->id, PID);
	feed();
	assert_string_equal(told[0]->who.exe, REC_EXE);
	assert_memory_equal(told[0]->who.args, REC_ARGS, told[0]->who.args_len);
	/* Another process that has the number is another matter. */
	stall->id.start += SEC;
	feed();
	assert_null(told[1]->who.exe);
}

static void its_end_clears_it(void **state)
{
	(void)state;
	feed_stall(PID, FE_STALL_LOCK);
	feed_end(PID, FE_STALL_LOCK);
	assert_int_equal(told_count, 1);
	assert_int_equal(cleared_count, 1);
	assert_string_equal(cleared.id, told[0]->id);
	assert_int_equal(cleared.kind, FAULT_STALL_LOCK);
	assert_true(cleared.duration == 5 * SEC);
	assert_false(cleared.gone);
	/* Once. */
	feed_end(PID, FE_STALL_LOCK);
	assert_int_equal(cleared_count, 1);
	/* The same thread again: another incident. */
	feed_stall(PID, FE_STALL_LOCK);
	assert_string_not_equal(told[1]->id, told[0]->id);
	rec_stall_end(&rec, PID, FE_STALL_LOCK, REC_NOW)->flags = FE_STALL_END_GONE;
	feed();
	assert_int_equal(cleared_count, 2);
	assert_true(cleared.gone);
	assert_string_equal(cleared.id, told[1]->id);
}

static void ends_of_others_clear_nothing(void **state)
{
	struct fe_stall_end *end;

	(void)state;
	feed_end(PID, FE_STALL_LOCK); /* never begun */
	feed_stall(PID, FE_STALL_LOCK);
	feed_end(PID + 1, FE_STALL_LOCK);
	feed_end(PID, FE_STALL_DEADLOCK);
	rec_stall_end(&rec, PID, FE_STALL_LOCK, REC_NOW)->tid = PID + 1;
	feed();
	rec_stall_end(&rec, PID, FE_STALL_LOCK, REC_NOW)->start++;
	feed();
	end = rec_stall_end(&rec, PID + 1, FE_STALL_LOCK, REC_NOW);
	end->tid = PID;
	end->start = rec_start(PID);
	feed();
	assert_int_equal(cleared_count, 0);
	feed_end(PID, FE_STALL_LOCK);
	assert_int_equal(cleared_count, 1);
}

static void two_kinds_of_one_thread_end_each(void **state)
{
	(void)state;
	feed_stall(PID, FE_STALL_IO);
	feed_stall(PID, FE_STALL_EVENTLOOP);
	feed_end(PID, FE_STALL_EVENTLOOP);
	assert_int_equal(cleared.kind, FAULT_STALL_EVENTLOOP);
	assert_string_equal(cleared.id, told[1]->id);
	feed_end(PID, FE_STALL_IO);
	assert_string_equal(cleared.id, told[0]->id);
	assert_int_equal(cleared_count, 2);
}

static void open_stalls_are_bounded(void **state)
{
	enum { MANY = 3 * OPEN };

	(void)state;
	for (pid_t pid = 1; pid <= MANY; pid++)
		feed_stall(pid, FE_STALL_LOCK);
	assert_int_equal(told_count, MANY);
	/* Nobody holds those that were forgotten any more. */
	for (unsigned int i = 0; i < MANY; i++)
		assert_int_equal(told[i]->refs, i < MANY - OPEN ? 1 : 2);
	for (pid_t pid = 1; pid <= MANY; pid++) {
		unsigned int before = cleared_count;

		feed_end(pid, FE_STALL_LOCK);
		assert_int_equal(cleared_count - before, pid > MANY - OPEN);
	}
	for (unsigned int i = 0; i < MANY; i++)
		assert_int_equal(told[i]->refs, 1);
}

static void the_oldest_makes_room(void **state)
{
	(void)state;
	for (pid_t pid = 1; pid <= OPEN; pid++)
		feed_stall(pid, FE_STALL_LOCK);
	feed_end(100, FE_STALL_LOCK);
	feed_stall(1000, FE_STALL_LOCK);
	feed_stall(1001, FE_STALL_LOCK);
	assert_int_equal(told[0]->refs, 1);
	assert_int_equal(told[100]->refs, 2);
}

static void stalls_that_ended_make_room(void **state)
{
	(void)state;
	for (pid_t pid = 1; pid <= OPEN; pid++)
		feed_stall(pid, FE_STALL_LOCK);
	feed_end(100, FE_STALL_LOCK);
	feed_stall(1000, FE_STALL_LOCK);
	for (pid_t pid = 1; pid <= OPEN; pid++)
		feed_end(pid, FE_STALL_LOCK);
	feed_end(1000, FE_STALL_LOCK);
	assert_int_equal(cleared_count, OPEN + 1);
}

static void the_kernel_speaks_of_an_open_stall(void **state)
{
	(void)state;
	feed_stall(PID, FE_STALL_IO);
	feed_hung(PID);
	assert_int_equal(told_count, 2);
	assert_int_equal(told[1]->kind, FAULT_KERNEL_HUNG_TASK);
	assert_true(told[1]->time == REC_NOW + SEC);
	assert_int_equal(told[1]->who.pid, PID);
	assert_string_equal(told[1]->who.exe, REC_EXE);
	assert_string_equal(told[1]->id, told[0]->id);
	assert_ptr_equal(told[1]->joined, told[0]);
	assert_facts(&told[1]->stall);
}

static void shared_facts_outlive_the_stall(void **state)
{
	(void)state;
	feed_stall(PID, FE_STALL_IO);
	feed_hung(PID);
	feed_end(PID, FE_STALL_IO);
	assert_int_equal(cleared_count, 1);
	told[0] = incident_unref(told[0]);
	correlator_free(correlator);
	correlator = NULL;
	assert_facts(&told[1]->stall);
	assert_string_equal(told[1]->id, told[1]->joined->id);
}

/* khungtaskd speaks every two minutes, ten times. */
static void the_kernel_repeats_itself(void **state)
{
	(void)state;
	feed_stall(PID, FE_STALL_IO);
	for (int i = 0; i < 10; i++)
		feed_hung(PID);
	assert_int_equal(told_count, 2);
	/* Another thread of the process, and one of another process that had the number before. */
	rec_hung(&rec, PID, REC_NOW + SEC)->id.tid = PID + 1;
	feed();
	assert_int_equal(told_count, 3);
	assert_null(told[2]->joined);
	rec_hung(&rec, PID, REC_NOW + SEC)->id.start++;
	feed();
	assert_int_equal(told_count, 4);
	assert_null(told[3]->joined);
	feed_end(PID, FE_STALL_IO);
	feed_hung(PID);
	assert_int_equal(told_count, 5);
	assert_null(told[4]->joined);
	assert_string_not_equal(told[4]->id, told[0]->id);
}

static void the_kernel_alone(void **state)
{
	(void)state;
	feed_hung(PID);
	feed_hung(PID);
	assert_int_equal(told_count, 1);
	assert_int_equal(told[0]->kind, FAULT_KERNEL_HUNG_TASK);
	assert_null(told[0]->joined);
	assert_null(told[0]->stall.event);
	assert_int_equal(told[0]->stall.member_count, 0);
	/* A stall that is found later is the same incident. */
	feed_stall(PID, FE_STALL_IO);
	assert_string_equal(told[1]->id, told[0]->id);
	feed_stall(PID + 1, FE_STALL_IO);
	assert_string_not_equal(told[2]->id, told[0]->id);
}

static void hung_threads_are_bounded(void **state)
{
	(void)state;
	for (pid_t pid = 1; pid <= HUNG + 1; pid++)
		feed_hung(pid);
	assert_int_equal(told_count, HUNG + 1);
	feed_hung(2);
	feed_hung(HUNG + 1);
	assert_int_equal(told_count, HUNG + 1);
	feed_hung(1); /* forgotten, so told once more */
	assert_int_equal(told_count, HUNG + 2);
}

static void a_handler_without_cleared(void **state)
{
	const struct detect_handler handler = {.incident = on_incident};

	(void)state;
	correlator_free(correlator);
	assert_int_equal(correlator_new(&correlator, &handler), 0);
	feed_stall(PID, FE_STALL_LOCK);
	feed_end(PID, FE_STALL_LOCK);
	assert_int_equal(told_count, 1);
	assert_int_equal(told[0]->refs, 1);
	assert_int_equal(cleared_count, 0);
}

int main(void)
{
	const struct CMUnitTest tests[] = {
#define TEST(name) cmocka_unit_test_setup_teardown(name, setup, teardown)
		TEST(a_stall_is_an_incident),
		TEST(a_stall_without_strings),
		TEST(who_is_known_from_its_exec),
		TEST(its_end_clears_it),
		TEST(ends_of_others_clear_nothing),
		TEST(two_kinds_of_one_thread_end_each),
		TEST(open_stalls_are_bounded),
		TEST(the_oldest_makes_room),
		TEST(stalls_that_ended_make_room),
		TEST(the_kernel_speaks_of_an_open_stall),
		TEST(shared_facts_outlive_the_stall),
		TEST(the_kernel_repeats_itself),
		TEST(the_kernel_alone),
		TEST(hung_threads_are_bounded),
		TEST(a_handler_without_cleared),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
