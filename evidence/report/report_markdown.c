/* SPDX-License-Identifier: MIT */
/*
 * report_markdown.c - Markdown for a job's summary page.
 *
 * GitHub takes 1 MiB a step and drops the whole summary above it; other steps want room too. So this
 * writes 256 KiB at most, most important first, and says what was left out. Everything a program
 * chose stands in code spans, where Markdown has no syntax.
 */
#include <inttypes.h>
#include <stdlib.h>
#include <string.h>

#include "evidence/story/escape.h"

#define BUDGET (256u << 10)
#define RESERVE 512u /* for the last sentence */
#define ROWS 50u
#define TEXT_MAX 400u
#define FRAMES_MAX 24u

struct page {
	struct zc_report *report;
	size_t left;
	bool full;
};

/* Writes a piece when it fits; after the first that does not, nothing more. */
static bool put(struct page *page, struct zc_str piece)
{
	if (page->full || piece.len > page->left) {
		page->full = true;
		return false;
	}
	fwrite(piece.at, 1, piece.len, page->report->out);
	page->left -= piece.len;
	return true;
}

static struct zc_str code(struct page *page, struct zc_str text)
{
	return zc_escape_code(page->report, zc_escape_cut(page->report, text, TEXT_MAX));
}

static void put_head(struct page *page)
{
	struct zc_report *report = page->report;
	struct zc_run *run = report->run;
	const char *verdict = zc_run_verdict_of(run);
	struct zc_str command = zc_report_command(report, zc_view_get(run->json, "command"));
	struct zc_str mode = zc_report_text(report, run->json, "mode.used");
	uint64_t gaps = zc_view_uint(zc_view_get(run->json, "coverage.gaps"), 0);

	put(page,
	    zc_report_printf(report, "## ZenCube: %s %s\n\n",
			     !strcmp(verdict, "pass") ? "\xe2\x9c\x85" : /* check mark */
				     !strcmp(verdict, "pass-with-gaps") ? "\xe2\x9a\xa0\xef\xb8\x8f"
									: "\xe2\x9d\x8c",
			     verdict));
	if (!run->json.at) {
		put(page, zc_report_printf(report, "%s.\n\n", run->json_error));
		return;
	}
	put(page,
	    zc_report_printf(report,
			     "%s, mode %s. Violations: %" PRIu64 ", findings: %" PRIu64
			     ", processes: %" PRIu64 ", %s.\n\n",
			     code(page, command).at, code(page, mode).at,
			     zc_view_uint(zc_view_get(run->json, "counts.violations"), 0),
			     zc_view_uint(zc_view_get(run->json, "counts.findings"), 0),
			     zc_view_uint(zc_view_get(run->json, "coverage.count"), 0),
			     gaps ? zc_report_printf(report, "**%" PRIu64 " not watched**", gaps).at
				  : "all watched"));
}

static size_t put_table(struct page *page)
{
	struct zc_report *report = page->report;
	struct zc_story story;
	size_t index = 0, rows = 0;

	if (!report->run->violations)
		return 0;
	put(page, zc_report_printf(report, "| # | count | what | rule | where | to allow it |\n"
					   "|--:|--:|---|---|---|---|\n"));
	while (rows < ROWS && !page->full && zc_story_next(report, &index, &story)) {
		struct zc_str site = zc_story_where(report, &story);
		struct zc_str row = zc_report_printf(
			report, "| %zu | %" PRIu64 " | %s | %s | %s | %s |\n", rows + 1,
			story.count, code(page, story.title).at, code(page, story.by).at,
			code(page, site).at, code(page, story.hint).at);

		rows += put(page, row);
	}
	put(page, zc_report_keep(report, "\n", 1));
	return rows;
}

static void put_stacks(struct page *page)
{
	struct zc_report *report = page->report;
	struct zc_story story;
	size_t index = 0, number = 0;

	while (number < ROWS && !page->full && zc_story_next(report, &index, &story)) {
		char *text = NULL;
		size_t len = 0;
		FILE *out = open_memstream(&text, &len);

		number++;
		if (!out)
			break;
		fprintf(out, "<details><summary>%zu: %s</summary>\n\n", number,
			zc_escape_xml(report, zc_escape_cut(report, story.title, TEXT_MAX)).at);
		for (size_t i = 0; i < story.stack.frames && i < FRAMES_MAX; i++)
			fprintf(out, "%zu. %s%s\n", i + 1,
				code(page, zc_story_site(&story.stack.frame[i])).at,
				story.stack.frame[i].own ? "" : " (system)");
		if (!story.stack.frames)
			fputs("There is no stack.\n", out);
		fputs("\n</details>\n\n", out);
		fclose(out);
		put(page, (struct zc_str){ text, len });
		free(text);
	}
}

static void put_gaps(struct page *page)
{
	struct zc_report *report = page->report;
	struct zc_walk walk = zc_view_walk(zc_view_get(report->run->json, "coverage.processes"));
	struct zc_view process;
	unsigned shown = 0;

	while (shown < ROWS && zc_walk_next(&walk, NULL, &process)) {
		struct zc_str gap = zc_report_text(report, process, "gap");

		if (!gap.at)
			continue;
		if (!shown++)
			put(page, zc_report_printf(report, "Not watched:\n\n"));
		put(page, zc_report_printf(report, "* %s: %s\n",
					   code(page, zc_report_text(report, process, "exe")).at,
					   code(page, gap).at));
	}
}

void zc_report_as_markdown(struct zc_report *report)
{
	struct page page = { .report = report, .left = BUDGET - RESERVE };
	size_t rows;

	put_head(&page);
	rows = put_table(&page);
	put_stacks(&page);
	put_gaps(&page);
	if (report->run->violations > rows)
		fprintf(report->out, "\n%zu findings more are in the evidence.\n",
			report->run->violations - rows);
	fprintf(report->out,
		"\nRun %s; `zcaudit verify` checks it, `zcaudit explain` tells more.\n",
		report->run->id);
}
