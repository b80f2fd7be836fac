/* SPDX-License-Identifier: MIT */
/*
 * verify.c - does the run say what was written?
 */
#include <errno.h>
#include <inttypes.h>
#include <string.h>

#include "evidence/read/verify.h"
#include "evidence/report/lines.h"
#include "evidence/proof/sign.h"
#include "audit/audit.h"

static void write_text(struct zc_report *report)
{
	const struct zc_verified *verified = report->options.context;
	uint64_t told = verified->problems < ZC_PROBLEMS_MAX ? verified->problems : ZC_PROBLEMS_MAX;

	for (uint64_t i = 0; i < told; i++) {
		const struct zc_problem *problem = &verified->problem[i];

		fputs(problem->file, report->out);
		if (problem->line)
			fprintf(report->out, ":%" PRIu64, problem->line);
		fprintf(report->out, ": %s%s%s: %s\n", zc_paint(report, ZC_RED), problem->kind,
			zc_paint(report, ZC_PLAIN), problem->text);
	}
	if (verified->problems > told)
		fprintf(report->out, "and %" PRIu64 " more\n", verified->problems - told);
	if (verified->checkpoint && verified->problems)
		fprintf(report->out, "the last checkpoint that holds is line %" PRIu64 ", of %s\n",
			verified->checkpoint, verified->checkpoint_time);
	if (verified->resumes)
		fprintf(report->out, "from line %" PRIu64 " on the chain holds again\n",
			verified->resumes);
	if (verified->problems)
		fprintf(report->out,
			"%sdoes not hold%s: run %s; the first %" PRIu64 " of %" PRIu64
			" lines do\n",
			zc_paint(report, ZC_RED), zc_paint(report, ZC_PLAIN), report->run->id,
			verified->sound, verified->lines);
	else
		fprintf(report->out, "%sholds%s: run %s, %" PRIu64 " lines, head %s\n",
			zc_paint(report, ZC_GREEN), zc_paint(report, ZC_PLAIN), report->run->id,
			verified->lines, verified->head);
}

static void write_json(struct zc_report *report)
{
	const struct zc_verified *verified = report->options.context;
	struct zc_json *json = &report->json;

	json->indent = 2;
	zc_json_open(json, NULL, '{');
	zc_json_string(json, "run", report->run->id);
	zc_json_bool(json, "holds", !verified->problems);
	zc_json_uint(json, "lines", verified->lines);
	zc_json_uint(json, "bytes", verified->bytes);
	zc_json_uint(json, "sound_lines", verified->sound);
	zc_json_bool(json, "ended", verified->ended);
	zc_json_string(json, "head", verified->head);
	zc_json_uint(json, "checkpoints", verified->checkpoints);
	if (verified->checkpoint) {
		zc_json_open(json, "last_checkpoint", '{');
		zc_json_uint(json, "line", verified->checkpoint);
		zc_json_string(json, "time", verified->checkpoint_time);
		zc_json_close(json, '}');
	}
	if (verified->resumes)
		zc_json_uint(json, "resumes", verified->resumes);
	zc_json_uint(json, "problem_count", verified->problems);
	zc_json_open(json, "problems", '[');
	for (uint64_t i = 0; i < verified->problems && i < ZC_PROBLEMS_MAX; i++) {
		const struct zc_problem *problem = &verified->problem[i];

		zc_json_open(json, NULL, '{');
		zc_json_string(json, "file", problem->file);
		if (problem->line)
			zc_json_uint(json, "line", problem->line);
		else
			zc_json_null(json, "line");
		zc_json_string(json, "kind", problem->kind);
		zc_json_string(json, "text", problem->text);
		zc_json_close(json, '}');
	}
	zc_json_close(json, ']');
	zc_json_close(json, '}');
	zc_json_newline(json);
}

int zc_audit_verify(int argc, char **argv)
{
	struct zc_verified verified;
	struct zc_audit audit;
	struct zc_sign_key key;
	struct zc_run *run = NULL;
	char why[512];
	int status = zc_audit_options(&audit, argc, argv, "ljcoHk"), error;

	if (!status && audit.argc > 1)
		status = zc_audit_fail("verify takes one run");
	if (!status && audit.key && zc_sign_load_public(&key, audit.key, why) < 0)
		status = zc_audit_fail("%s", why);
	if (!status)
		status = zc_audit_open(&audit, audit.argv[0], false, &run);
	if (status)
		return status;
	error = zc_run_verify(run, audit.head, &verified);
	if (!error && audit.key)
		error = zc_sign_check(&key, run->dir, &verified);
	if (error)
		status = zc_audit_fail("cannot read the files of '%s': %s", run->dir,
				       strerror(-error));
	else
		status = zc_audit_write(&audit, run, audit.json ? write_json : write_text,
					&verified);
	zc_run_free(run);
	return status ? status : verified.problems ? 1 : 0;
}
