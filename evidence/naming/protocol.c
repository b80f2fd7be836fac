/* SPDX-License-Identifier: MIT */
/*
 * protocol.c - packets of names: written by zcname, read by those who asked.
 */
#include <string.h>

#include "evidence/naming/protocol.h"

/* ---- writing ---- */

void zc_naming_begin(struct zc_naming_packet *packet, void *buffer,
		     const struct zc_naming_head *head)
{
	*packet = (struct zc_naming_packet){ buffer, sizeof(*head), ZC_NAMING_PACKET };
	memcpy(buffer, head, sizeof(*head));
}

static bool put(struct zc_naming_packet *packet, const void *bytes, size_t len)
{
	if (len > packet->cap - packet->len)
		return false;
	if (len)
		memcpy(packet->bytes + packet->len, bytes, len);
	packet->len += len;
	return true;
}

/* The length and one, 0 for no text; then the bytes. */
static bool put_text(struct zc_naming_packet *packet, struct zc_naming_text text)
{
	size_t len = text.len < ZC_NAMING_TEXT_MAX ? text.len : ZC_NAMING_TEXT_MAX;
	uint16_t mark = text.at ? (uint16_t)(len + 1) : 0;

	return put(packet, &mark, sizeof(mark)) && put(packet, text.at, text.at ? len : 0);
}

bool zc_naming_put_file(struct zc_naming_packet *packet, const struct zc_naming_file *file)
{
	uint32_t wants = file->wants_debug;
	size_t before = packet->len;

	if (put_text(packet, file->build_id) && put_text(packet, file->debug_link) &&
	    put_text(packet, file->supplement) && put_text(packet, file->package_type) &&
	    put_text(packet, file->package) && put_text(packet, file->version) &&
	    put(packet, &wants, sizeof(wants)))
		return true;
	packet->len = before;
	return false;
}

bool zc_naming_put_place(struct zc_naming_packet *packet, const struct zc_naming_place *place)
{
	size_t before = packet->len;
	bool fits = put(packet, &place->function_offset, sizeof(place->function_offset)) &&
		    put(packet, &place->frames, sizeof(place->frames));

	for (uint32_t i = 0; fits && i < place->frames; i++)
		fits = put_text(packet, place->frame[i].function) &&
		       put_text(packet, place->frame[i].shown) &&
		       put_text(packet, place->frame[i].file) &&
		       put(packet, &place->frame[i].line, sizeof(place->frame[i].line));
	if (!fits)
		packet->len = before;
	return fits;
}

/* ---- reading: every byte may be an attacker's ---- */

static bool take(struct zc_naming_packet *packet, void *ret, size_t len)
{
	if (len > packet->cap - packet->len)
		return false;
	memcpy(ret, packet->bytes + packet->len, len);
	packet->len += len;
	return true;
}

static bool take_text(struct zc_naming_packet *packet, struct zc_naming_text *ret)
{
	uint16_t mark;

	*ret = (struct zc_naming_text){ NULL, 0 };
	if (!take(packet, &mark, sizeof(mark)) || mark > ZC_NAMING_TEXT_MAX + 1)
		return false;
	if (!mark)
		return true;
	ret->at = (const char *)packet->bytes + packet->len;
	ret->len = mark - 1u;
	if (ret->len > packet->cap - packet->len || memchr(ret->at, '\0', ret->len))
		return false;
	packet->len += ret->len;
	return true;
}

bool zc_naming_answers(struct zc_naming_packet *ret, void *buffer, size_t size,
		       const struct zc_naming_head *asked, uint32_t *ret_count)
{
	struct zc_naming_head head;

	*ret = (struct zc_naming_packet){ buffer, 0, size };
	if (size > ZC_NAMING_PACKET || !take(ret, &head, sizeof(head)) ||
	    head.kind != asked->kind || head.module != asked->module || head.count > asked->count ||
	    (asked->count && !head.count))
		return false;
	*ret_count = head.count;
	return true;
}

bool zc_naming_take_file(struct zc_naming_packet *packet, struct zc_naming_file *ret)
{
	uint32_t wants;

	if (!take_text(packet, &ret->build_id) || !take_text(packet, &ret->debug_link) ||
	    !take_text(packet, &ret->supplement) || !take_text(packet, &ret->package_type) ||
	    !take_text(packet, &ret->package) || !take_text(packet, &ret->version) ||
	    !take(packet, &wants, sizeof(wants)))
		return false;
	ret->wants_debug = wants != 0;
	return true;
}

bool zc_naming_take_place(struct zc_naming_packet *packet, struct zc_naming_place *ret)
{
	if (!take(packet, &ret->function_offset, sizeof(ret->function_offset)) ||
	    !take(packet, &ret->frames, sizeof(ret->frames)) || ret->frames > ZC_NAMING_FRAMES)
		return false;
	for (uint32_t i = 0; i < ret->frames; i++) {
		struct zc_naming_frame *frame = &ret->frame[i];

		if (!take_text(packet, &frame->function) || !take_text(packet, &frame->shown) ||
		    !take_text(packet, &frame->file) ||
		    !take(packet, &frame->line, sizeof(frame->line)))
			return false;
	}
	return true;
}
