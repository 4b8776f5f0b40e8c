// SPDX-License-Identifier: GPL-2.0-or-later
/* The precise probes: attached with the first suspect that needs one, detached with the last. */
#include "detect/probes.h"

#include <bpf/bpf.h>
#include <bpf/libbpf.h>
#include <errno.h>
#include <linux/perf_event.h>
#include <stdlib.h>
#include <string.h>
#include <sys/syscall.h>
#include <unistd.h>

#include "faultd.skel.h"

enum { THREADS = 64, CPUS = 1024 };

/* A prime of microseconds, so that it does not march in step with timers of the host. */
#define SAMPLE_PERIOD 1009000

struct probed {
	pid_t pid, tid;		/* 0: free */
	struct bpf_link *clock; /* NULL: not sampled */
};

struct probes {
	struct faultd_bpf *bpf;
	struct probed threads[THREADS];
	unsigned int count;
	struct bpf_link *enter, *leave;
	struct bpf_link *cpus[CPUS];
	unsigned int cpu_users;
};

int probes_new(struct probes **ret, struct faultd_bpf *bpf)
{
	struct probes *probes = calloc(1, sizeof(*probes));

	if (!probes)
		return -ENOMEM;
	probes->bpf = bpf;
	*ret = probes;
	return 0;
}

/* The variant that was loaded on this kernel. */
static struct bpf_program *loaded(struct bpf_program *a, struct bpf_program *b)
{
	return bpf_program__fd(a) >= 0 ? a : bpf_program__fd(b) >= 0 ? b : NULL;
}

static struct bpf_link *attach(struct bpf_program *program)
{
	return program ? bpf_program__attach(program) : NULL;
}

static int attach_calls(struct probes *probes)
{
	struct faultd_bpf *bpf = probes->bpf;

	if (probes->enter)
		return 0;
	probes->enter = attach(loaded(bpf->progs.probe_sys_enter, bpf->progs.probe_sys_enter_perf));
	probes->leave = attach(loaded(bpf->progs.probe_sys_exit, bpf->progs.probe_sys_exit_perf));
	return probes->enter ? 0 : -EOPNOTSUPP;
}

static void detach_calls(struct probes *probes)
{
	bpf_link__destroy(probes->enter);
	bpf_link__destroy(probes->leave);
	probes->enter = probes->leave = NULL;
}

static struct bpf_link *sample(struct bpf_program *program, pid_t tid, int cpu)
{
	struct perf_event_attr attr = {
		.type = PERF_TYPE_SOFTWARE,
		.size = sizeof(attr),
		.config = PERF_COUNT_SW_CPU_CLOCK,
		.sample_period = SAMPLE_PERIOD,
	};
	struct bpf_link *link;
	int fd;

	if (bpf_program__fd(program) < 0)
		return NULL;
	fd = (int)syscall(SYS_perf_event_open, &attr, tid, cpu, -1, PERF_FLAG_FD_CLOEXEC);
	if (fd < 0)
		return NULL;
	link = bpf_program__attach_perf_event(program, fd);
	if (!link)
		close(fd);
	return link;
}

static struct probed *find(struct probes *probes, pid_t tid)
{
	for (int i = 0; i < THREADS; i++)
		if (probes->threads[i].tid == tid)
			return &probes->threads[i];
	return NULL;
}

static void forget_samples(struct probes *probes, struct fe_sample_key key)
{
	bpf_map__delete_elem(probes->bpf->maps.samples, &key, sizeof(key), 0);
}

int probes_arm_thread(struct probes *probes, pid_t pid, pid_t tid, uint32_t poll_fd, uint64_t now)
{
	struct fe_armed_group group = {.fd = poll_fd};
	struct probed *probed = find(probes, tid);
	struct fe_armed fresh = {.since = now};
	int r;

	if (probed)
		return 0;
	probed = find(probes, 0);
	if (!probed)
		return -ENOSPC;
	r = bpf_map__update_elem(probes->bpf->maps.armed, &tid, sizeof(tid), &fresh, sizeof(fresh), BPF_ANY);
	if (r >= 0)
		r = bpf_map__update_elem(probes->bpf->maps.armed_groups, &pid, sizeof(pid), &group,
					 sizeof(group), BPF_NOEXIST);
	if (r >= 0 || r == -EEXIST)
		r = attach_calls(probes);
	/* Anew, now that both ends of a call are seen. */
	if (r >= 0)
		r = bpf_map__update_elem(probes->bpf->maps.armed, &tid, sizeof(tid), &fresh, sizeof(fresh),
					 BPF_ANY);
	if (r < 0) {
		bpf_map__delete_elem(probes->bpf->maps.armed, &tid, sizeof(tid), 0);
		if (!probes->count)
			detach_calls(probes);
		return r;
	}
	forget_samples(probes, (struct fe_sample_key){~0U, (uint32_t)tid});
	probed->pid = pid;
	probed->tid = tid;
	probed->clock = sample(probes->bpf->progs.probe_thread_clock, tid, -1);
	probes->count++;
	return 0;
}

int probes_read_thread(struct probes *probes, pid_t tid, struct fe_armed *ret, struct fe_samples *ret_samples,
		       uint64_t *ret_polls)
{
	struct fe_sample_key key = {~0U, (uint32_t)tid};
	struct probed *probed = find(probes, tid);
	struct fe_armed_group group = {0};

	if (!probed)
		return -ENOENT;
	bpf_map__lookup_elem(probes->bpf->maps.armed_groups, &probed->pid, sizeof(probed->pid), &group,
			     sizeof(group), 0);
	*ret_polls = group.polls;
	if (bpf_map__lookup_elem(probes->bpf->maps.samples, &key, sizeof(key), ret_samples,
				 sizeof(*ret_samples), 0) < 0)
		*ret_samples = (struct fe_samples){0};
	return bpf_map__lookup_elem(probes->bpf->maps.armed, &tid, sizeof(tid), ret, sizeof(*ret), 0);
}

static bool has_group(const struct probes *probes, pid_t pid)
{
	for (int i = 0; i < THREADS; i++)
		if (probes->threads[i].tid && probes->threads[i].pid == pid)
			return true;
	return false;
}

void probes_disarm_thread(struct probes *probes, pid_t tid)
{
	struct probed *probed = find(probes, tid);
	pid_t pid;

	if (!probed || !tid)
		return;
	bpf_link__destroy(probed->clock);
	pid = probed->pid;
	*probed = (struct probed){0};
	if (!has_group(probes, pid))
		bpf_map__delete_elem(probes->bpf->maps.armed_groups, &pid, sizeof(pid), 0);
	if (!--probes->count)
		detach_calls(probes);
	bpf_map__delete_elem(probes->bpf->maps.armed, &tid, sizeof(tid), 0);
	forget_samples(probes, (struct fe_sample_key){~0U, (uint32_t)tid});
}

/* Those of the CPUs only: threads that are armed keep theirs. */
static void forget_cpu_samples(struct probes *probes)
{
	struct bpf_map *map = probes->bpf->maps.samples;
	struct fe_sample_key key, next;
	bool more = bpf_map__get_next_key(map, NULL, &next, sizeof(next)) == 0;

	while (more) {
		key = next;
		more = bpf_map__get_next_key(map, &key, &next, sizeof(next)) == 0;
		if (key.cpu != ~0U)
			forget_samples(probes, key);
	}
}

int probes_arm_cpus(struct probes *probes)
{
	int cpus = libbpf_num_possible_cpus(), attached = 0;

	if (probes->cpu_users++)
		return 0;
	forget_cpu_samples(probes);
	for (int cpu = 0; cpu < cpus && cpu < CPUS; cpu++) {
		probes->cpus[cpu] = sample(probes->bpf->progs.probe_cpu_clock, -1, cpu);
		attached += probes->cpus[cpu] != NULL;
	}
	if (attached)
		return 0;
	probes->cpu_users--;
	return -EOPNOTSUPP;
}

void probes_read_cpus(struct probes *probes,
		      void (*fn)(void *arg, const struct fe_sample_key *key,
				 const struct fe_samples *samples),
		      void *arg)
{
	struct bpf_map *map = probes->bpf->maps.samples;
	struct fe_sample_key key, *previous = NULL;

	while (bpf_map__get_next_key(map, previous, &key, sizeof(key)) == 0) {
		struct fe_samples samples;

		if (key.cpu != ~0U &&
		    bpf_map__lookup_elem(map, &key, sizeof(key), &samples, sizeof(samples), 0) == 0)
			fn(arg, &key, &samples);
		previous = &key;
	}
}

void probes_disarm_cpus(struct probes *probes)
{
	if (!probes->cpu_users || --probes->cpu_users)
		return;
	for (int cpu = 0; cpu < CPUS; cpu++) {
		bpf_link__destroy(probes->cpus[cpu]);
		probes->cpus[cpu] = NULL;
	}
}

void probes_free(struct probes *probes)
{
	if (!probes)
		return;
	for (int i = 0; i < THREADS; i++)
		probes_disarm_thread(probes, probes->threads[i].tid);
	if (probes->cpu_users) {
		probes->cpu_users = 1;
		probes_disarm_cpus(probes);
	}
	free(probes);
}
