/* SPDX-License-Identifier: GPL-2.0-or-later */
/* Whether to act, as a pure function of what is known about the incident and what was done before. */
#ifndef FAULTD_RECOVER_POLICY_H
#define FAULTD_RECOVER_POLICY_H

#include "core/config.h"
#include "core/incident.h"
#include "host/systemd.h"
#include "recover/history.h"

/* What was found out about the process at fault, so that the rules need not look at the system. */
struct situation {
	const struct incident *incident;
	enum action_type action; /* what the first rung comes to, `restart` resolved */
	bool is_protected;	 /* PID 1, kernel threads, faultd itself or an ancestor of it */
	bool own_signal;	 /* a signal of ours is what it died of */
	const char *supervisor;	 /* what looks after it itself ("runit", "Kubernetes"); NULL: nothing */
	bool forked_worker;	 /* never executed anything itself, and the parent that forked it lives */
	bool has_launch;	 /* there is a launch record */
	bool launch_retitled;	 /* but its arguments were overwritten */
	bool foreign_namespaces; /* it lived in namespaces that we would have to cross */
	bool already_running;	 /* the same program was started by somebody after the fault */
	const char *no_way;	 /* why `restart` has no way to do it ("no docker or podman command"); NULL */
	bool run;		 /* the command of `run --`, whose launch we know by ourselves */
};

struct refusal {
	const char *reason;   /* slug */
	const char *sentence; /* the rest of "was not restarted: ..." */
};

/* A stall whose process is not what stands in its way. */
bool policy_not_to_blame(const struct incident *incident);
/* The first rule that forbids to act; NULL: none does. What systemd says is asked separately. */
const struct refusal *policy_refusal(const struct situation *situation);

/*
 * The same for a process of a systemd unit, from the unit's properties. named: the configuration names the
 * unit to restart, whatever became of its main process. own: the process at fault is one of this unit; of
 * others only matters whether they exist and are being worked on. main_alive: its main process is another
 * one than that at fault, and lives.
 */
const struct refusal *policy_unit_refusal(const struct incident *incident, const struct unit_info *unit,
					  bool main_alive, bool named, bool own);

/* Status as wait(2) would give it, as far as the incident tells. */
int policy_wait_status(const struct incident *incident);

#endif
