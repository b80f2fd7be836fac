/* SPDX-License-Identifier: MIT */
/*
 * mode.h - which way of watching this run goes: what the host can do, asked strongest first.
 *
 * Theory of operation. mode.c is one ordered table: a name, and a function that says why the mode does not
 * fit this host or these options. `auto` takes the first row that fits; the reasons of those above it are
 * evidence and go into the run. What a row needs is tried and never looked up (probe.h): in a child that is
 * thrown away, once, and only when a row asks for it. The layers that the kernel adds below the mode are
 * planned from the frozen image (layers.h). --doctor asks the same rows and the same probes for everything
 * (doctor.h), so it cannot say something else than a run would do.
 *
 *   never   a weaker mode than was named with --mode or --require, unless --best-effort says so
 *   never   a decision by kernel version or capability bits alone: containers and security modules answer
 *           the calls themselves
 *
 * Results are 0 or -errno with words in a struct zc_trouble. Nothing here prints but --doctor.
 */
#ifndef ZC_WRAP_MODE_H
#define ZC_WRAP_MODE_H

#include "core/base.h"
#include "evidence/evidence.h"
#include "wrap/options/options.h"

struct zc_host;
#define ZC_MODES 5u
#define ZC_REASON 480u
struct zc_mode_choice {
	const char *asked, *used;
	const char *engine; /* "notify" "ptrace" "shim" "proc": the one to try, of the mode used */
	char engine_why[ZC_REASON];          /* why it is not the better one; "": it is */
	struct zc_why_not why_not[ZC_MODES]; /* the stronger ones */
	size_t why_nots;
	char reason[ZC_MODES][ZC_REASON]; /* "": it fits, or was not tried */
	/* Of a survey. */
	bool fits[ZC_MODES];
	const char *engines[ZC_MODES];
};
bool zc_mode_is_traced(const char *mode);
const char *zc_mode_name(size_t row); /* strongest first; NULL past the last */
int zc_mode_choose(struct zc_mode_choice *choice, const struct zc_options *options,
		   struct zc_host *host, struct zc_trouble *trouble);
/* The engine that was tried failed with error when it mattered: that is told beside the modes. */
void zc_mode_engine_lost(struct zc_mode_choice *choice, int error);
/* Which would fit, whatever is asked for: for --doctor. */
void zc_mode_survey(struct zc_mode_choice *choice, const struct zc_options *options,
		    struct zc_host *host);

#endif
