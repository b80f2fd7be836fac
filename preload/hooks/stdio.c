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

#include "preload/judge/judge.h"
#include "preload/open/open.h"
#include "preload/shim.h"

/* Looked for when they are needed: each name that we leave to the loader is looked up at each start. */
#define REAL(name) ZC_REAL(__typeof__(&name), #name)

/* ---- streams ---- */

struct stdio_mode {
	uint32_t flags; /* of open(2) */
	bool converts;  /* ",ccs=": only libc's own fopen can make such a stream */
	char again[64]; /* the mode for a second open of what is there by now: no "x" */
};

/* False for what is no mode, which libc says, or one longer than any that means something. */
static bool parse_mode(const char *mode, struct stdio_mode *ret)
{
	size_t len = 0;

	switch (mode[0]) {
	case 'r': ret->flags = O_RDONLY; break;
	case 'w': ret->flags = O_WRONLY | O_CREAT | O_TRUNC; break;
	case 'a': ret->flags = O_WRONLY | O_CREAT | O_APPEND; break;
	default: return false;
	}
	ret->converts = false;
	for (const char *m = mode; *m; m++) {
		ret->converts |= *m == ',';
		if (!ret->converts && *m == '+')
			ret->flags = (ret->flags & ~(uint32_t)O_ACCMODE) | O_RDWR;
		if (!ret->converts && *m == 'x')
			ret->flags |= O_EXCL;
		if (!ret->converts && *m == 'e')
			ret->flags |= O_CLOEXEC;
		if ((ret->converts || *m != 'x') && len + 1 < sizeof(ret->again))
			ret->again[len++] = *m;
	}
	ret->again[len] = '\0';
	return len + 1 < sizeof(ret->again);
}

/* What libc must open by itself it opens through the descriptor of what was judged, which is closed. */
static FILE *stream_on(long fd, const struct stdio_mode *mode, FILE *stream)
{
	FILE *(*open_it)(const char *, const char *) =
		ZC_REAL(FILE * (*)(const char *, const char *), "fopen");
	FILE *(*reopen_it)(const char *, const char *, FILE *) =
		ZC_REAL(FILE * (*)(const char *, const char *, FILE *), "freopen");
	long high = zc_sys3(__NR_fcntl, fd, F_DUPFD_CLOEXEC, fd + 1);
	char path[32];
	int error;

	if (high >= 0) { /* so that libc finds the lowest number free */
		zc_sys_close((int)fd);
		fd = high;
	}
	zc_spell_fd(path, (int)fd);
	stream = stream ? reopen_it(path, mode->again, stream) : open_it(path, mode->again);
	error = errno;
	zc_sys_close((int)fd);
	errno = error;
	return stream;
}

ZC_EXPORT FILE *fopen(const char *restrict path, const char *restrict mode)
{
	struct stdio_mode parsed;
	FILE *stream;
	long fd;

	if (!zc_is_armed() || !REAL(fdopen) || zc_text_len(mode) < 0 ||
	    !parse_mode(mode, &parsed) || (parsed.converts && zc_shim.hybrid))
		return ZC_REAL(FILE * (*)(const char *, const char *), "fopen")(path, mode);
	zc_cancellation_point();
	fd = zc_open(ZC_CALLER, AT_FDCWD, path, parsed.flags, 0666);
	if (fd < 0)
		return zc_ret(fd), NULL;
	if (parsed.converts)
		return stream_on(fd, &parsed, NULL);
	stream = REAL(fdopen)((int)fd, mode);
	if (!stream) {
		int error = errno;

		zc_sys_close((int)fd);
		errno = error;
	}
	return stream;
}

/* A NULL path opens the stream's own file again, in another mode. */
static int ask_again(const void *caller, FILE *stream, uint32_t flags)
{
	int fd = REAL(fileno) ? REAL(fileno)(stream) : -1, error;
	char path[32];

	if (fd < 0)
		return 0;
	zc_spell_fd(path, fd);
	error = zc_ask(caller, ZC_ID_openat, AT_FDCWD, (long)path, (long)flags, 0, 0, 0);
	return zc_is_refusal(error) ? error : 0;
}

/* freopen keeps the stream's descriptor number, which only libc can do. */
static FILE *reopen(const void *caller, const char *path, const char *mode, FILE *stream)
{
	FILE *(*real)(const char *, const char *, FILE *) =
		ZC_REAL(FILE * (*)(const char *, const char *, FILE *), "freopen");
	struct stdio_mode parsed;
	long fd;

	if (!real)
		return zc_ret(-ENOSYS), NULL;
	if (!zc_is_armed() || zc_shim.hybrid || !stream || zc_text_len(mode) < 0 ||
	    !parse_mode(mode, &parsed))
		return real(path, mode, stream);
	fd = path ? zc_open(caller, AT_FDCWD, path, parsed.flags, 0666)
		  : ask_again(caller, stream, parsed.flags);
	if (fd < 0) {
		if (REAL(fclose))
			REAL(fclose)(stream); /* as freopen does when it fails */
		return zc_ret(fd), NULL;
	}
	return path ? stream_on(fd, &parsed, stream) : real(NULL, mode, stream);
}

ZC_EXPORT FILE *freopen(const char *restrict path, const char *restrict mode, FILE *restrict stream)
{
	return reopen(ZC_CALLER, path, mode, stream);
}

/* ---- temporary files ---- */

static bool random_letters(char *at)
{
	static const char letters[] =
		"abcdefghijklmnopqrstuvwxyzABCDEFGHIJKLMNOPQRSTUVWXYZ0123456789";
	uint64_t value = 0;

	if (zc_shim.passive ||
	    zc_sys3(__NR_getrandom, (long)&value, sizeof(value), 0) != sizeof(value)) {
		static uint64_t counter;

		value = __builtin_ia32_rdtsc() * 0x9fb21c651e98df25ull +
			__atomic_add_fetch(&counter, 1, __ATOMIC_RELAXED);
	}
	for (unsigned i = 0; i < 6; i++, value /= 62)
		at[i] = letters[value % 62];
	return true;
}

/* Replaces the six X before the suffix until make() succeeds or fails with more than EEXIST. */
static long make_temporary(char *template, int suffix_len,
			   long (*make)(const void *, const char *, uint32_t), const void *caller,
			   uint32_t flags)
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
	return zc_open(caller, AT_FDCWD, path,
		       (flags & ~(uint32_t)O_ACCMODE) | O_RDWR | O_CREAT | O_EXCL, 0600);
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
	return (int)zc_ret(
		make_temporary(template, suffix_len, make_file, ZC_CALLER, (uint32_t)flags));
}

ZC_EXPORT char *mkdtemp(char *template)
{
	return zc_ret(make_temporary(template, 0, make_directory, ZC_CALLER, 0)) < 0 ? NULL
										     : template;
}

ZC_EXPORT FILE *tmpfile(void)
{
	char name[] = P_tmpdir "/tmpfXXXXXX";
	long fd;

	if (!zc_is_armed() || !REAL(fdopen)) {
		FILE *(*real)(void) = ZC_REAL(FILE * (*)(void), "tmpfile");

		return real ? real() : (zc_ret(-ENOSYS), NULL);
	}
	fd = zc_open(ZC_CALLER, AT_FDCWD, P_tmpdir, O_TMPFILE | O_RDWR | O_EXCL, 0600);
	if (fd == -EOPNOTSUPP || fd == -EISDIR || fd == -ENOENT) {
		fd = make_temporary(name, 0, make_file, ZC_CALLER, 0);
		if (fd >= 0)
			zc_call(ZC_CALLER, ZC_ID_unlink, (long)name, 0, 0, 0, 0, 0);
	}
	return fd < 0 ? (zc_ret(fd), NULL) : REAL(fdopen)((int)fd, "w+");
}

/* ---- directories ---- */

ZC_EXPORT DIR *opendir(const char *path)
{
	DIR *dir;
	long fd;

	if (!zc_is_armed() || !REAL(fdopendir)) {
		DIR *(*real)(const char *) = ZC_REAL(DIR * (*)(const char *), "opendir");

		return real ? real(path) : (zc_ret(-ENOSYS), NULL);
	}
	fd = zc_open(ZC_CALLER, AT_FDCWD, path, O_RDONLY | O_NONBLOCK | O_DIRECTORY | O_CLOEXEC, 0);
	if (fd < 0)
		return zc_ret(fd), NULL;
	dir = REAL(fdopendir)((int)fd);
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
