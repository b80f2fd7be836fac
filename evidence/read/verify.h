/* SPDX-License-Identifier: MIT */
/*
 * verify.h - does a run say what was written? (docs/EVIDENCE.md, "The chain")
 *
 * Every link is computed again; where one is wrong, the line is named with what can be said about
 * how. Then run.json is held against the log: lines, head, verdict, and every finding it lists.
 *
 * What that proves: nothing against who can write the directory and compute a chain, unless the head
 * is known from elsewhere (expected_head) or was signed.
 */
#ifndef ZC_EVIDENCE_READ_VERIFY_H
#define ZC_EVIDENCE_READ_VERIFY_H

#include "core/base.h"
#include "evidence/log/chain.h"
#include "evidence/read/run.h"

#define ZC_PROBLEMS_MAX 20u /* told; all are counted */

struct zc_problem {
	char file[48]; /* "events.jsonl", "archive/events-000001.jsonl.gz", "run.json" */
	uint64_t line; /* in that file; 0: the file as a whole */
	const char
		*kind; /* "edited", "missing", "order", "cut", "no-end", "not-json", "count", ... */
	char text[320]; /* a sentence, safe for a terminal */
};

struct zc_verified {
	uint64_t lines,
		bytes;    /* of all files of the log together; so are the numbers of lines below */
	uint64_t sound;   /* lines from the first on that hold */
	uint64_t resumes; /* line from which on the chain holds again, as it is written; 0: none */
	uint64_t checkpoint;      /* the last line that is a checkpoint and holds; 0: none does */
	char checkpoint_time[40]; /* RFC 3339 */
	uint64_t checkpoints;     /* how many hold */
	bool ended;
	char head[2 * ZC_LINK_BYTES + 1]; /* as the end record should say it; else the last link */
	struct zc_problem problem[ZC_PROBLEMS_MAX];
	uint64_t problems;
};

/* Goes over the log twice; the run is scanned afterwards. expected_head may be NULL. Returns 0 or -errno. */
int zc_run_verify(struct zc_run *run, const char *expected_head, struct zc_verified *ret);

#endif
