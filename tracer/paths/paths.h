/* SPDX-License-Identifier: MIT */
/*
 * paths.h - what a tracee's path leads to, and what the policy calls that: the inside, for the files of this
 * folder. What others ask is in tracer.h (zc_paths_resolve and its kin) and in known.h.
 *
 * Theory of operation. paths.c starts where the tracee would (its working directory, a descriptor, its root)
 * and asks the kernel in one call, with no links allowed; then the spelling is the name. With a link on the
 * way the kernel walks it and is asked for the name of what it found. Only where it would walk otherwise for
 * us than for the tracee (another root, /proc/self) paths_follow.c goes step by step. paths_name.c says what
 * the policy calls the thing: without a jail's prefix, the run's own /proc/PID as /proc/self.
 *
 * What was found stays held by an O_PATH descriptor until the verdict is out. That a name is remembered never
 * decides: paths_seen.c saves calls, and known.c keeps only spellings that nothing in the run can make lead
 * elsewhere, which mounts.c can take back at any time. Errors are the kernel's own, in its order.
 */
#ifndef ZC_TRACER_PATHS_H
#define ZC_TRACER_PATHS_H

#include "tracer/tracer.h"

enum {
	ZC_FOLLOW_LAST = 1, /* a last symbolic link is followed */
	ZC_FOLLOW_CREATE =
		2, /* a last component that is missing is found: its directory and its name */
};

/*
 * Walks path as the tracee would: its root, and its own /proc/self. from is where a relative path
 * starts; it stays open. Returns 0, or the -errno that the kernel would give.
 */
int zc_paths_follow(const struct zc_tracee *tracee, int from, const char *path, unsigned flags,
		    struct zc_held *ret);

/* paths_name.c. Whose processes are the run's own: their /proc/PID is called /proc/self. */
void zc_paths_name_for(struct zc_tracer *tracer);
bool zc_paths_starts_with(const char *text, long len, const char *prefix);
/* Rewrites /proc/PID in place; len bytes of ZC_PATH_CAP. Returns the new length. */
long zc_paths_name_process(char *path, long len);
/* Where in a name in procfs the number of zcwrap's or the tracer's process is; NULL: it is none of theirs. */
char *zc_paths_is_about_us(char *path);
/* The policy's name of what our own descriptor holds. Returns its length or -errno. */
long zc_paths_name_own_fd(int fd, char *buffer, uint8_t *ret_flags);

/* Are there masks in what the run sees of the file system? And its root, as it is without: or -errno. */
bool zc_paths_are_masked(void);
int zc_paths_open_root(void);

/* /proc/TID/NAME, held by O_PATH. Returns a descriptor or -errno. */
int zc_paths_anchor(const struct zc_tracee *tracee, const char *name);

/*
 * paths_seen.c. zc_paths_name_own_fd() of what is most often a directory that was asked for just now.
 * *ret_flags has ZC_OBJ_DIRECTORY where it was found to be one.
 */
long zc_paths_name_directory(struct zc_tracer *tracer, int fd, char *buffer, uint8_t *ret_flags);
/* Did a path into the same directory lead through a link lately? */
bool zc_paths_expect_link(const char *path);
void zc_paths_saw_link(const char *path);
/* The tracee's own descriptor, to be closed at once. Any -errno: it must be looked for in /proc. */
int zc_paths_borrow(const struct zc_tracee *tracee, int fd);

#endif
