/* SPDX-License-Identifier: MIT */
/*
 * escape.h - a text made harmless for where it will stand. One function a place.
 *
 * Each takes a text of the arena and returns another one; control characters, direction overrides and
 * bytes that are not UTF-8 are spelled out first (zc_report_shown), so that no place sees them.
 */
#ifndef ZC_EVIDENCE_REPORT_ESCAPE_H
#define ZC_EVIDENCE_REPORT_ESCAPE_H

#include "evidence/report/report.h"

/* Element content and quoted attributes, in XML 1.0 and in HTML. */
struct zc_str zc_escape_xml(struct zc_report *report, struct zc_str text);
/* A Markdown code span, also inside a table. An empty text is a blank one. */
struct zc_str zc_escape_code(struct zc_report *report, struct zc_str text);
/* The message of a GitHub workflow command; property: the value of one of its properties. */
struct zc_str zc_escape_command(struct zc_report *report, struct zc_str text, bool property);
/* A path as a URI: relative, or file:// when it is absolute. Takes the bytes as they are. */
struct zc_str zc_escape_uri(struct zc_report *report, struct zc_str path);
/* At most cap bytes, cut between characters, "..." for the rest. */
struct zc_str zc_escape_cut(struct zc_report *report, struct zc_str text, size_t cap);

#endif
