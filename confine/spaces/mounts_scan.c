/* SPDX-License-Identifier: MIT */
/*
 * mounts_scan.c - what lies below a directory that is to be masked.
 *
 * Two things are asked. Are there programs? Where the policy lets them run, a mask would hide them. And
 * which names are there? The mask shows them, without content, because whether a file exists is not
 * judged: a program that looks before it opens goes on to open, is refused, and is seen.
 */
#include <dirent.h>
#include <fcntl.h>
#include <stdlib.h>
#include <string.h>
#include <sys/stat.h>
#include <unistd.h>

#include "confine/spaces/mounts.h"

struct scanning {
	struct zc_mount_scan *scan;
	uint32_t looks;
	char path[ZC_PATH_CAP]; /* below the directory */
};

static void add_name(struct scanning *s, const struct stat *st)
{
	struct zc_mount_scan *scan = s->scan;
	struct zc_mount_name *name = &scan->name[scan->names];

	if (scan->names == ZC_MOUNTS_NAMES) {
		scan->cut = true;
		return;
	}
	name->path = strdup(s->path);
	name->directory = S_ISDIR(st->st_mode);
	name->size = S_ISREG(st->st_mode) ? (uint64_t)st->st_size : 0;
	scan->names += name->path != NULL;
}

static void scan_below(struct scanning *s, int fd, size_t len);

static void scan_entry(struct scanning *s, int dir, const char *name, size_t len)
{
	size_t name_len = strlen(name);
	struct stat st;
	int fd;

	if (len + name_len + 2 > sizeof(s->path) ||
	    fstatat(dir, name, &st, AT_SYMLINK_NOFOLLOW) < 0)
		return;
	if (++s->looks > ZC_MOUNTS_LOOKS) {
		s->scan->programs = s->scan->cut = true;
		return;
	}
	if (len)
		s->path[len++] = '/';
	memcpy(s->path + len, name, name_len + 1);
	len += name_len;
	if (S_ISREG(st.st_mode) && st.st_mode & 0111)
		s->scan->programs = true;
	add_name(s, &st);
	if (!S_ISDIR(st.st_mode))
		return;
	fd = openat(dir, name, O_RDONLY | O_DIRECTORY | O_NOFOLLOW | O_CLOEXEC);
	if (fd >= 0)
		scan_below(s, fd, len);
}

/* Takes fd. Breadth does not matter: all that is shown is shown or the cut is told. */
static void scan_below(struct scanning *s, int fd, size_t len)
{
	struct dirent *entry;
	DIR *dir = fdopendir(fd);

	if (!dir) {
		close(fd);
		return;
	}
	while (s->looks <= ZC_MOUNTS_LOOKS && (entry = readdir(dir)) != NULL)
		if (strcmp(entry->d_name, ".") != 0 && strcmp(entry->d_name, "..") != 0)
			scan_entry(s, dirfd(dir), entry->d_name, len);
	closedir(dir);
}

void zc_mounts_scan(const char *path, struct zc_mount_scan *ret)
{
	struct scanning s = { .scan = ret };
	int fd = open(path, O_RDONLY | O_DIRECTORY | O_NOFOLLOW | O_CLOEXEC);

	ret->programs = ret->cut = false;
	ret->names = 0;
	if (fd >= 0)
		scan_below(&s, fd, 0);
}

void zc_mounts_scan_finish(struct zc_mount_scan *scan)
{
	for (uint32_t i = 0; i < scan->names; i++)
		free(scan->name[i].path);
	scan->names = 0;
}
