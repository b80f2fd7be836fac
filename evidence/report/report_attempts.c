/* SPDX-License-Identifier: MIT */
/*
 * report_attempts.c - one JSON document of every call that was refused (or would have been).
 *
 * The plainest form of the evidence: when, which call with which arguments, from which stack.
 */
#include "evidence/story/events.h"

static void put_args(struct zc_report *report, const struct zc_story *story)
{
	struct zc_walk walk = zc_view_walk(story->args);
	struct zc_view arg;

	zc_json_open(&report->json, "args", '[');
	while (zc_walk_next(&walk, NULL, &arg))
		zc_report_json(report, NULL, zc_report_text(report, arg, ""));
	zc_json_close(&report->json, ']');
}

static void put_attempt(struct zc_report *report, const struct zc_story *story)
{
	struct zc_json *json = &report->json;

	zc_json_open(json, NULL, '{');
	zc_report_json(report, "timestamp", story->time);
	zc_report_json(report, "api", story->syscall.at ? story->syscall : story->op);
	put_args(report, story);
	zc_report_json(report, "op", story->op);
	zc_report_json(report, "object", story->what);
	zc_report_json(report, "action", story->action);
	zc_report_json(report, "errno", story->errno_name);
	zc_report_json(report, "rule", story->by);
	zc_json_uint(json, "pid", story->pid);
	zc_report_json(report, "exe", story->exe);
	zc_json_uint(json, "count", story->count);
	zc_report_json_sites(report, "stack", story);
	zc_json_close(json, '}');
	zc_report_flush(report);
}

static void put_exit(struct zc_report *report)
{
	struct zc_view exit = zc_view_get(report->run->json, "exit");
	int64_t code = zc_view_int(zc_view_get(exit, "command_code"), -1);
	int64_t signal = zc_view_int(zc_view_get(exit, "command_signal"), 0);

	if (signal)
		zc_json_int(&report->json, "exit_code", 128 + signal);
	else if (code >= 0)
		zc_json_int(&report->json, "exit_code", code);
	else
		zc_json_null(&report->json, "exit_code");
}

void zc_report_as_attempts(struct zc_report *report)
{
	struct zc_json *json = &report->json;
	struct zc_view run = report->run->json, word;
	struct zc_walk walk = zc_view_walk(zc_view_get(run, "command"));
	struct zc_events events;
	struct zc_story story;

	json->indent = 2;
	zc_json_open(json, NULL, '{');
	zc_json_string(json, "run", report->run->id);
	zc_report_json(report, "timestamp", zc_report_text(report, run, "started"));
	zc_json_open(json, "command", '[');
	while (zc_walk_next(&walk, NULL, &word))
		zc_report_json(report, NULL, zc_report_text(report, word, ""));
	zc_json_close(json, ']');
	zc_json_open(json, "events", '[');
	if (zc_events_begin(report, &events)) {
		while (zc_events_next(report, &events, false, &story))
			put_attempt(report, &story);
		zc_events_end(&events);
	}
	zc_json_close(json, ']');
	put_exit(report);
	zc_json_string(json, "verdict", zc_run_verdict_of(report->run));
	zc_json_close(json, '}');
	zc_json_newline(json);
}
