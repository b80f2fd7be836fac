/* SPDX-License-Identifier: MIT */
/*
 * fetch.h - debug files from a server (debuginfod), for who asked for that with --debuginfod.
 *
 * Theory of operation. Nothing here does anything until zc_fetch_allow() was called; then the
 * environment is looked at once (plan.c): which servers, which directory keeps what was fetched, which
 * limits. The first file that is wanted makes the fetcher, a helper of its own (fetcher.c): it gives up
 * privileges and all of the file system but that directory (box.c), and runs debuginfod-find, elfutils'
 * client, for one build-id at a time, in limits of size and time. What comes back is a descriptor. Nobody here
 * looks into the file: it is as hostile as the program that it is about, so zcname alone reads it, and
 * holds its build-id against the wanted one.
 *
 * Servers learn the build-ids that are asked for. So a build-id is asked for once, and only where lines are
 * wanted and no file on this machine has them.
 *
 * One for the process. Not thread-safe. Fails: there is no such file, and the report says why.
 */
#ifndef ZC_EVIDENCE_FETCH_FETCH_H
#define ZC_EVIDENCE_FETCH_FETCH_H

#include <stdbool.h>
#include <stdint.h>
#include <sys/types.h>

#define ZC_FETCH_ID_CAP 65u   /* a build-id in hex and its NUL */
#define ZC_FETCH_FAILURES 16u /* that are remembered for the report */
#define ZC_FETCH_WHY_CAP 96u

/*
 * Files may be fetched from now on, from the servers of DEBUGINFOD_URLS. Returns 0, or -errno and a sentence on
 * what is missing: servers, the client, a directory that can be written.
 */
int zc_fetch_allow(char error[512]);
bool zc_fetch_allowed(void);

/* The debug file of that build-id, hex digits. Returns a descriptor of a regular file, or -errno; -ENOENT: no server
 * has it. May take minutes. */
int zc_fetch_debug(const char *id);

/* What was asked for so far. */
struct zc_fetch_report {
	unsigned asked, found;
	unsigned failures;   /* neither found nor denied by a server; the first are listed */
	const char *stopped; /* why nothing more is asked for; NULL: it goes on */
	struct {
		char id[ZC_FETCH_ID_CAP], why[ZC_FETCH_WHY_CAP];
	} failure[ZC_FETCH_FAILURES];
};
const struct zc_fetch_report *zc_fetch_report(void);

/* The fetcher's pid, for who looks at a tree of processes: it is not of the run. 0: there is none. */
pid_t zc_fetch_helper(void);
/* Ends the fetcher; another is made when it is needed. */
void zc_fetch_finish(void);

#endif
