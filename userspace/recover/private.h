/* SPDX-License-Identifier: GPL-2.0-or-later */
/* What the files of this room share: a recovery under way, its target, its plan. */
#ifndef FAULTD_RECOVER_PRIVATE_H
#define FAULTD_RECOVER_PRIVATE_H

#include "host/launch.h"
#include "host/pidref.h"
#include "host/proc.h"
#include "host/systemd.h"
#include "recover/command.h"
#include "recover/history.h"
#include "recover/launches.h"
#include "recover/policy.h"
#include "recover/recover.h"

enum {
	TARGETS_MAX = 4096,
	TARGET_BUCKETS = 256,
	RECOVERIES_MAX = 1024,
	OWN_SIGNALS = 64,
	DEATHS = 1024,
	ANCESTORS_MAX = 64,
	LABEL_SIZE = 300
};

/* What a policy wants, copied: the configuration may be replaced while a recovery is under way. */
struct plan {
	unsigned int refs;
	char *name;
	struct action *actions;
	size_t action_count;
	struct backoff_config backoff;
	struct limit_config limit;
	struct healthy_config healthy;
};

struct plan *plan_new(const struct policy *policy);
struct plan *plan_unref(struct plan *plan);

/* What actions are counted for: a policy and a unit or program. One action at a time. */
struct target {
	struct target *next;
	uint64_t key;
	uint64_t used; /* ns */
	struct history history;
	struct recovery *active;
};

enum recovery_state {
	RECOVERY_QUEUED,    /* another one of its target is under way */
	RECOVERY_ASKING,    /* systemd is asked about the unit */
	RECOVERY_WAITING,   /* for backoff or budget */
	RECOVERY_ACTING,    /* a rung is being carried out */
	RECOVERY_VERIFYING, /* did it help? */
	RECOVERY_WATCHING,  /* systemd restarts it, we look on */
};

/* An action of the ladder, `restart` resolved to what does it. */
struct rung {
	const struct action *action; /* as configured, in the plan */
	enum action_type type;
	const char *argument;  /* unit or command; NULL: none */
	char text[LABEL_SIZE]; /* its memory where the configuration does not say it */
};

struct recovery {
	struct recover *recover;
	struct recovery *next, *prev;
	struct incident *incident;
	struct plan *plan;
	struct target *target;
	struct launch *launch; /* NULL: none */
	bool run;	       /* it is the command of `run --` */

	enum recovery_state state;
	struct situation situation;
	char label[LABEL_SIZE]; /* the target in words, escaped */
	size_t index;		/* of the rung in the plan */
	struct rung rung;
	bool admitted; /* backoff, limit and budget were asked and have agreed */
	bool acted;
	bool failed; /* something that should have helped did not */
	bool wait_told;
	unsigned int attempt;
	unsigned int looks; /* at the unit that systemd restarts */
	char failure[256];  /* what went wrong last, in words */

	struct pidref old; /* the process at fault */
	bool old_gone;
	bool killing;		/* it was told to end, so as to be replaced */
	bool cleared;		/* its stall is over, and it lives */
	struct incident *other; /* another stall of the process, which may outlast this one; NULL */
	struct loop_source *old_source;
	struct orphans *orphans; /* that have to go before it is started again; NULL: none */

	pid_t new_pid; /* what replaces it; 0: not known */
	uint64_t new_start;
	struct pidref fresh;
	struct loop_source *fresh_source;
	uint64_t up; /* when it was started, ns */

	struct loop_source *timer; /* deadline of the rung, end of a wait, healthy.after */
	struct command *command;
	struct systemd_request *request;
};

struct own_signal {
	pid_t pid;
	uint64_t start;
	int signo;
};

struct run;

struct recover {
	struct recover_options options;
	struct launches launches;
	struct loop_source *expiry; /* while there are launch records of processes that have gone */
	struct target *targets[TARGET_BUCKETS];
	size_t target_count;
	struct recovery *recoveries;
	unsigned int recovery_count;
	struct budget budget;
	struct systemd *systemd; /* NULL: not the init here */
	struct {
		pid_t pid;
		uint64_t start;
	} ancestors[ANCESTORS_MAX];
	size_t ancestor_count;
	struct own_signal own_signals[OWN_SIGNALS];
	size_t own_signal_next;
	struct {
		pid_t pid;
		uint64_t start;
	} deaths[DEATHS]; /* that were taken up, so that none is twice */
	size_t death_next;
	struct run *run;
	uint64_t random; /* state of the jitter's generator */
};

/* An action's own part: one file each. */
struct action_ops {
	enum action_type type;
	uint64_t timeout; /* ns, when the configuration gives none */
	bool restarts;	  /* something new runs when it is done, to be verified */
	/* 0: under way, rung_done() follows; 1: done; negative errno: failed (failure says at what). */
	int (*start)(struct recovery *recovery);
	/* The old process has gone while it is under way; NULL: it does not care. */
	void (*old_gone)(struct recovery *recovery);
};

extern const struct action_ops action_respawn, action_unit, action_command, action_signal, action_exec;
/* NULL for ACTION_NONE. */
const struct action_ops *action_ops_of(enum action_type type);

/* recover.c */
static inline uint64_t recover_now(const struct recover *recover)
{
	return clock_now(loop_clock(recover->options.loop));
}

bool same_process(pid_t pid, uint64_t start, pid_t other_pid, uint64_t other_start);
/* Starts the recovery of an incident by a plan; the plan's reference is taken over. */
void recover_begin(struct recover *recover, struct incident *incident, struct plan *plan, bool run);
/* Takes a recovery out of the house; the next one of its target has its turn. */
void recovery_end(struct recovery *recovery);
/* Signals a process through its pidfd and remembers that it was us. 0 or negative errno. */
int recover_signal(struct recover *recover, const struct pidref *ref, int signo);
/* We have a new child: it is reaped, and its launch record stays with it. */
void recover_adopt(struct recover *recover, pid_t pid, uint64_t start, struct launch *launch);

/* survey.c: what is so, looked up. */
void survey_ancestors(struct recover *recover);
void survey_process(struct recovery *recovery);
/* What the plan's action comes to for this process. */
void survey_rung(struct recovery *recovery, const struct action *action);
/* Whether it is a process of a system service, which systemd restarts. */
bool survey_service(const struct recover *recover, const struct process *process);
/* The unit to ask systemd about before this rung; NULL: nothing to ask. */
const char *survey_unit(const struct recovery *recovery);
/* What actions of this recovery are counted for. */
uint64_t survey_key(const struct recovery *recovery);

/* ladder.c */
void ladder_begin(struct recovery *recovery);
void ladder_rung_done(struct recovery *recovery, int error);
void ladder_old_gone(struct recovery *recovery);
/* The stall is over by itself: nothing more is done to a process that works.
 * gone: its thread has ended. False: it is being replaced, or has ended. */
bool ladder_cleared(struct recovery *recovery, bool gone);
/* A rung is over and it did not help: on to the next, or the end. */
void ladder_failed(struct recovery *recovery);
/* It helped. */
void ladder_succeeded(struct recovery *recovery);
void ladder_set_timer(struct recovery *recovery, uint64_t at, loop_timer_fn fn);
/* A timer's function: the rung has had its time. */
void ladder_deadline(void *arg);

/* orphans.c: what the dead process left behind of its own program, and what would be in its successor's way.
 */
struct orphans;
/*
 * Ends the descendants of the old process that it forked without exec: TERM, then KILL, each with its time.
 * True: done() is called when they have gone, or when they would not go (then failure says so); false: there
 * are none.
 */
bool orphans_end(struct recovery *recovery, void (*done)(struct recovery *recovery));
/* NULL is allowed; always returns NULL. */
struct orphans *orphans_free(struct orphans *orphans);

/* verify.c */
void verify_begin(struct recovery *recovery);
enum {
	VERIFY_ENDED = -1,
	VERIFY_STALLED = -2
}; /* instead of a wait status: not known; it lives, and hangs */
/* The new process is of no use; status as wait(2) gives it, or VERIFY_*. */
void verify_new_ended(struct recovery *recovery, int status);
/* systemd restarts the unit itself: see whether it does. */
void verify_watch_unit(struct recovery *recovery, uint64_t delay);
/* Whether this recovery waits to see who will take the old one's place. */
bool verify_wants(const struct recovery *recovery, const struct process *process);
/* Takes it for the new process. False when it has gone already. */
bool verify_take(struct recovery *recovery, pid_t pid, uint64_t start);

/* say.c: reports. */
void say_action(const struct recovery *recovery, const char *state, const char *reason, const char *sentence);
void say_outcome(struct recovery *recovery, enum report_outcome outcome);
void say_breaker(const struct recovery *recovery);
/* Why the rung failed, for the outcome's sentence. */
void say_failure(struct recovery *recovery, const char *fmt, ...) __attribute__((format(printf, 2, 3)));

/* run.c */
void run_free(struct recover *recover);
bool run_is(const struct recover *recover, const struct process *process);
void run_incident(struct recover *recover, struct incident *incident);
void run_child_ended(struct recover *recover, pid_t pid, int status);
/* Starts the command; as launch_spawn(). */
int run_spawn(struct recover *recover, pid_t *ret_pid, const char **ret_stage);
/* A recovery of the command is over. */
void run_recovered(struct recover *recover);

#endif
