/* SPDX-License-Identifier: MIT */
/*
 * story_names.h - names for frames that a run could not name itself, when it is told.
 *
 * A run names its frames where it happens, once, with the debug files that were there. Who reads it later may have
 * more of them, or may ask a server (fetch/fetch.h). The evidence stays as it is: what is found here is in
 * the report alone.
 *
 * Memory: new/free. Fails: frames stay as the run has them.
 */
#ifndef ZC_EVIDENCE_STORY_STORY_NAMES_H
#define ZC_EVIDENCE_STORY_STORY_NAMES_H

#include "evidence/report/report.h"

struct zc_story_names;

struct zc_story_names *zc_story_names_new(void);                          /* NULL: out of memory */
struct zc_story_names *zc_story_names_free(struct zc_story_names *names); /* takes NULL */
/* Why there are no names at all; NULL: there are, or none were wanted. */
const char *zc_story_names_trouble(const struct zc_story_names *names);

/*
 * Lines for those of a stack's frames that have none; frames: the "frames" that they were told from, one for one.
 * What was inlined becomes frames of its own. ret->frame and ret->frames change; texts are of the report's arena.
 */
void zc_story_names_tell(struct zc_story_names *names, struct zc_report *report,
			 struct zc_view frames, struct zc_told_stack *ret);

#endif
