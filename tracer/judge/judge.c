/* SPDX-License-Identifier: MIT */
/*
 * judge.c - from a stop at a call to how it goes on: as asked, refused here, or not at all.
 */
#include <errno.h>
#include <fcntl.h>
#include <linux/prctl.h>
#include <sched.h>
#include <stdlib.h>
#include <string.h>
#include <sys/ptrace.h>
#include <sys/stat.h>
#include <sys/uio.h>
#include <unistd.h>

#include "core/wire/gate.h"
#include "core/wire/record.h"
#include "tracer/engine.h"
#include "tracer/judge/judge.h"
#include "tracer/look/look.h"
#include "tracer/names/names.h"

static uint64_t place, caller; /* of the call under judgement */

static void count(uint64_t *counter)
{
	__atomic_fetch_add(counter, 1, __ATOMIC_RELAXED);
}

uint64_t zc_judge_place(void)
{
	return place;
}

uint64_t zc_judge_caller(void)
{
	return caller;
}

/* ---- calls that are answered in the kernel's place ---- */

/* What cannot be answered must not go on; what is dying does not. */
static enum zc_restart answer(struct zc_case *c, long value)
{
	int r = c->tracer->engine->answer(c->tracer, c->tracee, value);

	if (r == -ESRCH)
		c->tracee->dying = true;
	return r < 0 && r != -ESRCH ? ZC_RESTART_KILL : ZC_RESTART_GO;
}

/* Programs take EBUSY for somebody else's. */
enum zc_restart zc_judge_listener(struct zc_tracer *tracer, struct zc_tracee *tracee)
{
	int r = tracer->engine->answer(tracer, tracee, -EBUSY);

	if (r == 0)
		zc_report_note(tracer, tracee, ZC_NOTE_LISTENER, NULL);
	return r == 0 || r == -ESRCH ? ZC_RESTART_GO : ZC_RESTART_KILL;
}

/* Its flags hide behind a pointer that another thread may change. Every library falls back to clone. */
static enum zc_restart answer_clone3(struct zc_case *c)
{
	static bool said;

	if (zc_case_only_watches(c->tracer))
		return ZC_RESTART_GO;
	if (!said)
		zc_report_note(c->tracer, c->tracee, ZC_NOTE_CLONE3, NULL);
	said = true;
	return answer(c, -ENOSYS);
}

/* A process that cannot be read would be judged blindly. */
static enum zc_restart answer_prctl(struct zc_case *c)
{
	static uint64_t said; /* exec_id of who was last noted */

	if (c->stop->args[0] != PR_SET_DUMPABLE || c->stop->args[1] != 0)
		return ZC_RESTART_GO;
	if (said != c->tracee->exec_id)
		zc_report_note(c->tracer, c->tracee, ZC_NOTE_NOT_DUMPABLE, NULL);
	said = c->tracee->exec_id;
	if (zc_case_only_watches(c->tracer))
		return ZC_RESTART_GO;
	return answer(c, 0);
}

/* ---- one call ---- */

static bool stack_is_readable(const struct zc_case *c)
{
	char byte;
	/* Where no stack pointer comes with the call, the code that made it is as good. */
	uint64_t address = c->stop->sp ? c->stop->sp : c->stop->ip;
	struct iovec local = { &byte, 1 }, remote = { (void *)(uintptr_t)address, 1 };

	return process_vm_readv(c->tracee->tid, &local, 1, &remote, 1, 0) == 1;
}

static struct zc_outcome_of judge_files(struct zc_case *c)
{
	int error = zc_case_resolve(c);

	if (error)
		return (struct zc_outcome_of){ .natural = error };
	return zc_case_decide(c);
}

/* A tracee is traced already, so the kernel says EPERM to gdb and strace inside: somebody should know why. */
static void note_nested(struct zc_case *c)
{
	static uint64_t said;
	uint32_t request = c->event.oflags;

	if (!c->tracer->engine->keeps_tracers_out || c->event.call != ZC_ID_ptrace ||
	    said == c->tracee->exec_id ||
	    (request != PTRACE_TRACEME && request != PTRACE_ATTACH && request != PTRACE_SEIZE))
		return;
	said = c->tracee->exec_id;
	zc_report_note(c->tracer, c->tracee, ZC_NOTE_NESTED_TRACER, c->tracee->exe);
}

static struct zc_outcome_of judge_system(struct zc_case *c)
{
	struct zc_event *event = &c->event;
	struct zc_outcome_of outcome;

	switch ((unsigned)event->op) {
	case ZC_OP_SYS_PTRACE:
	case ZC_OP_SYS_PROCESS_MEMORY:
	case ZC_OP_SYS_PIDFD_GETFD:
	case ZC_OP_SYS_SIGNAL_SUPERVISOR: zc_targets_look(c->tracer, c->tracee, event); break;
	default: break;
	}
	if (event->flags & ZC_EV_HARMLESS)
		return (struct zc_outcome_of){ 0 };
	outcome = judge_files(c);
	if (outcome.natural || outcome.refusal)
		return outcome;
	note_nested(c);
	if (event->op == ZC_OP_SYS_NAMESPACE || event->op == ZC_OP_SYS_CHROOT ||
	    event->op == ZC_OP_SYS_MOUNT) {
		zc_paths_diverge();
		count(&c->tracer->open_page->diverged); /* no shim judges by names from here on */
	}
	return outcome;
}

static struct zc_outcome_of judge_event(struct zc_case *c, int error)
{
	if (c->event.flags & ZC_EV_UNREADABLE && (c->tracee->hides || !stack_is_readable(c)))
		return zc_case_decide(c); /* not the argument's fault: nothing of it can be read */
	if (error)
		return (struct zc_outcome_of){ .natural = error };
	/* A filter is inherited all the same. (LeakSanitizer clones so.) */
	if (c->event.call == ZC_ID_clone && c->event.oflags & CLONE_UNTRACED &&
	    c->tracer->engine->keeps_tracers_out)
		return zc_case_refuse(c, ZC_WHY_UNSEEN, ZC_CLASS_SYS, EPERM);
	if (c->event.flags & ZC_EV_HARMLESS) {
		note_nested(c);
		return (struct zc_outcome_of){ 0 };
	}
	if (c->event.op == ZC_OP_SYS_SIGNAL_SUPERVISOR)
		return judge_system(c); /* an ioctl may be one */
	switch (zc_calls[c->event.call].class) {
	case ZC_CALL_EXEC: return zc_judge_program(c);
	case ZC_CALL_NET: return zc_judge_socket(c);
	case ZC_CALL_SYS: return judge_system(c);
	default: return judge_files(c);
	}
}

/* A vfork child maps into the memory of its parent. */
static void note_mapping(struct zc_case *c)
{
	struct zc_tracee *owner = c->tracee;

	for (unsigned depth = 0; owner && depth < 64; depth++) {
		owner->maps_shared = true;
		owner = owner->memory_of ? zc_tracee_find(c->tracer, owner->memory_of) : NULL;
	}
}

/* From here on a tracee's memory may change though nobody shares it. */
static void note_writer(struct zc_case *c)
{
	static const char mem[] = "/mem";
	const struct zc_event *event = &c->event;
	const struct zc_object *object = &event->object[0];
	const size_t len = sizeof(mem) - 1;

	if (event->call == ZC_ID_process_vm_writev || event->call == ZC_ID_ptrace ||
	    (event->op <= ZC_OP_OPEN_RDWR && object->need & ZC_NEED_WRITE && object->path &&
	     object->path_len > len && !memcmp(object->path + object->path_len - len, mem, len)))
		c->tracer->memory_written = true;
}

/* Cached names are dropped then; the number of a removed directory is soon another's. */
static void count_rename(struct zc_case *c)
{
	if (c->event.op == ZC_OP_RENAME || c->event.op == ZC_OP_RMDIR)
		count(&c->tracer->open_page->renames);
}

/* What has to be looked at when the call has been made. */
static enum zc_restart follow_up(struct zc_case *c)
{
	struct zc_tracee *tracee = c->tracee;
	const struct zc_event *event = &c->event;
	const struct zc_object *object = &event->object[0];

	tracee->call = event->call;
	note_writer(c);
	if (!c->tracer->engine->sees_returns) {
		count_rename(c);
		return ZC_RESTART_GO;
	}
	if (event->op <= ZC_OP_OPEN_RDWR && event->objects && object->path &&
	    (tracee->shares_memory || c->tracer->memory_written ||
	     (tracee->maps_shared && !zc_pages_are_own(tracee, event)))) {
		free(tracee->judged_path);
		tracee->judged_path = strndup(object->path, object->path_len);
		tracee->judged_hash = zc_judged_hash(c->tracer, object->path, object->path_len);
		tracee->judged_need = object->need;
		tracee->pending = ZC_PENDING_RECHECK;
		return ZC_RESTART_TO_EXIT;
	}
	if (event->op == ZC_OP_BIND && event->flags & ZC_EV_HAS_PEER && event->peer.family == 1) {
		tracee->judged_hash = zc_unix_hash(event, c->tracer->key);
		tracee->pending = ZC_PENDING_RESULT;
		return ZC_RESTART_TO_EXIT;
	}
	if (event->op == ZC_OP_SYS_CHROOT) {
		tracee->pending = ZC_PENDING_RESULT;
		return ZC_RESTART_TO_EXIT;
	}
	count_rename(c);
	return ZC_RESTART_GO;
}

static enum zc_restart settle(struct zc_case *c, struct zc_outcome_of outcome)
{
	int error = outcome.natural ? -outcome.natural : outcome.refusal;

	if (outcome.later)
		return ZC_RESTART_LATER;
	if (outcome.waits)
		return ZC_RESTART_WAIT;
	if (c->tracer->options->view)
		zc_view_call(c->tracer, c->tracee, &c->event, c->verdict);
	if (zc_case_only_watches(c->tracer))
		return ZC_RESTART_GO;
	if (c->tracer->engine->learn && !outcome.refusal)
		c->tracer->engine->learn(c, outcome.natural);
	if (outcome.kill)
		return ZC_RESTART_KILL;
	if (!error && c->tracer->engine->perform && c->tracer->engine->perform(c))
		return ZC_RESTART_GO;
	if (!error)
		return follow_up(c);
	return answer(c, -error);
}

static enum zc_restart judge_call(struct zc_case *c)
{
	int error;

	switch (c->stop->call) {
	case ZC_ID_clone3: return answer_clone3(c);
	case ZC_ID_prctl: return answer_prctl(c);
	case ZC_ID_mmap:
	case ZC_ID_shmat: note_mapping(c); return ZC_RESTART_GO;
	case ZC_ID_chdir:
	case ZC_ID_fchdir: count(&c->tracer->open_page->moved); return ZC_RESTART_GO;
	default: break;
	}
	if (zc_calls[c->stop->call].class == ZC_CALL_WATCH)
		return ZC_RESTART_GO;
	c->verdict = (struct zc_verdict){ .rule = ZC_RULE_NONE };
	error = zc_event_fill(&c->event, c->stop->call, c->stop->abi, c->stop->args, &c->reader,
			      &c->names.text);
	if (c->tracee->dying)
		return ZC_RESTART_GO;
	return settle(c, judge_event(c, error));
}

/* A call in an ABI that is not in the catalogue: whatever it is, it was not judged. */
static enum zc_restart judge_stranger(struct zc_case *c)
{
	c->event =
		(struct zc_event){ .call = ZC_CALL_NONE, .abi = ZC_ABI_COUNT, .op = ZC_OP_WATCH };
	memcpy(c->event.args, c->stop->args, sizeof(c->event.args));
	return settle(c, zc_case_refuse(c, ZC_WHY_UNSEEN, ZC_CLASS_SYS, ENOSYS));
}

static struct zc_case the_case; /* one at a time; its names are 24 KiB */

/* A thread that was there when we attached: it runs what its process runs. */
static void know_thread(struct zc_tracer *tracer, struct zc_tracee *tracee)
{
	struct zc_tracee *leader = tracee->exec_id ? NULL : zc_tracee_find(tracer, tracee->tgid);

	if (leader && leader != tracee && leader->exec_id) {
		tracee->ppid = leader->ppid;
		zc_judge_birth(tracer, leader, tracee);
	}
}

enum zc_restart zc_judge_stop(struct zc_tracer *tracer, struct zc_tracee *tracee,
			      const struct zc_call_stop *stop)
{
	struct zc_case *c = &the_case;
	enum zc_restart restart;

	if (stop->known_abi && stop->call >= ZC_CALL_COUNT)
		return ZC_RESTART_GO;
	know_thread(tracer, tracee);
	if (stop->known_abi && zc_seen_is_idle(tracer, tracee, stop))
		return ZC_RESTART_GO;
	tracee->calls++;
	tracee->abi = (uint8_t)stop->abi;
	tracee->pending = ZC_PENDING_NONE;
	c->tracer = tracer;
	c->tracee = tracee;
	c->stop = stop;
	c->reader = zc_tracee_reader(tracee);
	place = stop->ip;
	caller = stop->known_abi && zc_gate_is_side(tracer->image, stop->ip) &&
				 zc_calls[stop->call].role[5] == ZC_ROLE_NONE
			 ? stop->args[5]
			 : 0;
	count(&tracer->page->judged);
	zc_paths_begin(tracer, &c->names);
	restart = stop->known_abi ? judge_call(c) : judge_stranger(c);
	zc_paths_end(&c->names);
	return restart;
}

/* ---- plain permissions ---- */

/* Asked of the kernel where the tracee is the user that we are; else nobody can say for sure. */
bool zc_judge_dac_refuses(const struct zc_tracee *tracee, const struct zc_event *event,
			  struct zc_verdict verdict)
{
	const struct zc_object *object = &event->object[verdict.object & 1];
	const struct zc_held *held = &the_case.names.held[verdict.object & 1];
	int want = (object->need & ZC_NEED_READ ? R_OK : 0) |
		   (object->need & ZC_NEED_WRITE ? W_OK : 0) |
		   (object->need & ZC_NEED_RUN ? X_OK : 0);

	if (event != &the_case.event || verdict.object >= event->objects || held->fd < 0 || !want ||
	    tracee->uid != geteuid())
		return false;
	if (held->entry[0]) /* changing an entry is writing its directory */
		want = W_OK | X_OK;
	return faccessat(held->fd, "", want, AT_EMPTY_PATH | AT_EACCESS) < 0 &&
	       (errno == EACCES || errno == EPERM || errno == EROFS);
}
