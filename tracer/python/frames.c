/* SPDX-License-Identifier: MIT */
/*
 * frames.c - walking the frames of the thread that made the call (python.h has what is trusted: nothing).
 */
#include <stdlib.h>
#include <string.h>
#include <sys/uio.h>

#include "core/mem.h"
#include "tracer/python/python.h"

#define READS_MAX 4000u
#define FRAMES_MAX 64u
#define THREADS_MAX 512u
#define INTERPRETERS_MAX 16u
#define TABLE_MAX 65536u    /* bytes of a line table that are looked at */
#define LENGTH_MAX 1048576u /* of a name that is believed; shown are 256 bytes */
#define OBJECT_MAX 256u     /* of a frame or a code object */
#define FIELD_MAX 20480u
#define OB_TYPE 8u
#define OB_SIZE 16u
#define BYTES_AT 32u
#define TEXT_STATE 32u
#define OWNED_BY_C 3u  /* a frame that stands for the native function that runs others */
#define GLIBC_TID 720u /* struct pthread: stable on x86-64 since 2.4 */

struct walk {
	const struct zc_python *python;
	const struct zc_python_layout *layout;
	struct zc_python_reader reader;
	struct zc_wire_lang *last;
	char *field;
	size_t len, cap;
};

bool zc_python_read(struct zc_python_reader *reader, uint64_t address, void *buffer, size_t len)
{
	struct iovec local = { buffer, len }, remote = { (void *)(uintptr_t)address, len };

	if (!reader->left || address < 4096 || address >> 47)
		return false;
	reader->left--;
	return process_vm_readv(reader->tid, &local, 1, &remote, 1, 0) == (ssize_t)len;
}

static bool read_word(struct walk *walk, uint64_t address, uint64_t *ret)
{
	return zc_python_read(&walk->reader, address, ret, sizeof(*ret));
}

static uint64_t word_at(const unsigned char *object, uint32_t offset)
{
	uint64_t value = 0;

	if (offset <= OBJECT_MAX - sizeof(value))
		memcpy(&value, object + offset, sizeof(value));
	return value;
}

/* ---- whose frames ---- */

/* What the thread is called where it lives: numbers differ in a pid namespace. */
static pid_t inner_tid(pid_t tid)
{
	char path[32], line[256];
	pid_t inner = tid;
	FILE *file;

	snprintf(path, sizeof(path), "/proc/%d/status", tid);
	file = fopen(path, "re");
	while (file && fgets(line, sizeof(line), file))
		if (!strncmp(line, "NSpid:", 6)) {
			const char *last = strrchr(line, '\t');

			inner = last ? atoi(last + 1) : tid;
			break;
		}
	if (file)
		fclose(file);
	return inner;
}

static bool on_stack(const struct zc_snapshot *snapshot, uint64_t word)
{
	size_t len = snapshot->stack_len;

	len = len > sizeof(snapshot->stack.address) ? len - sizeof(snapshot->stack.address) : 0;
	for (size_t i = 0; i + sizeof(word) <= len; i += sizeof(word))
		if (!memcmp(snapshot->stack.bytes + i, &word, sizeof(word)))
			return true;
	return false;
}

static bool is_thread(struct walk *walk, uint64_t state, pid_t tid)
{
	uint64_t id;
	int32_t kernels;

	if (!read_word(walk, state + walk->layout->thread_id, &id))
		return false;
	if (walk->layout->native_ids)
		return id == (uint64_t)tid;
	return zc_python_read(&walk->reader, id + GLIBC_TID, &kernels, sizeof(kernels)) &&
	       kernels == tid;
}

/*
 * The state of the thread that made the call. A child on its way to exec still has its parent's thread
 * number there: then it is the one state that the stack speaks of.
 */
static uint64_t find_thread(struct walk *walk, const struct zc_tracee *tracee,
			    const struct zc_snapshot *snapshot)
{
	const struct zc_python_layout *layout = walk->layout;
	uint64_t interp = 0, state, only = 0;
	pid_t tid = inner_tid(tracee->tid);
	unsigned candidates = 0, threads = 0;

	read_word(walk, walk->python->runtime + layout->interpreters, &interp);
	for (unsigned i = 0; interp && i < INTERPRETERS_MAX; i++) {
		if (!read_word(walk, interp + layout->interp_threads, &state))
			break;
		while (state && threads++ < THREADS_MAX) {
			if (is_thread(walk, state, tid))
				return state;
			if (on_stack(snapshot, state)) {
				only = state;
				candidates++;
			}
			if (!read_word(walk, state + layout->thread_next, &state))
				break;
		}
		if (!read_word(walk, interp + layout->interp_next, &interp))
			break;
	}
	return candidates == 1 && tracee->tid == tracee->tgid ? only : 0;
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
	unsigned char head[TEXT_STATE + 4], chars[4 * ZC_LANG_TEXT_MAX];
	uint64_t count = 0;
	uint32_t state;
	unsigned width;
	bool ascii;

	if (!zc_python_read(&walk->reader, object, head, sizeof(head)) ||
	    word_at(head, OB_TYPE) != walk->python->text_type)
		return false;
	count = word_at(head, OB_SIZE);
	memcpy(&state, head + TEXT_STATE, sizeof(state));
	width = state >> 2 & 7;
	ascii = state >> 6 & 1;
	if (count > LENGTH_MAX || !(state >> 5 & 1) || (width != 1 && width != 2 && width != 4) ||
	    (ascii && width != 1))
		return false;
	if (count > ZC_LANG_TEXT_MAX)
		count = ZC_LANG_TEXT_MAX;
	if (count &&
	    !zc_python_read(&walk->reader,
			    object + (ascii ? walk->layout->text_ascii : walk->layout->text_other),
			    chars, count * width))
		return false;
	*ret_len = (uint16_t)zc_python_text(chars, count, width, ret, ZC_LANG_TEXT_MAX);
	return true;
}

static uint32_t read_line(struct walk *walk, uint64_t table, uint32_t first, int64_t at)
{
	static unsigned char bytes[TABLE_MAX];
	unsigned char head[BYTES_AT];
	uint64_t size;

	if (!zc_python_read(&walk->reader, table, head, sizeof(head)) ||
	    word_at(head, OB_TYPE) != walk->python->bytes_type)
		return 0;
	size = word_at(head, OB_SIZE);
	if (size > sizeof(bytes))
		size = sizeof(bytes);
	if (size && !zc_python_read(&walk->reader, table + BYTES_AT, bytes, size))
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
	memcpy(&last, frame + layout->frame_at, sizeof(last));
	return layout->minor == 10 ? 2 * (int64_t)last : last;
}

static bool append(struct walk *walk, const struct zc_wire_lang *lang, const char *function,
		   const char *file)
{
	size_t texts = (size_t)lang->function_len + lang->file_len;
	size_t size = sizeof(*lang) + ((texts + 7) & ~(size_t)7);
	char *to = walk->field + walk->len;

	if (size > walk->cap - walk->len)
		return false;
	walk->last = (struct zc_wire_lang *)(void *)to;
	memset(to, 0, size);
	memcpy(to, lang, sizeof(*lang));
	memcpy(to + sizeof(*lang), function, lang->function_len);
	memcpy(to + sizeof(*lang) + lang->function_len, file, lang->file_len);
	walk->len += size;
	return true;
}

static bool add_frame(struct walk *walk, const unsigned char *frame)
{
	const struct zc_python_layout *layout = walk->layout;
	uint64_t code = word_at(frame, layout->frame_code);
	struct zc_wire_lang lang = { .lang = ZC_LANG_PYTHON };
	char function[ZC_LANG_TEXT_MAX], file[ZC_LANG_TEXT_MAX];
	unsigned char object[OBJECT_MAX];
	uint32_t name = layout->code_qualname == ZC_PYTHON_NONE ? layout->code_name
								: layout->code_qualname;
	uint32_t first;

	if (!zc_python_read(&walk->reader, code, object, 160) ||
	    word_at(object, OB_TYPE) != walk->python->code_type ||
	    !read_text(walk, word_at(object, name), function, &lang.function_len) ||
	    !read_text(walk, word_at(object, layout->code_file), file, &lang.file_len))
		return false;
	memcpy(&first, object + layout->code_line, sizeof(first));
	lang.line = read_line(walk, word_at(object, layout->code_table), first,
			      code_offset(walk, frame, code));
	if (layout->minor <= 10 ||
	    (layout->frame_entry != ZC_PYTHON_NONE && frame[layout->frame_entry]))
		lang.flags |= ZC_LANG_ENTRY;
	return append(walk, &lang, function, file);
}

static void walk_frames(struct walk *walk, uint64_t at)
{
	const struct zc_python_layout *layout = walk->layout;
	unsigned char frame[OBJECT_MAX];

	for (unsigned i = 0, frames = 0; at && i < 2 * FRAMES_MAX && frames < FRAMES_MAX; i++) {
		if (!zc_python_read(&walk->reader, at, frame, layout->minor >= 11 ? 80 : 112))
			return;
		if (layout->minor >= 12 && frame[layout->frame_owner] == OWNED_BY_C) {
			if (walk->last)
				walk->last->flags |= ZC_LANG_ENTRY;
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

void zc_python_put(struct zc_tracee *tracee, const struct zc_snapshot *snapshot,
		   struct zc_frame_writer *writer)
{
	static _Alignas(8) char field[FIELD_MAX];
	struct zc_python python;
	struct walk walk = { .python = &python,
			     .layout = &python.layout,
			     .reader = { tracee->tid, READS_MAX },
			     .field = field,
			     .cap = sizeof(field) };
	uint64_t state;

	if (!zc_python_find(tracee, &walk.reader, &python) || !fits(&python.layout))
		return;
	if (writer->cap - writer->len < walk.cap + 8)
		walk.cap = writer->cap - writer->len > 8 ? writer->cap - writer->len - 8 : 0;
	state = find_thread(&walk, tracee, snapshot);
	if (state)
		walk_frames(&walk, first_frame(&walk, state));
	if (walk.len)
		zc_frame_put(writer, ZC_FIELD_LANG, field, walk.len);
}
