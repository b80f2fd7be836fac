/* SPDX-License-Identifier: MIT */
/*
 * log_reader.c - a window that moves over the file and grows for long lines.
 */
#include <errno.h>
#include <stdlib.h>
#include <string.h>

#include "evidence/journal/log_reader.h"

#define WINDOW (256u << 10)

void zc_log_reader_init(struct zc_log_reader *reader, struct zc_journal *journal, off_t offset)
{
	*reader = (struct zc_log_reader){ .journal = journal, .offset = offset };
}

void zc_log_reader_finish(struct zc_log_reader *reader)
{
	free(reader->buffer);
	*reader = (struct zc_log_reader){ 0 };
}

/* Room behind what is there: what was used moves out, then the window grows. */
static int make_room(struct zc_log_reader *reader)
{
	size_t cap = reader->cap ? reader->cap * 2 : WINDOW;
	char *buffer;

	if (reader->start) {
		memmove(reader->buffer, reader->buffer + reader->start, reader->have);
		reader->start = 0;
	}
	if (reader->have < reader->cap)
		return 0;
	buffer = realloc(reader->buffer, cap);
	if (!buffer)
		return -ENOMEM;
	reader->buffer = buffer;
	reader->cap = cap;
	return 0;
}

static int fill(struct zc_log_reader *reader)
{
	int error = make_room(reader);
	ssize_t got;

	if (error)
		return error;
	got = zc_journal_read(reader->journal, reader->buffer + reader->have,
			      reader->cap - reader->have);
	if (got < 0)
		return (int)got;
	reader->at_end = !got;
	reader->have += (size_t)got;
	return 0;
}

/* Hands len bytes out as a line and moves past them and the newline that may follow. */
static int give(struct zc_log_reader *reader, size_t len, bool newline, enum zc_line_state state)
{
	reader->text = reader->buffer + reader->start;
	reader->len = len;
	reader->state = state;
	reader->number++;
	reader->start += len + newline;
	reader->have -= len + newline;
	return 1;
}

/* Drops the rest of a line that was too long. */
static void skip(struct zc_log_reader *reader)
{
	const char *from = reader->buffer + reader->start;
	const char *newline = memchr(from, '\n', reader->have);
	size_t used = newline ? (size_t)(newline - from) + 1 : reader->have;

	reader->start += used;
	reader->have -= used;
	reader->offset += (off_t)used;
	reader->skipping = !newline;
}

int zc_log_reader_next(struct zc_log_reader *reader)
{
	size_t looked = 0;

	if (reader->text) /* past the line before */
		reader->offset += (off_t)(reader->len + (reader->state == ZC_LINE_WHOLE));
	reader->text = NULL;
	reader->at_end = false;
	for (;;) {
		const char *from, *newline;
		int error;

		if (reader->skipping && reader->have)
			skip(reader);
		from = reader->buffer + reader->start;
		newline = reader->have > looked && !reader->skipping
				  ? memchr(from + looked, '\n', reader->have - looked)
				  : NULL;
		if (newline && newline - from <= (ptrdiff_t)ZC_LINE_MAX)
			return give(reader, (size_t)(newline - from), true, ZC_LINE_WHOLE);
		if (reader->have >= ZC_LINE_MAX) {
			reader->skipping = true;
			return give(reader, ZC_LINE_MAX, false, ZC_LINE_TOO_LONG);
		}
		if (reader->at_end)
			return reader->have ? give(reader, reader->have, false, ZC_LINE_CUT) : 0;
		looked = reader->skipping ? 0 : reader->have;
		error = fill(reader);
		if (error)
			return error;
	}
}
