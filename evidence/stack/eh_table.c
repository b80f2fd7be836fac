/* SPDX-License-Identifier: MIT */
/*
 * eh_table.c - the search table that a linker left out.
 *
 * Unwind rows are found by the binary search table in .eh_frame_hdr. Static programs have the rows
 * (.eh_frame) and no table: GNU ld only makes one for programs that a loader starts. So the same table
 * is made here, once for each such file, and kept at addresses just behind the file's own.
 *
 * The section may be hostile: every length is checked, entries are counted, and what is not understood
 * is left out (the stack then says that code has no unwind data).
 */
#include <stdlib.h>
#include <string.h>

#include "evidence/stack/module_file.h"

#define SECTION_MAX (64u << 20)
#define ENTRIES_MAX (1u << 20)

enum {
	ABSOLUTE = 0x00,
	SIGNED4 = 0x0b,
	SIGNED8 = 0x0c,
	UNSIGNED4 = 0x03,
	UNSIGNED8 = 0x04,
	RELATIVE = 0x10
};

struct section {
	const unsigned char *bytes;
	size_t size;
	uint64_t address;
};

struct entry { /* as in the table: both relative to its start */
	int32_t start, row;
};

struct making {
	struct section section;
	uint64_t at; /* address of the table */
	struct entry *entry;
	size_t count, cap;
};

static uint32_t word_at(const struct section *section, size_t at)
{
	uint32_t word;

	memcpy(&word, section->bytes + at, sizeof(word));
	return word;
}

static bool skip_leb128(const struct section *section, size_t *at, size_t end)
{
	for (unsigned i = 0; i < 10 && *at < end; i++)
		if (!(section->bytes[(*at)++] & 0x80))
			return true;
	return false;
}

/* How the addresses of rows with this common part are written; -1: not understood. at: behind its length. */
static int encoding_of(const struct section *section, size_t at, size_t end)
{
	const unsigned char *augmentation;
	size_t len;

	if (end - at < 6 || (section->bytes[at + 4] != 1 && section->bytes[at + 4] != 3))
		return -1;
	augmentation = section->bytes + at + 5;
	len = strnlen((const char *)augmentation, end - at - 5);
	at += 5 + len + 1;
	if (at > end)
		return -1;
	if (*augmentation != 'z')
		return len ? -1 : ABSOLUTE;
	/* code factor, data factor, return register, length of what the letters stand for */
	for (unsigned i = 0; i < 4; i++)
		if (!skip_leb128(section, &at, end))
			return -1;
	for (size_t i = 1; i < len; i++) {
		if (at >= end)
			return -1;
		switch (augmentation[i]) {
		case 'R': return section->bytes[at];
		case 'L': at++; break;
		case 'S':
		case 'B': break;
		case 'P': /* a pointer in its own encoding: only of the usual widths */
			switch (section->bytes[at++] & 0x0f) {
			case ABSOLUTE:
			case UNSIGNED8:
			case SIGNED8: at += 8; break;
			case UNSIGNED4:
			case SIGNED4: at += 4; break;
			default: return -1;
			}
			break;
		default: return -1;
		}
	}
	return ABSOLUTE;
}

static bool read_address(const struct section *section, size_t at, size_t end, int encoding,
			 uint64_t *ret)
{
	uint64_t value;

	if (encoding < 0 || encoding & 0xe0)
		return false;
	switch (encoding & 0x0f) {
	case ABSOLUTE:
	case UNSIGNED8:
	case SIGNED8:
		if (end - at < 8)
			return false;
		memcpy(&value, section->bytes + at, 8);
		break;
	case UNSIGNED4:
	case SIGNED4:
		if (end - at < 4)
			return false;
		value = word_at(section, at);
		if ((encoding & 0x0f) == SIGNED4)
			value = (uint64_t)(int64_t)(int32_t)value;
		break;
	default: return false;
	}
	*ret = encoding & RELATIVE ? value + section->address + at : value;
	return true;
}

static bool fits(uint64_t to, uint64_t from, int32_t *ret)
{
	int64_t distance = (int64_t)(to - from);

	*ret = (int32_t)distance;
	return distance == *ret;
}

static bool add(struct making *making, uint64_t start, uint64_t row)
{
	struct entry entry;

	if (!fits(start, making->at, &entry.start) || !fits(row, making->at, &entry.row))
		return true; /* too far for a table: left out */
	if (making->count == making->cap) {
		size_t cap = making->cap ? making->cap * 2 : 1024;
		struct entry *more =
			cap <= ENTRIES_MAX ? realloc(making->entry, cap * sizeof(*more)) : NULL;

		if (!more)
			return false;
		making->entry = more;
		making->cap = cap;
	}
	making->entry[making->count++] = entry;
	return true;
}

/* Goes through the entries: {length, 0, common part} and {length, distance to its common part, row}. */
static void collect(struct making *making)
{
	const struct section *section = &making->section;
	size_t at = 0, known_at = (size_t)-1;
	int encoding = -1;

	while (section->size - at >= 8) {
		size_t len = word_at(section, at), begin = at + 4, end, common;
		uint64_t start;

		if (len == 0) { /* an end, of one of the objects that were linked */
			at = begin;
			continue;
		}
		if (len < 4 || len > section->size - begin)
			return;
		end = begin + len;
		common = begin - word_at(section, begin);
		if (word_at(section, begin) && word_at(section, begin) <= begin &&
		    section->size - common >= 8) {
			size_t common_len = word_at(section, common);

			if (common != known_at && common_len >= 4 &&
			    common_len <= section->size - common - 4) {
				known_at = common;
				encoding =
					encoding_of(section, common + 4, common + 4 + common_len);
			}
			if (common == known_at &&
			    read_address(section, begin + 4, end, encoding, &start) &&
			    !add(making, start, section->address + at))
				return;
		}
		at = end;
	}
}

static int by_start(const void *a, const void *b)
{
	const struct entry *x = a, *y = b;

	return x->start < y->start ? -1 : x->start > y->start;
}

/* {version 1, sdata4 pcrel, udata4, sdata4 datarel}, where .eh_frame is, how many entries, the entries */
static void *finish(struct making *making, size_t *ret_size)
{
	static const unsigned char usual[4] = { 1, 0x1b, 0x03, 0x3b };
	uint32_t count = (uint32_t)making->count;
	int32_t frame;
	size_t size = 12 + making->count * sizeof(struct entry);
	unsigned char *table = making->count ? malloc(size) : NULL;

	if (!table || !fits(making->section.address, making->at + 4, &frame)) {
		free(table);
		return NULL;
	}
	qsort(making->entry, making->count, sizeof(struct entry), by_start);
	memcpy(table, usual, 4);
	memcpy(table + 4, &frame, 4);
	memcpy(table + 8, &count, 4);
	memcpy(table + 12, making->entry, making->count * sizeof(struct entry));
	*ret_size = size;
	return table;
}

void zc_module_make_table(struct zc_module *module)
{
	struct making making = { .at = (module->end + 4095) & ~4095ull };
	unsigned char *bytes;

	if (module->frame_size < 8 || module->frame_size > SECTION_MAX)
		return;
	bytes = malloc(module->frame_size);
	if (bytes && zc_module_read(module, module->frame_address, bytes, module->frame_size)) {
		making.section =
			(struct section){ bytes, module->frame_size, module->frame_address };
		collect(&making);
		module->table = finish(&making, &module->table_size);
	}
	free(bytes);
	free(making.entry);
	if (module->table && !zc_module_charge(module, module->table_size)) {
		free(module->table);
		module->table = NULL;
	}
	if (!module->table)
		return;
	module->unwind_address = making.at;
	module->unwind_size = module->table_size;
}
