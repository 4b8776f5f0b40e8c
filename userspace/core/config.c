// SPDX-License-Identifier: GPL-2.0-or-later
/* The configuration as data: its defaults, its policies, and which of them a fault belongs to. */
#include "core/config.h"

#include <errno.h>
#include <stdlib.h>
#include <string.h>

#include "core/clock.h"
#include "core/sentence.h"

static const struct {
	const char *name;
	uint64_t threshold;
} stalls[STALL_KIND_COUNT] = {
	[STALL_DEADLOCK] = {"deadlock", 1 * NSEC_PER_SEC},
	[STALL_LOCK] = {"lock", 10 * NSEC_PER_SEC},
	[STALL_IO] = {"io", 10 * NSEC_PER_SEC},
	[STALL_SYSCALL] = {"syscall", 30 * NSEC_PER_SEC},
	[STALL_EVENTLOOP] = {"eventloop", 5 * NSEC_PER_SEC},
	[STALL_SPIN] = {"spin", 30 * NSEC_PER_SEC},
	[STALL_STARVED] = {"starved", 2 * NSEC_PER_SEC},
	[STALL_THROTTLED] = {"throttled", 5 * NSEC_PER_SEC},
	[STALL_STOPPED] = {"stopped", 60 * NSEC_PER_SEC},
};

const char *stall_kind_name(enum stall_kind kind)
{
	return (unsigned int)kind < STALL_KIND_COUNT ? stalls[kind].name : NULL;
}

struct config *config_new(void)
{
	struct config *config = calloc(1, sizeof(*config));

	if (!config)
		return NULL;
	config->overhead_budget = 1.0;
	for (int kind = 0; kind < STALL_KIND_COUNT; kind++)
		config->stall[kind] = stalls[kind].threshold;
	return config;
}

static void policy_clear(struct policy *policy)
{
	free(policy->name);
	free(policy->origin);
	match_list_free(&policy->match);
	for (size_t i = 0; i < policy->action_count; i++)
		action_free(&policy->actions[i]);
	free(policy->actions);
	free(policy->healthy.command);
	for (size_t i = 0; i < policy->requires_count; i++)
		free(policy->requires[i]);
	free(policy->requires);
	*policy = (struct policy){0};
}

void config_free(struct config *config)
{
	if (!config)
		return;
	for (size_t i = 0; i < config->policy_count; i++)
		policy_clear(&config->policies[i]);
	free(config->policies);
	free(config);
}

void policy_default_faults(struct fault_set *set)
{
	/* Nobody stops a service by a signal that dumps core: who sends one wants it to fail (a watchdog, a
	 * test). */
	static const char *const words[] = {"crash",	    "oom",	    "stall",	    "exit.failure",
					    "kill.sigkill", "kill.sigsegv", "kill.sigbus",  "kill.sigabrt",
					    "kill.sigill",  "kill.sigfpe",  "kill.sigtrap", "kill.sigsys"};

	*set = (struct fault_set){0};
	for (size_t i = 0; i < sizeof(words) / sizeof(words[0]); i++)
		fault_set_apply(set, words[i]);
}

static int policy_init(struct policy *policy, const char *name, const char *origin)
{
	*policy = (struct policy){
		.name = strdup(name),
		.origin = strdup(origin),
		.backoff = {.initial = 100 * NSEC_PER_MSEC,
			    .max = 300 * NSEC_PER_SEC,
			    .reset_after = 600 * NSEC_PER_SEC,
			    .factor = 2.0,
			    .jitter = 0.1},
		.limit = {.actions = 5, .within = 300 * NSEC_PER_SEC},
		.healthy = {.after = 3 * NSEC_PER_SEC},
	};
	policy_default_faults(&policy->faults);
	for (int kind = 0; kind < STALL_KIND_COUNT; kind++)
		policy->stall[kind] = STALL_INHERIT;
	if (policy->name && policy->origin)
		return 0;
	policy_clear(policy);
	return -ENOMEM;
}

static bool from_restart(const struct policy *policy)
{
	return !strcmp(policy->origin, ORIGIN_RESTART);
}

/* Puts a policy at its place in the order; it is the configuration's then, or cleared without memory. */
static struct policy *insert(struct config *config, size_t at, struct policy *policy)
{
	struct policy *policies = NULL;

	if (config->policy_count < CONFIG_POLICIES_MAX)
		policies = realloc(config->policies, (config->policy_count + 1) * sizeof(*policies));
	if (!policies) {
		policy_clear(policy);
		return NULL;
	}
	config->policies = policies;
	memmove(&policies[at + 1], &policies[at], (config->policy_count - at) * sizeof(*policies));
	policies[at] = *policy;
	config->policy_count++;
	return &policies[at];
}

struct policy *config_add_policy(struct config *config, const char *name, const char *origin)
{
	struct policy policy;

	if (policy_init(&policy, name, origin) < 0)
		return NULL;
	for (size_t i = 0; i < config->policy_count; i++) {
		struct policy *old = &config->policies[i];

		if (from_restart(old) || strcmp(old->name, name))
			continue;
		policy_clear(old);
		*old = policy;
		return old;
	}
	return insert(config, config->policy_count, &policy);
}

int policy_add_action(struct policy *policy, const char *text, char **ret_error)
{
	struct action *actions;
	int r;

	if (policy->action_count == POLICY_ACTIONS_MAX)
		return sentence_error(ret_error, "a ladder has more than %d actions: use fewer",
				      POLICY_ACTIONS_MAX);
	actions = realloc(policy->actions, (policy->action_count + 1) * sizeof(*actions));
	if (!actions)
		return -ENOMEM;
	policy->actions = actions;
	r = action_parse(&actions[policy->action_count], text, ret_error);
	if (r == 0)
		policy->action_count++;
	return r;
}

int policy_add_requires(struct policy *policy, const char *name, char **ret_error)
{
	char **requires;

	if (policy->requires_count == POLICY_REQUIRES_MAX)
		return sentence_error(ret_error, "a policy requires more than %d others: use fewer",
				      POLICY_REQUIRES_MAX);
	requires = realloc(policy->requires, (policy->requires_count + 1) * sizeof(*requires));
	if (!requires)
		return -ENOMEM;
	policy->requires = requires;
	requires[policy->requires_count] = strdup(name);
	if (!requires[policy->requires_count])
		return -ENOMEM;
	policy->requires_count++;
	return 0;
}

const struct policy *config_find(const struct config *config, const char *name)
{
	for (size_t i = 0; i < config->policy_count; i++)
		if (!strcmp(config->policies[i].name, name))
			return &config->policies[i];
	return NULL;
}

/* Tries one way to read the text: MATCH is text[0..len), ACTION what action says. */
static int try_restart(struct policy *policy, const char *text, size_t len, const char *action,
		       char **ret_error)
{
	char *match = strndup(text, len);
	int r;

	if (!match)
		return -ENOMEM;
	r = policy_init(policy, match, ORIGIN_RESTART);
	if (r == 0) {
		r = policy_add_action(policy, action, ret_error);
		if (r == 0)
			r = match_list_add(&policy->match, match, ret_error);
		if (r < 0)
			policy_clear(policy);
	}
	free(match);
	return r;
}

static bool has_cmd_term(const char *text)
{
	for (const char *s = text; (s = strstr(s, "cmd:")); s++)
		if (s == text || s[-1] == ',' || s[-1] == ' ')
			return true;
	return false;
}

static int parse_restart(struct policy *policy, const char *text, char **ret_error)
{
	const char *last = NULL;
	bool failed = false;
	int r;

	for (const char *s = text; (s = strchr(s, '=')); s++) {
		last = s;
		if (!action_is(s + 1))
			continue;
		/* The sentence about the first reading is the one to keep: the others only look less likely.
		 */
		r = try_restart(policy, text, (size_t)(s - text), s + 1, failed ? NULL : ret_error);
		if (r == 0 && failed && ret_error) {
			free(*ret_error);
			*ret_error = NULL;
		}
		if (r != -EINVAL)
			return r;
		failed = true;
	}
	if (failed)
		return -EINVAL;
	/* What follows a "=" was meant as an action, unless a regex may have it. */
	if (last && !has_cmd_term(text))
		return try_restart(policy, text, (size_t)(last - text), last + 1, ret_error);
	return try_restart(policy, text, strlen(text), "restart", ret_error);
}

int config_add_restart(struct config *config, const char *text, char **ret_error)
{
	struct policy policy;
	size_t at = 0;
	int r = parse_restart(&policy, text, ret_error);

	if (r < 0)
		return r;
	for (; at < config->policy_count && from_restart(&config->policies[at]); at++) {
		if (strcmp(config->policies[at].name, policy.name))
			continue;
		r = sentence_error(ret_error,
				   "--restart names '%s' twice: give it one action, or a policy with a "
				   "ladder of actions in the configuration",
				   policy.name);
		policy_clear(&policy);
		return r;
	}
	if (config->policy_count >= CONFIG_POLICIES_MAX) {
		policy_clear(&policy);
		return sentence_error(ret_error, "there are more than %d policies: join some",
				      CONFIG_POLICIES_MAX);
	}
	return insert(config, at, &policy) ? 0 : -ENOMEM;
}

const struct policy *config_policy_for(const struct config *config, const struct process *process,
				       enum fault_kind kind)
{
	for (size_t i = 0; i < config->policy_count; i++) {
		const struct policy *policy = &config->policies[i];

		if (fault_set_has(&policy->faults, kind) && match_any(&policy->match, process))
			return policy;
	}
	return NULL;
}

bool config_names(const struct config *config, const struct process *process)
{
	for (size_t i = 0; i < config->policy_count; i++)
		if (match_any(&config->policies[i].match, process))
			return true;
	return false;
}

bool config_may_name(const struct config *config, const struct process *process)
{
	for (size_t i = 0; i < config->policy_count; i++)
		if (match_any_may(&config->policies[i].match, process))
			return true;
	return false;
}

uint64_t config_stall_threshold(const struct config *config, const struct process *process,
				enum stall_kind kind)
{
	for (size_t i = 0; i < config->policy_count; i++) {
		const struct policy *policy = &config->policies[i];

		if (policy->stall[kind] != STALL_INHERIT && match_any(&policy->match, process))
			return policy->stall[kind];
	}
	return config->stall[kind];
}

void config_stall_least(const struct config *config, uint64_t ret[static STALL_KIND_COUNT])
{
	for (int kind = 0; kind < STALL_KIND_COUNT; kind++) {
		/* Off is nothing to look for, as if it took for ever. */
		uint64_t least = config->stall[kind] ? config->stall[kind] : STALL_INHERIT;

		for (size_t i = 0; i < config->policy_count; i++) {
			uint64_t threshold = config->policies[i].stall[kind];

			if (threshold && threshold < least)
				least = threshold;
		}
		ret[kind] = least == STALL_INHERIT ? 0 : least;
	}
}
