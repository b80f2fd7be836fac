/* SPDX-License-Identifier: MIT */
/*
 * gate.h - mode `hybrid`: the two doors of the run's page (core/wire/gate.h), and which call takes which.
 *
 * A tracer judges every call that the policy could refuse, but for those that come from the gate. Here
 * the shim is only what saves it work: a file call that is a plain allow is made from the gate, acting
 * on exactly what was judged. Everything else is made as the program asked for it, from the side door,
 * with the hook's caller in the sixth argument's register where the call has no such argument, and
 * whoever watches from outside says what becomes of it. So nothing is refused here, nothing is
 * recorded and nothing is sent.
 *
 *   ZC_HAND_OVER  what a judging function returns for "not a plain allow"; never leaves a hook
 *
 * Context: anywhere, as all of this folder. Fails: as the call that is made.
 */
#ifndef ZC_PRELOAD_GATE_H
#define ZC_PRELOAD_GATE_H

#include "core/wire/gate.h"
#include "preload/shim.h"

#define ZC_HAND_OVER (-4096) /* no errno reaches so far */

/* Calls one of the doors. The folder is compiled without a red zone, so that a call may be made here. */
static inline long zc_door(uint64_t door, long nr, long a, long b, long c, long d, long e, long f)
{
	long ret;
	register long r10 __asm__("r10") = d;
	register long r8 __asm__("r8") = e;
	register long r9 __asm__("r9") = f;

	__asm__ volatile("call *%[door]"
			 : "=a"(ret)
			 : "a"(nr), "D"(a), "S"(b), "d"(c), "r"(r10), "r"(r8),
			   "r"(r9), [door] "r"(door)
			 : "rcx", "r11", "memory", "cc");
	return ret;
}

/* A call that was judged, or that gives no access: from the gate where there is one. */
static inline long zc_pass6(long nr, long a, long b, long c, long d, long e, long f)
{
	if (ZC_UNLIKELY(zc_shim.gate))
		return zc_door(zc_shim.gate + ZC_GATE_PASS, nr, a, b, c, d, e, f);
	return zc_sys6(nr, a, b, c, d, e, f);
}
static inline long zc_pass4(long nr, long a, long b, long c, long d)
{
	if (ZC_UNLIKELY(zc_shim.gate))
		return zc_door(zc_shim.gate + ZC_GATE_PASS, nr, a, b, c, d, 0, 0);
	return zc_sys4(nr, a, b, c, d);
}

/* Maps the gate of the image in fd. Returns whether it is there. */
bool zc_gate_map(const struct zc_image *image, int image_fd);
/* Tells the tracer that it is at this address; 0: it is not. Without one the hooks stand aside. */
void zc_gate_start(uint64_t gate);
/* After a fork: the child has the gate too. */
void zc_gate_forked(void);
/* For good: names mean something else from now on (a new root). */
void zc_gate_leave(void);
/*
 * May this process judge for itself right now? Not once it has a filter of its own, which would have
 * to know our calls; nor after anybody of the run has changed roots or mounts, and with them names.
 */
static inline bool zc_gate_is_open(void)
{
	return zc_shim.gate && !zc_shim.passive &&
	       __atomic_load_n(&zc_shim.page->diverged, __ATOMIC_RELAXED) == zc_shim.diverged;
}
/* One more call that was decided here. */
static inline void zc_gate_count(void)
{
	__atomic_fetch_add(&zc_shim.gate_counter[0], 1, __ATOMIC_RELAXED);
}

/* Makes the row's call with the program's own arguments from the side door. */
long zc_hand_over(const void *caller, unsigned call, const long args[6]);
/* zc_hand_over() of an open. */
long zc_hand_over_open(const void *caller, int dirfd, const char *path, uint32_t flags,
		       uint32_t mode);
/* Another process may be one of ours, which the tracer tells apart and we do not. */
static inline bool zc_gate_is_other_process(const char *path, size_t len)
{
	return len > 6 && zc_equal(path, "/proc/", 6) && path[6] >= '0' && path[6] <= '9';
}
/* A filled and resolved event: 0 for a plain allow, else ZC_HAND_OVER. */
int zc_gate_decide(struct zc_guard *guard);
/*
 * What resolving object n met: that it is missing, where it would be a plain allow, is the answer. All
 * else (a probe of what is refused, no descriptor left for us) is for the kernel to say.
 */
int zc_gate_natural(const struct zc_guard *guard, unsigned n, int error);

#endif
