/* SPDX-License-Identifier: MIT */
/*
 * hooks.h - the functions in front of libc's, family by family; and those that syscall() shares with them.
 *
 * Theory of operation. Most hooks are written by the catalogue: file.c turns each row of core/calls.def that
 * is marked so into a function with libc's own prototype, which a wrong role would contradict. The rest need more
 * than their arguments: sockets (net.c), names (resolver.c), streams and directories, which libc opens inside
 * (stdio.c, walkers.c, inside.c), objects by other names (ipc.c), processes and the root (system.c, owner.c), calls
 * by number (syscall.c and its entry in assembly), and what may load code (dlopen_entry.S, for the caller's sake).
 *
 * A hook has one shape: is there a policy? then judge, then make the call. It is made by a raw system call on
 * what was judged; only where libc must do it (it blocks and must stay cancellable, or it keeps state of its own)
 * is libc's function called, on a copy of what was judged. errno is written on failure alone. A hook that cannot
 * be made to see what libc does inside judges what it is going to do, before.
 */
#ifndef ZC_PRELOAD_HOOKS_H
#define ZC_PRELOAD_HOOKS_H

#include "preload/judge/judge.h"

long zc_execute(const void *caller, int dirfd, const char *path, char *const *argv,
		char *const *envp, int atflags);
/* Sets what the event's pid argument is: ours, the run's, or a stranger. */
void zc_look_at_target(struct zc_guard *guard);
/* Is it this process, or another below the supervisor? */
bool zc_is_of_the_run(int pid);
/* The process behind a pidfd, 0 when that cannot be found out. */
int zc_pid_of_pidfd(int fd);
long zc_listen(const void *caller, int fd, int backlog);
/* Judges a call on a process and makes it. */
long zc_call_on_process(const void *caller, unsigned call, long a, long b, long c, long d, long e,
			long f);
long zc_chroot(const void *caller, const char *path);
/* A network row by number: judged on the memory as it is, made with the same arguments. */
long zc_call_on_network(const void *caller, unsigned call, const long args[6]);

#endif
