// SPDX-License-Identifier: GPL-2.0-or-later
/*
 * What locking costs in a program that does little else.
 *
 * locks answers each line of standard input, a number of rounds, with the nanoseconds of CPU time that a pair
 * of pthread_mutex_lock() and pthread_mutex_unlock() took in four threads that make so many rounds each: 63
 * pairs on a mutex of its own, and one on a mutex that all of them share.
 */
#include <pthread.h>
#include <time.h>

#include "bench.h"

enum { THREADS = 4, OWN = 63 };

static pthread_mutex_t shared = PTHREAD_MUTEX_INITIALIZER;
static volatile unsigned long counter;
static int rounds;

static void *work(void *arg)
{
	pthread_mutex_t own = PTHREAD_MUTEX_INITIALIZER;
	volatile unsigned long mine = 0;

	for (int i = 0; i < rounds; i++) {
		for (int n = 0; n < OWN; n++) {
			pthread_mutex_lock(&own);
			mine++;
			pthread_mutex_unlock(&own);
		}
		pthread_mutex_lock(&shared);
		counter++;
		pthread_mutex_unlock(&shared);
	}
	return arg;
}

/* CPU time, not that of the clock: others may be running, too. */
static double measure(void)
{
	pthread_t threads[THREADS];
	struct timespec begin, end;

	clock_gettime(CLOCK_PROCESS_CPUTIME_ID, &begin);
	for (int i = 0; i < THREADS; i++) {
		errno = pthread_create(&threads[i], NULL, work, NULL);
		if (errno)
			die("pthread_create");
	}
	for (int i = 0; i < THREADS; i++)
		pthread_join(threads[i], NULL);
	clock_gettime(CLOCK_PROCESS_CPUTIME_ID, &end);
	return ((double)(end.tv_sec - begin.tv_sec) * 1e9 + (double)(end.tv_nsec - begin.tv_nsec)) / THREADS /
	       rounds / (OWN + 1);
}

int main(void)
{
	char line[32];

	while (fgets(line, sizeof(line), stdin)) {
		rounds = atoi(line);
		if (rounds < 1)
			return 2;
		printf("%.3f\n", measure());
		fflush(stdout);
	}
	return 0;
}
