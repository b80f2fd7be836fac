/* SPDX-License-Identifier: MIT */
/*
 * bynumber.c - calls by number are judged as wholly as those by name.
 *
 * modes: shim
 * policy: --deny-read=$T/vault --allow-net=127.0.0.1:1
 * flavours: dynamic
 * args: $T/open/link
 * expect: two messages: 1; only a refused message: EPERM; clone: EPERM; clone3: EPERM; fork: OK; filter asked for: EFAULT;
 * expect: link: EACCES; violation $T/vault/secret; exit 2
 */
#include <arpa/inet.h>
#include <linux/sched.h>
#include <netinet/in.h>
#include <signal.h>
#include <sys/socket.h>
#include <sys/syscall.h>

#include "probe.h"

static long in_child(long pid)
{
	if (pid == 0)
		_exit(0);
	if (pid > 0)
		waitpid((pid_t)pid, NULL, 0);
	return pid;
}

int main(int argc, char **argv)
{
	struct sockaddr_in allowed = { AF_INET, htons(1), { htonl(INADDR_LOOPBACK) } };
	struct sockaddr_in denied = { AF_INET, htons(2), { htonl(INADDR_LOOPBACK) } };
	struct iovec piece = { "x", 1 };
	struct mmsghdr two[2] = {
		{ .msg_hdr = { .msg_name = &allowed,
			       .msg_namelen = sizeof(allowed),
			       .msg_iov = &piece,
			       .msg_iovlen = 1 } },
		{ .msg_hdr = { .msg_name = &denied,
			       .msg_namelen = sizeof(denied),
			       .msg_iov = &piece,
			       .msg_iovlen = 1 } },
	};
	struct clone_args how = { .flags = CLONE_NEWUSER, .exit_signal = SIGCHLD };
	int udp = socket(AF_INET, SOCK_DGRAM, 0);

	printf("two messages: %ld\n", syscall(SYS_sendmmsg, udp, two, 2, 0));
	fflush(stdout);
	udp = socket(AF_INET, SOCK_DGRAM, 0); /* no ICMP error of the first in its way */
	say("only a refused message", syscall(SYS_sendmmsg, udp, two + 1, 1, 0));
	say("clone", in_child(syscall(SYS_clone, CLONE_NEWUSER | SIGCHLD, 0, 0, 0, 0)));
	say("clone3", in_child(syscall(SYS_clone3, &how, sizeof(how))));
	say("fork", in_child(syscall(SYS_clone, SIGCHLD, 0, 0, 0, 0)));
	say("filter asked for", syscall(SYS_seccomp, 1, 0, NULL));
	say_open("link", argv[1]);
	return 0;
}
