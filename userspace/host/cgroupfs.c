// SPDX-License-Identifier: GPL-2.0-or-later
/* Where the cgroup hierarchies are mounted, and the files through which a process enters a group. */
#include "host/cgroupfs.h"

#include <fcntl.h>
#include <limits.h>
#include <stdbool.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>

#include "host/proc.h"

/* One line of /proc/PID/cgroup, cut in place: "4:memory:/a" (v1), "1:name=systemd:/a", "0::/a" (v2). */
struct line {
	char *controllers, *path;
};

static bool split_line(char *text, struct line *ret)
{
	char *controllers = strchr(text, ':');
	char *path = controllers ? strchr(controllers + 1, ':') : NULL;

	if (!path)
		return false;
	*path = '\0';
	*ret = (struct line){.controllers = controllers + 1, .path = path + 1};
	return ret->path[0] == '/' && !strstr(ret->path, "/../");
}

/* Whether a comma-separated list holds the word. */
static bool list_has(const char *list, const char *word, size_t len)
{
	for (const char *p = list; (p = strstr(p, word)); p += len)
		if ((p == list || p[-1] == ',') && (p[len] == ',' || p[len] == '\0'))
			return true;
	return false;
}

/* "36 35 0:30 ROOT POINT options - TYPE source super": the mount of this hierarchy. */
static bool mount_matches(char *text, const char *controllers, char **ret_root, char **ret_point)
{
	char *fields[5], *save = NULL, *tail = strstr(text, " - "), *type, *super;

	if (!tail)
		return false;
	*tail = '\0';
	for (int i = 0; i < 5; i++) {
		fields[i] = strtok_r(i ? NULL : text, " ", &save);
		if (!fields[i])
			return false;
	}
	type = strtok_r(tail + 3, " ", &save);
	strtok_r(NULL, " ", &save);
	super = strtok_r(NULL, " \n", &save);
	if (!type || !super)
		return false;
	if (*controllers ? strcmp(type, "cgroup") || !list_has(super, controllers, strlen(controllers))
			 : strcmp(type, "cgroup2"))
		return false;
	*ret_root = fields[3];
	*ret_point = fields[4];
	return true;
}

static bool find_group(const char *mounts, const struct line *line, char ret[static PATH_MAX])
{
	char *copy = strdup(mounts), *save = NULL;
	bool found = false;

	for (char *text = copy ? strtok_r(copy, "\n", &save) : NULL; text && !found;
	     text = strtok_r(NULL, "\n", &save)) {
		char *root, *point;
		const char *path = line->path;
		size_t n;

		if (!mount_matches(text, line->controllers, &root, &point))
			continue;
		n = strlen(root);
		if (n > 1) { /* a mount of a part of the hierarchy shows that part only */
			if (strncmp(path, root, n) != 0 || (path[n] != '/' && path[n] != '\0'))
				continue;
			path += n;
		}
		found = snprintf(ret, PATH_MAX, "%s%s", point, path) < PATH_MAX;
	}
	free(copy);
	return found;
}

static void open_group(struct cgroup_entry *entry, const char *mounts, const struct line *line)
{
	char path[PATH_MAX], procs[PATH_MAX];
	int fd;

	if (entry->count == sizeof(entry->procs) / sizeof(entry->procs[0]) || !find_group(mounts, line, path))
		return;
	if (snprintf(procs, sizeof(procs), "%s/cgroup.procs", path) >= (int)sizeof(procs))
		return;
	fd = open(procs, O_WRONLY | O_CLOEXEC);
	if (fd < 0)
		return;
	if (*line->controllers) {
		entry->procs[entry->count++] = fd;
	} else if (entry->directory_procs < 0) {
		entry->directory_procs = fd;
		entry->directory = open(path, O_RDONLY | O_DIRECTORY | O_CLOEXEC);
	} else {
		close(fd);
	}
}

/* Whether our own record has exactly this line: then a child of ours is born there anyway. */
static bool is_ours(const char *own, const struct line *line)
{
	char text[PATH_MAX + 256];
	int n = snprintf(text, sizeof(text), ":%s:%s", line->controllers, line->path);

	for (const char *p = own; n < (int)sizeof(text) && (p = strstr(p, text)); p += n)
		if (p[n] == '\n' || p[n] == '\0')
			return true;
	return false;
}

void cgroup_entry_open(struct cgroup_entry *ret, const char *cgroups)
{
	char *own = NULL, *mounts = NULL, *copy = NULL, *save = NULL;
	struct line line;

	*ret = (struct cgroup_entry){.directory = -1, .directory_procs = -1};
	if (!cgroups || proc_read_file(getpid(), "cgroup", 64 * 1024, &own) < 0)
		return;
	if (strcmp(own, cgroups) != 0 && proc_read_file(getpid(), "mountinfo", 1024 * 1024, &mounts) >= 0 &&
	    (copy = strdup(cgroups))) {
		for (char *text = strtok_r(copy, "\n", &save); text; text = strtok_r(NULL, "\n", &save))
			if (split_line(text, &line) && !is_ours(own, &line))
				open_group(ret, mounts, &line);
	}
	free(copy);
	free(mounts);
	free(own);
}

void cgroup_entry_close(struct cgroup_entry *entry)
{
	for (size_t i = 0; i < entry->count; i++)
		close(entry->procs[i]);
	if (entry->directory >= 0)
		close(entry->directory);
	if (entry->directory_procs >= 0)
		close(entry->directory_procs);
	*entry = (struct cgroup_entry){.directory = -1, .directory_procs = -1};
}
