/* SPDX-License-Identifier: MIT */
/*
 * events.c - a log and a run.json that somebody else wrote: read back, verified, told in every format.
 *
 * The input is events.jsonl, and after a line "--" run.json. What the checker of JSON takes is held
 * against json-c, which must take it too and see the same texts.
 */
#include <fcntl.h>
#include <json-c/json.h>
#include <stdint.h>
#include <stdlib.h>
#include <string.h>
#include <sys/stat.h>
#include <unistd.h>

#include "evidence/read/tree.h"
#include "evidence/read/verify.h"
#include "evidence/report/report.h"

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size);

static char dir[] = "/tmp/zc-fuzz-events-XXXXXX";
static bool made;

static void clean_up(void)
{
	char path[64];

	snprintf(path, sizeof(path), "%s/events.jsonl", dir);
	unlink(path);
	snprintf(path, sizeof(path), "%s/run.json", dir);
	unlink(path);
	rmdir(dir);
}

static void put_file(const char *name, const char *bytes, size_t len)
{
	char path[64];
	int fd;

	snprintf(path, sizeof(path), "%s/%s", dir, name);
	fd = open(path, O_WRONLY | O_CREAT | O_TRUNC, 0600);
	if (fd < 0 || write(fd, bytes, len) != (ssize_t)len)
		abort();
	close(fd);
}

/* Every text of the value, compared: json-c decodes it its own way. */
static void compare(struct zc_view view, struct json_object *object, unsigned depth)
{
	struct zc_walk walk = zc_view_walk(view);
	struct zc_view key, value;
	char kind = zc_view_kind(view), *text;
	size_t len, index = 0;

	if (kind == '"') {
		text = malloc(view.len);
		if (!text)
			abort();
		len = zc_view_text(view, text);
		/* Half a pair of surrogates is the one thing that is not told the same way. */
		if (!memmem(view.at, view.len, "\\u", 2) &&
		    (!json_object_is_type(object, json_type_string) ||
		     (size_t)json_object_get_string_len(object) != len ||
		     memcmp(json_object_get_string(object), text, len) != 0))
			abort();
		free(text);
	}
	if (kind == '[' && !json_object_is_type(object, json_type_array))
		abort();
	while (depth < 20 && zc_walk_next(&walk, &key, &value)) {
		if (kind == '[')
			compare(value, json_object_array_get_idx(object, index), depth + 1);
		index++;
	}
	if (kind == '[' && depth < 20 && index != json_object_array_length(object))
		abort();
	if (zc_view_count(view) != 0 && kind != '[' && kind != '{')
		abort();
}

static void check_view(const char *text, size_t len)
{
	struct json_tokener *tokener;
	struct json_object *object;
	char *copy = malloc(len ? len : 1); /* exact: a byte too far is seen */
	struct zc_view view;

	if (!copy)
		abort();
	memcpy(copy, text, len);
	if (zc_view_parse(&view, copy, len) == 0) {
		tokener = json_tokener_new_ex(200);
		object = json_tokener_parse_ex(tokener, view.at, (int)view.len);
		/* A number at the very end could go on: json-c waits for more. */
		if (json_tokener_get_error(tokener) != json_tokener_success &&
		    json_tokener_get_error(tokener) != json_tokener_continue)
			abort();
		if (json_tokener_get_error(tokener) == json_tokener_success)
			compare(view, object, 0);
		json_object_put(object);
		json_tokener_free(tokener);
	}
	free(copy);
}

static void report_all(struct zc_run *run)
{
	const struct zc_report_options options = { .home = "/home/u", .color = true };

	for (size_t i = 0; zc_report_formats[i].name; i++) {
		char *text = NULL;
		size_t len = 0;
		FILE *out = open_memstream(&text, &len);

		if (!out || zc_report_write(run, &zc_report_formats[i], out, &options) < 0)
			abort();
		fclose(out);
		free(text);
	}
}

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size)
{
	const char *bytes = (const char *)data;
	const char *split = size ? memmem(bytes, size, "\n--\n", 4) : NULL;
	size_t log_len = split ? (size_t)(split - bytes) + 1 : size;
	static struct zc_verified verified;
	struct zc_tree *tree;
	struct zc_run *run;
	char error[512];

	if (!made && !mkdtemp(dir))
		abort();
	if (!made)
		atexit(clean_up);
	made = true;
	check_view(bytes, size);
	check_view(bytes, log_len);
	put_file("events.jsonl", bytes, log_len);
	put_file("run.json", split ? split + 4 : "", split ? size - log_len - 3 : 0);
	if (zc_run_open(&run, dir, error) < 0)
		abort();
	if (zc_run_verify(run, NULL, &verified) < 0)
		abort();
	report_all(run);
	if (zc_tree_new(&tree, zc_view_get(run->json, "coverage.processes")) == 0) {
		const struct zc_node *node = NULL;
		size_t nodes = 0;
		unsigned depth = 0;

		while (zc_tree_next(tree, &node, &depth))
			nodes++;
		if (nodes != tree->nodes)
			abort();
		zc_tree_free(tree);
	}
	zc_run_free(run);
	return 0;
}
