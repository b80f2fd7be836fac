/* SPDX-License-Identifier: MIT */
/*
 * value.c - path values: what may be written, and the one canonical spelling.
 *
 *   value    = [ "~" | "${HOME}" | "${PROJECT}" | "${TMPDIR}" ] bytes
 *   wildcard = "*" inside a component, "**" as a whole component
 *   end      = "/.": the directory itself, and nothing below it
 *   escape   = "\\" "\*" "\#" "\$" "\~" "\ " "\xHH"; any other backslash is a mistake
 *
 * Profiles have a few more variables (${SHIM}, ${GIT}, ${OTHERS}, ${WRITABLE}); they may be written
 * in files too, because the twin that print.c writes has to be readable.
 */
#include <errno.h>
#include <stdlib.h>
#include <string.h>

#include "core/path.h"
#include "policy/language/language.h"
#include "policy/set.h"

static const char *const variables[] = {
	[ZC_VAR_NONE] = "",
	[ZC_VAR_HOME] = "${HOME}",
	[ZC_VAR_PROJECT] = "${PROJECT}",
	[ZC_VAR_TMPDIR] = "${TMPDIR}",
	[ZC_VAR_SHIM] = "${SHIM}",
	[ZC_VAR_GIT] = "${GIT}",
	[ZC_VAR_OTHERS] = "${OTHERS}",
	[ZC_VAR_WRITABLE] = "${WRITABLE}",
};

const char *zc_variable_name(unsigned variable)
{
	return variable < ZC_VAR_COUNT ? variables[variable] : "";
}

static bool is_letter(char c)
{
	return (c >= 'A' && c <= 'Z') || (c >= 'a' && c <= 'z') || c == '_';
}

/* The variable at the start, and how many bytes it takes. */
static const char *decode_variable(const char *value, struct zc_path_value *ret, size_t *ret_used)
{
	*ret_used = 0;
	if (value[0] == '~') {
		if (value[1] != '\0' && value[1] != '/')
			return "'~' is only the own home; write another user's directory out";
		ret->variable = ZC_VAR_HOME;
		*ret_used = 1;
		return NULL;
	}
	if (value[0] != '$')
		return NULL;
	for (unsigned i = ZC_VAR_HOME; i < ZC_VAR_COUNT; i++) {
		size_t len = strlen(variables[i]);

		if (strncmp(value, variables[i], len) != 0)
			continue;
		if (value[len] != '\0' && value[len] != '/')
			return "a '/' must follow the variable";
		ret->variable = (uint8_t)i;
		*ret_used = len;
		return NULL;
	}
	if (value[1] == '{' || is_letter(value[1]))
		return "only ~ ${HOME} ${PROJECT} ${TMPDIR} expand ('\\$' is a plain '$')";
	return NULL;
}

static int hex(char c)
{
	if (c >= '0' && c <= '9')
		return c - '0';
	if (c >= 'a' && c <= 'f')
		return c - 'a' + 10;
	if (c >= 'A' && c <= 'F')
		return c - 'A' + 10;
	return -1;
}

/* Decodes what follows a backslash into *ret_byte; returns bytes used, 0 for no escape. */
static size_t decode_escape(const char *after, char *ret_byte)
{
	int high, low;

	if (after[0] != '\0' && strchr("\\*#$~ ", after[0]) != NULL) {
		*ret_byte = after[0];
		return 1;
	}
	high = after[0] == 'x' ? hex(after[1]) : -1;
	low = high >= 0 ? hex(after[2]) : -1;
	if (low < 0)
		return 0;
	*ret_byte = (char)(high * 16 + low);
	return 3;
}

static const char *check_stars(const struct zc_path_value *path)
{
	const char *c = path->text;
	bool wild = false;

	if (path->wild && path->literal)
		return "a wildcard and an escaped '*' cannot stand in one value";
	if (!path->wild)
		return NULL;
	while (*c != '\0') {
		size_t len = strcspn(c, "/"), stars = 0;

		for (size_t i = 0; i < len; i++)
			stars += c[i] == '*';
		if (len != stars && len > 1 && memmem(c, len, "**", 2) != NULL)
			return "'**' must stand alone between slashes";
		if (len == stars && stars > 2)
			return "'***' means nothing; '*' is one component, '**' any number";
		if (wild && len == 2 && c[0] == '.' && c[1] == '.')
			return "'..' cannot follow a wildcard";
		wild = wild || stars > 0;
		c += len;
		c += *c == '/';
	}
	return NULL;
}

const char *zc_value_decode(const char *value, struct zc_path_value *ret)
{
	const char *wrong;
	size_t at = 0;

	ret->variable = ZC_VAR_NONE;
	ret->wild = ret->literal = ret->itself = false;
	ret->len = 0;
	wrong = decode_variable(value, ret, &at);
	if (wrong != NULL)
		return wrong;
	while (value[at] != '\0') {
		char byte = value[at++];

		if (byte == '\\') {
			size_t used = decode_escape(value + at, &byte);

			if (used == 0)
				return "this '\\' is no escape; a backslash is written '\\\\'";
			if (byte == '\0' || byte == '/')
				return "no name holds that byte";
			ret->literal = ret->literal || byte == '*';
			at += used;
		} else if (byte == '*') {
			ret->wild = true;
		} else if (byte == '$' && value[at] == '{') {
			return "a variable can only be at the start ('\\$' is a plain '$')";
		}
		if (ret->len + 1 >= sizeof(ret->text))
			return "the path is longer than 4095 bytes";
		ret->text[ret->len++] = byte;
	}
	ret->text[ret->len] = '\0';
	ret->itself = ret->len >= 2 && memcmp(ret->text + ret->len - 2, "/.", 2) == 0;
	if (ret->len == 0 && ret->variable == ZC_VAR_NONE)
		return "the path is empty";
	return check_stars(ret);
}

size_t zc_utf8(const char *at, size_t len)
{
	const unsigned char *text = (const unsigned char *)at;
	size_t n = text[0] < 0xc2   ? 0
		   : text[0] < 0xe0 ? 2
		   : text[0] < 0xf0 ? 3
		   : text[0] < 0xf5 ? 4
				    : 0;

	if (n == 0 || n > len)
		return 0;
	for (size_t i = 1; i < n; i++)
		if ((text[i] & 0xc0) != 0x80)
			return 0;
	if ((text[0] == 0xe0 && text[1] < 0xa0) || (text[0] == 0xed && text[1] > 0x9f) ||
	    (text[0] == 0xf0 && text[1] < 0x90) || (text[0] == 0xf4 && text[1] > 0x8f))
		return 0;
	/* U+0080 to U+009F are controls. */
	return text[0] == 0xc2 && text[1] < 0xa0 ? 0 : n;
}

const char *zc_value_encode(struct zc_policy_set *set, const char *text, size_t len, bool literal)
{
	static const char digits[] = "0123456789abcdef";
	char *out = zc_set_alloc(set, len * 4 + 1), *to = out;

	if (out == NULL)
		return NULL;
	for (size_t i = 0; i < len; i++) {
		unsigned char c = (unsigned char)text[i];
		size_t n = c >= 0x80 ? zc_utf8(text + i, len - i) : 0;
		bool after_blank = i > 0 && (text[i - 1] == ' ' || text[i - 1] == '\t');

		if (n > 0) {
			memcpy(to, text + i, n);
			to += n;
			i += n - 1;
		} else if (c < 0x20 || c >= 0x7f || (c == ' ' && (i == 0 || i + 1 == len))) {
			*to++ = '\\', *to++ = 'x', *to++ = digits[c >> 4], *to++ = digits[c & 15];
		} else {
			if (c == '\\' || (c == '*' && literal) ||
			    (c == '#' && (i == 0 || after_blank)) ||
			    (c == '$' && (i == 0 || text[i + 1] == '{')) || (c == '~' && i == 0) ||
			    c == ' ')
				*to++ = '\\';
			*to++ = (char)c;
		}
	}
	return out;
}

static bool has_dot_dot(const char *text)
{
	while (*text != '\0') {
		size_t len = strcspn(text, "/");

		if (len == 2 && text[0] == '.' && text[1] == '.')
			return true;
		text += len;
		text += *text == '/';
	}
	return false;
}

/* "/a/b/" and "//a" fold; what follows a variable keeps its "..", whose meaning is not known yet. */
static const char *canonical(struct zc_policy_set *set, struct zc_path_value *value,
			     const char *base, const char **ret_wrong)
{
	char buffer[ZC_PATH_CAP];
	const char *rest;
	long len;

	if (value->variable == ZC_VAR_NONE) {
		if (value->text[0] != '/' && value->wild && strchr(base, '*') != NULL) {
			*ret_wrong = "the directory it is relative to has a '*' in its name";
			return NULL;
		}
		len = zc_path_join(buffer, sizeof(buffer), base, strlen(base), value->text,
				   value->len);
		if (len < 0) {
			*ret_wrong = "the path is longer than 4095 bytes";
			return NULL;
		}
		return zc_value_encode(set, buffer, (size_t)len, !value->wild);
	}
	if (has_dot_dot(value->text)) {
		rest = zc_value_encode(set, value->text, value->len, !value->wild);
	} else {
		len = zc_path_join(buffer, sizeof(buffer), "/", 1, value->text, value->len);
		if (len < 0) {
			*ret_wrong = "the path is longer than 4095 bytes";
			return NULL;
		}
		rest = zc_value_encode(set, buffer, len == 1 ? 0 : (size_t)len, !value->wild);
	}
	return rest ? zc_set_format(set, "%s%s", zc_variable_name(value->variable), rest) : NULL;
}

const char *zc_value_canonical(struct zc_policy_set *set, struct zc_path_value *value,
			       const char *base, const char **ret_wrong)
{
	const char *text = canonical(set, value, base, ret_wrong);

	if (text == NULL || !value->itself)
		return text;
	return zc_set_format(set, "%s/.", strcmp(text, "/") == 0 ? "" : text);
}
