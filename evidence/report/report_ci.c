/* SPDX-License-Identifier: MIT */
/*
 * report_ci.c - what CI systems show beside the code: GitHub's annotations, GitLab's code quality.
 */
#include <inttypes.h>
#include <string.h>

#include "evidence/story/escape.h"

/* GitHub shows ten errors a step and drops the rest without a word. */
#define ANNOTATIONS_MAX 10u
#define MESSAGE_MAX 2000u

/* "denied open_read /etc/shadow, by deny-read /etc (ci.zc:3), in leak (src/a.c:3), to allow it: ..." */
static struct zc_str sentence(struct zc_report *report, const struct zc_story *story)
{
	struct zc_str site = zc_story_where(report, story);
	struct zc_str hint = zc_report_shown(report, story->hint);
	struct zc_str text = zc_report_printf(
		report, "%s, %s%s%s%s%s", story->title.at, story->by.at, site.at ? ", in " : "",
		site.at ? site.at : "", hint.at ? "; to allow it: " : "", hint.at ? hint.at : "");

	if (story->count > 1)
		text = zc_report_printf(report, "%s (%" PRIu64 " times)", text.at, story->count);
	return zc_escape_cut(report, text, MESSAGE_MAX);
}

static void put_annotation(struct zc_report *report, const struct zc_story *story)
{
	struct zc_location location = zc_story_location(report, story);
	struct zc_str title =
		zc_report_printf(report, "ZenCube: %s %s", story->action.at, story->op.at);

	/* The sentence is shown text already; escaping again would double its backslashes. */
	fputs("::error ", report->out);
	if (location.relative)
		fprintf(report->out, "file=%s,line=%" PRIu64 ",",
			zc_escape_command(report, location.path, true).at, location.line);
	fprintf(report->out, "title=%s::%s\n", zc_escape_command(report, title, true).at,
		zc_escape_command(report, sentence(report, story), false).at);
}

void zc_report_as_github(struct zc_report *report)
{
	struct zc_run *run = report->run;
	const char *verdict = zc_run_verdict_of(run);
	uint64_t gaps = zc_view_uint(zc_view_get(run->json, "coverage.gaps"), 0);
	struct zc_story story;
	size_t index = 0, shown = 0;

	size_t violations = run->violations - run->accepted;

	report->unaccepted = true;
	while (shown < ANNOTATIONS_MAX && zc_story_next(report, &index, &story)) {
		put_annotation(report, &story);
		shown++;
	}
	if (violations > shown)
		fprintf(report->out,
			"::notice title=ZenCube::%zu findings more are in the summary"
			" and in the evidence of run %s\n",
			violations - shown, run->id);
	if (gaps)
		fprintf(report->out,
			"::warning title=ZenCube::%" PRIu64 " processes were not"
			" watched; a clean run without them is no proof\n",
			gaps);
	if (!strcmp(verdict, "error"))
		fprintf(report->out, "::error title=ZenCube::the run ended with an error; what was"
				     " not seen may have been a violation\n");
	else if (!shown)
		fprintf(report->out, "::notice title=ZenCube::%s, run %s\n", verdict, run->id);
}

void zc_report_as_codequality(struct zc_report *report)
{
	struct zc_json *json = &report->json;
	struct zc_story story;
	size_t index = 0;

	json->indent = 2;
	zc_json_open(json, NULL, '[');
	report->unaccepted = true;
	while (zc_story_next(report, &index, &story)) {
		struct zc_location location = zc_story_location(report, &story);

		zc_json_open(json, NULL, '{');
		zc_json_string(json, "type",
			       "issue"); /* for readers of all of Code Climate's format */
		zc_report_json(report, "description", sentence(report, &story));
		zc_report_json(report, "check_name",
			       zc_report_printf(report, "zencube/%s",
						story.class.at ? story.class.at : "other"));
		zc_json_open(json, "categories", '[');
		zc_json_string(json, NULL, "Security");
		zc_json_close(json, ']');
		zc_report_json(report, "fingerprint", story.fingerprint);
		zc_json_string(json, "severity",
			       zc_str_is(story.severity, "critical") ? "blocker"
			       : zc_str_is(story.severity, "high")   ? "critical"
			       : zc_str_is(story.severity, "medium") ? "major"
			       : zc_str_is(story.severity, "low")    ? "minor"
								     : "info");
		zc_json_open(json, "location", '{');
		zc_report_json(report, "path", location.path);
		zc_json_open(json, "lines", '{');
		zc_json_uint(json, "begin", location.line);
		zc_json_uint(json, "end", location.line);
		zc_json_close(json, '}');
		zc_json_close(json, '}');
		zc_json_close(json, '}');
		zc_report_flush(report);
	}
	zc_json_close(json, ']');
	zc_json_newline(json);
}
