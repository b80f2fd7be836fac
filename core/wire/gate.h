/* SPDX-License-Identifier: MIT */
/*
 * gate.h - the one page from which judged calls may pass: mode `hybrid`.
 *
 * Each run has a random address below 2 GiB (zc_image.gate), where no sanitizer's shadow lies. The
 * page is the last one of the image's memfd, behind the image itself, so it is sealed with it and
 * needs no writable code (policy/build/seal.c writes it). The shim maps it there, never over anything else; the inherited seccomp
 * filter lets calls of ZC_CALL_FILE rows pass whose instruction pointer, all 64 bits of it, is the
 * one behind the first `syscall`. Whoever cannot map it is slower, and seen all the same.
 *
 *   the gate       calls that were judged a plain allow
 *   the side door  whatever is left to the tracer on purpose; not let through, and not called a bypass
 *
 * Both are `endbr64; syscall; ret`, to be called with the kernel's registers set; the rest of the page
 * is int3. Who looks at a thread that stands behind one of them finds its caller on top of the stack:
 * the page has no frames and no unwind tables. Code that means to can jump to the gate, which is why
 * `hybrid` is not the strongest mode.
 */
#ifndef ZC_CORE_GATE_H
#define ZC_CORE_GATE_H

#include "core/image.h"

#define ZC_GATE_PAGE 4096u
#define ZC_GATE_PASS 0x00u /* offsets in the page: where to call ... */
#define ZC_GATE_SIDE 0x40u
#define ZC_GATE_BEHIND 6u /* ... and, from there, what the instruction pointer then is */
/* Below ASan's shadow (0x7fff8000), above most programs that are not position-independent. */
#define ZC_GATE_FIRST 0x68000000u
#define ZC_GATE_END 0x7ff00000u

/* Where the page lies in the memfd: behind the image, which is image->size bytes. */
static inline uint64_t zc_gate_offset(const struct zc_image *image)
{
	return ((uint64_t)image->size + ZC_GATE_PAGE - 1) & ~(uint64_t)(ZC_GATE_PAGE - 1);
}
static inline bool zc_gate_is_pass(const struct zc_image *image, uint64_t ip)
{
	return image->gate && ip == image->gate + ZC_GATE_PASS + ZC_GATE_BEHIND;
}
static inline bool zc_gate_is_side(const struct zc_image *image, uint64_t ip)
{
	return image->gate && ip == image->gate + ZC_GATE_SIDE + ZC_GATE_BEHIND;
}

#endif
