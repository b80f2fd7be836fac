/* SPDX-License-Identifier: MIT */
/*
 * names.c - what descriptors and directories are called: the kernel's names, as the policy says them.
 */
#include <sys/stat.h>

#include "preload/hooks/hooks.h"
#include "preload/judge/gate.h"
#include "preload/judge/judge.h"
#include "preload/judge/places.h"

/*
 * The working directory's name, under a sequence lock: odd while it is written. It holds while `seen`
 * is the number of changes that have begun, and each of them is done.
 */
static struct {
	uint32_t sequence;
	uint32_t apart;  /* a child that shares our memory has a directory of its own */
	uint32_t shared; /* not one directory a process: nothing is remembered */
	uint64_t begun, done, seen;
	uint64_t renames, moved; /* the page's, when the name was read */
	uint32_t len, free;      /* ZC_NEED_* that are plain allows everywhere below */
	char path[ZC_PATH_CAP];
} cwd; /* all zero at first: data that is not would be copied at each exec */

void zc_cwd_changing(void)
{
	if (zc_shim.pid && !zc_shim.passive && zc_sys_getpid() != zc_shim.pid)
		cwd.apart = 1;
	__atomic_add_fetch(&cwd.begun, 1, __ATOMIC_SEQ_CST);
}

long zc_change_cwd(long nr, long argument)
{
	long result;

	zc_cwd_changing();
	if (zc_shim.gate) /* what comes from elsewhere is announced by the tracer */
		__atomic_fetch_add(&zc_shim.page->moved, 1, __ATOMIC_SEQ_CST);
	result = zc_pass4(nr, argument, 0, 0, 0);
	zc_cwd_changed();
	return result;
}

void zc_cwd_changed(void)
{
	__atomic_add_fetch(&cwd.done, 1, __ATOMIC_SEQ_CST);
}

void zc_cwd_forget(void)
{
	__atomic_store_n(&cwd.seen, 0, __ATOMIC_RELEASE);
}

void zc_cwd_shared(void)
{
	__atomic_store_n(&cwd.shared, 1, __ATOMIC_RELEASE);
}

uint64_t zc_cwd_mark(void)
{
	uint64_t done = __atomic_load_n(&cwd.done, __ATOMIC_ACQUIRE);

	return __atomic_load_n(&cwd.begun, __ATOMIC_SEQ_CST) == done && !cwd.shared ? done + 1 : 0;
}

static uint64_t renames(void)
{
	return __atomic_load_n(&zc_shim.page->renames, __ATOMIC_RELAXED);
}

/* Without a tracer nobody counts what goes around us. */
static uint64_t moved(void)
{
	return zc_shim.gate ? __atomic_load_n(&zc_shim.page->moved, __ATOMIC_ACQUIRE) : 0;
}

long zc_cached_cwd(char *buffer, size_t cap, uint64_t mark, unsigned need)
{
	uint32_t before = __atomic_load_n(&cwd.sequence, __ATOMIC_ACQUIRE), len;

	if (before & 1 || __atomic_load_n(&cwd.seen, __ATOMIC_ACQUIRE) != mark || !mark ||
	    cwd.renames != renames() || cwd.moved != moved() ||
	    (cwd.apart && !zc_shim.passive && zc_sys_getpid() != zc_shim.pid))
		return -1;
	len = need & ~cwd.free ? cwd.len : 0;
	if (len >= cap)
		return -1;
	if (len)
		zc_copy(buffer, cwd.path, len);
	__atomic_thread_fence(__ATOMIC_ACQUIRE);
	return __atomic_load_n(&cwd.sequence, __ATOMIC_RELAXED) == before ? (long)len : -1;
}

unsigned zc_free_below(const char *path, size_t len)
{
	unsigned free = 0;

	/* In /proc names are about who asks. */
	if (!zc_shim.image || len < 2 || zc_has_prefix(path, (long)len, "/proc", 5))
		return 0;
	for (unsigned need = ZC_NEED_READ; need <= ZC_NEED_WRITE; need <<= 1)
		if (zc_policy_allows_below(zc_shim.image, path, len, need))
			free |= need;
	return free;
}

/* A vfork child has our memory and a working directory of its own: it must not write the cache. */
static void remember_cwd(const char *path, size_t len, uint64_t mark, uint64_t renames_then,
			 uint64_t moved_then)
{
	uint32_t sequence = __atomic_load_n(&cwd.sequence, __ATOMIC_RELAXED);

	if (!mark || zc_shim.passive || zc_sys_getpid() != zc_shim.pid || sequence & 1 ||
	    !__atomic_compare_exchange_n(&cwd.sequence, &sequence, sequence + 1, false,
					 __ATOMIC_ACQ_REL, __ATOMIC_RELAXED))
		return;
	zc_copy(cwd.path, path, len);
	cwd.len = (uint32_t)len;
	cwd.free = zc_free_below(path, len);
	cwd.renames = renames_then;
	cwd.moved = moved_then;
	__atomic_store_n(&cwd.seen, mark, __ATOMIC_RELEASE);
	__atomic_store_n(&cwd.sequence, sequence + 2, __ATOMIC_RELEASE);
}

/* After a chroot the kernel names things below the new root; the policy speaks of the run's. */
long zc_below_root(char *buffer, long len)
{
	size_t root = zc_shim.root_len;

	if (ZC_LIKELY(!root) || len < 0)
		return len;
	if ((size_t)len + root >= ZC_PATH_CAP)
		return -ENAMETOOLONG;
	for (long i = len; i >= 0; i--)
		buffer[(size_t)i + root] = buffer[i];
	zc_copy(buffer, zc_shim_rare.root, root);
	return len == 1 ? (buffer[root] = '\0', (long)root) : len + (long)root;
}

long zc_read_cwd(char *buffer)
{
	uint64_t mark = zc_cwd_mark(), renames_then = renames(), moved_then = moved();
	long len = zc_cached_cwd(buffer, ZC_PATH_CAP, mark, ZC_NEED_NAME);

	if (len >= 0)
		return len;
	len = zc_sys2(__NR_getcwd, (long)buffer, ZC_PATH_CAP);
	if (len < 0)
		return len == -ERANGE ? -ENAMETOOLONG : len;
	len--; /* the kernel counts the NUL */
	if (buffer[0] != '/')
		return -ENOENT; /* "(unreachable)..." */
	len = zc_below_root(buffer, len);
	if (len > 0)
		remember_cwd(buffer, (size_t)len, mark, renames_then, moved_then);
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
void zc_spell_entry(char *to, int fd, const char *base, size_t base_len, bool slash)
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
	zc_spell_entry(to, fd, NULL, 0, false);
}

bool zc_has_prefix(const char *text, long len, const char *prefix, size_t prefix_len)
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

	if (!zc_has_prefix(path, len, "/proc/", 6) || path[6] < '1' || path[6] > '9')
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

	zc_spell_entry(spelled, fd, NULL, 0, false);
	len = zc_sys_readlinkat(AT_FDCWD, spelled, buffer, ZC_PATH_CAP - 1);
	if (len < 0)
		return len;
	if (len >= (long)ZC_PATH_CAP - 1)
		return -ENAMETOOLONG;
	buffer[len] = '\0';
	if (buffer[0] != '/' || zc_has_prefix(buffer, len, "/memfd:", 7) ||
	    zc_has_prefix(buffer, len, "/dmabuf:", 8)) {
		*ret_flags |= ZC_OBJ_NAMELESS;
		return len;
	}
	len = drop_deleted(buffer, len, fd);
	return name_self(buffer, zc_below_root(buffer, len));
}

long zc_absolute(char *buffer, int dirfd, const char *path, size_t len)
{
	uint8_t flags = 0;
	long base;

	if (len && path[0] == '/') {
		if (ZC_UNLIKELY(zc_shim.root_len))
			return zc_path_join(buffer, ZC_PATH_CAP, zc_shim_rare.root,
					    zc_shim.root_len, path + 1, len - 1);
		return name_self(buffer, zc_path_join(buffer, ZC_PATH_CAP, "", 0, path, len));
	}
	if (dirfd == AT_FDCWD)
		base = zc_read_cwd(buffer);
	else
		base = zc_shim.hybrid ? zc_place_name(buffer, dirfd, &flags)
				      : zc_fd_path(buffer, dirfd, &flags);
	if (base < 0)
		return dirfd != AT_FDCWD && base == -ENOENT ? -EBADF : base;
	if (flags & ZC_OBJ_NAMELESS)
		return -ENOTDIR;
	return zc_path_append(buffer, ZC_PATH_CAP, (size_t)base, path, len);
}
