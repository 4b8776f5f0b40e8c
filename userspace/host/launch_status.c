// SPDX-License-Identifier: GPL-2.0-or-later
/* A launch record: credentials, capabilities and limits, as /proc tells them. */
#include "host/launch_parts.h"

#include <errno.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "host/proc.h"

enum { GROUPS_MAX = 1024 };

const char *launch_status_value(const char *status, const char *key)
{
	size_t n = strlen(key);

	for (const char *p = status; p; p = strchr(p, '\n')) {
		p += *p == '\n';
		if (strncmp(p, key, n) == 0)
			return p + n;
	}
	return NULL;
}

static uint64_t status_hex(const char *status, const char *key, uint64_t otherwise)
{
	const char *value = launch_status_value(status, key);

	return value ? strtoull(value, NULL, 16) : otherwise;
}

static int read_groups(struct launch *l, const char *value)
{
	gid_t *fitting;

	l->groups = calloc(GROUPS_MAX, sizeof(*l->groups));
	if (!l->groups)
		return -ENOMEM;
	while (value && l->group_count < GROUPS_MAX) {
		char *end;
		unsigned long gid;

		value += strspn(value, " \t");
		gid = strtoul(value, &end, 10);
		if (end == value)
			break;
		l->groups[l->group_count++] = (gid_t)gid;
		value = end;
	}
	fitting = realloc(l->groups, (l->group_count ?: 1) * sizeof(*l->groups));
	if (fitting)
		l->groups = fitting;
	return 0;
}

int launch_read_status(struct launch *l)
{
	char *s = NULL;
	const char *value;
	struct launch_capabilities *caps = &l->capabilities;
	ssize_t n = proc_read_file(l->pid, "status", LAUNCH_FILE_MAX, &s);
	int r;

	if (n < 0)
		return n == -ENOENT ? -ESRCH : (int)n;
	value = launch_status_value(s, "Uid:");
	if (!value || sscanf(value, "%u %u %u", &l->uid, &l->euid, &l->suid) != 3)
		goto bad;
	value = launch_status_value(s, "Gid:");
	if (!value || sscanf(value, "%u %u %u", &l->gid, &l->egid, &l->sgid) != 3)
		goto bad;
	value = launch_status_value(s, "Umask:"); /* 4.7+ */
	l->has_umask = value;
	l->umask = value ? (mode_t)strtoul(value, NULL, 8) : 0;
	l->ignored_signals = status_hex(s, "SigIgn:", 0);
	value = launch_status_value(s, "NoNewPrivs:");
	caps->no_new_privileges = value && atoi(value) == 1;
	caps->known = launch_status_value(s, "CapBnd:") && launch_status_value(s, "CapAmb:");
	caps->inheritable = status_hex(s, "CapInh:", 0);
	caps->permitted = status_hex(s, "CapPrm:", 0);
	caps->bounding = status_hex(s, "CapBnd:", 0);
	caps->ambient = status_hex(s, "CapAmb:", 0);
	r = read_groups(l, launch_status_value(s, "Groups:"));
	free(s);
	return r;
bad:
	free(s);
	return -ESRCH; /* a process that is going away */
}

static rlim_t parse_limit(const char *word)
{
	return strcmp(word, "unlimited") == 0 ? RLIM_INFINITY : strtoull(word, NULL, 10);
}

/* prlimit(2) would need CAP_SYS_RESOURCE for other users' processes; the file is open to all. */
static void parse_limits(struct launch *l, char *text)
{
	static const char *const names[RLIM_NLIMITS] = {
		[RLIMIT_CPU] = "Max cpu time",
		[RLIMIT_FSIZE] = "Max file size",
		[RLIMIT_DATA] = "Max data size",
		[RLIMIT_STACK] = "Max stack size",
		[RLIMIT_CORE] = "Max core file size",
		[RLIMIT_RSS] = "Max resident set",
		[RLIMIT_NPROC] = "Max processes",
		[RLIMIT_NOFILE] = "Max open files",
		[RLIMIT_MEMLOCK] = "Max locked memory",
		[RLIMIT_AS] = "Max address space",
		[RLIMIT_LOCKS] = "Max file locks",
		[RLIMIT_SIGPENDING] = "Max pending signals",
		[RLIMIT_MSGQUEUE] = "Max msgqueue size",
		[RLIMIT_NICE] = "Max nice priority",
		[RLIMIT_RTPRIO] = "Max realtime priority",
		[RLIMIT_RTTIME] = "Max realtime timeout",
	};

	for (int i = 0; i < (int)RLIM_NLIMITS; i++) {
		const char *line = strstr(text, names[i]);
		char soft[32], hard[32];

		if (!line || sscanf(line + strlen(names[i]), "%31s %31s", soft, hard) != 2)
			continue;
		l->limits[i] = (struct rlimit){.rlim_cur = parse_limit(soft), .rlim_max = parse_limit(hard)};
		l->known_limits |= 1u << i;
	}
}

void launch_read_resources(struct launch *l)
{
	char *text = NULL;

	if (proc_read_file(l->pid, "limits", LAUNCH_FILE_MAX, &text) > 0)
		parse_limits(l, text);
	free(text);
	text = NULL;
	if (proc_read_file(l->pid, "oom_score_adj", 64, &text) > 0) {
		l->has_oom_score_adj = true;
		l->oom_score_adj = atoi(text);
	}
	free(text);
}
