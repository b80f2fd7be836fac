/* SPDX-License-Identifier: MIT */
/*
 * paths.h - between paths.c, which names what a tracee's path leads to, and paths_follow.c, which goes
 * there step by step where the kernel cannot be asked in one call. Only these two need it.
 */
#ifndef ZC_TRACER_PATHS_H
#define ZC_TRACER_PATHS_H

#include "tracer/tracer.h"

enum {
	ZC_FOLLOW_LAST = 1,   /* a last symbolic link is followed */
	ZC_FOLLOW_CREATE = 2, /* a last component that is missing is found: its directory and its name */
};

/*
 * Walks path as the tracee would: its root, and its own /proc/self. from is where a relative path
 * starts; it stays open. Returns 0, or the -errno that the kernel would give.
 */
int zc_paths_follow(const struct zc_tracee *tracee, int from, const char *path, unsigned flags,
		    struct zc_held *ret);

/* /proc/TID/NAME, held by O_PATH. Returns a descriptor or -errno. */
int zc_paths_anchor(const struct zc_tracee *tracee, const char *name);

#endif
