/* SPDX-License-Identifier: GPL-2.0-or-later */
/* MATCH: which processes are meant. Pure: it looks at a struct process, never at the system. */
#ifndef FAULTD_CORE_MATCH_H
#define FAULTD_CORE_MATCH_H

#include <stdbool.h>
#include <stddef.h>
#include <sys/types.h>

#include "core/incident.h"

struct match; /* one MATCH: terms joined by commas, all must hold */

/*
 * How user names become numbers, when a MATCH is parsed: 0, or -ENOENT when there is no such user, or another
 * negative errno. NULL, as at start, knows no names, only numbers; host/user.h has the system's.
 */
extern int (*match_user_resolver)(const char *name, uid_t *ret_uid);

/*
 * Parses one MATCH as the contract writes it. 0, or -EINVAL with a sentence in ret_error (may be NULL; the
 * caller frees it), or -ENOMEM, which leaves ret_error alone.
 *
 * A comma ends a term. Inside cmd:REGEX, where commas are ordinary, it does so only if a known key follows,
 * as in "cmd:x{2,3},user:root"; "\," is a comma in any term. Blanks around a term do not count, except at the
 * end of a cmd:. Globs are fnmatch(3)'s, and their * crosses "/"; a backslash quotes the next character, but
 * is an ordinary one in unit: and cgroup:, where names have it. comm:GLOB without wildcards is cut to the 15
 * bytes that the kernel keeps of a name; unit:NAME without wildcards and without a "." is that NAME.service.
 */
int match_parse(struct match **ret, const char *text, char **ret_error);
void match_free(struct match *match);
/* What is not known of the process never matches. */
bool match_process(const struct match *match, const struct process *process);
/*
 * A name that every process of this match has when it is executed, cut as the kernel cuts names and padded
 * with NULs: FE_NAME_COMM that of the process, FE_NAME_EXE that of its file; 0 when there is none to be had
 * from the MATCH.
 */
unsigned int match_exec_name(const struct match *match, char ret[static FE_COMM_SIZE]);
/*
 * Whether it matches now or may come to: a user, cgroup, unit or container can still change (setuid(2), a
 * move), so beside another term they are taken to hold.
 */
bool match_may(const struct match *match, const struct process *process);
/* The text it was parsed from. */
const char *match_text(const struct match *match);

struct match_list {
	struct match **items;
	size_t count;
};

enum { MATCH_LIST_MAX = 256, MATCH_TERMS_MAX = 16, MATCH_TEXT_MAX = 4096 };

/* Parses one more MATCH into the list; errors as match_parse()'s. */
int match_list_add(struct match_list *list, const char *text, char **ret_error);
/* Any of them; an empty list matches nothing. */
bool match_any(const struct match_list *list, const struct process *process);
bool match_any_may(const struct match_list *list, const struct process *process);
void match_list_free(struct match_list *list);

#endif
