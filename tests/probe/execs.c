/* SPDX-License-Identifier: MIT */
/*
 * execs.c - the policy follows every way to start a program, with whatever environment.
 *
 * policy: --deny-read=$T/vault
 * args: null-envp $T/vault/secret
 * expect: after null-envp: EACCES; violation $T/vault/secret; exit 2
 * args: empty-envp $T/vault/secret
 * expect: after empty-envp: EACCES; violation $T/vault/secret; exit 2
 * args: clearenv $T/vault/secret
 * expect: after clearenv: EACCES; violation $T/vault/secret; exit 2
 * args: vfork $T/vault/secret
 * expect: after vfork: EACCES; violation $T/vault/secret; exit 2
 * args: spawn $T/vault/secret
 * expect: after spawn: EACCES; violation $T/vault/secret; exit 2
 * args: system $T/vault/secret
 * expect: after system: EACCES; violation $T/vault/secret; exit 2
 * args: popen $T/vault/secret
 * expect: after popen: EACCES; violation $T/vault/secret; exit 2
 * args: fexecve $T/vault/secret
 * expect: after fexecve: EACCES; violation $T/vault/secret; exit 2
 * args: memfd $T/vault/secret
 * expect: after memfd: EACCES; violation $T/vault/secret; exit 2
 * args: thread $T/vault/secret
 * expect: after thread: EACCES; violation $T/vault/secret; exit 2
 */
#include <pthread.h>
#include <spawn.h>
#include <sys/mman.h>

#include "probe.h"

static char **self; /* argv of what is started: this program, "after WAY" and the path */
static char *const none[] = { NULL };

static void *start(void *unused)
{
	execve(self[0], self, none);
	return unused;
}

static void run(const char *way)
{
	extern char **environ;
	char line[9000];
	pid_t pid;
	int fd;

	snprintf(line, sizeof(line), "exec '%s' '%s' '%s'", self[0], self[1], self[2]);
	if (!strcmp(way, "null-envp"))
		execve(self[0], self, NULL);
	if (!strcmp(way, "empty-envp"))
		execve(self[0], self, none);
	if (!strcmp(way, "clearenv") && clearenv() == 0)
		execv(self[0], self);
	if (!strcmp(way, "vfork") && (pid = vfork()) == 0) {
		execve(self[0], self, none);
		_exit(96);
	}
	if (!strcmp(way, "spawn"))
		posix_spawn(&pid, self[0], NULL, NULL, self, none);
	if (!strcmp(way, "system"))
		(void)!system(line);
	if (!strcmp(way, "popen")) {
		unsetenv("LD_PRELOAD");
		pclose(popen(line, "w"));
	}
	if (!strcmp(way, "fexecve"))
		fexecve(open(self[0], O_RDONLY | O_CLOEXEC), self, environ);
	if (!strcmp(way, "memfd")) {
		int to = memfd_create("copy", MFD_CLOEXEC);
		ssize_t n;

		fd = open(self[0], O_RDONLY | O_CLOEXEC);
		while ((n = read(fd, line, sizeof(line))) > 0)
			(void)!write(to, line, (size_t)n);
		fexecve(to, self, none);
	}
	if (!strcmp(way, "thread")) {
		pthread_t thread;

		pthread_create(&thread, NULL, start, NULL);
		pthread_join(thread, NULL);
	}
	while (wait(NULL) > 0)
		;
}

int main(int argc, char **argv)
{
	char label[64], *again[4] = { argv[0], label, argv[2], NULL };

	if (!strncmp(argv[1], "after ", 6))
		return say_open(argv[1], argv[2]), 0;
	snprintf(label, sizeof(label), "after %s", argv[1]);
	self = again;
	run(argv[1]);
	return 0;
}
