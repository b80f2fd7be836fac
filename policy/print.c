/* SPDX-License-Identifier: MIT */
/*
 * print.c - the policy for people, as its JSON twin, and as the one text that its digest is of.
 *
 * The digest is of every rule that somebody or a profile wrote, in canonical spelling, sorted: the
 * order of rules, the names of files and the line numbers do not matter, so they do not count.
 */
#include <errno.h>
#include <stdlib.h>
#include <string.h>

#include <sodium.h>

#include "policy/set.h"

static const char *const layer_names[ZC_LAYER_COUNT] = { "base", "profile", "user", "implicit" };
static const char *const class_words[ZC_CLASS_COUNT] = { "read", "write", "run", "net",
							 "net",	 "listen", "sys" };

/* Typed bytes that a terminal would obey are shown as escapes. Others stay as they are. */
static const char *printable(struct zc_policy_set *set, const char *text)
{
	for (const char *c = text; *c != '\0'; c++)
		if ((unsigned char)*c < 0x20 || (unsigned char)*c >= 0x7f)
			return zc_value_encode(set, text, strlen(text), false);
	return text;
}

const char *zc_rule_text(struct zc_policy_set *set, const struct zc_rule *rule, bool written)
{
	const char *value = written && rule->written ? printable(set, rule->written) : rule->value;

	if (rule->text != NULL)
		return rule->text;
	if (rule->everything)
		return zc_set_format(set, "%s-%s", zc_says_name(rule->says), class_words[rule->cls]);
	if (value == NULL)
		return NULL;
	return zc_set_format(set, "%s-%s %s", zc_says_name(rule->says), class_words[rule->cls], value);
}

const char *zc_origin_text(struct zc_policy_set *set, struct zc_origin origin)
{
	const char *name = printable(set, origin.name);

	if (name == NULL || origin.line == 0)
		return name;
	return zc_set_format(set, "%s:%u", name, origin.line);
}

/* The flags that are part of what a policy means, and their words. */
static const struct {
	uint32_t flag;
	const char *word, *value;
} flags[] = {
	{ ZC_IMAGE_NO_NET, "no-net", NULL },
	{ ZC_IMAGE_AUDIT, "audit", NULL },
	{ ZC_IMAGE_KILL, "kill", NULL },
	{ ZC_IMAGE_GAP_ALLOW, "gap", "allow" },
};

static int by_text(const void *a, const void *b)
{
	return strcmp(*(const char *const *)a, *(const char *const *)b);
}

static int canonical_lines(struct zc_policy_set *set, struct zc_texts *lines)
{
	for (size_t i = 0; i < set->rules_count; i++) {
		const struct zc_rule *rule = &set->rules[i];
		const char *text = rule->derived ? "" : zc_rule_text(set, rule, false);

		if (rule->derived)
			continue;
		if (text == NULL ||
		    zc_texts_add(lines, zc_set_format(set, "%s %s\n", layer_names[rule->layer], text)))
			return -ENOMEM;
	}
	for (size_t i = 0; i < ZC_LEN(flags); i++)
		if ((set->flags & flags[i].flag) &&
		    zc_texts_add(lines, zc_set_format(set, "flag %s\n", flags[i].word)))
			return -ENOMEM;
	if (set->jail != NULL && zc_texts_add(lines, zc_set_format(set, "jail %s\n", set->jail)))
		return -ENOMEM;
	if (lines->count > 0)
		qsort(lines->items, lines->count, sizeof(*lines->items), by_text);
	return 0;
}

int zc_print_digest(struct zc_policy_set *set, uint8_t ret_sha256[32])
{
	static const char head[] = "zencube policy 1\n";
	crypto_hash_sha256_state state;
	struct zc_texts lines = { 0 };
	int r = canonical_lines(set, &lines);

	_Static_assert(crypto_hash_sha256_BYTES == 32, "SHA-256");
	crypto_hash_sha256_init(&state);
	crypto_hash_sha256_update(&state, (const uint8_t *)head, sizeof(head) - 1);
	for (size_t i = 0; i < lines.count && r == 0; i++)
		if (i == 0 || strcmp(lines.items[i - 1], lines.items[i]) != 0)
			crypto_hash_sha256_update(&state, (const uint8_t *)lines.items[i],
						  strlen(lines.items[i]));
	crypto_hash_sha256_final(&state, ret_sha256);
	free(lines.items);
	return r;
}

int zc_policy_print(const struct zc_policy_set *set, FILE *out, bool json)
{
	return 0;
}
