/* SPDX-License-Identifier: MIT */
/*
 * rooted.c - paths as the command will walk them, whose root directory may be another than ours.
 *
 * openat2's RESOLVE_IN_ROOT walks as after a chroot: absolute links and ".." stay inside. Without a root
 * of its own these are plain open, realpath and access.
 */
#include <errno.h>
#include <fcntl.h>
#include <linux/openat2.h>
#include <stdlib.h>
#include <string.h>
#include <sys/stat.h>
#include <sys/syscall.h>
#include <unistd.h>

#include "wrap/wrap.h"

int zc_rooted_open(const char *root, const char *path, int flags)
{
	struct open_how how = { .flags = (uint64_t)flags | O_CLOEXEC, .resolve = RESOLVE_IN_ROOT };
	int at, fd, error;

	if (!root) {
		fd = open(path, flags | O_CLOEXEC);
		return fd < 0 ? -errno : fd;
	}
	at = open(root, O_PATH | O_DIRECTORY | O_CLOEXEC);
	if (at < 0)
		return -errno;
	fd = (int)syscall(SYS_openat2, at, path, &how, sizeof(how));
	error = errno;
	close(at);
	return fd < 0 ? -error : fd;
}

int zc_rooted_real(const char *root, const char *path, char ret[ZC_PATH_CAP])
{
	char link[32];
	size_t root_len;
	ssize_t len;
	int fd;

	if (!root)
		return realpath(path, ret) ? 0 : -errno;
	fd = zc_rooted_open(root, path, O_PATH);
	if (fd < 0)
		return fd;
	snprintf(link, sizeof(link), "/proc/self/fd/%d", fd);
	len = readlink(link, ret, ZC_PATH_CAP - 1);
	close(fd);
	if (len < 0 || len >= (ssize_t)ZC_PATH_CAP - 1)
		return len < 0 ? -errno : -ENAMETOOLONG;
	ret[len] = '\0';
	root_len = strlen(root);
	if ((size_t)len < root_len || memcmp(ret, root, root_len) != 0)
		return -EXDEV;
	if ((size_t)len == root_len)
		memcpy(ret, "/", 2);
	else
		memmove(ret, ret + root_len, (size_t)len - root_len + 1);
	return 0;
}

int zc_rooted_runnable(const char *root, const char *path)
{
	int fd = zc_rooted_open(root, path, O_PATH), error = 0;
	struct stat st;
	char link[32];

	if (fd < 0)
		return -fd;
	snprintf(link, sizeof(link), "/proc/self/fd/%d", fd);
	if (fstat(fd, &st) < 0)
		error = errno;
	else if (!S_ISREG(st.st_mode))
		error = EACCES;
	else if (faccessat(AT_FDCWD, link, X_OK, AT_EACCESS) < 0)
		error = errno;
	close(fd);
	return error;
}
