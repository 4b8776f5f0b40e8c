// SPDX-License-Identifier: GPL-2.0-or-later
/* Kills: a signal that did not come from a fault of the program ended it. */
#include <signal.h>
#include <string.h>

#include "core/clock.h"
#include "diagnose/rules.h"
#include "host/supervisor.h"

static bool by_process(const struct incident *incident)
{
	return incident->sender.known && !incident->sender.kernel;
}

static bool by_kernel(const struct incident *incident)
{
	return incident->sender.known ? incident->sender.kernel
				      : incident->code == SI_KERNEL || incident->code == SI_TIMER;
}

static void tell_sender(struct incident *incident)
{
	const struct sender *sender = &incident->sender;

	incident_evidence(incident, "%s was sent by %s[%d], uid %u", signal_name(incident->signo),
			  sender->name, (int)sender->pid, (unsigned int)sender->uid);
}

static bool broken_pipe(struct incident *incident, struct fault *f, enum confidence *c)
{
	const struct sender *sender = &incident->sender;

	(void)f;
	if (incident->signo != SIGPIPE)
		return false;
	/*
	 * send_sig(SIGPIPE, current, 0) in fs/pipe.c and net/: it looks as if the thread had sent it to
	 * itself; kill() would have aimed at the process, and raise() is SI_TKILL.
	 */
	if (sender->known && (sender->pid != incident->who.pid || sender->code != SI_USER ||
			      !(sender->flags & FE_SENDER_THREAD)))
		return false;
	if (!sender->known)
		*c = CONFIDENCE_LIKELY;
	say(incident, "SIGPIPE: it wrote to a pipe or socket that nobody reads any more");
	incident_evidence(incident, sender->known ? "SIGPIPE was raised by the thread's own write"
						  : "SIGPIPE, and nobody was seen sending it");
	return true;
}

static bool timer(struct incident *incident, struct fault *f, enum confidence *c)
{
	(void)f;
	(void)c;
	if ((incident->signo != SIGALRM && incident->signo != SIGVTALRM && incident->signo != SIGPROF) ||
	    !by_kernel(incident))
		return false;
	say(incident, "%s: a timer of its own ran out and nothing handles the signal",
	    signal_name(incident->signo));
	incident_evidence(incident, "%s was sent by the kernel's timer", signal_name(incident->signo));
	return true;
}

static bool terminal_hangup(struct incident *incident, struct fault *f, enum confidence *c)
{
	(void)f;
	(void)c;
	if (incident->signo != SIGHUP || !by_kernel(incident))
		return false;
	say(incident, "SIGHUP: its terminal was closed, or its session's leader ended");
	incident_evidence(incident, "SIGHUP was sent by the kernel");
	return true;
}

/* RLIMIT_CPU's hard limit: check_rlimit() in kernel/time/posix-cpu-timers.c. */
static bool cpu_limit(struct incident *incident, struct fault *f, enum confidence *c)
{
	const struct fe_death *death = incident->death;
	char used[CLOCK_DURATION_SIZE];

	(void)f;
	(void)c;
	if (incident->signo != SIGKILL || !death || by_process(incident) || death->cpu_limit_hard == ~0ULL ||
	    death->cpu_time + NSEC_PER_SEC / 10 < death->cpu_limit_hard * NSEC_PER_SEC)
		return false;
	say(incident, "SIGKILL: its hard CPU time limit of %llu s is used up",
	    (unsigned long long)death->cpu_limit_hard);
	incident_evidence(incident, "used %s of CPU time; the hard RLIMIT_CPU is %llu s",
			  clock_duration(death->cpu_time, used), (unsigned long long)death->cpu_limit_hard);
	return true;
}

/*
 * systemd ends a unit whose WatchdogSec= ran out by WatchdogSignal=, SIGABRT by default, and uses that signal
 * for nothing else of its own; `systemctl kill -s ABRT` looks the same, hence `likely`.
 */
static bool watchdog(struct incident *incident, struct fault *f, enum confidence *c)
{
	(void)f;
	if (incident->signo != SIGABRT || !by_process(incident) || !incident->who.unit ||
	    strcmp(incident->sender.name, "systemd") != 0 ||
	    (incident->sender.pid != 1 && incident->sender.pid != incident->who.ppid))
		return false;
	*c = CONFIDENCE_LIKELY;
	say(incident, "SIGABRT from systemd: the watchdog of %s ran out", incident->who.unit);
	tell_sender(incident);
	return true;
}

static bool by_manager(struct incident *incident, struct fault *f, enum confidence *c)
{
	(void)f;
	(void)c;
	if (!by_process(incident) || incident->sender.pid == incident->who.pid ||
	    !supervisor_is_manager(incident->sender.pid, incident->sender.name))
		return false;
	/* Anybody can be called so: it has to be init, the parent, or to have to do with the container. */
	if (incident->sender.pid != 1 && incident->sender.pid != incident->who.ppid &&
	    !incident->who.container)
		return false;
	say(incident, "%s from %s[%d], which manages it", signal_name(incident->signo), incident->sender.name,
	    (int)incident->sender.pid);
	tell_sender(incident);
	return true;
}

static bool by_parent(struct incident *incident, struct fault *f, enum confidence *c)
{
	(void)f;
	(void)c;
	if (!by_process(incident) || incident->sender.pid == incident->who.pid ||
	    incident->sender.pid != incident->who.ppid)
		return false;
	say(incident, "%s from its parent %s[%d]", signal_name(incident->signo), incident->sender.name,
	    (int)incident->sender.pid);
	tell_sender(incident);
	return true;
}

static bool by_other(struct incident *incident, struct fault *f, enum confidence *c)
{
	(void)f;
	(void)c;
	if (!by_process(incident) || incident->sender.pid == incident->who.pid)
		return false;
	say(incident, "%s from %s[%d]", signal_name(incident->signo), incident->sender.name,
	    (int)incident->sender.pid);
	tell_sender(incident);
	return true;
}

static const struct rule rules[] = {
	{"broken-pipe", broken_pipe, NULL},
	{"timer", timer, NULL},
	{"terminal-hangup", terminal_hangup, "Start it with setsid or nohup, or as a service."},
	{"cpu-limit", cpu_limit, "Raise RLIMIT_CPU (LimitCPU=), or find out what burnt the time."},
	{"watchdog", watchdog,
	 "It lived but did not report in time: look for what held it up before the kill."},
	{"killed-by-manager", by_manager, NULL},
	{"killed-by-parent", by_parent, NULL},
	{"killed-by-process", by_other, NULL},
};

/* No rule holds: say who is known not to have done it. */
static void say_unknown(struct incident *incident)
{
	const struct sender *sender = &incident->sender;
	const char *name = signal_name(incident->signo);

	if (by_process(incident))
		say(incident, "%s: it sent the signal to itself", name);
	else if (sender->known && sender->flags & FE_SENDER_EXITING && sender->flags & FE_SENDER_NSINIT)
		say(incident, "%s: the init of its PID namespace, %s[%d], ended", name, sender->name,
		    (int)sender->pid);
	else if (sender->known)
		say(incident, "%s from the kernel, while %s[%d] ran", name, sender->name, (int)sender->pid);
	else
		say(incident, "%s; who sent it was not seen", name);
	if (sender->known)
		incident_evidence(incident, "%s was sent by %s", name,
				  sender->kernel ? "the kernel" : "the process itself");
}

void diagnose_kill(struct incident *incident)
{
	char before[CLOCK_DURATION_SIZE];

	rules_walk(incident, NULL, rules, sizeof(rules) / sizeof(rules[0]));
	if (strcmp(incident->why.cause, "unknown") == 0)
		say_unknown(incident);
	if (incident->request.known && incident->request.signo != incident->signo &&
	    incident->request.pid != incident->who.pid)
		incident_evidence(incident, "%s[%d] had asked it to end with %s %s before",
				  incident->request.name, (int)incident->request.pid,
				  signal_name(incident->request.signo),
				  clock_duration(incident->time - incident->request.time, before));
}
