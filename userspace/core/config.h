/* SPDX-License-Identifier: GPL-2.0-or-later */
/* What the user wants, after parsing: policies, thresholds, budget. Plain data; host/configfile.c fills it.
 */
#ifndef FAULTD_CORE_CONFIG_H
#define FAULTD_CORE_CONFIG_H

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

#include "core/catalogue.h"
#include "core/clock.h"
#include "core/match.h"

enum action_type {
	ACTION_RESTART,
	ACTION_RESTART_UNIT,
	ACTION_RESTART_COMMAND,
	ACTION_RESPAWN,
	ACTION_SIGNAL,
	ACTION_EXEC,
	ACTION_NONE,
};

struct action {
	enum action_type type;
	char *argument;	  /* unit, command line; NULL for the others */
	int signo;	  /* ACTION_SIGNAL */
	uint64_t timeout; /* ns until the next rung; 0: the type's default */
	char *text;	  /* as it was written */
};

/*
 * "restart", "restart-unit NAME", "signal ABRT 2s" ...; only signal takes a duration, since a command may
 * well end in one. A unit without a suffix is a .service. 0, or -EINVAL with a sentence in ret_error (may be
 * NULL; the caller frees it), or -ENOMEM, which leaves ret_error alone.
 */
int action_parse(struct action *ret, const char *text, char **ret_error);
const char *action_type_name(enum action_type type);
/* Whether a text starts with the name of an action, alone or with something after a blank. */
bool action_is(const char *text);
/* What was parsed into it, not the struct itself. */
void action_free(struct action *action);

struct backoff_config {
	uint64_t initial, max, reset_after; /* ns */
	double factor, jitter;
};

struct limit_config {
	unsigned int actions;
	uint64_t within; /* ns */
};

struct healthy_config {
	uint64_t after; /* ns */
	bool listening;
	char *command; /* NULL: none */
};

enum stall_kind {
	STALL_DEADLOCK,
	STALL_LOCK,
	STALL_IO,
	STALL_SYSCALL,
	STALL_EVENTLOOP,
	STALL_SPIN,
	STALL_STARVED,
	STALL_THROTTLED,
	STALL_STOPPED,
	STALL_KIND_COUNT
};

/* A policy's threshold that is not set. */
#define STALL_INHERIT UINT64_MAX
/* The shortest threshold, ns: threads are looked at a few times a second. */
#define STALL_LEAST (100 * NSEC_PER_MSEC)

struct policy {
	char *name;
	char *origin; /* "file:line" or "--restart" */
	struct match_list match;
	struct fault_set faults;
	struct action *actions; /* the ladder */
	size_t action_count;
	struct backoff_config backoff;
	struct limit_config limit;
	struct healthy_config healthy;
	char **requires;
	size_t requires_count;
	uint64_t stall[STALL_KIND_COUNT]; /* thresholds, ns; 0: off; STALL_INHERIT: not set here */
};

struct config {
	double overhead_budget;		  /* percent of one CPU */
	uint64_t stall[STALL_KIND_COUNT]; /* thresholds, ns; 0: off */
	struct policy *policies;
	size_t policy_count;
};

enum { CONFIG_POLICIES_MAX = 1024, POLICY_ACTIONS_MAX = 16, POLICY_REQUIRES_MAX = 64 };

/* struct policy's origin of those that --restart made. */
#define ORIGIN_RESTART "--restart"

/* Defaults, no policies; NULL without memory. */
struct config *config_new(void);
void config_free(struct config *config);
/* "deadlock", "lock" ...: the threshold's key, and the last part of the fault's name. */
const char *stall_kind_name(enum stall_kind kind);
/*
 * crash, oom, stall, exit.failure, kill.sigkill and kills by a signal that dumps core (but SIGQUIT): what a
 * policy reacts to unless it says more.
 */
void policy_default_faults(struct fault_set *set);
/*
 * A policy with the default faults, backoff 100ms x2 to 5min jitter 0.1 reset after 10min, limit 5 within
 * 5min, healthy after 3s, no thresholds, no match and no action, behind all others; one of that name that did
 * not come from --restart is emptied and takes its place in the order. Valid until the next one is added.
 * NULL without memory or when there are CONFIG_POLICIES_MAX.
 */
struct policy *config_add_policy(struct config *config, const char *name, const char *origin);
/* One more item of a policy's lists. 0, -EINVAL with a sentence in ret_error (see action_parse()), -ENOMEM.
 */
int policy_add_action(struct policy *policy, const char *text, char **ret_error);
int policy_add_requires(struct policy *policy, const char *name, char **ret_error);
/* The policy of that name; NULL. */
const struct policy *config_find(const struct config *config, const char *name);
/*
 * --restart MATCH[=ACTION]: a policy named after its match, behind earlier ones of --restart and in front of
 * those of the files. The "=" that splits is the first one that leaves a MATCH before it and an ACTION after
 * it; in a cmd:REGEX every other "=" is the regex's. Errors as action_parse()'s.
 */
int config_add_restart(struct config *config, const char *text, char **ret_error);
/* The first policy that names this process and kind; NULL. */
const struct policy *config_policy_for(const struct config *config, const struct process *process,
				       enum fault_kind kind);
/* Whether any policy names this process, for whatever kind; or may come to (see match_may()). */
bool config_names(const struct config *config, const struct process *process);
bool config_may_name(const struct config *config, const struct process *process);
/*
 * How long a stall of this process has to last, ns; 0: off. By the first policy that names the process,
 * whatever faults it reacts to, and sets this kind; else by the configuration as a whole.
 */
uint64_t config_stall_threshold(const struct config *config, const struct process *process,
				enum stall_kind kind);
/* The shortest threshold of each kind that any process may have, ns; 0: the kind is off everywhere. */
void config_stall_least(const struct config *config, uint64_t ret[static STALL_KIND_COUNT]);

#endif
