// SPDX-License-Identifier: GPL-2.0-or-later
/* What descriptors are: from a made-up /proc with hostile names, and this program's own. */
// WRAP: open
#include <arpa/inet.h>
#include <sys/epoll.h>
#include <sys/eventfd.h>
#include <sys/socket.h>
#include <sys/syscall.h>
#include <sys/un.h>

#include "host/openfile.h"
#include "host/sockets.h"
#include "proc_tree.h"

#define LENGTH(array) (sizeof(array) / sizeof((array)[0]))

#define TCP_HEAD \
	"  sl  local_address rem_address   st tx_queue rx_queue tr tm->when retrnsmt   uid  timeout inode\n"
#define TCP(local, other, state, inode)                                                                    \
	"   0: " local " " other " " state " 00000000:00000000 00:00000000 00000000     0        0 " inode \
	" 1 0000000000000000 100 0 0 10 0\n"
#define UNIX(flags, type, state, inode, path) \
	"0000000032bdcc80: 00000003 00000000 " flags " " type " " state "  " inode path "\n"
#define SIX_ONE	   "00000000000000000000000001000000"
#define SIX_MAPPED "0000000000000000FFFF00000700000A"
#define ANY	   "00000000:0000"

static void make_tables(void)
{
	tree_put("42/net/tcp", TCP_HEAD TCP("0100007F:0050", ANY, "0A", "100") /* 127.0.0.1:80 */
		 TCP("0100007F:9000", "0700000A:1538", "01", "101")	       /* to 10.0.0.7:5432 */
		 TCP("0100007F:9001", "0700000A:1538", "02", "102") TCP(ANY, ANY, "07", "103")
			 TCP("0100007F:9002", "0700000A:1538", "06", "0"));
	tree_put("42/net/tcp6", TCP_HEAD TCP(SIX_ONE ":0050", "00000000000000000000000000000000:0000", "0A",
					     "110") TCP(SIX_MAPPED ":9000", SIX_MAPPED ":1538", "01", "111"));
	tree_put("42/net/udp", TCP_HEAD TCP("0100007F:9000", "0200000A:0035", "01", "120")
				       TCP("00000000:0035", ANY, "07", "121"));
	tree_put("42/net/unix",
		 "Num       RefCount Protocol Flags    Type St Inode Path\n" UNIX("00010000", "0001", "01",
										  "130", " /run/x.sock")
			 UNIX("00000000", "0001", "03", "131", " /run/x.sock")
				 UNIX("00000000", "0001", "03", "132", "")
					 UNIX("00000000", "0002", "01", "133", " @abstract name")
						 UNIX("00010000", "0005", "01", "134", " /run/seqpacket")
		 /* a path with a newline, and what it pretends to be */
		 UNIX("00000000", "0001", "01", "135",
		      " /x\n0000000032bdcc80: 00000003 00000000 00010000 0001 01 131 /forged\n"
		      "0000000032bdcc80: 00000003 00000000 00010000 0001 01 131 /forged again\n"
		      "0000000032bdcc80: 00000003 00000000 00010000 0001 01 101 /forged"));
}

static void sockets(void **state)
{
	static const struct {
		const char *target, *description;
	} rows[] = {
		{"socket:[100]", "tcp listening on 127.0.0.1:80"},
		{"socket:[101]", "tcp 10.0.0.7:5432"}, /* a forged line of another table does not matter */
		{"socket:[102]", "tcp 10.0.0.7:5432"},
		{"socket:[103]", "tcp on 0.0.0.0:0"},
		{"socket:[110]", "tcp listening on [::1]:80"},
		{"socket:[111]", "tcp 10.0.0.7:5432"},
		{"socket:[120]", "udp 10.0.0.2:53"},
		{"socket:[121]", "udp on 0.0.0.0:53"},
		{"socket:[130]", "unix listening on /run/x.sock"},
		{"socket:[131]", "socket:[131]"}, /* disputed */
		{"socket:[132]", "socket:[132]"},
		{"socket:[133]", "unix @abstract name"},
		{"socket:[134]", "unix listening on /run/seqpacket"},
		{"socket:[999]", "socket:[999]"},
	};

	(void)state;
	make_tables();
	tree_put("42/fdinfo/3", "pos:\t0\nflags:\t02004002\nmnt_id:\t8\nino:\t100\n");
	for (size_t i = 0; i < LENGTH(rows); i++) {
		struct openfile file;
		char text[32];

		tree_link("42/fd/3", rows[i].target);
		assert_int_equal(openfile_read(&file, 42, 3), 0);
		assert_string_equal(file.description, rows[i].description);
		assert_string_equal(file.target, rows[i].target);
		assert_int_equal(file.type, OPENFILE_SOCKET);
		snprintf(text, sizeof(text), "socket:[%d]", (int)file.inode);
		assert_string_equal(text, rows[i].target);
		assert_int_equal(file.flags, 02004002);
		assert_int_equal(file.mount_id, 8);
	}
}

#define MOUNTS                                                                                           \
	"22 1 254:0 / / rw,relatime shared:1 - ext4 /dev/root rw\n"                                      \
	"24 22 0:20 / /a\\040-\\040b rw shared:2 master:1 - fuse.sshfs me@host:/a\\040b\\134\\011x rw\n" \
	"240 22 0:21 / /x rw - tmpfs  rw\n"                                                              \
	"25 22 0:22 / /x rw - nfs4 " A300 " rw\n"                                                        \
	"26 22 0:23 / /x rw\n"                                                                           \
	"27 22 0:24 / /x rw - ext4 bad\\9\\0499\\4000\\1 rw\n"
#define A100                                                                                                 \
	"aaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaa" \
	"aa"
#define A300 A100 A100 A100

static void filesystems(void **state)
{
	static const struct {
		const char *fdinfo, *filesystem, *device;
		int mount_id;
	} rows[] = {
		{"pos:\t0\nflags:\t0100001\nmnt_id:\t22\n", "ext4", "/dev/root", 22},
		{"pos:\t0\nflags:\t0100001\nmnt_id:\t24\nino:\t5\nlock:\t1: FLOCK\nmnt_id:\t22\nflags:\t7\n",
		 "fuse.sshfs", "me@host:/a b\\\tx", 24},
		{"flags:\t0100001\nmnt_id:\t240\n", "tmpfs", "", 240},
		{"flags:\t0100001\nmnt_id:\t26\n", "", "", 26},
		{"flags:\t0100001\nmnt_id:\t27\n", "ext4", "bad\\9\\0499\\4000\\1", 27},
		{"flags:\t0100001\nmnt_id:\t2\n", "", "", 2},
		{"flags:\t0100001\n", "", "", -1},
	};
	struct openfile file;

	(void)state;
	tree_put("42/mountinfo", MOUNTS);
	tree_link("42/fd/3", "/data/file\n\033[2J (deleted)");
	for (size_t i = 0; i < LENGTH(rows); i++) {
		tree_put("42/fdinfo/3", rows[i].fdinfo);
		assert_int_equal(openfile_read(&file, 42, 3), 0);
		assert_int_equal(file.type, OPENFILE_PATH);
		assert_string_equal(file.description, "/data/file\n\033[2J (deleted)");
		assert_string_equal(file.filesystem, rows[i].filesystem);
		assert_string_equal(file.device, rows[i].device);
		assert_int_equal(file.mount_id, rows[i].mount_id);
		assert_int_equal(file.flags, 0100001);
	}
	tree_put("42/fdinfo/3", "flags:\t0\nmnt_id:\t25\n");
	assert_int_equal(openfile_read(&file, 42, 3), 0);
	assert_string_equal(file.filesystem, "nfs4");
	assert_int_equal(strlen(file.device), sizeof(file.device) - 1);
}

static void other_targets(void **state)
{
	struct openfile file = {.mount_id = 99};
	char longest[1500];

	(void)state;
	assert_int_equal(openfile_read(&file, 42, 3), -EBADF);
	assert_int_equal(file.mount_id, 99); /* untouched */
	tree_put("42/fdinfo/3", "pos:\t0\nflags:\t01\nmnt_id:\t9\n");
	tree_link("42/fd/3", "pipe:[4711]");
	assert_int_equal(openfile_read(&file, 42, 3), 0);
	assert_int_equal(file.type, OPENFILE_PIPE);
	assert_true(file.inode == 4711);
	assert_string_equal(file.description, "pipe:[4711]");
	assert_int_equal(file.flags, 1);
	assert_string_equal(file.filesystem, "");
	/* A path is a path, whatever it looks like; a device is one whose fdinfo stays closed. */
	tree_link("42/fd/3", "/pipe:[4711]");
	assert_int_equal(openfile_read(&file, 42, 3), 0);
	assert_int_equal(file.type, OPENFILE_PATH);
	assert_int_equal(file.mount_id, 9);
	tree_link("42/fd/3", "/dev/net/tun");
	assert_int_equal(openfile_read(&file, 42, 3), 0);
	assert_int_equal(file.mount_id, -1);
	opened[0] = '\0';
	tree_link("42/fd/3", "anon_inode:[eventpoll]");
	assert_int_equal(openfile_read(&file, 42, 3), 0);
	assert_int_equal(file.type, OPENFILE_ANON);
	assert_int_equal(file.mount_id, -1);
	assert_string_equal(file.description, "anon_inode:[eventpoll]");
	assert_null(strstr(opened, "fdinfo"));
	memset(longest, 'x', sizeof(longest));
	longest[0] = '/';
	longest[sizeof(longest) - 1] = '\0';
	tree_link("42/fd/3", longest);
	assert_int_equal(openfile_read(&file, 42, 3), 0);
	assert_int_equal(strlen(file.target), sizeof(file.target) - 1);
	assert_int_equal(strlen(file.description), sizeof(file.description) - 1);
}

static unsigned int count_opened(const char *name)
{
	unsigned int count = 0;

	for (const char *at = opened; (at = strstr(at, name)); at++)
		count++;
	return count;
}

static void sets(void **state)
{
	struct openfile_set set;

	(void)state;
	make_tables();
	assert_int_equal(openfile_process_set(&set, 42), -ESRCH);
	tree_link("42/fd/0", "/dev/null");
	tree_link("42/fd/3", "anon_inode:[eventpoll]");
	tree_link("42/fd/4", "anon_inode:[eventfd]");
	tree_link("42/fd/5", "socket:[100]");
	tree_link("42/fd/6", "socket:[101]");
	tree_link("42/fd/7", "socket:[101]"); /* a duplicate */
	tree_link("42/fd/8", "socket:[102]"); /* is only connecting */
	tree_link("42/fd/9", "socket:[121]"); /* UDP */
	tree_link("42/fd/10", "socket:[130]");
	tree_link("42/fd/11", "socket:[132]");
	tree_link("42/fd/12", "socket:[131]"); /* disputed */
	tree_link("42/fd/13", "socket:[110]");
	tree_put("42/fdinfo/3", "pos:\t0\nflags:\t02\nmnt_id:\t15\n"
				"tfd:        4 events:       19 data:                4  pos:0 ino:5 sdev:e\n"
				"tfd:        5 events:       19 data:                5  pos:0 ino:64 sdev:8\n"
				"tfd:        6 events:       19 data:                6\n"
				"tfd:       11 events:       19 data:               11  pos:0 ino:84 sdev:8\n"
				"tfd:       13 events:       19 data:               13  pos:0 ino:64 sdev:8\n"
				"tfd:      999 events:       19 data:              999\n");
	opened[0] = '\0';
	assert_int_equal(openfile_process_set(&set, 42), 0);
	assert_int_equal(set.listening, 3); /* 100, 130, 110 */
	assert_int_equal(set.streams, 3);   /* 101 twice, 132 */
	assert_int_equal(set.others, 6);
	assert_false(set.cut);
	assert_int_equal(count_opened("net/tcp\n"), 1);
	assert_int_equal(count_opened("net/tcp6\n"), 1);
	assert_int_equal(count_opened("net/unix\n"), 1);
	tree_put("42/task/42/syscall", "running\n");
	opened[0] = '\0';
	assert_int_equal(openfile_poll_set(&set, 42, 3), 0);
	assert_int_equal(set.listening, 1); /* 100; of 13 the number is another file's by now */
	assert_int_equal(set.streams, 2);   /* 101, 132 */
	assert_int_equal(set.others, 3);    /* the eventfd, 13 and 999 */
	assert_int_equal(count_opened("net/tcp\n"), 1);
	assert_int_equal(openfile_poll_set(&set, 42, 4), -EBADF);
	assert_int_equal(openfile_poll_set(&set, 42, 77), -EBADF);
}

static void put_call(const char *tid, long nr, const char *channel)
{
	char name[64], text[128];

	snprintf(name, sizeof(name), "42/task/%s/syscall", tid);
	snprintf(text, sizeof(text), "%ld 0x3 0x1 0x2 0x3 0x4 0x5 0x6 0x7\n", nr);
	tree_put(name, text);
	snprintf(name, sizeof(name), "42/task/%s/wchan", tid);
	tree_put(name, channel);
}

static void a_set_that_is_in_use(void **state)
{
	struct openfile_set set;

	(void)state;
	tree_link("42/fd/3", "anon_inode:[eventpoll]");
	tree_put("42/fdinfo/3", "pos:\t0\n");
	put_call("42", SYS_read, "request_wait_answer");
	put_call("43", SYS_epoll_pwait, "ep_poll");
	assert_int_equal(openfile_poll_set(&set, 42, 3), 0);
	put_call("43", SYS_epoll_pwait, "do_epoll_wait");
	assert_int_equal(openfile_poll_set(&set, 42, 3), 0);
	put_call("43", SYS_epoll_pwait, "0");
	assert_int_equal(openfile_poll_set(&set, 42, 3), 0);
	opened[0] = '\0';
	put_call("43", SYS_epoll_pwait, "request_wait_answer");
	assert_int_equal(openfile_poll_set(&set, 42, 3), -EBUSY);
	put_call("43", SYS_epoll_ctl, "folio_wait_bit_common");
	assert_int_equal(openfile_poll_set(&set, 42, 3), -EBUSY);
	assert_null(strstr(opened, "fdinfo"));
}

static void a_huge_set(void **state)
{
	enum { COUNT = 17000 };
	char *text = malloc(COUNT * 64), *at = text;
	struct openfile_set set;

	(void)state;
	assert_non_null(text);
	tree_link("42/fd/3", "anon_inode:[eventpoll]");
	tree_link("42/fd/4", "socket:[100]");
	tree_put("42/task/42/syscall", "running\n");
	make_tables();
	for (int i = 0; i < COUNT; i++)
		at += sprintf(at, "tfd: %8d events: %8x data: %16x \n", i % 2 ? 4 : 5, 0x19, i);
	tree_put("42/fdinfo/3", text);
	free(text);
	assert_int_equal(openfile_poll_set(&set, 42, 3), 0);
	assert_true(set.cut);
	assert_int_equal(set.listening, 8192);
	assert_int_equal(set.others, 8192);
}

struct seen {
	int sum, stop_at;
};

static int see(void *arg, pid_t pid)
{
	struct seen *seen = arg;

	seen->sum += pid;
	return pid == seen->stop_at ? 7 : 0;
}

static void readers(void **state)
{
	struct seen seen = {0};

	(void)state;
	tree_link("10/fd/1", "pipe:[4711]");
	tree_put("10/fdinfo/1", "pos:\t0\nflags:\t02000001\n");
	tree_link("20/fd/0", "pipe:[4711]");
	tree_put("20/fdinfo/0", "pos:\t0\nflags:\t02004000\n");
	tree_link("20/fd/5", "pipe:[4711]");
	tree_put("20/fdinfo/5", "pos:\t0\nflags:\t00\n");
	tree_link("300/fd/0", "pipe:[47110]");
	tree_put("300/fdinfo/0", "pos:\t0\nflags:\t00\n");
	tree_link("4000/fd/0", "/pipe:[4711]");
	tree_put("4000/fdinfo/0", "pos:\t0\nflags:\t00\n");
	tree_link("50000/fd/0", "pipe:[4711]");
	tree_put("50000/fdinfo/0", "pos:\t0\nflags:\t02\n");
	tree_link("600000/fd/0", "pipe:[4711]"); /* gone when its flags are read */
	assert_int_equal(openfile_pipe_readers(4711, 0, see, &seen, 100), 0);
	assert_int_equal(seen.sum, 20 + 50000);
	seen = (struct seen){0};
	assert_int_equal(openfile_pipe_readers(4711, 20, see, &seen, 100), 0);
	assert_int_equal(seen.sum, 50000);
	seen = (struct seen){.stop_at = 50000};
	assert_int_equal(openfile_pipe_readers(4711, 20, see, &seen, 100), 7);
	seen = (struct seen){0};
	assert_int_equal(openfile_pipe_readers(1, 0, see, &seen, 7), 0);
	assert_int_equal(openfile_pipe_readers(1, 0, see, &seen, 6), -E2BIG);
	assert_int_equal(seen.sum, 0);
}

static void a_real_pipe(void **state)
{
	struct openfile file;
	struct seen seen = {0};
	int fds[2];

	(void)state;
	proc_root = "/proc";
	assert_int_equal(pipe2(fds, O_CLOEXEC | O_NONBLOCK), 0);
	assert_int_equal(openfile_read(&file, getpid(), fds[1]), 0);
	assert_int_equal(file.type, OPENFILE_PIPE);
	assert_int_equal(file.flags & (O_ACCMODE | O_NONBLOCK), O_WRONLY | O_NONBLOCK);
	assert_int_equal(openfile_pipe_readers(file.inode, 0, see, &seen, 1000000), 0);
	assert_int_equal(seen.sum, getpid());
	seen.sum = 0;
	assert_int_equal(openfile_pipe_readers(file.inode, getpid(), see, &seen, 1000000), 0);
	close(fds[0]);
	assert_int_equal(openfile_pipe_readers(file.inode, 0, see, &seen, 1000000), 0);
	assert_int_equal(seen.sum, 0);
	close(fds[1]);
	assert_int_equal(openfile_read(&file, getpid(), fds[1]), -EBADF);
}

static void a_real_file(void **state)
{
	struct openfile file;
	int fd = open(tree_path("file"), O_RDWR | O_CREAT | O_CLOEXEC, 0600);

	(void)state;
	proc_root = "/proc";
	assert_true(fd >= 0);
	assert_int_equal(openfile_read(&file, getpid(), fd), 0);
	assert_int_equal(file.type, OPENFILE_PATH);
	assert_string_equal(file.description, tree_path("file"));
	assert_true(file.mount_id >= 0 && file.filesystem[0] && file.device[0]);
	assert_int_equal(file.flags & O_ACCMODE, O_RDWR);
	close(fd);
}

static int add_socket(int epoll_fd, int fd)
{
	struct epoll_event event = {.events = EPOLLIN};

	assert_true(fd >= 0);
	assert_int_equal(epoll_ctl(epoll_fd, EPOLL_CTL_ADD, fd, &event), 0);
	return fd;
}

static void a_real_set(void **state)
{
	int set_fd = epoll_create1(EPOLL_CLOEXEC), listener, pair[2], client, event;
	struct sockaddr_in address = {.sin_family = AF_INET, .sin_addr.s_addr = htonl(INADDR_LOOPBACK)};
	char want[64], listening[64];
	socklen_t len = sizeof(address);
	struct openfile_set set;
	struct openfile file;

	(void)state;
	proc_root = "/proc";
	listener = add_socket(set_fd, socket(AF_INET, SOCK_STREAM | SOCK_CLOEXEC, 0));
	assert_int_equal(bind(listener, (struct sockaddr *)&address, len), 0);
	assert_int_equal(listen(listener, 5), 0);
	assert_int_equal(getsockname(listener, (struct sockaddr *)&address, &len), 0);
	client = socket(AF_INET, SOCK_STREAM | SOCK_CLOEXEC, 0);
	assert_int_equal(connect(client, (struct sockaddr *)&address, len), 0);
	add_socket(set_fd, client);
	assert_int_equal(socketpair(AF_UNIX, SOCK_STREAM | SOCK_CLOEXEC, 0, pair), 0);
	add_socket(set_fd, pair[0]);
	event = add_socket(set_fd, eventfd(0, EFD_CLOEXEC));
	assert_int_equal(openfile_poll_set(&set, getpid(), set_fd), 0);
	assert_int_equal(set.listening, 1);
	assert_int_equal(set.streams, 2);
	assert_int_equal(set.others, 1);
	assert_int_equal(openfile_process_set(&set, getpid()), 0);
	assert_true(set.listening >= 1 && set.streams >= 3 && set.others >= 1);
	assert_int_equal(openfile_read(&file, getpid(), client), 0);
	snprintf(want, sizeof(want), "tcp 127.0.0.1:%d", ntohs(address.sin_port));
	assert_string_equal(file.description, want);
	assert_int_equal(openfile_read(&file, getpid(), listener), 0);
	snprintf(want, sizeof(want), "tcp listening on 127.0.0.1:%d", ntohs(address.sin_port));
	assert_string_equal(file.description, want);
	assert_true(sockets_listening(getpid(), listening, sizeof(listening)) >= 1);
	assert_non_null(strstr(listening, want + strlen("tcp listening on ")));
	for (int fd = 0; fd < 2; fd++)
		close(pair[fd]);
	close(client);
	close(listener);
	close(event);
	close(set_fd);
}

static void where_it_listens(void **state)
{
	char text[64];

	(void)state;
	assert_int_equal(sockets_listening(42, text, sizeof(text)), -ESRCH);
	make_tables();
	tree_link("42/fd/0", "/dev/null");
	assert_int_equal(sockets_listening(42, text, sizeof(text)), 0);
	assert_string_equal(text, "");
	tree_link("42/fd/1", "socket:[110]");
	tree_link("42/fd/2", "socket:[100]");
	tree_link("42/fd/3", "socket:[100]");
	tree_link("42/fd/4", "socket:[101]");
	tree_link("42/fd/5", "socket:[130]");
	assert_int_equal(sockets_listening(42, text, sizeof(text)), 2);
	assert_string_equal(text, "127.0.0.1:80, [::1]:80");
	assert_int_equal(sockets_listening(42, text, 16), 2);
	assert_string_equal(text, "127.0.0.1:80");
}

int main(void)
{
	const struct CMUnitTest tests[] = {
#define TEST(name) cmocka_unit_test_setup_teardown(name, tree_setup, tree_teardown)
		TEST(sockets),	  TEST(filesystems),	      TEST(other_targets),
		TEST(sets),	  TEST(a_set_that_is_in_use), TEST(a_huge_set),
		TEST(readers),	  TEST(a_real_pipe),	      TEST(a_real_file),
		TEST(a_real_set), TEST(where_it_listens),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
