/* SPDX-License-Identifier: MIT */
/*
 * open.c - the open family in all its spellings.
 */
#include "preload/judge/judge.h"
#include "preload/open/open.h"
#include "preload/judge/places.h"
#include "preload/open/recent.h"

#define TMPFILE_FLAGS (O_TMPFILE)
#define SHORT_PATH 256u

static bool wants_mode(uint32_t flags)
{
	/* O_TMPFILE contains O_DIRECTORY: a plain & would be true for every opendir. */
	return flags & O_CREAT || (flags & TMPFILE_FLAGS) == TMPFILE_FLAGS;
}

/* "." or ".." as the first component. */
static bool is_dots(const char *path)
{
	return path[0] == '.' && (path[1] == '/' || path[1] == '\0' ||
				  (path[1] == '.' && (path[2] == '/' || path[2] == '\0')));
}

/* Is it clean as it stands: no "//", no "." or ".." component, no slash at the end? */
static bool is_clean(const char *path, size_t len)
{
	for (size_t i = 0; i < len; i++) {
		if (ZC_LIKELY(path[i] != '/'))
			continue;
		if (path[i + 1] == '/' || path[i + 1] == '\0')
			return false;
		if (path[i + 1] == '.' &&
		    (path[i + 2] == '/' || path[i + 2] == '\0' ||
		     (path[i + 2] == '.' && (path[i + 3] == '/' || path[i + 3] == '\0'))))
			return false;
	}
	return true;
}

/* A slash or "." at the end, which a clean spelling has lost. */
static bool wants_directory(const char *path, size_t len)
{
	return path[len - 1] == '/' || (path[len - 1] == '.' && (len == 1 || path[len - 2] == '/'));
}

/* ".." elsewhere than at the start may lead out of what a link leads to: only the kernel knows where. */
static bool folds(const char *path)
{
	while (path[0] == '.' && path[1] == '.' && path[2] == '/')
		for (path += 3; *path == '/';)
			path++;
	return zc_has_dotdot(path) && !(path[0] == '.' && path[1] == '.' && path[2] == '\0');
}

static bool starts_from_cwd(int dirfd, const char *path, uint32_t flags)
{
	return dirfd == AT_FDCWD && !(path[0] == '.' && path[1] == '.') && !wants_mode(flags) &&
	       !(flags & O_TRUNC);
}

/*
 * A path that is a plain allow as guard->given[0] says it, opened so that this is what is opened: by
 * that very name, or from the working directory when nobody changed it meanwhile. -ELOOP: look closely.
 */
static long open_as_judged(struct zc_guard *guard, int dirfd, const char *path, size_t len,
			   uint32_t flags, uint32_t mode)
{
	const char *given = guard->given[0];
	long fd;

	if (path[0] == '/')
		return zc_open_plain(dirfd, path, flags, mode);
	if (starts_from_cwd(dirfd, path, flags) && guard->cwd_mark) {
		fd = zc_open_plain(dirfd, path, flags, mode);
		if (zc_cwd_mark() == guard->cwd_mark)
			return fd;
		if (fd >= 0)
			zc_sys_close((int)fd);
		return -ELOOP;
	}
	if (wants_directory(path, len) || zc_shim.root_len || zc_equal(given, "/proc/", 6))
		return -ELOOP;
	fd = zc_open_plain(AT_FDCWD, given, flags, mode);
	/* It may have been moved, or not be reachable by its name. */
	return fd == -ENOENT || fd == -EACCES || fd == -ENOTDIR ? -ELOOP : fd;
}

/* spelled: the path is a plain allow as it stands, and has a link in it. */
static __attribute__((noinline)) long open_slowly(const void *caller, int dirfd, const char *path,
						  uint32_t flags, uint32_t mode, bool spelled)
{
	struct zc_guard *guard;
	long fd = -ELOOP, len = zc_text_len(path), joined;

	if (len <= 0)
		return len < 0 ? len : -ENOENT;
	guard = zc_guard_take(caller);
	if (!guard)
		return zc_shim.hybrid ? ZC_HAND_OVER : -ENOMEM;
	if (zc_shim.image && !zc_shim.passive && !zc_shim.no_openat2 && !folds(path)) {
		/* In mode hybrid the tracer tells of changes that go around us. */
		if (!zc_shim.gate && !starts_from_cwd(dirfd, path, flags))
			zc_cwd_forget();
		guard->cwd_mark = zc_cwd_mark();
		joined = zc_absolute(guard->given[0], dirfd, path, (size_t)len);
		if (joined > 0 && (spelled || zc_open_allows(guard->given[0], (size_t)joined,
							     zc_open_need(flags)))) {
			if (!spelled)
				fd = open_as_judged(guard, dirfd, path, (size_t)len, flags, mode);
			if (fd == -ELOOP && !wants_directory(path, (size_t)len))
				fd = zc_open_through_link(guard, flags, mode);
			if (fd == -ELOOP && spelled) /* not a link at its end, or not any more */
				zc_recent_keep(path, (size_t)len, zc_open_need(flags),
					       ZC_RECENT_PLAIN);
		}
	}
	if (fd == -ELOOP)
		fd = zc_open_closely(guard, dirfd, path, flags, mode);
	zc_guard_give(guard);
	return fd;
}

/* What is known of a clean absolute path as it is spelled, and kept for the next time. */
static enum zc_recent_kind look_up(const char *name, size_t len, unsigned need)
{
	enum zc_recent_kind kind = zc_recent_find(name, len, need);

	if (ZC_LIKELY(kind != ZC_RECENT_UNKNOWN))
		return kind;
	if (!is_clean(name, len) || !zc_open_allows(name, len, need))
		return ZC_RECENT_UNKNOWN;
	zc_recent_keep(name, len, need, ZC_RECENT_PLAIN);
	return ZC_RECENT_PLAIN;
}

/*
 * A short path from the working directory, which nobody may change between naming it and the open; or
 * in mode `hybrid` from any directory whose name is known. -ELOOP: it is not such a path, or not a
 * plain allow.
 */
static long open_from(int dirfd, const char *path, size_t len, uint32_t flags, uint32_t mode)
{
	unsigned need = zc_open_need(flags);
	uint64_t mark = dirfd == AT_FDCWD ? zc_cwd_mark() : 0;
	char name[SHORT_PATH];
	long base, fd;

	if (dirfd == AT_FDCWD ? !mark || !starts_from_cwd(dirfd, path, flags) : !zc_shim.hybrid)
		return -ELOOP;
	while (path[0] == '.' && path[1] == '/' && path[2] && path[2] != '/')
		path += 2, len -= 2;
	if (is_dots(path) || !is_clean(path, len))
		return -ELOOP;
	base = mark ? zc_cached_cwd(name, sizeof(name), mark, need)
		    : zc_place_known(name, sizeof(name), dirfd, need);
	if (base < 0 || (size_t)base + len + 2 > sizeof(name))
		return -ELOOP;
	if (base > 0) {
		if (base > 1)
			name[base++] = '/';
		zc_copy(name + base, path, len + 1);
		if (look_up(name, (size_t)base + len, need) != ZC_RECENT_PLAIN)
			return -ELOOP;
	}
	fd = zc_open_plain(dirfd, path, flags, mode);
	if (fd == -ELOOP && base > 0)
		zc_recent_keep(name, (size_t)base + len, need, ZC_RECENT_LINK);
	if (ZC_LIKELY(fd < 0 || !mark || zc_cwd_mark() == mark))
		return fd;
	zc_sys_close((int)fd);
	return -ELOOP;
}

long zc_open_inside(const void *caller, int dirfd, const char *path, long len, uint32_t flags,
		    uint32_t mode)
{
	enum zc_recent_kind kind = ZC_RECENT_UNKNOWN;
	unsigned need = zc_open_need(flags);
	long fd;

	if (ZC_UNLIKELY(len <= 0))
		return len < 0 ? len : -ENOENT;
	if (ZC_LIKELY(zc_shim.image && !zc_shim.root_len)) {
		if (path[0] == '/')
			kind = look_up(path, (size_t)len, need);
		else if ((fd = open_from(dirfd, path, (size_t)len, flags, mode)) != -ELOOP)
			return fd;
	}
	/* A plain allow as spelled: one system call, on exactly what was judged. */
	if (ZC_LIKELY(kind == ZC_RECENT_PLAIN)) {
		fd = zc_open_plain(dirfd, path, flags, mode);
		if (ZC_LIKELY(fd != -ELOOP))
			return fd;
		zc_recent_keep(path, (size_t)len, need, ZC_RECENT_LINK);
	}
	fd = open_slowly(caller, dirfd, path, flags, mode,
			 kind != ZC_RECENT_UNKNOWN && !zc_shim.passive && !zc_shim.no_openat2);
	/* A name with a slash behind it cannot be made, whatever is there. */
	if (fd == -ENOTDIR && (flags & (O_CREAT | O_DIRECTORY)) == O_CREAT && path[len - 1] == '/')
		return -EISDIR;
	return fd;
}

/* What is judged is a copy, and the copy is opened: other threads may write where the path lies. */
static long open_copy(const void *caller, int dirfd, const char *path, uint32_t flags,
		      uint32_t mode)
{
	_Alignas(16) char blocks[SHORT_PATH];
	long len = zc_text_take(blocks, sizeof(blocks), path, &path);

	return len < 0 ? ZC_HAND_OVER : zc_open_inside(caller, dirfd, path, len, flags, mode);
}

static long open_hybrid(const void *caller, int dirfd, const char *path, uint32_t flags,
			uint32_t mode)
{
	long fd = zc_gate_is_open() ? open_copy(caller, dirfd, path, flags, mode) : ZC_HAND_OVER;

	/* One of our own pins may have been the descriptor too many: then the program's call is not. */
	if (fd == ZC_HAND_OVER || fd == -EMFILE || fd == -ENFILE)
		return zc_hand_over_open(caller, dirfd, path, flags, mode);
	zc_gate_count();
	return fd;
}

long zc_open(const void *caller, int dirfd, const char *path, uint32_t flags, uint32_t mode)
{
	/* O_PATH gives no access; what it leads to is judged when it is opened again. */
	if (!zc_is_armed() || flags & O_PATH)
		return zc_sys_openat(dirfd, path, (long)flags, (long)mode);
	if (zc_shim.hybrid)
		return open_hybrid(caller, dirfd, path, flags, mode);
	return zc_open_inside(caller, dirfd, path, zc_text_len(path), flags, mode);
}

#define TAKE_MODE(flags) \
	({ \
		uint32_t mode_ = 0; \
		if (wants_mode((uint32_t)(flags))) { \
			va_list list_; \
			va_start(list_, flags); \
			mode_ = va_arg(list_, uint32_t); \
			va_end(list_); \
		} \
		mode_; \
	})

ZC_EXPORT int open(const char *path, int flags, ...)
{
	uint32_t mode = TAKE_MODE(flags);

	zc_cancellation_point();
	return (int)zc_ret(zc_open(ZC_CALLER, AT_FDCWD, path, (uint32_t)flags, mode));
}

ZC_EXPORT int openat(int dirfd, const char *path, int flags, ...)
{
	uint32_t mode = TAKE_MODE(flags);

	zc_cancellation_point();
	return (int)zc_ret(zc_open(ZC_CALLER, dirfd, path, (uint32_t)flags, mode));
}

ZC_EXPORT int creat(const char *path, mode_t mode)
{
	zc_cancellation_point();
	return (int)zc_ret(zc_open(ZC_CALLER, AT_FDCWD, path, O_CREAT | O_WRONLY | O_TRUNC, mode));
}

/* Fortified callers without a mode. With O_CREAT libc itself ends the program: let it. */
int __open_2(const char *path, int flags);
ZC_EXPORT int __open_2(const char *path, int flags)
{
	if (wants_mode((uint32_t)flags))
		return ZC_REAL(int (*)(const char *, int), "__open_2")(path, flags);
	return (int)zc_ret(zc_open(ZC_CALLER, AT_FDCWD, path, (uint32_t)flags, 0));
}

int __openat_2(int dirfd, const char *path, int flags);
ZC_EXPORT int __openat_2(int dirfd, const char *path, int flags)
{
	if (wants_mode((uint32_t)flags))
		return ZC_REAL(int (*)(int, const char *, int), "__openat_2")(dirfd, path, flags);
	return (int)zc_ret(zc_open(ZC_CALLER, dirfd, path, (uint32_t)flags, 0));
}

ZC_TWIN(open64, open)
ZC_TWIN(__open, open)
ZC_TWIN(__open64, open)
ZC_TWIN(__open64_2, __open_2)
ZC_TWIN(openat64, openat)
ZC_TWIN(__openat, openat)
ZC_TWIN(__openat64, openat)
ZC_TWIN(__openat64_2, __openat_2)
ZC_TWIN(creat64, creat)
