/* SPDX-License-Identifier: MIT */
/*
 * report_junit.c - JUnit XML: a finding is a failing case, and what held is a passing one.
 *
 * failure: the policy was violated. error: it could not be told (a process was not watched, records
 * were lost, zcwrap failed). So a clean run shows cases that passed, and no run shows none.
 */
#include <inttypes.h>
#include <string.h>

#include "evidence/story/escape.h"

#define FAILURES_MAX 1000u /* each with a stack; more are one failing case together */

static const struct {
	const char *name, *classes[4];
} suites[] = {
	{ "file policy", { "read", "write", NULL } },
	{ "process policy", { "run", NULL } },
	{ "network policy", { "net", "unix", "listen", NULL } },
	{ "system policy", { "sys", NULL } },
};

static size_t suite_of(const struct zc_story *story)
{
	for (size_t i = 0; i < ZC_LEN(suites); i++)
		for (size_t j = 0; suites[i].classes[j]; j++)
			if (story->class.at && !strcmp(story->class.at, suites[i].classes[j]))
				return i;
	return ZC_LEN(suites) - 1;
}

struct counts {
	size_t cases, failures, errors, shown, by_suite[ZC_LEN(suites)];
};

static bool is_error(const struct zc_report *report)
{
	return !strcmp(zc_run_verdict_of(report->run), "error");
}

static uint64_t losses(const struct zc_report *report)
{
	return zc_report_number(report, "counts.lost") +
	       zc_report_number(report, "counts.not_kept") +
	       zc_report_number(report, "counts.forged") +
	       zc_report_number(report, "counts.malformed");
}

/* What a baseline accepts fails nothing. */
static size_t unaccepted(const struct zc_run *run)
{
	return run->violations - run->accepted;
}

static void count(struct zc_report *report, struct counts *ret)
{
	struct zc_story story;
	size_t index = 0;

	*ret = (struct counts){ 0 };
	while (zc_story_next(report, &index, &story)) {
		ret->by_suite[suite_of(&story)]++;
		ret->shown += ret->shown < FAILURES_MAX;
	}
	ret->failures = ret->shown + (unaccepted(report->run) > ret->shown);
	ret->cases = ret->failures + 3; /* coverage, evidence, run */
	for (size_t i = 0; i < ZC_LEN(suites); i++)
		ret->cases += !ret->by_suite[i];
	ret->errors = (zc_report_number(report, "coverage.gaps") > 0) + (losses(report) > 0) +
		      is_error(report);
}

static void put_failure(struct zc_report *report, const struct zc_story *story)
{
	struct zc_location location = zc_story_location(report, story);
	struct zc_str title = zc_escape_xml(report, story->title);

	fprintf(report->out, "    <testcase name=\"%s\" classname=\"zencube.%s\" time=\"0\"",
		title.at, zc_escape_xml(report, story->class).at);
	if (location.relative)
		fprintf(report->out, " file=\"%s\" line=\"%" PRIu64 "\"",
			zc_escape_xml(report, location.path).at, location.line);
	fprintf(report->out, ">\n      <failure type=\"%s\" message=\"%s, %s\">",
		zc_escape_xml(report, story->action).at, title.at,
		zc_escape_xml(report, story->by).at);
	fprintf(report->out, "%" PRIu64 " time%s, by %s [%" PRIu64 "]\n", story->count,
		story->count == 1 ? "" : "s", zc_escape_xml(report, story->exe).at, story->pid);
	for (size_t i = 0; i < story->stack.frames; i++)
		fprintf(report->out, "  #%zu %s\n", i,
			zc_escape_xml(report, zc_story_site(&story->stack.frame[i])).at);
	if (story->hint.at)
		fprintf(report->out, "to allow it: %s\n", zc_escape_xml(report, story->hint).at);
	fputs("</failure>\n    </testcase>\n", report->out);
}

static void put_case(struct zc_report *report, const char *name, const char *error)
{
	if (!error)
		fprintf(report->out,
			"    <testcase name=\"%s\" classname=\"zencube\" time=\"0\"/>\n", name);
	else
		fprintf(report->out,
			"    <testcase name=\"%s\" classname=\"zencube\" time=\"0\">\n"
			"      <error type=\"%s\" message=\"%s\"/>\n    </testcase>\n",
			name, name, error);
}

static void put_checks(struct zc_report *report)
{
	uint64_t gaps = zc_report_number(report, "coverage.gaps"), lost = losses(report);
	struct zc_str why = zc_report_text(report, report->run->json, "error");

	put_case(report, "coverage",
		 gaps ? zc_report_printf(report, "%" PRIu64 " processes were not watched", gaps).at
		      : NULL);
	put_case(report, "evidence",
		 lost ? zc_report_printf(report, "%" PRIu64 " records were lost", lost).at : NULL);
	if (!why.at)
		why = zc_report_printf(report, "%s",
				       *report->run->json_error ? report->run->json_error
								: "the run ended with an error");
	put_case(report, "run", is_error(report) ? zc_escape_xml(report, why).at : NULL);
}

static void put_properties(struct zc_report *report)
{
	static const char *const paths[] = { "verdict", "mode.used", "policy.sha256",
					     "chain.head" };

	fprintf(report->out, "    <properties>\n      <property name=\"run\" value=\"%s\"/>\n",
		report->run->id);
	fprintf(report->out, "      <property name=\"command\" value=\"%s\"/>\n",
		zc_escape_xml(report,
			      zc_report_command(report, zc_view_get(report->run->json, "command")))
			.at);
	for (size_t i = 0; i < ZC_LEN(paths); i++) {
		struct zc_str value = zc_report_text(report, report->run->json, paths[i]);

		if (value.at)
			fprintf(report->out, "      <property name=\"%s\" value=\"%s\"/>\n",
				paths[i], zc_escape_xml(report, value).at);
	}
	fputs("    </properties>\n", report->out);
}

void zc_report_as_junit(struct zc_report *report)
{
	struct zc_run *run = report->run;
	struct zc_str seconds, started;
	struct zc_story story;
	struct counts counts;
	size_t index = 0;

	report->unaccepted = true;
	count(report, &counts);
	seconds = zc_report_seconds(
		report, run->last_ns > run->first_ns ? run->last_ns - run->first_ns : 0);
	started = zc_escape_xml(report, zc_report_text(report, run->json, "started"));
	fprintf(report->out,
		"<?xml version=\"1.0\" encoding=\"UTF-8\"?>\n"
		"<testsuites name=\"zencube\" tests=\"%zu\" failures=\"%zu\" errors=\"%zu\""
		" time=\"%s\">\n"
		"  <testsuite name=\"zencube\" tests=\"%zu\" failures=\"%zu\" errors=\"%zu\""
		" skipped=\"0\" time=\"%s\" timestamp=\"%s\">\n",
		counts.cases, counts.failures, counts.errors, seconds.at, counts.cases,
		counts.failures, counts.errors, seconds.at, started.at);
	put_properties(report);
	for (size_t i = 0; i < ZC_LEN(suites); i++)
		if (!counts.by_suite[i])
			put_case(report, suites[i].name, NULL);
	for (size_t i = 0; i < counts.shown && zc_story_next(report, &index, &story); i++)
		put_failure(report, &story);
	if (unaccepted(run) > counts.shown)
		fprintf(report->out,
			"    <testcase name=\"further findings\" classname=\"zencube\" "
			"time=\"0\">\n"
			"      <failure type=\"further\" message=\"%zu findings more\"/>\n"
			"    </testcase>\n",
			unaccepted(run) - counts.shown);
	put_checks(report);
	fputs("  </testsuite>\n</testsuites>\n", report->out);
}
