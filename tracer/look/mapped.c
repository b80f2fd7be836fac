/* SPDX-License-Identifier: MIT */
/*
 * mapped.c - memory that is shared with nobody although it is mapped MAP_SHARED.
 *
 * libc maps its cache of character sets so in nearly every program. What counts is whether somebody of the
 * run could change what is read there between a verdict and the call: not where the mapping can only ever
 * be read (the descriptor is not open for writing, so mprotect() cannot make it writable either), and the
 * file has one name, which the run may not write, in directories that it may not change. A descriptor that
 * the command was given open for writing is not looked for, as it is not for private mappings of
 * files, which show such changes as well: behind both there are the kernel's layers (notify/open.c,
 * may_go_on()).
 */
#include <errno.h>
#include <fcntl.h>
#include <string.h>
#include <sys/mman.h>
#include <sys/stat.h>
#include <unistd.h>

#include "tracer/look/look.h"
#include "tracer/paths/known.h"
#include "tracer/judge/judge.h"

static bool is_read_only_file(int fd, struct stat *ret)
{
	int flags = fcntl(fd, F_GETFL);

	return flags >= 0 && (flags & (O_ACCMODE | O_PATH)) == O_RDONLY && fstat(fd, ret) == 0 &&
	       S_ISREG(ret->st_mode) && ret->st_nlink == 1;
}

static bool has_fixed_name(const struct zc_tracer *tracer, int fd, const struct stat *is)
{
	char link[32], name[1024];
	struct stat named;
	ssize_t len;

	snprintf(link, sizeof(link), "/proc/self/fd/%d", fd);
	len = readlink(link, name, sizeof(name) - 1);
	if (len <= 0 || len >= (ssize_t)sizeof(name) - 1)
		return false;
	name[len] = '\0';
	return lstat(name, &named) == 0 && named.st_dev == is->st_dev &&
	       named.st_ino == is->st_ino &&
	       zc_known_is_fixed(tracer->image, name, (size_t)len, false);
}

bool zc_maps_fixed(const struct zc_tracer *tracer, const struct zc_tracee *tracee,
		   const struct zc_call_stop *stop)
{
	struct stat st;
	bool fixed;
	int fd;

	if (!stop->known_abi || stop->call != ZC_ID_mmap || stop->abi != ZC_ABI_X86_64 ||
	    stop->args[2] & PROT_WRITE || stop->args[3] & MAP_ANONYMOUS)
		return false;
	fd = zc_sockets_borrow(tracee, (int)stop->args[4]);
	if (fd < 0)
		return false;
	fixed = is_read_only_file(fd, &st) && has_fixed_name(tracer, fd, &st);
	close(fd);
	return fixed;
}
