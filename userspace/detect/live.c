// SPDX-License-Identifier: GPL-2.0-or-later
/* The kernel as the source: the BPF programs are loaded, attached, drained and their losses counted here. */
#include <bpf/bpf.h>
#include <bpf/libbpf.h>
#include <errno.h>
#include <malloc.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/epoll.h>
#include <unistd.h>

#include "core/log.h"
#include "detect/correlate.h"
#include "detect/decode.h"
#include "detect/detect.h"
#include "detect/programs.h"
#include "detect/recording.h"
#include "detect/running.h"
#include "detect/scan.h"
#include "faultd.skel.h"
#include "faultd/event.h"

/* Often enough that a loss is told while its cause can still be looked at; it costs a few system calls. */
#define LOSS_INTERVAL NSEC_PER_SEC

enum { LOAD_ATTEMPTS = 16, MAX_CPUS = 4096, MAX_PROGRAMS = 64 };

struct detect {
	struct loop *loop;
	struct detect_handler handler;
	struct scope_needs needs;
	struct faultd_bpf *bpf;
	struct ring_buffer *critical, *frequent;
	struct loop_source *critical_source, *frequent_source, *loss_timer, *hold_timer;
	struct correlator *correlator;
	struct recorder *recorder;
	struct scan *scan; /* NULL: this kernel takes no iterator */
	double overhead_budget;
	struct bpf_link *links[MAX_PROGRAMS];
	bool disabled[MAX_PROGRAMS]; /* programs[] that this kernel refused */
	uint64_t lost[FE_PROG_COUNT];
	uint64_t missed[MAX_PROGRAMS];
	uint64_t garbage, record_dropped;
	unsigned int attached, known;
	unsigned int ticks;
};

/* libbpf's word about the program that failed last; the loader has no better way to tell. */
static char failed_program[64];

static int print_libbpf(enum libbpf_print_level level, const char *format, va_list args)
{
	char line[8192], name[64];

	vsnprintf(line, sizeof(line), format, args);
	if (sscanf(line, "libbpf: prog '%63[^']': failed to load", name) == 1 ||
	    sscanf(line, "libbpf: prog '%63[^']': failed to find kernel BTF", name) == 1 ||
	    sscanf(line, "libbpf: prog '%63[^']': BPF program load failed", name) == 1)
		snprintf(failed_program, sizeof(failed_program), "%s", name);
	line[strcspn(line, "\n")] = '\0';
	if (level == LIBBPF_DEBUG)
		return 0;
	log_debug("%s", line);
	return 0;
}

static struct bpf_program *find_program(struct faultd_bpf *bpf, const char *name)
{
	return bpf_object__find_program_by_name(bpf->obj, name);
}

static void write_settings(struct detect *detect)
{
	struct fe_settings *settings = &detect->bpf->data->settings;

	settings->kill_mask = detect->needs.kill_mask;
	settings->exit_failure = detect->needs.exit_failure;
	settings->exit_zero = detect->needs.exit_zero;
	settings->exec = detect->needs.execs;
	settings->watching = detect->needs.execs != 0;
	settings->stack_bytes = FE_STACK_MAX;
}

/* What is no longer wanted goes first: until the new names are in, less is told, and userspace scans
 * afterwards. */
static int write_names(struct detect *detect)
{
	struct bpf_map *map = detect->bpf->maps.exec_names;
	char key[FE_COMM_SIZE];
	int r = 0;

	while (bpf_map__get_next_key(map, NULL, key, sizeof(key)) == 0 &&
	       bpf_map__delete_elem(map, key, sizeof(key), 0) == 0)
		;
	for (size_t i = 0; r >= 0 && i < detect->needs.name_count; i++) {
		const struct exec_name *name = &detect->needs.names[i];

		r = bpf_map__update_elem(map, name->name, sizeof(name->name), &name->kinds,
					 sizeof(name->kinds), BPF_ANY);
	}
	return r;
}

static bool program_wanted(const struct detect *detect, unsigned int i,
			   const struct kernel_features *features)
{
	if (detect->disabled[i] || (programs[i].wanted && !programs[i].wanted(features)))
		return false;
	return true;
}

/* One attempt. Returns -EAGAIN when it failed for the sake of a program that we can do without. */
static int load_once(struct detect *detect, const struct kernel_features *features)
{
	int r;

	failed_program[0] = '\0';
	detect->bpf = faultd_bpf__open();
	if (!detect->bpf)
		return -errno;
	for (unsigned int i = 0; i < program_count; i++) {
		struct bpf_program *program = find_program(detect->bpf, programs[i].name);

		if (program)
			bpf_program__set_autoload(program, program_wanted(detect, i, features));
	}
	write_settings(detect);
	r = faultd_bpf__load(detect->bpf);
	if (r >= 0)
		return 0;
	faultd_bpf__destroy(detect->bpf);
	detect->bpf = NULL;
	if (r == -EPERM || r == -EACCES)
		if (!failed_program[0])
			return -EPERM;
	for (unsigned int i = 0; i < program_count; i++) {
		if (strcmp(programs[i].name, failed_program) != 0)
			continue;
		if (programs[i].need == PROGRAM_REQUIRED) {
			log_error("this kernel refuses the program for %s (%s): %s; it is made for 5.10 and "
				  "later; -vv shows the kernel's own words",
				  programs[i].hook, strerror(-r), programs[i].consequence);
			return -EOPNOTSUPP;
		}
		detect->disabled[i] = true;
		return -EAGAIN;
	}
	log_error("cannot load the BPF programs: %s", strerror(-r));
	return r;
}

static int load(struct detect *detect, const struct kernel_features *features)
{
	int r = -EAGAIN;

	for (int i = 0; i < LOAD_ATTEMPTS && r == -EAGAIN; i++)
		r = load_once(detect, features);
	return r;
}

static void tell_blind(struct detect *detect, unsigned int i)
{
	if (detect->handler.blind && programs[i].consequence)
		detect->handler.blind(detect->handler.arg, programs[i].hook, programs[i].consequence);
}

/* What of the table was refused, and is not stood in for by another entry of the same slot. */
static int attach(struct detect *detect, const struct kernel_features *features)
{
	for (unsigned int i = 0; i < program_count; i++) {
		struct bpf_program *program = find_program(detect->bpf, programs[i].name);
		struct bpf_link *link;

		if (detect->disabled[i]) {
			detect->known += programs[i].consequence != NULL;
			tell_blind(detect, i);
			continue;
		}
		if (!program || !program_wanted(detect, i, features) || programs[i].need == PROGRAM_ON_DEMAND)
			continue;
		detect->known++;
		link = bpf_program__attach(program);
		if (link) {
			detect->links[i] = link;
			detect->attached++;
			continue;
		}
		if (programs[i].need == PROGRAM_REQUIRED) {
			int r = -errno;

			log_error("cannot attach to %s (%s): %s", programs[i].hook, strerror(-r),
				  programs[i].consequence);
			return r == -EPERM || r == -EACCES ? -EPERM : -EOPNOTSUPP;
		}
		tell_blind(detect, i);
	}
	return 0;
}

static void arm_hold_timer(struct detect *detect);

static void hold_over(void *arg)
{
	struct detect *detect = arg;

	detect->hold_timer = NULL;
	correlator_advance(detect->correlator, clock_now(loop_clock(detect->loop)));
	arm_hold_timer(detect);
}

static void arm_hold_timer(struct detect *detect)
{
	uint64_t deadline = correlator_deadline(detect->correlator);

	detect->hold_timer = loop_remove(detect->hold_timer);
	if (deadline)
		loop_add_timer(detect->loop, deadline, hold_over, detect, &detect->hold_timer);
}

static void feed(struct detect *detect, const void *record, size_t size)
{
	if (decode_check(record, size)) {
		detect->garbage++;
		return;
	}
	if (detect->recorder)
		recorder_put(detect->recorder, record, size);
	correlator_feed(detect->correlator, record, size);
}

static void on_stall(void *arg, const void *record, size_t size)
{
	feed(arg, record, size);
}

static int on_record(void *arg, void *record, size_t size)
{
	feed(arg, record, size);
	return 0;
}

/* Stacks and mappings first: the stack of a crash is sent before its death record, and is then at hand. */
void detect_drain(struct detect *detect)
{
	ring_buffer__consume(detect->frequent);
	ring_buffer__consume(detect->critical);
	arm_hold_timer(detect);
}

static void on_ring(void *arg, int fd, uint32_t events)
{
	(void)fd;
	(void)events;
	detect_drain(arg);
}

static struct bpf_link *find_link(const struct detect *detect, const char *name)
{
	for (unsigned int i = 0; i < program_count; i++)
		if (strcmp(programs[i].name, name) == 0)
			return detect->links[i];
	return NULL;
}

static void set_scan(struct detect *detect)
{
	if (detect->scan)
		scan_set(detect->scan, detect->needs.stalls, detect->overhead_budget);
}

static int open_scan(struct detect *detect)
{
	struct scan_options options = {
		.loop = detect->loop,
		.bpf = detect->bpf,
		.iterator = find_link(detect, "scan_threads"),
		.handler = &detect->handler,
		.tell = on_stall,
		.tell_arg = detect,
	};
	int r = options.iterator ? scan_new(&detect->scan, &options) : 0;

	set_scan(detect);
	return r;
}

static void tell_lost(struct detect *detect, const char *program, uint64_t *known, uint64_t total)
{
	if (total <= *known)
		return;
	if (detect->handler.lost)
		detect->handler.lost(detect->handler.arg, program, total - *known, total);
	*known = total;
}

static void check_map_losses(struct detect *detect)
{
	int cpus = libbpf_num_possible_cpus();
	uint64_t values[MAX_CPUS];

	if (cpus <= 0 || cpus > MAX_CPUS)
		return;
	for (uint32_t slot = 0; slot < FE_PROG_COUNT; slot++) {
		uint64_t total = 0;

		if (bpf_map__lookup_elem(detect->bpf->maps.lost, &slot, sizeof(slot), values,
					 (size_t)cpus * sizeof(values[0]), 0) < 0)
			continue;
		for (int cpu = 0; cpu < cpus; cpu++)
			total += values[cpu];
		tell_lost(detect, program_slot_name(slot), &detect->lost[slot], total);
	}
}

/* A program that was called while it ran already (on the same CPU) was skipped by the kernel: lost, too. */
static void check_misses(struct detect *detect)
{
	for (unsigned int i = 0; i < program_count; i++) {
		struct bpf_program *program = find_program(detect->bpf, programs[i].name);
		struct bpf_prog_info info = {0};
		uint32_t len = sizeof(info);
		int fd = program ? bpf_program__fd(program) : -1;

		if (fd >= 0 && bpf_obj_get_info_by_fd(fd, &info, &len) == 0)
			tell_lost(detect, programs[i].hook, &detect->missed[i], info.recursion_misses);
	}
}

static void check_losses(void *arg)
{
	struct detect *detect = arg;
	static uint64_t told_garbage;
	int error = 0;

	detect->loss_timer = NULL;
	check_map_losses(detect);
	if (detect->ticks++ % 10 == 0)
		check_misses(detect);
	tell_lost(detect, "unreadable records", &told_garbage, detect->garbage);
	if (detect->recorder)
		tell_lost(detect, "--record", &detect->record_dropped,
			  recorder_dropped(detect->recorder, &error));
	loop_add_timer(detect->loop, clock_now(loop_clock(detect->loop)) + LOSS_INTERVAL, check_losses,
		       detect, &detect->loss_timer);
}

static int open_rings(struct detect *detect)
{
	int r;

	detect->critical =
		ring_buffer__new(bpf_map__fd(detect->bpf->maps.ring_critical), on_record, detect, NULL);
	detect->frequent =
		ring_buffer__new(bpf_map__fd(detect->bpf->maps.ring_frequent), on_record, detect, NULL);
	if (!detect->critical || !detect->frequent)
		return -errno;
	r = loop_add_fd(detect->loop, ring_buffer__epoll_fd(detect->critical), EPOLLIN, on_ring, detect,
			&detect->critical_source);
	if (r >= 0)
		r = loop_add_fd(detect->loop, ring_buffer__epoll_fd(detect->frequent), EPOLLIN, on_ring,
				detect, &detect->frequent_source);
	return r;
}

int detect_open(struct detect **ret, const struct detect_options *options)
{
	struct detect *detect = calloc(1, sizeof(*detect));
	struct kernel_features features = {0};
	int r;

	if (!detect)
		return -ENOMEM;
	detect->loop = options->loop;
	detect->handler = options->handler;
	detect->needs = *options->needs;
	detect->overhead_budget = options->overhead_budget;
	libbpf_set_print(print_libbpf);
	r = correlator_new(&detect->correlator, &options->handler);
	if (r >= 0 && options->record_path) {
		const struct clock *clock = loop_clock(options->loop);

		r = recorder_open(&detect->recorder, options->record_path, clock->realtime_offset,
				  clock_now(clock));
		if (r < 0)
			log_error("%s: cannot record there: %s", options->record_path, strerror(-r));
	}
	if (r >= 0)
		r = kernel_features_read(&features);
	if (r >= 0)
		r = load(detect, &features);
	if (r >= 0)
		r = write_names(detect);
	if (r >= 0)
		r = open_rings(detect);
	if (r >= 0)
		r = attach(detect, &features);
	if (r >= 0)
		r = open_scan(detect);
	if (r < 0) {
		detect_close(detect);
		return r;
	}
	/* The kernel's types took some 10 MiB while programs were relocated; give them back. */
	malloc_trim(0);
	check_losses(detect);
	*ret = detect;
	return 0;
}

int detect_set_needs(struct detect *detect, const struct scope_needs *needs, double overhead_budget)
{
	detect->needs = *needs;
	detect->overhead_budget = overhead_budget;
	write_settings(detect);
	set_scan(detect);
	return write_names(detect);
}

int detect_watch(struct detect *detect, pid_t pid, uint64_t watch)
{
	uint32_t key = (uint32_t)pid;
	int r = bpf_map__update_elem(detect->bpf->maps.watched, &key, sizeof(key), &watch, sizeof(watch),
				     watch == FE_WATCH_FOLLOWED ? BPF_ANY : BPF_NOEXIST);

	return r == -EEXIST ? 0 : r;
}

/* As if it had been executed now: so it also stands in a recording, whose replay then knows as much as we do.
 */
static void found_running(void *arg, const void *record, size_t size)
{
	feed(arg, record, size);
}

int detect_scan_running(struct detect *detect)
{
	return running_each(clock_now(loop_clock(detect->loop)), found_running, detect);
}

void detect_coverage(const struct detect *detect, unsigned int *ret_attached, unsigned int *ret_known)
{
	*ret_attached = detect->attached;
	*ret_known = detect->known;
}

void detect_close(struct detect *detect)
{
	if (!detect)
		return;
	if (detect->critical && detect->frequent) {
		detect_drain(detect);
		check_map_losses(detect);
	}
	if (detect->correlator)
		correlator_flush(detect->correlator);
	scan_free(detect->scan);
	loop_remove(detect->critical_source);
	loop_remove(detect->frequent_source);
	loop_remove(detect->loss_timer);
	loop_remove(detect->hold_timer);
	ring_buffer__free(detect->critical);
	ring_buffer__free(detect->frequent);
	if (detect->recorder) {
		int r = recorder_close(detect->recorder);

		if (r < 0)
			log_error("the recording is incomplete: %s", strerror(-r));
	}
	for (unsigned int i = 0; i < program_count; i++)
		bpf_link__destroy(detect->links[i]);
	if (detect->bpf)
		faultd_bpf__destroy(detect->bpf);
	correlator_free(detect->correlator);
	free(detect);
}
