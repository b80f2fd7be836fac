/* SPDX-License-Identifier: MIT */
/*
 * view_text.c - what a string says: its escapes undone, its base64 undone.
 */
#include <string.h>

#include "text/bytes.h"

static size_t put_point(char *to, uint32_t point)
{
	if (point < 0x80) {
		to[0] = (char)point;
		return 1;
	}
	if (point < 0x800) {
		to[0] = (char)(0xc0 | point >> 6);
		to[1] = (char)(0x80 | (point & 0x3f));
		return 2;
	}
	if (point < 0x10000) {
		to[0] = (char)(0xe0 | point >> 12);
		to[1] = (char)(0x80 | (point >> 6 & 0x3f));
		to[2] = (char)(0x80 | (point & 0x3f));
		return 3;
	}
	to[0] = (char)(0xf0 | point >> 18);
	to[1] = (char)(0x80 | (point >> 12 & 0x3f));
	to[2] = (char)(0x80 | (point >> 6 & 0x3f));
	to[3] = (char)(0x80 | (point & 0x3f));
	return 4;
}

static uint32_t unit_at(const char *at)
{
	uint32_t unit = 0;

	for (unsigned i = 0; i < 4; i++)
		unit = unit << 4 | (unsigned)zc_hex_digit(at[i]);
	return unit;
}

/* The escape behind a backslash. Six characters never become more than three bytes. */
static const char *take_escape(const char *at, char *to, size_t *to_len)
{
	static const char names[] = "bfnrt", values[] = "\b\f\n\r\t";
	const char *name;
	uint32_t point;

	if (*at != 'u') {
		name = strchr(names, *at);
		to[(*to_len)++] = name ? values[name - names] : *at;
		return at + 1;
	}
	point = unit_at(at + 1);
	at += 5;
	if (point >= 0xd800 && point < 0xdc00 && at[0] == '\\' && at[1] == 'u' &&
	    unit_at(at + 2) >= 0xdc00 && unit_at(at + 2) < 0xe000) {
		point = 0x10000 + ((point - 0xd800) << 10) + (unit_at(at + 2) - 0xdc00);
		at += 6;
	} else if (point >= 0xd800 && point < 0xe000) {
		point = 0xfffd;
	}
	*to_len += put_point(to + *to_len, point);
	return at;
}

size_t zc_view_text(struct zc_view view, char *to)
{
	const char *at, *end;
	size_t len = 0;

	if (zc_view_kind(view) != '"')
		return 0;
	at = view.at + 1;
	end = view.at + view.len - 1;
	while (at < end) {
		const char *slash = memchr(at, '\\', (size_t)(end - at));
		size_t run = (size_t)((slash ? slash : end) - at);

		memcpy(to + len, at, run);
		len += run;
		at += run;
		if (slash)
			at = take_escape(at + 1, to, &len);
	}
	return len;
}

static int base64_digit(char c)
{
	if (c >= 'A' && c <= 'Z')
		return c - 'A';
	if (c >= 'a' && c <= 'z')
		return c - 'a' + 26;
	if (c >= '0' && c <= '9')
		return c - '0' + 52;
	return c == '+' ? 62 : c == '/' ? 63 : -1;
}

bool zc_view_base64(struct zc_view view, char *to, size_t *ret_len)
{
	size_t len = 0, digits, padding = 0;
	const char *at;

	if (zc_view_kind(view) != '"' || view.len % 4 != 2)
		return false;
	digits = view.len - 2;
	at = view.at + 1;
	while (padding < 2 && padding < digits && at[digits - 1 - padding] == '=')
		padding++;
	for (size_t i = 0; i < digits; i += 4) {
		uint32_t bits = 0;

		for (size_t j = i; j < i + 4; j++) {
			int digit = j >= digits - padding ? 0 : base64_digit(at[j]);

			if (digit < 0)
				return false;
			bits = bits << 6 | (unsigned)digit;
		}
		to[len++] = (char)(bits >> 16);
		to[len++] = (char)(bits >> 8);
		to[len++] = (char)bits;
	}
	*ret_len = len - padding;
	return true;
}
