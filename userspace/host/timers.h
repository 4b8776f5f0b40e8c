/* SPDX-License-Identifier: GPL-2.0-or-later */
/* A binary heap of instants, earliest first; for equal ones, first come first served. */
#ifndef FAULTD_HOST_TIMERS_H
#define FAULTD_HOST_TIMERS_H

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

/* Embedded by its owner, who keeps it alive while it is in the heap. */
struct timer {
	uint64_t at;  /* ns */
	uint64_t seq; /* order of insertion */
	size_t slot;  /* 1 + index in the heap; 0: not in it */
};

struct timers {
	struct timer **heap;
	size_t count, capacity;
	uint64_t seq;
};

/* Makes sure that the heap can hold `count` timers; 0 or -ENOMEM. */
int timers_reserve(struct timers *timers, size_t count);
/* Never fails within what was reserved. */
void timers_add(struct timers *timers, struct timer *timer, uint64_t at);
/* A timer that is not in the heap is left alone. */
void timers_remove(struct timers *timers, struct timer *timer);
/* NULL when there is none. */
struct timer *timers_first(const struct timers *timers);
void timers_free(struct timers *timers);

#endif
