/* SPDX-License-Identifier: MIT */
/*
 * run.h - a run read back from its directory: run.json as one view, the log as one pass.
 *
 * Theory of operation. zc_run_find() turns what somebody typed into a directory, zc_run_open() reads
 * run.json and opens the log, zc_run_scan() goes over the log once and keeps an item for each
 * finding: where its first event lies in the file, how often, from when to when. Whoever prints asks
 * for the event again (zc_run_event). So a million events cost no more memory than their findings.
 * Counts are run.json's where it has the finding (the shim counts repeats that are no events).
 * A run without run.json did not end: everything still works, from the log alone.
 *
 * Memory: new/free. Nothing here prints. Files may be hostile: everything is checked and bounded.
 */
#ifndef ZC_EVIDENCE_READ_RUN_H
#define ZC_EVIDENCE_READ_RUN_H

#include <sys/types.h>

#include "core/base.h"
#include "evidence/journal/journal.h"
#include "text/view.h"

#define ZC_RUN_ITEMS_MAX 1000000u /* findings told apart; more are only counted */
#define ZC_RUN_BUCKETS 120u       /* of the timeline */

struct zc_item {
	uint64_t fingerprint;
	struct zc_view finding; /* as in run.json; empty: it is not listed there */
	off_t event_at;         /* its first event; -1: none was kept */
	uint64_t count, events;
	uint64_t first_seq;
	uint64_t first_ns, last_ns; /* CLOCK_MONOTONIC */
	bool violation;             /* false: allowed, and told of because of a log- rule */
	bool accepted;              /* a violation that a baseline accepts */
};

/* Where an event is that others may refer to. */
struct zc_run_place {
	uint64_t seq;
	off_t offset;
};

struct zc_run {
	char dir[ZC_PATH_CAP];
	char id[64];
	char *bytes;          /* of run.json */
	struct zc_view json;  /* empty: there is none */
	char json_error[160]; /* why it is not there, or not to be believed; "" when it is */
	bool running;         /* zcwrap is still at it */
	bool stale;           /* run.json is not the end of this log */
	struct zc_journal *log;
	/* Since zc_run_scan(): */
	struct zc_item *item; /* those of run.json first, in its order */
	size_t items, violations, cap;
	size_t accepted; /* of the violations */
	uint32_t *slot;  /* index + 1 by fingerprint */
	size_t slots;
	uint64_t not_told_apart;        /* events of findings past ZC_RUN_ITEMS_MAX */
	uint64_t lines, events, broken; /* all; violations and accesses; not JSON, cut, too long */
	bool ended;                     /* the end record is there */
	const char *end_verdict;        /* what it says; "error" for an unknown word */
	uint64_t first_ns, last_ns;     /* of all lines */
	char first_time[40], last_time[40];         /* RFC 3339; "" when there is none */
	uint64_t bucket[ZC_RUN_BUCKETS], bucket_ns; /* violations from first_ns on */
	char *line, *stack_line;                    /* of zc_run_event, zc_run_stack */
	size_t line_cap, stack_line_cap;
	struct zc_run_place *place; /* events with a stack of their own, in order */
	size_t places, places_cap;
	bool placed; /* the items' events are among them */
};

/*
 * The directory of a run that is named by its path (or that of a file in it), by the beginning of its
 * id or of the id's last part, or "latest". log_dir NULL: ./logs, then $XDG_STATE_HOME/zencube.
 * Returns 0, or -errno with a sentence in error: -ENOENT, -ENOTUNIQ, ...
 */
int zc_run_find(const char *name, const char *log_dir, char ret_dir[ZC_PATH_CAP], char error[512]);
/* The ids below the log directories, oldest first. visit returns false to stop. Returns 0 or -errno. */
int zc_run_each(const char *log_dir, bool (*visit)(void *context, const char *dir, const char *id),
		void *context);

/* Returns 0, or -errno with a sentence in error; only a missing or unreadable log is one. */
int zc_run_open(struct zc_run **ret, const char *dir, char error[512]);
struct zc_run *zc_run_free(struct zc_run *run);
/* One pass over the log. Returns 0 or -errno. */
int zc_run_scan(struct zc_run *run);
/* The item with that fingerprint, or NULL. */
const struct zc_item *zc_run_item(const struct zc_run *run, uint64_t fingerprint);
/* The event of an item, else its finding, else empty. Holds until the next call. */
struct zc_view zc_run_event(struct zc_run *run, const struct zc_item *item);
/*
 * The stack of an event: itself, or where it says {"ref":SEQ} that of the event with that number, if it is
 * one that is known: after zc_run_scan() the first of each finding, before it those that were noted. Holds
 * until the next call.
 */
struct zc_view zc_run_stack(struct zc_run *run, struct zc_view stack);
/* Whoever reads events in order tells of each at offset; what others may refer to is kept. */
void zc_run_note_stack(struct zc_run *run, uint64_t seq, struct zc_view stack, off_t offset);
/* "violations", "error" for a run that did not end, ... Never NULL; a plain word. */
const char *zc_run_verdict_of(const struct zc_run *run);
/* What run.json says, whether it is to be believed or not. */
const char *zc_run_verdict_stated(const struct zc_run *run);
/* The word that a run was given; "error" for one that is none of them. */
const char *zc_run_verdict_known(struct zc_view verdict);

#endif
