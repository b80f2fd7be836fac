/* SPDX-License-Identifier: MIT */
/*
 * launch.c - the command begins: forked, seized, filtered, executed.
 *
 * The child waits for a byte before it does anything, so it is seized before its first call of
 * interest, and ends by itself when we are gone before that; after that EXITKILL ends it. It speaks
 * over a CLOEXEC pipe: whether the filter is in, and, where exec fails, why.
 */
#include <errno.h>
#include <fcntl.h>
#include <linux/filter.h>
#include <linux/seccomp.h>
#include <signal.h>
#include <stdlib.h>
#include <string.h>
#include <sys/prctl.h>
#include <sys/ptrace.h>
#include <sys/syscall.h>
#include <sys/wait.h>
#include <unistd.h>

#include "tracer/tracer.h"

#define OPTIONS \
	(PTRACE_O_EXITKILL | PTRACE_O_TRACESYSGOOD | PTRACE_O_TRACEFORK | PTRACE_O_TRACEVFORK | \
	 PTRACE_O_TRACECLONE | PTRACE_O_TRACEEXEC | PTRACE_O_TRACESECCOMP)

enum { WORD_FILTER, WORD_EXEC };
struct word {
	int kind, error;
};

/* --- in the child; async-signal-safe ------------------------------------------------------------ */

static void say(int fd, int kind, int error)
{
	struct word word = { kind, error };

	while (write(fd, &word, sizeof(word)) < 0 && errno == EINTR)
		;
}

/*
 * SPEC_ALLOW: on kernels before 5.16 a filter otherwise brings mitigations that slow the program
 * down, which it would not have without us. no_new_privs only where it must be: it stops sudo.
 */
static int install(const struct sock_fprog *filter)
{
	static const unsigned flags[] = { SECCOMP_FILTER_FLAG_SPEC_ALLOW, 0 };

	for (int privileged = 1; privileged >= 0; privileged--) {
		if (!privileged && prctl(PR_SET_NO_NEW_PRIVS, 1, 0, 0, 0) < 0)
			return errno;
		for (size_t i = 0; i < ZC_LEN(flags); i++)
			if (syscall(SYS_seccomp, SECCOMP_SET_MODE_FILTER, flags[i], filter) == 0)
				return 0;
		if (errno != EACCES)
			return errno;
	}
	return EACCES;
}

static void child(const struct zc_tracer *tracer, int go, int tell, int unfit)
{
	const struct zc_tracer_options *o = tracer->options;
	char byte;

	if (read(go, &byte, 1) != 1)
		_exit(127);
	if (o->new_session)
		setsid();
	say(tell, WORD_FILTER, unfit ? unfit : install(tracer->filter));
	sigaction(SIGCHLD, &o->child, NULL);
	sigprocmask(SIG_SETMASK, &o->mask, NULL);
	execve(o->exe ? o->exe : o->command[0], o->command,
	       o->environment ? o->environment : environ);
	say(tell, WORD_EXEC, errno);
	_exit(127);
}

/* --- in the tracer ------------------------------------------------------------------------------ */

/*
 * An outer supervisor by user notification answers before our filter would, so that nothing stops;
 * only then a second listener is EBUSY. Such a filter shows as seccomp mode 2 in ourselves.
 */
static int outer_listener(void)
{
	struct sock_filter allow = BPF_STMT(BPF_RET | BPF_K, SECCOMP_RET_ALLOW);
	struct sock_fprog program = { 1, &allow };
	int status = 0;
	pid_t pid;

	if (prctl(PR_GET_SECCOMP, 0, 0, 0, 0) != SECCOMP_MODE_FILTER)
		return 0;
	pid = fork();
	if (pid == 0) {
		prctl(PR_SET_NO_NEW_PRIVS, 1, 0, 0, 0);
		if (syscall(SYS_seccomp, SECCOMP_SET_MODE_FILTER, SECCOMP_FILTER_FLAG_NEW_LISTENER,
			    &program) < 0)
			_exit(errno == EBUSY);
		_exit(0);
	}
	if (pid < 0)
		return 0;
	while (waitpid(pid, &status, 0) < 0 && errno == EINTR)
		;
	return WIFEXITED(status) && WEXITSTATUS(status) == 1 ? EBUSY : 0;
}

static int hear(struct zc_tracer *tracer, struct word *ret)
{
	ssize_t n;

	do {
		n = read(tracer->tell, ret, sizeof(*ret));
	} while (n < 0 && errno == EINTR);
	return n == (ssize_t)sizeof(*ret) ? 0 : -ENODATA;
}

void zc_launch_done(struct zc_tracer *tracer, struct zc_tracee *command)
{
	struct word word;
	int error = hear(tracer, &word) == 0 && word.kind == WORD_FILTER ? word.error : ENODATA;

	tracer->filtered = error == 0;
	if (error == EBUSY)
		zc_report_note(tracer, command, ZC_NOTE_NO_FILTER,
			       "another supervisor answers system calls here");
	else if (error)
		zc_report_note(tracer, command, ZC_NOTE_NO_FILTER, strerror(error));
}

static int begin(struct zc_tracer *tracer, pid_t pid, int go)
{
	struct zc_tracee *tracee;

	if (ptrace(PTRACE_SEIZE, pid, 0, OPTIONS) < 0)
		return -errno;
	tracee = zc_tracee_add(tracer, pid);
	if (!tracee)
		return -ENOMEM;
	tracee->tgid = pid;
	tracee->ppid = getpid();
	tracee->seized = true;
	tracee->new_born = false;
	tracer->command = pid;
	tracer->launching = true;
	if (write(go, "", 1) != 1)
		return -errno;
	return zc_loop_launch(tracer);
}

static int end(pid_t pid, int error)
{
	kill(pid, SIGKILL);
	while (waitpid(pid, NULL, __WALL) < 0 && errno == EINTR)
		;
	return error;
}

/* Ended before its exec: the pipe says why. */
static pid_t failed(struct zc_tracer *tracer, int *ret_exec_error)
{
	struct word word;

	while (hear(tracer, &word) == 0) {
		if (word.kind == WORD_EXEC && word.error > 0) {
			*ret_exec_error = word.error;
			return 0;
		}
	}
	return -ECHILD;
}

static pid_t start(struct zc_tracer *tracer, const int go[2], const int tell[2],
		   int *ret_exec_error)
{
	int unfit = outer_listener(), r;
	pid_t pid = fork();

	if (pid == 0) {
		close(go[1]);
		child(tracer, go[0], tell[1], unfit);
	}
	r = pid < 0 ? -errno : 0;
	close(go[0]);
	close(tell[1]);
	tracer->tell = tell[0];
	if (r == 0) {
		r = begin(tracer, pid, go[1]);
		if (r == 0 && tracer->command_ended)
			r = failed(tracer, ret_exec_error);
		else
			r = r < 0 && r != -ECHILD ? end(pid, r) : r < 0 ? r : pid;
	}
	close(go[1]);
	close(tell[0]);
	tracer->tell = -1;
	return r;
}

pid_t zc_launch(struct zc_tracer *tracer, int *ret_exec_error)
{
	int go[2], tell[2], r;

	*ret_exec_error = 0;
	tracer->filter = calloc(1, sizeof(*tracer->filter));
	r = tracer->filter ? zc_filter_build(tracer->image, tracer->filter) : -ENOMEM;
	if (r < 0)
		return r;
	if (pipe2(go, O_CLOEXEC) < 0)
		return -errno;
	if (pipe2(tell, O_CLOEXEC) < 0) {
		r = -errno;
		close(go[0]);
		close(go[1]);
		return r;
	}
	return start(tracer, go, tell, ret_exec_error);
}
