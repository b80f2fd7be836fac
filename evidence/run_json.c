/* SPDX-License-Identifier: MIT */
/*
 * run_json.c - the end of events.jsonl, and run.json: the run as one document.
 */
#include <string.h>
#include <time.h>

#include "evidence/fetch/fetch.h"
#include "evidence/redact.h"
#include "evidence/secret.h"
#include "evidence/state.h"

static void write_strings(struct zc_json *json, const char *key, const char *const *strings)
{
	zc_json_open(json, key, '[');
	for (; strings && *strings; strings++)
		zc_json_string(json, NULL, *strings);
	zc_json_close(json, ']');
}

/* Texts of the command line may be any bytes: exact ones go beside, as in every list. */
static void write_command(struct zc_json *json, const char *const *command)
{
	char joined[32768] = "";
	size_t at = 0;

	for (; command && *command; command++) {
		size_t len = strlen(*command) + 1;

		if (len > sizeof(joined) - at)
			break;
		memcpy(joined + at, *command, len);
		at += len;
	}
	zc_secret_list(json, "command", joined, at, UINT32_MAX, sizeof(joined));
	if (command && *command)
		zc_json_bool(json, "command_truncated", true);
}

static void write_mode(struct zc_json *json, const struct zc_evidence_setup *setup)
{
	zc_json_open(json, "mode", '{');
	zc_json_string(json, "asked", setup->mode_asked);
	zc_json_string(json, "used", setup->mode_used);
	zc_json_string(json, "engine", setup->engine);
	zc_json_string(json, "engine_why_not", setup->engine_why_not);
	zc_json_open(json, "why_not", '[');
	for (size_t i = 0; i < setup->why_nots; i++) {
		zc_json_open(json, NULL, '{');
		zc_json_string(json, "mode", setup->why_not[i].mode);
		zc_json_string(json, "reason", setup->why_not[i].reason);
		zc_json_close(json, '}');
	}
	zc_json_close(json, ']');
	zc_json_close(json, '}');
	zc_json_open(json, "layers", '[');
	for (size_t i = 0; i < setup->layer_count; i++) {
		zc_json_open(json, NULL, '{');
		zc_json_string(json, "name", setup->layers[i].name);
		zc_json_bool(json, "applied", setup->layers[i].applied);
		zc_json_string(json, "detail", setup->layers[i].detail);
		write_strings(json, "widened", setup->layers[i].widened);
		write_strings(json, "not_expressible", setup->layers[i].not_expressible);
		zc_json_close(json, '}');
	}
	zc_json_close(json, ']');
}

/* The shim counts in several places, so that processes do not wait for each other's cache lines. */
static void write_gate(struct zc_json *json, const struct zc_evidence_setup *setup)
{
	const struct zc_page *page = setup->open_page;

	uint64_t passed = 0, handed_over = 0;

	for (size_t i = 0; page && i < ZC_PAGE_COUNTERS; i++) {
		passed += page->gate[i].passed;
		handed_over += page->gate[i].handed_over;
	}
	zc_json_open(json, "gate", '{');
	zc_json_uint(json, "passed", passed);
	zc_json_uint(json, "handed_over", handed_over);
	zc_json_uint(json, "bypassed", setup->page ? setup->page->bypassed : 0);
	zc_json_close(json, '}');
}

static void write_coverage(struct zc_json *json, const struct zc_evidence *e)
{
	const struct zc_covered *process;

	zc_json_open(json, "coverage", '{');
	zc_json_bool(json, "complete", !zc_processes_gaps(e->processes));
	zc_json_uint(json, "count", zc_processes_count(e->processes));
	zc_json_uint(json, "gaps", zc_processes_gaps(e->processes));
	zc_json_open(json, "processes", '[');
	for (size_t i = 0; (process = zc_processes_listed(e->processes, i)); i++) {
		zc_json_open(json, NULL, '{');
		zc_json_int(json, "pid", process->pid);
		zc_json_int(json, "ppid", process->ppid);
		zc_json_string(json, "exe", process->exe);
		zc_json_string(json, "watched_by",
			       process->gap      ? NULL
			       : e->setup.engine ? e->setup.engine
						 : "shim");
		zc_json_string(json, "gap", process->gap);
		zc_json_close(json, '}');
	}
	zc_json_close(json, ']');
	zc_json_close(json, '}');
}

static void write_finding(struct zc_json *json, const struct zc_finding *finding)
{
	char hex[17];

	snprintf(hex, sizeof(hex), "%016llx", (unsigned long long)finding->fingerprint);
	zc_json_open(json, NULL, '{');
	zc_json_string(json, "fingerprint", hex);
	snprintf(hex, sizeof(hex), "%016llx", (unsigned long long)finding->similar);
	zc_json_string(json, "similar", hex);
	zc_json_members(json, finding->members, finding->members_len);
	zc_json_uint(json, "count", finding->count);
	zc_json_uint(json, "first_seq", finding->first_seq);
	if (finding->accepted)
		zc_accepted_write(json, finding->accepted);
	zc_json_close(json, '}');
}

/* Violations, and apart from them what a log- rule asked to be told of. */
static void write_findings(struct zc_json *json, const struct zc_evidence *e, const char *key,
			   bool violations)
{
	uint64_t left_out = 0;

	zc_json_open(json, key, '[');
	for (size_t i = 0; i < zc_findings_count(e->findings); i++) {
		const struct zc_finding *finding = zc_findings_at(e->findings, i);

		if (finding->violation != violations)
			continue;
		if (finding->members)
			write_finding(json, finding);
		else
			left_out++;
	}
	zc_json_close(json, ']');
	if (left_out)
		zc_json_uint(json, violations ? "findings_not_listed" : "accesses_not_listed",
			     left_out);
}

static void write_counts(struct zc_json *json, const struct zc_evidence *e)
{
	const struct zc_evidence_result *result = &e->result;

	zc_json_open(json, "counts", '{');
	zc_json_uint(json, "events", e->log.lines);
	zc_json_uint(json, "records", e->arrived);
	zc_json_uint(json, "violations", result->violations);
	zc_json_uint(json, "findings", result->findings);
	zc_json_uint(json, "accepted", result->accepted);
	zc_json_uint(json, "would_violate", result->would_violate);
	zc_json_uint(json, "probes", result->probes);
	zc_json_uint(json, "quiet", result->quiet);
	zc_json_uint(json, "lost", result->lost);
	zc_json_uint(json, "not_kept", result->not_kept);
	zc_json_uint(json, "forged", e->forged);
	zc_json_uint(json, "malformed", e->malformed);
	zc_json_close(json, '}');
}

static void write_exit(struct zc_json *json, const struct zc_evidence *e, int code,
		       const char *reason)
{
	zc_json_open(json, "exit", '{');
	if (e->end.command_code >= 0)
		zc_json_int(json, "command_code", e->end.command_code);
	else
		zc_json_null(json, "command_code");
	if (e->end.command_signal)
		zc_json_int(json, "command_signal", e->end.command_signal);
	else
		zc_json_null(json, "command_signal");
	zc_json_int(json, "code", code);
	zc_json_string(json, "reason", reason);
	zc_json_close(json, '}');
	if (e->end.error)
		zc_json_string(json, "error", e->end.error);
}

static void write_time(struct zc_json *json, const char *key, uint64_t real_ns)
{
	time_t second = (time_t)(real_ns / 1000000000u);
	char text[40] = "";
	struct tm tm;

	if (gmtime_r(&second, &tm))
		strftime(text, sizeof(text), "%Y-%m-%dT%H:%M:%SZ", &tm);
	zc_json_string(json, key, text);
}

/* What was accepted beforehand, and which of it nothing came of: those entries can go. */
static void write_baseline(struct zc_json *json, const struct zc_evidence_setup *setup)
{
	size_t count = setup->baseline ? zc_baseline_count(setup->baseline) : 0;
	char hex[17];

	if (!setup->baseline)
		return;
	zc_json_open(json, "baseline", '{');
	zc_json_string(json, "file", setup->baseline_file);
	zc_json_uint(json, "entries", count);
	zc_json_open(json, "unused", '[');
	for (size_t i = 0; i < count; i++) {
		const struct zc_accepted *entry = zc_baseline_at(setup->baseline, i);

		if (entry->used)
			continue;
		snprintf(hex, sizeof(hex), "%016llx",
			 (unsigned long long)(entry->fingerprint ? entry->fingerprint
								 : entry->similar));
		zc_json_string(json, NULL, hex);
	}
	zc_json_close(json, ']');
	zc_json_close(json, '}');
}

/* What servers were asked for, with --debuginfod. */
static void write_fetched(struct zc_json *json)
{
	const struct zc_fetch_report *report = zc_fetch_report();

	if (!zc_fetch_allowed())
		return;
	zc_json_open(json, "debuginfod", '{');
	zc_json_uint(json, "asked", report->asked);
	zc_json_uint(json, "found", report->found);
	zc_json_string(json, "stopped", report->stopped);
	zc_json_open(json, "failed", '[');
	for (unsigned i = 0; i < report->failures && i < ZC_FETCH_FAILURES; i++) {
		zc_json_open(json, NULL, '{');
		zc_json_string(json, "build_id", report->failure[i].id);
		zc_json_string(json, "why", report->failure[i].why);
		zc_json_close(json, '}');
	}
	zc_json_close(json, ']');
	zc_json_close(json, '}');
}

/* What names the stacks could not get. */
static void write_naming(struct zc_json *json, const struct zc_evidence *e)
{
	const struct zc_naming_report *report = zc_unwinder_naming(e->unwinder);

	zc_json_open(json, "naming", '{');
	zc_json_string(json, "unavailable", report->unavailable);
	zc_json_uint(json, "ended", report->ended);
	zc_json_open(json, "unreadable", '[');
	for (unsigned i = 0; i < report->failures && i < ZC_NAMING_FAILURES; i++) {
		zc_json_open(json, NULL, '{');
		zc_json_string(json, "module", report->failure[i].module);
		zc_json_string(json, "why", report->failure[i].why);
		zc_json_close(json, '}');
	}
	zc_json_close(json, ']');
	write_fetched(json);
	zc_json_close(json, '}');
}

static void write_run(struct zc_json *json, const struct zc_evidence *e, int code,
		      const char *reason)
{
	const struct zc_evidence_setup *setup = &e->setup;
	struct timespec now;

	clock_gettime(CLOCK_REALTIME, &now);
	zc_json_open(json, NULL, '{');
	zc_json_string(json, "schema", ZC_RUN_SCHEMA);
	zc_json_string(json, "run", setup->run_id);
	zc_json_string(json, "version", ZC_VERSION);
	write_time(json, "started", e->started_ns);
	write_time(json, "ended", (uint64_t)now.tv_sec * 1000000000u);
	write_command(json, setup->command);
	zc_json_string(json, "cwd", setup->cwd);
	zc_json_open(json, "policy", '{');
	zc_json_string(json, "sha256", setup->policy_sha256);
	write_strings(json, "sources", setup->policy_sources);
	if (setup->stricter_sha256) {
		zc_json_open(json, "audit", '{');
		zc_json_string(json, "sha256", setup->stricter_sha256);
		write_strings(json, "sources", setup->stricter_sources);
		zc_json_close(json, '}');
	}
	zc_json_close(json, '}');
	write_baseline(json, setup);
	if (setup->home) {
		zc_json_open(json, "learns", '{');
		zc_json_string(json, "home", setup->home);
		zc_json_string(json, "tmpdir", setup->tmpdir);
		zc_json_close(json, '}');
	}
	write_strings(json, "notes", setup->notes);
	write_mode(json, setup);
	write_gate(json, setup);
	write_coverage(json, e);
	write_findings(json, e, "findings", true);
	write_findings(json, e, "accesses", false);
	write_counts(json, e);
	zc_json_open(json, "left_behind", '[');
	for (size_t i = 0; i < e->end.left_count; i++)
		zc_json_int(json, NULL, e->end.left_behind[i]);
	zc_json_close(json, ']');
	write_naming(json, e);
	write_exit(json, e, code, reason);
	zc_json_open(json, "chain", '{');
	zc_json_uint(json, "count", e->head_lines);
	zc_json_string(json, "head", *e->head ? e->head : NULL);
	zc_json_close(json, '}');
	zc_json_string(json, "verdict", zc_run_verdict_name(e->result.verdict));
	zc_json_close(json, '}');
	zc_json_newline(json);
}

/* The last line: how many there are before it, and their last link. */
static void write_end(struct zc_evidence *e)
{
	struct timespec real, mono;

	if (e->ended || e->log.fd < 0)
		return;
	e->ended = true;
	zc_log_head(&e->log, e->head);
	e->head_lines = e->log.lines;
	clock_gettime(CLOCK_REALTIME, &real);
	clock_gettime(CLOCK_MONOTONIC, &mono);
	zc_event_begin(e, (uint64_t)real.tv_sec * 1000000000u + (uint64_t)real.tv_nsec,
		       (uint64_t)mono.tv_sec * 1000000000u + (uint64_t)mono.tv_nsec, "end");
	zc_json_string(&e->line, "verdict", zc_run_verdict_name(e->result.verdict));
	zc_json_uint(&e->line, "not_kept", e->result.not_kept);
	zc_json_uint(&e->line, "count", e->head_lines);
	zc_json_string(&e->line, "head", e->head);
	zc_log_write(&e->log, &e->line);
	e->log.rotation = zc_rotation_free(e->log.rotation); /* all is compressed */
}

void zc_evidence_engine(struct zc_evidence *e, const char *engine, const char *why_not)
{
	e->setup.engine = engine;
	e->setup.engine_why_not = why_not;
}

int zc_evidence_finish(struct zc_evidence *e, int exit_code, const char *exit_reason)
{
	struct zc_json json = { .indent = 3 };
	int error;

	write_end(e);
	if (!e->setup.dir) {
		zc_log_sync(&e->log);
		return 0;
	}
	write_run(&json, e, exit_code, exit_reason);
	zc_redact_json(e->setup.redaction, &json);
	error = zc_log_close_run(&e->log, e->setup.dir, json.failed ? NULL : json.bytes, json.len);
	zc_json_free(&json);
	return error;
}
