/* SPDX-License-Identifier: MIT */
/*
 * v8_tables.c - the tables in which V8 keeps where code came from, and texts: decoding alone.
 *
 * A table of source positions has pairs of differences: how far on in the code (negative, less one, where
 * no statement begins) and how far on in the source. Signs are in the lowest bit.
 */
#include "core/lang/v8.h"
#include "core/mem.h"

#define PREFIXES \
	4u /* Wide, ExtraWide, and the same while debugging: the first kinds of instructions */

bool zc_v8_number(const unsigned char *table, size_t len, size_t *at, uint64_t *ret)
{
	uint64_t value = 0;

	for (unsigned shift = 0; *at < len && shift < 63; shift += 7) {
		unsigned char byte = table[(*at)++];

		value |= (uint64_t)(byte & 127) << shift;
		if (!(byte & 128)) {
			*ret = value;
			return true;
		}
	}
	return false;
}

static bool take_signed(const unsigned char *table, size_t len, size_t *at, int64_t *ret)
{
	uint64_t value;

	if (!zc_v8_number(table, len, at, &value))
		return false;
	*ret = (int64_t)(value >> 1) ^ -(int64_t)(value & 1);
	return true;
}

int32_t zc_v8_position_char(uint64_t position)
{
	return (int32_t)(position >> 1 & 0x3fffffff) - 1;
}

int32_t zc_v8_position_inlined(uint64_t position)
{
	return (int32_t)(position >> 31 & 0xffff) - 1;
}

bool zc_v8_position(const unsigned char *table, size_t len, uint64_t code_len, uint64_t at,
		    uint64_t *ret)
{
	uint64_t position = 0, found = ZC_V8_NOWHERE;
	int64_t code = -1; /* before the first instruction: the entry */
	size_t i = 0;

	while (i < len) {
		int64_t code_step, position_step;

		if (!take_signed(table, len, &i, &code_step) ||
		    !take_signed(table, len, &i, &position_step))
			return false;
		code += code_step >= 0 ? code_step : -(code_step + 1);
		position += (uint64_t)position_step;
		if (code > (int64_t)code_len || position & 1 || position >> 47 ||
		    zc_v8_position_char(position) < 0)
			return false;
		if (code <= (int64_t)at)
			found = position;
	}
	*ret = found;
	return len > 0;
}

/* How long the instruction at i is; 0: it is none. */
static size_t instruction_size(const unsigned char *code, size_t code_len, size_t i,
			       const unsigned char *sizes, uint32_t count)
{
	size_t prefix = 0, row = 0;

	if (i < code_len && code[i] < PREFIXES) {
		row = 1 + (code[i] & 1);
		prefix = 1;
	}
	if (i + prefix >= code_len || code[i + prefix] >= count)
		return 0;
	return prefix + sizes[row * count + code[i + prefix]];
}

bool zc_v8_instruction(const unsigned char *offsets, size_t len, const unsigned char *code,
		       size_t code_len, const unsigned char *sizes, uint32_t count, uint64_t pc,
		       uint64_t *ret)
{
	uint64_t end, more;
	size_t at = 0, i = 0, size;

	if (!zc_v8_number(offsets, len, &at, &end))
		return false;
	for (*ret = 0; end < pc; end += more) {
		size = instruction_size(code, code_len, i, sizes, count);
		if (!size || !zc_v8_number(offsets, len, &at, &more) || more > UINT32_MAX)
			return false;
		*ret = i;
		i += size;
	}
	return true;
}

static uint32_t char_at(const unsigned char *chars, size_t i, unsigned width)
{
	return width == 1 ? chars[i] : (uint32_t)(chars[2 * i] | chars[2 * i + 1] << 8);
}

#define EACH(byte) (0x0101010101010101ull * (byte))

/* Has the high bit of each byte that is the one asked for. */
static uint64_t bytes_that_are(uint64_t word, unsigned char byte)
{
	uint64_t other = word ^ EACH(byte);

	return ~(((other & EACH(0x7f)) + EACH(0x7f)) | other | EACH(0x7f));
}

/* Most scripts are ASCII without carriage returns: eight characters at once, as long as that is so. */
static uint32_t plain_line_ends(const unsigned char *chars, size_t count, size_t *ret_done)
{
	uint32_t ends = 0;
	size_t i = 0;

	for (; i + 8 <= count; i += 8) {
		uint64_t word;

		zc_copy(&word, chars + i, sizeof(word));
		if (bytes_that_are(word, '\r'))
			break;
		ends += (uint32_t)((bytes_that_are(word, '\n') >> 7) * EACH(1) >> 56);
	}
	*ret_done = i;
	return ends;
}

uint32_t zc_v8_line_ends(const unsigned char *chars, size_t count, unsigned width, uint32_t *after)
{
	uint32_t last = *after, ends = 0;
	size_t i = 0;

	if (width == 1 && last != '\r') {
		ends = plain_line_ends(chars, count, &i);
		last = i ? chars[i - 1] : last;
	}
	for (; i < count; i++) {
		uint32_t c = char_at(chars, i, width);

		/* A carriage return ends a line when it is known that no line feed follows. */
		ends += (c == '\n') + (last == '\r' && c != '\n') + (c == 0x2028 || c == 0x2029);
		last = c;
	}
	*after = last;
	return ends;
}

static unsigned encode(uint32_t c, char utf8[4])
{
	unsigned size = c < 0x80 ? 1 : c < 0x800 ? 2 : c < 0x10000 ? 3 : 4;
	static const unsigned char lead[] = { 0, 0, 0xc0, 0xe0, 0xf0 };

	for (unsigned i = size; i-- > 1; c >>= 6)
		utf8[i] = (char)(0x80 | (c & 63));
	utf8[0] = (char)(lead[size] | c);
	return size;
}

size_t zc_v8_utf8(const unsigned char *chars, size_t count, unsigned width, char *ret, size_t cap)
{
	size_t len = 0;

	for (size_t i = 0; i < count; i++) {
		uint32_t c = char_at(chars, i, width), next;
		char utf8[4];
		unsigned size;

		next = i + 1 < count ? char_at(chars, i + 1, width) : 0;
		if (c >> 10 == 0x36 && next >> 10 == 0x37) {
			c = 0x10000 + ((c & 0x3ff) << 10 | (next & 0x3ff));
			i++;
		} else if (c >> 11 == 0x1b) {
			c = '?';
		}
		size = encode(c, utf8);
		if (size > cap - len)
			break;
		zc_copy(ret + len, utf8, size);
		len += size;
	}
	return len;
}

static int digit(char c)
{
	if (c >= '0' && c <= '9')
		return c - '0';
	c |= 32;
	return c >= 'a' && c <= 'f' ? c - 'a' + 10 : -1;
}

uint16_t zc_v8_path_of_url(char *text, uint16_t len)
{
	static const char scheme[] = "file:///";
	uint16_t from = sizeof(scheme) - 2, to = 0;

	if (len < sizeof(scheme) - 1 || !zc_equal(text, scheme, sizeof(scheme) - 1))
		return len;
	while (from < len) {
		char c = text[from++];

		if (c == '?' || c == '#') /* what makes two modules of one file */
			break;
		if (c == '%' && from + 1 < len && digit(text[from]) >= 0 &&
		    digit(text[from + 1]) >= 0) {
			c = (char)(digit(text[from]) << 4 | digit(text[from + 1]));
			from += 2;
		}
		text[to++] = c;
	}
	return to;
}
