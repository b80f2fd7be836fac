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

#include "preload/shim.h"

#define VALID_OPEN_FLAGS 037777703u /* of openat; openat2 refuses what openat ignores */
#define PATH_FLAGS ((uint32_t)(O_DIRECTORY | O_NOFOLLOW | O_PATH | O_CLOEXEC))
#define TMPFILE_BIT 020000000u
#define MOST_LINKS 40

/* The working directory's name, under a sequence lock: odd while it is written, 0 never written. */
static struct {
	uint32_t sequence;
	uint32_t valid;
	uint64_t renames;
	uint32_t len;
	char path[ZC_PATH_CAP];
} cwd;

void zc_cwd_changed(void)
{
	__atomic_store_n(&cwd.valid, 0, __ATOMIC_RELEASE);
}

static uint64_t renames(void)
{
	return __atomic_load_n(&zc_shim.page->renames, __ATOMIC_RELAXED);
}

static long cached_cwd(char *buffer)
{
	uint32_t before = __atomic_load_n(&cwd.sequence, __ATOMIC_ACQUIRE), len;

	if (before & 1 || !__atomic_load_n(&cwd.valid, __ATOMIC_RELAXED) || cwd.renames != renames())
		return -1;
	len = cwd.len;
	if (len >= ZC_PATH_CAP)
		return -1;
	zc_copy(buffer, cwd.path, len);
	__atomic_thread_fence(__ATOMIC_ACQUIRE);
	return __atomic_load_n(&cwd.sequence, __ATOMIC_RELAXED) == before ? (long)len : -1;
}

/* A vfork child has our memory and a working directory of its own: it must not write the cache. */
static void remember_cwd(const char *path, size_t len, uint64_t generation)
{
	uint32_t sequence = __atomic_load_n(&cwd.sequence, __ATOMIC_RELAXED);

	if (zc_shim.passive || zc_sys_getpid() != zc_shim.pid || sequence & 1 ||
	    !__atomic_compare_exchange_n(&cwd.sequence, &sequence, sequence + 1, false, __ATOMIC_ACQ_REL,
					 __ATOMIC_RELAXED))
		return;
	zc_copy(cwd.path, path, len);
	cwd.len = (uint32_t)len;
	cwd.renames = generation;
	__atomic_store_n(&cwd.valid, 1, __ATOMIC_RELAXED);
	__atomic_store_n(&cwd.sequence, sequence + 2, __ATOMIC_RELEASE);
}

/* After a chroot the kernel names things below the new root; the policy speaks of the run's. */
static long below_root(char *buffer, long len)
{
	size_t root = zc_shim.root_len;

	if (ZC_LIKELY(!root) || len < 0)
		return len;
	if ((size_t)len + root >= ZC_PATH_CAP)
		return -ENAMETOOLONG;
	for (long i = len; i >= 0; i--)
		buffer[(size_t)i + root] = buffer[i];
	zc_copy(buffer, zc_shim.root, root);
	return len == 1 ? (buffer[root] = '\0', (long)root) : len + (long)root;
}

static long read_cwd(char *buffer)
{
	uint64_t generation = renames();
	long len = cached_cwd(buffer);

	if (len >= 0)
		return len;
	len = zc_sys2(__NR_getcwd, (long)buffer, ZC_PATH_CAP);
	if (len < 0)
		return len == -ERANGE ? -ENAMETOOLONG : len;
	len--; /* the kernel counts the NUL */
	if (buffer[0] != '/')
		return -ENOENT; /* "(unreachable)..." */
	len = below_root(buffer, len);
	if (len > 0)
		remember_cwd(buffer, (size_t)len, generation);
	return len;
}

static char *put_number(char *to, unsigned value)
{
	char digits[12];
	unsigned n = 0;

	do
		digits[n++] = (char)('0' + value % 10);
	while (value /= 10);
	while (n)
		*to++ = digits[--n];
	return to;
}

/* "/proc/self/fd/N", or "/proc/self/fd/N/base": at most 16 + 10 + 1 + base_len + 2 bytes. */
static void spell_fd(char *to, int fd, const char *base, size_t base_len, bool slash)
{
	static const char proc[] = "/proc/self/fd/";

	zc_copy(to, proc, sizeof(proc) - 1);
	to = put_number(to + sizeof(proc) - 1, (unsigned)fd);
	if (base) {
		*to++ = '/';
		zc_copy(to, base, base_len);
		to += base_len;
		if (slash)
			*to++ = '/';
	}
	*to = '\0';
}

void zc_spell_fd(char *to, int fd)
{
	spell_fd(to, fd, NULL, 0, false);
}

static bool has_prefix(const char *text, long len, const char *prefix, size_t prefix_len)
{
	return len >= (long)prefix_len && zc_equal(text, prefix, prefix_len);
}

/*
 * /proc/PID/... of this process, or of another of the run's own, is /proc/self/... to the policy: a
 * debugger may look at what it started. Only names are changed; what is opened is what was asked for.
 */
static long name_self(char *path, long len)
{
	long end = 6, pid = 0, tail;

	if (!has_prefix(path, len, "/proc/", 6) || path[6] < '1' || path[6] > '9')
		return len;
	for (; path[end] >= '0' && path[end] <= '9' && end < 16; end++)
		pid = pid * 10 + (path[end] - '0');
	if ((end < len && path[end] != '/') || len + 4 >= (long)ZC_PATH_CAP || pid > 0x7fffffff ||
	    zc_shim.passive || !zc_is_of_the_run((int)pid))
		return len;
	tail = len - end;
	if (end < 10)
		for (long i = tail; i >= 0; i--)
			path[10 + i] = path[end + i];
	else
		for (long i = 0; i <= tail; i++)
			path[10 + i] = path[end + i];
	zc_copy(path + 6, "self", 4);
	return 10 + tail;
}

/* A removed file is judged by the name it had. */
static long drop_deleted(char *path, long len, int fd)
{
	static const char mark[] = " (deleted)";
	const long mark_len = sizeof(mark) - 1;
	struct stat st;

	if (len <= mark_len || !zc_equal(path + len - mark_len, mark, (size_t)mark_len))
		return len;
	if (zc_sys2(__NR_fstat, fd, (long)&st) != 0 || st.st_nlink != 0)
		return len;
	path[len - mark_len] = '\0';
	return len - mark_len;
}

long zc_fd_path(char *buffer, int fd, uint8_t *ret_flags)
{
	char spelled[32];
	long len;

	spell_fd(spelled, fd, NULL, 0, false);
	len = zc_sys_readlinkat(AT_FDCWD, spelled, buffer, ZC_PATH_CAP - 1);
	if (len < 0)
		return len;
	if (len >= (long)ZC_PATH_CAP - 1)
		return -ENAMETOOLONG;
	buffer[len] = '\0';
	if (buffer[0] != '/' || has_prefix(buffer, len, "/memfd:", 7) || has_prefix(buffer, len, "/dmabuf:", 8)) {
		*ret_flags |= ZC_OBJ_NAMELESS;
		return len;
	}
	len = drop_deleted(buffer, len, fd);
	return name_self(buffer, below_root(buffer, len));
}

long zc_absolute(char *buffer, int dirfd, const char *path, size_t len)
{
	uint8_t flags = 0;
	long base;

	if (len && path[0] == '/') {
		if (ZC_UNLIKELY(zc_shim.root_len))
			return zc_path_join(buffer, ZC_PATH_CAP, zc_shim.root, zc_shim.root_len, path + 1, len - 1);
		return name_self(buffer, zc_path_join(buffer, ZC_PATH_CAP, "", 0, path, len));
	}
	base = dirfd == AT_FDCWD ? read_cwd(buffer) : zc_fd_path(buffer, dirfd, &flags);
	if (base < 0)
		return dirfd != AT_FDCWD && base == -ENOENT ? -EBADF : base;
	if (flags & ZC_OBJ_NAMELESS)
		return -ENOTDIR;
	/* The base is clean and in place: joining it with itself only appends. */
	return zc_path_join(buffer, ZC_PATH_CAP, buffer, (size_t)base, path, len);
}

long zc_open_plain(int dirfd, const char *path, uint32_t flags, uint32_t mode)
{
	struct open_how how = { .resolve = RESOLVE_NO_SYMLINKS };

	if (ZC_UNLIKELY(zc_shim.no_openat2 || zc_shim.passive))
		return -ELOOP;
	flags &= flags & O_PATH ? PATH_FLAGS : VALID_OPEN_FLAGS;
	how.flags = flags | (flags & O_PATH ? 0 : O_LARGEFILE);
	how.mode = flags & (O_CREAT | TMPFILE_BIT) ? mode & 07777 : 0;
	for (;;) {
		long fd = zc_sys4(__NR_openat2, dirfd, (long)path, (long)&how, sizeof(how));

		if (ZC_UNLIKELY(fd == -ENOSYS || (fd == -EPERM && !(flags & (O_CREAT | O_NOATIME | O_TRUNC))))) {
			/* An old kernel, or a filter that does not know it. */
			if (fd == -ENOSYS)
				zc_shim.no_openat2 = 1;
			return -ELOOP;
		}
		if (fd != -EAGAIN || flags & O_NONBLOCK)
			return fd;
	}
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
static long name_by_hand(struct zc_guard *guard, unsigned n, int fd, const char *given, size_t given_len)
{
	char *path = guard->path[n];
	struct stat held, found;
	long len, again;

	if (!given || given_len < zc_shim.root_len)
		return -EACCES;
	len = zc_path_join(path, ZC_PATH_CAP, "/", 1, given + zc_shim.root_len, given_len - zc_shim.root_len);
	if (len > 0)
		len = follow_by_hand(path, guard->parent);
	again = len > 0 ? zc_open_plain(AT_FDCWD, path, O_PATH | O_CLOEXEC, 0) : len;
	if (again < 0)
		return -EACCES;
	if (zc_sys2(__NR_fstat, fd, (long)&held) != 0 || zc_sys2(__NR_fstat, again, (long)&found) != 0 ||
	    held.st_ino != found.st_ino || held.st_dev != found.st_dev)
		len = -EACCES;
	zc_sys_close((int)again);
	return below_root(path, len);
}

/* Follows the object itself: pins it, names it. */
static int resolve_whole(struct zc_guard *guard, unsigned n)
{
	struct zc_object *object = &guard->event.object[n];
	uint32_t flags = O_PATH | O_CLOEXEC | (object->flags & ZC_OBJ_FOLLOW ? 0 : O_NOFOLLOW);
	long len, fd = zc_open_plain(object->dirfd, object->requested, flags, 0);

	if (fd >= 0 && object->given && !has_prefix(object->given, object->given_len, "/proc/", 6)) {
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
	spell_fd(guard->spelled[n], (int)fd, NULL, 0, false);
	guard->pin[n] = (struct zc_pin){ (int)fd, AT_FDCWD, guard->spelled[n] };
	return 0;
}

static int resolve_fd(struct zc_guard *guard, unsigned n)
{
	struct zc_object *object = &guard->event.object[n];
	long len = object->dirfd == AT_FDCWD ? read_cwd(guard->path[n])
					     : zc_fd_path(guard->path[n], object->dirfd, &object->flags);

	if (len < 0)
		return len == -ENOENT && object->dirfd != AT_FDCWD ? -EBADF : (int)len;
	set_path(object, guard->path[n], len);
	object->flags |= ZC_OBJ_EXISTS;
	return 0;
}

/* Where the last component starts, and whether it is one that names an entry ("." and ".." do not). */
static bool split(const char *path, size_t len, size_t *ret_base, size_t *ret_base_len)
{
	size_t end = len, base;

	while (end > 0 && path[end - 1] == '/')
		end--;
	base = end;
	while (base > 0 && path[base - 1] != '/')
		base--;
	*ret_base = base;
	*ret_base_len = end - base;
	return end > base && !(end - base == 1 && path[base] == '.') &&
	       !(end - base == 2 && path[base] == '.' && path[base + 1] == '.');
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
	if (fd >= 0 && object->given && !has_prefix(object->given, object->given_len, "/proc/", 6)) {
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

	if (!split(object->requested, object->requested_len, &base, &base_len)) {
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
	spell_fd(guard->spelled[n], (int)fd, object->requested + base, base_len,
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
	if (object->requested && !(object->flags & ZC_OBJ_BY_FD) &&
	    !(zc_shim.passive && object->requested[0] != '/' && object->dirfd != AT_FDCWD)) {
		long len = zc_absolute(guard->given[n], object->dirfd, object->requested, object->requested_len);

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
