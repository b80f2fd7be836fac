/* SPDX-License-Identifier: MIT */
/*
 * disk.c - the file on disk: read as a whole, written beside it and renamed.
 */
#include <errno.h>
#include <fcntl.h>
#include <stdlib.h>
#include <string.h>
#include <sys/stat.h>
#include <unistd.h>

#include "core/path.h"
#include "policy/learn/parts.h"

#define FILE_CAP (8u << 20)

int zc_learn_load(const char *file, char **ret_text, size_t *ret_len, bool *ret_new)
{
	int fd = open(file, O_RDONLY | O_CLOEXEC | O_NOCTTY | O_NONBLOCK);
	char *text = NULL;
	struct stat st;
	size_t len = 0;
	ssize_t n = 1;

	*ret_new = fd < 0 && errno == ENOENT;
	if (fd < 0 && !*ret_new)
		return -errno;
	if (fd >= 0 &&
	    (fstat(fd, &st) < 0 || !S_ISREG(st.st_mode) || st.st_size > (off_t)FILE_CAP)) {
		close(fd);
		return S_ISREG(st.st_mode) ? -EFBIG : -EINVAL;
	}
	text = calloc(1, fd >= 0 ? (size_t)st.st_size + 1 : 1);
	while (fd >= 0 && text && n > 0 && len < (size_t)st.st_size) {
		n = read(fd, text + len, (size_t)st.st_size - len);
		len += n > 0 ? (size_t)n : 0;
	}
	if (fd >= 0)
		close(fd);
	if (text == NULL || n < 0) {
		free(text);
		return text ? -EIO : -ENOMEM;
	}
	*ret_text = text;
	*ret_len = len;
	return 0;
}

static int write_all(int fd, const char *text, size_t len)
{
	while (len > 0) {
		ssize_t n = write(fd, text, len);

		if (n < 0 && errno == EINTR)
			continue;
		if (n <= 0)
			return n < 0 ? -errno : -ENOSPC;
		text += n;
		len -= (size_t)n;
	}
	return fsync(fd) < 0 && errno != EINVAL ? -errno : 0;
}

/* Beside it, then renamed: two runs that learn at once leave one whole file. */
int zc_learn_store(const char *file, const char *text, size_t len)
{
	char beside[ZC_PATH_CAP], real[ZC_PATH_CAP];
	mode_t mask = umask(0);
	struct stat st;
	int fd, r;

	umask(mask);
	if (realpath(file, real) != NULL)
		file = real; /* of a link the file that it leads to */
	if (snprintf(beside, sizeof(beside), "%s.XXXXXX", file) >= (int)sizeof(beside))
		return -ENAMETOOLONG;
	fd = mkostemp(beside, O_CLOEXEC);
	if (fd < 0)
		return -errno;
	fchmod(fd, stat(file, &st) == 0 ? st.st_mode & 07777 : 0666 & ~mask);
	r = write_all(fd, text, len);
	if (close(fd) < 0 && r == 0)
		r = -errno;
	if (r == 0 && rename(beside, file) < 0)
		r = -errno;
	if (r < 0)
		unlink(beside);
	return r;
}
