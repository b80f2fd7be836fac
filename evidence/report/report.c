/* SPDX-License-Identifier: MIT */
/*
 * report.c - the table of formats, and the texts they share.
 */
#include <errno.h>
#include <inttypes.h>
#include <stdarg.h>
#include <stdlib.h>
#include <string.h>

#include "evidence/report/report.h"
#include "text/text.h"

const struct zc_report_format zc_report_formats[] = {
	{ "text", "report.txt", "for people, in a terminal", zc_report_as_text, false },
	{ "md", "report.md", "Markdown, for a job summary (256 KiB at most)", zc_report_as_markdown,
	  false },
	{ "html", "report.html", "one page, no network", zc_report_as_html, false },
	{ "sarif", "results.sarif", "SARIF 2.1.0, for code scanning", zc_report_as_sarif, false },
	{ "junit", "junit.xml", "JUnit XML, passing cases too", zc_report_as_junit, false },
	{ "codequality", "codequality.json", "GitLab's code quality", zc_report_as_codequality,
	  false },
	{ "github", "annotations.txt", "GitHub workflow commands (ten at most)",
	  zc_report_as_github, false },
	{ "intoto", "statement.json", "in-toto Statement v1 with a runtime-trace",
	  zc_report_as_statement, false },
	{ "predicate", "predicate.json", "the runtime-trace alone, to be signed by a platform",
	  zc_report_as_predicate, false },
	{ "ocsf", "ocsf.jsonl", "OCSF 1.3 events, one a line", zc_report_as_ocsf, true },
	{ "folded", "stacks.folded", "folded stacks, for flamegraph.pl", zc_report_as_folded,
	  false },
	{ "speedscope", "speedscope.json", "who causes violations, for speedscope",
	  zc_report_as_speedscope, false },
	{ "trace", "trace.json", "Chrome trace events, for Perfetto", zc_report_as_trace, true },
	{ "attempts", "attempts.json", "one document of all calls that were refused",
	  zc_report_as_attempts, true },
	{ NULL, NULL, NULL, NULL, false },
};

const struct zc_report_format *zc_report_find(const char *name)
{
	for (size_t i = 0; zc_report_formats[i].name; i++)
		if (!strcmp(zc_report_formats[i].name, name))
			return &zc_report_formats[i];
	return NULL;
}

/* --- the arena ------------------------------------------------------------------------------------ */

#define CHUNK (64u << 10)

struct zc_chunk {
	struct zc_chunk *next;
	size_t used, cap;
	char bytes[];
};

void *zc_report_room(struct zc_report *report, size_t size)
{
	struct zc_chunk *chunk = report->arena;
	size_t cap = size > CHUNK ? size : CHUNK;
	void *room;

	size = (size + 15) & ~(size_t)15;
	if (!chunk || chunk->cap - chunk->used < size) {
		chunk = malloc(sizeof(*chunk) + cap + 16);
		if (!chunk) {
			report->failed = true;
			return NULL;
		}
		*chunk = (struct zc_chunk){ .next = report->arena, .cap = cap + 16 };
		report->arena = chunk;
	}
	room = chunk->bytes + chunk->used;
	chunk->used += size;
	return room;
}

void zc_report_free_arena(struct zc_chunk *chunk)
{
	while (chunk) {
		struct zc_chunk *next = chunk->next;

		free(chunk);
		chunk = next;
	}
}

size_t zc_report_arena_size(const struct zc_chunk *chunk)
{
	size_t size = 0;

	for (; chunk; chunk = chunk->next)
		size += chunk->cap;
	return size;
}

/* Keeps one chunk, so that a report of many small stories allocates nothing. */
void zc_report_reset(struct zc_report *report)
{
	zc_story_forget(report, false);
	if (!report->arena)
		return;
	zc_report_free_arena(report->arena->next);
	report->arena->next = NULL;
	report->arena->used = 0;
}

struct zc_str zc_report_keep(struct zc_report *report, const char *text, size_t len)
{
	char *room = zc_report_room(report, len + 1);

	if (!room)
		return (struct zc_str){ "", 0 };
	memcpy(room, text, len);
	room[len] = '\0';
	return (struct zc_str){ room, len };
}

struct zc_str zc_report_printf(struct zc_report *report, const char *format, ...)
{
	struct zc_str none = { "", 0 };
	va_list args, again;
	char small[512], *room;
	int len;

	va_start(args, format);
	va_copy(again, args);
	len = vsnprintf(small, sizeof(small), format, args);
	va_end(args);
	room = len < 0 ? NULL : zc_report_room(report, (size_t)len + 1);
	if (room && (size_t)len < sizeof(small))
		memcpy(room, small, (size_t)len + 1);
	else if (room)
		vsnprintf(room, (size_t)len + 1, format, again);
	va_end(again);
	return room ? (struct zc_str){ room, (size_t)len } : none;
}

/* --- texts ---------------------------------------------------------------------------------------- */

/* Part of a file name: what comes before or after a directory's name must not be. */
static bool in_name(char c)
{
	return (c >= '0' && c <= '9') || (c >= 'a' && c <= 'z') || (c >= 'A' && c <= 'Z') ||
	       c == '_' || c == '-' || c == '.' || (unsigned char)c >= 0x80;
}

/* The home directory's name becomes ~, wherever it stands as a directory. In place. */
static size_t hide_home(const struct zc_report *report, char *text, size_t len)
{
	const char *home = report->options.home;
	size_t home_len = report->home_len, from = 0, to = 0;

	if (!home_len || len < home_len)
		return len;
	while (from < len) {
		bool here = len - from >= home_len && !memcmp(text + from, home, home_len) &&
			    (!from || (!in_name(text[from - 1]) && text[from - 1] != '/')) &&
			    (from + home_len == len || !in_name(text[from + home_len]));

		text[to++] = here ? '~' : text[from];
		from += here ? home_len : 1;
	}
	return to;
}

struct zc_str zc_report_take(struct zc_report *report, const char *text, size_t len)
{
	char *room = zc_report_room(report, len + 1);

	if (!room)
		return (struct zc_str){ NULL, 0 };
	memcpy(room, text, len);
	len = hide_home(report, room, len);
	room[len] = '\0';
	return (struct zc_str){ room, len };
}

/* The exact bytes, when the text is not all of them: its replacement characters say so. */
static bool exact_bytes(struct zc_report *report, struct zc_view parent, const char *key,
			struct zc_view value, struct zc_str *ret)
{
	struct zc_view exact;
	char beside[96], *room;

	if (!memmem(value.at, value.len, "\xef\xbf\xbd", 3))
		return false;
	snprintf(beside, sizeof(beside), "%s_base64", key);
	exact = zc_view_get(parent, beside);
	room = exact.at ? zc_report_room(report, exact.len + 1) : NULL;
	if (!room || !zc_view_base64(exact, room, &ret->len))
		return false;
	ret->len = hide_home(report, room, ret->len);
	room[ret->len] = '\0';
	ret->at = room;
	return true;
}

struct zc_str zc_report_value(struct zc_report *report, struct zc_view parent, const char *key,
			      struct zc_view value)
{
	struct zc_str text = { NULL, 0 };
	char *room;

	if (zc_view_kind(value) != '"' ||
	    (report->exact && *key && exact_bytes(report, parent, key, value, &text)))
		return text;
	room = zc_report_room(report, value.len + 1);
	if (!room)
		return text;
	text.len = hide_home(report, room, zc_view_text(value, room));
	room[text.len] = '\0';
	text.at = room;
	return text;
}

struct zc_str zc_report_text(struct zc_report *report, struct zc_view view, const char *path)
{
	return zc_report_value(report, view, path, zc_view_get(view, path));
}

struct zc_str zc_report_shown(struct zc_report *report, struct zc_str text)
{
	size_t cap = text.len * 4 + 32; /* one byte becomes \xff at most, three become \uffff */
	char *room;

	if (!text.at || (zc_text_plain(text.at, text.len) && !memchr(text.at, '\\', text.len)))
		return text;
	room = zc_report_room(report, cap);
	if (!room)
		return (struct zc_str){ "", 0 };
	return (struct zc_str){ room, zc_text_show_in(room, cap, text.at, text.len) };
}

void zc_report_flush(struct zc_report *report)
{
	struct zc_json *json = &report->json;

	report->failed = report->failed || json->failed;
	if (json->len)
		fwrite(json->bytes, 1, json->len, report->out);
	json->len = 0;
}

/* No member may come beside it in a foreign schema: U+FFFD for what is not UTF-8. */
void zc_report_json(struct zc_report *report, const char *key, struct zc_str text)
{
	if (text.at)
		zc_json_lossy(&report->json, key, text.at, text.len);
	else
		zc_json_null(&report->json, key);
}

struct zc_str zc_report_seconds(struct zc_report *report, uint64_t ns)
{
	return zc_report_printf(report, "%" PRIu64 ".%03u", ns / 1000000000u,
				(unsigned)(ns / 1000000u % 1000u));
}

static bool needs_quotes(struct zc_str word)
{
	static const char extra[] = "_@%+=:,./-[]~";

	for (size_t i = 0; i < word.len; i++) {
		char c = word.at[i];

		if (!((c >= '0' && c <= '9') || (c >= 'a' && c <= 'z') || (c >= 'A' && c <= 'Z') ||
		      (c && strchr(extra, c))))
			return true;
	}
	return !word.len;
}

struct zc_str zc_report_command(struct zc_report *report, struct zc_view words)
{
	struct zc_walk walk = zc_view_walk(words);
	struct zc_view word;
	char *room = zc_report_room(report, words.len * 4 + 8);
	size_t at = 0;

	if (!room)
		return (struct zc_str){ "", 0 };
	while (zc_walk_next(&walk, NULL, &word)) {
		struct zc_str text = zc_report_text(report, word, "");
		bool quote = needs_quotes(text);

		if (at)
			room[at++] = ' ';
		if (quote)
			room[at++] = '\'';
		for (size_t i = 0; i < text.len; i++) {
			if (text.at[i] == '\'') {
				memcpy(room + at, "'\\'", 3);
				at += 3;
			}
			room[at++] = text.at[i];
		}
		if (quote)
			room[at++] = '\'';
	}
	room[at] = '\0';
	return (struct zc_str){ room, at };
}

struct zc_str zc_str_base(struct zc_str path)
{
	const char *slash = path.at ? memrchr(path.at, '/', path.len) : NULL;

	if (!slash || slash == path.at + path.len - 1)
		return path;
	return (struct zc_str){ slash + 1, path.len - (size_t)(slash + 1 - path.at) };
}

/* --- pieces that several formats have -------------------------------------------------------------- */

uint64_t zc_report_number(const struct zc_report *report, const char *path)
{
	return zc_view_uint(zc_view_get(report->run->json, path), 0);
}

void zc_report_json_sites(struct zc_report *report, const char *key, const struct zc_story *story)
{
	zc_json_open(&report->json, key, '[');
	for (size_t i = 0; i < story->stack.frames; i++)
		zc_report_json(report, NULL, story->stack.frame[i].site);
	zc_json_close(&report->json, ']');
}

struct zc_str zc_report_next_why_not(struct zc_report *report, struct zc_walk *walk)
{
	struct zc_view entry;

	while (zc_walk_next(walk, NULL, &entry)) {
		struct zc_str name = zc_report_text(report, entry, "mode"),
			      reason = zc_report_text(report, entry, "reason");

		if (name.at && reason.at)
			return zc_report_printf(report, "not %s: %s", name.at, reason.at);
	}
	return (struct zc_str){ NULL, 0 };
}

struct zc_str zc_report_next_layer(struct zc_report *report, struct zc_walk *walk)
{
	struct zc_view layer;

	while (zc_walk_next(walk, NULL, &layer)) {
		struct zc_str name = zc_report_text(report, layer, "name"),
			      detail = zc_report_text(report, layer, "detail");
		bool applied = zc_view_true(zc_view_get(layer, "applied"));

		if (name.at)
			return zc_report_printf(report, "%s: %s%s%s", name.at,
						applied ? "on" : "off", detail.at ? ", " : "",
						detail.at ? detail.at : "");
	}
	return (struct zc_str){ NULL, 0 };
}

/* --- writing -------------------------------------------------------------------------------------- */

static void set_workspace(struct zc_report *report)
{
	struct zc_view cwd = zc_view_get(report->run->json, "cwd");
	const char *named = report->options.workspace;
	size_t len = 0;

	if (named && strlen(named) < sizeof(report->workspace)) {
		len = strlen(named);
		memcpy(report->workspace, named, len);
	} else if (!named && zc_view_kind(cwd) == '"' && cwd.len < sizeof(report->workspace)) {
		len = zc_view_text(cwd, report->workspace);
	}
	while (len && report->workspace[len - 1] == '/')
		len--;
	len = hide_home(report, report->workspace, len);
	report->workspace[len] = '\0';
	report->workspace_len = len;
}

int zc_report_write(struct zc_run *run, const struct zc_report_format *format, FILE *out,
		    const struct zc_report_options *options)
{
	static const struct zc_report_options none;
	struct zc_report report = { .run = run, .out = out, .options = options ? *options : none };
	const char *home = report.options.home;

	/* The root directory, or none, cannot be told from what lies in it. */
	report.home_len = home && home[0] == '/' && home[1] ? strlen(home) : 0;
	while (report.home_len && home[report.home_len - 1] == '/')
		report.home_len--;
	set_workspace(&report);
	format->write(&report);
	zc_report_flush(&report);
	zc_story_forget(&report, true);
	zc_report_free_arena(report.arena);
	zc_json_free(&report.json);
	if (report.failed)
		return -ENOMEM;
	return fflush(out) == EOF || ferror(out) ? (errno ? -errno : -EIO) : 0;
}
