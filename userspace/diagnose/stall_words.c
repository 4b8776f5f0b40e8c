// SPDX-License-Identifier: GPL-2.0-or-later
/* Stalls in words: threads, locks, system calls and objects as summaries and evidence name them. */
#include <string.h>

#include "core/clock.h"
#include "core/syscalls.h"
#include "diagnose/stall.h"

const char *stall_printf(struct incident *incident, const char *fmt, ...)
{
	va_list ap;
	const char *s;

	va_start(ap, fmt);
	s = incident_vprintf(incident, fmt, ap);
	va_end(ap);
	return s ? s : "";
}

uint64_t stall_lasted(const struct incident *incident)
{
	uint64_t since = incident->stall.event->since;

	return since && since < incident->time ? incident->time - since : 0;
}

const char *stall_for(struct incident *incident)
{
	uint64_t lasted = stall_lasted(incident);
	char buf[CLOCK_DURATION_SIZE];

	return lasted ? stall_printf(incident, " for %s", clock_duration(lasted, buf)) : "";
}

struct fe_member stall_self(const struct incident *incident)
{
	const struct fe_stall *event = incident->stall.event;
	const struct process *who = &incident->who;
	struct fe_member self = {
		.pid = (uint32_t)who->pid,
		.tid = (uint32_t)(who->tid ? who->tid : who->pid),
		.owner_tid = event->owner_tid,
		.lock = event->lock,
		.lock_type = event->lock_type,
		.state = event->state,
		.syscall = event->syscall,
	};

	memcpy(self.comm, who->thread_name[0] ? who->thread_name : who->name, sizeof(self.comm));
	return self;
}

const char *stall_name(struct incident *incident, const struct fe_member *member)
{
	const char *comm = stall_printf(incident, "%.*s", FE_COMM_SIZE, member->comm);

	if (!*comm)
		comm = "thread";
	if (member->pid == (uint32_t)incident->who.pid || member->pid == member->tid)
		return stall_printf(incident, "%s[%u]", comm, member->tid);
	return stall_printf(incident, "%s[%u] of process %u", comm, member->tid, member->pid);
}

static bool is_main(const struct incident *incident)
{
	return !incident->who.tid || incident->who.tid == incident->who.pid;
}

const char *stall_subject(struct incident *incident, const char *verb)
{
	struct fe_member self = stall_self(incident);

	return is_main(incident) ? ""
				 : stall_printf(incident, "thread %s %s", stall_name(incident, &self), verb);
}

const char *stall_it(struct incident *incident)
{
	struct fe_member self = stall_self(incident);

	return is_main(incident) ? "it" : stall_name(incident, &self);
}

const char *stall_call(struct incident *incident, uint32_t number)
{
	const char *name = syscall_name((int)number);

	return name ? name : stall_printf(incident, "system call %u", number);
}

bool stall_in_call(uint32_t number, const char *const names[], size_t count)
{
	const char *name = number == STALL_NO_CALL ? NULL : syscall_name((int)number);

	for (size_t i = 0; name && i < count; i++)
		if (strcmp(name, names[i]) == 0)
			return true;
	return false;
}

/* " (ext4 on /dev/loop0)" of "ext4 /dev/loop0". */
static const char *on_filesystem(struct incident *incident)
{
	const char *fs = incident->stall.filesystem, *device = fs ? strchr(fs, ' ') : NULL;

	if (!fs || !*fs)
		return "";
	if (!device || !device[1])
		return stall_printf(incident, " (%s)", fs);
	return stall_printf(incident, " (%.*s on %s)", (int)(device - fs), fs, device + 1);
}

const char *stall_where(struct incident *incident)
{
	uint32_t number = incident->stall.event->syscall;
	const char *object = incident->stall.object, *fs = on_filesystem(incident);

	if (number == STALL_NO_CALL)
		return object && *object ? stall_printf(incident, ", waiting for %s%s", object, fs) : fs;
	if (object && *object)
		return stall_printf(incident, " in %s of %s%s", stall_call(incident, number), object, fs);
	return stall_printf(incident, " in %s%s", stall_call(incident, number), fs);
}

const char *stall_state(uint32_t state)
{
	switch (state) {
	case 'R': return "running";
	case 'S': return "in interruptible sleep";
	case 'D': return "in uninterruptible sleep";
	case 'T': return "stopped";
	case 't': return "stopped by a debugger";
	case 'Z':
	case 'X': return "ended";
	default: return NULL;
	}
}

const char *stall_names(struct incident *incident, enum fe_role role)
{
	const struct fe_member *member = NULL;
	const char *names = NULL;
	unsigned int count = 0;

	while ((member = stall_member(&incident->stall, role, member)))
		if (++count <= 2)
			names = names ? stall_printf(incident, "%s, %s", names, stall_name(incident, member))
				      : stall_name(incident, member);
	return count > 2 ? stall_printf(incident, "%s and %u more", names, count - 2) : names;
}

const char *stall_owner(struct incident *incident, uint32_t tid)
{
	const struct stall_facts *facts = &incident->stall;
	struct fe_member self = stall_self(incident);

	for (size_t i = 0; facts->members && i < facts->member_count && i < FE_MEMBERS_MAX; i++)
		if (facts->members[i].tid == tid)
			return stall_name(incident, &facts->members[i]);
	return tid == self.tid ? stall_name(incident, &self) : stall_printf(incident, "thread %u", tid);
}

enum confidence stall_lock_names(uint32_t type)
{
	bool named = (type >= FE_LOCK_MUTEX && type <= FE_LOCK_RWLOCK) || type == FE_LOCK_JOIN;

	return named ? CONFIDENCE_CERTAIN : CONFIDENCE_LIKELY;
}

void stall_tell_wait(struct incident *incident, const struct fe_member *member)
{
	const char *name = stall_name(incident, member);
	unsigned long long lock = member->lock;

	if (member->owner_tid && member->lock_type == FE_LOCK_JOIN)
		incident_evidence(incident, "%s waits in pthread_join for %s to end", name,
				  stall_owner(incident, member->owner_tid));
	else if (member->owner_tid)
		incident_evidence(incident, "%s waits for %s 0x%llx held by %s", name,
				  stall_lock_words(member->lock_type), lock,
				  stall_owner(incident, member->owner_tid));
	else if (lock)
		incident_evidence(incident, "%s waits for %s 0x%llx, whose owner is not known", name,
				  stall_lock_words(member->lock_type), lock);
	else if (member->syscall != STALL_NO_CALL)
		incident_evidence(incident, "%s is in %s", name, stall_call(incident, member->syscall));
}
