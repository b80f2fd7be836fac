/* SPDX-License-Identifier: MIT */
/*
 * tail.c - the last events of a run, and with -f those that come.
 */
#include <errno.h>
#include <inttypes.h>
#include <stdlib.h>
#include <string.h>
#include <time.h>
#include <unistd.h>

#include "evidence/journal/journal.h"
#include "evidence/journal/log_reader.h"
#include "evidence/report/lines.h"
#include "audit/audit.h"

#define WAIT_NS 100000000l /* between two looks at a file that grows */

static void put_note(struct zc_report *report, struct zc_view event, const char *type)
{
	static const char *const texts[] = { "note", "text", "path", "detail", "verdict", "mode" };

	fprintf(report->out, "%s%s%s", zc_paint(report, ZC_DIM), type, zc_paint(report, ZC_PLAIN));
	for (size_t i = 0; i < ZC_LEN(texts); i++) {
		struct zc_str text =
			zc_report_shown(report, zc_report_text(report, event, texts[i]));

		if (text.at)
			fprintf(report->out, "  %s", text.at);
	}
	fputc('\n', report->out);
}

static void put_event(struct zc_report *report, struct zc_view event, off_t offset)
{
	struct zc_str type = zc_report_shown(report, zc_report_text(report, event, "type"));
	struct zc_str site, time = zc_report_shown(report, zc_report_text(report, event, "time"));
	uint64_t seq = zc_view_uint(zc_view_get(event, "seq"), 0);
	struct zc_story story;

	/* Later lines may refer to it. */
	zc_run_note_stack(report->stacks ? report->stacks : report->run, seq,
			  zc_view_get(event, "stack"), offset);
	fprintf(report->out, "%6" PRIu64 "  %s  ", seq, time.at ? time.at : "?");
	if (!type.at || (strcmp(type.at, "violation") != 0 && strcmp(type.at, "access") != 0)) {
		put_note(report, event, type.at ? type.at : "?");
		return;
	}
	zc_story_tell(report, NULL, event, &story);
	site = zc_story_where(report, &story);
	fprintf(report->out, "%s%s%s  %s%s%s  [%s %" PRIu64 "]\n",
		zc_paint(report, !strcmp(type.at, "access")            ? ZC_GREEN
				 : !strcmp(story.action.at, "audited") ? ZC_YELLOW
								       : ZC_RED),
		story.title.at, zc_paint(report, ZC_PLAIN), story.by.at, site.at ? "  in " : "",
		site.at ? site.at : "",
		story.program.at ? zc_report_shown(report, story.program).at : "?", story.pid);
}

/* Returns false when that was the end record. */
static bool put_line(struct zc_report *report, const struct zc_audit *audit,
		     const struct zc_log_reader *reader)
{
	struct zc_view event;

	zc_report_reset(report);
	if (reader->state != ZC_LINE_WHOLE || zc_view_parse(&event, reader->text, reader->len)) {
		if (!audit->json)
			fprintf(report->out, "%6s  line %" PRIu64 " cannot be read\n", "",
				reader->number);
		return true;
	}
	if (audit->json) {
		fwrite(reader->text, 1, reader->len, report->out);
		fputc('\n', report->out);
	} else {
		put_event(report, event, reader->offset);
	}
	return !zc_view_is(zc_view_get(event, "type"), "end");
}

#define BLOCK (64u << 10)

/*
 * Where the last count whole lines begin: looked for from the end, so that a long log costs nothing. The
 * first newline on the way ends the last of them; behind it there may be the beginning of another.
 */
static off_t find_from_end(struct zc_run *run, off_t size, size_t count)
{
	static char block[BLOCK];
	size_t left = count + 1;
	off_t at = size;

	while (at > 0) {
		size_t len = at < (off_t)BLOCK ? (size_t)at : BLOCK;
		const char *newline;

		if (zc_journal_read_at(run->log, block, len, at - (off_t)len) != (ssize_t)len)
			return -1;
		at -= (off_t)len;
		while ((newline = memrchr(block, '\n', len))) {
			len = (size_t)(newline - block);
			if (!--left)
				return at + (off_t)len + 1;
		}
	}
	return at;
}

/* The same where the log was rotated: offsets in a ring. Returns -1 without memory. */
static off_t find_start(struct zc_run *run, size_t count)
{
	off_t *ring, start, size = zc_journal_plain_size(run->log);
	struct zc_log_reader reader;
	size_t lines = 0;

	if (size >= 0)
		return find_from_end(run, size, count);
	ring = calloc(count + 1, sizeof(*ring));
	if (!ring)
		return -1;
	zc_log_reader_init(&reader, run->log, 0);
	while (zc_log_reader_next(&reader) == 1 && reader.state != ZC_LINE_CUT)
		ring[lines++ % (count + 1)] = reader.offset;
	start = !count ? reader.offset : lines <= count ? 0 : ring[(lines - count) % (count + 1)];
	zc_log_reader_finish(&reader);
	free(ring);
	return start;
}

/* Prints what there is from there on; returns where to go on, *ret_ended at the end record. */
static off_t put_from(struct zc_report *report, const struct zc_audit *audit, off_t start,
		      bool *ret_ended)
{
	struct zc_log_reader reader;
	off_t next = start;

	if (zc_journal_seek(report->run->log, start) < 0)
		return -1;
	zc_log_reader_init(&reader, report->run->log, start);
	while (!*ret_ended && zc_log_reader_next(&reader) == 1) {
		if (reader.state == ZC_LINE_CUT && audit->follow)
			break; /* it is being written */
		*ret_ended = !put_line(report, audit, &reader);
		next = reader.offset + (off_t)reader.len + (reader.state == ZC_LINE_WHOLE);
	}
	zc_log_reader_finish(&reader);
	return next;
}

/* Larger logs are not read as a whole for their last lines: stacks that stand further up stay untold. */
#define SCAN_MAX ((off_t)64 << 20)

static struct zc_run *open_stacks(const struct zc_run *run)
{
	off_t size = zc_journal_plain_size(run->log);
	struct zc_run *other;
	char error[512];

	if (size < 0 || size > SCAN_MAX || zc_run_open(&other, run->dir, error))
		return NULL;
	return zc_run_scan(other) ? zc_run_free(other) : other;
}

static void write_tail(struct zc_report *report)
{
	const struct zc_audit *audit = report->options.context;
	const struct timespec wait = { .tv_nsec = WAIT_NS };
	off_t at = find_start(report->run, audit->count);
	bool ended = false;

	report->exact = !audit->json;
	if (!audit->json)
		report->stacks = open_stacks(report->run);
	while (at >= 0 && !ended && !ferror(report->out)) {
		at = put_from(report, audit, at, &ended);
		if (fflush(report->out) == EOF || !audit->follow)
			break;
		if (!ended)
			nanosleep(&wait, NULL);
	}
	report->stacks = zc_run_free(report->stacks);
}

int zc_audit_tail(int argc, char **argv)
{
	struct zc_audit audit;
	struct zc_run *run = NULL;
	int status = zc_audit_options(&audit, argc, argv, "ljcrfnod");

	if (!status && audit.argc > 1)
		status = zc_audit_fail("tail takes one run");
	if (!status && audit.count > 1000000)
		status = zc_audit_fail("tail: -n is a million at most");
	if (!status)
		status = zc_audit_open(&audit, audit.argv[0], false, &run);
	if (!status)
		status = zc_audit_write(&audit, run, write_tail, &audit);
	zc_run_free(run);
	return status;
}
