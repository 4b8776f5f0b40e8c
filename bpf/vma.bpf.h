/* SPDX-License-Identifier: GPL-2.0-only */
/* Looking up mappings where the kernel's own helpers cannot be used. */
#ifndef FAULTD_BPF_VMA_H
#define FAULTD_BPF_VMA_H

#include "kernel.h"

enum { VMA_UNKNOWN = 1 }; /* no address of a mapping */

/*
 * The first struct vm_area_struct of mm that ends above the address, as a number; 0: there is none;
 * VMA_UNKNOWN: this kernel keeps them in a way that we do not know. Reads the tree without the lock that
 * bpf_find_vma() takes: in signal_deliver, where interrupts are off, that helper's deferred unlock works once
 * per CPU and tick, and holds up the exit meanwhile. Another thread that maps memory at this moment can make
 * us miss one.
 */
__u64 vma_next(__u64 mm, __u64 address);

/* The one that holds the address; 0, VMA_UNKNOWN as above. */
static __always_inline __u64 vma_find(struct mm_struct *mm, __u64 address)
{
	__u64 vma = vma_next((__u64)mm, address);

	if (vma == VMA_UNKNOWN || !vma)
		return vma;
	return BPF_CORE_READ((struct vm_area_struct *)vma, vm_start) <= address ? vma : 0;
}

#endif
