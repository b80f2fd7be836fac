/* SPDX-License-Identifier: MIT */
/*
 * numbers.c - descriptors get the lowest free number, through links and after refusals too.
 *
 * policy: --deny-read=$T/vault
 * args: $T
 * expect: plain 3; link 4; created 5; reused 4; after a refusal 6; fopen 7; dup 8; opendir 9; exit 2
 */
#include <dirent.h>

#include "probe.h"

static int show(const char *what, int fd)
{
	printf("%s %d\n", what, fd);
	return fd;
}

int main(int argc, char **argv)
{
	int link_fd;

	if (chdir(argv[1]) < 0)
		return 98;
	show("plain", open("open/file", O_RDONLY));
	link_fd = show("link", open("open/harmless", O_RDONLY));
	show("created", open("open/made", O_RDWR | O_CREAT, 0600));
	close(link_fd);
	show("reused", open("open/harmless", O_RDONLY));
	(void)!open("vault/secret", O_RDONLY);
	(void)!open("open/link", O_RDONLY);
	show("after a refusal", open("open/file", O_RDONLY | O_CLOEXEC));
	show("fopen", fileno(fopen("open/file", "r")));
	show("dup", dup(1));
	show("opendir", dirfd(opendir("open")));
	return 0;
}
