// SPDX-License-Identifier: GPL-2.0-or-later
/* From bytes to nouns: raw records are checked once, here, and become processes and incidents. */
#include "detect/decode.h"

#include <errno.h>
#include <signal.h>
#include <stdlib.h>
#include <string.h>

#include "core/text.h"
#include "host/cgroup.h"

static size_t identity_length(const struct fe_identity *id)
{
	return (size_t)id->exe_len + id->cwd_len + id->cgroup_len + id->args_len;
}

/* PID_MAX_LIMIT of include/linux/threads.h; 0 is nobody's. */
static bool is_pid(uint32_t pid)
{
	return pid >= 1 && pid <= 1 << 22;
}

/* The process that a record is about. */
static uint32_t subject(const struct fe_header *header)
{
	switch (header->type) {
	case FE_OOM: return ((const struct fe_oom *)header)->victim;
	case FE_FORK: return ((const struct fe_fork *)header)->pid;
	case FE_STACK: return ((const struct fe_stack *)header)->pid;
	case FE_MAPS: return ((const struct fe_maps *)header)->pid;
	case FE_STALL_END: return ((const struct fe_stall_end *)header)->pid;
	default: return ((const struct fe_identity *)(header + 1))->pid;
	}
}

static const char *check_maps(const struct fe_maps *maps, size_t size)
{
	const struct fe_mapping *mapping = (const struct fe_mapping *)(maps + 1);
	size_t room = sizeof(*maps) + FE_MAPS_MAX * sizeof(*mapping), names = 0;

	if (size < room || maps->count > FE_MAPS_MAX || maps->names_len != size - room)
		return "the mappings do not fit their record";
	for (unsigned int i = 0; i < maps->count; i++)
		if (mapping[i].name_len != FE_MAPPING_SAME_NAME)
			names += mapping[i].name_len;
	return names > maps->names_len ? "the names of the mappings are longer than their record" : NULL;
}

static size_t stall_strings(const struct fe_stall *stall)
{
	return (size_t)stall->channel_len + stall->stack_len + stall->object_len + stall->filesystem_len;
}

static const char *check_stall(const struct fe_stall *stall, size_t variable)
{
	if (stall->kind >= FE_STALL_KINDS)
		return "a stall of no known kind";
	if (stall->since > stall->header.time)
		return "a stall that began after it was told";
	if (stall->member_count > FE_MEMBERS_MAX)
		return "more threads in one stall than there is room for";
	if (stall->lock_type >= FE_LOCK_TYPE_COUNT)
		return "a lock of no known type";
	if (identity_length(&stall->id) + stall_strings(stall) +
		    stall->member_count * sizeof(struct fe_member) !=
	    variable)
		return "its strings do not add up to its length";
	return NULL;
}

const char *decode_check(const void *record, size_t size)
{
	static const size_t fixed[FE_TYPE_COUNT] = {
		[FE_DEATH] = sizeof(struct fe_death), [FE_EXIT] = sizeof(struct fe_exit),
		[FE_OOM] = sizeof(struct fe_oom),     [FE_EXEC] = sizeof(struct fe_exec),
		[FE_FORK] = sizeof(struct fe_fork),   [FE_STACK] = sizeof(struct fe_stack),
		[FE_MAPS] = sizeof(struct fe_maps),   [FE_STALL] = sizeof(struct fe_stall),
		[FE_HUNG] = sizeof(struct fe_hung),   [FE_STALL_END] = sizeof(struct fe_stall_end),
	};
	const struct fe_header *header = record;
	const struct fe_identity *id = (const struct fe_identity *)(header + 1);
	const struct fe_death *death = record;
	size_t variable;

	if (size < sizeof(*header))
		return "shorter than a header";
	if (header->abi != FE_ABI)
		return "of another version of the event layout";
	if (header->type >= FE_TYPE_COUNT || !fixed[header->type])
		return "of an unknown type";
	if (header->size != size || size < fixed[header->type])
		return "not as long as its type needs";
	if (!is_pid(subject(header)))
		return "about a process that cannot be";
	variable = size - fixed[header->type];
	switch (header->type) {
	case FE_DEATH:
		if (death->signo < 1 || death->signo > 64)
			return "a death by a signal that does not exist";
		if (death->regs.count > FE_REGS)
			return "more registers than there are";
		if (death->code_len > FE_CODE_BYTES)
			return "more bytes of code than there is room for";
		if (death->outer_count > FE_OUTER_FAULTS)
			return "more faults than there is room for";
		if (identity_length(id) + death->ip_mapping.name_len + death->address_mapping.name_len !=
		    variable)
			return "its strings do not add up to its length";
		break;
	case FE_EXEC:
		if (((const struct fe_exec *)record)->env_len > FE_ENV_MAX ||
		    identity_length(id) + ((const struct fe_exec *)record)->env_len != variable)
			return "its strings do not add up to its length";
		break;
	case FE_EXIT:
		if (identity_length(id) != variable)
			return "its strings do not add up to its length";
		break;
	case FE_OOM:
		if (((const struct fe_oom *)record)->cgroup_len != variable)
			return "its strings do not add up to its length";
		break;
	case FE_STACK:
		if (((const struct fe_stack *)record)->len != variable || variable > FE_STACK_MAX)
			return "its stack does not add up to its length";
		break;
	case FE_HUNG:
		if (identity_length(id) != variable)
			return "its strings do not add up to its length";
		break;
	case FE_STALL_END:
		if (((const struct fe_stall_end *)record)->kind >= FE_STALL_KINDS)
			return "the end of a stall of no known kind";
		if (((const struct fe_stall_end *)record)->end < ((const struct fe_stall_end *)record)->since)
			return "a stall that ended before it began";
		return variable ? "longer than its type" : NULL;
	case FE_STALL: return check_stall(record, variable);
	case FE_MAPS: return check_maps(record, size);
	default: return variable ? "longer than its type" : NULL;
	}
	return NULL;
}

/* Copies len bytes and a NUL to *to and moves it on; NULL for an empty string. */
static const char *take(char **to, const char **from, size_t len)
{
	char *s = *to;

	if (!len)
		return NULL;
	memcpy(s, *from, len);
	s[len] = '\0';
	*to += len + 1;
	*from += len;
	return s;
}

/* A program may have written over its arguments (nginx, PostgreSQL): the rest is then padding. */
static size_t trimmed(const char *args, size_t len)
{
	while (len && !args[len - 1])
		len--;
	return len;
}

static void decode_numbers(struct process *p, const struct fe_identity *id)
{
	p->pid = (pid_t)id->pid;
	p->tid = (pid_t)id->tid;
	p->ppid = (pid_t)id->ppid;
	p->ns_pid = (pid_t)id->ns_pid;
	p->pidns_level = id->pidns_level;
	p->has_uid = true;
	p->uid = id->uid;
	p->gid = id->gid;
	p->start = id->start;
	p->threads = id->thread_count;
	p->mnt_ns = id->mnt_ns;
	p->kernel_thread = id->flags & FE_ID_KTHREAD;
	p->exe_deleted = id->flags & FE_ID_EXE_DELETED;
	memcpy(p->name, id->comm, FE_COMM_SIZE);
	memcpy(p->thread_name, id->thread_comm, FE_COMM_SIZE);
	memcpy(p->parent_name, id->parent_comm, FE_COMM_SIZE);
}

int decode_identity(struct process *ret, const struct fe_identity *id, const char *variable,
		    char **ret_memory)
{
	char unit[CGROUP_UNIT_SIZE], container[CGROUP_CONTAINER_SIZE];
	struct process p = {0};
	bool user;
	uid_t uid;
	char *to;

	to = malloc(identity_length(id) + 4 + sizeof(unit) + sizeof(container));
	if (!to)
		return -ENOMEM;
	*ret_memory = to;
	decode_numbers(&p, id);
	p.exe = take(&to, &variable, id->exe_len);
	p.cwd = take(&to, &variable, id->cwd_len);
	p.cgroup = take(&to, &variable, id->cgroup_len);
	p.args = take(&to, &variable, id->args_len);
	if (p.args) {
		p.args_len = trimmed(p.args, id->args_len);
		p.args_total = id->args_total > id->args_len ? id->args_total : p.args_len;
		if (!p.args_len)
			p.args = NULL;
	}
	if (p.cgroup && cgroup_unit(p.cgroup, unit, &user, &uid))
		p.unit = strcpy(to, unit), to += strlen(unit) + 1;
	if (p.cgroup && cgroup_container(p.cgroup, container))
		p.container = strcpy(to, container);
	*ret = p;
	return 0;
}

int decode_copy_process(struct incident *incident, const struct process *from)
{
	struct process p = *from;
	bool failed = false;

#define COPY(field)                                                                     \
	do {                                                                            \
		if (p.field) {                                                          \
			p.field = incident_strndup(incident, p.field, strlen(p.field)); \
			failed = failed || !p.field;                                    \
		}                                                                       \
	} while (0)
	COPY(exe);
	COPY(cwd);
	COPY(cgroup);
	COPY(unit);
	COPY(container);
#undef COPY
	if (p.args) {
		p.args = incident_strndup(incident, p.args, p.args_len);
		failed = failed || !p.args;
	}
	if (failed)
		return -ENOMEM;
	incident->who = p;
	return 0;
}

void decode_sender(struct sender *ret, const struct fe_sender *from)
{
	memset(ret, 0, sizeof(*ret));
	if (!from->signo)
		return;
	ret->known = true;
	ret->kernel = from->flags & FE_SENDER_KERNEL;
	ret->pid = (pid_t)from->pid;
	ret->ppid = (pid_t)from->ppid;
	ret->uid = from->uid;
	memcpy(ret->name, from->comm, FE_COMM_SIZE);
	ret->signo = (int)from->signo;
	ret->code = from->code;
	ret->time = from->time;
	ret->flags = from->flags;
}

static int decode_mapping(struct incident *incident, struct mapping *ret, bool *ret_known,
			  const struct fe_mapping *from, const char *name)
{
	*ret_known = from->kind != FE_MAPPING_UNKNOWN;
	if (from->kind != FE_MAPPING_FILE && from->kind != FE_MAPPING_ANON)
		return 0;
	ret->start = from->start;
	ret->end = from->end;
	ret->offset = from->offset;
	ret->inode = from->inode;
	ret->dev = from->dev;
	ret->flags = from->flags;
	ret->file_size = from->file_size;
	ret->fs_magic = from->fs_magic;
	if (from->name_len) {
		ret->name = incident_strndup(incident, name, from->name_len);
		if (!ret->name)
			return -ENOMEM;
	}
	return 0;
}

static struct incident *begin(const struct fe_header *header, const struct fe_identity *id,
			      const char *variable)
{
	struct incident *incident = incident_new();
	struct process p;
	char *memory = NULL;
	int r;

	if (!incident)
		return NULL;
	incident->time = header->time;
	r = decode_identity(&p, id, variable, &memory);
	if (r >= 0)
		r = decode_copy_process(incident, &p);
	free(memory);
	return r < 0 ? incident_unref(incident) : incident;
}

struct incident *decode_death(const struct fe_death *death)
{
	const char *variable = (const char *)(death + 1);
	struct incident *incident = begin(&death->header, &death->id, variable);
	struct fe_death *copy;

	if (!incident)
		return NULL;
	variable += identity_length(&death->id);
	copy = incident_alloc(incident, sizeof(*copy));
	if (!copy)
		return incident_unref(incident);
	*copy = *death;
	incident->death = copy;
	incident->signo = (int)death->signo;
	incident->code = death->code;
	incident->followed = death->flags & FE_DEATH_FOLLOWED;
	/* An alignment check (BUS_ADRALN) has none on x86: the kernel says 0. */
	incident->has_address = death->flags & FE_DEATH_ADDRESS && (death->signo != SIGBUS || death->address);
	incident->address = death->address;
	incident->who.has_exit_status = true;
	incident->who.exit_status = (int)death->signo;
	decode_sender(&incident->sender, &death->sender);
	/* A group's SIGKILL carries no siginfo of the signal that it stands for; its sending was seen. */
	if (death->flags & (FE_DEATH_GROUP | FE_DEATH_AT_EXIT)) {
		incident->code_unknown = !incident->sender.known;
		incident->code = incident->sender.code;
	}
	decode_sender(&incident->request, &death->request);
	/* systemd asks what an OOM kill left of a unit to end, and the victim may not be through with dying
	 * by then. */
	if (incident->sender.known && incident->request.time > incident->sender.time)
		incident->request = (struct sender){0};
	if (decode_mapping(incident, &incident->ip_mapping, &incident->ip_mapping_known, &death->ip_mapping,
			   variable) < 0 ||
	    decode_mapping(incident, &incident->address_mapping, &incident->address_mapping_known,
			   &death->address_mapping, variable + death->ip_mapping.name_len) < 0)
		return incident_unref(incident);
	return incident;
}

struct incident *decode_exit(const struct fe_exit *event)
{
	struct incident *incident = begin(&event->header, &event->id, (const char *)(event + 1));

	if (!incident)
		return NULL;
	incident->who.has_exit_status = true;
	incident->who.exit_status = (int)event->status;
	incident->followed = event->flags & FE_EXIT_FOLLOWED;
	decode_sender(&incident->request, &event->request);
	return incident;
}

static const enum fault_kind stall_kinds[FE_STALL_KINDS] = {
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

static const char *cut(struct incident *incident, const char **from, size_t len)
{
	const char *s = len ? incident_strndup(incident, *from, len) : NULL;

	*from += len;
	return s;
}

struct incident *decode_stall(const struct fe_stall *event)
{
	const char *variable = (const char *)(event + 1);
	struct incident *incident = begin(&event->header, &event->id, variable);
	struct stall_facts *stall;
	struct fe_member *members;
	struct fe_stall *copy;

	if (!incident)
		return NULL;
	stall = &incident->stall;
	copy = incident_alloc(incident, sizeof(*copy));
	members = incident_alloc(incident, event->member_count * sizeof(*members) + 1);
	if (!copy || !members)
		return incident_unref(incident);
	*copy = *event;
	incident->kind = stall_kinds[event->kind];
	incident->followed = event->flags & FE_STALL_FOLLOWED;
	variable += identity_length(&event->id);
	stall->event = copy;
	stall->wait_channel = cut(incident, &variable, event->channel_len);
	stall->kernel_stack = cut(incident, &variable, event->stack_len);
	stall->object = cut(incident, &variable, event->object_len);
	stall->filesystem = cut(incident, &variable, event->filesystem_len);
	memcpy(members, variable, event->member_count * sizeof(*members));
	stall->members = members;
	stall->member_count = event->member_count;
	return incident;
}

struct incident *decode_hung(const struct fe_hung *event)
{
	struct incident *incident = begin(&event->header, &event->id, (const char *)(event + 1));

	if (incident)
		incident->kind = FAULT_KERNEL_HUNG_TASK;
	return incident;
}

int decode_maps(struct incident *incident, const struct fe_maps *maps)
{
	const struct fe_mapping *from = (const struct fe_mapping *)(maps + 1);
	const char *names = (const char *)(from + FE_MAPS_MAX), *last = NULL;
	struct mapping *to;

	if (!maps->count)
		return 0;
	to = incident_alloc(incident, maps->count * sizeof(*to));
	if (!to)
		return -ENOMEM;
	for (unsigned int i = 0; i < maps->count; i++) {
		to[i] = (struct mapping){.start = from[i].start,
					 .end = from[i].end,
					 .offset = from[i].offset,
					 .inode = from[i].inode,
					 .dev = from[i].dev,
					 .flags = from[i].flags};
		if (from[i].name_len == FE_MAPPING_SAME_NAME) {
			to[i].name = last;
		} else if (from[i].name_len) {
			last = to[i].name = incident_strndup(incident, names, from[i].name_len);
			names += from[i].name_len;
			if (!last)
				return -ENOMEM;
		}
	}
	incident->maps = to;
	incident->maps_count = maps->count;
	return 0;
}
