/* SPDX-License-Identifier: MIT */
/*
 * words.c - the vocabulary of policies, one row a word, and the nearest word to a mistyped one.
 */
#include <string.h>

#include "core/call.h"
#include "policy/language/language.h"
#include "policy/set.h"

#define RULE(verb, says, noun, cls) \
	{ \
		verb "-" noun, ZC_WORD_RULE, ZC_SAYS_##says, ZC_CLASS_##cls, ZC_VALUE_OPTIONAL, 0 \
	}
#define RULES(verb, says) \
	RULE(verb, says, "read", READ), RULE(verb, says, "write", WRITE), \
		RULE(verb, says, "run", RUN), RULE(verb, says, "net", NET), \
		RULE(verb, says, "listen", LISTEN), RULE(verb, says, "sys", SYS)
#define FLAG(name, flag) \
	{ \
		name, ZC_WORD_FLAG, 0, 0, ZC_VALUE_NEVER, flag \
	}

static const struct zc_word words[] = {
	RULES("allow", ALLOW),
	RULES("deny", DENY),
	RULES("log", LOG),
	RULES("quiet-deny", QUIET),
	RULES("ask", ASK),
	{ "allow-all", ZC_WORD_ALL, 0, 0, ZC_VALUE_NEVER, 0 },
	{ "A", ZC_WORD_ALL, 0, 0, ZC_VALUE_NEVER, 0 },
	{ "include", ZC_WORD_INCLUDE, 0, 0, ZC_VALUE_ALWAYS, 0 },
	{ "expect", ZC_WORD_EXPECT, 0, 0, ZC_VALUE_ALWAYS, 0 },
	{ "policy", ZC_WORD_POLICY, 0, 0, ZC_VALUE_ALWAYS, 0 },
	{ "policy-json", ZC_WORD_POLICY_JSON, 0, 0, ZC_VALUE_ALWAYS, 0 },
	{ "no-base", ZC_WORD_NO_BASE, 0, 0, ZC_VALUE_NEVER, 0 },
	{ "jail", ZC_WORD_JAIL, 0, 0, ZC_VALUE_ALWAYS, 0 },
	{ "gap", ZC_WORD_GAP, 0, 0, ZC_VALUE_ALWAYS, 0 },
	FLAG("no-net", ZC_IMAGE_NO_NET),
	FLAG("no-dns", ZC_IMAGE_NO_DNS),
	FLAG("private-names", ZC_IMAGE_PRIVATE_NAMES),
	FLAG("audit", ZC_IMAGE_AUDIT),
	FLAG("kill", ZC_IMAGE_KILL),
};

static const char *const class_names[] = {
	[ZC_CLASS_READ] = "read", [ZC_CLASS_WRITE] = "write", [ZC_CLASS_RUN] = "run",
	[ZC_CLASS_UNIX] = "",     [ZC_CLASS_NET] = "net",     [ZC_CLASS_LISTEN] = "listen",
	[ZC_CLASS_SYS] = "sys",
};

const struct zc_word *zc_word_find(const char *name, size_t len)
{
	for (size_t i = 0; i < ZC_LEN(words); i++)
		if (strlen(words[i].name) == len && memcmp(words[i].name, name, len) == 0)
			return &words[i];
	return NULL;
}

bool zc_policy_is_flag(const char *name, int *ret_takes_value)
{
	const struct zc_word *word = zc_word_find(name, strlen(name));

	if (word == NULL)
		return false;
	if (ret_takes_value != NULL)
		*ret_takes_value = word->value;
	return true;
}

const char *zc_says_name(unsigned says)
{
	static const char *const names[] = { "allow", "log", "ask", "deny", "quiet-deny" };

	return says < ZC_LEN(names) ? names[says] : "?";
}

int zc_class_find(const char *name, size_t len)
{
	for (size_t i = 0; i < ZC_LEN(class_names); i++)
		if (len > 0 && strlen(class_names[i]) == len &&
		    memcmp(class_names[i], name, len) == 0)
			return (int)i;
	return -1;
}

int zc_sys_find(const char *name, size_t len)
{
	for (unsigned i = 0; i < ZC_SYS_COUNT; i++)
		if (strlen(zc_sys_name(i)) == len && memcmp(zc_sys_name(i), name, len) == 0)
			return (int)i;
	return -1;
}

static unsigned least(unsigned a, unsigned b)
{
	return a < b ? a : b;
}

#define DISTANCE_CAP 40u

/* Optimal string alignment: insertions, deletions, changes and swaps of neighbours count one each. */
static unsigned distance(const char *a, size_t a_len, const char *b, size_t b_len)
{
	unsigned rows[3][DISTANCE_CAP + 1];
	unsigned *before = rows[0], *last = rows[1], *row = rows[2];

	for (unsigned j = 0; j <= b_len; j++)
		last[j] = j;
	for (size_t i = 1; i <= a_len; i++) {
		unsigned *spare = before;

		row[0] = (unsigned)i;
		for (size_t j = 1; j <= b_len; j++) {
			row[j] = least(last[j - 1] + (a[i - 1] != b[j - 1]),
				       least(last[j], row[j - 1]) + 1);
			if (i > 1 && j > 1 && a[i - 1] == b[j - 2] && a[i - 2] == b[j - 1])
				row[j] = least(row[j], before[j - 2] + 1);
		}
		before = last, last = row, row = spare;
	}
	return last[b_len];
}

const char *zc_nearest(const char *typed, size_t len, const char *const *names, size_t count)
{
	unsigned best = (unsigned)len / 3 + 1;
	const char *nearest = NULL;

	if (len == 0 || len > DISTANCE_CAP)
		return NULL;
	for (size_t i = 0; i < count; i++) {
		size_t name_len = strlen(names[i]);
		unsigned d;

		if (name_len < 2 || name_len > DISTANCE_CAP)
			continue;
		d = distance(typed, len, names[i], name_len);
		if (d < best || (d == best && nearest == NULL)) {
			best = d;
			nearest = names[i];
		}
	}
	return nearest;
}

const char *zc_policy_suggest(const char *name)
{
	const char *names[ZC_LEN(words)];
	size_t count = 0;

	for (size_t i = 0; i < ZC_LEN(words); i++)
		names[count++] = words[i].name;
	return zc_nearest(name, strlen(name), names, count);
}

const char *zc_sys_nearest(const char *typed, size_t len)
{
	const char *names[ZC_SYS_COUNT];

	for (unsigned i = 0; i < ZC_SYS_COUNT; i++)
		names[i] = zc_sys_name(i);
	return zc_nearest(typed, len, names, ZC_SYS_COUNT);
}

const char *zc_hint(struct zc_policy_set *set, const char *nearest)
{
	const char *hint = NULL;

	if (nearest != NULL)
		hint = zc_set_format(set, "; did you mean '%s'?", nearest);
	return hint != NULL ? hint : "";
}

const char *zc_word_hint(struct zc_policy_set *set, const char *typed, size_t len)
{
	const char *copy = zc_set_copy(set, typed, len);

	return zc_hint(set, copy != NULL ? zc_policy_suggest(copy) : NULL);
}
