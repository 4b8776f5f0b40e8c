// SPDX-License-Identifier: GPL-2.0-or-later
// Programs that notice that they are broken and abort (SIGABRT), each by the library's own check.
#define _GNU_SOURCE 1
#undef NDEBUG
#include "faultgen.h"

#include <assert.h>
#include <dlfcn.h>
#include <stdlib.h>
#include <string.h>

#define KIND "crash.sigabrt"

static __attribute__((noinline)) void assertion(void)
{
	int connections = (int)hide(0);

	assert(connections > 0);
	no_tail_call();
}

static __attribute__((noinline)) void double_free(void)
{
	void *block = hide_pointer(calloc(1, 64));

	free(hide_pointer(block));
	free(hide_pointer(block));
	no_tail_call();
}

static __attribute__((noinline)) void heap_corruption(void)
{
	char *block = hide_pointer(calloc(1, 64));

	free(hide_pointer(block + 8));
	no_tail_call();
}

/* Volatile accesses, so that this stays a loop: a memcpy could be checked, and then it is `fortify`. */
static __attribute__((noinline)) void fill(volatile char *buffer, size_t length)
{
	for (size_t i = 0; i < length; i++)
		buffer[i] = 'A';
}

#ifdef __clang__
/* clang has no way to ask for a guard in one function: this is the code that -fstack-protector makes. */
void __stack_chk_fail(void) __attribute__((noreturn));

static __attribute__((noinline)) void stack_smashing(void)
{
	struct {
		char buffer[16];
		volatile uintptr_t guard;
	} frame;

	frame.guard = hide(0x5ca1ab1e);
	fill(frame.buffer, hide(sizeof(frame)));
	if (frame.guard != hide(0x5ca1ab1e))
		__stack_chk_fail();
}
#else
static __attribute__((noinline, optimize("stack-protector-all"))) void stack_smashing(void)
{
	char buffer[16];

	fill(buffer, hide(sizeof(buffer) + 24));
	no_tail_call();
}
#endif

/* Called by its name, so that it does not depend on how this file is compiled. */
void *__memcpy_chk(void *to, const void *from, size_t length, size_t room);

static __attribute__((noinline)) void fortify(void)
{
	static const char source[64] = "more than fits";
	char buffer[16];

	__memcpy_chk(hide_pointer(buffer), source, hide(sizeof(source)), hide(sizeof(buffer)));
	no_tail_call();
}

static __attribute__((noinline)) void abort_call(void)
{
	abort();
}

/*
 * What `throw 1;` compiles to, made with the C++ runtime itself where it is installed. Nobody catches it, so
 * the unwinder comes to the end of the stack and the runtime calls std::terminate.
 */
static __attribute__((noinline)) void uncaught_exception(void)
{
	void *library = dlopen("libstdc++.so.6", RTLD_NOW);
	void *(*allocate)(size_t) = NULL;
	void (*throw)(void *, void *, void (*)(void *)) = NULL;
	void (*terminate)(void) = NULL;
	void *type_of_int = NULL;

	if (library) {
		*(void **)&allocate = dlsym(library, "__cxa_allocate_exception");
		*(void **)&throw = dlsym(library, "__cxa_throw");
		*(void **)&terminate = dlsym(library, "_ZSt9terminatev");
		type_of_int = dlsym(library, "_ZTIi");
	}
	if (allocate && throw &&type_of_int) {
		int *exception = allocate(sizeof(*exception));

		*exception = 1;
		throw(exception, type_of_int, NULL);
	}
	if (terminate)
		terminate();
	say("has no libstdc++.so.6: a plain abort");
	abort();
}

/* Without a stack trace they all look the same: the program called abort(). */
#define STACKLESS "code=SI_TKILL stackless=abort-call"

static const struct fault faults[] = {
	{"assertion", "fails an assert()", {KIND, "assertion", STACKLESS}, assertion, NO_ARGS},
	{"double-free", "frees a block twice", {KIND, "heap-corruption", STACKLESS}, double_free, NO_ARGS},
	{"heap-corruption",
	 "frees a pointer into the middle of a block",
	 {KIND, "heap-corruption", STACKLESS},
	 heap_corruption,
	 NO_ARGS},
	{"stack-smashing",
	 "overruns a buffer on a guarded stack frame",
	 {KIND, "stack-smashing", STACKLESS},
	 stack_smashing,
	 NO_ARGS},
	{"fortify",
	 "copies more than fits with a checked memcpy",
	 {KIND, "fortify", STACKLESS},
	 fortify,
	 NO_ARGS},
	{"uncaught-exception",
	 "throws a C++ exception that nobody catches",
	 {KIND, "uncaught-exception", STACKLESS},
	 uncaught_exception,
	 NO_ARGS},
	{"abort-call", "calls abort()", {KIND, "abort-call", "code=SI_TKILL"}, abort_call, NO_ARGS},
	{.name = NULL},
};

const struct family abort_family = {"Aborts (SIGABRT)", faults};
