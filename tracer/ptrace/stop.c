/* SPDX-License-Identifier: MIT */
/*
 * stop.c - what a wait status says.
 */
#include <signal.h>
#include <sys/ptrace.h>
#include <sys/wait.h>

#include "tracer/ptrace/ptrace.h"
#include "tracer/tracer.h"

static bool stops_a_group(int signal)
{
	return signal == SIGSTOP || signal == SIGTSTP || signal == SIGTTIN || signal == SIGTTOU;
}

enum zc_stop zc_stop_of(int status)
{
	int signal = WSTOPSIG(status);

	if (WIFEXITED(status))
		return ZC_STOP_EXITED;
	if (WIFSIGNALED(status))
		return ZC_STOP_KILLED;
	switch (status >> 16) {
	case 0: return signal == (SIGTRAP | 0x80) ? ZC_STOP_SYSCALL : ZC_STOP_SIGNAL;
	case PTRACE_EVENT_SECCOMP: return ZC_STOP_SECCOMP;
	case PTRACE_EVENT_FORK:
	case PTRACE_EVENT_VFORK:
	case PTRACE_EVENT_CLONE: return ZC_STOP_BIRTH;
	case PTRACE_EVENT_VFORK_DONE: return ZC_STOP_VFORK_DONE;
	case PTRACE_EVENT_EXEC: return ZC_STOP_EXEC;
	case PTRACE_EVENT_EXIT: return ZC_STOP_EXITING;
	/* One event for two things: the signal tells a group-stop from a trap (ptrace(2)). */
	case PTRACE_EVENT_STOP: return stops_a_group(signal) ? ZC_STOP_GROUP : ZC_STOP_TRAP;
	default: return ZC_STOP_TRAP;
	}
}

const char *zc_stop_name(enum zc_stop stop)
{
	static const char *const names[ZC_STOP_COUNT] = {
		[ZC_STOP_EXITED] = "exited",   [ZC_STOP_KILLED] = "killed",
		[ZC_STOP_SECCOMP] = "seccomp", [ZC_STOP_SYSCALL] = "syscall",
		[ZC_STOP_SIGNAL] = "signal",   [ZC_STOP_GROUP] = "group-stop",
		[ZC_STOP_TRAP] = "trap",       [ZC_STOP_BIRTH] = "birth",
		[ZC_STOP_EXEC] = "exec",       [ZC_STOP_VFORK_DONE] = "vfork-done",
		[ZC_STOP_EXITING] = "exiting",
	};
	return (unsigned)stop < ZC_STOP_COUNT ? names[stop] : "unknown";
}
