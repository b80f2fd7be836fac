/* SPDX-License-Identifier: MIT */
/*
 * tracee.c - the table of tracees, by thread id.
 *
 * A tid is in it from its birth (or its first stop, whichever is seen first) until its end has been
 * waited for, so no tid can be given to somebody else while it is here.
 */
#include <errno.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/random.h>
#include <unistd.h>

#include "tracer/judge/prompt.h"
#include "tracer/look/look.h"
#include "tracer/tracer.h"

static struct zc_tracee **bucket_of(struct zc_tracer *tracer, pid_t tid)
{
	return &tracer->bucket[(unsigned)tid % ZC_LEN(tracer->bucket)];
}

struct zc_tracee *zc_tracee_find(struct zc_tracer *tracer, pid_t tid)
{
	struct zc_tracee *tracee = *bucket_of(tracer, tid);

	while (tracee && tracee->tid != tid)
		tracee = tracee->next;
	return tracee;
}

static void insert(struct zc_tracer *tracer, struct zc_tracee *tracee)
{
	struct zc_tracee **bucket = bucket_of(tracer, tracee->tid);

	tracee->next = *bucket;
	*bucket = tracee;
	tracer->alive++;
}

static struct zc_tracee *take(struct zc_tracer *tracer, pid_t tid)
{
	struct zc_tracee **link = bucket_of(tracer, tid), *tracee;

	while (*link && (*link)->tid != tid)
		link = &(*link)->next;
	tracee = *link;
	if (tracee) {
		*link = tracee->next;
		tracer->alive--;
	}
	return tracee;
}

struct zc_tracee *zc_tracee_add(struct zc_tracer *tracer, pid_t tid)
{
	struct zc_tracee *tracee = zc_tracee_find(tracer, tid);

	if (tracee)
		return tracee;
	tracee = calloc(1, sizeof(*tracee));
	if (!tracee)
		return NULL;
	tracee->tid = tid;
	tracee->new_born = true;
	tracee->call = ZC_CALL_NONE;
	tracee->pidfd = -1;
	insert(tracer, tracee);
	return tracee;
}

static void release(struct zc_tracee *tracee)
{
	if (!tracee)
		return;
	if (tracee->pidfd >= 0)
		close(tracee->pidfd);
	zc_maps_release(tracee);
	free(tracee->judged_path);
	free(tracee->exe);
	free(tracee);
}

void zc_tracee_remove(struct zc_tracer *tracer, pid_t tid)
{
	zc_prompt_forget(tid);
	release(take(tracer, tid));
}

/* Told apart from those of other observers by where they start; nobody must be kept from guessing. */
static uint64_t new_exec_id(void)
{
	static uint64_t last;
	uint64_t id;

	if (!last && getrandom(&last, sizeof(last), GRND_NONBLOCK) < 0)
		last = (uint64_t)(uintptr_t)&last;
	last += 0x9e3779b97f4a7c15ull;
	id = (last ^ last >> 30) * 0xbf58476d1ce4e5b9ull;
	return id ^ id >> 31;
}

struct zc_tracee *zc_tracee_exec(struct zc_tracer *tracer, pid_t tid, pid_t old_tid)
{
	struct zc_tracee *tracee = NULL;

	if (old_tid != tid)
		tracee = take(tracer, old_tid);
	if (tracee) {
		/* The leader's end is never reported: the thread has taken its number. */
		release(take(tracer, tid));
		tracee->tid = tid;
		insert(tracer, tracee);
	} else {
		tracee = zc_tracee_add(tracer, tid);
	}
	if (!tracee)
		return NULL;
	tracee->tgid = tid;
	tracee->new_born = tracee->shares_memory = tracee->maps_shared = tracee->lends = false;
	tracee->memory_of = 0;
	tracee->pending = ZC_PENDING_NONE;
	free(tracee->exe);
	tracee->exe = NULL;
	zc_maps_release(tracee);
	tracee->maps_generation++;
	tracee->exec_id = new_exec_id();
	return tracee;
}

int zc_tracee_look_up(struct zc_tracee *tracee)
{
	char name[32], line[128];
	int tgid = 0, ppid = 0;
	FILE *file;

	snprintf(name, sizeof(name), "/proc/%d/status", tracee->tid);
	file = fopen(name, "re");
	if (!file)
		return -ESRCH;
	while (!ppid && fgets(line, sizeof(line), file)) {
		if (strncmp(line, "Tgid:", 5) == 0)
			tgid = atoi(line + 5);
		else if (strncmp(line, "PPid:", 5) == 0)
			ppid = atoi(line + 5);
	}
	fclose(file);
	if (tgid <= 0)
		return -ESRCH;
	tracee->tgid = tgid;
	tracee->ppid = ppid;
	return 0;
}
