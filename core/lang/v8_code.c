/* SPDX-License-Identifier: MIT */
/*
 * v8_code.c - where in the source a frame of JavaScript is.
 *
 * A function is run by the interpreter, which keeps the instruction in the frame; or by code that was
 * made of its instructions one by one, whose table leads from the program counter to the instruction; or
 * by optimised code, with others compiled into it, whose own table leads to the source. Which one it is
 * is in no fact, so it is tried: a program counter must lie in what the code says that it has. A loop
 * may have been replaced by optimised code while it ran, in the frame that the interpreter made.
 */
#include "core/lang/v8.h"
#include "core/mem.h"

#define CODE_MAX (1u << 20) /* machine code of one function */
#define CODE_WORDS 12u      /* of a Code object, in which its address is looked for */
#define FUNCTION_WORDS 8u
#define SHARED_WORDS 5 /* of a function's description, one of which may be its code */
#define MEMBERS_MAX 7u /* objects of a Code object */
#define VECTOR_BYTES 4096u
#define VECTOR_CODES 64u /* objects of a feedback vector that are looked at */
#define WEAK 3u
#define WEAK_BIT 2u
#define INLINED_SIZE 16u /* position, function, padding */

/* The length of an array that is no longer than what fits. */
static bool array_length(struct zc_v8_walk *walk, uint64_t array, uint32_t *ret)
{
	uint64_t word;
	int32_t length;

	if (!zc_v8_word(walk, array, zc_v8_fact(walk, ZC_V8_ARRAY_LENGTH), &word) ||
	    !zc_v8_smi(word, &length) || length < 0)
		return false;
	*ret = (uint32_t)length;
	return true;
}

/* The bytes of a ByteArray. */
static bool read_table(struct zc_v8_walk *walk, uint64_t array, uint32_t *ret_len)
{
	int type = zc_v8_type(walk, array);

	return type >= 0 &&
	       (type == zc_v8_fact(walk, ZC_V8_TYPE_BYTES) ||
		type == zc_v8_fact(walk, ZC_V8_TYPE_TRUSTED_BYTES)) &&
	       array_length(walk, array, ret_len) && *ret_len <= ZC_V8_TABLE && *ret_len &&
	       zc_peek(walk->memory, array - 1 + (uint64_t)zc_v8_fact(walk, ZC_V8_ARRAY_DATA),
		       walk->work->table, *ret_len);
}

/* ---- instructions of the interpreter ---- */

/* Which of its members is the table of positions differs between versions: what reads as one is it. */
static int32_t position_of_instruction(struct zc_v8_walk *walk, uint64_t bytecode, uint64_t at)
{
	int32_t data = zc_v8_fact(walk, ZC_V8_BYTECODE_DATA), found = -1;
	uint32_t code_len, len;
	uint64_t member, position;

	if (!array_length(walk, bytecode, &code_len) || at >= code_len)
		return -1;
	for (int32_t offset = zc_v8_fact(walk, ZC_V8_ARRAY_LENGTH) + 8; offset + 8 <= data;
	     offset += 8) {
		if (!zc_v8_word(walk, bytecode, offset, &member) || !read_table(walk, member, &len))
			continue;
		if (zc_v8_position(walk->work->table, len, code_len, at, &position) &&
		    position != ZC_V8_NOWHERE)
			found = zc_v8_position_char(position);
	}
	return found;
}

static bool load_sizes(struct zc_v8_walk *walk)
{
	if (!walk->has_sizes && walk->v8->sizes)
		walk->has_sizes = zc_peek(walk->memory, walk->v8->sizes, walk->work->sizes,
					  3ul * walk->v8->size_count);
	return walk->has_sizes;
}

/* ---- machine code ---- */

/* Where the machine code of a Code object begins, when pc can be in it: the word that says so. */
static bool code_start(struct zc_v8_walk *walk, uint64_t code, uint64_t pc, uint64_t *ret)
{
	uint64_t word[CODE_WORDS];

	if (!zc_v8_is(walk, code, ZC_V8_TYPE_CODE) ||
	    !zc_peek(walk->memory, code - 1, word, sizeof(word)))
		return false;
	for (unsigned i = 1; i < CODE_WORDS; i++)
		if (!(word[i] & 3) && pc > word[i] && pc - word[i] < CODE_MAX) {
			*ret = word[i];
			return true;
		}
	return false;
}

/*
 * One of the objects that may be the member that a fact is about: the one, or where the fact is not
 * exported, any. Returns false when there are no more.
 */
static bool candidate(struct zc_v8_walk *walk, uint64_t object, enum zc_v8_fact fact, unsigned i,
		      uint64_t *ret)
{
	bool known = zc_v8_fact(walk, fact) != ZC_V8_UNKNOWN;

	return i < (known ? 1 : MEMBERS_MAX) &&
	       zc_v8_word(walk, object, known ? zc_v8_fact(walk, fact) : 8 + 8 * (int32_t)i, ret);
}

/* The function's code that was made of the instructions one by one, when pc can be in it. */
static bool find_baseline(struct zc_v8_walk *walk, const struct zc_v8_frame *frame,
			  uint64_t *ret_code, uint64_t *ret_start)
{
	for (int32_t offset = 8; offset <= 8 * SHARED_WORDS; offset += 8)
		if (zc_v8_word(walk, frame->shared, offset, ret_code) &&
		    code_start(walk, *ret_code, frame->pc, ret_start))
			return true;
	return false;
}

static bool place_of_baseline(struct zc_v8_walk *walk, const struct zc_v8_frame *frame,
			      struct zc_v8_place *ret)
{
	uint64_t code, start, offsets, at, found = 0;
	uint32_t len, code_len;
	bool any = false;

	if (!load_sizes(walk) || !find_baseline(walk, frame, &code, &start) ||
	    !array_length(walk, frame->bytecode, &code_len) || code_len > ZC_V8_TABLE ||
	    !zc_peek(walk->memory,
		     frame->bytecode - 1 + (uint64_t)zc_v8_fact(walk, ZC_V8_BYTECODE_DATA),
		     walk->work->code, code_len))
		return false;
	/* The last one: an array before it may have what the loader relocates. */
	for (unsigned i = 0; candidate(walk, code, ZC_V8_CODE_OFFSETS, i, &offsets); i++) {
		if (!read_table(walk, offsets, &len) ||
		    !zc_v8_instruction(walk->work->table, len, walk->work->code, code_len,
				       walk->work->sizes, walk->v8->size_count, frame->pc - start,
				       &at))
			continue;
		found = at;
		any = true;
	}
	if (any)
		ret->position = position_of_instruction(walk, frame->bytecode, found);
	return any;
}

/* A member, by its index, of an array of objects. */
static bool element(struct zc_v8_walk *walk, uint64_t array, int32_t index, uint64_t *ret)
{
	uint32_t len;

	return index >= 0 && array_length(walk, array, &len) && (uint32_t)index < len &&
	       zc_v8_word(walk, array, zc_v8_fact(walk, ZC_V8_ARRAY_DATA) + 8 * index, ret);
}

/*
 * Is this where the optimised code goes on after a call? Each such place is in the data for going back to
 * unoptimised code, as a number. Other code that lies near has it not.
 */
static bool goes_on_at(struct zc_v8_walk *walk, uint64_t deopt, uint64_t offset)
{
	uint64_t *word = (void *)walk->work->table;
	uint32_t len;

	if (!array_length(walk, deopt, &len) || len > ZC_V8_TABLE / 8 || !len ||
	    !zc_peek(walk->memory, deopt - 1 + (uint64_t)zc_v8_fact(walk, ZC_V8_ARRAY_DATA), word,
		     8ul * len))
		return false;
	for (uint32_t i = 0; i < len; i++)
		if (word[i] == offset << 32)
			return true;
	return false;
}

/* What was compiled into the function at this place: {where it was called, which of the literals it is}. */
static unsigned add_inlined(struct zc_v8_walk *walk, uint64_t deopt, uint64_t *position,
			    struct zc_v8_place ret[ZC_V8_INLINED])
{
	uint64_t literals, inlined, shared;
	unsigned count = 0;
	uint32_t len;

	if (zc_v8_fact(walk, ZC_V8_DEOPT_LITERALS) == ZC_V8_UNKNOWN ||
	    zc_v8_fact(walk, ZC_V8_DEOPT_INLINED) == ZC_V8_UNKNOWN ||
	    !element(walk, deopt, zc_v8_fact(walk, ZC_V8_DEOPT_LITERALS), &literals) ||
	    !element(walk, deopt, zc_v8_fact(walk, ZC_V8_DEOPT_INLINED), &inlined) ||
	    !read_table(walk, inlined, &len))
		return 0;
	for (unsigned depth = 0; depth < 2 * ZC_V8_INLINED; depth++) {
		int32_t index = zc_v8_position_inlined(*position), function;
		size_t at = (size_t)index * INLINED_SIZE;

		if (index < 0 || at + INLINED_SIZE > len)
			break;
		zc_copy(&function, walk->work->table + at + 8, sizeof(function));
		if (count < ZC_V8_INLINED - 1 && element(walk, literals, function, &shared))
			ret[count++] = (struct zc_v8_place){ shared & ~(uint64_t)WEAK_BIT,
							     zc_v8_position_char(*position) };
		zc_copy(position, walk->work->table + at, sizeof(*position));
	}
	return count;
}

/* Is the frame in this optimised code? Then with its data for going back. */
static bool find_deopt(struct zc_v8_walk *walk, uint64_t code, uint64_t offset, uint64_t *ret)
{
	for (unsigned i = 0; candidate(walk, code, ZC_V8_CODE_DEOPT, i, ret); i++)
		if (goes_on_at(walk, *ret, offset))
			return true;
	return false;
}

/* Returns how many places were found; 0: the frame is not in this code. */
static unsigned places_of_code(struct zc_v8_walk *walk, const struct zc_v8_frame *frame,
			       uint64_t code, struct zc_v8_place ret[ZC_V8_INLINED])
{
	uint64_t start, deopt, positions, position = ZC_V8_NOWHERE;
	unsigned count;
	uint32_t len;

	if (!code_start(walk, code, frame->pc, &start) ||
	    !find_deopt(walk, code, frame->pc - start, &deopt))
		return 0;
	for (unsigned i = 0; candidate(walk, code, ZC_V8_CODE_POSITIONS, i, &positions); i++)
		if (read_table(walk, positions, &len) &&
		    zc_v8_position(walk->work->table, len, CODE_MAX, frame->pc - start - 1,
				   &position) &&
		    position != ZC_V8_NOWHERE)
			break;
	if (position == ZC_V8_NOWHERE)
		return 0;
	count = add_inlined(walk, deopt, &position, ret);
	ret[count++] = (struct zc_v8_place){ frame->shared, zc_v8_position_char(position) };
	return count;
}

/* The function's own optimised code. */
static unsigned places_of_function(struct zc_v8_walk *walk, const struct zc_v8_frame *frame,
				   struct zc_v8_place ret[ZC_V8_INLINED])
{
	uint64_t word[FUNCTION_WORDS];
	unsigned count = 0;

	if (!zc_peek(walk->memory, frame->function - 1, word, sizeof(word)))
		return 0;
	for (unsigned i = 1; i < FUNCTION_WORDS && !count; i++)
		if ((word[i] & 3) == 1)
			count = places_of_code(walk, frame, word[i], ret);
	return count;
}

/* Code that took a loop over: the function's feedback knows it. */
static unsigned places_of_loop(struct zc_v8_walk *walk, const struct zc_v8_frame *frame,
			       struct zc_v8_place ret[ZC_V8_INLINED])
{
	uint64_t *word = (void *)walk->work->code;
	uint64_t cell, vector;
	unsigned count = 0, looked = 0;
	uint32_t bytes = VECTOR_BYTES;

	if (zc_v8_fact(walk, ZC_V8_FUNCTION_CELL) == ZC_V8_UNKNOWN ||
	    zc_v8_fact(walk, ZC_V8_CELL_VALUE) == ZC_V8_UNKNOWN ||
	    !zc_v8_word(walk, frame->function, zc_v8_fact(walk, ZC_V8_FUNCTION_CELL), &cell) ||
	    !zc_v8_word(walk, cell, zc_v8_fact(walk, ZC_V8_CELL_VALUE), &vector) ||
	    (vector & 3) != 1)
		return 0;
	while (!zc_peek(walk->memory, vector - 1, word, bytes)) {
		bytes /= 2; /* it may lie at the end of what is mapped */
		if (bytes < 64)
			return 0;
	}
	for (unsigned i = 1; i < bytes / 8 && !count && looked < VECTOR_CODES; i++) {
		if ((word[i] & 3) != WEAK)
			continue;
		looked++;
		count = places_of_code(walk, frame, word[i] & ~(uint64_t)WEAK_BIT, ret);
	}
	return count;
}

/* ---- all of them ---- */

static bool is_interpreted(struct zc_v8_walk *walk, const struct zc_v8_frame *frame, int32_t *ret)
{
	int32_t at;

	if (!zc_v8_smi(frame->offset, &at))
		return false;
	/* It is counted from the object's tagged address. */
	*ret = at - (zc_v8_fact(walk, ZC_V8_BYTECODE_DATA) - 1);
	return *ret >= 0;
}

unsigned zc_v8_places(struct zc_v8_walk *walk, const struct zc_v8_frame *frame,
		      struct zc_v8_place ret[ZC_V8_INLINED])
{
	bool in_builtin = frame->pc >= walk->v8->code_start && frame->pc < walk->v8->code_end;
	bool has_bytecode = zc_v8_is(walk, frame->bytecode, ZC_V8_TYPE_BYTECODE), has_offset;
	unsigned count = 0;
	int32_t at = 0;

	ret[0] = (struct zc_v8_place){ frame->shared, -1 };
	has_offset = has_bytecode && is_interpreted(walk, frame, &at);
	if (has_offset && (in_builtin || !frame->pc)) {
		ret[0].position = position_of_instruction(walk, frame->bytecode, (uint64_t)at);
		return 1;
	}
	if (!frame->pc || zc_v8_fact(walk, ZC_V8_TYPE_CODE) == ZC_V8_UNKNOWN)
		return 1;
	if (has_bytecode && !has_offset && place_of_baseline(walk, frame, &ret[0]))
		return 1;
	count = places_of_function(walk, frame, ret);
	if (!count)
		count = places_of_loop(walk, frame, ret);
	if (count)
		return count;
	ret[0] = (struct zc_v8_place){ frame->shared, -1 };
	if (has_offset) /* the interpreter's code may have been copied elsewhere */
		ret[0].position = position_of_instruction(walk, frame->bytecode, (uint64_t)at);
	return 1;
}
