/* SPDX-License-Identifier: MIT */
/*
 * gate.c - mode `hybrid`: mapping the gate, and handing over what is not a plain allow.
 */
#include <sys/mman.h>

#include "preload/judge/gate.h"
#include "preload/judge/judge.h"

#ifndef MAP_FIXED_NOREPLACE
#define MAP_FIXED_NOREPLACE 0x100000
#endif

/* Says in the run's page whether this process has the gate. */
static void claim(bool has)
{
	__atomic_store_n(&zc_shim.page->gated[(uint32_t)zc_shim.pid % ZC_PAGE_GATED],
			 has ? zc_shim.pid : 0, __ATOMIC_RELAXED);
	zc_shim.gate_counter = &zc_shim.page->gate[(uint32_t)zc_shim.pid % ZC_PAGE_COUNTERS].passed;
}

/* Never over anything else: kernels before 4.17 take the flag for a hint, so the answer is looked at. */
bool zc_gate_map(const struct zc_image *image, int image_fd)
{
	long at = zc_sys6(__NR_mmap, (long)image->gate, ZC_GATE_PAGE, PROT_READ | PROT_EXEC,
			  MAP_PRIVATE | MAP_FIXED_NOREPLACE, image_fd, (long)zc_gate_offset(image));

	if (at == (long)image->gate)
		return true;
	if (at >= 0 || at <= -4096)
		zc_sys2(__NR_munmap, at, ZC_GATE_PAGE);
	return false;
}

void zc_gate_start(uint64_t gate)
{
	struct zc_page *page = zc_shim.page;

	/* Without the run's page nobody could tell us that names have changed their meaning. */
	if (page->magic != ZC_PAGE_MAGIC || !gate)
		return;
	zc_shim.diverged = __atomic_load_n(&page->diverged, __ATOMIC_RELAXED);
	zc_shim.gate = gate;
	claim(true);
}

void zc_gate_forked(void)
{
	if (zc_shim.gate)
		claim(true);
}

void zc_gate_leave(void)
{
	/* What is called by its number from now on is not gone around us. */
	if (zc_shim.gate)
		claim(false);
	zc_shim.gate = 0;
	zc_shim.armed = ZC_INERT;
}

long zc_hand_over(const void *caller, unsigned call, const long args[6])
{
	const struct zc_call *row = &zc_calls[call];
	long last = row->role[5] == ZC_ROLE_NONE ? (long)caller : args[5];

	if (ZC_UNLIKELY(!zc_shim.gate))
		return zc_sys6(row->nr[0], args[0], args[1], args[2], args[3], args[4], args[5]);
	__atomic_fetch_add(&zc_shim.gate_counter[1], 1, __ATOMIC_RELAXED);
	return zc_door(zc_shim.gate + ZC_GATE_SIDE, row->nr[0], args[0], args[1], args[2], args[3],
		       args[4], last);
}

long zc_hand_over_open(const void *caller, int dirfd, const char *path, uint32_t flags,
		       uint32_t mode)
{
	const long args[6] = { dirfd, (long)path, (long)flags, (long)mode, 0, 0 };

	return zc_hand_over(caller, ZC_ID_openat, args);
}

int zc_gate_decide(struct zc_guard *guard)
{
	const struct zc_event *event = &guard->event;

	guard->verdict = zc_policy_decide(zc_shim.image, event);
	if (guard->verdict.action != ZC_ALLOWED)
		return ZC_HAND_OVER;
	/* Also by its link: what is called /proc/PID/fd/N leads to things with other names. */
	for (unsigned n = 0; n < event->objects; n++) {
		const struct zc_object *object = &event->object[n];

		if ((object->path && zc_gate_is_other_process(object->path, object->path_len)) ||
		    (object->given && zc_gate_is_other_process(object->given, object->given_len)))
			return ZC_HAND_OVER;
	}
	return 0;
}

int zc_gate_natural(const struct zc_guard *guard, unsigned n, int error)
{
	const struct zc_object *object = &guard->event.object[n];

	if ((error == -ENOENT || error == -ENOTDIR) && object->given &&
	    !zc_gate_is_other_process(object->given, object->given_len) &&
	    zc_policy_allows_path(zc_shim.image, object->given, object->given_len, object->need))
		return error;
	return ZC_HAND_OVER;
}
