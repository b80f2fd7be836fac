/* SPDX-License-Identifier: MIT */
/*
 * attacks.c - one way around a watcher each. Prints "WAY: OK" or "WAY: EACCES" and the like.
 *
 * usage: attacks WAY OBJECT
 *   open raw int80 libc gate   read OBJECT: by libc's open, without it, by a 32-bit call, by an open found in libc
 *                              itself, from the gate page of mode hybrid (ENXIO: there is none)
 *   create gate-create         make OBJECT, by libc or from the gate
 *   gate-truncate gate-cut     empty OBJECT, from the gate: truncate(), an open that may not write but truncates,
 *   gate-cut2                  and one of openat2()
 *   brief                      open OBJECT and close it at once
 *   stat                       ask about OBJECT
 *   descriptor                 read from descriptor OBJECT, which somebody else opened
 *   receive                    the same with one that comes over the unix socket OBJECT
 *   abstract                   connect to the abstract unix socket OBJECT
 *   unlink-race A=B            a thread exchanges the name while it is removed: A may be, B may not
 */
#include <dlfcn.h>
#include <linux/openat2.h>
#include <pthread.h>
#include <stddef.h>
#include <sys/socket.h>
#include <sys/syscall.h>
#include <sys/un.h>
#include <time.h>

#include "../probe/probe.h"

static long raw_openat(const char *path, long flags)
{
	register long mode __asm__("r10") = 0600;
	long result;

	__asm__ volatile("syscall"
			 : "=a"(result)
			 : "0"((long)SYS_openat), "D"((long)AT_FDCWD), "S"(path), "d"(flags),
			   "r"(mode)
			 : "rcx", "r11", "memory");
	return result;
}

/* The kernel reads 32 bits of the address, so the path has to lie low. */
static long open_by_int80(const char *path)
{
	static char low[4096];
	long result;

	if ((unsigned long)low >> 32)
		return -ENXIO;
	strcpy(low, path);
	__asm__ volatile("int $0x80"
			 : "=a"(result)
			 : "0"(5l), "b"((long)low), "c"(0l), "d"(0l)
			 : "r8", "r9", "r10", "r11", "memory");
	return result;
}

/* Hostile code can find the page in its own memory map, the last one of the run's file, and call it. */
static unsigned long find_gate(void)
{
	FILE *maps = fopen("/proc/self/maps", "r");
	unsigned long end, found = 0;
	char line[512], rights[8];

	while (maps && fgets(line, sizeof(line), maps))
		if (sscanf(line, "%*x-%lx %7s", &end, rights) == 2 && strchr(rights, 'x') &&
		    strstr(line, "memfd:zencube"))
			found = end - 4096;
	if (maps)
		fclose(maps);
	return found;
}

static long call_gate(long nr, long a, long b, long c, long d)
{
	unsigned long gate = find_gate();
	register long fourth __asm__("r10") = d; /* behind the call, which may use the register */
	long result;

	if (!gate)
		return -ENXIO;
	__asm__ volatile("call *%[gate]"
			 : "=a"(result)
			 : "0"(nr), "D"(a), "S"(b), "d"(c), "r"(fourth), [gate] "r"(gate)
			 : "rcx", "r11", "memory", "cc");
	return result;
}

static long open_by_gate(const char *path, long flags)
{
	return call_gate(SYS_openat, AT_FDCWD, (long)path, flags, 0600);
}

/* With its flags in memory, where no filter sees them. */
static long open2_by_gate(const char *path, long flags)
{
	struct open_how how = { .flags = (unsigned long)flags };

	return call_gate(SYS_openat2, AT_FDCWD, (long)path, (long)&how, sizeof(how));
}

static long open_by_libc_itself(const char *path)
{
	void *libc = dlopen("libc.so.6", RTLD_NOW);
	int (*its_open)(const char *, int, ...) = libc ? dlsym(libc, "open") : NULL;

	return its_open ? its_open(path, O_RDONLY) : -1;
}

static long receive(const char *path)
{
	struct sockaddr_un where = { .sun_family = AF_UNIX };
	char byte, control[CMSG_SPACE(sizeof(int))];
	struct iovec data = { &byte, 1 };
	struct msghdr message = { .msg_iov = &data,
				  .msg_iovlen = 1,
				  .msg_control = control,
				  .msg_controllen = sizeof(control) };
	int fd = socket(AF_UNIX, SOCK_STREAM, 0);

	strncpy(where.sun_path, path, sizeof(where.sun_path) - 1);
	if (connect(fd, (struct sockaddr *)&where, sizeof(where)) < 0 ||
	    recvmsg(fd, &message, 0) < 0 || !CMSG_FIRSTHDR(&message))
		return -1;
	memcpy(&fd, CMSG_DATA(CMSG_FIRSTHDR(&message)), sizeof(fd));
	return read(fd, &byte, 1) == 1 ? 0 : -1;
}

static long connect_abstract(const char *name)
{
	struct sockaddr_un where = { .sun_family = AF_UNIX };

	strncpy(where.sun_path + 1, name, sizeof(where.sun_path) - 2);
	return connect(socket(AF_UNIX, SOCK_STREAM, 0), (struct sockaddr *)&where,
		       (socklen_t)(offsetof(struct sockaddr_un, sun_path) + 1 + strlen(name)));
}

static char raced[512];
static const char *names[2];

static void *exchange(void *unused)
{
	for (unsigned turn = 0;; turn = !turn) {
		strcpy(raced, names[turn]);
		for (volatile int i = 0; i < 100; i++)
			;
	}
	return unused;
}

static long unlink_race(char *both)
{
	time_t end = time(NULL) + 4;
	pthread_t thread;
	struct stat st;

	names[0] = strtok(both, "=");
	names[1] = strtok(NULL, "=");
	strcpy(raced, names[0]);
	pthread_create(&thread, NULL, exchange, NULL);
	while (time(NULL) < end && lstat(names[1], &st) == 0) {
		unlink(raced);
		close(open(names[0], O_CREAT | O_WRONLY, 0600));
	}
	return lstat(names[1], &st) < 0 ? 0 : (errno = EACCES, -1);
}

static long as_libc_does(long result)
{
	if (result >= 0)
		return result;
	errno = (int)-result;
	return -1;
}

int main(int argc, char **argv)
{
	const char *way = argv[1];
	char *object = argv[2], byte;
	struct stat st;
	long result = -1;

	if (!strcmp(way, "open"))
		result = open(object, O_RDONLY);
	else if (!strcmp(way, "raw"))
		result = as_libc_does(raw_openat(object, O_RDONLY));
	else if (!strcmp(way, "int80"))
		result = as_libc_does(open_by_int80(object));
	else if (!strcmp(way, "libc"))
		result = open_by_libc_itself(object);
	else if (!strcmp(way, "gate"))
		result = as_libc_does(open_by_gate(object, O_RDONLY));
	else if (!strcmp(way, "create"))
		result = open(object, O_CREAT | O_WRONLY, 0600);
	else if (!strcmp(way, "raw-create"))
		result = as_libc_does(raw_openat(object, O_CREAT | O_WRONLY));
	else if (!strcmp(way, "gate-create"))
		result = as_libc_does(open_by_gate(object, O_CREAT | O_WRONLY));
	else if (!strcmp(way, "gate-truncate"))
		result = as_libc_does(call_gate(SYS_truncate, (long)object, 0, 0, 0));
	else if (!strcmp(way, "gate-cut"))
		result = as_libc_does(open_by_gate(object, O_RDONLY | O_TRUNC));
	else if (!strcmp(way, "gate-cut2"))
		result = as_libc_does(open2_by_gate(object, O_RDONLY | O_TRUNC));
	else if (!strcmp(way, "brief"))
		close((int)(result = open(object, O_RDONLY)));
	else if (!strcmp(way, "stat"))
		result = stat(object, &st);
	else if (!strcmp(way, "descriptor"))
		result = read(atoi(object), &byte, 1) == 1 ? 0 : -1;
	else if (!strcmp(way, "receive"))
		result = receive(object);
	else if (!strcmp(way, "abstract"))
		result = connect_abstract(object);
	else if (!strcmp(way, "unlink-race"))
		result = unlink_race(object);
	/* A mask can be opened by root, and shows zeros. */
	if (result >= 0 && (!strcmp(way, "open") || !strcmp(way, "gate") || !strcmp(way, "raw")) &&
	    (read((int)result, &byte, 1) != 1 || !byte))
		errno = EACCES, result = -1;
	say(way, result);
	return 0;
}
