/* SPDX-License-Identifier: MIT */
/*
 * path.h - lexical work on paths: no system calls, caller's buffers.
 *
 * Context: anywhere. Fails: truncation is -ENAMETOOLONG, never silent.
 */
#ifndef ZC_CORE_PATH_H
#define ZC_CORE_PATH_H

#include "core/base.h"

/*
 * Writes base joined with path (when path is relative), with "//", "." and ".." folded away as if
 * there were no symbolic links, NUL-terminated. base is absolute. Returns the length, or
 * -ENAMETOOLONG. "/.." is "/". A trailing slash is dropped.
 */
long zc_path_join(char *buffer, size_t cap, const char *base, size_t base_len, const char *path,
		  size_t path_len);
/* The same where buffer holds the clean absolute base already, base_len bytes of it. */
long zc_path_append(char *buffer, size_t cap, size_t base_len, const char *path, size_t path_len);
/* Is path below dir, or dir itself? Both clean and absolute. */
bool zc_path_under(const char *path, size_t path_len, const char *dir, size_t dir_len);
/* Length of the parent of a clean absolute path: 1 for "/x" ("/"). */
size_t zc_path_parent(const char *path, size_t path_len);
/*
 * Where the last component starts, and its length without slashes behind it. Returns whether it names an
 * entry: "." and ".." do not, nor does "/".
 */
bool zc_path_last(const char *path, size_t path_len, size_t *ret_base, size_t *ret_base_len);
/* Does text match pattern, where '*' is any run of bytes? Linear in len * stars. */
bool zc_glob_match(const char *pattern, size_t pattern_len, const char *text, size_t len);

#endif
