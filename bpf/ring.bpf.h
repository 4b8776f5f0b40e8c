/* SPDX-License-Identifier: GPL-2.0-only */
/* The only door out: two rings, per-CPU buffers to build records in, and a count of every record that was
 * lost. */
#ifndef FAULTD_BPF_RING_H
#define FAULTD_BPF_RING_H

#include "faultd/event.h"
#include "kernel.h"

enum {
	RECORD_MAX = 16384,  /* a power of two: offsets into a record are masked with it */
	RECORD_SLACK = 8192, /* what one bounded copy may write beyond a masked offset */
	PATH_DEPTH = 48,
};

/*
 * One record under construction. A program owns the slot of its number (enum fe_prog): the kernel does not
 * run one program twice at a time on one CPU (prog->active in kernel/trace/bpf_trace.c; before it, preemption
 * was disabled).
 */
struct record {
	__u8 bytes[RECORD_MAX + RECORD_SLACK];
	__u64 names[64]; /* path components on their way from leaf to root; 0 where a mount was crossed */
	/*
	 * What loops count. Kept here, and volatile, because the verifier does not follow values in map
	 * memory: it need not tell the states of a loop apart by them.
	 */
	volatile __u32 name_count;
	volatile __u32 written;
	volatile __u32 map_count;
	volatile __u32 map_names; /* bytes */
	volatile __u64 map_inode; /* of the last mapping that has a file */
};

struct record_map {
	__uint(type, BPF_MAP_TYPE_PERCPU_ARRAY);
	__uint(max_entries, FE_PROG_COUNT);
	__type(key, __u32);
	__type(value, struct record);
};

struct ring_critical_map {
	__uint(type, BPF_MAP_TYPE_RINGBUF);
	__uint(max_entries, 1 << 20); /* about 700 deaths */
};

struct ring_frequent_map {
	__uint(type, BPF_MAP_TYPE_RINGBUF);
	__uint(max_entries, 1 << 21); /* stacks and mappings of about 120 crashes */
};

struct lost_map {
	__uint(type, BPF_MAP_TYPE_PERCPU_ARRAY);
	__uint(max_entries, FE_PROG_COUNT);
	__type(key, __u32);
	__type(value, __u64);
};

extern struct record_map records SEC(".maps");
extern struct ring_critical_map ring_critical SEC(".maps"); /* deaths, exits, OOM kills */
extern struct ring_frequent_map ring_frequent SEC(".maps"); /* what may be shed under load */
extern struct lost_map lost SEC(".maps");

extern struct fe_settings settings;

static __always_inline struct record *record_get(__u32 prog)
{
	return bpf_map_lookup_elem(&records, &prog);
}

static __always_inline void record_lost(__u32 prog)
{
	__u64 *count = bpf_map_lookup_elem(&lost, &prog);

	if (count)
		*count += 1;
}

static __always_inline void record_header(struct record *record, __u16 type)
{
	struct fe_header *header = (void *)record->bytes;

	header->type = type;
	header->abi = FE_ABI;
	header->time = bpf_ktime_get_boot_ns();
}

/* Sends the first size bytes of the record; what does not fit into the ring is counted. */
static __always_inline void record_send(struct record *record, void *ring, __u32 prog, __u64 size)
{
	struct fe_header *header = (void *)record->bytes;

	/* Keeps the compiler from comparing a copy: the verifier learns the bound of the register that it
	 * sees. */
	asm volatile("" : "+r"(size));
	if (size > RECORD_MAX + RECORD_SLACK)
		size = RECORD_MAX + RECORD_SLACK;
	asm volatile("" : "+r"(size));
	header->size = size;
	if (bpf_ringbuf_output(ring, record->bytes, size, 0))
		record_lost(prog);
}

#endif
