// SPDX-License-Identifier: GPL-2.0-or-later
/* process.* of the JSON stream. */
#include <inttypes.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/wait.h>

#include "monitor/json_members.h"

/* Bounds of what a hostile argument vector may add to a line. */
enum {
	ARGS_MAX = 128,
	ARG_MAX_BYTES = 1024,
	ARGS_MAX_BYTES = 8192,
};

static void add_args(json_t *object, json_t *faultd, const struct process *process)
{
	bool cut = process->args_total > process->args_len;
	size_t len = process->args ? process->args_len : 0, bytes = 0;
	const char *p = process->args;
	json_t *args = json_array();

	while (len > 0) {
		const char *nul = memchr(p, '\0', len);
		size_t n = nul ? (size_t)(nul - p) : len;
		char buf[4 * ARG_MAX_BYTES + 1];

		if (json_array_size(args) == ARGS_MAX || bytes > ARGS_MAX_BYTES) {
			cut = true;
			break;
		}
		/* Escaping never shortens: what is longer than its buffer gets the mark of a cut. */
		text_escape(buf, n > ARG_MAX_BYTES ? ARG_MAX_BYTES : sizeof(buf), p, n);
		cut = cut || n > ARG_MAX_BYTES;
		bytes += strlen(buf);
		json_array_append_new(args, json_string_nocheck(buf));
		n += nul ? 1 : 0;
		p += n;
		len -= n;
	}
	if (json_array_size(args) > 0)
		json_put(object, "args", json_incref(args));
	json_decref(args);
	if (cut)
		json_put(faultd, "args_truncated", json_true());
}

static void add_command_line(json_t *object, const struct process *process)
{
	bool cut = process->args_len > FE_ARGS_MAX;
	struct text line = {0};
	char *joined;

	if (!process->args || process->args_len == 0)
		return;
	joined = text_join_args(process->args, cut ? FE_ARGS_MAX : process->args_len);
	if (!joined)
		return;
	text_add(&line, joined);
	if (cut || process->args_len < process->args_total)
		text_add(&line, "...");
	json_put_fixed(object, "command_line", line.s);
	text_free(&line);
	free(joined);
}

static void add_entity(json_t *object, const struct process *process)
{
	char buf[40];

	if (process->pid <= 0 || process->start == 0)
		return;
	snprintf(buf, sizeof(buf), "%x-%" PRIx64, (unsigned int)process->pid, process->start);
	json_put(object, "entity_id", json_string_nocheck(buf));
}

/* As a shell tells it: 128 and the signal's number for a process that a signal ended. */
static void add_exit_code(json_t *object, const struct process *process)
{
	int status = process->exit_status;

	if (!process->has_exit_status)
		return;
	if (WIFEXITED(status))
		json_put(object, "exit_code", json_integer(WEXITSTATUS(status)));
	else if (WIFSIGNALED(status))
		json_put(object, "exit_code", json_integer(128 + WTERMSIG(status)));
}

static void add_user(json_t *object, const struct process *process, const char *user_name)
{
	json_t *user = json_object();
	char id[16];

	if (process->has_uid) {
		snprintf(id, sizeof(id), "%u", (unsigned int)process->uid);
		json_put_fixed(user, "id", id);
		json_put_string(user, "name", user_name);
	}
	json_put_object(object, "user", user);
}

json_t *json_process(const struct monitor *monitor, const struct process *process, const char *user_name,
		     json_t *faultd)
{
	json_t *object = json_object(), *thread = json_object(), *parent = json_object();
	char time[CLOCK_RFC3339_SIZE];

	json_put_positive(object, "pid", process->pid);
	/* Inside its container it goes by another number. */
	if (process->pidns_level > 0)
		json_put_positive(object, "vpid", process->ns_pid);
	json_put_positive(object, "ppid", process->ppid);
	json_put_string(object, "name", process->name);
	json_put_string(object, "executable", process->exe);
	add_command_line(object, process);
	add_args(object, faultd, process);
	json_put_string(object, "working_directory", process->cwd);
	if (process->start)
		json_put_fixed(object, "start", clock_rfc3339(monitor_clock(monitor), process->start, time));
	add_entity(object, process);
	add_exit_code(object, process);
	add_user(object, process, user_name);
	json_put_positive(thread, "id", process->tid);
	json_put_string(thread, "name", process->thread_name);
	json_put_object(object, "thread", thread);
	json_put_positive(parent, "pid", process->ppid);
	json_put_string(parent, "name", process->parent_name);
	json_put_object(object, "parent", parent);
	return object;
}
