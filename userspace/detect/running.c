// SPDX-License-Identifier: GPL-2.0-or-later
/* Processes that were there before us, told as if they had just been executed. */
#include "detect/running.h"

#include <errno.h>
#include <string.h>

#include "host/proc.h"

struct walk {
	uint64_t now;
	void (*fn)(void *arg, const void *record, size_t size);
	void *arg;
};

static uint16_t put(char **to, const char *s, size_t len, size_t max)
{
	if (!s)
		return 0;
	if (len > max)
		len = max;
	memcpy(*to, s, len);
	*to += len;
	return (uint16_t)len;
}

size_t running_identity(struct fe_identity *id, char *variable, const struct process *p)
{
	char *to = variable;

	memset(id, 0, sizeof(*id));
	id->pid = (uint32_t)p->pid;
	id->tid = (uint32_t)(p->tid ?: p->pid);
	id->ppid = (uint32_t)p->ppid;
	id->ns_pid = (uint32_t)p->ns_pid;
	id->pidns_level = p->pidns_level;
	id->uid = p->uid;
	id->gid = p->gid;
	id->start = p->start;
	id->thread_count = p->threads;
	id->mnt_ns = p->mnt_ns;
	id->flags = p->exe_deleted ? FE_ID_EXE_DELETED : 0;
	memcpy(id->comm, p->name, FE_COMM_SIZE);
	memcpy(id->thread_comm, p->thread_name[0] ? p->thread_name : p->name, FE_COMM_SIZE);
	memcpy(id->parent_comm, p->parent_name, FE_COMM_SIZE);
	id->exe_len = put(&to, p->exe, p->exe ? strlen(p->exe) : 0, FE_PATH_MAX);
	id->cwd_len = put(&to, p->cwd, p->cwd ? strlen(p->cwd) : 0, FE_PATH_MAX);
	id->cgroup_len = put(&to, p->cgroup, p->cgroup ? strlen(p->cgroup) : 0, FE_PATH_MAX);
	id->args_len = put(&to, p->args, p->args_len, FE_ARGS_MAX);
	id->args_total = (uint32_t)p->args_total;
	return (size_t)(to - variable);
}

static int tell(void *arg, pid_t pid)
{
	union {
		struct fe_exec event;
		char bytes[sizeof(struct fe_exec) + RUNNING_VARIABLE_MAX];
	} record;
	struct walk *walk = arg;
	struct proc_info info;
	size_t size = sizeof(record.event);

	if (proc_read(&info, pid) < 0)
		return 0;
	if (info.p.kernel_thread)
		goto out;
	memset(&record.event, 0, sizeof(record.event));
	size += running_identity(&record.event.id, record.bytes + size, &info.p);
	record.event.old_tid = record.event.id.tid;
	record.event.header =
		(struct fe_header){.type = FE_EXEC, .abi = FE_ABI, .size = (uint32_t)size, .time = walk->now};
	walk->fn(walk->arg, &record, record.event.header.size);
out:
	proc_info_free(&info);
	return 0;
}

int running_each(uint64_t now, void (*fn)(void *arg, const void *record, size_t size), void *arg)
{
	struct walk walk = {now, fn, arg};

	return proc_each(tell, &walk);
}
