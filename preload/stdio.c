/* SPDX-License-Identifier: MIT */
/*
 * stdio.c - what opens files inside libc: streams, temporary files, directories, walkers.
 *
 * libc's own opens cannot be interposed, so these either open by our own judged open and hand the
 * descriptor to libc (fdopen, fdopendir), or are judged first and then left to libc.
 */
#include <dirent.h>
#include <ftw.h>
#include <fts.h>
#include <glob.h>
#include <mqueue.h>
#include <semaphore.h>
#include <stdio.h>
#include <stdlib.h>
#include <sys/mman.h>
#include <sys/stat.h>

#include "preload/shim.h"

extern __typeof__(fdopen) fdopen ZC_WEAK;
extern __typeof__(fdopendir) fdopendir ZC_WEAK;

/* ---- streams ---- */

/* fopen's mode to open's flags; false for what only libc knows (",ccs="), or no mode at all. */
static bool parse_mode(const char *mode, uint32_t *ret_flags)
{
	uint32_t flags;

	switch (mode[0]) {
	case 'r': flags = O_RDONLY; break;
	case 'w': flags = O_WRONLY | O_CREAT | O_TRUNC; break;
	case 'a': flags = O_WRONLY | O_CREAT | O_APPEND; break;
	default: return false;
	}
	for (const char *m = mode + 1; *m; m++) {
		switch (*m) {
		case '+': flags = (flags & ~(uint32_t)O_ACCMODE) | O_RDWR; break;
		case 'x': flags |= O_EXCL; break;
		case 'e': flags |= O_CLOEXEC; break;
		case ',': return false;
		default: break;
		}
	}
	*ret_flags = flags;
	return true;
}

ZC_EXPORT FILE *fopen(const char *restrict path, const char *restrict mode)
{
	uint32_t flags = 0;
	FILE *stream;
	long fd;

	if (!zc_is_armed() || !fdopen || zc_text_len(mode) < 0 || !parse_mode(mode, &flags)) {
		if (zc_is_armed() && zc_text_len(mode) > 0 && zc_text_len(path) > 0) {
			int error = zc_ask(ZC_CALLER, ZC_ID_openat, AT_FDCWD, (long)path,
					   mode[0] == 'r' ? O_RDONLY : O_WRONLY | O_CREAT, 0666, 0, 0);

			if (error && error != -ENOENT)
				return zc_ret(error), NULL;
		}
		return ZC_REAL(FILE * (*)(const char *, const char *), "fopen")(path, mode);
	}
	zc_cancellation_point();
	fd = zc_open(ZC_CALLER, AT_FDCWD, path, flags, 0666);
	if (fd < 0)
		return zc_ret(fd), NULL;
	stream = fdopen((int)fd, mode);
	if (!stream) {
		int error = errno;

		zc_sys_close((int)fd);
		errno = error;
	}
	return stream;
}

/* freopen keeps the stream's descriptor number, which only libc can do: judged, then left to it. */
static FILE *reopen(const void *caller, const char *name, const char *path, const char *mode, FILE *stream)
{
	uint32_t flags = O_RDWR | O_CREAT;
	FILE *(*real)(const char *, const char *, FILE *) = zc_next(name);

	if (zc_is_armed() && path && zc_text_len(mode) >= 0) {
		int error;

		parse_mode(mode, &flags);
		error = zc_ask(caller, ZC_ID_openat, AT_FDCWD, (long)path, (long)flags, 0666, 0, 0);
		if (error == -ENOENT && flags & O_CREAT)
			error = zc_ask(caller, ZC_ID_mknodat, AT_FDCWD, (long)path, S_IFREG, 0, 0, 0);
		if (error == -EACCES || error == -EPERM) {
			if (stream)
				fclose(stream); /* as freopen does when it fails */
			return zc_ret(error), NULL;
		}
	}
	return real ? real(path, mode, stream) : (zc_ret(-ENOSYS), NULL);
}

extern __typeof__(fclose) fclose ZC_WEAK;

ZC_EXPORT FILE *freopen(const char *restrict path, const char *restrict mode, FILE *restrict stream)
{
	return reopen(ZC_CALLER, "freopen", path, mode, stream);
}

/* ---- temporary files ---- */

static bool random_letters(char *at)
{
	static const char letters[] = "abcdefghijklmnopqrstuvwxyzABCDEFGHIJKLMNOPQRSTUVWXYZ0123456789";
	uint64_t value = 0;

	if (zc_shim.passive || zc_sys3(__NR_getrandom, (long)&value, sizeof(value), 0) != sizeof(value)) {
		static uint64_t counter;

		value = __builtin_ia32_rdtsc() * 0x9fb21c651e98df25ull +
			__atomic_add_fetch(&counter, 1, __ATOMIC_RELAXED);
	}
	for (unsigned i = 0; i < 6; i++, value /= 62)
		at[i] = letters[value % 62];
	return true;
}

/* Replaces the six X before the suffix until make() succeeds or fails with more than EEXIST. */
static long make_temporary(char *template, int suffix_len, long (*make)(const void *, const char *, uint32_t),
			   const void *caller, uint32_t flags)
{
	size_t len = zc_len(template);
	char *at;

	if (suffix_len < 0 || len < (size_t)suffix_len + 6)
		return -EINVAL;
	at = template + len - (size_t)suffix_len - 6;
	if (!zc_equal(at, "XXXXXX", 6))
		return -EINVAL;
	for (unsigned tries = 0; tries < 62 * 62 * 62; tries++) {
		long result;

		random_letters(at);
		result = make(caller, template, flags);
		if (result != -EEXIST)
			return result;
	}
	return -EEXIST;
}

static long make_file(const void *caller, const char *path, uint32_t flags)
{
	return zc_open(caller, AT_FDCWD, path, (flags & ~(uint32_t)O_ACCMODE) | O_RDWR | O_CREAT | O_EXCL, 0600);
}

static long make_directory(const void *caller, const char *path, uint32_t flags)
{
	return zc_call(caller, ZC_ID_mkdir, (long)path, 0700, 0, 0, 0, 0);
}

ZC_EXPORT int mkstemp(char *template)
{
	return (int)zc_ret(make_temporary(template, 0, make_file, ZC_CALLER, 0));
}

ZC_EXPORT int mkostemp(char *template, int flags)
{
	return (int)zc_ret(make_temporary(template, 0, make_file, ZC_CALLER, (uint32_t)flags));
}

ZC_EXPORT int mkstemps(char *template, int suffix_len)
{
	return (int)zc_ret(make_temporary(template, suffix_len, make_file, ZC_CALLER, 0));
}

ZC_EXPORT int mkostemps(char *template, int suffix_len, int flags)
{
	return (int)zc_ret(make_temporary(template, suffix_len, make_file, ZC_CALLER, (uint32_t)flags));
}

ZC_EXPORT char *mkdtemp(char *template)
{
	return zc_ret(make_temporary(template, 0, make_directory, ZC_CALLER, 0)) < 0 ? NULL : template;
}

ZC_EXPORT FILE *tmpfile(void)
{
	char name[] = P_tmpdir "/tmpfXXXXXX";
	long fd;

	if (!zc_is_armed() || !fdopen) {
		FILE *(*real)(void) = ZC_REAL(FILE * (*)(void), "tmpfile");

		return real ? real() : (zc_ret(-ENOSYS), NULL);
	}
	fd = zc_open(ZC_CALLER, AT_FDCWD, P_tmpdir, O_TMPFILE | O_RDWR | O_EXCL, 0600);
	if (fd == -EOPNOTSUPP || fd == -EISDIR || fd == -ENOENT) {
		fd = make_temporary(name, 0, make_file, ZC_CALLER, 0);
		if (fd >= 0)
			zc_sys3(__NR_unlinkat, AT_FDCWD, (long)name, 0);
	}
	return fd < 0 ? (zc_ret(fd), NULL) : fdopen((int)fd, "w+");
}

/* ---- directories ---- */

ZC_EXPORT DIR *opendir(const char *path)
{
	DIR *dir;
	long fd;

	if (!zc_is_armed() || !fdopendir) {
		DIR *(*real)(const char *) = ZC_REAL(DIR * (*)(const char *), "opendir");

		return real ? real(path) : (zc_ret(-ENOSYS), NULL);
	}
	fd = zc_open(ZC_CALLER, AT_FDCWD, path, O_RDONLY | O_NONBLOCK | O_DIRECTORY | O_CLOEXEC, 0);
	if (fd < 0)
		return zc_ret(fd), NULL;
	dir = fdopendir((int)fd);
	if (!dir) {
		int error = errno;

		zc_sys_close((int)fd);
		errno = error;
	}
	return dir;
}

/* Judged as a read of the directory they start at; what they meet below it, libc opens by itself. */
static int ask_directory(const void *caller, int dirfd, const char *path)
{
	int error = zc_is_armed() && zc_text_len(path) > 0
			    ? zc_ask(caller, ZC_ID_openat, dirfd, (long)path, O_RDONLY | O_DIRECTORY, 0, 0, 0)
			    : 0;

	return error == -EACCES || error == -EPERM ? error : 0;
}

#define WALKER(type, failed, name, path, parameters, arguments)                                   \
	ZC_EXPORT type name parameters                                                            \
	{                                                                                         \
		type(*real) parameters = zc_next(#name);                                          \
		int error = ask_directory(ZC_CALLER, AT_FDCWD, path);                             \
                                                                                                  \
		if (error || !real)                                                               \
			return zc_ret(error ? error : -ENOSYS), failed;                           \
		return real arguments;                                                            \
	}

WALKER(int, -1, ftw, path, (const char *path, __ftw_func_t visit, int fds), (path, visit, fds))
WALKER(int, -1, ftw64, path, (const char *path, __ftw64_func_t visit, int fds), (path, visit, fds))
WALKER(int, -1, nftw, path, (const char *path, __nftw_func_t visit, int fds, int flags), (path, visit, fds, flags))
WALKER(int, -1, nftw64, path, (const char *path, __nftw64_func_t visit, int fds, int flags), (path, visit, fds, flags))

typedef int zc_fts_compare(const FTSENT **, const FTSENT **);
typedef int zc_fts64_compare(const FTSENT64 **, const FTSENT64 **);

static int ask_each(const void *caller, char *const *paths)
{
	int error = 0;

	for (size_t i = 0; paths && paths[i] && !error; i++)
		error = ask_directory(caller, AT_FDCWD, paths[i]);
	return error;
}

ZC_EXPORT FTS *fts_open(char *const *paths, int options, zc_fts_compare *compare)
{
	FTS *(*real)(char *const *, int, zc_fts_compare *) = zc_next("fts_open");
	int error = ask_each(ZC_CALLER, paths);

	return error || !real ? (zc_ret(error ? error : -ENOSYS), NULL) : real(paths, options, compare);
}

ZC_EXPORT FTS64 *fts64_open(char *const *paths, int options, zc_fts64_compare *compare)
{
	FTS64 *(*real)(char *const *, int, zc_fts64_compare *) = zc_next("fts64_open");
	int error = ask_each(ZC_CALLER, paths);

	return error || !real ? (zc_ret(error ? error : -ENOSYS), NULL) : real(paths, options, compare);
}

/* The part of a glob before its first wildcard is the directory it lists. */
static int ask_pattern(const void *caller, const char *pattern)
{
	long len = zc_text_len(pattern), end = 0;
	char directory[256];

	for (long i = 0; i < len && pattern[i] != '*' && pattern[i] != '?' && pattern[i] != '['; i++)
		if (pattern[i] == '/')
			end = i + 1;
	if (len < 0 || end >= (long)sizeof(directory))
		return 0;
	zc_copy(directory, end ? pattern : ".", end ? (size_t)end : 1);
	directory[end ? end : 1] = '\0';
	return ask_directory(caller, AT_FDCWD, directory);
}

typedef int zc_glob_error(const char *, int);

ZC_EXPORT int glob(const char *restrict pattern, int flags, zc_glob_error *on_error, glob_t *restrict found)
{
	int (*real)(const char *, int, zc_glob_error *, glob_t *) = zc_next("glob");
	int error = ask_pattern(ZC_CALLER, pattern);

	return error || !real ? (zc_ret(error), GLOB_ABORTED) : real(pattern, flags, on_error, found);
}

ZC_EXPORT int glob64(const char *restrict pattern, int flags, zc_glob_error *on_error, glob64_t *restrict found)
{
	int (*real)(const char *, int, zc_glob_error *, glob64_t *) = zc_next("glob64");
	int error = ask_pattern(ZC_CALLER, pattern);

	return error || !real ? (zc_ret(error), GLOB_ABORTED) : real(pattern, flags, on_error, found);
}

typedef int zc_dirent_filter(const struct dirent *);
typedef int zc_dirent_compare(const struct dirent **, const struct dirent **);

ZC_EXPORT int scandirat(int dirfd, const char *restrict path, struct dirent ***restrict list,
			zc_dirent_filter *filter, zc_dirent_compare *compare)
{
	int (*real)(int, const char *, struct dirent ***, zc_dirent_filter *, zc_dirent_compare *) = zc_next("scandirat");
	int error = ask_directory(ZC_CALLER, dirfd, path);

	return error || !real ? (int)zc_ret(error ? error : -ENOSYS) : real(dirfd, path, list, filter, compare);
}

ZC_EXPORT int scandir(const char *restrict path, struct dirent ***restrict list, zc_dirent_filter *filter,
		      zc_dirent_compare *compare)
{
	int (*real)(const char *, struct dirent ***, zc_dirent_filter *, zc_dirent_compare *) = zc_next("scandir");
	int error = ask_directory(ZC_CALLER, AT_FDCWD, path);

	return error || !real ? (int)zc_ret(error ? error : -ENOSYS) : real(path, list, filter, compare);
}

/* ---- POSIX shared memory, semaphores, message queues: files by other names ---- */

static const char *below(char *buffer, size_t cap, const char *directory, const char *name)
{
	size_t len = zc_len(directory);
	long name_len = zc_text_len(name);

	while (name_len > 0 && *name == '/')
		name++, name_len--;
	if (name_len <= 0 || len + (size_t)name_len + 1 > cap)
		return NULL;
	zc_copy(buffer, directory, len);
	zc_copy(buffer + len, name, (size_t)name_len + 1);
	return buffer;
}

ZC_EXPORT int shm_open(const char *name, int flags, mode_t mode)
{
	char path[300];

	if (!below(path, sizeof(path), "/dev/shm/", name))
		return (int)zc_ret(-EINVAL);
	return (int)zc_ret(zc_open(ZC_CALLER, AT_FDCWD, path, (uint32_t)flags | O_NOFOLLOW | O_CLOEXEC | O_NONBLOCK, mode));
}

ZC_EXPORT int shm_unlink(const char *name)
{
	char path[300];

	if (!below(path, sizeof(path), "/dev/shm/", name))
		return (int)zc_ret(-EINVAL);
	return (int)zc_ret(zc_call(ZC_CALLER, ZC_ID_unlink, (long)path, 0, 0, 0, 0, 0));
}

ZC_EXPORT sem_t *sem_open(const char *name, int flags, ...)
{
	sem_t *(*real)(const char *, int, ...) = zc_next("sem_open");
	char path[300];
	mode_t mode = 0;
	unsigned value = 0;

	if (flags & O_CREAT) {
		va_list list;

		va_start(list, flags);
		mode = va_arg(list, mode_t);
		value = va_arg(list, unsigned);
		va_end(list);
	}
	if (zc_is_armed() && below(path, sizeof(path), "/dev/shm/sem.", name)) {
		int error = zc_ask(ZC_CALLER, ZC_ID_openat, AT_FDCWD, (long)path, O_RDWR, 0, 0, 0);

		if (error == -ENOENT && flags & O_CREAT)
			error = zc_ask(ZC_CALLER, ZC_ID_mknodat, AT_FDCWD, (long)path, S_IFREG, 0, 0, 0);
		if (error == -EACCES)
			return zc_ret(error), SEM_FAILED;
	}
	return real ? real(name, flags, mode, value) : (zc_ret(-ENOSYS), SEM_FAILED);
}

ZC_EXPORT int sem_unlink(const char *name)
{
	int (*real)(const char *) = zc_next("sem_unlink");
	char path[300];

	if (zc_is_armed() && below(path, sizeof(path), "/dev/shm/sem.", name)) {
		int error = zc_ask(ZC_CALLER, ZC_ID_unlink, (long)path, 0, 0, 0, 0, 0);

		if (error == -EACCES)
			return (int)zc_ret(error);
	}
	return real ? real(name) : (int)zc_ret(-ENOSYS);
}

/* The kernel's names have no slash in front; libc strips it. The path judged is below /dev/mqueue. */
static int ask_queue(const void *caller, unsigned call, const char *name, int flags)
{
	int error;

	if (zc_text_len(name) <= 0 || name[0] != '/')
		return 0;
	error = zc_ask(caller, call, (long)(name + 1), flags, 0, 0, 0, 0);
	return error == -EACCES ? error : 0;
}

ZC_EXPORT mqd_t mq_open(const char *name, int flags, ...)
{
	mqd_t (*real)(const char *, int, ...) = zc_next("mq_open");
	struct mq_attr *attributes = NULL;
	mode_t mode = 0;
	int error = ask_queue(ZC_CALLER, ZC_ID_mq_open, name, flags);

	if (flags & O_CREAT) {
		va_list list;

		va_start(list, flags);
		mode = va_arg(list, mode_t);
		attributes = va_arg(list, struct mq_attr *);
		va_end(list);
	}
	return error || !real ? (mqd_t)zc_ret(error ? error : -ENOSYS) : real(name, flags, mode, attributes);
}

mqd_t __mq_open_2(const char *name, int flags);
ZC_EXPORT mqd_t __mq_open_2(const char *name, int flags)
{
	mqd_t (*real)(const char *, int) = zc_next("__mq_open_2");
	int error = ask_queue(ZC_CALLER, ZC_ID_mq_open, name, flags);

	return error || !real ? (mqd_t)zc_ret(error ? error : -ENOSYS) : real(name, flags);
}

ZC_EXPORT int mq_unlink(const char *name)
{
	int (*real)(const char *) = zc_next("mq_unlink");
	int error = ask_queue(ZC_CALLER, ZC_ID_mq_unlink, name, 0);

	return error || !real ? (int)zc_ret(error ? error : -ENOSYS) : real(name);
}

ZC_TWIN(mkstemp64, mkstemp)
ZC_TWIN(mkostemp64, mkostemp)
ZC_TWIN(mkstemps64, mkstemps)
ZC_TWIN(mkostemps64, mkostemps)
/* On x86-64 the 64-bit twins have the same types under other names. */
ZC_TWIN(fopen64, fopen)
ZC_TWIN(_IO_fopen, fopen)
ZC_TWIN(freopen64, freopen)
ZC_TWIN(tmpfile64, tmpfile)
ZC_TWIN(scandir64, scandir)
ZC_TWIN(scandirat64, scandirat)
