/* SPDX-License-Identifier: MIT */
/*
 * store.c - where the evidence goes: the log directory, and one directory for this run.
 *
 * The place is chosen before the policy is frozen, because the policy protects it, and made after,
 * so that a mistake in the policy leaves nothing behind.
 */
#include <errno.h>
#include <fcntl.h>
#include <pwd.h>
#include <stdlib.h>
#include <string.h>
#include <sys/file.h>
#include <sys/random.h>
#include <sys/stat.h>
#include <time.h>
#include <unistd.h>

#include "core/path.h"
#include "wrap/wrap.h"

#define RESERVE_SIZE (64 * 1024)

/* Absolute and without links as far as it exists; what is yet to be made is joined lexically. */
static int make_absolute(const char *path, char to[ZC_PATH_CAP])
{
	char whole[ZC_PATH_CAP], cwd[ZC_PATH_CAP] = "/", real[ZC_PATH_CAP];
	size_t head;
	long len;

	if (*path != '/' && !getcwd(cwd, sizeof(cwd)))
		return -errno;
	len = zc_path_join(whole, sizeof(whole), cwd, strlen(cwd), path, strlen(path));
	if (len < 0)
		return (int)len;
	for (head = (size_t)len; head > 1; head = zc_path_parent(whole, head)) {
		char kept = whole[head];
		bool found;

		whole[head] = '\0';
		found = realpath(whole, real);
		whole[head] = kept;
		if (found)
			break;
	}
	if (head <= 1)
		strcpy(real, "/");
	while (whole[head] == '/')
		head++;
	len = zc_path_join(to, ZC_PATH_CAP, real, strlen(real), whole + head, strlen(whole + head));
	return len < 0 ? (int)len : 0;
}

/* Could a directory be made, or used, here? Looks at the nearest that exists. */
static int can_write(const char *dir)
{
	char path[ZC_PATH_CAP];
	size_t len = strlen(dir);
	struct stat st;

	memcpy(path, dir, len + 1);
	while (len > 1 && stat(path, &st) < 0 && errno == ENOENT) {
		len = zc_path_parent(path, len);
		path[len] = '\0';
	}
	if (stat(path, &st) < 0)
		return -errno;
	if (!S_ISDIR(st.st_mode))
		return -ENOTDIR;
	return faccessat(AT_FDCWD, path, W_OK | X_OK, AT_EACCESS) < 0 ? -errno : 0;
}

static int state_dir(char path[ZC_PATH_CAP])
{
	const char *state = getenv("XDG_STATE_HOME"), *home = getenv("HOME");
	const struct passwd *user = home && *home ? NULL : getpwuid(getuid());
	int len;

	if (state && *state == '/')
		len = snprintf(path, ZC_PATH_CAP, "%s/zencube", state);
	else
		len = snprintf(path, ZC_PATH_CAP, "%s/.local/state/zencube",
			       user   ? user->pw_dir
			       : home ? home
				      : "");
	return len >= (int)ZC_PATH_CAP ? -ENAMETOOLONG : 0;
}

int zc_store_choose(struct zc_store *store, const char *named, struct zc_trouble *trouble)
{
	char fallback[ZC_PATH_CAP];
	int r = make_absolute(named ? named : "logs", store->log_dir);

	if (r == 0)
		r = can_write(store->log_dir);
	if (r == 0)
		return 0;
	if (named)
		return zc_trouble(trouble, r, "cannot write to --log-dir=%s: %s", named,
				  strerror(-r));
	r = state_dir(fallback);
	if (r == 0)
		r = make_absolute(fallback, store->log_dir);
	if (r == 0)
		r = can_write(store->log_dir);
	if (r < 0)
		return zc_trouble(trouble, r,
				  "cannot write to logs/ nor to %s: %s; say --log-dir=DIR",
				  fallback, strerror(-r));
	return 0;
}

static int make_dirs(const char *dir)
{
	char path[ZC_PATH_CAP];
	size_t len = strlen(dir);

	memcpy(path, dir, len + 1);
	for (size_t i = 1; i <= len; i++) {
		if (path[i] != '/' && path[i] != '\0')
			continue;
		path[i] = '\0';
		if (mkdir(path, 0755) < 0 && errno != EEXIST)
			return -errno;
		path[i] = i < len ? '/' : '\0';
	}
	return 0;
}

/* Writes for real where the file system cannot reserve. */
static int fill(int fd)
{
	static const char zeros[4096];
	int r = fallocate(fd, 0, 0, RESERVE_SIZE) < 0 ? errno : 0;

	if (r != EOPNOTSUPP && r != ENOSYS)
		return -r;
	for (size_t done = 0; done < RESERVE_SIZE; done += sizeof(zeros)) {
		ssize_t n = write(fd, zeros, sizeof(zeros));

		if (n != (ssize_t)sizeof(zeros))
			return n < 0 ? -errno : -ENOSPC;
	}
	return fsync(fd) < 0 ? -errno : 0;
}

/*
 * A full disk must be known before the command runs, not when its first violation is lost. What was
 * tried is kept as a reserve without a name, so that there is room for run.json if the disk fills.
 */
static int reserve(const char *dir)
{
	char path[ZC_PATH_CAP];
	int fd, r;

	if (snprintf(path, sizeof(path), "%s/.room", dir) >= (int)sizeof(path))
		return -ENAMETOOLONG;
	fd = open(path, O_WRONLY | O_CREAT | O_EXCL | O_CLOEXEC, 0600);
	if (fd < 0)
		return -errno;
	unlink(path);
	r = fill(fd);
	if (r == 0)
		return fd;
	close(fd);
	return r;
}

static int make_run_dir(struct zc_store *store)
{
	char utc[24];
	uint32_t number;
	struct timespec now;
	struct tm tm;

	for (int tries = 0; tries < 16; tries++) {
		clock_gettime(CLOCK_REALTIME, &now);
		gmtime_r(&now.tv_sec, &tm);
		strftime(utc, sizeof(utc), "%Y%m%dT%H%M%S", &tm);
		if (getrandom(&number, sizeof(number), 0) != sizeof(number))
			return -EIO;
		snprintf(store->run_id, sizeof(store->run_id), "%s.%03ldZ-%06x", utc,
			 now.tv_nsec / 1000000, number & 0xffffff);
		if (snprintf(store->run_dir, sizeof(store->run_dir), "%s/zc-%s", store->log_dir,
			     store->run_id) >= (int)sizeof(store->run_dir))
			return -ENAMETOOLONG;
		if (mkdir(store->run_dir, 0700) == 0)
			return 0;
		if (errno != EEXIST)
			return -errno;
	}
	return -EEXIST;
}

/*
 * The kernel takes the lock away when we end, however that comes: so who reads a run without run.json
 * knows whether it is still going on. Where directories cannot be locked nobody knows.
 */
static int lock_dir(const char *dir)
{
	int fd = open(dir, O_RDONLY | O_DIRECTORY | O_CLOEXEC);

	if (fd >= 0)
		flock(fd, LOCK_EX | LOCK_NB);
	return fd;
}

int zc_store_open(struct zc_store *store, struct zc_trouble *trouble)
{
	int r = make_dirs(store->log_dir);

	store->reserve = store->lock = -1;
	if (r == 0)
		r = make_run_dir(store);
	if (r == 0)
		store->lock = lock_dir(store->run_dir);
	if (r < 0)
		return zc_trouble(trouble, r, "cannot make the evidence directory in '%s': %s",
				  store->log_dir, strerror(-r));
	r = store->reserve = reserve(store->run_dir);
	if (r < 0) {
		rmdir(store->run_dir);
		return zc_trouble(trouble, r, "cannot keep evidence in '%s': %s; nothing was run",
				  store->log_dir, strerror(-r));
	}
	return 0;
}

void zc_store_release(struct zc_store *store)
{
	if (store->reserve >= 0)
		close(store->reserve);
	store->reserve = -1;
}
