/* SPDX-License-Identifier: GPL-2.0-or-later */
/* faultd's command line. */
#ifndef FAULTD_CORE_OPTIONS_H
#define FAULTD_CORE_OPTIONS_H

#include <stdbool.h>
#include <stddef.h>
#include <stdio.h>

#include "core/catalogue.h"
#include "core/match.h"

enum { EXIT_USAGE = 2, EXIT_FEATURE = 69, EXIT_PERMISSION = 77, EXIT_CONFIG = 78 };

struct options {
	char **restarts; /* the arguments of --restart, in order */
	size_t restart_count;
	struct match_list match;
	struct fault_set faults;
	bool faults_given;
	char *fault_list; /* as it was given, several joined */
	bool dry_run;
	const char *output; /* "text" or "json" */
	const char *config; /* NULL: the default file */
	bool check_config;
	const char *record, *replay;
	int verbose;
	bool help, version;
	char **command; /* of `run -- CMD`; NULL */
	pid_t self;	/* faultd's own process, which is the command's parent; the caller's to set */
};

/*
 * Parses argv, of which it keeps pointers. 0, or -EINVAL (or -ENOMEM) with a sentence in ret_error that the
 * caller frees. options_free() releases what was allocated, also after an error.
 */
int options_parse(struct options *ret, int argc, char **argv, char **ret_error);
void options_free(struct options *options);
void options_help(FILE *out);

#endif
