// SPDX-License-Identifier: GPL-2.0-or-later
/* Tests of what a cgroup path says about units and containers. */
#include <setjmp.h>
#include <stdarg.h>
#include <stdint.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include <cmocka.h>

#include "host/cgroup.h"

#define LENGTH(array) (sizeof(array) / sizeof((array)[0]))
#define ID	      "0123456789abcdef0123456789abcdef0123456789abcdef0123456789abcdef"
#define ID2	      "fedcba9876543210fedcba9876543210fedcba9876543210fedcba9876543210"
#define NONE	      ((uid_t)-1)

static void units(void **state)
{
	static const struct {
		const char *path, *unit; /* NULL: none */
		uid_t user;		 /* NONE: the system manager's */
	} rows[] = {
		{"/system.slice/nginx.service", "nginx.service", NONE},
		{"/system.slice/nginx.service/", "nginx.service", NONE},
		{"//system.slice//nginx.service", "nginx.service", NONE},
		{"/system.slice/system-getty.slice/getty@tty1.service", "getty@tty1.service", NONE},
		{"/system.slice/docker.service/sub/below.service", "docker.service", NONE},
		{"/system.slice/a\\x2db.service", "a\\x2db.service", NONE},
		{"/system.slice/_cpu.service", "cpu.service", NONE},
		{"/system.slice/__x.service", "_x.service", NONE},
		{"/_foo.slice/x.service", "x.service", NONE},
		{"/system.slice/gone.service (deleted)", "gone.service", NONE},
		{"/init.scope", "init.scope", NONE},
		{"/user.slice/user-1000.slice/session-3.scope", "session-3.scope", NONE},
		{"/user.slice/user-1000.slice/user@1000.service/app.slice/foo.service", "foo.service", 1000},
		{"/user.slice/user-0.slice/user@0.service/app.slice/app-a.slice/b.scope/sub", "b.scope", 0},
		{"/user.slice/user-1000.slice/user@1000.service/foo.service", "foo.service", 1000},
		{"/user.slice/user-1000.slice/user@1000.service/init.scope", "user@1000.service", NONE},
		{"/user.slice/user-1000.slice/user@1000.service", "user@1000.service", NONE},
		{"/user.slice/user-1000.slice/user@1000.service/app.slice", "user@1000.service", NONE},
		{"/user.slice/user-1000.slice/user@1000.service/app.slice/x/y.service", "user@1000.service",
		 NONE},
		{"/user.slice/user@x.service/app.slice/foo.service", "user@x.service", NONE},
		{"/user.slice/user@.service/foo.service", "user@.service", NONE},
		{"/user.slice/user@4294967295.service/foo.service", "user@4294967295.service", NONE},
		{"/user.slice/user@99999999999999999999.service/foo.service",
		 "user@99999999999999999999.service", NONE},
		{"/user.slice/user@-1.service/foo.service", "user@-1.service", NONE},
		/* A container's own systemd: its units are not the host's. */
		{"/system.slice/docker-" ID ".scope/system.slice/nginx.service", "docker-" ID ".scope", NONE},
		{"/docker/" ID "/system.slice/nginx.service", NULL, NONE},
		{"/lxc.payload.web/system.slice/nginx.service", NULL, NONE},
		{"/kubepods.slice/kubepods-burstable.slice/cri-containerd-" ID ".scope",
		 "cri-containerd-" ID ".scope", NONE},
		{"/", NULL, NONE},
		{"", NULL, NONE},
		{"/system.slice", NULL, NONE},
		{"/system.slice/", NULL, NONE},
		{"/../system.slice/x.service", NULL, NONE},
		{"/foo/bar.service", NULL, NONE},
		{"/.service", NULL, NONE},
		{"/.scope", NULL, NONE},
		{"/_.service", NULL, NONE},
		{"/nginx.servicex", NULL, NONE},
		{"/nginx.service\n", NULL, NONE},
		{"/evil name.service", NULL, NONE},
		{"/\x1b[31mred.service", NULL, NONE},
		{"/\xff\xfe.service", NULL, NONE},
		{"/a;reboot.service", NULL, NONE},
		{" (deleted)", NULL, NONE},
	};

	(void)state;
	for (size_t i = 0; i < LENGTH(rows); i++) {
		char unit[CGROUP_UNIT_SIZE] = "untouched";
		bool user = true;
		uid_t uid = 77;
		bool found = cgroup_unit(rows[i].path, unit, &user, &uid);

		if (found != (rows[i].unit != NULL) || (found && strcmp(unit, rows[i].unit)))
			fail_msg("%s: %s", rows[i].path, found ? unit : "nothing found");
		if (!found) {
			assert_string_equal(unit, "untouched");
			assert_true(user);
			continue;
		}
		assert_int_equal(user, rows[i].user != NONE);
		assert_int_equal(uid, user ? rows[i].user : 77);
		assert_true(cgroup_unit(rows[i].path, unit, NULL, NULL));
	}
}

static void unit_names_are_bounded(void **state)
{
	char path[1024] = "/system.slice/", unit[CGROUP_UNIT_SIZE];
	size_t start = strlen(path);

	(void)state;
	memset(path + start, 'a', 247);
	strcpy(path + start + 247, ".service");
	assert_true(cgroup_unit(path, unit, NULL, NULL));
	assert_int_equal(strlen(unit), 255);
	memset(path + start, 'a', 248);
	strcpy(path + start + 248, ".service");
	assert_false(cgroup_unit(path, unit, NULL, NULL));
}

static void containers(void **state)
{
	static const struct {
		const char *path, *id; /* NULL: none */
	} rows[] = {
		{"/docker/" ID, ID},
		{"/docker/" ID "/init.scope", ID},
		{"/system.slice/docker-" ID ".scope", ID},
		{"/system.slice/docker-" ID ".scope/system.slice/nginx.service", ID},
		{"/system.slice/docker-" ID ".scope (deleted)", ID},
		{"/docker/" ID "/docker/" ID2, ID},
		{"/user.slice/user-1000.slice/user@1000.service/user.slice/libpod-" ID ".scope/container",
		 ID},
		{"/machine.slice/libpod-" ID ".scope", ID},
		{"/libpod_parent/libpod-" ID, ID},
		{"/machine.slice/libpod-conmon-" ID ".scope", NULL},
		{"/kubepods/burstable/pod0a1b2c3d-1111-2222-3333-444455556666/" ID, ID},
		{"/kubepods.slice/kubepods-besteffort.slice/kubepods-besteffort-pod12_34.slice/"
		 "cri-containerd-" ID ".scope",
		 ID},
		{"/kubepods.slice/kubepods-pod12.slice/crio-" ID ".scope", ID},
		{"/kubepods.slice/kubepods-pod12.slice/crio-conmon-" ID ".scope", NULL},
		{"/system.slice/containerd.service/kubepods-pod12.slice:cri-containerd:" ID, ID},
		{"/default/" ID, ID},
		{"/ecs/task/" ID, ID},
		{"/system.slice/nerdctl-" ID ".scope", ID},
		{"/lxc/web", "web"},
		{"/lxc/web/system.slice/nginx.service", "web"},
		{"/lxc.payload/web-1/init.scope", "web-1"},
		{"/lxc.payload.web_2.x", "web_2.x"},
		{"/lxc.payload.web/system.slice/docker-" ID ".scope", "web"},
		{"/user.slice/user-1000.slice/session-1.scope/lxc.payload.mine", "mine"},
		{"/lxc.monitor.web", NULL},
		{"/lxc.monitor/web", NULL},
		{"/foo/lxc/web", NULL},
		{"/lxc", NULL},
		{"/lxc/", NULL},
		{"/lxc.payload.", NULL},
		{"/lxc/evil name", NULL},
		{"/lxc/\x1b[2J", NULL},
		{"/lxc/01234567890123456789012345678901234567890123456789012345678901234567890123456789",
		 NULL},
		{"/docker/0123456789abcdef", NULL},
		{"/docker/" ID "0", NULL},
		{"/docker/0123456789ABCDEF0123456789abcdef0123456789abcdef0123456789abcdef", NULL},
		{"/docker/g123456789abcdef0123456789abcdef0123456789abcdef0123456789abcdef", NULL},
		{"/system.slice/docker.service", NULL},
		{"/system.slice/x" ID ".scope", NULL},
		{"/" ID ".service", NULL},
		{"/", NULL},
		{"", NULL},
	};

	(void)state;
	for (size_t i = 0; i < LENGTH(rows); i++) {
		char id[CGROUP_CONTAINER_SIZE] = "untouched";
		bool found = cgroup_container(rows[i].path, id);

		if (found != (rows[i].id != NULL) || (found && strcmp(id, rows[i].id)))
			fail_msg("%s: %s", rows[i].path, found ? id : "nothing found");
		if (!found)
			assert_string_equal(id, "untouched");
	}
}

/* Whatever the bytes, nothing is read or written out of bounds, and what is found is clean. */
static void random_paths(void **state)
{
	static const char *const pieces[] = {"/",
					     "_",
					     ".service",
					     ".scope",
					     ".slice",
					     "user@",
					     "1000",
					     "docker-",
					     ID,
					     "lxc",
					     "/lxc.payload.",
					     " (deleted)",
					     ":",
					     "-",
					     "\xff",
					     "\n",
					     "a",
					     ".",
					     ".."};
	unsigned int seed = 1;

	(void)state;
	for (int round = 0; round < 20000; round++) {
		char path[1024] = "", unit[CGROUP_UNIT_SIZE], id[CGROUP_CONTAINER_SIZE], *copy;

		for (int i = rand_r(&seed) % 10; i >= 0; i--)
			strcat(path, pieces[rand_r(&seed) % LENGTH(pieces)]);
		copy = strdup(path);
		if (cgroup_unit(copy, unit, NULL, NULL)) {
			assert_true(strstr(unit, ".service") || strstr(unit, ".scope"));
			assert_null(strpbrk(unit, "/\n\xff"));
		}
		if (cgroup_container(copy, id))
			assert_null(strpbrk(id, "/\n\xff"));
		free(copy);
	}
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(units),
		cmocka_unit_test(unit_names_are_bounded),
		cmocka_unit_test(containers),
		cmocka_unit_test(random_paths),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
