/* SPDX-License-Identifier: GPL-2.0-or-later */
/* The table of suspects, as its two files share it. */
#ifndef FAULTD_DETECT_SUSPECTS_PRIVATE_H
#define FAULTD_DETECT_SUSPECTS_PRIVATE_H

#include "detect/suspect.h"
#include "detect/suspects.h"

enum { SUSPECTS = 512 };

struct suspects {
	struct faultd_bpf *bpf;
	const struct detect_handler *handler;
	suspects_record_fn tell;
	void *tell_arg;
	struct probes *probes;
	struct suspect table[SUSPECTS];
	unsigned int count;
	unsigned long scan, endings;
	uint64_t dropped;
	uint64_t began; /* the first scan, CLOCK_BOOTTIME ns */
	struct draft draft;
};

extern const struct judge *const suspect_judges[FE_STALL_KINDS];

/* No longer followed, nor traced. */
void suspect_drop(struct suspects *suspects, struct suspect *s);
/* No longer traced. */
void suspect_disarm(struct suspects *suspects, struct suspect *s);
/* Of a process that `run` started. */
bool suspect_is_followed(const struct suspects *suspects, const struct suspect *s);
/* What its user wants: 0 when nobody wants to hear of it. Sets s->named. */
uint64_t suspect_ask_threshold(struct suspects *suspects, struct suspect *s, unsigned int kind);
/* Its time has come: it is dropped, told, or left for another look. */
void suspect_judge(struct suspects *suspects, struct suspect *s, uint64_t now);

#endif
