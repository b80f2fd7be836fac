/* SPDX-License-Identifier: MIT */
/*
 * journal.c - see journal.h.
 */
#include <dirent.h>
#include <errno.h>
#include <fcntl.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/stat.h>
#include <unistd.h>
#include <zlib.h>

#include "evidence/read/journal.h"
#include "evidence/log/rotate.h"

#define LATEST "events.jsonl"

struct file {
	char name[48];
	unsigned number; /* in the archive; for events.jsonl the one it would get */
	off_t start;     /* known once those before were read to their end */
	off_t size;      /* known once read to the end; -1 */
	bool latest;     /* it may still grow */
	bool damaged;
};

/* One open file and how far it was read. */
struct handle {
	int fd;    /* plain; -1 */
	gzFile gz; /* compressed; NULL */
	size_t index;
	off_t at; /* in the file's own text */
};

struct zc_journal {
	char dir[ZC_PATH_CAP];
	struct file *file;
	size_t files, cap;
	size_t starts; /* so many .start are known */
	struct handle flow, side;
	bool fixed; /* there is nothing to look for at the end */
};

/* --- which files there are ------------------------------------------------------------------------ */

static struct file *add_file(struct zc_journal *journal, unsigned number, bool latest)
{
	struct file *file = journal->file;

	if (journal->files == journal->cap) {
		size_t cap = journal->cap ? journal->cap * 2 : 8;

		file = realloc(file, cap * sizeof(*file));
		if (!file)
			return NULL;
		journal->file = file;
		journal->cap = cap;
	}
	file += journal->files++;
	*file = (struct file){ .number = number, .size = -1, .latest = latest };
	if (latest)
		strcpy(file->name, LATEST);
	else
		zc_rotate_name(file->name, number, false);
	return file;
}

static int by_number(const void *a, const void *b)
{
	const struct file *x = a, *y = b;

	return x->number < y->number ? -1 : x->number > y->number;
}

/* Numbers in the archive, each once, oldest first. Returns 0 or -errno. */
static int list_archive(struct zc_journal *journal)
{
	char path[ZC_PATH_CAP + 16];
	const struct dirent *entry;
	size_t kept = 0;
	DIR *dir;

	snprintf(path, sizeof(path), "%s/" ZC_ARCHIVE, journal->dir);
	dir = opendir(path);
	if (!dir)
		return errno == ENOENT || errno == ENOTDIR ? 0 : -errno;
	while ((entry = readdir(dir))) {
		unsigned number = zc_rotate_number(entry->d_name);

		if (number && !add_file(journal, number, false)) {
			closedir(dir);
			return -ENOMEM;
		}
	}
	closedir(dir);
	if (journal->files)
		qsort(journal->file, journal->files, sizeof(*journal->file), by_number);
	for (size_t i = 0; i < journal->files; i++)
		if (!i || journal->file[i].number != journal->file[i - 1].number)
			journal->file[kept++] = journal->file[i];
	journal->files = kept;
	return 0;
}

/* --- one file ------------------------------------------------------------------------------------- */

static void close_handle(struct handle *handle)
{
	if (handle->gz)
		gzclose_r(handle->gz);
	if (handle->fd >= 0)
		close(handle->fd);
	*handle = (struct handle){ .fd = -1 };
}

/* Only regular files: a FIFO of that name must not hold us up. */
static int open_regular(const struct zc_journal *journal, const char *name, struct stat *ret_st)
{
	char path[ZC_PATH_CAP + 64];
	int fd, error;

	snprintf(path, sizeof(path), "%s/%s", journal->dir, name);
	fd = open(path, O_RDONLY | O_CLOEXEC | O_NOCTTY | O_NONBLOCK);
	if (fd < 0)
		return -errno;
	error = fstat(fd, ret_st) < 0 ? -errno : S_ISREG(ret_st->st_mode) ? 0 : -EINVAL;
	if (error) {
		close(fd);
		return error;
	}
	return fd;
}

/* Plain, or compressed; while it is being compressed the one turns into the other. */
static int open_archived(struct zc_journal *journal, struct handle *handle, struct file *file)
{
	struct stat st;
	int fd = -ENOENT;

	for (unsigned i = 0; i < 4 && fd == -ENOENT; i++) {
		zc_rotate_name(file->name, file->number, i & 1);
		fd = open_regular(journal, file->name, &st);
		if (fd < 0 || !(i & 1))
			continue;
		handle->gz = gzdopen(fd, "rb");
		if (!handle->gz) {
			close(fd);
			return -ENOMEM;
		}
		gzbuffer(handle->gz, 128u << 10);
		return 0;
	}
	handle->fd = fd < 0 ? -1 : fd;
	return fd < 0 ? fd : 0;
}

static bool in_archive(const struct zc_journal *journal, unsigned number)
{
	char path[ZC_PATH_CAP + 64], name[48];
	struct stat st;

	for (unsigned i = 0; i < 2; i++) {
		zc_rotate_name(name, number, i);
		snprintf(path, sizeof(path), "%s/%s", journal->dir, name);
		if (stat(path, &st) == 0)
			return true;
	}
	return false;
}

/* Has the writer moved on? Then what was the latest is in the archive, and another came after it. */
static int look_for_more(struct zc_journal *journal, bool *ret_more)
{
	struct file *last = &journal->file[journal->files - 1];
	unsigned number = last->number;

	*ret_more = false;
	if (journal->fixed || !last->latest || !in_archive(journal, number))
		return 0;
	last->latest = false;
	zc_rotate_name(last->name, number, false);
	*ret_more = true;
	while (in_archive(journal, ++number))
		if (!add_file(journal, number, false))
			return -ENOMEM;
	return add_file(journal, number, true) ? 0 : -ENOMEM;
}

/*
 * What is called events.jsonl may be another file by the time it is opened: it is the one that it is taken for
 * only if the archive still lacks its number then.
 */
static int open_file(struct zc_journal *journal, struct handle *handle, size_t index)
{
	bool more = false;
	struct stat st;
	int error = 0;

	close_handle(handle);
	handle->index = index;
	if (journal->file[index].latest) {
		handle->fd = open_regular(journal, LATEST, &st);
		error = handle->fd < 0 ? handle->fd : 0;
		if (!error || error == -ENOENT) {
			int r = look_for_more(journal, &more);

			error = r ? r : error;
		}
		if (!more)
			return error;
		close_handle(handle);
		handle->index = index;
	}
	return open_archived(journal, handle, &journal->file[index]);
}

/* For reading on. A file of the archive that cannot be opened, or is none, reads as empty. */
static int open_or_mark(struct zc_journal *journal, size_t index)
{
	int error = open_file(journal, &journal->flow, index);

	if (!error || error == -ENOMEM || journal->file[index].latest)
		return error == -ENOENT ? 0 : error;
	journal->file[index].damaged = true;
	return 0;
}

/* Bytes of one file; 0 at its end. A file that cannot be unpacked ends there. */
static ssize_t read_handle(struct zc_journal *journal, struct handle *handle, void *to, size_t cap)
{
	struct file *file = &journal->file[handle->index];
	ssize_t got;

	if (handle->gz) {
		int error;

		got = gzread(handle->gz, to, cap < (1u << 30) ? (unsigned)cap : 1u << 30);
		/* One that was cut has bytes to give before it says so. */
		if (got <= 0 && (got < 0 || (gzerror(handle->gz, &error), error < 0))) {
			file->damaged = true;
			got = 0;
		}
	} else if (handle->fd >= 0) {
		do
			got = read(handle->fd, to, cap);
		while (got < 0 && errno == EINTR);
		if (got < 0)
			return -errno;
	} else {
		got = 0;
	}
	handle->at += got;
	return got;
}

/* To a place in its file; beyond the end stays at the end. */
static int move_handle(struct zc_journal *journal, struct handle *handle, off_t at)
{
	if (handle->gz) {
		if (gzseek(handle->gz, at, SEEK_SET) < 0)
			journal->file[handle->index].damaged = true;
	} else if (handle->fd >= 0 && lseek(handle->fd, at, SEEK_SET) < 0) {
		return -errno;
	}
	handle->at = at;
	return 0;
}

/* --- the whole ------------------------------------------------------------------------------------ */

static int new_journal(struct zc_journal **ret, const char *dir)
{
	struct zc_journal *journal;

	if (strlen(dir) >= sizeof(journal->dir))
		return -ENAMETOOLONG;
	journal = calloc(1, sizeof(*journal));
	if (!journal)
		return -ENOMEM;
	strcpy(journal->dir, dir);
	journal->flow.fd = journal->side.fd = -1;
	journal->starts = 1;
	*ret = journal;
	return 0;
}

/* Every file, and the first or the last of them open. */
static int find_files(struct zc_journal *journal, bool only_last)
{
	int error = list_archive(journal);
	unsigned next = journal->files ? journal->file[journal->files - 1].number + 1 : 1;

	if (!error && !add_file(journal, next, true))
		error = -ENOMEM;
	if (!error)
		error = open_file(journal, &journal->flow, journal->files - 1);
	if (error == -ENOENT && journal->files > 1) {
		journal->files--; /* the run was compressed as a whole */
		error = open_file(journal, &journal->flow, journal->files - 1);
	}
	if (error)
		return error;
	if (only_last) {
		journal->file[0] = journal->file[journal->files - 1];
		journal->files = 1;
		journal->fixed = true;
		journal->flow.index = 0;
	} else if (journal->files > 1) {
		error = open_or_mark(journal, 0);
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
	close_handle(&journal->flow);
	close_handle(&journal->side);
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
		error = look_for_more(journal, &more);
	if (error || index + 1 == journal->files)
		return error;
	journal->file[index].size = journal->flow.at;
	journal->file[index + 1].start = journal->file[index].start + journal->flow.at;
	if (journal->starts < index + 2)
		journal->starts = index + 2;
	error = open_or_mark(journal, index + 1);
	return error ? error : 1;
}

ssize_t zc_journal_read(struct zc_journal *journal, void *to, size_t cap)
{
	for (;;) {
		bool was_latest = journal->file[journal->flow.index].latest;
		ssize_t got = read_handle(journal, &journal->flow, to, cap);
		int more;

		if (got)
			return got;
		if (was_latest) { /* what was written between our look and the rotation */
			bool rotated;

			more = look_for_more(journal, &rotated);
			if (more < 0 || !rotated)
				return more;
			got = read_handle(journal, &journal->flow, to, cap);
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
		error = open_file(journal, &journal->flow, index);
	if (!error)
		error = move_handle(journal, &journal->flow,
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
		error = open_file(journal, &journal->side, index);
	if (!error && journal->side.at != at)
		error = move_handle(journal, &journal->side, at);
	return error ? error : read_handle(journal, &journal->side, to, cap);
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
