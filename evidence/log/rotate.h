/* SPDX-License-Identifier: MIT */
/*
 * rotate.h - a long run's log goes on in a new file; the old one is put into archive/ and compressed.
 *
 *   events.jsonl  ->  archive/events-000001.jsonl  ->  archive/events-000001.jsonl.gz
 *
 * The first step is two renames by the thread that writes the log, the second is done by a thread
 * of its own, so that evidence does not wait for zlib. At every moment all lines are there: a plain
 * file is removed only when its compressed one is on disk under its name. The chain goes on from file
 * to file as if they were one.
 *
 * Memory: new/free.
 */
#ifndef ZC_EVIDENCE_ROTATE_H
#define ZC_EVIDENCE_ROTATE_H

#include "core/base.h"

#define ZC_ARCHIVE "archive"
#define ZC_ROTATE_MAX 999999u /* files in an archive */

/* "archive/events-000007.jsonl", or with .gz. */
void zc_rotate_name(char ret[48], unsigned number, bool compressed);
/* The number in "events-000007.jsonl" or "events-000007.jsonl.gz", without the folder; 0: another name. */
unsigned zc_rotate_number(const char *name);

struct zc_rotation;
/* dir must outlive it. Returns 0 or -errno. */
int zc_rotation_new(struct zc_rotation **ret, const char *dir);
/*
 * Puts dir/events.jsonl, which is open as fd, into the archive and opens a new one. Returns its
 * descriptor (fd is closed then), or -errno: then everything is as it was and fd is still the log.
 */
int zc_rotation_turn(struct zc_rotation *rotation, int fd);
unsigned zc_rotation_count(const struct zc_rotation *rotation); /* files put into the archive */
/* Waits until all is compressed that can be. What could not stays plain, which is no loss. Takes NULL. */
struct zc_rotation *zc_rotation_free(struct zc_rotation *rotation);

/*
 * Compresses one file into another directory: to NAME.new, then renamed, then the plain one is removed.
 * Follows no link. The new one belongs to whom the plain one did. Returns 0 or -errno.
 */
int zc_rotate_compress(int from_dir, const char *plain, int to_dir, const char *compressed);

#endif
