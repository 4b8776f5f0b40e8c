// SPDX-License-Identifier: GPL-2.0-or-later
/* A unit's properties out of a D-Bus reply. */
#include "host/systemd_unit.h"

#ifdef HAVE_SYSTEMD
#include <stddef.h>
#include <stdio.h>
#include <string.h>

#include "core/clock.h"

typedef int (*property_fn)(sd_bus_message *m, void *field);

static int read_word(sd_bus_message *m, void *field)
{
	const char *s;
	int r = sd_bus_message_read(m, "s", &s);

	if (r >= 0)
		snprintf(field, UNIT_WORD_SIZE, "%s", s);
	return r;
}

static int read_pid(sd_bus_message *m, void *field)
{
	uint32_t u = 0;
	int r = sd_bus_message_read(m, "u", &u);

	*(pid_t *)field = (pid_t)u;
	return r;
}

static int read_u32(sd_bus_message *m, void *field)
{
	return sd_bus_message_read(m, "u", (uint32_t *)field);
}

static int read_usec(sd_bus_message *m, void *field)
{
	uint64_t usec = 0;
	int r = sd_bus_message_read(m, "t", &usec);

	*(uint64_t *)field = usec > UINT64_MAX / NSEC_PER_USEC ? UINT64_MAX : usec * NSEC_PER_USEC;
	return r;
}

static int read_job(sd_bus_message *m, void *field)
{
	const char *path;

	return sd_bus_message_read(m, "(uo)", (uint32_t *)field, &path);
}

static int read_numbers(sd_bus_message *m, struct unit_statuses *list, bool are_signals)
{
	int32_t n;
	int r = sd_bus_message_enter_container(m, 'a', "i");

	if (r < 0)
		return r;
	while ((r = sd_bus_message_read(m, "i", &n)) > 0) {
		if (are_signals && n >= 1 && n <= 64)
			list->signals |= 1ULL << (n - 1);
		else if (!are_signals && n >= 0 && n <= 255)
			list->codes[n / 8] |= (uint8_t)(1 << (n % 8));
	}
	return r < 0 ? r : sd_bus_message_exit_container(m);
}

static int read_statuses(sd_bus_message *m, void *field)
{
	int r = sd_bus_message_enter_container(m, 'r', "aiai");

	if (r >= 0)
		r = read_numbers(m, field, false);
	if (r >= 0)
		r = read_numbers(m, field, true);
	return r < 0 ? r : sd_bus_message_exit_container(m);
}

static const struct {
	const char *name, *type;
	property_fn read;
	size_t offset;
} properties[] = {
	{"LoadState", "s", read_word, offsetof(struct unit_info, load_state)},
	{"ActiveState", "s", read_word, offsetof(struct unit_info, active_state)},
	{"SubState", "s", read_word, offsetof(struct unit_info, sub_state)},
	{"Type", "s", read_word, offsetof(struct unit_info, type)},
	{"Restart", "s", read_word, offsetof(struct unit_info, restart)},
	{"Result", "s", read_word, offsetof(struct unit_info, result)},
	{"MainPID", "u", read_pid, offsetof(struct unit_info, main_pid)},
	{"ControlPID", "u", read_pid, offsetof(struct unit_info, control_pid)},
	{"NRestarts", "u", read_u32, offsetof(struct unit_info, restarts)},
	{"Job", "(uo)", read_job, offsetof(struct unit_info, job)},
	{"RestartUSec", "t", read_usec, offsetof(struct unit_info, restart_delay)},
	{"SuccessExitStatus", "(aiai)", read_statuses, offsetof(struct unit_info, success)},
	{"RestartPreventExitStatus", "(aiai)", read_statuses, offsetof(struct unit_info, prevent)},
	{"RestartForceExitStatus", "(aiai)", read_statuses, offsetof(struct unit_info, force)},
};

static int read_property(sd_bus_message *m, const char *name, struct unit_info *unit)
{
	const char *contents;
	char type;
	int r = sd_bus_message_peek_type(m, &type, &contents);

	if (r < 0)
		return r;
	for (size_t i = 0; i < sizeof(properties) / sizeof(properties[0]); i++) {
		if (strcmp(properties[i].name, name) != 0 || strcmp(properties[i].type, contents) != 0)
			continue;
		r = sd_bus_message_enter_container(m, 'v', contents);
		if (r >= 0)
			r = properties[i].read(m, (char *)unit + properties[i].offset);
		return r < 0 ? r : sd_bus_message_exit_container(m);
	}
	return sd_bus_message_skip(m, "v");
}

int systemd_unit_parse(sd_bus_message *reply, struct unit_info *ret)
{
	struct unit_info unit = {0};
	int r = sd_bus_message_enter_container(reply, 'a', "{sv}");

	if (r < 0)
		return r;
	while ((r = sd_bus_message_enter_container(reply, 'e', "sv")) > 0) {
		const char *name;

		r = sd_bus_message_read(reply, "s", &name);
		if (r >= 0)
			r = read_property(reply, name, &unit);
		if (r >= 0)
			r = sd_bus_message_exit_container(reply);
		if (r < 0)
			return r;
	}
	if (r < 0)
		return r;
	*ret = unit;
	return 0;
}
#endif
