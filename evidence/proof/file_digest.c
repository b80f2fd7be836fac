/* SPDX-License-Identifier: MIT */
/*
 * file_digest.c - see file_digest.h.
 */
#include <errno.h>
#include <fcntl.h>
#include <linux/openat2.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/stat.h>
#include <sys/syscall.h>
#include <time.h>
#include <unistd.h>

#include "core/base.h"
#include "core/event.h"
#include "core/decide/policy.h"
#include "evidence/proof/file_digest.h"
#include "evidence/proof/sha256.h"

#define KNOWN 512u /* files that are remembered; a power of two */
#define PIECE (256u << 10)
#define SETTLED_SECONDS 2 /* times that are older tell every change */

struct known {
	dev_t dev;
	ino_t ino;
	off_t size;
	struct timespec changed, modified;
	unsigned char sha256[ZC_SHA256_BYTES];
	bool used;
};

static struct known *slot_of(const struct stat *st)
{
	static struct known known[KNOWN];

	return &known[(st->st_ino * 31 + st->st_dev) & (KNOWN - 1)];
}

static bool same_time(struct timespec a, struct timespec b)
{
	return a.tv_sec == b.tv_sec && a.tv_nsec == b.tv_nsec;
}

static bool is_known(const struct known *known, const struct stat *st)
{
	return known->used && known->dev == st->st_dev && known->ino == st->st_ino &&
	       known->size == st->st_size && same_time(known->changed, st->st_ctim) &&
	       same_time(known->modified, st->st_mtim);
}

/* Changed while it was read, or just before: the times may not tell the next change. */
static bool has_settled(int fd, const struct stat *before)
{
	struct timespec now;
	struct stat st;

	clock_gettime(CLOCK_REALTIME_COARSE, &now);
	return fstat(fd, &st) == 0 && same_time(st.st_ctim, before->st_ctim) &&
	       same_time(st.st_mtim, before->st_mtim) &&
	       now.tv_sec - st.st_ctim.tv_sec > SETTLED_SECONDS &&
	       now.tv_sec - st.st_mtim.tv_sec > SETTLED_SECONDS;
}

/* At most what was there at the start and a byte: a file that grows for ever must not keep us. */
static int hash(int fd, struct zc_wire_digest *ret)
{
	static char piece[PIECE];
	struct zc_sha256 state;
	uint64_t total = 0;

	zc_sha256_init(&state);
	for (;;) {
		ssize_t got = read(fd, piece, sizeof(piece));

		if (got < 0 && errno == EINTR)
			continue;
		if (got < 0)
			return -errno;
		if (!got)
			break;
		total += (uint64_t)got;
		if (total > (uint64_t)ZC_DIGEST_MOST)
			return -EFBIG;
		zc_sha256_update(&state, piece, (size_t)got);
	}
	zc_sha256_final(&state, ret->sha256);
	ret->size = total;
	return 0;
}

static int digest(int fd, const struct stat *st, struct zc_wire_digest *ret)
{
	struct known *known = slot_of(st);
	int error;

	if (is_known(known, st)) {
		memcpy(ret->sha256, known->sha256, sizeof(ret->sha256));
		ret->size = (uint64_t)st->st_size;
		return 0;
	}
	error = hash(fd, ret);
	if (error || !has_settled(fd, st))
		return error;
	*known = (struct known){ .dev = st->st_dev,
				 .ino = st->st_ino,
				 .size = st->st_size,
				 .changed = st->st_ctim,
				 .modified = st->st_mtim,
				 .used = true };
	memcpy(known->sha256, ret->sha256, sizeof(known->sha256));
	return 0;
}

/* Looked at before it is opened: opening a FIFO or a device is an act of its own. */
bool zc_file_digest_held(int held, struct zc_wire_digest *ret)
{
	char path[40];
	struct stat st;
	int fd, error;

	*ret = (struct zc_wire_digest){ 0 };
	if (held < 0 || fstat(held, &st) < 0 || !S_ISREG(st.st_mode))
		return false;
	ret->size = (uint64_t)st.st_size;
	if (st.st_size > ZC_DIGEST_MOST) {
		ret->error = EFBIG;
		return true;
	}
	snprintf(path, sizeof(path), "/proc/self/fd/%d", held);
	fd = open(path, O_RDONLY | O_CLOEXEC | O_NOCTTY | O_NONBLOCK);
	error = fd < 0 ? -errno : digest(fd, &st, ret);
	if (fd >= 0)
		close(fd);
	ret->error = (uint32_t)-error;
	return true;
}

bool zc_file_digest_path(const char *root, const char *path, size_t len, struct zc_wire_digest *ret)
{
	struct open_how how = { .flags = O_PATH | O_CLOEXEC,
				.resolve = RESOLVE_NO_SYMLINKS | RESOLVE_NO_MAGICLINKS };
	char text[ZC_PATH_CAP];
	int above, fd;
	bool made;

	if (!path || len >= sizeof(text) || *path != '/' || memchr(path, '\0', len))
		return false;
	memcpy(text, path, len);
	text[len] = '\0';
	above = open(root ? root : "/", O_PATH | O_DIRECTORY | O_CLOEXEC);
	if (above < 0)
		return false;
	if (root)
		how.resolve |= RESOLVE_IN_ROOT;
	fd = (int)syscall(SYS_openat2, above, text, &how, sizeof(how));
	close(above);
	if (fd < 0)
		return false;
	made = zc_file_digest_held(fd, ret);
	close(fd);
	return made;
}

bool zc_file_digest_wanted(unsigned wanted, unsigned op, unsigned action)
{
	if (action != ZC_LOGGED && action != ZC_AUDITED)
		return false;
	switch (op) {
	case ZC_OP_EXEC: return wanted & ZC_DIGEST_EXEC;
	case ZC_OP_OPEN:
	case ZC_OP_OPEN_READ:
	case ZC_OP_OPEN_RDWR: return wanted & ZC_DIGEST_READ;
	default: return false;
	}
}
