/* SPDX-License-Identifier: MIT */
/*
 * lines.h - pieces of a report for people: report_text.c writes them, zcaudit's subcommands too.
 */
#ifndef ZC_EVIDENCE_REPORT_LINES_H
#define ZC_EVIDENCE_REPORT_LINES_H

#include "evidence/report/report.h"

#define ZC_RED "\x1b[1;31m"
#define ZC_YELLOW "\x1b[33m"
#define ZC_GREEN "\x1b[32m"
#define ZC_BOLD "\x1b[1m"
#define ZC_DIM "\x1b[2m"
#define ZC_PLAIN "\x1b[0m"

/* The colour, or nothing where there are none. */
const char *zc_paint(const struct zc_report *report, const char *code);
/* Verdict, command, mode and why, layers, coverage, counts, exit. */
void zc_lines_head(struct zc_report *report);
/* One line: count, what, by which rule, from where, which program. */
void zc_lines_story(struct zc_report *report, const struct zc_story *story, size_t number_of);
void zc_lines_frame(struct zc_report *report, const struct zc_frame_told *frame, size_t index);
void zc_lines_hint(struct zc_report *report, const struct zc_story *story);
/* What was left out of a list of findings. */
void zc_lines_rest(struct zc_report *report, size_t shown);

#endif
