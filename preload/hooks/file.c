/* SPDX-License-Identifier: MIT */
/*
 * file.c - the hooks that the catalogue writes by itself, and the file calls that it cannot.
 */
#include <sched.h>
#include <signal.h>
#include <stdio.h>
#include <sys/fanotify.h>
#include <sys/ioctl.h>
#include <sys/io.h>
#include <sys/mount.h>
#include <sys/pidfd.h>
#include <sys/stat.h>
#include <sys/swap.h>
#include <sys/time.h>
#include <sys/xattr.h>
#include <unistd.h>
#include <utime.h>

#include "preload/hooks/hooks.h"
#include "preload/judge/judge.h"
#include "preload/shim.h"

/* ---- generated: a role is a C type; a wrong one contradicts libc's prototype and does not compile ---- */

int init_module(void *image, unsigned long len, const char *parameters);
int delete_module(const char *name, int flags);

#define T_FD int
#define T_DIRFD int
#define T_PATH const char *
#define T_ENTRY const char *
#define T_STR const char *
#define T_ATFLAGS int
#define T_RFLAGS unsigned
#define T_MODE mode_t
#define T_DEV dev_t
#define T_UID uid_t
#define T_GID gid_t
#define T_OFF off_t
#define T_SIZE size_t
#define T_INT int
#define T_UINT unsigned
#define T_ULONG unsigned long
#define T_BUF const void *
#define T_PTR void *
#define T_PID pid_t
#define T_SIG int
#define T_CLONEFLAGS int

#define A0
#define P0 void
#define P1(a) T_##a a0
#define P2(a, b) P1(a), T_##b a1
#define P3(a, b, c) P2(a, b), T_##c a2
#define P4(a, b, c, d) P3(a, b, c), T_##d a3
#define P5(a, b, c, d, e) P4(a, b, c, d), T_##e a4
#define P6(a, b, c, d, e, f) P5(a, b, c, d, e), T_##f a5
#define V0 0, 0, 0, 0, 0, 0
#define V1 (long)a0, 0, 0, 0, 0, 0
#define V2 (long)a0, (long)a1, 0, 0, 0, 0
#define V3 (long)a0, (long)a1, (long)a2, 0, 0, 0
#define V4 (long)a0, (long)a1, (long)a2, (long)a3, 0, 0
#define V5 (long)a0, (long)a1, (long)a2, (long)a3, (long)a4, 0
#define V6 (long)a0, (long)a1, (long)a2, (long)a3, (long)a4, (long)a5
#define HOOK(name, parameters, values) \
	ZC_EXPORT int name(parameters) \
	{ \
		return (int)zc_ret(zc_call(ZC_CALLER, ZC_ID_##name, values)); \
	}
#define UNPACK(...) __VA_ARGS__
#define HOOK0(name) HOOK(name, P0, V0)
#define HOOK1(name, ...) HOOK(name, UNPACK(P1(__VA_ARGS__)), V1)
#define HOOK2(name, ...) HOOK(name, UNPACK(P2(__VA_ARGS__)), V2)
#define HOOK3(name, ...) HOOK(name, UNPACK(P3(__VA_ARGS__)), V3)
#define HOOK4(name, ...) HOOK(name, UNPACK(P4(__VA_ARGS__)), V4)
#define HOOK5(name, ...) HOOK(name, UNPACK(P5(__VA_ARGS__)), V5)
#define HOOK6(name, ...) HOOK(name, UNPACK(P6(__VA_ARGS__)), V6)
#define PICK(_0, _1, _2, _3, _4, _5, _6, which, ...) which
#define ZC_HOOKED_CALL(name, class, op, nr64, nr32, ...) \
	PICK(_0, ##__VA_ARGS__, HOOK6, HOOK5, HOOK4, HOOK3, HOOK2, HOOK1, HOOK0) \
	(name, ##__VA_ARGS__)
#include "core/calls.def"

/* ---- by hand ---- */

ZC_EXPORT int umount(const char *path)
{
	return (int)zc_ret(zc_call(ZC_CALLER, ZC_ID_umount2, (long)path, 0, 0, 0, 0, 0));
}

ZC_EXPORT int remove(const char *path)
{
	long result = zc_call(ZC_CALLER, ZC_ID_unlink, (long)path, 0, 0, 0, 0, 0);

	if (result == -EISDIR)
		result = zc_call(ZC_CALLER, ZC_ID_rmdir, (long)path, 0, 0, 0, 0, 0);
	return (int)zc_ret(result);
}

ZC_EXPORT int mkfifo(const char *path, mode_t mode)
{
	return (int)zc_ret(
		zc_call(ZC_CALLER, ZC_ID_mknod, (long)path, (long)(mode | S_IFIFO), 0, 0, 0, 0));
}

ZC_EXPORT int mkfifoat(int dirfd, const char *path, mode_t mode)
{
	return (int)zc_ret(zc_call(ZC_CALLER, ZC_ID_mknodat, dirfd, (long)path,
				   (long)(mode | S_IFIFO), 0, 0, 0));
}

/* What old programs call for mknod: version 1 or 0, the device behind a pointer. */
int __xmknod(int version, const char *path, mode_t mode, dev_t *device);
ZC_EXPORT int __xmknod(int version, const char *path, mode_t mode, dev_t *device)
{
	if (version > 1)
		return (int)zc_ret(-EINVAL);
	return (int)zc_ret(
		zc_call(ZC_CALLER, ZC_ID_mknod, (long)path, (long)mode, (long)*device, 0, 0, 0));
}

int __xmknodat(int version, int dirfd, const char *path, mode_t mode, dev_t *device);
ZC_EXPORT int __xmknodat(int version, int dirfd, const char *path, mode_t mode, dev_t *device)
{
	if (version > 1)
		return (int)zc_ret(-EINVAL);
	return (int)zc_ret(zc_call(ZC_CALLER, ZC_ID_mknodat, dirfd, (long)path, (long)mode,
				   (long)*device, 0, 0));
}

/* fchmodat2 came with Linux 6.6; without flags the old call does, with them libc knows a way. */
ZC_EXPORT int fchmodat(int dirfd, const char *path, mode_t mode, int flags)
{
	int (*real)(int, const char *, mode_t, int);
	int error;

	if (!flags)
		return (int)zc_ret(
			zc_call(ZC_CALLER, ZC_ID_fchmodat, dirfd, (long)path, (long)mode, 0, 0, 0));
	error = zc_ask(ZC_CALLER, ZC_ID_fchmodat2, dirfd, (long)path, (long)mode, flags, 0, 0);
	if (error)
		return (int)zc_ret(error);
	real = zc_next("fchmodat");
	return real ? real(dirfd, path, mode, flags) : (int)zc_ret(-ENOSYS);
}

ZC_EXPORT int lchmod(const char *path, mode_t mode)
{
	int (*real)(const char *, mode_t) = zc_next("lchmod");
	int error = zc_ask(ZC_CALLER, ZC_ID_fchmodat2, AT_FDCWD, (long)path, (long)mode,
			   AT_SYMLINK_NOFOLLOW, 0, 0);

	return error || !real ? (int)zc_ret(error ? error : -ENOSYS) : real(path, mode);
}

ZC_EXPORT int utime(const char *path, const struct utimbuf *times)
{
	return (int)zc_ret(zc_call(ZC_CALLER, ZC_ID_utime, (long)path, (long)times, 0, 0, 0, 0));
}

ZC_EXPORT int utimes(const char *path, const struct timeval times[2])
{
	return (int)zc_ret(zc_call(ZC_CALLER, ZC_ID_utimes, (long)path, (long)times, 0, 0, 0, 0));
}

ZC_EXPORT int futimesat(int dirfd, const char *path, const struct timeval times[2])
{
	return (int)zc_ret(
		zc_call(ZC_CALLER, ZC_ID_futimesat, dirfd, (long)path, (long)times, 0, 0, 0));
}

/* Microseconds to the nanoseconds of utimensat; -EINVAL as libc has it. */
static int to_nanoseconds(const struct timeval *from, struct timespec to[2])
{
	for (unsigned i = 0; i < 2; i++) {
		if (from[i].tv_usec < 0 || from[i].tv_usec >= 1000000)
			return -EINVAL;
		to[i] = (struct timespec){ from[i].tv_sec, from[i].tv_usec * 1000 };
	}
	return 0;
}

static int set_times(const void *caller, int dirfd, const char *path, const struct timeval *times,
		     int flags)
{
	struct timespec fine[2];
	int error = times ? to_nanoseconds(times, fine) : 0;

	if (error)
		return (int)zc_ret(error);
	return (int)zc_ret(zc_call(caller, ZC_ID_utimensat, dirfd, (long)path,
				   times ? (long)fine : 0, flags, 0, 0));
}

ZC_EXPORT int lutimes(const char *path, const struct timeval times[2])
{
	return set_times(ZC_CALLER, AT_FDCWD, path, times, AT_SYMLINK_NOFOLLOW);
}

ZC_EXPORT int futimes(int fd, const struct timeval times[2])
{
	return fd < 0 ? (int)zc_ret(-EBADF) : set_times(ZC_CALLER, fd, NULL, times, 0);
}

ZC_EXPORT int utimensat(int dirfd, const char *path, const struct timespec times[2], int flags)
{
	if (zc_is_null(path)) /* only futimens may leave it out; the raw call would act on dirfd */
		return (int)zc_ret(-EINVAL);
	return (int)zc_ret(
		zc_call(ZC_CALLER, ZC_ID_utimensat, dirfd, (long)path, (long)times, flags, 0, 0));
}

ZC_EXPORT int futimens(int fd, const struct timespec times[2])
{
	if (fd < 0)
		return (int)zc_ret(-EBADF);
	return (int)zc_ret(zc_call(ZC_CALLER, ZC_ID_utimensat, fd, 0, (long)times, 0, 0, 0));
}

/* Only the requests that change a file are judged; the rest costs one comparison. */
ZC_EXPORT int ioctl(int fd, unsigned long request, ...)
{
	va_list list;
	long argument;

	va_start(list, request);
	argument = va_arg(list, long);
	va_end(list);
	if ((uint32_t)request == 0x40086602u || (uint32_t)request == 0x40046602u ||
	    (uint32_t)request == 0x401c5820u)
		return (int)zc_ret(
			zc_call(ZC_CALLER, ZC_ID_ioctl, fd, (long)request, argument, 0, 0, 0));
	if (zc_ioctl_sets_owner((uint32_t)request))
		return (int)zc_ret(zc_call_on_process(ZC_CALLER, ZC_ID_ioctl, fd, (long)request,
						      argument, 0, 0, 0));
	return (int)zc_ret(zc_sys3(__NR_ioctl, fd, (long)request, argument));
}

ZC_TWIN(truncate64, truncate)
