/* SPDX-License-Identifier: MIT */
/*
 * rotate.h - zcaudit rotate: old runs are compressed, or removed.
 *
 * Theory of operation. rotate_look.c goes over the log directory and says of each entry what it is, how large and
 * from when, and why it may not be touched, without changing anything. rotate.c has the command line and decides
 * which of the runs go, oldest first. rotate_act.c does it, and looks again before: what was true while looking
 * may not be any more.
 *
 * What is touched is known by name: the files that zcwrap and zcaudit make in a run's directory. A directory
 * that holds anything else is somebody's, and is left alone as a whole, and said. So is a run that is going
 * on, which its lock tells. No link is followed: everything is opened by directory and plain name.
 */
#ifndef ZC_AUDIT_ROTATE_H
#define ZC_AUDIT_ROTATE_H

#include "audit/audit.h"

struct zc_old_run {
	char *dir;
	const char *id;
	uint64_t size;
	int64_t began;     /* seconds since 1970 */
	char why_not[160]; /* it is left alone; "": it may be touched */
	bool is_run, plain, gone;
	unsigned archived; /* the highest number in the archive */
};

/* --- rotate_look.c --- */

/* Opens a directory, not through a link. Returns it or -errno. */
int zc_old_run_open_dir(int above, const char *name);
/* Visits every entry of a directory; false or an error ends it. Returns 0 or -errno. */
int zc_old_run_each(int dir, bool (*visit)(struct zc_old_run *run, int dir, const char *name),
		    struct zc_old_run *run);
/* Looks at a run without changing it. Returns its directory, locked, or -1 when it is left alone. */
int zc_old_run_examine(struct zc_old_run *run);

/* --- rotate_act.c: each returns 0 or -errno --- */

/* dir: as zc_old_run_examine() returned it. */
int zc_old_run_remove(struct zc_old_run *run, int dir);
/* The log becomes the last file of the archive; what a killed zcwrap left plain there is done too. */
int zc_old_run_compress(const struct zc_old_run *run, int dir);

#endif
