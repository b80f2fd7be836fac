/* SPDX-License-Identifier: MIT */
/*
 * naming.c - answers of a zcname that a hostile file has taken over.
 *
 * The input is a packet. Whatever is taken from it must lie inside it and hold no NUL, and what was taken
 * must come out the same when it is written and read again.
 */
#include <stdint.h>
#include <stdlib.h>
#include <string.h>

#include "evidence/naming/protocol.h"

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size);

static unsigned char again[ZC_NAMING_PACKET];

static void check_text(struct zc_naming_text text, const unsigned char *packet, size_t size)
{
	if (!text.at)
		return;
	if ((const unsigned char *)text.at < packet ||
	    (const unsigned char *)text.at + text.len > packet + size ||
	    text.len > ZC_NAMING_TEXT_MAX || memchr(text.at, 0, text.len))
		abort();
}

static void same_text(struct zc_naming_text one, struct zc_naming_text other)
{
	if (!one.at != !other.at || one.len != other.len ||
	    (one.at && memcmp(one.at, other.at, one.len) != 0))
		abort();
}

static void take_places(struct zc_naming_packet *packet, uint32_t count, size_t size)
{
	static const struct zc_naming_head head;
	struct zc_naming_place place, copy;
	struct zc_naming_packet written;

	while (count-- && zc_naming_take_place(packet, &place)) {
		if (place.frames > ZC_NAMING_FRAMES)
			abort();
		zc_naming_begin(&written, again, &head);
		if (!zc_naming_put_place(&written, &place))
			abort();
		written.cap = written.len;
		written.len = sizeof(head);
		if (!zc_naming_take_place(&written, &copy) || copy.frames != place.frames ||
		    copy.function_offset != place.function_offset)
			abort();
		for (uint32_t i = 0; i < place.frames; i++) {
			check_text(place.frame[i].function, packet->bytes, size);
			check_text(place.frame[i].shown, packet->bytes, size);
			check_text(place.frame[i].file, packet->bytes, size);
			same_text(place.frame[i].function, copy.frame[i].function);
			same_text(place.frame[i].shown, copy.frame[i].shown);
			same_text(place.frame[i].file, copy.frame[i].file);
		}
	}
}

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size)
{
	unsigned char *bytes = malloc(size ? size : 1); /* so that a byte too far is seen */
	struct zc_naming_head asked = { 0 };
	struct zc_naming_packet packet;
	struct zc_naming_file file;
	uint32_t count;

	if (!bytes)
		abort();
	if (size)
		memcpy(bytes, data, size);
	if (size >= sizeof(asked))
		memcpy(&asked, data, sizeof(asked));
	asked.count = asked.kind == ZC_NAMING_NAME ? ZC_NAMING_ASK_MAX : 0;
	if (zc_naming_answers(&packet, bytes, size, &asked, &count)) {
		if (count > ZC_NAMING_ASK_MAX)
			abort();
		if (asked.kind == ZC_NAMING_NAME)
			take_places(&packet, count, size);
		else if (zc_naming_take_file(&packet, &file))
			check_text(file.package, bytes, size);
	}
	free(bytes);
	return 0;
}
