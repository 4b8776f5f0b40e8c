// SPDX-License-Identifier: GPL-2.0-or-later
/*
 * What it costs to look at every thread through /proc, as a monitor has to that has no programs in the
 * kernel.
 *
 * procstat answers each line of standard input, a number of passes, with a line for each pass: the
 * nanoseconds of CPU time that reading /proc/PID/task/TID/stat of all threads took, and how many there were.
 * Nothing is parsed.
 */
#include <ctype.h>
#include <dirent.h>
#include <fcntl.h>
#include <time.h>
#include <unistd.h>

#include "bench.h"

static uint64_t cpu_ns(void)
{
	struct timespec ts;

	clock_gettime(CLOCK_PROCESS_CPUTIME_ID, &ts);
	return (uint64_t)ts.tv_sec * 1000000000 + (uint64_t)ts.tv_nsec;
}

static int read_threads(int proc, const char *pid)
{
	char path[64], text[2048];
	struct dirent *entry;
	int task, count = 0;
	DIR *threads;

	snprintf(path, sizeof(path), "%.20s/task", pid);
	task = openat(proc, path, O_RDONLY | O_DIRECTORY | O_CLOEXEC);
	if (task < 0)
		return 0;
	threads = fdopendir(task);
	if (!threads)
		die("fdopendir");
	while ((entry = readdir(threads))) {
		int fd;

		if (!isdigit((unsigned char)entry->d_name[0]))
			continue;
		snprintf(path, sizeof(path), "%.20s/stat", entry->d_name);
		fd = openat(task, path, O_RDONLY | O_CLOEXEC);
		if (fd < 0)
			continue;
		count += read(fd, text, sizeof(text)) > 0;
		close(fd);
	}
	closedir(threads);
	return count;
}

static int read_all(void)
{
	DIR *processes = opendir("/proc");
	struct dirent *entry;
	int count = 0;

	if (!processes)
		die("/proc");
	while ((entry = readdir(processes)))
		if (isdigit((unsigned char)entry->d_name[0]))
			count += read_threads(dirfd(processes), entry->d_name);
	closedir(processes);
	return count;
}

int main(void)
{
	char line[32];

	while (fgets(line, sizeof(line), stdin)) {
		for (int passes = atoi(line); passes > 0; passes--) {
			uint64_t begin = cpu_ns();
			int count = read_all();

			printf("%llu %d\n", (unsigned long long)(cpu_ns() - begin), count);
		}
		fflush(stdout);
	}
	return 0;
}
