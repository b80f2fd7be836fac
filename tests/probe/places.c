/* SPDX-License-Identifier: MIT */
/*
 * places.c - where a relative path starts may change behind libc's back: it is judged from where it starts.
 *
 * In mode hybrid the shim remembers what directories are called. Here they are changed, put in each other's
 * place and renamed by system calls that it does not see.
 *
 * modes: traced
 * policy: --deny-read=$T/vault --allow-write=$T
 * args: $T
 * expect: relative: OK; again: OK; after a raw chdir: EACCES; after a raw fchdir: OK;
 * expect: from a descriptor: OK; and again: OK; after a raw dup2: EACCES;
 * expect: a number used before: OK; used again: EACCES; before a raw rename: OK; after a raw rename: EACCES;
 * expect: violation $T/vault/secret; violation $T/vault/again/f; violation $T/vault/moved/f; exit 2
 */
#include <sys/syscall.h>

#include "probe.h"

/* libc's syscall() is hooked, too. */
static long raw(long nr, long a, long b)
{
	long result;

#ifdef __i386__
	__asm__ volatile("int $0x80" : "=a"(result) : "a"(nr), "b"(a), "c"(b) : "memory");
#else
	__asm__ volatile("syscall"
			 : "=a"(result)
			 : "a"(nr), "D"(a), "S"(b)
			 : "rcx", "r11", "memory");
#endif
	return result;
}

static void say_openat(const char *what, int dirfd, const char *path)
{
	int fd = openat(dirfd, path, O_RDONLY | O_CLOEXEC);

	say(what, fd);
	if (fd >= 0)
		close(fd);
}

static void make(const char *directory)
{
	char path[512];
	int fd;

	snprintf(path, sizeof(path), "%s/f", directory);
	if (mkdir(directory, 0700) < 0 || (fd = open(path, O_WRONLY | O_CREAT, 0600)) < 0)
		exit(96);
	close(fd);
}

static int hold(const char *directory)
{
	int fd = open(directory, O_PATH | O_DIRECTORY);

	if (fd < 0)
		exit(95);
	return fd;
}

int main(int argc, char **argv)
{
	int open_dir, held, vault;

	if (chdir(argv[1]) < 0)
		return 98;
	open_dir = hold("open"), vault = hold("vault");
	if (chdir("open") < 0)
		return 98;
	say_open("relative", "file");
	say_open("again", "file");
	raw(SYS_chdir, (long)"../vault", 0);
	say_open("after a raw chdir", "secret");
	raw(SYS_fchdir, open_dir, 0);
	say_open("after a raw fchdir", "file");

	held = open(".", O_RDONLY | O_DIRECTORY);
	say_openat("from a descriptor", held, "file");
	say_openat("and again", held, "file");
	raw(SYS_dup2, vault, held);
	say_openat("after a raw dup2", held, "secret");

	/* Most file systems give the number of a removed directory to the next that is made. */
	make("gone");
	held = hold("gone");
	say_openat("a number used before", held, "f");
	close(held);
	if (unlink("gone/f") < 0 || rmdir("gone") < 0)
		return 94;
	make("../vault/again");
	say_openat("used again", hold("../vault/again"), "f");

	make("moving");
	if (chdir("moving") < 0)
		return 98;
	say_open("before a raw rename", "f");
	raw(SYS_rename, (long)"../moving", (long)"../../vault/moved");
	say_open("after a raw rename", "f");
	return 0;
}
