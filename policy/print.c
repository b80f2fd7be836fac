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

#include "policy/language/language.h"
#include "policy/set.h"
#include "text/json.h"

static const char *const layer_names[ZC_LAYER_COUNT] = { "base", "profile", "user", "implicit" };
static const char *const class_words[ZC_CLASS_COUNT] = { "read", "write",  "run", "net",
							 "net",  "listen", "sys" };

/* Typed bytes that a terminal would obey are shown as escapes. Others stay as they are. */
static const char *printable(struct zc_policy_set *set, const char *text)
{
	size_t len = strlen(text), n;
	char *out = NULL, *to;

	for (size_t i = 0; i < len && out == NULL; i++)
		if ((unsigned char)text[i] < 0x20 || (unsigned char)text[i] >= 0x7f)
			out = zc_set_alloc(set, 4 * len + 1);
	if (out == NULL)
		return text;
	to = out;
	for (const char *end = text + len; text < end; text += n) {
		unsigned char c = (unsigned char)*text;

		n = c >= 0x80 ? zc_utf8(text, (size_t)(end - text)) : c >= 0x20 && c != 0x7f;
		memcpy(to, text, n);
		to += n;
		if (n == 0) {
			to += sprintf(to, "\\x%02x", c);
			n = 1;
		}
	}
	return out;
}

const char *zc_rule_text(struct zc_policy_set *set, const struct zc_rule *rule, bool written)
{
	const char *value = written && rule->written ? printable(set, rule->written) : rule->value;

	if (rule->text != NULL)
		return rule->text;
	if (rule->everything)
		return zc_set_format(set, "%s-%s", zc_says_name(rule->says),
				     class_words[rule->cls]);
	if (value == NULL)
		return NULL;
	return zc_set_format(set, "%s-%s %s", zc_says_name(rule->says), class_words[rule->cls],
			     value);
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
	{ ZC_IMAGE_NO_DNS, "no-dns", NULL },
	{ ZC_IMAGE_PRIVATE_NAMES, "private-names", NULL },
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
		    zc_texts_add(lines,
				 zc_set_format(set, "%s %s\n", layer_names[rule->layer], text)))
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

/* Rules of a layer, in the order they came; sockets that follow from writes would say it twice. */
static bool is_shown(const struct zc_rule *rule, unsigned layer)
{
	return rule->layer == layer &&
	       !(rule->derived && layer != ZC_LAYER_IMPLICIT && rule->text != NULL);
}

static const char *list_addresses(struct zc_policy_set *set, const struct zc_rule *rule)
{
	const char *list = "";

	for (uint32_t i = 0; i < rule->addresses_count && list != NULL; i++)
		list = zc_set_format(set, "%s%s%s", list, i > 0 ? " " : "",
				     zc_net_print(set, rule->addresses[i].family,
						  rule->addresses[i].addr));
	return list;
}

static void print_rule(struct zc_policy_set *set, FILE *out, const struct zc_rule *rule, int width)
{
	const char *text = zc_rule_text(set, rule, true);
	const char *source = zc_origin_text(set, rule->origin);
	const char *last = NULL;

	fprintf(out, "%-8s  %-*s  %s", layer_names[rule->layer], width, text ? text : "?",
		source ? source : "?");
	/* Where it leads, when that is not what was written. */
	if (rule->patterns_count > 0 && rule->patterns_count <= 2)
		last = rule->patterns[rule->patterns_count - 1].text;
	if (rule->cls == ZC_CLASS_NET && rule->addresses_count > 0)
		last = list_addresses(set, rule);
	else if (rule->cls <= ZC_CLASS_NET && !rule->everything && rule->value != NULL &&
		 last == NULL && rule->patterns_count == 0 && rule->argv == NULL &&
		 strstr(rule->value, "${") != NULL)
		last = "nothing here";
	if (last != NULL && rule->written != NULL && rule->text == NULL &&
	    strcmp(last, rule->written + (strncmp(rule->written, "unix:", 5) == 0 ? 5 : 0)) != 0)
		fprintf(out, "  = %s", printable(set, last));
	fputc('\n', out);
}

static void print_text(struct zc_policy_set *set, FILE *out)
{
	size_t width = 0;

	for (size_t i = 0; i < set->rules_count; i++) {
		const char *text = zc_rule_text(set, &set->rules[i], true);
		size_t len = text ? strlen(text) : 0;

		width = len > width && len <= 60 ? len : width;
	}
	fprintf(out, "# policy sha256:%s\n", set->sha256);
	for (size_t i = 0; i < ZC_LEN(flags); i++)
		if (set->flags & flags[i].flag)
			fprintf(out, "flag      %s%s%s\n", flags[i].word, flags[i].value ? " " : "",
				flags[i].value ? flags[i].value : "");
	if (set->jail != NULL)
		fprintf(out, "flag      jail %s\n", printable(set, set->jail));
	for (unsigned layer = 0; layer < ZC_LAYER_COUNT; layer++)
		for (size_t i = 0; i < set->rules_count; i++)
			if (is_shown(&set->rules[i], layer))
				print_rule(set, out, &set->rules[i], (int)width);
	for (size_t i = 0; i < set->expects_count; i++)
		fprintf(out, "expect    %-*s  %s\n", (int)width,
			printable(set, set->expects[i].written),
			zc_origin_text(set, set->expects[i].origin));
}

static void print_json_rule(struct zc_policy_set *set, struct zc_json *json,
			    const struct zc_rule *rule)
{
	char word[24];

	snprintf(word, sizeof(word), "%s-%s", zc_says_name(rule->says), class_words[rule->cls]);
	zc_json_open(json, NULL, '{');
	zc_json_string(json, "layer", layer_names[rule->layer]);
	if (rule->everything)
		zc_json_bool(json, word, true);
	else
		zc_json_string(json, word, rule->value);
	zc_json_string(json, "source", zc_origin_text(set, rule->origin));
	zc_json_close(json, '}');
}

static void print_json_flags(struct zc_policy_set *set, struct zc_json *json)
{
	zc_json_uint(json, "version", 1);
	zc_json_bool(json, "no-base", true);
	for (size_t i = 0; i < ZC_LEN(flags); i++) {
		if (!(set->flags & flags[i].flag))
			continue;
		if (flags[i].value)
			zc_json_string(json, flags[i].word, flags[i].value);
		else
			zc_json_bool(json, flags[i].word, true);
	}
	if (set->jail != NULL)
		zc_json_string(json, "jail",
			       zc_value_encode(set, set->jail, strlen(set->jail), true));
}

/*
 * Profiles are written out, so that reading this back gives the same policy in a later version too;
 * what is derived from the run is not, because the next run derives its own.
 */
static int print_json(struct zc_policy_set *set, FILE *out)
{
	struct zc_json json = { .indent = 2 };
	bool failed;

	zc_json_open(&json, NULL, '{');
	print_json_flags(set, &json);
	zc_json_open(&json, "rules", '[');
	for (unsigned layer = 0; layer < ZC_LAYER_IMPLICIT; layer++)
		for (size_t i = 0; i < set->rules_count; i++)
			if (set->rules[i].layer == layer && !set->rules[i].derived)
				print_json_rule(set, &json, &set->rules[i]);
	zc_json_close(&json, ']');
	zc_json_open(&json, "expect", '[');
	for (size_t i = 0; i < set->expects_count; i++) {
		const struct zc_expect *expect = &set->expects[i];

		zc_json_string(&json, NULL,
			       zc_set_format(set, "%s %s %s", expect->allow ? "allow" : "deny",
					     class_words[expect->cls], expect->value));
	}
	zc_json_close(&json, ']');
	zc_json_close(&json, '}');
	zc_json_newline(&json);
	failed = json.failed;
	if (!failed)
		fwrite(json.bytes, 1, json.len, out);
	zc_json_free(&json);
	return failed ? -ENOMEM : 0;
}

int zc_policy_print(const struct zc_policy_set *set, FILE *out, bool json)
{
	/* The set's memory takes the texts made here; nothing else of it changes. */
	struct zc_policy_set *scratch = (struct zc_policy_set *)(uintptr_t)set;

	if (!set->frozen || set->sha256[0] == '\0')
		return -EINVAL;
	if (json && print_json(scratch, out) < 0)
		return -ENOMEM;
	if (!json)
		print_text(scratch, out);
	return fflush(out) == 0 && !ferror(out) ? 0 : -EIO;
}
