/* SPDX-License-Identifier: MIT */
/*
 * report_text.c - a run for people, in a terminal.
 */
#include <inttypes.h>
#include <string.h>

#include "evidence/report/lines.h"

const char *zc_paint(const struct zc_report *report, const char *code)
{
	return report->options.color ? code : "";
}

static void put_field(struct zc_report *report, const char *name, struct zc_str text)
{
	text = zc_report_shown(report, text);
	if (text.at)
		fprintf(report->out, "  %-10s %s\n", name, text.at);
}

static void put_mode(struct zc_report *report)
{
	struct zc_view mode = zc_view_get(report->run->json, "mode");
	struct zc_walk modes = zc_view_walk(zc_view_get(mode, "why_not"));
	struct zc_walk layers = zc_view_walk(zc_view_get(report->run->json, "layers"));
	struct zc_str used = zc_report_text(report, mode, "used"),
		      engine = zc_report_text(report, mode, "engine"), text;

	if (used.at && engine.at && strcmp(used.at, engine.at) != 0)
		used = zc_report_printf(report, "%s (%s)", used.at, engine.at);
	put_field(report, "mode", used);
	while ((text = zc_report_next_why_not(report, &modes)).at)
		put_field(report, "", text);
	while ((text = zc_report_next_layer(report, &layers)).at)
		put_field(report, "layer", text);
}

static void put_counts(struct zc_report *report)
{
	static const struct {
		const char *path, *one, *many;
	} counts[] = {
		{ "counts.violations", "violation", "violations" },
		{ "counts.findings", "finding", "findings" },
		{ "counts.probes", "probe of a missing file", "probes of missing files" },
		{ "counts.quiet", "quiet refusal", "quiet refusals" },
		{ "counts.lost", "record lost", "records lost" },
		{ "counts.not_kept", "event not kept", "events not kept" },
		{ "counts.forged", "forged frame", "forged frames" },
		{ "counts.malformed", "malformed frame", "malformed frames" },
	};
	const char *before = "";

	fprintf(report->out, "  %-10s ", "counts");
	for (size_t i = 0; i < ZC_LEN(counts); i++) {
		uint64_t count = zc_report_number(report, counts[i].path);

		if (!count && i)
			continue;
		fprintf(report->out, "%s%" PRIu64 " %s", before, count,
			count == 1 ? counts[i].one : counts[i].many);
		before = ", ";
	}
	fputc('\n', report->out);
}

static void put_coverage(struct zc_report *report)
{
	uint64_t count = zc_report_number(report, "coverage.count"),
		 gaps = zc_report_number(report, "coverage.gaps");

	fprintf(report->out, "  %-10s %" PRIu64 " process%s, ", "coverage", count,
		count == 1 ? "" : "es");
	if (gaps)
		fprintf(report->out, "%" PRIu64 " not watched (zcaudit tree shows them)\n", gaps);
	else
		fputs("all watched\n", report->out);
}

static void put_exit(struct zc_report *report)
{
	struct zc_view exit = zc_view_get(report->run->json, "exit");
	int64_t code = zc_view_int(zc_view_get(exit, "command_code"), -1);
	int64_t signal = zc_view_int(zc_view_get(exit, "command_signal"), 0);

	fprintf(report->out, "  %-10s ", "exit");
	if (signal)
		fprintf(report->out, "the command was ended by signal %" PRIi64, signal);
	else if (code >= 0)
		fprintf(report->out, "the command's %" PRIi64, code);
	else
		fputs("the command's is not known", report->out);
	fprintf(report->out, ", zcwrap's %" PRIi64 "\n",
		zc_view_int(zc_view_get(exit, "code"), -1));
}

void zc_lines_head(struct zc_report *report)
{
	struct zc_run *run = report->run;
	const char *verdict = zc_run_verdict_of(run);
	const char *paint = !strcmp(verdict, "pass")             ? ZC_GREEN
			    : !strcmp(verdict, "pass-with-gaps") ? ZC_YELLOW
								 : ZC_RED;

	fprintf(report->out, "run %s: %s%s%s\n", run->id, zc_paint(report, paint), verdict,
		zc_paint(report, ZC_PLAIN));
	if (!run->json.at) {
		put_field(report, "", (struct zc_str){ run->json_error, strlen(run->json_error) });
		return;
	}
	put_field(report, "command", zc_report_command(report, zc_view_get(run->json, "command")));
	put_field(report, "in", zc_report_text(report, run->json, "cwd"));
	put_field(report, "started", zc_report_text(report, run->json, "started"));
	put_field(report, "ended", zc_report_text(report, run->json, "ended"));
	put_field(report, "policy",
		  zc_report_command(report, zc_view_get(run->json, "policy.sources")));
	put_mode(report);
	put_coverage(report);
	put_counts(report);
	put_exit(report);
	put_field(report, "error", zc_report_text(report, run->json, "error"));
}

void zc_lines_story(struct zc_report *report, const struct zc_story *story, size_t number_of)
{
	struct zc_str site = zc_story_where(report, story);
	struct zc_str program = zc_report_shown(report, story->program);
	bool audited = story->action.len == 7 && !memcmp(story->action.at, "audited", 7);

	fprintf(report->out, "%3zu  %" PRIu64 " x %s%s%s  %s", number_of, story->count,
		zc_paint(report, audited ? ZC_YELLOW : ZC_RED), story->title.at,
		zc_paint(report, ZC_PLAIN), story->by.at);
	if (site.at)
		fprintf(report->out, "%s  in %s%s", zc_paint(report, ZC_DIM), site.at,
			zc_paint(report, ZC_PLAIN));
	if (program.at)
		fprintf(report->out, "  [%s]", program.at);
	fputc('\n', report->out);
}

void zc_lines_frame(struct zc_report *report, const struct zc_frame_told *frame, size_t index)
{
	struct zc_str site = zc_story_site(frame);
	struct zc_str module = zc_report_shown(report, frame->module);

	fprintf(report->out, "%s      #%-2zu %s%s", zc_paint(report, frame->own ? "" : ZC_DIM),
		index, site.at, zc_paint(report, frame->own ? "" : ZC_PLAIN));
	if (module.at && frame->function.at)
		fprintf(report->out, "%s  %s+%s%s", zc_paint(report, ZC_DIM), module.at,
			frame->offset.at ? frame->offset.at : "?", zc_paint(report, ZC_PLAIN));
	if (frame->inlined)
		fputs("  inlined", report->out);
	if (frame->lines_from.at)
		fprintf(report->out, "  line by %s", zc_report_shown(report, frame->lines_from).at);
	fputc('\n', report->out);
}

static void put_stack(struct zc_report *report, const struct zc_story *story)
{
	struct zc_str status = zc_report_shown(report, story->stack.status),
		      why = zc_report_shown(report, story->stack.why);

	for (size_t i = 0; i < story->stack.frames; i++)
		zc_lines_frame(report, &story->stack.frame[i], i);
	if (status.at && strcmp(status.at, "complete") != 0)
		fprintf(report->out, "      (the stack is %s%s%s)\n", status.at, why.at ? ": " : "",
			why.at ? why.at : "");
}

void zc_lines_hint(struct zc_report *report, const struct zc_story *story)
{
	struct zc_str hint = zc_report_shown(report, story->hint);

	if (hint.at)
		fprintf(report->out, "      to allow it: %s\n", hint.at);
	if (story->dac_refuses)
		fputs("      plain permissions would have refused it too\n", report->out);
}

void zc_report_as_text(struct zc_report *report)
{
	struct zc_story story;
	size_t index = 0, shown = 0;

	report->exact = true;
	zc_lines_head(report);
	while (zc_story_next(report, &index, &story)) {
		if (!shown++)
			fputc('\n', report->out);
		zc_lines_story(report, &story, shown);
		put_stack(report, &story);
		zc_lines_hint(report, &story);
	}
	zc_lines_rest(report, shown);
}

void zc_lines_rest(struct zc_report *report, size_t shown)
{
	uint64_t all = zc_report_number(report, "counts.findings");

	if (all < report->run->violations)
		all = report->run->violations;
	if (all > shown)
		fprintf(report->out, "and %" PRIu64 " findings more\n", all - shown);
	if (report->run->broken)
		fprintf(report->out,
			"%" PRIu64 " lines of the log could not be read: zcaudit"
			" verify names them\n",
			report->run->broken);
}
