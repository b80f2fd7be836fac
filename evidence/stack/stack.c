/* SPDX-License-Identifier: MIT */
/*
 * stack.c - walking a copied stack with libunwind.
 *
 * libunwind asks for everything through accessors (unwind.c). Its cache of decoded unwind rows is kept, one
 * for each set of maps, which is what makes a warm walk cheap (no cache: 100 times slower).
 */
#include <libunwind-x86_64.h>
#include <limits.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "core/call.h"
#include "evidence/stack/lang.h"
#include "evidence/stack/maps.h"
#include "evidence/stack/stack.h"
#include "evidence/stack/stack_walk.h"

/* Adds a frame; the shim's own, innermost, are left out. Returns false when there is no room. */
static bool add_frame(struct zc_unwinder *unwinder, struct zc_stack_walk *walk, uint64_t ip,
		      uint64_t bp, bool caller)
{
	const struct zc_map *map = zc_maps_find(walk->maps, caller ? ip - 1 : ip);
	const struct zc_site *site = NULL;
	struct zc_stack *stack = walk->stack;

	/* The tracer tells of code that is in no file; a shim does not. */
	if (walk->who && (!map || (map->module && !map->bias &&
				   !strcmp(zc_module_name(map->module), "[anonymous]"))))
		site = zc_jit_site(unwinder, walk->who, ip, caller);
	if (!site && map && map->module)
		site = zc_site_get(zc_unwinder_sites(unwinder), map->module, ip - map->bias,
				   caller);
	if (!stack->count && site && site->kind == ZC_SITE_SHIM)
		return true;
	if (stack->count == ZC_STACK_FRAMES)
		return false;
	stack->frame[stack->count].site = site;
	stack->frame[stack->count].bp = bp;
	stack->frame[stack->count++].ip = ip;
	return true;
}

/* Does nobody call this function? */
static bool is_entry(const struct zc_site *site)
{
	static const char *const entries[] = { "_start", "_start_c", "clone",        "__clone",
					       "clone3", "__clone3", "start_thread", "start" };

	for (size_t i = 0; site && site->function.function && i < ZC_LEN(entries); i++)
		if (!strcmp(site->function.function, entries[i]))
			return true;
	return false;
}

/*
 * Names are known when the walk is over. What lies outside of the first frame that nobody calls was
 * never there: its unwind data did not say that it ends.
 */
static void name_and_cut(struct zc_unwinder *unwinder, struct zc_stack_walk *walk)
{
	struct zc_stack *stack = walk->stack;

	zc_sites_name(zc_unwinder_sites(unwinder), stack);
	for (unsigned i = 0; i < stack->count; i++) {
		if (!is_entry(stack->frame[i].site))
			continue;
		stack->count = i + 1;
		stack->why = walk->guesses_from <= i
				     ? "some frames were found by frame pointers alone"
				     : NULL;
	}
}

/*
 * Where code has no unwind rows (made at run time, hand-written): the caller as a frame pointer would
 * have it. libunwind's own guess is kept only where this one does not fit: it went wrong where a
 * sanitizer makes frames large.
 */
static bool step_by_pointer(struct zc_stack_walk *walk, unw_cursor_t *cursor, uint64_t sp,
			    uint64_t bp)
{
	uint64_t saved[2];

	if (bp < sp || bp % 8 || !zc_stack_read_copy(walk, bp, saved, sizeof(saved)))
		return false;
	*walk->regs = (struct zc_wire_regs){ .ip = saved[1], .sp = bp + 16, .bp = saved[0] };
	return !unw_init_remote(cursor, walk->space, walk);
}

/* One step outwards. Returns false at the end, or in trouble: then with *ret_why. */
static bool step(struct zc_stack_walk *walk, unw_cursor_t *cursor, bool signal,
		 const char **ret_why)
{
	unw_word_t sp = 0, bp = 0;
	int moved;

	walk->no_rows = false;
	walk->why = NULL;
	*ret_why = NULL;
	unw_get_reg(cursor, UNW_REG_SP, &sp);
	unw_get_reg(cursor, UNW_X86_64_RBP, &bp);
	moved = unw_step(cursor);
	if (walk->no_rows && !signal && step_by_pointer(walk, cursor, sp, bp))
		moved = 1;
	if (walk->no_rows && !walk->guessed)
		walk->guesses_from = walk->stack->count ? walk->stack->count - 1 : 0;
	walk->guessed |= walk->no_rows;
	if (moved > 0)
		return true;
	if (moved < 0 || walk->guessed)
		*ret_why = walk->why ? walk->why : "the unwind data does not fit the stack";
	return false;
}

/* A guessed place outside every module may be code all the same, but not on the stack. */
static bool plausible(const struct zc_stack_walk *walk, uint64_t ip)
{
	char byte;

	return !walk->guessed || zc_maps_find(walk->maps, ip) ||
	       (ip >= 65536 && !(ip >> 47) && !zc_stack_read_copy(walk, ip, &byte, 1));
}

/* Steps outwards until the end or trouble; returns why it is not complete, or NULL. */
static const char *step_out(struct zc_unwinder *unwinder, struct zc_stack_walk *walk,
			    unw_cursor_t *cursor)
{
	uint64_t last_sp = walk->regs->sp;
	bool jumped = false;
	const char *why;

	for (unsigned steps = 0; steps < 2 * ZC_STACK_FRAMES; steps++) {
		bool exact = unw_is_signal_frame(cursor) > 0,
		     goes_on = step(walk, cursor, exact, &why);
		unw_word_t ip = 0, sp = 0, bp = 0;

		if (!goes_on)
			return why;
		if (unw_get_reg(cursor, UNW_REG_IP, &ip) < 0 ||
		    unw_get_reg(cursor, UNW_REG_SP, &sp) < 0)
			return zc_stack_copy_ends;
		if (unw_get_reg(cursor, UNW_X86_64_RBP, &bp) < 0)
			bp = 0;
		if (!ip || !plausible(walk, ip))
			return walk->guessed ? walk->why ? walk->why : "code without unwind data"
					     : NULL;
		if (sp <= last_sp && (!exact || jumped))
			return "the stack does not grow";
		jumped |= sp <= last_sp; /* once: from an alternate signal stack */
		last_sp = sp;
		if (!add_frame(unwinder, walk, ip, bp, !exact))
			break;
	}
	return "more frames than are kept";
}

static void take_copy(struct zc_stack_walk *walk, const struct zc_frame *record,
		      struct zc_wire_regs *regs)
{
	const unsigned char *copy = record->field[ZC_FIELD_STACK].bytes;

	memcpy(regs, record->field[ZC_FIELD_REGS].bytes, sizeof(*regs));
	memcpy(&walk->copy_at, copy, sizeof(walk->copy_at));
	walk->copy = copy + sizeof(walk->copy_at);
	walk->copy_len = record->field[ZC_FIELD_STACK].len - sizeof(walk->copy_at);
}

static void walk_copy(struct zc_unwinder *unwinder, struct zc_maps *maps,
		      const struct zc_frame *record, struct zc_stack *ret)
{
	struct zc_wire_regs regs;
	struct zc_stack_walk walk = { .maps = maps,
				      .regs = &regs,
				      .stack = ret,
				      .who = &record->head,
				      .guesses_from = UINT_MAX };
	unw_cursor_t cursor;

	take_copy(&walk, record, &regs);
	ret->copy_at = walk.copy_at;
	ret->copy_len = walk.copy_len;
	walk.space = zc_maps_space(unwinder, maps);
	if (!walk.space || unw_init_remote(&cursor, walk.space, &walk) < 0) {
		ret->why = "the unwinder did not start";
		return;
	}
	add_frame(unwinder, &walk, regs.ip, regs.bp, false);
	ret->why = step_out(unwinder, &walk, &cursor);
	name_and_cut(unwinder, &walk);
	ret->status = !ret->count ? "unavailable" : ret->why ? "truncated" : "complete";
	if (!ret->count && !ret->why)
		ret->why = "no frame of the program was found";
}

/* Returns false, and says which address it was, when no known file is mapped there. */
static bool add_place(struct zc_stack_walk *walk, uint64_t ip, bool caller, struct zc_place *ret,
		      unsigned *count, uint64_t *ret_lost)
{
	const struct zc_map *map = zc_maps_find(walk->maps, caller ? ip - 1 : ip);

	if (!map)
		*ret_lost = ip;
	if (!map || !map->module)
		return false;
	ret[(*count)++] = (struct zc_place){ map->module, ip - map->bias,
					     zc_module_kind(map->module) != ZC_SITE_PROGRAM };
	return true;
}

unsigned zc_stack_places(struct zc_unwinder *unwinder, struct zc_maps *maps,
			 const struct zc_frame *record, struct zc_place *ret, unsigned most,
			 uint64_t *ret_lost)
{
	struct zc_stack unused;
	struct zc_wire_regs regs;
	unw_cursor_t cursor;
	unsigned count = 0;
	struct zc_stack_walk walk = { .maps = maps, .regs = &regs, .stack = &unused };
	unw_word_t ip, sp, last_sp;
	bool known, exact;

	*ret_lost = 0;
	take_copy(&walk, record, &regs);
	last_sp = regs.sp;
	walk.space = zc_maps_space(unwinder, maps);
	if (!most || !walk.space || unw_init_remote(&cursor, walk.space, &walk) < 0)
		return 0;
	known = add_place(&walk, regs.ip, false, ret, &count, ret_lost);
	while (known && count < most) {
		exact = unw_is_signal_frame(&cursor) > 0;
		walk.no_rows = false;
		if (unw_step(&cursor) <= 0 || walk.no_rows ||
		    unw_get_reg(&cursor, UNW_REG_IP, &ip) < 0 ||
		    unw_get_reg(&cursor, UNW_REG_SP, &sp) < 0 || !ip || (sp <= last_sp && !exact))
			break;
		last_sp = sp;
		known = add_place(&walk, ip, !exact, ret, &count, ret_lost);
	}
	return count;
}

static void name_counters(struct zc_unwinder *unwinder, struct zc_maps *maps,
			  const struct zc_frame *record, struct zc_stack *ret)
{
	size_t count = record->field[ZC_FIELD_PCS].len / sizeof(uint64_t);
	struct zc_stack_walk walk = { .maps = maps, .stack = ret, .who = &record->head };

	for (size_t i = 0; i < count; i++) {
		uint64_t ip;

		memcpy(&ip, (const char *)record->field[ZC_FIELD_PCS].bytes + i * sizeof(ip),
		       sizeof(ip));
		if (!add_frame(unwinder, &walk, ip, 0, i > 0))
			break;
	}
	zc_sites_name(zc_unwinder_sites(unwinder), ret);
	ret->why = record->head.abi == ZC_ABI_I386 ? "32-bit code: callers may be missing"
		   : ret->count && is_entry(ret->frame[ret->count - 1].site)
			   ? NULL
			   : "the outermost frame is not an entry point";
	ret->status = !ret->count ? "unavailable" : ret->why ? "truncated" : "complete";
}

void zc_stack_walk(struct zc_unwinder *unwinder, struct zc_maps *maps,
		   const struct zc_frame *record, struct zc_stack *ret)
{
	ret->status = "unavailable";
	ret->why = NULL;
	ret->count = 0;
	ret->lang = record->field[ZC_FIELD_LANG].bytes;
	ret->lang_len = record->field[ZC_FIELD_LANG].len;
	ret->copy_at = ret->copy_len = 0;
	zc_sites_trim(zc_unwinder_sites(unwinder));
	if (record->head.flags & ZC_FRAME_NO_STACK)
		ret->why = "taken where no stack could be copied";
	else if (!maps)
		ret->why = "the process has not said what it had mapped";
	else if (record->field[ZC_FIELD_PCS].bytes)
		name_counters(unwinder, maps, record, ret);
	else if (record->field[ZC_FIELD_REGS].len != sizeof(struct zc_wire_regs) ||
		 record->field[ZC_FIELD_STACK].len <= sizeof(uint64_t))
		ret->why = "no copy of the stack came with the record";
	else
		walk_copy(unwinder, maps, record, ret);
}

static void write_lang(void *context, const struct zc_wire_lang *lang, const char *function,
		       const char *file)
{
	struct zc_json *json = context;

	zc_json_open(json, NULL, '{');
	zc_json_null(json, "module");
	zc_json_text(json, "function", function, lang->function_len);
	zc_json_text(json, "file", file, lang->file_len);
	if (lang->line)
		zc_json_uint(json, "line", lang->line);
	if (lang->line && lang->flags & ZC_LANG_BEGINS)
		zc_json_string(json, "line_of", "function");
	if (lang->flags & ZC_LANG_INLINED)
		zc_json_bool(json, "inlined", true);
	zc_json_string(json, "lang", lang->lang == ZC_LANG_JS ? "js" : "python");
	zc_json_close(json, '}');
}

static void write_why(const struct zc_stack *stack, struct zc_json *json)
{
	static const char no_script[] = "the frames of JavaScript could not be read";
	char text[sizeof(stack->text) + sizeof(no_script) + 2];

	if (!zc_lang_lacks_script(stack)) {
		if (stack->why)
			zc_json_string(json, "why", stack->why);
		return;
	}
	snprintf(text, sizeof(text), "%.160s%s%s", stack->why ? stack->why : "",
		 stack->why ? "; " : "", no_script);
	zc_json_string(json, "why", text);
}

void zc_stack_write(const struct zc_stack *stack, struct zc_json *json)
{
	struct zc_lang_walk lang = zc_lang_begin(stack, write_lang, json);

	zc_json_open(json, "stack", '{');
	zc_json_string(json, "status", stack->status);
	write_why(stack, json);
	zc_json_open(json, "frames", '[');
	for (unsigned i = 0; i < stack->count; i++) {
		const struct zc_site *site = stack->frame[i].site;

		if (zc_lang_before(&lang, i))
			continue;
		if (site && site->json) {
			zc_json_raw(json, NULL, site->json, site->json_len);
			continue;
		}
		zc_json_open(json, NULL, '{');
		zc_json_null(json, "module");
		zc_json_hex(json, "address", stack->frame[i].ip);
		zc_json_string(json, "lang", "native");
		zc_json_close(json, '}');
	}
	zc_lang_finish(&lang);
	zc_json_close(json, ']');
	zc_json_close(json, '}');
}
