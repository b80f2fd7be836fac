/* SPDX-License-Identifier: MIT */
/*
 * memories.c - a process that shares no memory as threads do, and whose calls change under way all the same.
 *
 * modes: trace sealed hybrid
 * races: another process runs against the judge
 * flavours: dynamic static
 * policy: --deny-read=$T/vault --deny-write=$T/open/file
 * args: written $T
 * expect: never the secret: OK
 * args: mapped $T
 * expect: never the secret: OK
 * args: shown $T
 * expect: never the secret: OK
 * args: directory $T
 * expect: never the secret: OK
 * args: how $T
 * expect: never the secret: OK
 */
#include <linux/openat2.h>
#include <pthread.h>
#include <sched.h>
#include <signal.h>
#include <sys/mman.h>
#include <sys/syscall.h>
#include <time.h>

#include "probe.h"

static char own[256], harmless[256], secret[256], *path = own;
static ino_t secret_inode;
static struct open_how how = { .flags = O_RDONLY };

/* Tries until it has the secret, is ended for it, or time is up. Returns 1 when it has it. */
static int victim(const char *what)
{
	time_t end = time(NULL) + 2;
	struct stat st;

	while (time(NULL) < end) {
		int fd = !strcmp(what, "how")
				 ? (int)syscall(SYS_openat2, AT_FDCWD, harmless, &how, sizeof(how))
				 : (int)syscall(SYS_openat, AT_FDCWD, path, O_RDONLY);

		if (fd >= 0 &&
		    (!strcmp(what, "how") ? write(fd, "h", 1) == 1
					  : fstat(fd, &st) == 0 && st.st_ino == secret_inode))
			return 1;
		if (fd >= 0)
			close(fd);
	}
	return 0;
}

static void *change_how(void *unused)
{
	for (;;) {
		__atomic_store_n(&how.flags, O_RDONLY, __ATOMIC_RELAXED);
		__atomic_store_n(&how.flags, O_RDWR, __ATOMIC_RELAXED);
	}
	return unused;
}

static void change(const char *what, pid_t child)
{
	char name[64], place[256];
	int mem;

	snprintf(name, sizeof(name), "/proc/%d/mem", child);
	mem = open(name, O_RDWR);
	while (waitpid(child, NULL, WNOHANG) == 0) {
		for (int i = 0; i < 200; i++) {
			const char *to = i & 1 ? secret : harmless;

			if (!strcmp(what, "written")) {
				pwrite(mem, to, sizeof(own), (off_t)(long)own);
			} else if (!strcmp(what, "mapped") || !strcmp(what, "shown")) {
				memcpy(path, to, sizeof(own));
			} else {
				snprintf(place, sizeof(place), "%s", to);
				*strrchr(place, '/') = '\0';
				chdir(place);
			}
		}
	}
}

/* A file that both map: one to write what the other, who only may read it, says that it opens. */
static char *map_file(const char *name, int flags, int protection)
{
	int fd = open(name, flags | O_CLOEXEC, 0600);
	char *at;

	if (fd < 0 || (flags & O_CREAT && ftruncate(fd, 4096) < 0))
		exit(97);
	at = mmap(NULL, 4096, protection, MAP_SHARED, fd, 0);
	close(fd);
	return at;
}

int main(int argc, char **argv)
{
	int *got = mmap(NULL, 4096, PROT_READ | PROT_WRITE, MAP_SHARED | MAP_ANONYMOUS, -1, 0);
	const char *what = argv[1];
	char shown[256];
	long flags = !strcmp(what, "directory") ? CLONE_FS | SIGCHLD : SIGCHLD;
	pthread_t thread;
	struct stat st;
	pid_t child;

	snprintf(harmless, sizeof(harmless), "%s/open/file", argv[2]);
	snprintf(secret, sizeof(secret), "%s/vault/secret", argv[2]);
	if (stat(secret, &st) < 0)
		return 98;
	secret_inode = st.st_ino;
	if (!strcmp(what, "mapped"))
		path = mmap(NULL, 4096, PROT_READ | PROT_WRITE, MAP_SHARED | MAP_ANONYMOUS, -1, 0);
	snprintf(shown, sizeof(shown), "%s/open/shown", argv[2]);
	if (!strcmp(what, "shown"))
		path = map_file(shown, O_RDWR | O_CREAT, PROT_READ | PROT_WRITE);
	/* Of the first write nobody knows before it was made: it finds no call under way. */
	strcpy(path, strcmp(what, "written") != 0 ? harmless : "");
	if (!strcmp(what, "directory"))
		strcpy(path, "secret");
	child = (pid_t)syscall(SYS_clone, flags, 0, 0, 0, 0);
	if (child == 0) {
		if (!strcmp(what, "how"))
			pthread_create(&thread, NULL, change_how, NULL);
		if (!strcmp(what, "shown"))
			path = map_file(shown, O_RDONLY, PROT_READ);
		*got = victim(what);
		_exit(0);
	}
	if (strcmp(what, "how") != 0)
		change(what, child);
	else
		waitpid(child, NULL, 0);
	say("never the secret", *got ? (errno = EPERM, -1) : 0);
	return 0;
}
