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

/* Whether some had to be left out. */
static bool put_args(struct json *json, const struct process *process)
{
	bool cut = process->args_total > process->args_len;
	size_t len = process->args ? process->args_len : 0, bytes = 0, count = 0;
	const char *p = process->args;
	struct json_open args = json_array(json, "args");

	for (; len > 0; count++) {
		const char *nul = memchr(p, '\0', len);
		size_t n = nul ? (size_t)(nul - p) : len;
		char buf[4 * ARG_MAX_BYTES + 1];

		if (count == ARGS_MAX || bytes > ARGS_MAX_BYTES) {
			cut = true;
			break;
		}
		/* Escaping never shortens: what is longer than its buffer gets the mark of a cut. */
		text_escape(buf, n > ARG_MAX_BYTES ? ARG_MAX_BYTES : sizeof(buf), p, n);
		cut = cut || n > ARG_MAX_BYTES;
		bytes += strlen(buf);
		json_put_item(json, buf);
		n += nul ? 1 : 0;
		p += n;
		len -= n;
	}
	json_close(json, args);
	return cut;
}

static void put_command_line(struct json *json, const struct process *process)
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
	json_put_fixed(json, "command_line", line.s);
	text_free(&line);
	free(joined);
}

static void put_entity(struct json *json, const struct process *process)
{
	char buf[40];

	if (process->pid <= 0 || process->start == 0)
		return;
	snprintf(buf, sizeof(buf), "%x-%" PRIx64, (unsigned int)process->pid, process->start);
	json_put_fixed(json, "entity_id", buf);
}

/* As a shell tells it: 128 and the signal's number for a process that a signal ended. */
static void put_exit_code(struct json *json, const struct process *process)
{
	int status = process->exit_status;

	if (!process->has_exit_status)
		return;
	if (WIFEXITED(status))
		json_put_integer(json, "exit_code", WEXITSTATUS(status));
	else if (WIFSIGNALED(status))
		json_put_integer(json, "exit_code", 128 + WTERMSIG(status));
}

static void put_user(struct json *json, const struct process *process, const char *user_name)
{
	struct json_open user = json_object(json, "user");
	char id[16];

	if (process->has_uid) {
		snprintf(id, sizeof(id), "%u", (unsigned int)process->uid);
		json_put_fixed(json, "id", id);
		json_put_string(json, "name", user_name);
	}
	json_close(json, user);
}

bool json_put_process(struct json *json, const struct monitor *monitor, const struct process *process,
		      const char *user_name)
{
	struct json_open object = json_object(json, "process"), inner;
	char time[CLOCK_RFC3339_SIZE];
	bool cut;

	json_put_positive(json, "pid", process->pid);
	/* Inside its container it goes by another number. */
	if (process->pidns_level > 0)
		json_put_positive(json, "vpid", process->ns_pid);
	json_put_positive(json, "ppid", process->ppid);
	json_put_string(json, "name", process->name);
	json_put_string(json, "executable", process->exe);
	put_command_line(json, process);
	cut = put_args(json, process);
	json_put_string(json, "working_directory", process->cwd);
	if (process->start)
		json_put_fixed(json, "start", clock_rfc3339(monitor_clock(monitor), process->start, time));
	put_entity(json, process);
	put_exit_code(json, process);
	put_user(json, process, user_name);
	inner = json_object(json, "thread");
	json_put_positive(json, "id", process->tid);
	json_put_string(json, "name", process->thread_name);
	json_close(json, inner);
	inner = json_object(json, "parent");
	json_put_positive(json, "pid", process->ppid);
	json_put_string(json, "name", process->parent_name);
	json_close(json, inner);
	json_close(json, object);
	return cut;
}
