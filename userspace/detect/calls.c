// SPDX-License-Identifier: GPL-2.0-or-later
/* The system calls that threads sleep in, one line each. A call that is not listed is idle: nobody is told.
 */
#include "detect/calls.h"

#include <stddef.h>
#include <sys/syscall.h>

#ifndef SYS_futex_waitv
#define SYS_futex_waitv 449
#endif
#ifndef SYS_futex_wait
#define SYS_futex_wait 455
#endif

enum { ON_FD = 1, WRITES = 2 };

static const struct {
	uint16_t nr;
	uint8_t class;
	uint8_t flags;
} calls[] = {
	{SYS_futex, FE_CALL_FUTEX, 0},
	{SYS_futex_wait, FE_CALL_FUTEX_WAIT, 0},
#ifdef SYS_poll
	{SYS_poll, FE_CALL_POLL, 0},
	{SYS_select, FE_CALL_POLL, 0},
	{SYS_epoll_wait, FE_CALL_POLL, 0},
	{SYS_vfork, FE_CALL_VFORK, 0},
#endif
	{SYS_ppoll, FE_CALL_POLL, 0},
	{SYS_pselect6, FE_CALL_POLL, 0},
	{SYS_epoll_pwait, FE_CALL_POLL, 0},
	{CALLS_EPOLL_PWAIT2, FE_CALL_POLL, 0},
	{SYS_io_uring_enter, FE_CALL_POLL, 0},
	{SYS_clone, FE_CALL_VFORK, 0},
	{SYS_clone3, FE_CALL_VFORK, 0},
	{SYS_flock, FE_CALL_BLOCKS, ON_FD},
	{SYS_fcntl, FE_CALL_FCNTL, ON_FD},
	{SYS_connect, FE_CALL_BLOCKS, ON_FD},
	{SYS_write, FE_CALL_BLOCKS, ON_FD | WRITES},
	{SYS_pwrite64, FE_CALL_BLOCKS, ON_FD | WRITES},
	{SYS_writev, FE_CALL_BLOCKS, ON_FD | WRITES},
	{SYS_pwritev, FE_CALL_BLOCKS, ON_FD | WRITES},
	{SYS_pwritev2, FE_CALL_BLOCKS, ON_FD | WRITES},
	{SYS_sendto, FE_CALL_BLOCKS, ON_FD | WRITES},
	{SYS_sendmsg, FE_CALL_BLOCKS, ON_FD | WRITES},
	{SYS_sendmmsg, FE_CALL_BLOCKS, ON_FD | WRITES},
	{SYS_sendfile, FE_CALL_BLOCKS, ON_FD | WRITES},
	/* Long in an event loop only. */
	{SYS_read, FE_CALL_OTHER, ON_FD},
	{SYS_pread64, FE_CALL_OTHER, ON_FD},
	{SYS_readv, FE_CALL_OTHER, ON_FD},
	{SYS_preadv, FE_CALL_OTHER, ON_FD},
	{SYS_recvfrom, FE_CALL_OTHER, ON_FD},
	{SYS_recvmsg, FE_CALL_OTHER, ON_FD},
	{SYS_accept, FE_CALL_OTHER, ON_FD},
	{SYS_accept4, FE_CALL_OTHER, ON_FD},
	{SYS_nanosleep, FE_CALL_OTHER, 0},
	{SYS_clock_nanosleep, FE_CALL_OTHER, 0},
	{SYS_wait4, FE_CALL_OTHER, 0},
	{SYS_waitid, FE_CALL_OTHER, 0},
	/* These sleep uninterruptibly, on the file of a descriptor. */
	{SYS_fsync, FE_CALL_OTHER, ON_FD},
	{SYS_fdatasync, FE_CALL_OTHER, ON_FD},
	{SYS_ftruncate, FE_CALL_OTHER, ON_FD},
	{SYS_fallocate, FE_CALL_OTHER, ON_FD},
	{SYS_close, FE_CALL_OTHER, ON_FD},
	{SYS_fstat, FE_CALL_OTHER, ON_FD},
	{SYS_getdents64, FE_CALL_OTHER, ON_FD},
	{SYS_ioctl, FE_CALL_OTHER, ON_FD},
	{SYS_sync_file_range, FE_CALL_OTHER, ON_FD},
	{SYS_syncfs, FE_CALL_OTHER, ON_FD},
	{SYS_lseek, FE_CALL_OTHER, ON_FD},
	{SYS_fchmod, FE_CALL_OTHER, ON_FD},
	{SYS_fchown, FE_CALL_OTHER, ON_FD},
};

enum { COUNT = sizeof(calls) / sizeof(calls[0]) };

void calls_fill(uint8_t classes[static FE_CALLS_MAX])
{
	for (size_t i = 0; i < COUNT; i++)
		if (calls[i].nr < FE_CALLS_MAX)
			classes[calls[i].nr] = calls[i].class | (calls[i].flags & ON_FD ? FE_CALL_ON_FD : 0);
}

enum fe_call_class calls_class(uint32_t nr)
{
	for (size_t i = 0; i < COUNT; i++)
		if (calls[i].nr == nr)
			return calls[i].class;
	return FE_CALL_IDLE;
}

static bool has(uint32_t nr, unsigned int flag)
{
	for (size_t i = 0; i < COUNT; i++)
		if (calls[i].nr == nr)
			return calls[i].flags & flag;
	return false;
}

bool calls_on_descriptor(uint32_t nr)
{
	return has(nr, ON_FD);
}

bool calls_writes(uint32_t nr)
{
	return has(nr, WRITES);
}
