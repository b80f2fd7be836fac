/* SPDX-License-Identifier: MIT */
/*
 * report_html.c - a run as one page: no network, nothing to install, readable without scripts.
 *
 * Everything shown is escaped text in the page itself; the script only filters what is there. The
 * content security policy allows exactly our style and our script, by their digests, and nothing
 * else: should an escape ever be missing, what slips through still cannot run or load anything.
 */
#include <inttypes.h>
#include <sodium.h>
#include <string.h>

#include "text/embed.h"
#include "evidence/read/tree.h"
#include "evidence/story/escape.h"

/* More would make a page that browsers do not like; the rest is counted. */
#define FINDINGS_MAX 2000u
#define NODES_MAX 5000u
#define LEVELS_MAX 40u /* deeper ones stand at this level */

ZC_EMBED(zc_page_css, "evidence/report/page.css");
ZC_EMBED(zc_page_js, "evidence/report/page.js");

/* What stands between the tags, newline and all, is what the browser digests. */
static void digest(const char *text, char ret[sodium_base64_ENCODED_LEN(32, 1)])
{
	unsigned char hash[crypto_hash_sha256_BYTES];
	crypto_hash_sha256_state state;

	crypto_hash_sha256_init(&state);
	crypto_hash_sha256_update(&state, (const unsigned char *)text, strlen(text));
	crypto_hash_sha256_final(&state, hash);
	sodium_bin2base64(ret, sodium_base64_ENCODED_LEN(32, 1), hash, sizeof(hash),
			  sodium_base64_VARIANT_ORIGINAL);
}

static const char *esc(struct zc_report *report, struct zc_str text)
{
	return zc_escape_xml(report, text).at;
}

static void put_top(struct zc_report *report)
{
	char style[sodium_base64_ENCODED_LEN(32, 1)], script[sodium_base64_ENCODED_LEN(32, 1)];
	const char *verdict = zc_run_verdict_of(report->run);

	digest(zc_page_css, style);
	digest(zc_page_js, script);
	fprintf(report->out,
		"<!DOCTYPE html>\n<html lang=\"en\">\n<head>\n<meta charset=\"utf-8\">\n"
		"<meta http-equiv=\"Content-Security-Policy\" content=\"default-src 'none';"
		" style-src 'sha256-%s'; script-src 'sha256-%s'; base-uri 'none'; form-action"
		" 'none'\">\n"
		"<meta name=\"viewport\" content=\"width=device-width, initial-scale=1\">\n"
		"<meta name=\"referrer\" content=\"no-referrer\">\n"
		"<title>ZenCube: %s, run %s</title>\n<style>%s</style>\n</head>\n<body>\n",
		style, script, verdict, report->run->id, zc_page_css);
}

static void put_fact(struct zc_report *report, const char *name, struct zc_str text)
{
	if (text.at)
		fprintf(report->out, "<dt>%s</dt><dd class=\"mono\">%s</dd>\n", name,
			esc(report, text));
}

static struct zc_str duration(struct zc_report *report)
{
	const struct zc_run *run = report->run;

	return zc_report_seconds(report,
				 run->last_ns > run->first_ns ? run->last_ns - run->first_ns : 0);
}

static void put_head(struct zc_report *report)
{
	const struct zc_run *run = report->run;
	const char *verdict = zc_run_verdict_of(run);
	struct zc_str command = zc_report_command(report, zc_view_get(run->json, "command"));
	struct zc_str started = zc_report_text(report, run->json, "started");

	fprintf(report->out,
		"<header>\n<p class=\"verdict %s\">%s</p>\n<h1 class=\"mono\">%s</h1>\n", verdict,
		verdict, command.len ? esc(report, command) : "ZenCube run");
	fprintf(report->out,
		"<p class=\"dim\">run <code>%s</code>%s%s, %s seconds</p>\n</header>\n", run->id,
		started.at ? ", started " : "", started.at ? esc(report, started) : "",
		duration(report).at);
}

static void put_tile(struct zc_report *report, const char *name, const char *class,
		     struct zc_str value, struct zc_str more)
{
	fprintf(report->out, "<div><dt>%s</dt><dd class=\"%s\">%s", name, class,
		esc(report, value));
	if (more.at)
		fprintf(report->out, "<small>%s</small>", esc(report, more));
	fputs("</dd></div>\n", report->out);
}

/* What to know before reading on: how much was refused, how much was watched, by whom. */
static void put_tiles(struct zc_report *report)
{
	struct zc_view run = report->run->json;
	uint64_t violations = zc_report_number(report, "counts.violations");
	uint64_t gaps = zc_report_number(report, "coverage.gaps");
	uint64_t lost = zc_report_number(report, "counts.lost") +
			zc_report_number(report, "counts.not_kept");
	struct zc_str mode = zc_report_text(report, run, "mode.used");

	if (!run.at)
		return;
	fputs("<dl class=\"tiles\">\n", report->out);
	put_tile(report, "Violations", violations ? "violations" : "pass",
		 zc_report_printf(report, "%" PRIu64, violations),
		 zc_report_printf(report, "in %" PRIu64 " findings",
				  zc_report_number(report, "counts.findings")));
	put_tile(report, "Processes", gaps ? "pass-with-gaps" : "",
		 zc_report_printf(report, "%" PRIu64, zc_report_number(report, "coverage.count")),
		 gaps ? zc_report_printf(report, "%" PRIu64 " not watched", gaps)
		      : zc_report_printf(report, "all watched"));
	put_tile(report, "Mode", "", mode.at ? mode : zc_report_printf(report, "?"),
		 zc_report_text(report, run, "mode.engine"));
	put_tile(report, "Exit status", "",
		 zc_report_printf(report, "%" PRIi64,
				  zc_view_int(zc_view_get(run, "exit.code"), -1)),
		 zc_report_text(report, run, "exit.reason"));
	if (lost)
		put_tile(report, "Records lost", "pass-with-gaps",
			 zc_report_printf(report, "%" PRIu64, lost), (struct zc_str){ NULL, 0 });
	fputs("</dl>\n", report->out);
}

static void put_layers(struct zc_report *report)
{
	struct zc_walk modes = zc_view_walk(zc_view_get(report->run->json, "mode.why_not"));
	struct zc_walk walk = zc_view_walk(zc_view_get(report->run->json, "layers"));
	struct zc_view layer;
	struct zc_str text;

	while ((text = zc_report_next_why_not(report, &modes)).at)
		put_fact(report, "Mode", text);
	fputs("<dt>Layers</dt><dd><ul class=\"layers\">\n", report->out);
	while (zc_walk_next(&walk, NULL, &layer)) {
		struct zc_str name = zc_report_text(report, layer, "name"),
			      detail = zc_report_text(report, layer, "detail");
		bool applied = zc_view_true(zc_view_get(layer, "applied"));

		if (name.at)
			fprintf(report->out,
				"<li><span class=\"tag %s\">%s</span> %s <span class=\"dim\">%s"
				"</span></li>\n",
				applied ? "on" : "off", applied ? "on" : "off", esc(report, name),
				detail.at ? esc(report, detail) : "");
	}
	fputs("</ul></dd>\n", report->out);
}

static void put_facts(struct zc_report *report)
{
	struct zc_view run = report->run->json;
	struct zc_str missing = { report->run->json_error, strlen(report->run->json_error) };

	fputs("<h2>How it was watched</h2>\n<dl class=\"facts\">\n", report->out);
	if (!run.at) {
		put_fact(report, "run.json", missing);
	} else {
		put_fact(report, "Directory", zc_report_text(report, run, "cwd"));
		put_fact(report, "Ended", zc_report_text(report, run, "ended"));
		put_fact(report, "Policy",
			 zc_report_command(report, zc_view_get(run, "policy.sources")));
		put_fact(report, "Digest of it", zc_report_text(report, run, "policy.sha256"));
		put_layers(report);
		put_fact(report, "Error", zc_report_text(report, run, "error"));
		put_fact(report, "Head of the chain", zc_report_text(report, run, "chain.head"));
	}
	fputs("</dl>\n", report->out);
}

static void put_timeline(struct zc_report *report)
{
	const struct zc_run *run = report->run;
	uint64_t most = 0, span;
	size_t used;

	for (size_t i = 0; i < ZC_RUN_BUCKETS; i++)
		most = run->bucket[i] > most ? run->bucket[i] : most;
	if (!most)
		return;
	span = run->last_ns - run->first_ns;
	used = (size_t)(span / run->bucket_ns) + 1;
	used = used > ZC_RUN_BUCKETS ? ZC_RUN_BUCKETS : used;
	fprintf(report->out,
		"<h2>Timeline</h2>\n<div class=\"card\"><svg viewBox=\"0 0 %zu 60\" "
		"preserveAspectRatio=\"none\""
		" role=\"img\" aria-label=\"violations over time\">\n",
		used * 10);
	for (size_t i = 0; i < used; i++) {
		unsigned height = (unsigned)(run->bucket[i] * 56 / most);

		if (!run->bucket[i])
			continue;
		height = height ? height : 1;
		fprintf(report->out,
			"<rect x=\"%zu\" y=\"%u\" width=\"8\" height=\"%u\"><title>%" PRIu64
			" from %s s</title></rect>\n",
			i * 10, 58 - height, height, run->bucket[i],
			zc_report_seconds(report, i * run->bucket_ns).at);
	}
	fprintf(report->out, "<line x1=\"0\" x2=\"%zu\" y1=\"59\" y2=\"59\"/>\n</svg>\n",
		used * 10);
	fprintf(report->out,
		"<p class=\"dim\">0 to %s seconds, %" PRIu64 " at most in one bar</p></div>\n",
		zc_report_seconds(report, span).at, most);
}

static void put_stack(struct zc_report *report, const struct zc_story *story)
{
	struct zc_str status = story->stack.status, why = story->stack.why;
	const struct zc_frame_told *where = story->stack.inside ? story->stack.inside
								: story->stack.place;

	fputs("<ol class=\"stack mono\" start=\"0\">\n", report->out);
	for (size_t i = 0; i < story->stack.frames; i++) {
		const struct zc_frame_told *frame = &story->stack.frame[i];

		fprintf(report->out, "<li%s>%s",
			frame == where ? " class=\"place\""
			: frame->own   ? ""
				       : " class=\"system\"",
			esc(report, zc_story_site(frame)));
		if (frame->module.at)
			fprintf(report->out, " <span class=\"dim\">%s+%s</span>",
				esc(report, frame->module), esc(report, frame->offset));
		fputs("</li>\n", report->out);
	}
	fputs("</ol>\n", report->out);
	if (status.at && strcmp(status.at, "complete") != 0)
		fprintf(report->out, "<p class=\"dim\">The stack is %s%s%s.</p>\n",
			esc(report, status), why.at ? ": " : "", why.at ? esc(report, why) : "");
}

static void put_finding(struct zc_report *report, const struct zc_story *story)
{
	struct zc_str site = zc_story_where(report, story);
	const char *level = esc(report, story->severity);

	fprintf(report->out,
		"<details data-row class=\"is-%s\" data-level=\"%s\"><summary><span "
		"class=\"count\">%" PRIu64 " &times;</span><span class=\"grow mono\"><span "
		"class=\"%s\">%s</span>%s%s</span><span class=\"tag\">%s</span></summary>\n"
		"<div class=\"body\">\n<dl class=\"facts\">\n",
		level, level, story->count, level, esc(report, story->title), site.at ? " in " : "",
		site.at ? esc(report, site) : "", esc(report, story->program));
	put_fact(report, "Rule", story->by);
	put_fact(report, "To allow it", story->hint);
	put_fact(report, "Program", story->exe);
	put_fact(report, "Arguments", zc_report_command(report, story->argv));
	put_fact(report, "Answered", story->errno_name);
	put_fact(report, "Seen",
		 story->trust.at ? zc_report_printf(report, "from %s, by %s", story->trust.at,
						    story->seen_by.at ? story->seen_by.at : "?")
				 : story->trust);
	put_fact(report, "First", story->time);
	put_fact(report, "Fingerprint", story->fingerprint);
	if (story->dac_refuses)
		fputs("<dt></dt><dd>Plain permissions would have refused it too.</dd>\n",
		      report->out);
	fputs("</dl>\n", report->out);
	put_stack(report, story);
	fputs("</div></details>\n", report->out);
}

static void put_findings(struct zc_report *report)
{
	struct zc_story story;
	size_t index = 0, shown = 0;

	fprintf(report->out,
		"<h2>Findings</h2>\n"
		"<div class=\"tools\" id=\"tools\" hidden><input id=\"query\" type=\"search\""
		" placeholder=\"Search findings and processes\" aria-label=\"Search\"><select "
		"id=\"level\""
		" aria-label=\"Severity\"><option value=\"\">all "
		"severities</option><option>critical</option><option>high</option>"
		"<option>medium</option><option>low</option></select>"
		"<button id=\"open\">Unfold"
		"</button><button id=\"close\">Fold</button><span id=\"shown\" class=\"dim\">"
		"</span></div>\n");
	while (shown < FINDINGS_MAX && zc_story_next(report, &index, &story)) {
		put_finding(report, &story);
		shown++;
	}
	if (!shown)
		fputs("<p>There are none.</p>\n", report->out);
	if (report->run->violations > shown)
		fprintf(report->out, "<p>%zu more are in the evidence.</p>\n",
			report->run->violations - shown);
}

static void put_programs(struct zc_report *report, const struct zc_tree *tree,
			 const struct zc_node *node)
{
	struct zc_str before = { NULL, 0 }, by = { NULL, 0 };

	for (size_t i = 0; i < node->programs && i < 20; i++) {
		struct zc_view entry = tree->entry[tree->order[node->first + i]];
		struct zc_str exe = zc_report_text(report, entry, "exe"),
			      gap = zc_report_text(report, entry, "gap");

		if (!gap.at)
			by = zc_report_text(report, entry, "watched_by");
		if (exe.at && before.at && exe.len == before.len &&
		    !memcmp(exe.at, before.at, exe.len) && !gap.at)
			continue;
		before = exe;
		fprintf(report->out, "%s%s", i ? " &rarr; " : "", exe.at ? esc(report, exe) : "?");
		if (gap.at)
			fprintf(report->out, " <b>not watched: %s</b>", esc(report, gap));
	}
	if (by.at)
		fprintf(report->out, " <span class=\"tag\">%s</span>", esc(report, by));
}

/* From the level of the node before to this one's: lists begin and end. */
static void put_levels(struct zc_report *report, unsigned from, unsigned to)
{
	if (to > from)
		fputs("\n<ul>\n", report->out);
	else
		fputs("</li>\n", report->out);
	for (; from > to; from--)
		fputs("</ul></li>\n", report->out);
}

static void put_tree(struct zc_report *report)
{
	const struct zc_node *node = NULL;
	unsigned depth = 0, level = 0;
	struct zc_tree *tree;
	size_t shown = 0;

	if (zc_tree_new(&tree, zc_view_get(report->run->json, "coverage.processes")) < 0) {
		report->failed = true;
		return;
	}
	fputs("<h2>Processes</h2>\n<ul class=\"tree\">\n", report->out);
	while (shown < NODES_MAX && zc_tree_next(tree, &node, &depth)) {
		unsigned next = depth < level + 1 ? depth : level + 1;

		next = !shown ? 0 : next < LEVELS_MAX ? next : LEVELS_MAX;
		zc_report_reset(report);
		if (shown++)
			put_levels(report, level, next);
		level = next;
		fprintf(report->out,
			"<li data-row%s><span class=\"mono\"><span class=\"pid\">%" PRIi64
			"</span> ",
			node->gap ? " class=\"gap\"" : "", node->pid);
		put_programs(report, tree, node);
		fputs("</span>", report->out);
	}
	for (; shown && level; level--)
		fputs("</li></ul>", report->out);
	fprintf(report->out, "%s</ul>\n", shown ? "</li>\n" : "");
	if (tree->nodes > shown)
		fprintf(report->out, "<p>%zu more are in run.json.</p>\n", tree->nodes - shown);
	zc_tree_free(tree);
}

void zc_report_as_html(struct zc_report *report)
{
	put_top(report);
	put_head(report);
	put_tiles(report);
	put_timeline(report);
	put_findings(report);
	put_tree(report);
	zc_report_reset(report);
	put_facts(report);
	fprintf(report->out,
		"<footer><p class=\"dim\">Made from events.jsonl and run.json by zcaudit %s. This "
		"page is "
		"a copy"
		" for reading: <code>zcaudit verify</code> checks what it was made "
		"from.</p></footer>\n"
		"<script>%s</script>\n</body>\n</html>\n",
		ZC_VERSION, zc_page_js);
}
