/* SPDX-License-Identifier: MIT */
/*
 * v8_text.c - objects of V8, strings, and the lines of a script.
 *
 * A string may be a sequence of characters, two strings, a part of another, another name for one, or lie
 * outside the heap. Loops and lengths that a hostile program makes up come to an end.
 */
#include "core/lang/v8.h"
#include "core/mem.h"

#define STEPS_MAX 64u   /* strings that one string is made of */
#define PENDING_MAX 16u /* how deep */
#define LENGTH_MAX 0x3fffffffu
#define ADDRESS_MAX (1ull << 47)

/* ---- objects ---- */

bool zc_v8_word(struct zc_v8_walk *walk, uint64_t object, int32_t offset, uint64_t *ret)
{
	return (object & 3) == 1 && offset >= 0 && object < ADDRESS_MAX &&
	       zc_peek(walk->memory, object - 1 + (uint64_t)offset, ret, sizeof(*ret));
}

int zc_v8_type(struct zc_v8_walk *walk, uint64_t object)
{
	uint64_t map;
	uint16_t type;

	if (!zc_v8_word(walk, object, zc_v8_fact(walk, ZC_V8_OBJECT_MAP), &map) || (map & 3) != 1 ||
	    map >= ADDRESS_MAX ||
	    !zc_peek(walk->memory, map - 1 + (uint64_t)zc_v8_fact(walk, ZC_V8_MAP_TYPE), &type,
		     sizeof(type)))
		return -1;
	return type;
}

bool zc_v8_is(struct zc_v8_walk *walk, uint64_t object, enum zc_v8_fact type)
{
	int known = zc_v8_type(walk, object);

	return known >= 0 && known == zc_v8_fact(walk, type);
}

bool zc_v8_smi(uint64_t word, int32_t *ret)
{
	*ret = (int32_t)(word >> 32);
	return !(uint32_t)word;
}

/* ---- strings ---- */

/* Characters in a row; or what a string is made of. */
struct string {
	uint64_t chars;
	uint32_t len;
	unsigned width;
	uint64_t first, second; /* of a string that is made of others */
	uint32_t skipped;       /* of first */
};

static bool look_at(struct zc_v8_walk *walk, uint64_t object, struct string *ret)
{
	int type = zc_v8_type(walk, object), kind;
	uint64_t word;
	int32_t number;

	*ret = (struct string){ .width = 1 };
	if (type < 0 || type & zc_v8_fact(walk, ZC_V8_NOT_STRING) ||
	    !zc_peek(walk->memory, object - 1 + (uint64_t)zc_v8_fact(walk, ZC_V8_STRING_LENGTH),
		     &ret->len, sizeof(ret->len)) ||
	    ret->len > LENGTH_MAX)
		return false;
	ret->width = type & zc_v8_fact(walk, ZC_V8_STRING_ENCODING) ? 1 : 2;
	kind = type & zc_v8_fact(walk, ZC_V8_STRING_KIND);
	if (kind == zc_v8_fact(walk, ZC_V8_STRING_CONS))
		return zc_v8_word(walk, object, zc_v8_fact(walk, ZC_V8_CONS_FIRST), &ret->first) &&
		       zc_v8_word(walk, object, zc_v8_fact(walk, ZC_V8_CONS_SECOND), &ret->second);
	if (kind == zc_v8_fact(walk, ZC_V8_STRING_THIN))
		return zc_v8_word(walk, object, zc_v8_fact(walk, ZC_V8_THIN_ACTUAL), &ret->first);
	if (kind == zc_v8_fact(walk, ZC_V8_STRING_SLICED)) {
		if (!zc_v8_word(walk, object, zc_v8_fact(walk, ZC_V8_SLICED_PARENT), &ret->first) ||
		    !zc_v8_word(walk, object, zc_v8_fact(walk, ZC_V8_SLICED_OFFSET), &word) ||
		    !zc_v8_smi(word, &number) || number < 0)
			return false;
		ret->skipped = (uint32_t)number;
		return true;
	}
	/* What is outside has its resource and then, kept, where that has its characters. */
	if (kind == zc_v8_fact(walk, ZC_V8_STRING_EXTERNAL))
		return zc_v8_word(walk, object, zc_v8_fact(walk, ZC_V8_EXTERNAL_RESOURCE) + 8,
				  &ret->chars);
	ret->chars = object - 1 +
		     (uint64_t)zc_v8_fact(walk, ret->width == 1 ? ZC_V8_ONE_BYTE_CHARS
								: ZC_V8_TWO_BYTE_CHARS);
	return kind == 0;
}

/* A part of a string that is still to be told. */
struct part {
	uint64_t object;
	uint32_t skipped, most;
};

static uint32_t least(uint32_t a, uint32_t b)
{
	return a < b ? a : b;
}

static bool put_chars(struct zc_v8_walk *walk, const struct string *string, const struct part *part,
		      char *ret, uint16_t *ret_len)
{
	unsigned char *chars = walk->work->chars;
	uint32_t count =
		string->len > part->skipped ? least(string->len - part->skipped, part->most) : 0;

	count = least(count, ZC_LANG_TEXT_MAX - *ret_len);
	if (!count)
		return true;
	if (!zc_peek(walk->memory, string->chars + (uint64_t)part->skipped * string->width, chars,
		     (size_t)count * string->width))
		return false;
	*ret_len += (uint16_t)zc_v8_utf8(chars, count, string->width, ret + *ret_len,
					 ZC_LANG_TEXT_MAX - *ret_len);
	return true;
}

bool zc_v8_text(struct zc_v8_walk *walk, uint64_t object, char *ret, uint16_t *ret_len)
{
	struct part pending[PENDING_MAX] = { { object, 0, LENGTH_MAX } };
	unsigned count = 1;

	*ret_len = 0;
	for (unsigned steps = 0; count && *ret_len < ZC_LANG_TEXT_MAX; steps++) {
		struct part part = pending[--count];
		struct string string;

		if (steps == STEPS_MAX || !look_at(walk, part.object, &string))
			return false;
		if (!string.first) {
			if (!put_chars(walk, &string, &part, ret, ret_len))
				return false;
			continue;
		}
		if (count + 2 > PENDING_MAX || part.skipped > string.len)
			return false;
		/* Only a slice has a skipped part, and its parent is in a row. */
		if (string.second)
			pending[count++] = (struct part){ string.second, 0, part.most };
		pending[count++] = (struct part){ string.first, string.skipped + part.skipped,
						  least(part.most, string.len - part.skipped) };
	}
	return true;
}

/* ---- lines ---- */

/* The string in a row that the source is; what is not joined yet has no lines. */
static bool find_source(struct zc_v8_walk *walk, uint64_t object, struct string *ret)
{
	uint64_t skipped = 0;
	struct string second;

	for (unsigned steps = 0; steps < 8; steps++) {
		if (!look_at(walk, object, ret))
			return false;
		if (!ret->first) {
			if (skipped > ret->len)
				return false;
			ret->chars += skipped * ret->width;
			ret->len -= (uint32_t)skipped;
			return true;
		}
		if (ret->second && (!look_at(walk, ret->second, &second) || second.len))
			return false;
		skipped += ret->skipped;
		object = ret->first;
	}
	return false;
}

static bool count_ends(struct zc_v8_walk *walk, const struct string *source, uint32_t from,
		       uint32_t to, uint32_t *ret)
{
	unsigned char *chars = walk->work->chars;
	uint32_t after = 0;

	if (from && !zc_peek(walk->memory, source->chars + (uint64_t)(from - 1) * source->width,
			     &after, source->width))
		return false;
	if (to > from && !zc_peek(walk->memory, source->chars + (uint64_t)from * source->width,
				  chars, (size_t)(to - from) * source->width))
		return false;
	*ret = zc_v8_line_ends(chars, to - from, source->width, &after);
	return true;
}

static struct zc_v8_lines *lines_of(struct zc_v8_walk *walk, uint64_t source)
{
	struct zc_v8_lines *lines = walk->work->lines;

	for (unsigned i = 0; i < ZC_V8_SCRIPTS; i++)
		if (lines[i].source == source)
			return &lines[i];
	lines = &lines[source / 64 % ZC_V8_SCRIPTS];
	lines->source = source;
	lines->known = 1;
	lines->before[0] = 0;
	return lines;
}

uint32_t zc_v8_line_of(struct zc_v8_walk *walk, uint64_t script, int32_t position)
{
	uint32_t at = (uint32_t)position, chunk = at / ZC_V8_CHUNK, ends;
	struct zc_v8_lines *lines;
	struct string source;
	uint64_t object;

	if (position < 0 || chunk >= ZC_V8_CHUNKS ||
	    !zc_v8_word(walk, script, zc_v8_fact(walk, ZC_V8_SCRIPT_SOURCE), &object) ||
	    !find_source(walk, object, &source) || at > source.len)
		return 0;
	lines = lines_of(walk, object);
	for (; lines->known <= chunk; lines->known++) {
		uint32_t from = (lines->known - 1) * ZC_V8_CHUNK;

		if (!count_ends(walk, &source, from, from + ZC_V8_CHUNK, &ends))
			return 0;
		lines->before[lines->known] = lines->before[lines->known - 1] + ends;
	}
	if (!count_ends(walk, &source, chunk * ZC_V8_CHUNK, at, &ends))
		return 0;
	return lines->before[chunk] + ends + 1;
}
