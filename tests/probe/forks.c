/* SPDX-License-Identifier: MIT */
/*
 * forks.c - a thousand children, each refused once, are counted exactly.
 *
 * policy: --deny-read=$T/vault
 * args: $T/vault/secret
 * expect: 1000 refused: OK; count 1000 $T/vault/secret; verdict violations; exit 2
 */
#include "probe.h"

int main(int argc, char **argv)
{
	int status, refused = 0;

	for (int i = 0; i < 1000; i++) {
		pid_t pid = fork();

		if (pid == 0)
			_exit(open(argv[1], O_RDONLY) < 0 && errno == EACCES);
		if (pid < 0 || waitpid(pid, &status, 0) != pid)
			return 98;
		refused += WEXITSTATUS(status);
	}
	errno = EINVAL;
	say("1000 refused", refused == 1000 ? 0 : -1);
	return 0;
}
