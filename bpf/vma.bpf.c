// SPDX-License-Identifier: GPL-2.0-only
/* Looking up mappings where the kernel's own helpers cannot be used. */
#include "vma.bpf.h"

#include "compat.bpf.h"

/*
 * As many steps as a balanced tree of 2^16 mappings (the default limit), or a maple tree of any size, may
 * need; and as many empty ranges as may follow one another, since a gap is split where a node ends.
 */
enum { RB_DEPTH = 34, MAPLE_DEPTH = 6, MAPLE_PIVOTS = 15, MAPLE_ARANGE_PIVOTS = 9, MAPLE_GAPS = 3 };

/* lib/maple_tree.c: type and flags are in the low byte of a node's address; include/linux/xarray.h: a node
 * has "10". */
enum {
	MAPLE_NODE_MASK = 255,
	MAPLE_TYPE_SHIFT = 3,
	MAPLE_TYPE_MASK = 15,
	MAPLE_LEAF_64 = 1,
	MAPLE_ARANGE_64 = 3
};

/* find_vma() of mm/mmap.c before 6.1. */
static __always_inline __u64 rb_next(struct mm_struct___old *mm, __u64 address)
{
	struct rb_node *node = BPF_CORE_READ(mm, mm_rb.rb_node);
	__u64 found = 0;

	for (int i = 0; i < RB_DEPTH && node; i++) {
		struct vm_area_struct *vma =
			(void *)node - bpf_core_field_offset(struct vm_area_struct___old, vm_rb);

		if (BPF_CORE_READ(vma, vm_end) > address) {
			found = (__u64)vma;
			node = BPF_CORE_READ(node, rb_left);
		} else {
			node = BPF_CORE_READ(node, rb_right);
		}
	}
	return found;
}

struct maple_range {
	__u64 entry; /* 0: nothing there */
	__u64 last;  /* address of the range */
};

/* The slot of a node whose range holds the address: the first whose pivot is not below it
 * (mtree_lookup_walk()). */
static __always_inline void maple_step(struct maple_range *range, bool arange, __u64 address)
{
	__u64 node = range->entry & ~(__u64)MAPLE_NODE_MASK;
	__u64 pivots = node + (arange ? bpf_core_field_offset(struct maple_arange_64, pivot)
				      : bpf_core_field_offset(struct maple_range_64, pivot));
	__u64 slots = node + (arange ? bpf_core_field_offset(struct maple_arange_64, slot)
				     : bpf_core_field_offset(struct maple_range_64, slot));
	__u64 entry = 0;
	__u32 i;

	for (i = 0; i < MAPLE_PIVOTS; i++) {
		__u64 pivot = 0;

		if (arange && i >= MAPLE_ARANGE_PIVOTS)
			break;
		bpf_probe_read_kernel(&pivot, sizeof(pivot), (void *)(pivots + i * sizeof(pivot)));
		/* A pivot of 0 behind the first: the slot reaches to the end of the node. */
		if (i && !pivot)
			break;
		if (pivot >= address) {
			range->last = pivot;
			break;
		}
	}
	bpf_probe_read_kernel(&entry, sizeof(entry), (void *)(slots + i * sizeof(entry)));
	range->entry = entry;
}

static __always_inline struct maple_range maple_lookup(struct mm_struct___maple *mm, __u64 address)
{
	struct maple_range range = {.entry = (__u64)BPF_CORE_READ(mm, mm_mt.ma_root), .last = ~0ULL};

	/* The root alone is marked as a node (or is the only mapping); below it, a leaf's slots hold
	 * mappings. */
	if ((range.entry & 3) != 2)
		return range;
	for (int depth = 0; depth < MAPLE_DEPTH && range.entry; depth++) {
		__u32 type = range.entry >> MAPLE_TYPE_SHIFT & MAPLE_TYPE_MASK;

		maple_step(&range, type == MAPLE_ARANGE_64, address);
		if (type <= MAPLE_LEAF_64)
			break;
	}
	return range;
}

static __always_inline __u64 maple_next(struct mm_struct___maple *mm, __u64 address)
{
	for (int i = 0; i < MAPLE_GAPS; i++) {
		struct maple_range range = maple_lookup(mm, address);
		struct vm_area_struct *vma = (void *)range.entry;

		if (vma)
			return BPF_CORE_READ(vma, vm_end) > address ? (__u64)vma : 0;
		if (range.last == ~0ULL)
			break;
		address = range.last + 1;
	}
	return 0;
}

__noinline __u64 vma_next(__u64 mm, __u64 address)
{
	struct mm_struct___old *old = (void *)mm;
	struct mm_struct___maple *maple = (void *)mm;

	if (!mm)
		return VMA_UNKNOWN;
	if (bpf_core_field_exists(old->mm_rb))
		return rb_next(old, address);
	if (bpf_core_field_exists(maple->mm_mt) && bpf_core_type_exists(struct maple_range_64))
		return maple_next(maple, address);
	return VMA_UNKNOWN;
}
