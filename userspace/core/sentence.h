/* SPDX-License-Identifier: GPL-2.0-or-later */
/* How a parser tells what is wrong with what it was given: a sentence for the caller, and -EINVAL. */
#ifndef FAULTD_CORE_SENTENCE_H
#define FAULTD_CORE_SENTENCE_H

/*
 * Formats a sentence into fresh memory that the caller of the parser frees (ret_error may be NULL: nobody
 * asks; without memory *ret_error becomes NULL). Always returns -EINVAL. What it quotes is raw: escape it to
 * print it.
 */
int sentence_error(char **ret_error, const char *fmt, ...) __attribute__((format(printf, 2, 3)));

#endif
