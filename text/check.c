/* SPDX-License-Identifier: MIT */
/*
 * check.c - is this JSON? The one pass that everything else in view.h relies on.
 */
#include <errno.h>
#include <string.h>

#include "text/bytes.h"

/* Every function returns where its piece ends, or NULL. */

static const char *check_escape(const char *at, const char *end)
{
	if (at == end)
		return NULL;
	if (*at != 'u')
		return strchr("\"\\/bfnrt", *at) && *at ? at + 1 : NULL;
	if (end - at < 5)
		return NULL;
	for (unsigned i = 1; i <= 4; i++)
		if (zc_hex_digit(at[i]) < 0)
			return NULL;
	return at + 5;
}

static const char *check_string(const char *at, const char *end)
{
	uint32_t point;

	while (at < end) {
		unsigned char byte;

		at = zc_past_plain(at, end);
		if (at == end)
			return NULL;
		byte = (unsigned char)*at;
		if (byte >= 0x80) {
			unsigned step = zc_text_decode(at, (size_t)(end - at), &point);

			if (!step)
				return NULL;
			at += step;
		} else if (byte == '"') {
			return at + 1;
		} else if (byte == '\\') {
			at = check_escape(at + 1, end);
			if (!at)
				return NULL;
		} else if (byte == 0x7f) {
			at++; /* not easy, but text */
		} else {
			return NULL; /* a control character */
		}
	}
	return NULL;
}

static const char *check_digits(const char *at, const char *end)
{
	const char *start = at;

	while (at < end && *at >= '0' && *at <= '9')
		at++;
	return at == start ? NULL : at;
}

static const char *check_number(const char *at, const char *end)
{
	if (*at == '-')
		at++;
	if (at < end && *at == '0')
		at++;
	else
		at = check_digits(at, end);
	if (at && at < end && *at == '.')
		at = check_digits(at + 1, end);
	if (at && at < end && (*at == 'e' || *at == 'E')) {
		at++;
		if (at < end && (*at == '+' || *at == '-'))
			at++;
		at = check_digits(at, end);
	}
	return at;
}

static const char *check_word(const char *at, const char *end, const char *word)
{
	size_t len = strlen(word);

	return (size_t)(end - at) >= len && !memcmp(at, word, len) ? at + len : NULL;
}

/* What is wrong, and where the members of the outermost object are put while it is checked. */
struct check {
	int error;
	struct zc_member *member;
	size_t members, cap;
};

static const char *check_value(const char *at, const char *end, unsigned depth,
			       struct check *check);

static const char *check_member(const char *at, const char *end)
{
	if (at == end || *at != '"')
		return NULL;
	at = check_string(at + 1, end);
	at = at ? zc_skip_blanks(at, end) : NULL;
	return at && at < end && *at == ':' ? zc_skip_blanks(at + 1, end) : NULL;
}

static void keep_member(struct check *check, const char *key, const char *value, const char *end)
{
	size_t len = 1;

	if (check->members == check->cap || !value || !end)
		return;
	while (key[len] != '"')
		len += key[len] == '\\' ? 2 : 1;
	check->member[check->members++] = (struct zc_member){
		{ key, len + 1 },
		{ value, (size_t)(end - value) },
	};
}

static const char *check_container(const char *at, const char *end, unsigned depth,
				   struct check *check)
{
	bool object = *at == '{';
	char close = object ? '}' : ']';
	const char *key, *value;

	if (depth >= ZC_VIEW_DEPTH) {
		check->error = -E2BIG;
		return NULL;
	}
	at = zc_skip_blanks(at + 1, end);
	if (at < end && *at == close)
		return at + 1;
	while (at && at < end) {
		key = at;
		if (object)
			at = check_member(at, end);
		value = at;
		at = at ? check_value(at, end, depth + 1, check) : NULL;
		if (object && !depth)
			keep_member(check, key, value, at);
		at = at ? zc_skip_blanks(at, end) : NULL;
		if (!at || at == end)
			return NULL;
		if (*at == close)
			return at + 1;
		at = *at == ',' ? zc_skip_blanks(at + 1, end) : NULL;
	}
	return NULL;
}

static const char *check_value(const char *at, const char *end, unsigned depth, struct check *check)
{
	if (at == end)
		return NULL;
	switch (*at) {
	case '{':
	case '[': return check_container(at, end, depth, check);
	case '"': return check_string(at + 1, end);
	case 't': return check_word(at, end, "true");
	case 'f': return check_word(at, end, "false");
	case 'n': return check_word(at, end, "null");
	default: return check_number(at, end);
	}
}

int zc_view_parse_members(struct zc_view *ret, const char *text, size_t len,
			  struct zc_member *member, size_t *members)
{
	const char *end = text + len, *start, *stop;
	struct check check = { .error = -EINVAL, .member = member, .cap = *members };

	if (!len)
		return -EINVAL;
	start = zc_skip_blanks(text, end);
	stop = check_value(start, end, 0, &check);
	if (!stop)
		return check.error;
	if (zc_skip_blanks(stop, end) != end)
		return -EINVAL;
	*ret = (struct zc_view){ start, (size_t)(stop - start) };
	*members = check.members;
	return 0;
}

int zc_view_parse(struct zc_view *ret, const char *text, size_t len)
{
	size_t none = 0;

	return zc_view_parse_members(ret, text, len, NULL, &none);
}
