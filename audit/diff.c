/* SPDX-License-Identifier: MIT */
/*
 * diff.c - two runs: what is new, what is gone, what happened more or less often.
 *
 * Findings are the same when their fingerprints are: those hold no times, process numbers or
 * addresses. New ones are what a build should fail for, so they are what the exit status says.
 */
#include <inttypes.h>
#include <string.h>

#include "evidence/report/lines.h"
#include "audit/audit.h"

struct difference {
	bool json;
	struct zc_run *before, *after;
	size_t added, gone, changed;
};

enum kind { ADDED, GONE, CHANGED };
static const char *const kind_names[] = { "new", "gone", "changed" };

/* The run that has the item that is shown: what is gone is only in the first one. */
static void put_item(struct zc_report *report, struct difference *difference, enum kind kind,
		     const struct zc_item *item, const struct zc_item *other)
{
	struct zc_run *run = kind == GONE ? difference->before : difference->after;
	struct zc_json *json = &report->json;
	struct zc_story story;

	zc_report_reset(report);
	zc_story_tell(report, item, zc_run_event(run, item), &story);
	if (!difference->json) {
		fprintf(report->out, "%s%-8s%s", zc_paint(report, kind == ADDED ? ZC_RED : ZC_DIM),
			kind_names[kind], zc_paint(report, ZC_PLAIN));
		if (other)
			fprintf(report->out, "%" PRIu64 " -> ", other->count);
		fprintf(report->out, "%" PRIu64 " x %s  %s", item->count, story.title.at,
			story.by.at);
		if (story.program.at)
			fprintf(report->out, "  [%s]", zc_report_shown(report, story.program).at);
		fputc('\n', report->out);
		return;
	}
	zc_json_open(json, NULL, '{');
	zc_report_json(report, "fingerprint",
		       zc_report_printf(report, "%016" PRIx64, item->fingerprint));
	zc_report_json(report, "what", story.title);
	zc_report_json(report, "rule", story.by);
	zc_report_json(report, "exe", story.exe);
	zc_json_uint(json, "before", kind == ADDED ? 0 : kind == GONE ? item->count : other->count);
	zc_json_uint(json, "after", kind == GONE ? 0 : item->count);
	zc_json_close(json, '}');
	zc_report_flush(report);
}

static void put_kind(struct zc_report *report, struct difference *difference, enum kind kind)
{
	const struct zc_run *from = kind == GONE ? difference->before : difference->after;
	const struct zc_run *to = kind == GONE ? difference->after : difference->before;
	size_t *counts[] = { &difference->added, &difference->gone, &difference->changed };

	if (difference->json)
		zc_json_open(&report->json, kind_names[kind], '[');
	for (size_t i = 0; i < from->items; i++) {
		const struct zc_item *item = &from->item[i];
		const struct zc_item *other = zc_run_item(to, item->fingerprint);

		if (!item->violation || (kind == CHANGED) != (other != NULL) ||
		    (other && other->count == item->count))
			continue;
		if (++*counts[kind] <= ZC_REPORT_FINDINGS)
			put_item(report, difference, kind, item, other);
	}
	if (difference->json)
		zc_json_close(&report->json, ']');
}

/* What else may explain a difference: another mode, other gaps, another policy. */
static void put_fact(struct zc_report *report, const struct difference *difference,
		     const char *name, const char *path)
{
	struct zc_view a = zc_view_get(difference->before->json, path),
		       b = zc_view_get(difference->after->json, path);
	struct zc_json *json = &report->json;

	if (difference->json) {
		zc_json_open(json, name, '{');
		zc_json_raw(json, "before", a.at ? a.at : "null", a.at ? a.len : 4);
		zc_json_raw(json, "after", b.at ? b.at : "null", b.at ? b.len : 4);
		zc_json_close(json, '}');
	} else if (a.len != b.len || (a.at && memcmp(a.at, b.at, a.len) != 0)) {
		a = a.at ? a : (struct zc_view){ "?", 1 };
		b = b.at ? b : (struct zc_view){ "?", 1 };
		fprintf(report->out, "%-8s%s: %s -> %s\n", "", name,
			zc_report_shown(report, zc_report_keep(report, a.at, a.len)).at,
			zc_report_shown(report, zc_report_keep(report, b.at, b.len)).at);
	}
}

static void write_difference(struct zc_report *report)
{
	static const char *const facts[][2] = {
		{ "verdict", "verdict" },           { "mode", "mode.used" },
		{ "policy", "policy.sha256" },      { "processes", "coverage.count" },
		{ "not_watched", "coverage.gaps" },
	};
	struct difference *difference = report->options.context;
	struct zc_json *json = &report->json;

	report->exact = !difference->json;
	json->indent = 2;
	if (difference->json) {
		zc_json_open(json, NULL, '{');
		zc_json_string(json, "before", difference->before->id);
		zc_json_string(json, "after", difference->after->id);
	} else {
		fprintf(report->out, "%s -> %s\n", difference->before->id, difference->after->id);
	}
	for (enum kind kind = ADDED; kind <= CHANGED; kind++)
		put_kind(report, difference, kind);
	if (difference->json)
		zc_json_open(json, "facts", '{');
	for (size_t i = 0; i < ZC_LEN(facts); i++)
		put_fact(report, difference, facts[i][0], facts[i][1]);
	if (difference->json) {
		zc_json_close(json, '}');
		zc_json_close(json, '}');
		zc_json_newline(json);
	} else {
		fprintf(report->out, "%zu new, %zu gone, %zu changed\n", difference->added,
			difference->gone, difference->changed);
	}
}

int zc_audit_diff(int argc, char **argv)
{
	struct difference difference = { 0 };
	struct zc_audit audit;
	int status = zc_audit_options(&audit, argc, argv, "ljcrod");

	if (!status && audit.argc != 2)
		status = zc_audit_fail("diff takes two runs: the one before and the one after");
	if (!status)
		status = zc_audit_open(&audit, audit.argv[0], true, &difference.before);
	if (!status)
		status = zc_audit_open(&audit, audit.argv[1], true, &difference.after);
	difference.json = audit.json;
	if (!status)
		status = zc_audit_write(&audit, difference.after, write_difference, &difference);
	zc_run_free(difference.before);
	zc_run_free(difference.after);
	return status ? status : difference.added ? 1 : 0;
}
