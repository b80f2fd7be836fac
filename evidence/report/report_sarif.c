/* SPDX-License-Identifier: MIT */
/*
 * report_sarif.c - SARIF 2.1.0 (OASIS), as GitHub's code scanning takes it.
 *
 * GitHub rejects a whole file for one result without a location, shows `codeFlows` and ignores
 * `stacks`, and tells findings apart by partialFingerprints.primaryLocationLineHash. So every result
 * has a location (zc_story_location), the stack stands in both places, and the fingerprint is the
 * finding's. 5,000 results are what GitHub keeps.
 */
#include <inttypes.h>
#include <stdlib.h>
#include <string.h>

#include "evidence/story/escape.h"

#define RESULTS_MAX 5000u
#define FLOW_MAX 64u

static const struct {
	const char *class, *id, *name, *text, *severity;
} rules[] = {
	{ "read", "zencube/read", "FileRead",
	  "A file was read that the policy does not let the command read.", "6.5" },
	{ "write", "zencube/write", "FileWrite",
	  "A file was changed, made, moved or removed that the policy does not let the command "
	  "write.",
	  "7.5" },
	{ "run", "zencube/run", "ProgramRun",
	  "A program was run that the policy does not let the command run.", "7.0" },
	{ "net", "zencube/net", "NetworkAccess",
	  "A network address was used that the policy does not let the command use.", "8.0" },
	{ "unix", "zencube/unix", "UnixSocketAccess",
	  "A local socket was used that the policy does not let the command use.", "7.0" },
	{ "listen", "zencube/listen", "Listen",
	  "The command listened where the policy does not let it.", "5.0" },
	{ "sys", "zencube/sys", "SystemAccess",
	  "The command reached outside of its run: mounts, namespaces, other processes.", "8.5" },
	{ NULL, "zencube/other", "Other", "The command did what the policy does not let it do.",
	  "6.0" },
};

static size_t rule_of(const struct zc_story *story)
{
	size_t i = 0;

	while (rules[i].class && (!story->class.at || strcmp(rules[i].class, story->class.at) != 0))
		i++;
	return i;
}

static void put_text(struct zc_report *report, const char *key, struct zc_str text)
{
	zc_json_open(&report->json, key, '{');
	zc_report_json(report, "text", text);
	zc_json_close(&report->json, '}');
}

static struct zc_str plain(struct zc_report *report, const char *text)
{
	return zc_report_keep(report, text, strlen(text));
}

static void put_driver(struct zc_report *report)
{
	struct zc_json *json = &report->json;

	zc_json_open(json, "tool", '{');
	zc_json_open(json, "driver", '{');
	zc_json_string(json, "name", "ZenCube");
	zc_json_string(json, "semanticVersion", ZC_VERSION);
	zc_json_open(json, "rules", '[');
	for (size_t i = 0; i < ZC_LEN(rules); i++) {
		zc_json_open(json, NULL, '{');
		zc_json_string(json, "id", rules[i].id);
		zc_json_string(json, "name", rules[i].name);
		put_text(report, "shortDescription", plain(report, rules[i].text));
		put_text(report, "fullDescription", plain(report, rules[i].text));
		put_text(report, "help",
			 plain(report, "zcaudit explain RUN says by which rule, from which line of"
				       " whose code, and what would allow it."));
		zc_json_open(json, "properties", '{');
		zc_json_open(json, "tags", '[');
		zc_json_string(json, NULL, "security");
		zc_json_close(json, ']');
		zc_json_string(json, "precision", "very-high");
		zc_json_string(json, "security-severity", rules[i].severity);
		zc_json_close(json, '}');
		zc_json_close(json, '}');
	}
	zc_json_close(json, ']');
	zc_json_close(json, '}');
	zc_json_close(json, '}');
}

/* uri, relative to SRCROOT where it can be. */
static void put_artifact(struct zc_report *report, struct zc_str path, bool relative)
{
	zc_json_open(&report->json, "artifactLocation", '{');
	zc_report_json(report, "uri", zc_escape_uri(report, path));
	if (relative && report->workspace[0] == '/')
		zc_json_string(&report->json, "uriBaseId", "SRCROOT");
	zc_json_close(&report->json, '}');
}

static void put_region(struct zc_json *json, uint64_t line)
{
	zc_json_open(json, "region", '{');
	zc_json_uint(json, "startLine", line ? line : 1);
	zc_json_uint(json, "startColumn", 1);
	zc_json_uint(json, "endLine", line ? line : 1);
	zc_json_uint(json, "endColumn", 2);
	zc_json_close(json, '}');
}

static void put_locations(struct zc_report *report, const struct zc_story *story)
{
	struct zc_location location = zc_story_location(report, story);
	struct zc_json *json = &report->json;

	zc_json_open(json, "locations", '[');
	zc_json_open(json, NULL, '{');
	zc_json_open(json, "physicalLocation", '{');
	put_artifact(report, location.path, location.relative);
	put_region(json, location.line);
	zc_json_close(json, '}');
	zc_json_close(json, '}');
	zc_json_close(json, ']');
}

/* The value of "0x1f", or 0. */
static uint64_t hex(struct zc_str text)
{
	return text.at ? strtoull(text.at, NULL, 16) : 0;
}

static void put_frame(struct zc_report *report, const struct zc_frame_told *frame, uint64_t tid)
{
	struct zc_json *json = &report->json;

	zc_json_open(json, NULL, '{');
	zc_json_open(json, "location", '{');
	if (frame->file.at || frame->module.at) {
		zc_json_open(json, "physicalLocation", '{');
		if (frame->file.at && frame->line) {
			put_artifact(report, frame->inside.at ? frame->inside : frame->file,
				     frame->inside.at != NULL);
			put_region(json, frame->line);
		} else {
			put_artifact(report, frame->module.at ? frame->module : frame->file, false);
		}
		zc_json_open(json, "address", '{');
		zc_json_uint(json, "relativeAddress", hex(frame->offset) & INT64_MAX);
		zc_json_string(json, "kind", "instruction");
		zc_json_close(json, '}');
		zc_json_close(json, '}');
	}
	if (frame->function.at) {
		zc_json_open(json, "logicalLocations", '[');
		zc_json_open(json, NULL, '{');
		zc_report_json(report, "fullyQualifiedName", frame->function);
		if (frame->linkage.at)
			zc_report_json(report, "decoratedName", frame->linkage);
		zc_json_string(json, "kind", "function");
		zc_json_close(json, '}');
		zc_json_close(json, ']');
	}
	put_text(report, "message", zc_story_site(frame));
	zc_json_close(json, '}');
	if (frame->module.at)
		zc_report_json(report, "module", frame->module);
	if (tid)
		zc_json_uint(json, "threadId", tid);
	zc_json_open(json, "properties", '{');
	zc_report_json(report, "buildId", frame->build_id);
	zc_report_json(report, "offset", frame->offset);
	zc_report_json(report, "lang", frame->lang);
	zc_json_close(json, '}');
	zc_json_close(json, '}');
}

static void put_stack(struct zc_report *report, const struct zc_story *story)
{
	struct zc_json *json = &report->json;

	zc_json_open(json, "stacks", '[');
	zc_json_open(json, NULL, '{');
	put_text(report, "message",
		 story->stack.status.at ? story->stack.status : plain(report, "unavailable"));
	zc_json_open(json, "frames", '[');
	for (size_t i = 0; i < story->stack.frames; i++)
		put_frame(report, &story->stack.frame[i], story->tid);
	zc_json_close(json, ']');
	zc_json_close(json, '}');
	zc_json_close(json, ']');
}

/* The frames that have a line of source, outermost first: the way the code went. */
static void put_flow(struct zc_report *report, const struct zc_story *story)
{
	struct zc_json *json = &report->json;
	unsigned put = 0;

	for (size_t i = story->stack.frames; i-- && put < FLOW_MAX;) {
		const struct zc_frame_told *frame = &story->stack.frame[i];

		if (!frame->file.at || !frame->line)
			continue;
		if (!put++) {
			zc_json_open(json, "codeFlows", '[');
			zc_json_open(json, NULL, '{');
			zc_json_open(json, "threadFlows", '[');
			zc_json_open(json, NULL, '{');
			zc_json_open(json, "locations", '[');
		}
		zc_json_open(json, NULL, '{');
		zc_json_open(json, "location", '{');
		zc_json_open(json, "physicalLocation", '{');
		put_artifact(report, frame->inside.at ? frame->inside : frame->file,
			     frame->inside.at != NULL);
		put_region(json, frame->line);
		zc_json_close(json, '}');
		put_text(report, "message", zc_story_site(frame));
		zc_json_close(json, '}');
		zc_json_close(json, '}');
	}
	if (!put)
		return;
	zc_json_close(json, ']');
	zc_json_close(json, '}');
	zc_json_close(json, ']');
	zc_json_close(json, '}');
	zc_json_close(json, ']');
}

static struct zc_str message_of(struct zc_report *report, const struct zc_story *story)
{
	struct zc_str site = zc_story_where(report, story);
	struct zc_str hint = zc_report_shown(report, story->hint);

	/* In SARIF text, brackets are links. */
	struct zc_str text = zc_report_printf(
		report, "%s, %s%s%s%s%s", story->title.at, story->by.at, site.at ? ", in " : "",
		site.at ? site.at : "", hint.at ? "; to allow it: " : "", hint.at ? hint.at : "");
	char *room = zc_report_room(report, text.len * 2 + 1);
	size_t to = 0;

	for (size_t i = 0; room && i < text.len; i++) {
		if (strchr("[]\\", text.at[i]))
			room[to++] = '\\';
		room[to++] = text.at[i];
	}
	return room ? (struct zc_str){ room, to } : text;
}

static const char *level_of(const struct zc_story *story)
{
	if (!strcmp(story->severity.at, "high") || !strcmp(story->severity.at, "critical"))
		return "error";
	return !strcmp(story->severity.at, "medium") ? "warning" : "note";
}

/* What a baseline accepts is a result all the same, with somebody's reason beside it. */
static void put_suppression(struct zc_report *report, const struct zc_story *story)
{
	struct zc_json *json = &report->json;

	if (!story->accepted.at)
		return;
	zc_json_open(json, "suppressions", '[');
	zc_json_open(json, NULL, '{');
	zc_json_string(json, "kind", "external");
	zc_json_string(json, "status", "accepted");
	zc_report_json(report, "justification",
		       zc_report_printf(report, "%s (until %s)", story->accepted.at,
					story->until.at));
	zc_json_close(json, '}');
	zc_json_close(json, ']');
}

static void put_result(struct zc_report *report, const struct zc_story *story)
{
	struct zc_json *json = &report->json;
	size_t rule = rule_of(story);

	zc_json_open(json, NULL, '{');
	zc_json_string(json, "ruleId", rules[rule].id);
	zc_json_uint(json, "ruleIndex", rule);
	zc_json_string(json, "kind", "fail");
	zc_json_string(json, "level", level_of(story));
	put_text(report, "message", message_of(report, story));
	put_locations(report, story);
	zc_json_open(json, "partialFingerprints", '{');
	zc_report_json(report, "primaryLocationLineHash",
		       zc_report_printf(report, "%s:1", story->fingerprint.at));
	zc_report_json(report, "zencube/v1", story->fingerprint);
	zc_json_close(json, '}');
	put_suppression(report, story);
	zc_json_uint(json, "occurrenceCount", (story->count ? story->count : 1) & INT64_MAX);
	put_flow(report, story);
	put_stack(report, story);
	zc_json_open(json, "properties", '{');
	zc_report_json(report, "action", story->action);
	zc_report_json(report, "op", story->op);
	zc_report_json(report, "object", story->what);
	zc_report_json(report, "rule", story->rule);
	zc_report_json(report, "ruleSource", story->source);
	zc_report_json(report, "exe", story->exe);
	zc_report_json(report, "trust", story->trust);
	zc_report_json(report, "hint", story->hint);
	zc_json_uint(json, "seq", story->seq);
	zc_json_bool(json, "plainPermissionsRefuse", story->dac_refuses);
	zc_json_close(json, '}');
	zc_json_close(json, '}');
	zc_report_flush(report);
}

static void put_notifications(struct zc_report *report)
{
	struct zc_walk walk = zc_view_walk(zc_view_get(report->run->json, "coverage.processes"));
	struct zc_json *json = &report->json;
	struct zc_view process;
	unsigned put = 0;

	zc_json_open(json, "toolExecutionNotifications", '[');
	while (put < 100 && zc_walk_next(&walk, NULL, &process)) {
		struct zc_str gap = zc_report_text(report, process, "gap"),
			      exe = zc_report_text(report, process, "exe");

		if (!gap.at)
			continue;
		zc_json_open(json, NULL, '{');
		zc_json_string(json, "level", "warning");
		put_text(report, "message",
			 zc_report_printf(report, "not watched: %s: %s", exe.at ? exe.at : "?",
					  gap.at));
		zc_json_close(json, '}');
		put++;
	}
	zc_json_close(json, ']');
}

static void put_invocation(struct zc_report *report)
{
	struct zc_view run = report->run->json, word;
	struct zc_walk walk = zc_view_walk(zc_view_get(run, "command"));
	struct zc_json *json = &report->json;
	int64_t code = zc_view_int(zc_view_get(run, "exit.command_code"), -1);

	zc_json_open(json, "invocations", '[');
	zc_json_open(json, NULL, '{');
	zc_json_bool(json, "executionSuccessful",
		     strcmp(zc_run_verdict_of(report->run), "error") != 0);
	if (run.at) {
		zc_report_json(report, "commandLine",
			       zc_report_command(report, zc_view_get(run, "command")));
		zc_json_open(json, "arguments", '[');
		for (bool first = true; zc_walk_next(&walk, NULL, &word); first = false)
			if (!first)
				zc_report_json(report, NULL, zc_report_text(report, word, ""));
		zc_json_close(json, ']');
		zc_report_json(report, "startTimeUtc", zc_report_text(report, run, "started"));
		zc_report_json(report, "endTimeUtc", zc_report_text(report, run, "ended"));
	}
	if (code >= 0)
		zc_json_int(json, "exitCode", code);
	if (report->workspace[0] == '/') {
		zc_json_open(json, "workingDirectory", '{');
		zc_report_json(report, "uri",
			       zc_escape_uri(report, (struct zc_str){ report->workspace,
								      report->workspace_len }));
		zc_json_close(json, '}');
	}
	put_notifications(report);
	zc_json_close(json, '}');
	zc_json_close(json, ']');
}

static void put_root(struct zc_report *report)
{
	struct zc_str uri =
		zc_escape_uri(report, (struct zc_str){ report->workspace, report->workspace_len });

	if (report->workspace[0] != '/')
		return;
	zc_json_open(&report->json, "originalUriBaseIds", '{');
	zc_json_open(&report->json, "SRCROOT", '{');
	zc_report_json(report, "uri", zc_report_printf(report, "%s/", uri.at));
	zc_json_close(&report->json, '}');
	zc_json_close(&report->json, '}');
}

void zc_report_as_sarif(struct zc_report *report)
{
	struct zc_json *json = &report->json;
	struct zc_story story;
	size_t index = 0, results = 0;

	json->indent = 6;
	zc_json_open(json, NULL, '{');
	zc_json_string(json, "$schema", "https://json.schemastore.org/sarif-2.1.0.json");
	zc_json_string(json, "version", "2.1.0");
	zc_json_open(json, "runs", '[');
	zc_json_open(json, NULL, '{');
	put_driver(report);
	zc_json_open(json, "automationDetails", '{');
	zc_report_json(report, "id", zc_report_printf(report, "zencube/%s", report->run->id));
	zc_json_close(json, '}');
	put_invocation(report);
	put_root(report);
	zc_json_string(json, "columnKind", "utf16CodeUnits");
	zc_json_open(json, "results", '[');
	for (; results < RESULTS_MAX && zc_story_next(report, &index, &story); results++)
		put_result(report, &story);
	zc_json_close(json, ']');
	zc_json_open(json, "properties", '{');
	zc_json_string(json, "verdict", zc_run_verdict_of(report->run));
	zc_json_uint(json, "findings", report->run->violations);
	zc_json_uint(json, "findingsLeftOut", report->run->violations - results);
	zc_json_close(json, '}');
	zc_json_close(json, '}');
	zc_json_close(json, ']');
	zc_json_close(json, '}');
	zc_json_newline(json);
}
