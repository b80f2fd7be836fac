/* SPDX-License-Identifier: MIT */
/*
 * v8_shared.c - what a function is called and where it begins: its SharedFunctionInfo and its ScopeInfo.
 *
 * A ScopeInfo has its flags, two counts, the names and kinds of variables that outlive a call, and then
 * what only some have. Which it has is in the flags, whose bits are not exported: the order of what
 * follows (the name with a number, an inferred name, two positions) tells it as well.
 */
#include "core/lang/v8.h"
#include "core/mem.h"

#define LOCALS_INLINED 75 /* with more, their names are in a table of their own */
#define LOCALS_MAX 4096
#define POSITIONS_FIRST 5 /* with as many words before the variables, the last are positions */
#define WORDS 8u          /* behind the variables that are looked at */

static bool is_smi(uint64_t word)
{
	return !(uint32_t)word;
}

static int32_t number(uint64_t word)
{
	return (int32_t)(word >> 32);
}

/* A string, or none: zero and oddballs are none. */
static bool may_be_name(struct zc_v8_walk *walk, uint64_t word)
{
	int type = is_smi(word) ? 0 : zc_v8_type(walk, word);

	return type >= 0 && (is_smi(word) ? !word : !(type & zc_v8_fact(walk, ZC_V8_NOT_STRING)));
}

struct scope {
	uint64_t name, inferred; /* 0: none */
	int32_t start, end;      /* -1: not known */
};

static bool take_positions(const uint64_t *word, struct scope *ret)
{
	if (!is_smi(word[0]) || !is_smi(word[1]) || number(word[0]) < 0 ||
	    number(word[1]) < number(word[0]))
		return false;
	ret->start = number(word[0]);
	ret->end = number(word[1]);
	return true;
}

/* Is what begins here the name of a function with its slot, perhaps an inferred name, and positions? */
static bool take_names(struct zc_v8_walk *walk, const uint64_t word[WORDS], struct scope *ret)
{
	if (!is_smi(word[1]) || !may_be_name(walk, word[0]))
		return false;
	ret->name = word[0];
	if (ret->start >= 0) { /* they stand before */
		ret->inferred = !is_smi(word[2]) && may_be_name(walk, word[2]) ? word[2] : 0;
		return true;
	}
	if (take_positions(word + 2, ret))
		return true;
	if (is_smi(word[2]) || !take_positions(word + 3, ret))
		return false;
	ret->inferred = may_be_name(walk, word[2]) ? word[2] : 0;
	return true;
}

static void read_scope(struct zc_v8_walk *walk, uint64_t object, struct scope *ret)
{
	int32_t first = zc_v8_fact(walk, ZC_V8_SCOPE_FIRST), count;
	uint64_t locals, word[WORDS];

	*ret = (struct scope){ .start = -1, .end = -1 };
	if (!zc_v8_word(walk, object, 8 * (1 + zc_v8_fact(walk, ZC_V8_SCOPE_LOCALS)), &locals) ||
	    !zc_v8_smi(locals, &count) || count < 0 || count > LOCALS_MAX)
		return;
	if (first >= POSITIONS_FIRST &&
	    zc_peek(walk->memory, object - 1 + 8 * (uint64_t)(first - 1), word, 16))
		take_positions(word, ret);
	first += count < LOCALS_INLINED ? 2 * count : 1 + count;
	/* The scope of a module counts its variables before them, that of a class keeps one behind. */
	for (int32_t skip = 0; skip < 3; skip++) {
		struct scope scope = { .start = ret->start, .end = ret->end };

		if (!zc_peek(walk->memory, object - 1 + 8 * (uint64_t)(1 + first + skip), word,
			     sizeof(word)))
			return;
		if (take_names(walk, word, &scope)) {
			zc_copy(ret, &scope, sizeof(scope));
			return;
		}
		if (!skip && ret->start < 0 && take_positions(word, ret))
			return; /* no function's */
	}
}

static bool put_name(struct zc_v8_walk *walk, uint64_t object, uint16_t *ret_len)
{
	return object && zc_v8_text(walk, object, walk->work->function, ret_len) && *ret_len;
}

static void put_fixed(struct zc_v8_walk *walk, const char *name, uint16_t *ret_len)
{
	*ret_len = (uint16_t)zc_len(name);
	zc_copy(walk->work->function, name, *ret_len);
}

/* As Node says it: its name, or one that was made up from what it was assigned to. */
bool zc_v8_function(struct zc_v8_walk *walk, uint64_t shared, struct zc_v8_function *ret)
{
	struct scope scope = { .start = -1 };
	uint64_t name, script_name;

	*ret = (struct zc_v8_function){ .shared = shared, .start = -1 };
	if (!zc_v8_is(walk, shared, ZC_V8_TYPE_SHARED) ||
	    !zc_v8_word(walk, shared, zc_v8_fact(walk, ZC_V8_SHARED_SCRIPT), &ret->script) ||
	    !zc_v8_is(walk, ret->script, ZC_V8_TYPE_SCRIPT) ||
	    !zc_v8_word(walk, shared, zc_v8_fact(walk, ZC_V8_SHARED_NAME), &name))
		return false;
	if (zc_v8_is(walk, name, ZC_V8_TYPE_SCOPE)) {
		read_scope(walk, name, &scope);
		name = scope.name;
	}
	ret->start = scope.start;
	if (put_name(walk, name, &ret->name_len) || put_name(walk, scope.inferred, &ret->name_len))
		return true;
	if (zc_v8_word(walk, ret->script, zc_v8_fact(walk, ZC_V8_SCRIPT_NAME), &script_name) &&
	    !may_be_name(walk, script_name))
		put_fixed(walk, "eval", &ret->name_len);
	else
		put_fixed(walk, "<anonymous>", &ret->name_len);
	return true;
}
