/* SPDX-License-Identifier: MIT */
/*
 * gone.c - a working directory that was removed, and one that cannot be named.
 *
 * policy: --deny-read=$T/vault
 * args: $T
 * expect: relative: ENOENT; dot: OK; absolute: EACCES; up and down: ENOENT; violation $T/vault/secret; exit 2
 */
#include "probe.h"

int main(int argc, char **argv)
{
	char denied[4096];

	snprintf(denied, sizeof(denied), "%s/vault/secret", argv[1]);
	if (chdir(argv[1]) < 0 || mkdir("open/going", 0700) < 0 || chdir("open/going") < 0 ||
	    rmdir("../going") < 0)
		return 98;
	say_open("relative", "x");
	say_open("dot", ".");
	say_open("up and down", "../going/x");
	say_open("absolute", denied);
	return 0;
}
