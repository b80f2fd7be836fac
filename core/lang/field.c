/* SPDX-License-Identifier: MIT */
/*
 * field.c - filling a LANG field.
 */
#include "core/lang/field.h"
#include "core/mem.h"

#define FIELD_MAX 20480u

bool zc_lang_field_begin(struct zc_lang_field *field, struct zc_frame_writer *writer)
{
	size_t room = writer->cap - writer->len;

	*field = (struct zc_lang_field){ .before = writer->len };
	field->cap = room > 16 ? (room - 16) & ~(size_t)7 : 0;
	if (field->cap > FIELD_MAX)
		field->cap = FIELD_MAX;
	if (field->cap)
		field->bytes = zc_frame_reserve(writer, ZC_FIELD_LANG, field->cap);
	return field->bytes != NULL;
}

bool zc_lang_field_add(struct zc_lang_field *field, const struct zc_wire_lang *lang,
		       const char *function, const char *file)
{
	size_t texts = (size_t)lang->function_len + lang->file_len;
	size_t size = sizeof(*lang) + ((texts + 7) & ~(size_t)7);
	char *to = field->bytes + field->len;

	if (size > field->cap - field->len)
		return false;
	field->last = (struct zc_wire_lang *)(void *)to;
	zc_fill(to, 0, size);
	zc_copy(to, lang, sizeof(*lang));
	zc_copy(to + sizeof(*lang), function, lang->function_len);
	zc_copy(to + sizeof(*lang) + lang->function_len, file, lang->file_len);
	field->len += size;
	return true;
}

void zc_lang_field_end(struct zc_lang_field *field, struct zc_frame_writer *writer)
{
	if (field->len)
		zc_frame_shrink(writer, field->bytes, field->len);
	else
		writer->len = field->before;
}
