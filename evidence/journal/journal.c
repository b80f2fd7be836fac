/* SPDX-License-Identifier: MIT */
/*
 * journal.c - all files of a log as one text: reading on, going to an offset, reading elsewhere.
 */
#include <errno.h>
#include <stdlib.h>
#include <string.h>
#include <sys/stat.h>
#include <unistd.h>

#include "evidence/journal/journal_parts.h"

static int new_journal(struct zc_journal **ret, const char *dir)
{
	struct zc_journal *journal;

	if (strlen(dir) >= sizeof(journal->dir))
		return -ENAMETOOLONG;
	journal = calloc(1, sizeof(*journal));
	if (!journal)
		return -ENOMEM;
	memcpy(journal->dir, dir, strlen(dir) + 1);
	journal->flow.fd = journal->side.fd = -1;
	journal->starts = 1;
	*ret = journal;
	return 0;
}

/* Every file, and the first or the last of them open. */
static int find_files(struct zc_journal *journal, bool only_last)
{
	int error = zc_journal_list(journal);
	unsigned next = journal->files ? journal->file[journal->files - 1].number + 1 : 1;

	if (!error && !zc_journal_add(journal, next, true))
		error = -ENOMEM;
	if (!error)
		error = zc_journal_open_file(journal, &journal->flow, journal->files - 1);
	if (error == -ENOENT && journal->files > 1) {
		journal->files--; /* the run was compressed as a whole */
		error = zc_journal_open_file(journal, &journal->flow, journal->files - 1);
	}
	if (error)
		return error;
	if (only_last) {
		journal->file[0] = journal->file[journal->files - 1];
		journal->files = 1;
		journal->fixed = true;
		journal->flow.index = 0;
	} else if (journal->files > 1) {
		error = zc_journal_open_or_mark(journal, 0);
	}
	return error;
}

static int open_journal(struct zc_journal **ret, const char *dir, bool only_last)
{
	struct zc_journal *journal;
	int error = new_journal(&journal, dir);

	if (error)
		return error;
	error = find_files(journal, only_last);
	if (error) {
		zc_journal_free(journal);
		return error;
	}
	*ret = journal;
	return 0;
}

int zc_journal_open(struct zc_journal **ret, const char *dir)
{
	return open_journal(ret, dir, false);
}

int zc_journal_open_last(struct zc_journal **ret, const char *dir)
{
	return open_journal(ret, dir, true);
}

struct zc_journal *zc_journal_free(struct zc_journal *journal)
{
	if (!journal)
		return NULL;
	zc_journal_close(&journal->flow);
	zc_journal_close(&journal->side);
	free(journal->file);
	free(journal);
	return NULL;
}

/* To the next file, whose start is now known. Returns 1, 0 when there is none, or -errno. */
static int go_on(struct zc_journal *journal)
{
	size_t index = journal->flow.index;
	bool more = true;
	int error = 0;

	if (index + 1 == journal->files)
		error = zc_journal_look(journal, &more);
	if (error || index + 1 == journal->files)
		return error;
	journal->file[index].size = journal->flow.at;
	journal->file[index + 1].start = journal->file[index].start + journal->flow.at;
	if (journal->starts < index + 2)
		journal->starts = index + 2;
	error = zc_journal_open_or_mark(journal, index + 1);
	return error ? error : 1;
}

ssize_t zc_journal_read(struct zc_journal *journal, void *to, size_t cap)
{
	for (;;) {
		bool was_latest = journal->file[journal->flow.index].latest;
		ssize_t got = zc_journal_read_handle(journal, &journal->flow, to, cap);
		int more;

		if (got)
			return got;
		if (was_latest) { /* what was written between our look and the rotation */
			bool rotated;

			more = zc_journal_look(journal, &rotated);
			if (more < 0 || !rotated)
				return more;
			got = zc_journal_read_handle(journal, &journal->flow, to, cap);
			if (got)
				return got;
		}
		more = go_on(journal);
		if (more <= 0)
			return more;
	}
}

off_t zc_journal_plain_size(const struct zc_journal *journal)
{
	struct stat st;

	if (journal->files != 1 || journal->flow.fd < 0 || fstat(journal->flow.fd, &st) < 0)
		return -1;
	return st.st_size;
}

/* The file of an offset, among those whose start is known. */
static size_t index_of(const struct zc_journal *journal, off_t offset)
{
	size_t low = 0, high = journal->starts < journal->files ? journal->starts : journal->files;

	while (high - low > 1) {
		size_t middle = low + (high - low) / 2;

		if (journal->file[middle].start <= offset)
			low = middle;
		else
			high = middle;
	}
	return low;
}

int zc_journal_seek(struct zc_journal *journal, off_t offset)
{
	static char skipped[65536];
	size_t index = index_of(journal, offset);
	off_t at;
	int error = 0;

	if (index != journal->flow.index)
		error = zc_journal_open_file(journal, &journal->flow, index);
	if (!error)
		error = zc_journal_move(journal, &journal->flow,
					index + 1 < journal->starts || index + 1 == journal->files
						? offset - journal->file[index].start
						: 0);
	/* Where the last known file ends is found by reading it. */
	at = journal->file[index].start + journal->flow.at;
	while (!error && at < offset) {
		off_t left = offset - at;
		ssize_t got = zc_journal_read(journal, skipped,
					      left < (off_t)sizeof(skipped) ? (size_t)left
									    : sizeof(skipped));

		if (got <= 0)
			return (int)got;
		at += got;
	}
	return error;
}

ssize_t zc_journal_read_at(struct zc_journal *journal, void *to, size_t cap, off_t offset)
{
	size_t index = index_of(journal, offset);
	off_t at = offset - journal->file[index].start;
	int error = 0;

	if (journal->flow.index == index && journal->flow.fd >= 0) {
		ssize_t got = pread(journal->flow.fd, to, cap, at);

		return got < 0 ? -errno : got;
	}
	if (journal->side.index != index || (!journal->side.gz && journal->side.fd < 0))
		error = zc_journal_open_file(journal, &journal->side, index);
	if (!error && journal->side.at != at)
		error = zc_journal_move(journal, &journal->side, at);
	return error ? error : zc_journal_read_handle(journal, &journal->side, to, cap);
}

const char *zc_journal_file(const struct zc_journal *journal, off_t offset)
{
	return journal->file[index_of(journal, offset)].name;
}

size_t zc_journal_files(const struct zc_journal *journal)
{
	return journal->files;
}

const char *zc_journal_damaged(const struct zc_journal *journal, size_t index)
{
	return journal->file[index].damaged ? journal->file[index].name : NULL;
}
