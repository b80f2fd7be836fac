/* SPDX-License-Identifier: MIT */
/*
 * ifunc.c - a hook called from an IFUNC resolver, while ld.so is still relocating the program.
 *
 * flavours: dynamic
 * policy: --deny-read=$T/vault
 * args: $T/vault/secret
 * expect: in the resolver: EACCES; main: EACCES; violation $T/vault/secret; exit 2
 */
#include <sys/syscall.h>

#include "probe.h"

static int came = -2;
static char path[4096];

/* argv is not there yet: read it from the kernel, with the few functions that are bound already. */
static int first(void)
{
	return came;
}

static int (*resolve(void))(void)
{
	char *at = path;
	int fd = open("/proc/self/cmdline", O_RDONLY);
	long len = read(fd, path, sizeof(path) - 1);

	close(fd);
	while (len > 0 && *at)
		at++;
	fd = open(at + 1, O_RDONLY);
	came = fd >= 0 ? 0 : errno;
	if (fd >= 0)
		close(fd);
	return first;
}

int asked(void) __attribute__((ifunc("resolve")));

int main(int argc, char **argv)
{
	int error = asked();

	errno = error;
	say("in the resolver", error ? -1 : 0);
	say_open("main", argv[1]);
	return 0;
}
