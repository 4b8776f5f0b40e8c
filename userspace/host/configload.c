// SPDX-License-Identifier: GPL-2.0-or-later
/* The whole of the configuration: the files, and what the command line adds to them. */
#include <errno.h>
#include <stdlib.h>
#include <string.h>

#include "core/log.h"
#include "host/configfile.h"

int configfile_load_all(const struct options *options, struct config **ret)
{
	struct config *config = config_new();
	char *error = NULL;
	int r = config ? configfile_load(config, options->config) : -ENOMEM;

	for (size_t i = 0; r >= 0 && i < options->restart_count; i++) {
		r = config_add_restart(config, options->restarts[i], &error);
		if (r == -EINVAL) {
			log_error("--restart %s: %s", options->restarts[i],
				  error ? error : "not MATCH[=ACTION]");
			r = -EDOM; /* the command line's fault, not the file's */
		}
		free(error);
		error = NULL;
		/* A policy is named after its MATCH: a mistyped action would be part of the regex. */
		if (r >= 0 && strchr(options->restarts[i], '=') && config_find(config, options->restarts[i]))
			log_notice("--restart %s: no ACTION follows a '=', so all of it is the MATCH; the "
				   "action is restart",
				   options->restarts[i]);
	}
	if (r < 0) {
		config_free(config);
		return r;
	}
	*ret = config;
	return 0;
}
