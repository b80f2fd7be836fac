/* SPDX-License-Identifier: MIT */
/*
 * view.c - the checker, and looking into what it accepted.
 */
#include <errno.h>
#include <string.h>

#include "evidence/read/view.h"
#include "evidence/text.h"

/* --- checking: every function returns where its piece ends, or NULL ---------------------------- */

static const char *skip_blanks(const char *at, const char *end)
{
	while (at < end && (*at == ' ' || *at == '\n' || *at == '\t' || *at == '\r'))
		at++;
	return at;
}

static int digit_of(char c)
{
	if (c >= '0' && c <= '9')
		return c - '0';
	if (c >= 'a' && c <= 'f')
		return c - 'a' + 10;
	return c >= 'A' && c <= 'F' ? c - 'A' + 10 : -1;
}

static const char *check_escape(const char *at, const char *end)
{
	if (at == end)
		return NULL;
	if (*at != 'u')
		return strchr("\"\\/bfnrt", *at) && *at ? at + 1 : NULL;
	if (end - at < 5)
		return NULL;
	for (unsigned i = 1; i <= 4; i++)
		if (digit_of(at[i]) < 0)
			return NULL;
	return at + 5;
}

/*
 * How many of the eight bytes at at, from the first on, are plain: no quote, backslash, control, nor the
 * beginning of more than ASCII. A borrow may mark a byte too many, but only behind one that is marked.
 */
static unsigned plain_bytes(const char *at)
{
	const uint64_t ones = 0x0101010101010101ull, tops = 0x80 * ones;
	uint64_t word, quotes, slashes, marks;

	memcpy(&word, at, sizeof(word));
#if __BYTE_ORDER__ == __ORDER_BIG_ENDIAN__
	word = __builtin_bswap64(word);
#endif
	quotes = word ^ '"' * ones;
	slashes = word ^ '\\' * ones;
	marks = (word | ((word - 0x20 * ones) & ~word) | ((quotes - ones) & ~quotes) |
		 ((slashes - ones) & ~slashes)) &
		tops;
	return marks ? (unsigned)__builtin_ctzll(marks) / 8 : 8;
}

/* The first byte from at on that is not plain; end when there is none. */
static const char *past_plain(const char *at, const char *end)
{
	while (end - at >= 8) {
		unsigned plain = plain_bytes(at);

		at += plain;
		if (plain < 8)
			return at;
	}
	while (at < end && (unsigned char)*at >= 0x20 && (unsigned char)*at < 0x80 && *at != '"' &&
	       *at != '\\')
		at++;
	return at;
}

static const char *check_string(const char *at, const char *end)
{
	uint32_t point;

	while (at < end) {
		unsigned char byte;

		at = past_plain(at, end);
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
	at = at ? skip_blanks(at, end) : NULL;
	return at && at < end && *at == ':' ? skip_blanks(at + 1, end) : NULL;
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
	at = skip_blanks(at + 1, end);
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
		at = at ? skip_blanks(at, end) : NULL;
		if (!at || at == end)
			return NULL;
		if (*at == close)
			return at + 1;
		at = *at == ',' ? skip_blanks(at + 1, end) : NULL;
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
	start = skip_blanks(text, end);
	stop = check_value(start, end, 0, &check);
	if (!stop)
		return check.error;
	if (skip_blanks(stop, end) != end)
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

/* --- looking: the text is known to be sound ---------------------------------------------------- */

static const char *past_string(const char *at, const char *end)
{
	for (at++;; at += *at == '\\' ? 2 : 1) {
		at = past_plain(at, end);
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
	at = skip_blanks(at + 1, walk->end); /* past the bracket or the comma */
	if (at >= walk->end || *at == '}' || *at == ']')
		return false;
	if (object) {
		start = at;
		at = past_string(at, walk->end);
		key = (struct zc_view){ start, (size_t)(at - start) };
		at = skip_blanks(skip_blanks(at, walk->end) + 1, walk->end);
	}
	start = at;
	at = past_value(at, walk->end);
	*ret_value = (struct zc_view){ start, (size_t)(at - start) };
	if (ret_key)
		*ret_key = key;
	walk->at = skip_blanks(at, walk->end);
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

void zc_view_pick(struct zc_view object, const char *const *names, size_t count,
		  struct zc_view *ret)
{
	struct zc_walk walk = zc_view_walk(object);
	struct zc_view key, value;

	memset(ret, 0, count * sizeof(*ret));
	if (zc_view_kind(object) != '{')
		return;
	while (zc_walk_next(&walk, &key, &value))
		for (size_t i = 0; i < count; i++)
			if (!ret[i].at && is_text(key, names[i], strlen(names[i]))) {
				ret[i] = value;
				break;
			}
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
		if (digit_of(view.at[at]) < 0)
			return false;
		value = value << 4 | (unsigned)digit_of(view.at[at]);
	}
	*ret = value;
	return true;
}

static size_t put_point(char *to, uint32_t point)
{
	if (point < 0x80) {
		to[0] = (char)point;
		return 1;
	}
	if (point < 0x800) {
		to[0] = (char)(0xc0 | point >> 6);
		to[1] = (char)(0x80 | (point & 0x3f));
		return 2;
	}
	if (point < 0x10000) {
		to[0] = (char)(0xe0 | point >> 12);
		to[1] = (char)(0x80 | (point >> 6 & 0x3f));
		to[2] = (char)(0x80 | (point & 0x3f));
		return 3;
	}
	to[0] = (char)(0xf0 | point >> 18);
	to[1] = (char)(0x80 | (point >> 12 & 0x3f));
	to[2] = (char)(0x80 | (point >> 6 & 0x3f));
	to[3] = (char)(0x80 | (point & 0x3f));
	return 4;
}

static uint32_t unit_at(const char *at)
{
	uint32_t unit = 0;

	for (unsigned i = 0; i < 4; i++)
		unit = unit << 4 | (unsigned)digit_of(at[i]);
	return unit;
}

/* The escape behind a backslash. Six characters never become more than three bytes. */
static const char *take_escape(const char *at, char *to, size_t *to_len)
{
	static const char names[] = "bfnrt", values[] = "\b\f\n\r\t";
	const char *name;
	uint32_t point;

	if (*at != 'u') {
		name = strchr(names, *at);
		to[(*to_len)++] = name ? values[name - names] : *at;
		return at + 1;
	}
	point = unit_at(at + 1);
	at += 5;
	if (point >= 0xd800 && point < 0xdc00 && at[0] == '\\' && at[1] == 'u' &&
	    unit_at(at + 2) >= 0xdc00 && unit_at(at + 2) < 0xe000) {
		point = 0x10000 + ((point - 0xd800) << 10) + (unit_at(at + 2) - 0xdc00);
		at += 6;
	} else if (point >= 0xd800 && point < 0xe000) {
		point = 0xfffd;
	}
	*to_len += put_point(to + *to_len, point);
	return at;
}

size_t zc_view_text(struct zc_view view, char *to)
{
	const char *at, *end;
	size_t len = 0;

	if (zc_view_kind(view) != '"')
		return 0;
	at = view.at + 1;
	end = view.at + view.len - 1;
	while (at < end) {
		const char *slash = memchr(at, '\\', (size_t)(end - at));
		size_t run = (size_t)((slash ? slash : end) - at);

		memcpy(to + len, at, run);
		len += run;
		at += run;
		if (slash)
			at = take_escape(at + 1, to, &len);
	}
	return len;
}

static int base64_digit(char c)
{
	if (c >= 'A' && c <= 'Z')
		return c - 'A';
	if (c >= 'a' && c <= 'z')
		return c - 'a' + 26;
	if (c >= '0' && c <= '9')
		return c - '0' + 52;
	return c == '+' ? 62 : c == '/' ? 63 : -1;
}

bool zc_view_base64(struct zc_view view, char *to, size_t *ret_len)
{
	size_t len = 0, digits, padding = 0;
	const char *at;

	if (zc_view_kind(view) != '"' || view.len % 4 != 2)
		return false;
	digits = view.len - 2;
	at = view.at + 1;
	while (padding < 2 && padding < digits && at[digits - 1 - padding] == '=')
		padding++;
	for (size_t i = 0; i < digits; i += 4) {
		uint32_t bits = 0;

		for (size_t j = i; j < i + 4; j++) {
			int digit = j >= digits - padding ? 0 : base64_digit(at[j]);

			if (digit < 0)
				return false;
			bits = bits << 6 | (unsigned)digit;
		}
		to[len++] = (char)(bits >> 16);
		to[len++] = (char)(bits >> 8);
		to[len++] = (char)bits;
	}
	*ret_len = len - padding;
	return true;
}
