/* SPDX-License-Identifier: MIT */
/*
 * launch.c - the command begins, under ptrace: forked, seized, filtered, executed.
 *
 * The child waits for a byte before it does anything, so it is seized before its first call of
 * interest, and ends by itself when we are gone before that; after that EXITKILL ends it. It speaks
 * over a CLOEXEC pipe: which layers are applied, whether the filter is in, and, where exec fails, why.
 */
#include <errno.h>
#include <fcntl.h>
#include <linux/seccomp.h>
#include <string.h>
#include <sys/ptrace.h>
#include <unistd.h>

#include "tracer/filter/launch.h"
#include "tracer/notify/notify.h"
#include "tracer/ptrace/ptrace.h"

#define OPTIONS \
	(PTRACE_O_EXITKILL | PTRACE_O_TRACESYSGOOD | PTRACE_O_TRACEFORK | PTRACE_O_TRACEVFORK | \
	 PTRACE_O_TRACECLONE | PTRACE_O_TRACEEXEC | PTRACE_O_TRACESECCOMP)

void zc_launch_done(struct zc_tracer *tracer, struct zc_tracee *command)
{
	struct zc_word word;
	int error = zc_launch_hear(tracer, &word) == 0 && word.kind == ZC_WORD_FILTER ? word.error
										      : ENODATA;

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

static pid_t start(struct zc_tracer *tracer, const int go[2], const int tell[2],
		   int *ret_exec_error)
{
	struct zc_child child = { .go = go[0], .tell = tell[1] };
	pid_t pid;
	int r;

	child.unfit = zc_engine_outer_listener();
	pid = fork();
	if (pid == 0) {
		close(go[1]);
		zc_launch_child(tracer, &child);
	}
	r = pid < 0 ? -errno : 0;
	close(go[0]);
	close(tell[1]);
	tracer->tell = tell[0];
	if (r == 0) {
		r = begin(tracer, pid, go[1]);
		if (r == 0 && tracer->command_ended)
			r = zc_launch_failed(tracer, ret_exec_error);
		else
			r = r < 0 && r != -ECHILD ? zc_launch_end(pid, r) : r < 0 ? r : pid;
	}
	close(go[1]);
	close(tell[0]);
	tracer->tell = -1;
	return r;
}

pid_t zc_launch(struct zc_tracer *tracer, int *ret_exec_error)
{
	int go[2], tell[2], r = zc_launch_filter(tracer, SECCOMP_RET_TRACE);

	*ret_exec_error = 0;
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
