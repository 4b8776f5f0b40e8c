// SPDX-License-Identifier: GPL-2.0-or-later
/* Starting again what a launch record describes. */
#include <errno.h>
#include <fcntl.h>
#include <stdlib.h>
#include <string.h>
#include <sys/stat.h>
#include <unistd.h>

#include "host/cgroupfs.h"
#include "host/launch.h"
#include "host/spawn.h"

/* NUL-separated strings as the vector that exec wants; the strings stay where they are. */
static char **make_vector(char *strings, size_t len)
{
	size_t count = 0, i = 0;
	char **v;

	for (size_t at = 0; at < len; at += strlen(strings + at) + 1)
		count++;
	v = calloc(count + 1, sizeof(*v));
	for (size_t at = 0; v && at < len; at += strlen(strings + at) + 1)
		v[i++] = strings + at;
	return v;
}

/* Only what is still the same file: a path that now names another one is not ours to write to. */
static int reopen(const struct launch_stream *s, int n)
{
	int flags = (s->flags & O_ACCMODE) | O_CLOEXEC | O_NOCTTY | O_NONBLOCK;
	struct stat st;
	int fd;

	if ((flags & O_ACCMODE) != O_RDONLY)
		flags |= O_APPEND;
	fd = open(s->path, flags);
	if (fd < 0)
		return -1;
	/* The log may have been rotated: a new regular file of that name is where the service would log now.
	 */
	if (fstat(fd, &st) < 0 ||
	    ((st.st_dev != s->device || st.st_ino != s->inode) && !(n > 0 && S_ISREG(st.st_mode)))) {
		close(fd);
		return -1;
	}
	fcntl(fd, F_SETFL, (flags & O_APPEND) | (s->flags & O_NONBLOCK));
	return fd;
}

static int open_stream(const struct launch *l, int n)
{
	const struct launch_stream *s = &l->streams[n];
	int fd = -1;

	if (s->kind == STREAM_HELD && s->fd >= 0)
		fd = fcntl(s->fd, F_DUPFD_CLOEXEC, 3);
	else if (s->kind == STREAM_PATH)
		fd = reopen(s, n);
	if (fd < 0)
		fd = open("/dev/null", (n == 0 ? O_RDONLY : O_WRONLY) | O_CLOEXEC);
	return fd;
}

/* Credentials that are ours already need no privilege to be had. */
static bool same_credentials(const struct launch *l)
{
	uid_t uid, euid, suid;
	gid_t gid, egid, sgid, groups[1024];
	int n = getgroups(1024, groups);

	return getresuid(&uid, &euid, &suid) == 0 && getresgid(&gid, &egid, &sgid) == 0 && uid == l->uid &&
	       euid == l->euid && suid == l->suid && gid == l->gid && egid == l->egid && sgid == l->sgid &&
	       n == (int)l->group_count &&
	       (n == 0 || memcmp(groups, l->groups, (size_t)n * sizeof(*groups)) == 0) && uid != 0;
}

int launch_spawn(const struct launch *l, pid_t *ret_pid, const char **ret_stage)
{
	struct spawn s = SPAWN_INIT;
	struct cgroup_entry groups;
	char **argv = make_vector(l->args, l->args_len);
	char **envp = make_vector(l->environment, l->environment_len);
	int r = -ENOMEM;

	if (!argv || !envp)
		goto out;
	s.path = l->path ?: l->exe;
	s.argv = argv;
	s.envp = envp;
	s.cwd = l->cwd;
	s.has_credentials = !same_credentials(l);
	s.uid = l->uid;
	s.euid = l->euid;
	s.suid = l->suid;
	s.gid = l->gid;
	s.egid = l->egid;
	s.sgid = l->sgid;
	s.groups = l->groups;
	s.group_count = l->group_count;
	s.capabilities = &l->capabilities;
	s.has_umask = l->has_umask;
	s.umask = l->umask;
	s.limits = l->limits;
	s.known_limits = l->known_limits;
	s.has_nice = true;
	s.nice = l->nice;
	s.has_oom_score_adj = l->has_oom_score_adj;
	s.oom_score_adj = l->oom_score_adj;
	s.ignored_signals = l->ignored_signals;
	for (int i = 0; i < 3; i++)
		s.fds[i] = open_stream(l, i);
	cgroup_entry_open(&groups, l->cgroups);
	memcpy(s.cgroup_procs, groups.procs, sizeof(s.cgroup_procs));
	s.cgroup_count = groups.count;
	s.cgroup_dir = groups.directory;
	s.cgroup_dir_procs = groups.directory_procs;
	r = spawn_process(&s, ret_pid, ret_stage);
	cgroup_entry_close(&groups);
	for (int i = 0; i < 3; i++)
		if (s.fds[i] >= 0)
			close(s.fds[i]);
out:
	free(argv);
	free(envp);
	return r;
}
