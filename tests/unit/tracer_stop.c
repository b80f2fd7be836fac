/* SPDX-License-Identifier: MIT */
/*
 * tracer_stop.c - what a wait status says: made by hand, and made by the kernel.
 */
#include <errno.h>
#include <signal.h>
#include <stdlib.h>
#include <string.h>
#include <sys/ptrace.h>
#include <sys/wait.h>
#include <unistd.h>

#include "tests/unit/t.h"
#include "tracer/ptrace/ptrace.h"
#include "tracer/tracer.h"

#define STOPPED(signal) (0x7f | (signal) << 8)
#define EVENT(event, signal) (STOPPED(signal) | (event) << 16)

static void test_made_by_hand(void)
{
	static const struct {
		int status;
		enum zc_stop stop;
	} all[] = {
		{ 0, ZC_STOP_EXITED },
		{ 7 << 8, ZC_STOP_EXITED },
		{ 255 << 8, ZC_STOP_EXITED },
		{ SIGKILL, ZC_STOP_KILLED },
		{ SIGSEGV | 0x80, ZC_STOP_KILLED }, /* with a core */
		{ EVENT(PTRACE_EVENT_SECCOMP, SIGTRAP), ZC_STOP_SECCOMP },
		{ STOPPED(SIGTRAP | 0x80), ZC_STOP_SYSCALL },
		{ STOPPED(SIGTRAP), ZC_STOP_SIGNAL }, /* a breakpoint of its own */
		{ STOPPED(SIGSTOP), ZC_STOP_SIGNAL }, /* about to be delivered: not yet a stop */
		{ STOPPED(SIGTSTP), ZC_STOP_SIGNAL },
		{ STOPPED(SIGCONT), ZC_STOP_SIGNAL },
		{ STOPPED(64), ZC_STOP_SIGNAL }, /* the last real-time signal */
		{ EVENT(PTRACE_EVENT_STOP, SIGSTOP), ZC_STOP_GROUP },
		{ EVENT(PTRACE_EVENT_STOP, SIGTSTP), ZC_STOP_GROUP },
		{ EVENT(PTRACE_EVENT_STOP, SIGTTIN), ZC_STOP_GROUP },
		{ EVENT(PTRACE_EVENT_STOP, SIGTTOU), ZC_STOP_GROUP },
		{ EVENT(PTRACE_EVENT_STOP, SIGTRAP), ZC_STOP_TRAP },
		{ EVENT(PTRACE_EVENT_FORK, SIGTRAP), ZC_STOP_BIRTH },
		{ EVENT(PTRACE_EVENT_VFORK, SIGTRAP), ZC_STOP_BIRTH },
		{ EVENT(PTRACE_EVENT_CLONE, SIGTRAP), ZC_STOP_BIRTH },
		{ EVENT(PTRACE_EVENT_VFORK_DONE, SIGTRAP), ZC_STOP_VFORK_DONE },
		{ EVENT(PTRACE_EVENT_EXEC, SIGTRAP), ZC_STOP_EXEC },
		{ EVENT(PTRACE_EVENT_EXIT, SIGTRAP), ZC_STOP_EXITING },
		{ EVENT(99, SIGTRAP), ZC_STOP_TRAP }, /* of a kernel to come: goes on */
	};

	for (size_t i = 0; i < ZC_LEN(all); i++)
		T_OK(zc_stop_of(all[i].status) == all[i].stop, "status %#x is %s",
		     (unsigned)all[i].status, zc_stop_name(all[i].stop));
}

static void test_names(void)
{
	for (unsigned stop = 0; stop < ZC_STOP_COUNT; stop++)
		for (unsigned other = 0; other < stop; other++)
			if (strcmp(zc_stop_name(stop), zc_stop_name(other)) == 0)
				T_OK(false, "stops %u and %u have names of their own", stop, other);
	T_OK(strcmp(zc_stop_name(ZC_STOP_COUNT), "unknown") == 0, "what is no stop has no name");
}

static enum zc_stop next(pid_t pid, int *ret_signal)
{
	int status = 0;

	if (waitpid(pid, &status, __WALL) != pid)
		return ZC_STOP_COUNT;
	*ret_signal = WIFSTOPPED(status) ? WSTOPSIG(status) : 0;
	return zc_stop_of(status);
}

/* A child that stops itself, is continued, and exits: signal, group-stop, trap, end. */
static void test_made_by_the_kernel(void)
{
	int signal = 0, go[2];
	pid_t pid;

	if (pipe(go) < 0 || (pid = fork()) < 0)
		abort();
	if (pid == 0) {
		char byte;

		_exit(read(go[0], &byte, 1) == 1 && raise(SIGSTOP) == 0 ? 9 : 1);
	}
	if (ptrace(PTRACE_SEIZE, pid, 0, PTRACE_O_EXITKILL) < 0) {
		kill(pid, SIGKILL);
		waitpid(pid, NULL, 0);
		T_SKIP("nothing can be traced here");
		return;
	}
	if (write(go[1], "", 1) != 1)
		abort();
	T_OK(next(pid, &signal) == ZC_STOP_SIGNAL && signal == SIGSTOP,
	     "SIGSTOP is delivered first");
	ptrace(PTRACE_CONT, pid, 0, SIGSTOP);
	T_OK(next(pid, &signal) == ZC_STOP_GROUP && signal == SIGSTOP, "then the group stops");
	ptrace(PTRACE_LISTEN, pid, 0, 0);
	kill(pid, SIGCONT);
	T_OK(next(pid, &signal) == ZC_STOP_TRAP, "a listener is told when it goes on");
	ptrace(PTRACE_CONT, pid, 0, 0);
	T_OK(next(pid, &signal) == ZC_STOP_SIGNAL && signal == SIGCONT,
	     "by a signal, delivered too");
	ptrace(PTRACE_CONT, pid, 0, 0);
	T_OK(next(pid, &signal) == ZC_STOP_EXITED, "and ends");
}

int main(void)
{
	test_made_by_hand();
	test_names();
	test_made_by_the_kernel();
	T_DONE();
}
