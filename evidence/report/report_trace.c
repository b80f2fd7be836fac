/* SPDX-License-Identifier: MIT */
/*
 * report_trace.c - Chrome's trace event format: each event as an instant in its process's row.
 *
 * ui.perfetto.dev and chrome://tracing open it. Times are microseconds since the run began.
 */
#include "evidence/story/events.h"

static void put_names(struct zc_report *report)
{
	struct zc_walk walk = zc_view_walk(zc_view_get(report->run->json, "coverage.processes"));
	struct zc_json *json = &report->json;
	struct zc_view process;

	while (zc_walk_next(&walk, NULL, &process)) {
		struct zc_str exe = zc_report_text(report, process, "exe");

		zc_json_open(json, NULL, '{');
		zc_json_string(json, "name", "process_name");
		zc_json_string(json, "ph", "M");
		zc_json_int(json, "pid", zc_view_int(zc_view_get(process, "pid"), 0));
		zc_json_open(json, "args", '{');
		zc_report_json(report, "name", zc_report_shown(report, exe));
		zc_json_close(json, '}');
		zc_json_close(json, '}');
		zc_report_flush(report);
		zc_report_reset(report);
	}
}

static void put_instant(struct zc_report *report, const struct zc_story *story, uint64_t first_ns)
{
	struct zc_json *json = &report->json;
	uint64_t at = story->mono_ns;

	zc_json_open(json, NULL, '{');
	zc_report_json(report, "name", story->title);
	zc_report_json(report, "cat", story->class.at ? story->class : story->op);
	zc_json_string(json, "ph", "i");
	zc_json_string(json, "s", "t");
	zc_json_uint(json, "ts", at > first_ns ? (at - first_ns) / 1000 : 0);
	zc_json_uint(json, "pid", story->pid);
	zc_json_uint(json, "tid", story->tid);
	zc_json_open(json, "args", '{');
	zc_report_json(report, "rule", story->by);
	zc_report_json(report, "in", zc_story_where(report, story));
	zc_report_json(report, "fingerprint", story->fingerprint);
	zc_json_uint(json, "seq", story->seq);
	zc_json_close(json, '}');
	zc_json_close(json, '}');
	zc_report_flush(report);
}

void zc_report_as_trace(struct zc_report *report)
{
	struct zc_json *json = &report->json;
	struct zc_events events;
	struct zc_story story;

	json->indent = 2;
	zc_json_open(json, NULL, '{');
	zc_json_string(json, "displayTimeUnit", "ms");
	zc_json_open(json, "otherData", '{');
	zc_json_string(json, "run", report->run->id);
	zc_json_string(json, "verdict", zc_run_verdict_of(report->run));
	zc_json_close(json, '}');
	zc_json_open(json, "traceEvents", '[');
	put_names(report);
	if (zc_events_begin(report, &events)) {
		while (zc_events_next(report, &events, true, &story))
			put_instant(report, &story, events.first_ns);
		zc_events_end(&events);
	}
	zc_json_close(json, ']');
	zc_json_close(json, '}');
	zc_json_newline(json);
}
