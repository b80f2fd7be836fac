/* SPDX-License-Identifier: MIT */
/*
 * sinks.c - names that a program chose, in every place where one can stand, in every sink there is.
 *
 * The input is texts, one behind the other, NUL between them. They become the paths, arguments, functions,
 * rules and hosts of a run that is written as zcwrap writes one; then each report format and each
 * subcommand that prints for people tells it, and what they print is held against what its reader
 * must be able to rely on: JSON that parses, XML and HTML that are well formed, lines that begin as
 * only our own do, and nowhere a byte that a terminal would obey.
 */
#include <fcntl.h>
#include <json-c/json.h>
#include <stdint.h>
#include <stdlib.h>
#include <string.h>
#include <sys/stat.h>
#include <unistd.h>

#include "audit/audit.h"
#include "text/json.h"
#include "text/text.h"
#include "tests/fuzz/markup.h"

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size);

static char dir[] = "/tmp/zc-fuzz-sinks-XXXXXX";

static void die(const char *sink, const char *why, const char *text, size_t len)
{
	fprintf(stderr, "%s: %s: %.*s\n", sink, why, len < 2000 ? (int)len : 2000, text);
	abort();
}

/* --- the run ---------------------------------------------------------------------------------------- */

struct texts {
	const char *at;
	size_t len, next;
};

/* The next text; from the first one again when there are no more. */
static void put(struct texts *texts, struct zc_json *json, const char *key)
{
	size_t from = texts->next < texts->len ? texts->next : 0;
	size_t len = strnlen(texts->at + from, texts->len - from);

	zc_json_text(json, key, texts->at + from, len);
	texts->next = from + len + 1;
}

static void put_list(struct texts *texts, struct zc_json *json, const char *key, unsigned count)
{
	zc_json_open(json, key, '[');
	while (count--)
		put(texts, json, NULL);
	zc_json_close(json, ']');
}

static void put_object(struct texts *texts, struct zc_json *json, unsigned kind)
{
	zc_json_open(json, "object", '{');
	if (kind == 0) {
		put(texts, json, "path");
		put(texts, json, "requested");
	} else if (kind == 1) {
		put(texts, json, "host");
	} else if (kind == 2) {
		zc_json_string(json, "family", "inet");
		put(texts, json, "address");
		zc_json_uint(json, "port", 80);
	} else {
		zc_json_string(json, "family", "unix");
		put(texts, json, kind == 3 ? "path" : "abstract");
	}
	zc_json_close(json, '}');
}

static void put_rule(struct texts *texts, struct zc_json *json, unsigned kind)
{
	static const char *const classes[] = { "read", "net", "net", "unix", "run" };

	zc_json_open(json, "rule", '{');
	put(texts, json, "source");
	put(texts, json, "text");
	zc_json_string(json, "layer", "user");
	if (kind < ZC_LEN(classes))
		zc_json_string(json, "class", classes[kind]);
	else
		put(texts, json, "class");
	zc_json_string(json, "reason", "rule");
	put(texts, json, "why");
	zc_json_close(json, '}');
}

static void put_frames(struct texts *texts, struct zc_json *json)
{
	zc_json_open(json, "stack", '{');
	zc_json_string(json, "status", "truncated");
	put(texts, json, "why");
	zc_json_open(json, "frames", '[');
	for (unsigned i = 0; i < 3; i++) {
		zc_json_open(json, NULL, '{');
		if (i != 1)
			put(texts, json, "module");
		put(texts, json, "build_id");
		zc_json_string(json, "offset", "0x1");
		if (i)
			put(texts, json, "function");
		put(texts, json, "file");
		zc_json_uint(json, "line", i);
		put(texts, json, "lang");
		zc_json_close(json, '}');
	}
	zc_json_close(json, ']');
	zc_json_close(json, '}');
}

static void put_event(struct texts *texts, struct zc_json *json, unsigned number)
{
	zc_json_open(json, NULL, '{');
	zc_json_string(json, "schema", "zencube.event/1");
	zc_json_string(json, "run", "r-1");
	zc_json_uint(json, "seq", number + 2);
	zc_json_string(json, "time", "2026-01-02T03:04:05.678901234Z");
	zc_json_uint(json, "mono_ns", 1000000000u + number);
	zc_json_string(json, "type", number % 7 == 6 ? "access" : "violation");
	put(texts, json, "op");
	zc_json_string(json, "action", "denied");
	zc_json_string(json, "severity", number % 2 ? "high" : "medium");
	put_rule(texts, json, number);
	put_object(texts, json, number % 5);
	zc_json_open(json, "syscall", '{');
	put(texts, json, "name");
	put_list(texts, json, "args", 3);
	put(texts, json, "errno");
	zc_json_close(json, '}');
	zc_json_open(json, "process", '{');
	zc_json_uint(json, "pid", 12);
	put(texts, json, "exe");
	put_list(texts, json, "argv", 2);
	put_list(texts, json, "ancestry", 2);
	zc_json_close(json, '}');
	zc_json_open(json, "evidence", '{');
	put(texts, json, "source");
	put(texts, json, "trust");
	zc_json_close(json, '}');
	put_frames(texts, json);
	zc_json_hex(json, "fingerprint", number + 1);
	zc_json_uint(json, "count", 1);
	put(texts, json, "hint");
	zc_json_close(json, '}');
	zc_json_newline(json);
}

static void put_note(struct texts *texts, struct zc_json *json)
{
	zc_json_open(json, NULL, '{');
	zc_json_string(json, "schema", "zencube.event/1");
	zc_json_uint(json, "seq", 1);
	zc_json_string(json, "type", "note");
	zc_json_string(json, "note", "bypass");
	put(texts, json, "text");
	put(texts, json, "path");
	put(texts, json, "syscall");
	put_frames(texts, json);
	zc_json_close(json, '}');
	zc_json_newline(json);
}

static void put_run(struct texts *texts, struct zc_json *json)
{
	zc_json_open(json, NULL, '{');
	zc_json_string(json, "schema", "zencube.run/1");
	zc_json_string(json, "run", "r-1");
	put_list(texts, json, "command", 3);
	put(texts, json, "cwd");
	put(texts, json, "started");
	put(texts, json, "error");
	zc_json_open(json, "policy", '{');
	put(texts, json, "sha256");
	put_list(texts, json, "sources", 3);
	zc_json_close(json, '}');
	zc_json_open(json, "mode", '{');
	put(texts, json, "used");
	zc_json_open(json, "why_not", '[');
	zc_json_open(json, NULL, '{');
	put(texts, json, "mode");
	put(texts, json, "reason");
	zc_json_close(json, '}');
	zc_json_close(json, ']');
	zc_json_close(json, '}');
	zc_json_open(json, "layers", '[');
	zc_json_open(json, NULL, '{');
	put(texts, json, "name");
	put(texts, json, "detail");
	zc_json_close(json, '}');
	zc_json_close(json, ']');
	zc_json_open(json, "coverage", '{');
	zc_json_uint(json, "gaps", 1);
	zc_json_open(json, "processes", '[');
	for (unsigned i = 0; i < 3; i++) {
		zc_json_open(json, NULL, '{');
		zc_json_uint(json, "pid", i + 1);
		zc_json_uint(json, "ppid", i);
		put(texts, json, "exe");
		put(texts, json, i ? "gap" : "watched_by");
		zc_json_close(json, '}');
	}
	zc_json_close(json, ']');
	zc_json_close(json, '}');
	put(texts, json, "verdict");
	zc_json_close(json, '}');
}

static void write_file(const char *name, struct zc_json *json)
{
	char path[64];
	int fd;

	snprintf(path, sizeof(path), "%s/%s", dir, name);
	fd = open(path, O_WRONLY | O_CREAT | O_TRUNC | O_CLOEXEC, 0600);
	if (fd < 0 || write(fd, json->bytes, json->len) != (ssize_t)json->len)
		abort();
	close(fd);
	json->len = 0;
}

static void make_run(const char *bytes, size_t len)
{
	struct texts texts = { bytes, len, 0 };
	struct zc_json json = { 0 };

	put_note(&texts, &json);
	for (unsigned i = 0; i < 7; i++)
		put_event(&texts, &json, i);
	write_file("events.jsonl", &json);
	zc_json_reset(&json);
	put_run(&texts, &json);
	write_file("run.json", &json);
	zc_json_free(&json);
}

/* --- what must hold --------------------------------------------------------------------------------- */

/* UTF-8, and nothing that a terminal obeys. */
static void check_plain(const char *sink, const char *text, size_t len)
{
	uint32_t point;

	for (size_t at = 0; at < len;) {
		unsigned step = zc_text_decode(text + at, len - at, &point);

		if (!step)
			die(sink, "not UTF-8", text + at, len - at);
		if (zc_text_hidden(point) && point != '\n' && point != '\t')
			die(sink, "a hidden character", text + at, len - at);
		at += step;
	}
}

static void check_json(const char *sink, const char *text, size_t len)
{
	struct json_tokener *tokener = json_tokener_new_ex(100);
	struct json_object *object;

	json_tokener_set_flags(tokener, JSON_TOKENER_STRICT);
	object = json_tokener_parse_ex(tokener, text, (int)len);
	if (json_tokener_get_error(tokener) != json_tokener_success)
		die(sink, "not JSON", text, len);
	json_object_put(object);
	json_tokener_free(tokener);
}

/* Calls check for each line; a last one without its newline is wrong in all of them. */
static void check_lines(const char *sink, const char *text, size_t len,
			void (*check)(const char *sink, const char *line, size_t len))
{
	const char *end = text + len, *newline;

	for (; text < end; text = newline + 1) {
		newline = memchr(text, '\n', (size_t)(end - text));
		if (!newline)
			die(sink, "the last line has no end", text, (size_t)(end - text));
		check(sink, text, (size_t)(newline - text));
	}
}

/* A log of CI takes a line that begins with :: for a command, and ##[ for one anywhere. */
static void check_no_command(const char *sink, const char *line, size_t len)
{
	size_t blanks = 0;

	while (blanks < len && (line[blanks] == ' ' || line[blanks] == '\t'))
		blanks++;
	if (len - blanks >= 2 && line[blanks] == ':' && line[blanks + 1] == ':')
		die(sink, "a workflow command", line, len);
	if (memmem(line, len, "##[", 3))
		die(sink, "an old workflow command", line, len);
}

/* ::error file=a,line=1,title=b::message */
static void check_annotation(const char *sink, const char *line, size_t len)
{
	static const char *const starts[] = { "::error ", "::warning ", "::notice " };
	const char *at = NULL, *end;

	for (size_t i = 0; i < ZC_LEN(starts); i++)
		if (len > strlen(starts[i]) && !memcmp(line, starts[i], strlen(starts[i])))
			at = line + strlen(starts[i]);
	if (!at)
		die(sink, "not a workflow command", line, len);
	end = memmem(at, len - (size_t)(at - line), "::", 2);
	if (!end)
		die(sink, "no message", line, len);
	while (at < end) {
		static const char *const names[] = { "file=", "line=", "title=" };
		const char *comma = memchr(at, ',', (size_t)(end - at));
		bool known = false;

		for (size_t i = 0; i < ZC_LEN(names); i++)
			known = known || !strncmp(at, names[i], strlen(names[i]));
		if (!known || memchr(at, ':', (size_t)((comma ? comma : end) - at)))
			die(sink, "an unknown property", line, len);
		at = comma ? comma + 1 : end;
	}
}

/* frame;frame;frame 12 */
static void check_folded(const char *sink, const char *line, size_t len)
{
	size_t digits = 0;

	while (digits < len && line[len - 1 - digits] >= '0' && line[len - 1 - digits] <= '9')
		digits++;
	if (!digits || digits + 1 >= len || line[len - 1 - digits] != ' ')
		die(sink, "no count at the end", line, len);
	check_no_command(sink, line, len);
}

static void check_format(const char *name, const char *text, size_t len)
{
	const char *wrong = NULL;

	check_plain(name, text, len);
	if (!strcmp(name, "ocsf"))
		check_lines(name, text, len, check_json);
	else if (!strcmp(name, "github"))
		check_lines(name, text, len, check_annotation);
	else if (!strcmp(name, "folded"))
		check_lines(name, text, len, check_folded);
	else if (!strcmp(name, "text"))
		check_lines(name, text, len, check_no_command);
	else if (!strcmp(name, "md"))
		wrong = zc_markdown_wrong(text, len);
	else if (!strcmp(name, "junit"))
		wrong = zc_markup_wrong(text, len, false);
	else if (!strcmp(name, "html"))
		wrong = zc_markup_wrong(text, len, true);
	else
		check_json(name, text, len);
	if (wrong)
		die(name, wrong, text, len);
}

/* --- telling it -------------------------------------------------------------------------------------- */

static void tell_formats(void)
{
	struct zc_run *run;
	char error[512];

	if (zc_run_open(&run, dir, error) < 0 || zc_run_scan(run) < 0)
		abort();
	for (size_t i = 0; zc_report_formats[i].name; i++) {
		char *text = NULL;
		size_t len = 0;
		FILE *out = open_memstream(&text, &len);

		if (!out || zc_report_write(run, &zc_report_formats[i], out, NULL) < 0)
			abort();
		fclose(out);
		check_format(zc_report_formats[i].name, text, len);
		free(text);
	}
	zc_run_free(run);
}

static void tell_command(const char *name, int (*command)(int, char **), bool json)
{
	static char text[4u << 20];
	char words[6][80];
	char *argv[7] = { words[0], words[1], words[2], words[3], words[4], NULL };
	int fd, argc = 5;
	ssize_t len;

	snprintf(words[0], sizeof(words[0]), "%s", name);
	snprintf(words[1], sizeof(words[1]), "--color=never");
	snprintf(words[2], sizeof(words[2]), "--output=%s/out", dir);
	snprintf(words[3], sizeof(words[3]), "%s", dir);
	snprintf(words[4], sizeof(words[4]), "--json");
	if (!json)
		argv[--argc] = NULL;
	if (command(argc, argv) != 0)
		die(name, "it failed", "", 0);
	snprintf(words[5], sizeof(words[5]), "%s/out", dir);
	fd = open(words[5], O_RDONLY | O_CLOEXEC);
	len = read(fd, text, sizeof(text));
	close(fd);
	if (len < 0 || len == (ssize_t)sizeof(text))
		abort();
	check_plain(name, text, (size_t)len);
	if (!json)
		check_lines(name, text, (size_t)len, check_no_command);
	else if (!strcmp(name, "tail"))
		check_lines(name, text, (size_t)len, check_json);
	else
		check_json(name, text, (size_t)len);
}

static void clean_up(void)
{
	static const char *const names[] = { "events.jsonl", "run.json", "out" };
	char path[64];

	for (size_t i = 0; i < ZC_LEN(names); i++) {
		snprintf(path, sizeof(path), "%s/%s", dir, names[i]);
		unlink(path);
	}
	rmdir(dir);
}

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size)
{
	static const struct {
		const char *name;
		int (*command)(int argc, char **argv);
	} commands[] = {
		{ "show", zc_audit_show },         { "findings", zc_audit_findings },
		{ "explain", zc_audit_explain },   { "tree", zc_audit_tree },
		{ "bypasses", zc_audit_bypasses }, { "tail", zc_audit_tail },
	};
	static bool made;

	if (size > 65536)
		return 0;
	if (!made && !mkdtemp(dir))
		abort();
	if (!made)
		atexit(clean_up);
	made = true;
	make_run((const char *)data, size);
	tell_formats();
	for (size_t i = 0; i < ZC_LEN(commands); i++) {
		tell_command(commands[i].name, commands[i].command, false);
		tell_command(commands[i].name, commands[i].command, true);
	}
	return 0;
}
