// SPDX-License-Identifier: GPL-2.0-or-later
/* Configuration texts: scanned, parsed, and printed again. */
#include <string.h>

#include "fuzz.h"
#include "host/configfile.h"
#include "host/configparts.h"

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size)
{
	struct config *config = config_new();
	char *text = malloc(size + 1);

	CHECK(config && text);
	memcpy(text, data, size);
	text[size] = '\0';
	if (!explodes(text) && config_scan("faultd.conf", text, size) >= 0 &&
	    config_parse(config, "faultd.conf", text, size) >= 0) {
		FILE *out = fopen("/dev/null", "we");

		CHECK(out);
		configfile_print(config, out);
		fclose(out);
	}
	free(text);
	config_free(config);
	return 0;
}
