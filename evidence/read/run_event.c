/* SPDX-License-Identifier: MIT */
/*
 * run_event.c - after the pass: an item's event again, and the stacks that events refer to.
 */
#include <stdlib.h>
#include <string.h>

#include "evidence/journal/log_reader.h"
#include "evidence/read/run.h"
#include "text/array.h"

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
	struct zc_run_place *more =
		zc_array_grow(run->place, run->places, &run->places_cap, sizeof(*more), 256);

	if (!more)
		return;
	run->place = more;
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
