// SPDX-License-Identifier: GPL-2.0-or-later
/* --check-config: the configuration read back in words. */
#include <stdlib.h>
#include <string.h>

#include "core/clock.h"
#include "core/text.h"
#include "host/configfile.h"

/* Names, globs and commands are whatever somebody wrote. */
static void print_safe(FILE *out, const char *s)
{
	char *safe = text_escape_dup(s, strlen(s));

	fputs(safe ? safe : "?", out);
	free(safe);
}

static void print_duration(FILE *out, uint64_t ns)
{
	char buf[CLOCK_DURATION_SIZE];

	fputs(ns ? clock_duration(ns, buf) : "0 s", out);
}

static void print_separator(FILE *out, size_t at, size_t count, const char *last)
{
	if (at > 0)
		fputs(at + 1 == count ? last : ", ", out);
}

static void print_match(FILE *out, const struct match_list *list)
{
	fputs("  watches     ", out);
	for (size_t i = 0; i < list->count; i++) {
		print_separator(out, i, list->count, " or ");
		print_safe(out, match_text(list->items[i]));
	}
	fputc('\n', out);
}

static bool is_whole_family(const struct fault_set *set, enum fault_family family)
{
	for (int kind = 0; kind < FAULT_ID_MAX; kind++) {
		const struct fault_info *info = fault_info(kind);

		if (info && info->family == family && !fault_set_has(set, kind))
			return false;
	}
	return true;
}

/* A family by its name where all of its kinds are meant. */
static void print_faults(FILE *out, const struct fault_set *set)
{
	const char *names[FAULT_ID_MAX];
	enum fault_family last = FAMILY_NONE;
	size_t count = 0;

	for (int kind = 0; kind < FAULT_ID_MAX; kind++) {
		const struct fault_info *info = fault_info(kind);

		if (!info || !fault_set_has(set, kind))
			continue;
		if (!is_whole_family(set, info->family))
			names[count++] = info->name;
		else if (info->family != last)
			names[count++] = fault_family_name(info->family);
		last = info->family;
	}
	fputs("  reacts to   ", out);
	for (size_t i = 0; i < count; i++) {
		print_separator(out, i, count, " and ");
		fputs(names[i], out);
	}
	fputc('\n', out);
}

static void print_action(FILE *out, const struct action *action)
{
	switch (action->type) {
	case ACTION_RESTART: fputs("restart it through whatever started it", out); break;
	case ACTION_RESTART_UNIT:
		fputs("restart the systemd unit ", out);
		print_safe(out, action->argument);
		break;
	case ACTION_RESTART_COMMAND:
		fputs("restart it with the command: ", out);
		print_safe(out, action->argument);
		break;
	case ACTION_RESPAWN: fputs("start the same program again in the same way", out); break;
	case ACTION_SIGNAL:
		fprintf(out, "send %s", signal_name(action->signo));
		if (action->timeout) {
			fputs(" and wait ", out);
			print_duration(out, action->timeout);
		}
		break;
	case ACTION_EXEC:
		fputs("run the hook: ", out);
		print_safe(out, action->argument);
		break;
	case ACTION_NONE: fputs("nothing, only reports", out); break;
	}
}

static void print_actions(FILE *out, const struct policy *policy)
{
	for (size_t i = 0; i < policy->action_count; i++) {
		fputs(i == 0 ? "  does        " : "  then        ", out);
		print_action(out, &policy->actions[i]);
		fputc('\n', out);
	}
}

static void print_backoff(FILE *out, const struct backoff_config *backoff)
{
	fputs("  waits       ", out);
	print_duration(out, backoff->initial);
	fprintf(out, " before it repeats itself, %g times longer each time up to ", backoff->factor);
	print_duration(out, backoff->max);
	fprintf(out, ", give or take %g %%; anew after ", backoff->jitter * 100);
	print_duration(out, backoff->reset_after);
	fputs(" without a fault\n", out);
}

static void print_limit(FILE *out, const struct limit_config *limit)
{
	fprintf(out, "  gives up    after %u %s within ", limit->actions,
		limit->actions == 1 ? "action" : "actions");
	print_duration(out, limit->within);
	fputs(": one alert, no more actions\n", out);
}

static void print_healthy(FILE *out, const struct healthy_config *healthy)
{
	fputs("  is content  when the process lives ", out);
	print_duration(out, healthy->after);
	fputs(" after its start", out);
	if (healthy->listening)
		fputs(", listens where the old one did", out);
	if (healthy->command) {
		fputs(", and this succeeds: ", out);
		print_safe(out, healthy->command);
	}
	fputc('\n', out);
}

static void print_threshold(FILE *out, enum stall_kind kind, uint64_t threshold)
{
	fprintf(out, "%s ", stall_kind_name(kind));
	if (threshold) {
		fputs("for ", out);
		print_duration(out, threshold);
	} else {
		fputs("never (off)", out);
	}
}

/* Only what the policy has of its own. */
static void print_stall(FILE *out, const uint64_t thresholds[static STALL_KIND_COUNT])
{
	size_t count = 0;

	for (int kind = 0; kind < STALL_KIND_COUNT; kind++) {
		if (thresholds[kind] == STALL_INHERIT)
			continue;
		fputs(count++ ? ", " : "  a stall is  ", out);
		print_threshold(out, kind, thresholds[kind]);
	}
	if (count)
		fputs(count < STALL_KIND_COUNT ? "; the rest as for all\n" : "\n", out);
}

static void print_policy(FILE *out, const struct policy *policy)
{
	fputs("policy \"", out);
	print_safe(out, policy->name);
	fputs("\" (", out);
	print_safe(out, policy->origin);
	fputs(")\n", out);
	print_match(out, &policy->match);
	print_faults(out, &policy->faults);
	print_stall(out, policy->stall);
	print_actions(out, policy);
	print_backoff(out, &policy->backoff);
	print_limit(out, &policy->limit);
	print_healthy(out, &policy->healthy);
	if (policy->requires_count)
		fputs("  needs       ", out);
	for (size_t i = 0; i < policy->requires_count; i++) {
		print_separator(out, i, policy->requires_count, " and ");
		print_safe(out, policy->requires[i]);
	}
	if (policy->requires_count)
		fputc('\n', out);
}

void configfile_print(const struct config *config, FILE *out)
{
	fprintf(out, "watching may cost %g %% of one CPU\n", config->overhead_budget);
	fputs("a stall is", out);
	for (int kind = 0; kind < STALL_KIND_COUNT; kind++) {
		fputs(kind ? ", " : " ", out);
		print_threshold(out, kind, config->stall[kind]);
	}
	fputc('\n', out);
	for (size_t i = 0; i < config->policy_count; i++)
		print_policy(out, &config->policies[i]);
	if (config->policy_count == 0)
		fputs("no policies: faults are reported, nothing is acted on\n", out);
}
