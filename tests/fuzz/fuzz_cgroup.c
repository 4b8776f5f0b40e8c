// SPDX-License-Identifier: GPL-2.0-or-later
/* Cgroup paths, whose names anybody may choose who may make one. */
#include <string.h>

#include "fuzz.h"
#include "host/cgroup.h"
#include "host/supervisor.h"

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size)
{
	char *path = malloc(size + 1), unit[CGROUP_UNIT_SIZE], container[CGROUP_CONTAINER_SIZE];
	bool user;
	uid_t uid;

	CHECK(path);
	memcpy(path, data, size);
	path[size] = '\0';
	if (cgroup_unit(path, unit, &user, &uid))
		CHECK(*unit && !strchr(unit, '/') && strlen(unit) < sizeof(unit));
	cgroup_unit(path, unit, NULL, NULL);
	if (cgroup_container(path, container))
		CHECK(*container && !strchr(container, '/') && strlen(container) < sizeof(container));
	supervisor_is_pod(path);
	supervisor_is_user_manager(path);
	free(path);
	return 0;
}
