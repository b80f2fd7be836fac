/* SPDX-License-Identifier: MIT */
/*
 * close.c - the end of a run on disk: its log, run.json, and the names of both.
 *
 * A disk takes a few milliseconds each time that it is waited for, and the user waits with us: so the log
 * and the name of the run's directory go their way in a thread while run.json is written. Its own name, which
 * says that the run is complete, comes when all of that is there.
 */
#include <errno.h>
#include <fcntl.h>
#include <pthread.h>
#include <stdio.h>
#include <unistd.h>

#include "evidence/log/log.h"

static int write_file(int fd, const char *bytes, size_t len)
{
	for (size_t at = 0; at < len;) {
		ssize_t wrote = write(fd, bytes + at, len - at);

		if (wrote < 0 && errno == EINTR)
			continue;
		if (wrote <= 0)
			return wrote < 0 ? -errno : -ENOSPC;
		at += (size_t)wrote;
	}
	return fsync(fd) < 0 && errno != EINVAL ? -errno : 0;
}

/* Into a file beside, which gets its name later. */
static int write_beside(const char *beside, const char *bytes, size_t len)
{
	int fd = open(beside, O_WRONLY | O_CREAT | O_TRUNC | O_NOFOLLOW | O_CLOEXEC, 0600), error;

	if (fd < 0)
		return -errno;
	error = write_file(fd, bytes, len);
	if (close(fd) < 0 && !error)
		error = -errno;
	return error;
}

struct rest {
	struct zc_log *log;
	int dir; /* the run's; -1: none */
};

/* Best effort, as to names: not all file systems can sync directories. */
static void *sync_rest(void *argument)
{
	const struct rest *rest = argument;
	int above = rest->dir < 0 ? -1
				  : openat(rest->dir, "..", O_RDONLY | O_DIRECTORY | O_CLOEXEC);

	zc_log_sync(rest->log);
	if (above >= 0) {
		fsync(above);
		close(above);
	}
	return NULL;
}

int zc_log_close_run(struct zc_log *log, const char *dir, const char *bytes, size_t len)
{
	struct rest rest = { log, open(dir, O_RDONLY | O_DIRECTORY | O_CLOEXEC) };
	char path[ZC_PATH_CAP], beside[ZC_PATH_CAP];
	pthread_t thread;
	bool aside = pthread_create(&thread, NULL, sync_rest, &rest) == 0;
	int error = -ENOMEM;

	if (!aside)
		sync_rest(&rest);
	if (bytes && snprintf(beside, sizeof(beside), "%s/run.json.new", dir) < (int)sizeof(beside))
		error = write_beside(beside, bytes, len);
	else if (bytes)
		error = -ENAMETOOLONG;
	if (aside)
		pthread_join(thread, NULL);
	snprintf(path, sizeof(path), "%s/run.json", dir); /* shorter than the other */
	if (!error && rename(beside, path) < 0)
		error = -errno;
	if (error && bytes && error != -ENAMETOOLONG)
		unlink(beside);
	if (!error && rest.dir >= 0)
		fsync(rest.dir);
	if (rest.dir >= 0)
		close(rest.dir);
	return error;
}
