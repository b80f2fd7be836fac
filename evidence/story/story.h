/* SPDX-License-Identifier: MIT */
/*
 * story.h - what story.c and story_stack.c share.
 */
#ifndef ZC_EVIDENCE_REPORT_STORY_H
#define ZC_EVIDENCE_REPORT_STORY_H

#include "evidence/report/report.h"

/* The part of path below the workspace; at NULL: it is not inside. */
struct zc_str zc_story_inside(struct zc_report *report, struct zc_str path);
/* The frames of a stack of that program. They hold until zc_report_reset(). */
void zc_story_tell_stack(struct zc_report *report, struct zc_view stack, struct zc_str exe,
			 struct zc_told_stack *ret);

#endif
