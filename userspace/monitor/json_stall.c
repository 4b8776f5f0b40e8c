// SPDX-License-Identifier: GPL-2.0-or-later
/* faultd.stall of the JSON stream. */
#include <string.h>

#include "core/stall_names.h"
#include "core/syscalls.h"
#include "monitor/json_members.h"
#include "monitor/words.h"

enum { FAILED_IN_A_ROW = 1000 };

#define NO_CALL (~0U)

/* The call that it is in, or that fails again and again. */
static uint32_t call_of(const struct fe_stall *event)
{
	return event->syscall == NO_CALL && event->failed >= FAILED_IN_A_ROW ? event->failed_syscall
									     : event->syscall;
}

/* Takes list over; left out when it is empty. */
static void put_list(json_t *object, const char *key, json_t *list)
{
	if (json_array_size(list) > 0)
		json_put(object, key, list);
	else
		json_decref(list);
}

/* The only one of its kind, though nothing keeps a record from naming two; takes list over. */
static void put_first(json_t *object, const char *key, json_t *list)
{
	if (json_array_size(list) > 0)
		json_put(object, key, json_incref(json_array_get(list, 0)));
	json_decref(list);
}

/* Takes member over. */
static void append(json_t *list, json_t *member)
{
	if (json_object_size(member) > 0)
		json_array_append(list, member);
	json_decref(member);
}

/* A letter of /proc/PID/stat; a recording may say anything. */
static void put_state(json_t *object, uint32_t state)
{
	const char letter[] = {(char)state, '\0'};

	if ((state >= 'A' && state <= 'Z') || (state >= 'a' && state <= 'z'))
		json_put_fixed(object, "state", letter);
}

static void put_lock(json_t *object, uint64_t lock)
{
	if (lock)
		json_put_hex(object, "lock", lock);
}

static void put_lock_type(json_t *object, uint32_t type)
{
	json_put_fixed(object, "lock_type", stall_lock_slug(type));
}

static json_t *kernel_stack(const char *lines)
{
	json_t *list = json_array();

	while (words_any(lines)) {
		size_t len = strcspn(lines, "\n");
		char buf[WORDS_MAX];

		if (len > 0)
			json_array_append_new(list,
					      json_string_nocheck(text_escape(buf, sizeof(buf), lines, len)));
		lines += len + (lines[len] == '\n');
	}
	return list;
}

/* ---- the others that have to do with it, each by what its role lets us know */

static json_t *someone(const struct fe_member *member)
{
	json_t *object = json_object();
	char name[FE_COMM_SIZE + 1];

	json_put_positive(object, "pid", member->pid);
	json_put_positive(object, "tid", member->tid);
	json_put_string(object, "name", stall_member_name(member, name));
	return object;
}

static json_t *waiter(const struct fe_member *member)
{
	json_t *object = someone(member);

	put_lock(object, member->lock);
	json_put_positive(object, "owner_tid", member->owner_tid);
	put_lock_type(object, member->lock_type);
	return object;
}

static void put_doing(json_t *object, const struct fe_member *member)
{
	put_state(object, member->state);
	json_put_fixed(object, "syscall", syscall_name((int)member->syscall));
}

static json_t *link_of_chain(const struct fe_member *member)
{
	json_t *object = waiter(member);

	put_doing(object, member);
	return object;
}

static json_t *holder(const struct fe_member *member)
{
	json_t *object = someone(member);

	put_doing(object, member);
	return object;
}

static json_t *culprit(const struct fe_member *member)
{
	json_t *object = someone(member);

	if (member->share)
		json_put_number(object, "share_percent", (member->share + 5) / 10);
	json_put_fixed(object, "policy", stall_policy_name(member->policy));
	return object;
}

static const struct {
	const char *key;
	enum fe_role role;
	bool list; /* or there is but one of them */
	json_t *(*object)(const struct fe_member *member);
} roles[] = {
	{"cycle", FE_ROLE_CYCLE, true, waiter},	      {"chain", FE_ROLE_CHAIN, true, link_of_chain},
	{"holders", FE_ROLE_HOLDER, true, holder},    {"readers", FE_ROLE_READER, true, holder},
	{"culprits", FE_ROLE_CULPRIT, true, culprit}, {"stopped_by", FE_ROLE_STOPPER, false, someone},
	{"tracer", FE_ROLE_TRACER, false, someone},
};

static void put_members(json_t *object, const struct stall_facts *stall)
{
	for (size_t i = 0; i < sizeof(roles) / sizeof(roles[0]); i++) {
		const struct fe_member *member = NULL;
		json_t *list = json_array();

		while ((member = stall_member(stall, roles[i].role, member)))
			append(list, roles[i].object(member));
		if (roles[i].list)
			put_list(object, roles[i].key, list);
		else
			put_first(object, roles[i].key, list);
	}
}

/* ---- the record */

static void put_duration(json_t *object, const struct fe_stall *event, uint64_t time)
{
	if (event->since && time >= event->since)
		json_put_number(object, "duration_ns", time - event->since);
	json_put_positive(object, "threshold_ns", (int64_t)event->threshold);
}

static void put_owner(json_t *object, const struct fe_stall *event)
{
	json_t *owner = json_object();

	json_put_positive(owner, "pid", event->owner_pid);
	json_put_positive(owner, "tid", event->owner_tid);
	json_put_object(object, "owner", owner);
}

static void put_quota(json_t *object, const struct fe_stall *event)
{
	if (event->kind != FE_STALL_THROTTLED)
		return;
	json_put_positive(object, "quota_ns", (int64_t)event->quota);
	json_put_positive(object, "period_ns", (int64_t)event->period);
	if (event->periods) {
		json_put_number(object, "throttled_periods", event->throttled_periods);
		json_put_number(object, "periods", event->periods);
	}
}

static void put_numbers(json_t *object, const struct monitor *monitor, const struct fe_stall *event)
{
	char time[CLOCK_RFC3339_SIZE];

	put_lock(object, event->lock);
	put_lock_type(object, event->lock_type);
	if (event->since)
		json_put_fixed(object, "since", clock_rfc3339(monitor_clock(monitor), event->since, time));
	json_put_number(object, "run_time_ns", event->run_time);
	json_put_positive(object, "traced_ns", (int64_t)event->traced);
	if (event->others)
		json_put_number(object, "threads", (uint64_t)event->others + 1);
	put_quota(object, event);
}

json_t *json_stall(const struct monitor *monitor, const struct report *report)
{
	const struct stall_facts *stall = &report->incident->stall;
	const struct fe_stall *event = stall->event;
	json_t *object = json_object();

	if (event) {
		put_state(object, event->state);
		put_duration(object, event, report->time);
		json_put_fixed(object, "syscall", syscall_name((int)call_of(event)));
	}
	json_put_string(object, "wait_channel", stall->wait_channel);
	put_list(object, "kernel_stack", kernel_stack(stall->kernel_stack));
	if (event)
		put_owner(object, event);
	put_members(object, stall);
	json_put_string(object, "object", stall->object);
	json_put_string(object, "filesystem", stall->filesystem);
	if (event)
		put_numbers(object, monitor, event);
	return object;
}
