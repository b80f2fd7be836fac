/* SPDX-License-Identifier: MIT */
/*
 * log.h - events.jsonl: lines that are whole, or not there, each chained to the one before.
 *
 * Theory of operation. A line is written by one write(2) or not at all: what a full disk cuts off is taken
 * back (log.c). Each line carries a link to the one before (chain.c), which makes a log that was changed later
 * tell so. Now and then a checkpoint says how far it had come, with an fdatasync behind it (checkpoint.c). A long
 * run's log goes on in a new file while a thread compresses the old one (rotate.h), and a stack that stands in
 * it already is only referred to (stack_once.h). What the user wants hidden is taken out of the finished line
 * before its link is computed, so that the chain is over what is on disk.
 *
 * The chain. Link 0 is SHA-256("zencube.chain/1\n" and the run's id). Line n is a JSON object whose
 * last member is "chain"; without that member its text is T(n) and link n is
 * SHA-256(link n-1 as 32 raw bytes, T(n)), written as 64 lower-case hex digits. The last line has
 * the type "end" and carries the number of lines before it and their last link, the head.
 * Only a line that is completely on disk moves the chain on.
 *
 * Memory: new/free. Fails: a write error is remembered, later lines are tried all the same.
 */
#ifndef ZC_EVIDENCE_LOG_H
#define ZC_EVIDENCE_LOG_H

#include <stdio.h>
#include <sys/types.h>

#include "core/base.h"
#include "evidence/log/chain.h"
#include "text/json.h"
#include "evidence/log/rotate.h"

struct zc_redaction;

struct zc_log {
	int fd;    /* events.jsonl; -1: none */
	FILE *out; /* lines without a chain go here when there is no file; may be NULL */
	FILE *copy; /* whole lines go here too; NULL: nowhere. What becomes of them there is not our loss */
	off_t size;                     /* bytes of whole lines in this file */
	uint64_t lines;                 /* of the run */
	uint64_t not_kept;              /* lines that could not be written */
	int error;                      /* errno of the first that could not; 0 */
	bool torn;                      /* half a line could not be taken back: writing has ended */
	struct zc_redaction *redaction; /* not owned; NULL: none */
	struct zc_rotation *rotation;   /* NULL: one file for the whole run */
	unsigned char link[ZC_LINK_BYTES];
};

/* Opens dir/events.jsonl, or takes out when dir is NULL. Returns 0 or -errno. */
int zc_log_init(struct zc_log *log, const char *dir, FILE *out, const char *run_id);
void zc_log_finish(struct zc_log *log);
/* Ends and writes the object that line holds, still open: adds the chain, brace and newline. */
bool zc_log_write(struct zc_log *log, struct zc_json *line);
/* Makes what was written outlast a crash of the machine. What fails is remembered as an error. */
void zc_log_sync(struct zc_log *log);
/*
 * close.c: the log and run.json, which is bytes and whole or not there (NULL: it could not be made), outlast a
 * crash of the machine, as far as the file system goes. Returns 0 or -errno, of run.json.
 */
int zc_log_close_run(struct zc_log *log, const char *dir, const char *bytes, size_t len);
/* Goes on in a new file, if it can. Makes rotation when there is none yet; dir must outlive the log. */
bool zc_log_turn(struct zc_log *log, const char *dir);
/* The last link in hex, 64 digits and NUL. */
void zc_log_head(const struct zc_log *log, char ret_hex[2 * ZC_LINK_BYTES + 1]);

#endif
