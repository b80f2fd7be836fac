/* SPDX-License-Identifier: MIT */
/*
 * twin.c - texts, words and lists as JSON has them (RFC 8259, UTF-8), with the line of every mistake.
 */
#include <errno.h>
#include <stdlib.h>
#include <string.h>

#include "policy/language/twin.h"

#define STRING_CAP 20000u /* a path of PATH_MAX with every byte escaped as \xHH */

int zc_twin_space(struct zc_twin *j)
{
	while (j->text < j->end && strchr(" \t\r\n", *j->text) != NULL && *j->text != '\0')
		j->at.origin.line += *j->text++ == '\n';
	return j->text < j->end ? (unsigned char)*j->text : -1;
}

int zc_twin_want(struct zc_twin *j, char c, const char *where)
{
	if (zc_twin_space(j) == c) {
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
static size_t read_escape(struct zc_twin *j, char *to)
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

int zc_twin_string(struct zc_twin *j, const char **ret)
{
	char *copy;
	size_t len = 0;
	bool sound = false;

	*ret = "";
	if (zc_twin_want(j, '"', "to start a text"))
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

bool zc_twin_word(struct zc_twin *j, const char *word)
{
	size_t len = strlen(word);

	if ((size_t)(j->end - j->text) < len || memcmp(j->text, word, len) != 0)
		return false;
	j->text += len;
	return true;
}

int zc_twin_bool(struct zc_twin *j, const char *key, bool *ret)
{
	zc_twin_space(j);
	*ret = zc_twin_word(j, "true");
	if (*ret || zc_twin_word(j, "false"))
		return 0;
	return zc_fail(j->error, j->at.origin, "'%s' is true or false", key);
}

int zc_twin_list(struct zc_twin *j, char open, char close, const char *where,
		 int (*item)(struct zc_twin *j))
{
	int r = zc_twin_want(j, open, where);

	if (r == 0 && zc_twin_space(j) == close) {
		j->text++;
		return 0;
	}
	while (r == 0) {
		r = item(j);
		if (r != 0)
			break;
		if (zc_twin_space(j) == ',') {
			j->text++;
			continue;
		}
		return zc_twin_want(j, close, "or ','");
	}
	return r;
}
