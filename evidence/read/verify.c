/* SPDX-License-Identifier: MIT */
/*
 * verify.c - the chain, line by line.
 */
#include <inttypes.h>
#include <sodium.h>
#include <stdarg.h>
#include <stdio.h>
#include <string.h>

#include "evidence/journal/log_reader.h"
#include "evidence/read/verify_run.h"

/* ,"chain":"<64 digits>"} */
#define MEMBER ",\"chain\":\""
#define MEMBER_LEN (sizeof(MEMBER) - 1)
#define TAIL (MEMBER_LEN + 2 * ZC_LINK_BYTES + 2)

void zc_verify_problem(struct zc_verified *verified, const char *file, uint64_t line,
		       const char *kind, const char *format, ...)
{
	struct zc_problem *problem;
	va_list args;

	if (verified->problems++ >= ZC_PROBLEMS_MAX)
		return;
	problem = &verified->problem[verified->problems - 1];
	*problem = (struct zc_problem){ .line = line, .kind = kind };
	snprintf(problem->file, sizeof(problem->file), "%s", file);
	va_start(args, format);
	vsnprintf(problem->text, sizeof(problem->text), format, args);
	va_end(args);
}

struct pass {
	const struct zc_run *run;
	struct zc_verified *verified;
	unsigned char link[ZC_LINK_BYTES]; /* of the line before */
	uint64_t seq;                      /* of the line before */
	bool broken;   /* a link was wrong: those after it are followed as they are written */
	char file[48]; /* that the line is in ... */
	uint64_t lines_before; /* ... and how many there are in those before it */
};

static void enter_file(struct pass *pass, const struct zc_log_reader *reader)
{
	const char *file = zc_journal_file(pass->run->log, reader->offset);

	if (strcmp(file, pass->file) == 0)
		return;
	snprintf(pass->file, sizeof(pass->file), "%s", file);
	pass->lines_before = reader->number - 1;
}

/* The number of the line in its file. */
static uint64_t line_of(const struct pass *pass, const struct zc_log_reader *reader)
{
	return reader->number - pass->lines_before;
}

static void complain(struct pass *pass, const struct zc_log_reader *reader, const char *kind,
		     const char *text)
{
	zc_verify_problem(pass->verified, pass->file, line_of(pass, reader), kind, "%s", text);
}

/* Splits a line into what is hashed and the link it states. */
static bool split(const struct zc_log_reader *reader, size_t *ret_len,
		  unsigned char ret_link[ZC_LINK_BYTES])
{
	const char *tail = reader->text + reader->len - TAIL;
	size_t decoded;

	if (reader->len < TAIL + 1 || memcmp(tail, MEMBER, MEMBER_LEN) != 0 ||
	    memcmp(tail + TAIL - 2, "\"}", 2) != 0)
		return false;
	for (const char *digit = tail + MEMBER_LEN; digit < tail + TAIL - 2; digit++)
		if (*digit >= 'A' && *digit <= 'F')
			return false;
	*ret_len = reader->len - TAIL;
	return !sodium_hex2bin(ret_link, ZC_LINK_BYTES, tail + MEMBER_LEN, 2 * ZC_LINK_BYTES, NULL,
			       &decoded, NULL) &&
	       decoded == ZC_LINK_BYTES;
}

/* A wrong link, and what the numbers of the lines say about how it came to be. */
static void explain_break(struct pass *pass, const struct zc_log_reader *reader, uint64_t seq)
{
	const char *file = pass->file;
	uint64_t line = line_of(pass, reader);

	if (pass->broken)
		zc_verify_problem(pass->verified, file, line, "edited",
				  "this line does not follow from the one before either");
	else if (seq > pass->seq + 1)
		zc_verify_problem(pass->verified, file, line, "missing",
				  "lines are missing before this one: it is event %" PRIu64
				  ", the one before is %" PRIu64,
				  seq, pass->seq);
	else if (seq <= pass->seq)
		zc_verify_problem(pass->verified, file, line, "order",
				  "the order was changed, or a line put in: this is event %" PRIu64
				  ", the one before is %" PRIu64,
				  seq, pass->seq);
	else
		zc_verify_problem(pass->verified, file, line, "edited",
				  "this line was edited, or what its link was computed from: its"
				  " text does not give the link it states");
	pass->broken = true;
	pass->verified->resumes = 0;
}

/* What an end record and a checkpoint both say: how many lines there are before, and the last link. */
static bool check_count(struct pass *pass, const struct zc_log_reader *reader, struct zc_view event,
			const char *what)
{
	struct zc_verified *verified = pass->verified;
	char head[2 * ZC_LINK_BYTES + 1];
	uint64_t count = zc_view_uint(zc_view_get(event, "count"), UINT64_MAX);
	uint64_t problems = verified->problems;

	sodium_bin2hex(head, sizeof(head), pass->link, sizeof(pass->link));
	if (count != reader->number - 1)
		zc_verify_problem(verified, pass->file, line_of(pass, reader), "count",
				  "the %s counts %" PRIu64 " lines before it, there are %" PRIu64,
				  what, count, reader->number - 1);
	if (!zc_view_is(zc_view_get(event, "head"), head))
		zc_verify_problem(verified, pass->file, line_of(pass, reader), "head",
				  "the %s's head is not the link of the line before it", what);
	return problems == verified->problems;
}

static void check_end(struct pass *pass, const struct zc_log_reader *reader, struct zc_view event)
{
	sodium_bin2hex(pass->verified->head, sizeof(pass->verified->head), pass->link,
		       sizeof(pass->link));
	check_count(pass, reader, event, "end record");
	pass->verified->ended = true;
}

/* It vouches for what stands before it only where nothing before it was wrong. */
static void take_checkpoint(struct pass *pass, const struct zc_log_reader *reader,
			    struct zc_view event)
{
	struct zc_verified *verified = pass->verified;
	struct zc_view time = zc_view_get(event, "time");

	if (verified->problems)
		return;
	verified->checkpoints++;
	verified->checkpoint = reader->number;
	*verified->checkpoint_time = '\0';
	if (zc_view_kind(time) == '"' && time.len < sizeof(verified->checkpoint_time))
		verified->checkpoint_time[zc_view_text(time, verified->checkpoint_time)] = '\0';
}

static void check_link(struct pass *pass, const struct zc_log_reader *reader, struct zc_view event)
{
	unsigned char computed[ZC_LINK_BYTES], stated[ZC_LINK_BYTES];
	uint64_t seq = zc_view_uint(zc_view_get(event, "seq"), 0);
	size_t len;

	if (!split(reader, &len, stated)) {
		complain(pass, reader, "no-link", "the line does not end with its link");
		pass->broken = true;
		return;
	}
	zc_chain_next(computed, pass->link, reader->text, len);
	if (memcmp(computed, stated, sizeof(computed)) != 0) {
		explain_break(pass, reader, seq);
	} else if (pass->broken && !pass->verified->resumes) {
		pass->verified->resumes = reader->number;
	}
	memcpy(pass->link, stated, sizeof(stated));
	pass->seq = seq;
}

static void check_line(struct pass *pass, const struct zc_log_reader *reader)
{
	struct zc_verified *verified = pass->verified;
	struct zc_view event, run, type;

	enter_file(pass, reader);
	verified->lines++;
	verified->bytes += reader->len + (reader->state == ZC_LINE_WHOLE);
	if (reader->state == ZC_LINE_CUT)
		complain(pass, reader, "cut", "the file ends in the middle of this line");
	else if (reader->state == ZC_LINE_TOO_LONG)
		complain(pass, reader, "not-json", "the line is longer than any that is written");
	else if (zc_view_parse(&event, reader->text, reader->len) || zc_view_kind(event) != '{')
		complain(pass, reader, "not-json", "this line is not a JSON object");
	else {
		if (verified->ended)
			complain(pass, reader, "after-end", "there is a line after the end record");
		run = zc_view_get(event, "run");
		if (!zc_view_is(run, pass->run->id))
			complain(pass, reader, "other-run", "this line belongs to another run");
		type = zc_view_get(event, "type");
		if (zc_view_is(type, "end"))
			check_end(pass, reader, event);
		else if (zc_view_is(type, "checkpoint"))
			check_count(pass, reader, event, "checkpoint");
		check_link(pass, reader, event);
		if (zc_view_is(type, "checkpoint"))
			take_checkpoint(pass, reader, event);
		if (!verified->problems)
			verified->sound = reader->number;
		return;
	}
	pass->broken = true;
}

static void conclude(struct pass *pass, const char *expected_head)
{
	struct zc_verified *verified = pass->verified;

	if (!verified->ended) {
		sodium_bin2hex(verified->head, sizeof(verified->head), pass->link,
			       sizeof(pass->link));
		zc_verify_problem(verified, pass->file, verified->lines - pass->lines_before,
				  "no-end", "the log ends here without an end record: %s",
				  pass->run->running
					  ? "the run is still going on"
					  : "it was cut, or zcwrap was ended before the run");
	}
	for (size_t i = 0; i < zc_journal_files(pass->run->log); i++)
		if (zc_journal_damaged(pass->run->log, i))
			zc_verify_problem(verified, zc_journal_damaged(pass->run->log, i), 0,
					  "damaged", "it cannot be unpacked to its end");
	if (expected_head && strcmp(expected_head, verified->head) != 0)
		zc_verify_problem(verified, "events.jsonl", 0, "head",
				  "the head is %s, not the one that was expected", verified->head);
}

int zc_run_verify(struct zc_run *run, const char *expected_head, struct zc_verified *ret)
{
	struct pass pass = { .run = run, .verified = ret, .file = "events.jsonl" };
	struct zc_log_reader reader;
	int more, error;

	*ret = (struct zc_verified){ 0 };
	error = zc_journal_seek(run->log, 0);
	if (error)
		return error;
	zc_chain_start(pass.link, run->id);
	zc_log_reader_init(&reader, run->log, 0);
	while ((more = zc_log_reader_next(&reader)) == 1)
		check_line(&pass, &reader);
	zc_log_reader_finish(&reader);
	if (more < 0)
		return more;
	conclude(&pass, expected_head);
	error = zc_run_scan(run);
	if (!error)
		zc_verify_json(run, ret);
	return error;
}
