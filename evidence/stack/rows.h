/* SPDX-License-Identifier: MIT */
/*
 * rows.h - can the unwind rows of a function divide?
 *
 * DWARF expressions may, and the smallest integer by -1 is a trap in libunwind 1.6. Pure; takes any bytes.
 */
#ifndef ZC_EVIDENCE_ROWS_H
#define ZC_EVIDENCE_ROWS_H

#include <stdbool.h>
#include <stddef.h>

#define ZC_ROWS_DIVIDE 1u /* an expression has a byte that could be the division */
#define ZC_ROWS_STRANGE \
	2u              /* an expression may jump out of itself, or the rows are not understood */
#define ZC_ROWS_BYTE 4u /* the division's byte stands somewhere */

/* What a row program shows; those of all that belong together are or-ed. */
unsigned zc_rows_look(const unsigned char *program, size_t len);
/* Compilers never divide there: what could is better left alone. */
bool zc_rows_may_divide(unsigned seen);

#endif
