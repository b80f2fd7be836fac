/* SPDX-License-Identifier: MIT */
/*
 * v8.c - a process with V8 in it whose stack and heap are what the input says; and V8's tables and texts
 * alone.
 *
 * The first four bytes change a fact and say where V8's code is; what follows is the memory (v8_heap.h has
 * how it is laid out), and the tables.
 */
#include <stdlib.h>

#include "core/lang/interpreter.h"
#include "tests/unit/v8_heap.h"

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size);

static void need(bool holds)
{
	if (!holds)
		abort();
}

static void take_tables(const unsigned char *bytes, size_t len)
{
	uint64_t found, at = len ? bytes[0] : 0;
	uint32_t after = 0;
	unsigned char *copy = malloc(len + 1); /* so that a byte too far is seen */
	size_t half = len / 2;

	need(copy != NULL);
	memcpy(copy, bytes, len);
	if (zc_v8_position(copy, len, 65536, at, &found) && found != ZC_V8_NOWHERE)
		need(zc_v8_position_char(found) >= 0 && zc_v8_position_inlined(found) >= -1);
	if (len > 3 && zc_v8_instruction(copy + half, len - half, copy, half, bytes,
					 (uint32_t)(len / 3 < 256 ? len / 3 : 256), at, &found))
		need(found < half || !found);
	need(zc_v8_line_ends(copy, len, 1, &after) <= 2 * len);
	need(zc_v8_line_ends(copy, len / 2, 2, &after) <= len);
	for (unsigned width = 1; width <= 2; width++)
		for (size_t cap = 0; cap <= ZC_LANG_TEXT_MAX; cap = 2 * cap + 1) {
			char *text = malloc(cap + 1);

			need(text && zc_v8_utf8(copy, len / width, width, text, cap) <= cap);
			free(text);
		}
	if (len <= ZC_LANG_TEXT_MAX)
		need(zc_v8_path_of_url((char *)copy, (uint16_t)len) <= len);
	free(copy);
}

static unsigned count_frames(const void *bytes, size_t len)
{
	struct zc_wire_lang lang;
	const char *function, *file;
	unsigned count = 0;
	size_t at = 0;

	for (; zc_frame_next_lang(bytes, len, &at, &lang, &function, &file); count++)
		need(lang.lang == ZC_LANG_JS);
	return count;
}

/* What comes out is a frame that can be read, with no more than there may be, whatever room there was. */
static void take_frames(const struct zc_v8 *v8, struct heap *heap, size_t cap, bool is_copy)
{
	static struct zc_v8_work work;
	size_t stack_len = heap->len < HEAP_STACK ? heap->len : HEAP_STACK;
	unsigned char *stack = malloc(stack_len + 1);
	struct zc_lang_thread who = { 7, true, 0, stack, stack_len, HEAP_AT, is_copy };
	struct zc_peek memory = { heap_read, heap, ZC_INTERPRETER_READS };
	struct zc_frame_writer writer;
	struct zc_frame frame;
	char *buffer = malloc(cap);
	size_t size;

	need(buffer && stack);
	memcpy(stack, heap->byte, stack_len);
	zc_frame_begin(&writer, buffer, cap, ZC_FRAME_RECORD);
	zc_v8_put(v8, &memory, &who, &work, &writer);
	size = zc_frame_end(&writer);
	need(size <= cap && zc_frame_decode(&frame, buffer, size) == (long)size);
	if (frame.field[ZC_FIELD_LANG].bytes)
		need(count_frames(frame.field[ZC_FIELD_LANG].bytes,
				  frame.field[ZC_FIELD_LANG].len) -
			     1 <
		     64 * ZC_V8_INLINED);
	free(buffer);
	free(stack);
}

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size)
{
	static struct heap heap;
	static struct zc_exports_work exports_work;
	struct zc_peek memory = { heap_read, &heap, ZC_INTERPRETER_READS };
	struct zc_exports exports;
	struct zc_v8 v8;

	if (size < 4 || size - 4 > HEAP_MAX)
		return 0;
	heap.len = size - 4;
	heap.reads = 0;
	memcpy(heap.byte, data + 4, heap.len);
	take_tables(heap.byte, heap.len < 512 ? heap.len : 512);
	heap_v8(&v8);
	if (data[0])
		v8.fact[data[0] % ZC_V8_FACTS] = data[1] ? (int8_t)data[1] : ZC_V8_UNKNOWN;
	if (data[2] & 1)
		v8.code_start = 0;
	v8.sizes = data[2] & 2 ? HEAP_AT : 0;
	v8.size_count = 198;
	/* A V8 without these is none (zc_v8_look). */
	for (unsigned i = 0; i < ZC_V8_FACTS; i++)
		if (v8.fact[i] == ZC_V8_UNKNOWN && i < ZC_V8_TYPE_CODE &&
		    !(i >= ZC_V8_CODE_OFFSETS && i <= ZC_V8_DEOPT_INLINED) &&
		    i != ZC_V8_FUNCTION_CELL && i != ZC_V8_CELL_VALUE &&
		    i != ZC_V8_TYPE_TRUSTED_BYTES)
			v8.fact[i] = heap_facts[i];
	take_frames(&v8, &heap, ZC_FRAME_MAX, data[2] & 4);
	take_frames(&v8, &heap, sizeof(struct zc_frame_head) + 8 * (heap.len % 64), false);
	if (zc_exports_find(&memory, HEAP_AT, &exports_work, &exports))
		zc_v8_look(&memory, &exports, &v8);
	need(heap.reads <= 4 * ZC_INTERPRETER_READS);
	return 0;
}
