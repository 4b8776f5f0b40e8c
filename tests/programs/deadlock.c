// SPDX-License-Identifier: GPL-2.0-or-later
/* Two threads that wait for each other's mutex: deadlock normal|recursive join|serve. */
#include <pthread.h>
#include <stdio.h>
#include <string.h>
#include <sys/epoll.h>
#include <unistd.h>

static pthread_mutex_t locks[2];
static pthread_barrier_t both;

static void *cross(void *arg)
{
	int first = *(int *)arg;

	pthread_mutex_lock(&locks[first]);
	pthread_barrier_wait(&both);
	pthread_mutex_lock(&locks[!first]);
	return NULL;
}

/* On a descriptor that never becomes ready. */
static int serve(void)
{
	struct epoll_event event = {.events = EPOLLIN};
	int epoll = epoll_create1(0), ends[2];

	if (epoll < 0 || pipe(ends) < 0 || epoll_ctl(epoll, EPOLL_CTL_ADD, ends[0], &event) < 0)
		return 1;
	for (;;)
		if (epoll_wait(epoll, &event, 1, -1) > 0)
			return 1;
}

int main(int argc, char **argv)
{
	pthread_mutexattr_t attr;
	pthread_t threads[2];
	int first[2] = {0, 1};

	if (argc != 3)
		return 2;
	pthread_mutexattr_init(&attr);
	pthread_mutexattr_settype(&attr, strcmp(argv[1], "recursive") == 0 ? PTHREAD_MUTEX_RECURSIVE
									   : PTHREAD_MUTEX_NORMAL);
	pthread_barrier_init(&both, NULL, 2);
	for (int i = 0; i < 2; i++)
		pthread_mutex_init(&locks[i], &attr);
	for (int i = 0; i < 2; i++)
		pthread_create(&threads[i], NULL, cross, &first[i]);
	if (strcmp(argv[2], "serve") == 0)
		return serve();
	return pthread_join(threads[0], NULL);
}
