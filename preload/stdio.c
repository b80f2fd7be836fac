/* SPDX-License-Identifier: MIT */
/*
 * stdio.c - what opens files inside libc: streams, temporary files, directories.
 *
 * libc's own opens cannot be interposed, so these either open by our own judged open and hand the
 * descriptor to libc (fdopen, fdopendir), or are judged first and then left to libc.
 */
#include <dirent.h>
#include <stdio.h>
#include <stdlib.h>
#include <sys/mman.h>
#include <sys/stat.h>

#include "preload/shim.h"

extern __typeof__(fclose) fclose ZC_WEAK;
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
			if (stream && fclose)
				fclose(stream); /* as freopen does when it fails */
			return zc_ret(error), NULL;
		}
	}
	return real ? real(path, mode, stream) : (zc_ret(-ENOSYS), NULL);
}

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

ZC_TWIN(mkstemp64, mkstemp)
ZC_TWIN(mkostemp64, mkostemp)
ZC_TWIN(mkstemps64, mkstemps)
ZC_TWIN(mkostemps64, mkostemps)
/* On x86-64 the 64-bit twins have the same types under other names. */
ZC_TWIN(fopen64, fopen)
ZC_TWIN(_IO_fopen, fopen)
ZC_TWIN(freopen64, freopen)
ZC_TWIN(tmpfile64, tmpfile)
