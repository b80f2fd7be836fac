/* SPDX-License-Identifier: MIT */
/*
 * known.h - between open.c and known.c: spellings that the run cannot make mean
 * something else, and what they were allowed for.
 */
#ifndef ZC_TRACER_NOTIFY_KNOWN_H
#define ZC_TRACER_NOTIFY_KNOWN_H

#include "tracer/tracer.h"

/* Was exactly this need of exactly this spelling a plain allow, and can that not have changed? */
bool zc_known_allows(const char *path, size_t len, unsigned need);
/*
 * It is a plain allow: is it kept? path is absolute and NUL-terminated, as the caller wrote it. links: the
 * verdict was on what its links lead to, so they may be there.
 */
bool zc_known_learn(const struct zc_image *image, const char *path, size_t len, unsigned need,
		    bool links);
/* Is no part of a file system visible under two names? Time grows with the mounts. */
bool zc_known_is_sound(void);

#endif
