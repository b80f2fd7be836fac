/* SPDX-License-Identifier: MIT */
/*
 * view.c - looking into a text that is known to be sound JSON (check.c).
 */
#include <string.h>

#include "text/bytes.h"

static const char *past_string(const char *at, const char *end)
{
	for (at++;; at += *at == '\\' ? 2 : 1) {
		at = zc_past_plain(at, end);
		if (*at == '"')
			return at + 1;
	}
}

static bool ends_value(char c)
{
	return c == ',' || c == ']' || c == '}' || c == ' ' || c == '\n' || c == '\r' || c == '\t';
}

static const char *past_container(const char *at, const char *end)
{
	unsigned depth = 0;

	do {
		char c = *at;

		if (c == '"') {
			at = past_string(at, end);
			continue;
		}
		if (c == '{' || c == '[')
			depth++;
		else if (c == '}' || c == ']')
			depth--;
		at++;
	} while (depth);
	return at;
}

static const char *past_value(const char *at, const char *end)
{
	if (*at == '"')
		return past_string(at, end);
	if (*at == '{' || *at == '[')
		return past_container(at, end);
	while (at < end && !ends_value(*at))
		at++;
	return at;
}

char zc_view_kind(struct zc_view view)
{
	if (!view.at)
		return 0;
	return (*view.at >= '0' && *view.at <= '9') || *view.at == '-' ? '0' : *view.at;
}

struct zc_walk zc_view_walk(struct zc_view view)
{
	char kind = zc_view_kind(view);

	if (kind != '{' && kind != '[')
		return (struct zc_walk){ NULL, NULL };
	return (struct zc_walk){ view.at, view.at + view.len };
}

bool zc_walk_next(struct zc_walk *walk, struct zc_view *ret_key, struct zc_view *ret_value)
{
	struct zc_view key = { NULL, 0 };
	const char *at = walk->at, *start;
	bool object;

	if (!at || at >= walk->end)
		return false;
	object = walk->end[-1] == '}';
	at = zc_skip_blanks(at + 1, walk->end); /* past the bracket or the comma */
	if (at >= walk->end || *at == '}' || *at == ']')
		return false;
	if (object) {
		start = at;
		at = past_string(at, walk->end);
		key = (struct zc_view){ start, (size_t)(at - start) };
		at = zc_skip_blanks(zc_skip_blanks(at, walk->end) + 1, walk->end);
	}
	start = at;
	at = past_value(at, walk->end);
	*ret_value = (struct zc_view){ start, (size_t)(at - start) };
	if (ret_key)
		*ret_key = key;
	walk->at = zc_skip_blanks(at, walk->end);
	return true;
}

size_t zc_view_count(struct zc_view view)
{
	struct zc_walk walk = zc_view_walk(view);
	struct zc_view value;
	size_t count = 0;

	while (zc_walk_next(&walk, NULL, &value))
		count++;
	return count;
}

static bool is_text(struct zc_view view, const char *text, size_t len)
{
	return zc_view_kind(view) == '"' && view.len == len + 2 && !memcmp(view.at + 1, text, len);
}

struct zc_view zc_view_get(struct zc_view view, const char *path)
{
	struct zc_view key, value;

	while (*path) {
		size_t len = strcspn(path, ".");
		struct zc_walk walk = zc_view_walk(view);

		if (zc_view_kind(view) != '{')
			return (struct zc_view){ NULL, 0 };
		view = (struct zc_view){ NULL, 0 };
		while (!view.at && zc_walk_next(&walk, &key, &value))
			if (is_text(key, path, len))
				view = value;
		path += len + (path[len] == '.');
	}
	return view;
}

/* Who names them in the order in which they are written finds each at the first look. */
static void take_if_named(struct zc_view key, struct zc_view value, const char *const *names,
			  size_t count, size_t *next, struct zc_view *ret)
{
	for (size_t i = 0; i < count; i++) {
		size_t at = *next + i < count ? *next + i : *next + i - count;

		if (ret[at].at || !is_text(key, names[at], strlen(names[at])))
			continue;
		ret[at] = value;
		*next = at + 1 < count ? at + 1 : 0;
		return;
	}
}

void zc_view_pick(struct zc_view object, const char *const *names, size_t count,
		  struct zc_view *ret)
{
	struct zc_walk walk = zc_view_walk(object);
	struct zc_view key, value;
	size_t next = 0;

	memset(ret, 0, count * sizeof(*ret));
	if (zc_view_kind(object) == '{')
		while (zc_walk_next(&walk, &key, &value))
			take_if_named(key, value, names, count, &next, ret);
}

void zc_members_pick(const struct zc_member *member, size_t members, const char *const *names,
		     size_t count, struct zc_view *ret)
{
	size_t next = 0;

	memset(ret, 0, count * sizeof(*ret));
	for (size_t i = 0; i < members; i++)
		take_if_named(member[i].key, member[i].value, names, count, &next, ret);
}

bool zc_view_is(struct zc_view view, const char *plain)
{
	return is_text(view, plain, strlen(plain));
}

bool zc_view_true(struct zc_view view)
{
	return zc_view_kind(view) == 't';
}

uint64_t zc_view_uint(struct zc_view view, uint64_t otherwise)
{
	uint64_t value = 0;

	if (zc_view_kind(view) != '0' || view.len > 20)
		return otherwise;
	for (size_t i = 0; i < view.len; i++) {
		unsigned digit = (unsigned)(view.at[i] - '0');

		if (digit > 9 || value > (UINT64_MAX - digit) / 10)
			return otherwise;
		value = value * 10 + digit;
	}
	return value;
}

int64_t zc_view_int(struct zc_view view, int64_t otherwise)
{
	bool negative = zc_view_kind(view) == '0' && *view.at == '-';
	uint64_t value;

	if (negative)
		view.at++, view.len--;
	value = zc_view_uint(view, UINT64_MAX);
	if (value > INT64_MAX)
		return otherwise;
	return negative ? -(int64_t)value : (int64_t)value;
}

bool zc_view_hex(struct zc_view view, uint64_t *ret)
{
	uint64_t value = 0;
	size_t at = 1;

	if (zc_view_kind(view) != '"')
		return false;
	if (view.len > 4 && view.at[1] == '0' && view.at[2] == 'x')
		at = 3;
	if (view.len - 1 == at || view.len - 1 - at > 16)
		return false;
	for (; at < view.len - 1; at++) {
		if (zc_hex_digit(view.at[at]) < 0)
			return false;
		value = value << 4 | (unsigned)zc_hex_digit(view.at[at]);
	}
	*ret = value;
	return true;
}
