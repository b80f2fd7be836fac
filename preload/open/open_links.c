/* SPDX-License-Identifier: MIT */
/*
 * open_links.c - opening through a link that can be read: what it names is opened with no links allowed.
 */
#include "preload/judge/judge.h"
#include "preload/open/open.h"

#define MOST_LEADING 4

/*
 * The first few components of a clean path that has a link somewhere: on most systems /bin and /lib are
 * some. Puts what it names in its place. Returns the new length, or -ELOOP.
 */
static long replace_leading(char *given, char *scratch)
{
	size_t end = 1, rest;
	long len = -1;

	for (unsigned tried = 0; len <= 0 && tried < MOST_LEADING; tried++) {
		while (given[end] != '/' && given[end] != '\0')
			end++;
		if (!given[end])
			return -ELOOP;
		given[end] = '\0';
		len = zc_sys_readlinkat(AT_FDCWD, given, scratch, ZC_PATH_CAP - 1);
		given[end++] = '/';
	}
	rest = zc_len(given + --end);
	if (len <= 0 || (size_t)len + rest >= ZC_PATH_CAP - 1)
		return -ELOOP;
	scratch[len] = '\0';
	if (zc_has_dotdot(scratch))
		return -ELOOP;
	zc_copy(scratch + len, given + end, rest + 1);
	return zc_path_join(given, ZC_PATH_CAP, given, zc_path_parent(given, end), scratch,
			    (size_t)len + rest);
}

/*
 * Puts what one link in a clean path names in its place: the last component, or a leading one. Returns
 * the new length, or -ELOOP where none is found.
 */
static long replace_link(char *given, char *target)
{
	size_t parent = zc_path_parent(given, zc_len(given));
	long fd, len = zc_sys_readlinkat(AT_FDCWD, given, target, ZC_PATH_CAP - 1);

	if (len <= 0)
		return replace_leading(given, target);
	if (len >= (long)ZC_PATH_CAP - 1)
		return -ELOOP;
	target[len] = '\0';
	/*
	 * A relative target starts from the directory that holds the link. Opening both joined shows that
	 * neither has a link in it, unless ".." folds part of the directory away: then the directory is
	 * looked at by itself.
	 */
	if (target[0] != '/' && zc_has_dotdot(target)) {
		given[parent] = '\0';
		fd = zc_open_plain(AT_FDCWD, given, O_PATH | O_DIRECTORY | O_CLOEXEC, 0);
		if (fd < 0)
			return -ELOOP;
		zc_sys_close((int)fd);
	}
	return zc_path_join(given, ZC_PATH_CAP, given, parent, target, (size_t)len);
}

long zc_open_through_link(struct zc_guard *guard, uint32_t flags, uint32_t mode)
{
	char *given = guard->given[0];

	if (flags & (O_NOFOLLOW | O_EXCL) || zc_shim.root_len || zc_shim.passive)
		return -ELOOP;
	for (unsigned links = 0; links < ZC_MOST_LINKS && !zc_equal(given, "/proc/", 6); links++) {
		long fd, len = replace_link(given, guard->path[0]);

		if (len < 0 || !zc_open_allows(given, (size_t)len, zc_open_need(flags)))
			return -ELOOP;
		fd = zc_open_plain(AT_FDCWD, given, flags, mode);
		/* Missing by that name: /dev/fd/N leads to what has none any more. */
		if (fd != -ELOOP)
			return fd == -ENOENT ? -ELOOP : fd;
	}
	return -ELOOP;
}
