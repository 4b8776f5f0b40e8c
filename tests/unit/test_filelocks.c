// SPDX-License-Identifier: GPL-2.0-or-later
/* Who waits for which lock on a file: from made-up tables, and from the real one. */
// WRAP: open
#include <signal.h>
#include <sys/file.h>
#include <sys/wait.h>

#include "host/filelocks.h"
#include "proc_tree.h"

#define LENGTH(array) (sizeof(array) / sizeof((array)[0]))

static void tables(void **state)
{
	static const struct {
		const char *text;
		int count;
		pid_t holders[4];
	} rows[] = {
		{"", 0, {0}},
		{"1: FLOCK  ADVISORY  WRITE 708 00:18:1234 0 EOF\n", 0, {0}},
		/* the waiter's own lock on something else */
		{"1: FLOCK  ADVISORY  WRITE 42 00:18:1234 0 EOF\n", 0, {0}},
		{"1: FLOCK  ADVISORY  WRITE 708 00:18:1234 0 EOF\n"
		 "1: -> FLOCK  ADVISORY  WRITE 42 00:18:1234 0 EOF\n",
		 1,
		 {708}},
		/* behind another waiter, as since 5.13 */
		{"1: FLOCK  ADVISORY  WRITE 708 00:18:1234 0 EOF\n"
		 "1: -> FLOCK  ADVISORY  WRITE 709 00:18:1234 0 EOF\n"
		 "1:    -> FLOCK  ADVISORY  WRITE 42 00:18:1234 0 EOF\n",
		 1,
		 {708}},
		{"1: FLOCK  ADVISORY  WRITE 708 00:18:1234 0 EOF\n"
		 "1: ->-> FLOCK  ADVISORY  WRITE 42 00:18:1234 0 EOF\n",
		 1,
		 {708}},
		/* of others */
		{"1: POSIX  ADVISORY  WRITE 600 00:18:9 0 EOF\n"
		 "1: -> POSIX  ADVISORY  WRITE 601 00:18:9 0 EOF\n"
		 "10: FLOCK  ADVISORY  WRITE 708 00:18:1234 0 EOF\n"
		 "10: -> FLOCK  ADVISORY  WRITE 42 00:18:1234 0 EOF\n",
		 1,
		 {708}},
		/* several readers, the one that it was queued behind first; not the other file or device */
		{"1: FLOCK  ADVISORY  READ 11 00:18:1234 0 EOF\n"
		 "2: FLOCK  ADVISORY  READ 12 00:18:1234 0 EOF\n"
		 "2: -> FLOCK  ADVISORY  WRITE 42 00:18:1234 0 EOF\n"
		 "3: FLOCK  ADVISORY  READ 13 00:18:1234 0 EOF\n"
		 "4: FLOCK  ADVISORY  READ 14 00:18:1235 0 EOF\n"
		 "5: FLOCK  ADVISORY  READ 15 00:19:1234 0 EOF\n"
		 "6: FLOCK  ADVISORY  READ 16 01:18:1234 0 EOF\n"
		 "7: POSIX  ADVISORY  READ 17 00:18:1234 0 EOF\n",
		 3,
		 {12, 11, 13}},
		/* ranges, and what the process has itself */
		{"1: POSIX  ADVISORY  READ 11 00:18:1234 10 19\n"
		 "1: -> POSIX  ADVISORY  WRITE 42 00:18:1234 15 29\n"
		 "2: POSIX  ADVISORY  READ 12 00:18:1234 29 40\n"
		 "3: POSIX  ADVISORY  READ 13 00:18:1234 30 EOF\n"
		 "4: POSIX  ADVISORY  READ 42 00:18:1234 20 25\n"
		 "5: OFDLCK ADVISORY  READ -1 00:18:1234 0 EOF\n"
		 "6: POSIX  ADVISORY  READ 16 00:18:1234 0 14\n",
		 3,
		 {11, 12, -1}},
		/* readers are in no reader's way */
		{"1: POSIX  ADVISORY  WRITE 11 00:18:1234 0 9\n"
		 "1: -> POSIX  ADVISORY  READ 42 00:18:1234 0 EOF\n"
		 "2: POSIX  ADVISORY  READ 12 00:18:1234 20 29\n"
		 "3: POSIX  ADVISORY  WRITE 13 00:18:1234 30 39\n",
		 2,
		 {11, 13}},
		/* a lock of its own through another open file */
		{"1: FLOCK  ADVISORY  WRITE 42 00:18:1234 0 EOF\n"
		 "1: -> FLOCK  ADVISORY  WRITE 42 00:18:1234 0 EOF\n",
		 1,
		 {42}},
		{"1: OFDLCK ADVISORY  WRITE -1 00:18:1234 0 EOF\n"
		 "1: -> POSIX  ADVISORY  READ 42 00:18:1234 0 EOF\n",
		 1,
		 {-1}},
		{"1: LEASE  BREAKING  READ 708 00:18:1234 0 EOF\n"
		 "1: -> LEASE  BREAKER   WRITE 42 00:18:1234 0 EOF\n",
		 1,
		 {708}},
		/* damage: no holder, another's number, no inode, cut lines */
		{"1: -> FLOCK  ADVISORY  WRITE 42 00:18:1234 0 EOF\n", 0, {0}},
		{"1: FLOCK  ADVISORY  WRITE 708 00:18:1234 0 EOF\n"
		 "2: -> FLOCK  ADVISORY  WRITE 42 00:18:1234 0 EOF\n",
		 0,
		 {0}},
		{"1: FLOCK  ADVISORY  WRITE 708 <none>:0 0 EOF\n"
		 "1: -> FLOCK  ADVISORY  WRITE 42 <none>:0 0 EOF\n",
		 0,
		 {0}},
		{"1: FLOCK  ADVISORY  WRITE 708 00:18:1234 0 EOF\n1: -> FLOCK  ADVISORY  WRITE 42", 0, {0}},
		{"1: FLOCK\n\n:\n->\n1: ->\n1:\n", 0, {0}},
	};

	(void)state;
	for (size_t i = 0; i < LENGTH(rows); i++) {
		struct file_lock waiting = {.pid = 99}, holders[4] = {{.pid = 99}};

		tree_put("locks", rows[i].text);
		assert_int_equal(filelocks_holders(42, &waiting, holders, LENGTH(holders)), rows[i].count);
		for (int j = 0; j < rows[i].count; j++)
			assert_int_equal(holders[j].pid, rows[i].holders[j]);
		assert_int_equal(waiting.pid, rows[i].count ? 42 : 99);
	}
}

static void all_that_it_says(void **state)
{
	struct file_lock waiting, holders[2];

	(void)state;
	tree_put("locks", "7: OFDLCK ADVISORY  WRITE -1 fd:1a:18446744073709551615 0 EOF\n"
			  "7: -> POSIX  ADVISORY  READ 42 fd:1a:18446744073709551615 0 0\n");
	assert_int_equal(filelocks_holders(42, &waiting, holders, 2), 1);
	assert_string_equal(waiting.type, "POSIX");
	assert_string_equal(holders[0].type, "OFDLCK");
	assert_false(waiting.write);
	assert_true(holders[0].write);
	assert_int_equal(waiting.dev_major, 0xfd);
	assert_int_equal(waiting.dev_minor, 0x1a);
	assert_true(waiting.inode == UINT64_MAX);
	/* Who waits without a number of its own is not found by it. */
	tree_put("locks", "1: OFDLCK ADVISORY  WRITE -1 00:18:1 0 EOF\n1: -> OFDLCK ADVISORY  WRITE -1 "
			  "00:18:1 0 EOF\n");
	assert_int_equal(filelocks_holders(-1, &waiting, holders, 2), 0);
	assert_int_equal(filelocks_holders(0, &waiting, holders, 2), 0);
	unlink(tree_path("locks"));
	assert_int_equal(filelocks_holders(42, &waiting, holders, 2), -ENOENT);
}

static void no_more_than_there_is_room_for(void **state)
{
	struct file_lock waiting, holders[3] = {[2] = {.pid = 99}};

	(void)state;
	tree_put("locks", "1: FLOCK  ADVISORY  READ 11 00:18:1234 0 EOF\n"
			  "1: -> FLOCK  ADVISORY  WRITE 42 00:18:1234 0 EOF\n"
			  "2: FLOCK  ADVISORY  READ 12 00:18:1234 0 EOF\n"
			  "3: FLOCK  ADVISORY  READ 13 00:18:1234 0 EOF\n");
	assert_int_equal(filelocks_holders(42, &waiting, holders, 2), 2);
	assert_int_equal(holders[2].pid, 99);
	assert_int_equal(filelocks_holders(42, &waiting, holders, 0), 0);
}

/* The waiter stands before the end of what is read, then behind it. */
static void huge_tables(void **state)
{
	enum { LINES = 20000 };
	static const char waits[] = "1: FLOCK  ADVISORY  WRITE 708 00:18:1234 0 EOF\n"
				    "1: -> FLOCK  ADVISORY  WRITE 42 00:18:1234 0 EOF\n";
	char *text = malloc(LINES * 64 + 2 * sizeof(waits)), *at;
	struct file_lock waiting, holders[4];

	(void)state;
	assert_non_null(text);
	at = text + sprintf(text, "%s", waits);
	for (int i = 2; i < LINES; i++)
		at += sprintf(at, "%d: POSIX  ADVISORY  WRITE %d 00:18:%d 0 EOF\n", i, i + 1000, i);
	tree_put("locks", text);
	assert_int_equal(filelocks_holders(42, &waiting, holders, 4), 1);
	strcpy(at, waits);
	tree_put("locks", text + strlen(waits));
	assert_int_equal(filelocks_holders(42, &waiting, holders, 4), 0);
	free(text);
}

/* A child that waits in flock(2) for what we have. */
static void the_real_one(void **state)
{
	struct file_lock waiting = {0}, holders[4];
	int fd = open(tree_path("file"), O_RDWR | O_CREAT | O_CLOEXEC, 0600), r = 0;
	struct stat st;
	pid_t child;

	(void)state;
	assert_true(fd >= 0);
	assert_int_equal(flock(fd, LOCK_EX), 0);
	child = fork();
	assert_true(child >= 0);
	if (child == 0) {
		int other = open(tree_path("file"), O_RDWR | O_CLOEXEC);

		alarm(20);
		_exit(flock(other, LOCK_EX) == 0 ? 0 : 1);
	}
	proc_root = "/proc";
	for (int i = 0; i < 2000 && r == 0; i++) {
		usleep(1000);
		r = filelocks_holders(child, &waiting, holders, LENGTH(holders));
	}
	kill(child, SIGKILL);
	waitpid(child, NULL, 0);
	assert_int_equal(r, 1);
	assert_int_equal(holders[0].pid, getpid());
	assert_int_equal(waiting.pid, child);
	assert_string_equal(waiting.type, "FLOCK");
	assert_true(waiting.write);
	assert_int_equal(fstat(fd, &st), 0);
	assert_true(waiting.inode == st.st_ino);
	close(fd);
}

int main(void)
{
	const struct CMUnitTest tests[] = {
#define TEST(name) cmocka_unit_test_setup_teardown(name, tree_setup, tree_teardown)
		TEST(tables),	   TEST(all_that_it_says), TEST(no_more_than_there_is_room_for),
		TEST(huge_tables), TEST(the_real_one),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
