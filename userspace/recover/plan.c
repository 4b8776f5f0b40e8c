// SPDX-License-Identifier: GPL-2.0-or-later
/* What a policy wants, copied, so that a recovery under way outlives the configuration that it came from. */
#include <stdlib.h>
#include <string.h>

#include "recover/private.h"

static bool copy_actions(struct plan *plan, const struct policy *policy)
{
	plan->actions = calloc(policy->action_count ?: 1, sizeof(*plan->actions));
	if (!plan->actions)
		return false;
	for (size_t i = 0; i < policy->action_count; i++) {
		const struct action *from = &policy->actions[i];
		struct action *to = &plan->actions[plan->action_count++];

		*to = *from;
		to->argument = from->argument ? strdup(from->argument) : NULL;
		to->text = from->text ? strdup(from->text) : NULL;
		if ((from->argument && !to->argument) || (from->text && !to->text))
			return false;
	}
	return true;
}

struct plan *plan_new(const struct policy *policy)
{
	struct plan *plan = calloc(1, sizeof(*plan));

	if (!plan)
		return NULL;
	plan->refs = 1;
	plan->name = strdup(policy->name);
	plan->backoff = policy->backoff;
	plan->limit = policy->limit;
	plan->healthy = policy->healthy;
	plan->healthy.command = policy->healthy.command ? strdup(policy->healthy.command) : NULL;
	if (!plan->name || (policy->healthy.command && !plan->healthy.command) || !copy_actions(plan, policy))
		return plan_unref(plan);
	return plan;
}

struct plan *plan_unref(struct plan *plan)
{
	if (!plan || --plan->refs > 0)
		return NULL;
	for (size_t i = 0; i < plan->action_count; i++)
		action_free(&plan->actions[i]);
	free(plan->actions);
	free(plan->healthy.command);
	free(plan->name);
	free(plan);
	return NULL;
}
