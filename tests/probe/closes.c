/* SPDX-License-Identifier: MIT */
/*
 * closes.c - a program that closes every descriptor it does not know is still seen.
 *
 * policy: --deny-read=$T/vault
 * args: close $T/vault/secret
 * expect: after: EACCES; violation $T/vault/secret; exit 2
 * args: closefrom $T/vault/secret
 * expect: after: EACCES; violation $T/vault/secret; exit 2
 * args: close_range $T/vault/secret
 * expect: after: EACCES; violation $T/vault/secret; exit 2
 * args: cloexec $T/vault/secret
 * expect: after: EACCES; violation $T/vault/secret; exit 2
 * args: dup2 $T/vault/secret
 * expect: after: EACCES; violation $T/vault/secret; exit 2
 * args: exec $T/vault/secret
 * expect: after: EACCES; violation $T/vault/secret; exit 2
 */
#include <sys/syscall.h>

#include "probe.h"

int main(int argc, char **argv)
{
	if (!strcmp(argv[1], "close") || !strcmp(argv[1], "exec"))
		for (int fd = 3; fd < 4096; fd++)
			close(fd);
	if (!strcmp(argv[1], "closefrom") || !strcmp(argv[1], "close_range"))
#ifdef __GLIBC__
		!strcmp(argv[1], "closefrom") ? closefrom(3) : (void)close_range(3, ~0u, 0);
#else
		syscall(SYS_close_range, 3, ~0u, 0);
#endif
	if (!strcmp(argv[1], "cloexec"))
		for (int fd = 3; fd < 4096; fd++)
			fcntl(fd, F_SETFD, FD_CLOEXEC);
	if (!strcmp(argv[1], "dup2"))
		for (int fd = 3; fd < 1100; fd++)
			dup2(1, fd);
	if (!strcmp(argv[1], "exec") || !strcmp(argv[1], "cloexec"))
		return execl(argv[0], argv[0], "-", argv[2], NULL);
	say_open("after", argv[2]);
	return 0;
}
