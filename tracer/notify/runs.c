/* SPDX-License-Identifier: MIT */
/*
 * runs.c - an exec that was judged before, and can mean nothing else, goes on at once.
 *
 * A spelling that nothing in the run can make lead elsewhere (paths/known.c), that was a plain allow, and whose
 * file is still the one that was found to be judged by its name alone (judge/programs.c). What comes to run is
 * held against what was judged, as with every exec.
 */
#include <fcntl.h>
#include <string.h>

#include "core/exec/argv.h"
#include "core/image.h"
#include "tracer/notify/notify.h"
#include "tracer/paths/known.h"

/* Is a program judged by its name alone, and has a name one meaning for all? */
static bool is_usable(const struct zc_tracer *tracer)
{
	return tracer->notify->sound && !tracer->notify->apart && !tracer->options->view &&
	       tracer->notify->own_names && !tracer->image->jail.count &&
	       !zc_argv_matters(tracer->image);
}

bool zc_notify_run_known(struct zc_tracer *tracer, struct zc_tracee *tracee,
			 const struct zc_call_stop *stop)
{
	static char path[ZC_NOTIFY_PATH];
	size_t len, text_len;

	if (!stop->known_abi || stop->abi != ZC_ABI_X86_64 || stop->call != ZC_ID_execve ||
	    !is_usable(tracer) || zc_notify_shares_all(tracer, tracee))
		return false;
	len = zc_notify_read_path(tracee->tid, AT_FDCWD, stop->args[0], path, &text_len);
	if (!len || text_len != len + 1 ||
	    zc_known_find(path, len, ZC_NEED_RUN) != ZC_KNOWN_FIXED ||
	    !zc_programs_take(tracee, path, len))
		return false;
	tracee->abi = (uint8_t)stop->abi;
	tracee->call = ZC_ID_execve;
	tracee->pending = ZC_PENDING_NONE;
	tracee->judged_argv = 0;
	tracee->calls++;
	__atomic_fetch_add(&tracer->page->judged, 1, __ATOMIC_RELAXED);
	zc_notify_executes(tracer, tracee);
	zc_notify_go_on(tracer);
	return true;
}

void zc_notify_learn_run(const struct zc_case *c, int natural)
{
	const struct zc_event *event = &c->event;
	const struct zc_object *object = &event->object[0];
	static uint32_t once[256]; /* of spellings that have been judged once */
	uint64_t hash;

	if (natural || event->call != ZC_ID_execve || event->abi != ZC_ABI_X86_64 ||
	    event->objects != 1 || !object->requested || *object->requested != '/' ||
	    !(object->flags & ZC_OBJ_FOLLOW) || !object->path || !is_usable(c->tracer) ||
	    c->verdict.action != ZC_ALLOWED ||
	    !zc_policy_allows_path(c->tracer->image, object->path, object->path_len, ZC_NEED_RUN))
		return;
	/* Learning looks at each directory on the way. */
	hash = zc_hash_bytes(object->requested, object->requested_len, ZC_NEED_RUN);
	if (once[hash % ZC_LEN(once)] != (uint32_t)(hash >> 32)) {
		once[hash % ZC_LEN(once)] = (uint32_t)(hash >> 32);
		return;
	}
	if (zc_programs_learn(c))
		zc_known_learn(c->tracer->image, object->requested, object->requested_len,
			       ZC_NEED_RUN, true);
}
