/* SPDX-License-Identifier: GPL-2.0-or-later */
/* Raw records for the tests of the detect room: well-formed ones, to be spoilt by each test in its own way.
 */
#ifndef FAULTD_TESTS_RECORDS_H
#define FAULTD_TESTS_RECORDS_H

#include <signal.h>
#include <stdint.h>
#include <string.h>

#include "core/clock.h"
#include "faultd/event.h"

enum { REC_ROOM = 32768 };

struct rec {
	_Alignas(8) uint8_t bytes[REC_ROOM];
	size_t size;
};

#define REC_NOW	       (100000 * NSEC_PER_SEC)
#define REC_EXE	       "/usr/sbin/app"
#define REC_CWD	       "/var/lib/app"
#define REC_CG	       "/system.slice/app.service"
#define REC_ARGS       "app\0-x\0two words\0"
#define REC_CHANNEL    "futex_do_wait"
#define REC_KSTACK     "futex_do_wait\n__futex_wait\ndo_futex"
#define REC_OBJECT     "/var/lib/app/lock"
#define REC_FILESYSTEM "ext4 /dev/vda1"

/* Far enough from that of the next number for the 10 ms in which one start is taken for another. */
static inline uint64_t rec_start(pid_t pid)
{
	return (uint64_t)pid * NSEC_PER_SEC;
}

static inline struct fe_header *rec_header(struct rec *rec)
{
	return (struct fe_header *)rec->bytes;
}

static inline void rec_append(struct rec *rec, const void *bytes, size_t len)
{
	memcpy(rec->bytes + rec->size, bytes, len);
	rec->size += len;
	rec_header(rec)->size = (uint32_t)rec->size;
}

static inline void *rec_begin(struct rec *rec, unsigned int type, size_t fixed, uint64_t time)
{
	memset(rec->bytes, 0, fixed);
	rec->size = fixed;
	*rec_header(rec) = (struct fe_header){
		.type = (uint16_t)type, .abi = FE_ABI, .size = (uint32_t)fixed, .time = time};
	return rec->bytes;
}

/* The numbers of an identity without strings: what a kernel before 6.16 still knows at an exit. */
static inline void rec_bare_identity(struct fe_identity *id, pid_t pid)
{
	id->start = rec_start(pid);
	id->pid = id->tid = id->ns_pid = (uint32_t)pid;
	id->ppid = 1;
	id->uid = 33;
	id->gid = 34;
	id->thread_count = 1;
	memcpy(id->comm, "app", 3);
	memcpy(id->thread_comm, "worker", 6);
	memcpy(id->parent_comm, "systemd", 7);
}

static inline void rec_identity(struct rec *rec, pid_t pid)
{
	struct fe_identity *id = (struct fe_identity *)(rec->bytes + sizeof(struct fe_header));

	rec_bare_identity(id, pid);
	id->exe_len = sizeof(REC_EXE) - 1;
	id->cwd_len = sizeof(REC_CWD) - 1;
	id->cgroup_len = sizeof(REC_CG) - 1;
	id->args_len = sizeof(REC_ARGS) - 1;
	id->args_total = id->args_len;
	rec_append(rec, REC_EXE, id->exe_len);
	rec_append(rec, REC_CWD, id->cwd_len);
	rec_append(rec, REC_CG, id->cgroup_len);
	rec_append(rec, REC_ARGS, id->args_len);
}

static inline struct fe_death *rec_death(struct rec *rec, pid_t pid, int signo, uint64_t time)
{
	struct fe_death *death = rec_begin(rec, FE_DEATH, sizeof(*death), time);

	rec_identity(rec, pid);
	death->signo = (uint32_t)signo;
	death->code = 1;
	death->ip_mapping.kind = death->address_mapping.kind = FE_MAPPING_UNKNOWN;
	return death;
}

/* A SIGKILL by the kernel in the context of that process, as the OOM killer sends it. */
static inline struct fe_death *rec_kernel_kill(struct rec *rec, pid_t pid, pid_t context, uint64_t time)
{
	struct fe_death *death = rec_death(rec, pid, SIGKILL, time);

	death->code = 0;
	death->flags = FE_DEATH_GROUP;
	death->sender = (struct fe_sender){.time = time,
					   .signo = SIGKILL,
					   .code = 0x80,
					   .pid = (uint32_t)context,
					   .flags = FE_SENDER_KERNEL};
	return death;
}

static inline struct fe_exit *rec_exit(struct rec *rec, pid_t pid, int status, uint64_t time)
{
	struct fe_exit *event = rec_begin(rec, FE_EXIT, sizeof(*event), time);

	rec_identity(rec, pid);
	event->status = (uint32_t)status;
	return event;
}

static inline struct fe_oom *rec_oom(struct rec *rec, pid_t victim, pid_t trigger, uint64_t time)
{
	struct fe_oom *event = rec_begin(rec, FE_OOM, sizeof(*event), time);

	event->victim = (uint32_t)victim;
	event->scope = FE_OOM_CGROUP;
	event->trigger_pid = event->trigger_tid = (uint32_t)trigger;
	event->limit = 32 << 20;
	event->usage = 32 << 20;
	event->rss = 20 << 20;
	event->score_adj = FE_OOM_SCORE_UNKNOWN;
	event->cgroup_id = 77;
	event->cgroup_len = sizeof(REC_CG) - 1;
	rec_append(rec, REC_CG, event->cgroup_len);
	return event;
}

static inline struct fe_exec *rec_exec(struct rec *rec, pid_t pid, uint64_t time)
{
	struct fe_exec *event = rec_begin(rec, FE_EXEC, sizeof(*event), time);

	rec_identity(rec, pid);
	event->old_tid = (uint32_t)pid;
	return event;
}

static inline struct fe_fork *rec_fork(struct rec *rec, pid_t parent, pid_t child, uint64_t time)
{
	struct fe_fork *event = rec_begin(rec, FE_FORK, sizeof(*event), time);

	event->start = rec_start(child);
	event->pid = (uint32_t)child;
	event->ppid = (uint32_t)parent;
	memcpy(event->comm, "child", 5);
	return event;
}

static inline struct fe_stack *rec_stack(struct rec *rec, pid_t pid, const void *bytes, size_t len,
					 uint64_t time)
{
	struct fe_stack *stack = rec_begin(rec, FE_STACK, sizeof(*stack), time);

	stack->start = rec_start(pid);
	stack->pid = stack->tid = (uint32_t)pid;
	stack->address = 0x7ffc00000000;
	stack->len = (uint32_t)len;
	rec_append(rec, bytes, len);
	return stack;
}

/* Code and data of one file, and anonymous memory. */
static inline struct fe_maps *rec_maps(struct rec *rec, pid_t pid, uint64_t time)
{
	static const char name[] = "/usr/lib/libx.so";
	struct fe_maps *maps =
		rec_begin(rec, FE_MAPS, sizeof(*maps) + FE_MAPS_MAX * sizeof(struct fe_mapping), time);
	struct fe_mapping *mapping = (struct fe_mapping *)(maps + 1);

	maps->start = rec_start(pid);
	maps->pid = maps->tid = (uint32_t)pid;
	maps->count = 3;
	mapping[0] = (struct fe_mapping){.start = 0x1000,
					 .end = 0x3000,
					 .inode = 9,
					 .flags = 5,
					 .name_len = sizeof(name) - 1,
					 .kind = FE_MAPPING_FILE};
	mapping[1] = (struct fe_mapping){.start = 0x3000,
					 .end = 0x4000,
					 .inode = 9,
					 .flags = 3,
					 .name_len = FE_MAPPING_SAME_NAME,
					 .kind = FE_MAPPING_FILE};
	mapping[2] = (struct fe_mapping){.start = 0x8000, .end = 0x9000, .flags = 3, .kind = FE_MAPPING_ANON};
	maps->names_len = sizeof(name) - 1;
	rec_append(rec, name, sizeof(name) - 1);
	return maps;
}

/* It began two seconds earlier, and two others have to do with it. */
static inline struct fe_stall *rec_stall(struct rec *rec, pid_t pid, enum fe_stall_kind kind, uint64_t time)
{
	static const struct fe_member others[] = {
		{.role = FE_ROLE_CHAIN, .pid = 60, .tid = 61, .state = 'S', .lock = 0x1000, .comm = "owner"},
		{.role = FE_ROLE_CHAIN, .pid = 60, .tid = 62, .state = 'R', .comm = "its owner"},
	};
	struct fe_stall *stall = rec_begin(rec, FE_STALL, sizeof(*stall), time);

	rec_identity(rec, pid);
	stall->kind = kind;
	stall->state = 'S';
	stall->since = time - 2 * NSEC_PER_SEC;
	stall->threshold = NSEC_PER_SEC;
	stall->syscall = ~0U;
	stall->lock_type = FE_LOCK_MUTEX;
	stall->channel_len = sizeof(REC_CHANNEL) - 1;
	stall->stack_len = sizeof(REC_KSTACK) - 1;
	stall->object_len = sizeof(REC_OBJECT) - 1;
	stall->filesystem_len = sizeof(REC_FILESYSTEM) - 1;
	stall->member_count = 2;
	rec_append(rec, REC_CHANNEL, stall->channel_len);
	rec_append(rec, REC_KSTACK, stall->stack_len);
	rec_append(rec, REC_OBJECT, stall->object_len);
	rec_append(rec, REC_FILESYSTEM, stall->filesystem_len);
	rec_append(rec, others, sizeof(others));
	return stall;
}

/* The end of one that was told at `told`, three seconds later. */
static inline struct fe_stall_end *rec_stall_end(struct rec *rec, pid_t pid, enum fe_stall_kind kind,
						 uint64_t told)
{
	struct fe_stall_end *end = rec_begin(rec, FE_STALL_END, sizeof(*end), told + 3 * NSEC_PER_SEC);

	end->start = rec_start(pid);
	end->pid = end->tid = (uint32_t)pid;
	end->kind = kind;
	end->since = told - 2 * NSEC_PER_SEC;
	end->end = told + 3 * NSEC_PER_SEC;
	return end;
}

static inline struct fe_hung *rec_hung(struct rec *rec, pid_t pid, uint64_t time)
{
	struct fe_hung *hung = rec_begin(rec, FE_HUNG, sizeof(*hung), time);

	rec_identity(rec, pid);
	return hung;
}

#endif
