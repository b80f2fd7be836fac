/* SPDX-License-Identifier: MIT */
/*
 * aside.c - calls that stay without an answer for now: until names are known, or somebody has been asked.
 *
 * The caller sleeps on in the kernel. What is kept is the request, to be judged anew from the beginning.
 */
#include <errno.h>
#include <signal.h>
#include <stdlib.h>
#include <string.h>

#include "tracer/notify/notify.h"

/* --- calls that wait for names ------------------------------------------------------------------- */

/* The caller sleeps on in the kernel; that it is not answered is all there is to do. */
int zc_notify_set_aside(struct zc_tracer *tracer, struct zc_tracee *tracee)
{
	struct zc_notify *notify = tracer->notify;

	if (!notify->aside)
		notify->aside = calloc(ZC_NOTIFY_ASIDE, notify->request_size);
	if (!notify->aside || notify->aside_count == ZC_NOTIFY_ASIDE)
		return -EAGAIN;
	memcpy(notify->aside + notify->aside_count++ * notify->request_size, notify->request,
	       notify->request_size);
	notify->answered = true;
	return 0;
}

/* Who is gone by now is told by the kernel when the answer is sent. */
void zc_notify_take_up(struct zc_tracer *tracer)
{
	struct zc_notify *notify = tracer->notify;
	unsigned count = notify->aside_count;
	char *taken = notify->aside;

	notify->aside = NULL;
	notify->aside_count = 0;
	for (unsigned i = 0; i < count; i++) {
		memcpy(notify->request, taken + i * notify->request_size, notify->request_size);
		zc_notify_judge_again(tracer);
	}
	free(taken);
}

/* --- calls that are asked about -------------------------------------------------------------------- */

void *zc_notify_suspend(struct zc_tracer *tracer, struct zc_tracee *tracee)
{
	struct zc_notify *notify = tracer->notify;
	void *copy = malloc(notify->request_size);

	if (!copy)
		return NULL;
	memcpy(copy, notify->request, notify->request_size);
	notify->answered = true; /* not now */
	return copy;
}

/* As if it had just been heard of. Where the caller is gone, the answer finds nobody. */
void zc_notify_resume(struct zc_tracer *tracer, pid_t tid, void *held)
{
	struct zc_notify *notify = tracer->notify;

	if (notify->waiting < ZC_NOTIFY_QUEUE)
		memcpy(zc_notify_queued(notify, notify->waiting++), held, notify->request_size);
	else
		kill(tid, SIGKILL); /* 2,048 calls at once: it would wait for ever */
	free(held);
}
