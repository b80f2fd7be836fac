/* SPDX-License-Identifier: MIT */
/*
 * recent.c - a small direct-mapped table of paths.
 */
#include "preload/open/recent.h"

#define ENTRIES 64u

struct entry {
	uint32_t sequence; /* odd while it is written */
	uint16_t len;
	uint8_t need, kind;
	char path[120];
};
static struct entry entries[ENTRIES];

/* The end of a path and its length tell paths apart well enough; the whole text is compared anyway. */
static struct entry *entry_of(const char *path, size_t len)
{
	uint64_t tail = len;

	if (len >= 8)
		__builtin_memcpy(&tail, path + len - 8, 8);
	else
		zc_copy(&tail, path, len);
	return &entries[(tail + len) * 0x9fb21c651e98df25ull >> 58];
}

enum zc_recent_kind zc_recent_find(const char *path, size_t len, unsigned need)
{
	const struct entry *entry = entry_of(path, len);
	uint32_t before = __atomic_load_n(&entry->sequence, __ATOMIC_ACQUIRE);
	unsigned kind = entry->kind;

	if (entry->len != len || entry->need != need || before & 1 || len > sizeof(entry->path) ||
	    !zc_equal(entry->path, path, len))
		return ZC_RECENT_UNKNOWN;
	__atomic_thread_fence(__ATOMIC_ACQUIRE);
	return __atomic_load_n(&entry->sequence, __ATOMIC_RELAXED) == before
		       ? (enum zc_recent_kind)kind
		       : ZC_RECENT_UNKNOWN;
}

void zc_recent_keep(const char *path, size_t len, unsigned need, enum zc_recent_kind kind)
{
	struct entry *entry = entry_of(path, len);
	uint32_t sequence = __atomic_load_n(&entry->sequence, __ATOMIC_RELAXED);

	_Static_assert(ENTRIES == 64, "entry_of() takes six bits");
	if (len > sizeof(entry->path) || sequence & 1 ||
	    !__atomic_compare_exchange_n(&entry->sequence, &sequence, sequence + 1, false,
					 __ATOMIC_ACQ_REL, __ATOMIC_RELAXED))
		return;
	entry->len = (uint16_t)len;
	entry->need = (uint8_t)need;
	entry->kind = (uint8_t)kind;
	zc_copy(entry->path, path, len);
	__atomic_store_n(&entry->sequence, sequence + 2, __ATOMIC_RELEASE);
}
