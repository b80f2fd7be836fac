/* SPDX-License-Identifier: MIT */
/*
 * run.c - opening a run: run.json, and whether it belongs to this log. The pass: run_scan.c.
 */
#include <errno.h>
#include <fcntl.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/file.h>
#include <sys/stat.h>
#include <unistd.h>

#include "evidence/journal/log_reader.h"
#include "evidence/read/run.h"

/* 10,000 findings, their objects and 20,000 processes, at their longest. */
#define RUN_JSON_MAX (1u << 30)

static int open_regular(const char *dir, const char *name, off_t *ret_size)
{
	char path[ZC_PATH_CAP + 32];
	struct stat st;
	int fd, error;

	snprintf(path, sizeof(path), "%s/%s", dir, name);
	fd = open(path, O_RDONLY | O_CLOEXEC | O_NOCTTY | O_NONBLOCK);
	if (fd < 0)
		return -errno;
	error = fstat(fd, &st) < 0 ? -errno : S_ISREG(st.st_mode) ? 0 : -EINVAL;
	if (error) {
		close(fd);
		return error;
	}
	*ret_size = st.st_size;
	return fd;
}

static int read_whole(int fd, char *to, size_t size)
{
	for (size_t at = 0; at < size;) {
		ssize_t got = read(fd, to + at, size - at);

		if (got < 0 && errno == EINTR)
			continue;
		if (got <= 0)
			return got < 0 ? -errno : -EIO;
		at += (size_t)got;
	}
	return 0;
}

/* zcwrap holds its run's directory locked as long as it lives (wrap/start/store.c). */
static bool is_locked(const char *dir)
{
	int fd = open(dir, O_RDONLY | O_DIRECTORY | O_CLOEXEC | O_NONBLOCK);
	bool locked = fd >= 0 && flock(fd, LOCK_SH | LOCK_NB) < 0 && errno == EWOULDBLOCK;

	if (fd >= 0)
		close(fd);
	return locked;
}

/* Reads run.json; what is wrong with it becomes a sentence, not a failure. */
static void load_json(struct zc_run *run)
{
	off_t size = 0;
	int fd = open_regular(run->dir, "run.json", &size), error = fd < 0 ? fd : 0;

	if (!error && size > (off_t)RUN_JSON_MAX)
		error = -EFBIG;
	if (!error) {
		run->bytes = malloc(size ? (size_t)size : 1);
		error = run->bytes ? read_whole(fd, run->bytes, (size_t)size) : -ENOMEM;
	}
	if (fd >= 0)
		close(fd);
	run->running = error == -ENOENT && is_locked(run->dir);
	if (error == -ENOENT)
		snprintf(run->json_error, sizeof(run->json_error), "there is no run.json: %s",
			 run->running ? "the run is still going on"
				      : "zcwrap was ended before the run was");
	else if (error)
		snprintf(run->json_error, sizeof(run->json_error), "cannot read run.json: %s",
			 strerror(-error));
	else if (zc_view_parse(&run->json, run->bytes, (size_t)size) ||
		 !zc_view_is(zc_view_get(run->json, "schema"), "zencube.run/1")) {
		snprintf(run->json_error, sizeof(run->json_error),
			 "run.json is not a document of zencube.run/1");
		run->json = (struct zc_view){ NULL, 0 };
	}
}

/* An id is letters, digits, dots and dashes; anything else is left away. */
static void take_id(struct zc_run *run, struct zc_view id)
{
	size_t len = zc_view_kind(id) == '"' ? id.len - 2 : 0;

	if (!len || len >= sizeof(run->id))
		return;
	for (size_t i = 0; i < len; i++) {
		char c = id.at[1 + i];

		if (!((c >= '0' && c <= '9') || (c >= 'a' && c <= 'z') || (c >= 'A' && c <= 'Z') ||
		      c == '.' || c == '-' || c == '_'))
			return;
	}
	memcpy(run->id, id.at + 1, len);
	run->id[len] = '\0';
}

/* The id is also in the first line, for a run that has no run.json. */
static void take_id_from_log(struct zc_run *run)
{
	struct zc_log_reader reader;
	struct zc_view event;

	zc_log_reader_init(&reader, run->log, 0);
	if (zc_log_reader_next(&reader) == 1 && !zc_view_parse(&event, reader.text, reader.len))
		take_id(run, zc_view_get(event, "run"));
	zc_log_reader_finish(&reader);
}

/* The last whole line of events.jsonl, as far as it fits; an end record does. Returns its length or 0. */
static size_t last_line(const char *dir, char *text, size_t cap)
{
	off_t size = 0;
	int fd = open_regular(dir, "events.jsonl", &size);
	ssize_t got = -1;
	size_t end, start;

	if (fd >= 0) {
		got = pread(fd, text, cap, size > (off_t)cap ? size - (off_t)cap : 0);
		close(fd);
	}
	for (end = got > 0 ? (size_t)got : 0; end && text[end - 1] != '\n'; end--)
		;
	if (!end)
		return 0;
	for (start = --end; start && text[start - 1] != '\n'; start--)
		;
	memmove(text, text + start, end - start);
	return end - start;
}

/*
 * run.json is written after the log has its end. One that stands beside a log that ends otherwise is
 * of an earlier time, or was put there: what it says is not believed. (A disk that was full for the end
 * record leaves the head that run.json knows as the last link.) The rest is for verify.
 */
static void check_stale(struct zc_run *run)
{
	struct zc_view head = zc_view_get(run->json, "chain.head"), line;
	bool no_end_record = zc_view_uint(zc_view_get(run->json, "counts.events"), 0) ==
			     zc_view_uint(zc_view_get(run->json, "chain.count"), 1);
	char text[4096];
	size_t len = run->json.at ? last_line(run->dir, text, sizeof(text)) : 0;

	if (!len)
		return; /* compressed with the run, or empty */
	if (zc_view_parse(&line, text, len) == 0) {
		struct zc_view type = zc_view_get(line, "type");
		struct zc_view link = zc_view_get(line, zc_view_is(type, "end") ? "head" : "chain");

		if (zc_view_is(type, "end") ||
		    (no_end_record && link.len == head.len && !memcmp(link.at, head.at, link.len)))
			return;
	}
	run->stale = true;
	snprintf(run->json_error, sizeof(run->json_error),
		 "run.json is not of this log, which ends without its end record");
}

int zc_run_open(struct zc_run **ret, const char *dir, char error[512])
{
	struct zc_run *run = calloc(1, sizeof(*run));
	int r = -ENOMEM;

	if (!run)
		goto failed;
	r = strlen(dir) < sizeof(run->dir) ? 0 : -ENAMETOOLONG;
	if (r)
		goto failed;
	memcpy(run->dir, dir, strlen(dir) + 1);
	r = zc_journal_open(&run->log, dir);
	if (r < 0)
		goto failed;
	load_json(run);
	check_stale(run);
	take_id(run, zc_view_get(run->json, "run"));
	if (!*run->id)
		take_id_from_log(run);
	*ret = run;
	return 0;
failed:
	snprintf(error, 512, "cannot read '%.300s/events.jsonl': %s", dir, strerror(-r));
	zc_run_free(run);
	return r;
}

struct zc_run *zc_run_free(struct zc_run *run)
{
	if (!run)
		return NULL;
	zc_journal_free(run->log);
	free(run->bytes);
	free(run->item);
	free(run->slot);
	free(run->line);
	free(run->stack_line);
	free(run->place);
	free(run);
	return NULL;
}

const char *zc_run_verdict_known(struct zc_view verdict)
{
	static const char *const known[] = { "pass", "pass-with-gaps", "violations", "killed" };

	for (size_t i = 0; i < ZC_LEN(known); i++)
		if (zc_view_is(verdict, known[i]))
			return known[i];
	return "error";
}

const char *zc_run_verdict_of(const struct zc_run *run)
{
	return run->stale ? "error" : zc_run_verdict_stated(run);
}

const char *zc_run_verdict_stated(const struct zc_run *run)
{
	return zc_run_verdict_known(zc_view_get(run->json, "verdict"));
}
