/* SPDX-License-Identifier: MIT */
/*
 * paths_name.c - what the policy calls the thing behind a descriptor of a tracee.
 *
 * The kernel's name for it, as the tracer sees it: that is the run's view, whatever root the tracee has.
 */
#include <errno.h>
#include <fcntl.h>
#include <stdlib.h>
#include <string.h>
#include <sys/stat.h>
#include <unistd.h>

#include "confine/confine.h"
#include "core/path.h"
#include "tracer/paths/paths.h"

static struct zc_tracer *the_tracer;

void zc_paths_name_for(struct zc_tracer *tracer)
{
	the_tracer = tracer;
}

bool zc_paths_are_masked(void)
{
	const struct zc_tracer_options *options = the_tracer->options;

	return options && options->plan && zc_confine_plans(options->plan, ZC_CONFINE_MOUNTS);
}

int zc_paths_open_root(void)
{
	const struct zc_image *image = the_tracer->image;
	const char *root = image && image->jail.count ? zc_image_at(image, image->jail) : "/";
	int fd = open(root, O_PATH | O_DIRECTORY | O_CLOEXEC);

	return fd < 0 ? -errno : fd;
}

bool zc_paths_starts_with(const char *text, long len, const char *prefix)
{
	size_t prefix_len = strlen(prefix);

	return len >= (long)prefix_len && !memcmp(text, prefix, prefix_len);
}

/* In a jail the policy speaks of what lies below it. */
static long strip_jail(char *path, long len)
{
	const struct zc_image *image = the_tracer->image;
	size_t jail = image ? image->jail.count : 0;

	if (!jail || !zc_path_under(path, (size_t)len, zc_image_at(image, image->jail), jail))
		return len;
	if ((size_t)len == jail)
		return path[1] = '\0', 1; /* what is left of it is the root */
	memmove(path, path + jail, (size_t)len - jail + 1);
	return len - (long)jail;
}

/*
 * /proc/PID of a process of the run is /proc/self to the policy: a debugger may look at what it started.
 * That of the tracer itself, which was not there when the policy was made, is that of zcwrap.
 */
long zc_paths_name_process(char *path, long len)
{
	const struct zc_image *image = the_tracer->image;
	char instead[16] = "self";
	long end = 6, pid = 0;
	size_t put;

	if (!zc_paths_starts_with(path, len, "/proc/") || path[6] < '1' || path[6] > '9')
		return len;
	for (; path[end] >= '0' && path[end] <= '9' && end < 16; end++)
		pid = pid * 10 + (path[end] - '0');
	if ((end < len && path[end] != '/') || pid > 0x7fffffff)
		return len;
	if (pid == getpid() && image && image->supervisor[0])
		snprintf(instead, sizeof(instead), "%d", image->supervisor[0]);
	else if (!zc_targets_is_of_the_run(the_tracer, (pid_t)pid))
		return len;
	put = strlen(instead);
	if (len - end + 6 + (long)put >= (long)ZC_PATH_CAP)
		return len;
	memmove(path + 6 + put, path + end, (size_t)(len - end) + 1);
	memcpy(path + 6, instead, put);
	return len - end + 6 + (long)put;
}

/* In the name of something in procfs, wherever that is mounted: where the number of a process of ours is. */
char *zc_paths_is_about_us(char *path)
{
	char *at = path, *end;

	while ((at = strchr(at, '/'))) {
		long pid = *++at >= '1' && *at <= '9' ? strtol(at, &end, 10) : 0;

		if (pid > 0 && pid <= 0x7fffffff && (*end == '/' || !*end))
			return zc_targets_is_ours(the_tracer, (pid_t)pid) ? at : NULL;
	}
	return NULL;
}

/* A removed file is judged by the name it had. */
static long drop_deleted(char *path, long len, int at, const char *link)
{
	static const char mark[] = " (deleted)";
	const long mark_len = sizeof(mark) - 1;
	struct stat st;

	if (len <= mark_len || memcmp(path + len - mark_len, mark, (size_t)mark_len) != 0 ||
	    fstatat(at, link, &st, *link ? 0 : AT_EMPTY_PATH) < 0 || st.st_nlink != 0)
		return len;
	path[len - mark_len] = '\0';
	return len - mark_len;
}

/* The policy's name of what the link, one of /proc/.../fd, cwd and the like, says: len bytes. */
static long name_of_target(const char *link, char *buffer, long len, uint8_t *ret_flags)
{
	if (buffer[0] != '/' || zc_paths_starts_with(buffer, len, "/memfd:") ||
	    zc_paths_starts_with(buffer, len, "/dmabuf:")) {
		*ret_flags |= ZC_OBJ_NAMELESS;
		return len;
	}
	len = drop_deleted(buffer, len, AT_FDCWD, link);
	return zc_paths_name_process(buffer, strip_jail(buffer, len));
}

static long name_of_link(const char *link, char *buffer, uint8_t *ret_flags)
{
	long len = readlink(link, buffer, ZC_PATH_CAP - 1);

	if (len < 0)
		return -errno;
	if (len >= (long)ZC_PATH_CAP - 1)
		return -ENAMETOOLONG;
	buffer[len] = '\0';
	return name_of_target(link, buffer, len, ret_flags);
}

long zc_paths_name_own_fd(int fd, char *buffer, uint8_t *ret_flags)
{
	char link[32];

	snprintf(link, sizeof(link), "/proc/self/fd/%d", fd);
	return name_of_link(link, buffer, ret_flags);
}

long zc_paths_exe(struct zc_tracee *tracee, char *buffer)
{
	uint8_t flags = 0;
	char link[32];

	size_t len = tracee->exe ? strlen(tracee->exe) : 0;

	snprintf(link, sizeof(link), "/proc/%d/exe", tracee->tid);
	if (!len || len >= ZC_PATH_CAP - 1)
		return name_of_link(link, buffer, &flags);
	memcpy(buffer, tracee->exe, len + 1); /* it was asked for at the exec */
	return name_of_target(link, buffer, (long)len, &flags);
}

long zc_paths_fd(struct zc_tracee *tracee, int fd, char *buffer, uint8_t *ret_flags)
{
	char link[48];
	long len;

	if (fd == AT_FDCWD)
		snprintf(link, sizeof(link), "/proc/%d/cwd", tracee->tid);
	else
		snprintf(link, sizeof(link), "/proc/%d/fd/%d", tracee->tid, fd);
	if (fd < 0 && fd != AT_FDCWD)
		return -EBADF;
	len = name_of_link(link, buffer, ret_flags);
	return len == -ENOENT && fd != AT_FDCWD ? -EBADF : len;
}
