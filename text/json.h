/* SPDX-License-Identifier: MIT */
/*
 * json.h - a small streaming JSON writer, fast enough for 50,000 event lines a second.
 *
 * It writes into one growing buffer that is reused, and puts the commas itself. Every text is
 * escaped: quotes, controls, what would disturb a terminal. Bytes that are not UTF-8 go in as lossy
 * text plus a sibling "<key>_base64" with the exact bytes.
 *
 * Memory: zc_json owns its buffer. Fails: out of memory sets .failed, and the rest is dropped.
 */
#ifndef ZC_TEXT_JSON_H
#define ZC_TEXT_JSON_H

#include "core/base.h"

struct zc_json {
	char *bytes;
	size_t len, cap;
	unsigned depth;
	unsigned indent; /* levels that get a line each; 0: everything on one line */
	bool failed, comma;
};

void zc_json_reset(struct zc_json *json); /* keeps the buffer and indent */
void zc_json_free(struct zc_json *json);

/* key NULL: an element of an array, or the outermost value. */
void zc_json_open(struct zc_json *json, const char *key, char bracket); /* '{' or '[' */
void zc_json_close(struct zc_json *json, char bracket);                 /* '}' or ']' */
void zc_json_text(struct zc_json *json, const char *key, const char *text, size_t len);
/* Without the sibling: for somebody else's schema. */
void zc_json_lossy(struct zc_json *json, const char *key, const char *text, size_t len);
void zc_json_string(struct zc_json *json, const char *key, const char *string); /* NULL: null */
void zc_json_uint(struct zc_json *json, const char *key, uint64_t value);
void zc_json_int(struct zc_json *json, const char *key, int64_t value);
void zc_json_hex(struct zc_json *json, const char *key, uint64_t value); /* "0x1f" */
void zc_json_bool(struct zc_json *json, const char *key, bool value);
void zc_json_null(struct zc_json *json, const char *key);
/* "key":["a","b"] from texts that end with NUL each; at most max of them and max_bytes of text. */
void zc_json_list(struct zc_json *json, const char *key, const char *texts, size_t len,
		  unsigned max, size_t max_bytes);
/* Ready-made JSON: a whole value. */
void zc_json_raw(struct zc_json *json, const char *key, const char *value, size_t len);
/* Ready-made members ("a":1,"b":2), as cut out of another writer. */
void zc_json_members(struct zc_json *json, const char *members, size_t len);
/* Bytes as they are, without key or comma. */
void zc_json_append(struct zc_json *json, const char *bytes, size_t len);
void zc_json_newline(struct zc_json *json);

#endif
