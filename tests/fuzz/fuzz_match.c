// SPDX-License-Identifier: GPL-2.0-or-later
/* What people write on the command line: MATCH, ACTION, MATCH=ACTION, lists of faults, signals, durations. */
#include <signal.h>
#include <string.h>

#include "core/clock.h"
#include "core/config.h"
#include "fuzz.h"

static const struct process process = {.pid = 42,
				       .has_uid = true,
				       .uid = 33,
				       .name = "nginx",
				       .exe = "/usr/sbin/nginx",
				       .cgroup = "/system.slice/nginx.service",
				       .unit = "nginx.service",
				       .container = "0123456789abcdef",
				       .args = "nginx\0-g\0daemon off;",
				       .args_len = 20,
				       .args_total = 20};

/* Whatever is refused is refused with one line; whatever is taken can be used. */
static void check(int r, char *error)
{
	CHECK(r >= 0 || (error && *error));
	free(error);
}

static void match(const char *text)
{
	struct match *m = NULL;
	char *error = NULL;
	int r = match_parse(&m, text, &error);

	check(r, error);
	if (r < 0)
		return;
	/* A regular expression may be as slow as its author likes; ours is not the matcher to blame. */
	if (!strstr(text, "cmd:"))
		match_process(m, &process);
	CHECK(strlen(match_text(m)) > 0);
	match_free(m);
}

static void action(const char *text)
{
	struct action a = {0};
	char *error = NULL;
	int r = action_parse(&a, text, &error);

	check(r, error);
	action_is(text);
	if (r >= 0) {
		CHECK(action_type_name(a.type));
		CHECK(a.type != ACTION_SIGNAL || (a.signo >= 1 && a.signo <= 64));
		action_free(&a);
	}
}

static void restart(const char *text)
{
	struct config *config = config_new();
	char *error = NULL;
	int r;

	CHECK(config);
	r = config_add_restart(config, text, &error);
	check(r, error);
	config_free(config);
}

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size)
{
	char *text = malloc(size + 1), bad[16];
	struct fault_set set;
	uint64_t ns;
	int signo;

	CHECK(text);
	memcpy(text, data, size);
	text[size] = '\0';
	action(text);
	if (!explodes(text)) {
		match(text);
		restart(text);
	}
	if (fault_set_parse(&set, text, bad, sizeof(bad)) < 0)
		CHECK(strlen(bad) < sizeof(bad));
	signo = signal_by_name(text);
	CHECK(signo < 0 || (signo >= 1 && signo <= 64));
	if (clock_parse_duration(text, &ns) >= 0)
		CHECK(ns <= UINT64_MAX / 2);
	free(text);
	return 0;
}
