/* SPDX-License-Identifier: MIT */
/*
 * observed.h - one recorded call, as somebody reads it who was not there: what it was about, and no more.
 *
 * evidence/read/observed.h fills it from a run, policy/learn/ makes rules of it.
 */
#ifndef ZC_CORE_OBSERVED_H
#define ZC_CORE_OBSERVED_H

#include "core/event.h"

struct zc_observed_object {
	char path[ZC_PATH_CAP]; /* absolute, as it was judged; "" where there is none */
	size_t len;
	unsigned need; /* ZC_NEED_* */
	bool directory;
};

struct zc_observed {
	char op[32];      /* zc_op_name() */
	bool refused;     /* it was not let through */
	bool permissions; /* plain permissions refused it */
	bool incomplete;  /* the record was cut, or something in it could not be read */
	bool has_peer;    /* peer is filled */
	struct zc_observed_object object[2];
	struct zc_endpoint peer; /* a unix path is in object[0] */
	char host[256];          /* the name behind peer, or that was asked for; "" */
};

/* What run.json says of how well a run was watched. Texts: whoever fills it frees them. */
struct zc_observed_run {
	char *command, *cwd, *home,
		*tmpdir; /* NULL: not said. command: its arguments, with blanks */
	char *mode, *engine, *started;
	char *gaps[4]; /* why processes were not watched; NULL-ended */
	uint64_t unwatched, lost;
	bool ended;    /* there is a run.json, and the run was no error */
	bool learns;   /* everything outside of @base was recorded */
	bool complete; /* every process was watched */
};

#endif
