/* SPDX-License-Identifier: MIT */
/*
 * rotate_look.c - is this directory a run's, may it be touched, how large is it? Nothing is changed.
 */
#include <dirent.h>
#include <errno.h>
#include <fcntl.h>
#include <stdlib.h>
#include <string.h>
#include <sys/file.h>
#include <sys/stat.h>
#include <time.h>
#include <unistd.h>

#include "audit/rotate/rotate.h"
#include "evidence/log/rotate.h"
#include "evidence/proof/sign.h"
#include "text/text.h"

/* The name without ".new", which a file has while it is being made; NULL: too long for one of ours. */
static const char *finished_name(const char *name, char plain[64])
{
	size_t len = strlen(name);

	if (len >= 64)
		return NULL;
	memcpy(plain, name, len + 1);
	if (len > 4 && !strcmp(plain + len - 4, ".new"))
		plain[len - 4] = '\0';
	return plain;
}

/* Files that are made in a run's directory, and what is left of one when its maker was killed. */
static bool is_ours(const char *name)
{
	static const char *const names[] = { "events.jsonl", "run.json", ZC_SIGNATURE_FILE };
	char buffer[64];
	const char *plain = finished_name(name, buffer);

	if (!plain)
		return false;
	for (size_t i = 0; i < ZC_LEN(names); i++)
		if (!strcmp(plain, names[i]))
			return true;
	for (const struct zc_report_format *format = zc_report_formats; format->name; format++)
		if (!strcmp(plain, format->file))
			return true;
	return false;
}

static bool is_archived(const char *name)
{
	char buffer[64];
	const char *plain = finished_name(name, buffer);

	return plain && zc_rotate_number(plain) != 0;
}

/* One entry of a run's directory or of its archive. Returns false when it makes the run not ours. */
static bool look_at(struct zc_old_run *run, int dir, const char *name, bool archived)
{
	struct stat st;

	if (fstatat(dir, name, &st, AT_SYMLINK_NOFOLLOW) < 0)
		return errno == ENOENT;
	if (!S_ISREG(st.st_mode) || !(archived ? is_archived(name) : is_ours(name))) {
		char shown[96];

		zc_text_show_in(shown, sizeof(shown), name, strlen(name));
		snprintf(run->why_not, sizeof(run->why_not), "it holds '%s', which is not a run's",
			 shown);
		return false;
	}
	run->size += (uint64_t)st.st_size;
	if (archived) {
		unsigned number = zc_rotate_number(name);

		run->archived = number > run->archived ? number : run->archived;
		run->plain = run->plain || (number && !strstr(name, ".gz"));
	} else if (!strcmp(name, "events.jsonl")) {
		run->plain = true;
	}
	run->is_run = true;
	return true;
}

int zc_old_run_open_dir(int above, const char *name)
{
	int fd = openat(above, name, O_RDONLY | O_DIRECTORY | O_NOFOLLOW | O_CLOEXEC);

	return fd < 0 ? -errno : fd;
}

int zc_old_run_each(int dir, bool (*visit)(struct zc_old_run *run, int dir, const char *name),
		    struct zc_old_run *run)
{
	int fd = openat(dir, ".", O_RDONLY | O_DIRECTORY | O_CLOEXEC);
	DIR *stream = fd < 0 ? NULL : fdopendir(fd);
	const struct dirent *entry;

	if (!stream) {
		int error = -errno;

		if (fd >= 0)
			close(fd);
		return error;
	}
	while ((entry = readdir(stream)))
		if (strcmp(entry->d_name, ".") != 0 && strcmp(entry->d_name, "..") != 0 &&
		    !visit(run, dir, entry->d_name))
			break;
	closedir(stream);
	return 0;
}

static bool look_in_archive(struct zc_old_run *run, int dir, const char *name)
{
	return look_at(run, dir, name, true);
}

static bool look_in_run(struct zc_old_run *run, int dir, const char *name)
{
	int archive;

	if (strcmp(name, ZC_ARCHIVE) != 0)
		return look_at(run, dir, name, false);
	archive = zc_old_run_open_dir(dir, name);
	if (archive < 0) {
		snprintf(run->why_not, sizeof(run->why_not), "its archive is no directory");
		return false;
	}
	zc_old_run_each(archive, look_in_archive, run);
	close(archive);
	return !*run->why_not;
}

/* Ids begin with the time: 20260102T030405. One that does not is as old as its directory. */
static int64_t time_of(const char *id, const struct stat *st)
{
	struct tm tm = { 0 };
	char text[16] = "";
	time_t at;

	strncpy(text, id, sizeof(text) - 1);
	if (sscanf(text, "%4d%2d%2dT%2d%2d%2d", &tm.tm_year, &tm.tm_mon, &tm.tm_mday, &tm.tm_hour,
		   &tm.tm_min, &tm.tm_sec) != 6)
		return st->st_mtime;
	tm.tm_year -= 1900;
	tm.tm_mon--;
	at = timegm(&tm);
	return at == (time_t)-1 ? st->st_mtime : at;
}

static bool lock_it(int fd, struct zc_old_run *run)
{
	if (flock(fd, LOCK_EX | LOCK_NB) == 0 || errno != EWOULDBLOCK)
		return true;
	snprintf(run->why_not, sizeof(run->why_not), "it is going on");
	return false;
}

int zc_old_run_examine(struct zc_old_run *run)
{
	int fd = zc_old_run_open_dir(AT_FDCWD, run->dir);
	struct stat st;

	run->size = 0;
	run->is_run = run->plain = false;
	*run->why_not = '\0';
	if (fd < 0 || fstat(fd, &st) < 0) {
		snprintf(run->why_not, sizeof(run->why_not), "%s",
			 fd == -ELOOP || fd == -ENOTDIR ? "it is a link, or no directory"
							: strerror(fd < 0 ? -fd : errno));
		if (fd >= 0)
			close(fd);
		return -1;
	}
	run->began = time_of(run->id, &st);
	zc_old_run_each(fd, look_in_run, run);
	/* Nothing in it at all: zcwrap was killed when it had just made it. */
	run->is_run = run->is_run || !*run->why_not;
	if (*run->why_not || !lock_it(fd, run)) {
		close(fd);
		return -1;
	}
	return fd;
}
