/* SPDX-License-Identifier: MIT */
/*
 * observed.h - all that a run recorded, call by call: for who learns from it.
 *
 * Memory: the caller's; a struct zc_observed is large, and holds until the callback returns.
 */
#ifndef ZC_EVIDENCE_READ_OBSERVED_H
#define ZC_EVIDENCE_READ_OBSERVED_H

#include "core/wire/observed.h"

struct zc_run;

/* Reads one line of a log. Returns false when it is no record of a call. */
bool zc_observed_read(struct zc_observed *ret, const char *line, size_t len);
/*
 * Calls back for every record of the log, from its beginning. Stops when each() returns an error, and
 * returns that, or -errno, or 0. *ret_broken: lines that are no JSON, are cut or too long.
 */
int zc_observed_each(struct zc_run *run,
		     int (*each)(void *context, const struct zc_observed *observed), void *context,
		     uint64_t *ret_broken);

/* What run.json says of how well the run was watched. Returns 0 or -ENOMEM; finish takes it either way. */
int zc_observed_about(struct zc_observed_run *ret, const struct zc_run *run);
void zc_observed_finish(struct zc_observed_run *about);

/* Both, of the run in a directory. Returns 0, or -errno, or each()'s error; maybe a sentence in error. */
int zc_observed_dir(const char *dir, struct zc_observed_run *ret,
		    int (*each)(void *context, const struct zc_observed *observed), void *context,
		    uint64_t *ret_broken, char error[512]);

#endif
