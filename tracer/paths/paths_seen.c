/* SPDX-License-Identifier: MIT */
/*
 * paths_seen.c - what was found out a moment ago, and need not be asked again.
 *
 * Nothing here decides: a wrong guess costs a call, not a verdict. Only the name of a directory is
 * believed as it was, for a few milliseconds, as long as its inode says that it has not changed and
 * nobody in the run has renamed anything: a tree that is walked file by file asks for the same name
 * thousands of times.
 */
#include <errno.h>
#include <fcntl.h>
#include <string.h>
#include <sys/stat.h>
#include <sys/syscall.h>
#include <time.h>
#include <unistd.h>

#include "tracer/paths/paths.h"

#define NAMES 64u
#define NAME_CAP 512u
#define FRESH_MS 20
#define LINKS 512u
#define LINK_TRIES 64u /* uses of a guess before it is tried otherwise */
#define PROCESSES 16u

/* ---- names of directories ---- */

struct name {
	struct statx is;
	uint64_t until_ms, renames;
	uint16_t len;
	char text[NAME_CAP];
};

static struct name names[NAMES];

static uint64_t now_ms(void)
{
	struct timespec t = { 0, 0 };

	clock_gettime(CLOCK_MONOTONIC_COARSE, &t);
	return (uint64_t)t.tv_sec * 1000u + (uint64_t)t.tv_nsec / 1000000u;
}

static bool same_moment(const struct statx_timestamp *a, const struct statx_timestamp *b)
{
	return a->tv_sec == b->tv_sec && a->tv_nsec == b->tv_nsec;
}

/* Renaming a directory changes its ctime; another that gets its inode was born at another time. */
static bool is_same(const struct statx *a, const struct statx *b)
{
	return a->stx_ino == b->stx_ino && a->stx_mnt_id == b->stx_mnt_id &&
	       a->stx_dev_major == b->stx_dev_major && a->stx_dev_minor == b->stx_dev_minor &&
	       same_moment(&a->stx_btime, &b->stx_btime) &&
	       same_moment(&a->stx_ctime, &b->stx_ctime);
}

/* A rename that was judged may yet happen: until then nothing is remembered. */
static bool is_quiet(const struct zc_tracer *tracer, uint64_t now, uint64_t *ret_renames)
{
	static uint64_t last, quiet_from;

	*ret_renames = __atomic_load_n(&tracer->open_page->renames, __ATOMIC_RELAXED);
	if (*ret_renames != last) {
		last = *ret_renames;
		quiet_from = now + FRESH_MS;
	}
	return now >= quiet_from;
}

long zc_paths_name_directory(struct zc_tracer *tracer, int fd, char *buffer, uint8_t *ret_flags)
{
	const unsigned mask = STATX_TYPE | STATX_INO | STATX_MNT_ID | STATX_CTIME | STATX_BTIME;
	uint64_t now = now_ms(), renames;
	bool quiet = is_quiet(tracer, now, &renames);
	struct statx is;
	struct name *name;
	long len;

	if (!quiet || statx(fd, "", AT_EMPTY_PATH, mask, &is) < 0 ||
	    !(is.stx_mask & STATX_MNT_ID) || !S_ISDIR(is.stx_mode))
		return zc_paths_name_own_fd(fd, buffer, ret_flags);
	*ret_flags |= ZC_OBJ_DIRECTORY;
	name = &names[(is.stx_ino ^ is.stx_ino >> 6) % NAMES];
	if (name->len && name->until_ms > now && name->renames == renames &&
	    is_same(&name->is, &is)) {
		memcpy(buffer, name->text, name->len + 1u);
		return name->len;
	}
	len = zc_paths_name_own_fd(fd, buffer, ret_flags);
	/* Whose process a directory of /proc is may change without it. */
	if (len <= 0 || len >= (long)NAME_CAP || *ret_flags & ZC_OBJ_NAMELESS ||
	    zc_paths_starts_with(buffer, len, "/proc/"))
		return len;
	*name = (struct name){
		.is = is, .until_ms = now + FRESH_MS, .renames = renames, .len = (uint16_t)len
	};
	memcpy(name->text, buffer, (size_t)len + 1);
	return len;
}

/* ---- which paths lead through links ---- */

static uint8_t linked[LINKS];

static uint8_t *guess_of(const char *path)
{
	const char *end = strrchr(path, '/');

	return &linked[zc_hash_bytes(path, end ? (size_t)(end - path) : 0, 0) % LINKS];
}

bool zc_paths_expect_link(const char *path)
{
	uint8_t *guess = guess_of(path);

	return *guess && (*guess)--;
}

void zc_paths_saw_link(const char *path)
{
	*guess_of(path) = LINK_TRIES;
}

/* ---- descriptors of processes ---- */

static struct {
	pid_t process;
	int pidfd; /* 0: none; ours are never below 3 */
} processes[PROCESSES];

/*
 * A pidfd stays with its process: where the number has been given to another, it answers ESRCH. A
 * thread may have descriptors that its process has not, so only the first is asked this way.
 */
int zc_paths_borrow(const struct zc_tracee *tracee, int fd)
{
	unsigned at = (unsigned)tracee->tgid % PROCESSES;

	if (tracee->tid != tracee->tgid)
		return -ENOSYS;
	for (unsigned tries = 0; tries < 2; tries++) {
		long got;

		if (processes[at].process != tracee->tgid || !processes[at].pidfd) {
			if (processes[at].pidfd > 0)
				close(processes[at].pidfd);
			processes[at].pidfd = (int)syscall(SYS_pidfd_open, tracee->tgid, 0);
			processes[at].process = tracee->tgid;
			if (processes[at].pidfd < 0)
				return processes[at].pidfd = 0, -errno;
		}
		got = syscall(SYS_pidfd_getfd, processes[at].pidfd, fd, 0);
		if (got >= 0 || errno != ESRCH)
			return got < 0 ? -errno : (int)got;
		close(processes[at].pidfd);
		processes[at].pidfd = 0;
	}
	return -ESRCH;
}
