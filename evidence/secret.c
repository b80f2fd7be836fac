/* SPDX-License-Identifier: MIT */
/*
 * secret.c - see secret.h. Pure, but for one buffer.
 */
#include <string.h>
#include <strings.h>

#include "core/wire/wire.h"
#include "evidence/secret.h"

#define MASK "***"
#define KEY_TITLE 64u /* "-----BEGIN RSA PRIVATE KEY-----" is shorter */

static bool is_word(char c)
{
	return (c >= '0' && c <= '9') || (c >= 'a' && c <= 'z') || (c >= 'A' && c <= 'Z') ||
	       c == '_' || c == '-';
}

static bool contains(const char *text, size_t len, const char *part)
{
	size_t part_len = strlen(part);

	for (size_t i = 0; i + part_len <= len; i++)
		if (!strncasecmp(text + i, part, part_len))
			return true;
	return false;
}

static bool ends(const char *text, size_t len, const char *part)
{
	size_t part_len = strlen(part);

	return len >= part_len && !strncasecmp(text + len - part_len, part, part_len);
}

/* A name whose value is a secret, and not where one is kept or what it is called. */
static bool secret_name(const char *name, size_t len)
{
	static const char *const parts[] = { "password",   "passwd",      "passphrase",
					     "secret",     "token",       "api-key",
					     "api_key",    "apikey",      "access-key",
					     "access_key", "private-key", "private_key",
					     "credential" };
	static const char *const places[] = { "file", "path",    "dir",       "name",
					      "id",   "stdin",   "type",      "url",
					      "env",  "command", "tokenizer", "tokens" };

	for (size_t i = 0; i < ZC_LEN(places); i++)
		if (ends(name, len, places[i]))
			return false;
	for (size_t i = 0; i < ZC_LEN(parts); i++)
		if (contains(name, len, parts[i]))
			return true;
	return false;
}

static bool secret_header(const char *name, size_t len)
{
	return ends(name, len, "authorization") || ends(name, len, "cookie") ||
	       ends(name, len, "api-key") || ends(name, len, "token");
}

/* The name that ends at end: letters, digits, dashes. */
static size_t name_before(const char *text, size_t end)
{
	size_t start = end;

	while (start && is_word(text[start - 1]))
		start--;
	return start;
}

/* How long the value is that starts at at: to a blank, a quote, or what ends a part of a URL. */
static size_t value_len(const char *text, size_t len, size_t at)
{
	size_t end = at;

	while (end < len && !strchr(" \t\r\n'\"&;|<>", text[end]))
		end++;
	return end - at;
}

/* A header's value goes to the end of its line or quotes; its scheme may be shown. */
static size_t header_value(const char *text, size_t len, size_t *at)
{
	static const char *const schemes[] = { "Bearer ", "Basic ", "token " };
	size_t end;

	while (*at < len && text[*at] == ' ')
		++*at;
	for (size_t i = 0; i < ZC_LEN(schemes); i++) {
		size_t scheme = strlen(schemes[i]);

		if (len - *at >= scheme && !strncasecmp(text + *at, schemes[i], scheme)) {
			*at += scheme;
			break;
		}
	}
	for (end = *at; end < len && !strchr("\r\n'\"", text[end]); end++)
		;
	return end - *at;
}

/* The password of ://user:password@host, when text starts with ://; *at is moved to it. */
static size_t url_password(const char *text, size_t len, size_t *at)
{
	size_t colon = 0, i = *at + 3;

	for (; i < len && !strchr("/?# \t\n'\"", text[i]); i++) {
		if (text[i] == ':' && !colon)
			colon = i + 1;
		if (text[i] != '@')
			continue;
		if (!colon)
			return 0;
		*at = colon;
		return i - colon;
	}
	return 0;
}

/* Tokens whose makers gave them a form to be found by. Returns how much of it is the secret. */
static size_t known_token(const char *text, size_t len, size_t *at)
{
	static const struct {
		const char *prefix;
		size_t least;
	} known[] = {
		{ "ghp_", 30 },  { "gho_", 30 },        { "ghu_", 30 },   { "ghs_", 30 },
		{ "ghr_", 30 },  { "github_pat_", 22 }, { "glpat-", 18 }, { "xoxb-", 10 },
		{ "xoxp-", 10 }, { "xoxa-", 10 },       { "xoxs-", 10 },  { "sk-", 20 },
		{ "AKIA", 16 },  { "ASIA", 16 },        { "AIza", 30 },   { "npm_", 30 },
		{ "pypi-", 16 }, { "eyJ", 40 },
	};

	for (size_t i = 0; i < ZC_LEN(known); i++) {
		size_t prefix = strlen(known[i].prefix), end = *at + prefix;

		if (len - *at < prefix || memcmp(text + *at, known[i].prefix, prefix) != 0)
			continue;
		while (end < len && (is_word(text[end]) || text[end] == '.'))
			end++;
		if (end - *at - prefix < known[i].least)
			continue;
		*at += prefix;
		return end - *at;
	}
	return 0;
}

/* Is there a secret behind position at? Moves *at to its start and returns its length. */
static size_t secret_at(const char *text, size_t len, size_t *at)
{
	/* Only where a name may end: looking for its start at every byte of a long word is quadratic. */
	size_t start = text[*at] == '=' || text[*at] == ':' ? name_before(text, *at) : *at;

	if (text[*at] == '=' && secret_name(text + start, *at - start)) {
		*at += 1 + (*at + 1 < len && strchr("'\"", text[*at + 1]) != NULL);
		return value_len(text, len, *at);
	}
	if (text[*at] == ':' && len - *at > 3 && !memcmp(text + *at, "://", 3))
		return url_password(text, len, at);
	if (text[*at] == ':' && start < *at && secret_header(text + start, *at - start)) {
		++*at;
		return header_value(text, len, at);
	}
	if (len - *at > 11 && !memcmp(text + *at, "-----BEGIN ", 11) &&
	    contains(text + *at, len - *at < KEY_TITLE ? len - *at : KEY_TITLE, "PRIVATE KEY")) {
		*at += 11;
		return len - *at;
	}
	return *at && is_word(text[*at - 1]) ? 0 : known_token(text, len, at);
}

static void append(char *buffer, size_t cap, size_t *to, const char *text, size_t len)
{
	len = len < cap - *to ? len : cap - *to;
	memcpy(buffer + *to, text, len);
	*to += len;
}

size_t zc_secret_mask(char *buffer, size_t cap, const char *text, size_t len)
{
	size_t to = 0, from = 0;

	for (size_t i = 0; i < len; i++) {
		size_t at = i, secret = secret_at(text, len, &at);

		if (!secret)
			continue;
		append(buffer, cap, &to, text + from, at - from);
		append(buffer, cap, &to, MASK, sizeof(MASK) - 1);
		from = at + secret;
		i = from - 1;
	}
	append(buffer, cap, &to, text + from, len - from);
	return to;
}

bool zc_secret_announced(const char *text, size_t len)
{
	return len > 2 && text[0] == '-' && !memchr(text, '=', len) && !memchr(text, ' ', len) &&
	       secret_name(text, len);
}

void zc_secret_list(struct zc_json *json, const char *key, const char *texts, size_t len,
		    unsigned max, size_t max_bytes)
{
	/* Arguments come in frames; a mask may be longer than what it hides. */
	static char masked[4 * ZC_FRAME_MAX];
	bool announced = false;
	size_t to = 0;

	for (size_t at = 0; at < len && to < sizeof(masked);) {
		size_t one = strnlen(texts + at, len - at);
		bool hide = announced && one && texts[at] != '-';

		announced = zc_secret_announced(texts + at, one);
		if (hide)
			append(masked, sizeof(masked), &to, MASK, sizeof(MASK) - 1);
		else
			to += zc_secret_mask(masked + to, sizeof(masked) - to, texts + at, one);
		append(masked, sizeof(masked), &to, "", 1);
		at += one + 1;
	}
	zc_json_list(json, key, masked, to, max, max_bytes);
}
