// SPDX-License-Identifier: GPL-2.0-or-later
/* Talking to systemd over sd-bus, without ever waiting for it. */
#include "host/systemd.h"

#include <errno.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/epoll.h>

const char *systemd_private_bus = "unix:path=/run/systemd/private";

#ifdef HAVE_SYSTEMD
#include <systemd/sd-bus.h>
#include <systemd/sd-daemon.h>

#include "host/systemd_unit.h"

#define DESTINATION  "org.freedesktop.systemd1"
#define MANAGER	     "org.freedesktop.systemd1.Manager"
#define MANAGER_PATH "/org/freedesktop/systemd1"

struct systemd_request {
	struct systemd *systemd;
	struct systemd_request *next;
	char unit[UNIT_NAME_SIZE];
	char job[128];	 /* object path of the job, once systemd has told it */
	char early[128]; /* a job of this unit that was removed before that ... */
	char result[32]; /* ... and its result */
	systemd_unit_fn on_unit;
	systemd_job_fn on_job;
	void *arg;
	sd_bus_slot *slot;
	struct loop_source *timer;
};

struct systemd {
	struct loop *loop;
	sd_bus *bus;
	struct loop_source *source, *timer;
	struct systemd_request *requests;
};

bool systemd_available(void)
{
	return sd_booted() > 0;
}

static struct systemd_request *drop(struct systemd_request *request)
{
	struct systemd_request **p = &request->systemd->requests;

	while (*p && *p != request)
		p = &(*p)->next;
	if (*p)
		*p = request->next;
	loop_remove(request->timer);
	sd_bus_slot_unref(request->slot);
	free(request);
	return NULL;
}

static void finish(struct systemd_request *request, int error, const struct unit_info *unit,
		   const char *result)
{
	systemd_unit_fn on_unit = request->on_unit;
	systemd_job_fn on_job = request->on_job;
	void *arg = request->arg;
	char copy[32];

	snprintf(copy, sizeof(copy), "%s", result ?: "");
	drop(request);
	if (on_unit)
		on_unit(arg, error, error < 0 ? NULL : unit);
	else
		on_job(arg, error, error < 0 ? NULL : copy);
}

static void disconnect(struct systemd *systemd, int error)
{
	systemd->source = loop_remove(systemd->source);
	systemd->timer = loop_remove(systemd->timer);
	systemd->bus = sd_bus_close_unref(systemd->bus);
	while (systemd->requests)
		finish(systemd->requests, error, NULL, NULL);
}

static void update_events(struct systemd *systemd);

static void process(struct systemd *systemd)
{
	sd_bus *bus = sd_bus_ref(systemd->bus);
	int r;

	do
		r = sd_bus_process(bus, NULL);
	while (r > 0 && systemd->bus == bus);
	if (systemd->bus == bus) {
		if (r < 0)
			disconnect(systemd, r);
		else
			update_events(systemd);
	}
	sd_bus_unref(bus);
}

static void on_ready(void *arg, int fd, uint32_t events)
{
	(void)fd;
	(void)events;
	process(arg);
}

static void on_timeout(void *arg)
{
	struct systemd *systemd = arg;

	systemd->timer = NULL;
	process(systemd);
}

/* sd-bus says after every step what it waits for next; poll's bits are epoll's. */
static void update_events(struct systemd *systemd)
{
	uint64_t deadline = UINT64_MAX;
	int events = sd_bus_get_events(systemd->bus);

	if (events >= 0 && systemd->source)
		loop_modify_fd(systemd->source, (uint32_t)events);
	systemd->timer = loop_remove(systemd->timer);
	if (sd_bus_get_timeout(systemd->bus, &deadline) < 0 || deadline == UINT64_MAX)
		return;
	/* It counts us of CLOCK_MONOTONIC; a look too early or late only costs another look. */
	struct timespec now;
	uint64_t now_us, wait = 0;

	clock_gettime(CLOCK_MONOTONIC, &now);
	now_us = (uint64_t)now.tv_sec * 1000000 + (uint64_t)now.tv_nsec / 1000;
	if (deadline > now_us)
		wait = (deadline - now_us) * NSEC_PER_USEC;
	loop_add_timer(systemd->loop, clock_now(loop_clock(systemd->loop)) + wait, on_timeout, systemd,
		       &systemd->timer);
}

static int on_job_removed(sd_bus_message *message, void *arg, sd_bus_error *error)
{
	struct systemd *systemd = arg;
	const char *path, *unit, *result;
	uint32_t id;

	(void)error;
	if (sd_bus_message_read(message, "uoss", &id, &path, &unit, &result) < 0)
		return 0;
	for (struct systemd_request *r = systemd->requests, *next; r; r = next) {
		next = r->next;
		if (!r->on_job)
			continue;
		if (strcmp(r->job, path) == 0) {
			finish(r, 0, NULL, result);
			break; /* what it called may have changed the list; a job is one request's */
		}
		if (!r->job[0] && strcmp(r->unit, unit) == 0) {
			snprintf(r->early, sizeof(r->early), "%s", path);
			snprintf(r->result, sizeof(r->result), "%s", result);
		}
	}
	return 0;
}

static int ignore_reply(sd_bus_message *message, void *arg, sd_bus_error *error)
{
	(void)message;
	(void)arg;
	(void)error;
	return 0;
}

/* The manager's own socket works without a message bus, for root. */
static int open_private(sd_bus **ret)
{
	sd_bus *bus;
	int r = sd_bus_new(&bus);

	if (r < 0)
		return r;
	r = sd_bus_set_address(bus, systemd_private_bus);
	if (r >= 0)
		r = sd_bus_start(bus);
	if (r < 0) {
		sd_bus_unref(bus);
		return r;
	}
	*ret = bus;
	return 0;
}

static int connect_bus(struct systemd *systemd)
{
	int r;

	if (systemd->bus)
		return 0;
	r = open_private(&systemd->bus);
	if (r < 0)
		r = sd_bus_open_system(&systemd->bus);
	if (r < 0)
		return r;
	r = loop_add_fd(systemd->loop, sd_bus_get_fd(systemd->bus), EPOLLIN, on_ready, systemd,
			&systemd->source);
	if (r >= 0)
		r = sd_bus_match_signal_async(systemd->bus, NULL, DESTINATION, MANAGER_PATH, MANAGER,
					      "JobRemoved", on_job_removed, ignore_reply, systemd);
	/* On a message bus the manager is silent until somebody subscribes; its own socket needs none. */
	if (r >= 0)
		r = sd_bus_call_method_async(systemd->bus, NULL, DESTINATION, MANAGER_PATH, MANAGER,
					     "Subscribe", ignore_reply, NULL, NULL);
	if (r < 0) {
		systemd->source = loop_remove(systemd->source);
		systemd->bus = sd_bus_close_unref(systemd->bus);
		return r;
	}
	return 0;
}

int systemd_new(struct systemd **ret, struct loop *loop)
{
	struct systemd *systemd;

	if (!systemd_available())
		return -EOPNOTSUPP;
	systemd = calloc(1, sizeof(*systemd));
	if (!systemd)
		return -ENOMEM;
	systemd->loop = loop;
	*ret = systemd;
	return 0;
}

struct systemd *systemd_free(struct systemd *systemd)
{
	if (!systemd)
		return NULL;
	while (systemd->requests)
		drop(systemd->requests);
	disconnect(systemd, -ECANCELED);
	free(systemd);
	return NULL;
}

static void on_request_timeout(void *arg)
{
	struct systemd_request *request = arg;

	request->timer = NULL;
	finish(request, -ETIMEDOUT, NULL, NULL);
}

static int add_request(struct systemd *systemd, const char *unit, uint64_t timeout, void *arg,
		       struct systemd_request **ret)
{
	struct systemd_request *request;
	int r;

	if (strlen(unit) >= UNIT_NAME_SIZE)
		return -ENAMETOOLONG;
	r = connect_bus(systemd);
	if (r < 0)
		return r;
	request = calloc(1, sizeof(*request));
	if (!request)
		return -ENOMEM;
	request->systemd = systemd;
	request->arg = arg;
	snprintf(request->unit, sizeof(request->unit), "%s", unit);
	r = loop_add_timer(systemd->loop, clock_now(loop_clock(systemd->loop)) + timeout, on_request_timeout,
			   request, &request->timer);
	if (r < 0) {
		free(request);
		return r;
	}
	request->next = systemd->requests;
	systemd->requests = request;
	*ret = request;
	return 0;
}

static int on_properties(sd_bus_message *reply, void *arg, sd_bus_error *error)
{
	struct systemd_request *request = arg;
	struct unit_info unit = {0};
	int r = -sd_bus_message_get_errno(reply);

	(void)error;
	if (r == 0)
		r = systemd_unit_parse(reply, &unit);
	finish(request, r < 0 ? r : 0, &unit, NULL);
	return 0;
}

int systemd_query_unit(struct systemd *systemd, const char *unit, uint64_t timeout, systemd_unit_fn fn,
		       void *arg, struct systemd_request **ret)
{
	struct systemd_request *request;
	char *path = NULL;
	int r = add_request(systemd, unit, timeout, arg, &request);

	if (r < 0)
		return r;
	request->on_unit = fn;
	r = sd_bus_path_encode(MANAGER_PATH "/unit", unit, &path);
	if (r >= 0)
		r = sd_bus_call_method_async(systemd->bus, &request->slot, DESTINATION, path,
					     "org.freedesktop.DBus.Properties", "GetAll", on_properties,
					     request, "s", "");
	free(path);
	if (r < 0) {
		drop(request);
		return r;
	}
	update_events(systemd);
	*ret = request;
	return 0;
}

static int on_restart_reply(sd_bus_message *reply, void *arg, sd_bus_error *error)
{
	struct systemd_request *request = arg;
	const char *path;
	int r = -sd_bus_message_get_errno(reply);

	(void)error;
	if (r == 0)
		r = sd_bus_message_read(reply, "o", &path);
	if (r < 0) {
		finish(request, r, NULL, NULL);
		return 0;
	}
	snprintf(request->job, sizeof(request->job), "%s", path);
	if (strcmp(request->early, path) == 0)
		finish(request, 0, NULL, request->result);
	return 0;
}

int systemd_restart_unit(struct systemd *systemd, const char *unit, uint64_t timeout, systemd_job_fn fn,
			 void *arg, struct systemd_request **ret)
{
	struct systemd_request *request;
	int r = add_request(systemd, unit, timeout, arg, &request);

	if (r < 0)
		return r;
	request->on_job = fn;
	r = sd_bus_call_method_async(systemd->bus, &request->slot, DESTINATION, MANAGER_PATH, MANAGER,
				     "RestartUnit", on_restart_reply, request, "ss", unit, "replace");
	if (r < 0) {
		drop(request);
		return r;
	}
	update_events(systemd);
	*ret = request;
	return 0;
}

struct systemd_request *systemd_cancel(struct systemd_request *request)
{
	return request ? drop(request) : NULL;
}

#else

bool systemd_available(void)
{
	return false;
}

int systemd_new(struct systemd **ret, struct loop *loop)
{
	(void)ret;
	(void)loop;
	return -EOPNOTSUPP;
}

struct systemd *systemd_free(struct systemd *systemd)
{
	(void)systemd;
	return NULL;
}

int systemd_query_unit(struct systemd *systemd, const char *unit, uint64_t timeout, systemd_unit_fn fn,
		       void *arg, struct systemd_request **ret)
{
	(void)systemd, (void)unit, (void)timeout, (void)fn, (void)arg, (void)ret;
	return -EOPNOTSUPP;
}

int systemd_restart_unit(struct systemd *systemd, const char *unit, uint64_t timeout, systemd_job_fn fn,
			 void *arg, struct systemd_request **ret)
{
	(void)systemd, (void)unit, (void)timeout, (void)fn, (void)arg, (void)ret;
	return -EOPNOTSUPP;
}

struct systemd_request *systemd_cancel(struct systemd_request *request)
{
	(void)request;
	return NULL;
}

#endif
