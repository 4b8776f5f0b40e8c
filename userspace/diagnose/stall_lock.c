// SPDX-License-Identifier: GPL-2.0-or-later
/* Deadlocks, and locks whose holder does not let go: whom the owners that lock words name lead to. */
#include "diagnose/stall.h"

enum { MEMBERS_TOLD = 10 };

/* The least sure of two. */
static enum confidence least(enum confidence a, enum confidence b)
{
	return a < b ? a : b;
}

static void tell_members(struct incident *incident, enum fe_role role)
{
	const struct fe_member *member = NULL;
	unsigned int count = 0;

	while ((member = stall_member(&incident->stall, role, member)))
		if ((member->owner_tid || member->lock) && ++count <= MEMBERS_TOLD)
			stall_tell_wait(incident, member);
	if (count > MEMBERS_TOLD)
		incident_evidence(incident, "and %u more", count - MEMBERS_TOLD);
}

/* ---- stall.deadlock */

/*
 * How many threads wait in a circle, each for a lock of the next; 0: no circle was seen. Threads that all
 * wait have the same role without one (FE_STALL_ALL_WAIT).
 */
static unsigned int cycle_length(const struct incident *incident)
{
	const struct fe_member *first = stall_member(&incident->stall, FE_ROLE_CYCLE, NULL), *last = first,
			       *next;
	unsigned int count = first ? 1 : 0;

	if (!first)
		return 0;
	for (; (next = stall_member(&incident->stall, FE_ROLE_CYCLE, last)); last = next, count++)
		if (!last->owner_tid || last->owner_tid != next->tid)
			return 0;
	return last->owner_tid && last->owner_tid == first->tid ? count : 0;
}

static enum confidence cycle_confidence(const struct incident *incident)
{
	const struct fe_member *member = NULL;
	enum confidence sure = CONFIDENCE_CERTAIN;

	while ((member = stall_member(&incident->stall, FE_ROLE_CYCLE, member)))
		sure = least(sure, stall_lock_names(member->lock_type));
	return sure;
}

/* Whether it waits for a lock only, and for no thread's end. */
static bool cycle_of_locks(const struct incident *incident)
{
	const struct fe_member *member = NULL;

	while ((member = stall_member(&incident->stall, FE_ROLE_CYCLE, member)))
		if (member->lock_type == FE_LOCK_JOIN)
			return false;
	return true;
}

static unsigned int cycle_processes(const struct incident *incident)
{
	const struct fe_member *member = NULL, *earlier;
	unsigned int count = 0;

	while ((member = stall_member(&incident->stall, FE_ROLE_CYCLE, member))) {
		earlier = stall_member(&incident->stall, FE_ROLE_CYCLE, NULL);
		while (earlier != member && earlier->pid != member->pid)
			earlier = stall_member(&incident->stall, FE_ROLE_CYCLE, earlier);
		count += earlier == member;
	}
	return count;
}

/* Its own wait, or that of the last one in the chain of owners who lives. */
static bool owner_died(struct incident *incident, struct fault *f, enum confidence *c)
{
	struct fe_member self = stall_self(incident);
	const struct fe_member *member = NULL, *waiter = &self;
	const char *owner, *it = stall_it(incident);

	(void)f;
	if (!(incident->stall.event->flags & FE_STALL_OWNER_DIED))
		return false;
	*c = stall_lock_names(self.lock_type);
	while ((member = stall_member(&incident->stall, FE_ROLE_CHAIN, member))) {
		if (member->state == 'X' || !member->owner_tid)
			continue;
		waiter = member;
		it = stall_name(incident, member);
		*c = least(*c, stall_lock_names(member->lock_type));
	}
	owner = waiter->owner_tid ? stall_printf(incident, "the thread %u that holds", waiter->owner_tid)
				  : "the thread that held";
	say(incident, "%s the %s 0x%llx %s waits for has ended without unlocking it", owner,
	    stall_lock_words(waiter->lock_type), (unsigned long long)waiter->lock, it);
	if (self.owner_tid)
		stall_tell_wait(incident, &self);
	tell_members(incident, FE_ROLE_CHAIN);
	incident_evidence(incident, "the owner in the lock word is no thread any more");
	return true;
}

static bool self_deadlock(struct incident *incident, struct fault *f, enum confidence *c)
{
	const struct fe_member *member = stall_member(&incident->stall, FE_ROLE_CYCLE, NULL);

	(void)f;
	if (cycle_length(incident) != 1)
		return false;
	*c = stall_lock_names(member->lock_type);
	say(incident, "%swaits for %s that it has locked itself", stall_subject(incident, ""),
	    stall_a_lock(member->lock_type));
	tell_members(incident, FE_ROLE_CYCLE);
	return true;
}

static bool lock_cycle(struct incident *incident, struct fault *f, enum confidence *c)
{
	unsigned int threads = cycle_length(incident), processes = cycle_processes(incident);

	(void)f;
	if (threads < 2)
		return false;
	*c = cycle_confidence(incident);
	say(incident, "%u threads%s wait for each other%s", threads,
	    processes > 1 ? stall_printf(incident, " of %u processes", processes) : "",
	    cycle_of_locks(incident) ? "'s locks" : "");
	tell_members(incident, FE_ROLE_CYCLE);
	return true;
}

static bool all_threads_waiting(struct incident *incident, struct fault *f, enum confidence *c)
{
	const struct fe_stall *event = incident->stall.event;
	unsigned int threads = incident->who.threads ? incident->who.threads : event->others + 1;

	(void)f;
	if (!(event->flags & FE_STALL_ALL_WAIT))
		return false;
	if (event->flags & FE_STALL_HANDLERS)
		*c = CONFIDENCE_LIKELY;
	if (threads > 1)
		say(incident, "all %u threads wait for each other: none is left to wake another", threads);
	else
		say(incident, "its only thread waits to be woken by a thread of its own: there is none");
	incident_evidence(incident,
			  "each of its threads is in an untimed wait on a private futex, which only its "
			  "own threads can wake");
	if (event->flags & FE_STALL_HANDLERS)
		incident_evidence(incident, "it handles signals; a handler could still end the wait");
	tell_members(incident, FE_ROLE_CYCLE);
	return true;
}

static const struct rule deadlock_rules[] = {
	{"owner-died", owner_died, "Restart it; a robust mutex would tell the next one that its owner died."},
	{"self-deadlock", self_deadlock, "Restart it; look for a function that locks what its caller holds."},
	{"lock-cycle", lock_cycle, "Restart it; take these locks in the same order everywhere."},
	{"all-threads-waiting", all_threads_waiting,
	 "Restart it; look for a lock or a wake-up that was forgotten."},
};

/* What it waits for, when nothing says why that does not come. */
static void describe_wait(struct incident *incident)
{
	const struct fe_member self = stall_self(incident);
	const char *subject = stall_subject(incident, "");

	if (self.owner_tid && self.lock_type == FE_LOCK_JOIN)
		say(incident, "%swaits for %s to end", subject, stall_owner(incident, self.owner_tid));
	else if (self.owner_tid)
		say(incident, "%swaits for %s that %s has", subject, stall_a_lock(self.lock_type),
		    stall_owner(incident, self.owner_tid));
	else if (self.lock || self.lock_type)
		say(incident, "%swaits for %s; who has it is not known", subject,
		    stall_a_lock(self.lock_type));
	else
		say(incident, "%swaits%s%s", subject, stall_where(incident), stall_for(incident));
}

/* The rules tell what led to their verdict; without one, this is all there is. */
static void tell_deadlock(struct incident *incident)
{
	const struct fe_member self = stall_self(incident);

	if (incident->why.evidence_count)
		return;
	stall_tell_wait(incident, &self);
	tell_members(incident, FE_ROLE_CYCLE);
	tell_members(incident, FE_ROLE_CHAIN);
}

const struct stall_tree stall_deadlock = {
	.kind = FAULT_STALL_DEADLOCK,
	.describe = describe_wait,
	STALL_RULES(deadlock_rules),
	.tell = tell_deadlock,
};

/* ---- stall.lock */

static const char *const naps[] = {"nanosleep", "clock_nanosleep", "pause"};
static const char *const waits[] = {"poll",	   "ppoll",	   "select", "pselect6",   "epoll_wait",
				    "epoll_pwait", "epoll_pwait2", "futex",  "futex_wait", "futex_waitv"};

/* Who is to blame: the end of the chain, or a holder before it that waits for a thread to end. */
static const struct fe_member *culprit_of(const struct incident *incident, enum confidence *ret_sure)
{
	const struct fe_member *member = NULL, *next = stall_member(&incident->stall, FE_ROLE_CHAIN, NULL);

	*ret_sure = stall_lock_names(incident->stall.event->lock_type);
	while (next) {
		member = next;
		if (member->lock_type == FE_LOCK_JOIN && member->owner_tid)
			break;
		next = stall_member(&incident->stall, FE_ROLE_CHAIN, member);
		if (next)
			*ret_sure = least(*ret_sure, stall_lock_names(member->lock_type));
	}
	/* To wait for a thread's end is not to wait for a lock. */
	return incident->stall.event->lock_type == FE_LOCK_JOIN ? NULL : member;
}

static void say_holder(struct incident *incident, const struct fe_member *culprit, const char *does)
{
	const struct fe_member *holder = stall_member(&incident->stall, FE_ROLE_CHAIN, NULL);

	if (culprit == holder)
		say(incident, "%swaits for %s that %s has; that one %s", stall_subject(incident, ""),
		    stall_a_lock(incident->stall.event->lock_type), stall_name(incident, holder), does);
	else
		say(incident, "%swaits for %s that %s has; at the end of the chain %s %s",
		    stall_subject(incident, ""), stall_a_lock(incident->stall.event->lock_type),
		    stall_name(incident, holder), stall_name(incident, culprit), does);
}

static bool asleep(const struct fe_member *member)
{
	if (member->state != 'S' || (member->lock_type == FE_LOCK_JOIN && member->owner_tid))
		return false;
	/* Whoever waits for a futex with an owner waits for a lock itself. */
	return STALL_IN_CALL(member->syscall, naps) ||
	       (STALL_IN_CALL(member->syscall, waits) && !member->owner_tid);
}

static bool holder_sleeping(struct incident *incident, struct fault *f, enum confidence *c)
{
	const struct fe_member *culprit = culprit_of(incident, c);

	(void)f;
	if (!culprit || !asleep(culprit))
		return false;
	say_holder(incident, culprit,
		   stall_printf(incident, "%s in %s",
				STALL_IN_CALL(culprit->syscall, naps) ? "sleeps" : "waits for an event",
				stall_call(incident, culprit->syscall)));
	return true;
}

static bool holder_stalled(struct incident *incident, struct fault *f, enum confidence *c)
{
	const struct fe_member *culprit = culprit_of(incident, c);
	const char *call, *does;

	(void)f;
	if (!culprit || asleep(culprit))
		return false;
	call = culprit->syscall == STALL_NO_CALL
		       ? ""
		       : stall_printf(incident, " in %s", stall_call(incident, culprit->syscall));
	if (culprit->state == 'S' && culprit->lock_type == FE_LOCK_JOIN && culprit->owner_tid)
		does = stall_printf(incident, "waits for %s to end",
				    stall_owner(incident, culprit->owner_tid));
	else if (culprit->state == 'S' && *call)
		does = stall_printf(incident, "waits%s", call);
	else if (culprit->state == 'D' || culprit->state == 'T' || culprit->state == 't')
		does = stall_printf(incident, "is %s%s", stall_state(culprit->state), call);
	else
		return false;
	say_holder(incident, culprit, does);
	return true;
}

static const struct rule lock_rules[] = {
	{"lock-holder-sleeping", holder_sleeping,
	 "Look for a sleep, or a wait for an event, with the lock held."},
	{"lock-holder-stalled", holder_stalled, "The holder is what stands still: look there."},
};

static void describe_lock(struct incident *incident)
{
	enum confidence sure;
	const struct fe_member *culprit = culprit_of(incident, &sure);
	const char *state = culprit ? stall_state(culprit->state) : NULL;

	if (!culprit)
		describe_wait(incident);
	else if (culprit->state == 'Z' || culprit->state == 'X')
		say_holder(incident, culprit, "has ended");
	else if (state)
		say_holder(incident, culprit, stall_printf(incident, "is %s", state));
	else
		say_holder(incident, culprit, "is in a state that was not seen");
}

static void tell_lock(struct incident *incident)
{
	const struct fe_member self = stall_self(incident);
	const struct fe_member *member = NULL, *last = NULL;
	const char *state;

	stall_tell_wait(incident, &self);
	tell_members(incident, FE_ROLE_CHAIN);
	while ((member = stall_member(&incident->stall, FE_ROLE_CHAIN, member)))
		last = member;
	state = last ? stall_state(last->state) : NULL;
	if (state)
		incident_evidence(incident, "%s is %s%s%s", stall_name(incident, last), state,
				  last->syscall == STALL_NO_CALL ? "" : " in ",
				  last->syscall == STALL_NO_CALL ? "" : stall_call(incident, last->syscall));
}

const struct stall_tree stall_lock = {
	.kind = FAULT_STALL_LOCK,
	.describe = describe_lock,
	STALL_RULES(lock_rules),
	.tell = tell_lock,
};
