/* SPDX-License-Identifier: MIT */
/*
 * lenders.c - a vfork child's parent waits; but not one whose memory was lent on by somebody who is gone.
 *
 * grandchild: the child calls vfork, too, and its child ends it. thread: the child begins a thread and ends
 * alone. Then the first one goes on, beside somebody who has its memory.
 *
 * modes: trace sealed hybrid
 * races: another process runs against the judge
 * flavours: dynamic static
 * policy: --deny-read=$T/vault
 * args: grandchild $T/vault/secret
 * expect: never the secret: OK
 * args: thread $T/vault/secret
 * expect: never the secret: OK
 */
#include <sched.h>
#include <signal.h>
#include <sys/syscall.h>
#include <time.h>

#include "probe.h"

#define STACK 65536u

static char path[256];
static const char *secret, harmless[] = "/etc/passwd";
static volatile int goes_on, got;
static int told[2]; /* a pipe: a shared mapping would have every open looked at */
static volatile pid_t between;
static ino_t secret_inode;
static char stacks[2][STACK] __attribute__((aligned(16)));

static void open_it(time_t end)
{
	struct stat st;

	while (time(NULL) < end && !got) {
		int fd = (int)syscall(SYS_openat, AT_FDCWD, path, O_RDONLY);

		if (fd >= 0 && fstat(fd, &st) == 0 && st.st_ino == secret_inode)
			got = (int)write(told[1], "!", 1);
		if (fd >= 0)
			close(fd);
	}
}

static void exchange(time_t end)
{
	while (time(NULL) < end && !got)
		for (int i = 0; i < 2000; i++) {
			strcpy(path, i & 1 ? secret : harmless);
			for (volatile int wait = 0; wait < 300; wait++)
				;
		}
	strcpy(path, harmless);
}

static int grandchild(void *unused)
{
	close(open(harmless, O_RDONLY));
	kill(between, SIGKILL);
	while (!goes_on)
		;
	open_it(time(NULL) + 2);
	syscall(SYS_exit_group, 0);
	return unused != NULL;
}

static int thread(void *unused)
{
	while (!goes_on)
		;
	exchange(time(NULL) + 2);
	syscall(SYS_exit, 0);
	return unused != NULL;
}

static int child(void *what)
{
	between = (pid_t)syscall(SYS_getpid);
	close(open(harmless, O_RDONLY));
	if (!strcmp(what, "thread"))
		clone(thread, stacks[1] + STACK, CLONE_VM | CLONE_SIGHAND | CLONE_THREAD, NULL);
	else
		clone(grandchild, stacks[1] + STACK, CLONE_VM | CLONE_VFORK | SIGCHLD, NULL);
	syscall(SYS_exit, 0);
	return 0;
}

/* In a process of its own: who is found out is ended. */
static void lend(char *what)
{
	close(open(harmless, O_RDONLY)); /* who is not known is not trusted */
	clone(child, stacks[0] + STACK, CLONE_VM | CLONE_VFORK | SIGCHLD, what);
	goes_on = 1;
	if (!strcmp(what, "thread"))
		open_it(time(NULL) + 2);
	else
		exchange(time(NULL) + 2);
}

int main(int argc, char **argv)
{
	struct stat st;
	pid_t first;
	char byte;

	secret = argv[2];
	if (stat(secret, &st) < 0 || pipe(told) < 0)
		return 98;
	secret_inode = st.st_ino;
	strcpy(path, harmless);
	first = fork();
	if (first == 0) {
		lend(argv[1]);
		_exit(0);
	}
	waitpid(first, NULL, 0);
	close(told[1]);
	say("never the secret", read(told[0], &byte, 1) == 1 ? (errno = EPERM, -1) : 0);
	return 0;
}
