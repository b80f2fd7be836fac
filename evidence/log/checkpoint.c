/* SPDX-License-Identifier: MIT */
/*
 * checkpoint.c - now and then a record of how far the log has come, and everything up to it on disk.
 *
 * A checkpoint says in the log what the end record says at its end: how many lines there are before it and
 * the last of their links. Behind it stands an fdatasync, so what a crash of the machine takes is
 * younger than the last checkpoint. (What a crash of zcwrap takes is nothing: a line is in the
 * kernel once it is written.) A file that goes to the archive ends with one.
 */
#include <time.h>

#include "evidence/state.h"

#define EVERY_LINES 10000u
#define EVERY_MS 5000

static int64_t now_ms(void)
{
	struct timespec now;

	clock_gettime(CLOCK_MONOTONIC_COARSE, &now);
	return (int64_t)now.tv_sec * 1000 + now.tv_nsec / 1000000;
}

void zc_checkpoint_begin(struct zc_evidence *e)
{
	e->checked_lines = e->log.lines;
	e->checked_ms = e->turned_ms = now_ms();
	e->turn_size = (off_t)e->setup.rotate_size;
}

/* One that cannot be written is no loss: it says nothing that the program did. */
static void write_checkpoint(struct zc_evidence *e, int64_t now)
{
	char head[2 * ZC_LINK_BYTES + 1];
	struct timespec real, mono;
	uint64_t lines = e->log.lines;

	zc_log_head(&e->log, head);
	clock_gettime(CLOCK_REALTIME, &real);
	clock_gettime(CLOCK_MONOTONIC, &mono);
	zc_event_begin(e, (uint64_t)real.tv_sec * 1000000000u + (uint64_t)real.tv_nsec,
		       (uint64_t)mono.tv_sec * 1000000000u + (uint64_t)mono.tv_nsec, "checkpoint");
	zc_json_uint(&e->line, "count", lines);
	zc_json_string(&e->line, "head", head);
	if (zc_log_write(&e->log, &e->line)) {
		zc_log_sync(&e->log);
	} else {
		e->seq--;
		e->log.not_kept--;
	}
	e->checked_lines = e->log.lines;
	e->checked_ms = now;
}

static bool turn_due(const struct zc_evidence *e, int64_t now)
{
	if (!e->log.size)
		return false;
	return (e->turn_size && e->log.size >= e->turn_size) ||
	       (e->setup.rotate_ms && now - e->turned_ms >= e->setup.rotate_ms);
}

/* A file that could not be changed goes on; it is tried again when it has grown, or aged, as much again. */
static void turn(struct zc_evidence *e, int64_t now)
{
	write_checkpoint(e, now);
	e->turn_size = (off_t)e->setup.rotate_size;
	if (!zc_log_turn(&e->log, e->setup.dir))
		e->turn_size += e->setup.rotate_size ? e->log.size : 0;
	e->turned_ms = now;
}

void zc_checkpoint_look(struct zc_evidence *e)
{
	uint64_t lines = e->log.lines - e->checked_lines;
	int64_t now;

	if (e->log.fd < 0 || e->ended)
		return;
	now = now_ms();
	if (turn_due(e, now))
		turn(e, now);
	else if (lines >= EVERY_LINES || (lines && now - e->checked_ms >= EVERY_MS))
		write_checkpoint(e, now);
}

int64_t zc_evidence_rest(struct zc_evidence *e)
{
	int64_t now, checked, turned;

	zc_checkpoint_look(e);
	if (e->log.fd < 0 || e->ended)
		return -1;
	now = now_ms();
	checked = e->log.lines != e->checked_lines ? e->checked_ms + EVERY_MS - now : -1;
	turned = e->setup.rotate_ms && e->log.size ? e->turned_ms + e->setup.rotate_ms - now : -1;
	if (checked < 0 || (turned >= 0 && turned < checked))
		checked = turned;
	return checked;
}
