/* SPDX-License-Identifier: MIT */
/*
 * journal_parts.h - between journal.c, which reads all files as one text, and journal_files.c, which knows
 * which there are, and reads one.
 */
#ifndef ZC_EVIDENCE_JOURNAL_PARTS_H
#define ZC_EVIDENCE_JOURNAL_PARTS_H

#include <zlib.h>

#include "core/image.h"
#include "evidence/journal/journal.h"

struct zc_log_file {
	char name[48];
	unsigned number; /* in the archive; for events.jsonl the one it would get */
	off_t start;     /* known once those before were read to their end */
	off_t size;      /* known once read to the end; -1 */
	bool latest;     /* it may still grow */
	bool damaged;
};

/* One open file and how far it was read. */
struct zc_log_handle {
	int fd;    /* plain; -1 */
	gzFile gz; /* compressed; NULL */
	size_t index;
	off_t at; /* in the file's own text */
};

struct zc_journal {
	char dir[ZC_PATH_CAP];
	struct zc_log_file *file;
	size_t files, cap;
	size_t starts; /* so many .start are known */
	struct zc_log_handle flow, side;
	bool fixed; /* there is nothing to look for at the end */
};

/* One more file at the end; NULL: out of memory. */
struct zc_log_file *zc_journal_add(struct zc_journal *journal, unsigned number, bool latest);
/* Numbers in the archive, each once, oldest first. Returns 0 or -errno. */
int zc_journal_list(struct zc_journal *journal);
/* Has the writer moved on? Then what was the latest is in the archive, and another came after it. */
int zc_journal_look(struct zc_journal *journal, bool *ret_more);
int zc_journal_open_file(struct zc_journal *journal, struct zc_log_handle *handle, size_t index);
/* For reading on. A file of the archive that cannot be opened, or is none, reads as empty. */
int zc_journal_open_or_mark(struct zc_journal *journal, size_t index);
/* Bytes of one file; 0 at its end. A file that cannot be unpacked ends there. */
ssize_t zc_journal_read_handle(struct zc_journal *journal, struct zc_log_handle *handle, void *to,
			       size_t cap);
/* To a place in its file; beyond the end stays at the end. 0 or -errno. */
int zc_journal_move(struct zc_journal *journal, struct zc_log_handle *handle, off_t at);
void zc_journal_close(struct zc_log_handle *handle);

#endif
