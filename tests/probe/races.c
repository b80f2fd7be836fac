/* SPDX-License-Identifier: MIT */
/*
 * races.c - what is allowed by one name is never opened by another that came in between.
 *
 * modes: shim
 * policy: --deny-read=$T/vault
 * args: chdir $T
 * expect: never the secret: OK
 * args: handler $T
 * expect: never the secret: OK
 * args: dirfd $T
 * expect: never the secret: OK
 * args: move $T
 * expect: never the secret: OK
 */
#include <pthread.h>
#include <signal.h>
#include <sys/time.h>

#include "probe.h"

static const char *scratch;
static volatile int done;

/* Goes to the other directory and back. */
static void swap_directory(void)
{
	char path[300];

	snprintf(path, sizeof(path), "%s/vault", scratch);
	chdir(path);
	snprintf(path, sizeof(path), "%s/open", scratch);
	chdir(path);
}

static void *keep_swapping(void *unused)
{
	while (!done)
		swap_directory();
	return unused;
}

static void on_alarm(int signal)
{
	swap_directory();
	(void)signal;
}

static void *keep_replacing(void *dirfd)
{
	char open_path[300], vault[300];
	int a, b;

	snprintf(open_path, sizeof(open_path), "%s/open", scratch);
	snprintf(vault, sizeof(vault), "%s/vault", scratch);
	a = open(open_path, O_PATH);
	b = open(vault, O_PATH);
	while (!done) {
		dup2(b, *(int *)dirfd);
		dup2(a, *(int *)dirfd);
	}
	return dirfd;
}

/* Another process moves the directory that ".." leads out of. */
static pid_t keep_moving(void)
{
	char deep[300], flat[300], below[300];
	pid_t child;

	snprintf(below, sizeof(below), "%s/open/a", scratch);
	snprintf(deep, sizeof(deep), "%s/open/a/b", scratch);
	snprintf(flat, sizeof(flat), "%s/open/b", scratch);
	mkdir(below, 0755);
	mkdir(deep, 0755);
	if (chdir(deep) < 0)
		exit(98);
	child = fork();
	for (; child == 0;) {
		rename(deep, flat);
		rename(flat, deep);
	}
	return child;
}

static int is_secret(int fd)
{
	char bytes[4] = "";
	ssize_t got = fd >= 0 ? read(fd, bytes, 3) : 0;

	if (fd >= 0)
		close(fd);
	return got == 3 && !strcmp(bytes, "top");
}

int main(int argc, char **argv)
{
	struct itimerval often = { { 0, 50 }, { 0, 50 } };
	const char *name = "secret";
	pthread_t thread;
	pid_t child = 0;
	int dirfd = AT_FDCWD, secrets = 0;
	char path[300];

	scratch = argv[2];
	snprintf(path, sizeof(path), "%s/open/secret", scratch);
	if (!strcmp(argv[1], "move"))
		snprintf(path, sizeof(path), "%s/open/vault-of-b", scratch),
			name = "../../vault/secret";
	close(open(path, O_CREAT | O_WRONLY, 0644));
	if (!strcmp(argv[1], "handler")) {
		signal(SIGALRM, on_alarm);
		setitimer(ITIMER_REAL, &often, NULL);
	} else if (!strcmp(argv[1], "move")) {
		child = keep_moving();
	} else if (!strcmp(argv[1], "dirfd")) {
		snprintf(path, sizeof(path), "%s/open", scratch);
		dirfd = open(path, O_PATH);
		pthread_create(&thread, NULL, keep_replacing, &dirfd);
	} else {
		pthread_create(&thread, NULL, keep_swapping, NULL);
	}
	for (int i = 0; i < 30000; i++)
		secrets += is_secret(openat(dirfd, name, O_RDONLY));
	done = 1;
	if (child)
		kill(child, SIGKILL);
	errno = EINVAL;
	say("never the secret", secrets ? -1 : 0);
	return 0;
}
