/* SPDX-License-Identifier: GPL-2.0-or-later */
/* The one thread's event loop: descriptors, timers, child processes and signals over epoll. */
#ifndef FAULTD_HOST_LOOP_H
#define FAULTD_HOST_LOOP_H

#include <stdint.h>
#include <sys/types.h>

#include "core/clock.h"

struct loop;
struct loop_source; /* owned by the loop until loop_remove() or, for one-shot timers and children, until it
		       fired */

typedef void (*loop_fd_fn)(void *arg, int fd, uint32_t events);
typedef void (*loop_timer_fn)(void *arg);
/* status as wait(2) gives it; LOOP_CHILD_LOST when somebody else reaped the child. */
enum { LOOP_CHILD_LOST = -1 }; /* neither WIFEXITED nor WIFSIGNALED */
typedef void (*loop_child_fn)(void *arg, pid_t pid, int status);
typedef void (*loop_signal_fn)(void *arg, int signo);

/* 0 or negative errno. CLOCK_BOOTTIME timers. */
int loop_new(struct loop **ret_loop);
void loop_free(struct loop *loop);
/* Runs until loop_quit(); returns the status given there, or negative errno. */
int loop_run(struct loop *loop);
void loop_quit(struct loop *loop, int status);
/* The clock of this loop; its offset to the time of day follows whoever sets the time. */
const struct clock *loop_clock(struct loop *loop);

/*
 * events: EPOLLIN and friends. The descriptor stays the caller's, who closes it only after loop_remove().
 * -EPERM for what cannot be waited for (a regular file). ret may be NULL in all of these.
 */
int loop_add_fd(struct loop *loop, int fd, uint32_t events, loop_fd_fn fn, void *arg,
		struct loop_source **ret);
int loop_modify_fd(struct loop_source *source, uint32_t events);
/* Once, at boottime `at` ns (at once when that is past). The source is gone when fn is called. */
int loop_add_timer(struct loop *loop, uint64_t at, loop_timer_fn fn, void *arg, struct loop_source **ret);
/* Once, when our child ended; it is reaped. The source is gone when fn is called. -ECHILD: not our child. */
int loop_add_child(struct loop *loop, pid_t pid, loop_child_fn fn, void *arg, struct loop_source **ret);
/* Blocks signo for the process, for good (a new program must unblock its own), and delivers it here. */
int loop_add_signal(struct loop *loop, int signo, loop_signal_fn fn, void *arg, struct loop_source **ret);
/* NULL is allowed; always returns NULL. Safe from inside any callback, its own included. */
struct loop_source *loop_remove(struct loop_source *source);

#endif
