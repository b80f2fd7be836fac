/* SPDX-License-Identifier: MIT */
/*
 * attach.c - a process that runs already: all its threads are seized, and let go of at the end.
 *
 * No filter can be put into it, so every call of its stops. It is not ours to end: no EXITKILL.
 */
#include <dirent.h>
#include <errno.h>
#include <linux/filter.h>
#include <stdio.h>
#include <stdlib.h>
#include <sys/ptrace.h>
#include <time.h>

#include "tracer/tracer.h"

#define OPTIONS                                                                                   \
	(PTRACE_O_TRACESYSGOOD | PTRACE_O_TRACEFORK | PTRACE_O_TRACEVFORK | PTRACE_O_TRACECLONE | \
	 PTRACE_O_TRACEEXEC)
#define PATIENCE_MS 2000

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

static int take(struct zc_tracer *tracer, pid_t tid, const struct zc_tracee *leader, long *patience_ms)
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
		r = tracer->filter ? zc_filter_build(tracer->image, tracer->filter) : -ENOMEM;
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

void zc_detach_all(struct zc_tracer *tracer)
{
	if (tracer->stopping)
		return;
	tracer->stopping = true;
	for (size_t i = 0; i < ZC_LEN(tracer->bucket); i++)
		for (struct zc_tracee *t = tracer->bucket[i]; t; t = t->next)
			if (ptrace(PTRACE_INTERRUPT, t->tid, 0, 0) < 0 && errno == ESRCH)
				t->dying = true;
	zc_loop_detach(tracer);
}
