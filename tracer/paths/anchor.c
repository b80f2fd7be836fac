/* SPDX-License-Identifier: MIT */
/*
 * anchor.c - where a tracee's path starts, and how it is spelled from there.
 */
#include <errno.h>
#include <fcntl.h>
#include <linux/openat2.h>
#include <stdio.h>
#include <string.h>
#include <sys/stat.h>
#include <unistd.h>

#include "core/path.h"
#include "tracer/look/look.h"
#include "tracer/paths/anchor.h"
#include "tracer/paths/paths.h"

static struct {
	bool diverged, checked;
} seen;

void zc_paths_diverge(void)
{
	seen.diverged = true;
}

bool zc_paths_root_is_ours(const struct zc_tracee *tracee)
{
	struct stat own, its;
	char path[32];

	if (seen.diverged)
		return false;
	if (!seen.checked) {
		snprintf(path, sizeof(path), "/proc/%d/root", tracee->tid);
		seen.checked = true;
		if (stat("/", &own) < 0 || stat(path, &its) < 0 || own.st_ino != its.st_ino ||
		    own.st_dev != its.st_dev)
			seen.diverged = true;
	}
	return !seen.diverged;
}

bool zc_paths_has_dotdot(const char *path)
{
	for (size_t i = 0; path[i]; i++)
		if (path[i] == '.' && path[i + 1] == '.' && (i == 0 || path[i - 1] == '/') &&
		    (path[i + 2] == '/' || path[i + 2] == '\0'))
			return true;
	return false;
}

int zc_anchor_take(const struct zc_tracee *tracee, struct zc_object *object, uint64_t resolve,
		   struct zc_anchor *ret)
{
	bool ours = zc_paths_root_is_ours(tracee),
	     in_dirfd = resolve & (RESOLVE_IN_ROOT | RESOLVE_BENEATH);
	char name[24];

	*ret = (struct zc_anchor){ .fd = AT_FDCWD, .resolve = resolve, .own_rules = resolve };
	if (*object->requested == '/' && !in_dirfd) {
		if (ours)
			return 0;
		ret->fd = zc_paths_anchor(tracee, "root");
		ret->resolve |= RESOLVE_IN_ROOT;
		return ret->fd < 0 ? ret->fd : 0;
	}
	if (object->dirfd < 0 && object->dirfd != AT_FDCWD)
		return -EBADF;
	snprintf(name, sizeof(name), object->dirfd == AT_FDCWD ? "cwd" : "fd/%d", object->dirfd);
	ret->fd = object->dirfd == AT_FDCWD ? -ENOSYS : zc_paths_borrow(tracee, object->dirfd);
	if (ret->fd < 0)
		ret->fd = zc_paths_anchor(tracee, name);
	if (ret->fd < 0)
		return ret->fd == -ENOENT && object->dirfd != AT_FDCWD ? -EBADF : ret->fd;
	ret->by_hand = !ours && !in_dirfd && zc_paths_has_dotdot(object->requested);
	ret->directory = object->dirfd == AT_FDCWD;
	return 0;
}

void zc_anchor_drop(struct zc_anchor *anchor)
{
	if (anchor->fd >= 0 && !anchor->lent)
		close(anchor->fd);
}

int zc_anchor_spell(struct zc_tracer *tracer, struct zc_tracee *tracee, struct zc_object *object,
		    struct zc_anchor *anchor, char *given)
{
	static char inside[ZC_PATH_CAP];
	const char *path = object->requested;
	uint8_t flags = 0;
	long len = 0;

	if (*path != '/' || (anchor->fd >= 0 && anchor->resolve)) {
		len = anchor->fd >= 0 ? zc_paths_name_directory(tracer, anchor->fd, given, &flags)
				      : zc_paths_fd(tracee, object->dirfd, given, &flags);
		if (flags & ZC_OBJ_NAMELESS)
			return -ENOTDIR;
		anchor->directory |= flags & ZC_OBJ_DIRECTORY;
		if (len < 0)
			return len == -EBADF ? -EBADF
					     : 0; /* a name that is not known is no spelling */
	}
	while (len && *path == '/')
		path++;
	if (len && anchor->resolve & RESOLVE_IN_ROOT) {
		/* Here ".." goes no higher than where the path starts. */
		if (zc_path_join(inside, sizeof(inside), "/", 1, path, strlen(path)) < 0)
			return 0;
		path = inside + 1;
	}
	len = zc_path_join(given, ZC_PATH_CAP, len ? given : "", (size_t)len, path, strlen(path));
	if (len < 0)
		return 0;
	object->given = given;
	object->given_len = (uint32_t)zc_paths_name_process(given, len);
	return 0;
}

uint64_t zc_paths_walking_rules(struct zc_tracee *tracee, const struct zc_event *event)
{
	const struct zc_reader reader = zc_tracee_reader(tracee);
	uint64_t how[3] = { 0 };

	if (event->call != ZC_ID_openat2 ||
	    reader.bytes(reader.context, event->args[2], how, sizeof(how)) < (long)sizeof(how))
		return 0;
	return how[2] & (RESOLVE_NO_XDEV | RESOLVE_NO_MAGICLINKS | RESOLVE_NO_SYMLINKS |
			 RESOLVE_BENEATH | RESOLVE_IN_ROOT);
}
