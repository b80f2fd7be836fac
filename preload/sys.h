/* SPDX-License-Identifier: MIT */
/*
 * sys.h - system calls without libc: they return -errno and touch nothing else.
 */
#ifndef ZC_PRELOAD_SYS_H
#define ZC_PRELOAD_SYS_H

#include <asm/unistd.h>
#include <stdint.h>

#ifndef __x86_64__
#error "the shim knows x86-64 only"
#endif

#ifndef __NR_fchmodat2
#define __NR_fchmodat2 452
#endif

static inline long zc_sys6(long nr, long a, long b, long c, long d, long e, long f)
{
	long ret;
	register long r10 __asm__("r10") = d;
	register long r8 __asm__("r8") = e;
	register long r9 __asm__("r9") = f;

	__asm__ volatile("syscall"
			 : "=a"(ret)
			 : "a"(nr), "D"(a), "S"(b), "d"(c), "r"(r10), "r"(r8), "r"(r9)
			 : "rcx", "r11", "memory");
	return ret;
}

static inline long zc_sys4(long nr, long a, long b, long c, long d)
{
	long ret;
	register long r10 __asm__("r10") = d;

	__asm__ volatile("syscall"
			 : "=a"(ret)
			 : "a"(nr), "D"(a), "S"(b), "d"(c), "r"(r10)
			 : "rcx", "r11", "memory");
	return ret;
}

static inline long zc_sys3(long nr, long a, long b, long c)
{
	long ret;

	__asm__ volatile("syscall"
			 : "=a"(ret)
			 : "a"(nr), "D"(a), "S"(b), "d"(c)
			 : "rcx", "r11", "memory");
	return ret;
}

static inline long zc_sys2(long nr, long a, long b)
{
	return zc_sys3(nr, a, b, 0);
}

static inline long zc_sys1(long nr, long a)
{
	return zc_sys3(nr, a, 0, 0);
}

static inline long zc_sys0(long nr)
{
	return zc_sys3(nr, 0, 0, 0);
}

static inline long zc_sys_close(int fd)
{
	return zc_sys1(__NR_close, fd);
}

static inline long zc_sys_openat(int dirfd, const char *path, long flags, long mode)
{
	return zc_sys4(__NR_openat, dirfd, (long)path, flags, mode);
}

static inline long zc_sys_readlinkat(int dirfd, const char *path, char *buffer, unsigned long cap)
{
	return zc_sys4(__NR_readlinkat, dirfd, (long)path, (long)buffer, (long)cap);
}

static inline int zc_sys_getpid(void)
{
	return (int)zc_sys0(__NR_getpid);
}

#endif
