// SPDX-License-Identifier: GPL-2.0-or-later
/* Threads read from a made-up /proc with hostile names, and this program's own from the real one. */
// WRAP: open
#include <pthread.h>
#include <signal.h>
#include <sys/mman.h>
#include <sys/syscall.h>
#include <time.h>

#include "core/clock.h"
#include "host/memory.h"
#include "host/thread.h"
#include "proc_tree.h"

#define LENGTH(array) (sizeof(array) / sizeof((array)[0]))
#define STAT_REST                                                                                            \
	" D 7 42 42 0 -1 4194560 1 2 3 4 5 6 7 8 20 -5 3 0 12345 1000 200 1 2 3 4 5 6 7 8 9 10 11 12 13 17 " \
	"6 50 2 0 0\n"

static void a_thread(void **state)
{
	static const struct {
		const char *text, *name;
	} rows[] = {
		{"43 (worker)" STAT_REST, "worker"},
		{"43 ()" STAT_REST, ""},
		{"43 (a) R 1 1 1)" STAT_REST, "a) R 1 1 1"},
		{"43 (((()" STAT_REST, "((("},
		{"43 (() ) ) ))" STAT_REST, "() ) ) )"},
		{"43 (a\nb)" STAT_REST, "a\nb"},
		{"43 (\033[2J \xff)" STAT_REST, "\033[2J \xff"},
		{"43 (kworker/u8:2-events_unbound)" STAT_REST, "kworker/u8:2-eve"},
	};
	uint64_t tick = NSEC_PER_SEC / (uint64_t)sysconf(_SC_CLK_TCK);

	(void)state;
	for (size_t i = 0; i < LENGTH(rows); i++) {
		struct thread_info t;

		tree_put("42/task/43/stat", rows[i].text);
		assert_int_equal(thread_read(&t, 42, 43), 0);
		assert_string_equal(t.name, rows[i].name);
		assert_int_equal(t.pid, 42);
		assert_int_equal(t.tid, 43);
		assert_int_equal(t.state, 'D');
		assert_int_equal(t.nice, -5);
		assert_int_equal(t.cpu, 6);
		assert_int_equal(t.policy, 2);
		assert_true(t.start == 12345 * tick);
	}
}

static void a_thread_of_somebody(void **state)
{
	struct thread_info t = {.tid = 99};

	(void)state;
	assert_int_equal(thread_read(&t, 0, 43), -ESRCH);
	tree_put("43/status", "Name:\tTgid:\t1\nTgid:\t42\n");
	assert_int_equal(thread_read(&t, 0, 43), -ESRCH);
	tree_put("42/task/43/stat", "43 (w)" STAT_REST);
	assert_int_equal(thread_read(&t, 0, 43), 0);
	assert_int_equal(t.pid, 42);
	tree_put("43/status", "Name:\tx\n");
	assert_int_equal(thread_read(&t, 0, 43), -EBADMSG);
	assert_int_equal(thread_read(&t, 42, 44), -ESRCH);
}

static void damaged_stat(void **state)
{
	static const char *const texts[] = {
		"",	     "43", "43 (w",
		"43 w) S 1", ")(", "43 (w) S 7 42 42 0 -1 4194560 1 2 3 4 5 6 7 8 20 -5 3 0 12345"};

	(void)state;
	for (size_t i = 0; i < LENGTH(texts); i++) {
		struct thread_info t = {.tid = 99};

		tree_put("42/task/43/stat", texts[i]);
		assert_int_equal(thread_read(&t, 42, 43), -EBADMSG);
		assert_int_equal(t.tid, 99); /* untouched */
	}
}

static void calls(void **state)
{
	static const struct {
		const char *text;
		int r;
		struct thread_call call;
	} rows[] = {
		{"running\n", 0, {.running = true}},
		{"-1 0x7ffc 0x40\n", 0, {.sp = 0x7ffc, .ip = 0x40}},
		{"202 0x1 0x80 0x2 0xffffffffffffffff 0x0 0x6 0x7ffc 0x40\n",
		 0,
		 {.in_syscall = true,
		  .nr = 202,
		  .args = {1, 0x80, 2, UINT64_MAX, 0, 6},
		  .sp = 0x7ffc,
		  .ip = 0x40}},
		{"0 0x1 0x2 0x3 0x4 0x5 0x6 0x7 0x8\n",
		 0,
		 {.in_syscall = true, .args = {1, 2, 3, 4, 5, 6}, .sp = 7, .ip = 8}},
		{"", -EBADMSG, {0}},
		{"202 0x1 0x80\n", -EBADMSG, {0}},
		{"4294967296 0x1 0x2 0x3 0x4 0x5 0x6 0x7 0x8\n", -EBADMSG, {0}},
		{"nonsense\n", -EBADMSG, {0}},
	};

	(void)state;
	for (size_t i = 0; i < LENGTH(rows); i++) {
		struct thread_call call = {.ip = 99};

		tree_put("42/task/43/syscall", rows[i].text);
		assert_int_equal(thread_call(&call, 42, 43), rows[i].r);
		if (rows[i].r < 0) {
			assert_true(call.ip == 99);
			continue;
		}
		assert_true(call.running == rows[i].call.running);
		assert_true(call.in_syscall == rows[i].call.in_syscall);
		assert_true(call.nr == rows[i].call.nr && call.sp == rows[i].call.sp &&
			    call.ip == rows[i].call.ip);
		assert_memory_equal(call.args, rows[i].call.args, sizeof(call.args));
	}
	assert_int_equal(thread_call(&(struct thread_call){0}, 42, 44), -ESRCH);
}

static int add(void *arg, pid_t tid)
{
	*(int *)arg += tid;
	return tid == 1000 ? -EINTR : 0;
}

static void every_thread(void **state)
{
	int sum = 0;

	(void)state;
	assert_int_equal(thread_each(42, add, &sum), -ESRCH);
	tree_put("42/task/42/stat", "");
	tree_put("42/task/43/stat", "");
	assert_int_equal(thread_each(42, add, &sum), 0);
	assert_int_equal(sum, 42 + 43);
	tree_put("42/task/1000/stat", "");
	assert_int_equal(thread_each(42, add, &sum), -EINTR);
}

static void numbers_of_our_namespace(void **state)
{
	pid_t pid = 0, tid = 0;

	(void)state;
	assert_int_equal(thread_by_ns_tid(42, 43, &tid), -ESRCH);
	tree_put("42/status", "Name:\tNSpid:\t9\t9\nTgid:\t42\nNSpid:\t42\n");
	assert_int_equal(thread_by_ns_tid(42, 43, &tid), -ESRCH);
	assert_int_equal(thread_by_ns_tid(42, 0, &tid), -ESRCH);
	tree_put("42/task/43/stat", "43 (w)" STAT_REST);
	assert_int_equal(thread_by_ns_tid(42, 43, &tid), 0);
	assert_int_equal(tid, 43);
	/* of another process */
	assert_int_equal(thread_by_ns_tid_anywhere(42, 77, &pid, &tid), -ESRCH);
	tree_put("77/status", "Name:\tx\nTgid:\t70\nNSpid:\t77\n");
	assert_int_equal(thread_by_ns_tid_anywhere(42, 77, &pid, &tid), 0);
	assert_int_equal(pid, 70);
	assert_int_equal(tid, 77);
	tree_put("42/status", "Name:\tx\n");
	assert_int_equal(thread_by_ns_tid(42, 43, &tid), -EBADMSG);
}

static void make_nested(const char *pid, const char *tid, const char *number, const char *namespace)
{
	char name[64], text[128];

	snprintf(text, sizeof(text), "Name:\tNSpid:\t1\t5\nTgid:\t%s\nNSpid:\t%s\t%s\n", pid, tid, number);
	snprintf(name, sizeof(name), "%s/task/%s/status", pid, tid);
	tree_put(name, text);
	snprintf(name, sizeof(name), "%s/status", pid);
	tree_put(name, text);
	snprintf(name, sizeof(name), "%s/ns/pid", pid);
	tree_link(name, namespace);
}

static void numbers_of_other_namespaces(void **state)
{
	pid_t pid = 0, tid = 0;

	(void)state;
	make_nested("42", "43", "6", "pid:[2]");
	make_nested("42", "42", "5", "pid:[2]");
	make_nested("50", "51", "8", "pid:[2]");
	make_nested("50", "50", "7", "pid:[2]");
	make_nested("60", "60", "8", "pid:[3]"); /* the same number elsewhere */
	tree_put("8/status", "Name:\tx\nTgid:\t8\nNSpid:\t8\n");
	assert_int_equal(thread_by_ns_tid(42, 6, &tid), 0);
	assert_int_equal(tid, 43);
	assert_int_equal(thread_by_ns_tid(42, 5, &tid), 0);
	assert_int_equal(tid, 42);
	assert_int_equal(thread_by_ns_tid(42, 43, &tid), -ESRCH);
	assert_int_equal(thread_by_ns_tid(42, 8, &tid), -ESRCH);
	assert_int_equal(thread_by_ns_tid_anywhere(42, 8, &pid, &tid), 0);
	assert_int_equal(pid, 50);
	assert_int_equal(tid, 51);
	assert_int_equal(thread_by_ns_tid_anywhere(60, 8, &pid, &tid), 0);
	assert_int_equal(pid, 60);
	assert_int_equal(thread_by_ns_tid_anywhere(60, 7, &pid, &tid), -ESRCH);
	unlink(tree_path("42/ns/pid"));
	assert_int_equal(thread_by_ns_tid_anywhere(42, 8, &pid, &tid), -ESRCH);
}

static void wait_channels(void **state)
{
	char buf[16] = "before";

	(void)state;
	assert_int_equal(thread_wait_channel(42, 43, buf, sizeof(buf)), -ESRCH);
	tree_put("42/task/43/wchan", "0");
	assert_int_equal(thread_wait_channel(42, 43, buf, sizeof(buf)), -ENODATA);
	tree_put("42/task/43/wchan", "");
	assert_int_equal(thread_wait_channel(42, 43, buf, sizeof(buf)), -ENODATA);
	tree_put("42/task/43/wchan", "futex_wait");
	assert_int_equal(thread_wait_channel(42, 43, buf, sizeof(buf)), 10);
	assert_string_equal(buf, "futex_wait");
	tree_put("42/task/43/wchan", "a_function_that_does_not_fit");
	assert_int_equal(thread_wait_channel(42, 43, buf, sizeof(buf)), 15);
	assert_string_equal(buf, "a_function_that");
}

static void kernel_stacks(void **state)
{
	static const struct {
		const char *text;
		ssize_t r;
		const char *stack;
	} rows[] = {
		{"[<0>] one+0x1/0x2\n[<0>] two.isra.0+0xb1/0x150 [fuse]\n[<0>] three+0x1/0x2\n", 20,
		 "one\ntwo.isra.0\nthree"},
		{"[<ffffffff81000000>] one+0x1/0x2\n[<ffffffffffffffff>] 0xffffffffffffffff\n", 3, "one"},
		{"[<0>] 0xffffffff\n", -ENODATA, NULL},
		{"", -ENODATA, NULL},
		{"[<0>]\n[<0>] \n\n[\n", -ENODATA, NULL},
		{"one+0x1/0x2\n", 3, "one"},
		{"[<0>] eleven_byte+0x1/0x2\n[<0>] elevenbytes+0x1/0x2\n[<0>] x+0x1/0x2\n", 23,
		 "eleven_byte\nelevenbytes"},
		{"[<0>] eleven_byte+0x1/0x2\n[<0>] twelve_bytes+0x1/0x2\n[<0>] x+0x1/0x2\n", 11,
		 "eleven_byte"},
		{"[<0>] a_function_that_does_not_fit+0x1/0x2\n", 0, ""},
	};
	char buf[24];

	(void)state;
	assert_int_equal(thread_kernel_stack(42, 43, buf, sizeof(buf)), -ESRCH);
	for (size_t i = 0; i < LENGTH(rows); i++) {
		tree_put("42/task/43/stack", rows[i].text);
		assert_int_equal(thread_kernel_stack(42, 43, buf, sizeof(buf)), rows[i].r);
		if (rows[i].stack)
			assert_string_equal(buf, rows[i].stack);
	}
}

static void signals(void **state)
{
	uint64_t caught = 9, ignored = 9;

	(void)state;
	assert_int_equal(thread_signals(42, &caught, &ignored), -ESRCH);
	tree_put("42/status", "Name:\tSigCgt:\t1\nSigIgn:\t0000000000001000\n");
	assert_int_equal(thread_signals(42, &caught, &ignored), -EBADMSG);
	assert_true(caught == 9 && ignored == 9);
	tree_put("42/status", "Name:\tx\nSigIgn:\t0000000000001000\nSigCgt:\t8000000000000002\n");
	assert_int_equal(thread_signals(42, &caught, &ignored), 0);
	assert_true(ignored == 1ULL << (SIGPIPE - 1));
	assert_true(caught == (1ULL << 63 | 1ULL << (SIGINT - 1)));
}

static void many_groups(void **state)
{
	enum { GROUPS = 65536 };
	char *text = malloc(GROUPS * 11 + 200);
	uint64_t caught, ignored;
	size_t at;

	(void)state;
	assert_non_null(text);
	at = (size_t)sprintf(text, "Name:\tx\nGroups:\t");
	for (int i = 0; i < GROUPS; i++)
		at += (size_t)sprintf(text + at, "%u ", 4000000000U + (unsigned int)i);
	strcpy(text + at, "\nSigIgn:\t1\nSigCgt:\t2\n");
	tree_put("42/status", text);
	free(text);
	assert_int_equal(thread_signals(42, &caught, &ignored), 0);
	assert_true(ignored == 1 && caught == 2);
}

static void timers(void **state)
{
	(void)state;
	assert_false(thread_has_timers(42));
	tree_put("42/timers", "");
	assert_false(thread_has_timers(42));
	tree_put("42/timers", "ID: 0\nsignal: 14/0000000000000000\n");
	assert_true(thread_has_timers(42));
}

static void cpus(void **state)
{
	(void)state;
	assert_int_equal(thread_cpus_allowed(42, 43), 0);
	tree_put("42/task/43/status",
		 "Name:\tCpus_allowed:\tff\nCpus_allowed:\t3,80000001\nCpus_allowed_list:\tx\n");
	assert_int_equal(thread_cpus_allowed(42, 43), 4);
	tree_put("42/task/43/status", "Name:\tx\n");
	assert_int_equal(thread_cpus_allowed(42, 43), 0);
}

/* The record of what was opened (see the teardown) says the rest. */
static void a_process_read_quietly(void **state)
{
	struct proc_info info;

	(void)state;
	tree_put("42/stat", "42 (app)" STAT_REST);
	tree_put("42/comm", "app\n");
	tree_put("42/cmdline", "app");
	tree_put("42/cgroup", "0::/system.slice/app.service\n");
	tree_link("42/exe", "/usr/sbin/app");
	assert_int_equal(proc_read_quiet(&info, 42), 0);
	assert_null(info.p.args);
	assert_int_equal(info.p.args_len, 0);
	assert_string_equal(info.p.name, "app");
	assert_string_equal(info.p.exe, "/usr/sbin/app");
	assert_string_equal(info.p.unit, "app.service");
	assert_int_equal(info.p.ppid, 7);
	proc_info_free(&info);
	assert_null(strstr(opened, "cmdline"));
	assert_int_equal(proc_read(&info, 42), 0);
	assert_string_equal(info.p.args, "app");
	proc_info_free(&info);
	assert_non_null(strstr(opened, "cmdline"));
	opened[0] = '\0';
}

static void on_signal(int signo)
{
	(void)signo;
}

static void *sleep_long(void *arg)
{
	struct timespec t = {.tv_sec = 60};

	__atomic_store_n((pid_t *)arg, (pid_t)syscall(SYS_gettid), __ATOMIC_RELEASE);
	syscall(SYS_nanosleep, &t, NULL);
	return NULL;
}

static void the_real_one(void **state)
{
	struct thread_call call = {.running = true};
	struct thread_info t = {.state = 'R'};
	uint64_t caught, ignored;
	pid_t tid = 0, found = 0, found_pid = 0;
	pthread_t thread;
	char buf[4096];
	int sum = 0;

	(void)state;
	proc_root = "/proc";
	signal(SIGUSR1, on_signal);
	assert_int_equal(pthread_create(&thread, NULL, sleep_long, &tid), 0);
	for (int i = 0; i < 2000 && !(call.in_syscall && call.nr == SYS_nanosleep); i++) {
		pid_t now = __atomic_load_n(&tid, __ATOMIC_ACQUIRE);

		usleep(1000);
		if (now)
			assert_int_equal(thread_call(&call, getpid(), now), 0);
	}
	assert_true(call.in_syscall);
	assert_int_equal(call.nr, SYS_nanosleep);
	assert_true(call.args[0] && !call.args[1] && call.sp && call.ip);
	assert_int_equal(thread_read(&t, 0, tid), 0);
	assert_int_equal(t.pid, getpid());
	assert_int_equal(t.state, 'S');
	assert_true(t.start > 0 && t.cpu >= 0);
	assert_int_equal(thread_each(getpid(), add, &sum), 0);
	assert_true(sum >= getpid() + tid);
	if (thread_wait_channel(getpid(), tid, buf, sizeof(buf)) > 0)
		assert_non_null(strstr(buf, "nanosleep"));
	if (thread_kernel_stack(getpid(), tid, buf, sizeof(buf)) > 0) {
		assert_non_null(strstr(buf, "nanosleep"));
		assert_null(strpbrk(buf, "+[ "));
	}
	assert_int_equal(thread_signals(getpid(), &caught, &ignored), 0);
	assert_true(caught & 1ULL << (SIGUSR1 - 1));
	assert_false(ignored & 1ULL << (SIGUSR1 - 1));
	assert_true(thread_cpus_allowed(getpid(), tid) > 0);
	assert_int_equal(thread_by_ns_tid_anywhere(getpid(), tid, &found_pid, &found), 0);
	assert_int_equal(found, tid);
	assert_int_equal(found_pid, getpid());
	pthread_kill(thread, SIGUSR1);
	pthread_join(thread, NULL);
}

static void real_timers(void **state)
{
	struct sigevent event = {.sigev_notify = SIGEV_NONE};
	timer_t timer;

	(void)state;
	proc_root = "/proc";
	if (access("/proc/self/timers", R_OK) < 0)
		skip();
	assert_false(thread_has_timers(getpid()));
	assert_int_equal(timer_create(CLOCK_MONOTONIC, &event, &timer), 0);
	assert_true(thread_has_timers(getpid()));
	timer_delete(timer);
}

static void memory(void **state)
{
	size_t page = (size_t)sysconf(_SC_PAGESIZE);
	char *pages = mmap(NULL, 2 * page, PROT_READ | PROT_WRITE, MAP_PRIVATE | MAP_ANONYMOUS, -1, 0);
	char buf[8];

	(void)state;
	assert_ptr_not_equal(pages, MAP_FAILED);
	memcpy(pages + page - 4, "abcd", 4);
	assert_int_equal(mprotect(pages + page, page, PROT_NONE), 0);
	assert_int_equal(memory_read(getpid(), (uintptr_t)pages + page - 4, buf, 4), 0);
	assert_memory_equal(buf, "abcd", 4);
	assert_int_equal(memory_read(getpid(), (uintptr_t)pages + page - 4, buf, 8), -EIO);
	assert_int_equal(memory_read(getpid(), (uintptr_t)pages + page, buf, 4), -EFAULT);
	assert_int_equal(memory_read(0x7ffffff0, (uintptr_t)pages, buf, 4), -ESRCH);
	munmap(pages, 2 * page);
}

int main(void)
{
	const struct CMUnitTest tests[] = {
#define TEST(name) cmocka_unit_test_setup_teardown(name, tree_setup, tree_teardown)
		TEST(a_thread),
		TEST(a_thread_of_somebody),
		TEST(damaged_stat),
		TEST(calls),
		TEST(every_thread),
		TEST(numbers_of_our_namespace),
		TEST(numbers_of_other_namespaces),
		TEST(wait_channels),
		TEST(kernel_stacks),
		TEST(signals),
		TEST(many_groups),
		TEST(timers),
		TEST(cpus),
		TEST(a_process_read_quietly),
		TEST(the_real_one),
		TEST(real_timers),
		TEST(memory),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
