/* SPDX-License-Identifier: MIT */
/*
 * rotate_act.c - a run that was examined is removed, or its log compressed.
 */
#include <errno.h>
#include <fcntl.h>
#include <string.h>
#include <sys/stat.h>
#include <unistd.h>

#include "audit/rotate/rotate.h"
#include "evidence/log/rotate.h"

static bool remove_entry(struct zc_old_run *run, int dir, const char *name)
{
	if (unlinkat(dir, name, 0) < 0 && errno != ENOENT)
		snprintf(run->why_not, sizeof(run->why_not), "%s", strerror(errno));
	return !*run->why_not;
}

static bool remove_all(struct zc_old_run *run, int dir, const char *name)
{
	int archive;

	if (strcmp(name, ZC_ARCHIVE) != 0)
		return remove_entry(run, dir, name);
	archive = zc_old_run_open_dir(dir, name);
	if (archive < 0)
		return false;
	zc_old_run_each(archive, remove_entry, run);
	close(archive);
	if (unlinkat(dir, name, AT_REMOVEDIR) < 0 && !*run->why_not)
		snprintf(run->why_not, sizeof(run->why_not), "%s", strerror(errno));
	return !*run->why_not;
}

int zc_old_run_remove(struct zc_old_run *run, int dir)
{
	int error = zc_old_run_each(dir, remove_all, run);

	if (!error && *run->why_not)
		error = -EBUSY;
	if (!error && rmdir(run->dir) < 0)
		error = -errno;
	return error;
}

/* Made when there is none, for whom the run belongs to. */
static int open_archive(int dir)
{
	int made = mkdirat(dir, ZC_ARCHIVE, 0700), archive;
	struct stat st;

	if (made < 0 && errno != EEXIST)
		return -errno;
	archive = zc_old_run_open_dir(dir, ZC_ARCHIVE);
	if (made == 0 && archive >= 0 && geteuid() == 0 && fstat(dir, &st) == 0 &&
	    fchown(archive, st.st_uid, st.st_gid) < 0)
		errno = 0; /* some file systems do not have it */
	return archive;
}

int zc_old_run_compress(const struct zc_old_run *run, int dir)
{
	char plain[48], compressed[48];
	int archive = open_archive(dir), error = 0;

	if (archive < 0)
		return archive;
	for (unsigned i = 1; !error && i <= run->archived; i++) {
		zc_rotate_name(plain, i, false);
		zc_rotate_name(compressed, i, true);
		error = zc_rotate_compress(archive, plain + sizeof(ZC_ARCHIVE), archive,
					   compressed + sizeof(ZC_ARCHIVE));
		error = error == -ENOENT ? 0 : error;
	}
	zc_rotate_name(compressed, run->archived + 1, true);
	if (!error)
		error = zc_rotate_compress(dir, "events.jsonl", archive,
					   compressed + sizeof(ZC_ARCHIVE));
	error = error == -ENOENT ? 0 : error;
	fsync(archive);
	close(archive);
	return error;
}
