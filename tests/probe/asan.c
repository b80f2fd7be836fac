/* SPDX-License-Identifier: MIT */
/*
 * asan.c - a program built with AddressSanitizer, which wants to be first in LD_PRELOAD and checks leaks at exit.
 *
 * flavours: asan
 * policy: --deny-read=$T/vault
 * args: $T/vault/secret $T/open/file
 * expect: denied: EACCES; allowed: OK; quiet; violation $T/vault/secret; exit 2
 */
#include "probe.h"

int main(int argc, char **argv)
{
	char *copy = strdup(argv[1]);

	say_open("denied", copy);
	say_open("allowed", argv[2]);
	free(copy);
	return 0;
}
