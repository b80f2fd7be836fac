/* SPDX-License-Identifier: MIT */
/*
 * bypasses.c - who went around the shim in a hybrid run: places in code, most often first.
 *
 * The tracer notes a judged call that came from neither door of the gate, once for each place in each
 * program. It judged the call like any other, so what stands here is about speed and about who avoids
 * being watched from inside, not about what went unseen.
 */
#include <inttypes.h>
#include <stdlib.h>
#include <string.h>

#include "evidence/journal/journal.h"
#include "evidence/journal/log_reader.h"
#include "evidence/report/lines.h"
#include "audit/audit.h"

#define PLACES_MAX 4096u /* told apart; more are counted together */

struct place {
	struct zc_str where;                     /* "libfoo.so+0x1234 (function)" */
	struct zc_str build_id, calls, programs; /* names, each once */
	uint64_t count;
};

struct places {
	struct place item[PLACES_MAX];
	size_t count;
	uint64_t more;
	bool json;
};

static bool same(struct zc_str a, struct zc_str b)
{
	return a.len == b.len && !memcmp(a.at ? a.at : "", b.at ? b.at : "", a.len);
}

/* Adds a word to a list "a, b", once. */
static struct zc_str with_word(struct zc_report *report, struct zc_str list, struct zc_str word)
{
	const char *at = list.at;

	if (!word.at || !list.at)
		return word.at ? word : list;
	while ((at = memmem(at, list.len - (size_t)(at - list.at), word.at, word.len))) {
		const char *end = at + word.len;

		if ((at == list.at || at[-1] == ' ') && (!*end || *end == ','))
			return list;
		at++;
	}
	return zc_report_printf(report, "%s, %s", list.at, word.at);
}

static struct zc_str describe(struct zc_report *report, struct zc_view frame)
{
	struct zc_str module = zc_report_text(report, frame, "module"),
		      offset = zc_report_text(report, frame, "offset"),
		      shown = zc_report_text(report, frame, "demangled"),
		      function = shown.at ? shown : zc_report_text(report, frame, "function"),
		      address = zc_report_text(report, frame, "address");

	if (!frame.at)
		return zc_report_printf(report, "an unknown place");
	if (!module.at)
		return zc_report_printf(report, "%s, in no file", address.at ? address.at : "?");
	return zc_report_printf(report, "%s+%s%s%s%s", module.at, offset.at ? offset.at : "?",
				function.at ? " (" : "", function.at ? function.at : "",
				function.at ? ")" : "");
}

/* One note: its innermost frame is the place. */
static void add_note(struct zc_report *report, struct places *places, struct zc_view note)
{
	struct zc_walk walk = zc_view_walk(zc_view_get(note, "stack.frames"));
	struct zc_view frame = { NULL, 0 };
	struct zc_str where, build_id;
	size_t i = 0;

	zc_walk_next(&walk, NULL, &frame);
	where = describe(report, frame);
	build_id = zc_report_text(report, frame, "build_id");
	while (i < places->count &&
	       !(same(places->item[i].where, where) && same(places->item[i].build_id, build_id)))
		i++;
	if (i == PLACES_MAX) {
		places->more++;
		return;
	}
	if (i == places->count)
		places->item[places->count++] =
			(struct place){ .where = where, .build_id = build_id };
	places->item[i].count++;
	places->item[i].calls = with_word(report, places->item[i].calls,
					  zc_report_text(report, note, "syscall.name"));
	places->item[i].programs = with_word(report, places->item[i].programs,
					     zc_report_text(report, note, "process.exe"));
}

/* Most often first, then by name. */
static int by_count(const void *a, const void *b)
{
	const struct place *left = a, *right = b;

	if (left->count != right->count)
		return left->count < right->count ? 1 : -1;
	return strcmp(left->where.at, right->where.at);
}

static void read_notes(struct zc_report *report, struct places *places)
{
	struct zc_log_reader reader;
	int more = 0;

	report->failed = report->failed || zc_journal_seek(report->run->log, 0) < 0;
	zc_log_reader_init(&reader, report->run->log, 0);
	while (!report->failed && (more = zc_log_reader_next(&reader)) == 1) {
		struct zc_view note;

		/* Cheap first: most lines are something else. */
		if (reader.state == ZC_LINE_WHOLE &&
		    memmem(reader.text, reader.len, "\"bypass\"", 8) &&
		    !zc_view_parse(&note, reader.text, reader.len) &&
		    zc_view_is(zc_view_get(note, "note"), "bypass"))
			add_note(report, places, note);
	}
	zc_log_reader_finish(&reader);
	report->failed = report->failed || more < 0;
}

static void print(struct zc_report *report, const struct places *places)
{
	fprintf(report->out,
		"%" PRIu64 " calls through the gate, %" PRIu64 " handed over, %" PRIu64
		" around the shim\n",
		zc_report_number(report, "gate.passed"),
		zc_report_number(report, "gate.handed_over"),
		zc_report_number(report, "gate.bypassed"));
	for (size_t i = 0; i < places->count; i++) {
		const struct place *place = &places->item[i];

		fprintf(report->out, "%8" PRIu64 "  %s", place->count,
			zc_report_shown(report, place->where).at);
		if (place->calls.at)
			fprintf(report->out, "  %s", zc_report_shown(report, place->calls).at);
		if (place->programs.at)
			fprintf(report->out, "  in %s",
				zc_report_shown(report, place->programs).at);
		fputc('\n', report->out);
	}
	if (places->more)
		fprintf(report->out, "%8" PRIu64 "  in other places\n", places->more);
}

static void print_json(struct zc_report *report, const struct places *places)
{
	struct zc_json *json = &report->json;

	json->indent = 2;
	zc_json_open(json, NULL, '{');
	zc_json_uint(json, "passed", zc_report_number(report, "gate.passed"));
	zc_json_uint(json, "handed_over", zc_report_number(report, "gate.handed_over"));
	zc_json_uint(json, "bypassed", zc_report_number(report, "gate.bypassed"));
	zc_json_open(json, "places", '[');
	for (size_t i = 0; i < places->count; i++) {
		const struct place *place = &places->item[i];

		zc_json_open(json, NULL, '{');
		zc_report_json(report, "where", place->where);
		zc_report_json(report, "build_id", place->build_id);
		zc_report_json(report, "calls", place->calls);
		zc_report_json(report, "programs", place->programs);
		zc_json_uint(json, "count", place->count);
		zc_json_close(json, '}');
	}
	zc_json_close(json, ']');
	zc_json_close(json, '}');
	zc_json_newline(json);
}

/* Nothing of the arena is given back on the way: the places' texts lie in it. */
static void write_bypasses(struct zc_report *report)
{
	struct places *places = report->options.context;

	report->exact = !places->json;
	read_notes(report, places);
	qsort(places->item, places->count, sizeof(*places->item), by_count);
	(places->json ? print_json : print)(report, places);
}

int zc_audit_bypasses(int argc, char **argv)
{
	static struct places places;
	struct zc_audit audit;
	struct zc_run *run = NULL;
	int status = zc_audit_options(&audit, argc, argv, "ljcro");

	if (!status && audit.argc > 1)
		status = zc_audit_fail("bypasses takes one run");
	if (!status)
		status = zc_audit_open(&audit, audit.argv[0], false, &run);
	places = (struct places){ .json = !status && audit.json };
	if (!status)
		status = zc_audit_write(&audit, run, write_bypasses, &places);
	zc_run_free(run);
	return status;
}
