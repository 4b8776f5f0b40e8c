/* SPDX-License-Identifier: GPL-2.0-or-later */
/* From bytes to nouns: raw records are checked once, here, and become processes and incidents. */
#ifndef FAULTD_DETECT_DECODE_H
#define FAULTD_DETECT_DECODE_H

#include "core/incident.h"

/*
 * Whether size bytes are one well-formed record: known type and ABI, lengths that add up. NULL when they are,
 * else what is wrong. Nothing else here may be called with a record that was not checked.
 */
const char *decode_check(const void *record, size_t size);

/*
 * Who, from an identity and its variable part. The strings go into the arena of the incident, or are cut out
 * of fresh memory when there is none (ret_memory; the caller frees it). 0 or -ENOMEM.
 */
int decode_identity(struct process *ret, const struct fe_identity *id, const char *variable,
		    char **ret_memory);
/* An incident (kind left open) from a death or an exit record; NULL when there is no memory. */
struct incident *decode_death(const struct fe_death *death);
struct incident *decode_exit(const struct fe_exit *event);
/* The same, with its kind, from a stall and from a word of the kernel's hung task detector. */
struct incident *decode_stall(const struct fe_stall *event);
struct incident *decode_hung(const struct fe_hung *event);
/* Mappings into an incident that has none yet. 0 or -ENOMEM. */
int decode_maps(struct incident *incident, const struct fe_maps *maps);
void decode_sender(struct sender *ret, const struct fe_sender *from);
/* Moves an identity's strings into an incident's arena. 0 or -ENOMEM. */
int decode_copy_process(struct incident *incident, const struct process *from);

#endif
