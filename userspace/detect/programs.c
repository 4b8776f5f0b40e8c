// SPDX-License-Identifier: GPL-2.0-or-later
/* Which BPF programs the running kernel takes, and what is lost without each. */
#include "detect/programs.h"

#include <bpf/btf.h>
#include <bpf/libbpf.h>
#include <errno.h>
#include <stddef.h>
#include <stdio.h>
#include <string.h>
#include <sys/utsname.h>
#include <unistd.h>

#include "core/log.h"

static bool by_btf(const struct kernel_features *features)
{
	return !features->preemptible;
}

static bool by_open_iterator(const struct kernel_features *features)
{
	return features->open_iterator;
}

static bool by_perf(const struct kernel_features *features)
{
	return features->preemptible;
}

static bool maps_at_exit(const struct kernel_features *features)
{
	return features->vma_iterator && features->memory_at_exit && by_btf(features);
}

static bool maps_at_exit_by_perf(const struct kernel_features *features)
{
	return features->vma_iterator && features->memory_at_exit && by_perf(features);
}

static bool maps_by_fentry(const struct kernel_features *features)
{
	return features->vma_iterator && !features->memory_at_exit && features->fentry;
}

static bool maps_by_walk(const struct kernel_features *features)
{
	return !features->vma_iterator && features->fentry;
}

static bool exit_by_fentry(const struct kernel_features *features)
{
	return !features->memory_at_exit && features->fentry;
}

static const char unprobed[] = "busy event loops and spinning threads are not told from healthy ones";

const struct program_info programs[] = {
	{"handle_signal_generate", "signal_generate", FE_PROG_SIGNAL_GENERATE, PROGRAM_OPTIONAL, NULL,
	 "who sent a fatal signal is not known"},
	{"handle_signal_deliver", "signal_deliver", FE_PROG_SIGNAL_DELIVER, PROGRAM_REQUIRED, NULL,
	 "crashes and kills are not seen"},
	{"handle_process_exit", "sched_process_exit", FE_PROG_PROCESS_EXIT, PROGRAM_REQUIRED, by_btf,
	 "exits are not seen"},
	{"handle_process_exit_perf", "sched_process_exit", FE_PROG_PROCESS_EXIT, PROGRAM_REQUIRED, by_perf,
	 "exits are not seen"},
	{"handle_process_exec", "sched_process_exec", FE_PROG_PROCESS_EXEC, PROGRAM_OPTIONAL, by_btf,
	 "processes that start later cannot be restarted by respawn"},
	{"handle_process_exec_perf", "sched_process_exec", FE_PROG_PROCESS_EXEC, PROGRAM_OPTIONAL, by_perf,
	 "processes that start later cannot be restarted by respawn"},
	{"handle_process_fork", "sched_process_fork", FE_PROG_PROCESS_FORK, PROGRAM_OPTIONAL, NULL,
	 "children of watched processes are not followed"},
	{"handle_mark_victim", "oom/mark_victim", FE_PROG_MARK_VICTIM, PROGRAM_OPTIONAL, NULL,
	 "OOM kills are seen as plain SIGKILLs"},
	{"handle_maps_at_exit", "sched_process_exit (mappings)", FE_PROG_MAPS, PROGRAM_OPTIONAL, maps_at_exit,
	 "mappings of crashed processes are not known"},
	{"handle_maps_at_exit_perf", "sched_process_exit (mappings)", FE_PROG_MAPS, PROGRAM_OPTIONAL,
	 maps_at_exit_by_perf, "mappings of crashed processes are not known"},
	{"handle_maps_do_exit", "do_exit (mappings)", FE_PROG_MAPS, PROGRAM_OPTIONAL, maps_by_fentry,
	 "mappings of crashed processes are not known"},
	{"handle_maps_do_exit_walk", "do_exit (mappings)", FE_PROG_MAPS, PROGRAM_OPTIONAL, maps_by_walk,
	 "mappings of crashed processes are not known"},
	{"handle_exit_do_exit", "do_exit (identity)", FE_PROG_EXIT_EARLY, PROGRAM_OPTIONAL, exit_by_fentry,
	 "the executable of a process that exits by itself is known only if it was seen to start"},
	{"scan_threads", "the task iterator", FE_PROG_COUNT, PROGRAM_OPTIONAL, NULL, "stalls are not seen"},
	{"scan_threads_at_once", "the task iterator in one go", FE_PROG_COUNT, PROGRAM_ON_DEMAND,
	 by_open_iterator, NULL},
	{"handle_process_hang", "sched_process_hang", FE_PROG_HUNG, PROGRAM_OPTIONAL, NULL,
	 "what the kernel's hung task detector finds is not told"},
	{"probe_sys_enter", "sys_enter", FE_PROG_COUNT, PROGRAM_ON_DEMAND, by_btf, unprobed},
	{"probe_sys_exit", "sys_exit", FE_PROG_COUNT, PROGRAM_ON_DEMAND, by_btf, unprobed},
	{"probe_sys_enter_perf", "sys_enter", FE_PROG_COUNT, PROGRAM_ON_DEMAND, by_perf, unprobed},
	{"probe_sys_exit_perf", "sys_exit", FE_PROG_COUNT, PROGRAM_ON_DEMAND, by_perf, unprobed},
	{"probe_thread_clock", "the CPU clock", FE_PROG_COUNT, PROGRAM_ON_DEMAND, NULL,
	 "where a busy thread spends its time is not known"},
	{"probe_cpu_clock", "the CPU clock", FE_PROG_COUNT, PROGRAM_ON_DEMAND, NULL,
	 "who has the CPU that a thread starves for is not known"},
};

const unsigned int program_count = sizeof(programs) / sizeof(programs[0]);

/* The parameters of a tracepoint's prototype, the leading void pointer not counted; -1: no such tracepoint.
 */
static int tracepoint_args(const struct btf *btf, const char *name)
{
	char type_name[128];
	const struct btf_type *type;
	int id;

	snprintf(type_name, sizeof(type_name), "btf_trace_%s", name);
	id = btf__find_by_name_kind(btf, type_name, BTF_KIND_TYPEDEF);
	if (id < 0)
		return -1;
	type = btf__type_by_id(btf, btf__type_by_id(btf, id)->type);
	if (!type || !btf_is_ptr(type))
		return -1;
	type = btf__type_by_id(btf, type->type);
	return type && btf_is_func_proto(type) ? btf_vlen(type) - 1 : -1;
}

/*
 * fentry needs the function tracer: tracefs then lists the functions that it can hook. Without tracefs we
 * try, and the kernel says.
 */
static bool functions_traceable(void)
{
	static const char *const roots[] = {"/sys/kernel/tracing", "/sys/kernel/debug/tracing"};
	char path[128];

	for (size_t i = 0; i < sizeof(roots) / sizeof(roots[0]); i++) {
		snprintf(path, sizeof(path), "%s/events", roots[i]);
		if (access(path, F_OK) != 0)
			continue;
		snprintf(path, sizeof(path), "%s/available_filter_functions", roots[i]);
		return access(path, F_OK) == 0;
	}
	return true;
}

/*
 * Programs of BTF tracepoints can be preempted from 7.0 on (a46023d5616e, "tracing: Guard __DECLARE_TRACE()
 * use of __DO_TRACE_CALL() with SRCU-fast"; BTF shows nothing of it). Meanwhile the kernel skips the same
 * program for every other task on that CPU. Those of perf need tracefs.
 */
static bool tracepoints_preemptible(void)
{
	struct utsname name;
	int major;

	return uname(&name) == 0 && sscanf(name.release, "%d.", &major) == 1 && major >= 7 &&
	       access("/sys/kernel/tracing/events/sched/sched_process_exit/id", R_OK) == 0;
}

static void read_features(struct kernel_features *ret, const struct btf *btf)
{
	ret->vma_iterator = btf__find_by_name_kind(btf, "bpf_iter_task_vma_new", BTF_KIND_FUNC) > 0;
	ret->open_iterator = btf__find_by_name_kind(btf, "bpf_iter_task_new", BTF_KIND_FUNC) > 0 &&
			     btf__find_by_name_kind(btf, "bpf_task_from_pid", BTF_KIND_FUNC) > 0;
	ret->memory_at_exit = tracepoint_args(btf, "sched_process_exit") >= 2;
	ret->preemptible = tracepoints_preemptible();
	ret->fentry = functions_traceable() && btf__find_by_name_kind(btf, "do_exit", BTF_KIND_FUNC) > 0;
}

/* CAP_SYS_ADMIN, or CAP_PERFMON and CAP_BPF (5.8). */
static bool may_load(void)
{
	unsigned long long effective = 0;
	FILE *file = fopen("/proc/self/status", "re");
	char line[256];

	while (file && fgets(line, sizeof(line), file))
		if (sscanf(line, "CapEff: %llx", &effective) == 1)
			break;
	if (file)
		fclose(file);
	return effective >> 21 & 1 || (effective >> 38 & 1 && effective >> 39 & 1);
}

int kernel_features_read(struct kernel_features *ret)
{
	struct btf *btf;

	if (!may_load()) {
		log_error("not permitted: loading BPF programs needs CAP_BPF and CAP_PERFMON (or "
			  "CAP_SYS_ADMIN); run it "
			  "as root");
		return -EPERM;
	}
	btf = btf__load_vmlinux_btf();
	if (!btf) {
		log_error("this kernel does not describe its types: /sys/kernel/btf/vmlinux is missing "
			  "(CONFIG_DEBUG_INFO_BTF)");
		return -EOPNOTSUPP;
	}
	read_features(ret, btf);
	btf__free(btf);
	return 0;
}

const char *program_slot_name(enum fe_prog slot)
{
	static const char *const names[FE_PROG_COUNT] = {
		[FE_PROG_SIGNAL_DELIVER] = "signal_deliver",
		[FE_PROG_SIGNAL_GENERATE] = "signal_generate",
		[FE_PROG_PROCESS_EXIT] = "sched_process_exit",
		[FE_PROG_PROCESS_EXEC] = "sched_process_exec",
		[FE_PROG_PROCESS_FORK] = "sched_process_fork",
		[FE_PROG_MARK_VICTIM] = "mark_victim",
		[FE_PROG_STACK] = "signal_deliver (stack)",
		[FE_PROG_MAPS] = "mappings",
		[FE_PROG_EXIT_EARLY] = "do_exit",
		[FE_PROG_HUNG] = "sched_process_hang",
	};

	return slot < FE_PROG_COUNT && names[slot] ? names[slot] : "?";
}
