// SPDX-License-Identifier: GPL-2.0-or-later
/* Processes read from a made-up /proc: hostile names, missing files, numbers that were reused meanwhile. */
// WRAP: read
#include <errno.h>
#include <fcntl.h>
#include <ftw.h>
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/stat.h>
#include <unistd.h>

#include <cmocka.h>

#include "core/clock.h"
#include "host/proc.h"

static char root[] = "/tmp/faultd-proc-XXXXXX";
static const char *saved_root;
static int read_error, reads_until_error;

ssize_t __real_read(int fd, void *buffer, size_t size);
ssize_t __wrap_read(int fd, void *buffer, size_t size);
ssize_t __wrap_read(int fd, void *buffer, size_t size)
{
	if (read_error && reads_until_error-- <= 0) {
		errno = read_error;
		read_error = errno == EINTR ? 0 : read_error;
		return -1;
	}
	return __real_read(fd, buffer, size);
}

static const char *path_of(pid_t pid, const char *name)
{
	static char path[256];

	snprintf(path, sizeof(path), "%s/%d%s%s", root, (int)pid, name ? "/" : "", name ? name : "");
	return path;
}

static void put(pid_t pid, const char *name, const char *bytes, size_t len)
{
	int fd = open(path_of(pid, name), O_WRONLY | O_CREAT | O_TRUNC, 0600);

	assert_true(fd >= 0);
	assert_int_equal(write(fd, bytes, len), len);
	close(fd);
}

static void puts_in(pid_t pid, const char *name, const char *text)
{
	put(pid, name, text, strlen(text));
}

#define STAT_REST " S 7 42 42 0 -1 4194560 1 2 3 4 5 6 7 8 20 0 3 0 12345 1000 200 0 0\n"

static void make_process(pid_t pid)
{
	mkdir(path_of(pid, NULL), 0700);
	puts_in(pid, "stat", "42 (app)" STAT_REST);
	puts_in(pid, "comm", "app\n");
	puts_in(pid, "status",
		"Name:\tapp\nUid:\t33\t0\t0\t0\nGid:\t34\t0\t0\t0\nNStgid:\t42\t9\nNSpid:\t42\t9\nThreads:"
		"\t3\n");
	put(pid, "cmdline", "app\0-x\0two words", 17);
	puts_in(pid, "cgroup", "0::/system.slice/app.service\n");
	unlink(path_of(pid, "exe"));
	assert_int_equal(symlink("/usr/sbin/app", path_of(pid, "exe")), 0);
	unlink(path_of(pid, "cwd"));
	assert_int_equal(symlink("/var/lib/app", path_of(pid, "cwd")), 0);
}

static int setup(void **state)
{
	(void)state;
	strcpy(root + strlen(root) - 6, "XXXXXX");
	if (!mkdtemp(root))
		return -1;
	saved_root = proc_root;
	proc_root = root;
	read_error = 0;
	make_process(42);
	mkdir(path_of(7, NULL), 0700);
	puts_in(7, "comm", "systemd\n");
	return 0;
}

static int remove_one(const char *path, const struct stat *st, int type, struct FTW *ftw)
{
	(void)st;
	(void)type;
	(void)ftw;
	return remove(path);
}

static int teardown(void **state)
{
	(void)state;
	proc_root = saved_root;
	return nftw(root, remove_one, 16, FTW_DEPTH | FTW_PHYS);
}

static void a_process(void **state)
{
	struct proc_info info;
	uint64_t start = 0, tick = NSEC_PER_SEC / (uint64_t)sysconf(_SC_CLK_TCK);

	(void)state;
	assert_int_equal(proc_read(&info, 42), 0);
	assert_int_equal(info.p.pid, 42);
	assert_int_equal(info.p.tid, 42);
	assert_int_equal(info.p.ppid, 7);
	assert_int_equal(info.p.threads, 3);
	assert_true(info.p.start == 12345 * tick);
	assert_int_equal(info.p.ns_pid, 9);
	assert_int_equal(info.p.pidns_level, 1);
	assert_true(info.p.has_uid);
	assert_int_equal(info.p.uid, 33);
	assert_int_equal(info.p.gid, 34);
	assert_string_equal(info.p.name, "app");
	assert_string_equal(info.p.parent_name, "systemd");
	assert_string_equal(info.p.exe, "/usr/sbin/app");
	assert_false(info.p.exe_deleted || info.p.kernel_thread);
	assert_string_equal(info.p.cwd, "/var/lib/app");
	assert_string_equal(info.p.cgroup, "/system.slice/app.service");
	assert_string_equal(info.p.unit, "app.service");
	assert_null(info.p.container);
	assert_int_equal(info.p.args_len, 16);
	assert_int_equal(info.p.args_total, 16);
	assert_memory_equal(info.p.args, "app\0-x\0two words", 16);
	proc_info_free(&info);
	assert_int_equal(proc_start_time(42, &start), 0);
	assert_true(start == 12345 * tick);
}

static void hostile_names_in_stat(void **state)
{
	static const char *const names[] = {
		"42 ()" STAT_REST,	  "42 (a) R 1 1 1)" STAT_REST, "42 () S 1 (x)" STAT_REST,
		"42 (((((()" STAT_REST,	  "42 () ) ) ))" STAT_REST,    "42 (a\nb)" STAT_REST,
		"42 (\033[2J)" STAT_REST, "42 (\xff\xfe)" STAT_REST,
	};

	(void)state;
	for (size_t i = 0; i < sizeof(names) / sizeof(names[0]); i++) {
		struct proc_info info;

		puts_in(42, "stat", names[i]);
		assert_int_equal(proc_read(&info, 42), 0);
		assert_int_equal(info.p.ppid, 7);
		assert_int_equal(info.p.threads, 3);
		proc_info_free(&info);
	}
}

static void damaged_stat(void **state)
{
	static const char *const texts[] = {"",
					    "42",
					    "42 (app",
					    "42 (app)",
					    "42 (app) S",
					    "42 (app) S x y z",
					    "42 (app) S 7 42 42 0 -1 4194560 1 2 3 4 5 6 7 8 20 0 3"};
	uint64_t start = 77;

	(void)state;
	for (size_t i = 0; i < sizeof(texts) / sizeof(texts[0]); i++) {
		struct proc_info info = {.p.pid = 99};

		puts_in(42, "stat", texts[i]);
		assert_true(proc_read(&info, 42) < 0);
		assert_int_equal(info.p.pid, 99); /* untouched */
		assert_true(proc_start_time(42, &start) < 0);
		assert_true(start == 77);
	}
}

static void comm(void **state)
{
	static const struct {
		const char *text, *name;
	} rows[] = {
		{"app\n", "app"},
		{"\n", ""},
		{"", ""},
		{"no newline", "no newline"},
		{"fifteen-bytes-x\n", "fifteen-bytes-x"},
		{"much-longer-than-the-kernel-keeps\n", "much-longer-than"},
		{"two\nlines\n", "two\nlines"},
	};

	(void)state;
	for (size_t i = 0; i < sizeof(rows) / sizeof(rows[0]); i++) {
		struct proc_info info;

		puts_in(42, "comm", rows[i].text);
		assert_int_equal(proc_read(&info, 42), 0);
		assert_string_equal(info.p.name, rows[i].name);
		proc_info_free(&info);
	}
}

static void files_that_are_not_there(void **state)
{
	static const char *const names[] = {"comm", "status", "cmdline", "cgroup", "exe", "cwd"};
	struct proc_info info;

	(void)state;
	for (size_t i = 0; i < sizeof(names) / sizeof(names[0]); i++) {
		assert_int_equal(unlink(path_of(42, names[i])), 0);
		assert_int_equal(proc_read(&info, 42), 0);
		proc_info_free(&info);
	}
	assert_int_equal(proc_read(&info, 42), 0);
	assert_false(info.p.has_uid);
	assert_null(info.p.exe);
	assert_null(info.p.cwd);
	assert_null(info.p.args);
	assert_null(info.p.cgroup);
	assert_null(info.p.unit);
	assert_string_equal(info.p.name, "");
	proc_info_free(&info);
	unlink(path_of(42, "stat"));
	assert_int_equal(proc_read(&info, 42), -ESRCH);
	assert_int_equal(proc_read(&info, 43), -ESRCH);
}

/* Reading fails with ESRCH when the process goes while its file is open. */
static void a_process_that_goes_meanwhile(void **state)
{
	(void)state;
	for (int after = 0; after < 24; after++) {
		struct proc_info info = {.p.pid = 99};
		int r;

		read_error = ESRCH;
		reads_until_error = after;
		r = proc_read(&info, 42);
		if (r >= 0) {
			proc_info_free(&info);
		} else {
			assert_int_equal(r, -ESRCH);
			assert_int_equal(info.p.pid, 99);
		}
		/* The last look is at the start time: who has gone by then was not read. */
		if (read_error && reads_until_error < 0)
			assert_true(r < 0);
		read_error = 0;
	}
}

static void interrupted_reads_go_on(void **state)
{
	struct proc_info info;

	(void)state;
	read_error = EINTR;
	reads_until_error = 0;
	assert_int_equal(proc_read(&info, 42), 0);
	proc_info_free(&info);
}

static void namespaces(void **state)
{
	static const struct {
		const char *status;
		pid_t ns_pid;
		unsigned int level;
	} rows[] = {
		{"NSpid:\t42\n", 42, 0},
		{"NSpid:\t42\t1\n", 1, 1},
		{"NSpid:\t42\t17\t3\n", 3, 2},
		{"NSpid:\n", 0, 0},
		{"Uid:\t0\n", 42, 0},
		/* What a name pretends to be is on the line of the name. */
		{"Name:\tNSpid:\t1\t1\t1\nNSpid:\t42\n", 42, 0},
	};

	(void)state;
	for (size_t i = 0; i < sizeof(rows) / sizeof(rows[0]); i++) {
		struct proc_info info;

		puts_in(42, "status", rows[i].status);
		assert_int_equal(proc_read(&info, 42), 0);
		assert_int_equal(info.p.ns_pid, rows[i].ns_pid);
		assert_int_equal(info.p.pidns_level, rows[i].level);
		proc_info_free(&info);
	}
}

static void cgroups(void **state)
{
	static const struct {
		const char *text, *path, *unit;
	} rows[] = {
		{"0::/\n", "/", NULL},
		{"0::/system.slice/a.service\n", "/system.slice/a.service", "a.service"},
		/* v1 beside an empty unified hierarchy */
		{"5:memory:/m/x\n1:name=systemd:/s\n0::/\n", "/m/x", NULL},
		{"5:memory:/m/x\n0::/system.slice/a.service\n", "/system.slice/a.service", "a.service"},
		{"5:memory:/m/x\n", "/m/x", NULL},
		{"1:cpu:/c\n", NULL, NULL},
		{"0::/with:colons:in:it\n", "/with:colons:in:it", NULL},
		{"nonsense\n", NULL, NULL},
		{"\n\n", NULL, NULL},
		{"0:\n", NULL, NULL},
	};

	(void)state;
	for (size_t i = 0; i < sizeof(rows) / sizeof(rows[0]); i++) {
		struct proc_info info;

		puts_in(42, "cgroup", rows[i].text);
		assert_int_equal(proc_read(&info, 42), 0);
		if (rows[i].path)
			assert_string_equal(info.p.cgroup, rows[i].path);
		else
			assert_null(info.p.cgroup);
		if (rows[i].unit)
			assert_string_equal(info.p.unit, rows[i].unit);
		else
			assert_null(info.p.unit);
		proc_info_free(&info);
	}
}

static void executables(void **state)
{
	static const struct {
		const char *target, *exe;
		bool deleted;
	} rows[] = {
		{"/bin/x", "/bin/x", false},
		{"/bin/x (deleted)", "/bin/x", true},
		{"/bin/x (deleted) (deleted)", "/bin/x (deleted)", true},
		{"/bin/x (deleted)y", "/bin/x (deleted)y", false},
		{" (deleted)", " (deleted)", false},
		{"/bin/\xff\n\033", "/bin/\xff\n\033", false},
	};

	(void)state;
	for (size_t i = 0; i < sizeof(rows) / sizeof(rows[0]); i++) {
		struct proc_info info;

		unlink(path_of(42, "exe"));
		assert_int_equal(symlink(rows[i].target, path_of(42, "exe")), 0);
		assert_int_equal(proc_read(&info, 42), 0);
		assert_string_equal(info.p.exe, rows[i].exe);
		assert_true(info.p.exe_deleted == rows[i].deleted);
		proc_info_free(&info);
	}
}

static void large_argument_vectors(void **state)
{
	enum { SIZE = 3 << 20 };
	struct proc_info info;
	char *bytes = malloc(SIZE);

	(void)state;
	assert_non_null(bytes);
	memset(bytes, 'a', SIZE);
	put(42, "cmdline", bytes, SIZE);
	free(bytes);
	assert_int_equal(proc_read(&info, 42), 0);
	assert_int_equal(info.p.args_len, 2 << 20);
	proc_info_free(&info);
	put(42, "cmdline", "\0\0\0", 3);
	assert_int_equal(proc_read(&info, 42), 0);
	assert_int_equal(info.p.args_len, 0);
	proc_info_free(&info);
}

static void files(void **state)
{
	char *text = NULL;

	(void)state;
	assert_int_equal(proc_read_file(42, "comm", 2, &text), 2);
	assert_string_equal(text, "ap");
	free(text);
	puts_in(42, "empty", "");
	assert_int_equal(proc_read_file(42, "empty", 100, &text), 0);
	assert_string_equal(text, "");
	free(text);
	text = root;
	assert_int_equal(proc_read_file(42, "missing", 100, &text), -ESRCH);
	assert_ptr_equal(text, root);
}

static int count(void *arg, pid_t pid)
{
	int *sum = arg;

	*sum += pid;
	return pid == 1000 ? -EINTR : 0;
}

static void every_process(void **state)
{
	int sum = 0;

	(void)state;
	mkdir(path_of(1, NULL), 0700);
	assert_int_equal(proc_each(count, &sum), 0);
	assert_int_equal(sum, 42 + 7 + 1);
	mkdir(path_of(1000, NULL), 0700);
	assert_int_equal(proc_each(count, &sum), -EINTR);
	proc_root = "/nonexistent";
	assert_int_equal(proc_each(count, &sum), -ENOENT);
}

static void the_real_one(void **state)
{
	struct proc_info info;

	(void)state;
	proc_root = "/proc";
	assert_int_equal(proc_read(&info, getpid()), 0);
	assert_int_equal(info.p.ppid, getppid());
	assert_int_equal(info.p.uid, getuid());
	assert_true(info.p.start > 0 && info.p.mnt_ns > 0);
	assert_non_null(strstr(info.p.exe, "test_proc"));
	proc_info_free(&info);
}

int main(void)
{
	const struct CMUnitTest tests[] = {
#define TEST(name) cmocka_unit_test_setup_teardown(name, setup, teardown)
		TEST(a_process),
		TEST(hostile_names_in_stat),
		TEST(damaged_stat),
		TEST(comm),
		TEST(files_that_are_not_there),
		TEST(a_process_that_goes_meanwhile),
		TEST(interrupted_reads_go_on),
		TEST(namespaces),
		TEST(cgroups),
		TEST(executables),
		TEST(large_argument_vectors),
		TEST(files),
		TEST(every_process),
		TEST(the_real_one),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
