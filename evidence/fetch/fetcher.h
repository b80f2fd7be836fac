/* SPDX-License-Identifier: MIT */
/*
 * fetcher.h - what fetch.c, plan.c, box.c and fetcher.c share.
 */
#ifndef ZC_EVIDENCE_FETCH_FETCHER_H
#define ZC_EVIDENCE_FETCH_FETCHER_H

#include "core/base.h"
#include "evidence/fetch/fetch.h"

#define ZC_FETCH_VARIABLES 24u
#define ZC_FETCH_READABLE 16u

/* What the fetcher may do, settled before it begins. */
struct zc_fetch_plan {
	char program[ZC_PATH_CAP]; /* debuginfod-find */
	char cache[ZC_PATH_CAP];   /* the directory that keeps what was fetched, without links */
	char *variable[ZC_FETCH_VARIABLES + 1]; /* the client's environment, NULL-ended */
	const char *readable[ZC_FETCH_READABLE +
			     1]; /* files and directories that it names; NULL-ended */
	unsigned seconds;        /* for one file */
	uint64_t size_max;       /* bytes of one file */
};

/* Fills in a plan by the environment. 0, or -errno and a sentence. */
int zc_fetch_plan_make(struct zc_fetch_plan *ret, char error[512]);

struct zc_fetch_answer {
	int32_t status;             /* 0: a descriptor comes with it; else -errno */
	char why[ZC_FETCH_WHY_CAP]; /* for people; "" with 0 and with -ENOENT */
};

/* The fetcher: takes build-ids from the socket and answers each. */
void zc_fetcher_serve(int socket);
/* The plan that it goes by: set before it is made. */
extern struct zc_fetch_plan zc_fetch_plan;

/* Gives up what fetching does not need: for the fetcher, and what else the client does not. 0 or -errno. */
int zc_fetch_confine(const struct zc_fetch_plan *plan);
int zc_fetch_confine_client(const struct zc_fetch_plan *plan);

#endif
