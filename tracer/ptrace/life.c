/* SPDX-License-Identifier: MIT */
/*
 * life.c - what a tracee is: known at its birth, made anew by an exec, told at its end; and the returns of
 * calls that had to be waited for.
 */
#include <fcntl.h>
#include <stdlib.h>
#include <string.h>
#include <sys/random.h>
#include <sys/stat.h>
#include <unistd.h>

#include "core/wire/record.h"
#include "core/image.h"
#include "tracer/judge/judge.h"
#include "tracer/look/look.h"
#include "tracer/look/maps.h"
#include "tracer/ptrace/ptrace.h"

static uint32_t uid_of(pid_t tid)
{
	char path[32];
	struct stat st;

	snprintf(path, sizeof(path), "/proc/%d", tid);
	return stat(path, &st) < 0 ? 0 : st.st_uid;
}

static char *name_of_program(pid_t tid)
{
	static char name[ZC_PATH_CAP];
	char link[32];
	ssize_t len;

	snprintf(link, sizeof(link), "/proc/%d/exe", tid);
	len = readlink(link, name, sizeof(name) - 1);
	name[len > 0 ? len : 0] = '\0';
	return strdup(name);
}

/*
 * An engine that had to look at it already has left its name. What may be run but not read, the kernel does
 * not name to everybody: then it goes by what was judged.
 */
static void learn_program(struct zc_tracer *tracer, struct zc_tracee *tracee)
{
	if (!tracee->exe)
		tracee->exe = name_of_program(tracee->tid);
	if (tracee->exe && !*tracee->exe && tracee->judged_hash && tracee->judged_path) {
		free(tracee->exe);
		tracee->exe = strdup(tracee->judged_path);
	}
	tracee->program_hash = tracee->exe ? zc_hash_bytes(tracee->exe, strlen(tracee->exe), 3) : 0;
	zc_recheck_exec(tracer, tracee);
	tracee->judged_hash = 0;
}

void zc_judge_exec(struct zc_tracer *tracer, struct zc_tracee *tracee)
{
	if (!tracee->tgid)
		tracee->tgid = tracee->tid;
	if (!tracee->exec_id &&
	    getrandom(&tracee->exec_id, sizeof(tracee->exec_id), GRND_NONBLOCK) < 0)
		tracee->exec_id = (uint64_t)tracee->tid;
	if (!tracee->ppid && zc_tracee_look_up(tracee) < 0)
		tracee->dying = true;
	if (!tracee->uid_told)
		tracee->uid = uid_of(tracee->tid);
	tracee->uid_told = false;
	tracee->pending = ZC_PENDING_NONE;
	__atomic_fetch_add(&tracer->page->execs, 1, __ATOMIC_RELAXED);
	zc_maps_forget(tracee);
	zc_bypass_forget(tracer, tracee->tgid);
	learn_program(tracer, tracee);
	zc_report_sign_in(tracer, tracee);
}

void zc_judge_birth(struct zc_tracer *tracer, struct zc_tracee *parent, struct zc_tracee *child)
{
	bool thread = child->tgid && child->tgid == parent->tgid;

	if (!child->exe && parent->exe)
		child->exe = strdup(parent->exe);
	child->exec_id = parent->exec_id;
	child->program_hash = parent->program_hash;
	child->uid = parent->uid;
	zc_mapped_inherit(child, parent, thread);
	if (!thread)
		zc_report_fork(tracer, child);
}

void zc_judge_exit(struct zc_tracer *tracer, struct zc_tracee *tracee, int status)
{
	if (tracee->tid == tracee->tgid)
		zc_report_exit(tracer, tracee, status);
}

/* The root of the tracee, for the note that says that it has changed. */
static void note_chroot(struct zc_tracer *tracer, struct zc_tracee *tracee)
{
	static char name[ZC_PATH_CAP];
	char link[32];
	ssize_t len;

	snprintf(link, sizeof(link), "/proc/%d/root", tracee->tid);
	len = readlink(link, name, sizeof(name) - 1);
	name[len > 0 ? len : 0] = '\0';
	__atomic_fetch_add(&tracer->page->chroots, 1, __ATOMIC_RELAXED);
	zc_report_note(tracer, tracee, ZC_NOTE_CHROOT, name);
}

enum zc_restart zc_judge_return(struct zc_tracer *tracer, struct zc_tracee *tracee)
{
	unsigned pending = tracee->pending;
	long result;

	tracee->pending = ZC_PENDING_NONE;
	if (pending == ZC_PENDING_RECHECK)
		return zc_recheck_open(tracer, tracee);
	if (pending != ZC_PENDING_RESULT || zc_regs_result(tracee->tid, &result) < 0 || result != 0)
		return ZC_RESTART_GO;
	if (tracee->call == ZC_ID_bind)
		zc_page_remember_unix(tracer->page, tracee->judged_hash);
	else if (tracee->call == ZC_ID_chroot)
		note_chroot(tracer, tracee);
	return ZC_RESTART_GO;
}
