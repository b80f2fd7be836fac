/* SPDX-License-Identifier: MIT */
/*
 * show.c - one run: as a whole, its findings, its processes.
 */
#include <inttypes.h>
#include <string.h>

#include "evidence/read/tree.h"
#include "evidence/report/lines.h"
#include "audit/audit.h"

static void put_findings(struct zc_report *report)
{
	struct zc_story story;
	size_t index = 0, shown = 0;

	while (zc_story_next(report, &index, &story))
		zc_lines_story(report, &story, ++shown);
	zc_lines_rest(report, shown);
}

static void write_show(struct zc_report *report)
{
	report->exact = true;
	zc_lines_head(report);
	if (report->run->items)
		fputc('\n', report->out);
	put_findings(report);
	fprintf(report->out, "  evidence   %s\n",
		zc_report_shown(report,
				(struct zc_str){ report->run->dir, strlen(report->run->dir) })
			.at);
}

static void write_show_json(struct zc_report *report)
{
	const struct zc_run *run = report->run;
	struct zc_json *json = &report->json;

	if (run->json.at) {
		fwrite(run->json.at, 1, run->json.len, report->out);
		fputc('\n', report->out);
		return;
	}
	zc_json_open(json, NULL, '{');
	zc_json_string(json, "run", run->id);
	zc_json_string(json, "error", run->json_error);
	zc_json_uint(json, "lines", run->lines);
	zc_json_string(json, "verdict", "error");
	zc_json_close(json, '}');
	zc_json_newline(json);
}

static void write_findings(struct zc_report *report)
{
	report->exact = true;
	put_findings(report);
	if (!report->run->violations)
		fputs("There are no findings.\n", report->out);
}

/* Each finding with its first event, both as they are in the run. */
static void write_findings_json(struct zc_report *report)
{
	struct zc_run *run = report->run;
	struct zc_json *json = &report->json;

	json->indent = 1;
	zc_json_open(json, NULL, '[');
	for (size_t i = 0; i < run->items && i < ZC_REPORT_FINDINGS; i++) {
		const struct zc_item *item = &run->item[i];
		struct zc_view event = zc_run_event(run, item);
		char hex[24];

		if (!item->violation)
			continue;
		snprintf(hex, sizeof(hex), "%016" PRIx64, item->fingerprint);
		zc_json_open(json, NULL, '{');
		zc_json_string(json, "fingerprint", hex);
		zc_json_uint(json, "count", item->count);
		zc_json_uint(json, "events", item->events);
		zc_json_uint(json, "first_seq", item->first_seq);
		zc_json_raw(json, "event", event.at ? event.at : "null", event.at ? event.len : 4);
		zc_json_close(json, '}');
		zc_report_flush(report);
	}
	zc_json_close(json, ']');
	zc_json_newline(json);
}

/* "/usr/bin/dash -> /usr/bin/cat", and for each what watched it. */
static void put_programs(struct zc_report *report, const struct zc_tree *tree,
			 const struct zc_node *node)
{
	struct zc_str before = { NULL, 0 }, by = { NULL, 0 };
	unsigned put = 0;

	for (size_t i = 0; i < node->programs; i++) {
		struct zc_view entry = tree->entry[tree->order[node->first + i]];
		struct zc_str exe = zc_report_text(report, entry, "exe"),
			      gap = zc_report_text(report, entry, "gap");
		bool same = before.at && exe.at && exe.len == before.len &&
			    !memcmp(exe.at, before.at, exe.len);

		if (same && !gap.at)
			continue;
		before = exe;
		by = gap.at ? by : zc_report_text(report, entry, "watched_by");
		fprintf(report->out, "%s%s", put++ ? " -> " : "",
			exe.at ? zc_report_shown(report, exe).at : "?");
		if (gap.at)
			fprintf(report->out, " %s(not watched: %s)%s", zc_paint(report, ZC_YELLOW),
				zc_report_shown(report, gap).at, zc_paint(report, ZC_PLAIN));
	}
	if (by.at)
		fprintf(report->out, "  %s[%s]%s", zc_paint(report, ZC_DIM),
			zc_report_shown(report, by).at, zc_paint(report, ZC_PLAIN));
}

static void put_node_json(struct zc_report *report, const struct zc_tree *tree,
			  const struct zc_node *node, unsigned depth)
{
	struct zc_json *json = &report->json;

	zc_json_open(json, NULL, '{');
	zc_json_int(json, "pid", node->pid);
	zc_json_int(json, "ppid", node->ppid);
	zc_json_uint(json, "depth", depth);
	zc_json_bool(json, "watched", !node->gap);
	zc_json_open(json, "programs", '[');
	for (size_t i = 0; i < node->programs; i++) {
		struct zc_view entry = tree->entry[tree->order[node->first + i]];

		zc_json_raw(json, NULL, entry.at, entry.len);
	}
	zc_json_close(json, ']');
	zc_json_close(json, '}');
	zc_report_flush(report);
}

static void write_tree(struct zc_report *report)
{
	const struct zc_audit *audit = report->options.context;
	const struct zc_node *node = NULL;
	struct zc_tree *tree;
	unsigned depth = 0;

	if (zc_tree_new(&tree, zc_view_get(report->run->json, "coverage.processes")) < 0) {
		report->failed = true;
		return;
	}
	report->exact = !audit->json;
	report->json.indent = 1;
	if (audit->json)
		zc_json_open(&report->json, NULL, '[');
	while (zc_tree_next(tree, &node, &depth)) {
		zc_report_reset(report);
		if (audit->json) {
			put_node_json(report, tree, node, depth);
			continue;
		}
		fprintf(report->out, "%*s%" PRIi64 " ", (int)(depth < 60 ? depth : 60) * 2, "",
			node->pid);
		put_programs(report, tree, node);
		fputc('\n', report->out);
	}
	if (audit->json) {
		zc_json_close(&report->json, ']');
		zc_json_newline(&report->json);
	} else if (!tree->nodes) {
		fprintf(report->out, "No processes are listed%s%s.\n",
			*report->run->json_error ? ": " : "", report->run->json_error);
	}
	zc_tree_free(tree);
}

static int one_run(int argc, char **argv, void (*text)(struct zc_report *),
		   void (*json)(struct zc_report *), bool scan)
{
	struct zc_audit audit;
	struct zc_run *run = NULL;
	int status = zc_audit_options(&audit, argc, argv, "ljcrod");

	if (!status && audit.argc > 1)
		status = zc_audit_fail("%s takes one run", audit.name);
	if (!status)
		status = zc_audit_open(&audit, audit.argv[0], scan, &run);
	if (!status)
		status = zc_audit_write(&audit, run, audit.json ? json : text, &audit);
	zc_run_free(run);
	return status;
}

int zc_audit_show(int argc, char **argv)
{
	return one_run(argc, argv, write_show, write_show_json, true);
}

int zc_audit_findings(int argc, char **argv)
{
	return one_run(argc, argv, write_findings, write_findings_json, true);
}

int zc_audit_tree(int argc, char **argv)
{
	return one_run(argc, argv, write_tree, write_tree, false);
}
