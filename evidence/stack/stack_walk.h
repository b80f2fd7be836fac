/* SPDX-License-Identifier: MIT */
/*
 * stack_walk.h - one walk, between stack.c, which steps outwards, and unwind.c, which answers libunwind.
 */
#ifndef ZC_EVIDENCE_STACK_WALK_H
#define ZC_EVIDENCE_STACK_WALK_H

#include <libunwind-x86_64.h>

#include "evidence/stack/maps.h"
#include "evidence/stack/stack.h"

struct zc_stack_walk {
	struct zc_maps *maps;
	unw_addr_space_t space;
	struct zc_wire_regs *regs; /* of the innermost frame, or where a guess started again */
	const unsigned char *copy;
	uint64_t copy_at;
	size_t copy_len;
	const struct zc_map *map; /* of the code being unwound */
	unsigned reads;
	bool no_rows;          /* the last lookup found no unwind rows */
	bool guessed;          /* some lookup so far found none */
	unsigned guesses_from; /* the frame whose caller was the first guess; UINT_MAX: none */
	const char *why;       /* what went wrong last */
	const struct zc_frame_head *who;
	struct zc_stack *stack;
};

extern const char zc_stack_copy_ends[]; /* a reason for .why */
/* Bytes of the copy of the stack. False: it does not have them. */
bool zc_stack_read_copy(const struct zc_stack_walk *walk, uint64_t address, void *to, size_t len);

#endif
