// SPDX-License-Identifier: GPL-2.0-or-later
/* Error sentences of the parsers. */
#include "core/sentence.h"

#include <errno.h>
#include <stdarg.h>
#include <stdio.h>

int sentence_error(char **ret_error, const char *fmt, ...)
{
	va_list ap;

	if (!ret_error)
		return -EINVAL;
	va_start(ap, fmt);
	if (vasprintf(ret_error, fmt, ap) < 0)
		*ret_error = NULL;
	va_end(ap);
	return -EINVAL;
}
