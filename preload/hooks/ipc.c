/* SPDX-License-Identifier: MIT */
/*
 * ipc.c - POSIX shared memory, semaphores and message queues: files by other names.
 */
#include <mqueue.h>
#include <semaphore.h>
#include <sys/mman.h>
#include <sys/stat.h>

#include "preload/judge/judge.h"
#include "preload/open/open.h"
#include "preload/shim.h"

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
	return (int)zc_ret(zc_open(ZC_CALLER, AT_FDCWD, path,
				   (uint32_t)flags | O_NOFOLLOW | O_CLOEXEC | O_NONBLOCK, mode));
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
			error = zc_ask(ZC_CALLER, ZC_ID_mknodat, AT_FDCWD, (long)path, S_IFREG, 0,
				       0, 0);
		if (zc_is_refusal(error))
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

		if (zc_is_refusal(error))
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
	return zc_is_refusal(error) ? error : 0;
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
	return error || !real ? (mqd_t)zc_ret(error ? error : -ENOSYS)
			      : real(name, flags, mode, attributes);
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
