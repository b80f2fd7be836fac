/* SPDX-License-Identifier: MIT */
/*
 * names.c - does a name look as if the next run gave it another one?
 *
 * mkstemp(3) puts six letters and digits at an end, mktemp(1) ten, Python eight in lower case with
 * '_', gcc six behind "cc"; others write their process number, the time, a hash. In a temporary
 * directory a name is taken for such a one sooner than elsewhere: what is made there is rarely found
 * again. What is told wrongly there costs a wildcard too many; elsewhere it would cost a rule that
 * people wonder at.
 */
#include <string.h>

#include "policy/learn/parts.h"

static bool is_digit(char c)
{
	return c >= '0' && c <= '9';
}

static bool is_lower(char c)
{
	return c >= 'a' && c <= 'z';
}

static bool is_upper(char c)
{
	return c >= 'A' && c <= 'Z';
}

static bool is_plain(char c)
{
	return is_digit(c) || is_lower(c) || is_upper(c);
}

/* "README", "output2", "Makefile": letters of one kind, perhaps a capital first, perhaps digits last. */
static bool is_word(const char *text, size_t len)
{
	size_t i = 0;

	if (i < len && is_upper(text[i]))
		i++;
	if (i < len && is_upper(text[i])) {
		while (i < len && is_upper(text[i]))
			i++;
	} else {
		while (i < len && is_lower(text[i]))
			i++;
	}
	while (i < len && i > 0 && is_digit(text[i]))
		i++;
	return i == len;
}

/* "fooBar", "PkgConfig3": several such, of three letters or more each. */
static bool are_words(const char *text, size_t len)
{
	size_t start = 0;

	for (size_t i = 1; i <= len; i++) {
		if (i < len && !(is_upper(text[i]) && is_lower(text[i - 1])))
			continue;
		if (!is_word(text + start, i - start) || i - start < 3)
			return false;
		start = i;
	}
	return true;
}

/* Letters alone: all small, all capital, or a capital first. */
static bool is_plain_word(const char *text, size_t len)
{
	return is_word(text, len) && !is_digit(text[len - 1]);
}

static bool is_hash(const char *text, size_t len)
{
	size_t digits = 0, letters = 0;

	for (size_t i = 0; i < len; i++) {
		digits += is_digit(text[i]);
		letters += text[i] >= 'a' && text[i] <= 'f';
	}
	return len >= 8 && digits + letters == len && digits >= 2 && letters >= 1;
}

/* From small to capital letters, and between letters and digits. */
static size_t changes(const char *text, size_t len)
{
	size_t n = 0;

	for (size_t i = 1; i < len; i++)
		n += is_digit(text[i]) != is_digit(text[i - 1]) ||
		     (is_upper(text[i]) && is_lower(text[i - 1]));
	return n;
}

static bool has_capital(const char *text, size_t len)
{
	for (size_t i = 0; i < len; i++)
		if (is_upper(text[i]))
			return true;
	return false;
}

static bool is_number(const char *text, size_t len)
{
	for (size_t i = 0; i < len; i++)
		if (!is_digit(text[i]))
			return false;
	return true;
}

/* One run of letters and digits. behind: something stands before it. */
static bool part_varies(const char *text, size_t len, bool temporary, bool behind)
{
	if (is_number(text, len))
		return len >= (temporary ? 4 : 9);
	if (is_hash(text, len))
		return true;
	if (len < 6)
		return false;
	if (!temporary)
		return changes(text, len) >= 4;
	/* Behind a prefix six, eight and ten are what templates have: only plain words stay. */
	if (behind && (len == 6 || len == 8 || len == 10) && !is_plain_word(text, len))
		return true;
	if (has_capital(text, len))
		return !are_words(text, len);
	return changes(text, len) > 2; /* "sha256sum" is a word, too */
}

static bool begins(const char *name, size_t len, const char *with)
{
	return len >= strlen(with) && memcmp(name, with, strlen(with)) == 0;
}

/* Python's tempfile: eight of a-z 0-9 _ behind "tmp" or a prefix that ends in '-' or '_'. */
static bool ends_like_python(const char *name, size_t len, struct zc_learn_stays *ret)
{
	size_t end = 0;

	/* An extension may follow. */
	while (end < len && name[end] != '.')
		end++;
	if (end < 9)
		return false;
	for (size_t i = end - 8; i < end; i++)
		if (!is_digit(name[i]) && !is_lower(name[i]) && name[i] != '_')
			return false;
	if (name[end - 9] != '-' && name[end - 9] != '_' &&
	    !(end == 11 && begins(name, len, "tmp")))
		return false;
	*ret = (struct zc_learn_stays){ end - 8, len - end };
	return true;
}

/* gcc: "ccAbCdEf.s". */
static bool begins_like_gcc(const char *name, size_t len, struct zc_learn_stays *ret)
{
	if (!begins(name, len, "cc") || len < 8 || (len > 8 && name[8] != '.'))
		return false;
	for (size_t i = 2; i < 8; i++)
		if (!is_plain(name[i]))
			return false;
	*ret = (struct zc_learn_stays){ 2, len - 8 };
	return true;
}

/* A year, and more of a date behind it: "2026-11-22T05_06_46". */
static bool begins_date(const char *name, size_t len, size_t at)
{
	return len - at >= 7 && name[at] == '2' && name[at + 1] == '0' && is_digit(name[at + 2]) &&
	       is_digit(name[at + 3]) && (name[at + 4] == '-' || name[at + 4] == '_') &&
	       is_digit(name[at + 5]) && is_digit(name[at + 6]) &&
	       (at == 0 || !is_plain(name[at - 1]));
}

static size_t date_end(const char *name, size_t len, size_t at)
{
	while (at < len &&
	       (is_digit(name[at]) ||
		(strchr("-_T:.Z", name[at]) && at + 1 < len && is_digit(name[at + 1])) ||
		name[at] == 'Z'))
		at++;
	return at;
}

static bool is_temporary(const char *name, size_t len)
{
	return begins(name, len, "tmp") || begins(name, len, ".tmp") || begins(name, len, ".#") ||
	       memmem(name, len, ".tmp", 4) != NULL || memmem(name, len, "tmp_", 4) != NULL;
}

bool zc_learn_varies(const char *name, size_t len, bool temporary, struct zc_learn_stays *ret)
{
	size_t first = len, last = 0, at = 0, stop = len;

	temporary = temporary || is_temporary(name, len);
	if (len > 250 || memchr(name, '*', len) != NULL)
		return false;
	if (temporary && begins_like_gcc(name, len, ret))
		return true;
	if (temporary && ends_like_python(name, len, ret)) {
		first = stop = ret->prefix;
		last = len - ret->suffix;
	}
	while (at < stop) {
		size_t end = at;

		if (begins_date(name, len, at)) {
			end = date_end(name, len, at);
		} else {
			while (end < stop && is_plain(name[end]))
				end++;
			if (end == at || !part_varies(name + at, end - at, temporary, at > 0)) {
				at = end + (end == at);
				continue;
			}
		}
		first = at < first ? at : first;
		last = end > last ? end : last;
		at = end;
	}
	*ret = (struct zc_learn_stays){ first, len - last };
	return first < last;
}
