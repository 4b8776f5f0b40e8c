// SPDX-License-Identifier: GPL-2.0-only
/* What the kernel finds out about stalls by itself: its hung task detector. */
#include "identity.bpf.h"

/*
 * check_hung_task() in kernel/hung_task.c, in the context of khungtaskd: a task that was in uninterruptible
 * sleep, and was not switched to, for kernel.hung_task_timeout_secs.
 */
SEC("?raw_tp/sched_process_hang")
int handle_process_hang(struct bpf_raw_tracepoint_args *ctx)
{
	struct record *record = record_get(FE_PROG_HUNG);
	__u32 end;

	if (!record)
		return 0;
	end = identity_fill_other(FE_PROG_HUNG, sizeof(struct fe_hung), ctx->args[0]);
	record_header(record, FE_HUNG);
	record_send(record, &ring_critical, FE_PROG_HUNG, end);
	return 0;
}
