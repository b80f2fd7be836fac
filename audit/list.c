/* SPDX-License-Identifier: MIT */
/*
 * list.c - the runs there are, newest last.
 */
#include <errno.h>
#include <inttypes.h>
#include <string.h>

#include "evidence/report/lines.h"
#include "audit/audit.h"

#define COMMAND_MAX 60u

struct listing {
	const struct zc_audit *audit;
	struct zc_report *report;
	uint64_t runs;
};

static void put_row(struct zc_report *report, const char *dir)
{
	struct zc_view run = report->run->json;
	struct zc_json *json = &report->json;
	struct zc_walk walk = zc_view_walk(zc_view_get(run, "command"));
	struct zc_view word;

	zc_json_open(json, NULL, '{');
	zc_json_string(json, "run", report->run->id);
	zc_json_string(json, "dir", dir);
	zc_report_json(report, "started", zc_report_text(report, run, "started"));
	zc_report_json(report, "ended", zc_report_text(report, run, "ended"));
	zc_json_string(json, "verdict", zc_run_verdict_of(report->run));
	zc_json_string(json, "state",
		       report->run->running       ? "running"
		       : *report->run->json_error ? "unfinished"
						  : "ended");
	if (*report->run->json_error)
		zc_json_string(json, "why", report->run->json_error);
	zc_json_uint(json, "violations", zc_view_uint(zc_view_get(run, "counts.violations"), 0));
	zc_json_uint(json, "findings", zc_view_uint(zc_view_get(run, "counts.findings"), 0));
	zc_json_open(json, "command", '[');
	while (zc_walk_next(&walk, NULL, &word))
		zc_report_json(report, NULL, zc_report_text(report, word, ""));
	zc_json_close(json, ']');
	zc_json_close(json, '}');
	zc_report_flush(report);
}

static void put_line(struct zc_report *report)
{
	struct zc_view run = report->run->json;
	const char *verdict = report->run->running ? "running" : zc_run_verdict_of(report->run);
	const char *paint = !strcmp(verdict, "pass")             ? ZC_GREEN
			    : !strcmp(verdict, "pass-with-gaps") ? ZC_YELLOW
								 : ZC_RED;
	struct zc_str command =
		zc_report_shown(report, zc_report_command(report, zc_view_get(run, "command")));

	int most = *report->run->json_error ? -1 : (int)COMMAND_MAX;

	fprintf(report->out, "%-28s %s%-14s%s %8" PRIu64 "  %.*s%s\n", report->run->id,
		zc_paint(report, paint), verdict, zc_paint(report, ZC_PLAIN),
		zc_view_uint(zc_view_get(run, "counts.violations"), 0), most,
		*report->run->json_error ? report->run->json_error : command.at,
		!*report->run->json_error && command.len > COMMAND_MAX ? "..." : "");
}

/* A run that cannot be read is listed all the same, by its name. */
static bool visit(void *context, const char *dir, const char *id)
{
	struct listing *listing = context;
	struct zc_report *report = listing->report;
	char error[512];

	listing->runs++;
	if (zc_run_open(&report->run, dir, error) < 0) {
		struct zc_str shown =
			zc_report_shown(report, (struct zc_str){ error, strlen(error) });

		if (!listing->audit->json)
			fprintf(report->out, "%-28.40s %s\n",
				zc_report_shown(report, (struct zc_str){ id, strlen(id) }).at,
				shown.at);
	} else if (listing->audit->json) {
		put_row(report, dir);
	} else {
		put_line(report);
	}
	zc_report_reset(report);
	report->run = zc_run_free(report->run);
	return true;
}

static void write_list(struct zc_report *report)
{
	struct listing *listing = report->options.context;
	int error;

	listing->report = report;
	report->exact = !listing->audit->json;
	report->json.indent = 1;
	if (listing->audit->json)
		zc_json_open(&report->json, NULL, '[');
	error = zc_run_each(listing->audit->log_dir, visit, listing);
	if (listing->audit->json) {
		zc_json_close(&report->json, ']');
		zc_json_newline(&report->json);
	}
	if (error && error != -ENOENT)
		zc_audit_fail("cannot read the log directory: %s", strerror(-error));
	else if (!listing->runs && !listing->audit->json)
		fputs("There are no runs here. --log-dir=DIR says where to look.\n", stderr);
}

int zc_audit_list(int argc, char **argv)
{
	struct zc_run none = { 0 };
	struct zc_audit audit;
	struct listing listing = { .audit = &audit };
	int status = zc_audit_options(&audit, argc, argv, "ljco");

	if (!status && audit.argc)
		status = zc_audit_fail("list takes no runs; zcaudit show RUN shows one");
	return status ? status : zc_audit_write(&audit, &none, write_list, &listing);
}
