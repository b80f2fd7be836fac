/* SPDX-License-Identifier: MIT */
/*
 * openat2.c - openat2 and open_by_handle_at: opens that the program walks to in its own way.
 */
#include <linux/openat2.h>

#include "preload/judge/gate.h"
#include "preload/judge/judge.h"
#include "preload/open/open.h"

/*
 * openat2 has its own rules of walking (RESOLVE_IN_ROOT and the like), so the kernel is asked, with
 * the same rules, what the path leads to; that is judged, and then the program's call is made.
 */
static long judge_openat2(struct zc_guard *guard, int dirfd, const char *path,
			  const struct open_how *how, size_t size)
{
	const long args[6] = { dirfd, (long)path, (long)how, (long)size, 0, 0 };
	struct open_how pin = { .flags = O_PATH | O_CLOEXEC |
					 (how->flags & (O_NOFOLLOW | O_DIRECTORY)),
				.resolve = how->resolve };
	struct zc_object *object = &guard->event.object[0];
	long fd, len;
	int error = zc_guard_fill(guard, ZC_ID_openat2, args);

	if (error)
		return error;
	if (guard->event.flags & ZC_EV_HARMLESS)
		return 0;
	fd = zc_shim.passive ? -ENOSYS
			     : zc_sys4(__NR_openat2, dirfd, (long)path, (long)&pin, sizeof(pin));
	if (fd == -ENOENT || fd == -ENOSYS || fd == -ELOOP)
		return zc_guard_judge(guard);
	if (fd < 0)
		return fd;
	guard->pin[0].fd = (int)fd;
	len = zc_fd_path(guard->path[0], (int)fd, &object->flags);
	if (len < 0)
		return len;
	object->path = guard->path[0];
	object->path_len = (uint32_t)len;
	object->flags |= ZC_OBJ_EXISTS;
	return zc_guard_decide(guard);
}

long zc_openat2(const void *caller, int dirfd, const char *path, const struct open_how *how,
		size_t size)
{
	const long args[6] = { dirfd, (long)path, (long)how, (long)size, 0, 0 };
	struct zc_guard *guard = NULL;
	long result = 0;

	if (zc_is_armed() &&
	    zc_shim.hybrid) /* rules of walking that are its own: not ours to know */
		return zc_hand_over(caller, ZC_ID_openat2, args);
	if (zc_is_armed() && zc_text_len(path) > 0 && zc_text_len((const char *)how) >= 0 &&
	    size >= sizeof(*how)) {
		guard = zc_guard_take(caller);
		result = guard ? judge_openat2(guard, dirfd, path, how, size) : -ENOMEM;
	}
	zc_guard_give(guard);
	return result ? result : zc_sys4(__NR_openat2, dirfd, (long)path, (long)how, (long)size);
}

int openat2(int dirfd, const char *path, struct open_how *how, size_t size);
ZC_EXPORT int openat2(int dirfd, const char *path, struct open_how *how, size_t size)
{
	return (int)zc_ret(zc_openat2(ZC_CALLER, dirfd, path, how, size));
}

ZC_EXPORT int open_by_handle_at(int mount_fd, struct file_handle *handle, int flags)
{
	return (int)zc_ret(zc_call(ZC_CALLER, ZC_ID_open_by_handle_at, mount_fd, (long)handle,
				   flags, 0, 0, 0));
}
