/* SPDX-License-Identifier: MIT */
/*
 * human.c - what people read on stderr: a line for each new finding, and the end block.
 */
#include <inttypes.h>
#include <stdio.h>
#include <string.h>

#include "evidence/stack/lang.h"
#include "evidence/state.h"
#include "text/text.h"

#define LINES_MAX 20u  /* findings shown as they come */
#define CALLERS_MAX 4u /* functions named after the first */
#define TOP 3u         /* findings in the end block */
#define GAPS_SHOWN 2u
#define WORD 512u /* bytes of one text in a line of the end block */

static const char *color(const struct zc_evidence *e, const char *code)
{
	return e->setup.color ? code : "";
}
#define RED "\x1b[1;31m"
#define YELLOW "\x1b[33m"
#define GREEN "\x1b[32m"
#define BOLD "\x1b[1m"
#define DIM "\x1b[2m"
#define PLAIN "\x1b[0m"

static void show(const struct zc_evidence *e, const char *text)
{
	zc_text_show(e->setup.human, text, strlen(text));
}

static void show_frame(const struct zc_evidence *e, const struct zc_site *site,
		       const struct zc_told_frame *frame, bool with_line)
{
	const char *slash;

	if (frame->function) {
		const char *name = frame->shown ? frame->shown : frame->function;

		zc_text_show(e->setup.human, name, zc_text_function_len(name, strlen(name)));
	} else {
		show(e, zc_module_base(site->module));
		fprintf(e->setup.human, "+0x%" PRIx64, site->offset);
	}
	if (!with_line || !frame->file)
		return;
	slash = strrchr(frame->file, '/');
	fputs(" (", e->setup.human);
	show(e, slash ? slash + 1 : frame->file);
	fprintf(e->setup.human, ":%u)", frame->line);
}

/* ---- who in its code ---- */

struct scripts {
	const struct zc_evidence *e;
	unsigned own, all, shown;
	bool show; /* else they are counted */
};

/* The scripts' own functions; those of Node itself where there are no others. */
static void take_script(void *context, const struct zc_wire_lang *lang, const char *function,
			const char *file)
{
	struct scripts *scripts = context;
	FILE *out = scripts->e->setup.human;
	const char *slash = memrchr(file, '/', lang->file_len);
	bool own = lang->lang != ZC_LANG_JS || lang->file_len < 5 || memcmp(file, "node:", 5) != 0;

	if (!scripts->show) {
		scripts->own += own;
		scripts->all++;
		return;
	}
	if (scripts->shown > CALLERS_MAX || (scripts->own && !own))
		return;
	fputs(scripts->shown++ ? " <- " : "  in ", out);
	zc_text_show(out, function, lang->function_len);
	if (scripts->shown > 1 || !lang->file_len || !lang->line)
		return;
	slash = slash ? slash + 1 : file;
	fputs(" (", out);
	zc_text_show(out, slash, lang->file_len - (size_t)(slash - file));
	fprintf(out, ":%u)", lang->line);
}

static void walk_scripts(struct scripts *scripts)
{
	const struct zc_stack *stack = &scripts->e->stack;
	struct zc_lang_walk walk = zc_lang_begin(stack, take_script, scripts);

	for (unsigned i = 0; i < stack->count; i++)
		zc_lang_before(&walk, i);
	zc_lang_finish(&walk);
}

/* "in fetch (setup.py:12) <- main": what is interpreted, where that is known. */
static bool show_script(const struct zc_evidence *e)
{
	struct scripts scripts = { .e = e };

	if (!e->stack.lang)
		return false;
	walk_scripts(&scripts);
	scripts.show = true;
	if (scripts.all)
		walk_scripts(&scripts);
	return scripts.shown > 0;
}

/* "in leak_secret (victim.c:65) <- middle <- outer": the program's own frames. */
static void show_native(const struct zc_evidence *e)
{
	unsigned shown = 0;

	for (unsigned i = 0; i < e->stack.count; i++) {
		const struct zc_site *site = e->stack.frame[i].site;

		if (!site || site->kind != ZC_SITE_PROGRAM ||
		    (site->function.function && !strcmp(site->function.function, "_start")))
			continue;
		for (unsigned k = 0; k <= site->inlines; k++) {
			if (shown > CALLERS_MAX)
				return;
			fputs(shown++ ? " <- " : "  in ", e->setup.human);
			show_frame(e, site, k < site->inlines ? &site->inlined[k] : &site->function,
				   shown == 1);
		}
		if (site->function.function && !strcmp(site->function.function, "main"))
			return;
	}
}

void zc_human_record(struct zc_evidence *e, const struct zc_record *record,
		     const struct zc_finding *finding)
{
	FILE *out = e->setup.human;
	const struct zc_frame_head *head = &record->frame->head;
	char text[2 * ZC_PATH_CAP];

	if (!out || (!e->text_only && (!finding->violation || finding->accepted)))
		return;
	if (!e->text_only && e->shown++ >= LINES_MAX) {
		if (e->shown == LINES_MAX + 1)
			fprintf(out, "zencube: further findings are in events.jsonl\n");
		return;
	}
	zc_record_what(record, text, sizeof(text));
	fprintf(out, "zencube: %s%s%s %s%s%s", color(e, head->action == ZC_AUDITED ? YELLOW : RED),
		zc_action_name(head->action), color(e, PLAIN), color(e, BOLD), text,
		color(e, PLAIN));
	zc_record_by(e, record, text, sizeof(text));
	fprintf(out, "  %s", text);
	fputs(color(e, DIM), out);
	if (!show_script(e))
		show_native(e);
	fputs("  [", out);
	if (record->process && record->process->program) {
		const char *slash = strrchr(record->process->program->exe, '/');

		show(e, slash ? slash + 1 : record->process->program->exe);
		fputc(' ', out);
	}
	fprintf(out, "%d]%s\n", head->pid, color(e, PLAIN));
	fflush(out);
}

static void print_verdict(const struct zc_evidence *e)
{
	const struct zc_evidence_result *result = &e->result;
	const char *name = zc_run_verdict_name(result->verdict);
	const char *paint = result->verdict == ZC_RUN_PASS   ? GREEN
			    : result->verdict == ZC_RUN_GAPS ? YELLOW
							     : RED;
	FILE *out = e->setup.human;

	fprintf(out, "zencube: %s%s%s", color(e, paint), name, color(e, PLAIN));
	if (e->end.error) {
		fputs(": ", out);
		show(e, e->end.error);
	}
	fprintf(out, " - %" PRIu64 " violation%s", result->violations,
		result->violations == 1 ? "" : "s");
	if (result->findings)
		fprintf(out, " in %" PRIu64 " finding%s", result->findings,
			result->findings == 1 ? "" : "s");
	if (result->accepted)
		fprintf(out, ", %" PRIu64 " accepted", result->accepted);
	if (result->would_violate)
		fprintf(out, ", %" PRIu64 " that the audit policy would refuse",
			result->would_violate);
	if (result->probes)
		fprintf(out, ", %" PRIu64 " probe%s of missing files", result->probes,
			result->probes == 1 ? "" : "s");
	if (result->quiet)
		fprintf(out, ", %" PRIu64 " quiet refusal%s", result->quiet,
			result->quiet == 1 ? "" : "s");
	fprintf(out, "; %" PRIu64 " process%s", zc_processes_count(e->processes),
		zc_processes_count(e->processes) == 1 ? "" : "es");
	if (e->setup.mode_used)
		fprintf(out, ", mode %s", e->setup.mode_used);
	fputc('\n', out);
}

/* The findings that happened most often. A flag to allow one counts as a reason to show it. */
static size_t pick_top(const struct zc_evidence *e, const struct zc_finding *ret_top[TOP])
{
	size_t picked = 0;

	for (size_t i = 0; i < zc_findings_count(e->findings); i++) {
		const struct zc_finding *finding = zc_findings_at(e->findings, i);
		size_t at = picked;

		if (!finding->violation || finding->accepted || !finding->what)
			continue;
		while (at && ret_top[at - 1]->count < finding->count)
			at--;
		if (at == TOP)
			continue;
		picked += picked < TOP;
		memmove(ret_top + at + 1, ret_top + at, (picked - at - 1) * sizeof(void *));
		ret_top[at] = finding;
	}
	return picked;
}

static void print_top(const struct zc_evidence *e)
{
	const struct zc_finding *top[TOP];
	size_t count = pick_top(e, top);
	FILE *out = e->setup.human;

	for (size_t i = 0; i < count; i++) {
		const struct zc_finding *finding = top[i];

		fprintf(out, "  %" PRIu64 " x %.*s", finding->count, (int)WORD, finding->what);
		if (finding->who)
			fprintf(out, "  [%.*s]", (int)WORD, finding->who);
		if (finding->hint && finding->hint[0] == '-')
			fprintf(out, "  to allow: %.*s\n", (int)WORD, finding->hint);
		else
			fprintf(out, "  %.*s\n", (int)WORD, finding->by ? finding->by : "");
	}
	if (e->result.findings > count)
		fprintf(out, "  and %" PRIu64 " more\n", e->result.findings - count);
}

static void print_gaps(const struct zc_evidence *e)
{
	uint64_t gaps = zc_processes_gaps(e->processes), shown = 0;
	const struct zc_covered *process;

	for (size_t i = 0; shown < GAPS_SHOWN && (process = zc_processes_listed(e->processes, i));
	     i++) {
		char exe[WORD];

		if (!process->gap)
			continue;
		zc_text_show_in(exe, sizeof(exe), process->exe, strlen(process->exe));
		fprintf(e->setup.human, "  not watched: %s [%d]: %s%s", exe, process->pid,
			process->gap, ++shown < GAPS_SHOWN || gaps <= GAPS_SHOWN ? "\n" : "");
	}
	if (gaps > GAPS_SHOWN)
		fprintf(e->setup.human, "; and %" PRIu64 " more\n", gaps - shown);
}

static void print_losses(const struct zc_evidence *e)
{
	const struct zc_evidence_result *result = &e->result;
	FILE *out = e->setup.human;

	if (result->lost)
		fprintf(out, "  %" PRIu64 " record%s could not be delivered\n", result->lost,
			result->lost == 1 ? "" : "s");
	if (result->not_kept)
		fprintf(out, "  %" PRIu64 " event%s could not be kept: %s\n", result->not_kept,
			result->not_kept == 1 ? "" : "s",
			result->write_error ? strerror(result->write_error) : "dropped");
	if (e->forged + e->malformed)
		fprintf(out, "  %" PRIu64 " frame%s were not what the shim sends\n",
			e->forged + e->malformed, e->forged + e->malformed == 1 ? "" : "s");
	if (e->end.left_count)
		fprintf(out, "  %zu process%s had to be ended\n", e->end.left_count,
			e->end.left_count == 1 ? "" : "es");
}

void zc_evidence_print_end(struct zc_evidence *e)
{
	if (!e->setup.human)
		return;
	print_verdict(e);
	print_top(e);
	print_gaps(e);
	print_losses(e);
	if (e->setup.dir) {
		fputs("  evidence: ", e->setup.human);
		show(e, e->setup.dir);
		if (*e->head)
			fprintf(e->setup.human, "  (%" PRIu64 " events, head %s)", e->log.lines,
				e->head);
		fputc('\n', e->setup.human);
	}
	fflush(e->setup.human);
}
