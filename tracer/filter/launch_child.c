/* SPDX-License-Identifier: MIT */
/*
 * launch_child.c - the command's first process: kernel layers, the observer's filter, exec.
 *
 * All of it async-signal-safe: it is a fork of a program that may have been in the middle of anything.
 */
#include <errno.h>
#include <fcntl.h>
#include <linux/close_range.h>
#include <linux/filter.h>
#include <linux/seccomp.h>
#include <sched.h>
#include <signal.h>
#include <stdlib.h>
#include <sys/prctl.h>
#include <sys/syscall.h>
#include <sys/wait.h>
#include <unistd.h>

#include "confine/confine.h"
#include "tracer/filter/launch.h"
#include "tracer/session/session.h"

/* --- in the child --------------------------------------------------------------------------------- */

static void say(int fd, enum zc_word_kind kind, int error, int value)
{
	struct zc_word word = { (int)kind, error, value };

	while (write(fd, &word, sizeof(word)) < 0 && errno == EINTR)
		;
}

/*
 * SPEC_ALLOW: on kernels before 5.16 a filter otherwise brings mitigations that slow the program
 * down, which it would not have without us. no_new_privs only where it must be: it stops sudo.
 * Returns what the kernel does (a listener's number), or -errno.
 */
static long install(const struct sock_fprog *filter, unsigned wanted)
{
	static const unsigned extra[] = { SECCOMP_FILTER_FLAG_SPEC_ALLOW, 0 };

	for (int privileged = 1; privileged >= 0; privileged--) {
		if (!privileged && prctl(PR_SET_NO_NEW_PRIVS, 1, 0, 0, 0) < 0)
			return -errno;
		for (size_t i = 0; i < ZC_LEN(extra); i++) {
			long r = syscall(SYS_seccomp, SECCOMP_SET_MODE_FILTER, wanted | extra[i],
					 filter);

			if (r >= 0)
				return r;
		}
		if (errno != EACCES)
			return -errno;
	}
	return -EACCES;
}

/* From here on our descriptors are our own, and the listener is not among them. */
static int part_with(int listener)
{
	if (syscall(SYS_close_range, listener, listener, CLOSE_RANGE_UNSHARE) == 0)
		return 0;
	if (unshare(CLONE_FILES) < 0)
		return -errno;
	close(listener);
	return 0;
}

static void confine(const struct zc_tracer_options *o, int tell)
{
	int error[ZC_CONFINE_LAYERS], r;

	if (!o->plan)
		return;
	r = zc_confine_apply(o->plan, error);
	for (int layer = 0; layer < ZC_CONFINE_LAYERS; layer++)
		if (error[layer] >= 0)
			say(tell, ZC_WORD_LAYER, error[layer], layer);
	if (r < 0) {
		say(tell, ZC_WORD_CONFINE, -r, 0);
		_exit(127);
	}
}

/* Hybrid: what the shim is to find (core/wire/session.h), but for the socket. */
static void leave_session(const struct zc_tracer *tracer)
{
	if (!tracer->image->gate)
		return;
	fcntl(tracer->options->session.image_fd, F_SETFD, 0);
	fcntl(tracer->options->open_page, F_SETFD, 0);
}

void zc_launch_child(const struct zc_tracer *tracer, const struct zc_child *child)
{
	const struct zc_tracer_options *o = tracer->options;
	long r = -child->unfit;
	int error;
	char byte;

	if (child->go >= 0 && read(child->go, &byte, 1) != 1)
		_exit(127);
	if (o->new_session)
		setsid();
	confine(o, child->tell);
	if (!child->unfit)
		r = install(tracer->filter, child->flags);
	error = r < 0 ? (int)-r : 0;
	if (r >= 0 && child->flags & SECCOMP_FILTER_FLAG_NEW_LISTENER)
		error = -part_with((int)r);
	say(child->tell, ZC_WORD_FILTER, error, (int)r);
	leave_session(tracer);
	sigaction(SIGCHLD, &o->child, NULL);
	sigprocmask(SIG_SETMASK, &o->mask, NULL);
	execve(o->exe ? o->exe : o->command[0], o->command,
	       o->environment ? o->environment : environ);
	say(child->tell, ZC_WORD_EXEC, errno, 0);
	_exit(127);
}

/* --- in the tracer -------------------------------------------------------------------------------- */

int zc_launch_hear(struct zc_tracer *tracer, struct zc_word *ret)
{
	for (;;) {
		ssize_t n = read(tracer->tell, ret, sizeof(*ret));
		struct zc_control word;

		if (n < 0 && errno == EINTR)
			continue;
		if (n != (ssize_t)sizeof(*ret))
			return -ENODATA;
		if (ret->kind != ZC_WORD_LAYER)
			return 0;
		if (ret->error == 0 && ret->value < 32)
			tracer->layers |= 1u << ret->value;
		word = (struct zc_control){ ZC_CONTROL_LAYER, (uint32_t)ret->value, 0, ret->error };
		zc_control_tell(tracer->options->control, &word);
	}
}

pid_t zc_launch_failed(struct zc_tracer *tracer, int *ret_exec_error)
{
	struct zc_word word;

	while (zc_launch_hear(tracer, &word) == 0) {
		if (word.kind == ZC_WORD_CONFINE)
			return -word.error;
		if (word.kind == ZC_WORD_EXEC && word.error > 0) {
			*ret_exec_error = word.error;
			return 0;
		}
	}
	return -ECHILD;
}

int zc_launch_end(pid_t pid, int error)
{
	kill(pid, SIGKILL);
	while (waitpid(pid, NULL, __WALL) < 0 && errno == EINTR)
		;
	return error;
}

int zc_launch_filter(struct zc_tracer *tracer, uint32_t action)
{
	if (tracer->filter)
		zc_filter_free(tracer->filter);
	else
		tracer->filter = calloc(1, sizeof(*tracer->filter));
	return tracer->filter ? zc_filter_build(tracer->image, action, tracer->filter) : -ENOMEM;
}
