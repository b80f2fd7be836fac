/* SPDX-License-Identifier: MIT */
/*
 * resolve.c - what a path leads to, found in a way that cannot change before it is used.
 *
 * A path is pinned: its parent directory (for calls on an entry) or the object itself (for calls
 * that follow links) is held by an O_PATH descriptor, its name read back from the kernel, and the
 * call then made through the descriptor. Where no symbolic link is on the way, openat2 says so and
 * the spelling itself is the name, which saves reading it back.
 */
#include <linux/openat2.h>
#include <sys/stat.h>

#include "preload/judge/gate.h"
#include "preload/judge/judge.h"

#define VALID_OPEN_FLAGS 037777703u /* of openat; openat2 refuses what openat ignores */
#define PATH_FLAGS ((uint32_t)(O_DIRECTORY | O_NOFOLLOW | O_PATH | O_CLOEXEC))
#define TMPFILE_BIT 020000000u
#define MOST_LINKS 40

long zc_open_plain(int dirfd, const char *path, uint32_t flags, uint32_t mode)
{
	struct open_how how = { .resolve = RESOLVE_NO_SYMLINKS };

	if (ZC_UNLIKELY(zc_shim.no_openat2 || zc_shim.passive))
		return -ELOOP;
	flags &= flags & O_PATH ? PATH_FLAGS : VALID_OPEN_FLAGS;
	how.flags = flags | (flags & O_PATH ? 0 : O_LARGEFILE);
	how.mode = flags & (O_CREAT | TMPFILE_BIT) ? mode & 07777 : 0;
	for (;;) {
		long fd = zc_pass4(__NR_openat2, dirfd, (long)path, (long)&how, sizeof(how));

		if (ZC_UNLIKELY(fd == -ENOSYS ||
				(fd == -EPERM && !(flags & (O_CREAT | O_NOATIME | O_TRUNC))))) {
			/* An old kernel, or a filter that does not know it. */
			if (fd == -ENOSYS)
				zc_shim.no_openat2 = 1;
			return -ELOOP;
		}
		if (fd != -EAGAIN || flags & O_NONBLOCK)
			return fd;
	}
}

bool zc_has_dotdot(const char *path)
{
	for (size_t i = 0; path[i]; i++)
		if (path[i] == '.' && path[i + 1] == '.' && (i == 0 || path[i - 1] == '/') &&
		    (path[i + 2] == '/' || path[i + 2] == '\0'))
			return true;
	return false;
}

/*
 * What was opened without meeting a link: is it what object->given says? Not when somebody may have
 * changed the directory it starts from meanwhile, or moved one that ".." leads out of.
 */
static bool is_as_given(const struct zc_guard *guard, const struct zc_object *object)
{
	if (!object->given || (object->given_len >= 6 && zc_equal(object->given, "/proc/", 6)) ||
	    zc_has_dotdot(object->requested))
		return false;
	if (object->requested[0] == '/')
		return true;
	return object->dirfd == AT_FDCWD && guard->cwd_mark && zc_cwd_mark() == guard->cwd_mark;
}

static void set_path(struct zc_object *object, const char *path, long len)
{
	object->path = path;
	object->path_len = (uint32_t)len;
}

/*
 * Without /proc (a bare chroot) the kernel cannot be asked for a name: links are followed by hand.
 * path is absolute, clean and as this process sees it; the caller makes sure afterwards that it has no
 * link left in it. Returns the new length or -errno.
 */
static long follow_by_hand(char *path, char *scratch)
{
	size_t len = zc_len(path), end = 1;

	for (unsigned links = 0; end <= len; end++) {
		char kept = path[end];
		long got, joined;

		if (kept != '/' && kept != '\0')
			continue;
		path[end] = '\0';
		got = zc_sys_readlinkat(AT_FDCWD, path, scratch, ZC_PATH_CAP - 1);
		path[end] = kept;
		if (got < 0)
			continue;
		if (++links > MOST_LINKS || (size_t)got + len - end >= ZC_PATH_CAP - 1)
			return -ELOOP;
		zc_copy(scratch + got, path + end, len - end + 1); /* what follows the link */
		joined = zc_path_join(path, ZC_PATH_CAP, path, zc_path_parent(path, end), scratch,
				      (size_t)got + len - end);
		if (joined < 0)
			return joined;
		len = (size_t)joined;
		end = 0;
	}
	return (long)len;
}

/* Names what fd is, where the kernel could not: by the spelling, and only if that leads to fd again. */
static long name_by_hand(struct zc_guard *guard, unsigned n, int fd, const char *given,
			 size_t given_len)
{
	char *path = guard->path[n];
	struct stat held, found;
	long len, again;

	if (!given || given_len < zc_shim.root_len)
		return -EACCES;
	len = zc_path_join(path, ZC_PATH_CAP, "/", 1, given + zc_shim.root_len,
			   given_len - zc_shim.root_len);
	if (len > 0)
		len = follow_by_hand(path, guard->parent);
	again = len > 0 ? zc_open_plain(AT_FDCWD, path, O_PATH | O_CLOEXEC, 0) : len;
	if (again < 0)
		return -EACCES;
	if (zc_sys2(__NR_fstat, fd, (long)&held) != 0 ||
	    zc_sys2(__NR_fstat, again, (long)&found) != 0 || held.st_ino != found.st_ino ||
	    held.st_dev != found.st_dev)
		len = -EACCES;
	zc_sys_close((int)again);
	return zc_below_root(path, len);
}

/* Follows the object itself: pins it, names it. */
static int resolve_whole(struct zc_guard *guard, unsigned n)
{
	struct zc_object *object = &guard->event.object[n];
	uint32_t flags = O_PATH | O_CLOEXEC | (object->flags & ZC_OBJ_FOLLOW ? 0 : O_NOFOLLOW);
	long len, fd = zc_open_plain(object->dirfd, object->requested, flags, 0);

	if (fd >= 0 && is_as_given(guard, object)) {
		set_path(object, object->given, object->given_len);
	} else {
		if (fd == -ELOOP)
			fd = zc_sys_openat(object->dirfd, object->requested, flags, 0);
		if (fd < 0)
			return (int)fd;
		len = zc_fd_path(guard->path[n], (int)fd, &object->flags);
		if (len == -ENOENT)
			len = name_by_hand(guard, n, (int)fd, object->given, object->given_len);
		if (len < 0) {
			zc_sys_close((int)fd);
			return (int)len;
		}
		set_path(object, guard->path[n], len);
	}
	object->flags |= ZC_OBJ_EXISTS;
	zc_spell_entry(guard->spelled[n], (int)fd, NULL, 0, false);
	guard->pin[n] = (struct zc_pin){ (int)fd, AT_FDCWD, guard->spelled[n] };
	return 0;
}

static int resolve_fd(struct zc_guard *guard, unsigned n)
{
	struct zc_object *object = &guard->event.object[n];
	long len = object->dirfd == AT_FDCWD
			   ? zc_read_cwd(guard->path[n])
			   : zc_fd_path(guard->path[n], object->dirfd, &object->flags);

	if (len < 0)
		return len == -ENOENT && object->dirfd != AT_FDCWD ? -EBADF : (int)len;
	set_path(object, guard->path[n], len);
	object->flags |= ZC_OBJ_EXISTS;
	return 0;
}

/* Opens the directory that holds the entry. Its name goes to guard->path[n]. */
static long pin_parent(struct zc_guard *guard, unsigned n, size_t base, long *ret_len)
{
	const uint32_t flags = O_PATH | O_DIRECTORY | O_CLOEXEC;
	struct zc_object *object = &guard->event.object[n];
	char *parent = guard->parent;
	size_t given_parent = object->given ? zc_path_parent(object->given, object->given_len) : 0;
	long fd;

	zc_copy(parent, base ? object->requested : ".", base ? base : 1);
	parent[base ? base : 1] = '\0';
	fd = zc_open_plain(object->dirfd, parent, flags, 0);
	if (fd >= 0 && is_as_given(guard, object)) {
		zc_copy(guard->path[n], object->given, given_parent);
		*ret_len = (long)given_parent;
		return fd;
	}
	if (fd == -ELOOP)
		fd = zc_sys_openat(object->dirfd, parent, flags, 0);
	if (fd < 0)
		return fd;
	*ret_len = zc_fd_path(guard->path[n], (int)fd, &object->flags);
	if (*ret_len == -ENOENT)
		*ret_len = name_by_hand(guard, n, (int)fd, object->given, given_parent);
	if (*ret_len < 0) {
		zc_sys_close((int)fd);
		return *ret_len;
	}
	return fd;
}

/* Names an entry: its directory resolved, its last component as it is. */
static int resolve_entry(struct zc_guard *guard, unsigned n)
{
	struct zc_object *object = &guard->event.object[n];
	size_t base, base_len;
	long len, fd;

	if (!zc_path_last(object->requested, object->requested_len, &base, &base_len)) {
		int error = resolve_whole(guard, n); /* "/", "." or "..": what it stands for */

		if (guard->pin[n].fd >= 0)
			zc_sys_close(guard->pin[n].fd);
		guard->pin[n] = (struct zc_pin){ ZC_FD_NONE, object->dirfd, object->requested };
		return error;
	}
	if (base_len > 255)
		return -ENAMETOOLONG;
	fd = pin_parent(guard, n, base, &len);
	if (fd < 0)
		return (int)fd;
	len = zc_path_join(guard->path[n], ZC_PATH_CAP, guard->path[n], (size_t)len,
			   object->requested + base, base_len);
	if (len < 0) {
		zc_sys_close((int)fd);
		return (int)len;
	}
	set_path(object, guard->path[n], len);
	/* With the directory at hand the last component alone is the path (trailing slashes kept). */
	zc_spell_entry(guard->spelled[n], (int)fd, object->requested + base, base_len,
		       base + base_len < object->requested_len);
	guard->pin[n] = (struct zc_pin){ (int)fd, (int)fd, object->requested + base };
	return 0;
}

/* In passive mode no call may be made but the one asked for: the spelling has to do. */
static int resolve_lexically(struct zc_guard *guard, unsigned n)
{
	struct zc_object *object = &guard->event.object[n];

	guard->pin[n] = (struct zc_pin){ ZC_FD_NONE, object->dirfd, object->requested };
	if (!object->given)
		return object->flags & ZC_OBJ_BY_FD ? 0 : -EACCES;
	set_path(object, object->given, object->given_len);
	return 0;
}

int zc_resolve(struct zc_guard *guard, unsigned n)
{
	struct zc_object *object = &guard->event.object[n];
	int error;

	guard->pin[n] = (struct zc_pin){ ZC_FD_NONE, object->dirfd, object->requested };
	guard->cwd_mark = zc_cwd_mark();
	if (object->requested && !(object->flags & ZC_OBJ_BY_FD) &&
	    !(zc_shim.passive && object->requested[0] != '/' && object->dirfd != AT_FDCWD)) {
		long len = zc_absolute(guard->given[n], object->dirfd, object->requested,
				       object->requested_len);

		if (len >= 0) {
			object->given = guard->given[n];
			object->given_len = (uint32_t)len;
		} else if (len == -EBADF || len == -ENOTDIR) {
			return (int)len;
		}
	}
	if (zc_shim.passive)
		return resolve_lexically(guard, n);
	if (object->flags & ZC_OBJ_BY_FD)
		return resolve_fd(guard, n);
	error = object->flags & ZC_OBJ_FOLLOW ? resolve_whole(guard, n) : resolve_entry(guard, n);
	return error;
}
