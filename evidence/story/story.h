/* SPDX-License-Identifier: MIT */
/*
 * story.h - one event, told: what story.c and story_stack.c share.
 *
 * Theory of operation of story/. No format parses an event by itself. zc_story_tell() (report/report.h) takes one
 * apart into texts and frames, once, and every format uses those: what happened in words, to what, by whom, from
 * whose code, what would allow it. story_stack.c tells the frames: which are the program's own, which are
 * libraries', and how people call them; stacks that were told are kept, since a million events come from a few
 * places. events.h walks all events for the formats that list every one, digest.h names the run's files.
 *
 * Texts belong to the report's arena and hold until it is reset. They are bytes of a stranger: escape.h has one
 * function for each place where they may stand, and a format uses no other way. Nothing here judges or prints.
 */
#ifndef ZC_EVIDENCE_REPORT_STORY_H
#define ZC_EVIDENCE_REPORT_STORY_H

#include "evidence/report/report.h"

/* The part of path below the workspace; at NULL: it is not inside. */
struct zc_str zc_story_inside(struct zc_report *report, struct zc_str path);
/* What follows from a frame's file and line: whether it is in the workspace, and what people call it. */
void zc_story_settle_frame(struct zc_report *report, struct zc_frame_told *frame);
/* The frames of a stack of that program. They hold until zc_report_reset(). */
void zc_story_tell_stack(struct zc_report *report, struct zc_view stack, struct zc_str exe,
			 struct zc_told_stack *ret);

#endif
