/* SPDX-License-Identifier: GPL-2.0-or-later */
/* What the families of faultgen share: the shape of a fault, the run in progress, and a few helpers. */
#ifndef FAULTGEN_H
#define FAULTGEN_H

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>
#include <sys/types.h>

enum {
	FAULTGEN_USAGE = 2,
	FAULTGEN_SURVIVED = 70, /* the fault was made and did not do what it should */
	FAULTGEN_CANNOT = 77,	/* this machine or this user cannot make it */
};

/* What faultd ought to say. kind NULL: there is no one truth; "-": nothing may be reported. */
struct truth {
	const char *kind;
	const char *cause;
	const char *extra; /* key=value facts, separated by spaces */
};

struct args {
	const char *usage;
	int least;
	int most;
	bool lasts; /* SECONDS is one of them: it goes on for that long, and ends by itself */
};

#define NO_ARGS                 \
	{                       \
		"", 0, 0, false \
	}

/* make() returns only if the fault failed to happen. */
struct fault {
	const char *name;
	const char *summary;
	struct truth truth;
	void (*make)(void);
	struct args args;
};

/* faults ends with a nameless one. */
struct family {
	const char *title;
	const struct fault *faults;
};

extern const struct family memory_family, bus_family, abort_family, trap_family, limit_family, signal_family,
	handler_family, process_family, exit_family, oom_family, load_family, deadlock_family, lock_family,
	io_family, wait_family, loop_family, cpu_family, stop_family, alike_family;

const struct fault *find_fault(const char *name);

/* The one fault that this process was asked for; children inherit it. */
struct run {
	char *program; /* argv[0] */
	const char *name;
	char **args; /* those after the name, ended by NULL */
	bool verbose;
};
extern struct run run;

/* Names that only faultgen itself passes to exec: they act before anything else in main() does. */
#define HIDDEN_NULL_READ    "@null-read"
#define HIDDEN_HOSTILE_NAME "@hostile-name"

/* Keeps the optimizer from knowing a value, so that it can neither foresee the fault nor remove it. */
static inline uintptr_t hide(uintptr_t value)
{
	__asm__ volatile("" : "+r"(value));
	return value;
}

static inline void *hide_pointer(const void *pointer)
{
	return (void *)hide((uintptr_t)pointer);
}

/* Keeps a call from becoming a jump, so that its caller stays on the stack. */
static inline void no_tail_call(void)
{
	__asm__ volatile("" ::: "memory");
}

/* The read through NULL that many families need; returns only if page 0 is mapped. */
void null_read(void);

void say(const char *format, ...) __attribute__((format(printf, 1, 2)));
_Noreturn void cannot(const char *format, ...) __attribute__((format(printf, 1, 2)));
_Noreturn void bad_usage(const char *format, ...) __attribute__((format(printf, 1, 2)));
_Noreturn void survived(void);

/* Exits 2 unless text is a whole number within [least, most]. */
long parse_number(const char *text, const char *what, long least, long most);

void sleep_ms(long ms);
_Noreturn void sleep_forever(void);

/* A file of this size that no name leads to. */
int unnamed_file(off_t size);

pid_t fork_or_fail(void);
/* Forks a child that runs body, and dies with its parent; when body returns, the child has survived. */
pid_t start_child(void (*body)(void));
int wait_for(pid_t pid);
/* Ends as the child did: its exit status, or 128 plus its signal, as a shell does. */
_Noreturn void end_like(pid_t pid);

/* Replaces this process by a new faultgen with the hidden name and these further arguments. */
_Noreturn void exec_self(const char *hidden, char *const *further);

/* Changes the soft limit, keeping the hard one. */
void limit_resource(int resource, unsigned long soft);

struct cgroup_tree {
	bool v2;
	char root[512]; /* where new groups go */
};

/* A hierarchy whose groups can have limits by this controller; one that has none is a reason to end. */
void need_cgroups(const char *controller, struct cgroup_tree *ret_tree);
/* A hierarchy that merely groups processes: v2 wherever it is mounted, else v1. */
bool find_any_cgroups(struct cgroup_tree *ret_tree, const char **ret_reason);
/* The v1 hierarchy with this controller. */
bool find_v1_cgroups(const char *controller, struct cgroup_tree *ret_tree);
/* Makes root/name, to be removed when the calling process exits. */
const char *make_cgroup(const char *root, const char *name);
/* The same with a name of this process's own. */
const char *make_own_cgroup(const struct cgroup_tree *tree);
bool cgroup_write(const char *group, const char *file, const char *value);
void join_cgroup(const char *group, pid_t pid);

#endif
