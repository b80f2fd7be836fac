/* SPDX-License-Identifier: MIT */
/*
 * journal_files.c - the files of a log: which there are, and one of them opened and read.
 */
#include <dirent.h>
#include <errno.h>
#include <fcntl.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/stat.h>
#include <unistd.h>

#include "evidence/journal/journal_parts.h"
#include "evidence/log/rotate.h"
#include "text/array.h"

#define LATEST "events.jsonl"

/* --- which files there are ------------------------------------------------------------------------ */

struct zc_log_file *zc_journal_add(struct zc_journal *journal, unsigned number, bool latest)
{
	struct zc_log_file *file =
		zc_array_grow(journal->file, journal->files, &journal->cap, sizeof(*file), 8);

	if (!file)
		return NULL;
	journal->file = file;
	file += journal->files++;
	*file = (struct zc_log_file){ .number = number, .size = -1, .latest = latest };
	if (latest)
		strcpy(file->name, LATEST);
	else
		zc_rotate_name(file->name, number, false);
	return file;
}

static int by_number(const void *a, const void *b)
{
	const struct zc_log_file *x = a, *y = b;

	return x->number < y->number ? -1 : x->number > y->number;
}

int zc_journal_list(struct zc_journal *journal)
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

		if (number && !zc_journal_add(journal, number, false)) {
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

void zc_journal_close(struct zc_log_handle *handle)
{
	if (handle->gz)
		gzclose_r(handle->gz);
	if (handle->fd >= 0)
		close(handle->fd);
	*handle = (struct zc_log_handle){ .fd = -1 };
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
static int open_archived(struct zc_journal *journal, struct zc_log_handle *handle,
			 struct zc_log_file *file)
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

int zc_journal_look(struct zc_journal *journal, bool *ret_more)
{
	struct zc_log_file *last = &journal->file[journal->files - 1];
	unsigned number = last->number;

	*ret_more = false;
	if (journal->fixed || !last->latest || !in_archive(journal, number))
		return 0;
	last->latest = false;
	zc_rotate_name(last->name, number, false);
	*ret_more = true;
	while (in_archive(journal, ++number))
		if (!zc_journal_add(journal, number, false))
			return -ENOMEM;
	return zc_journal_add(journal, number, true) ? 0 : -ENOMEM;
}

/*
 * What is called events.jsonl may be another file by the time it is opened: it is the one that it is taken for
 * only if the archive still lacks its number then.
 */
int zc_journal_open_file(struct zc_journal *journal, struct zc_log_handle *handle, size_t index)
{
	bool more = false;
	struct stat st;
	int error = 0;

	zc_journal_close(handle);
	handle->index = index;
	if (journal->file[index].latest) {
		handle->fd = open_regular(journal, LATEST, &st);
		error = handle->fd < 0 ? handle->fd : 0;
		if (!error || error == -ENOENT) {
			int r = zc_journal_look(journal, &more);

			error = r ? r : error;
		}
		if (!more)
			return error;
		zc_journal_close(handle);
		handle->index = index;
	}
	return open_archived(journal, handle, &journal->file[index]);
}

int zc_journal_open_or_mark(struct zc_journal *journal, size_t index)
{
	int error = zc_journal_open_file(journal, &journal->flow, index);

	if (!error || error == -ENOMEM || journal->file[index].latest)
		return error == -ENOENT ? 0 : error;
	journal->file[index].damaged = true;
	return 0;
}

ssize_t zc_journal_read_handle(struct zc_journal *journal, struct zc_log_handle *handle, void *to,
			       size_t cap)
{
	struct zc_log_file *file = &journal->file[handle->index];
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

int zc_journal_move(struct zc_journal *journal, struct zc_log_handle *handle, off_t at)
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
