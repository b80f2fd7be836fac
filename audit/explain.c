/* SPDX-License-Identifier: MIT */
/*
 * explain.c - what was refused, by which rule, from whose code, and what would change it.
 */
#include <inttypes.h>
#include <stdlib.h>
#include <string.h>

#include "evidence/report/lines.h"
#include "audit/audit.h"

#define FRAMES_SHOWN 16u

static const char *shown(struct zc_report *report, struct zc_str text)
{
	text = zc_report_shown(report, text);
	return text.at ? text.at : "?";
}

/* openat(AT_FDCWD, "/etc/shadow", O_RDONLY) */
static void put_call(struct zc_report *report, const struct zc_story *story)
{
	struct zc_walk walk = zc_view_walk(story->args);
	struct zc_view arg;
	const char *before = "";

	if (!story->syscall.at)
		return;
	fprintf(report->out, "  call    %s(", shown(report, story->syscall));
	while (zc_walk_next(&walk, NULL, &arg)) {
		fprintf(report->out, "%s%s", before,
			shown(report, zc_report_text(report, arg, "")));
		before = ", ";
	}
	fprintf(report->out, ")%s%s\n", story->errno_name.at ? " = " : "",
		story->errno_name.at ? shown(report, story->errno_name) : "");
}

static void put_who(struct zc_report *report, const struct zc_story *story)
{
	struct zc_view process = zc_view_get(story->event, "process"), above;
	struct zc_walk walk = zc_view_walk(zc_view_get(process, "ancestry"));
	struct zc_str argv = zc_report_command(report, zc_view_get(process, "argv"));

	if (!story->exe.at)
		return;
	fprintf(report->out, "  program %s", shown(report, story->exe));
	if (story->pid)
		fprintf(report->out, " [%" PRIu64 "]", story->pid);
	while (zc_walk_next(&walk, NULL, &above))
		fprintf(report->out, " <- %s", shown(report, zc_report_text(report, above, "")));
	fputc('\n', report->out);
	if (argv.len)
		fprintf(report->out, "          as: %s\n", shown(report, argv));
}

static void put_rule(struct zc_report *report, const struct zc_story *story)
{
	fprintf(report->out, "  rule    %s", story->by.at);
	if (story->layer.at)
		fprintf(report->out, ", of the %s",
			zc_str_is(story->layer, "user")       ? "user"
			: zc_str_is(story->layer, "profile")  ? "profile"
			: zc_str_is(story->layer, "implicit") ? "implicit denies that nothing beats"
							      : "base");
	fputc('\n', report->out);
	if (story->why.at && story->rule.at)
		fprintf(report->out, "          %s\n", shown(report, story->why));
}

static void put_code(struct zc_report *report, const struct zc_story *story)
{
	const struct zc_frame_told *place = story->stack.inside ? story->stack.inside
								: story->stack.place;
	struct zc_str site = zc_story_site(place);

	if (place)
		fprintf(report->out, "  code    %s%s%s%s%s\n", zc_paint(report, ZC_BOLD), site.at,
			zc_paint(report, ZC_PLAIN), place->module.at ? " in " : "",
			place->module.at ? shown(report, place->module) : "");
	else
		fprintf(report->out, "  code    not known%s%s\n", story->stack.why.at ? ": " : "",
			story->stack.why.at ? shown(report, story->stack.why) : "");
	for (size_t i = 0; i < story->stack.frames && i < FRAMES_SHOWN; i++)
		zc_lines_frame(report, &story->stack.frame[i], i);
	if (story->stack.frames > FRAMES_SHOWN)
		fprintf(report->out, "      and %zu frames more: zcaudit report --format=text\n",
			story->stack.frames - FRAMES_SHOWN);
	if (story->stack.status.at && !zc_str_is(story->stack.status, "complete") &&
	    story->stack.frames)
		fprintf(report->out, "      the stack is %s%s%s\n",
			shown(report, story->stack.status), story->stack.why.at ? ": " : "",
			story->stack.why.at ? shown(report, story->stack.why) : "");
}

/* Why is there no hint? The run has decided that there is none; this says it in words. */
static const char *why_no_hint(const struct zc_story *story)
{
	if (zc_str_is(story->action, "allowed"))
		return "it was allowed, and recorded because a log- rule asked for it";
	if (zc_str_is(story->layer, "implicit"))
		return "nothing: no rule can allow it";
	if (zc_str_is(story->layer, "profile") || zc_str_is(story->layer, "base"))
		return "no flag is suggested: the profile protects it; only a rule of yours that "
		       "names"
		       " it can allow it";
	return "no flag is suggested: there is none that would do only this, or its name could not "
	       "be"
	       " pasted safely";
}

static void put_hint(struct zc_report *report, const struct zc_story *story)
{
	fprintf(report->out, "  change  %s\n",
		story->hint.at ? shown(report, story->hint) : why_no_hint(story));
	fprintf(report->out, "  plain   permissions %s\n",
		story->dac_refuses ? "would have refused it too" : "are not known to refuse it");
}

static void put_trust(struct zc_report *report, const struct zc_story *story)
{
	if (zc_str_is(story->trust, "inside"))
		fputs("  trust   inside: said by the shim in the process itself; a hostile program "
		      "could"
		      " have made it up,\n          about itself only\n",
		      report->out);
	else if (zc_view_true(zc_view_get(story->event, "evidence.sampled")))
		fputs("  trust   sampled: seen from outside in /proc, after it had happened\n",
		      report->out);
	else if (story->trust.at)
		fprintf(report->out, "  trust   %s: seen by %s, which the program cannot reach\n",
			shown(report, story->trust), shown(report, story->seen_by));
}

static void put_times(struct zc_report *report, const struct zc_story *story)
{
	const struct zc_item *item = story->item;

	fprintf(report->out, "  seen    %" PRIu64 " time%s", story->count,
		story->count == 1 ? "" : "s");
	if (story->time.at)
		fprintf(report->out, ", first at %s", shown(report, story->time));
	if (item && item->event_at >= 0)
		fprintf(report->out, " (event %" PRIu64 ")", item->first_seq);
	fputc('\n', report->out);
}

static void put_story(struct zc_report *report, const struct zc_story *story, size_t number)
{
	bool audited = zc_str_is(story->action, "audited");

	fprintf(report->out, "%zu. %s%s%s\n", number,
		zc_paint(report, audited ? ZC_YELLOW : ZC_RED), story->title.at,
		zc_paint(report, ZC_PLAIN));
	put_rule(report, story);
	put_who(report, story);
	put_call(report, story);
	put_code(report, story);
	put_hint(report, story);
	put_trust(report, story);
	put_times(report, story);
}

static void put_json(struct zc_report *report, const struct zc_story *story, size_t number)
{
	struct zc_json *json = &report->json;
	const struct zc_frame_told *place = story->stack.inside ? story->stack.inside
								: story->stack.place;

	zc_json_open(json, NULL, '{');
	zc_json_uint(json, "number", number);
	zc_report_json(report, "fingerprint", story->fingerprint);
	zc_report_json(report, "what", story->title);
	zc_report_json(report, "object", story->what);
	zc_report_json(report, "rule", story->rule);
	zc_report_json(report, "source", story->source);
	zc_report_json(report, "layer", story->layer);
	zc_report_json(report, "why", story->why);
	zc_report_json(report, "exe", story->exe);
	zc_report_json(report, "code", zc_story_site(place));
	zc_report_json(report, "hint", story->hint);
	if (!story->hint.at)
		zc_json_string(json, "why_no_hint", why_no_hint(story));
	zc_json_bool(json, "forgeable", zc_str_is(story->trust, "inside"));
	zc_json_bool(json, "plain_permissions_refuse", story->dac_refuses);
	zc_json_uint(json, "count", story->count);
	zc_json_close(json, '}');
	zc_report_flush(report);
}

struct choice {
	bool json;
	size_t only; /* 0: all */
	size_t told;
};

/* Quiet refusals are no findings; but who looks for what broke must hear of them. */
static void put_nothing(struct zc_report *report)
{
	const struct zc_run *run = report->run;
	struct zc_view counts = zc_view_get(run->json, "counts");
	uint64_t quiet = zc_view_uint(zc_view_get(counts, "quiet"), 0);

	fputs("Nothing was refused", report->out);
	if (quiet)
		fprintf(report->out,
			" but what quiet-deny- rules name, %" PRIu64 " time%s: counted, not kept;"
			" zcwrap --verbose shows it",
			quiet, quiet == 1 ? "" : "s");
	fprintf(report->out, ". The run's verdict is %s%s%s.\n", zc_run_verdict_of(run),
		*run->json_error ? ": " : "", run->json_error);
}

static void write_explanations(struct zc_report *report)
{
	struct choice *choice = report->options.context;
	struct zc_story story;
	size_t index = 0;

	report->exact = !choice->json;
	report->json.indent = 2;
	if (choice->json)
		zc_json_open(&report->json, NULL, '[');
	for (size_t number = 1; zc_story_next(report, &index, &story); number++) {
		if (choice->only && choice->only != number)
			continue;
		if (!choice->json && choice->told)
			fputc('\n', report->out);
		(choice->json ? put_json : put_story)(report, &story, number);
		choice->told++;
	}
	if (choice->json) {
		zc_json_close(&report->json, ']');
		zc_json_newline(&report->json);
	} else if (!choice->only) {
		if (!choice->told)
			put_nothing(report);
		zc_lines_rest(report, choice->told);
	}
}

/* "3" is the third finding; an id begins with eight digits. */
static bool is_number(const char *text, size_t *ret)
{
	size_t len = strspn(text, "0123456789");

	if (!len || text[len] || len > 5)
		return false;
	*ret = strtoul(text, NULL, 10);
	return *ret > 0;
}

int zc_audit_explain(int argc, char **argv)
{
	struct zc_audit audit;
	struct choice choice = { 0 };
	struct zc_run *run = NULL;
	int status = zc_audit_options(&audit, argc, argv, "ljcrod");

	choice.json = !status && audit.json;
	if (!status && audit.argc && is_number(audit.argv[audit.argc - 1], &choice.only))
		audit.argc--;
	if (!status && audit.argc > 1)
		status = zc_audit_fail("explain takes one run, and the number of a finding");
	if (!status)
		status = zc_audit_open(&audit, audit.argc ? audit.argv[0] : NULL, true, &run);
	if (!status)
		status = zc_audit_write(&audit, run, write_explanations, &choice);
	if (!status && choice.only && !choice.told)
		status = zc_audit_fail("there is no finding %zu; the run has %zu", choice.only,
				       run->violations);
	zc_run_free(run);
	return status;
}
