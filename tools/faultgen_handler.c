// SPDX-License-Identifier: GPL-2.0-or-later
// Faults that a SIGSEGV handler catches: some go on as if nothing had been, some end in another way.
#define _GNU_SOURCE 1
#include "faultgen.h"

#include <errno.h>
#include <setjmp.h>
#include <signal.h>
#include <stdlib.h>
#include <string.h>
#include <sys/mman.h>
#include <unistd.h>

#define ROUNDS 1000

static void handle_segv(void (*handler)(int, siginfo_t *, void *), int flags)
{
	struct sigaction action = {.sa_sigaction = handler, .sa_flags = SA_SIGINFO | flags};

	if (sigaction(SIGSEGV, &action, NULL) < 0)
		cannot("sigaction: %s", strerror(errno));
}

static char *closed_page;
static volatile sig_atomic_t caught;

static void open_page(int number, siginfo_t *info, void *context)
{
	(void)number;
	(void)context;
	if (info->si_addr != closed_page || mprotect(closed_page, 4096, PROT_READ | PROT_WRITE) < 0)
		_exit(FAULTGEN_SURVIVED);
	caught++;
}

static void handler_returns(void)
{
	closed_page = mmap(NULL, 4096, PROT_NONE, MAP_PRIVATE | MAP_ANONYMOUS, -1, 0);
	if (closed_page == MAP_FAILED)
		cannot("mmap: %s", strerror(errno));
	handle_segv(open_page, 0);
	for (int i = 0; i < ROUNDS; i++) {
		if (mprotect(closed_page, 4096, PROT_NONE) < 0)
			cannot("mprotect: %s", strerror(errno));
		*(volatile char *)closed_page = 1;
	}
	if (caught == ROUNDS)
		exit(EXIT_SUCCESS);
}

static sigjmp_buf before_fault;

static void jump_back(int number, siginfo_t *info, void *context)
{
	(void)number;
	(void)info;
	(void)context;
	caught++;
	siglongjmp(before_fault, 1);
}

static void handler_siglongjmp(void)
{
	handle_segv(jump_back, 0);
	for (volatile int i = 0; i < ROUNDS; i++) {
		if (sigsetjmp(before_fault, 1) == 0)
			null_read();
	}
	if (caught == ROUNDS)
		exit(EXIT_SUCCESS);
}

/* The signal is blocked here: it is pending when raise() returns, and ends the process as the handler does.
 */
static void reraise(int number, siginfo_t *info, void *context)
{
	(void)info;
	(void)context;
	signal(number, SIG_DFL);
	raise(number);
}

static void handler_reraises(void)
{
	handle_segv(reraise, 0);
	null_read();
}

static void handler_reraises_altstack(void)
{
	static char stack[64 << 10];
	const stack_t other = {.ss_sp = stack, .ss_size = sizeof(stack)};

	if (sigaltstack(&other, NULL) < 0)
		cannot("sigaltstack: %s", strerror(errno));
	handle_segv(reraise, SA_ONSTACK);
	null_read();
}

/* Returning runs the same instruction again, with nobody to catch it. */
static void reset(int number, siginfo_t *info, void *context)
{
	(void)info;
	(void)context;
	signal(number, SIG_DFL);
}

static void handler_resets(void)
{
	handle_segv(reset, 0);
	null_read();
}

static void give_up(int number, siginfo_t *info, void *context)
{
	(void)number;
	(void)info;
	(void)context;
	abort();
}

static void handler_aborts(void)
{
	handle_segv(give_up, 0);
	null_read();
}

static void leave(int number, siginfo_t *info, void *context)
{
	(void)number;
	(void)info;
	(void)context;
	_exit(3);
}

static void handler_exits(void)
{
	handle_segv(leave, 0);
	null_read();
}

static const struct fault faults[] = {
	{"handler-returns",
	 "a handler puts the page right and returns, 1000 times: no fault",
	 {"-", "-", "status=0"},
	 handler_returns,
	 NO_ARGS},
	{"handler-siglongjmp",
	 "a handler jumps out of 1000 null reads: no fault",
	 {"-", "-", "status=0"},
	 handler_siglongjmp,
	 NO_ARGS},
	{"handler-reraises",
	 "a handler restores the default and raises the signal again",
	 {"crash.sigsegv", "null-pointer", "addr=0x0 raised=SI_TKILL"},
	 handler_reraises,
	 NO_ARGS},
	{"handler-reraises-altstack",
	 "the same on an alternate signal stack",
	 {"crash.sigsegv", "null-pointer", "addr=0x0 raised=SI_TKILL"},
	 handler_reraises_altstack,
	 NO_ARGS},
	{"handler-resets",
	 "a handler restores the default and returns into the same fault",
	 {"crash.sigsegv", "null-pointer", "addr=0x0 code=SEGV_MAPERR"},
	 handler_resets,
	 NO_ARGS},
	{"handler-aborts",
	 "a handler calls abort()",
	 {"crash.sigabrt", "null-pointer", "addr=0x0 raised=SI_TKILL"},
	 handler_aborts,
	 NO_ARGS},
	{"handler-exits",
	 "a handler exits with status 3",
	 {"exit.failure", "unknown", "match=1 status=3"},
	 handler_exits,
	 NO_ARGS},
	{.name = NULL},
};

const struct family handler_family = {"Faults under a signal handler", faults};
