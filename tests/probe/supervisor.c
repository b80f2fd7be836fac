/* SPDX-License-Identifier: MIT */
/*
 * supervisor.c - no thread of zcwrap can be reached by its own number either.
 *
 * modes: shim
 * policy: --allow-all
 * flavours: dynamic musl
 * args: kill
 * expect: found: OK; kill: EPERM; tkill: EPERM; exit 2
 * needs: root
 * args: mem
 * expect: found: OK; mem: EACCES; exit 2
 */
#include <signal.h>
#include <sys/syscall.h>

#include "probe.h"

/* A number after the parent's that belongs to a thread of the parent; 0: none. */
static int thread_of(int process)
{
	char path[64], line[256];
	int owner = 0;

	for (int tid = process + 1; tid < process + 500; tid++) {
		FILE *file;

		snprintf(path, sizeof(path), "/proc/%d/status", tid);
		file = fopen(path, "r");
		while (file && fgets(line, sizeof(line), file))
			sscanf(line, "Tgid: %d", &owner);
		if (file)
			fclose(file);
		if (owner == process)
			return tid;
	}
	return 0;
}

int main(int argc, char **argv)
{
	int tid = 0;
	char path[64];

	for (int tries = 0; !tid && tries < 100;
	     tries++, usleep(10000)) /* it may still be starting them */
		tid = thread_of(getppid());
	errno = ENOENT;
	say("found", tid ? 0 : -1);
	snprintf(path, sizeof(path), "/proc/%d/mem", tid);
	if (!strcmp(argv[1], "mem"))
		say("mem", open(path, O_RDWR));
	else if (getenv("ZENCUBE")) { /* bare, its parent is the test's own */
		say("kill", tid ? kill(tid, SIGUSR1) : 0);
		say("tkill", tid ? syscall(SYS_tkill, tid, SIGUSR1) : 0);
	}
	return 0;
}
