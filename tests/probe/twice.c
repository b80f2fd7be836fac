/* SPDX-License-Identifier: MIT */
/*
 * twice.c - a variable of ours that stands in the environment twice does not loosen the next program.
 *
 * modes: shim
 * policy: --deny-read=$T/vault
 * args: $T/vault/secret
 * expect: after: EACCES; violation $T/vault/secret; exit 2; verdict violations
 */
#include "probe.h"

extern char **environ;

int main(int argc, char **argv)
{
	char *again[] = { argv[0], argv[1], "after", NULL };
	char *entries[8] = { "ZENCUBE=2:3:0:3:0:3:0:0", "PATH=/usr/bin:/bin" };
	size_t n = 2;

	if (argc > 2) {
		say_open(argv[2], argv[1]);
		return 0;
	}
	for (char **entry = environ; *entry; entry++)
		if (!strncmp(*entry, "ZENCUBE=", 8) || !strncmp(*entry, "LD_PRELOAD=", 11))
			entries[n++] = *entry;
	return execve(argv[0], again, entries);
}
