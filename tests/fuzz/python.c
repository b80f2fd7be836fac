/* SPDX-License-Identifier: MIT */
/*
 * python.c - line tables and texts as a hostile process would leave them in its memory, LANG fields, and
 * that memory itself: an interpreter and its frames as far as they can be told from the input.
 *
 * The first byte says which table and which version, two are the first line, two the place in the code.
 * What follows is also the memory: its first byte lies at HERE.
 */
#include <stdint.h>
#include <stdlib.h>
#include <string.h>

#include "core/lang/interpreter.h"

#define HERE 65536u

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size);

static void take_texts(const unsigned char *bytes, size_t len)
{
	static const unsigned widths[] = { 1, 2, 4 };

	for (size_t i = 0; i < sizeof(widths) / sizeof(*widths); i++)
		for (size_t cap = 0; cap <= ZC_LANG_TEXT_MAX; cap = 2 * cap + 1) {
			char *text = malloc(cap ? cap : 1);

			if (!text ||
			    zc_python_text(bytes, len / widths[i], widths[i], text, cap) > cap)
				abort();
			free(text);
		}
}

static unsigned take_field(const unsigned char *bytes, size_t len)
{
	struct zc_wire_lang lang;
	const char *function, *file, *end = (const char *)bytes + len;
	size_t at = 0, last = 0;
	unsigned count = 0;

	for (; zc_frame_next_lang(bytes, len, &at, &lang, &function, &file); count++) {
		if (at <= last || function < (const char *)bytes || file < function ||
		    file + lang.file_len > end)
			abort();
		last = at;
	}
	return count;
}

/* ---- a process ---- */

static const unsigned char *memory_bytes;
static size_t memory_len;
static unsigned memory_reads;

static long read_memory(void *context, uint64_t address, void *buffer, size_t len)
{
	memory_reads++;
	if (address < HERE || address - HERE > memory_len || len > memory_len - (address - HERE))
		return -1;
	memcpy(buffer, memory_bytes + (address - HERE), len);
	return (long)len;
}

/* What comes out is a frame that can be read, with no more than there may be, whatever room there was. */
static void take_frames(const struct zc_python *python, struct zc_python_work *work, size_t cap)
{
	static const uint64_t stack[] = { HERE, HERE + 512, HERE + 1024 };
	struct zc_peek memory = { read_memory, NULL, ZC_INTERPRETER_READS };
	struct zc_lang_thread who = {
		7, true, cap & 8 ? HERE : 0, stack, sizeof(stack), HERE, false
	};
	struct zc_frame_writer writer;
	struct zc_frame frame;
	char *buffer = malloc(cap);
	size_t size;

	if (!buffer)
		abort();
	zc_frame_begin(&writer, buffer, cap, ZC_FRAME_RECORD);
	zc_python_put(python, &memory, &who, work, &writer);
	size = zc_frame_end(&writer);
	if (size > cap || zc_frame_decode(&frame, buffer, size) != (long)size)
		abort();
	if (frame.field[ZC_FIELD_LANG].bytes &&
	    (!frame.field[ZC_FIELD_LANG].len ||
	     take_field(frame.field[ZC_FIELD_LANG].bytes, frame.field[ZC_FIELD_LANG].len) - 1 > 63))
		abort();
	free(buffer);
}

static void take_process(unsigned minor, const unsigned char *bytes, size_t len)
{
	struct zc_python python = { .runtime = HERE,
				    .code_type = HERE + 8,
				    .text_type = HERE + 16,
				    .bytes_type = HERE + 24 };
	struct zc_peek memory = { read_memory, NULL, ZC_INTERPRETER_READS };
	static struct zc_exports_work exports_work;
	struct zc_exports exports;
	struct zc_python_work *work = malloc(sizeof(*work));
	const struct zc_python_layout *layout = zc_python_layout_of(minor);

	if (!work)
		abort();
	memory_bytes = bytes;
	memory_len = len;
	memory_reads = 0;
	if (layout) {
		python.layout = *layout;
		take_frames(&python, work, ZC_FRAME_MAX);
		take_frames(&python, work, sizeof(struct zc_frame_head) + 8 * (len % 64));
	}
	if (zc_exports_find(&memory, HERE, &exports_work, &exports) &&
	    zc_python_look(&memory, &exports, work, &python))
		take_frames(&python, work, ZC_FRAME_MAX);
	if (memory_reads > 4 * ZC_INTERPRETER_READS)
		abort();
	free(work);
}

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size)
{
	unsigned char *table;
	int64_t at;

	if (size < 5)
		return 0;
	table = malloc(size - 5 ? size - 5 : 1); /* so that a byte too far is seen */
	if (!table)
		abort();
	memcpy(table, data + 5, size - 5);
	at = (int16_t)(data[3] | data[4] << 8);
	if (zc_python_line(data[0] % 3, table, size - 5, (uint32_t)(data[1] | data[2] << 8), at) >
	    INT32_MAX)
		abort();
	take_texts(table, size - 5);
	take_field(table, size - 5);
	take_process(8 + data[0] / 3 % 6, table, size - 5);
	free(table);
	return 0;
}
