// SPDX-License-Identifier: GPL-2.0-or-later
/*
 * Starting a program exactly as described, fast, and knowing at once whether it could be executed.
 *
 * The child borrows our memory (CLONE_VM) and we wait until it has executed (CLONE_VFORK), as posix_spawn(3)
 * does: nothing is copied, and what went wrong is in our own memory when we wake up. So the child may only
 * make raw system calls: glibc's setuid() and friends would signal threads that it does not have.
 */
#include "host/spawn.h"

#include <errno.h>
#include <fcntl.h>
#include <limits.h>
#include <linux/capability.h>
#include <linux/sched.h>
#include <sched.h>
#include <signal.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/mman.h>
#include <sys/prctl.h>
#include <sys/stat.h>
#include <sys/syscall.h>
#include <sys/wait.h>
#include <unistd.h>

#ifndef CLONE_INTO_CGROUP
#define CLONE_INTO_CGROUP 0x200000000ULL
#endif

enum { CHILD_STACK = 64 * 1024 };

struct child {
	const struct spawn *spawn;
	const char *path;
	bool born_in_cgroup;
	/* answers, in memory that is shared even when the child is a copy of us */
	volatile int error;
	const char *volatile stage;
};

/* The last step that is tried is the one that is blamed. */
#define TRY(child, what, call)           \
	do {                             \
		(child)->stage = (what); \
		if ((call) < 0)          \
			return -1;       \
	} while (0)

static int set_capabilities(struct child *c, const struct launch_capabilities *caps)
{
	struct __user_cap_header_struct header = {.version = _LINUX_CAPABILITY_VERSION_3};
	struct __user_cap_data_struct data[2];

	if (syscall(SYS_capget, &header, data) < 0)
		return 0;
	for (int i = 0; i < 2; i++) {
		data[i].inheritable = (uint32_t)(caps->inheritable >> (32 * i));
		data[i].permitted &= (uint32_t)(caps->permitted >> (32 * i));
		data[i].effective = data[i].permitted;
	}
	TRY(c, "capabilities", syscall(SYS_capset, &header, data));
	for (unsigned long cap = 0; cap < 64; cap++)
		if (caps->ambient >> cap & 1)
			TRY(c, "ambient capabilities",
			    syscall(SYS_prctl, PR_CAP_AMBIENT, PR_CAP_AMBIENT_RAISE, cap, 0, 0));
	return 0;
}

static int set_credentials(struct child *c)
{
	const struct spawn *s = c->spawn;
	const struct launch_capabilities *caps = s->capabilities;

	TRY(c, "groups", syscall(SYS_setgroups, s->group_count, s->groups));
	TRY(c, "group", syscall(SYS_setresgid, s->gid, s->egid, s->sgid));
	if (caps && caps->known) {
		for (unsigned long cap = 0; cap < 64; cap++)
			if (!(caps->bounding >> cap & 1) &&
			    syscall(SYS_prctl, PR_CAPBSET_READ, cap, 0, 0, 0) > 0)
				TRY(c, "bounding set", syscall(SYS_prctl, PR_CAPBSET_DROP, cap, 0, 0, 0));
		TRY(c, "keeping capabilities", syscall(SYS_prctl, PR_SET_KEEPCAPS, 1, 0, 0, 0));
	}
	TRY(c, "user", syscall(SYS_setresuid, s->uid, s->euid, s->suid));
	if (caps && caps->known) {
		if (set_capabilities(c, caps) < 0)
			return -1;
		if (caps->no_new_privileges)
			TRY(c, "no-new-privileges", syscall(SYS_prctl, PR_SET_NO_NEW_PRIVS, 1, 0, 0, 0));
	}
	return 0;
}

static int write_small(const char *path, int number)
{
	char text[16];
	int n = snprintf(text, sizeof(text), "%d", number);
	int fd = open(path, O_WRONLY | O_CLOEXEC);

	if (fd < 0)
		return -1;
	n = (int)write(fd, text, (size_t)n);
	close(fd);
	return n < 0 ? -1 : 0;
}

static int set_resources(struct child *c)
{
	const struct spawn *s = c->spawn;

	/* A cgroup that has gone, or takes nobody, is no reason to leave the service down. */
	for (size_t i = 0; i < s->cgroup_count; i++)
		if (write(s->cgroup_procs[i], "0", 1) < 0)
			continue;
	if (!c->born_in_cgroup && s->cgroup_dir_procs >= 0 && write(s->cgroup_dir_procs, "0", 1) < 0)
		c->stage = "cgroup";
	if (s->has_umask)
		umask(s->umask);
	for (int i = 0; s->limits && i < (int)RLIM_NLIMITS; i++)
		if (s->known_limits >> i & 1)
			syscall(SYS_prlimit64, 0, i, &s->limits[i], NULL);
	if (s->has_nice)
		syscall(SYS_setpriority, PRIO_PROCESS, 0, s->nice);
	if (s->has_oom_score_adj)
		write_small("/proc/self/oom_score_adj", s->oom_score_adj);
	if (s->cwd)
		TRY(c, "working directory", chdir(s->cwd));
	return 0;
}

static int set_descriptors(struct child *c)
{
	int fds[3];

	for (int i = 0; i < 3; i++) {
		fds[i] = c->spawn->fds[i];
		if (fds[i] >= 0 && fds[i] < 3 && fds[i] != i)
			TRY(c, "standard streams", fds[i] = fcntl(fds[i], F_DUPFD_CLOEXEC, 3));
	}
	for (int i = 0; i < 3; i++) {
		if (fds[i] < 0)
			close(i);
		else if (fds[i] == i)
			TRY(c, "standard streams", fcntl(i, F_SETFD, 0));
		else
			TRY(c, "standard streams", dup2(fds[i], i));
	}
	/* All of ours are close-on-exec; a library's may not be. Without the call (before 5.9) so be it. */
	syscall(SYS_close_range, 3, ~0U, 4 /* CLOSE_RANGE_CLOEXEC, 5.11 */);
	return 0;
}

static void set_signals(const struct spawn *s)
{
	struct sigaction action = {.sa_handler = SIG_DFL};
	sigset_t none;

	for (int signo = 1; signo < NSIG; signo++) {
		action.sa_handler = s->ignored_signals >> (signo - 1) & 1 ? SIG_IGN : SIG_DFL;
		sigaction(signo, &action, NULL);
	}
	sigemptyset(&none);
	sigprocmask(SIG_SETMASK, &none, NULL);
}

static int child_setup(struct child *c)
{
	const struct spawn *s = c->spawn;

	if (s->new_session)
		TRY(c, "session", syscall(SYS_setsid));
	if (set_resources(c) < 0 || set_descriptors(c) < 0)
		return -1;
	if (s->has_credentials && set_credentials(c) < 0)
		return -1;
	set_signals(s);
	c->stage = c->path;
	return execve(c->path, s->argv, s->envp);
}

__attribute__((no_sanitize_address)) static int child_main(void *arg)
{
	struct child *c = arg;

	child_setup(c);
	c->error = errno;
	_exit(127);
}

/* In our PATH, as execvp(3) does it, but before there is a child. */
static int find_program(const char *name, char ret[static PATH_MAX])
{
	const char *path = getenv("PATH") ?: "/usr/local/bin:/usr/bin:/bin";
	int error = -ENOENT;

	if (strchr(name, '/')) {
		if (snprintf(ret, PATH_MAX, "%s", name) >= PATH_MAX)
			return -ENAMETOOLONG;
		return 0;
	}
	for (const char *end; *path; path = *end ? end + 1 : end) {
		struct stat st;

		end = strchrnul(path, ':');
		if (snprintf(ret, PATH_MAX, "%.*s/%s", (int)(end - path), end == path ? "." : path, name) >=
		    PATH_MAX)
			continue;
		if (stat(ret, &st) < 0 || !S_ISREG(st.st_mode))
			continue;
		if (access(ret, X_OK) == 0)
			return 0;
		error = -EACCES;
	}
	return error;
}

/*
 * Moving a running process between cgroups waits for a grace period (cgroup_threadgroup_rwsem); being born
 * in one does not (5.7+). That child is a copy of us: clone3(2) without a stack of its own cannot share
 * memory.
 */
static pid_t clone_into_cgroup(struct child *c)
{
	struct clone_args args = {
		.flags = CLONE_VFORK | CLONE_INTO_CGROUP,
		.exit_signal = SIGCHLD,
		.cgroup = (uint64_t)c->spawn->cgroup_dir,
	};
	long pid = syscall(SYS_clone3, &args, sizeof(args));

	if (pid == 0)
		child_main(c);
	return (pid_t)pid;
}

static pid_t clone_shared(struct child *c)
{
	void *stack = mmap(NULL, CHILD_STACK, PROT_READ | PROT_WRITE, MAP_PRIVATE | MAP_ANONYMOUS | MAP_STACK,
			   -1, 0);
	pid_t pid;
	int saved;

	if (stack == MAP_FAILED)
		return -1;
	pid = clone(child_main, (char *)stack + CHILD_STACK, CLONE_VM | CLONE_VFORK | SIGCHLD, c);
	saved = errno;
	munmap(stack, CHILD_STACK);
	errno = saved;
	return pid;
}

static int run_child(struct child *c, pid_t *ret_pid)
{
	sigset_t all, old;
	pid_t pid = -1;
	int r;

	/* No handler of ours may run in the child, on memory that is ours. */
	sigfillset(&all);
	sigprocmask(SIG_SETMASK, &all, &old);
	c->born_in_cgroup = c->spawn->cgroup_dir >= 0;
	if (c->born_in_cgroup)
		pid = clone_into_cgroup(c);
	if (pid < 0) {
		c->born_in_cgroup = false;
		pid = clone_shared(c);
	}
	r = pid < 0 ? -errno : 0;
	sigprocmask(SIG_SETMASK, &old, NULL);
	if (r < 0)
		return r;
	if (c->error) {
		while (waitpid(pid, NULL, 0) < 0 && errno == EINTR)
			;
		return -c->error;
	}
	*ret_pid = pid;
	return 0;
}

int spawn_process(const struct spawn *spawn, pid_t *ret_pid, const char **ret_stage)
{
	char path[PATH_MAX];
	struct child *c;
	int r = find_program(spawn->path, path);

	if (r < 0) {
		if (ret_stage)
			*ret_stage = "program";
		return r;
	}
	c = mmap(NULL, sizeof(*c), PROT_READ | PROT_WRITE, MAP_SHARED | MAP_ANONYMOUS, -1, 0);
	if (c == MAP_FAILED)
		return -errno;
	c->spawn = spawn;
	c->path = path;
	c->stage = "process";
	r = run_child(c, ret_pid);
	if (r < 0 && ret_stage)
		*ret_stage = c->stage == path ? "program" : c->stage;
	munmap(c, sizeof(*c));
	return r;
}
