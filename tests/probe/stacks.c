/* SPDX-License-Identifier: MIT */
/*
 * stacks.c - hooks on 16 KiB stacks: a thread's, and one handed to clone(2).
 *
 * policy: --deny-read=$T/vault
 * args: $T/vault/secret $T/open/file $T/open/link
 * expect: thread: EACCES; thread allowed: OK; thread link: EACCES; clone: EACCES; clone allowed: OK; clone link: EACCES;
 * expect: violation $T/vault/secret; exit 2
 */
#include <limits.h>
#include <pthread.h>
#include <sched.h>
#include <signal.h>
#include <sys/mman.h>

#include "probe.h"

#define SMALL 16384

static char **arguments;

/* No stdio here: its own frames would not fit beside anything. */
static void try(const char *what, const char *path)
{
	char line[64];
	size_t len = strlen(what);
	int fd = open(path, O_RDONLY | O_CLOEXEC);
	const char *came = fd >= 0 ? ": OK\n" : errno == EACCES ? ": EACCES\n" : ": another\n";

	memcpy(line, what, len);
	memcpy(line + len, came, strlen(came));
	(void)!write(1, line, len + strlen(came));
	if (fd >= 0)
		close(fd);
}

static void *in_thread(void *unused)
{
	try("thread", arguments[1]);
	try("thread allowed", arguments[2]);
	try("thread link", arguments[3]);
	return unused;
}

static int in_clone(void *unused)
{
	try("clone", arguments[1]);
	try("clone allowed", arguments[2]);
	try("clone link", arguments[3]);
	return 0;
}

int main(int argc, char **argv)
{
	pthread_attr_t small;
	pthread_t thread;
	char *stack;
	pid_t pid;

	arguments = argv;
	pthread_attr_init(&small);
	pthread_attr_setstacksize(&small, SMALL < PTHREAD_STACK_MIN ? PTHREAD_STACK_MIN : SMALL);
	if (pthread_create(&thread, &small, in_thread, NULL))
		return 98;
	pthread_join(thread, NULL);
	/* A page that cannot be touched below, so that one byte too many is a crash. */
	stack = mmap(NULL, SMALL + 4096, PROT_READ | PROT_WRITE, MAP_PRIVATE | MAP_ANONYMOUS, -1,
		     0);
	mprotect(stack, 4096, PROT_NONE);
	pid = clone(in_clone, stack + 4096 + SMALL, CLONE_VM | SIGCHLD, NULL);
	waitpid(pid, NULL, 0);
	return 0;
}
