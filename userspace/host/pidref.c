// SPDX-License-Identifier: GPL-2.0-or-later
/* Processes held by pidfd: opened first, checked afterwards, so that a number's next owner is never meant. */
#include "host/pidref.h"

#include <errno.h>
#include <poll.h>
#include <stddef.h>
#include <sys/syscall.h>
#include <unistd.h>

#include "core/clock.h"
#include "host/proc.h"

/*
 * /proc counts in ticks of USER_HZ since boot, rounded down. One tick of tolerance is for starts that were
 * not taken from the task itself. Inside a time namespace /proc's count is shifted: nothing matches then, and
 * nothing is signalled.
 */
static bool same_start(uint64_t a, uint64_t b)
{
	long hz = sysconf(_SC_CLK_TCK);
	uint64_t tick = NSEC_PER_SEC / (uint64_t)(hz > 0 ? hz : 100);

	a /= tick;
	b /= tick;
	return a > b ? a - b <= 1 : b - a <= 1;
}

int pidref_open(struct pidref *ret, pid_t pid, uint64_t start)
{
	struct pidref ref = {.pid = pid, .start = start};
	uint64_t found;
	int r;

	if (pid <= 0)
		return -ESRCH;
	ref.fd = (int)syscall(SYS_pidfd_open, pid, 0);
	if (ref.fd < 0)
		return -errno;
	r = proc_start_time(pid, &found);
	if (r == 0 && start != 0 && !same_start(start, found))
		r = -ESRCH;
	/* A number is free for others only after its process has ended: still alive now, it was it that we
	 * read. */
	if (r == 0 && !pidref_alive(&ref))
		r = -ESRCH;
	if (r < 0) {
		pidref_close(&ref);
		return r;
	}
	if (start == 0)
		ref.start = found;
	*ret = ref;
	return 0;
}

int pidref_signal(const struct pidref *ref, int signo)
{
	if (ref->fd < 0)
		return -ESRCH;
	return syscall(SYS_pidfd_send_signal, ref->fd, signo, NULL, 0) < 0 ? -errno : 0;
}

bool pidref_alive(const struct pidref *ref)
{
	/* Unlike signal 0 this tells a zombie from a process, and needs no permission. */
	struct pollfd p = {.fd = ref->fd, .events = POLLIN};
	int r;

	if (ref->fd < 0)
		return false;
	do
		r = poll(&p, 1, 0);
	while (r < 0 && errno == EINTR);
	return r == 0;
}

void pidref_close(struct pidref *ref)
{
	if (ref->fd >= 0)
		close(ref->fd);
	ref->fd = -1;
}
