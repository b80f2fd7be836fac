/* SPDX-License-Identifier: MIT */
/*
 * walk.h - following one path through the trie of an image. Only policy*.c of this folder needs it.
 *
 * A walk is in one or a few nodes at a time: where plain names lead, where globs lead, and every
 * "**" met so far. What all of them say is or-ed together; the depths tell whether a user's allow
 * names a protected path or only an ancestor of it.
 *
 * Context: anywhere. Memory: the caller's. Fails: too many nodes at once sets complex.
 */
#ifndef ZC_CORE_WALK_H
#define ZC_CORE_WALK_H

#include "core/image.h"

#define ZC_WALK_NODES 32u
#define ZC_WALK_STICKY 0x80000000u /* bit in active[]: a "**", which no component leaves behind */

/* Classes in the masks of the trie; addresses use the first two. */
#define ZC_MASK_CLASSES 4u

/* Looks for the deepest place whose mask has one of some bits: the rule to report. */
struct zc_seek {
	uint64_t bits;   /* wanted */
	uint64_t prefer; /* of those, at the same depth */
	uint64_t found;  /* the wanted bits of the best place; 0: none yet */
	uint64_t score;
	uint32_t grants_first, grants_count;
};

struct zc_walk {
	uint64_t mask;
	uint32_t deny_depth[ZC_MASK_CLASSES];  /* of the profile's deepest deny of the class */
	uint32_t allow_named[ZC_MASK_CLASSES]; /* most components that a user's allow spells out */
	uint32_t active[ZC_WALK_NODES]; /* where the path ends, as far as anything lies below */
	uint32_t count;
	bool complex;
	struct zc_seek *seek; /* NULL: nothing is looked for */
};

/* Walks len bytes of a clean absolute path. seek may be NULL. */
void zc_walk(const struct zc_image *image, const char *path, size_t len, struct zc_seek *seek,
	     struct zc_walk *ret);

/* When a walk that only asks "is it plainly allowed?" has its answer. */
struct zc_enough {
	uint64_t refusals;                /* bits that would say otherwise, were they met */
	uint64_t grants[ZC_MASK_CLASSES]; /* for each class asked for: bits that allow it */
	unsigned count;
};

/*
 * The same, but stops as soon as nothing below can change the answer: all is granted, or nothing
 * below grants, and nothing below refuses. Most paths leave the trie's interest after a step or two.
 * *ret_mask: what was said on the way. *ret_below: the answer is the same for all that lies below the
 * path (false: perhaps not). Returns false when the walk was too complex.
 */
bool zc_walk_enough(const struct zc_image *image, const char *path, size_t len,
		    const struct zc_enough *enough, uint64_t *ret_mask, bool *ret_below);

void zc_seek_offer(struct zc_seek *seek, uint64_t mask, uint32_t depth, uint32_t grants_first,
		   uint32_t grants_count);
/* The rule behind what was found, or ZC_RULE_NONE; *ret_bit: the bit that it says. */
uint32_t zc_seek_rule(const struct zc_image *image, const struct zc_seek *seek, uint64_t *ret_bit);

/* Is a node (with its ZC_WALK_STICKY bit) among those where the walk ended? */
bool zc_walk_is_in(const struct zc_walk *walk, uint32_t node);
/* Between the files of this walk. enough NULL: all of the path. seek NULL: nobody looks for a rule. */
void zc_walk_follow(const struct zc_image *image, const char *path, size_t len,
		    struct zc_seek *seek, const struct zc_enough *enough, struct zc_walk *walk);

#endif
