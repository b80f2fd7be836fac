/* SPDX-License-Identifier: MIT */
/*
 * changed.c - a thread exchanges the path while it is being judged; what is denied is still never had.
 *
 * modes: trace sealed sealed-ptrace
 * races: a thread runs against the judge
 * policy: --deny-read=$T/vault --deny-run=$T/vault
 * args: open $T
 * expect: never what is denied: OK; violation $T/vault/secret
 * modes: trace sealed-ptrace
 * args: exec $T
 * expect: never what is denied: OK; violation $T/vault/prog
 * modes: sealed
 * args: exec $T
 * expect: violation $T/vault/prog
 *
 * (By notifications an exec that was exchanged is found some milliseconds later, and ended then: docs/LIMITS.md.
 * What does nothing may have ended by itself.)
 */
#include <pthread.h>

#include "probe.h"

#define ROUNDS \
	160 /* many children: each is a new one to a tracer that may hear of them in any order */
#define OPENS 100
#define EXECS 120

static char path[300];
static const char *names[2]; /* allowed, denied */

static void *keep_exchanging(void *unused)
{
	for (unsigned turn = 0;; turn = !turn) {
		strcpy(path, names[turn]);
		__asm__ volatile("" : : : "memory");
		for (volatile int i = 0; i < 50; i++)
			;
	}
	return unused;
}

/* Ends with 3 when it got hold of the secret; a tracer may end it before. */
static int open_often(void)
{
	for (int i = 0; i < OPENS; i++) {
		int fd = open(path, O_RDONLY);
		char bytes[4] = "";

		if (fd >= 0 && read(fd, bytes, 3) == 3 && !strcmp(bytes, "top"))
			return 3;
		if (fd >= 0)
			close(fd);
	}
	return 0;
}

/* vault/prog does nothing, successfully; /bin/false ends with 1. */
static int execute(void)
{
	execl(path, "false", (char *)NULL);
	return 1;
}

static int try_once(const char *what)
{
	pthread_t thread;
	int status;
	pid_t child = fork();

	if (child == 0) {
		strcpy(path, names[0]);
		pthread_create(&thread, NULL, keep_exchanging, NULL);
		_exit(!strcmp(what, "exec") ? execute() : open_often());
	}
	waitpid(child, &status, 0);
	if (!WIFEXITED(status))
		return 0;
	return WEXITSTATUS(status) == (strcmp(what, "exec") ? 3 : 0);
}

int main(int argc, char **argv)
{
	char allowed[300], denied[300];
	int had = 0;

	if (!strcmp(argv[1], "exec")) {
		snprintf(allowed, sizeof(allowed), "/bin/false");
		snprintf(denied, sizeof(denied), "%s/vault/prog", argv[2]);
	} else {
		snprintf(allowed, sizeof(allowed), "%s/open/file", argv[2]);
		snprintf(denied, sizeof(denied), "%s/vault/secret", argv[2]);
	}
	names[0] = allowed;
	names[1] = denied;
	for (int i = 0; i < (strcmp(argv[1], "exec") ? ROUNDS : EXECS); i++)
		had += try_once(argv[1]);
	errno = EINVAL;
	say("never what is denied", had ? -1 : 0);
	return 0;
}
