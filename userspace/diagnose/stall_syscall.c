// SPDX-License-Identifier: GPL-2.0-or-later
/* One system call for too long: which one it is, on what, and who would have to let it return. */
#include <fcntl.h>
#include <string.h>

#include "diagnose/stall.h"

#ifndef F_OFD_SETLKW
#define F_OFD_SETLKW 38
#endif

static const char *const file_locks[] = {"flock", "fcntl"};
static const char *const connects[] = {"connect"};
static const char *const writes[] = {"write", "writev", "pwrite64", "pwritev", "pwritev2", "vmsplice"};
/* These have two ends; only the kernel stack tells which of them they wait for. */
static const char *const copies[] = {"splice", "tee", "sendfile"};
static const char *const sends[] = {"sendto", "sendmsg", "sendmmsg"};
static const char *const answers[] = {"poll",	    "ppoll",	   "select",	   "pselect6",
				      "epoll_wait", "epoll_pwait", "epoll_pwait2", "recvfrom",
				      "recvmsg",    "recvmmsg",	   "read",	   "readv"};
static const char *const pipe_writes[] = {"pipe_write", "anon_pipe_write", "fifo_pipe_write",
					  "pipe_wait_writable", "wait_for_space"};
static const char *const socket_writes[] = {"sk_stream_wait_memory", "sock_alloc_send_pskb",
					    "sock_wait_for_wmem", "unix_wait_for_peer"};

static bool begins(const char *s, const char *with)
{
	return s && strncmp(s, with, strlen(with)) == 0;
}

static const char *object_or(const struct incident *incident, const char *otherwise)
{
	const char *object = incident->stall.object;

	return object && *object ? object : otherwise;
}

static bool in(const struct incident *incident, const char *const names[], size_t count)
{
	return stall_in_call(incident->stall.event->syscall, names, count);
}
#define IN(incident, names) in(incident, names, sizeof(names) / sizeof((names)[0]))

static bool file_lock(struct incident *incident, struct fault *f, enum confidence *c)
{
	const struct fe_stall *event = incident->stall.event;
	const char *holder = stall_names(incident, FE_ROLE_HOLDER),
		   *call = stall_call(incident, event->syscall);

	(void)f;
	if (!IN(incident, file_locks))
		return false;
	/* fcntl() can wait for a lease to be broken, too. */
	if (strcmp(call, "fcntl") == 0 && event->args[1] != F_SETLKW && event->args[1] != F_OFD_SETLKW)
		*c = CONFIDENCE_LIKELY;
	say(incident, "%swaits in %s for the lock on %s%s%s", stall_subject(incident, ""), call,
	    object_or(incident, "a file"), holder ? stall_printf(incident, ", held by %s,", holder) : "",
	    stall_for(incident));
	if (holder)
		incident_evidence(incident, "the lock is held by %s", holder);
	return true;
}

static bool connecting(struct incident *incident, struct fault *f, enum confidence *c)
{
	const char *object = object_or(incident, NULL);

	(void)f;
	(void)c;
	if (!IN(incident, connects))
		return false;
	/* "tcp on 10.0.0.1:40112" is its own end: the peer is not known. */
	say(incident, "%swaits in connect%s%s%s", stall_subject(incident, ""),
	    !object		     ? ""
	    : strstr(object, " on ") ? " of "
				     : " to ",
	    object ? object : "", stall_for(incident));
	return true;
}

/* Who has the other end. */
static void say_full(struct incident *incident, const char *what)
{
	const char *reader = stall_names(incident, FE_ROLE_READER);

	say(incident, "%swaits in %s for room in %s%s%s", stall_subject(incident, ""),
	    stall_call(incident, incident->stall.event->syscall), object_or(incident, what),
	    reader ? stall_printf(incident, ", which %s should read,", reader) : "", stall_for(incident));
	if (reader)
		incident_evidence(incident, "the other end, which is not read, is that of %s", reader);
}

static bool pipe_full(struct incident *incident, struct fault *f, enum confidence *c)
{
	const char *object = incident->stall.object;
	bool stack = STALL_IN_STACK(incident, STALL_NEAR, pipe_writes);
	bool writing = IN(incident, writes) && (stack || begins(object, "pipe:") || begins(object, "fifo"));

	(void)f;
	(void)c;
	if (!writing && !(IN(incident, copies) && stack))
		return false;
	say_full(incident, "a pipe");
	return true;
}

static bool socket_full(struct incident *incident, struct fault *f, enum confidence *c)
{
	const char *object = incident->stall.object;
	bool stack = STALL_IN_STACK(incident, STALL_NEAR, socket_writes);

	(void)f;
	if (!IN(incident, writes) && !IN(incident, sends) && !(IN(incident, copies) && stack))
		return false;
	if (!stack && !begins(object, "socket:") && !begins(object, "unix") && !begins(object, "tcp"))
		return false;
	/* Sending can also wait for the connection. */
	if (!stack)
		*c = CONFIDENCE_LIKELY;
	say_full(incident, "a socket");
	return true;
}

/*
 * A peer's port 53: "udp 10.0.0.2:53", "udp [fe80::1]:53". "udp on 0.0.0.0:53" is a server itself, and an
 * IPv6 address without brackets has no port.
 */
static bool is_name_server(const char *object)
{
	const char *address = object && (begins(object, "udp ") || begins(object, "tcp ")) ? object + 4 : "";
	const char *port = strrchr(address, ':');

	if (!port || strcmp(port, ":53") != 0 || strchr(address, ' '))
		return false;
	return address[0] == '[' ? port[-1] == ']' : strchr(address, ':') == port;
}

static bool dns(struct incident *incident, struct fault *f, enum confidence *c)
{
	const char *object = incident->stall.object;

	(void)f;
	*c = CONFIDENCE_LIKELY;
	if (!IN(incident, answers) || !is_name_server(object))
		return false;
	say(incident, "%swaits in %s for an answer of the DNS server %s%s", stall_subject(incident, ""),
	    stall_call(incident, incident->stall.event->syscall), object, stall_for(incident));
	incident_evidence(incident, "port 53 is that of DNS");
	return true;
}

static const struct rule rules[] = {
	{"file-lock", file_lock, "The process that has the lock is what stands still: look there (lslocks)."},
	{"connect", connecting, "Look at the other side and the way there; give connect a timeout."},
	{"pipe-full", pipe_full, "Look at who should read the pipe."},
	{"socket-full", socket_full, "Look at who should read at the other end; give sending a timeout."},
	{"dns", dns, "Look at the name servers in /etc/resolv.conf."},
};

static void describe(struct incident *incident)
{
	const char *state = stall_state(incident->stall.event->state);

	say(incident, "%s%s%s%s", stall_subject(incident, "is "), state ? state : "stands still",
	    stall_where(incident), stall_for(incident));
}

static void tell(struct incident *incident)
{
	const struct fe_stall *event = incident->stall.event;

	if (event->syscall != STALL_NO_CALL)
		incident_evidence(incident, "it is in the system call %s",
				  stall_call(incident, event->syscall));
	if (incident->stall.object)
		incident_evidence(incident, "that call is on %s", incident->stall.object);
	stall_tell_stack(incident);
}

const struct stall_tree stall_syscall = {
	.kind = FAULT_STALL_SYSCALL,
	.describe = describe,
	STALL_RULES(rules),
	.tell = tell,
};
