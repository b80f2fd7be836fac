/* SPDX-License-Identifier: MIT */
/*
 * probe.h - how a victim says what happened: one line "what: OK" or "what: EACCES".
 *
 * Victims are tiny programs that know nothing of ZenCube. The comment at the top of each is read by
 * tests/probe/run: `policy:` and `args:` say how it is run, `expect:` what must come of it.
 */
#ifndef ZC_TESTS_PROBE_PROBE_H
#define ZC_TESTS_PROBE_PROBE_H

#include <errno.h>
#include <fcntl.h>
#include <stdarg.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/stat.h>
#include <sys/wait.h>
#include <unistd.h>

static const char *error_name(int error)
{
	static const struct {
		int error;
		const char *name;
	} names[] = { { EACCES, "EACCES" },
		      { EPERM, "EPERM" },
		      { ENOENT, "ENOENT" },
		      { ENOTDIR, "ENOTDIR" },
		      { EEXIST, "EEXIST" },
		      { ELOOP, "ELOOP" },
		      { EBADF, "EBADF" },
		      { EFAULT, "EFAULT" },
		      { ENAMETOOLONG, "ENAMETOOLONG" },
		      { EISDIR, "EISDIR" },
		      { EMFILE, "EMFILE" },
		      { EINVAL, "EINVAL" },
		      { ENOSYS, "ENOSYS" },
		      { ECONNREFUSED, "ECONNREFUSED" },
		      { EXDEV, "EXDEV" },
		      { ENOTEMPTY, "ENOTEMPTY" },
		      { EAGAIN, "EAGAIN" },
		      { ENXIO, "ENXIO" } };

	for (size_t i = 0; i < sizeof(names) / sizeof(names[0]); i++)
		if (names[i].error == error)
			return names[i].name;
	return "another error";
}

/* result < 0 is a failure with errno. Returns result. Uses write(2): safe in handlers and children. */
static long say(const char *what, long result)
{
	char line[256];
	int error = errno, len;

	len = snprintf(line, sizeof(line), "%s: %s\n", what, result < 0 ? error_name(error) : "OK");
	if (write(1, line, (size_t)len) != len)
		_exit(97);
	errno = error;
	return result;
}

/* Opens for reading, says how it went, closes. Returns 0 or -1. */
static long say_open(const char *what, const char *path)
{
	int fd = open(path, O_RDONLY | O_CLOEXEC);

	say(what, fd);
	if (fd >= 0)
		close(fd);
	return fd < 0 ? -1 : 0;
}

#endif
