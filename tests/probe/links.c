/* SPDX-License-Identifier: MIT */
/*
 * links.c - other names for the same file are judged where they lead.
 *
 * policy: --deny-read=$T/vault
 * args: $T
 * expect: link: EACCES; link in the middle: EACCES; dot-dot: EACCES; relative: EACCES; fchdir: EACCES;
 * expect: proc cwd: EACCES; dirfd: EACCES; nofollow: ELOOP; dot-dot after link: EACCES; O_PATH then proc: EACCES;
 * expect: violation $T/vault/secret; no violation $T/open/link; exit 2
 */
#include "probe.h"

int main(int argc, char **argv)
{
	char fd_name[64];
	int fd;

	if (chdir(argv[1]) < 0)
		return 98;
	say_open("link", "open/link");
	say_open("link in the middle", "open/vault/secret");
	say_open("dot-dot", "open/../vault/secret");
	say_open("dot-dot after link", "open/vault/dir/../secret");
	say_open("proc cwd", "/proc/self/cwd/vault/secret");
	say("nofollow", open("open/link", O_RDONLY | O_NOFOLLOW));
	fd = open("vault", O_PATH | O_DIRECTORY);
	say("dirfd", openat(fd, "secret", O_RDONLY));
	if (fchdir(fd) < 0)
		return 98;
	say_open("fchdir", "secret");
	if (chdir(argv[1]) < 0 || chdir("vault") < 0)
		return 98;
	say_open("relative", "secret");
	fd = open("secret", O_PATH);
	snprintf(fd_name, sizeof(fd_name), "/proc/self/fd/%d", fd);
	say_open("O_PATH then proc", fd_name);
	return 0;
}
