/* SPDX-License-Identifier: MIT */
/*
 * v8_heap.h - a process with V8 in it, as bytes: stack and heap of one call, laid out as in Node 20.
 *
 * The first HEAP_STACK bytes are the copied stack, objects follow. What a member is called is what the
 * fact is called.
 */
#ifndef ZC_TESTS_V8_HEAP_H
#define ZC_TESTS_V8_HEAP_H

#include <stdint.h>
#include <string.h>

#include "core/lang/v8.h"

#define HEAP_AT 0x100000u
#define HEAP_STACK 1024u
#define HEAP_MAX 16384u
#define HEAP_CODE 0x5000000u /* where V8's own machine code is said to be */

static const int32_t heap_facts[ZC_V8_FACTS] = {
	[ZC_V8_FP_FUNCTION] = -16,
	[ZC_V8_FP_CONTEXT] = -8,
	[ZC_V8_FP_BYTECODE] = -32,
	[ZC_V8_FP_OFFSET] = -40,
	[ZC_V8_ENTRY_FRAME] = 1,
	[ZC_V8_CONSTRUCT_ENTRY_FRAME] = 2,
	[ZC_V8_SMI_SHIFT] = 31,
	[ZC_V8_MAP_TYPE] = 12,
	[ZC_V8_FUNCTION_SHARED] = 24,
	[ZC_V8_FUNCTION_CELL] = 40,
	[ZC_V8_CELL_VALUE] = 8,
	[ZC_V8_SHARED_NAME] = 16,
	[ZC_V8_SHARED_SCRIPT] = 32,
	[ZC_V8_SCRIPT_NAME] = 16,
	[ZC_V8_SCRIPT_SOURCE] = 8,
	[ZC_V8_STRING_LENGTH] = 12,
	[ZC_V8_ONE_BYTE_CHARS] = 16,
	[ZC_V8_TWO_BYTE_CHARS] = 16,
	[ZC_V8_CONS_FIRST] = 16,
	[ZC_V8_CONS_SECOND] = 24,
	[ZC_V8_SLICED_PARENT] = 16,
	[ZC_V8_SLICED_OFFSET] = 24,
	[ZC_V8_THIN_ACTUAL] = 16,
	[ZC_V8_EXTERNAL_RESOURCE] = 16,
	[ZC_V8_ARRAY_LENGTH] = 8,
	[ZC_V8_ARRAY_DATA] = 16,
	[ZC_V8_BYTECODE_DATA] = 54,
	[ZC_V8_CODE_OFFSETS] = 24,
	[ZC_V8_CODE_POSITIONS] = 24,
	[ZC_V8_CODE_DEOPT] = 16,
	[ZC_V8_DEOPT_LITERALS] = 2,
	[ZC_V8_DEOPT_INLINED] = 7,
	[ZC_V8_SCOPE_LOCALS] = 2,
	[ZC_V8_SCOPE_FIRST] = 3,
	[ZC_V8_NOT_STRING] = -128,
	[ZC_V8_STRING_KIND] = 7,
	[ZC_V8_STRING_CONS] = 1,
	[ZC_V8_STRING_EXTERNAL] = 2,
	[ZC_V8_STRING_SLICED] = 3,
	[ZC_V8_STRING_THIN] = 5,
	[ZC_V8_STRING_ENCODING] = 8,
	[ZC_V8_TYPE_SHARED] = 262,
	[ZC_V8_TYPE_SCRIPT] = 167,
	[ZC_V8_TYPE_SCOPE] = 261,
	[ZC_V8_TYPE_BYTECODE] = 191,
	[ZC_V8_TYPE_BYTES] = 190,
	[ZC_V8_TYPE_TRUSTED_BYTES] = ZC_V8_UNKNOWN,
	[ZC_V8_TYPE_CODE] = 245,
};

struct heap {
	unsigned char byte[HEAP_MAX];
	size_t len;
	unsigned reads;
};

static inline void heap_v8(struct zc_v8 *ret)
{
	memset(ret, 0, sizeof(*ret));
	memcpy(ret->fact, heap_facts, sizeof(heap_facts));
	ret->code_start = HEAP_CODE;
	ret->code_end = HEAP_CODE + 4096;
}

static inline long heap_read(void *context, uint64_t address, void *buffer, size_t len)
{
	struct heap *heap = context;

	heap->reads++;
	if (address < HEAP_AT || address - HEAP_AT > heap->len ||
	    len > heap->len - (address - HEAP_AT))
		return -1;
	memcpy(buffer, heap->byte + (address - HEAP_AT), len);
	return (long)len;
}

#endif
