/* SPDX-License-Identifier: MIT */
/*
 * withdraw.c - the judge leaves the command's process group.
 *
 * The kernel calls a group orphaned when no member has a parent in another group of the same session (POSIX.1-2017,
 * 3.264): nobody could continue what stops there. Stops by the terminal are then dropped; and in the moment in
 * which the end of a process makes it so while something in the group is stopped, all of it gets SIGHUP. The
 * judge is the command's parent. In a group of its own it would count as one that controls jobs, and under a CI
 * runner, whose group is orphaned from the start, each command's end would "orphan" that group anew: one
 * stopped process, and the runner is hung up. So it leaves only a group that somebody does control: then the
 * command's end changes nothing. Elsewhere it stays, with all signals blocked that can be.
 *
 * Rejected: a session of its own. It would outlive a SIGKILL for the whole group; but each session is
 * scheduled by itself (sched(7), autogroup), and a call that waits for the judge took up to a third longer.
 */
#include <fcntl.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>

#include "tracer/session/withdraw.h"

/* 0: nobody, or it cannot be known. */
static pid_t parent_of(pid_t pid)
{
	char path[32], text[512], *end;
	ssize_t len;
	int fd;

	snprintf(path, sizeof(path), "/proc/%d/stat", pid);
	fd = open(path, O_RDONLY | O_CLOEXEC);
	if (fd < 0)
		return 0;
	len = read(fd, text, sizeof(text) - 1);
	close(fd);
	text[len > 0 ? len : 0] = '\0';
	/* proc_pid_stat(5): the name may hold anything, a state and the parent follow its last bracket. */
	end = strrchr(text, ')');
	return end && strlen(end) > 4 ? (pid_t)strtol(end + 4, NULL, 10) : 0;
}

/* Is our group somebody's job: has an ancestor of ours in it a parent in another group of the session? */
static bool is_a_job(void)
{
	pid_t group = getpgrp(), session = getsid(0);

	for (pid_t pid = getppid(); pid > 1; pid = parent_of(pid))
		if (getpgid(pid) != group)
			return getsid(pid) == session;
	return false;
}

void zc_tracer_leave_group(bool is_parent)
{
	if (!is_parent || is_a_job())
		setpgid(0, 0);
}
