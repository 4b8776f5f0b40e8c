// SPDX-License-Identifier: GPL-2.0-or-later
/* Incidents: their ids, their references and the memory of what is said about them. */
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "core/incident.h"

enum { BLOCK_SIZE = 4096, ALIGNMENT = _Alignof(max_align_t) };

struct arena_block {
	struct arena_block *next;
	size_t used, size; /* of data */
	_Alignas(max_align_t) unsigned char data[];
};

static uint64_t id_seed, id_count;

void incident_seed(uint64_t seed)
{
	id_seed = seed;
	id_count = 0;
}

/* splitmix64: one to one in the count, so that ids of one seed never meet, and none looks like its neighbour.
 */
static uint64_t next_id(void)
{
	uint64_t z = id_seed + ++id_count * UINT64_C(0x9e3779b97f4a7c15);

	z = (z ^ (z >> 30)) * UINT64_C(0xbf58476d1ce4e5b9);
	z = (z ^ (z >> 27)) * UINT64_C(0x94d049bb133111eb);
	return z ^ (z >> 31);
}

struct incident *incident_new(void)
{
	struct incident *incident = calloc(1, sizeof(*incident));

	if (!incident)
		return NULL;
	incident->refs = 1;
	snprintf(incident->id, sizeof(incident->id), "%016llx", (unsigned long long)next_id());
	return incident;
}

struct incident *incident_ref(struct incident *incident)
{
	incident->refs++;
	return incident;
}

struct incident *incident_unref(struct incident *incident)
{
	if (!incident || --incident->refs > 0)
		return NULL;
	incident_unref(incident->joined);
	for (struct arena_block *block = incident->arena, *next; block; block = next) {
		next = block->next;
		free(block);
	}
	free(incident);
	return NULL;
}

/* What is too large to share a block gets one of its own, behind the one that is still being filled. */
static struct arena_block *add_block(struct incident *incident, size_t size)
{
	size_t usable = BLOCK_SIZE - sizeof(struct arena_block);
	bool own = size > usable / 2;
	struct arena_block *block = calloc(1, sizeof(*block) + (own ? size : usable));

	if (!block)
		return NULL;
	block->size = own ? size : usable;
	if (own && incident->arena) {
		block->next = incident->arena->next;
		incident->arena->next = block;
	} else {
		block->next = incident->arena;
		incident->arena = block;
	}
	return block;
}

void *incident_alloc(struct incident *incident, size_t size)
{
	struct arena_block *block = incident->arena;
	void *memory;

	if (size > INCIDENT_MEMORY_MAX)
		return NULL;
	size = size ? (size + ALIGNMENT - 1) / ALIGNMENT * ALIGNMENT : ALIGNMENT;
	if (size > INCIDENT_MEMORY_MAX - incident->memory)
		return NULL;
	if (!block || block->size - block->used < size)
		block = add_block(incident, size);
	if (!block)
		return NULL;
	memory = block->data + block->used;
	block->used += size;
	incident->memory += size;
	return memory;
}

const char *incident_strndup(struct incident *incident, const char *s, size_t len)
{
	char *copy;

	if (!s || len >= INCIDENT_MEMORY_MAX)
		return NULL;
	copy = incident_alloc(incident, len + 1);
	if (copy)
		memcpy(copy, s, len);
	return copy;
}

const char *incident_vprintf(struct incident *incident, const char *fmt, va_list ap)
{
	va_list again;
	char *s = NULL;
	int len;

	va_copy(again, ap);
	len = vsnprintf(NULL, 0, fmt, ap);
	if (len >= 0)
		s = incident_alloc(incident, (size_t)len + 1);
	if (s)
		vsnprintf(s, (size_t)len + 1, fmt, again);
	va_end(again);
	return s;
}

const char *incident_printf(struct incident *incident, const char *fmt, ...)
{
	va_list ap;
	const char *s;

	va_start(ap, fmt);
	s = incident_vprintf(incident, fmt, ap);
	va_end(ap);
	return s;
}

void incident_evidence(struct incident *incident, const char *fmt, ...)
{
	struct diagnosis *why = &incident->why;
	const char *line;
	va_list ap;

	if (why->evidence_count >= INCIDENT_EVIDENCE_MAX)
		return;
	va_start(ap, fmt);
	line = incident_vprintf(incident, fmt, ap);
	va_end(ap);
	if (line)
		why->evidence[why->evidence_count++] = line;
}

const char *confidence_name(enum confidence confidence)
{
	static const char *const names[] = {
		[CONFIDENCE_POSSIBLE] = "possible",
		[CONFIDENCE_LIKELY] = "likely",
		[CONFIDENCE_CERTAIN] = "certain",
	};

	return (size_t)confidence < sizeof(names) / sizeof(names[0]) ? names[confidence] : names[0];
}
