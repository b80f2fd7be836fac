/* SPDX-License-Identifier: MIT */
/*
 * starter.h - a small process that starts zcname, out of the way of who waits for children.
 *
 * It is a helper (helper.h). zctrace waits with __WALL; its own is the child of a child that is gone, and so one
 * more orphan for zcwrap to collect. The starter sleeps until zcname is wanted, starts it, says how it ended, and
 * ends it when told to. It goes when we do.
 *
 * One for the process. Not thread-safe. Fails: without it there are no names.
 */
#ifndef ZC_EVIDENCE_NAMING_STARTER_H
#define ZC_EVIDENCE_NAMING_STARTER_H

#include <stdbool.h>
#include <sys/types.h>

/* Makes the starter, once. apart: no child of ours, not even so; for that call it before becoming a subreaper. 0
 * or -errno. */
int zc_starter_prepare(bool apart);
/* The starter's pid while it is a child of ours; 0: there is none. */
pid_t zc_starter_pid(void);
/* Ends it, and what it started. */
void zc_starter_finish(void);
/* Starts program with fd as its descriptor ZC_NAMING_FD. Returns 0 or -errno. */
int zc_starter_run(const char *program, int fd);
/* Kills what was started, if it has not ended, and tells its wait status; -1: nobody knows. */
int zc_starter_end(void);

#endif
