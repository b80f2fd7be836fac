/* SPDX-License-Identifier: MIT */
/*
 * main.c - zctrace: trace a command from outside. Not built yet, and it says so.
 *
 * The tracer will see what no code inside a process can: static programs, raw system calls, other
 * ABIs. Until it is there, the answer is 125, never something weaker under the same name.
 */
#include <stdio.h>
#include <string.h>

#include "core/base.h"

int main(int argc, char **argv)
{
	if (argc == 2 && strcmp(argv[1], "--version") == 0) {
		puts("zctrace (ZenCube) " ZC_VERSION);
		return 0;
	}
	if (argc == 2 && (strcmp(argv[1], "--help") == 0 || strcmp(argv[1], "-h") == 0)) {
		puts("usage: zctrace [POLICY ...] [--] COMMAND [ARGUMENT ...]\n"
		     "\n"
		     "Traces COMMAND from outside its processes. Not built yet: it answers 125.\n"
		     "zcwrap runs COMMAND under the policy with the shim inside.");
		return 0;
	}
	fputs("zctrace: not built yet; use zcwrap\n", stderr);
	return 125;
}
