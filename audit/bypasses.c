/* SPDX-License-Identifier: MIT */
/*
 * bypasses.c - who went around the shim in a hybrid run: places in code, most often first.
 *
 * The tracer notes a judged call that came from neither door of the gate, once for each place in each
 * program. It judged the call like any other, so what stands here is about speed and about who avoids
 * being watched from inside, not about what went unseen.
 */
#include <errno.h>
#include <limits.h>
#include <json-c/json.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "core/base.h"
#include "evidence/json.h"
#include "evidence/read/log_reader.h"
#include "evidence/read/run.h"
#include "evidence/text.h"
#include "audit/audit.h"

struct place {
	char *where; /* "libfoo.so+0x1234 (function)" */
	char *build_id;
	char *calls, *programs; /* names, each once */
	uint64_t count;
};
struct places {
	struct place *item;
	size_t count;
};

static int fail(const char *file, const char *why)
{
	return zc_audit_fail("bypasses: %s: %s", file, why);
}

static const char *text_of(struct json_object *object, const char *key)
{
	struct json_object *value;

	return json_object_object_get_ex(object, key, &value) ? json_object_get_string(value)
							      : NULL;
}

static struct json_object *member(struct json_object *object, const char *key)
{
	struct json_object *value = NULL;

	if (object)
		json_object_object_get_ex(object, key, &value);
	return value;
}

/* --- places ------------------------------------------------------------------------------------------------ */

/* Adds a word to a list "a, b", once. */
static int add_word(char **list, const char *word)
{
	size_t len = strlen(word);
	char *more;

	for (const char *at = *list; at && (at = strstr(at, word)); at += len)
		if ((at == *list || at[-1] == ' ') && (!at[len] || at[len] == ','))
			return 0;
	if (asprintf(&more, "%s%s%s", *list ? *list : "", *list ? ", " : "", word) < 0)
		return -ENOMEM;
	free(*list);
	*list = more;
	return 0;
}

static char *describe(struct json_object *frame)
{
	const char *module = text_of(frame, "module"), *offset = text_of(frame, "offset");
	const char *function = text_of(frame, "function");
	char *where;
	int n;

	if (!module)
		n = asprintf(&where, "%s, in no file",
			     text_of(frame, "address") ? text_of(frame, "address") : "?");
	else
		n = asprintf(&where, "%s+%s%s%s%s", module, offset ? offset : "?",
			     function ? " (" : "", function ? function : "", function ? ")" : "");
	return n < 0 ? NULL : where;
}

static struct place *find(struct places *places, const char *where, const char *build_id)
{
	struct place *more;

	for (size_t i = 0; i < places->count; i++)
		if (!strcmp(places->item[i].where, where) &&
		    !strcmp(places->item[i].build_id, build_id))
			return &places->item[i];
	more = realloc(places->item, (places->count + 1) * sizeof(*more));
	if (!more)
		return NULL;
	places->item = more;
	more += places->count;
	*more = (struct place){ .where = strdup(where), .build_id = strdup(build_id) };
	if (!more->where || !more->build_id)
		return NULL;
	places->count++;
	return more;
}

/* One note: its innermost frame is the place. */
static int add_note(struct places *places, struct json_object *note)
{
	struct json_object *frames = member(member(note, "stack"), "frames");
	struct json_object *frame = frames && json_object_is_type(frames, json_type_array)
					    ? json_object_array_get_idx(frames, 0)
					    : NULL;
	struct json_object *call = member(note, "syscall"), *process = member(note, "process");
	const char *name = call ? text_of(call, "name") : NULL;
	const char *exe = process ? text_of(process, "exe") : NULL;
	const char *build_id = frame ? text_of(frame, "build_id") : NULL;
	char *where = frame ? describe(frame) : strdup("an unknown place");
	struct place *place = where ? find(places, where, build_id ? build_id : "") : NULL;
	int r = place ? 0 : -ENOMEM;

	free(where);
	if (r == 0)
		place->count++;
	if (r == 0 && name)
		r = add_word(&place->calls, name);
	if (r == 0 && exe)
		r = add_word(&place->programs, exe);
	return r;
}

/* Most often first, then by name. */
static int by_count(const void *a, const void *b)
{
	const struct place *left = a, *right = b;

	if (left->count != right->count)
		return left->count < right->count ? 1 : -1;
	return strcmp(left->where, right->where);
}

static void release(struct places *places)
{
	for (size_t i = 0; i < places->count; i++) {
		free(places->item[i].where);
		free(places->item[i].build_id);
		free(places->item[i].calls);
		free(places->item[i].programs);
	}
	free(places->item);
}

/* --- reading ----------------------------------------------------------------------------------------------- */

static struct json_object *parse(const char *text, size_t len)
{
	struct json_tokener *tokener = json_tokener_new();
	struct json_object *object =
		tokener && len <= INT_MAX ? json_tokener_parse_ex(tokener, text, (int)len) : NULL;

	if (tokener)
		json_tokener_free(tokener);
	return object;
}

static int read_notes(struct zc_journal *log, struct places *places)
{
	struct zc_log_reader reader;
	int r = 0, more = 0;

	zc_log_reader_init(&reader, log, 0);
	while (r == 0 && (more = zc_log_reader_next(&reader)) == 1) {
		struct json_object *note;

		/* Cheap first: most lines are something else. */
		if (reader.state != ZC_LINE_WHOLE ||
		    !memmem(reader.text, reader.len, "\"bypass\"", 8))
			continue;
		note = parse(reader.text, reader.len);
		if (note && text_of(note, "note") && !strcmp(text_of(note, "note"), "bypass"))
			r = add_note(places, note);
		json_object_put(note);
	}
	zc_log_reader_finish(&reader);
	return r ? r : more;
}

/* The gate's counts, as run.json has them; zeros when there is none. */
static void read_counts(const char *dir, uint64_t ret[3])
{
	static const char *const keys[] = { "passed", "handed_over", "bypassed" };
	char path[ZC_PATH_CAP];
	struct json_object *run, *gate;

	run = snprintf(path, sizeof(path), "%s/run.json", dir) < (int)sizeof(path)
		      ? json_object_from_file(path)
		      : NULL;
	gate = member(run, "gate");
	for (size_t i = 0; i < ZC_LEN(keys); i++)
		ret[i] = (uint64_t)json_object_get_int64(member(gate, keys[i]));
	json_object_put(run);
}

/* --- telling ----------------------------------------------------------------------------------------------- */

static void show(const char *text)
{
	zc_text_show(stdout, text, strlen(text));
}

static void print(const struct places *places, const uint64_t counts[3])
{
	printf("%llu calls through the gate, %llu handed over, %llu around the shim\n",
	       (unsigned long long)counts[0], (unsigned long long)counts[1],
	       (unsigned long long)counts[2]);
	for (size_t i = 0; i < places->count; i++) {
		const struct place *place = &places->item[i];

		printf("%8llu  ", (unsigned long long)place->count);
		show(place->where);
		if (place->calls)
			fputs("  ", stdout), show(place->calls);
		if (place->programs)
			fputs("  in ", stdout), show(place->programs);
		putchar('\n');
	}
}

static int print_json(const struct places *places, const uint64_t counts[3])
{
	struct zc_json json = { .indent = 2 };
	int r;

	zc_json_open(&json, NULL, '{');
	zc_json_uint(&json, "passed", counts[0]);
	zc_json_uint(&json, "handed_over", counts[1]);
	zc_json_uint(&json, "bypassed", counts[2]);
	zc_json_open(&json, "places", '[');
	for (size_t i = 0; i < places->count; i++) {
		const struct place *place = &places->item[i];

		zc_json_open(&json, NULL, '{');
		zc_json_string(&json, "where", place->where);
		zc_json_string(&json, "build_id", *place->build_id ? place->build_id : NULL);
		zc_json_string(&json, "calls", place->calls);
		zc_json_string(&json, "programs", place->programs);
		zc_json_uint(&json, "count", place->count);
		zc_json_close(&json, '}');
	}
	zc_json_close(&json, ']');
	zc_json_close(&json, '}');
	zc_json_newline(&json);
	r = json.failed || fwrite(json.bytes, 1, json.len, stdout) != json.len ? -EIO : 0;
	zc_json_free(&json);
	return r;
}

static int tell(const char *dir, bool json)
{
	struct places places = { 0 };
	uint64_t counts[3] = { 0 };
	struct zc_journal *log;
	int r = zc_journal_open(&log, dir);

	if (r < 0)
		return fail(dir, strerror(-r));
	r = read_notes(log, &places);
	zc_journal_free(log);
	read_counts(dir, counts);
	if (places.count)
		qsort(places.item, places.count, sizeof(*places.item), by_count);
	if (r == 0 && json)
		r = print_json(&places, counts);
	else if (r == 0)
		print(&places, counts);
	release(&places);
	if (r == 0 && fflush(stdout) != 0 && errno != EPIPE)
		r = -errno;
	return r < 0 ? fail(dir, strerror(-r)) : 0;
}

int zc_audit_bypasses(int argc, char **argv)
{
	char dir[ZC_PATH_CAP], error[512] = "";
	struct zc_audit audit;
	int status = zc_audit_options(&audit, argc, argv, "lj"), r;

	if (status)
		return status;
	if (audit.argc > 1)
		return zc_audit_fail("bypasses takes one run");
	r = zc_run_find(audit.argc ? audit.argv[0] : "latest", audit.log_dir, dir, error);
	return r ? zc_audit_fail("%s", *error ? error : strerror(-r)) : tell(dir, audit.json);
}
