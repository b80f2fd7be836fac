/* SPDX-License-Identifier: MIT */
/*
 * open.c - the open family in all its spellings.
 */
#include <linux/openat2.h>
#include <sys/mman.h>
#include <sys/stat.h>

#include "preload/gate.h"
#include "preload/places.h"
#include "preload/recent.h"

#define TMPFILE_FLAGS (O_TMPFILE)
#define MOST_LINKS 40
#define MOST_LEADING 4
#define MOST_RACES 8
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

/* Is this, spelled out, a plain allow? */
static bool allows(const char *name, size_t len, unsigned need)
{
	return !(zc_shim.hybrid && zc_gate_is_other_process(name, len)) &&
	       zc_policy_allows_path(zc_shim.image, name, len, need);
}

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

/*
 * A path with a link in it: reads the link and opens what the path names then, with no links allowed.
 * Saves reading the name back from /proc. Returns -ELOOP when that does not lead to a plain allow.
 * guard->given[0] is the absolute spelling; it is overwritten.
 */
static long open_through_link(struct zc_guard *guard, uint32_t flags, uint32_t mode)
{
	char *given = guard->given[0];

	if (flags & (O_NOFOLLOW | O_EXCL) || zc_shim.root_len || zc_shim.passive)
		return -ELOOP;
	for (unsigned links = 0; links < MOST_LINKS && !zc_equal(given, "/proc/", 6); links++) {
		long fd, len = replace_link(given, guard->path[0]);

		if (len < 0 || !allows(given, (size_t)len, zc_open_need(flags)))
			return -ELOOP;
		fd = zc_open_plain(AT_FDCWD, given, flags, mode);
		/* Missing by that name: /dev/fd/N leads to what has none any more. */
		if (fd != -ELOOP)
			return fd == -ENOENT ? -ELOOP : fd;
	}
	return -ELOOP;
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
		by_name &= zc_path_under(path, object->path_len, zc_shim.root, zc_shim.root_len) &&
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

	for (unsigned links = 0; links < MOST_LINKS; links++) {
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

static long open_closely(struct zc_guard *guard, int dirfd, const char *path, uint32_t flags,
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
		if (joined > 0 &&
		    (spelled || allows(guard->given[0], (size_t)joined, zc_open_need(flags)))) {
			if (!spelled)
				fd = open_as_judged(guard, dirfd, path, (size_t)len, flags, mode);
			if (fd == -ELOOP && !wants_directory(path, (size_t)len))
				fd = open_through_link(guard, flags, mode);
			if (fd == -ELOOP && spelled) /* not a link at its end, or not any more */
				zc_recent_keep(path, (size_t)len, zc_open_need(flags),
					       ZC_RECENT_PLAIN);
		}
	}
	if (fd == -ELOOP)
		fd = open_closely(guard, dirfd, path, flags, mode);
	zc_guard_give(guard);
	return fd;
}

/* What is known of a clean absolute path as it is spelled, and kept for the next time. */
static enum zc_recent_kind look_up(const char *name, size_t len, unsigned need)
{
	enum zc_recent_kind kind = zc_recent_find(name, len, need);

	if (ZC_LIKELY(kind != ZC_RECENT_UNKNOWN))
		return kind;
	if (!is_clean(name, len) || !allows(name, len, need))
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

/*
 * openat2 has its own rules of walking (RESOLVE_IN_ROOT and the like), so the kernel is asked, with
 * the same rules, what the path leads to; that is judged, and then the program's call is made.
 */
static long judge_openat2(struct zc_guard *guard, int dirfd, const char *path,
			  const struct open_how *how, size_t size)
{
	const long args[6] = { dirfd, (long)path, (long)how, (long)size, 0, 0 };
	struct open_how pin = { .flags = O_PATH | O_CLOEXEC |
					 (how->flags & (O_NOFOLLOW | O_DIRECTORY)),
				.resolve = how->resolve };
	struct zc_object *object = &guard->event.object[0];
	long fd, len;
	int error = zc_guard_fill(guard, ZC_ID_openat2, args);

	if (error)
		return error;
	if (guard->event.flags & ZC_EV_HARMLESS)
		return 0;
	fd = zc_shim.passive ? -ENOSYS
			     : zc_sys4(__NR_openat2, dirfd, (long)path, (long)&pin, sizeof(pin));
	if (fd == -ENOENT || fd == -ENOSYS || fd == -ELOOP)
		return zc_guard_judge(guard);
	if (fd < 0)
		return fd;
	guard->pin[0].fd = (int)fd;
	len = zc_fd_path(guard->path[0], (int)fd, &object->flags);
	if (len < 0)
		return len;
	object->path = guard->path[0];
	object->path_len = (uint32_t)len;
	object->flags |= ZC_OBJ_EXISTS;
	return zc_guard_decide(guard);
}

long zc_openat2(const void *caller, int dirfd, const char *path, const struct open_how *how,
		size_t size)
{
	const long args[6] = { dirfd, (long)path, (long)how, (long)size, 0, 0 };
	struct zc_guard *guard = NULL;
	long result = 0;

	if (zc_is_armed() &&
	    zc_shim.hybrid) /* rules of walking that are its own: not ours to know */
		return zc_hand_over(caller, ZC_ID_openat2, args);
	if (zc_is_armed() && zc_text_len(path) > 0 && zc_text_len((const char *)how) >= 0 &&
	    size >= sizeof(*how)) {
		guard = zc_guard_take(caller);
		result = guard ? judge_openat2(guard, dirfd, path, how, size) : -ENOMEM;
	}
	zc_guard_give(guard);
	return result ? result : zc_sys4(__NR_openat2, dirfd, (long)path, (long)how, (long)size);
}

int openat2(int dirfd, const char *path, struct open_how *how, size_t size);
ZC_EXPORT int openat2(int dirfd, const char *path, struct open_how *how, size_t size)
{
	return (int)zc_ret(zc_openat2(ZC_CALLER, dirfd, path, how, size));
}

ZC_EXPORT int open_by_handle_at(int mount_fd, struct file_handle *handle, int flags)
{
	return (int)zc_ret(zc_call(ZC_CALLER, ZC_ID_open_by_handle_at, mount_fd, (long)handle,
				   flags, 0, 0, 0));
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
