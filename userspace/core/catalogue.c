// SPDX-License-Identifier: GPL-2.0-or-later
/* The catalogue's lines as tables, and the sets that lists of fault names make. */
#include <errno.h>
#include <stdio.h>
#include <string.h>

#include "core/catalogue.h"

static const struct fault_info fault_infos[FAULT_ID_MAX] = {
#define FAULT(id, symbol, kind_name, fam, sev, word) \
	[id] = {.kind = FAULT_##symbol,              \
		.name = kind_name,                   \
		.family = FAMILY_##fam,              \
		.severity = sev,                     \
		.title = word},
#include "faultd/faults.def"
#undef FAULT
};

static const char *const family_names[FAMILY_COUNT] = {
	[FAMILY_CRASH] = "crash", [FAMILY_KILL] = "kill",     [FAMILY_OOM] = "oom",
	[FAMILY_EXIT] = "exit",	  [FAMILY_STALL] = "stall",   [FAMILY_RESOURCE] = "resource",
	[FAMILY_HOST] = "host",	  [FAMILY_KERNEL] = "kernel", [FAMILY_SELF] = "self",
};

static bool is_kind(enum fault_kind kind)
{
	return (unsigned int)kind < FAULT_ID_MAX && fault_infos[kind].name;
}

const struct fault_info *fault_info(enum fault_kind kind)
{
	return is_kind(kind) ? &fault_infos[kind] : NULL;
}

enum fault_kind fault_by_name(const char *name)
{
	for (unsigned int i = 0; name && i < FAULT_ID_MAX; i++)
		if (fault_infos[i].name && !strcmp(fault_infos[i].name, name))
			return i;
	return FAULT_NONE;
}

const char *fault_family_name(enum fault_family family)
{
	return (unsigned int)family < FAMILY_COUNT ? family_names[family] : NULL;
}

void fault_set_add(struct fault_set *set, enum fault_kind kind)
{
	if (is_kind(kind))
		set->bits[kind / 64] |= UINT64_C(1) << (kind % 64);
}

void fault_set_remove(struct fault_set *set, enum fault_kind kind)
{
	if (is_kind(kind))
		set->bits[kind / 64] &= ~(UINT64_C(1) << (kind % 64));
}

bool fault_set_has(const struct fault_set *set, enum fault_kind kind)
{
	return is_kind(kind) && (set->bits[kind / 64] >> (kind % 64) & 1);
}

/* What one word of a list stands for; an empty set when it stands for nothing. */
static bool word_kinds(struct fault_set *kinds, const char *word, size_t len)
{
	bool found = false, all = len == 3 && !memcmp(word, "all", 3);

	/* The catalogue itself writes a family as "exit.*". */
	if (len > 2 && !memcmp(word + len - 2, ".*", 2))
		len -= 2;
	for (unsigned int i = 0; i < FAULT_ID_MAX; i++) {
		const struct fault_info *info = &fault_infos[i];
		const char *family = info->name ? family_names[info->family] : NULL;

		if (!family)
			continue;
		if (!all && (strlen(info->name) != len || memcmp(info->name, word, len)) &&
		    (strlen(family) != len || memcmp(family, word, len)))
			continue;
		fault_set_add(kinds, i);
		found = true;
	}
	return found;
}

static int apply_word(struct fault_set *set, const char *word, size_t len)
{
	bool without = len > 0 && word[0] == '!';
	struct fault_set kinds = {0};

	if (!word_kinds(&kinds, word + without, len - without))
		return -EINVAL;
	for (size_t i = 0; i < FAULT_ID_MAX / 64; i++) {
		if (without)
			set->bits[i] &= ~kinds.bits[i];
		else
			set->bits[i] |= kinds.bits[i];
	}
	return 0;
}

int fault_set_apply(struct fault_set *set, const char *word)
{
	return apply_word(set, word, strlen(word));
}

void fault_set_default(struct fault_set *set)
{
	static const char *const words[] = {"crash", "oom",	 "stall", "kernel",
					    "host",  "resource", "self",  "kill.sigkill"};

	static struct fault_set defaults; /* asked for at every incident */
	static bool made;

	for (size_t i = 0; !made && i < sizeof(words) / sizeof(words[0]); i++)
		fault_set_apply(&defaults, words[i]);
	made = true;
	*set = defaults;
}

int fault_set_parse(struct fault_set *ret_set, const char *list, char *ret_bad, size_t size)
{
	static const char separators[] = ", \t\r\n";
	const char *word = list + strspn(list, separators);
	struct fault_set set = {0};

	if (*word == '!')
		fault_set_default(&set);
	if (!*word) {
		if (ret_bad && size)
			ret_bad[0] = '\0';
		return -EINVAL;
	}
	while (*word) {
		size_t len = strcspn(word, separators);

		if (apply_word(&set, word, len) < 0) {
			if (ret_bad && size)
				snprintf(ret_bad, size, "%.*s", (int)(len < size ? len : size), word);
			return -EINVAL;
		}
		word += len;
		word += strspn(word, separators);
	}
	*ret_set = set;
	return 0;
}
