// SPDX-License-Identifier: GPL-2.0-or-later
// Accesses that end in SIGSEGV: one fault for every cause that crash.sigsegv can be given.
#define _GNU_SOURCE 1
#include "faultgen.h"

#include <errno.h>
#include <pthread.h>
#include <string.h>
#include <sys/mman.h>
#include <sys/resource.h>

#define KIND "crash.sigsegv"

static __attribute__((noinline)) void null_write(void)
{
	volatile int *nowhere = hide_pointer(NULL);

	*nowhere = 1;
	no_tail_call();
}

static __attribute__((noinline)) void null_call(void)
{
	void (*function)(void) = (void (*)(void))hide(0);

	function();
	no_tail_call();
}

struct record {
	char name[0x18];
	int value;
};

static __attribute__((noinline)) void null_member(void)
{
	const volatile struct record *record = hide_pointer(NULL);

	(void)record->value;
	no_tail_call();
}

/* Between where a fixed-address program's heap and the mapping area are, tens of terabytes from either. */
#define WILD_ADDRESS 0x123456789abc

static __attribute__((noinline)) void wild_pointer(void)
{
	volatile char *wild = hide_pointer((void *)WILD_ADDRESS);

	(void)*wild;
	no_tail_call();
}

/* "AAAAAAAA": what a pointer looks like that a string ran over. */
#define NON_CANONICAL_ADDRESS 0x4141414141414141

#ifdef __x86_64__
/* x86 raises a general protection fault for it, which knows no address. */
#define NON_CANONICAL_FACTS "pointer=0x4141414141414141 addr=0x0 code=SI_KERNEL"
#else
#define NON_CANONICAL_FACTS "pointer=0x4141414141414141 code=SEGV_MAPERR"
#endif

static __attribute__((noinline)) void non_canonical(void)
{
	volatile char *wild = hide_pointer((void *)NON_CANONICAL_ADDRESS);

	(void)*wild;
	no_tail_call();
}

/* The frame is smaller than a page, so that none can step over the guard page. */
static __attribute__((noinline)) unsigned long recurse(unsigned long depth)
{
	volatile char frame[1024];

	frame[0] = (char)depth;
	if (hide(depth) == ~0UL)
		return depth;
	return recurse(depth + 1) + (unsigned long)frame[0];
}

static void stack_overflow(void)
{
	struct rlimit limit;

	if (getrlimit(RLIMIT_STACK, &limit) == 0 && limit.rlim_cur > 8UL << 20)
		limit_resource(RLIMIT_STACK, 8UL << 20);
	recurse(0);
}

static void *recurse_in_thread(void *unused)
{
	recurse(0);
	return unused;
}

static void stack_overflow_thread(void)
{
	pthread_attr_t attributes;
	pthread_t thread;

	pthread_attr_init(&attributes);
	pthread_attr_setstacksize(&attributes, 256 << 10);
	if (pthread_create(&thread, &attributes, recurse_in_thread, NULL))
		cannot("cannot start a thread");
	pthread_join(thread, NULL);
}

static const char read_only_text[] = "what is const stays as it is";

static __attribute__((noinline)) void write_to_read_only(void)
{
	volatile char *text = hide_pointer(read_only_text);

	*text = 'W';
	no_tail_call();
}

/* Would be fine machine code (a plain return) if data could be executed. */
#ifdef __aarch64__
static unsigned int data_words[] = {0xd65f03c0};
#else
static unsigned int data_words[] = {0xc3c3c3c3};
#endif

static __attribute__((noinline)) void jump_to_data(void)
{
	void (*function)(void) = (void (*)(void))hide((uintptr_t)data_words);

	function();
	no_tail_call();
}

static __attribute__((noinline)) void use_after_unmap(void)
{
	size_t size = 64 << 20;
	volatile char *area = mmap(NULL, size, PROT_READ | PROT_WRITE, MAP_PRIVATE | MAP_ANONYMOUS, -1, 0);

	if (area == MAP_FAILED)
		cannot("mmap: %s", strerror(errno));
	area[size / 2] = 1;
	munmap((void *)area, size);
	say("reads %p", (void *)(area + size / 2));
	(void)area[size / 2];
	no_tail_call();
}

static __attribute__((noinline)) void protection_key(void)
{
	volatile char *page = mmap(NULL, 4096, PROT_READ | PROT_WRITE, MAP_PRIVATE | MAP_ANONYMOUS, -1, 0);
	int key = pkey_alloc(0, PKEY_DISABLE_ACCESS);

	if (key < 0)
		cannot("this processor or kernel has no memory protection keys (%s)", strerror(errno));
	if (page == MAP_FAILED || pkey_mprotect((void *)page, 4096, PROT_READ | PROT_WRITE, key) < 0)
		cannot("pkey_mprotect: %s", strerror(errno));
	(void)*page;
	no_tail_call();
}

static const struct fault faults[] = {
	{"null-read",
	 "reads through a null pointer",
	 {KIND, "null-pointer", "addr=0x0 code=SEGV_MAPERR access=read"},
	 null_read,
	 NO_ARGS},
	{"null-write",
	 "writes through a null pointer",
	 {KIND, "null-pointer", "addr=0x0 code=SEGV_MAPERR access=write"},
	 null_write,
	 NO_ARGS},
	{"null-call",
	 "calls a null function pointer",
	 {KIND, "null-pointer", "addr=0x0 code=SEGV_MAPERR access=execute"},
	 null_call,
	 NO_ARGS},
	{"null-member",
	 "reads a member, at offset 0x18, of a null structure",
	 {KIND, "null-pointer", "addr=0x18 code=SEGV_MAPERR access=read"},
	 null_member,
	 NO_ARGS},
	{"wild-pointer",
	 "reads an address where nothing is mapped for terabytes around",
	 {KIND, "wild-pointer", "addr=0x123456789abc code=SEGV_MAPERR access=read"},
	 wild_pointer,
	 NO_ARGS},
	{"non-canonical",
	 "reads an address that the processor cannot have (0x4141414141414141)",
	 {KIND, "non-canonical-pointer", NON_CANONICAL_FACTS},
	 non_canonical,
	 NO_ARGS},
	{"stack-overflow",
	 "recurses until the main thread's stack is full",
	 {KIND, "stack-overflow", "code=SEGV_MAPERR access=write"},
	 stack_overflow,
	 NO_ARGS},
	{"stack-overflow-thread",
	 "recurses until another thread's stack reaches its guard page",
	 {KIND, "stack-overflow", "thread=other access=write"},
	 stack_overflow_thread,
	 NO_ARGS},
	{"write-to-read-only",
	 "writes to a constant",
	 {KIND, "write-to-read-only", "code=SEGV_ACCERR access=write"},
	 write_to_read_only,
	 NO_ARGS},
	{"jump-to-data",
	 "executes what is not executable",
	 {KIND, "execute-non-executable", "code=SEGV_ACCERR access=execute"},
	 jump_to_data,
	 NO_ARGS},
	{"use-after-unmap",
	 "reads the middle of a big mapping after munmap",
	 {KIND, "use-after-unmap", "code=SEGV_MAPERR access=read"},
	 use_after_unmap,
	 NO_ARGS},
	{"protection-key",
	 "reads memory that its protection key forbids",
	 {KIND, "protection-key", "code=SEGV_PKUERR access=read"},
	 protection_key,
	 NO_ARGS},
	{.name = NULL},
};

const struct family memory_family = {"Invalid memory accesses (SIGSEGV)", faults};
