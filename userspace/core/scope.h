/* SPDX-License-Identifier: GPL-2.0-or-later */
/* Which faults of which processes are reported, and what the kernel therefore has to tell. */
#ifndef FAULTD_CORE_SCOPE_H
#define FAULTD_CORE_SCOPE_H

#include "core/config.h"
#include "core/incident.h"
#include "core/options.h"

/*
 * Policies first: what one names is reported. Else --faults decides, where it was given; else the default
 * set, and for processes that --match names also kill.* and exit.failure. `run -- CMD` means the command and
 * its descendants, and of exits the command's own. Pure.
 */
bool scope_reports(const struct options *options, const struct config *config,
		   const struct incident *incident);

enum { SCOPE_NAMES_MAX = 256 };

struct exec_name {
	char name[FE_COMM_SIZE];
	uint32_t kinds; /* FE_NAME_* */
};

struct scope_needs {
	uint64_t kill_mask; /* by signal number; see struct fe_settings */
	bool exit_failure, exit_zero;
	unsigned int execs; /* FE_EXECS_*, 0: none */
	struct exec_name names[SCOPE_NAMES_MAX];
	size_t name_count;
	uint64_t
		stalls[STALL_KIND_COUNT]; /* the shortest threshold of each kind, ns; 0: nobody asks for it */
};

/*
 * How long a stall of this kind must last to be one of this process, ns; 0: it is not reported whatever it
 * takes. ret_named: a policy or --match names the process, or it was set before: `run` started it. What only
 * spins is a fault of those alone: a compiler does nothing else.
 */
uint64_t scope_stall_threshold(const struct options *options, const struct config *config,
			       const struct process *process, enum stall_kind kind, bool *ret_named);
void scope_needs(struct scope_needs *ret, const struct options *options, const struct config *config);

#endif
