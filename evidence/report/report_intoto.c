/* SPDX-License-Identifier: MIT */
/*
 * report_intoto.c - an in-toto Statement v1 about the run's two files, with a runtime-trace predicate.
 *
 * The subjects are run.json and events.jsonl by their digests, so whoever signs the statement signs
 * the evidence itself. runtime-trace is at version 0.1: the whole mapping is in this file. Members
 * that the specification does not have are under `zencube`; readers must ignore unknown ones.
 */
#include <fcntl.h>
#include <inttypes.h>
#include <sodium.h>
#include <stdio.h>
#include <string.h>
#include <unistd.h>

#include "evidence/story/escape.h"
#include "evidence/story/digest.h"

#define STATEMENT "https://in-toto.io/Statement/v1"
#define PREDICATE "https://in-toto.io/attestation/runtime-trace/v0.1"

static void put_digest(struct zc_report *report, struct zc_str sha256)
{
	zc_json_open(&report->json, "digest", '{');
	zc_report_json(report, "sha256", sha256);
	zc_json_close(&report->json, '}');
}

static void put_subject(struct zc_report *report, const char *name)
{
	char hex[2 * crypto_hash_sha256_BYTES + 1];

	if (zc_digest_file(report->run->dir, name, hex) < 0)
		return;
	zc_json_open(&report->json, NULL, '{');
	zc_json_string(&report->json, "name", name);
	put_digest(report, (struct zc_str){ hex, strlen(hex) });
	zc_json_close(&report->json, '}');
}

static void put_monitor(struct zc_report *report)
{
	struct zc_view run = report->run->json;
	struct zc_str policy = zc_report_text(report, run, "policy.sha256");
	struct zc_walk walk = zc_view_walk(zc_view_get(run, "policy.sources"));
	struct zc_json *json = &report->json;
	struct zc_view source;

	zc_json_open(json, "monitor", '{');
	zc_json_string(json, "type", "urn:zencube:monitor:1");
	if (policy.at) {
		zc_json_open(json, "configSource", '{');
		zc_json_string(json, "name", "policy");
		put_digest(report, policy);
		zc_json_close(json, '}');
	}
	zc_json_open(json, "tracePolicy", '{');
	zc_report_json(report, "mode", zc_report_text(report, run, "mode.used"));
	zc_report_json(report, "engine", zc_report_text(report, run, "mode.engine"));
	zc_json_open(json, "sources", '[');
	while (zc_walk_next(&walk, NULL, &source))
		zc_report_json(report, NULL, zc_report_text(report, source, ""));
	zc_json_close(json, ']');
	zc_json_close(json, '}');
	zc_json_close(json, '}');
	zc_json_open(json, "monitoredProcess", '{');
	zc_report_json(report, "hostID",
		       zc_report_printf(report, "zencube-run:%s", report->run->id));
	zc_json_string(json, "type", "command");
	zc_report_json(report, "event", zc_report_command(report, zc_view_get(run, "command")));
	zc_json_close(json, '}');
}

static void put_processes(struct zc_report *report)
{
	struct zc_walk walk = zc_view_walk(zc_view_get(report->run->json, "coverage.processes"));
	struct zc_json *json = &report->json;
	struct zc_view process;

	zc_json_open(json, "process", '[');
	while (zc_walk_next(&walk, NULL, &process)) {
		zc_report_reset(report);
		zc_json_open(json, NULL, '{');
		zc_json_int(json, "pid", zc_view_int(zc_view_get(process, "pid"), 0));
		zc_json_int(json, "parentPid", zc_view_int(zc_view_get(process, "ppid"), 0));
		zc_report_json(report, "program", zc_report_text(report, process, "exe"));
		zc_report_json(report, "watchedBy", zc_report_text(report, process, "watched_by"));
		zc_report_json(report, "gap", zc_report_text(report, process, "gap"));
		zc_json_close(json, '}');
		zc_report_flush(report);
	}
	zc_json_close(json, ']');
}

static bool is_network(const struct zc_story *story)
{
	return zc_str_is(story->class, "net") || zc_str_is(story->class, "listen") ||
	       zc_str_is(story->class, "unix");
}

static void put_common(struct zc_report *report, const struct zc_story *story)
{
	struct zc_json *json = &report->json;

	zc_report_json(report, "op", story->op);
	zc_report_json(report, "action", story->action);
	zc_report_json(report, "timestamp", story->time);
	zc_report_json(report, "program", story->exe);
	zc_report_json(report, "rule", story->by);
	zc_report_json(report, "fingerprint", story->fingerprint);
	zc_json_uint(json, "count", story->count);
}

static void put_connection(struct zc_report *report, const struct zc_story *story)
{
	struct zc_view object = story->object;
	struct zc_str address = zc_report_text(report, object, "address");
	struct zc_str host = zc_report_text(report, object, "host");
	struct zc_json *json = &report->json;

	zc_json_open(json, NULL, '{');
	zc_json_string(json, "direction", zc_str_is(story->class, "listen") ? "ingress" : "egress");
	zc_report_json(report, "destination", story->what);
	if (address.at)
		zc_report_json(report, "ip", address);
	if (zc_view_get(object, "port").at)
		zc_json_uint(json, "port", zc_view_uint(zc_view_get(object, "port"), 0));
	if (host.at)
		zc_report_json(report, "requestedHostname", host);
	put_common(report, story);
	zc_json_close(json, '}');
}

static void put_access(struct zc_report *report, const struct zc_story *story)
{
	struct zc_view object = story->object;
	struct zc_str path = zc_report_text(report, object, "path");
	struct zc_str digest = zc_report_text(report, object, "digest.sha256");
	struct zc_json *json = &report->json;

	zc_json_open(json, NULL, '{');
	zc_report_json(report, "uri",
		       path.at ? zc_escape_uri(report, path)
			       : zc_report_printf(report, "urn:zencube:op:%s", story->op.at));
	if (digest.at)
		put_digest(report, digest);
	zc_json_open(json, "annotations", '{');
	if (digest.at)
		zc_report_json(report, "digestMade", zc_report_text(report, object, "digest.when"));
	put_common(report, story);
	zc_json_close(json, '}');
	zc_json_close(json, '}');
}

/* Findings and logged accesses, those of the network or the others. */
static void put_log(struct zc_report *report, const char *key, bool network)
{
	struct zc_run *run = report->run;
	struct zc_story story;

	zc_json_open(&report->json, key, '[');
	for (size_t i = 0; i < run->items && i < 2 * ZC_REPORT_FINDINGS && !report->failed; i++) {
		zc_report_reset(report);
		zc_story_tell(report, &run->item[i], zc_run_event(run, &run->item[i]), &story);
		if (is_network(&story) != network)
			continue;
		if (network)
			put_connection(report, &story);
		else
			put_access(report, &story);
		zc_report_flush(report);
	}
	zc_json_close(&report->json, ']');
}

static void put_extension(struct zc_report *report)
{
	static const char *const numbers[][2] = {
		{ "violations", "counts.violations" },
		{ "findings", "counts.findings" },
		{ "processes", "coverage.count" },
		{ "notWatched", "coverage.gaps" },
		{ "lost", "counts.lost" },
		{ "lines", "counts.events" },
	};
	struct zc_view run = report->run->json;
	struct zc_json *json = &report->json;

	zc_json_open(json, "zencube", '{');
	zc_json_string(json, "version", ZC_VERSION);
	zc_json_string(json, "run", report->run->id);
	zc_json_string(json, "verdict", zc_run_verdict_of(report->run));
	for (size_t i = 0; i < ZC_LEN(numbers); i++)
		zc_json_uint(json, numbers[i][0], zc_view_uint(zc_view_get(run, numbers[i][1]), 0));
	zc_json_bool(json, "coverageComplete", zc_view_true(zc_view_get(run, "coverage.complete")));
	zc_report_json(report, "chainHead", zc_report_text(report, run, "chain.head"));
	zc_json_close(json, '}');
}

static void put_predicate(struct zc_report *report, const char *key)
{
	struct zc_view run = report->run->json;
	struct zc_json *json = &report->json;

	zc_json_open(json, key, '{');
	put_monitor(report);
	zc_json_open(json, "monitorLog", '{');
	put_processes(report);
	put_log(report, "network", true);
	put_log(report, "fileAccess", false);
	zc_json_close(json, '}');
	zc_json_open(json, "metadata", '{');
	zc_report_json(report, "buildStartedOn", zc_report_text(report, run, "started"));
	zc_report_json(report, "buildFinishedOn", zc_report_text(report, run, "ended"));
	zc_json_close(json, '}');
	put_extension(report);
	zc_json_close(json, '}');
}

void zc_report_as_predicate(struct zc_report *report)
{
	report->json.indent = 3;
	put_predicate(report, NULL);
	zc_json_newline(&report->json);
}

void zc_report_as_statement(struct zc_report *report)
{
	struct zc_json *json = &report->json;

	json->indent = 4;
	zc_json_open(json, NULL, '{');
	zc_json_string(json, "_type", STATEMENT);
	zc_json_open(json, "subject", '[');
	put_subject(report, "events.jsonl");
	put_subject(report, "run.json");
	zc_json_close(json, ']');
	zc_json_string(json, "predicateType", PREDICATE);
	put_predicate(report, "predicate");
	zc_json_close(json, '}');
	zc_json_newline(json);
}
