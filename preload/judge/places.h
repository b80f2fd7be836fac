/* SPDX-License-Identifier: MIT */
/*
 * places.h - mode `hybrid`: the names of directories that relative paths start from.
 *
 * A raw system call may change what a descriptor stands for, and nobody tells us. So a name is kept with
 * what the kernel says of the directory (device, inode, mount, time of birth), and is good for a
 * descriptor of which it says the same. A rename anywhere in the run drops all names, and so does the
 * removal of a directory: the next one may get its number, in the same tick of the clock.
 *
 * Context: anywhere; a sequence number in each entry keeps readers from half-written ones.
 */
#ifndef ZC_PRELOAD_PLACES_H
#define ZC_PRELOAD_PLACES_H

#include "preload/shim.h"

/* The kept name of dirfd; what it returns is as with zc_cached_cwd(). */
long zc_place_known(char *buffer, size_t cap, int dirfd, unsigned need);
/* The same, asking the kernel where it is not known. ZC_PATH_CAP bytes. Length or -errno. */
long zc_place_name(char *buffer, int dirfd, uint8_t *ret_flags);

#endif
