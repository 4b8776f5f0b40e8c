// SPDX-License-Identifier: GPL-2.0-only
/* What the families share about a process. */
#include "process.bpf.h"

struct sender_map senders SEC(".maps");
struct dying_map dying SEC(".maps");
struct watched_map watched SEC(".maps");
struct exec_name_map exec_names SEC(".maps");
