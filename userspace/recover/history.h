/* SPDX-License-Identifier: GPL-2.0-or-later */
/*
 * What was done for one target so far, and what backoff, limit, breaker and the host-wide budget say to doing
 * more. Pure: time and chance come in as arguments.
 */
#ifndef FAULTD_RECOVER_HISTORY_H
#define FAULTD_RECOVER_HISTORY_H

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

#include "core/config.h"

enum breaker { BREAKER_CLOSED, BREAKER_OPEN, BREAKER_HALF_OPEN };

enum { HISTORY_ACTIONS_MAX = 1000, BUDGET_ACTIONS = 30 };
#define BUDGET_WITHIN (60 * 1000000000ULL)

/* When the last so many actions were. */
struct times {
	uint64_t *at; /* a ring */
	size_t size, count, next;
};

struct history {
	struct times times;
	unsigned int
		level; /* actions in a row without a healthy time of reset_after: what backoff grows with */
	unsigned int attempt; /* the same, counted for people */
	uint64_t last;	      /* last action, ns of boottime; 0: none */
	enum breaker breaker;
	uint64_t opened; /* when the breaker opened last */
};

enum answer { ANSWER_ACT, ANSWER_WAIT, ANSWER_OPENED, ANSWER_OPEN };

void history_free(struct history *history);
/*
 * May an action be started now? ANSWER_ACT; ANSWER_WAIT: at *ret_until (ns), ask then again with
 * history_recheck(); ANSWER_OPENED: the limit is reached and the breaker opens with this question;
 * ANSWER_OPEN: it was open. An open breaker lets one trial through once limit.within has passed. chance: 0
 * to below 1, what the jitter is taken from.
 */
enum answer history_ask(struct history *history, const struct backoff_config *backoff,
			const struct limit_config *limit, uint64_t now, double chance, uint64_t *ret_until);
/* The wait is over: does the limit still allow it? ANSWER_WAIT is not given. */
enum answer history_recheck(struct history *history, const struct limit_config *limit, uint64_t now);
/* An action is started now. 0, or -ENOMEM: then it must not be. */
int history_acted(struct history *history, const struct limit_config *limit, uint64_t now);
/* How it ended: success closes a half-open breaker, failure opens it again (returns true then). */
bool history_ended(struct history *history, bool success, uint64_t now);

/* The host-wide budget: at most BUDGET_ACTIONS in any BUDGET_WITHIN, whatever they are for. */
struct budget {
	uint64_t at[BUDGET_ACTIONS]; /* a token comes back BUDGET_WITHIN after it was taken */
	size_t count, next;
};

/* Takes a token. Otherwise false, and ret_until says when there will be one. */
bool budget_take(struct budget *budget, uint64_t now, uint64_t *ret_until);

#endif
