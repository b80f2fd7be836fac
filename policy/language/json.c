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

#include "policy/language/language.h"
#include "policy/set.h"

#define STRING_CAP 20000u /* a path of PATH_MAX with every byte escaped as \xHH */

struct json {
	struct zc_policy_set *set;
	struct zc_statement at;
	const char *text, *end;
	size_t stated;
	struct zc_policy_error *error;
};

static int skip_space(struct json *j)
{
	while (j->text < j->end && strchr(" \t\r\n", *j->text) != NULL && *j->text != '\0')
		j->at.origin.line += *j->text++ == '\n';
	return j->text < j->end ? (unsigned char)*j->text : -1;
}

static int want(struct json *j, char c, const char *where)
{
	if (skip_space(j) == c) {
		j->text++;
		return 0;
	}
	if (j->text == j->end)
		return zc_fail(j->error, j->at.origin, "the text ends where '%c' was expected %s",
			       c, where);
	return zc_fail(j->error, j->at.origin, "expected '%c' %s, not '%c'", c, where, *j->text);
}

static int hex4(const char *text, const char *end, unsigned *ret)
{
	*ret = 0;
	if (end - text < 4)
		return -EINVAL;
	for (int i = 0; i < 4; i++) {
		char c = text[i];
		unsigned digit = c >= '0' && c <= '9'   ? (unsigned)(c - '0')
				 : c >= 'a' && c <= 'f' ? (unsigned)(c - 'a' + 10)
				 : c >= 'A' && c <= 'F' ? (unsigned)(c - 'A' + 10)
							: 16;

		if (digit == 16)
			return -EINVAL;
		*ret = *ret << 4 | digit;
	}
	return 0;
}

static size_t put_utf8(char *to, unsigned c)
{
	size_t n = c < 0x80 ? 1 : c < 0x800 ? 2 : c < 0x10000 ? 3 : 4;

	if (n == 1) {
		to[0] = (char)c;
		return 1;
	}
	for (size_t i = n; i-- > 1; c >>= 6)
		to[i] = (char)(0x80 | (c & 0x3f));
	to[0] = (char)((0xf00u >> n & 0xff) | c);
	return n;
}

/* What follows a backslash. Returns bytes written to to[4], 0 for a mistake. */
static size_t read_escape(struct json *j, char *to)
{
	static const char plain[] = "\"\\/bfnrt", meant[] = "\"\\/\b\f\n\r\t";
	const char *found;
	unsigned c, low;

	if (j->text == j->end)
		return 0;
	if (*j->text != 'u') {
		found = *j->text != '\0' ? strchr(plain, *j->text) : NULL;
		if (found == NULL)
			return 0;
		j->text++;
		to[0] = meant[found - plain];
		return 1;
	}
	if (hex4(++j->text, j->end, &c) || c == 0 || (c >= 0xdc00 && c < 0xe000))
		return 0;
	j->text += 4;
	if (c >= 0xd800 && c < 0xdc00) {
		if (j->end - j->text < 6 || j->text[0] != '\\' || j->text[1] != 'u' ||
		    hex4(j->text + 2, j->end, &low) || low < 0xdc00 || low >= 0xe000)
			return 0;
		j->text += 6;
		c = 0x10000 + ((c - 0xd800) << 10) + (low - 0xdc00);
	}
	return put_utf8(to, c);
}

static int read_string(struct json *j, const char **ret)
{
	char *copy;
	size_t len = 0;
	bool sound = false;

	*ret = "";
	if (want(j, '"', "to start a text"))
		return -EINVAL;
	copy = malloc(STRING_CAP);
	if (copy == NULL)
		return zc_fail_memory(j->error);
	while (j->text < j->end && len + 5 < STRING_CAP) {
		unsigned char c = (unsigned char)*j->text;
		size_t n = c >= 0x80 ? zc_utf8(j->text, (size_t)(j->end - j->text)) : c >= 0x20;

		sound = c == '"';
		if (n == 0 || sound)
			break;
		if (c == '\\') {
			j->text++;
			n = read_escape(j, copy + len);
			if (n == 0)
				break;
			len += n;
			continue;
		}
		memcpy(copy + len, j->text, n);
		len += n;
		j->text += n;
	}
	*ret = sound ? zc_set_copy(j->set, copy, len) : "";
	free(copy);
	if (*ret == NULL)
		return zc_fail_memory(j->error);
	if (!sound)
		return zc_fail(j->error, j->at.origin,
			       j->text == j->end       ? "a text has no end"
			       : len + 5 >= STRING_CAP ? "a text is too long"
						       : "a text holds what JSON does not allow: a "
							 "bad escape, a control or no UTF-8");
	j->text++;
	return 0;
}

static bool read_word(struct json *j, const char *word)
{
	size_t len = strlen(word);

	if ((size_t)(j->end - j->text) < len || memcmp(j->text, word, len) != 0)
		return false;
	j->text += len;
	return true;
}

static int read_bool(struct json *j, const char *key, bool *ret)
{
	skip_space(j);
	*ret = read_word(j, "true");
	if (*ret || read_word(j, "false"))
		return 0;
	return zc_fail(j->error, j->at.origin, "'%s' is true or false", key);
}

/* Goes through "[ item, ... ]" or "{ item, ... }". */
static int read_list(struct json *j, char open, char close, const char *where,
		     int (*item)(struct json *j))
{
	int r = want(j, open, where);

	if (r == 0 && skip_space(j) == close) {
		j->text++;
		return 0;
	}
	while (r == 0) {
		r = item(j);
		if (r != 0)
			break;
		if (skip_space(j) == ',') {
			j->text++;
			continue;
		}
		return want(j, close, "or ','");
	}
	return r;
}

static int read_layer(struct json *j, uint8_t *ret_layer)
{
	const char *name;

	if (read_string(j, &name))
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

static int read_rule_value(struct json *j, const char *word, const char **ret)
{
	bool yes;

	*ret = NULL;
	if (skip_space(j) == '"')
		return read_string(j, ret);
	if (read_bool(j, word, &yes) || !yes)
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

static int read_rule_member(struct json *j, struct rule_parts *parts)
{
	const char *key;

	if (read_string(j, &key) || want(j, ':', "after a key"))
		return -EINVAL;
	if ((strcmp(key, "layer") == 0 && parts->has_layer) ||
	    (strcmp(key, "source") == 0 && parts->source != NULL))
		return zc_fail(j->error, j->at.origin, "'%s' is there twice", key);
	if (strcmp(key, "layer") == 0) {
		parts->has_layer = true;
		return read_layer(j, &parts->layer);
	}
	if (strcmp(key, "source") == 0)
		return read_string(j, &parts->source);
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

static int read_rule(struct json *j)
{
	struct rule_parts parts = { .layer = ZC_LAYER_USER };
	struct zc_statement at = j->at;
	int r = want(j, '{', "to start a rule");

	at.origin.line = j->at.origin.line;
	while (r == 0) {
		r = read_rule_member(j, &parts);
		if (r != 0 || skip_space(j) != ',')
			break;
		j->text++;
	}
	if (r == 0)
		r = want(j, '}', "or ',' in a rule");
	if (r != 0)
		return r;
	if (parts.word == NULL)
		return zc_fail(j->error, at.origin, "a rule without a word such as 'allow-read'");
	at.origin = parts.origin;
	at.layer = parts.layer;
	j->stated++;
	return zc_set_state(j->set, &at, parts.word, strlen(parts.word), parts.value, j->error);
}

static int state_text(struct json *j, const char *word)
{
	const char *value;

	if (read_string(j, &value))
		return -EINVAL;
	j->stated++;
	return zc_set_state(j->set, &j->at, word, strlen(word), value, j->error);
}

static int read_include(struct json *j)
{
	return state_text(j, "include");
}

static int read_expect(struct json *j)
{
	return state_text(j, "expect");
}

static int read_version(struct json *j)
{
	const char *start;

	skip_space(j);
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

static int read_flag(struct json *j, const char *name)
{
	bool yes;

	if (read_bool(j, name, &yes))
		return -EINVAL;
	j->stated++;
	return yes ? zc_set_state(j->set, &j->at, name, strlen(name), NULL, j->error) : 0;
}

static int read_key_value(struct json *j, size_t key)
{
	switch (keys[key].kind) {
	case KEY_VERSION: return read_version(j);
	case KEY_RULES: return read_list(j, '[', ']', "to start the rules", read_rule);
	case KEY_INCLUDE: return read_list(j, '[', ']', "to start the list", read_include);
	case KEY_EXPECT: return read_list(j, '[', ']', "to start the list", read_expect);
	case KEY_TEXT: return state_text(j, keys[key].name);
	case KEY_FLAG: return read_flag(j, keys[key].name);
	}
	return -EINVAL;
}

/* The whole object. seen: bit n, key n was there. */
static int read_members(struct json *j)
{
	const char *names[ZC_LEN(keys)], *key;
	uint32_t seen = 0;
	size_t k;
	int r;

	for (k = 0; k < ZC_LEN(keys); k++)
		names[k] = keys[k].name;
	do {
		if (read_string(j, &key) || want(j, ':', "after a key"))
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
	} while (skip_space(j) == ',' && j->text++ != NULL);
	return want(j, '}', "or ','");
}

int zc_policy_add_json(struct zc_policy_set *set, const char *name, const char *text, size_t len,
		       struct zc_policy_error *ret_error)
{
	struct json j = {
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
	r = want(&j, '{', "to start the policy");
	if (r == 0 && skip_space(&j) == '}')
		j.text++;
	else if (r == 0)
		r = read_members(&j);
	if (r == 0 && skip_space(&j) >= 0)
		r = zc_fail(ret_error, j.at.origin, "there is more after the end of the policy");
	if (r == 0 && j.stated == 0) {
		j.at.origin.line = 0;
		r = zc_fail(ret_error, j.at.origin,
			    "no rules: an empty policy is taken for a mistake");
	}
	return r;
}
