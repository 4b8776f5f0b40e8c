// SPDX-License-Identifier: GPL-2.0-or-later
/* What was done for one target so far, and what backoff, limit, breaker and budget say to doing more. */
#include "recover/history.h"

#include <errno.h>
#include <stdlib.h>

void history_free(struct history *history)
{
	free(history->times.at);
	*history = (struct history){0};
}

static size_t limit_actions(const struct limit_config *limit)
{
	return limit->actions < HISTORY_ACTIONS_MAX ? limit->actions : HISTORY_ACTIONS_MAX;
}

/* The n-th newest, 0 being the newest. */
static uint64_t times_at(const struct times *t, size_t n)
{
	return t->at[(t->next + t->size - 1 - n) % t->size];
}

static bool limit_reached(const struct history *h, const struct limit_config *limit, uint64_t now)
{
	size_t allowed = limit_actions(limit);

	if (allowed == 0)
		return true;
	return h->times.count >= allowed && now - times_at(&h->times, allowed - 1) < limit->within;
}

/* Grows with the limit, which a new configuration may have raised. */
static int times_reserve(struct times *t, size_t size)
{
	uint64_t *at;

	if (t->size >= size)
		return 0;
	at = calloc(size, sizeof(*at));
	if (!at)
		return -ENOMEM;
	for (size_t i = 0; i < t->count; i++)
		at[i] = times_at(t, t->count - 1 - i);
	free(t->at);
	*t = (struct times){.at = at, .size = size, .count = t->count, .next = t->count % size};
	return 0;
}

static void times_add(struct times *t, uint64_t at)
{
	t->at[t->next] = at;
	t->next = (t->next + 1) % t->size;
	if (t->count < t->size)
		t->count++;
}

static uint64_t delay_of(const struct history *h, const struct backoff_config *backoff, double chance)
{
	double delay = (double)backoff->initial;

	if (h->level == 0)
		return 0; /* the first is repaired at once */
	for (unsigned int i = 1; i < h->level && delay < (double)backoff->max; i++)
		delay *= backoff->factor;
	if (delay > (double)backoff->max)
		delay = (double)backoff->max;
	delay *= 1.0 + backoff->jitter * (2.0 * chance - 1.0);
	return delay > 0 ? (uint64_t)delay : 0;
}

static enum answer ask_limit(struct history *h, const struct limit_config *limit, uint64_t now)
{
	switch (h->breaker) {
	case BREAKER_HALF_OPEN: break; /* its trial has ended one way or the other before the next question */
	case BREAKER_OPEN:
		if (now - h->opened < limit->within || limit_reached(h, limit, now))
			return ANSWER_OPEN;
		h->breaker = BREAKER_HALF_OPEN;
		return ANSWER_ACT;
	case BREAKER_CLOSED: break;
	}
	if (!limit_reached(h, limit, now))
		return ANSWER_ACT;
	h->breaker = BREAKER_OPEN;
	h->opened = now;
	return ANSWER_OPENED;
}

enum answer history_ask(struct history *h, const struct backoff_config *backoff,
			const struct limit_config *limit, uint64_t now, double chance, uint64_t *ret_until)
{
	enum answer answer = ask_limit(h, limit, now);
	uint64_t until;

	if (answer != ANSWER_ACT)
		return answer;
	if (h->level && now - h->last >= backoff->reset_after)
		h->level = h->attempt = 0;
	until = h->level ? h->last + delay_of(h, backoff, chance) : now;
	if (until <= now)
		return ANSWER_ACT;
	*ret_until = until;
	return ANSWER_WAIT;
}

enum answer history_recheck(struct history *h, const struct limit_config *limit, uint64_t now)
{
	return h->breaker == BREAKER_HALF_OPEN && !limit_reached(h, limit, now) ? ANSWER_ACT
										: ask_limit(h, limit, now);
}

int history_acted(struct history *h, const struct limit_config *limit, uint64_t now)
{
	size_t size = limit_actions(limit);
	int r = times_reserve(&h->times, size ? size : 1);

	if (r < 0)
		return r;
	times_add(&h->times, now);
	h->last = now;
	h->level++;
	h->attempt++;
	return 0;
}

bool history_ended(struct history *h, bool success, uint64_t now)
{
	if (h->breaker != BREAKER_HALF_OPEN)
		return false;
	h->breaker = success ? BREAKER_CLOSED : BREAKER_OPEN;
	if (!success)
		h->opened = now;
	return !success;
}

bool budget_take(struct budget *budget, uint64_t now, uint64_t *ret_until)
{
	if (budget->count == BUDGET_ACTIONS) {
		uint64_t oldest = budget->at[budget->next];

		if (now - oldest < BUDGET_WITHIN) {
			*ret_until = oldest + BUDGET_WITHIN;
			return false;
		}
	} else {
		budget->count++;
	}
	budget->at[budget->next] = now;
	budget->next = (budget->next + 1) % BUDGET_ACTIONS;
	return true;
}
