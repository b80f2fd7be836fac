/* SPDX-License-Identifier: MIT */
/*
 * lost.c - a program whose shim was cut off from its policy is refused what could be judged, or not.
 *
 * The descriptors are closed and the next program is started past the shim, as a static program
 * between two others might do it.
 *
 * modes: shim
 * flavours: dynamic fortified lfs static static-pie musl musl-static
 * policy: --deny-read=$T/vault
 * args: raw $T/open/file
 * expect: after: EACCES
 * policy: --deny-read=$T/vault --gap=allow
 * args: raw $T/open/file
 * expect: after: OK; exit 0
 * policy: --deny-read=$T/vault
 * args: hooked $T/vault/secret
 * expect: after: EACCES
 */
#include <sys/syscall.h>

#include "probe.h"

extern char **environ;

static long call(long nr, long a, long b, long c)
{
	long result;

	__asm__ volatile("syscall"
			 : "=a"(result)
			 : "a"(nr), "D"(a), "S"(b), "d"(c)
			 : "rcx", "r11", "memory");
	return result;
}

int main(int argc, char **argv)
{
	char *next[] = { argv[0], "-", argv[2], NULL };

	if (!strcmp(argv[1], "-")) {
		say_open("after", argv[2]);
		return 0;
	}
	call(SYS_close_range, 3, ~0u, 0);
	if (!strcmp(argv[1], "raw"))
		call(SYS_execve, (long)argv[0], (long)next, (long)environ);
	else /* the exec hook makes the image anew from its own mapping */
		execv(argv[0], next);
	return 98;
}
