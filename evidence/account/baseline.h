/* SPDX-License-Identifier: MIT */
/*
 * baseline.h - findings that somebody accepted: which, why, and until when.
 *
 * A baseline is a JSON file that people keep beside their code and review:
 *
 *   {"schema":"zencube.baseline/1","accepted":[
 *     {"fingerprint":"00c0ffee00c0ffee","what":"denied open_read /etc/shadow by deny-read /etc/shadow",
 *      "why":"the test asks for it on purpose","until":"2027-01-31","by":"alice"}]}
 *
 * What is accepted is refused and recorded all the same; it only does not make the run fail. An entry
 * names a finding by its fingerprint (this rule, object, program and place in the code), or by
 * "similar" (the same without the place, so that it outlives a rebuild of the caller). Each has a
 * reason and an end: the last day, in UTC, on which it holds.
 *
 * Memory: zc_baseline owns its texts. Fails: -errno and a sentence with the file and the entry.
 */
#ifndef ZC_EVIDENCE_BASELINE_H
#define ZC_EVIDENCE_BASELINE_H

#include <time.h>

#include "core/base.h"

#define ZC_BASELINE_SCHEMA "zencube.baseline/1"

struct zc_accepted {
	uint64_t fingerprint, similar;       /* 0: not named by it; one of them is */
	const char *what, *why, *until, *by; /* what and by may be NULL */
	int64_t ends; /* seconds since 1970: the first that it does not hold */
	bool used;
};

struct zc_baseline;

/* Reads a file. Returns 0, -errno when it cannot be read, -EINVAL when it is not a baseline. */
int zc_baseline_read(struct zc_baseline **ret, const char *path, char *error, size_t cap);
/* The same from a text; name is for messages. */
int zc_baseline_parse(struct zc_baseline **ret, const char *name, const char *text, size_t len,
		      char *error, size_t cap);
/* An empty one. NULL: out of memory. */
struct zc_baseline *zc_baseline_new(void);
struct zc_baseline *zc_baseline_free(struct zc_baseline *baseline); /* takes NULL, returns NULL */

size_t zc_baseline_count(const struct zc_baseline *baseline);
const struct zc_accepted *zc_baseline_at(const struct zc_baseline *baseline, size_t index);
/* Are both about the same finding? */
bool zc_baseline_is_same(const struct zc_accepted *a, const struct zc_accepted *b);
/*
 * The entry for a finding that holds at now, and marks it used; NULL: none. *ret_expired: the entry
 * that would have held once, or NULL.
 */
const struct zc_accepted *zc_baseline_find(struct zc_baseline *baseline, uint64_t fingerprint,
					   uint64_t similar, time_t now,
					   const struct zc_accepted **ret_expired);

/* Adds an entry; one for the same finding is replaced. Texts are copied. 0, -EINVAL (bad until), -ENOMEM. */
int zc_baseline_add(struct zc_baseline *baseline, const struct zc_accepted *entry);
/* Writes it beside path and renames it there. Returns 0 or -errno. */
int zc_baseline_write(const struct zc_baseline *baseline, const char *path);

/* "2027-01-31" -> the second after that day, in UTC. Returns 0 or -EINVAL. */
int zc_baseline_day(const char *text, int64_t *ret_ends);

#endif
