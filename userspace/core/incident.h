/* SPDX-License-Identifier: GPL-2.0-or-later */
/*
 * The noun of the house: one incident, walked through the rooms. Each room stamps its own section (event and
 * who: detect; why: diagnose; what was done and how it ended: recover) and monitor only reads.
 */
#ifndef FAULTD_CORE_INCIDENT_H
#define FAULTD_CORE_INCIDENT_H

#include <stdarg.h>
#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>
#include <sys/types.h>

#include "core/catalogue.h"
#include "faultd/event.h"

/* A process as it was when it was looked at. Strings are raw bytes as the kernel had them; NULL: not known.
 */
struct process {
	pid_t pid; /* thread group, initial PID namespace; 0: not known */
	pid_t ppid;
	pid_t tid; /* the thread at fault */
	pid_t ns_pid;
	unsigned int pidns_level;
	bool has_uid;
	uid_t uid;
	gid_t gid;
	uint64_t start; /* CLOCK_BOOTTIME ns; with pid the identity; 0: not known */
	unsigned int threads;
	char name[FE_COMM_SIZE + 1];
	char thread_name[FE_COMM_SIZE + 1];
	char parent_name[FE_COMM_SIZE + 1];
	const char *exe;
	bool exe_deleted;
	const char *cwd;
	const char *cgroup;    /* below the cgroup root, "/" for the root itself */
	const char *unit;      /* systemd unit of the cgroup */
	const char *container; /* container id of the cgroup */
	const char *args;      /* NUL-separated */
	size_t args_len;
	size_t args_total; /* > args_len: cut */
	/* As it was given at exec, where that was seen and is whole; valid only while it is told. */
	const char *environment;
	size_t environment_len;
	uint64_t mnt_ns;
	bool has_exit_status;
	int exit_status; /* as wait(2) gives it */
	bool kernel_thread;
};

struct sender {
	bool known;
	bool kernel;
	pid_t pid, ppid;
	uid_t uid;
	char name[FE_COMM_SIZE + 1];
	int signo, code;
	uint64_t time;
	unsigned int flags; /* FE_SENDER_* */
	bool manager;	    /* a service manager, container runtime or supervisor: see host/supervisor */
};

struct mapping {
	uint64_t start, end, offset, inode;
	unsigned int dev, flags; /* flags: 1 readable, 2 writable, 4 executable, 8 shared */
	const char *name;	 /* NULL: anonymous */
	uint64_t file_size;
	unsigned int fs_magic;
};

enum confidence { CONFIDENCE_POSSIBLE, CONFIDENCE_LIKELY, CONFIDENCE_CERTAIN };
const char *confidence_name(enum confidence confidence);

enum { INCIDENT_EVIDENCE_MAX = 16, INCIDENT_MEMORY_MAX = 1 << 20 };

struct diagnosis {
	const char *cause; /* slug of the catalogue; "unknown" */
	const char *summary;
	bool has_address; /* of the fault that began it: worked out, or that of a handler's first fault */
	uint64_t address;
	enum confidence confidence;
	const char *evidence[INCIDENT_EVIDENCE_MAX];
	size_t evidence_count;
	const char *advice;	/* NULL: none */
	bool evidence_complete; /* false: too little was seen to act on (recover abstains) */
};

struct oom_facts {
	bool known;
	unsigned int scope; /* FE_OOM_HOST, FE_OOM_CGROUP, FE_OOM_POLICY */
	unsigned int flags;
	const char *cgroup;
	uint64_t limit, usage, rss; /* bytes; ~0: unknown */
	int score_adj;		    /* FE_OOM_SCORE_UNKNOWN */
	pid_t trigger_pid;
	char trigger_name[FE_COMM_SIZE + 1];
	unsigned int levels_above;
	unsigned int victims; /* killed in the same incident so far, this one included */
};

struct stall_facts {
	const struct fe_stall
		*event;		  /* the record (in the arena), without its variable part; NULL: no stall */
	const char *wait_channel; /* kernel function that it sleeps in; NULL */
	const char *kernel_stack; /* a line a function, the innermost first; NULL */
	const char *object;	  /* what it waits for: a path, "pipe:[4711]" ...; NULL */
	const char *filesystem;	  /* "ext4 /dev/loop0"; NULL */
	const struct fe_member *members; /* other threads that have to do with it */
	size_t member_count;
};

struct incident {
	unsigned int refs;
	char id[40]; /* event.id */

	/* event (detect) */
	enum fault_kind kind;
	uint64_t time;		      /* of the fault, CLOCK_BOOTTIME ns */
	uint64_t received;	      /* when we read it */
	int signo, code;	      /* 0: no signal */
	bool code_unknown;	      /* nobody saw the signal's si_code */
	const struct fe_death *death; /* the kernel's record (in the arena); NULL: none */
	bool has_address;
	uint64_t address;
	struct mapping ip_mapping, address_mapping; /* start == end == 0: none or not known */
	bool ip_mapping_known, address_mapping_known;
	const struct mapping *maps; /* of the whole process where they were captured, by address */
	size_t maps_count;
	const uint8_t *stack; /* top of the stack of the crashing thread */
	uint64_t stack_address;
	size_t stack_len;
	struct sender sender, request;
	struct oom_facts oom;
	struct stall_facts stall;
	struct incident *joined; /* a reference to the incident whose facts these are, too; NULL */
	bool followed;		 /* of a process that `run` started, or a descendant */
	bool replayed;

	/* who (detect) */
	struct process who;
	const char *user_name;

	/* why (diagnose) */
	struct diagnosis why;

	/* memory of all strings above */
	struct arena_block *arena;
	size_t memory; /* bytes in it */
};

/*
 * Ids of the incidents to come follow from the seed and their order alone, so that a replay gives those of
 * its recording. Two runs with one seed give the same ids: a live daemon mixes its start time into the boot
 * id.
 */
void incident_seed(uint64_t seed);
/* A new incident with one reference; NULL when there is no memory. No two of one seed share an id. */
struct incident *incident_new(void);
struct incident *incident_ref(struct incident *incident);
/* NULL is allowed; always returns NULL. */
struct incident *incident_unref(struct incident *incident);
/*
 * Zeroed, aligned memory that lives as long as the incident; NULL when there is none or the incident has had
 * INCIDENT_MEMORY_MAX bytes. The string functions add a NUL; strndup copies exactly len bytes, NULs among
 * them included, and passes a NULL on.
 */
void *incident_alloc(struct incident *incident, size_t size);
const char *incident_strndup(struct incident *incident, const char *s, size_t len);
const char *incident_printf(struct incident *incident, const char *fmt, ...)
	__attribute__((format(printf, 2, 3)));
const char *incident_vprintf(struct incident *incident, const char *fmt, va_list ap);
/* One more line of evidence; the 17th and later are dropped, and so is one that there is no memory for. */
void incident_evidence(struct incident *incident, const char *fmt, ...) __attribute__((format(printf, 2, 3)));

#endif
