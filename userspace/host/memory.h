/* SPDX-License-Identifier: GPL-2.0-or-later */
/* Memory of another process. */
#ifndef FAULTD_HOST_MEMORY_H
#define FAULTD_HOST_MEMORY_H

#include <stddef.h>
#include <stdint.h>
#include <sys/types.h>

/*
 * process_vm_readv(2): 0, -EIO when only a part could be read, or another negative errno; buf is valid only
 * with 0. Not for a process that may stand still over its memory: the call waits, uninterruptibly, for the
 * exec_update_lock (mm_access()) and the mmap_lock (process_vm_rw_single_vec()), and it faults pages in.
 */
int memory_read(pid_t pid, uint64_t address, void *buf, size_t len);

#endif
