// SPDX-License-Identifier: GPL-2.0-or-later
/* Kernel stacks of stalls: which function sleeps, and for whose sake. */
#include <string.h>

#include "diagnose/stall.h"

enum { NAME_SIZE = 64, TOLD = 6 };

static bool is(const char *function, const char *name)
{
	size_t len = strlen(name);

	return name[len - 1] == '*' ? strncmp(function, name, len - 1) == 0 : strcmp(function, name) == 0;
}

static bool is_any(const char *function, const char *const names[], size_t count)
{
	for (size_t i = 0; i < count; i++)
		if (is(function, names[i]))
			return true;
	return false;
}

/* How every sleep begins, whatever it is for. */
static bool of_scheduler(const char *function)
{
	static const char *const names[] = {"__schedule*",
					    "schedule",
					    "schedule_timeout*",
					    "io_schedule*",
					    "schedule_preempt_disabled",
					    "schedule_hrtimeout*",
					    "preempt_schedule*"};

	return is_any(function, names, sizeof(names) / sizeof(names[0]));
}

/*
 * The next function's name, without an offset and without what the compiler adds to those that it cloned
 * (".constprop.0"); NULL at the end, else where to go on.
 */
static const char *next_function(const char *at, char name[static NAME_SIZE])
{
	size_t len;

	if (!at)
		return NULL;
	at += strspn(at, " \t\n");
	if (!*at)
		return NULL;
	len = strcspn(at, "+. \t\n");
	if (len >= NAME_SIZE)
		len = NAME_SIZE - 1;
	memcpy(name, at, len);
	name[len] = '\0';
	return at + strcspn(at, "\n");
}

static const char *stack_of(const struct incident *incident)
{
	const char *stack = incident->stall.kernel_stack;

	return stack && *stack ? stack : incident->stall.wait_channel;
}

bool stall_in_stack(const struct incident *incident, size_t depth, const char *const names[], size_t count)
{
	const char *at = stack_of(incident);
	char function[NAME_SIZE];
	size_t seen = 0;

	while (seen < depth && (at = next_function(at, function))) {
		if (is_any(function, names, count))
			return true;
		if (!of_scheduler(function))
			seen++;
	}
	return false;
}

const char *stall_sleeper(struct incident *incident)
{
	const char *at = stack_of(incident);
	char function[NAME_SIZE];

	while ((at = next_function(at, function)))
		if (!of_scheduler(function))
			return stall_printf(incident, "%s", function);
	return "";
}

void stall_tell_stack(struct incident *incident)
{
	const char *channel = incident->stall.wait_channel, *at = incident->stall.kernel_stack, *told = "";
	char function[NAME_SIZE];
	unsigned int count = 0;

	if (channel && *channel)
		incident_evidence(incident, "its wait channel is %s", channel);
	while ((at = next_function(at, function))) {
		if (of_scheduler(function))
			continue;
		if (count++ == TOLD) {
			told = stall_printf(incident, "%s, ...", told);
			break;
		}
		told = stall_printf(incident, "%s%s%s", told, count > 1 ? ", " : "", function);
	}
	if (count)
		incident_evidence(incident, "kernel stack, innermost first: %s", told);
}
