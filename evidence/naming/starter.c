/* SPDX-License-Identifier: MIT */
/*
 * starter.c - starting zcname from a process that nobody waits for.
 *
 * Packets to the starter: a path with a descriptor (start), or an empty text (kill). Packets from it:
 * one int for each start, the wait status. Nothing is called in it that takes a lock.
 */
#include <errno.h>
#include <fcntl.h>
#include <poll.h>
#include <signal.h>
#include <string.h>
#include <sys/prctl.h>
#include <sys/socket.h>
#include <sys/syscall.h>
#include <sys/wait.h>
#include <unistd.h>

#include "core/base.h"
#include "evidence/naming/protocol.h"
#include "evidence/naming/starter.h"

#define CANNOT_RUN 127
#define END_MS 2000 /* for the kernel to tell how something killed has ended */

static int starter = -1;
static pid_t starter_pid; /* 0: not a child of ours */
static bool running;      /* something was started and its end not yet told */

/*
 * fork(2) as the kernel has it: there may be threads, and libc's would wait for locks that nobody gives back. With
 * no signal the child's end makes none, and only a wait with __WCLONE sees it.
 */
static pid_t fork_plainly(int signal)
{
	return (pid_t)syscall(SYS_clone, signal, NULL, NULL, NULL, NULL);
}

/* ---- inside the starter ---- */

static void ignore(int signal)
{
	(void)signal; /* it only ends a wait */
}

/* Returns its length, 0 for "kill", -1 when nobody is there any more. */
static ssize_t hear(int fd, char path[ZC_PATH_CAP], int *ret_passed)
{
	union {
		struct cmsghdr head;
		char room[CMSG_SPACE(sizeof(int))];
	} control;
	struct iovec vector = { path, ZC_PATH_CAP - 1 };
	struct msghdr message = { .msg_iov = &vector,
				  .msg_iovlen = 1,
				  .msg_control = &control,
				  .msg_controllen = sizeof(control) };
	ssize_t got = recvmsg(fd, &message, MSG_CMSG_CLOEXEC);
	struct cmsghdr *part = got > 0 ? CMSG_FIRSTHDR(&message) : NULL;

	*ret_passed = -1;
	if (part && part->cmsg_type == SCM_RIGHTS && part->cmsg_len == CMSG_LEN(sizeof(int)))
		memcpy(ret_passed, CMSG_DATA(part), sizeof(int));
	if (got <= 0)
		return -1;
	path[got] = '\0';
	return got - 1;
}

static _Noreturn void become(const char *path, int fd)
{
	static char *const no_environment[] = { NULL };
	char *const arguments[] = { (char *)path, NULL };
	sigset_t none;

	sigemptyset(&none);
	sigprocmask(SIG_SETMASK, &none, NULL);
	prctl(PR_SET_PDEATHSIG, SIGKILL);
	if (dup2(fd, ZC_NAMING_FD) == ZC_NAMING_FD && fcntl(ZC_NAMING_FD, F_SETFD, 0) == 0)
		execve(path, arguments, no_environment);
	_exit(CANNOT_RUN);
}

static pid_t begin(const char *path, int fd)
{
	pid_t pid = fork_plainly(SIGCHLD);

	if (pid == 0)
		become(path, fd);
	return pid;
}

static _Noreturn void serve(int fd)
{
	struct pollfd poll_fd = { .fd = fd, .events = POLLIN };
	char path[ZC_PATH_CAP];
	int status, passed;
	sigset_t waiting;
	pid_t child = 0;

	sigfillset(&waiting);
	sigdelset(&waiting, SIGCHLD);
	for (;;) {
		if (child > 0 && waitpid(child, &status, WNOHANG) == child) {
			child = 0;
			send(fd, &status, sizeof(status), MSG_NOSIGNAL);
		}
		if (ppoll(&poll_fd, 1, NULL, &waiting) <= 0)
			continue; /* SIGCHLD, which is blocked everywhere else */
		if (hear(fd, path, &passed) < 0)
			break;
		if (*path && passed >= 0 && child <= 0)
			child = begin(path, passed);
		else if (child > 0)
			kill(child, SIGKILL);
		if (passed >= 0)
			close(passed);
		if (*path && child < 0) {
			status = CANNOT_RUN << 8;
			send(fd, &status, sizeof(status), MSG_NOSIGNAL);
		}
	}
	if (child > 0) {
		kill(child, SIGKILL);
		waitpid(child, &status, 0);
	}
	_exit(0);
}

static _Noreturn void be_starter(int fd)
{
	struct sigaction action = { .sa_handler = ignore };
	int null = open("/dev/null", O_RDWR | O_CLOEXEC);
	sigset_t all;

	setsid();
	prctl(PR_SET_NAME, "zcname-starter");
	prctl(PR_SET_DUMPABLE, 0);
	sigfillset(&all);
	sigprocmask(SIG_SETMASK, &all, NULL);
	sigaction(SIGCHLD, &action, NULL);
	for (int i = 0; i < 3; i++)
		if (null >= 0)
			dup2(null, i);
	/* Above what zcname gets, and nothing else stays open: not the log, not the command's pipes. */
	fd = fcntl(fd, F_DUPFD_CLOEXEC, ZC_NAMING_FD + 1);
	if (fd < 0)
		_exit(1);
	dup2(fd, ZC_NAMING_FD + 1);
	fcntl(ZC_NAMING_FD + 1, F_SETFD, FD_CLOEXEC);
	close(ZC_NAMING_FD);
	syscall(SYS_close_range, ZC_NAMING_FD + 2, ~0u, 0);
	serve(ZC_NAMING_FD + 1);
}

/* ---- outside ---- */

int zc_starter_prepare(bool apart)
{
	int pair[2], status;
	pid_t pid;

	if (starter >= 0)
		return 0;
	if (socketpair(AF_UNIX, SOCK_SEQPACKET | SOCK_CLOEXEC, 0, pair) < 0)
		return -errno;
	pid = fork_plainly(apart ? SIGCHLD : 0);
	if (pid < 0) {
		status = -errno;
		close(pair[0]);
		close(pair[1]);
		return status;
	}
	if (pid == 0) {
		if (!apart || fork_plainly(0) == 0)
			be_starter(pair[1]);
		_exit(0);
	}
	close(pair[1]);
	while (apart && waitpid(pid, &status, 0) < 0 && errno == EINTR)
		;
	starter = pair[0];
	starter_pid = apart ? 0 : pid;
	return 0;
}

pid_t zc_starter_pid(void)
{
	return __atomic_load_n(&starter_pid, __ATOMIC_RELAXED);
}

void zc_starter_finish(void)
{
	if (starter < 0)
		return;
	close(starter);
	starter = -1;
	running = false;
	while (starter_pid && waitpid(starter_pid, NULL, __WCLONE) < 0 && errno == EINTR)
		;
	starter_pid = 0;
}

static int tell(const char *path, int fd)
{
	union {
		struct cmsghdr head;
		char room[CMSG_SPACE(sizeof(int))];
	} control = { .room = { 0 } };
	struct iovec vector = { (char *)path, strlen(path) + 1 };
	struct msghdr message = { .msg_iov = &vector, .msg_iovlen = 1 };

	if (fd >= 0) {
		control.head = (struct cmsghdr){ .cmsg_len = CMSG_LEN(sizeof(int)),
						 .cmsg_level = SOL_SOCKET,
						 .cmsg_type = SCM_RIGHTS };
		memcpy(CMSG_DATA(&control.head), &fd, sizeof(fd));
		message.msg_control = &control;
		message.msg_controllen = sizeof(control);
	}
	return sendmsg(starter, &message, MSG_NOSIGNAL) < 0 ? -errno : 0;
}

int zc_starter_run(const char *program, int fd)
{
	int r = zc_starter_prepare(false);

	if (r == 0)
		r = tell(program, fd);
	running |= r == 0;
	return r;
}

int zc_starter_end(void)
{
	struct pollfd poll_fd = { .fd = starter, .events = POLLIN };
	int status;

	if (!running)
		return -1;
	running = false;
	/* It may have ended by itself: then this comes too late to change how. */
	if (poll(&poll_fd, 1, 20) <= 0)
		tell("", -1);
	if (poll(&poll_fd, 1, END_MS) <= 0 ||
	    recv(starter, &status, sizeof(status), 0) != (ssize_t)sizeof(status)) {
		zc_starter_finish(); /* it answers no more: the next one is another */
		return -1;
	}
	return status;
}
