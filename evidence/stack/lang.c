/* SPDX-License-Identifier: MIT */
/*
 * lang.c - merging Python frames with native ones, innermost first.
 *
 * Each native _PyEval_EvalFrameDefault runs one Python frame and, since 3.11, those that it called
 * without leaving the function; the record says with which of them native code had called. Where there
 * are as many of these as native frames, both are sure, and each Python frame stands before what runs
 * it. Else all stand before the outermost, or where none is known, before the first frame of the
 * program's own.
 */
#include <string.h>

#include "core/wire/wire.h"
#include "evidence/stack/lang.h"

static bool runs_python(const struct zc_site *site)
{
	static const char name[] = "_PyEval_EvalFrameDefault";
	size_t len = sizeof(name) - 1;

	const char *function = site ? site->function.function : NULL;

	return function && !strncmp(function, name, len) &&
	       (!function[len] || function[len] == '.');
}

static unsigned count_entries(const char *field, size_t len)
{
	struct zc_wire_lang lang;
	const char *function, *file;
	unsigned entries = 0;
	size_t at = 0;

	while (zc_frame_next_lang(field, len, &at, &lang, &function, &file))
		entries += (lang.flags & ZC_LANG_ENTRY) != 0;
	return entries;
}

struct zc_lang_walk zc_lang_begin(const struct zc_stack *stack)
{
	struct zc_lang_walk walk = { .stack = stack, .field = stack->lang, .len = stack->lang_len };
	unsigned natives = 0, entries, own = 0;

	if (!walk.field)
		return walk;
	entries = count_entries(walk.field, walk.len);
	while (own + 1 < stack->count && stack->frame[own].site &&
	       stack->frame[own].site->kind != ZC_SITE_PROGRAM)
		own++;
	walk.outermost = own;
	for (unsigned i = 0; i < stack->count; i++)
		if (runs_python(stack->frame[i].site)) {
			natives++;
			walk.outermost = i;
		}
	/* A stack that is cut off has its inner frames, and they match from there. */
	walk.matched = natives && (natives == entries ||
				   (natives < entries && strcmp(stack->status, "complete") != 0));
	return walk;
}

static bool write_next(struct zc_lang_walk *walk, struct zc_json *json, bool *ret_entry)
{
	struct zc_wire_lang lang;
	const char *function, *file;

	if (!walk->field ||
	    !zc_frame_next_lang(walk->field, walk->len, &walk->at, &lang, &function, &file))
		return false;
	zc_json_open(json, NULL, '{');
	zc_json_null(json, "module");
	zc_json_text(json, "function", function, lang.function_len);
	zc_json_text(json, "file", file, lang.file_len);
	if (lang.line)
		zc_json_uint(json, "line", lang.line);
	zc_json_string(json, "lang", "python");
	zc_json_close(json, '}');
	*ret_entry = lang.flags & ZC_LANG_ENTRY;
	return true;
}

void zc_lang_finish(struct zc_lang_walk *walk, struct zc_json *json)
{
	bool entry;

	while (write_next(walk, json, &entry))
		;
}

void zc_lang_write(struct zc_lang_walk *walk, unsigned i, struct zc_json *json)
{
	bool entry = false;

	if (!walk->field)
		return;
	if (!walk->matched && i == walk->outermost)
		zc_lang_finish(walk, json);
	else if (walk->matched && runs_python(walk->stack->frame[i].site))
		while (!entry && write_next(walk, json, &entry))
			;
}
