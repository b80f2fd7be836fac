/* SPDX-License-Identifier: MIT */
/*
 * log_reader.h - the log line by line, in constant memory.
 *
 * Memory: init/finish; the reader owns one buffer that grows to the longest line, ZC_LINE_MAX at
 * most. A line holds until the next call. Fails: -errno of zc_journal_read(), -ENOMEM.
 */
#ifndef ZC_EVIDENCE_READ_LOG_READER_H
#define ZC_EVIDENCE_READ_LOG_READER_H

#include <sys/types.h>

#include "core/base.h"
#include "evidence/journal/journal.h"

/* The longest record (48 KiB), every byte of it spelled as an escape, and base64 beside it, is shorter. */
#define ZC_LINE_MAX (4u << 20)

enum zc_line_state {
	ZC_LINE_WHOLE,
	ZC_LINE_CUT,      /* the file ends without a newline */
	ZC_LINE_TOO_LONG, /* text is its beginning; the rest is skipped */
};

struct zc_log_reader {
	struct zc_journal *journal; /* not owned */
	char *buffer;
	size_t cap, start, have;
	bool at_end, skipping;
	/* The line that was returned last: */
	const char *text; /* without its newline */
	size_t len;
	off_t offset;
	uint64_t number; /* counts from 1 */
	enum zc_line_state state;
};

/* Reads from the journal's position, which is at offset. */
void zc_log_reader_init(struct zc_log_reader *reader, struct zc_journal *journal, off_t offset);
void zc_log_reader_finish(struct zc_log_reader *reader);
/* Returns 1 with a line, 0 at the end, or -errno. Once more at the end looks for what was appended. */
int zc_log_reader_next(struct zc_log_reader *reader);

#endif
