/* SPDX-License-Identifier: MIT */
/*
 * redact.c - see redact.h.
 */
#include <errno.h>
#include <sodium.h>
#include <stdlib.h>
#include <string.h>

#include "evidence/redact.h"

#define TEXT_LEAST 3u

/* As bytes, and as they stand in a JSON string. */
struct item {
	struct zc_json raw, escaped;
	const char *instead;
	bool path;
	bool shallow; /* a path of one component: /root is also the end of /chroot/1/root */
};

struct zc_redaction {
	struct item *item; /* longest first */
	size_t count;
	struct zc_json made; /* the text that is being made */
	char *decoded;       /* of a base64 value */
	size_t decoded_cap;
};

struct zc_redaction *zc_redaction_new(void)
{
	return calloc(1, sizeof(struct zc_redaction));
}

struct zc_redaction *zc_redaction_free(struct zc_redaction *redaction)
{
	if (!redaction)
		return NULL;
	for (size_t i = 0; i < redaction->count; i++) {
		zc_json_free(&redaction->item[i].raw);
		zc_json_free(&redaction->item[i].escaped);
	}
	free(redaction->item);
	free(redaction->decoded);
	zc_json_free(&redaction->made);
	free(redaction);
	return NULL;
}

static int longest_first(const void *a, const void *b)
{
	const struct item *x = a, *y = b;

	return x->raw.len > y->raw.len ? -1 : x->raw.len < y->raw.len;
}

static int add(struct zc_redaction *redaction, const char *text, size_t len, bool path)
{
	struct item *item = realloc(redaction->item, (redaction->count + 1) * sizeof(*item));

	if (!item)
		return -ENOMEM;
	redaction->item = item;
	item += redaction->count;
	*item = (struct item){ .instead = path ? "~" : "***",
			       .path = path,
			       .shallow = path && !memchr(text + 1, '/', len - 1) };
	zc_json_raw(&item->raw, NULL, text, len);
	zc_json_text(&item->escaped, NULL, text, len);
	if (item->raw.failed || item->escaped.failed) {
		zc_json_free(&item->raw);
		zc_json_free(&item->escaped);
		return -ENOMEM;
	}
	redaction->count++;
	qsort(redaction->item, redaction->count, sizeof(*item), longest_first);
	return 0;
}

static int add_path(struct zc_redaction *redaction, const char *path)
{
	size_t len = strlen(path);

	while (len && path[len - 1] == '/')
		len--;
	for (size_t i = 0; i < redaction->count; i++)
		if (redaction->item[i].raw.len == len &&
		    !memcmp(redaction->item[i].raw.bytes, path, len))
			return 0;
	return *path == '/' && len ? add(redaction, path, len, true) : 0;
}

int zc_redaction_add_home(struct zc_redaction *redaction, const char *path)
{
	char *real = path && *path == '/' ? realpath(path, NULL) : NULL;
	int error = path ? add_path(redaction, path) : 0;

	if (!error && real)
		error = add_path(redaction, real);
	free(real);
	return error;
}

int zc_redaction_add_text(struct zc_redaction *redaction, const char *text)
{
	size_t len = strlen(text);

	return len < TEXT_LEAST ? -EINVAL : add(redaction, text, len, false);
}

/* --- inside of one text ------------------------------------------------------------------------------ */

static bool in_name(const char *text, size_t len, size_t at)
{
	unsigned char byte;

	if (at >= len)
		return false;
	byte = (unsigned char)text[at];
	if (byte == '.') /* may end a sentence */
		return at + 1 < len && (in_name(text, len, at + 1) || text[at + 1] == '/');
	return (byte >= '0' && byte <= '9') || (byte >= 'a' && byte <= 'z') ||
	       (byte >= 'A' && byte <= 'Z') || byte == '_' || byte == '-' || byte >= 0x80;
}

static bool stands_at(const struct item *item, const struct zc_json *form, size_t skip,
		      const char *text, size_t len, size_t at)
{
	size_t form_len = form->len - 2 * skip;

	if (len - at < form_len || memcmp(text + at, form->bytes + skip, form_len) != 0)
		return false;
	if (!item->path)
		return true;
	return !in_name(text, len, at + form_len) &&
	       !(item->shallow && at && in_name(text, len, at - 1));
}

/* Appends text, with what is to be hidden replaced. escaped: it is the inside of a JSON string. */
static void put_hidden(const struct zc_redaction *redaction, struct zc_json *to, const char *text,
		       size_t len, bool escaped)
{
	size_t kept = 0, at = 0;

	while (at < len) {
		const struct item *found = NULL;
		size_t found_len = 0;

		for (size_t i = 0; !found && i < redaction->count; i++) {
			const struct item *item = &redaction->item[i];
			const struct zc_json *form = escaped ? &item->escaped : &item->raw;

			if (stands_at(item, form, escaped, text, len, at)) {
				found = item;
				found_len = form->len - 2 * (size_t)escaped;
			}
		}
		if (!found) {
			/* An escape is one letter: what begins in its middle is something else. */
			at += escaped && text[at] == '\\' && at + 1 < len ? 2 : 1;
			continue;
		}
		zc_json_append(to, text + kept, at - kept);
		zc_json_append(to, found->instead, strlen(found->instead));
		at = kept = at + found_len;
	}
	zc_json_append(to, text + kept, len - kept);
}

/* --- a whole document ------------------------------------------------------------------------------------ */

/* Words of the format itself, which no program chose. */
static bool is_fixed(const char *key, size_t len)
{
	static const char *const fixed[] = {
		"schema", "run",      "time",   "started", "ended",   "type",  "op",
		"action", "severity", "layer",  "class",   "reason",  "trust", "fingerprint",
		"chain",  "head",     "sha256", "verdict", "status",  "lang",  "abi",
		"errno",  "build_id", "offset", "note",    "version", "when"
	};

	for (size_t i = 0; i < ZC_LEN(fixed); i++)
		if (strlen(fixed[i]) == len && !memcmp(fixed[i], key, len))
			return true;
	return false;
}

static bool is_base64(const char *key, size_t len)
{
	static const char end[] = "_base64";

	return len >= sizeof(end) && !memcmp(key + len - (sizeof(end) - 1), end, sizeof(end) - 1);
}

/* What cannot be decoded was not made by us and stays as it is. */
static void put_base64(struct zc_redaction *redaction, struct zc_json *to, const char *text,
		       size_t len)
{
	struct zc_json hidden = { 0 };
	char *encoded = NULL;
	size_t got;

	if (redaction->decoded_cap < len + 1) {
		char *more = realloc(redaction->decoded, len + 1);

		if (!more) {
			to->failed = true;
			return;
		}
		redaction->decoded = more;
		redaction->decoded_cap = len + 1;
	}
	if (sodium_base642bin((unsigned char *)redaction->decoded, redaction->decoded_cap, text,
			      len, NULL, &got, NULL, sodium_base64_VARIANT_ORIGINAL) != 0) {
		zc_json_append(to, text, len);
		return;
	}
	put_hidden(redaction, &hidden, redaction->decoded, got, false);
	got = sodium_base64_encoded_len(hidden.len, sodium_base64_VARIANT_ORIGINAL);
	encoded = hidden.failed ? NULL : malloc(got);
	if (encoded) {
		sodium_bin2base64(encoded, got, (unsigned char *)hidden.bytes, hidden.len,
				  sodium_base64_VARIANT_ORIGINAL);
		zc_json_append(to, encoded, strlen(encoded));
	} else {
		to->failed = true;
	}
	free(encoded);
	zc_json_free(&hidden);
}

/* The end of the string that starts behind its first quote: its other quote. */
static const char *string_end(const char *at, const char *end)
{
	while (at < end && *at != '"')
		at += *at == '\\' && at + 1 < end ? 2 : 1;
	return at < end ? at : end;
}

static void redact(struct zc_redaction *redaction, const char *text, size_t len)
{
	struct zc_json *to = &redaction->made;
	const char *at = text, *end = text + len, *key = "";
	size_t key_len = 0;

	while (at < end) {
		const char *quote = memchr(at, '"', (size_t)(end - at)), *close;

		if (!quote)
			break;
		zc_json_append(to, at, (size_t)(quote + 1 - at));
		at = quote + 1;
		close = string_end(at, end);
		len = (size_t)(close - at);
		if (close + 1 < end && close[1] == ':') {
			key = at;
			key_len = len;
			zc_json_append(to, at, len);
		} else if (is_fixed(key, key_len)) {
			zc_json_append(to, at, len);
		} else if (is_base64(key, key_len)) {
			put_base64(redaction, to, at, len);
		} else {
			put_hidden(redaction, to, at, len, true);
		}
		if (close < end)
			zc_json_append(to, close++, 1);
		at = close;
	}
	zc_json_append(to, at, (size_t)(end - at));
}

void zc_redact_json(struct zc_redaction *redaction, struct zc_json *json)
{
	struct zc_json kept;

	if (!redaction || !redaction->count || json->failed)
		return;
	zc_json_reset(&redaction->made);
	redact(redaction, json->bytes, json->len);
	if (redaction->made.failed) {
		json->failed = true;
		return;
	}
	/* The texts change hands, the state of the writer stays. */
	kept = *json;
	json->bytes = redaction->made.bytes;
	json->len = redaction->made.len;
	json->cap = redaction->made.cap;
	redaction->made = (struct zc_json){ .bytes = kept.bytes, .cap = kept.cap };
}
