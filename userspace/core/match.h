/* SPDX-License-Identifier: GPL-2.0-or-later */
/* MATCH: which processes are meant. Pure: it looks at a struct process, never at the system. */
#ifndef FAULTD_CORE_MATCH_H
#define FAULTD_CORE_MATCH_H

#include <stdbool.h>
#include <stddef.h>

#include "core/incident.h"

struct match; /* one MATCH: terms joined by commas, all must hold */

/* Parses one MATCH as the contract writes it. 0, or -EINVAL with a sentence in ret_error (caller frees). */
int match_parse(struct match **ret, const char *text, char **ret_error);
void match_free(struct match *match);
bool match_process(const struct match *match, const struct process *process);
/* The text it was parsed from. */
const char *match_text(const struct match *match);

struct match_list {
	struct match **items;
	size_t count;
};

/* Any of them; an empty list matches nothing. */
bool match_any(const struct match_list *list, const struct process *process);
void match_list_free(struct match_list *list);

#endif
