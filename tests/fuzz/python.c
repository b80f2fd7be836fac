/* SPDX-License-Identifier: MIT */
/*
 * python.c - line tables and texts as a hostile process would leave them in its memory, and LANG fields.
 *
 * The first byte says which table, two are the first line, two the place in the code.
 */
#include <stdint.h>
#include <stdlib.h>
#include <string.h>

#include "core/python.h"

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

static void take_field(const unsigned char *bytes, size_t len)
{
	struct zc_wire_lang lang;
	const char *function, *file, *end = (const char *)bytes + len;
	size_t at = 0, last = 0;

	while (zc_frame_next_lang(bytes, len, &at, &lang, &function, &file)) {
		if (at <= last || function < (const char *)bytes || file < function ||
		    file + lang.file_len > end)
			abort();
		last = at;
	}
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
	free(table);
	return 0;
}
