/* SPDX-License-Identifier: MIT */
/*
 * baseline_file.c - the file of what somebody accepted, read strictly and written whole or not at all.
 */
#include <errno.h>
#include <fcntl.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/stat.h>
#include <unistd.h>

#include <json-c/json.h>

#include "evidence/account/baseline.h"

#define SIZE_CAP (8u << 20)
#define ENTRIES_CAP 100000u

/* --- reading --- */

struct reading {
	const char *path;
	size_t number; /* of the entry, from 1; 0: the file as a whole */
	char *error;
	size_t cap;
};

static int wrong(const struct reading *r, const char *what, const char *text)
{
	if (r->number)
		snprintf(r->error, r->cap, "%s: entry %zu: %s%s%s%s", r->path, r->number, what,
			 text ? " '" : "", text ? text : "", text ? "'" : "");
	else
		snprintf(r->error, r->cap, "%s: %s%s%s%s", r->path, what, text ? " '" : "",
			 text ? text : "", text ? "'" : "");
	/* What was typed is quoted; a terminal must not obey it. */
	for (char *c = r->error; *c; c++)
		if ((unsigned char)*c < 0x20 || *c == 0x7f)
			*c = '?';
	return -EINVAL;
}

static int read_hex(const struct reading *r, const char *text, uint64_t *ret)
{
	if (strlen(text) != 16 || strspn(text, "0123456789abcdef") != 16)
		return wrong(r, "not a fingerprint of 16 hexadecimal digits:", text);
	*ret = strtoull(text, NULL, 16);
	return *ret ? 0 : wrong(r, "not a fingerprint:", text);
}

static int read_member(const struct reading *r, struct zc_accepted *entry, const char *key,
		       json_object *value)
{
	const char *text = json_object_get_string(value);

	if (!json_object_is_type(value, json_type_string) || !*text ||
	    strlen(text) != (size_t)json_object_get_string_len(value))
		return wrong(r, "expected a text, not empty, for", key);
	if (strcmp(key, "fingerprint") == 0)
		return read_hex(r, text, &entry->fingerprint);
	if (strcmp(key, "similar") == 0)
		return read_hex(r, text, &entry->similar);
	if (strcmp(key, "why") == 0)
		entry->why = text;
	else if (strcmp(key, "until") == 0)
		entry->until = text;
	else if (strcmp(key, "what") == 0)
		entry->what = text;
	else if (strcmp(key, "by") == 0)
		entry->by = text;
	else
		return wrong(r, "unknown member", key);
	return 0;
}

static int read_entry(const struct reading *r, struct zc_baseline *baseline, json_object *object)
{
	struct zc_accepted entry = { 0 };
	int64_t ends;
	int error = 0;

	if (!json_object_is_type(object, json_type_object))
		return wrong(r, "not an object", NULL);
	json_object_object_foreach(object, key, value)
	{
		if (error == 0)
			error = read_member(r, &entry, key, value);
	}
	if (error < 0)
		return error;
	if (!entry.fingerprint == !entry.similar)
		return wrong(r, "expected one of 'fingerprint' and 'similar'", NULL);
	if (!entry.why)
		return wrong(r, "without 'why': say why it is accepted", NULL);
	if (!entry.until)
		return wrong(r, "without 'until': say until when, as YYYY-MM-DD", NULL);
	if (zc_baseline_day(entry.until, &ends) < 0)
		return wrong(r, "expected a day as YYYY-MM-DD, not", entry.until);
	for (size_t i = 0; i < zc_baseline_count(baseline); i++)
		if (zc_baseline_is_same(zc_baseline_at(baseline, i), &entry))
			return wrong(r, "the same finding as an entry before it", NULL);
	return zc_baseline_add(baseline, &entry);
}

static int read_all(struct reading *r, struct zc_baseline *baseline, json_object *root)
{
	json_object *schema, *list;
	int error = 0;

	if (!json_object_object_get_ex(root, "schema", &schema) ||
	    !json_object_is_type(schema, json_type_string) ||
	    strcmp(json_object_get_string(schema), ZC_BASELINE_SCHEMA) != 0)
		return wrong(r, "not a baseline: expected \"schema\":", ZC_BASELINE_SCHEMA);
	if (!json_object_object_get_ex(root, "accepted", &list) ||
	    !json_object_is_type(list, json_type_array))
		return wrong(r, "expected a list", "accepted");
	json_object_object_foreach(root, key, value)
	{
		(void)value;
		if (strcmp(key, "schema") != 0 && strcmp(key, "accepted") != 0)
			return wrong(r, "unknown member", key);
	}
	if (json_object_array_length(list) > ENTRIES_CAP)
		return wrong(r, "too many entries", NULL);
	for (size_t i = 0; i < json_object_array_length(list) && error == 0; i++) {
		r->number = i + 1;
		error = read_entry(r, baseline, json_object_array_get_idx(list, i));
	}
	return error;
}

static int parse(struct reading *r, const char *text, size_t len, struct zc_baseline *baseline)
{
	json_tokener *tokener = json_tokener_new_ex(16);
	json_object *root;
	size_t line = 1, end;
	int error;

	if (!tokener)
		return -ENOMEM;
	json_tokener_set_flags(tokener, JSON_TOKENER_STRICT | JSON_TOKENER_VALIDATE_UTF8);
	root = json_tokener_parse_ex(tokener, text, (int)len);
	end = json_tokener_get_parse_end(tokener);
	while (root && end < len && strchr(" \t\r\n", text[end]) && text[end])
		end++;
	if (!root || end < len || json_tokener_get_error(tokener) != json_tokener_success) {
		for (size_t i = 0; i < end && i < len; i++)
			line += text[i] == '\n';
		snprintf(r->error, r->cap, "%s:%zu: not JSON: %s", r->path, line,
			 json_tokener_error_desc(json_tokener_get_error(tokener)));
		error = -EINVAL;
	} else {
		error = json_object_is_type(root, json_type_object)
				? read_all(r, baseline, root)
				: wrong(r, "not an object", NULL);
	}
	json_object_put(root);
	json_tokener_free(tokener);
	return error;
}

static int load(const char *path, char **ret, size_t *ret_len)
{
	int fd = open(path, O_RDONLY | O_CLOEXEC | O_NONBLOCK), error = 0;
	struct stat st;
	ssize_t n = 1;

	if (fd < 0)
		return -errno;
	*ret_len = 0;
	*ret = malloc(SIZE_CAP + 1);
	if (!*ret)
		error = -ENOMEM;
	else if (fstat(fd, &st) < 0 || !S_ISREG(st.st_mode))
		error = -EINVAL;
	while (error == 0 && n > 0 && *ret_len <= SIZE_CAP) {
		n = read(fd, *ret + *ret_len, SIZE_CAP + 1 - *ret_len);
		if (n < 0 && errno != EINTR)
			error = -errno;
		*ret_len += n > 0 ? (size_t)n : 0;
		n = n < 0 ? 1 : n;
	}
	if (error == 0 && *ret_len > SIZE_CAP)
		error = -EFBIG;
	close(fd);
	if (error < 0) {
		free(*ret);
		*ret = NULL;
	}
	return error;
}

int zc_baseline_parse(struct zc_baseline **ret, const char *name, const char *text, size_t len,
		      char *error, size_t cap)
{
	struct reading r = { .path = name, .error = error, .cap = cap };
	struct zc_baseline *baseline = zc_baseline_new();
	int result = baseline ? 0 : -ENOMEM;

	*error = '\0';
	if (result == 0)
		result = parse(&r, text, len, baseline);
	if (result == 0) {
		*ret = baseline;
		return 0;
	}
	if (!*error)
		snprintf(error, cap, "%s: %s", name, strerror(-result));
	zc_baseline_free(baseline);
	return result;
}

int zc_baseline_read(struct zc_baseline **ret, const char *path, char *error, size_t cap)
{
	char *text = NULL;
	size_t len = 0;
	int result = load(path, &text, &len);

	if (result == 0)
		result = zc_baseline_parse(ret, path, text, len, error, cap);
	else
		snprintf(error, cap, "%s: %s", path,
			 result == -EINVAL ? "not a regular file" : strerror(-result));
	free(text);
	return result;
}

/* --- writing --- */

static bool put(json_object *object, const char *key, const char *text)
{
	json_object *value = text ? json_object_new_string(text) : NULL;

	return !text || (value && json_object_object_add(object, key, value) == 0);
}

static bool put_hex(json_object *object, const char *key, uint64_t number)
{
	char hex[17];

	snprintf(hex, sizeof(hex), "%016llx", (unsigned long long)number);
	return !number || put(object, key, hex);
}

static bool put_entry(json_object *list, const struct zc_accepted *entry)
{
	json_object *object = json_object_new_object();

	return object && json_object_array_add(list, object) == 0 &&
	       put_hex(object, "fingerprint", entry->fingerprint) &&
	       put_hex(object, "similar", entry->similar) && put(object, "what", entry->what) &&
	       put(object, "why", entry->why) && put(object, "until", entry->until) &&
	       put(object, "by", entry->by);
}

static int write_text(const char *path, const char *text)
{
	char *beside = NULL;
	size_t len = strlen(text);
	int fd, error = 0;

	if (asprintf(&beside, "%s.XXXXXX", path) < 0)
		return -ENOMEM;
	fd = mkostemp(beside, O_CLOEXEC);
	if (fd < 0) {
		error = -errno;
	} else {
		mode_t mask = umask(0);

		umask(mask);
		if (fchmod(fd, 0666 & ~mask) < 0 || write(fd, text, len) != (ssize_t)len ||
		    write(fd, "\n", 1) != 1 || fsync(fd) < 0)
			error = errno ? -errno : -ENOSPC;
		close(fd);
		if (error == 0 && rename(beside, path) < 0)
			error = -errno;
		if (error < 0)
			unlink(beside);
	}
	free(beside);
	return error;
}

int zc_baseline_write(const struct zc_baseline *baseline, const char *path)
{
	json_object *root = json_object_new_object(), *list = json_object_new_array();
	bool fine = root && list && put(root, "schema", ZC_BASELINE_SCHEMA) &&
		    json_object_object_add(root, "accepted", list) == 0;
	int error = -ENOMEM;

	for (size_t i = 0; i < zc_baseline_count(baseline) && fine; i++)
		fine = put_entry(list, zc_baseline_at(baseline, i));
	errno = 0;
	if (fine)
		error = write_text(path, json_object_to_json_string_ext(
						 root, JSON_C_TO_STRING_PRETTY |
							       JSON_C_TO_STRING_NOSLASHESCAPE));
	json_object_put(root);
	return error;
}
