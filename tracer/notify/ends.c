/* SPDX-License-Identifier: MIT */
/*
 * ends.c - what is heard besides calls: ends of callers and of our own children, signals, mounts.
 */
#include <errno.h>
#include <signal.h>
#include <sys/epoll.h>
#include <sys/ptrace.h>
#include <sys/signalfd.h>
#include <sys/wait.h>
#include <unistd.h>

#include "tracer/judge/prompt.h"
#include "tracer/names/names.h"
#include "tracer/notify/notify.h"

#define ENDS 64

void zc_notify_child(struct zc_tracer *tracer, pid_t pid, int status)
{
	struct zc_tracee *tracee;

	if (zc_prompt_ended(tracer, pid, status))
		return;
	if (WIFSTOPPED(status)) {
		/* Seized for its registers, and not stopped in time for them. */
		if (status >> 16 || pid != tracer->command)
			ptrace(PTRACE_DETACH, pid, 0, status >> 16 ? 0 : WSTOPSIG(status));
		else
			zc_control_stopped(tracer, WSTOPSIG(status));
		return;
	}
	if (!WIFEXITED(status) && !WIFSIGNALED(status))
		return;
	if (zc_ask_ended(tracer, pid)) {
		tracer->notify->names_came = true;
		return;
	}
	tracee = zc_tracee_find(tracer, pid);
	if (tracee)
		zc_judge_exit(tracer, tracee, status);
	if (pid == tracer->command) {
		tracer->command_status = status;
		tracer->command_ended = true;
		zc_control_ended(tracer, status);
	}
	zc_notify_ended(tracer, pid);
}

static void read_signals(struct zc_tracer *tracer)
{
	struct signalfd_siginfo info;

	while (read(tracer->notify->signals, &info, sizeof(info)) == (ssize_t)sizeof(info))
		zc_orphan_look(tracer);
}

/* Returns false when there is nobody left to wait for. */
static bool wait_for_children(struct zc_tracer *tracer)
{
	int status;
	pid_t pid;

	while ((pid = waitpid(-1, &status, __WALL | WNOHANG | WUNTRACED)) > 0)
		zc_notify_child(tracer, pid, status);
	return pid == 0 || errno != ECHILD;
}

bool zc_notify_look_at_ends(struct zc_tracer *tracer)
{
	struct epoll_event end[ENDS];
	int count = epoll_wait(tracer->notify->events, end, ENDS, 0);
	bool more;

	for (int i = 0; i < count; i++) {
		if (!end[i].data.u64)
			read_signals(tracer);
		else if (end[i].data.u64 == ZC_NOTIFY_MOUNTS)
			zc_notify_look_at_mounts(tracer->notify);
	}
	/* An end may be told before its signal comes. */
	more = wait_for_children(tracer);
	/* Whoever was our own child is gone from the table by now. */
	for (int i = 0; i < count; i++)
		if (end[i].data.u64 && end[i].data.u64 != ZC_NOTIFY_MOUNTS)
			zc_notify_ended(tracer, (pid_t)end[i].data.u64);
	return more;
}
