// SPDX-License-Identifier: GPL-2.0-only
/* Looking up mappings where the kernel's own helpers cannot be used. */
#include "vma.bpf.h"

#include "compat.bpf.h"

/* As many steps as a balanced tree of 2^16 mappings (the default limit), or a maple tree of any size, may
 * need. */
enum { RB_DEPTH = 34, MAPLE_DEPTH = 8, MAPLE_PIVOTS = 15, MAPLE_ARANGE_PIVOTS = 9 };

/* lib/maple_tree.c: type and flags are in the low byte of a node's address; include/linux/xarray.h: a node
 * has "10". */
enum {
	MAPLE_NODE_MASK = 255,
	MAPLE_TYPE_SHIFT = 3,
	MAPLE_TYPE_MASK = 15,
	MAPLE_LEAF_64 = 1,
	MAPLE_ARANGE_64 = 3
};

static __always_inline bool holds(struct vm_area_struct *vma, __u64 address)
{
	return BPF_CORE_READ(vma, vm_start) <= address && address < BPF_CORE_READ(vma, vm_end);
}

static __always_inline __u64 rb_find(struct mm_struct___old *mm, __u64 address)
{
	struct rb_node *node = BPF_CORE_READ(mm, mm_rb.rb_node);

	for (int i = 0; i < RB_DEPTH && node; i++) {
		struct vm_area_struct *vma =
			(void *)node - bpf_core_field_offset(struct vm_area_struct___old, vm_rb);

		if (BPF_CORE_READ(vma, vm_start) > address)
			node = BPF_CORE_READ(node, rb_left);
		else if (BPF_CORE_READ(vma, vm_end) <= address)
			node = BPF_CORE_READ(node, rb_right);
		else
			return (__u64)vma;
	}
	return 0;
}

/* The slot of the node's range that holds the address: the first whose pivot is not below it
 * (mtree_lookup_walk()). */
static __always_inline __u64 maple_step(__u64 node, bool arange, __u64 address)
{
	__u64 pivots = node + (arange ? bpf_core_field_offset(struct maple_arange_64, pivot)
				      : bpf_core_field_offset(struct maple_range_64, pivot));
	__u64 slots = node + (arange ? bpf_core_field_offset(struct maple_arange_64, slot)
				     : bpf_core_field_offset(struct maple_range_64, slot));
	__u64 next = 0;
	__u32 i;

	for (i = 0; i < MAPLE_PIVOTS; i++) {
		__u64 pivot = 0;

		if (arange && i >= MAPLE_ARANGE_PIVOTS)
			break;
		bpf_probe_read_kernel(&pivot, sizeof(pivot), (void *)(pivots + i * sizeof(pivot)));
		/* A pivot of 0 behind the first: the slot reaches to the end of the node. */
		if (pivot >= address || (i && !pivot))
			break;
	}
	bpf_probe_read_kernel(&next, sizeof(next), (void *)(slots + i * sizeof(next)));
	return next;
}

static __always_inline __u64 maple_find(struct mm_struct___maple *mm, __u64 address)
{
	__u64 entry = (__u64)BPF_CORE_READ(mm, mm_mt.ma_root);

	/* The root alone is marked as a node (or is the only mapping); below it a leaf's slots hold mappings.
	 */
	if ((entry & 3) != 2)
		return entry && holds((void *)entry, address) ? entry : 0;
	for (int depth = 0; depth < MAPLE_DEPTH && entry; depth++) {
		__u32 type = entry >> MAPLE_TYPE_SHIFT & MAPLE_TYPE_MASK;
		entry = maple_step(entry & ~(__u64)MAPLE_NODE_MASK, type == MAPLE_ARANGE_64, address);
		if (type <= MAPLE_LEAF_64)
			break;
	}
	return entry && holds((void *)entry, address) ? entry : 0;
}

__noinline __u64 vma_find(__u64 mm, __u64 address)
{
	struct mm_struct___old *old = (void *)mm;
	struct mm_struct___maple *maple = (void *)mm;

	if (!mm)
		return VMA_UNKNOWN;
	if (bpf_core_field_exists(old->mm_rb))
		return rb_find(old, address);
	if (bpf_core_field_exists(maple->mm_mt) && bpf_core_type_exists(struct maple_range_64))
		return maple_find(maple, address);
	return VMA_UNKNOWN;
}
