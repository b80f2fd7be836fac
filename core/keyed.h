/* SPDX-License-Identifier: MIT */
/*
 * keyed.h - a number for bytes that somebody chooses who wants two of them to have the same (SipHash-2-4).
 *
 * zc_hash_bytes() of image.h is faster, and good for tables that compare what they find; whoever knows its
 * constants makes texts that it cannot tell apart. Where nothing but the number is compared, it is made with
 * a key that the run does not know.
 *
 * Context: anywhere. Memory: none. Fails: never.
 */
#ifndef ZC_CORE_KEYED_H
#define ZC_CORE_KEYED_H

#include "core/base.h"

/* seed: anything, such as the number of what came before. */
uint64_t zc_keyed_hash(const void *bytes, size_t len, uint64_t key, uint64_t seed);

#endif
