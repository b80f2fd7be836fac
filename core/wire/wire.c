/* SPDX-License-Identifier: MIT */
/*
 * wire.c - building and taking apart record frames.
 */
#include <errno.h>

#include "core/mem.h"
#include "core/wire/wire.h"

struct field_head {
	uint32_t kind, len;
};

static size_t padded(size_t len)
{
	return (len + 7) & ~(size_t)7;
}

struct zc_frame_head *zc_frame_begin(struct zc_frame_writer *writer, void *buffer, size_t cap,
				     unsigned type)
{
	struct zc_frame_head *head = buffer;

	if (cap > ZC_FRAME_MAX)
		cap = ZC_FRAME_MAX;
	*writer = (struct zc_frame_writer){ buffer, cap & ~(size_t)7, sizeof(*head) };
	zc_fill(head, 0, sizeof(*head));
	head->magic = ZC_FRAME_MAGIC;
	head->version = ZC_FRAME_VERSION;
	head->type = (uint16_t)type;
	head->rule = 0xffffffffu;
	head->call = 0xffff;
	return head;
}

void *zc_frame_reserve(struct zc_frame_writer *writer, unsigned field, size_t len)
{
	struct zc_frame_head *frame = (void *)writer->buffer;
	struct field_head *head = (void *)(writer->buffer + writer->len);

	if (len > writer->cap || writer->len + sizeof(*head) + padded(len) > writer->cap) {
		frame->flags |= ZC_FRAME_TRUNCATED;
		return NULL;
	}
	head->kind = field;
	head->len = (uint32_t)len;
	if (padded(len) != len)
		zc_fill((char *)(head + 1) + padded(len) - 8, 0, 8);
	writer->len += sizeof(*head) + padded(len);
	return head + 1;
}

void zc_frame_shrink(struct zc_frame_writer *writer, void *reserved, size_t used)
{
	struct field_head *head = (struct field_head *)reserved - 1;

	writer->len -= padded(head->len) - padded(used);
	head->len = (uint32_t)used;
	for (size_t i = used; i < padded(used); i++)
		((char *)reserved)[i] = 0;
}

bool zc_frame_put(struct zc_frame_writer *writer, unsigned field, const void *bytes, size_t len)
{
	void *at = zc_frame_reserve(writer, field, len);

	if (at)
		zc_copy(at, bytes, len);
	return at != NULL;
}

size_t zc_frame_end(struct zc_frame_writer *writer)
{
	struct zc_frame_head *head = (void *)writer->buffer;

	head->size = (uint32_t)writer->len;
	return writer->len;
}

static bool head_is_sound(const struct zc_frame_head *head)
{
	return head->magic == ZC_FRAME_MAGIC && head->version == ZC_FRAME_VERSION &&
	       head->type > 0 && head->type < ZC_FRAME_TYPES && head->size >= sizeof(*head) &&
	       head->size <= ZC_FRAME_MAX && head->size % 8 == 0;
}

size_t zc_frame_first(const void *bytes, size_t size)
{
	struct zc_frame_head head;

	if (size < sizeof(head))
		return size;
	zc_copy(&head, bytes, sizeof(head));
	return head_is_sound(&head) && head.size < size ? head.size : size;
}

long zc_frame_decode(struct zc_frame *frame, const void *bytes, size_t size)
{
	const char *base = bytes;
	size_t at = sizeof(frame->head);

	if (size < sizeof(frame->head))
		return -EAGAIN;
	zc_fill(frame, 0, sizeof(*frame));
	zc_copy(&frame->head, bytes, sizeof(frame->head));
	if (!head_is_sound(&frame->head))
		return -EINVAL;
	if (frame->head.size > size)
		return -EAGAIN;
	while (at < frame->head.size) {
		struct field_head field;

		if (frame->head.size - at < sizeof(field))
			return -EINVAL;
		zc_copy(&field, base + at, sizeof(field));
		at += sizeof(field);
		if (field.len > frame->head.size - at || padded(field.len) > frame->head.size - at)
			return -EINVAL;
		if (field.kind < ZC_FIELDS && !frame->field[field.kind].bytes) {
			frame->field[field.kind].bytes = base + at;
			frame->field[field.kind].len = field.len;
		}
		at += padded(field.len);
	}
	return (long)frame->head.size;
}

bool zc_frame_next_map(const void *maps, size_t len, size_t *offset, struct zc_wire_map *ret_map,
		       const char **ret_name)
{
	const char *base = maps;
	struct zc_wire_map map;

	if (*offset > len || len - *offset < sizeof(map))
		return false;
	zc_copy(&map, base + *offset, sizeof(map));
	if (map.build_id_len > sizeof(map.build_id) || map.start > map.end ||
	    map.name_len > len - *offset - sizeof(map))
		return false;
	*ret_map = map;
	*ret_name = base + *offset + sizeof(map);
	*offset += sizeof(map) + padded(map.name_len);
	return true;
}

bool zc_frame_next_lang(const void *langs, size_t len, size_t *offset,
			struct zc_wire_lang *ret_lang, const char **ret_function,
			const char **ret_file)
{
	const char *base = langs;
	struct zc_wire_lang lang;
	size_t texts;

	if (*offset > len || len - *offset < sizeof(lang))
		return false;
	zc_copy(&lang, base + *offset, sizeof(lang));
	texts = (size_t)lang.function_len + lang.file_len;
	if (!lang.lang || lang.lang >= ZC_LANGS || lang.function_len > ZC_LANG_TEXT_MAX ||
	    lang.file_len > ZC_LANG_TEXT_MAX || texts > len - *offset - sizeof(lang))
		return false;
	*ret_lang = lang;
	*ret_function = base + *offset + sizeof(lang);
	*ret_file = *ret_function + lang.function_len;
	*offset += sizeof(lang) + padded(texts);
	return true;
}
