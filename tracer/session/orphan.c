/* SPDX-License-Identifier: MIT */
/*
 * orphan.c - zcwrap is gone: what it has started must not go on without a record.
 *
 * Traced by ptrace, the tree ends with us (EXITKILL), so the kernel is asked to end us. Held by
 * notification it would live on, and each of its calls would fail: we end it ourselves. Attached, it is
 * not ours to end, and is let go of.
 */
#include <errno.h>
#include <fcntl.h>
#include <poll.h>
#include <signal.h>
#include <stdio.h>
#include <stdlib.h>
#include <sys/prctl.h>
#include <sys/wait.h>
#include <time.h>
#include <unistd.h>

#include "tracer/engine.h"

#define PATIENCE_TURNS 1000 /* of 5 ms */

static pid_t parent;

/* The other end of the control socket is zcwrap's alone. */
static bool has_hung_up(int control)
{
	struct pollfd end = { .fd = control };

	return control >= 0 && poll(&end, 1, 0) == 1 && end.revents & POLLHUP;
}

static void kill_children(void)
{
	char path[64], text[4096], *at = text, *end;
	ssize_t got;
	int fd;

	snprintf(path, sizeof(path), "/proc/self/task/%d/children", getpid());
	fd = open(path, O_RDONLY | O_CLOEXEC);
	got = fd < 0 ? -1 : read(fd, text, sizeof(text) - 1);
	if (fd >= 0)
		close(fd);
	text[got > 0 ? got : 0] = '\0';
	for (;; at = end) {
		pid_t pid = (pid_t)strtol(at, &end, 10);

		/* What may be a number cut in two is read again. */
		if (end == at || (*end != ' ' && *end != '\n'))
			return;
		kill(pid, SIGKILL);
	}
}

/* Whoever loses a parent becomes our child, so it is enough to go on until there is none. */
static void end_tree(void)
{
	const struct timespec moment = { 0, 5000000 };

	for (unsigned turn = 0; turn < PATIENCE_TURNS; turn++) {
		pid_t pid;

		kill_children();
		while ((pid = waitpid(-1, NULL, __WALL | WNOHANG)) > 0)
			;
		if (pid < 0 && errno == ECHILD)
			return;
		nanosleep(&moment, NULL);
	}
}

void zc_orphan_look(const struct zc_tracer *tracer)
{
	if (getppid() == parent)
		return;
	if (!tracer->options->attach)
		end_tree();
	_exit(1);
}

void zc_orphan_prepare(const struct zc_tracer *tracer)
{
	/* Only notification has a loop that SIGCHLD wakes, and that looks who its parent is. */
	int signal = tracer->options->attach               ? SIGTERM
		     : tracer->engine == &zc_engine_notify ? SIGCHLD
							   : SIGKILL;

	parent = getppid();
	prctl(PR_SET_PDEATHSIG, signal);
	if (has_hung_up(tracer->options->control)) {
		parent = -1; /* it went before we could ask for a word */
		zc_orphan_look(tracer);
	}
}
