// SPDX-License-Identifier: GPL-2.0-or-later
/* The values of the configuration file, one check a type. */
#include "host/configvalues.h"

#include <confuse.h>
#include <ctype.h>
#include <math.h>
#include <stdlib.h>
#include <string.h>

#include "core/clock.h"
#include "core/config.h"
#include "core/sentence.h"

enum { NAME_MAX_BYTES = 128, COUNT_MAX = 10000, FACTOR_MAX = 100 };

/* A decimal number as people write it: strtod(3) alone would take "inf", "0x1p3" and leading blanks, too. */
static int parse_decimal(const char *s, double *ret)
{
	char *end;

	if (!*s || s[strspn(s, "+-.0123456789")])
		return -1;
	*ret = strtod(s, &end);
	return *end || !isfinite(*ret) ? -1 : 0;
}

static int check_decimal(const char *value, double least, double most, const char *what, char **ret_error)
{
	double number;

	if (parse_decimal(value, &number) < 0)
		return sentence_error(ret_error, "'%s' is no number: write %s", value, what);
	if (number < least || number > most)
		return sentence_error(ret_error, "%s is out of range: write %s", value, what);
	return 0;
}

int config_check_budget(const char *value, char **ret_error)
{
	double number;

	if (parse_decimal(value, &number) == 0 && number > 0.0 && number <= 100.0)
		return 0;
	return sentence_error(ret_error,
			      "'%s' is no share of one CPU: write percent above 0 and up to 100, as in 1.0",
			      value);
}

int config_check_factor(const char *value, char **ret_error)
{
	return check_decimal(value, 1.0, FACTOR_MAX,
			     "how many times longer each wait is, from 1 to 100, as in 2.0", ret_error);
}

int config_check_jitter(const char *value, char **ret_error)
{
	return check_decimal(value, 0.0, 1.0,
			     "which part of a wait is left to chance, from 0 to 1, as in 0.1", ret_error);
}

int config_check_count(const char *value, char **ret_error)
{
	size_t len = strlen(value);

	if (len > 0 && len < 10 && value[strspn(value, "0123456789")] == '\0') {
		unsigned long n = strtoul(value, NULL, 10);

		if (n >= 1 && n <= COUNT_MAX)
			return 0;
	}
	return sentence_error(ret_error, "'%s' is no count: write a whole number from 1 to %d", value,
			      COUNT_MAX);
}

int config_check_duration(const char *value, char **ret_error)
{
	uint64_t ns;

	if (clock_parse_duration(value, &ns) == 0)
		return 0;
	if (!strcmp(value, "off"))
		return sentence_error(
			ret_error, "this cannot be off, only the kinds in stall can: write a duration, as in "
				   "100ms, 5s, 2min or 1h");
	return sentence_error(ret_error, "'%s' is no duration: write one as in 100ms, 5s, 2min or 1h", value);
}

int config_check_period(const char *value, char **ret_error)
{
	uint64_t ns;
	int r = config_check_duration(value, ret_error);

	if (r < 0)
		return r;
	clock_parse_duration(value, &ns);
	if (ns == 0)
		return sentence_error(ret_error,
				      "'%s' is no time at all: write a duration above zero, as in 5s", value);
	return 0;
}

int config_check_threshold(const char *value, char **ret_error)
{
	uint64_t ns;

	if (!strcmp(value, "off"))
		return 0;
	if (clock_parse_duration(value, &ns) < 0)
		return sentence_error(ret_error,
				      "'%s' is no threshold: write a duration of at least 100ms, as in 10s, "
				      "or \"off\"",
				      value);
	if (ns < STALL_LEAST)
		return sentence_error(ret_error,
				      "'%s' is shorter than a stall can be told from work: write at least "
				      "100ms, or \"off\"",
				      value);
	return 0;
}

int config_check_bool(const char *value, char **ret_error)
{
	if (cfg_parse_boolean(value) >= 0)
		return 0;
	return sentence_error(ret_error, "'%s' is neither yes nor no: write true or false", value);
}

static bool is_blank(const char *s)
{
	while (isspace((unsigned char)*s))
		s++;
	return !*s;
}

int config_check_command(const char *value, char **ret_error)
{
	return is_blank(value)
		       ? sentence_error(ret_error, "a command is empty: write one, or leave the key out")
		       : 0;
}

int config_check_name(const char *value, char **ret_error)
{
	if (is_blank(value))
		return sentence_error(ret_error, "a policy's name is empty: write for example \"web\"");
	if (strlen(value) > NAME_MAX_BYTES)
		return sentence_error(ret_error, "a policy's name is longer than %d bytes: shorten it",
				      NAME_MAX_BYTES);
	for (const char *s = value; *s; s++)
		if (iscntrl((unsigned char)*s))
			return sentence_error(ret_error,
					      "a policy's name has a control character in it: remove it");
	return 0;
}

int config_check_match(const char *value, char **ret_error)
{
	struct match *match;
	int r = match_parse(&match, value, ret_error);

	if (r == 0)
		match_free(match);
	return r;
}

int config_check_action(const char *value, char **ret_error)
{
	struct action action;
	int r = action_parse(&action, value, ret_error);

	if (r == 0)
		action_free(&action);
	return r;
}

int config_check_fault(const char *value, char **ret_error)
{
	struct fault_set set = {0};

	if (!strcmp(value, "default") || fault_set_apply(&set, value) == 0)
		return 0;
	return sentence_error(
		ret_error,
		"unknown fault '%s': use a family (crash, kill, oom, exit, stall, resource, host, "
		"kernel, self), a kind such as exit.failure, either of them after \"!\" to leave it out, "
		"\"all\" or \"default\"",
		value);
}
