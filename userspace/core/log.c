// SPDX-License-Identifier: GPL-2.0-or-later
/* The daemon's own voice: one escaped line on stderr, which never waits for its reader. */
#include "core/log.h"

#include <errno.h>
#include <limits.h>
#include <poll.h>
#include <stdarg.h>
#include <stdio.h>
#include <string.h>
#include <unistd.h>

#include "core/text.h"

enum log_level log_max_level = LOG_LEVEL_NOTICE;

static const char *const prefix[] = {
	[LOG_LEVEL_ERROR] = "faultd: error: ", [LOG_LEVEL_WARNING] = "faultd: warning: ",
	[LOG_LEVEL_NOTICE] = "faultd: ",       [LOG_LEVEL_INFO] = "faultd: ",
	[LOG_LEVEL_DEBUG] = "faultd: debug: ",
};

static unsigned long dropped;

/*
 * stderr may be the same pipe as stdout, or a journal that hangs: a line that would have to wait is dropped.
 * A pipe that polls as writable takes PIPE_BUF bytes at once.
 */
static bool put(const char *line, size_t len)
{
	struct pollfd p = {.fd = STDERR_FILENO, .events = POLLOUT};

	return poll(&p, 1, 0) == 1 && (p.revents & POLLOUT) && write(STDERR_FILENO, line, len) >= 0;
}

/* Whether a line may follow: what is missing before it has been told. */
static bool tell_dropped(void)
{
	char line[128];
	int n;

	if (dropped == 0)
		return true;
	n = snprintf(line, sizeof(line), "%s%lu lines on stderr were dropped before this one\n",
		     prefix[LOG_LEVEL_WARNING], dropped);
	if (!put(line, (size_t)n))
		return false;
	dropped = 0;
	return true;
}

void log_line(enum log_level level, const char *fmt, ...)
{
	char raw[2048], line[PIPE_BUF];
	int saved_errno = errno;
	va_list ap;
	size_t len;
	int n;

	if (level > log_max_level)
		return;
	va_start(ap, fmt);
	n = vsnprintf(raw, sizeof(raw), fmt, ap);
	va_end(ap);
	if (n < 0)
		return;
	if ((size_t)n >= sizeof(raw))
		memcpy(raw + sizeof(raw) - 4, "...", 4);

	len = strlen(prefix[level]);
	memcpy(line, prefix[level], len);
	text_escape(line + len, sizeof(line) - len - 1, raw, strlen(raw));
	len += strlen(line + len);
	line[len++] = '\n';
	if (!tell_dropped() || !put(line, len))
		dropped++;
	errno = saved_errno;
}
