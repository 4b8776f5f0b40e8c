// SPDX-License-Identifier: GPL-2.0-or-later
/* Uninterruptible sleep: what the kernel stack, the filesystem and the lock's holder say that it is for. */
#include <string.h>

#include "diagnose/stall.h"

/* Functions by what they wait for; those of the scheduler are not counted. */
static const char *const percpu_waits[] = {"percpu_rwsem_wait", "__percpu_down_read", "__sb_start_write",
					   "sb_wait_write"};
/*
 * What takes a filesystem's freeze lock (sb->s_writers) without more between; other per-CPU semaphores guard
 * cgroups and hotplug.
 */
static const char *const freeze_takers[] = {"__sb_start_write", "sb_start_write*",    "sb_wait_write",
					    "mnt_want_write*",	"file_start_write",   "vfs_write",
					    "vfs_iter_write",	"vfs_writev",	      "do_iter_write",
					    "vfs_fallocate",	"vfs_copy_file_range"};
static const char *const locks[] = {"mutex_lock*", "__mutex_lock*", "__ww_mutex_lock*",	 "rwsem_down_*",
				    "rt_mutex*",   "__rt_mutex*",   "percpu_rwsem_wait", "down_read*",
				    "down_write*", "__down_read*",  "__down_write*"};
/* A semaphore need not be a lock: XFS ends a buffer's I/O with up(). */
static const char *const semaphores[] = {"down", "down_*", "__down", "__down_*"};
static const char *const fuse[] = {"fuse_*", "__fuse_*", "request_wait_answer"};
static const char *const network[] = {"rpc_*",	"__rpc_*", "nfs_*",  "nfs3_*", "nfs4_*", "_nfs4_*", "cifs_*",
				      "smb2_*", "SMB2_*",  "smb3_*", "ceph_*", "p9_*",	 "v9fs_*",  "afs_*"};
static const char *const block[] = {
	"io_schedule*",	    "blk_mq_*",	    "submit_bio_wait", "folio_wait_*",	      "wait_on_page_bit*",
	"__wait_on_buffer", "bit_wait_io*", "jbd2_*",	       "xfs_buf_*",	      "xfs_log_*",
	"xlog_*",	    "rq_qos_wait",  "wbt_wait",	       "balance_dirty_pages*"};
/* A page is waited for alike on every filesystem, also those that are served by a process or over a network.
 */
static const char *const pages[] = {"folio_wait_*", "wait_on_page_bit*", "__folio_lock*", "__lock_page*"};
static const char *const network_types[] = {"nfs",   "nfs4", "cifs", "smb", "smb3",
					    "smbfs", "ceph", "9p",   "afs"};

/* The type is the first word of "ext4 /dev/loop0". */
static bool is_type(const struct incident *incident, const char *type)
{
	const char *fs = incident->stall.filesystem;
	size_t len = strlen(type);

	return fs && strncmp(fs, type, len) == 0 && (fs[len] == ' ' || !fs[len]);
}

/* "fuse", "fuseblk", "fuse.sshfs"; "fusectl" is the kernel's own. */
static bool is_fuse_type(const struct incident *incident)
{
	const char *fs = incident->stall.filesystem;

	return is_type(incident, "fuse") || is_type(incident, "fuseblk") ||
	       (fs && strncmp(fs, "fuse.", 5) == 0);
}

static bool is_network_type(const struct incident *incident)
{
	for (size_t i = 0; i < sizeof(network_types) / sizeof(network_types[0]); i++)
		if (is_type(incident, network_types[i]))
			return true;
	return false;
}

static void say_why(struct incident *incident, const char *why)
{
	say(incident, "%sin uninterruptible sleep%s%s: %s", stall_subject(incident, "is "),
	    stall_where(incident), stall_for(incident), why);
}

static bool frozen(struct incident *incident, struct fault *f, enum confidence *c)
{
	bool told = incident->stall.event->flags & FE_STALL_FS_FROZEN;

	(void)f;
	if (!told && !(STALL_IN_STACK(incident, STALL_SLEEPER, percpu_waits) &&
		       STALL_IN_STACK(incident, STALL_NEAR, freeze_takers)))
		return false;
	if (!told)
		*c = CONFIDENCE_LIKELY;
	say_why(incident,
		told ? "the filesystem is frozen" : "it waits for a frozen filesystem to be thawed");
	incident_evidence(incident, told ? "the filesystem's superblock is marked frozen"
					 : "it waits for the lock that freezing a filesystem takes");
	return true;
}

static bool kernel_lock(struct incident *incident, struct fault *f, enum confidence *c)
{
	const char *holder = stall_names(incident, FE_ROLE_HOLDER);
	bool told = incident->stall.event->flags & FE_STALL_KERNEL_LOCK;
	bool lock = STALL_IN_STACK(incident, STALL_SLEEPER, locks);

	(void)f;
	if (!told && !lock && !STALL_IN_STACK(incident, STALL_SLEEPER, semaphores))
		return false;
	if (!told && !lock)
		*c = CONFIDENCE_LIKELY;
	say_why(incident,
		holder ? stall_printf(incident, "it waits for a lock in the kernel held by %s", holder)
		       : "it waits for a lock in the kernel");
	if (holder)
		incident_evidence(incident, "the lock is held by %s", holder);
	else
		incident_evidence(incident, "the kernel sleeps in %s", stall_sleeper(incident));
	return true;
}

/* Functions deep in the stack tell whose filesystem it is in; those near its end, whom it waits for. */
static bool by_stack(const struct incident *incident, const char *const names[], size_t count,
		     enum confidence *ret)
{
	if (!stall_in_stack(incident, STALL_DEEP, names, count))
		return false;
	if (!stall_in_stack(incident, STALL_NEAR, names, count))
		*ret = CONFIDENCE_LIKELY;
	return true;
}

static bool fuse_server(struct incident *incident, struct fault *f, enum confidence *c)
{
	bool stack = by_stack(incident, fuse, sizeof(fuse) / sizeof(fuse[0]), c);

	(void)f;
	if (!stack && !is_fuse_type(incident))
		return false;
	if (!stack)
		*c = CONFIDENCE_LIKELY;
	say_why(incident, "the FUSE server does not answer");
	incident_evidence(incident, stack ? "the kernel is in its FUSE client"
					  : "the filesystem is served by a FUSE server");
	return true;
}

static bool network_filesystem(struct incident *incident, struct fault *f, enum confidence *c)
{
	bool stack = by_stack(incident, network, sizeof(network) / sizeof(network[0]), c);

	(void)f;
	if (!stack && !is_network_type(incident))
		return false;
	if (!stack)
		*c = CONFIDENCE_LIKELY;
	say_why(incident, "the server of a network filesystem does not answer");
	incident_evidence(incident, stack ? "the kernel is in its client of a network filesystem"
					  : "the filesystem is that of a server");
	return true;
}

static bool slow_device(struct incident *incident, struct fault *f, enum confidence *c)
{
	(void)f;
	*c = CONFIDENCE_LIKELY;
	if (!STALL_IN_STACK(incident, STALL_NEAR, block) ||
	    (!incident->stall.filesystem && STALL_IN_STACK(incident, STALL_SLEEPER, pages)))
		return false;
	say_why(incident, "the block device does not complete its I/O");
	incident_evidence(incident, "the kernel waits for block I/O");
	return true;
}

/* A lock comes before the filesystem that it is in: its holder is who waits for the server. */
static const struct rule rules[] = {
	{"filesystem-frozen", frozen,
	 "Thaw it: fsfreeze --unfreeze, or end what froze it (a snapshot, a backup)."},
	{"kernel-lock", kernel_lock, "The thread that has the lock is what stands still: look there."},
	{"fuse-server", fuse_server,
	 "Look at the FUSE server; to abort: /sys/fs/fuse/connections/*/abort, umount -f."},
	{"network-filesystem", network_filesystem,
	 "Look at the file server and the network; umount -f gives up."},
	{"slow-device", slow_device, "Look at the device: its queue (iostat -x), its errors (dmesg)."},
};

static const char *sleeps_in(struct incident *incident)
{
	const char *sleeper = stall_sleeper(incident);

	return *sleeper ? stall_printf(incident, ", in the kernel's %s", sleeper) : "";
}

static void describe(struct incident *incident)
{
	say(incident, "%sin uninterruptible sleep%s%s%s", stall_subject(incident, "is "),
	    stall_where(incident), stall_for(incident), sleeps_in(incident));
}

static void describe_hung(struct incident *incident)
{
	say(incident, "the kernel's hung task detector found %s in uninterruptible sleep%s%s%s",
	    stall_it(incident), stall_where(incident), stall_for(incident), sleeps_in(incident));
}

static void tell(struct incident *incident)
{
	const struct fe_stall *event = incident->stall.event;

	if (incident->kind == FAULT_KERNEL_HUNG_TASK)
		incident_evidence(incident, "the kernel's hung task detector reported it");
	if (event->syscall != STALL_NO_CALL)
		incident_evidence(incident, "it is in the system call %s",
				  stall_call(incident, event->syscall));
	if (incident->stall.object)
		incident_evidence(incident, "what it waits for is %s", incident->stall.object);
	if (incident->stall.filesystem)
		incident_evidence(incident, "its filesystem is %s", incident->stall.filesystem);
	stall_tell_stack(incident);
	incident_evidence(incident,
			  event->flags & FE_STALL_KILLABLE ? "SIGKILL ends it" : "not even SIGKILL ends it");
}

const struct stall_tree stall_io = {
	.kind = FAULT_STALL_IO,
	.describe = describe,
	STALL_RULES(rules),
	.tell = tell,
};

const struct stall_tree stall_hung_task = {
	.kind = FAULT_KERNEL_HUNG_TASK,
	.describe = describe_hung,
	STALL_RULES(rules),
	.tell = tell,
};
