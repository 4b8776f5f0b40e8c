// SPDX-License-Identifier: GPL-2.0-or-later
// Control groups for the faults that need one: finds a usable hierarchy of either version, makes, fills,
// removes.
#define _GNU_SOURCE 1
#include "faultgen.h"

#include <errno.h>
#include <fcntl.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/stat.h>
#include <unistd.h>

/* Whether word is one of the words of text. */
static bool has_word(const char *text, const char *word, const char *separators)
{
	size_t length = strlen(word);

	for (text += strspn(text, separators); *text; text += strspn(text, separators)) {
		size_t span = strcspn(text, separators);

		if (span == length && strncmp(text, word, length) == 0)
			return true;
		text += span;
	}
	return false;
}

/* Where the first hierarchy of this type (and, for v1, with this controller) is mounted: see proc(5),
 * mountinfo. */
static bool find_mount(const char *wanted_type, const char *controller, char *ret_path, size_t size)
{
	FILE *file = fopen("/proc/self/mountinfo", "re");
	char *line = NULL;
	size_t room = 0;
	bool found = false;

	if (!file)
		return false;
	while (!found && getline(&line, &room, file) > 0) {
		char mount[512], type[64], options[512];
		const char *rest = strstr(line, " - ");

		if (!rest || sscanf(line, "%*s %*s %*s %*s %511s", mount) != 1 ||
		    sscanf(rest, " - %63s %*s %511s", type, options) != 2)
			continue;
		found = strcmp(type, wanted_type) == 0 &&
			(!controller || has_word(options, controller, ",")) && strlen(mount) < size;
		if (found)
			memcpy(ret_path, mount, strlen(mount) + 1);
	}
	free(line);
	fclose(file);
	return found;
}

static bool cgroup_read(const char *group, const char *file, char *ret_text, size_t size)
{
	char path[1024];
	ssize_t length;
	int fd;

	snprintf(path, sizeof(path), "%s/%s", group, file);
	fd = open(path, O_RDONLY | O_CLOEXEC);
	if (fd < 0)
		return false;
	length = read(fd, ret_text, size - 1);
	close(fd);
	if (length < 0)
		return false;
	ret_text[length] = '\0';
	return true;
}

bool cgroup_write(const char *group, const char *file, const char *value)
{
	char path[1024];
	ssize_t length;
	int fd;

	snprintf(path, sizeof(path), "%s/%s", group, file);
	fd = open(path, O_WRONLY | O_CLOEXEC);
	if (fd < 0)
		return false;
	length = write(fd, value, strlen(value));
	if (length < 0) {
		int error = errno;

		close(fd);
		errno = error;
		return false;
	}
	close(fd);
	return true;
}

/* The parent of the v2 group that this process is in, as a path below the mount. */
static bool parent_of_own_group(const char *mount, char *ret_path, size_t size)
{
	FILE *file = fopen("/proc/self/cgroup", "re");
	char line[512];
	bool found = false;

	if (!file)
		return false;
	while (!found && fgets(line, sizeof(line), file)) {
		char *slash;

		if (strncmp(line, "0::/", 4) != 0)
			continue;
		slash = strrchr(line, '/');
		*slash = '\0';
		found = (size_t)snprintf(ret_path, size, "%s%s", mount, slash > line + 3 ? line + 3 : "") <
			size;
	}
	fclose(file);
	return found;
}

/*
 * Children of group get the controller from here on. It is not taken away again: where a manager runs,
 * it has it on already, and another faultgen may be counting on it by now.
 */
static bool offer(const char *group, const char *controller)
{
	char controllers[512], wanted[64];

	snprintf(wanted, sizeof(wanted), "+%s", controller);
	return cgroup_read(group, "cgroup.controllers", controllers, sizeof(controllers)) &&
	       has_word(controllers, controller, " \n") &&
	       cgroup_write(group, "cgroup.subtree_control", wanted);
}

bool find_v1_cgroups(const char *controller, struct cgroup_tree *ret_tree)
{
	ret_tree->v2 = false;
	return find_mount("cgroup", controller, ret_tree->root, sizeof(ret_tree->root));
}

void need_cgroups(const char *controller, struct cgroup_tree *ret_tree)
{
	char root[sizeof(ret_tree->root)], parent[sizeof(ret_tree->root)];

	if (find_mount("cgroup2", NULL, root, sizeof(root))) {
		ret_tree->v2 = true;
		if (offer(root, controller)) {
			memcpy(ret_tree->root, root, sizeof(root));
			return;
		}
		if (parent_of_own_group(root, parent, sizeof(parent)) && offer(parent, controller)) {
			memcpy(ret_tree->root, parent, sizeof(parent));
			return;
		}
	}
	if (!find_v1_cgroups(controller, ret_tree))
		cannot("no cgroup hierarchy here lets this user limit %s", controller);
}

bool find_any_cgroups(struct cgroup_tree *ret_tree, const char **ret_reason)
{
	ret_tree->v2 = find_mount("cgroup2", NULL, ret_tree->root, sizeof(ret_tree->root));
	if (ret_tree->v2 || find_mount("cgroup", NULL, ret_tree->root, sizeof(ret_tree->root)))
		return true;
	*ret_reason = "no cgroup hierarchy is mounted";
	return false;
}

static char made[4][1024];
static size_t made_count;
static pid_t maker;

/* Innermost first. A group whose last process has just been reaped may be busy for a moment. */
static void remove_groups(void)
{
	if (getpid() != maker)
		return;
	while (made_count) {
		made_count--;
		for (int i = 0; i < 200 && rmdir(made[made_count]) < 0 && errno == EBUSY; i++)
			sleep_ms(5);
	}
}

const char *make_cgroup(const char *root, const char *name)
{
	char *path = made[made_count];

	if (made_count == sizeof(made) / sizeof(made[0]))
		cannot("too many groups");
	if ((size_t)snprintf(path, sizeof(made[0]), "%s/%s", root, name) >= sizeof(made[0]))
		cannot("the path of the group would be too long");
	if (mkdir(path, 0755) < 0)
		cannot("cannot make the group %s: %s", path, strerror(errno));
	if (!made_count++) {
		maker = getpid();
		atexit(remove_groups);
	}
	return path;
}

const char *make_own_cgroup(const struct cgroup_tree *tree)
{
	char name[32];

	snprintf(name, sizeof(name), "faultgen-%d", (int)getpid());
	return make_cgroup(tree->root, name);
}

void join_cgroup(const char *group, pid_t pid)
{
	char number[16];

	snprintf(number, sizeof(number), "%d", (int)pid);
	if (!cgroup_write(group, "cgroup.procs", number))
		cannot("cannot move process %d to %s: %s", (int)pid, group, strerror(errno));
}
