// SPDX-License-Identifier: GPL-2.0-or-later
/* A verdict put into one FE_STALL record, so that a recording's replay has all of its facts. */
#include "detect/stallrecord.h"

#include <stdio.h>
#include <string.h>
#include <sys/syscall.h>
#include <unistd.h>

#include "detect/running.h"
#include "host/thread.h"

enum {
	RECORD_SIZE = sizeof(struct fe_stall) + RUNNING_VARIABLE_MAX + FE_KSTACK_MAX + 1024 +
		      FE_MEMBERS_MAX * sizeof(struct fe_member)
};

void stallrecord_read_stack(struct draft *draft, const struct fe_suspect *seen)
{
	pid_t pid = (pid_t)seen->pid, tid = (pid_t)seen->tid;

	/* In execve(2) it may hold what the reading waits for: see host/thread.h. */
	if (seen->state == 'R' || seen->syscall == SYS_execve || seen->syscall == SYS_execveat)
		return;
	if (thread_wait_channel(pid, tid, draft->wait_channel, sizeof(draft->wait_channel)) < 0)
		draft->wait_channel[0] = '\0';
	if (thread_kernel_stack(pid, tid, draft->kernel_stack, sizeof(draft->kernel_stack)) < 0)
		draft->kernel_stack[0] = '\0';
}

static uint64_t run_time(const struct suspect *suspect)
{
	const struct fe_suspect *seen = &suspect->last;

	if (suspect->kind == FE_STALL_EVENTLOOP && seen->last_poll)
		return seen->loop_run;
	if (suspect->kind == FE_STALL_STARVED || suspect->kind == FE_STALL_THROTTLED)
		return seen->hungry_since ? seen->hungry_run : 0;
	return seen->busy_since ? seen->busy_run : seen->run_time - suspect->begin_run;
}

static void fill_thread(struct fe_stall *event, const struct fe_suspect *seen)
{
	event->state = seen->state;
	event->syscall = seen->state == 'R' ? ~0U : seen->syscall;
	memcpy(event->args, seen->args, sizeof(event->args));
	event->quota = seen->quota;
	event->period = seen->period;
	event->periods = seen->periods;
	event->throttled_periods = seen->throttled_periods;
	event->throttled_time = seen->throttled_time;
	event->cpu = seen->cpu;
	event->cpus_allowed = seen->cpus_allowed;
	event->cpus_online = (uint32_t)sysconf(_SC_NPROCESSORS_ONLN);
	event->policy = seen->policy;
	event->nice = seen->nice;
	if (seen->flags & FE_SEEN_KILLABLE)
		event->flags |= FE_STALL_KILLABLE;
}

/* Writes a string and returns its length. */
static uint16_t put(char **to, const char *s)
{
	size_t len = strlen(s);

	memcpy(*to, s, len);
	*to += len;
	return (uint16_t)len;
}

static void put_strings(struct fe_stall *event, struct draft *draft, const struct fe_suspect *seen, char **to)
{
	char filesystem[sizeof(draft->file.filesystem) + sizeof(draft->file.device) + 1] = "";

	event->channel_len = put(to, draft->wait_channel);
	event->stack_len = put(to, draft->kernel_stack);
	if (draft->has_file)
		event->object_len = put(to, draft->file.description);
	if (!draft->has_file || !draft->file.filesystem[0])
		snprintf(filesystem, sizeof(filesystem), "%.*s", FE_COMM_SIZE, seen->filesystem);
	else
		snprintf(filesystem, sizeof(filesystem), "%s%s%s", draft->file.filesystem,
			 draft->file.device[0] ? " " : "", draft->file.device);
	event->filesystem_len = put(to, filesystem);
}

const void *stallrecord_make(struct draft *draft, const struct suspect *suspect, uint64_t now,
			     size_t *ret_size)
{
	static union {
		struct fe_stall event;
		char bytes[RECORD_SIZE];
	} record;
	const struct fe_suspect *seen = &suspect->last;
	struct fe_stall *event = &record.event;
	char *to = record.bytes + sizeof(*event);
	struct proc_info info;
	int r = seen->flags & (FE_SEEN_MM_BUSY | FE_SEEN_MM_UNKNOWN)
			? proc_read_quiet(&info, (pid_t)seen->pid)
			: proc_read(&info, (pid_t)seen->pid);

	if (r < 0)
		return NULL;
	info.p.tid = (pid_t)seen->tid;
	info.p.start = seen->start;
	memcpy(info.p.thread_name, seen->comm, FE_COMM_SIZE);
	*event = draft->event;
	to += running_identity(&event->id, to, &info.p);
	proc_info_free(&info);
	event->kind = suspect->kind;
	event->since = suspect->since;
	event->threshold = suspect->threshold;
	event->run_time = run_time(suspect);
	fill_thread(event, seen);
	put_strings(event, draft, seen, &to);
	event->member_count = (uint16_t)draft->member_count;
	memcpy(to, draft->members, draft->member_count * sizeof(draft->members[0]));
	to += draft->member_count * sizeof(draft->members[0]);
	*ret_size = (size_t)(to - record.bytes);
	event->header =
		(struct fe_header){.type = FE_STALL, .abi = FE_ABI, .size = (uint32_t)*ret_size, .time = now};
	return &record;
}

uint64_t stallrecord_place(const struct suspect *suspect)
{
	const struct fe_suspect *seen = &suspect->last;
	struct proc_info info;
	uint64_t h = 0xcbf29ce484222325ULL; /* FNV-1a */

	if (suspect->kind == FE_STALL_THROTTLED)
		return seen->group;
	if (!(seen->flags & FE_SEEN_FROZEN) || proc_read_quiet(&info, (pid_t)seen->pid) < 0)
		return 0;
	for (const char *s = info.p.cgroup; s && *s; s++)
		h = (h ^ (unsigned char)*s) * 0x100000001b3ULL;
	proc_info_free(&info);
	return h;
}
