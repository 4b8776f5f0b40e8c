// SPDX-License-Identifier: GPL-2.0-or-later
/* What systemd will do by itself: the table of Restart= in systemd.service(5), as a pure function. */
#include <signal.h>
#include <string.h>
#include <sys/wait.h>

#include "host/systemd.h"

enum ending { ENDED_CLEAN, ENDED_CODE, ENDED_SIGNAL, ENDED_OOM, ENDED_WATCHDOG };

#define ON(ending) (1u << (ending))

static const struct {
	const char *restart;
	unsigned int endings;
} table[] = {
	{"always", ~0u},
	{"on-success", ON(ENDED_CLEAN)},
	{"on-failure", ~ON(ENDED_CLEAN)},
	{"on-abnormal", ON(ENDED_SIGNAL) | ON(ENDED_OOM) | ON(ENDED_WATCHDOG)},
	{"on-abort", ON(ENDED_SIGNAL)},
	{"on-watchdog", ON(ENDED_WATCHDOG)},
};

static bool listed(const struct unit_statuses *list, int status)
{
	if (WIFSIGNALED(status))
		return list->signals >> (WTERMSIG(status) - 1) & 1;
	return list->codes[WEXITSTATUS(status) / 8] >> (WEXITSTATUS(status) % 8) & 1;
}

static enum ending classify(const struct unit_info *unit, int status, bool oom, bool watchdog)
{
	int signo = WIFSIGNALED(status) ? WTERMSIG(status) : 0;

	if (oom)
		return ENDED_OOM;
	if (watchdog)
		return ENDED_WATCHDOG;
	if (listed(&unit->success, status) || status == 0)
		return ENDED_CLEAN;
	if (strcmp(unit->type, "oneshot") != 0 &&
	    (signo == SIGHUP || signo == SIGINT || signo == SIGTERM || signo == SIGPIPE))
		return ENDED_CLEAN;
	return signo ? ENDED_SIGNAL : ENDED_CODE;
}

bool systemd_will_restart(const struct unit_info *unit, int status, bool oom, bool watchdog)
{
	enum ending ending = classify(unit, status, oom, watchdog);

	if (listed(&unit->prevent, status))
		return false;
	if (listed(&unit->force, status))
		return true;
	for (size_t i = 0; i < sizeof(table) / sizeof(table[0]); i++)
		if (strcmp(unit->restart, table[i].restart) == 0)
			return table[i].endings & ON(ending);
	return false;
}
