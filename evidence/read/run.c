/* SPDX-License-Identifier: MIT */
/*
 * run.c - opening a run, and the one pass over its log.
 */
#include <errno.h>
#include <fcntl.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/file.h>
#include <sys/stat.h>
#include <unistd.h>

#include "core/image.h"
#include "evidence/read/log_reader.h"
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

/* --- items --------------------------------------------------------------------------------------- */

static size_t slot_of(const struct zc_run *run, uint64_t fingerprint)
{
	size_t at = (size_t)((fingerprint * 0x9e3779b97f4a7c15ull) >> 20) & (run->slots - 1);

	while (run->slot[at] && run->item[run->slot[at] - 1].fingerprint != fingerprint)
		at = (at + 1) & (run->slots - 1);
	return at;
}

static int grow(struct zc_run *run)
{
	size_t slots = run->slots ? run->slots * 2 : 1024;
	size_t cap = run->cap ? run->cap * 2 : 512;
	struct zc_item *item;
	uint32_t *slot;

	if (run->items < run->cap)
		return 0;
	item = realloc(run->item, cap * sizeof(*item));
	if (!item)
		return -ENOMEM;
	run->item = item;
	run->cap = cap;
	slot = calloc(slots, sizeof(*slot));
	if (!slot)
		return -ENOMEM;
	free(run->slot);
	run->slot = slot;
	run->slots = slots;
	for (size_t i = 0; i < run->items; i++)
		slot[slot_of(run, item[i].fingerprint)] = (uint32_t)i + 1;
	return 0;
}

/* The item with that fingerprint, made when it is new; NULL past the limit, or with *error set. */
static struct zc_item *get_item(struct zc_run *run, uint64_t fingerprint, bool violation,
				int *error)
{
	size_t at = run->slots ? slot_of(run, fingerprint) : 0;

	if (run->slots && run->slot[at])
		return &run->item[run->slot[at] - 1];
	if (run->items >= ZC_RUN_ITEMS_MAX)
		return NULL;
	*error = grow(run);
	if (*error)
		return NULL;
	at = slot_of(run, fingerprint);
	run->item[run->items] = (struct zc_item){ .fingerprint = fingerprint,
						  .event_at = -1,
						  .violation = violation };
	run->slot[at] = (uint32_t)++run->items;
	run->violations += violation;
	return &run->item[run->items - 1];
}

const struct zc_item *zc_run_item(const struct zc_run *run, uint64_t fingerprint)
{
	uint32_t index = run->slots ? run->slot[slot_of(run, fingerprint)] : 0;

	return index ? &run->item[index - 1] : NULL;
}

static uint64_t fingerprint_of(struct zc_view text)
{
	uint64_t value = 0;

	if (zc_view_hex(text, &value))
		return value;
	return text.at ? zc_hash_bytes(text.at, text.len, 1) : 0;
}

static int take_findings(struct zc_run *run, const char *key, bool violation)
{
	struct zc_walk walk = zc_view_walk(zc_view_get(run->json, key));
	struct zc_view finding;
	int error = 0;

	while (!error && zc_walk_next(&walk, NULL, &finding)) {
		struct zc_item *item = get_item(run,
						fingerprint_of(zc_view_get(finding, "fingerprint")),
						violation, &error);

		if (!item || item->finding.at)
			continue;
		item->finding = finding;
		item->count = zc_view_uint(zc_view_get(finding, "count"), 0);
		item->first_seq = zc_view_uint(zc_view_get(finding, "first_seq"), 0);
		item->accepted = violation && zc_view_get(finding, "accepted").at;
		run->accepted += item->accepted;
	}
	return error;
}

/* --- the pass ------------------------------------------------------------------------------------ */

static const char *known_verdict(struct zc_view verdict)
{
	static const char *const known[] = { "pass", "pass-with-gaps", "violations", "killed" };

	for (size_t i = 0; i < ZC_LEN(known); i++)
		if (zc_view_is(verdict, known[i]))
			return known[i];
	return "error";
}

/* What the pass wants of a line: one walk over its members, not one for each. */
struct members {
	struct zc_view type, fingerprint, seq, mono_ns, count, time;
};

#define MEMBERS_MAX 48u

static void pick(const struct zc_member *member, size_t count, struct members *ret)
{
	*ret = (struct members){ 0 };
	for (size_t i = 0; i < count; i++) {
		struct zc_view key = member[i].key, value = member[i].value;

		switch (key.len) {
		case 5: ret->seq = zc_view_is(key, "seq") ? value : ret->seq; break;
		case 6:
			if (zc_view_is(key, "type"))
				ret->type = value;
			else if (zc_view_is(key, "time"))
				ret->time = value;
			break;
		case 7: ret->count = zc_view_is(key, "count") ? value : ret->count; break;
		case 9: ret->mono_ns = zc_view_is(key, "mono_ns") ? value : ret->mono_ns; break;
		case 13:
			ret->fingerprint = zc_view_is(key, "fingerprint") ? value
									  : ret->fingerprint;
			break;
		default: break;
		}
	}
}

/* Counts on a timeline whose end is not known: when it gets too short, its buckets get wider. */
static void count_in_time(struct zc_run *run, uint64_t at_ns)
{
	uint64_t since = at_ns > run->first_ns ? at_ns - run->first_ns : 0;

	run->bucket_ns = run->bucket_ns ? run->bucket_ns : 1000000;
	while (since / run->bucket_ns >= ZC_RUN_BUCKETS) {
		for (size_t i = 0; i < ZC_RUN_BUCKETS / 2; i++)
			run->bucket[i] = run->bucket[2 * i] + run->bucket[2 * i + 1];
		memset(run->bucket + ZC_RUN_BUCKETS / 2, 0, sizeof(run->bucket) / 2);
		run->bucket_ns *= 2;
	}
	run->bucket[since / run->bucket_ns]++;
}

static void take_time(struct zc_run *run, const struct members *members, uint64_t at_ns)
{
	bool first = !*run->first_time;
	char *to = first ? run->first_time : run->last_time;

	if (at_ns && !run->first_ns)
		run->first_ns = at_ns;
	if (at_ns > run->last_ns)
		run->last_ns = at_ns;
	if (zc_view_kind(members->time) != '"' || members->time.len > 38)
		return;
	to[zc_view_text(members->time, to)] = '\0';
	if (first)
		memcpy(run->last_time, run->first_time, sizeof(run->last_time));
}

static int take_record(struct zc_run *run, const struct members *members, off_t offset,
		       uint64_t at_ns, bool violation)
{
	struct zc_item *item;
	uint64_t count = zc_view_uint(members->count, 1);
	int error = 0;

	run->events++;
	if (violation)
		count_in_time(run, at_ns);
	item = get_item(run, fingerprint_of(members->fingerprint), violation, &error);
	if (!item) {
		run->not_told_apart += !error;
		return error;
	}
	if (!item->events++) {
		item->event_at = offset;
		item->first_ns = at_ns;
		item->first_seq = zc_view_uint(members->seq, 0);
	}
	item->last_ns = at_ns;
	if (!item->finding.at) {
		item->count = item->count > count ? item->count : count;
		item->count = item->count > item->events ? item->count : item->events;
	}
	return 0;
}

static int take_line(struct zc_run *run, const struct zc_log_reader *reader)
{
	struct zc_member member[MEMBERS_MAX];
	struct members members;
	struct zc_view event;
	size_t count = MEMBERS_MAX;
	uint64_t at_ns;

	run->lines++;
	if (reader->state != ZC_LINE_WHOLE ||
	    zc_view_parse_members(&event, reader->text, reader->len, member, &count)) {
		run->broken++;
		return 0;
	}
	pick(member, count, &members);
	at_ns = zc_view_uint(members.mono_ns, 0);
	take_time(run, &members, at_ns);
	if (zc_view_is(members.type, "violation"))
		return take_record(run, &members, reader->offset, at_ns, true);
	if (zc_view_is(members.type, "access"))
		return take_record(run, &members, reader->offset, at_ns, false);
	if (zc_view_is(members.type, "end")) {
		run->ended = true;
		run->end_verdict = known_verdict(zc_view_get(event, "verdict"));
	}
	return 0;
}

int zc_run_scan(struct zc_run *run)
{
	struct zc_log_reader reader;
	int error = take_findings(run, "findings", true), more = 0;

	if (!error)
		error = take_findings(run, "accesses", false);
	if (!error)
		error = zc_journal_seek(run->log, 0);
	zc_log_reader_init(&reader, run->log, 0);
	while (!error && (more = zc_log_reader_next(&reader)) == 1)
		error = take_line(run, &reader);
	zc_log_reader_finish(&reader);
	return error ? error : more;
}

/* The line at an offset, into a buffer of ours. Empty: there is none, or it is no JSON. */
static struct zc_view read_line(struct zc_run *run, off_t offset, char **line, size_t *line_cap)
{
	struct zc_view none = { 0 }, event;
	const char *newline;
	size_t have = 0;
	ssize_t got;

	for (;;) {
		if (have == *line_cap) {
			size_t cap = *line_cap ? *line_cap * 4 : 16384;
			char *more = cap <= 2 * ZC_LINE_MAX ? realloc(*line, cap) : NULL;

			if (!more)
				return none;
			*line = more;
			*line_cap = cap;
		}
		got = zc_journal_read_at(run->log, *line + have, *line_cap - have,
					 offset + (off_t)have);
		if (got <= 0)
			return none;
		newline = memchr(*line + have, '\n', (size_t)got);
		have += (size_t)got;
		if (newline)
			return zc_view_parse(&event, *line, (size_t)(newline - *line)) ? none
										       : event;
	}
}

struct zc_view zc_run_event(struct zc_run *run, const struct zc_item *item)
{
	struct zc_view event = { 0 };

	if (item->event_at >= 0)
		event = read_line(run, item->event_at, &run->line, &run->line_cap);
	return event.at ? event : item->finding;
}

static int by_seq(const void *a, const void *b)
{
	uint64_t left = ((const struct zc_run_place *)a)->seq,
		 right = ((const struct zc_run_place *)b)->seq;

	return left < right ? -1 : left > right;
}

static void add_place(struct zc_run *run, uint64_t seq, off_t offset)
{
	struct zc_run_place *more;

	if (run->places == run->places_cap) {
		size_t cap = run->places_cap ? 2 * run->places_cap : 256;

		more = reallocarray(run->place, cap, sizeof(*more));
		if (!more)
			return;
		run->place = more;
		run->places_cap = cap;
	}
	run->place[run->places++] = (struct zc_run_place){ seq, offset };
}

#define REF_LEN 64u /* no reference is longer, no stack with a frame as short */

void zc_run_note_stack(struct zc_run *run, uint64_t seq, struct zc_view stack, off_t offset)
{
	/* Numbers grow from line to line; where they do not, somebody wrote them. */
	if (stack.len > REF_LEN && (!run->places || seq > run->place[run->places - 1].seq))
		add_place(run, seq, offset);
}

static void place_items(struct zc_run *run)
{
	run->placed = true;
	for (size_t i = 0; i < run->items; i++)
		if (run->item[i].event_at >= 0)
			add_place(run, run->item[i].first_seq, run->item[i].event_at);
	if (run->places)
		qsort(run->place, run->places, sizeof(*run->place), by_seq);
}

struct zc_view zc_run_stack(struct zc_run *run, struct zc_view stack)
{
	struct zc_run_place wanted = { .seq = zc_view_uint(zc_view_get(stack, "ref"), 0) };
	const struct zc_run_place *place;
	struct zc_view event, found;

	if (!wanted.seq)
		return stack;
	if (run->items && !run->placed)
		place_items(run);
	place = run->places ? bsearch(&wanted, run->place, run->places, sizeof(wanted), by_seq)
			    : NULL;
	if (!place)
		return stack;
	event = read_line(run, place->offset, &run->stack_line, &run->stack_line_cap);
	found = zc_view_get(event, "stack");
	/* What was edited since may say another number, or refer on. */
	return zc_view_uint(zc_view_get(event, "seq"), 0) == wanted.seq &&
			       !zc_view_get(found, "ref").at
		       ? found
		       : stack;
}

const char *zc_run_verdict_of(const struct zc_run *run)
{
	return run->stale ? "error" : zc_run_verdict_stated(run);
}

const char *zc_run_verdict_stated(const struct zc_run *run)
{
	return known_verdict(zc_view_get(run->json, "verdict"));
}
