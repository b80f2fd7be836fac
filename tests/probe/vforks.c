/* SPDX-License-Identifier: MIT */
/*
 * vforks.c - hooks in a vfork child, which lives in its parent's memory.
 *
 * policy: --deny-read=$T/vault
 * args: $T/vault/secret $T/open/file
 * expect: child: EACCES; child allowed: OK; parent: EACCES; parent allowed: OK; violation $T/vault/secret; exit 2
 */
#include "probe.h"

int main(int argc, char **argv)
{
	int status = 0;
	pid_t pid = vfork();

	if (pid == 0) {
		say_open("child", argv[1]);
		say_open("child allowed", argv[2]);
		_exit(0);
	}
	waitpid(pid, &status, 0);
	say_open("parent", argv[1]);
	say_open("parent allowed", argv[2]);
	return status;
}
