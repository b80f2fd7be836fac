/* SPDX-License-Identifier: MIT */
/*
 * actions.h - the file actions of posix_spawn.
 */
#ifndef ZC_PRELOAD_ACTIONS_H
#define ZC_PRELOAD_ACTIONS_H

#include <spawn.h>

#include "preload/shim.h"

/*
 * Judges what they open. *ret_dirfd is where a relative path starts once they are done: AT_FDCWD, or a
 * descriptor to be closed. Returns 0 or -errno; what the child will meet by itself counts as 0, unless
 * it is the directory that the program's own path starts from.
 */
int zc_actions_judge(const void *caller, const posix_spawn_file_actions_t *actions, int *ret_dirfd);

/* The same actions, but for closing our descriptors. */
struct zc_actions {
	posix_spawn_file_actions_t actions;
	void *list;
	size_t size;
};
const posix_spawn_file_actions_t *zc_actions_begin(struct zc_actions *around,
						   const posix_spawn_file_actions_t *actions);
void zc_actions_end(struct zc_actions *around);

#endif
