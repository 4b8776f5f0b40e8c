// SPDX-License-Identifier: GPL-2.0-or-later
/* Threads that are busy with the wrong thing: event loops that do not come back, and loops without an end. */
#include <string.h>

#include "core/clock.h"
#include "diagnose/stall.h"

enum { FAILED_IN_A_ROW = 1000, SAMPLES_MIN = 20 };

/* ---- what it did with its time */

static bool had_half(const struct incident *incident)
{
	uint64_t lasted = stall_lasted(incident), had = incident->stall.event->run_time;

	return lasted && had >= lasted / 2 + lasted % 2;
}

static bool had_a_tenth(const struct incident *incident)
{
	uint64_t lasted = stall_lasted(incident);

	return incident->stall.event->run_time >= lasted / 10 + (lasted % 10 != 0);
}

/* Samples tell; without them, that it is in no system call. */
static bool in_user_code(const struct fe_stall *event)
{
	return event->samples ? 2ULL * event->user_samples >= event->samples
			      : event->syscall == STALL_NO_CALL;
}

static bool mostly_in_user_code(const struct fe_stall *event)
{
	return event->samples >= SAMPLES_MIN && 10ULL * event->user_samples >= 9ULL * event->samples;
}

static const char *cpu_time(struct incident *incident)
{
	char buf[CLOCK_DURATION_SIZE];

	return stall_printf(incident, "%s", clock_duration(incident->stall.event->run_time, buf));
}

static void tell_cpu(struct incident *incident)
{
	const struct fe_stall *event = incident->stall.event;
	char buf[CLOCK_DURATION_SIZE];

	incident_evidence(incident, "it had %s of CPU time in that time", cpu_time(incident));
	if (event->samples && event->user_samples && event->ip)
		incident_evidence(incident, "%u of %u CPU samples were in user code, the last one at 0x%llx",
				  event->user_samples, event->samples, (unsigned long long)event->ip);
	else if (event->samples)
		incident_evidence(incident, "%u of %u CPU samples were in user code", event->user_samples,
				  event->samples);
	if (event->traced)
		incident_evidence(incident, "traced for %s: %llu system calls",
				  clock_duration(event->traced, buf), (unsigned long long)event->calls);
	if (event->flags & FE_STALL_WAS_LOOP)
		incident_evidence(incident, "the thread lives by polling");
}

/* ---- stall.eventloop */

static bool runs(const struct incident *incident)
{
	return incident->stall.event->flags & FE_STALL_RUNNING;
}

static bool sleeps(const struct incident *incident)
{
	const struct fe_stall *event = incident->stall.event;

	return !(event->flags & FE_STALL_RUNNING) && (event->state == 'S' || event->state == 'D');
}

static bool busy(struct incident *incident, struct fault *f, enum confidence *c)
{
	const struct fe_stall *event = incident->stall.event;

	(void)f;
	/* On a busy host it shares its CPU; what it does with its part is plain all the same. */
	if (!runs(incident) || !in_user_code(event) ||
	    !(had_half(incident) || (had_a_tenth(incident) && mostly_in_user_code(event))))
		return false;
	if (!event->traced || event->calls || !had_half(incident))
		*c = CONFIDENCE_LIKELY;
	say(incident, "%sbusy in user code%s: its event loop has not been back at its poll",
	    stall_subject(incident, "is "), stall_for(incident));
	return true;
}

static bool loop_starved(struct incident *incident, struct fault *f, enum confidence *c)
{
	const char *culprits = stall_names(incident, FE_ROLE_CULPRIT);

	(void)f;
	(void)c;
	if (!runs(incident) || had_a_tenth(incident))
		return false;
	say(incident, "%srunnable%s, but had only %s of CPU time%s%s", stall_subject(incident, "is "),
	    stall_for(incident), cpu_time(incident), culprits ? "; its CPU went to " : "",
	    culprits ? culprits : "");
	incident_evidence(incident, "it has been runnable all the time");
	return true;
}

static bool lock_wait(struct incident *incident, struct fault *f, enum confidence *c)
{
	static const char *const futexes[] = {"futex", "futex_wait", "futex_waitv"};
	const struct fe_stall *event = incident->stall.event;
	const struct fe_member self = stall_self(incident);

	(void)f;
	if (!sleeps(incident) || event->lock_type == FE_LOCK_JOIN ||
	    (!event->owner_tid && !STALL_IN_CALL(event->syscall, futexes)))
		return false;
	if (event->owner_tid) {
		*c = stall_lock_names(event->lock_type);
		say(incident, "%swaits%s for %s that %s has", stall_subject(incident, ""),
		    stall_for(incident), stall_a_lock(event->lock_type),
		    stall_owner(incident, event->owner_tid));
	} else {
		/* A condition variable sleeps likewise. */
		*c = CONFIDENCE_POSSIBLE;
		say(incident, "%swaits%s for another thread in %s", stall_subject(incident, ""),
		    stall_for(incident), stall_call(incident, event->syscall));
	}
	stall_tell_wait(incident, &self);
	return true;
}

static bool blocked(struct incident *incident, struct fault *f, enum confidence *c)
{
	const struct fe_stall *event = incident->stall.event;
	const struct fe_member self = stall_self(incident);

	(void)f;
	(void)c;
	if (!sleeps(incident) || event->syscall == STALL_NO_CALL)
		return false;
	if (event->lock_type == FE_LOCK_JOIN && event->owner_tid) {
		say(incident, "%sblocked in pthread_join%s until %s ends", stall_subject(incident, "is "),
		    stall_for(incident), stall_owner(incident, event->owner_tid));
		stall_tell_wait(incident, &self);
	} else {
		say(incident, "%sblocked%s%s", stall_subject(incident, "is "), stall_where(incident),
		    stall_for(incident));
	}
	incident_evidence(incident, "it is %s in %s", stall_state(event->state),
			  stall_call(incident, event->syscall));
	if (incident->stall.object)
		incident_evidence(incident, "that call is on %s", incident->stall.object);
	return true;
}

static const struct rule eventloop_rules[] = {
	{"busy-in-user-code", busy, "Look at what it computes (perf top -t); let another thread do that."},
	{"starved", loop_starved, "Look at what else runs on its CPU."},
	{"lock-wait", lock_wait, NULL},
	{"blocked-in-syscall", blocked, "An event loop must not block: make this call non-blocking."},
};

static void describe_eventloop(struct incident *incident)
{
	const struct fe_stall *event = incident->stall.event;
	const char *subject = stall_subject(incident, "is "), *state = stall_state(event->state);

	if (runs(incident))
		say(incident,
		    "%srunnable%s and had %s of CPU time%s; its event loop has not been back at its poll",
		    subject, stall_for(incident), cpu_time(incident),
		    event->samples && !in_user_code(event) ? ", most of it in the kernel" : "");
	else
		say(incident, "%s%s%s%s; its event loop has not been back at its poll", subject,
		    state ? state : "standing still", stall_where(incident), stall_for(incident));
}

static void tell_eventloop(struct incident *incident)
{
	tell_cpu(incident);
	if (sleeps(incident))
		stall_tell_stack(incident);
}

const struct stall_tree stall_eventloop = {
	.kind = FAULT_STALL_EVENTLOOP,
	.describe = describe_eventloop,
	STALL_RULES(eventloop_rules),
	.tell = tell_eventloop,
};

/* ---- stall.spin */

static bool user_loop(struct incident *incident, struct fault *f, enum confidence *c)
{
	const struct fe_stall *event = incident->stall.event;

	(void)f;
	(void)c;
	if (!event->traced || event->calls || !had_half(incident) || !in_user_code(event))
		return false;
	say(incident, "%slooping in user code%s without a system call", stall_subject(incident, "is "),
	    stall_for(incident));
	return true;
}

static bool syscall_loop(struct incident *incident, struct fault *f, enum confidence *c)
{
	const struct fe_stall *event = incident->stall.event;
	const char *error = strerrorname_np((int)event->failed_errno), *call;
	char buf[CLOCK_DURATION_SIZE];

	(void)f;
	(void)c;
	/* The call that it is in just now has been counted and has not failed yet, and one may have been so
	 * before. */
	if (event->failed < FAILED_IN_A_ROW || event->failed + 2 < event->calls)
		return false;
	if (!error)
		error = stall_printf(incident, "error %u", event->failed_errno);
	call = stall_call(incident, event->failed_syscall);
	say(incident, "%srepeating %s, which fails with %s each time", stall_subject(incident, "is "), call,
	    error);
	incident_evidence(incident, "%s failed with %s %llu times in a row%s%s", call, error,
			  (unsigned long long)event->failed, event->traced ? " in " : "",
			  event->traced ? clock_duration(event->traced, buf) : "");
	return true;
}

static const struct rule spin_rules[] = {
	{"user-loop", user_loop, "Look at where it loops (perf top -t)."},
	{"syscall-loop", syscall_loop, "Look at who handles that error: nobody waits before trying again."},
};

static void describe_spin(struct incident *incident)
{
	const struct fe_stall *event = incident->stall.event;

	say(incident, "%sbusy%s: %s of CPU time%s", stall_subject(incident, "is "), stall_for(incident),
	    cpu_time(incident),
	    event->traced ? stall_printf(incident, ", %llu system calls while traced",
					 (unsigned long long)event->calls)
			  : "");
}

const struct stall_tree stall_spin = {
	.kind = FAULT_STALL_SPIN,
	.describe = describe_spin,
	STALL_RULES(spin_rules),
	.tell = tell_cpu,
};
