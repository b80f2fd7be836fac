/* SPDX-License-Identifier: MIT */
/*
 * python_lines.c - the tables in which code objects keep their lines, and texts: decoding alone.
 *
 * Formats: Objects/lnotab_notes.txt of CPython 3.8 to 3.10, Objects/locations.md of 3.11 and later.
 */
#include "core/lang/python.h"

#define LINE_MAX 0x7fffffff

static uint32_t checked(int64_t line)
{
	return line > 0 && line <= LINE_MAX ? (uint32_t)line : 0;
}

/* Pairs: so many bytes of code further, so many lines on. */
static uint32_t line_of_lnotab(const unsigned char *table, size_t len, int64_t line, int64_t at)
{
	int64_t address = 0;

	for (size_t i = 0; i + 1 < len; i += 2) {
		address += table[i];
		if (address > at)
			break;
		line += (signed char)table[i + 1];
	}
	return checked(line);
}

/* Pairs: so many lines on (-128: these bytes have none), for so many bytes of code. */
static uint32_t line_of_310(const unsigned char *table, size_t len, int64_t line, int64_t at)
{
	int64_t end = 0;

	for (size_t i = 0; i + 1 < len; i += 2) {
		signed char delta = (signed char)table[i + 1];

		end += table[i];
		if (delta != -128)
			line += delta;
		if (at < end)
			return delta != -128 ? checked(line) : 0;
	}
	return 0;
}

/* Six bits a byte, the lowest first; 64 says that more follow. */
static int64_t take_number(const unsigned char *table, size_t len, size_t *at)
{
	uint64_t value = 0;

	for (unsigned shift = 0; *at < len && shift < 36; shift += 6) {
		unsigned char byte = table[(*at)++];

		value |= (uint64_t)(byte & 63) << shift;
		if (!(byte & 64))
			break;
	}
	return (int64_t)value;
}

static int64_t take_signed(const unsigned char *table, size_t len, size_t *at)
{
	int64_t value = take_number(table, len, at);

	return value & 1 ? -(value >> 1) : value >> 1;
}

/* Entries begin with a byte that has its high bit set: kind and how many 2-byte units it is about. */
static uint32_t line_of_locations(const unsigned char *table, size_t len, int64_t line, int64_t at)
{
	int64_t end = 0;
	size_t i = 0;

	while (i < len && table[i] & 128) {
		unsigned kind = table[i] >> 3 & 15;

		end += 2 * ((table[i++] & 7) + 1);
		if (kind == 13 || kind == 14)
			line += take_signed(table, len, &i);
		else if (kind >= 10 && kind <= 12)
			line += kind - 10;
		if (line < -LINE_MAX || line > LINE_MAX)
			return 0;
		if (at < end)
			return kind == 15 ? 0 : checked(line);
		while (i < len && !(table[i] & 128))
			i++;
	}
	return 0;
}

uint32_t zc_python_line(enum zc_python_lines kind, const unsigned char *table, size_t len,
			uint32_t first_line, int64_t at)
{
	if (at < 0)
		return checked(first_line);
	switch (kind) {
	case ZC_PYTHON_LNOTAB: return line_of_lnotab(table, len, first_line, at);
	case ZC_PYTHON_LINES_310: return line_of_310(table, len, first_line, at);
	case ZC_PYTHON_LOCATIONS: return line_of_locations(table, len, first_line, at);
	}
	return 0;
}

static uint32_t take_char(const unsigned char *at, unsigned width)
{
	uint32_t value = 0;

	for (unsigned i = width; i--;)
		value = value << 8 | at[i];
	return value;
}

static unsigned encode(uint32_t c, char utf8[4])
{
	if (c < 0x80) {
		utf8[0] = (char)c;
		return 1;
	}
	if (c >= 0xdc80 && c <= 0xdcff) { /* a byte of a file name that was no UTF-8 */
		utf8[0] = (char)(c & 0xff);
		return 1;
	}
	if (c > 0x10ffff || (c >= 0xd800 && c < 0xe000)) {
		utf8[0] = '?';
		return 1;
	}
	if (c < 0x800) {
		utf8[0] = (char)(0xc0 | c >> 6);
		utf8[1] = (char)(0x80 | (c & 63));
		return 2;
	}
	if (c < 0x10000) {
		utf8[0] = (char)(0xe0 | c >> 12);
		utf8[1] = (char)(0x80 | (c >> 6 & 63));
		utf8[2] = (char)(0x80 | (c & 63));
		return 3;
	}
	utf8[0] = (char)(0xf0 | c >> 18);
	utf8[1] = (char)(0x80 | (c >> 12 & 63));
	utf8[2] = (char)(0x80 | (c >> 6 & 63));
	utf8[3] = (char)(0x80 | (c & 63));
	return 4;
}

size_t zc_python_text(const unsigned char *chars, size_t count, unsigned width, char *ret,
		      size_t cap)
{
	size_t len = 0;

	for (size_t i = 0; i < count; i++) {
		char utf8[4];
		unsigned size = encode(take_char(chars + i * width, width), utf8);

		if (size > cap - len)
			break;
		for (unsigned k = 0; k < size; k++)
			ret[len++] = utf8[k];
	}
	return len;
}
