/* SPDX-License-Identifier: MIT */
/*
 * open.h - between the files of the open family.
 *
 *   open.c         the hooks, and what is a plain allow as it is spelled
 *   open_links.c   a plain allow behind a link or two
 *   open_closely.c everything else: what the path leads to is pinned, named, judged and opened
 *   openat2.c      calls with rules of walking of their own
 *
 * They return a descriptor or -errno, and in mode `hybrid` ZC_HAND_OVER. -ELOOP: look more closely.
 */
#ifndef ZC_PRELOAD_OPEN_H
#define ZC_PRELOAD_OPEN_H

#include "preload/judge/gate.h"

/* The judged open: a descriptor or -errno. */
long zc_open(const void *caller, int dirfd, const char *path, uint32_t flags, uint32_t mode);

/*
 * The open as it is judged and made here; len is what zc_text_len() says of path. In mode `hybrid` it
 * is made through the gate, or ZC_HAND_OVER is returned, which is negative too.
 */
long zc_open_inside(const void *caller, int dirfd, const char *path, long len, uint32_t flags,
		    uint32_t mode);

struct open_how;
long zc_openat2(const void *caller, int dirfd, const char *path, const struct open_how *how,
		size_t size);

#define ZC_MOST_LINKS 40

/* Is this, spelled out, a plain allow? */
static inline bool zc_open_allows(const char *name, size_t len, unsigned need)
{
	return !(zc_shim.hybrid && zc_gate_is_other_process(name, len)) &&
	       zc_policy_allows_path(zc_shim.image, name, len, need);
}

/*
 * A path with a link in it: reads the link and opens what the path names then, with no links allowed.
 * Saves reading the name back from /proc. Returns -ELOOP when that does not lead to a plain allow.
 * guard->given[0] is the absolute spelling; it is overwritten.
 */
long zc_open_through_link(struct zc_guard *guard, uint32_t flags, uint32_t mode);

/* Judges what the path leads to, and opens exactly that. */
long zc_open_closely(struct zc_guard *guard, int dirfd, const char *path, uint32_t flags,
		     uint32_t mode);

#endif
