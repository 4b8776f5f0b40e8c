// SPDX-License-Identifier: GPL-2.0-or-later
/* Cgroup paths: which component is a unit's and which is a container's. */
#include "host/cgroup.h"

#include <stdint.h>
#include <string.h>

/* One component of a path; not terminated. */
struct part {
	const char *s;
	size_t len;
};

enum { CONTAINER_ID_LEN = 64 };

/* /proc/PID/cgroup says it behind the path when the cgroup has been removed. */
static size_t path_length(const char *path)
{
	static const char deleted[] = " (deleted)";
	size_t len = strlen(path), n = sizeof(deleted) - 1;

	return len > n && !strcmp(path + len - n, deleted) ? len - n : len;
}

/* The next component of [*at, end), with the "_" removed that systemd puts before a name with a meaning. */
static bool next_part(const char **at, const char *end, struct part *ret)
{
	const char *s = *at;

	while (s < end && *s == '/')
		s++;
	if (s == end)
		return false;
	ret->s = s;
	while (s < end && *s != '/')
		s++;
	ret->len = (size_t)(s - ret->s);
	*at = s;
	if (ret->len > 1 && ret->s[0] == '_') {
		ret->s++;
		ret->len--;
	}
	return true;
}

static bool has_prefix(struct part part, const char *prefix)
{
	size_t n = strlen(prefix);

	return part.len >= n && !memcmp(part.s, prefix, n);
}

static bool has_suffix(struct part part, const char *suffix)
{
	size_t n = strlen(suffix);

	return part.len >= n && !memcmp(part.s + part.len - n, suffix, n);
}

static bool equals(struct part part, const char *s)
{
	return part.len == strlen(s) && !memcmp(part.s, s, part.len);
}

static bool is_name(struct part part, const char *extra)
{
	for (size_t i = 0; i < part.len; i++) {
		char c = part.s[i];

		if (!((c >= 'a' && c <= 'z') || (c >= 'A' && c <= 'Z') || (c >= '0' && c <= '9') ||
		      (c && strchr(extra, c))))
			return false;
	}
	return part.len > 0;
}

static bool is_unit(struct part part, const char *suffix)
{
	return part.len > strlen(suffix) && part.len < CGROUP_UNIT_SIZE && has_suffix(part, suffix) &&
	       is_name(part, ":-_.\\@");
}

/* The first component below the slices, if it is a service or a scope. */
static bool unit_below_slices(const char **at, const char *end, struct part *ret)
{
	struct part part;

	do {
		if (!next_part(at, end, &part))
			return false;
	} while (is_unit(part, ".slice"));
	if (!is_unit(part, ".service") && !is_unit(part, ".scope"))
		return false;
	*ret = part;
	return true;
}

/* user@UID.service, the manager of that user's units. */
static bool is_user_manager(struct part part, uid_t *ret_uid)
{
	size_t first = strlen("user@"), last = part.len - strlen(".service");
	uint64_t uid = 0;

	if (!has_prefix(part, "user@") || !has_suffix(part, ".service") || first >= last)
		return false;
	for (size_t i = first; i < last; i++) {
		if (part.s[i] < '0' || part.s[i] > '9')
			return false;
		uid = uid * 10 + (uint64_t)(part.s[i] - '0');
		if (uid >= UINT32_MAX)
			return false;
	}
	*ret_uid = (uid_t)uid;
	return true;
}

bool cgroup_unit(const char *path, char ret[static CGROUP_UNIT_SIZE], bool *ret_user, uid_t *ret_uid)
{
	const char *at = path, *end = path + path_length(path);
	struct part unit, below;
	bool user = false;
	uid_t uid = 0;

	if (!unit_below_slices(&at, end, &unit))
		return false;
	/* init.scope is where the user's manager itself lives. */
	if (is_user_manager(unit, &uid) && unit_below_slices(&at, end, &below) &&
	    !equals(below, "init.scope")) {
		unit = below;
		user = true;
	}
	memcpy(ret, unit.s, unit.len);
	ret[unit.len] = '\0';
	if (ret_user)
		*ret_user = user;
	if (ret_uid && user)
		*ret_uid = uid;
	return true;
}

static bool is_container_id(struct part part)
{
	if (part.len != CONTAINER_ID_LEN)
		return false;
	for (size_t i = 0; i < part.len; i++)
		if (!(part.s[i] >= '0' && part.s[i] <= '9') && !(part.s[i] >= 'a' && part.s[i] <= 'f'))
			return false;
	return true;
}

/*
 * The id in a component: 64 hex digits alone (cgroupfs drivers), behind the runtime's name and "-", with or
 * without ".scope" (docker-, libpod-, cri-containerd-, crio-, nerdctl- ...), or behind
 * "SLICE:cri-containerd:".
 */
static bool id_in(struct part part, struct part *ret)
{
	struct part id = part, runtime = {0};

	if (has_suffix(id, ".scope"))
		id.len -= strlen(".scope");
	if (id.len > CONTAINER_ID_LEN) {
		runtime = (struct part){id.s, id.len - CONTAINER_ID_LEN - 1};
		id.s += id.len - CONTAINER_ID_LEN;
		id.len = CONTAINER_ID_LEN;
		if (!strchr("-:", id.s[-1]))
			return false;
	}
	if (!is_container_id(id) || has_suffix(runtime, "conmon"))
		return false;
	*ret = id;
	return true;
}

/* LXC names its cgroups after the container: /lxc/NAME, /lxc.payload/NAME, lxc.payload.NAME. */
static bool lxc_name(struct part part, bool at_root, const char *at, const char *end, struct part *ret)
{
	static const char payload[] = "lxc.payload.";

	if (has_prefix(part, payload)) {
		part.s += sizeof(payload) - 1;
		part.len -= sizeof(payload) - 1;
	} else if (!at_root || !(equals(part, "lxc") || equals(part, "lxc.payload")) ||
		   !next_part(&at, end, &part)) {
		return false;
	}
	if (part.len >= CGROUP_CONTAINER_SIZE || !is_name(part, "-_."))
		return false;
	*ret = part;
	return true;
}

bool cgroup_container(const char *path, char ret[static CGROUP_CONTAINER_SIZE])
{
	const char *at = path, *end = path + path_length(path);
	struct part part, id;

	for (bool at_root = true; next_part(&at, end, &part); at_root = false) {
		if (!id_in(part, &id) && !lxc_name(part, at_root, at, end, &id))
			continue;
		memcpy(ret, id.s, id.len);
		ret[id.len] = '\0';
		return true;
	}
	return false;
}
