/* SPDX-License-Identifier: MIT */
/*
 * owners.c - the kernel is not sent in one's stead: no descriptor may have zcwrap or zctrace for owner,
 * and their limits are nobody else's.
 *
 * policy: --allow-all
 * args: usual
 * expect: own: OK; own limits: OK; owner: EPERM; exit 2
 * args: owner_ex
 * expect: owner_ex: EPERM; exit 2
 * args: ioctl
 * expect: ioctl: EPERM; exit 2
 * args: number
 * expect: number: EPERM; exit 2
 * args: signal
 * expect: usual signal: OK; deadly signal: EPERM; exit 2
 * needs: root
 * args: limits
 * expect: asked: OK; limits: EPERM; exit 2
 */
#include <linux/sockios.h>
#include <signal.h>
#include <sys/ioctl.h>
#include <sys/resource.h>
#include <sys/socket.h>
#include <sys/syscall.h>

#include "probe.h"

struct owner {
	int kind, pid;
};
#define OWNER_PROCESS 1
#define SET_OWNER 15
#define SET_SIGNAL 10

static void limits(pid_t parent)
{
	unsigned long long is[2]; /* struct rlimit64 */

	say("asked", syscall(SYS_prlimit64, parent, RLIMIT_CORE, NULL, is));
	say("limits", syscall(SYS_prlimit64, parent, RLIMIT_CORE, is, NULL));
}

int main(int argc, char **argv)
{
	const char *what = argv[1];
	int pair[2], parent = getppid();
	struct owner owner = { OWNER_PROCESS, parent };
	struct rlimit limit;

	if (socketpair(AF_UNIX, SOCK_STREAM, 0, pair) < 0)
		return 9;
	if (!strcmp(what, "usual")) {
		say("own", fcntl(pair[0], F_SETOWN, getpid()));
		say("own limits", getrlimit(RLIMIT_CORE, &limit) | setrlimit(RLIMIT_CORE, &limit));
		say("owner", fcntl(pair[0], F_SETOWN, parent));
	} else if (!strcmp(what, "owner_ex")) {
		say("owner_ex", fcntl(pair[0], SET_OWNER, &owner));
	} else if (!strcmp(what, "ioctl")) {
		say("ioctl", ioctl(pair[0], SIOCSPGRP, &parent));
	} else if (!strcmp(what, "number")) {
		say("number", syscall(SYS_ioctl, pair[0], FIOSETOWN, &parent));
	} else if (!strcmp(what, "signal")) {
		say("usual signal", fcntl(pair[0], SET_SIGNAL, SIGUSR1));
		say("deadly signal", fcntl(pair[0], SET_SIGNAL, SIGKILL));
	} else {
		limits(parent);
	}
	return 0;
}
