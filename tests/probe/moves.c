/* SPDX-License-Identifier: MIT */
/*
 * moves.c - what is denied cannot be carried out of reach of its rule.
 *
 * policy: --deny-read=$T/vault --allow-write=$T --allow-write=/dev
 * args: $T
 * expect: rename it: EACCES; rename its directory: EACCES; link it: EACCES; rename an ancestor: EACCES;
 * expect: read after: EACCES; a plain rename: OK; exit 2
 */
#include "probe.h"

int main(int argc, char **argv)
{
	if (chdir(argv[1]) < 0)
		return 98;
	say("rename it", rename("vault/secret", "open/taken"));
	say("rename its directory", rename("vault", "taken"));
	say("link it", link("vault/secret", "open/taken"));
	if (chdir("..") < 0)
		return 98;
	say("rename an ancestor", rename(argv[1], "zc-probe-taken"));
	if (chdir(argv[1]) < 0) { /* bare, it has moved: put it back */
		if (rename("zc-probe-taken", argv[1]) < 0 || chdir(argv[1]) < 0)
			return 98;
	}
	say_open("read after", "vault/secret");
	say("a plain rename", rename("open/file", "open/other"));
	return 0;
}
