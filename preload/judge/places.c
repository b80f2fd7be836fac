/* SPDX-License-Identifier: MIT */
/*
 * places.c - a small direct-mapped table of directories and their names.
 */
#include <sys/stat.h>

#include "preload/judge/judge.h"
#include "preload/judge/places.h"

#define ENTRIES 32u

#ifndef STATX_MNT_ID
#define STATX_MNT_ID 0x1000u
#endif

struct identity {
	uint64_t device, inode, mount;
	uint64_t born; /* nanoseconds */
};

static struct entry {
	uint32_t sequence; /* odd while it is written */
	uint16_t len, free;
	struct identity of;
	uint64_t renames;
	char path[192];
} entries[ENTRIES];

/* False for what is no directory, and on file systems that do not know when it was born. */
static bool identify(int dirfd, struct identity *ret)
{
	const uint32_t wanted = STATX_INO | STATX_BTIME | STATX_MNT_ID;
	struct statx st;

	if (zc_sys6(__NR_statx, dirfd, (long)"", AT_EMPTY_PATH | AT_STATX_DONT_SYNC, wanted,
		    (long)&st, 0) < 0)
		return false;
	if ((st.stx_mask & wanted) != wanted || !S_ISDIR(st.stx_mode))
		return false;
	ret->device = (uint64_t)st.stx_dev_major << 32 | st.stx_dev_minor;
	ret->inode = st.stx_ino;
	ret->mount = st.stx_mnt_id;
	ret->born = (uint64_t)st.stx_btime.tv_sec * 1000000000u + st.stx_btime.tv_nsec;
	return true;
}

static bool same(const struct identity *a, const struct identity *b)
{
	return a->device == b->device && a->inode == b->inode && a->mount == b->mount &&
	       a->born == b->born;
}

static struct entry *entry_of(const struct identity *id)
{
	_Static_assert(ENTRIES == 32, "entry_of() takes five bits");
	return &entries[(id->inode ^ id->device) * 0x9fb21c651e98df25ull >> 59];
}

static uint64_t renames(void)
{
	return __atomic_load_n(&zc_shim.page->renames, __ATOMIC_RELAXED);
}

static long find(char *buffer, size_t cap, const struct identity *id, unsigned need)
{
	const struct entry *entry = entry_of(id);
	uint32_t before = __atomic_load_n(&entry->sequence, __ATOMIC_ACQUIRE), len = entry->len;

	if (before & 1 || !len || !same(&entry->of, id) || entry->renames != renames() ||
	    len > sizeof(entry->path))
		return -1;
	if (!(need & ~entry->free))
		len = 0;
	if (len >= cap)
		return -1;
	if (len)
		zc_copy(buffer, entry->path, len);
	__atomic_thread_fence(__ATOMIC_ACQUIRE);
	return __atomic_load_n(&entry->sequence, __ATOMIC_RELAXED) == before ? (long)len : -1;
}

static void keep(const struct identity *id, const char *path, size_t len, uint64_t generation)
{
	struct entry *entry = entry_of(id);
	uint32_t sequence = __atomic_load_n(&entry->sequence, __ATOMIC_RELAXED);

	if (len > sizeof(entry->path) || sequence & 1 ||
	    !__atomic_compare_exchange_n(&entry->sequence, &sequence, sequence + 1, false,
					 __ATOMIC_ACQ_REL, __ATOMIC_RELAXED))
		return;
	entry->of = *id;
	entry->len = (uint16_t)len;
	entry->free = (uint16_t)zc_free_below(path, len);
	entry->renames = generation;
	zc_copy(entry->path, path, len);
	__atomic_store_n(&entry->sequence, sequence + 2, __ATOMIC_RELEASE);
}

long zc_place_known(char *buffer, size_t cap, int dirfd, unsigned need)
{
	struct identity id;

	return identify(dirfd, &id) ? find(buffer, cap, &id, need) : -1;
}

long zc_place_name(char *buffer, int dirfd, uint8_t *ret_flags)
{
	struct identity id, again;
	bool known = identify(dirfd, &id);
	long len = known ? find(buffer, ZC_PATH_CAP, &id, ZC_NEED_NAME) : -1;
	uint64_t generation = renames();

	if (len > 0) {
		buffer[len] = '\0';
		return len;
	}
	len = zc_fd_path(buffer, dirfd, ret_flags);
	if (len > 0 && known && !*ret_flags && identify(dirfd, &again) && same(&id, &again))
		keep(&id, buffer, (size_t)len, generation);
	return len;
}
