/* SPDX-License-Identifier: MIT */
/*
 * stack.c - where a call comes from.
 *
 * Of a caller that waits, /proc says the stack pointer; with the instruction pointer that came with the
 * call a walk gets through libc, which is enough to count repeats. For the registers of a refusal that is
 * told in full the caller is seized, told to stop, and only then answered: it stops behind its call.
 * Waiting for the stop before answering would last for ever (WAIT_KILLABLE_RECV).
 */
#include <errno.h>
#include <fcntl.h>
#include <signal.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/ptrace.h>
#include <sys/wait.h>
#include <unistd.h>

#include "tracer/notify/notify.h"
#include "tracer/ptrace/ptrace.h"

static int read_sp(pid_t tid, uint64_t *ret)
{
	char path[32], text[256], *at = text;
	ssize_t got;
	int fd;

	snprintf(path, sizeof(path), "/proc/%d/syscall", tid);
	fd = open(path, O_RDONLY | O_CLOEXEC);
	if (fd < 0)
		return -errno;
	got = read(fd, text, sizeof(text) - 1);
	close(fd);
	if (got <= 0)
		return -ESRCH;
	text[got] = '\0';
	/* Number, six arguments, stack pointer, instruction pointer. "running": it is not waiting. */
	for (unsigned i = 0; i < 7 && at; i++)
		at = strchr(at, ' ') ? strchr(at, ' ') + 1 : NULL;
	if (!at)
		return -ESRCH;
	*ret = strtoull(at, NULL, 16);
	return 0;
}

int zc_notify_registers(struct zc_tracer *tracer, struct zc_tracee *tracee,
			struct zc_wire_regs *ret)
{
	const struct zc_notify *notify = tracer->notify;
	uint64_t sp;
	int r;

	if (notify->held == tracee->tid)
		return zc_regs_walk(tracee->tid, ret);
	if (!notify->stop)
		return -ESRCH; /* an exec that was looked at in between */
	r = read_sp(tracee->tid, &sp);
	if (r == 0)
		*ret = (struct zc_wire_regs){ .ip = notify->stop->ip, .sp = sp };
	return r;
}

/* The first stop, whatever it is for: the call has been answered, and its registers say where it was. */
static int wait_for_stop(struct zc_tracer *tracer, pid_t tid, int *ret_status)
{
	pid_t got;

	do {
		got = waitpid(tid, ret_status, __WALL);
	} while (got < 0 && errno == EINTR);
	if (got == tid && WIFSTOPPED(*ret_status))
		return 0;
	if (got == tid) { /* its record is being made: its end can wait until that is done */
		tracer->notify->late = tid;
		tracer->notify->late_status = *ret_status;
	}
	return -ESRCH;
}

static int signal_of(int status)
{
	return status >> 16 ? 0 : WSTOPSIG(status); /* an event is no signal of its own */
}

static int the_signal;

int zc_notify_hold(struct zc_tracer *tracer, struct zc_tracee *tracee, int error)
{
	struct zc_notify *notify = tracer->notify;
	pid_t tid = tracee->tid;
	int status = 0;

	if (!notify->stop || notify->answered || ptrace(PTRACE_SEIZE, tid, 0, 0) < 0)
		return -EPERM;
	if (ptrace(PTRACE_INTERRUPT, tid, 0, 0) < 0 ||
	    zc_notify_answer(tracer, tracee, -(long)error) < 0) {
		ptrace(PTRACE_DETACH, tid, 0, 0); /* it is dying, or will be let go of by our end */
		return -ESRCH;
	}
	if (wait_for_stop(tracer, tid, &status) < 0)
		return -ESRCH;
	the_signal = signal_of(status);
	notify->held = tid;
	return 0;
}

void zc_notify_let_go(struct zc_tracer *tracer, struct zc_tracee *tracee)
{
	tracer->notify->held = 0;
	ptrace(PTRACE_DETACH, tracee->tid, 0, the_signal);
}
