// SPDX-License-Identifier: GPL-2.0-or-later
/* Records that lie about themselves are refused, whole ones become processes and incidents. */
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <stdlib.h>

#include <cmocka.h>

#include "detect/decode.h"
#include "records.h"

static struct rec rec;

static void make(unsigned int type)
{
	static const char stack[64] = "stack";
	struct fe_death *death;

	switch (type) {
	case FE_DEATH:
		death = rec_death(&rec, 42, SIGSEGV, REC_NOW);
		death->ip_mapping.kind = death->address_mapping.kind = FE_MAPPING_FILE;
		death->ip_mapping.name_len = 4;
		death->address_mapping.name_len = 6;
		rec_append(&rec, "/app", 4);
		rec_append(&rec, "/data1", 6);
		break;
	case FE_EXIT: rec_exit(&rec, 42, 256, REC_NOW); break;
	case FE_OOM: rec_oom(&rec, 42, 43, REC_NOW); break;
	case FE_EXEC: rec_exec(&rec, 42, REC_NOW); break;
	case FE_FORK: rec_fork(&rec, 42, 43, REC_NOW); break;
	case FE_STACK: rec_stack(&rec, 42, stack, sizeof(stack), REC_NOW); break;
	case FE_MAPS: rec_maps(&rec, 42, REC_NOW); break;
	case FE_STALL: rec_stall(&rec, 42, FE_STALL_LOCK, REC_NOW); break;
	case FE_STALL_END: rec_stall_end(&rec, 42, FE_STALL_LOCK, REC_NOW); break;
	case FE_HUNG: rec_hung(&rec, 42, REC_NOW); break;
	default: fail();
	}
}

/* Exactly as much memory as the record has, so that a sanitizer sees every byte too far. */
static const char *check(size_t size)
{
	void *copy = malloc(size ? size : 1);
	const char *why;

	assert_non_null(copy);
	memcpy(copy, rec.bytes, size);
	why = decode_check(copy, size);
	free(copy);
	return why;
}

static void whole_records_pass(void **state)
{
	(void)state;
	for (unsigned int type = 1; type < FE_TYPE_COUNT; type++) {
		make(type);
		assert_null(check(rec.size));
	}
}

static void cut_records_are_refused(void **state)
{
	(void)state;
	for (unsigned int type = 1; type < FE_TYPE_COUNT; type++) {
		make(type);
		for (size_t size = 0; size < rec.size; size++) {
			assert_non_null(check(size));
			/* The same with a header that admits it. */
			if (size < sizeof(struct fe_header))
				continue;
			rec_header(&rec)->size = (uint32_t)size;
			assert_non_null(check(size));
			rec_header(&rec)->size = (uint32_t)rec.size;
		}
	}
}

static void longer_records_are_refused(void **state)
{
	(void)state;
	for (unsigned int type = 1; type < FE_TYPE_COUNT; type++) {
		make(type);
		assert_non_null(check(rec.size + 1));
		rec_append(&rec, "x", 1);
		assert_non_null(check(rec.size));
	}
}

#define FIELD(type, strct, field)                                                                          \
	{                                                                                                  \
		type, #strct "." #field, offsetof(struct strct, field), sizeof(((struct strct *)0)->field) \
	}

static const struct {
	unsigned int type;
	const char *name;
	size_t offset, width;
} lengths[] = {
	FIELD(FE_DEATH, fe_death, header.size),
	FIELD(FE_DEATH, fe_death, id.exe_len),
	FIELD(FE_DEATH, fe_death, id.cwd_len),
	FIELD(FE_DEATH, fe_death, id.cgroup_len),
	FIELD(FE_DEATH, fe_death, id.args_len),
	FIELD(FE_DEATH, fe_death, ip_mapping.name_len),
	FIELD(FE_DEATH, fe_death, address_mapping.name_len),
	FIELD(FE_EXIT, fe_exit, header.size),
	FIELD(FE_EXIT, fe_exit, id.exe_len),
	FIELD(FE_EXIT, fe_exit, id.cwd_len),
	FIELD(FE_EXIT, fe_exit, id.cgroup_len),
	FIELD(FE_EXIT, fe_exit, id.args_len),
	FIELD(FE_OOM, fe_oom, header.size),
	FIELD(FE_OOM, fe_oom, cgroup_len),
	FIELD(FE_EXEC, fe_exec, header.size),
	FIELD(FE_EXEC, fe_exec, id.exe_len),
	FIELD(FE_EXEC, fe_exec, id.cwd_len),
	FIELD(FE_EXEC, fe_exec, id.cgroup_len),
	FIELD(FE_EXEC, fe_exec, id.args_len),
	FIELD(FE_EXEC, fe_exec, env_len),
	FIELD(FE_FORK, fe_fork, header.size),
	FIELD(FE_STACK, fe_stack, header.size),
	FIELD(FE_STACK, fe_stack, len),
	FIELD(FE_MAPS, fe_maps, header.size),
	FIELD(FE_MAPS, fe_maps, names_len),
	FIELD(FE_STALL, fe_stall, header.size),
	FIELD(FE_STALL, fe_stall, id.exe_len),
	FIELD(FE_STALL, fe_stall, id.cwd_len),
	FIELD(FE_STALL, fe_stall, id.cgroup_len),
	FIELD(FE_STALL, fe_stall, id.args_len),
	FIELD(FE_STALL, fe_stall, channel_len),
	FIELD(FE_STALL, fe_stall, stack_len),
	FIELD(FE_STALL, fe_stall, object_len),
	FIELD(FE_STALL, fe_stall, filesystem_len),
	FIELD(FE_STALL, fe_stall, member_count),
	FIELD(FE_STALL_END, fe_stall_end, header.size),
	FIELD(FE_HUNG, fe_hung, header.size),
	FIELD(FE_HUNG, fe_hung, id.exe_len),
	FIELD(FE_HUNG, fe_hung, id.cwd_len),
	FIELD(FE_HUNG, fe_hung, id.cgroup_len),
	FIELD(FE_HUNG, fe_hung, id.args_len),
};

static uint64_t get(size_t offset, size_t width)
{
	uint64_t value = 0;

	memcpy(&value, rec.bytes + offset, width);
	return value;
}

static void wrong_lengths_are_refused(void **state)
{
	(void)state;
	for (size_t i = 0; i < sizeof(lengths) / sizeof(lengths[0]); i++) {
		uint64_t right, wrong[5];

		make(lengths[i].type);
		right = get(lengths[i].offset, lengths[i].width);
		assert_null(check(rec.size));
		wrong[0] = right + 1;
		wrong[1] = right - 1;
		wrong[2] = right ? 0 : 7;
		wrong[3] = UINT64_MAX;
		wrong[4] = right ^ 1ULL << (8 * lengths[i].width - 1);
		for (size_t j = 0; j < 5; j++) {
			memcpy(rec.bytes + lengths[i].offset, &wrong[j], lengths[i].width);
			if (!check(rec.size))
				fail_msg("%s: %llu instead of %llu passes", lengths[i].name,
					 (unsigned long long)wrong[j], (unsigned long long)right);
		}
	}
}

static const struct {
	unsigned int type;
	const char *name;
	size_t offset, width;
	uint64_t value;
	const char *says;
} values[] = {
#define VALUE(type, strct, field, value, says)                                                               \
	{                                                                                                    \
		type, #field, offsetof(struct strct, field), sizeof(((struct strct *)0)->field), value, says \
	}
	VALUE(FE_DEATH, fe_header, type, FE_NONE, "unknown type"),
	VALUE(FE_DEATH, fe_header, type, FE_TYPE_COUNT, "unknown type"),
	VALUE(FE_DEATH, fe_header, type, 0xffff, "unknown type"),
	VALUE(FE_DEATH, fe_header, abi, 0, "version"),
	VALUE(FE_DEATH, fe_header, abi, FE_ABI + 1, "version"),
	VALUE(FE_DEATH, fe_death, signo, 0, "signal"),
	VALUE(FE_DEATH, fe_death, signo, 65, "signal"),
	VALUE(FE_DEATH, fe_death, signo, 0xffffffff, "signal"),
	VALUE(FE_DEATH, fe_death, regs.count, FE_REGS + 1, "registers"),
	VALUE(FE_DEATH, fe_death, code_len, FE_CODE_BYTES + 1, "code"),
	VALUE(FE_DEATH, fe_death, code_len, 0xffffffff, "code"),
	VALUE(FE_DEATH, fe_death, outer_count, FE_OUTER_FAULTS + 1, "faults"),
	VALUE(FE_DEATH, fe_death, id.pid, 0, "process"),
	VALUE(FE_EXIT, fe_exit, id.pid, 0x80000000, "process"),
	VALUE(FE_EXEC, fe_exec, id.pid, (1 << 22) + 1, "process"),
	VALUE(FE_OOM, fe_oom, victim, 0, "process"),
	VALUE(FE_FORK, fe_fork, pid, 0, "process"),
	VALUE(FE_STACK, fe_stack, pid, 0, "process"),
	VALUE(FE_MAPS, fe_maps, pid, 0, "process"),
	VALUE(FE_MAPS, fe_maps, count, FE_MAPS_MAX + 1, "mappings"),
	VALUE(FE_MAPS, fe_maps, count, 0xffffffff, "mappings"),
	VALUE(FE_STALL, fe_header, type, FE_TYPE_COUNT, "unknown type"),
	VALUE(FE_STALL, fe_header, abi, FE_ABI + 1, "version"),
	VALUE(FE_STALL, fe_stall, id.pid, 0, "process"),
	VALUE(FE_STALL, fe_stall, id.pid, (1 << 22) + 1, "process"),
	VALUE(FE_STALL, fe_stall, kind, FE_STALL_KINDS, "a stall of no known kind"),
	VALUE(FE_STALL, fe_stall, kind, 0xffffffff, "a stall of no known kind"),
	VALUE(FE_STALL, fe_stall, since, REC_NOW + 1, "began after it was told"),
	VALUE(FE_STALL, fe_stall, since, UINT64_MAX, "began after it was told"),
	VALUE(FE_STALL, fe_stall, member_count, FE_MEMBERS_MAX + 1, "more threads in one stall"),
	VALUE(FE_STALL, fe_stall, member_count, 0xffff, "more threads in one stall"),
	VALUE(FE_STALL, fe_stall, member_count, 3, "strings do not add up"),
	VALUE(FE_STALL, fe_stall, stack_len, 0xffff, "strings do not add up"),
	VALUE(FE_STALL, fe_stall, lock_type, FE_LOCK_TYPE_COUNT, "a lock of no known type"),
	VALUE(FE_STALL, fe_stall, lock_type, 0x80000000, "a lock of no known type"),
	VALUE(FE_STALL_END, fe_stall_end, pid, 0, "process"),
	VALUE(FE_STALL_END, fe_stall_end, kind, FE_STALL_KINDS, "end of a stall of no known kind"),
	VALUE(FE_STALL_END, fe_stall_end, kind, 0xffffffff, "end of a stall of no known kind"),
	VALUE(FE_HUNG, fe_hung, id.pid, 0, "process"),
	VALUE(FE_HUNG, fe_hung, id.args_len, 0xffff, "strings do not add up"),
};

static void impossible_values_are_refused(void **state)
{
	(void)state;
	for (size_t i = 0; i < sizeof(values) / sizeof(values[0]); i++) {
		const char *why;

		make(values[i].type);
		memcpy(rec.bytes + values[i].offset, &values[i].value, values[i].width);
		why = check(rec.size);
		if (!why || !strstr(why, values[i].says))
			fail_msg("%s = %llu: %s", values[i].name, (unsigned long long)values[i].value,
				 why ? why : "passes");
	}
}

static void names_of_mappings_stay_inside(void **state)
{
	struct fe_mapping *mapping;

	(void)state;
	make(FE_MAPS);
	mapping = (struct fe_mapping *)(rec.bytes + sizeof(struct fe_maps));
	mapping[2].name_len = 1;
	assert_non_null(check(rec.size));
	mapping[2].name_len = 0;
	mapping[0].name_len++;
	assert_non_null(check(rec.size));
	/* Fewer than there are do no harm, and neither does what is not counted. */
	mapping[0].name_len -= 2;
	mapping[3].name_len = 1000;
	assert_null(check(rec.size));
}

static void stalls_at_their_limits_pass(void **state)
{
	static const struct fe_member member;
	struct fe_stall *stall;

	(void)state;
	for (unsigned int kind = 0; kind < FE_STALL_KINDS; kind++) {
		stall = rec_stall(&rec, 42, (enum fe_stall_kind)kind, REC_NOW);
		stall->since = REC_NOW;
		stall->lock_type = FE_LOCK_TYPE_COUNT - 1;
		while (stall->member_count < FE_MEMBERS_MAX) {
			stall->member_count++;
			rec_append(&rec, &member, sizeof(member));
		}
		assert_null(check(rec.size));
		rec_stall_end(&rec, 42, (enum fe_stall_kind)kind, REC_NOW);
		assert_null(check(rec.size));
	}
	/* No strings and nobody else. */
	stall = rec_begin(&rec, FE_STALL, sizeof(*stall), REC_NOW);
	rec_bare_identity(&stall->id, 42);
	assert_null(check(rec.size));
}

static void who(void **state)
{
	struct incident *incident;

	(void)state;
	make(FE_DEATH);
	incident = decode_death((struct fe_death *)rec.bytes);
	assert_non_null(incident);
	memset(rec.bytes, 'x', rec.size); /* nothing may point into the record */
	assert_int_equal(incident->who.pid, 42);
	assert_int_equal(incident->who.ppid, 1);
	assert_true(incident->who.has_uid && incident->who.uid == 33 && incident->who.gid == 34);
	assert_string_equal(incident->who.exe, REC_EXE);
	assert_string_equal(incident->who.cwd, REC_CWD);
	assert_string_equal(incident->who.cgroup, REC_CG);
	assert_string_equal(incident->who.unit, "app.service");
	assert_null(incident->who.container);
	assert_string_equal(incident->who.name, "app");
	assert_string_equal(incident->who.thread_name, "worker");
	assert_string_equal(incident->who.parent_name, "systemd");
	/* The NUL of the last argument is none. */
	assert_int_equal(incident->who.args_len, sizeof(REC_ARGS) - 2);
	assert_memory_equal(incident->who.args, REC_ARGS, sizeof(REC_ARGS) - 2);
	assert_int_equal(incident->who.args_total, incident->who.args_len);
	assert_string_equal(incident->ip_mapping.name, "/app");
	assert_string_equal(incident->address_mapping.name, "/data1");
	incident_unref(incident);
}

static void names_of_sixteen_bytes(void **state)
{
	struct fe_death *death = rec_death(&rec, 42, SIGSEGV, REC_NOW);
	struct incident *incident;

	(void)state;
	memset(death->id.comm, 'n', FE_COMM_SIZE);
	memset(death->id.thread_comm, 't', FE_COMM_SIZE);
	memset(death->id.parent_comm, 'p', FE_COMM_SIZE);
	memset(death->sender.comm, 's', FE_COMM_SIZE);
	death->sender.signo = SIGSEGV;
	incident = decode_death(death);
	assert_int_equal(strlen(incident->who.name), FE_COMM_SIZE);
	assert_int_equal(strlen(incident->who.thread_name), FE_COMM_SIZE);
	assert_int_equal(strlen(incident->who.parent_name), FE_COMM_SIZE);
	assert_int_equal(strlen(incident->sender.name), FE_COMM_SIZE);
	incident_unref(incident);
}

static const struct {
	const char *args;
	size_t len;
	uint32_t total;
	size_t want_len, want_total;
} arguments[] = {
	{"", 0, 0, 0, 0},
	{"a", 1, 1, 1, 1},
	{"a\0", 2, 2, 1, 1},
	{"\0\0\0", 3, 3, 0, 0},
	/* nginx writes its title over them and leaves padding behind. */
	{"nginx: worker\0\0\0\0", 17, 17, 13, 13},
	/* An empty argument in between is one. */
	{"a\0\0b\0", 5, 5, 4, 4},
	{"abcd", 4, 9000, 4, 9000},
};

static void argument_vectors(void **state)
{
	(void)state;
	for (size_t i = 0; i < sizeof(arguments) / sizeof(arguments[0]); i++) {
		struct fe_exec *event = rec_begin(&rec, FE_EXEC, sizeof(*event), REC_NOW);
		struct process process;
		char *memory = NULL;

		rec_bare_identity(&event->id, 42);
		event->id.args_len = (uint16_t)arguments[i].len;
		event->id.args_total = arguments[i].total;
		rec_append(&rec, arguments[i].args, arguments[i].len);
		assert_null(check(rec.size));
		assert_int_equal(decode_identity(&process, &event->id, (char *)(event + 1), &memory), 0);
		assert_int_equal(process.args_len, arguments[i].want_len);
		if (arguments[i].want_len) {
			assert_memory_equal(process.args, arguments[i].args, arguments[i].want_len);
			assert_int_equal(process.args_total, arguments[i].want_total);
		} else {
			assert_null(process.args);
		}
		assert_null(process.exe);
		assert_null(process.cgroup);
		free(memory);
	}
}

static void codes_that_nobody_saw(void **state)
{
	struct fe_death *death = rec_death(&rec, 42, SIGALRM, REC_NOW);
	struct incident *incident;

	(void)state;
	death->code = 0;
	death->flags = FE_DEATH_GROUP;
	incident = decode_death(death);
	assert_true(incident->code_unknown);
	incident_unref(incident);
	death->sender.signo = SIGALRM;
	death->sender.code = 0x80;
	incident = decode_death(death);
	assert_false(incident->code_unknown);
	assert_int_equal(incident->code, 0x80);
	incident_unref(incident);
}

static void a_request_that_came_too_late(void **state)
{
	static const struct {
		uint64_t asked;
		bool known;
	} rows[] = {{REC_NOW - 5000, true}, {REC_NOW, true}, {REC_NOW + 1, false}, {REC_NOW + 5000, false}};

	(void)state;
	for (size_t i = 0; i < sizeof(rows) / sizeof(rows[0]); i++) {
		struct fe_death *death = rec_kernel_kill(&rec, 42, 50, REC_NOW);
		struct incident *incident;

		death->request =
			(struct fe_sender){.time = rows[i].asked, .signo = SIGTERM, .pid = 1, .code = 0};
		incident = decode_death(death);
		assert_int_equal(incident->request.known, rows[i].known);
		incident_unref(incident);
	}
}

static void maps(void **state)
{
	struct incident *incident;

	(void)state;
	make(FE_DEATH);
	incident = decode_death((struct fe_death *)rec.bytes);
	make(FE_MAPS);
	assert_int_equal(decode_maps(incident, (struct fe_maps *)rec.bytes), 0);
	memset(rec.bytes, 'x', rec.size);
	assert_int_equal(incident->maps_count, 3);
	assert_string_equal(incident->maps[0].name, "/usr/lib/libx.so");
	assert_string_equal(incident->maps[1].name, "/usr/lib/libx.so");
	assert_null(incident->maps[2].name);
	assert_int_equal(incident->maps[1].start, 0x3000);
	incident_unref(incident);
}

static void maps_that_name_the_one_before_the_first(void **state)
{
	struct incident *incident;
	struct fe_mapping *mapping;

	(void)state;
	make(FE_DEATH);
	incident = decode_death((struct fe_death *)rec.bytes);
	make(FE_MAPS);
	mapping = (struct fe_mapping *)(rec.bytes + sizeof(struct fe_maps));
	mapping[0].name_len = FE_MAPPING_SAME_NAME;
	assert_null(check(rec.size));
	assert_int_equal(decode_maps(incident, (struct fe_maps *)rec.bytes), 0);
	assert_null(incident->maps[0].name);
	incident_unref(incident);
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(whole_records_pass),
		cmocka_unit_test(cut_records_are_refused),
		cmocka_unit_test(longer_records_are_refused),
		cmocka_unit_test(wrong_lengths_are_refused),
		cmocka_unit_test(impossible_values_are_refused),
		cmocka_unit_test(names_of_mappings_stay_inside),
		cmocka_unit_test(stalls_at_their_limits_pass),
		cmocka_unit_test(who),
		cmocka_unit_test(names_of_sixteen_bytes),
		cmocka_unit_test(argument_vectors),
		cmocka_unit_test(codes_that_nobody_saw),
		cmocka_unit_test(a_request_that_came_too_late),
		cmocka_unit_test(maps),
		cmocka_unit_test(maps_that_name_the_one_before_the_first),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
