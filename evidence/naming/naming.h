/* SPDX-License-Identifier: MIT */
/*
 * naming.h - names for places in files that a suspect may have made, by asking zcname.
 *
 * A file is opened here, under the checks of stack/module_file.h, and handed over; so are debug
 * files of the distribution. zcname (namer/) reads them. A file that ends it is not asked about again, and
 * its frames stay module and offset; another zcname is started for the others, a few times. What
 * happened is told, so that a run can say it.
 *
 * Memory: new/free. Not thread-safe; one at a time in a process. Fails: names stay unknown.
 */
#ifndef ZC_EVIDENCE_NAMING_NAMING_H
#define ZC_EVIDENCE_NAMING_NAMING_H

#include <sys/types.h>

#include "evidence/naming/protocol.h"

#define ZC_NAMING_RESTARTS 8u
#define ZC_NAMING_FAILURES 16u /* files that are remembered for the report */

struct zc_module;
struct zc_naming;

struct zc_naming *zc_naming_new(void);
struct zc_naming *zc_naming_free(struct zc_naming *naming); /* takes NULL */

/*
 * Makes the helper that will start zcname so that it is no child of ours at all: for programs that wait for all
 * children there are (__WALL), before they become subreapers. Others need not call it.
 */
void zc_naming_prepare(void);
void zc_naming_finish(void); /* ends the helper, and the fetcher; new ones are made when needed */
/* Its pid, for who looks at a tree of processes: it is not of the run. 0: none is a child of ours. */
pid_t zc_naming_helper(void);
/* Another zcname than the one beside this program, or installed; "": none (tests). path must stay. */
void zc_naming_use(const char *path);

/*
 * Names addresses (ELF virtual, of the call itself) of one module; lines: DWARF is wanted too. told is called
 * for those that were answered, with the index of the address; texts hold until it returns.
 */
void zc_naming_name(struct zc_naming *naming, struct zc_module *module, bool lines,
		    const uint64_t *address, unsigned count,
		    void (*told)(void *context, unsigned index,
				 const struct zc_naming_place *place),
		    void *context);

/* What went wrong so far. */
struct zc_naming_report {
	const char *unavailable; /* why there are no names at all; NULL: there are */
	unsigned ended;          /* how often zcname ended before its time */
	unsigned failures;       /* files that are not read any more; the first are listed */
	struct {
		char *module, *why;
	} failure[ZC_NAMING_FAILURES];
};
const struct zc_naming_report *zc_naming_report(const struct zc_naming *naming);

#endif
