// SPDX-License-Identifier: GPL-2.0-or-later
/* Which faults of which processes are reported, and what the kernel therefore has to tell. */
#include "core/scope.h"

#include <string.h>

/* Stopping a container ends all that is in it with the kernel's own SIGKILLs: ordinary life. */
static bool namespace_ended(const struct incident *incident)
{
	return incident->kind == FAULT_KILL_SIGKILL && incident->sender.known &&
	       (incident->sender.flags & (FE_SENDER_EXITING | FE_SENDER_NSINIT)) ==
		       (FE_SENDER_EXITING | FE_SENDER_NSINIT);
}

/*
 * exit.unexpected is of a process that was to stay. Of whom nobody said so, ending with 0 is ordinary life,
 * unless that is what was asked for by name.
 */
static bool asks_for_zero(const struct options *options)
{
	return options->fault_list && strstr(options->fault_list, "exit.unexpected");
}

bool scope_reports(const struct options *options, const struct config *config,
		   const struct incident *incident)
{
	struct fault_set set = options->faults;
	bool named = options->match.count > 0;

	if (config_policy_for(config, &incident->who, incident->kind))
		return true;
	if (named && !match_any(&options->match, &incident->who))
		return false;
	if (options->command && !named && !incident->followed)
		return false;
	if (!options->faults_given) {
		fault_set_default(&set);
		if (named || options->command)
			fault_set_apply(&set, "kill");
		if (named || (options->command && incident->who.ppid == options->self))
			fault_set_add(&set, FAULT_EXIT_FAILURE);
		else if (namespace_ended(incident)) {
			return false;
		}
	}
	if (incident->kind == FAULT_EXIT_UNEXPECTED && !named && !options->command && !asks_for_zero(options))
		return false;
	return fault_set_has(&set, incident->kind);
}

/* False: one of them says nothing about the name, or there are too many. */
static bool add_names(struct scope_needs *needs, const struct match_list *list)
{
	for (size_t i = 0; i < list->count; i++) {
		struct exec_name *name = needs->names, new;

		new.kinds = match_exec_name(list->items[i], new.name);
		while (name < needs->names + needs->name_count &&
		       memcmp(name->name, new.name, sizeof(new.name)) != 0)
			name++;
		if (!new.kinds || name == needs->names + SCOPE_NAMES_MAX)
			return false;
		if (name == needs->names + needs->name_count) {
			*name = new;
			needs->name_count++;
		}
		name->kinds |= new.kinds;
	}
	return true;
}

static const enum fault_kind stall_faults[STALL_KIND_COUNT] = {
	[STALL_DEADLOCK] = FAULT_STALL_DEADLOCK,
	[STALL_LOCK] = FAULT_STALL_LOCK,
	[STALL_IO] = FAULT_STALL_IO,
	[STALL_SYSCALL] = FAULT_STALL_SYSCALL,
	[STALL_EVENTLOOP] = FAULT_STALL_EVENTLOOP,
	[STALL_SPIN] = FAULT_STALL_SPIN,
	[STALL_STARVED] = FAULT_STALL_STARVED,
	[STALL_THROTTLED] = FAULT_STALL_THROTTLED,
	[STALL_STOPPED] = FAULT_STALL_STOPPED,
};

static void needs_stalls(struct scope_needs *needs, const struct fault_set *set, const struct config *config)
{
	config_stall_least(config, needs->stalls);
	for (int kind = 0; kind < STALL_KIND_COUNT; kind++) {
		bool wanted = fault_set_has(set, stall_faults[kind]);

		for (size_t i = 0; i < config->policy_count; i++)
			wanted = wanted || fault_set_has(&config->policies[i].faults, stall_faults[kind]);
		if (!wanted)
			needs->stalls[kind] = 0;
	}
}

void scope_needs(struct scope_needs *ret, const struct options *options, const struct config *config)
{
	struct fault_set set = options->faults;
	bool named = options->match.count > 0 || config->policy_count > 0 || options->command;

	if (!options->faults_given)
		fault_set_default(&set);
	memset(ret, 0, sizeof(*ret));
	for (int signo = 1; signo <= 64; signo++)
		if (named || fault_set_has(&set, fault_kill_of_signal(signo)))
			ret->kill_mask |= 1ULL << (signo & 63);
	if (named)
		ret->execs = add_names(ret, &options->match) ? FE_EXECS_WATCHED : FE_EXECS_ALL;
	for (size_t i = 0; i < config->policy_count; i++)
		if (!add_names(ret, &config->policies[i].match))
			ret->execs = FE_EXECS_ALL;
	ret->exit_failure = named || fault_set_has(&set, FAULT_EXIT_FAILURE);
	ret->exit_zero = fault_set_has(&set, FAULT_EXIT_UNEXPECTED) && (named || asks_for_zero(options));
	for (size_t i = 0; i < config->policy_count; i++)
		if (fault_set_has(&config->policies[i].faults, FAULT_EXIT_UNEXPECTED))
			ret->exit_zero = true;
	needs_stalls(ret, &set, config);
}

uint64_t scope_stall_threshold(const struct options *options, const struct config *config,
			       const struct process *process, enum stall_kind kind, bool *ret_named)
{
	*ret_named = *ret_named || config_names(config, process) || match_any(&options->match, process);
	if (kind == STALL_SPIN && !*ret_named)
		return 0;
	return config_stall_threshold(config, process, kind);
}
