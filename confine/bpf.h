/* SPDX-License-Identifier: MIT */
/*
 * bpf.h - pieces of seccomp programs: one call's tests on its number and registers, and its two returns.
 *
 * The companion filter and the tracer's both are made of these, so that what both must say the same of, they
 * say by the same instructions.
 *
 * Memory: the caller's, room for BPF_MAXINSNS instructions. Fails: never; .len goes on counting when there is
 * no more room, and whoever finishes the program looks at it.
 */
#ifndef ZC_CONFINE_BPF_H
#define ZC_CONFINE_BPF_H

#include <linux/filter.h>

#include "core/base.h"

struct zc_bpf {
	struct sock_filter *at;
	size_t len;
};

/* Where a test goes; the first two are replaced when the call's block ends. */
enum { ZC_BPF_STOP = 255, ZC_BPF_PASS = 254, ZC_BPF_NEXT = 0 };

void zc_bpf_emit(struct zc_bpf *code, uint16_t op, uint32_t k, unsigned yes, unsigned no);
/* A word of struct seccomp_data, and the low half of argument n. */
void zc_bpf_load(struct zc_bpf *code, size_t offset);
void zc_bpf_argument(struct zc_bpf *code, unsigned n);
/* What was loaded: is it value, has it any of bits? */
void zc_bpf_equal(struct zc_bpf *code, uint32_t value, unsigned yes, unsigned no);
void zc_bpf_has(struct zc_bpf *code, uint32_t bits, unsigned yes, unsigned no);
/*
 * socket(2): which families and protocols pass because addresses are judged later (core/net/protocols.h). inet:
 * those of the Internet do, too; without it what is not told of by family alone is left to what follows.
 */
void zc_bpf_socket(struct zc_bpf *code, bool inet);
/* The block from first on ends: STOP leads to a return of that value, PASS to one that allows. */
void zc_bpf_end(struct zc_bpf *code, size_t first, uint32_t stop);

#endif
