// SPDX-License-Identifier: GPL-2.0-or-later
/* Processes as /proc tells them; the root is injectable. */
#include "host/proc.h"

#include <ctype.h>
#include <dirent.h>
#include <errno.h>
#include <fcntl.h>
#include <inttypes.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>

#include "core/clock.h"
#include "host/cgroup.h"

const char *proc_root = "/proc";

enum { FILE_MAX = 64 * 1024, ARGS_MAX = 2 << 20 };

static int open_file(pid_t pid, const char *name)
{
	char path[256];
	int fd;

	snprintf(path, sizeof(path), "%s/%d/%s", proc_root, (int)pid, name);
	fd = open(path, O_RDONLY | O_CLOEXEC);
	return fd < 0 ? -errno : fd;
}

ssize_t proc_read_file(pid_t pid, const char *name, size_t max, char **ret)
{
	size_t len = 0, size = 0;
	char *buffer = NULL;
	int fd = open_file(pid, name);

	if (fd < 0)
		return fd == -ENOENT ? -ESRCH : fd;
	while (len < max) {
		ssize_t n;

		if (len + 1 >= size) {
			char *grown;

			size = size ? 2 * size : 4096;
			grown = realloc(buffer, size);
			if (!grown) {
				free(buffer);
				close(fd);
				return -ENOMEM;
			}
			buffer = grown;
		}
		n = read(fd, buffer + len, size - 1 - len < max - len ? size - 1 - len : max - len);
		if (n < 0 && errno == EINTR)
			continue;
		if (n < 0) {
			int r = -errno;

			free(buffer);
			close(fd);
			return r;
		}
		if (n == 0)
			break;
		len += (size_t)n;
	}
	close(fd);
	if (!buffer) {
		buffer = malloc(1);
		if (!buffer)
			return -ENOMEM;
	}
	buffer[len] = '\0';
	*ret = buffer;
	return (ssize_t)len;
}

static char *read_link(pid_t pid, const char *name)
{
	char path[256], target[4097];
	ssize_t n;

	snprintf(path, sizeof(path), "%s/%d/%s", proc_root, (int)pid, name);
	n = readlink(path, target, sizeof(target) - 1);
	if (n <= 0)
		return NULL;
	target[n] = '\0';
	return strdup(target);
}

/* The fields of /proc/PID/stat behind the name, which may hold anything, parentheses included. */
static int parse_stat(const char *stat, size_t len, pid_t *ret_ppid, unsigned int *ret_threads,
		      uint64_t *ret_start, unsigned int *ret_flags)
{
	const char *p = memrchr(stat, ')', len);
	unsigned long long start;
	unsigned int flags;
	long threads;
	int ppid;

	if (!p ||
	    sscanf(p + 1, " %*c %d %*d %*d %*d %*d %u %*u %*u %*u %*u %*u %*u %*d %*d %*d %*d %ld %*d %llu",
		   &ppid, &flags, &threads, &start) != 4)
		return -EBADMSG;
	*ret_ppid = ppid;
	*ret_threads = (unsigned int)threads;
	*ret_start = start * (NSEC_PER_SEC / (uint64_t)sysconf(_SC_CLK_TCK));
	*ret_flags = flags;
	return 0;
}

int proc_start_time(pid_t pid, uint64_t *ret_start)
{
	unsigned int threads, flags;
	char *stat = NULL;
	pid_t ppid;
	ssize_t len = proc_read_file(pid, "stat", FILE_MAX, &stat);
	int r;

	if (len < 0)
		return (int)len;
	r = parse_stat(stat, (size_t)len, &ppid, &threads, ret_start, &flags);
	free(stat);
	return r;
}

static void read_name(pid_t pid, char name[static FE_COMM_SIZE + 1])
{
	char *text = NULL;
	ssize_t len = proc_read_file(pid, "comm", FE_COMM_SIZE + 1, &text);

	if (len > 0 && text[len - 1] == '\n')
		len--;
	if (len > FE_COMM_SIZE)
		len = FE_COMM_SIZE;
	if (len > 0)
		memcpy(name, text, (size_t)len);
	free(text);
}

static void parse_status(struct process *p, char *status)
{
	char *line, *save = NULL;

	for (line = strtok_r(status, "\n", &save); line; line = strtok_r(NULL, "\n", &save)) {
		unsigned int id;

		if (sscanf(line, "Uid: %u", &id) == 1) {
			p->uid = id;
			p->has_uid = true;
		} else if (sscanf(line, "Gid: %u", &id) == 1) {
			p->gid = id;
		} else if (strncmp(line, "NSpid:", 6) == 0) {
			const char *last = line + 6;

			p->pidns_level = 0;
			for (const char *c = last; *c; c++)
				if (*c == '\t' && isdigit((unsigned char)c[1])) {
					last = c;
					p->pidns_level++;
				}
			p->pidns_level = p->pidns_level ? p->pidns_level - 1 : 0;
			p->ns_pid = atoi(last);
		}
	}
}

/* The unified hierarchy's path; where that is the root, the v1 memory hierarchy's: as bpf/identity.bpf.c
 * chooses. */
static char *choose_cgroup(char *text)
{
	char *unified = NULL, *memory = NULL, *save = NULL;

	for (char *line = strtok_r(text, "\n", &save); line; line = strtok_r(NULL, "\n", &save)) {
		char *controllers = strchr(line, ':'),
		     *path = controllers ? strchr(controllers + 1, ':') : NULL;

		if (!path)
			continue;
		*path++ = '\0';
		controllers++;
		if (!*controllers)
			unified = path;
		else if (strcmp(controllers, "memory") == 0)
			memory = path;
	}
	if ((!unified || strcmp(unified, "/") == 0) && memory)
		return strdup(memory);
	return unified ? strdup(unified) : NULL;
}

static void read_args(struct proc_info *info, pid_t pid)
{
	struct process *p = &info->p;
	ssize_t len = proc_read_file(pid, "cmdline", ARGS_MAX, &info->memory[2]);

	if (len <= 0)
		return;
	p->args = info->memory[2];
	p->args_total = len < ARGS_MAX ? 0 : (size_t)len;
	while (len > 0 && !p->args[len - 1])
		len--;
	p->args_len = (size_t)len;
	if (!p->args_total)
		p->args_total = p->args_len;
}

static void read_strings(struct proc_info *info, pid_t pid)
{
	static const char deleted[] = " (deleted)";
	char unit[CGROUP_UNIT_SIZE], container[CGROUP_CONTAINER_SIZE];
	struct process *p = &info->p;
	char *text = NULL;
	bool user;
	uid_t uid;

	info->memory[0] = read_link(pid, "exe");
	p->exe = info->memory[0];
	if (p->exe && strlen(p->exe) > sizeof(deleted) &&
	    strcmp(p->exe + strlen(p->exe) - strlen(deleted), deleted) == 0) {
		p->exe_deleted = true;
		info->memory[0][strlen(p->exe) - strlen(deleted)] = '\0';
	}
	info->memory[1] = read_link(pid, "cwd");
	p->cwd = info->memory[1];
	if (proc_read_file(pid, "cgroup", FILE_MAX, &text) > 0)
		info->memory[3] = choose_cgroup(text);
	free(text);
	p->cgroup = info->memory[3];
	if (p->cgroup && cgroup_unit(p->cgroup, unit, &user, &uid))
		p->unit = info->memory[4] = strdup(unit);
	if (p->cgroup && cgroup_container(p->cgroup, container))
		p->container = info->memory[5] = strdup(container);
	text = read_link(pid, "ns/mnt");
	if (text)
		sscanf(text, "mnt:[%" SCNu64 "]", &p->mnt_ns);
	free(text);
}

static int read_process(struct proc_info *ret, pid_t pid, bool quiet)
{
	enum { KTHREAD = 0x00200000 }; /* PF_KTHREAD, include/linux/sched.h */
	struct proc_info info = {.p = {.pid = pid, .tid = pid, .ns_pid = pid}};
	uint64_t start = 0;
	unsigned int flags;
	char *text = NULL;
	ssize_t len = proc_read_file(pid, "stat", FILE_MAX, &text);
	int r;

	if (len < 0)
		return (int)len;
	r = parse_stat(text, (size_t)len, &info.p.ppid, &info.p.threads, &info.p.start, &flags);
	free(text);
	text = NULL;
	if (r < 0)
		return r;
	info.p.kernel_thread = flags & KTHREAD;
	read_name(pid, info.p.name);
	memcpy(info.p.thread_name, info.p.name, sizeof(info.p.name));
	if (info.p.ppid)
		read_name(info.p.ppid, info.p.parent_name);
	if (proc_read_file(pid, "status", FILE_MAX, &text) > 0)
		parse_status(&info.p, text);
	free(text);
	if (!quiet)
		read_args(&info, pid);
	read_strings(&info, pid);
	/* Was it one and the same process all the time? */
	if (proc_start_time(pid, &start) < 0 || start != info.p.start) {
		proc_info_free(&info);
		return -ESRCH;
	}
	*ret = info;
	return 0;
}

int proc_read(struct proc_info *ret, pid_t pid)
{
	return read_process(ret, pid, false);
}

int proc_read_quiet(struct proc_info *ret, pid_t pid)
{
	return read_process(ret, pid, true);
}

void proc_info_free(struct proc_info *info)
{
	for (size_t i = 0; i < sizeof(info->memory) / sizeof(info->memory[0]); i++)
		free(info->memory[i]);
	memset(info, 0, sizeof(*info));
}

int proc_each(int (*fn)(void *arg, pid_t pid), void *arg)
{
	DIR *dir = opendir(proc_root);
	struct dirent *entry;
	int r = 0;

	if (!dir)
		return -errno;
	while (r == 0 && (entry = readdir(dir)))
		if (isdigit((unsigned char)entry->d_name[0]))
			r = fn(arg, (pid_t)atoi(entry->d_name));
	closedir(dir);
	return r;
}
