// SPDX-License-Identifier: GPL-2.0-or-later
/* Did it help? The new process has to outlive healthy.after and to pass its check. */
#include <errno.h>
#include <stdlib.h>
#include <string.h>
#include <sys/epoll.h>
#include <sys/wait.h>

#include "host/sockets.h"
#include "recover/hook.h"
#include "recover/private.h"

enum { LOOKS_MAX = 10 };

static const uint64_t CHECK_TIMEOUT = 10 * NSEC_PER_SEC, ASK_TIMEOUT = 5 * NSEC_PER_SEC,
		      HEIR_TIME = 200 * NSEC_PER_MSEC, LOOK_AGAIN = 3 * NSEC_PER_SEC;

static void on_checked(void *arg, int status)
{
	struct recovery *recovery = arg;

	recovery->command = NULL;
	if (status == 0) {
		ladder_succeeded(recovery);
		return;
	}
	hook_say_failure(recovery, "its health check", status);
	ladder_failed(recovery);
}

/* Where it listened before is not remembered yet; that it listens at all is what can be asked. */
static bool listens(const struct recovery *recovery)
{
	char where[256];

	return !recovery->new_pid || sockets_listening(recovery->new_pid, where, sizeof(where)) > 0;
}

static void on_healthy(void *arg)
{
	struct recovery *recovery = arg;
	const struct healthy_config *healthy = &recovery->plan->healthy;

	recovery->timer = NULL;
	if (recovery->fresh.fd >= 0 && !pidref_alive(&recovery->fresh)) {
		verify_new_ended(recovery, VERIFY_ENDED);
		return;
	}
	if (healthy->listening && !listens(recovery)) {
		say_failure(recovery, "the new process listens on nothing");
		ladder_failed(recovery);
		return;
	}
	if (!healthy->command)
		ladder_succeeded(recovery);
	else if (hook_start(recovery, healthy->command, false, CHECK_TIMEOUT, on_checked) < 0)
		ladder_failed(recovery);
}

static void wait_healthy(struct recovery *recovery)
{
	ladder_set_timer(recovery, recovery->up + recovery->plan->healthy.after, on_healthy);
}

static void on_fresh_ended(void *arg, int fd, uint32_t events)
{
	(void)fd;
	(void)events;
	verify_new_ended(arg, VERIFY_ENDED);
}

bool verify_take(struct recovery *recovery, pid_t pid, uint64_t start)
{
	int r;

	recovery->fresh_source = loop_remove(recovery->fresh_source);
	pidref_close(&recovery->fresh);
	recovery->fresh = PIDREF_NONE;
	r = pidref_open(&recovery->fresh, pid, start);
	if (r == -ESRCH)
		return false;
	recovery->new_pid = pid;
	recovery->new_start = start;
	if (!recovery->up)
		recovery->up = recover_now(recovery->recover);
	if (r == 0 && recovery->fresh.fd >= 0)
		loop_add_fd(recovery->recover->options.loop, recovery->fresh.fd, EPOLLIN, on_fresh_ended,
			    recovery, &recovery->fresh_source);
	return true;
}

bool verify_wants(const struct recovery *recovery, const struct process *process)
{
	const struct process *who = &recovery->incident->who;

	return (recovery->state == RECOVERY_ACTING || recovery->state == RECOVERY_VERIFYING) &&
	       recovery->rung.type == ACTION_RESTART_COMMAND && recovery->new_pid == 0 && who->exe &&
	       process->exe && strcmp(who->exe, process->exe) == 0 && process->pid != who->pid;
}

/* It lives: further rungs are not for it, and its own stall is dealt with as any. */
static void stands_still(struct recovery *recovery)
{
	say_failure(recovery, "the new process stands still, too");
	recovery->index = recovery->plan->action_count;
}

static void failed_early(struct recovery *recovery, int status)
{
	if (status == VERIFY_STALLED)
		stands_still(recovery);
	else if (status == VERIFY_ENDED)
		say_failure(recovery, "the new process did not live for long");
	else if (WIFSIGNALED(status))
		say_failure(recovery, "the new process was ended by %s", signal_name(WTERMSIG(status)));
	else
		say_failure(recovery, "the new process ended with status %d", WEXITSTATUS(status));
	ladder_failed(recovery);
}

/* The child that it left behind may be known only now: events and reaping are two ways to hear of it. */
struct search {
	const struct recovery *recovery;
	pid_t pid;
	uint64_t start;
};

/* The same program, started since the command began: what it left behind when it ended. */
static int look_at(void *arg, pid_t pid)
{
	struct search *search = arg;
	const struct process *who = &search->recovery->incident->who;
	struct proc_info info;

	if (proc_read(&info, pid) < 0)
		return 0;
	if (info.p.exe && who->exe && strcmp(info.p.exe, who->exe) == 0 && pid != search->recovery->new_pid &&
	    info.p.start + 10 * NSEC_PER_MSEC >= search->recovery->new_start && search->recovery->new_start &&
	    (!search->pid || info.p.start < search->start)) {
		search->pid = pid;
		search->start = info.p.start;
	}
	proc_info_free(&info);
	return 0;
}

static void on_launcher_time(void *arg)
{
	struct recovery *recovery = arg;
	struct search search = {.recovery = recovery};

	recovery->timer = NULL;
	proc_each(look_at, &search);
	if (search.pid && verify_take(recovery, search.pid, search.start))
		wait_healthy(recovery);
	else
		failed_early(recovery, -1);
}

static void on_heir_time(void *arg)
{
	struct recovery *recovery = arg;
	struct launch_entry *heir =
		launches_heir(&recovery->recover->launches, recovery->launch,
			      recovery->new_start ?: recovery->up, recovery->incident->who.pid);
	struct search search = {.recovery = recovery};

	recovery->timer = NULL;
	if (heir && verify_take(recovery, heir->pid, heir->start))
		wait_healthy(recovery);
	else if (proc_each(look_at, &search) >= 0 && search.pid &&
		 verify_take(recovery, search.pid, search.start))
		wait_healthy(recovery);
	else
		failed_early(recovery, 0);
}

void verify_new_ended(struct recovery *recovery, int status)
{
	if (recovery->state != RECOVERY_VERIFYING)
		return;
	recovery->command = command_cancel(recovery->command);
	recovery->fresh_source = loop_remove(recovery->fresh_source);
	/* A daemon that goes into the background ends well, and leaves itself as its child. */
	if (status == 0 && recovery->launch && !recovery->run && recovery->fresh.fd < 0)
		ladder_set_timer(recovery, recover_now(recovery->recover) + HEIR_TIME, on_heir_time);
	else if ((status == 0 || status == VERIFY_ENDED) && recovery->rung.type == ACTION_RESTART_COMMAND)
		ladder_set_timer(recovery, recover_now(recovery->recover) + HEIR_TIME, on_launcher_time);
	else
		failed_early(recovery, status);
}

static void on_unit_up(void *arg, int error, const struct unit_info *unit)
{
	struct recovery *recovery = arg;

	recovery->request = NULL;
	if (error == 0 && strcmp(unit->active_state, "failed") == 0) {
		say_failure(recovery, "its unit has failed again (%s)", unit->result);
		ladder_failed(recovery);
		return;
	}
	if (error == 0 && unit->main_pid && !verify_take(recovery, unit->main_pid, 0))
		failed_early(recovery, -1);
	else
		wait_healthy(recovery);
}

void verify_begin(struct recovery *recovery)
{
	recovery->state = RECOVERY_VERIFYING;
	if (!recovery->up)
		recovery->up = recover_now(recovery->recover);
	if (recovery->rung.type == ACTION_RESTART_UNIT &&
	    systemd_query_unit(recovery->recover->systemd, recovery->rung.argument, ASK_TIMEOUT, on_unit_up,
			       recovery, &recovery->request) == 0)
		return;
	wait_healthy(recovery);
}

static void look_later(struct recovery *recovery, uint64_t delay);

/* 0: not decided yet; 1: it is up again; -1: systemd has given up. */
static int judge_unit(const struct recovery *recovery, const struct unit_info *unit)
{
	if (strcmp(unit->active_state, "failed") == 0 || strcmp(unit->active_state, "inactive") == 0)
		return -1;
	if (strcmp(unit->active_state, "active") == 0 && unit->main_pid != recovery->incident->who.pid)
		return 1;
	return 0;
}

static void on_unit_watched(void *arg, int error, const struct unit_info *unit)
{
	struct recovery *recovery = arg;
	int verdict = error < 0 ? 0 : judge_unit(recovery, unit);

	recovery->request = NULL;
	recovery->looks++;
	if (verdict == 0 && recovery->looks < LOOKS_MAX) {
		look_later(recovery, LOOK_AGAIN);
		return;
	}
	if (verdict > 0) {
		recovery->new_pid = unit->main_pid;
		say_outcome(recovery, OUTCOME_SUCCESS);
	} else {
		say_failure(recovery, "systemd did not bring its unit up again (%s)",
			    error < 0 || verdict == 0 ? "it is still at it" : unit->result);
		say_outcome(recovery, OUTCOME_FAILURE);
	}
	recovery_end(recovery);
}

static void on_look(void *arg)
{
	struct recovery *recovery = arg;
	const char *unit = survey_unit(recovery);

	recovery->timer = NULL;
	if (!unit || systemd_query_unit(recovery->recover->systemd, unit, ASK_TIMEOUT, on_unit_watched,
					recovery, &recovery->request) < 0)
		recovery_end(recovery);
}

static void look_later(struct recovery *recovery, uint64_t delay)
{
	ladder_set_timer(recovery, recover_now(recovery->recover) + delay, on_look);
}

void verify_watch_unit(struct recovery *recovery, uint64_t delay)
{
	uint64_t longest = 600 * NSEC_PER_SEC;

	recovery->state = RECOVERY_WATCHING;
	look_later(recovery, (delay < longest ? delay : longest) + recovery->plan->healthy.after);
}
