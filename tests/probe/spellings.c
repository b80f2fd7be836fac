/* SPDX-License-Identifier: MIT */
/*
 * spellings.c - the everyday ways to open a file, as a compiler spells them in each flavour.
 *
 * policy: --deny-read=$T/vault
 * args: $T/vault/secret $T/vault
 * expect: open: EACCES; openat: EACCES; fopen: EACCES; freopen: EACCES; opendir: EACCES; openat in dirfd: EACCES;
 * expect: violation $T/vault/secret; violation $T/vault; verdict violations; exit 2
 */
#include <dirent.h>

#include "probe.h"

int main(int argc, char **argv)
{
	volatile int flags = O_RDONLY; /* not a constant, so that fortified builds call __open_2 */
	int up;
	DIR *dir;
	FILE *file;

	say("open", open(argv[1], flags));
	say("openat", openat(AT_FDCWD, argv[1], flags));
	file = fopen(argv[1], "r");
	say("fopen", file ? 0 : -1);
	file = freopen(argv[1], "r", stdin);
	say("freopen", file ? 0 : -1);
	dir = opendir(argv[2]);
	say("opendir", dir ? 0 : -1);
	up = open("/", O_PATH | O_DIRECTORY);
	say("openat in dirfd", openat(up, argv[1] + 1, flags));
	return 0;
}
