// SPDX-License-Identifier: GPL-2.0-or-later
/* Who looks after a process, by name and by cgroup. */
#include "host/supervisor.h"

#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <string.h>

#include <cmocka.h>

static void test_names(void **state)
{
	static const struct {
		const char *name;
		enum supervisor supervisor;
		bool manager, shell;
	} rows[] = {
		{"systemd", SUPERVISOR_SYSTEMD, true, false},
		{"runsv", SUPERVISOR_RUNIT, true, false},
		{"s6-supervise", SUPERVISOR_S6, true, false},
		{"supervisord", SUPERVISOR_SUPERVISORD, true, false},
		{"supervise", SUPERVISOR_DAEMONTOOLS, true, false},
		{"monit", SUPERVISOR_MONIT, true, false},
		{"containerd-shim", SUPERVISOR_CONTAINER, true, false},
		{"conmon", SUPERVISOR_CONTAINER, true, false},
		{"systemctl", SUPERVISOR_NONE, true, false},
		{"runsvdir", SUPERVISOR_NONE, true, false},
		{"bash", SUPERVISOR_NONE, false, true},
		{"tmux: server", SUPERVISOR_NONE, false, true},
		{"nginx", SUPERVISOR_NONE, false, false},
		{"", SUPERVISOR_NONE, false, false},
		{"systemd-journal", SUPERVISOR_NONE, false, false},
		{"*", SUPERVISOR_NONE, false, false},
		{"run[sv]", SUPERVISOR_NONE, false, false},
		{"\033[31mrunsv", SUPERVISOR_NONE, false, false},
		{"\xff\xfe", SUPERVISOR_NONE, false, false},
		{"runsv ", SUPERVISOR_NONE, false, false},
	};

	(void)state;
	for (size_t i = 0; i < sizeof(rows) / sizeof(rows[0]); i++) {
		if (supervisor_by_name(rows[i].name) != rows[i].supervisor ||
		    supervisor_is_manager(1234, rows[i].name) != rows[i].manager ||
		    supervisor_is_shell(rows[i].name) != rows[i].shell)
			fail_msg("row %zu: %s", i, rows[i].name);
		assert_true((supervisor_label(rows[i].supervisor) != NULL) ==
			    (rows[i].supervisor != SUPERVISOR_NONE));
	}
	assert_true(supervisor_is_manager(1, "anything"));
}

static void test_cgroups(void **state)
{
	static const struct {
		const char *path;
		bool pod, user;
	} rows[] = {
		{NULL, false, false},
		{"/", false, false},
		{"/system.slice/redis.service", false, false},
		{"/kubepods/burstable/pod1/abc", true, false},
		{"/kubelet-kubepods.slice/x", true, false},
		{"/kubepods.slice/kubepods-pod1.slice/cri-containerd-abc.scope", true, false},
		{"/user.slice/user-1000.slice/user@1000.service/app.slice/a.service", false, true},
		{"/user.slice/user-1000.slice/session-3.scope", false, false},
		{"/user.slice/user-1000.slice/user@1000.service", false, false},
	};

	(void)state;
	for (size_t i = 0; i < sizeof(rows) / sizeof(rows[0]); i++)
		if (supervisor_is_pod(rows[i].path) != rows[i].pod ||
		    supervisor_is_user_manager(rows[i].path) != rows[i].user)
			fail_msg("row %zu: %s", i, rows[i].path);
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(test_names),
		cmocka_unit_test(test_cgroups),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
