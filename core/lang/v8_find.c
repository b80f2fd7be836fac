/* SPDX-License-Identifier: MIT */
/*
 * v8_find.c - does this mapped file hold a V8, and where are things in its objects?
 *
 * By what it exports for debuggers; a fact that is needed and not there means that there are no frames.
 */
#include "core/lang/v8.h"
#include "core/mem.h"

#define FEWEST_BUCKETS 64u /* who exports V8's hundreds of facts has a large table */
#define WORD_SHIFT 31      /* SmiShiftSize where words are not compressed */
#define FACT_LEAST (-256)
#define FACT_MOST 65535

static const struct {
	const char *symbols;
	bool needed;
} facts[] = {
#define FACT(name, needed, symbols) [ZC_V8_##name] = { symbols, needed },
	ZC_V8_FACTS_LIST(FACT)
#undef FACT
};

/* The fact of this symbol, whose name is len bytes long. */
static int32_t fact_of(struct zc_peek *memory, const struct zc_exports *exports, const char *symbol,
		       size_t len)
{
	static const char prefix[] = "v8dbg_";
	char name[96];
	size_t before = sizeof(prefix) - 1;
	uint64_t address;
	int32_t value;

	if (before + len >= sizeof(name))
		return ZC_V8_UNKNOWN;
	zc_copy(name, prefix, before);
	zc_copy(name + before, symbol, len);
	name[before + len] = '\0';
	address = zc_export(memory, exports, name);
	if (!address || !zc_peek(memory, address, &value, sizeof(value)) || value < FACT_LEAST ||
	    value > FACT_MOST)
		return ZC_V8_UNKNOWN;
	return value;
}

static int32_t find_fact(struct zc_peek *memory, const struct zc_exports *exports,
			 const char *symbols)
{
	int32_t value = ZC_V8_UNKNOWN;

	while (*symbols && value == ZC_V8_UNKNOWN) {
		size_t len = 0;

		while (symbols[len] && symbols[len] != ' ')
			len++;
		value = fact_of(memory, exports, symbols, len);
		symbols += len + (symbols[len] == ' ');
	}
	return value;
}

/* Three rows: of plain instructions, and of those with wider operands. */
static void find_sizes(struct zc_peek *memory, const struct zc_exports *exports, struct zc_v8 *ret)
{
	uint64_t size = 0;

	ret->sizes = zc_export_sized(
		memory, exports, "_ZN2v88internal11interpreter9Bytecodes14kBytecodeSizesE", &size);
	if (size % 3 || size / 3 > ZC_V8_BYTECODES)
		ret->sizes = 0;
	ret->size_count = ret->sizes ? (uint32_t)(size / 3) : 0;
}

bool zc_v8_look(struct zc_peek *memory, const struct zc_exports *exports, struct zc_v8 *ret)
{
	if (exports->head[0] < FEWEST_BUCKETS)
		return false;
	for (unsigned i = 0; i < ZC_V8_FACTS; i++) {
		ret->fact[i] = find_fact(memory, exports, facts[i].symbols);
		if (ret->fact[i] == ZC_V8_UNKNOWN && facts[i].needed)
			return false;
	}
	if (ret->fact[ZC_V8_SMI_SHIFT] != WORD_SHIFT)
		return false;
	ret->code_start = exports->code_start;
	ret->code_end = exports->code_end;
	find_sizes(memory, exports, ret);
	return true;
}
