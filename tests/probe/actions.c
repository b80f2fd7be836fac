/* SPDX-License-Identifier: MIT */
/*
 * actions.c - file actions are judged as they will be in the child, and do not close what is ours.
 *
 * modes: shim
 * flavours: dynamic fortified lfs
 * policy: --deny-read=$T/vault --deny-run=$T/vault
 * args: replaced $T/open $T/vault
 * expect: spawned: EACCES; violation $T/vault/secret; exit 2
 * args: full $T/open $T/vault
 * expect: spawned: EMFILE; exit 0
 * args: closefrom $T/open $T/vault
 * expect: spawned: OK; allowed: OK; denied: EACCES; violation $T/vault/secret; exit 2
 * args: close $T/open $T/vault
 * expect: spawned: OK; allowed: OK; denied: EACCES; violation $T/vault/secret; exit 2
 */
#include <spawn.h>

#include "probe.h"

extern char **environ;

static char *in(const char *directory, const char *name)
{
	char *path = malloc(300);

	snprintf(path, 300, "%s/%s", directory, name);
	return path;
}

int main(int argc, char **argv)
{
	char *child[] = { argv[0], "child", argv[2], argv[3], NULL };
	const char *program = argv[0];
	posix_spawn_file_actions_t actions;
	int directory = open(argv[2], O_RDONLY | O_DIRECTORY);
	pid_t pid;

	if (!strcmp(argv[1], "child")) {
		say_open("allowed", in(argv[2], "file"));
		say_open("denied", in(argv[3], "secret"));
		return 0;
	}
	posix_spawn_file_actions_init(&actions);
	if (!strcmp(argv[1], "replaced")) { /* a number that is another directory by then */
		posix_spawn_file_actions_addopen(&actions, 50, argv[3], O_PATH, 0);
		posix_spawn_file_actions_adddup2(&actions, 50, directory);
		posix_spawn_file_actions_addfchdir_np(&actions, directory);
		posix_spawn_file_actions_addopen(&actions, 51, "secret", O_RDONLY, 0);
	}
	if (!strcmp(argv[1], "closefrom"))
		posix_spawn_file_actions_addclosefrom_np(&actions, 3);
	for (int fd = 3; fd < 1024 && !strcmp(argv[1], "close"); fd++)
		posix_spawn_file_actions_addclose(&actions, fd);
	if (!strcmp(argv[1], "full")) {
		program = in(argv[3], "prog");
		while (open("/dev/null", O_RDONLY | O_CLOEXEC) >= 0)
			;
	}
	errno = posix_spawn(&pid, program, &actions, NULL, child, environ);
	if (!errno)
		waitpid(pid, NULL, 0);
	say("spawned", errno ? -1 : 0);
	return 0;
}
