/* SPDX-License-Identifier: MIT */
/*
 * attach.c - a process that runs already: all its threads are seized, and let go of at the end.
 *
 * No filter can be put into it, so every call of its stops. It is not ours to end: no EXITKILL.
 */
#include <dirent.h>
#include <errno.h>
#include <linux/filter.h>
#include <linux/seccomp.h>
#include <signal.h>
#include <stdio.h>
#include <stdlib.h>
#include <sys/ptrace.h>
#include <sys/time.h>
#include <time.h>

#include "tracer/ptrace/ptrace.h"
#include "tracer/tracer.h"

#define OPTIONS \
	(PTRACE_O_TRACESYSGOOD | PTRACE_O_TRACEFORK | PTRACE_O_TRACEVFORK | PTRACE_O_TRACECLONE | \
	 PTRACE_O_TRACEEXEC)
#define PATIENCE_MS 2000
#define DETACH_MS 2000
#define TICK_US 100000

static volatile sig_atomic_t asked_to_end;

/* A thread that is ending answers EPERM for a moment, as does one whose other tracer is leaving. */
static int seize(pid_t tid, long *patience_ms)
{
	for (long pause = 1;; pause = pause < 50 ? pause * 2 : pause) {
		const struct timespec wait = { 0, pause * 1000000 };

		if (ptrace(PTRACE_SEIZE, tid, 0, OPTIONS) == 0)
			return 0;
		if (errno != EPERM || *patience_ms <= 0)
			return -errno;
		nanosleep(&wait, NULL);
		*patience_ms -= pause;
	}
}

static int take(struct zc_tracer *tracer, pid_t tid, const struct zc_tracee *leader,
		long *patience_ms)
{
	struct zc_tracee *tracee;
	int r = seize(tid, patience_ms);

	if (r < 0)
		return r;
	tracee = zc_tracee_add(tracer, tid);
	if (!tracee)
		return -ENOMEM;
	tracee->seized = tracee->attached = true;
	tracee->tgid = leader->tgid;
	tracee->ppid = leader->ppid;
	tracee->shares_memory = true;
	if (ptrace(PTRACE_INTERRUPT, tid, 0, 0) < 0)
		tracee->dying = true;
	return 0;
}

/* One look at the list. Returns how many were new, or -errno. */
static int take_new(struct zc_tracer *tracer, const struct zc_tracee *leader, long *patience_ms)
{
	char name[32];
	struct dirent *entry;
	int found = 0, r = 0;
	DIR *dir;

	snprintf(name, sizeof(name), "/proc/%d/task", leader->tgid);
	dir = opendir(name);
	if (!dir)
		return errno == ENOENT ? -ESRCH : -errno;
	while (r == 0 && (entry = readdir(dir))) {
		pid_t tid = atoi(entry->d_name);

		if (tid <= 0 || zc_tracee_find(tracer, tid))
			continue;
		r = take(tracer, tid, leader, patience_ms);
		found += r == 0;
		if (r == -ESRCH)
			r = 0;
	}
	closedir(dir);
	return r < 0 ? r : found;
}

int zc_attach(struct zc_tracer *tracer, pid_t pid)
{
	struct zc_tracee leader = { .tid = pid };
	long patience_ms = PATIENCE_MS;
	int r, all = 0;

	if (!tracer->filter) {
		tracer->filter = calloc(1, sizeof(*tracer->filter));
		r = tracer->filter
			    ? zc_filter_build(tracer->image, SECCOMP_RET_TRACE, tracer->filter)
			    : -ENOMEM;
		if (r < 0)
			return r;
	}
	r = zc_tracee_look_up(&leader);
	if (r < 0)
		return r;
	/* Until a look finds nobody new: threads start others while we go through the list. */
	while ((r = take_new(tracer, &leader, &patience_ms)) > 0)
		all += r;
	return r < 0 ? r : all ? 0 : -ESRCH;
}

static void on_asked(int signal)
{
	asked_to_end = 1;
}

static void on_tick(int signal)
{
}

/* So that a waitpid() that began just before the signal, or waits for what never stops, ends too. */
static void tick(bool on)
{
	const struct itimerval timer = { { 0, on ? TICK_US : 0 }, { 0, on ? TICK_US : 0 } };
	struct sigaction action = { .sa_handler = on_tick };
	sigset_t set;

	sigaction(SIGALRM, &action, NULL);
	sigemptyset(&set);
	sigaddset(&set, SIGALRM);
	sigprocmask(SIG_UNBLOCK, &set, NULL);
	setitimer(ITIMER_REAL, &timer, NULL);
}

/* Only for -p: with a command these signals are zcwrap's to forward, and ours stay blocked. */
void zc_attach_listen(void)
{
	static const int signals[] = { SIGINT, SIGTERM, SIGHUP };
	struct sigaction action = { .sa_handler = on_asked };
	sigset_t set;

	sigemptyset(&set);
	for (size_t i = 0; i < ZC_LEN(signals); i++) {
		sigaction(signals[i], &action, NULL);
		sigaddset(&set, signals[i]);
	}
	tick(true);
	sigprocmask(SIG_UNBLOCK, &set, NULL);
}

static long now_ms(void)
{
	struct timespec now;

	clock_gettime(CLOCK_MONOTONIC, &now);
	return now.tv_sec * 1000 + now.tv_nsec / 1000000;
}

bool zc_attach_is_over(void)
{
	return asked_to_end;
}

/* Each is stopped once more, and let go of there. What does not stop is let go of by our own end. */
void zc_detach_all(struct zc_tracer *tracer)
{
	long deadline = now_ms() + DETACH_MS;

	if (tracer->stopping)
		return;
	tracer->stopping = true;
	for (size_t i = 0; i < ZC_LEN(tracer->bucket); i++)
		for (struct zc_tracee *t = tracer->bucket[i]; t; t = t->next)
			if (ptrace(PTRACE_INTERRUPT, t->tid, 0, 0) < 0 && errno == ESRCH)
				t->dying = true;
	tick(true);
	while (tracer->alive && now_ms() < deadline && zc_loop_turn(tracer) == 0)
		;
	tick(false);
}
