/* SPDX-License-Identifier: GPL-2.0-or-later */
/* Safe text: what other people control is made harmless before it leaves the daemon. */
#ifndef FAULTD_CORE_TEXT_H
#define FAULTD_CORE_TEXT_H

#include <stdbool.h>
#include <stddef.h>

/*
 * Copies len bytes into dst (size bytes with the NUL, always terminated) so that the result is valid UTF-8 on
 * one line: control characters (C0, DEL, C1), line and paragraph separators, bidirectional overrides and
 * bytes that are not UTF-8 become \xNN or \u{NNNN}. A cut is made between characters and marked with "...".
 * Returns dst.
 */
char *text_escape(char *dst, size_t size, const char *src, size_t len);
/* The same into fresh memory that the caller frees; NULL when there is no memory. */
char *text_escape_dup(const char *src, size_t len);
/* An argument vector of NUL-separated strings as one shell-like line (quoted where needed), escaped as above.
 */
char *text_join_args(const char *args, size_t len);

/* A growing string; add functions never fail loudly: an allocation failure sets .failed and drops the rest.
 */
struct text {
	char *s;
	size_t len, size;
	bool failed;
};

void text_add(struct text *t, const char *s);
void text_add_bytes(struct text *t, const char *s, size_t len);
/* Adds len bytes, escaped as by text_escape(). */
void text_add_escaped(struct text *t, const char *s, size_t len);
void text_addf(struct text *t, const char *fmt, ...) __attribute__((format(printf, 2, 3)));
void text_free(struct text *t);

#endif
