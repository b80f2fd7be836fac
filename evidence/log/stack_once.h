/* SPDX-License-Identifier: MIT */
/*
 * stack_once.h - a stack that stands in the log already is referred to instead of written again.
 *
 * What is referred to is the event that was the first of its finding: those are the ones a reader
 * finds without reading everything (evidence/read/run.h). Stacks are told apart by a keyed hash, so
 * that no program can make two of its own look the same.
 *
 * Memory: new/free, bounded: after ZC_STACKS_ONCE different ones, further ones are always written.
 */
#ifndef ZC_EVIDENCE_STACK_ONCE_H
#define ZC_EVIDENCE_STACK_ONCE_H

#include "core/base.h"

#define ZC_STACKS_ONCE 65536u

struct zc_stacks_once;

struct zc_stacks_once *
zc_stacks_once_new(void); /* NULL: out of memory; then nothing is referred to */
struct zc_stacks_once *
zc_stacks_once_free(struct zc_stacks_once *once); /* takes NULL, returns NULL */
/*
 * The seq of the event that has the stack with this text, or 0. add: where there is none, seq becomes it.
 * once may be NULL.
 */
uint64_t zc_stacks_once(struct zc_stacks_once *once, const char *text, size_t len, uint64_t seq,
			bool add);

#endif
