// SPDX-License-Identifier: GPL-2.0-or-later
/* Processes that are worth remembering while they live, since kernels before 6.16 forget who they were at
 * exit. */
#include "detect/known.h"

#include <stdio.h>
#include <stdlib.h>
#include <string.h>

enum { WAYS = 8, SETS = 512 };

/* Parent and forked children share the strings. */
struct memory {
	unsigned int refs;
	char *bytes;
};

struct entry {
	struct process process; /* pid 0: free */
	struct memory *memory;
	uint64_t used;
};

struct known {
	struct entry entries[SETS][WAYS];
	uint64_t tick;
};

struct known *known_new(void)
{
	return calloc(1, sizeof(struct known));
}

static void clear(struct entry *entry)
{
	if (entry->memory && --entry->memory->refs == 0) {
		free(entry->memory->bytes);
		free(entry->memory);
	}
	memset(entry, 0, sizeof(*entry));
}

void known_free(struct known *known)
{
	if (!known)
		return;
	for (int set = 0; set < SETS; set++)
		for (int way = 0; way < WAYS; way++)
			clear(&known->entries[set][way]);
	free(known);
}

static struct entry *find(struct known *known, pid_t pid)
{
	struct entry *set = known->entries[(unsigned int)pid % SETS];

	for (int way = 0; way < WAYS; way++)
		if (set[way].process.pid == pid)
			return &set[way];
	return NULL;
}

static void insert(struct known *known, const struct process *process, struct memory *memory)
{
	struct entry *set = known->entries[(unsigned int)process->pid % SETS],
		     *entry = find(known, process->pid);

	if (!entry) {
		entry = set;
		for (int way = 1; way < WAYS; way++)
			if (set[way].used < entry->used)
				entry = &set[way];
	}
	memory->refs++;
	clear(entry);
	entry->process = *process;
	entry->memory = memory;
	entry->used = ++known->tick;
}

void known_put(struct known *known, const struct process *process, char *bytes)
{
	struct memory *memory = process->pid > 0 ? calloc(1, sizeof(*memory)) : NULL;

	if (!memory) {
		free(bytes);
		return;
	}
	memory->bytes = bytes;
	insert(known, process, memory);
}

/* What was read from /proc counts in clock ticks of 10 ms. */
static bool same_start(uint64_t a, uint64_t b)
{
	return (a > b ? a - b : b - a) <= 10000000;
}

const struct process *known_get(struct known *known, pid_t pid, uint64_t start)
{
	struct entry *entry = pid ? find(known, pid) : NULL;

	if (!entry || (start && !same_start(entry->process.start, start)))
		return NULL;
	entry->used = ++known->tick;
	return &entry->process;
}

void known_fork(struct known *known, pid_t parent, pid_t child, uint64_t start, const char *name)
{
	struct entry *entry = parent > 0 ? find(known, parent) : NULL;
	struct process process;

	if (!entry || child <= 0)
		return;
	process = entry->process;
	process.ppid = parent;
	memcpy(process.parent_name, process.name, sizeof(process.name));
	snprintf(process.name, sizeof(process.name), "%s", name);
	process.pid = process.tid = child;
	process.start = start;
	insert(known, &process, entry->memory);
}

void known_forget(struct known *known, pid_t pid)
{
	struct entry *entry = pid ? find(known, pid) : NULL;

	if (entry)
		clear(entry);
}

void known_complete(struct known *known, struct incident *incident)
{
	const struct process *had = known_get(known, incident->who.pid, incident->who.start);
	struct process *who = &incident->who;

	if (had && !who->exe && had->exe) {
		who->exe = incident_strndup(incident, had->exe, strlen(had->exe));
		who->exe_deleted = had->exe_deleted;
	}
	if (had && !who->args && had->args) {
		who->args = incident_strndup(incident, had->args, had->args_len);
		who->args_len = who->args ? had->args_len : 0;
		who->args_total = had->args_total;
	}
}
