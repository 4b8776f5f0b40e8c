// SPDX-License-Identifier: GPL-2.0-or-later
// Locks whose owner lives and does not let go: because it sleeps, or waits for something itself.
#define _GNU_SOURCE 1
#include "faultgen_stall.h"

#include <errno.h>
#include <fcntl.h>
#include <semaphore.h>
#include <string.h>
#include <unistd.h>

#define KIND "stall.lock"

static pthread_mutex_t outer = PTHREAD_MUTEX_INITIALIZER, inner = PTHREAD_MUTEX_INITIALIZER;
static sem_t taken;
static int silent[2]; /* a pipe that nobody writes to */

static void *sleep_with_lock(void *mutex)
{
	pthread_mutex_lock(mutex);
	sem_post(&taken);
	doze();
}

static void *read_with_lock(void *mutex)
{
	char byte;

	pthread_mutex_lock(mutex);
	sem_post(&taken);
	if (read(silent[0], &byte, 1) != 0)
		survived();
	return NULL;
}

static void *take_both(void *unused)
{
	pthread_mutex_lock(&outer);
	sem_post(&taken);
	pthread_mutex_lock(&inner);
	return unused;
}

static void *wait_for_lock(void *mutex)
{
	pthread_mutex_lock(mutex);
	survived();
}

static void start_owner(const char *name, void *(*body)(void *), pthread_mutex_t *mutex)
{
	sem_init(&taken, 0, 0);
	start_thread(name, body, mutex);
	while (sem_wait(&taken) < 0)
		;
}

static void wait_for_sleeper(void)
{
	start_owner("holder", sleep_with_lock, &outer);
	join(start_thread("waiter", wait_for_lock, &outer));
}

static void wait_for_reader(void)
{
	start_owner("holder", read_with_lock, &outer);
	join(start_thread("waiter", wait_for_lock, &outer));
}

static void wait_in_chain(void)
{
	start_owner("holder", read_with_lock, &inner);
	start_owner("middle", take_both, NULL);
	join(start_thread("waiter", wait_for_lock, &outer));
}

static void lock_sleeper(void)
{
	stall(wait_for_sleeper);
}

static void make_silent_pipe(void)
{
	if (pipe2(silent, O_CLOEXEC) < 0)
		cannot("pipe: %s", strerror(errno));
}

static void lock_stalled(void)
{
	make_silent_pipe();
	stall(wait_for_reader);
}

static void lock_chain(void)
{
	make_silent_pipe();
	stall(wait_in_chain);
}

static const struct fault faults[] = {
	{"lock-sleeper",
	 "a thread waits for a mutex whose owner sleeps",
	 {KIND, "lock-holder-sleeping", "thread=waiter owner=holder chain=1"},
	 lock_sleeper,
	 STALL_ARGS},
	{"lock-stalled",
	 "a thread waits for a mutex whose owner waits in read() for a pipe that nobody writes to",
	 {KIND, "lock-holder-stalled", "thread=waiter owner=holder chain=1"},
	 lock_stalled,
	 STALL_ARGS},
	{"lock-chain",
	 "the same over two mutexes: the owner of the first waits for the second",
	 {KIND, "lock-holder-stalled", "thread=waiter|middle owner=middle|holder last=holder chain=2"},
	 lock_chain,
	 STALL_ARGS},
	{.name = NULL},
};

const struct family lock_family = {"Locks that are not let go", faults};
