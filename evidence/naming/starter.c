/* SPDX-License-Identifier: MIT */
/*
 * starter.c - starting zcname from a process that nobody waits for.
 *
 * Packets to the starter: a path with a descriptor (start), or an empty text (kill). Packets from it:
 * one int for each start, the wait status (helper.h).
 */
#include <errno.h>
#include <fcntl.h>
#include <poll.h>
#include <signal.h>
#include <string.h>
#include <sys/prctl.h>
#include <sys/socket.h>
#include <sys/wait.h>
#include <unistd.h>

#include "core/base.h"
#include "evidence/naming/helper.h"
#include "evidence/naming/protocol.h"
#include "evidence/naming/starter.h"

#define CANNOT_RUN 127
#define END_MS 2000 /* for the kernel to tell how something killed has ended */

static int starter = -1;
static pid_t starter_pid; /* 0: not a child of ours */
static bool running;      /* something was started and its end not yet told */

/* ---- inside the starter ---- */

static void ignore(int signal)
{
	(void)signal; /* it only ends a wait */
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
	pid_t pid = zc_helper_fork(SIGCHLD);

	if (pid == 0)
		become(path, fd);
	return pid;
}

static void serve(int fd)
{
	struct pollfd poll_fd = { .fd = fd, .events = POLLIN };
	struct sigaction action = { .sa_handler = ignore };
	char path[ZC_PATH_CAP];
	int status, passed;
	sigset_t waiting;
	pid_t child = 0;
	ssize_t got;

	sigaction(SIGCHLD, &action, NULL);
	sigfillset(&waiting);
	sigdelset(&waiting, SIGCHLD);
	for (;;) {
		if (child > 0 && waitpid(child, &status, WNOHANG) == child) {
			child = 0;
			send(fd, &status, sizeof(status), MSG_NOSIGNAL);
		}
		if (ppoll(&poll_fd, 1, NULL, &waiting) <= 0)
			continue; /* SIGCHLD, which is blocked everywhere else */
		got = zc_helper_receive(fd, path, sizeof(path) - 1, &passed);
		if (got <= 0)
			break;
		path[got] = '\0';
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

/* ---- outside ---- */

int zc_starter_prepare(bool apart)
{
	pid_t pid = 0;
	int fd;

	if (starter >= 0)
		return 0;
	fd = zc_helper_begin("zcname-starter", apart, serve, &pid);
	if (fd < 0)
		return fd;
	starter = fd;
	__atomic_store_n(&starter_pid, pid, __ATOMIC_RELAXED);
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
	zc_helper_end(starter, starter_pid);
	starter = -1;
	running = false;
	__atomic_store_n(&starter_pid, 0, __ATOMIC_RELAXED);
}

static int tell(const char *path, int fd)
{
	return zc_helper_send(starter, path, strlen(path) + 1, fd);
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
