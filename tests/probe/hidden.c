/* SPDX-License-Identifier: MIT */
/*
 * hidden.c - a path that the kernel can read and nobody else: refused, and recorded as unreadable.
 *
 * modes: trace
 * policy: --deny-read=$T/vault
 * flavours: dynamic static
 * args: secretmem $T
 * expect: hidden path: EACCES; behind a file: EFAULT; exit 2
 * args: writable $T
 * expect: hidden path: EACCES; behind a file: EFAULT; exit 2
 */
#include <sys/mman.h>
#include <sys/syscall.h>

#include "probe.h"

#ifndef SYS_memfd_secret
#define SYS_memfd_secret 447
#endif

/* NULL: this kernel has no such memory. */
static char *secret_memory(void)
{
	int fd = (int)syscall(SYS_memfd_secret, 0);
	char *at;

	if (fd < 0 || ftruncate(fd, 4096) < 0)
		return NULL;
	at = mmap(NULL, 4096, PROT_READ | PROT_WRITE, MAP_SHARED, fd, 0);
	return at == MAP_FAILED ? NULL : at;
}

int main(int argc, char **argv)
{
	char *at = secret_memory(), file[300];
	int fd;

	if (!at || !strcmp(argv[1], "writable"))
		at = mmap(NULL, 4096, PROT_WRITE, MAP_PRIVATE | MAP_ANONYMOUS, -1, 0);
	sprintf(at, "%s/vault/secret", argv[2]);
	say("hidden path", open(at, O_RDONLY));
	sprintf(file, "%s/open/file", argv[2]);
	fd = open(file, O_RDONLY);
	at = mmap(NULL, 8192, PROT_READ, MAP_PRIVATE, fd, 0);
	say("behind a file", open(at + 4096, O_RDONLY)); /* there is no page to read */
	return 0;
}
