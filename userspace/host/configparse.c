// SPDX-License-Identifier: GPL-2.0-or-later
/* One configuration file through libconfuse: every value is checked on its own line, then the policies are
 * made. */
#include <confuse.h>
#include <errno.h>
#include <stdarg.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "core/clock.h"
#include "core/log.h"
#include "host/configparts.h"
#include "host/configvalues.h"

enum { ERRORS_MAX = 20, LIST_MAX = 256 };

/* libconfuse hands its callbacks nothing of ours; it is not reentrant either. */
static struct {
	const char *path; /* libconfuse knows it in some of its sections only */
	unsigned int errors;
	bool no_memory;
} parsing;

/*
 * Where things stand is kept in the default values, which options without a default do not use and every
 * section has its own of: the line that last set a key in def.number; in def.fpnumber of "faults", whose
 * default is "set" when a policy's section begins, the line of that.
 */
static unsigned int line_of_key(cfg_t *section, const char *key)
{
	return (unsigned int)cfg_getopt(section, key)->def.number;
}

static unsigned int line_of_policy(cfg_t *policy)
{
	return (unsigned int)cfg_getopt(policy, "faults")->def.fpnumber;
}

static void fail(unsigned int line, const char *fmt, ...) __attribute__((format(printf, 2, 3)));

static void fail(unsigned int line, const char *fmt, ...)
{
	char *sentence = NULL;
	va_list ap;

	va_start(ap, fmt);
	if (vasprintf(&sentence, fmt, ap) < 0)
		sentence = NULL;
	va_end(ap);
	log_error("%s:%u: %s", parsing.path, line,
		  sentence ? sentence : "is wrong, and there is no memory to say why");
	free(sentence);
	parsing.errors++;
}

/* "unknown key 'x': use a, b or c" */
static void fail_unknown(cfg_t *cfg, const char *name)
{
	char keys[256] = "";
	size_t len = 0;

	for (unsigned int i = 0; i < cfg_num(cfg) && len < sizeof(keys); i++)
		len += (size_t)snprintf(keys + len, sizeof(keys) - len, "%s%s",
					i == 0			? ""
					: i + 1 == cfg_num(cfg) ? " or "
								: ", ",
					cfg->opts[i].name);
	fail((unsigned int)cfg->line, "unknown key '%s'%s%s: use %s", name,
	     strcmp(cfg->name, "root") ? " in " : "", strcmp(cfg->name, "root") ? cfg->name : "", keys);
}

/* What libconfuse says, and what would be right. */
static void on_error(cfg_t *cfg, const char *fmt, va_list ap)
{
	static const struct {
		const char *start, *hint;
	} hints[] = {
		{"found duplicate title",
		 ": two policies of one file cannot have one name, give each its own"},
		{"missing title", ": write policy \"NAME\" { ... }"},
		{"missing equal sign", ": write KEY = VALUE"},
		{"missing opening brace", ": write { behind it"},
		{"attempt to append", ": write = instead of +="},
		{"premature end of file", ": the last key lacks its value"},
		{"unexpected token",
		 ": write KEY = \"VALUE\", KEY = { \"VALUE\", \"VALUE\" } or SECTION { ... }"},
	};
	const char *hint = "";
	char said[512];

	if (!strncmp(fmt, "no such option '%s'", 19)) {
		fail_unknown(cfg, va_arg(ap, const char *));
		return;
	}
	for (size_t i = 0; i < sizeof(hints) / sizeof(hints[0]); i++)
		if (!strncmp(fmt, hints[i].start, strlen(hints[i].start)))
			hint = hints[i].hint;
	vsnprintf(said, sizeof(said), fmt, ap);
	fail((unsigned int)cfg->line, "%s%s", said, hint);
}

/* The callback of every key: checks the value, and goes on after a bad one so that one run finds them all. */
static int accept_value(cfg_t *cfg, cfg_opt_t *opt, const char *value, void *result, config_check_fn check)
{
	unsigned int line = (unsigned int)cfg->line;
	char *sentence = NULL;
	int r;

	*(const char **)result = value;
	if ((opt->flags & CFGF_DEFINIT) && opt->def.fpnumber == 0.0) {
		opt->def.fpnumber = cfg->line;
		return 0;
	}
	if (opt < cfg->opts || opt >= cfg->opts + cfg_num(cfg)) {
		/* libconfuse takes "stall|io" for the io of stall. */
		fail_unknown(cfg, opt->name);
		return -1;
	}
	if (opt->def.number && opt->nvalues == 1)
		fail(line, "%s was set on line %ld already: set it once", opt->name, opt->def.number);
	opt->def.number = cfg->line;
	if (opt->nvalues > LIST_MAX) {
		fail(line, "%s has more than %d values: use fewer", opt->name, LIST_MAX);
		return -1;
	}
	r = check(value, &sentence);
	if (r == -ENOMEM)
		parsing.no_memory = true;
	else if (r < 0)
		fail(line, "%s: %s", opt->name, sentence ? sentence : "bad value");
	free(sentence);
	return parsing.errors < ERRORS_MAX && !parsing.no_memory ? 0 : -1;
}

#define CALLBACK(what)                                                                    \
	static int on_##what(cfg_t *cfg, cfg_opt_t *opt, const char *value, void *result) \
	{                                                                                 \
		return accept_value(cfg, opt, value, result, config_check_##what);        \
	}
CALLBACK(budget)
CALLBACK(threshold)
CALLBACK(match)
CALLBACK(fault)
CALLBACK(action)
CALLBACK(name)
CALLBACK(period)
CALLBACK(duration)
CALLBACK(factor)
CALLBACK(jitter)
CALLBACK(count)
CALLBACK(bool)
CALLBACK(command)

#define KEY(name, what)	 CFG_STR_CB(name, NULL, CFGF_NODEFAULT, on_##what)
#define LIST(name, what) CFG_STR_LIST_CB(name, NULL, CFGF_NODEFAULT, on_##what)

static cfg_opt_t backoff_keys[] = {KEY("initial", duration), KEY("factor", factor),	 KEY("max", period),
				   KEY("jitter", jitter),    KEY("reset_after", period), CFG_END()};
static cfg_opt_t limit_keys[] = {KEY("actions", count), KEY("within", period), CFG_END()};
static cfg_opt_t healthy_keys[] = {KEY("after", duration), KEY("listening", bool), KEY("command", command),
				   CFG_END()};
static cfg_opt_t stall_keys[STALL_KIND_COUNT + 1]; /* filled from core's names */
static cfg_opt_t policy_keys[] = {LIST("match", match),
				  CFG_STR_LIST_CB("faults", "{default}", CFGF_NONE, on_fault),
				  LIST("actions", action),
				  CFG_SEC("backoff", backoff_keys, CFGF_NONE),
				  CFG_SEC("limit", limit_keys, CFGF_NONE),
				  CFG_SEC("healthy", healthy_keys, CFGF_NONE),
				  LIST("requires", name),
				  CFG_SEC("stall", stall_keys, CFGF_NONE),
				  CFG_END()};
static cfg_opt_t root_keys[] = {KEY("overhead_budget", budget), CFG_SEC("stall", stall_keys, CFGF_NONE),
				CFG_SEC("policy", policy_keys, CFGF_MULTI | CFGF_TITLE | CFGF_NO_TITLE_DUPES),
				CFG_END()};

static void get_duration(cfg_t *section, const char *key, uint64_t *value)
{
	const char *text = cfg_getstr(section, key);

	if (text && !strcmp(text, "off"))
		*value = 0;
	else if (text)
		clock_parse_duration(text, value);
}

static void get_number(cfg_t *section, const char *key, double *value)
{
	const char *text = cfg_getstr(section, key);

	if (text)
		*value = strtod(text, NULL);
}

static void build_faults(struct fault_set *set, cfg_t *section)
{
	unsigned int count = cfg_size(section, "faults");
	const char *first = count ? cfg_getnstr(section, "faults", 0) : "";
	struct fault_set defaults;

	policy_default_faults(&defaults);
	*set = first[0] == '!' ? defaults : (struct fault_set){0};
	for (unsigned int i = 0; i < count; i++) {
		const char *word = cfg_getnstr(section, "faults", i);

		if (strcmp(word, "default")) {
			fault_set_apply(set, word);
			continue;
		}
		for (size_t k = 0; k < sizeof(set->bits) / sizeof(set->bits[0]); k++)
			set->bits[k] |= defaults.bits[k];
	}
}

typedef int (*add_fn)(struct policy *policy, const char *text, char **ret_error);

static int add_match(struct policy *policy, const char *text, char **ret_error)
{
	return match_list_add(&policy->match, text, ret_error);
}

static int build_list(struct policy *policy, cfg_t *section, const char *key, add_fn add)
{
	for (unsigned int i = 0; i < cfg_size(section, key); i++) {
		char *sentence = NULL;
		int r = add(policy, cfg_getnstr(section, key, i), &sentence);

		if (r == -EINVAL)
			fail(line_of_key(section, key), "%s: %s", key, sentence ? sentence : "bad value");
		free(sentence);
		if (r < 0)
			return r;
	}
	return 0;
}

/* Those that are set. */
static void build_stall(uint64_t thresholds[static STALL_KIND_COUNT], cfg_t *section)
{
	cfg_t *stall = cfg_getsec(section, "stall");

	for (int kind = 0; kind < STALL_KIND_COUNT; kind++)
		get_duration(stall, stall_kind_name(kind), &thresholds[kind]);
}

static int build_sections(struct policy *policy, cfg_t *section)
{
	cfg_t *backoff = cfg_getsec(section, "backoff"), *limit = cfg_getsec(section, "limit"),
	      *healthy = cfg_getsec(section, "healthy");
	const char *actions = cfg_getstr(limit, "actions"), *listening = cfg_getstr(healthy, "listening"),
		   *command = cfg_getstr(healthy, "command");

	get_duration(backoff, "initial", &policy->backoff.initial);
	get_duration(backoff, "max", &policy->backoff.max);
	get_duration(backoff, "reset_after", &policy->backoff.reset_after);
	get_number(backoff, "factor", &policy->backoff.factor);
	get_number(backoff, "jitter", &policy->backoff.jitter);
	get_duration(limit, "within", &policy->limit.within);
	if (actions)
		policy->limit.actions = (unsigned int)strtoul(actions, NULL, 10);
	get_duration(healthy, "after", &policy->healthy.after);
	build_stall(policy->stall, section);
	if (listening)
		policy->healthy.listening = cfg_parse_boolean(listening) == 1;
	if (command) {
		policy->healthy.command = strdup(command);
		if (!policy->healthy.command)
			return -ENOMEM;
	}
	return 0;
}

/* What each value alone cannot tell. */
static void check_policy(const struct policy *policy, cfg_t *section)
{
	static const struct fault_set nothing;
	const char *name = policy->name;
	unsigned int line = line_of_policy(section);
	bool revives = false, none = false;

	for (size_t i = 0; i < policy->action_count; i++) {
		enum action_type type = policy->actions[i].type;

		none |= type == ACTION_NONE;
		revives |= type != ACTION_NONE && type != ACTION_SIGNAL;
	}
	if (policy->match.count == 0)
		fail(line, "policy \"%s\" matches no process: add match = { \"comm:NAME\" }", name);
	if (!memcmp(&policy->faults, &nothing, sizeof(nothing)))
		fail(line,
		     "policy \"%s\" reacts to no fault: leave faults out for the usual ones, or name some",
		     name);
	if (none && policy->action_count > 1)
		fail(line_of_key(section, "actions"),
		     "actions of policy \"%s\": none cannot be a rung among others, leave it or them out",
		     name);
	if (policy->backoff.max < policy->backoff.initial)
		fail(line,
		     "policy \"%s\": backoff.max is less than backoff.initial: make it at least as long",
		     name);
	if (policy->healthy.listening && policy->action_count && !revives)
		fail(line,
		     "policy \"%s\": healthy.listening waits for a process that no action brings up: add "
		     "restart to actions, or leave listening out",
		     name);
	for (size_t i = 0; i < policy->requires_count; i++)
		if (!strcmp(policy->requires[i], name))
			fail(line_of_key(section, "requires"),
			     "policy \"%s\" requires itself: leave that out", name);
}

static int build_policy(struct config *config, cfg_t *section)
{
	const char *name = cfg_title(section);
	struct policy *policy;
	char *origin, *sentence = NULL;
	int r = config_check_name(name, &sentence);

	if (r < 0) {
		fail(line_of_policy(section), "policy: %s", sentence ? sentence : "bad name");
		free(sentence);
		return -EINVAL;
	}
	if (asprintf(&origin, "%s:%u", parsing.path, line_of_policy(section)) < 0)
		return -ENOMEM;
	policy = config_add_policy(config, name, origin);
	free(origin);
	if (!policy && config->policy_count >= CONFIG_POLICIES_MAX) {
		fail(line_of_policy(section), "there are more than %d policies: join some",
		     CONFIG_POLICIES_MAX);
		return -EINVAL;
	}
	if (!policy)
		return -ENOMEM;
	build_faults(&policy->faults, section);
	r = build_list(policy, section, "match", add_match);
	if (r == 0)
		r = build_list(policy, section, "actions", policy_add_action);
	/* As --restart MATCH without an ACTION. */
	if (r >= 0 && policy->action_count == 0)
		r = policy_add_action(policy, "restart", NULL);
	if (r == 0)
		r = build_list(policy, section, "requires", policy_add_requires);
	if (r == 0)
		r = build_sections(policy, section);
	if (r == 0)
		check_policy(policy, section);
	return r;
}

static int build(struct config *config, cfg_t *cfg)
{
	int r = 0;

	get_number(cfg, "overhead_budget", &config->overhead_budget);
	build_stall(config->stall, cfg);
	for (unsigned int i = 0; i < cfg_size(cfg, "policy") && r != -ENOMEM; i++)
		r = build_policy(config, cfg_getnsec(cfg, "policy", i));
	return r == -ENOMEM ? r : 0;
}

static cfg_t *new_parser(void)
{
	cfg_t *cfg;

	for (int kind = 0; kind < STALL_KIND_COUNT; kind++)
		stall_keys[kind] = (cfg_opt_t)KEY(stall_kind_name(kind), threshold);
	stall_keys[STALL_KIND_COUNT] = (cfg_opt_t)CFG_END();
	cfg = cfg_init(root_keys, CFGF_NONE);
	if (!cfg)
		return NULL;
	cfg_set_error_function(cfg, on_error);
	return cfg;
}

int config_parse(struct config *config, const char *path, const char *text, size_t len)
{
	cfg_t *cfg;
	FILE *file;
	int r = 0;

	if (len == 0)
		return 0;
	cfg = new_parser();
	/* Read-only: fmemopen(3) takes a pointer that is not const for its other modes. */
	file = cfg ? fmemopen((void *)text, len, "r") : NULL;
	parsing.path = path;
	parsing.errors = 0;
	parsing.no_memory = !file;
	if (!parsing.no_memory && cfg_parse_fp(cfg, file) == CFG_SUCCESS && parsing.errors == 0)
		r = build(config, cfg);
	else if (!parsing.no_memory && parsing.errors == 0)
		fail((unsigned int)cfg->line,
		     "cannot be parsed from here on: look for a quote or a brace too many or too few");
	if (file)
		fclose(file);
	if (cfg)
		cfg_free(cfg);
	if (parsing.no_memory || r == -ENOMEM)
		return -ENOMEM;
	return parsing.errors ? -EINVAL : r;
}
