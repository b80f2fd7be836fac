/* SPDX-License-Identifier: MIT */
/*
 * json.c - the strict JSON twin of a policy file (RFC 8259, UTF-8).
 *
 *   { "version": 1, "include": ["@dev"], "rules": [ {"allow-read": "/usr"}, {"deny-net": true} ],
 *     "expect": ["deny read /etc/shadow"], "no-net": true, "jail": "/srv/x", "gap": "allow" }
 *
 * It is read here and not by json-c because that keeps the last of two equal keys without a word and
 * does not know line numbers. What is no part of the shape above is a mistake, never skipped.
 */
#include <errno.h>
#include <stdlib.h>
#include <string.h>

#include "policy/language/twin.h"

static int read_layer(struct zc_twin *j, uint8_t *ret_layer)
{
	const char *name;

	if (zc_twin_string(j, &name))
		return -EINVAL;
	if (strcmp(name, "base") == 0)
		*ret_layer = ZC_LAYER_BASE;
	else if (strcmp(name, "profile") == 0)
		*ret_layer = ZC_LAYER_PROFILE;
	else if (strcmp(name, "user") == 0)
		*ret_layer = ZC_LAYER_USER;
	else
		return zc_fail(j->error, j->at.origin, "'%.80s' is no layer: base, profile or user",
			       name);
	return 0;
}

static int read_rule_value(struct zc_twin *j, const char *word, const char **ret)
{
	bool yes;

	*ret = NULL;
	if (zc_twin_space(j) == '"')
		return zc_twin_string(j, ret);
	if (zc_twin_bool(j, word, &yes) || !yes)
		return zc_fail(j->error, j->at.origin,
			       "'%s' is followed by a text, or by true for everything", word);
	return 0;
}

static bool is_rule(const struct zc_word *word)
{
	return word != NULL &&
	       (word->kind == ZC_WORD_RULE || (word->kind == ZC_WORD_ALL && word->name[1] != '\0'));
}

/* One rule: its word, and perhaps "layer" and "source", each once. */
struct rule_parts {
	const char *word, *value, *source;
	struct zc_origin origin;
	uint8_t layer;
	bool has_layer;
};

static int read_rule_member(struct zc_twin *j, struct rule_parts *parts)
{
	const char *key;

	if (zc_twin_string(j, &key) || zc_twin_want(j, ':', "after a key"))
		return -EINVAL;
	if ((strcmp(key, "layer") == 0 && parts->has_layer) ||
	    (strcmp(key, "source") == 0 && parts->source != NULL))
		return zc_fail(j->error, j->at.origin, "'%s' is there twice", key);
	if (strcmp(key, "layer") == 0) {
		parts->has_layer = true;
		return read_layer(j, &parts->layer);
	}
	if (strcmp(key, "source") == 0)
		return zc_twin_string(j, &parts->source);
	if (!is_rule(zc_word_find(key, strlen(key))))
		return zc_fail(j->error, j->at.origin, "unknown rule '%.80s'%s", key,
			       zc_word_hint(j->set, key, strlen(key)));
	if (parts->word != NULL)
		return zc_fail(j->error, j->at.origin, "one rule an object: '%s' is there already",
			       parts->word);
	parts->word = key;
	parts->origin = j->at.origin;
	return read_rule_value(j, key, &parts->value);
}

static int read_rule(struct zc_twin *j)
{
	struct rule_parts parts = { .layer = ZC_LAYER_USER };
	struct zc_statement at = j->at;
	int r = zc_twin_want(j, '{', "to start a rule");

	at.origin.line = j->at.origin.line;
	while (r == 0) {
		r = read_rule_member(j, &parts);
		if (r != 0 || zc_twin_space(j) != ',')
			break;
		j->text++;
	}
	if (r == 0)
		r = zc_twin_want(j, '}', "or ',' in a rule");
	if (r != 0)
		return r;
	if (parts.word == NULL)
		return zc_fail(j->error, at.origin, "a rule without a word such as 'allow-read'");
	at.origin = parts.origin;
	at.layer = parts.layer;
	j->stated++;
	return zc_set_state(j->set, &at, parts.word, strlen(parts.word), parts.value, j->error);
}

static int state_text(struct zc_twin *j, const char *word)
{
	const char *value;

	if (zc_twin_string(j, &value))
		return -EINVAL;
	j->stated++;
	return zc_set_state(j->set, &j->at, word, strlen(word), value, j->error);
}

static int read_include(struct zc_twin *j)
{
	return state_text(j, "include");
}

static int read_expect(struct zc_twin *j)
{
	return state_text(j, "expect");
}

static int read_version(struct zc_twin *j)
{
	const char *start;

	zc_twin_space(j);
	start = j->text;
	while (j->text < j->end && strchr("0123456789+-.eE", *j->text) != NULL && *j->text != '\0')
		j->text++;
	if (j->text - start == 1 && *start == '1')
		return 0;
	return zc_fail(j->error, j->at.origin,
		       "version '%.*s' is not known here; this is version 1",
		       (int)(j->text - start < 40 ? j->text - start : 40), start);
}

enum key_kind { KEY_VERSION, KEY_RULES, KEY_INCLUDE, KEY_EXPECT, KEY_TEXT, KEY_FLAG };
static const struct {
	const char *name;
	enum key_kind kind;
} keys[] = {
	{ "version", KEY_VERSION }, { "rules", KEY_RULES }, { "include", KEY_INCLUDE },
	{ "expect", KEY_EXPECT },   { "jail", KEY_TEXT },   { "gap", KEY_TEXT },
	{ "no-base", KEY_FLAG },    { "no-net", KEY_FLAG }, { "audit", KEY_FLAG },
	{ "kill", KEY_FLAG },       { "no-dns", KEY_FLAG }, { "private-names", KEY_FLAG },
};

static int read_flag(struct zc_twin *j, const char *name)
{
	bool yes;

	if (zc_twin_bool(j, name, &yes))
		return -EINVAL;
	j->stated++;
	return yes ? zc_set_state(j->set, &j->at, name, strlen(name), NULL, j->error) : 0;
}

static int read_key_value(struct zc_twin *j, size_t key)
{
	switch (keys[key].kind) {
	case KEY_VERSION: return read_version(j);
	case KEY_RULES: return zc_twin_list(j, '[', ']', "to start the rules", read_rule);
	case KEY_INCLUDE: return zc_twin_list(j, '[', ']', "to start the list", read_include);
	case KEY_EXPECT: return zc_twin_list(j, '[', ']', "to start the list", read_expect);
	case KEY_TEXT: return state_text(j, keys[key].name);
	case KEY_FLAG: return read_flag(j, keys[key].name);
	}
	return -EINVAL;
}

/* The whole object. seen: bit n, key n was there. */
static int read_members(struct zc_twin *j)
{
	const char *names[ZC_LEN(keys)], *key;
	uint32_t seen = 0;
	size_t k;
	int r;

	for (k = 0; k < ZC_LEN(keys); k++)
		names[k] = keys[k].name;
	do {
		if (zc_twin_string(j, &key) || zc_twin_want(j, ':', "after a key"))
			return -EINVAL;
		for (k = 0; k < ZC_LEN(keys) && strcmp(keys[k].name, key) != 0; k++)
			;
		if (k == ZC_LEN(keys))
			return zc_fail(j->error, j->at.origin, "unknown key '%.80s'%s", key,
				       is_rule(zc_word_find(key, strlen(key)))
					       ? "; it belongs into 'rules'"
					       : zc_hint(j->set, zc_nearest(key, strlen(key), names,
									    ZC_LEN(names))));
		if (seen >> k & 1)
			return zc_fail(j->error, j->at.origin, "'%s' is there twice", key);
		seen |= 1u << k;
		r = read_key_value(j, k);
		if (r != 0)
			return r;
	} while (zc_twin_space(j) == ',' && j->text++ != NULL);
	return zc_twin_want(j, '}', "or ','");
}

int zc_policy_add_json(struct zc_policy_set *set, const char *name, const char *text, size_t len,
		       struct zc_policy_error *ret_error)
{
	struct zc_twin j = {
		.set = set,
		.text = text,
		.end = text + len,
		.error = ret_error,
		.at = { .layer = ZC_LAYER_USER, .from_file = true },
	};
	int r;

	set->named = true;
	j.at.origin.name = zc_set_copy(set, name, strlen(name));
	j.at.origin.line = 1;
	j.at.base = zc_parse_base(set, name);
	if (j.at.origin.name == NULL || j.at.base == NULL)
		return zc_fail_memory(ret_error);
	r = zc_twin_want(&j, '{', "to start the policy");
	if (r == 0 && zc_twin_space(&j) == '}')
		j.text++;
	else if (r == 0)
		r = read_members(&j);
	if (r == 0 && zc_twin_space(&j) >= 0)
		r = zc_fail(ret_error, j.at.origin, "there is more after the end of the policy");
	if (r == 0 && j.stated == 0) {
		j.at.origin.line = 0;
		r = zc_fail(ret_error, j.at.origin,
			    "no rules: an empty policy is taken for a mistake");
	}
	return r;
}
