/* SPDX-License-Identifier: MIT */
/*
 * python_frames.c - walking the frames of the thread that made the call (python.h has what is trusted:
 * nothing).
 */
#include "core/mem.h"
#include "core/lang/python.h"

#define FRAMES_MAX 64u
#define THREADS_MAX 512u
#define INTERPRETERS_MAX 16u
#define LENGTH_MAX 1048576u /* of a name that is believed; shown are 256 bytes */
#define OBJECT_MAX ZC_PYTHON_OBJECT
#define OB_TYPE 8u
#define OB_SIZE 16u
#define BYTES_AT 32u
#define TEXT_STATE 32u
#define OWNED_BY_C 3u  /* a frame that stands for the native function that runs others */
#define GLIBC_TID 720u /* struct pthread: stable on x86-64 since 2.4 */

struct walk {
	const struct zc_python *python;
	const struct zc_python_layout *layout;
	struct zc_peek *memory;
	struct zc_python_work *work;
	struct zc_lang_field field;
};

static bool read_word(struct walk *walk, uint64_t address, uint64_t *ret)
{
	return zc_peek(walk->memory, address, ret, sizeof(*ret));
}

static uint64_t word_at(const unsigned char *object, uint32_t offset)
{
	uint64_t value = 0;

	if (offset <= OBJECT_MAX - sizeof(value))
		zc_copy(&value, object + offset, sizeof(value));
	return value;
}

/* ---- whose frames ---- */

static bool on_stack(const struct zc_lang_thread *who, uint64_t word)
{
	for (size_t i = 0; i + sizeof(word) <= who->stack_len; i += sizeof(word))
		if (zc_equal((const char *)who->stack + i, &word, sizeof(word)))
			return true;
	return false;
}

static bool is_thread(struct walk *walk, const struct zc_lang_thread *who, uint64_t state)
{
	uint64_t id;
	int32_t kernels;

	if (!read_word(walk, state + walk->layout->thread_id, &id))
		return false;
	if (walk->layout->native_ids)
		return id == (uint64_t)who->tid;
	if (who->self)
		return id == who->self;
	return zc_peek(walk->memory, id + GLIBC_TID, &kernels, sizeof(kernels)) &&
	       kernels == who->tid;
}

/*
 * The state of the thread that made the call. A child on its way to exec still has its parent's thread
 * number there: then it is the one state that the stack speaks of.
 */
static uint64_t find_thread(struct walk *walk, const struct zc_lang_thread *who)
{
	const struct zc_python_layout *layout = walk->layout;
	uint64_t interp = 0, state, only = 0;
	unsigned candidates = 0, threads = 0;

	read_word(walk, walk->python->runtime + layout->interpreters, &interp);
	for (unsigned i = 0; interp && i < INTERPRETERS_MAX; i++) {
		if (!read_word(walk, interp + layout->interp_threads, &state))
			break;
		while (state && threads++ < THREADS_MAX) {
			if (is_thread(walk, who, state))
				return state;
			if (on_stack(who, state)) {
				only = state;
				candidates++;
			}
			if (!read_word(walk, state + layout->thread_next, &state))
				break;
		}
		if (!read_word(walk, interp + layout->interp_next, &interp))
			break;
	}
	return candidates == 1 && who->is_leader ? only : 0;
}

static uint64_t first_frame(struct walk *walk, uint64_t state)
{
	uint64_t frame = 0;

	if (!read_word(walk, state + walk->layout->thread_frame, &frame) || !frame)
		return 0;
	if (walk->layout->current != ZC_PYTHON_NONE &&
	    !read_word(walk, frame + walk->layout->current, &frame))
		return 0;
	return frame;
}

/* ---- one frame ---- */

/* A str. Returns false for what is none. */
static bool read_text(struct walk *walk, uint64_t object, char *ret, uint16_t *ret_len)
{
	unsigned char head[TEXT_STATE + 4], *chars = walk->work->walk.chars;
	uint64_t count = 0;
	uint32_t state;
	unsigned width;
	bool ascii;

	if (!zc_peek(walk->memory, object, head, sizeof(head)) ||
	    word_at(head, OB_TYPE) != walk->python->text_type)
		return false;
	count = word_at(head, OB_SIZE);
	zc_copy(&state, head + TEXT_STATE, sizeof(state));
	width = state >> 2 & 7;
	ascii = state >> 6 & 1;
	if (count > LENGTH_MAX || !(state >> 5 & 1) || (width != 1 && width != 2 && width != 4) ||
	    (ascii && width != 1))
		return false;
	if (count > ZC_LANG_TEXT_MAX)
		count = ZC_LANG_TEXT_MAX;
	if (count &&
	    !zc_peek(walk->memory,
		     object + (ascii ? walk->layout->text_ascii : walk->layout->text_other), chars,
		     count * width))
		return false;
	*ret_len = (uint16_t)zc_python_text(chars, count, width, ret, ZC_LANG_TEXT_MAX);
	return true;
}

static uint32_t read_line(struct walk *walk, uint64_t table, uint32_t first, int64_t at)
{
	unsigned char head[BYTES_AT], *bytes = walk->work->walk.table;
	uint64_t size;

	if (!zc_peek(walk->memory, table, head, sizeof(head)) ||
	    word_at(head, OB_TYPE) != walk->python->bytes_type)
		return 0;
	size = word_at(head, OB_SIZE);
	if (size > sizeof(walk->work->walk.table))
		size = sizeof(walk->work->walk.table);
	if (size && !zc_peek(walk->memory, table + BYTES_AT, bytes, size))
		return 0;
	return zc_python_line(walk->layout->lines, bytes, size, first, at);
}

/* How far in its code the frame is, in bytes. */
static int64_t code_offset(const struct walk *walk, const unsigned char *frame, uint64_t code)
{
	const struct zc_python_layout *layout = walk->layout;
	int32_t last;

	if (layout->minor >= 11)
		return (int64_t)(word_at(frame, layout->frame_at) - code - layout->code_start);
	zc_copy(&last, frame + layout->frame_at, sizeof(last));
	return layout->minor == 10 ? 2 * (int64_t)last : last;
}

static bool add_frame(struct walk *walk, const unsigned char *frame)
{
	const struct zc_python_layout *layout = walk->layout;
	uint64_t code = word_at(frame, layout->frame_code);
	struct zc_wire_lang lang = { .lang = ZC_LANG_PYTHON };
	char *function = walk->work->walk.function, *file = walk->work->walk.file;
	unsigned char *object = walk->work->walk.code;
	uint32_t name = layout->code_qualname == ZC_PYTHON_NONE ? layout->code_name
								: layout->code_qualname;
	uint32_t first;

	if (!zc_peek(walk->memory, code, object, 160) ||
	    word_at(object, OB_TYPE) != walk->python->code_type ||
	    !read_text(walk, word_at(object, name), function, &lang.function_len) ||
	    !read_text(walk, word_at(object, layout->code_file), file, &lang.file_len))
		return false;
	zc_copy(&first, object + layout->code_line, sizeof(first));
	lang.line = read_line(walk, word_at(object, layout->code_table), first,
			      code_offset(walk, frame, code));
	if (layout->minor <= 10 ||
	    (layout->frame_entry != ZC_PYTHON_NONE && frame[layout->frame_entry]))
		lang.flags |= ZC_LANG_ENTRY;
	return zc_lang_field_add(&walk->field, &lang, function, file);
}

static void walk_frames(struct walk *walk, uint64_t at)
{
	const struct zc_python_layout *layout = walk->layout;
	unsigned char *frame = walk->work->walk.frame;

	for (unsigned i = 0, frames = 0; at && i < 2 * FRAMES_MAX && frames < FRAMES_MAX; i++) {
		if (!zc_peek(walk->memory, at, frame, layout->minor >= 11 ? 80 : 112))
			return;
		if (layout->minor >= 12 && frame[layout->frame_owner] == OWNED_BY_C) {
			if (walk->field.last)
				walk->field.last->flags |= ZC_LANG_ENTRY;
		} else {
			if (!add_frame(walk, frame))
				return;
			frames++;
		}
		at = word_at(frame, layout->frame_back);
	}
}

/* Does every member of the layout lie in what is read of its structure? */
static bool fits(const struct zc_python_layout *layout)
{
	return layout->frame_back <= 72 && layout->frame_code <= 72 &&
	       layout->frame_at <= (layout->minor >= 11 ? 72u : 108u) &&
	       (layout->minor < 11 || layout->frame_owner < 80) && layout->code_file <= 152 &&
	       layout->code_name <= 152 && layout->code_line <= 152 && layout->code_table <= 152 &&
	       (layout->code_qualname == ZC_PYTHON_NONE || layout->code_qualname <= 152);
}

void zc_python_put(const struct zc_python *python, struct zc_peek *memory,
		   const struct zc_lang_thread *who, struct zc_python_work *work,
		   struct zc_frame_writer *writer)
{
	struct walk walk = {
		.python = python, .layout = &python->layout, .memory = memory, .work = work
	};
	uint64_t state;

	if (!fits(walk.layout) || !zc_lang_field_begin(&walk.field, writer))
		return;
	state = find_thread(&walk, who);
	if (state)
		walk_frames(&walk, first_frame(&walk, state));
	zc_lang_field_end(&walk.field, writer);
}
