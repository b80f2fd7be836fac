/* SPDX-License-Identifier: MIT */
/*
 * file_digest.h - --digest: the SHA-256 of a file that is used, made by who watches.
 *
 * Only regular files of at most ZC_DIGEST_MOST bytes are read: piece by piece, in constant memory. What was
 * hashed once is remembered by device, inode, size and times, unless it changed within the last two
 * seconds (times are coarse: a change after the look could leave them as they are).
 *
 * What it proves is in docs/EVIDENCE.md. One thread at a time. Fails: see struct zc_wire_digest.
 */
#ifndef ZC_EVIDENCE_FILE_DIGEST_H
#define ZC_EVIDENCE_FILE_DIGEST_H

#include "core/wire/wire.h"

#define ZC_DIGEST_MOST (256ll << 20)

/* What --digest names. */
enum { ZC_DIGEST_READ = 1, ZC_DIGEST_EXEC = 2 };

/* Is this a record whose file is to be hashed: an open to read, or an exec, that is let through? */
bool zc_file_digest_wanted(unsigned wanted, unsigned op, unsigned action);
/* held: any descriptor of the file, O_PATH will do. Returns false when it is no regular file. */
bool zc_file_digest_held(int held, struct zc_wire_digest *ret);
/* The file of that name below root (NULL: our own), no link followed. False as above, or not there. */
bool zc_file_digest_path(const char *root, const char *path, size_t len,
			 struct zc_wire_digest *ret);

#endif
