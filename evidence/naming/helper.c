/* SPDX-License-Identifier: MIT */
/*
 * helper.c - making helpers, and what is said with them.
 */
#include <errno.h>
#include <fcntl.h>
#include <signal.h>
#include <string.h>
#include <sys/prctl.h>
#include <sys/socket.h>
#include <sys/syscall.h>
#include <sys/wait.h>
#include <unistd.h>

#include "evidence/naming/helper.h"
#include "evidence/naming/protocol.h"

#define HELPER_FD (ZC_NAMING_FD + 1) /* above what zcname gets */

pid_t zc_helper_fork(int signal)
{
	return (pid_t)syscall(SYS_clone, signal, NULL, NULL, NULL, NULL);
}

static _Noreturn void become(const char *name, int fd, void (*serve)(int socket))
{
	int null = open("/dev/null", O_RDWR | O_CLOEXEC);
	sigset_t all;

	setsid();
	prctl(PR_SET_NAME, name);
	prctl(PR_SET_DUMPABLE, 0);
	sigfillset(&all);
	sigprocmask(SIG_SETMASK, &all, NULL);
	signal(SIGCHLD, SIG_DFL); /* ignored, it would take away how children end */
	for (int i = 0; i < 3; i++)
		if (null >= 0)
			dup2(null, i);
	/* Nothing else stays open: not the log, not the command's pipes. */
	fd = fcntl(fd, F_DUPFD_CLOEXEC, HELPER_FD);
	if (fd < 0)
		_exit(1);
	dup2(fd, HELPER_FD);
	fcntl(HELPER_FD, F_SETFD, FD_CLOEXEC);
	close(ZC_NAMING_FD);
	syscall(SYS_close_range, HELPER_FD + 1, ~0u, 0);
	serve(HELPER_FD);
	_exit(0);
}

int zc_helper_begin(const char *name, bool apart, void (*serve)(int socket), pid_t *ret_pid)
{
	int pair[2], status;
	pid_t pid;

	if (socketpair(AF_UNIX, SOCK_SEQPACKET | SOCK_CLOEXEC, 0, pair) < 0)
		return -errno;
	pid = zc_helper_fork(apart ? SIGCHLD : 0);
	if (pid < 0) {
		status = -errno;
		close(pair[0]);
		close(pair[1]);
		return status;
	}
	if (pid == 0) {
		if (!apart || zc_helper_fork(0) == 0)
			become(name, pair[1], serve);
		_exit(0);
	}
	close(pair[1]);
	while (apart && waitpid(pid, &status, 0) < 0 && errno == EINTR)
		;
	*ret_pid = apart ? 0 : pid;
	return pair[0];
}

void zc_helper_end(int socket, pid_t pid)
{
	close(socket);
	while (pid && waitpid(pid, NULL, __WCLONE) < 0 && errno == EINTR)
		;
}

union control {
	struct cmsghdr head;
	char room[CMSG_SPACE(sizeof(int))];
};

int zc_helper_send(int socket, const void *bytes, size_t len, int passed)
{
	union control control = { .head = { .cmsg_len = CMSG_LEN(sizeof(int)),
					    .cmsg_level = SOL_SOCKET,
					    .cmsg_type = SCM_RIGHTS } };
	struct iovec vector = { (void *)bytes, len };
	struct msghdr message = { .msg_iov = &vector, .msg_iovlen = 1 };

	if (passed >= 0) {
		memcpy(CMSG_DATA(&control.head), &passed, sizeof(passed));
		message.msg_control = &control;
		message.msg_controllen = sizeof(control);
	}
	return sendmsg(socket, &message, MSG_NOSIGNAL) < 0 ? -errno : 0;
}

ssize_t zc_helper_receive(int socket, void *bytes, size_t cap, int *ret_passed)
{
	union control control;
	struct iovec vector = { bytes, cap };
	struct msghdr message = { .msg_iov = &vector,
				  .msg_iovlen = 1,
				  .msg_control = &control,
				  .msg_controllen = sizeof(control) };
	ssize_t got = recvmsg(socket, &message, MSG_CMSG_CLOEXEC);
	struct cmsghdr *part = got > 0 ? CMSG_FIRSTHDR(&message) : NULL;

	*ret_passed = -1;
	if (part && part->cmsg_level == SOL_SOCKET && part->cmsg_type == SCM_RIGHTS &&
	    part->cmsg_len == CMSG_LEN(sizeof(int)))
		memcpy(ret_passed, CMSG_DATA(part), sizeof(int));
	return got < 0 ? -errno : got;
}
