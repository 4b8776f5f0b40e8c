// SPDX-License-Identifier: GPL-2.0-or-later
/* Launch records of real children, and respawns that have to be equal to them. */
#include "host/launch.h"

#include <errno.h>
#include <fcntl.h>
#include <grp.h>
#include <setjmp.h>
#include <signal.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/stat.h>
#include <sys/wait.h>
#include <time.h>
#include <unistd.h>

#include <cmocka.h>

#include "host/proc.h"
#include "host/spawn.h"

static char *const sleep_argv[] = {"sleeping \001 beauty", "300", NULL};
static char *const hostile_envp[] = {"A=1", "EMPTY=", "X=\033[31m\n\xff", "PATH=/bin", NULL};

static void nap(void)
{
	nanosleep(&(struct timespec){.tv_nsec = 2000000}, NULL);
}

/* In the child between fork and exec: everything that a respawn has to bring back. */
static void become(int out)
{
	struct rlimit files = {.rlim_cur = 123, .rlim_max = 456};

	signal(SIGHUP, SIG_IGN);
	umask(0137);
	setrlimit(RLIMIT_NOFILE, &files);
	if (nice(3) < 0 || chdir("/tmp") < 0)
		_exit(98);
	dup2(open("/dev/null", O_RDONLY), 0);
	dup2(out, 1);
	dup2(out, 2);
	if (getuid() == 0) {
		gid_t groups[] = {12345, 54321};

		if (setgroups(2, groups) < 0 || setresgid(1234, 1234, 1234) < 0 ||
		    setresuid(4321, 4321, 4321) < 0)
			_exit(97);
	}
}

static pid_t start_child(const char *path, char *const *argv, char *const *envp, int out, bool plain)
{
	char name[64], link[256];
	pid_t pid = fork();

	if (pid == 0) {
		if (!plain)
			become(out);
		execve(path, argv, envp);
		_exit(99);
	}
	/* Until it has executed it looks like us. */
	snprintf(name, sizeof(name), "/proc/%d/exe", (int)pid);
	for (int i = 0; i < 1000; i++, nap()) {
		ssize_t n = readlink(name, link, sizeof(link) - 1);

		link[n > 0 ? n : 0] = '\0';
		if (strstr(link, "sleep") || strstr(link, "dash") || strstr(link, "coreutils") ||
		    strstr(link, "/sh"))
			return pid;
	}
	fail_msg("the child did not execute");
	return pid;
}

static void end(pid_t pid)
{
	kill(pid, SIGKILL);
	assert_int_equal(waitpid(pid, NULL, 0), pid);
}

static char *status_line(pid_t pid, const char *key)
{
	char *text = NULL, *line;

	assert_true(proc_read_file(pid, "status", 65536, &text) > 0);
	line = strstr(text, key);
	assert_non_null(line);
	line = strndup(line, strcspn(line, "\n"));
	free(text);
	return line;
}

static void assert_same_file(pid_t a, pid_t b, const char *name)
{
	char *x = NULL, *y = NULL;
	ssize_t n = proc_read_file(a, name, 1 << 20, &x), m = proc_read_file(b, name, 1 << 20, &y);

	if (n != m || n < 0 || memcmp(x, y, (size_t)n) != 0)
		fail_msg("%s differs:\n%s\n%s", name, x, y);
	free(x);
	free(y);
}

static void assert_same_link(pid_t a, pid_t b, const char *name)
{
	char path[64], x[4096] = "", y[4096] = "";

	snprintf(path, sizeof(path), "/proc/%d/%s", (int)a, name);
	assert_true(readlink(path, x, sizeof(x) - 1) > 0);
	snprintf(path, sizeof(path), "/proc/%d/%s", (int)b, name);
	assert_true(readlink(path, y, sizeof(y) - 1) > 0);
	assert_string_equal(x, y);
}

/* exec(2) lets its parent go on a moment before the new arguments are in their place. */
static void await_arguments(pid_t pid)
{
	char *text = NULL;

	for (int i = 0; i < 1000; i++, nap()) {
		ssize_t n = proc_read_file(pid, "cmdline", 4096, &text);

		free(text);
		text = NULL;
		if (n > 0)
			return;
	}
	fail_msg("no arguments");
}

static void test_respawn_is_equal(void **state)
{
	static const char *const lines[] = {
		"Uid:",	   "Gid:",    "Groups:", "Umask:",  "SigIgn:",	  "CapInh:",
		"CapPrm:", "CapEff:", "CapBnd:", "CapAmb:", "NoNewPrivs:"};
	struct launch *l;
	int ends[2];
	pid_t a, b;

	(void)state;
	assert_int_equal(pipe2(ends, O_CLOEXEC), 0);
	a = start_child("/bin/sleep", sleep_argv, hostile_envp, ends[1], false);
	assert_int_equal(launch_read(&l, a, 0, true), 0);
	assert_memory_equal(l->args, "sleeping \001 beauty\000300", l->args_len);
	assert_false(l->retitled);
	assert_false(l->foreign_namespaces);
	assert_int_equal(l->nice, 3);
	assert_int_equal(launch_spawn(l, &b, NULL), 0);
	await_arguments(b);
	assert_same_file(a, b, "cmdline");
	assert_same_file(a, b, "environ");
	assert_same_file(a, b, "limits");
	assert_same_file(a, b, "cgroup");
	assert_same_file(a, b, "oom_score_adj");
	assert_same_link(a, b, "exe");
	assert_same_link(a, b, "cwd");
	assert_same_link(a, b, "fd/0");
	for (size_t i = 0; i < sizeof(lines) / sizeof(lines[0]); i++) {
		char *x = status_line(a, lines[i]), *y = status_line(b, lines[i]);

		assert_string_equal(x, y);
		free(x);
		free(y);
	}
	assert_int_equal(getsid(b), b);
	assert_int_equal(getpriority(PRIO_PROCESS, (id_t)b), 3);
	/* The same pipe, where the kernel and our rights allow to have it. */
	if (launch_held(l)) {
		assert_int_equal(launch_held(l), 2);
		assert_same_link(a, b, "fd/1");
		assert_same_link(a, b, "fd/2");
	}
	launch_release_streams(l);
	assert_int_equal(launch_held(l), 0);
	end(a);
	end(b);
	launch_unref(l);
	close(ends[0]);
	close(ends[1]);
}

static void test_key(void **state)
{
	char *other[] = {"sleep", "301", NULL};
	struct launch *l, *m, *o;
	pid_t a = start_child("/bin/sleep", sleep_argv, hostile_envp, 2, true), b,
	      c = start_child("/bin/sleep", other, hostile_envp, 2, true);

	(void)state;
	assert_int_equal(launch_read(&l, a, 0, false), 0);
	assert_int_equal(launch_spawn(l, &b, NULL), 0);
	await_arguments(b);
	assert_int_equal(launch_read(&m, b, 0, false), 0);
	assert_int_equal(launch_read(&o, c, 0, false), 0);
	assert_true(l->key == m->key);
	assert_true(l->key != o->key);
	/* Another stack: it has executed. */
	assert_true(!l->start_stack || l->start_stack != m->start_stack);
	end(a);
	end(b);
	end(c);
	launch_unref(l);
	launch_unref(m);
	launch_unref(o);
}

static void test_streams_reopened(void **state)
{
	char log[] = "/tmp/faultd-test-launch-XXXXXX", script[256], text[256];
	char *argv[] = {"sh", "-c", script, NULL};
	int fd = mkstemp(log), status;
	struct launch *l;
	pid_t a, b;
	ssize_t n;

	(void)state;
	assert_true(fd >= 0);
	fchmod(fd, 0666);
	snprintf(script, sizeof(script), "echo hello; [ -e %s.go ] && exit 7; while :; do sleep 1; done",
		 log);
	a = start_child("/bin/sh", argv, hostile_envp, fd, false);
	for (int i = 0; i < 1000 && lseek(fd, 0, SEEK_END) < 6; i++)
		nap();
	assert_int_equal(launch_read(&l, a, 0, true), 0);
	assert_int_equal(l->streams[1].kind, STREAM_PATH);
	end(a);
	strcat(script, ""); /* the record has its own copy */
	snprintf(text, sizeof(text), "%s.go", log);
	close(open(text, O_CREAT | O_WRONLY, 0644));
	assert_int_equal(launch_spawn(l, &b, NULL), 0);
	assert_int_equal(waitpid(b, &status, 0), b);
	assert_int_equal(WEXITSTATUS(status), 7);
	unlink(text);
	/* Appended, not overwritten. */
	lseek(fd, 0, SEEK_SET);
	n = read(fd, text, sizeof(text) - 1);
	text[n > 0 ? n : 0] = '\0';
	assert_string_equal(text, "hello\nhello\n");
	launch_unref(l);
	close(fd);
	unlink(log);
}

static void test_failures(void **state)
{
	const char *stage = NULL;
	struct launch *l, *untouched = NULL;
	pid_t a = start_child("/bin/sleep", sleep_argv, hostile_envp, 2, true), b = -5;
	char *old;

	(void)state;
	assert_int_equal(launch_read(&l, a, 0, false), 0);
	free(l->path);
	l->path = NULL;
	old = l->exe;
	l->exe = strdup("/nonexistent/program");
	assert_int_equal(launch_spawn(l, &b, &stage), -ENOENT);
	assert_string_equal(stage, "program");
	assert_int_equal(b, -5);
	free(l->exe);
	l->exe = strdup("/etc/passwd");
	assert_int_equal(launch_spawn(l, &b, &stage), -EACCES);
	free(l->exe);
	l->exe = old;
	free(l->cwd);
	l->cwd = strdup("/nonexistent");
	assert_int_equal(launch_spawn(l, &b, &stage), -ENOENT);
	assert_string_equal(stage, "working directory");
	/* No child is left behind by what failed. */
	assert_int_equal(waitpid(-1, NULL, WNOHANG), 0);
	/* Another process with the number. */
	assert_int_equal(launch_read(&untouched, a, l->start + 1000000000, false), -ESRCH);
	end(a);
	assert_int_equal(launch_read(&untouched, a, l->start, false), -ESRCH);
	assert_null(untouched);
	assert_int_equal(waitpid(-1, NULL, WNOHANG), -1);
	launch_unref(l);
}

static void test_retitled(void **state)
{
	char *argv[] = {"nginx: master process /usr/sbin/nginx", "300", NULL};
	char *single[] = {"postgres: checkpointer ", NULL};
	char *const *rows[] = {argv, single};
	static const bool expected[] = {false, true};

	(void)state;
	for (size_t i = 0; i < 2; i++) {
		struct launch *l;
		/* cat waits on its terminal or pipe; sh without arguments reads commands */
		int ends[2];
		pid_t pid;

		assert_int_equal(pipe(ends), 0);
		pid = fork();
		if (pid == 0) {
			dup2(ends[0], 0);
			execve(i ? "/bin/sh" : "/bin/sleep", rows[i], hostile_envp);
			_exit(99);
		}
		for (int n = 0; n < 50; n++)
			nap();
		assert_int_equal(launch_read(&l, pid, 0, false), 0);
		assert_int_equal(l->retitled, expected[i]);
		launch_unref(l);
		end(pid);
		close(ends[0]);
		close(ends[1]);
	}
}

static void test_spawn_streams_and_search(void **state)
{
	char *argv[] = {"sh", "-c", "read x; echo got $x; echo err >&2; exit 5", NULL};
	int in[2], out[2], status;
	char text[64];
	struct spawn s = SPAWN_INIT;
	ssize_t n;
	pid_t pid;

	(void)state;
	assert_int_equal(pipe2(in, O_CLOEXEC), 0);
	assert_int_equal(pipe2(out, O_CLOEXEC), 0);
	s.path = "sh";
	s.argv = argv;
	s.envp = environ;
	s.fds[0] = in[0];
	s.fds[1] = s.fds[2] = out[1];
	assert_int_equal(spawn_process(&s, &pid, NULL), 0);
	close(out[1]);
	assert_int_equal(write(in[1], "it\n", 3), 3);
	assert_int_equal(waitpid(pid, &status, 0), pid);
	assert_int_equal(WEXITSTATUS(status), 5);
	n = read(out[0], text, sizeof(text) - 1);
	text[n > 0 ? n : 0] = '\0';
	assert_string_equal(text, "got it\nerr\n");
	s.path = "no-such-program-anywhere";
	assert_int_equal(spawn_process(&s, &pid, NULL), -ENOENT);
	close(in[0]);
	close(in[1]);
	close(out[0]);
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(test_respawn_is_equal), cmocka_unit_test(test_key),
		cmocka_unit_test(test_streams_reopened), cmocka_unit_test(test_failures),
		cmocka_unit_test(test_retitled),	 cmocka_unit_test(test_spawn_streams_and_search),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
