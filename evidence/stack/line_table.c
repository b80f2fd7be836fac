/* SPDX-License-Identifier: MIT */
/*
 * line_table.c - the reader of one .debug_line section.
 */
#include <stdio.h>
#include <string.h>

#include "evidence/stack/line_table.h"

#define FORMATS_MAX 16u

/* From the standard, sections 7.5.6 (forms) and 7.22; <dwarf.h> would need elfutils' libdw-dev. */
enum {
	DW_LNS_copy = 1,
	DW_LNS_advance_pc,
	DW_LNS_advance_line,
	DW_LNS_set_file,
	DW_LNS_const_add_pc = 8,
	DW_LNS_fixed_advance_pc
};
enum { DW_LNE_end_sequence = 1, DW_LNE_set_address };
enum { DW_LNCT_path = 1, DW_LNCT_directory_index };
enum {
	DW_FORM_data2 = 0x05,
	DW_FORM_data4,
	DW_FORM_data8,
	DW_FORM_string,
	DW_FORM_block,
	DW_FORM_data1 = 0x0b,
	DW_FORM_strp = 0x0e,
	DW_FORM_udata,
	DW_FORM_data16 = 0x1e,
	DW_FORM_line_strp
};

/* Takes bytes one after the other; past the end it goes bad and gives zeros. */
struct reader {
	const unsigned char *at, *end;
	bool bad;
};

struct header {
	unsigned version, offset_size;
	unsigned min_instruction, line_range, opcode_base;
	int line_base;
	const unsigned char *opcode_lengths; /* opcode_base - 1 of them */
	struct reader names;                 /* directories, then files */
	struct reader program;
};

struct row {
	uint64_t address;
	uint64_t file;
	int64_t line;
};

static const unsigned char *take(struct reader *r, uint64_t len)
{
	const unsigned char *at = r->at;

	if (r->bad || len > (uint64_t)(r->end - r->at)) {
		r->bad = true;
		r->at = r->end;
		return NULL;
	}
	r->at += len;
	return at;
}

static uint64_t take_number(struct reader *r, unsigned bytes)
{
	const unsigned char *at = take(r, bytes);
	uint64_t value = 0;

	for (unsigned i = 0; at && i < bytes && i < 8; i++)
		value |= (uint64_t)at[i] << 8 * i;
	return value;
}

static uint64_t take_leb(struct reader *r, bool is_signed)
{
	uint64_t value = 0;
	unsigned shift = 0;

	for (;;) {
		uint64_t byte = take_number(r, 1);

		if (shift < 64)
			value |= (byte & 0x7f) << shift;
		shift += 7;
		if (byte & 0x80 && !r->bad)
			continue;
		if (is_signed && byte & 0x40 && shift < 64)
			value |= ~0ull << shift;
		return value;
	}
}

static const char *take_text(struct reader *r)
{
	const unsigned char *at = r->at,
			    *end = r->bad ? NULL : memchr(at, 0, (size_t)(r->end - at));

	if (!end) {
		r->bad = true;
		return NULL;
	}
	r->at = end + 1;
	return (const char *)at;
}

/* The text at an offset of a string section, NULL when it does not end inside. */
static const char *text_at(const struct zc_line_sections *sections, unsigned which, uint64_t offset)
{
	if (offset >= sections->len[which] ||
	    !memchr(sections->bytes[which] + offset, 0, sections->len[which] - (size_t)offset))
		return NULL;
	return (const char *)sections->bytes[which] + offset;
}

/* The table at that place. Returns where the next one starts, or 0 when this one makes no sense. */
static size_t read_header(const struct zc_line_sections *sections, size_t table, struct header *ret)
{
	struct reader r = { sections->bytes[ZC_LINE_TABLES] + table,
			    sections->bytes[ZC_LINE_TABLES] + sections->len[ZC_LINE_TABLES],
			    false };
	uint64_t len = take_number(&r, 4), header_len;
	size_t next;

	*ret = (struct header){ .offset_size = 4 };
	if (len == 0xffffffff) {
		len = take_number(&r, 8);
		ret->offset_size = 8;
	}
	if (r.bad || len > (uint64_t)(r.end - r.at))
		return 0;
	r.end = r.at + len;
	next = (size_t)(r.end - sections->bytes[ZC_LINE_TABLES]);
	ret->version = (unsigned)take_number(&r, 2);
	if (ret->version < 2 || ret->version > 5)
		return next; /* without a program: nothing will be found in it */
	if (ret->version == 5)
		take(&r, 2); /* sizes of addresses and segment selectors */
	header_len = take_number(&r, ret->offset_size);
	if (header_len > (uint64_t)(r.end - r.at))
		return next;
	ret->program = (struct reader){ r.at + header_len, r.end, false };
	r.end = r.at + header_len;
	ret->min_instruction = (unsigned)take_number(&r, 1);
	if (ret->version >= 4)
		take(&r, 1); /* operations per instruction: 1 but for VLIW machines */
	take(&r, 1);
	ret->line_base = (int)(take_number(&r, 1) ^ 0x80) - 0x80; /* a signed byte */
	ret->line_range = (unsigned)take_number(&r, 1);
	ret->opcode_base = (unsigned)take_number(&r, 1);
	ret->opcode_lengths = ret->opcode_base ? take(&r, ret->opcode_base - 1) : NULL;
	if (r.bad || !ret->line_range || !ret->opcode_lengths)
		ret->program.at = ret->program.end;
	ret->names = r;
	return next;
}

static void standard_opcode(const struct header *header, struct reader *r, struct row *row,
			    unsigned opcode)
{
	switch (opcode) {
	case DW_LNS_advance_pc: row->address += take_leb(r, false) * header->min_instruction; break;
	case DW_LNS_advance_line:
		row->line = (int64_t)((uint64_t)row->line + take_leb(r, true));
		break;
	case DW_LNS_set_file: row->file = take_leb(r, false); break;
	case DW_LNS_const_add_pc:
		row->address +=
			(255 - header->opcode_base) / header->line_range * header->min_instruction;
		break;
	case DW_LNS_fixed_advance_pc: row->address += take_number(r, 2); break;
	default:
		for (unsigned i = header->opcode_lengths[opcode - 1]; i && !r->bad; i--)
			take_leb(r, false);
	}
}

enum step { STEP_NONE, STEP_ROW, STEP_END };

/* Executes one opcode. */
static enum step step(const struct header *header, struct reader *r, struct row *row)
{
	unsigned opcode = (unsigned)take_number(r, 1), sub;
	struct reader extended;
	uint64_t len;

	if (opcode >= header->opcode_base) {
		opcode -= header->opcode_base;
		row->address += opcode / header->line_range * header->min_instruction;
		row->line = (int64_t)((uint64_t)row->line +
				      (uint64_t)(header->line_base +
						 (int)(opcode % header->line_range)));
		return STEP_ROW;
	}
	if (opcode == DW_LNS_copy)
		return STEP_ROW;
	if (opcode) {
		standard_opcode(header, r, row, opcode);
		return STEP_NONE;
	}
	len = take_leb(r, false);
	extended.at = take(r, len);
	extended.end = r->at;
	extended.bad = !extended.at || !len;
	if (extended.bad)
		return STEP_NONE;
	sub = (unsigned)take_number(&extended, 1);
	if (sub == DW_LNE_set_address)
		row->address = take_number(&extended, len - 1 == 4 ? 4 : 8);
	return sub == DW_LNE_end_sequence ? STEP_END : STEP_NONE;
}

static const struct row first_row = { 0, 1, 1 };

static void scan_table(const struct header *header, size_t table,
		       void (*found)(void *context, size_t table, uint64_t start, uint64_t end),
		       void *context)
{
	struct reader r = header->program;
	struct row row = first_row;
	uint64_t start = 0;
	bool started = false;

	while (!r.bad && r.at < r.end) {
		enum step what = step(header, &r, &row);

		if (what != STEP_NONE && !started) {
			start = row.address;
			started = true;
		}
		if (what == STEP_END) {
			found(context, table, start, row.address);
			row = first_row;
			started = false;
		}
	}
}

void zc_line_tables_scan(const struct zc_line_sections *sections,
			 void (*found)(void *context, size_t table, uint64_t start, uint64_t end),
			 void *context)
{
	struct header header;
	size_t at = 0, next;

	for (; at < sections->len[ZC_LINE_TABLES]; at = next) {
		next = read_header(sections, at, &header);
		if (next <= at)
			return;
		scan_table(&header, at, found, context);
	}
}

/* One entry of the directory or file list of DWARF 5. */
static bool take_entry(const struct zc_line_sections *sections, const struct header *header,
		       struct reader *r, const uint64_t formats[][2], unsigned count,
		       const char **ret_text, uint64_t *ret_directory)
{
	*ret_text = NULL;
	*ret_directory = 0;
	for (unsigned i = 0; i < count; i++) {
		const char *text = NULL;
		uint64_t number = 0;

		switch (formats[i][1]) {
		case DW_FORM_string: text = take_text(r); break;
		case DW_FORM_line_strp:
			text = text_at(sections, ZC_LINE_STRINGS,
				       take_number(r, header->offset_size));
			break;
		case DW_FORM_strp:
			text = text_at(sections, ZC_LINE_OTHER_STRINGS,
				       take_number(r, header->offset_size));
			break;
		case DW_FORM_udata: number = take_leb(r, false); break;
		case DW_FORM_data1: number = take_number(r, 1); break;
		case DW_FORM_data2: number = take_number(r, 2); break;
		case DW_FORM_data4: number = take_number(r, 4); break;
		case DW_FORM_data8: number = take_number(r, 8); break;
		case DW_FORM_data16: take(r, 16); break;
		case DW_FORM_block: take(r, take_leb(r, false)); break;
		default: return false;
		}
		if (formats[i][0] == DW_LNCT_path)
			*ret_text = text;
		else if (formats[i][0] == DW_LNCT_directory_index)
			*ret_directory = number;
	}
	return !r->bad;
}

/* Goes through a list of DWARF 5 to entry index (past its end: to its end). */
static bool entry_at(const struct zc_line_sections *sections, const struct header *header,
		     struct reader *r, uint64_t index, const char **ret_text,
		     uint64_t *ret_directory)
{
	uint64_t formats[FORMATS_MAX][2], entries;
	unsigned count = (unsigned)take_number(r, 1);
	const char *text;
	uint64_t directory;
	bool found = false;

	if (!count ||
	    count > FORMATS_MAX) /* without a format entries take no bytes, and may be many */
		return false;
	for (unsigned i = 0; i < count; i++) {
		formats[i][0] = take_leb(r, false);
		formats[i][1] = take_leb(r, false);
	}
	entries = take_leb(r, false);
	for (uint64_t i = 0; i < entries && r->at < r->end; i++) {
		if (!take_entry(sections, header, r, (const uint64_t(*)[2])formats, count, &text,
				&directory))
			return false;
		if (i == index) {
			*ret_text = text;
			*ret_directory = directory;
			found = text != NULL;
		}
	}
	return found;
}

/* DWARF 5: directory 0 is where the compiler ran, and what relative directories start from. */
static bool name_5(const struct zc_line_sections *sections, const struct header *header,
		   uint64_t file, char *buffer, size_t cap)
{
	const char *name = NULL, *directory = NULL, *base = NULL;
	struct reader r = header->names;
	uint64_t index = 0, unused;

	if (!entry_at(sections, header, &r, 0, &base, &unused))
		base = NULL;
	if (r.bad || !entry_at(sections, header, &r, file, &name, &index))
		return false;
	r = header->names;
	if (!entry_at(sections, header, &r, index, &directory, &unused))
		directory = NULL;
	if (name[0] == '/' || !directory)
		return (size_t)snprintf(buffer, cap, "%s", name) < cap;
	if (directory[0] == '/' || !index || !base)
		return (size_t)snprintf(buffer, cap, "%s/%s", directory, name) < cap;
	return (size_t)snprintf(buffer, cap, "%s/%s/%s", base, directory, name) < cap;
}

/* DWARF 2 to 4: files count from 1; directory 0 is not told here. */
static bool name_4(const struct header *header, uint64_t file, char *buffer, size_t cap)
{
	const char *name, *directory = NULL, *text;
	struct reader r = header->names, directories = r;
	uint64_t index = 0;

	while ((text = take_text(&r)) && *text)
		;
	for (name = take_text(&r); name && *name; name = take_text(&r)) {
		index = take_leb(&r, false);
		take_leb(&r, false);
		take_leb(&r, false);
		if (!--file)
			break;
	}
	if (!name || !*name || file)
		return false;
	for (uint64_t i = 1;
	     index && (directory = take_text(&directories)) && *directory && i < index; i++)
		;
	if (name[0] == '/' || !index || !directory || !*directory)
		return (size_t)snprintf(buffer, cap, "%s", name) < cap;
	return (size_t)snprintf(buffer, cap, "%s/%s", directory, name) < cap;
}

bool zc_line_table_find(const struct zc_line_sections *sections, size_t table, uint64_t address,
			char *ret_file, size_t cap, unsigned *ret_line)
{
	struct row row = first_row, before = first_row;
	struct header header;
	struct reader r;
	bool started = false;

	if (!read_header(sections, table, &header))
		return false;
	for (r = header.program; !r.bad && r.at < r.end;) {
		enum step what = step(&header, &r, &row);

		if (what == STEP_NONE)
			continue;
		if (started && before.address <= address && address < row.address)
			break;
		before = row;
		started = what == STEP_ROW;
		if (what == STEP_END)
			row = first_row;
	}
	if (!started || address < before.address || address >= row.address || before.line <= 0 ||
	    before.line > INT32_MAX)
		return false;
	*ret_line = (unsigned)before.line;
	return header.version == 5 ? name_5(sections, &header, before.file, ret_file, cap)
				   : name_4(&header, before.file, ret_file, cap);
}
