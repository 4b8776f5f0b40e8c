// SPDX-License-Identifier: GPL-2.0-or-later
/* A main() for fuzz targets where the compiler has no libFuzzer: mutates the seeds until its time is up. */
#include <dirent.h>
#include <string.h>
#include <sys/stat.h>
#include <time.h>

#include "fuzz.h"

enum { SEEDS = 64, SIZE_MAX_ = 64 << 10 };

static struct {
	uint8_t *bytes;
	size_t size;
} seeds[SEEDS];
static size_t seed_count;
static uint64_t state = 88172645463325252ULL;

static uint64_t next_random(void)
{
	state ^= state << 13;
	state ^= state >> 7;
	state ^= state << 17;
	return state;
}

static void add_seed(const char *path)
{
	FILE *file = fopen(path, "rb");
	uint8_t *bytes = malloc(SIZE_MAX_);

	if (file && bytes && seed_count < SEEDS) {
		seeds[seed_count].size = fread(bytes, 1, SIZE_MAX_, file);
		seeds[seed_count++].bytes = bytes;
		bytes = NULL;
	}
	free(bytes);
	if (file)
		fclose(file);
}

static void add_seeds(const char *path)
{
	DIR *dir = opendir(path);
	struct dirent *entry;
	char name[4096];

	while (dir && (entry = readdir(dir))) {
		if (entry->d_name[0] == '.')
			continue;
		snprintf(name, sizeof(name), "%s/%s", path, entry->d_name);
		add_seed(name);
	}
	if (dir)
		closedir(dir);
}

static size_t mutate(uint8_t *bytes, size_t size)
{
	static const uint8_t special[] = {0, 1, 0x7f, 0x80, 0xff, '\n', '"', '\\', '{', '}', '/', ':', ','};
	size_t at = size ? next_random() % size : 0, len;

	switch (next_random() % 6) {
	case 0: return size ? next_random() % size : 0;
	case 1:
		if (size)
			bytes[at] ^= (uint8_t)(1 << next_random() % 8);
		return size;
	case 2:
		if (size)
			bytes[at] = special[next_random() % sizeof(special)];
		return size;
	case 3:
		if (size)
			bytes[at] = (uint8_t)next_random();
		return size;
	case 4: /* takes a piece away */
		len = size ? next_random() % (size - at) : 0;
		memmove(bytes + at, bytes + at + len, size - at - len);
		return size - len;
	default: /* doubles one */
		len = size ? next_random() % (size - at) : 0;
		if (size + len > SIZE_MAX_)
			return size;
		memmove(bytes + at + len, bytes + at, size - at);
		return size + len;
	}
}

/* The options of libFuzzer that tests/fuzz/run uses: -max_total_time=N, and a directory of seeds. */
int main(int argc, char **argv)
{
	uint8_t *bytes = malloc(SIZE_MAX_);
	unsigned long runs = 0;
	time_t end = time(NULL) + 2;

	for (int i = 1; i < argc; i++) {
		if (strncmp(argv[i], "-max_total_time=", 16) == 0)
			end = time(NULL) + atoi(argv[i] + 16);
		else if (argv[i][0] != '-')
			add_seeds(argv[i]);
	}
	while (bytes && time(NULL) < end) {
		size_t size = 0;
		uint8_t *exact;

		if (seed_count) {
			size_t seed = next_random() % seed_count;

			size = seeds[seed].size;
			memcpy(bytes, seeds[seed].bytes, size);
		}
		for (uint64_t i = next_random() % 8; runs && i; i--)
			size = mutate(bytes, size);
		/* Exactly as long as it is, for the sanitizer. */
		exact = malloc(size ? size : 1);
		if (!exact)
			break;
		memcpy(exact, bytes, size);
		LLVMFuzzerTestOneInput(exact, size);
		free(exact);
		runs++;
	}
	free(bytes);
	for (size_t i = 0; i < seed_count; i++)
		free(seeds[i].bytes);
	printf("Done %lu runs\n", runs);
	return 0;
}
