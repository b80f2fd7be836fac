/* SPDX-License-Identifier: MIT */
/*
 * rotate.c - see rotate.h.
 */
#include <errno.h>
#include <fcntl.h>
#include <pthread.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/stat.h>
#include <unistd.h>
#include <zlib.h>

#include "evidence/log/rotate.h"

struct zc_rotation {
	int dir; /* the run's */
	unsigned count;
	bool has_thread, ended;
	pthread_t thread;
	pthread_mutex_t lock;
	pthread_cond_t more;
	unsigned waiting; /* under lock: files up to this number may be compressed */
};

void zc_rotate_name(char ret[48], unsigned number, bool compressed)
{
	snprintf(ret, 48, ZC_ARCHIVE "/events-%06u.jsonl%s", number % (ZC_ROTATE_MAX + 1),
		 compressed ? ".gz" : "");
}

unsigned zc_rotate_number(const char *name)
{
	static const char before[] = "events-", after[] = ".jsonl";
	unsigned number = 0;

	if (strncmp(name, before, sizeof(before) - 1) != 0)
		return 0;
	name += sizeof(before) - 1;
	for (unsigned i = 0; i < 6; i++, name++) {
		if (*name < '0' || *name > '9')
			return 0;
		number = number * 10 + (unsigned)(*name - '0');
	}
	if (strncmp(name, after, sizeof(after) - 1) != 0)
		return 0;
	name += sizeof(after) - 1;
	return *name == '\0' || strcmp(name, ".gz") == 0 ? number : 0;
}

/* --- compressing ---------------------------------------------------------------------------------- */

static int pour(int from, gzFile to)
{
	enum { SIZE = 1 << 17 };
	char *buffer = malloc(SIZE);
	int error = buffer ? 0 : -ENOMEM;

	while (!error) {
		ssize_t got = read(from, buffer, SIZE);

		if (got < 0 && errno == EINTR)
			continue;
		if (got <= 0) {
			error = got < 0 ? -errno : 0;
			break;
		}
		if (gzwrite(to, buffer, (unsigned)got) != (int)got)
			error = errno ? -errno : -EIO;
	}
	free(buffer);
	return error;
}

/* Closes to. The level is zlib's fastest: 20 times smaller already, and 60 times is not worth the wait. */
static int compress_into(int from, int to)
{
	gzFile gz = gzdopen(to, "wb1");
	int error, copy = dup(to), r;

	if (!gz || copy < 0) {
		error = gz ? -errno : -ENOMEM;
		if (gz)
			gzclose_w(gz);
		else
			close(to);
		if (copy >= 0)
			close(copy);
		return error;
	}
	gzbuffer(gz, 128u << 10);
	errno = 0;
	error = pour(from, gz);
	r = gzclose_w(gz);
	if (!error && r != Z_OK)
		error = r == Z_ERRNO && errno ? -errno : -EIO;
	if (!error && fsync(copy) < 0 && errno != EINVAL)
		error = -errno;
	close(copy);
	return error;
}

int zc_rotate_compress(int from_dir, const char *plain, int to_dir, const char *compressed)
{
	char beside[64];
	struct stat st;
	int from, to, error;

	if (snprintf(beside, sizeof(beside), "%s.new", compressed) >= (int)sizeof(beside))
		return -ENAMETOOLONG;
	from = openat(from_dir, plain, O_RDONLY | O_NOFOLLOW | O_NONBLOCK | O_CLOEXEC);
	if (from < 0)
		return -errno;
	if (fstat(from, &st) < 0 || !S_ISREG(st.st_mode)) {
		close(from);
		return -EINVAL;
	}
	unlinkat(to_dir, beside, 0); /* of one who was killed */
	to = openat(to_dir, beside, O_WRONLY | O_CREAT | O_EXCL | O_NOFOLLOW | O_CLOEXEC,
		    st.st_mode & 0777);
	if (to >= 0 && geteuid() == 0 && fchown(to, st.st_uid, st.st_gid) < 0)
		errno = 0; /* it stays root's, as some file systems want it */
	error = to >= 0 ? compress_into(from, to) : -errno;
	close(from);
	if (!error && renameat(to_dir, beside, to_dir, compressed) < 0)
		error = -errno;
	if (error) {
		if (to >= 0)
			unlinkat(to_dir, beside, 0);
		return error;
	}
	return unlinkat(from_dir, plain, 0) < 0 ? -errno : 0;
}

static void *compress_main(void *argument)
{
	struct zc_rotation *rotation = argument;

	pthread_mutex_lock(&rotation->lock);
	for (unsigned done = 0;;) {
		char plain[48], compressed[48];

		while (done == rotation->waiting && !rotation->ended)
			pthread_cond_wait(&rotation->more, &rotation->lock);
		if (done == rotation->waiting)
			break;
		done++;
		pthread_mutex_unlock(&rotation->lock);
		zc_rotate_name(plain, done, false);
		zc_rotate_name(compressed, done, true);
		zc_rotate_compress(rotation->dir, plain, rotation->dir, compressed);
		pthread_mutex_lock(&rotation->lock);
	}
	pthread_mutex_unlock(&rotation->lock);
	return NULL;
}

/* --- turning -------------------------------------------------------------------------------------- */

int zc_rotation_new(struct zc_rotation **ret, const char *dir)
{
	struct zc_rotation *rotation = calloc(1, sizeof(*rotation));

	if (!rotation)
		return -ENOMEM;
	rotation->dir = open(dir, O_RDONLY | O_DIRECTORY | O_CLOEXEC);
	if (rotation->dir < 0) {
		free(rotation);
		return -errno;
	}
	pthread_mutex_init(&rotation->lock, NULL);
	pthread_cond_init(&rotation->more, NULL);
	*ret = rotation;
	return 0;
}

/* Without a thread the files stay plain. */
static void hand_over(struct zc_rotation *rotation)
{
	if (!rotation->has_thread)
		rotation->has_thread =
			pthread_create(&rotation->thread, NULL, compress_main, rotation) == 0;
	pthread_mutex_lock(&rotation->lock);
	rotation->waiting = rotation->count;
	pthread_cond_signal(&rotation->more);
	pthread_mutex_unlock(&rotation->lock);
}

int zc_rotation_turn(struct zc_rotation *rotation, int fd)
{
	static const char latest[] = "events.jsonl", beside[] = "events.jsonl.new";
	char name[48];
	int next, error = 0;

	if (rotation->count >= ZC_ROTATE_MAX)
		return -EOVERFLOW;
	if (mkdirat(rotation->dir, ZC_ARCHIVE, 0700) < 0 && errno != EEXIST)
		return -errno;
	next = openat(rotation->dir, beside,
		      O_WRONLY | O_APPEND | O_CREAT | O_EXCL | O_NOFOLLOW | O_CLOEXEC, 0600);
	if (next < 0)
		return -errno;
	zc_rotate_name(name, rotation->count + 1, false);
	if (renameat(rotation->dir, latest, rotation->dir, name) < 0)
		error = -errno;
	else if (renameat(rotation->dir, beside, rotation->dir, latest) < 0) {
		error = -errno;
		renameat(rotation->dir, name, rotation->dir, latest);
	}
	if (error) {
		unlinkat(rotation->dir, beside, 0);
		close(next);
		return error;
	}
	close(fd);
	fsync(rotation->dir);
	rotation->count++;
	hand_over(rotation);
	return next;
}

unsigned zc_rotation_count(const struct zc_rotation *rotation)
{
	return rotation ? rotation->count : 0;
}

struct zc_rotation *zc_rotation_free(struct zc_rotation *rotation)
{
	if (!rotation)
		return NULL;
	if (rotation->has_thread) {
		pthread_mutex_lock(&rotation->lock);
		rotation->ended = true;
		pthread_cond_signal(&rotation->more);
		pthread_mutex_unlock(&rotation->lock);
		pthread_join(rotation->thread, NULL);
	}
	pthread_mutex_destroy(&rotation->lock);
	pthread_cond_destroy(&rotation->more);
	close(rotation->dir);
	free(rotation);
	return NULL;
}
