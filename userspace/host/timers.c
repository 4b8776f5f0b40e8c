// SPDX-License-Identifier: GPL-2.0-or-later
/* The heap of timers behind the loop's one timerfd. */
#include "host/timers.h"

#include <errno.h>
#include <stdlib.h>

static bool before(const struct timer *a, const struct timer *b)
{
	return a->at != b->at ? a->at < b->at : a->seq < b->seq;
}

static void place(struct timers *timers, size_t i, struct timer *timer)
{
	timers->heap[i] = timer;
	timer->slot = i + 1;
}

static void sift_up(struct timers *timers, size_t i, struct timer *timer)
{
	while (i > 0 && before(timer, timers->heap[(i - 1) / 2])) {
		place(timers, i, timers->heap[(i - 1) / 2]);
		i = (i - 1) / 2;
	}
	place(timers, i, timer);
}

static void sift_down(struct timers *timers, size_t i, struct timer *timer)
{
	for (;;) {
		size_t child = 2 * i + 1;

		if (child + 1 < timers->count && before(timers->heap[child + 1], timers->heap[child]))
			child++;
		if (child >= timers->count || !before(timers->heap[child], timer))
			break;
		place(timers, i, timers->heap[child]);
		i = child;
	}
	place(timers, i, timer);
}

int timers_reserve(struct timers *timers, size_t count)
{
	size_t capacity = timers->capacity ? timers->capacity : 16;
	struct timer **heap;

	if (count <= timers->capacity)
		return 0;
	while (capacity < count)
		capacity *= 2;
	heap = reallocarray(timers->heap, capacity, sizeof(*heap));
	if (!heap)
		return -ENOMEM;
	timers->heap = heap;
	timers->capacity = capacity;
	return 0;
}

void timers_add(struct timers *timers, struct timer *timer, uint64_t at)
{
	timer->at = at;
	timer->seq = ++timers->seq;
	sift_up(timers, timers->count++, timer);
}

void timers_remove(struct timers *timers, struct timer *timer)
{
	size_t i = timer->slot;
	struct timer *last;

	if (i-- == 0)
		return;
	timer->slot = 0;
	last = timers->heap[--timers->count];
	if (last == timer)
		return;
	if (i > 0 && before(last, timers->heap[(i - 1) / 2]))
		sift_up(timers, i, last);
	else
		sift_down(timers, i, last);
}

struct timer *timers_first(const struct timers *timers)
{
	return timers->count ? timers->heap[0] : NULL;
}

void timers_free(struct timers *timers)
{
	free(timers->heap);
	*timers = (struct timers){0};
}
