/* SPDX-License-Identifier: MIT */
/*
 * v8_frames.c - finding the frames of JavaScript on a stack (v8.h has what is trusted: nothing).
 *
 * In the copy each place is looked at; beyond it frame pointers lead on, to where C++ called in.
 */
#include "core/lang/v8.h"
#include "core/mem.h"

#define FRAMES_MAX 64u
#define LINKS_MAX 512u           /* frame pointers that are followed */
#define FRAME_BYTES (1u << 20)   /* how far apart they are */
#define SEARCH_BYTES (16u << 10) /* how far below a frame its callee's is looked for */

/* A word of the stack. */
static bool read_stack(struct zc_v8_walk *walk, uint64_t address, uint64_t *ret)
{
	const struct zc_lang_thread *who = walk->who;

	if (address < who->stack_at || address - who->stack_at > who->stack_len ||
	    who->stack_len - (address - who->stack_at) < sizeof(*ret))
		return zc_peek(walk->memory, address, ret, sizeof(*ret));
	zc_copy(ret, (const char *)who->stack + (address - who->stack_at), sizeof(*ret));
	return true;
}

static bool at_frame(struct zc_v8_walk *walk, uint64_t fp, enum zc_v8_fact offset, uint64_t *ret)
{
	return read_stack(walk, fp + (uint64_t)(int64_t)zc_v8_fact(walk, offset), ret);
}

/* Is it a frame pointer that leads outwards, with somewhere to return to? */
static bool links(struct zc_v8_walk *walk, uint64_t fp, uint64_t *ret_caller)
{
	uint64_t caller, to;

	if (!read_stack(walk, fp, &caller) || caller <= fp || caller % 8 ||
	    caller - fp > FRAME_BYTES || !read_stack(walk, fp + 8, &to))
		return false;
	*ret_caller = caller;
	return to >= 4096 && !(to >> 47) && (to < walk->who->stack_at || to > caller);
}

/* Where the function of this frame goes on: what the one that it called returns to. */
static uint64_t find_pc(struct zc_v8_walk *walk, uint64_t fp)
{
	uint64_t least = fp - walk->who->stack_at > SEARCH_BYTES ? fp - SEARCH_BYTES
								 : walk->who->stack_at;
	uint64_t word, to;

	if (fp < walk->who->stack_at + 16 || fp - walk->who->stack_at > walk->who->stack_len)
		return 0;
	for (uint64_t at = fp - 16; at >= least && at < fp; at -= 8)
		if (read_stack(walk, at, &word) && word == fp)
			return read_stack(walk, at + 8, &to) ? to : 0;
	return 0;
}

static bool is_object(uint64_t word)
{
	return (word & 3) == 1 && word > 65536 && !(word >> 47);
}

/*
 * V8 does not let its heap be inherited; a child on its way to exec has its parent's stack, and the parent
 * the objects. While it waits in the same calls, it has the same frames; when it has gone on, it has not.
 */
static bool is_there_too(struct zc_v8_walk *walk, uint64_t fp, uint64_t function)
{
	uint64_t word;

	return !walk->who->is_copy ||
	       (zc_peek(walk->memory, fp + (uint64_t)(int64_t)zc_v8_fact(walk, ZC_V8_FP_FUNCTION),
			&word, sizeof(word)) &&
		word == function);
}

/* Reads what makes it a frame of JavaScript: context, function, and the function's own description. */
static bool read_frame(struct zc_v8_walk *walk, uint64_t fp, struct zc_v8_frame *ret)
{
	uint64_t context;

	*ret = (struct zc_v8_frame){ .fp = fp };
	return at_frame(walk, fp, ZC_V8_FP_CONTEXT, &context) && is_object(context) &&
	       at_frame(walk, fp, ZC_V8_FP_FUNCTION, &ret->function) && is_object(ret->function) &&
	       is_there_too(walk, fp, ret->function) &&
	       zc_v8_word(walk, ret->function, zc_v8_fact(walk, ZC_V8_FUNCTION_SHARED),
			  &ret->shared) &&
	       zc_v8_is(walk, ret->shared, ZC_V8_TYPE_SHARED) &&
	       at_frame(walk, fp, ZC_V8_FP_BYTECODE, &ret->bytecode) &&
	       at_frame(walk, fp, ZC_V8_FP_OFFSET, &ret->offset);
}

static void put_file(struct zc_v8_walk *walk, const struct zc_v8_function *function, uint16_t *ret)
{
	static const char none[] = "<anonymous>";
	char *file = walk->work->file;
	uint64_t name;

	if (zc_v8_word(walk, function->script, zc_v8_fact(walk, ZC_V8_SCRIPT_NAME), &name) &&
	    zc_v8_text(walk, name, file, ret) && *ret) {
		*ret = zc_v8_path_of_url(file, *ret);
		return;
	}
	*ret = sizeof(none) - 1;
	zc_copy(file, none, sizeof(none) - 1);
}

static bool put_place(struct zc_v8_walk *walk, const struct zc_v8_place *place, uint64_t fp,
		      bool inlined)
{
	struct zc_wire_lang lang = { .lang = ZC_LANG_JS,
				     .flags = inlined ? ZC_LANG_INLINED : 0,
				     .depth = (uint32_t)(fp - walk->who->stack_at) };
	struct zc_v8_function function;

	if (!zc_v8_function(walk, place->shared, &function))
		return true; /* a builtin: it has a frame of its own */
	lang.function_len = function.name_len;
	put_file(walk, &function, &lang.file_len);
	if (place->position >= 0)
		lang.line = zc_v8_line_of(walk, function.script, place->position);
	if (!lang.line && function.start >= 0) {
		lang.line = zc_v8_line_of(walk, function.script, function.start);
		lang.flags |= lang.line ? ZC_LANG_BEGINS : 0;
	}
	return zc_lang_field_add(&walk->field, &lang, walk->work->function, walk->work->file);
}

/* Returns false when there is no room for more. */
static bool add_frame(struct zc_v8_walk *walk, const struct zc_v8_frame *frame)
{
	struct zc_v8_place place[ZC_V8_INLINED];
	unsigned count = zc_v8_places(walk, frame, place);

	for (unsigned i = 0; i < count; i++)
		if (!put_place(walk, &place[i], frame->fp, i + 1 < count))
			return false;
	return true;
}

/* Returns the outermost frame in the copy, or 0 when there is none or no room for more. */
static uint64_t scan(struct zc_v8_walk *walk, unsigned *frames)
{
	uint64_t at = walk->who->stack_at, end = at + walk->who->stack_len, last = 0, caller;
	struct zc_v8_frame frame;

	for (at = (at + 7) & ~7ull; at + 16 <= end; at += 8) {
		if (!links(walk, at, &caller) || !read_frame(walk, at, &frame))
			continue;
		frame.pc = find_pc(walk, at);
		if (*frames == FRAMES_MAX || !add_frame(walk, &frame))
			return 0;
		++*frames;
		last = at;
	}
	return last;
}

/* From there on to where C++ called. */
static void follow(struct zc_v8_walk *walk, uint64_t fp, unsigned frames)
{
	uint64_t end = walk->who->stack_at + walk->who->stack_len, caller, marker, pc = 0;
	struct zc_v8_frame frame;

	for (unsigned i = 0; i < LINKS_MAX && frames < FRAMES_MAX; i++, fp = caller) {
		if (!links(walk, fp, &caller) || !at_frame(walk, fp, ZC_V8_FP_CONTEXT, &marker) ||
		    marker == 2 * (uint64_t)zc_v8_fact(walk, ZC_V8_ENTRY_FRAME) ||
		    marker == 2 * (uint64_t)zc_v8_fact(walk, ZC_V8_CONSTRUCT_ENTRY_FRAME))
			return;
		if (fp + 16 > end && read_frame(walk, fp, &frame)) {
			frame.pc = pc;
			if (!add_frame(walk, &frame))
				return;
			frames++;
		}
		if (!read_stack(walk, fp + 8, &pc))
			return;
	}
}

void zc_v8_put(const struct zc_v8 *v8, struct zc_peek *memory, const struct zc_lang_thread *who,
	       struct zc_v8_work *work, struct zc_frame_writer *writer)
{
	struct zc_v8_walk walk = { .v8 = v8, .memory = memory, .who = who, .work = work };
	unsigned frames = 0;
	uint64_t last;

	if (!who->stack_at || who->stack_at >> 47 || who->stack_len > ZC_STACK_MAX ||
	    !zc_lang_field_begin(&walk.field, writer))
		return;
	for (unsigned i = 0; i < ZC_V8_SCRIPTS; i++)
		work->lines[i].source = 0;
	last = scan(&walk, &frames);
	if (last)
		follow(&walk, last, frames);
	zc_lang_field_end(&walk.field, writer);
}
