// SPDX-License-Identifier: GPL-2.0-or-later
/* Judges of threads that sleep in the kernel: in uninterruptible sleep, in slow system calls, stopped,
 * frozen. */
#include <arpa/inet.h>
#include <netinet/in.h>
#include <signal.h>
#include <stddef.h>
#include <stdio.h>
#include <string.h>
#include <sys/socket.h>
#include <sys/syscall.h>
#include <sys/un.h>

#include "detect/calls.h"
#include "detect/suspect.h"
#include "host/filelocks.h"
#include "host/memory.h"

enum { HOLDERS = 8, PIPE_FILES_MAX = 20000 };

static bool begin_any(struct suspect *suspect, const struct fe_suspect *seen)
{
	(void)suspect;
	return !(seen->flags & FE_SEEN_FROZEN);
}

/* ---- uninterruptible sleep */

static void put_file(struct suspect *suspect, struct draft *draft)
{
	if (suspect->last.syscall == ~0U || !calls_on_descriptor(suspect->last.syscall))
		return;
	draft->has_file =
		openfile_read(&draft->file, (pid_t)suspect->last.pid, (int)suspect->last.args[0]) == 0;
}

static enum judgement judge_sleep(struct suspect *suspect, struct probes *probes, struct draft *draft)
{
	const struct fe_suspect *last = &suspect->last;
	struct fe_member *holder;

	(void)probes;
	put_file(suspect, draft);
	if (last->flags & FE_SEEN_FS_FROZEN)
		draft->event.flags |= FE_STALL_FS_FROZEN;
	if (last->flags & FE_SEEN_KERNEL_LOCK)
		draft->event.flags |= FE_STALL_KERNEL_LOCK;
	if (last->holder_tid && last->holder_tid != last->tid) {
		holder =
			draft_member(draft, FE_ROLE_HOLDER, (pid_t)last->holder_pid, (pid_t)last->holder_tid);
		if (holder)
			memcpy(holder->comm, last->holder_comm, FE_COMM_SIZE);
	}
	return CONVICT;
}

/* ---- system calls that should not take long */

static enum judgement put_holders(struct suspect *suspect, struct draft *draft)
{
	struct file_lock waiting, holders[HOLDERS];
	int n = filelocks_holders((pid_t)suspect->last.pid, &waiting, holders, HOLDERS);

	for (int i = 0; i < n; i++)
		if (holders[i].pid > 0)
			draft_member(draft, FE_ROLE_HOLDER, holders[i].pid, holders[i].pid);
	return CONVICT;
}

static int add_reader(void *arg, pid_t pid)
{
	return draft_member(arg, FE_ROLE_READER, pid, pid) ? 0 : 1;
}

/* A reader that works is slow, and will read again. */
static bool reader_works(const struct draft *draft)
{
	for (unsigned int i = 0; i < draft->member_count; i++)
		if (draft->members[i].state == 'R' || draft->members[i].state == 'D')
			return true;
	return false;
}

/* Terminals, devices and files may take what they like. */
static enum judgement put_readers(struct suspect *suspect, struct draft *draft)
{
	if (!draft->has_file)
		return ACQUIT;
	if (draft->file.type == OPENFILE_PIPE) {
		openfile_pipe_readers(draft->file.inode, (pid_t)suspect->last.pid, add_reader, draft,
				      PIPE_FILES_MAX);
		return reader_works(draft) ? ACQUIT : CONVICT;
	}
	return draft->file.type == OPENFILE_SOCKET ? CONVICT : ACQUIT;
}

/* Where to: the address that it gave, since a socket that is not connected yet has no peer. */
static void put_peer(struct suspect *suspect, struct draft *draft)
{
	const uint64_t *args = suspect->last.args;
	union {
		struct sockaddr any;
		struct sockaddr_in in;
		struct sockaddr_in6 in6;
		struct sockaddr_un un;
	} peer = {0};
	size_t len = args[2] < sizeof(peer) ? args[2] : sizeof(peer);
	char text[INET6_ADDRSTRLEN];
	char *to = draft->file.description;

	if (suspect->last.flags & FE_SEEN_MM_BUSY ||
	    memory_read((pid_t)suspect->last.pid, args[1], &peer, len) < 0)
		return;
	if (peer.any.sa_family == AF_INET && inet_ntop(AF_INET, &peer.in.sin_addr, text, sizeof(text)))
		snprintf(to, sizeof(draft->file.description), "tcp %s:%u", text, ntohs(peer.in.sin_port));
	else if (peer.any.sa_family == AF_INET6 &&
		 inet_ntop(AF_INET6, &peer.in6.sin6_addr, text, sizeof(text)))
		snprintf(to, sizeof(draft->file.description), "tcp [%s]:%u", text, ntohs(peer.in6.sin6_port));
	else if (peer.any.sa_family == AF_UNIX && peer.un.sun_path[0])
		snprintf(to, sizeof(draft->file.description), "unix %.*s", (int)sizeof(peer.un.sun_path),
			 peer.un.sun_path);
	else if (peer.any.sa_family == AF_UNIX && len > offsetof(struct sockaddr_un, sun_path) + 1)
		/* The abstract namespace, written as usual. */
		snprintf(to, sizeof(draft->file.description), "unix @%.*s",
			 (int)(len - offsetof(struct sockaddr_un, sun_path) - 1), peer.un.sun_path + 1);
}

static enum judgement judge_blocking(struct suspect *suspect, struct probes *probes, struct draft *draft)
{
	uint32_t nr = suspect->last.syscall;

	(void)probes;
	/* Who sits at a terminal sees it, and may have wanted it: `journalctl | less`. */
	if (suspect->last.flags & FE_SEEN_TERMINAL && !suspect->named)
		return ACQUIT;
	put_file(suspect, draft);
	if (calls_writes(nr))
		return put_readers(suspect, draft);
	if (nr == SYS_connect) {
		if (!draft->has_file)
			return ACQUIT;
		put_peer(suspect, draft);
		return CONVICT;
	}
	return put_holders(suspect, draft);
}

/* ---- stopped and frozen */

static bool same_stop(struct suspect *suspect, const struct fe_suspect *seen)
{
	if (suspect->last.flags & FE_SEEN_FROZEN)
		return seen->flags & FE_SEEN_FROZEN;
	return same_sleep(suspect, seen);
}

static bool begin_stop(struct suspect *suspect, const struct fe_suspect *seen)
{
	(void)suspect;
	return !(seen->flags & FE_SEEN_EXITING);
}

static enum judgement judge_stop(struct suspect *suspect, struct probes *probes, struct draft *draft)
{
	const struct fe_suspect *last = &suspect->last;

	(void)probes;
	if (last->flags & FE_SEEN_FROZEN) {
		draft->event.flags |= FE_STALL_CGROUP_FROZEN;
		return CONVICT;
	}
	if (last->flags & FE_SEEN_TRACED || last->state == 't') {
		/* Somebody debugs it. For what is to be kept running that is an interruption all the same. */
		if (!suspect->named)
			return ACQUIT;
		draft->event.flags |= FE_STALL_TRACED;
		draft_member(draft, FE_ROLE_TRACER, (pid_t)last->tracer, (pid_t)last->tracer);
		return CONVICT;
	}
	/* Ctrl-Z, and background jobs that want the terminal: somebody sits there. */
	if (last->flags & FE_SEEN_TERMINAL && !suspect->named)
		return ACQUIT;
	draft->event.signo = last->stop_signal;
	return CONVICT;
}

const struct judge judge_io = {begin_any, same_sleep, judge_sleep, NEEDS_NOTHING, true};
const struct judge judge_call = {begin_any, same_sleep, judge_blocking, NEEDS_NOTHING, true};
const struct judge judge_stopped = {begin_stop, same_stop, judge_stop, NEEDS_NOTHING, false};
