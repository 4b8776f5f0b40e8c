// SPDX-License-Identifier: GPL-2.0-or-later
// Accesses to mapped memory that cannot be carried out and end in SIGBUS.
#define _GNU_SOURCE 1
#include "faultgen.h"

#include <errno.h>
#include <fcntl.h>
#include <sched.h>
#include <string.h>
#include <sys/mman.h>
#include <sys/mount.h>
#include <unistd.h>

#define KIND "crash.sigbus"

static volatile char *map_file(int fd, size_t size)
{
	volatile char *area = mmap(NULL, size, PROT_READ | PROT_WRITE, MAP_SHARED, fd, 0);

	if (area == MAP_FAILED)
		cannot("mmap: %s", strerror(errno));
	return area;
}

static __attribute__((noinline)) void sigbus_truncated(void)
{
	size_t size = 1 << 20;
	int fd = unnamed_file((off_t)size);
	volatile char *area = map_file(fd, size);

	area[size / 2] = 1;
	if (ftruncate(fd, 0) < 0)
		cannot("ftruncate: %s", strerror(errno));
	(void)area[size / 2];
	no_tail_call();
}

/* The mount namespace is this process's own: nobody else sees the small /tmp, and it goes with the process.
 */
static __attribute__((noinline)) void sigbus_full_tmpfs(void)
{
	size_t size = 4 << 20;
	volatile char *area;
	int fd;

	if (unshare(CLONE_NEWNS) < 0)
		cannot("a private mount namespace needs root: unshare: %s", strerror(errno));
	if (mount(NULL, "/", NULL, MS_REC | MS_PRIVATE, NULL) < 0)
		cannot("mount --make-rprivate /: %s", strerror(errno));
	if (mount("faultgen", "/tmp", "tmpfs", MS_NOSUID | MS_NODEV, "size=1m,mode=0700") < 0)
		cannot("mount tmpfs: %s", strerror(errno));
	fd = open("/tmp/sparse", O_RDWR | O_CREAT | O_EXCL | O_CLOEXEC, 0600);
	if (fd < 0 || ftruncate(fd, (off_t)size) < 0)
		cannot("/tmp/sparse: %s", strerror(errno));
	area = map_file(fd, size);
	for (size_t i = 0; i < size; i += 4096)
		area[i] = 1;
	no_tail_call();
}

#if defined(__x86_64__)
#define MISALIGNED_FACTS "code=BUS_ADRALN"

/* With the AC flag set, x86 insists on alignment. All in one piece: no compiled code bears that flag. */
static __attribute__((noinline)) void sigbus_misaligned(void)
{
	static long words[2];
	const char *odd = (const char *)hide_pointer(words) + 1;

	__asm__ volatile("lea -128(%%rsp), %%rsp\n\t" /* over the red zone */
			 "pushfq\n\t"
			 "orl $0x40000, (%%rsp)\n\t"
			 "popfq\n\t"
			 "movl (%0), %%ecx\n\t"
			 "pushfq\n\t"
			 "andl $~0x40000, (%%rsp)\n\t"
			 "popfq\n\t"
			 "lea 128(%%rsp), %%rsp"
			 :
			 : "r"(odd)
			 : "ecx", "cc", "memory");
	/* Emulators such as QEMU's TCG leave the flag without effect. */
	cannot("this processor does not enforce alignment");
}
#elif defined(__aarch64__)
#define MISALIGNED_FACTS "code=BUS_ADRALN"

/* Exclusive loads must be aligned on arm64, whatever the memory. */
static __attribute__((noinline)) void sigbus_misaligned(void)
{
	static long words[4] __attribute__((aligned(16)));
	const char *odd = (const char *)hide_pointer(words) + 13;
	unsigned long value;

	__asm__ volatile("ldaxr %0, [%1]" : "=r"(value) : "r"(odd) : "memory");
}
#else
#define MISALIGNED_FACTS "code=BUS_ADRALN"

static void sigbus_misaligned(void)
{
	cannot("not written for this architecture");
}
#endif

static const struct fault faults[] = {
	{"sigbus-truncated",
	 "reads a mapped file that has been truncated",
	 {KIND, "file-truncated", "code=BUS_ADRERR access=read"},
	 sigbus_truncated,
	 NO_ARGS},
	{"sigbus-full-tmpfs",
	 "writes to a sparse mapped file until its tmpfs is full",
	 {KIND, "no-space", "code=BUS_ADRERR access=write needs=root"},
	 sigbus_full_tmpfs,
	 NO_ARGS},
	{"sigbus-misaligned",
	 "reads a misaligned word where alignment is enforced",
	 {KIND, "misaligned", MISALIGNED_FACTS},
	 sigbus_misaligned,
	 NO_ARGS},
	{.name = NULL},
};

const struct family bus_family = {"Memory that is not there (SIGBUS)", faults};
