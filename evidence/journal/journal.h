/* SPDX-License-Identifier: MIT */
/*
 * journal.h - the log of a run as one text: what was rotated into archive/, then events.jsonl.
 *
 * A long run's log lies in several files (evidence/log/rotate.h). Readers see one text with one offset
 * that counts the bytes of all of them, uncompressed, oldest first. A file of the archive is plain
 * or compressed with gzip; where both are there, it was just being compressed, and the plain one is
 * whole. Reading on at the end finds what was appended since, and a file that was begun since.
 *
 * Memory: open/free. Fails: -errno. What cannot be unpacked ends its file early and marks it damaged;
 * the rest is read all the same, and the chain tells what is missing.
 */
#ifndef ZC_EVIDENCE_READ_JOURNAL_H
#define ZC_EVIDENCE_READ_JOURNAL_H

#include <sys/types.h>

#include "core/base.h"

struct zc_journal;

/* Returns 0; -ENOENT when there is neither archive nor events.jsonl; -EINVAL when one is no file. */
int zc_journal_open(struct zc_journal **ret, const char *dir);
/* The last file alone, events.jsonl or what it was compressed to: what a signature is over. */
int zc_journal_open_last(struct zc_journal **ret, const char *dir);
struct zc_journal *zc_journal_free(struct zc_journal *journal);

/* The next bytes; 0 at what is the end for now, or -errno. */
ssize_t zc_journal_read(struct zc_journal *journal, void *to, size_t cap);
/* Where zc_journal_read() goes on. Returns 0 or -errno. */
int zc_journal_seek(struct zc_journal *journal, off_t offset);
/* Bytes from elsewhere; zc_journal_read() goes on where it was. In an archive, cheap only forwards. */
ssize_t zc_journal_read_at(struct zc_journal *journal, void *to, size_t cap, off_t offset);

/* How long the text is, when it is one file that can be read anywhere at no cost; else -1. */
off_t zc_journal_plain_size(const struct zc_journal *journal);

/* The file that holds that offset, as far as the text was read: "archive/events-000001.jsonl.gz". */
const char *zc_journal_file(const struct zc_journal *journal, off_t offset);
/* How many files there are, and of one its name and whether it could not be read to its end. */
size_t zc_journal_files(const struct zc_journal *journal);
const char *zc_journal_damaged(const struct zc_journal *journal, size_t index); /* NULL: sound */

#endif
