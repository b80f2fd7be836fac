/* SPDX-License-Identifier: MIT */
/*
 * rows.c - can the unwind rows of a function divide?
 *
 * Only what compilers write is read instruction by instruction, so that a length or an offset that
 * happens to be the division's number does not cost a stack its end. For all else every byte counts.
 */
#include <stdint.h>

#include "evidence/stack/rows.h"

enum { DIVISION = 0x1b, BRANCH = 0x28, SKIP = 0x2f }; /* DW_OP_div, _bra, _skip */

/* What follows an instruction: numbers of unlimited length, a length with an expression, plain bytes. */
enum { UNKNOWN, NOTHING, ONE, TWO, BLOCK, ONE_BLOCK, BYTES_1, BYTES_2, BYTES_4 };

static const unsigned char operands[64] = {
	[0x00] = NOTHING,                                   /* nop */
	[0x02] = BYTES_1,                                   /* advance_loc1 and so on */
	[0x03] = BYTES_2,   [0x04] = BYTES_4, [0x05] = TWO, /* offset_extended */
	[0x06] = ONE,                                       /* restore_extended */
	[0x07] = ONE,                                       /* undefined */
	[0x08] = ONE,                                       /* same_value */
	[0x09] = TWO,                                       /* register */
	[0x0a] = NOTHING,                                   /* remember_state */
	[0x0b] = NOTHING,                                   /* restore_state */
	[0x0c] = TWO,                                       /* def_cfa */
	[0x0d] = ONE,                                       /* def_cfa_register */
	[0x0e] = ONE,                                       /* def_cfa_offset */
	[0x0f] = BLOCK,                                     /* def_cfa_expression */
	[0x10] = ONE_BLOCK,                                 /* expression */
	[0x16] = ONE_BLOCK,                                 /* val_expression */
	[0x2e] = ONE,                                       /* GNU_args_size */
};

static bool take_number(const unsigned char **at, const unsigned char *end, uint64_t *ret)
{
	*ret = 0;
	for (unsigned shift = 0; *at < end && shift < 63; shift += 7) {
		unsigned char byte = *(*at)++;

		*ret |= (uint64_t)(byte & 0x7f) << shift;
		if (!(byte & 0x80))
			return true;
	}
	return false;
}

static bool take_block(const unsigned char **at, const unsigned char *end, unsigned *seen)
{
	uint64_t len;

	if (!take_number(at, end, &len) || len > (uint64_t)(end - *at))
		return false;
	for (; len; len--, (*at)++) {
		if (**at == DIVISION)
			*seen |= ZC_ROWS_DIVIDE;
		if (**at == BRANCH || **at == SKIP)
			*seen |= ZC_ROWS_STRANGE;
	}
	return true;
}

static bool take_bytes(const unsigned char **at, const unsigned char *end, size_t len)
{
	if (len > (size_t)(end - *at))
		return false;
	*at += len;
	return true;
}

static bool take_instruction(const unsigned char **at, const unsigned char *end, unsigned *seen)
{
	unsigned char code = *(*at)++;
	uint64_t number;

	switch (code >> 6) {
	case 1:                                       /* advance_loc */
	case 3: return true;                          /* restore */
	case 2: return take_number(at, end, &number); /* offset */
	default: break;
	}
	switch (operands[code]) {
	case NOTHING: return true;
	case ONE: return take_number(at, end, &number);
	case TWO:
		if (!take_number(at, end, &number))
			return false;
		return take_number(at, end, &number);
	case BLOCK: return take_block(at, end, seen);
	case ONE_BLOCK: return take_number(at, end, &number) && take_block(at, end, seen);
	case BYTES_1: return take_bytes(at, end, 1);
	case BYTES_2: return take_bytes(at, end, 2);
	case BYTES_4: return take_bytes(at, end, 4);
	default: return false;
	}
}

unsigned zc_rows_look(const unsigned char *program, size_t len)
{
	const unsigned char *at = program, *end = program + len;
	unsigned seen = 0;

	for (size_t i = 0; i < len; i++)
		if (program[i] == DIVISION)
			seen |= ZC_ROWS_BYTE;
	while (at < end)
		if (!take_instruction(&at, end, &seen))
			return seen | ZC_ROWS_STRANGE;
	return seen;
}

bool zc_rows_may_divide(unsigned seen)
{
	return seen & ZC_ROWS_DIVIDE || (seen & ZC_ROWS_STRANGE && seen & ZC_ROWS_BYTE);
}
