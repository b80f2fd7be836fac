/* SPDX-License-Identifier: MIT */
/*
 * lang.c - merging the frames of Python and JavaScript with native ones, innermost first.
 *
 * Python: each native _PyEval_EvalFrameDefault runs one Python frame and, since 3.11, those that it called
 * without leaving the function; the record says with which of them native code had called. Where there
 * are as many of these as native frames, both are sure, and each Python frame stands before what runs
 * it. Else all stand before the outermost, or where none is known, before the first frame of the
 * program's own.
 *
 * JavaScript: its frames are frames of the machine's stack. Each has its frame pointer, and takes the place
 * of the native frame with that very one; who has none is what remains of a call that was over, and is left
 * out. Beyond the copy of the stack, where the native frames end, they go on as long as they are linked.
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

static bool have_places(const char *field, size_t len)
{
	struct zc_wire_lang lang;
	const char *function, *file;
	size_t at = 0;

	return zc_frame_next_lang(field, len, &at, &lang, &function, &file) &&
	       lang.lang == ZC_LANG_JS;
}

struct zc_lang_walk zc_lang_begin(const struct zc_stack *stack, zc_lang_put *put, void *context)
{
	struct zc_lang_walk walk = {
		.stack = stack,
		.field = stack->lang,
		.len = stack->lang_len,
		.put = put,
		.context = context,
	};
	unsigned natives = 0, entries, own = 0;

	if (!walk.field)
		return walk;
	walk.by_pointer = have_places(walk.field, walk.len);
	if (walk.by_pointer)
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

static void put(struct zc_lang_walk *walk, const struct zc_wire_lang *lang, const char *function,
		const char *file)
{
	walk->put(walk->context, lang, function, file);
}

static bool next(struct zc_lang_walk *walk, bool *ret_entry)
{
	struct zc_wire_lang lang;
	const char *function, *file;

	if (!walk->field ||
	    !zc_frame_next_lang(walk->field, walk->len, &walk->at, &lang, &function, &file))
		return false;
	put(walk, &lang, function, file);
	*ret_entry = lang.flags & ZC_LANG_ENTRY;
	return true;
}

/* ---- by frame pointers ---- */

/* Gives out those of frame pointer bp, and passes over those that lie further in. Returns whether there are any. */
static bool put_at(struct zc_lang_walk *walk, uint64_t bp)
{
	struct zc_wire_lang lang;
	const char *function, *file;
	size_t at = walk->at;
	bool any = false;

	while (zc_frame_next_lang(walk->field, walk->len, &at, &lang, &function, &file)) {
		uint64_t place = walk->stack->copy_at + lang.depth;

		if (place > bp)
			break;
		if (place == bp) {
			put(walk, &lang, function, file);
			any = true;
		}
		walk->at = at;
		walk->connected = place == bp;
	}
	return any;
}

/* Those that were found by links from the last one, where nothing was copied any more. */
static void put_beyond(struct zc_lang_walk *walk)
{
	struct zc_wire_lang lang;
	const char *function, *file;

	while (walk->connected &&
	       zc_frame_next_lang(walk->field, walk->len, &walk->at, &lang, &function, &file) &&
	       lang.depth + 2 * sizeof(uint64_t) > walk->stack->copy_len)
		put(walk, &lang, function, file);
}

/* ---- both ---- */

void zc_lang_finish(struct zc_lang_walk *walk)
{
	bool entry;

	if (walk->by_pointer) {
		put_beyond(walk);
		return;
	}
	while (next(walk, &entry))
		;
}

bool zc_lang_before(struct zc_lang_walk *walk, unsigned i)
{
	const struct zc_stack *stack = walk->stack;
	bool entry = false;

	if (!walk->field)
		return false;
	/* What does not use frame pointers has its caller's: the outermost of those is meant. */
	if (walk->by_pointer)
		return stack->frame[i].bp &&
		       (i + 1 == stack->count || stack->frame[i + 1].bp != stack->frame[i].bp) &&
		       put_at(walk, stack->frame[i].bp);
	if (!walk->matched && i == walk->outermost)
		zc_lang_finish(walk);
	else if (walk->matched && runs_python(walk->stack->frame[i].site))
		while (!entry && next(walk, &entry))
			;
	return false;
}

/* ---- what is missing ---- */

static void count_script(void *context, const struct zc_wire_lang *lang, const char *function,
			 const char *file)
{
	*(unsigned *)context += lang->lang == ZC_LANG_JS;
}

/* V8's symbols stand for themselves: a program without them would not be known to be one. */
static bool enters_script(const struct zc_site *site)
{
	return site && site->function.function &&
	       (!strcmp(site->function.function, "Builtins_JSEntryTrampoline") ||
		!strcmp(site->function.function, "Builtins_InterpreterEntryTrampoline"));
}

bool zc_lang_lacks_script(const struct zc_stack *stack)
{
	unsigned found = 0;
	struct zc_lang_walk walk = zc_lang_begin(stack, count_script, &found);
	bool entered = false;

	for (unsigned i = 0; i < stack->count; i++) {
		zc_lang_before(&walk, i);
		entered |= enters_script(stack->frame[i].site);
	}
	return entered && !found;
}
