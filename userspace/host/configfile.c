// SPDX-License-Identifier: GPL-2.0-or-later
/* The configuration file, its drop-ins in their order, and what only all of them together can get wrong. */
#include "host/configfile.h"

#include <dirent.h>
#include <errno.h>
#include <fcntl.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>

#include "core/log.h"
#include "host/configparts.h"
#include "host/user.h"

enum { DROP_INS_MAX = 256 };

static int load_file(struct config *config, const char *path, bool sticky_is_safe)
{
	char *text;
	size_t len;
	int r = config_read(path, sticky_is_safe, &text, &len);

	if (r < 0)
		return r;
	r = config_scan(path, text, len);
	if (r == 0)
		r = config_parse(config, path, text, len);
	free(text);
	return r;
}

struct names {
	char *items[DROP_INS_MAX];
	size_t count;
};

static void names_free(struct names *names)
{
	for (size_t i = 0; i < names->count; i++)
		free(names->items[i]);
	names->count = 0;
}

static int compare_names(const void *a, const void *b)
{
	return strcmp(*(char *const *)a, *(char *const *)b);
}

static bool is_drop_in(const char *name)
{
	size_t len = strlen(name);

	return name[0] != '.' && len > 5 && !strcmp(name + len - 5, ".conf");
}

static int list_drop_ins(DIR *dir, const char *shown, struct names *names)
{
	struct dirent *entry;

	for (errno = 0; (entry = readdir(dir)); errno = 0) {
		if (!is_drop_in(entry->d_name))
			continue;
		if (names->count == DROP_INS_MAX) {
			log_error("%s: has more than %d files: put their policies into fewer", shown,
				  DROP_INS_MAX);
			return -EINVAL;
		}
		names->items[names->count] = strdup(entry->d_name);
		if (!names->items[names->count])
			return -ENOMEM;
		names->count++;
	}
	if (errno) {
		int r = -errno;

		log_error("%s: cannot be read: %s", shown, strerror(-r));
		return r;
	}
	if (names->count > 1)
		qsort(names->items, names->count, sizeof(names->items[0]), compare_names);
	return 0;
}

/* The names of the drop-ins in a directory, in order; none if there is no such directory. */
static int find_drop_ins(const char *shown, struct names *names)
{
	int fd = open(shown, O_RDONLY | O_DIRECTORY | O_CLOEXEC), r;
	DIR *dir;

	if (fd < 0) {
		r = -errno;
		if (r == -ENOENT)
			return 0;
		log_error("%s: cannot be opened: %s", shown, strerror(-r));
		return r;
	}
	r = config_check_owner(fd, shown, false);
	dir = r == 0 ? fdopendir(fd) : NULL;
	if (!dir) {
		r = r < 0 ? r : -errno;
		close(fd);
		return r;
	}
	r = list_drop_ins(dir, shown, names);
	closedir(dir);
	return r;
}

static int load_drop_ins(struct config *config, const char *path)
{
	struct names names = {.count = 0};
	char *dir = NULL, *file;
	int r;

	if (asprintf(&dir, "%s.d", path) < 0)
		return -ENOMEM;
	r = find_drop_ins(dir, &names);
	for (size_t i = 0; r == 0 && i < names.count; i++) {
		if (asprintf(&file, "%s/%s", dir, names.items[i]) < 0) {
			r = -ENOMEM;
			break;
		}
		r = load_file(config, file, false);
		if (r == -ENOENT) {
			log_error("%s: is gone, or a link that leads nowhere: restore or remove it", file);
			r = -EINVAL;
		}
		free(file);
	}
	names_free(&names);
	free(dir);
	return r;
}

/* Takes off, again and again, the policies that wait for nobody; whoever is left waits in a circle. */
static bool requires_circle(const struct config *config, const struct policy **ret)
{
	bool done[CONFIG_POLICIES_MAX] = {0}, progress = true;

	while (progress) {
		progress = false;
		*ret = NULL;
		for (size_t i = 0; i < config->policy_count; i++) {
			const struct policy *policy = &config->policies[i];
			bool ready = true;

			for (size_t k = 0; !done[i] && ready && k < policy->requires_count; k++)
				ready = done[config_find(config, policy->requires[k]) - config->policies];
			if (done[i])
				continue;
			if (ready)
				done[i] = progress = true;
			else if (!*ret)
				*ret = policy;
		}
	}
	return *ret;
}

static int check_requires(const struct config *config)
{
	const struct policy *policy;
	int r = 0;

	for (size_t i = 0; i < config->policy_count; i++) {
		policy = &config->policies[i];
		for (size_t k = 0; k < policy->requires_count; k++) {
			if (config_find(config, policy->requires[k]))
				continue;
			log_error("%s: policy \"%s\" requires \"%s\", but there is no policy of that name: "
				  "add it, or "
				  "correct the name",
				  policy->origin, policy->name, policy->requires[k]);
			r = -EINVAL;
		}
	}
	if (r < 0)
		return r;
	if (requires_circle(config, &policy)) {
		log_error("%s: policy \"%s\" requires, directly or through others, a policy that waits for "
			  "itself: take "
			  "one \"requires\" out of the circle",
			  policy->origin, policy->name);
		return -EINVAL;
	}
	return 0;
}

int configfile_load(struct config *config, const char *path)
{
	bool must_exist = path != NULL;
	int r;

	if (!path)
		path = CONFIGFILE_DEFAULT;
	if (!match_user_resolver)
		match_user_resolver = user_by_name;
	r = load_file(config, path, true);
	if (r == -ENOENT && must_exist) {
		log_error(
			"%s: there is no such file: give the path of a configuration, or leave --config out",
			path);
		return -EINVAL;
	}
	if (r < 0 && r != -ENOENT)
		return r;
	r = load_drop_ins(config, path);
	return r < 0 ? r : check_requires(config);
}
