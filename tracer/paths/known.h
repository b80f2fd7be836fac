/* SPDX-License-Identifier: MIT */
/*
 * known.h - between known.c, mounts.c and their users (quick.c, notify/): spellings that the run cannot make
 * mean something else, what they were allowed for, and the mounts that this rests on.
 */
#ifndef ZC_TRACER_KNOWN_H
#define ZC_TRACER_KNOWN_H

#include "tracer/tracer.h"

enum zc_known {
	ZC_KNOWN_NOT,
	ZC_KNOWN_PLAIN, /* a plain allow as it is spelled, if there is no link on the way */
	ZC_KNOWN_FIXED, /* a plain allow wherever it leads, and the run cannot change where */
};

/* What is known of exactly this need of exactly this spelling. */
enum zc_known zc_known_find(const char *path, size_t len, unsigned need);
/*
 * It is a plain allow: can the run not change where it leads, so that it is kept as FIXED? path is absolute
 * and NUL-terminated, as the caller wrote it. links: the verdict was on what its links lead to, so they may
 * be there. What is missing, and the run cannot make, is kept as well.
 */
bool zc_known_learn(const struct zc_image *image, const char *path, size_t len, unsigned need,
		    bool links);
/* It is a plain allow, clean and absolute. */
void zc_known_keep_plain(const char *path, size_t len, unsigned need);
/* Does the name lead, through links or without, where nothing in the run can make it lead elsewhere? */
bool zc_known_is_fixed(const struct zc_image *image, const char *path, size_t len, bool links);
void zc_known_forget(void);

/* mounts.c: what a mountinfo file says. Time grows with the square of the mounts. */
struct zc_mounts {
	bool sound;          /* no part of a file system is visible under two names */
	bool proc_elsewhere; /* procfs is (also) mounted elsewhere than at and below /proc */
};
/* Adds the file's procfs to those that are known. Returns 0 or -errno; *ret is written in any case. */
int zc_mounts_read(int mountinfo, struct zc_mounts *ret);
/* Forgets which devices are procfs. Until a mountinfo has been read all of them may be. */
void zc_mounts_begin(void);
bool zc_mounts_are_proc(uint64_t device);
/*
 * For who has no loop that the kernel could tell of changes: our own mounts, as of a few milliseconds ago.
 * When they have changed, all that was known is forgotten. Where nothing can be known neither is sound.
 */
const struct zc_mounts *zc_mounts_now(void);

#endif
