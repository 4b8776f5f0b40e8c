// SPDX-License-Identifier: GPL-2.0-or-later
/* The targets and their histories: a bounded table that forgets the least telling first. */
#include "recover/targets.h"

#include <stdlib.h>

static void drop(struct recover *recover, struct target **p)
{
	struct target *target = *p;

	*p = target->next;
	history_free(&target->history);
	free(target);
	recover->target_count--;
}

static bool is_wanted(const struct recover *recover, const struct target *target)
{
	for (const struct recovery *r = recover->recoveries; r; r = r->next)
		if (r->target == target)
			return true;
	return false;
}

/* An open breaker is the last to be forgotten: it would close by that. */
static bool less_telling(const struct target *a, const struct target *b)
{
	bool a_open = a->history.breaker != BREAKER_CLOSED, b_open = b->history.breaker != BREAKER_CLOSED;

	return a_open != b_open ? b_open : a->used < b->used;
}

static void forget_one(struct recover *recover)
{
	struct target **victim = NULL;

	for (size_t i = 0; i < TARGET_BUCKETS; i++)
		for (struct target **p = &recover->targets[i]; *p; p = &(*p)->next)
			if ((!victim || less_telling(*p, *victim)) && !is_wanted(recover, *p))
				victim = p;
	if (victim)
		drop(recover, victim);
}

struct target *targets_get(struct recover *recover, uint64_t key)
{
	struct target **bucket = &recover->targets[key % TARGET_BUCKETS], *target = *bucket;

	while (target && target->key != key)
		target = target->next;
	if (!target) {
		if (recover->target_count >= TARGETS_MAX)
			forget_one(recover);
		target = recover->target_count < TARGETS_MAX ? calloc(1, sizeof(*target)) : NULL;
		if (!target)
			return NULL;
		target->key = key;
		target->next = *bucket;
		*bucket = target;
		recover->target_count++;
	}
	target->used = recover_now(recover);
	return target;
}

void targets_free(struct recover *recover)
{
	for (size_t i = 0; i < TARGET_BUCKETS; i++)
		while (recover->targets[i])
			drop(recover, &recover->targets[i]);
}
