/* SPDX-License-Identifier: MIT */
/*
 * line_table.h - DWARF line number programs (DWARF 2 to 5, section 6.2), read without trust.
 *
 * Memory: the caller's sections. Fails: a table that is cut or strange ends early; never astray.
 */
#ifndef ZC_EVIDENCE_LINE_TABLE_H
#define ZC_EVIDENCE_LINE_TABLE_H

#include "core/base.h"

enum { ZC_LINE_TABLES, ZC_LINE_STRINGS, ZC_LINE_OTHER_STRINGS, ZC_LINE_SECTIONS };

struct zc_line_sections {
	unsigned char *bytes[ZC_LINE_SECTIONS]; /* .debug_line, .debug_line_str, .debug_str */
	size_t len[ZC_LINE_SECTIONS];
};

/* Calls found for each sequence of rows of each table, with the addresses that it covers. */
void zc_line_tables_scan(const struct zc_line_sections *sections,
			 void (*found)(void *context, size_t table, uint64_t start, uint64_t end),
			 void *context);
/* The source line of address in the table at that place of .debug_line. */
bool zc_line_table_find(const struct zc_line_sections *sections, size_t table, uint64_t address,
			char *ret_file, size_t cap, unsigned *ret_line);

#endif
