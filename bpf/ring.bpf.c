// SPDX-License-Identifier: GPL-2.0-only
/* The rings, the record buffers and the settings that every family shares. */
#include "ring.bpf.h"

struct record_map records SEC(".maps");
struct ring_critical_map ring_critical SEC(".maps");
struct ring_frequent_map ring_frequent SEC(".maps");
struct lost_map lost SEC(".maps");
struct fe_settings settings = {.kill_mask = 1ULL << SIGKILL};

char _license[] SEC("license") = "GPL";
