/* SPDX-License-Identifier: MIT */
/*
 * json.c - the streaming writer behind events.jsonl and run.json.
 */
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "text/json.h"
#include "text/text.h"

static bool grow(struct zc_json *json, size_t len)
{
	size_t cap = json->cap ? json->cap : 4096;
	char *bytes;

	if (json->failed)
		return false;
	while (cap - json->len < len)
		cap *= 2;
	bytes = realloc(json->bytes, cap);
	if (!bytes) {
		json->failed = true;
		return false;
	}
	json->bytes = bytes;
	json->cap = cap;
	return true;
}

/* Room for len more bytes at the end of the buffer, or NULL. */
static inline char *room(struct zc_json *json, size_t len)
{
	if (json->failed || (json->cap - json->len < len && !grow(json, len)))
		return NULL;
	return json->bytes + json->len;
}

static inline void put(struct zc_json *json, const char *bytes, size_t len)
{
	char *to = room(json, len);

	if (!to)
		return;
	memcpy(to, bytes, len);
	json->len += len;
}

static void put_break(struct zc_json *json)
{
	static const char tabs[] = "\n\t\t\t\t\t\t\t\t";

	if (json->depth <= json->indent && json->indent)
		put(json, tabs, 1 + (json->depth < 8 ? json->depth : 8));
}

static void put_key(struct zc_json *json, const char *key)
{
	if (json->comma)
		put(json, ",", 1);
	if (json->depth)
		put_break(json);
	if (key) {
		size_t len = strlen(key);
		char *to = room(json, len + 4);

		if (to) {
			*to++ = '"';
			memcpy(to, key, len);
			memcpy(to + len, "\": ", 3);
			json->len += len + (json->indent ? 4 : 3);
		}
	}
	json->comma = true;
}

void zc_json_reset(struct zc_json *json)
{
	json->len = 0;
	json->depth = 0;
	json->failed = json->comma = false;
}

void zc_json_free(struct zc_json *json)
{
	free(json->bytes);
	*json = (struct zc_json){ 0 };
}

void zc_json_open(struct zc_json *json, const char *key, char bracket)
{
	put_key(json, key);
	put(json, &bracket, 1);
	json->depth++;
	json->comma = false;
}

void zc_json_close(struct zc_json *json, char bracket)
{
	bool broken = json->comma && json->depth <= json->indent;

	json->depth--;
	if (broken)
		put_break(json);
	put(json, &bracket, 1);
	json->comma = true;
}

/* The escape of a code point, as JSON spells it; astral ones as a pair of surrogates. */
static void put_escape(struct zc_json *json, uint32_t point)
{
	static const char digits[] = "0123456789abcdef";
	uint32_t unit[2] = { point, 0 };
	unsigned units = 1;

	if (point >= 0x10000) {
		unit[0] = 0xd800 + ((point - 0x10000) >> 10);
		unit[1] = 0xdc00 + ((point - 0x10000) & 0x3ff);
		units = 2;
	}
	for (unsigned i = 0; i < units; i++) {
		char text[6] = { '\\',
				 'u',
				 digits[unit[i] >> 12 & 15],
				 digits[unit[i] >> 8 & 15],
				 digits[unit[i] >> 4 & 15],
				 digits[unit[i] & 15] };

		put(json, text, sizeof(text));
	}
}

/* Writes a quoted text; returns false when some bytes were not UTF-8 (each became U+FFFD). */
static bool put_quoted(struct zc_json *json, const char *text, size_t len)
{
	bool exact = true;
	uint32_t point;

	put(json, "\"", 1);
	for (size_t at = 0; at < len;) {
		size_t easy = zc_text_easy(text + at, len - at);
		unsigned step;

		put(json, text + at, easy);
		at += easy;
		if (at == len)
			break;
		step = zc_text_decode(text + at, len - at, &point);
		if (!step) {
			put(json, "\xef\xbf\xbd", 3);
			exact = false;
		} else if (point == '"' || point == '\\') {
			char escaped[2] = { '\\', (char)point };

			put(json, escaped, 2);
		} else if (zc_text_hidden(point)) {
			put_escape(json, point);
		} else {
			put(json, text + at, step);
		}
		at += step ? step : 1;
	}
	put(json, "\"", 1);
	return exact;
}

static void put_base64(struct zc_json *json, const char *bytes, size_t len)
{
	static const char digits[] =
		"ABCDEFGHIJKLMNOPQRSTUVWXYZabcdefghijklmnopqrstuvwxyz0123456789+/";
	const unsigned char *b = (const unsigned char *)bytes;

	put(json, "\"", 1);
	for (size_t at = 0; at < len; at += 3) {
		size_t have = len - at < 3 ? len - at : 3;
		uint32_t bits = (uint32_t)b[at] << 16 | (have > 1 ? (uint32_t)b[at + 1] << 8 : 0) |
				(have > 2 ? b[at + 2] : 0);
		char out[4] = { digits[bits >> 18], digits[bits >> 12 & 63],
				have > 1 ? digits[bits >> 6 & 63] : '=',
				have > 2 ? digits[bits & 63] : '=' };

		put(json, out, 4);
	}
	put(json, "\"", 1);
}

void zc_json_text(struct zc_json *json, const char *key, const char *text, size_t len)
{
	char beside[64];

	put_key(json, key);
	if (put_quoted(json, text, len) || !key || strlen(key) + sizeof("_base64") > sizeof(beside))
		return;
	snprintf(beside, sizeof(beside), "%s_base64", key);
	put_key(json, beside);
	put_base64(json, text, len);
}

void zc_json_lossy(struct zc_json *json, const char *key, const char *text, size_t len)
{
	put_key(json, key);
	put_quoted(json, text, len);
}

void zc_json_string(struct zc_json *json, const char *key, const char *string)
{
	if (string)
		zc_json_text(json, key, string, strlen(string));
	else
		zc_json_null(json, key);
}

static void put_digits(struct zc_json *json, uint64_t value)
{
	char digits[20];
	size_t at = sizeof(digits);

	do
		digits[--at] = (char)('0' + value % 10);
	while (value /= 10);
	put(json, digits + at, sizeof(digits) - at);
}

void zc_json_uint(struct zc_json *json, const char *key, uint64_t value)
{
	put_key(json, key);
	put_digits(json, value);
}

void zc_json_int(struct zc_json *json, const char *key, int64_t value)
{
	put_key(json, key);
	if (value < 0)
		put(json, "-", 1);
	put_digits(json, value < 0 ? 0 - (uint64_t)value : (uint64_t)value);
}

void zc_json_hex(struct zc_json *json, const char *key, uint64_t value)
{
	char text[19];
	size_t at = sizeof(text);

	text[--at] = '"';
	do
		text[--at] = "0123456789abcdef"[value & 15];
	while (value >>= 4);
	put_key(json, key);
	put(json, "\"0x", 3);
	put(json, text + at, sizeof(text) - at);
}

void zc_json_bool(struct zc_json *json, const char *key, bool value)
{
	put_key(json, key);
	put(json, value ? "true" : "false", value ? 4 : 5);
}

void zc_json_null(struct zc_json *json, const char *key)
{
	put_key(json, key);
	put(json, "null", 4);
}

/* Walks NUL-ended texts. Returns false at the end, or where one of the limits is reached. */
static bool next_text(const char *texts, size_t len, size_t *at, size_t *ret_len, unsigned *left,
		      size_t max_bytes)
{
	if (*at >= len || !*left)
		return false;
	*ret_len = strnlen(texts + *at, len - *at);
	--*left;
	return *at + *ret_len <= max_bytes;
}

void zc_json_list(struct zc_json *json, const char *key, const char *texts, size_t len,
		  unsigned max, size_t max_bytes)
{
	char beside[64];
	bool exact = true;
	unsigned left = max;
	size_t one, at = 0;

	zc_json_open(json, key, '[');
	for (; next_text(texts, len, &at, &one, &left, max_bytes); at += one + 1) {
		zc_json_text(json, NULL, texts + at, one);
		exact = exact && zc_text_is_utf8(texts + at, one);
	}
	zc_json_close(json, ']');
	if (strlen(key) + sizeof("_truncated") > sizeof(beside))
		return;
	if (at < len) {
		snprintf(beside, sizeof(beside), "%s_truncated", key);
		zc_json_bool(json, beside, true);
	}
	if (exact)
		return;
	snprintf(beside, sizeof(beside), "%s_base64", key);
	zc_json_open(json, beside, '[');
	for (left = max, at = 0; next_text(texts, len, &at, &one, &left, max_bytes);
	     at += one + 1) {
		put_key(json, NULL);
		put_base64(json, texts + at, one);
	}
	zc_json_close(json, ']');
}

void zc_json_raw(struct zc_json *json, const char *key, const char *value, size_t len)
{
	put_key(json, key);
	put(json, value, len);
}

void zc_json_members(struct zc_json *json, const char *members, size_t len)
{
	if (len)
		zc_json_raw(json, NULL, members, len);
}

void zc_json_append(struct zc_json *json, const char *bytes, size_t len)
{
	if (len)
		put(json, bytes, len);
}

void zc_json_newline(struct zc_json *json)
{
	put(json, "\n", 1);
}
