/* SPDX-License-Identifier: MIT */
/*
 * nofile.c - with no descriptor left nothing denied is opened, and what is refused is still recorded.
 *
 * more: the shim needs a descriptor to find out what is denied; without one the kernel's EMFILE comes first
 * policy: --deny-read=$T/vault
 * args: $T/vault/secret $T/open/file $T/open/link
 * expect: exhausted, allowed: EMFILE; one left: EACCES; one left, link: EACCES; lowered: EACCES;
 * expect: not exhausted, denied: OK; not exhausted, allowed: OK; violation $T/vault/secret; exit 2
 */
#include <sys/resource.h>

#include "probe.h"

int main(int argc, char **argv)
{
	struct rlimit limit = { 64, 64 };
	int last = -1, fd;

	if (setrlimit(RLIMIT_NOFILE, &limit) < 0)
		return 98;
	while ((fd = open("/dev/null", O_RDONLY)) >= 0)
		last = fd;
	say_open("exhausted, allowed", argv[2]);
	/* The kernel says EMFILE before it looks at the path; a refusal may come first. Never OK. */
	say("not exhausted, denied", open(argv[1], O_RDONLY) < 0 ? 0 : -1);
	close(last);
	say_open("one left", argv[1]);
	say_open("one left, link", argv[3]);
	say_open("not exhausted, allowed", argv[2]);
	limit = (struct rlimit){ 8, 8 };
	for (fd = 3; fd < 64; fd++)
		close(fd);
	setrlimit(RLIMIT_NOFILE, &limit);
	say_open("lowered", argv[1]);
	return 0;
}
