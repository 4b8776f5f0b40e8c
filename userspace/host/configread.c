// SPDX-License-Identifier: GPL-2.0-or-later
/* Gets the bytes of a configuration file, if it is one that may be trusted. */
#include <errno.h>
#include <fcntl.h>
#include <stdlib.h>
#include <string.h>
#include <sys/stat.h>
#include <sys/sysmacros.h>
#include <unistd.h>

#include "core/log.h"
#include "host/configparts.h"

int config_check_owner(int fd, const char *shown, bool sticky_is_safe)
{
	struct stat st;
	bool sticky;

	if (fstat(fd, &st) < 0) {
		int r = -errno;

		log_error("%s: cannot be examined: %s", shown, strerror(-r));
		return r;
	}
	if (st.st_uid != 0 && st.st_uid != geteuid()) {
		log_error("%s: belongs to user %u, who could make faultd run anything: it has to be root's "
			  "(chown root)",
			  shown, (unsigned int)st.st_uid);
		return -EINVAL;
	}
	sticky = sticky_is_safe && S_ISDIR(st.st_mode) && (st.st_mode & S_ISVTX);
	/* An access list that lets others write shows in the group's bits, too. */
	if ((st.st_mode & (S_IWGRP | S_IWOTH)) && !sticky) {
		log_error("%s: can be written by others than its owner, who could make faultd run anything: "
			  "take that "
			  "away (chmod go-w)",
			  shown);
		return -EINVAL;
	}
	return 0;
}

/* Opens the directory that path is in, and checks it; *ret_name: the rest of path. */
static int open_parent(const char *path, bool sticky_is_safe, const char **ret_name)
{
	const char *slash = strrchr(path, '/');
	char *parent = slash ? strndup(path, slash == path ? 1 : (size_t)(slash - path)) : strdup(".");
	int fd, r;

	if (!parent)
		return -ENOMEM;
	fd = open(parent, O_PATH | O_DIRECTORY | O_CLOEXEC);
	if (fd < 0)
		r = errno == ENOTDIR ? -ENOENT : -errno;
	else
		r = config_check_owner(fd, parent, sticky_is_safe);
	if (r < 0 && fd >= 0)
		close(fd);
	free(parent);
	*ret_name = slash ? slash + 1 : path;
	return r < 0 ? r : fd;
}

/* All of fd, up to and including the byte that is too much. */
static int read_all(int fd, char **ret_text, size_t *ret_len)
{
	size_t size = CONFIG_FILE_MAX + 1, len = 0;
	char *text = malloc(size + 1), *fitting;

	if (!text)
		return -ENOMEM;
	while (len < size) {
		ssize_t n = read(fd, text + len, size - len);

		if (n < 0 && errno == EINTR)
			continue;
		if (n < 0) {
			int r = -errno;

			free(text);
			return r;
		}
		if (n == 0)
			break;
		len += (size_t)n;
	}
	text[len] = '\0';
	fitting = realloc(text, len + 1);
	*ret_text = fitting ? fitting : text;
	*ret_len = len;
	return 0;
}

static int read_checked(int fd, const char *path, char **ret_text, size_t *ret_len)
{
	struct stat st;
	char *text = NULL;
	size_t len = 0;
	int r;

	if (fstat(fd, &st) < 0)
		return -errno;
	/* The usual way to say "no configuration". */
	if (S_ISCHR(st.st_mode) && st.st_rdev == makedev(1, 3)) {
		*ret_text = strdup("");
		*ret_len = 0;
		return *ret_text ? 0 : -ENOMEM;
	}
	if (!S_ISREG(st.st_mode)) {
		log_error("%s: is not a regular file: the configuration has to be one", path);
		return -EINVAL;
	}
	r = config_check_owner(fd, path, false);
	if (r < 0)
		return r;
	r = read_all(fd, &text, &len);
	if (r < 0) {
		log_error("%s: cannot be read: %s", path, strerror(-r));
		return r;
	}
	if (len > CONFIG_FILE_MAX) {
		log_error("%s: is larger than %d KiB: a configuration is not", path, CONFIG_FILE_MAX / 1024);
		free(text);
		return -EINVAL;
	}
	*ret_text = text;
	*ret_len = len;
	return 0;
}

int config_read(const char *path, bool sticky_is_safe, char **ret_text, size_t *ret_len)
{
	const char *name;
	int parent, fd, r;

	parent = open_parent(path, sticky_is_safe, &name);
	if (parent < 0) {
		if (parent != -ENOENT && parent != -EINVAL)
			log_error("%s: its directory cannot be opened: %s", path, strerror(-parent));
		return parent;
	}
	/* Non-blocking, since it could be a pipe; the checks are made on what was opened, not on its name. */
	fd = openat(parent, name, O_RDONLY | O_NONBLOCK | O_NOCTTY | O_CLOEXEC);
	r = fd < 0 ? -errno : 0;
	close(parent);
	if (r < 0) {
		if (r != -ENOENT)
			log_error("%s: cannot be opened: %s", path, strerror(-r));
		return r;
	}
	r = read_checked(fd, path, ret_text, ret_len);
	close(fd);
	return r;
}
