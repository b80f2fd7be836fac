/* SPDX-License-Identifier: MIT */
/*
 * session.c - the tracer's start and end, as zcwrap runs it.
 *
 *   zctrace --session=1:IMAGE:... --control=FD [--engine=ptrace|notify] [--confine=FD] [--verbose ...]
 *           --environment=FD --program=FILE -- COMMAND
 *   zctrace --session=1:IMAGE:... --control=FD [--verbose ...] --attach=PID ...
 *
 * The command must not notice who stands between: descriptors of ours are CLOEXEC before there is a
 * command, signals are blocked and never handled or ignored (dispositions survive exec), and where a
 * shell controls jobs we leave its process group (withdraw.c), so that a terminal never stops its judge.
 */
#include <errno.h>
#include <fcntl.h>
#include <stdlib.h>
#include <string.h>
#include <sys/mman.h>
#include <sys/prctl.h>
#include <sys/random.h>
#include <sys/stat.h>
#include <sys/wait.h>
#include <unistd.h>

#include "confine/confine.h"
#include "evidence/naming/naming.h"
#include "tracer/engine.h"
#include "tracer/names/names.h"
#include "tracer/notify/notify.h"
#include "tracer/ptrace/ptrace.h"
#include "tracer/session/session.h"
#include "tracer/tracer.h"
#include "tracer/session/withdraw.h"

#if defined(__SANITIZE_ADDRESS__)
#define SANITIZED 1
#elif defined(__has_feature)
#if __has_feature(address_sanitizer)
#define SANITIZED 1
#endif
#endif

/* --- between us and the command ---------------------------------------------------------------------- */

/* A closed 0, 1 or 2 gets something that does not survive exec, so that nothing of ours lands there. */
static void guard_streams(void)
{
	for (int fd = 0; fd <= STDERR_FILENO; fd++)
		if (fcntl(fd, F_GETFD) < 0 && open("/dev/null", O_RDWR | O_CLOEXEC) < 0)
			return;
}

/*
 * Those of faults too: `kill -ABRT 0` reaches us where we stay in the command's group, and a fault of our own
 * ends us all the same. Only a sanitizer must be let to report one.
 */
static void hold_signals(struct zc_tracer_options *o)
{
	struct sigaction plain = { .sa_handler = SIG_DFL };
	sigset_t set;
#if defined(SANITIZED)
	static const int faults[] = { SIGSEGV, SIGBUS, SIGFPE, SIGILL };
#endif

	sigfillset(&set);
#if defined(SANITIZED)
	for (size_t i = 0; i < ZC_LEN(faults); i++)
		sigdelset(&set, faults[i]);
#endif
	sigaction(SIGCHLD, &plain, &o->child);
	sigprocmask(SIG_SETMASK, &set, &o->mask);
}

/* The judge: out of reach of what is sent to the command's group, and of whoever shares our user. */
static void withdraw(bool is_parent)
{
	zc_tracer_leave_group(is_parent);
#if !defined(SANITIZED) /* LeakSanitizer must attach to us */
	prctl(PR_SET_DUMPABLE, 0);
#endif
}

static int say_failed(const struct zc_start_words *start, int step, pid_t pid, int error)
{
	struct zc_control word = { ZC_CONTROL_FAILED, (uint32_t)step, pid, error };

	zc_control_tell(start->options.control, &word);
	return ZC_TRACE_TROUBLE;
}

static void say_started(const struct zc_start_words *start, pid_t pid)
{
	struct zc_control word = { ZC_CONTROL_STARTED, 0, pid, 0 };

	zc_control_tell(start->options.control, &word);
}

/* Only who has asked for an engine is told. error: why not the one that was asked for. */
static void say_engine(const struct zc_tracer *tracer, int error)
{
	struct zc_control word = { ZC_CONTROL_ENGINE, (uint32_t)error, 0,
				   (int32_t)tracer->engine->source };

	if (tracer->options->engine)
		zc_control_tell(tracer->options->control, &word);
}

/* With the engine that was asked for where it works, else with ptrace. */
static pid_t launch(struct zc_tracer *tracer, int *ret_exec_error)
{
	const struct zc_engine *asked = tracer->options->engine;
	int error = asked ? zc_engine_fits(asked) : 0;
	pid_t pid;

	if (asked && !error)
		tracer->engine = asked;
	pid = tracer->engine->launch(tracer, ret_exec_error);
	if (pid < 0 && tracer->notify && tracer->notify->unfit) {
		error = tracer->notify->unfit;
		zc_notify_finish(tracer);
		tracer->engine = &zc_engine_ptrace;
		pid = tracer->engine->launch(tracer, ret_exec_error);
	}
	say_engine(tracer, error);
	return pid;
}

static int begin_command(struct zc_tracer *tracer, const struct zc_start_words *start)
{
	int exec_error = 0;
	pid_t pid = launch(tracer, &exec_error);

	if (pid < 0)
		return say_failed(start, ZC_CONTROL_AT_START, 0, -pid);
	if (exec_error)
		return say_failed(start, ZC_CONTROL_AT_EXEC, 0, abs(exec_error));
	say_started(start, tracer->command = pid);
	return 0;
}

static int begin_attached(struct zc_tracer *tracer, const struct zc_start_words *start)
{
	for (size_t i = 0; i < start->attach_count; i++) {
		int r = zc_attach(tracer, start->attach[i]);

		if (r < 0) {
			zc_detach_all(tracer);
			return say_failed(start, ZC_CONTROL_AT_ATTACH, start->attach[i], -r);
		}
	}
	say_started(start, start->attach[0]);
	return 0;
}

static int begin(struct zc_tracer *tracer, struct zc_start_words *start)
{
	int r = zc_start_take_over(start, tracer);

	if (r == 0)
		r = zc_start_open_view(start);
	if (r == 0 && start->options.stacks)
		zc_naming_prepare();
	if (r == 0 && prctl(PR_SET_CHILD_SUBREAPER, 1) < 0)
		r = -errno;
	if (r < 0)
		return say_failed(start, ZC_CONTROL_AT_START, 0, -r);
	return start->attach ? begin_attached(tracer, start) : begin_command(tracer, start);
}

static int watch(struct zc_tracer *tracer, const struct zc_start_words *start)
{
	int r;

	withdraw(!start->options.attach);
	zc_orphan_prepare(tracer);
	r = tracer->engine->loop(tracer);
	zc_view_end(tracer);
	return r < 0 ? ZC_TRACE_TROUBLE : ZC_TRACE_DONE;
}

/*
 * LeakSanitizer looks with a child of its own and waits for it. zcwrap, where it is killing the tree,
 * would take that for one of the command's.
 */
static void leave_if_killed(const struct zc_tracer *tracer, int code)
{
#if defined(SANITIZED)
	if (WIFSIGNALED(tracer->command_status) && WTERMSIG(tracer->command_status) == SIGKILL)
		_exit(code);
#endif
}

static void finish(struct zc_tracer *tracer, struct zc_start_words *start)
{
	for (size_t i = 0; i < ZC_LEN(tracer->bucket); i++)
		while (tracer->bucket[i])
			zc_tracee_remove(tracer, tracer->bucket[i]->tid);
	zc_notify_finish(tracer);
	zc_peers_finish();
	if (tracer->filter)
		zc_filter_free(tracer->filter);
	free(tracer->filter);
	free(tracer);
	if (start->options.view)
		fclose(start->options.view);
	free((void *)start->options.environment);
	free(start->attach);
}

int zc_session_run(int argc, char **argv)
{
	struct zc_start_words start = { .environment = -1,
					.view = -1,
					.confine = -1,
					.options.control = -1,
					.options.open_page = -1 };
	struct zc_tracer *tracer;
	int r;

	guard_streams();
	r = zc_start_parse(&start, argc, argv);
	if (r < 0) {
		fputs("zctrace: --session is zcwrap's way to run it\n", stderr);
		return ZC_TRACE_TROUBLE;
	}
	tracer = calloc(1, sizeof(*tracer));
	if (!tracer)
		return say_failed(&start, ZC_CONTROL_AT_START, 0, ENOMEM);
	tracer->options = &start.options;
	if (getrandom(&tracer->key, sizeof(tracer->key), 0) != sizeof(tracer->key))
		return say_failed(&start, ZC_CONTROL_AT_START, 0, EIO);
	tracer->engine = &zc_engine_ptrace;
	tracer->socket = tracer->tell = -1;
	start.options.group = getpgrp();
	hold_signals(&start.options);
	r = begin(tracer, &start);
	if (r == 0)
		r = watch(tracer, &start);
	leave_if_killed(tracer, r);
	finish(tracer, &start);
	return r;
}
