// SPDX-License-Identifier: GPL-2.0-or-later
// A filesystem whose server answers everything but a read of its one file: FUSE's protocol, spoken by hand.
#define _GNU_SOURCE 1
#include "faultgen_stall.h"

#include <errno.h>
#include <fcntl.h>
#include <linux/fuse.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/mman.h>
#include <sys/mount.h>
#include <sys/stat.h>
#include <sys/uio.h>
#include <unistd.h>

enum { FILE_NODE = 2, FILE_SIZE = 4096, REQUEST_MAX = 1 << 17 };

static int device;
static char directory[] = "/tmp/faultgen-XXXXXX";

static void reply(uint64_t unique, int error, const void *body, size_t size)
{
	struct fuse_out_header header = {.unique = unique, .error = error};
	struct iovec parts[2] = {{&header, sizeof(header)}, {(void *)body, size}};

	header.len = (uint32_t)(sizeof(header) + size);
	/* A request that was aborted meanwhile is gone: then nobody misses the answer. */
	if (writev(device, parts, size ? 2 : 1) < 0)
		say("a reply was refused: %s", strerror(errno));
}

static struct fuse_attr attributes_of(uint64_t node)
{
	struct fuse_attr attributes = {.ino = node, .nlink = 1, .blksize = FILE_SIZE};

	attributes.mode = node == FILE_NODE ? S_IFREG | 0444 : S_IFDIR | 0555;
	attributes.size = node == FILE_NODE ? FILE_SIZE : 0;
	return attributes;
}

/* With asynchronous reads the reader waits for the page, uninterruptibly, and not for the request. */
static void answer_init(const struct fuse_in_header *request, const struct fuse_init_in *wanted)
{
	struct fuse_init_out init = {
		.major = FUSE_KERNEL_VERSION,
		.minor =
			wanted->minor < FUSE_KERNEL_MINOR_VERSION ? wanted->minor : FUSE_KERNEL_MINOR_VERSION,
		.max_readahead = wanted->max_readahead,
		.flags = wanted->flags & FUSE_ASYNC_READ,
		.max_background = 16,
		.congestion_threshold = 12,
		.max_write = FILE_SIZE,
	};

	reply(request->unique, 0, &init, sizeof(init));
}

static void answer(const struct fuse_in_header *request)
{
	struct fuse_entry_out entry = {.nodeid = FILE_NODE, .attr = attributes_of(FILE_NODE)};
	struct fuse_attr_out attributes = {.attr = attributes_of(request->nodeid)};
	struct fuse_open_out opened = {.fh = 1};

	switch (request->opcode) {
	case FUSE_INIT: answer_init(request, (const struct fuse_init_in *)(request + 1)); break;
	case FUSE_LOOKUP: reply(request->unique, 0, &entry, sizeof(entry)); break;
	case FUSE_GETATTR: reply(request->unique, 0, &attributes, sizeof(attributes)); break;
	case FUSE_OPEN:
	case FUSE_OPENDIR: reply(request->unique, 0, &opened, sizeof(opened)); break;
	case FUSE_RELEASE:
	case FUSE_RELEASEDIR:
	case FUSE_FLUSH: reply(request->unique, 0, NULL, 0); break;
	case FUSE_READ: say("leaves a read unanswered"); break;
	case FUSE_FORGET:
	case FUSE_BATCH_FORGET:
	case FUSE_INTERRUPT: break;
	default: reply(request->unique, -ENOSYS, NULL, 0);
	}
}

static void serve(void)
{
	static char request[REQUEST_MAX] __attribute__((aligned(8)));

	ready();
	for (;;) {
		ssize_t length = read(device, request, sizeof(request));

		if (length >= (ssize_t)sizeof(struct fuse_in_header))
			answer((const struct fuse_in_header *)request);
		else if (length < 0 && errno != EINTR && errno != ENOENT && errno != EAGAIN)
			exit(EXIT_SUCCESS);
	}
}

static void unmount(void)
{
	umount2(directory, MNT_DETACH);
	rmdir(directory);
}

static int open_file(void)
{
	char path[sizeof(directory) + 8];
	int fd;

	snprintf(path, sizeof(path), "%s/file", directory);
	fd = open(path, O_RDONLY | O_CLOEXEC);
	if (fd < 0)
		cannot("cannot open %s: %s", path, strerror(errno));
	return fd;
}

static void read_file(void)
{
	char byte;

	if (read(open_file(), &byte, 1) < 0)
		cannot("read: %s", strerror(errno));
}

static void touch_file(void)
{
	volatile const char *area = mmap(NULL, FILE_SIZE, PROT_READ, MAP_PRIVATE, open_file(), 0);

	if (area == MAP_FAILED)
		cannot("mmap: %s", strerror(errno));
	(void)*area;
}

/* The server alone keeps the device: when it ends, what waits for it fails. */
static _Noreturn void hang(void (*body)(void))
{
	char options[64];

	stall_seconds();
	if (!mkdtemp(directory))
		cannot("cannot make a directory in /tmp: %s", strerror(errno));
	undo_at_end(unmount);
	device = open("/dev/fuse", O_RDWR | O_CLOEXEC);
	if (device < 0)
		cannot("cannot open /dev/fuse: %s", strerror(errno));
	snprintf(options, sizeof(options), "fd=%d,rootmode=40000,user_id=0,group_id=0", device);
	if (mount("faultgen", directory, "fuse", MS_NOSUID | MS_NODEV, options) < 0)
		cannot("cannot mount a FUSE filesystem: %s", strerror(errno));
	start_helper("fuse-server", serve);
	close(device);
	stall(body);
}

void fuse_hang(void)
{
	hang(read_file);
}

void fuse_hang_mapped(void)
{
	hang(touch_file);
}
