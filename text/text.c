/* SPDX-License-Identifier: MIT */
/*
 * text.c - strict UTF-8, and what a terminal may be shown.
 */
#include <string.h>

#include "text/text.h"

/* Longest spelling of one code point for a terminal: \U0010ffff. */
#define SPELLING_CAP 12

unsigned zc_text_decode(const char *text, size_t len, uint32_t *ret_point)
{
	const unsigned char *b = (const unsigned char *)text;
	unsigned more = b[0] < 0xc2 ? 0 : b[0] < 0xe0 ? 1 : b[0] < 0xf0 ? 2 : b[0] < 0xf5 ? 3 : 0;
	uint32_t point;

	if (b[0] < 0x80) {
		*ret_point = b[0];
		return 1;
	}
	if (!more || more >= len)
		return 0;
	point = b[0] & (0x3fu >> more);
	for (unsigned i = 1; i <= more; i++) {
		if ((b[i] & 0xc0) != 0x80)
			return 0;
		point = point << 6 | (b[i] & 0x3fu);
	}
	if ((more == 2 && point < 0x800) || (more == 3 && point < 0x10000) || point > 0x10ffff ||
	    (point >= 0xd800 && point < 0xe000))
		return 0;
	*ret_point = point;
	return more + 1;
}

bool zc_text_is_utf8(const char *text, size_t len)
{
	uint32_t point;

	for (size_t at = zc_text_easy(text, len); at < len;) {
		unsigned step = (unsigned char)text[at] < 0x80
					? 1
					: zc_text_decode(text + at, len - at, &point);

		if (!step)
			return false;
		at += step;
	}
	return true;
}

bool zc_text_hidden(uint32_t point)
{
	static const struct {
		uint32_t first, last;
	} hidden[] = {
		{ 0x00, 0x1f },     { 0x7f, 0x9f },     /* C0, DEL, C1 */
		{ 0xad, 0xad },     { 0x34f, 0x34f },   /* soft hyphen, grapheme joiner */
		{ 0x61c, 0x61c },   { 0x115f, 0x1160 }, /* Arabic mark, Hangul fillers */
		{ 0x180b, 0x180f }, { 0x200b, 0x200f }, /* zero width, left-to-right marks */
		{ 0x2028, 0x202e }, { 0x2060, 0x206f }, /* separators, overrides, isolates */
		{ 0x3164, 0x3164 }, { 0xfe00, 0xfe0f }, /* filler, variation selectors */
		{ 0xfeff, 0xfeff }, { 0xffa0, 0xffa0 },   { 0xfff0, 0xfffb },
		{ 0xe000, 0xf8ff }, { 0x1d173, 0x1d17a }, { 0xe0000, 0x10ffff }, /* private, tags */
	};

	if (point >= 0x20 && point < 0x7f)
		return false;
	for (size_t i = 0; i < ZC_LEN(hidden); i++)
		if (point >= hidden[i].first && point <= hidden[i].last)
			return true;
	return false;
}

bool zc_text_plain(const char *text, size_t len)
{
	uint32_t point;

	for (size_t at = zc_text_easy(text, len); at < len;) {
		unsigned step = zc_text_decode(text + at, len - at, &point);

		if (!step || zc_text_hidden(point))
			return false;
		at += step;
	}
	return !memmem(text, len, "##[", 3);
}

/* Spells the code point (or byte) at text for a terminal; returns how many bytes it took. */
static unsigned spell(char spelling[SPELLING_CAP], size_t *ret_len, const char *text, size_t len)
{
	static const char short_names[] = "abtnvfr"; /* 7..13 */
	uint32_t point = 0;
	unsigned step = zc_text_decode(text, len, &point);

	if (!step || (len >= 3 && !memcmp(text, "##[", 3)))
		*ret_len =
			(size_t)snprintf(spelling, SPELLING_CAP, "\\x%02x", (unsigned char)*text);
	else if (point >= 7 && point <= 13)
		*ret_len = (size_t)snprintf(spelling, SPELLING_CAP, "\\%c", short_names[point - 7]);
	else if (point == '\\')
		*ret_len = (size_t)snprintf(spelling, SPELLING_CAP, "\\\\");
	else if (zc_text_hidden(point))
		*ret_len = (size_t)snprintf(spelling, SPELLING_CAP,
					    point < 0x100     ? "\\x%02x"
					    : point < 0x10000 ? "\\u%04x"
							      : "\\U%08x",
					    point);
	else
		memcpy(spelling, text, *ret_len = step);
	return step ? step : 1;
}

void zc_text_show(FILE *out, const char *text, size_t len)
{
	char spelling[SPELLING_CAP];
	size_t spelled;

	for (size_t at = 0; at < len;) {
		at += spell(spelling, &spelled, text + at, len - at);
		fwrite(spelling, 1, spelled, out);
	}
}

size_t zc_text_show_in(char *buffer, size_t cap, const char *text, size_t len)
{
	char spelling[SPELLING_CAP];
	size_t to = 0, spelled;

	for (size_t at = 0; at < len;) {
		at += spell(spelling, &spelled, text + at, len - at);
		if (to + spelled + sizeof("...") > cap) {
			memcpy(buffer + to, "...", 4);
			return to + 3;
		}
		memcpy(buffer + to, spelling, spelled);
		to += spelled;
	}
	buffer[to] = '\0';
	return to;
}

size_t zc_text_function_len(const char *name, size_t len)
{
	static const char end[] = " const";
	size_t at = len, end_len = sizeof(end) - 1;
	unsigned depth = 0;

	if (len > end_len && !memcmp(name + len - end_len, end, end_len))
		at -= end_len;
	while (at-- > 0) {
		depth += name[at] == ')';
		if (!depth || (name[at] == '(' && !--depth))
			break;
	}
	/* No name is empty: "(anonymous namespace)" begins with what looks like parameters. */
	return at && at < len && name[at] == '(' ? at : len;
}
