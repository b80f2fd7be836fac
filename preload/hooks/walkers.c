/* SPDX-License-Identifier: MIT */
/*
 * walkers.c - libc functions that read whole directories: ftw, nftw, fts, glob, scandir.
 */
#include <dirent.h>
#include <fts.h>
#include <ftw.h>
#include <glob.h>

#include "preload/judge/judge.h"
#include "preload/shim.h"

/* Judged as a read of the directory they start at; what they meet below it, libc opens by itself. */
static int ask_directory(const void *caller, int dirfd, const char *path)
{
	int error = zc_is_armed() && zc_text_len(path) > 0
			    ? zc_ask(caller, ZC_ID_openat, dirfd, (long)path,
				     O_RDONLY | O_DIRECTORY, 0, 0, 0)
			    : 0;

	return zc_is_refusal(error) ? error : 0;
}

#define WALKER(type, failed, name, path, parameters, arguments) \
	ZC_EXPORT type name parameters \
	{ \
		type(*real) parameters = zc_next(#name); \
		int error = ask_directory(ZC_CALLER, AT_FDCWD, path); \
\
		if (error || !real) \
			return zc_ret(error ? error : -ENOSYS), failed; \
		return real arguments; \
	}

WALKER(int, -1, ftw, path, (const char *path, __ftw_func_t visit, int fds), (path, visit, fds))
WALKER(int, -1, ftw64, path, (const char *path, __ftw64_func_t visit, int fds), (path, visit, fds))
WALKER(int, -1, nftw, path, (const char *path, __nftw_func_t visit, int fds, int flags),
       (path, visit, fds, flags))
WALKER(int, -1, nftw64, path, (const char *path, __nftw64_func_t visit, int fds, int flags),
       (path, visit, fds, flags))

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

	return error || !real ? (zc_ret(error ? error : -ENOSYS), NULL)
			      : real(paths, options, compare);
}

ZC_EXPORT FTS64 *fts64_open(char *const *paths, int options, zc_fts64_compare *compare)
{
	FTS64 *(*real)(char *const *, int, zc_fts64_compare *) = zc_next("fts64_open");
	int error = ask_each(ZC_CALLER, paths);

	return error || !real ? (zc_ret(error ? error : -ENOSYS), NULL)
			      : real(paths, options, compare);
}

/* The part of a glob before its first wildcard is the directory it lists. */
static int ask_pattern(const void *caller, const char *pattern)
{
	long len = zc_text_len(pattern), end = 0;
	char directory[256];

	for (long i = 0; i < len && pattern[i] != '*' && pattern[i] != '?' && pattern[i] != '[';
	     i++)
		if (pattern[i] == '/')
			end = i + 1;
	if (len < 0 || end >= (long)sizeof(directory))
		return 0;
	zc_copy(directory, end ? pattern : ".", end ? (size_t)end : 1);
	directory[end ? end : 1] = '\0';
	return ask_directory(caller, AT_FDCWD, directory);
}

typedef int zc_glob_error(const char *, int);

ZC_EXPORT int glob(const char *restrict pattern, int flags, zc_glob_error *on_error,
		   glob_t *restrict found)
{
	int (*real)(const char *, int, zc_glob_error *, glob_t *) = zc_next("glob");
	int error = ask_pattern(ZC_CALLER, pattern);

	return error || !real ? (zc_ret(error), GLOB_ABORTED)
			      : real(pattern, flags, on_error, found);
}

ZC_EXPORT int glob64(const char *restrict pattern, int flags, zc_glob_error *on_error,
		     glob64_t *restrict found)
{
	int (*real)(const char *, int, zc_glob_error *, glob64_t *) = zc_next("glob64");
	int error = ask_pattern(ZC_CALLER, pattern);

	return error || !real ? (zc_ret(error), GLOB_ABORTED)
			      : real(pattern, flags, on_error, found);
}

typedef int zc_dirent_filter(const struct dirent *);
typedef int zc_dirent_compare(const struct dirent **, const struct dirent **);

ZC_EXPORT int scandirat(int dirfd, const char *restrict path, struct dirent ***restrict list,
			zc_dirent_filter *filter, zc_dirent_compare *compare)
{
	int (*real)(int, const char *, struct dirent ***, zc_dirent_filter *, zc_dirent_compare *) =
		zc_next("scandirat");
	int error = ask_directory(ZC_CALLER, dirfd, path);

	return error || !real ? (int)zc_ret(error ? error : -ENOSYS)
			      : real(dirfd, path, list, filter, compare);
}

ZC_EXPORT int scandir(const char *restrict path, struct dirent ***restrict list,
		      zc_dirent_filter *filter, zc_dirent_compare *compare)
{
	int (*real)(const char *, struct dirent ***, zc_dirent_filter *, zc_dirent_compare *) =
		zc_next("scandir");
	int error = ask_directory(ZC_CALLER, AT_FDCWD, path);

	return error || !real ? (int)zc_ret(error ? error : -ENOSYS)
			      : real(path, list, filter, compare);
}

ZC_TWIN(scandir64, scandir)
ZC_TWIN(scandirat64, scandirat)
