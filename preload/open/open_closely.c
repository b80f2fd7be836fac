/* SPDX-License-Identifier: MIT */
/*
 * open_closely.c - opening what is not a plain allow as it is spelled: pinned, named, judged, opened.
 */
#include <sys/stat.h>

#include "preload/judge/judge.h"
#include "preload/open/open.h"

#define MOST_RACES 8

static long open_judged_at(int dirfd, const char *path, uint32_t flags, uint32_t mode)
{
	return zc_pass4(__NR_openat, dirfd, (long)path, (long)flags, (long)mode);
}

/* Opens the very inode that is pinned, on the lowest free number: the pin holds that number. */
static long reopen_pinned(struct zc_guard *guard, uint32_t flags)
{
	struct zc_pin *pin = &guard->pin[0];
	long fd, moved;

	fd = open_judged_at(AT_FDCWD, guard->spelled[0],
			    flags & ~(uint32_t)(O_CREAT | O_EXCL | O_NOFOLLOW), 0);
	if (fd < 0)
		return fd;
	if (fd < pin->fd)
		return fd;
	moved = zc_sys3(__NR_dup3, fd, pin->fd, flags & O_CLOEXEC);
	if (moved < 0)
		return fd;
	zc_sys_close((int)fd);
	pin->fd = ZC_FD_NONE; /* it is the program's now */
	return moved;
}

static void drop_pin(struct zc_guard *guard)
{
	if (guard->pin[0].fd >= 0)
		zc_sys_close(guard->pin[0].fd);
	guard->pin[0].fd = ZC_FD_NONE;
}

/* An existing object that was judged and allowed. -ELOOP: it changed under us, look again. */
static long open_judged(struct zc_guard *guard, uint32_t flags, uint32_t mode, bool last_try)
{
	struct zc_object *object = &guard->event.object[0];
	const char *path = object->path;
	bool by_name = !(object->flags & ZC_OBJ_NAMELESS) &&
		       !zc_equal(path, "/proc/", object->path_len < 6 ? object->path_len : 6);
	long fd;

	if (ZC_UNLIKELY(zc_shim.root_len)) { /* the policy's name without the new root is ours */
		by_name &= zc_path_under(path, object->path_len, zc_shim_rare.root,
					 zc_shim.root_len) &&
			   object->path_len > zc_shim.root_len;
		path += zc_shim.root_len;
	}

	if (last_try || !by_name)
		return reopen_pinned(guard, flags);
	drop_pin(guard); /* so that the lowest number is free */
	fd = zc_open_plain(AT_FDCWD, path, flags & ~(uint32_t)O_NOFOLLOW, mode);
	return fd == -ENOENT ? -ELOOP : fd;
}

/* Refused or allowed, an O_DIRECTORY open of something else is ENOTDIR, as the kernel has it. */
static int kind_error(const struct zc_guard *guard, uint32_t flags)
{
	struct stat st;

	if (!(flags & O_DIRECTORY) || guard->pin[0].fd < 0 ||
	    zc_sys2(__NR_fstat, guard->pin[0].fd, (long)&st) != 0)
		return 0;
	return S_ISDIR(st.st_mode) ? 0 : -ENOTDIR;
}

/* O_CREAT of a name that is not there: its directory is pinned, and a dangling link is followed by hand. */
static long create(struct zc_guard *guard, uint32_t flags, uint32_t mode)
{
	struct zc_object *object = &guard->event.object[0];

	for (unsigned links = 0; links < ZC_MOST_LINKS; links++) {
		long len;
		int error;

		object->flags &= (uint8_t) ~(ZC_OBJ_FOLLOW | ZC_OBJ_EXISTS);
		error = zc_resolve(guard, 0);
		if (error)
			return zc_shim.hybrid ? zc_gate_natural(guard, 0, error) : error;
		len = flags & (O_NOFOLLOW | O_EXCL)
			      ? -EINVAL
			      : zc_sys_readlinkat(guard->pin[0].dirfd, guard->pin[0].path,
						  guard->parent, ZC_PATH_CAP - 1);
		if (len < 0) { /* not a link: make it right here */
			error = zc_guard_decide(guard);
			if (error)
				return error;
			return open_judged_at(guard->pin[0].dirfd, guard->pin[0].path,
					      flags | O_NOFOLLOW, mode);
		}
		guard->parent[len] = '\0';
		len = zc_path_join(guard->text.path[0], ZC_PATH_CAP, object->path,
				   zc_path_parent(object->path, object->path_len), guard->parent,
				   (size_t)len);
		if (len < 0)
			return len;
		drop_pin(guard);
		object->requested = guard->text.path[0];
		object->requested_len = (uint32_t)len;
		object->dirfd = AT_FDCWD;
	}
	return -ELOOP;
}

long zc_open_closely(struct zc_guard *guard, int dirfd, const char *path, uint32_t flags,
		     uint32_t mode)
{
	for (unsigned races = 0; races <= MOST_RACES; races++) {
		const long args[6] = { dirfd, (long)path, (long)flags, (long)mode, 0, 0 };
		bool last_try = races == MOST_RACES || zc_shim.no_openat2;
		int error = zc_guard_fill(guard, ZC_ID_openat, args);
		long fd;

		if (error)
			return error;
		error = zc_resolve(guard, 0);
		if (error == -ENOENT && flags & O_CREAT && !zc_shim.passive)
			return create(guard, flags, mode);
		if (error && zc_shim.hybrid)
			return zc_gate_natural(guard, 0, error);
		if (error) {
			if (error == -ENOENT || error == -ENOTDIR)
				__atomic_fetch_add(&zc_shim.page->probes, 1, __ATOMIC_RELAXED);
			return error;
		}
		error = kind_error(guard, flags);
		if (!error && guard->event.object[0].flags & ZC_OBJ_CREATES &&
		    guard->event.object[0].flags & ZC_OBJ_EXISTS)
			error = -EEXIST;
		if (zc_shim.hybrid && error && zc_guard_decide(guard))
			return ZC_HAND_OVER;
		if (!error)
			error = zc_guard_decide(guard);
		if (error)
			return error;
		if (zc_shim.passive)
			return zc_sys_openat(dirfd, path, (long)flags, (long)mode);
		/* With O_EXCL or O_NOFOLLOW the entry itself is pinned: open it there. */
		if (guard->pin[0].dirfd == guard->pin[0].fd)
			return open_judged_at(guard->pin[0].dirfd, guard->pin[0].path,
					      flags | O_NOFOLLOW, mode);
		fd = open_judged(guard, flags, mode, last_try);
		drop_pin(guard);
		/* Refused or gone by its name, where the pinned inode may still be opened (/dev/stdin). */
		if (last_try || (fd != -EACCES && fd != -ELOOP))
			return fd;
		if (fd == -EACCES)
			races = MOST_RACES - 1;
	}
	return -ELOOP;
}
