/* SPDX-License-Identifier: MIT */
/*
 * scratch.c - a small pool of working memory, claimed by one atomic bit.
 *
 * Hooks run on stacks of any size and in signal handlers, so nothing large lives on the stack and
 * nothing is locked. When all slots are taken (many threads at once, or slots lost to a siglongjmp
 * out of a hook), a mapping serves for the one call.
 */
#include <sys/mman.h>

#include "preload/shim.h"

#define GUARDS 3u
#define FRAMES 1u
#define MAPPED 0xffffffffu

static struct zc_guard guards[GUARDS];
static uint64_t frames[FRAMES][ZC_FRAME_MAX / 8];

static uint32_t claim(uint32_t *taken, uint32_t count)
{
	uint32_t old = __atomic_load_n(taken, __ATOMIC_RELAXED);

	for (;;) {
		uint32_t slot = (uint32_t)__builtin_ctz(~old);

		if (slot >= count)
			return MAPPED;
		if (__atomic_compare_exchange_n(taken, &old, old | 1u << slot, true,
						__ATOMIC_ACQUIRE, __ATOMIC_RELAXED))
			return slot;
	}
}

static void release(uint32_t *taken, uint32_t slot)
{
	__atomic_and_fetch(taken, ~(1u << slot), __ATOMIC_RELEASE);
}

void *zc_pages_take(size_t size)
{
	long at = zc_sys6(__NR_mmap, 0, (long)size, PROT_READ | PROT_WRITE,
			  MAP_PRIVATE | MAP_ANONYMOUS, -1, 0);

	return at < 0 && at > -4096 ? NULL : (void *)at;
}

void zc_pages_give(void *pages, size_t size)
{
	zc_sys2(__NR_munmap, (long)pages, (long)size);
}

struct zc_guard *zc_guard_take(const void *caller)
{
	uint32_t slot = claim(&zc_shim.guards_taken, GUARDS);
	struct zc_guard *guard = slot == MAPPED ? zc_pages_take(sizeof(*guard)) : &guards[slot];

	if (!guard)
		return NULL;
	guard->slot = slot;
	guard->caller = caller;
	guard->pin[0] = guard->pin[1] = (struct zc_pin){ ZC_FD_NONE, AT_FDCWD, NULL };
	return guard;
}

void zc_guard_give(struct zc_guard *guard)
{
	if (!guard)
		return;
	for (unsigned n = 0; n < 2; n++)
		if (guard->pin[n].fd >= 0)
			zc_sys_close(guard->pin[n].fd);
	if (guard->slot == MAPPED)
		zc_pages_give(guard, sizeof(*guard));
	else
		release(&zc_shim.guards_taken, guard->slot);
}

void *zc_frame_take(uint32_t *ret_slot)
{
	*ret_slot = claim(&zc_shim.frames_taken, FRAMES);
	return *ret_slot == MAPPED ? zc_pages_take(ZC_FRAME_MAX) : frames[*ret_slot];
}

void zc_frame_give(void *frame, uint32_t slot)
{
	if (slot == MAPPED)
		zc_pages_give(frame, ZC_FRAME_MAX);
	else
		release(&zc_shim.frames_taken, slot);
}
