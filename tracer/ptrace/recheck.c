/* SPDX-License-Identifier: MIT */
/*
 * recheck.c - after a call: was what happened what was judged?
 *
 * The path of a call lies in memory that other threads can write between the check and the kernel's own
 * reading of it. For those the outcome of an open is looked at as well, and of every exec, whoever asks.
 * Neither can be taken back: another thread may have used the descriptor already, and the new program has
 * replaced the old one. So the process is ended, before it runs another instruction where it is an exec.
 */
#include <fcntl.h>
#include <linux/openat2.h>
#include <signal.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/stat.h>
#include <unistd.h>

#include "core/exec/argv.h"
#include "core/image.h"
#include "tracer/judge/arguments.h"
#include "tracer/judge/judge.h"
#include "tracer/judge/launched.h"
#include "tracer/ptrace/ptrace.h"

static const char *short_of(const char *text)
{
	return text ? text : "";
}

/* Judges what came of a call of this row. Returns true when it is not allowed; it has been recorded then. */
static bool is_a_violation(struct zc_tracer *tracer, struct zc_tracee *tracee,
			   struct zc_event *event)
{
	struct zc_verdict verdict = zc_policy_decide(tracer->image, event);

	if (verdict.action < ZC_AUDITED)
		return false;
	if (verdict.action == ZC_KILLED)
		__atomic_store_n(&tracer->page->kill, 1, __ATOMIC_RELEASE);
	if (tracer->options->attach && !tracer->options->enforce)
		verdict.action = ZC_AUDITED;
	if (verdict.action != ZC_AUDITED) {
		verdict.action = ZC_KILLED;
		__atomic_fetch_add(&tracer->page->refused, 1, __ATOMIC_RELAXED);
	}
	verdict.reason = ZC_WHY_CHANGED;
	zc_report_record(tracer, tracee, event, verdict, -1);
	return verdict.action == ZC_KILLED;
}

static void name_event(struct zc_event *event, const struct zc_tracee *tracee, unsigned call,
		       unsigned need, const char *path, size_t len)
{
	*event = (struct zc_event){ .call = (uint16_t)call, .abi = tracee->abi, .objects = 1 };
	event->op = need & ZC_NEED_RUN      ? ZC_OP_EXEC
		    : need == ZC_NEED_READ  ? ZC_OP_OPEN_READ
		    : need == ZC_NEED_WRITE ? ZC_OP_OPEN_WRITE
					    : ZC_OP_OPEN_RDWR;
	event->object[0] = (struct zc_object){ .path = path,
					       .path_len = (uint32_t)len,
					       .requested = short_of(tracee->judged_path),
					       .requested_len = (uint32_t)strlen(
						       short_of(tracee->judged_path)),
					       .dirfd = AT_FDCWD,
					       .need = (uint8_t)need,
					       .flags = ZC_OBJ_EXISTS };
}

/* What the descriptor may be used for: the flags of openat2 lie in memory as well. */
static unsigned need_of_fd(const struct zc_tracee *tracee, int fd)
{
	char link[48];
	struct stat st;

	snprintf(link, sizeof(link), "/proc/%d/fd/%d", tracee->tid, fd);
	if (lstat(link, &st) < 0)
		return 0;
	return (st.st_mode & S_IRUSR ? ZC_NEED_READ : 0) |
	       (st.st_mode & S_IWUSR ? ZC_NEED_WRITE : 0);
}

enum zc_restart zc_recheck_open(struct zc_tracer *tracer, struct zc_tracee *tracee)
{
	static char name[ZC_PATH_CAP];
	struct zc_event event;
	uint8_t flags = 0;
	unsigned need;
	long result, len;

	if (zc_regs_result(tracee->tid, &result) < 0 || result < 0)
		return ZC_RESTART_GO;
	len = zc_paths_fd(tracee, (int)result, name, &flags);
	need = tracee->judged_need | need_of_fd(tracee, (int)result);
	if (len < 0 || flags & ZC_OBJ_NAMELESS ||
	    (need == tracee->judged_need &&
	     zc_judged_hash(tracer, name, (size_t)len) == tracee->judged_hash))
		return ZC_RESTART_GO; /* closed by another thread already, or a pipe, or what was judged */
	name_event(&event, tracee, tracee->call, need, name, (size_t)len);
	return is_a_violation(tracer, tracee, &event) ? ZC_RESTART_KILL : ZC_RESTART_GO;
}

/* May what runs now not be run? With the arguments that it has. */
static bool is_refused_now(struct zc_tracer *tracer, struct zc_tracee *tracee, const char *name,
			   size_t len)
{
	struct zc_event event;

	name_event(&event, tracee, ZC_ID_execve, ZC_NEED_RUN, name, len);
	if (zc_argv_matters(tracer->image) && zc_arguments_own(tracee))
		event.argv = zc_arguments();
	return is_a_violation(tracer, tracee, &event);
}

/* The same of what a loader starts, which is what was judged last where a loader was told to. */
static bool starts_refused(struct zc_tracer *tracer, struct zc_tracee *tracee, bool told_other)
{
	struct zc_event event;
	const struct zc_object *object = &event.object[0];

	if (!zc_launched_came(tracer, tracee, &event))
		return false;
	if (!told_other && object->path && !(event.flags & ZC_EV_UNREADABLE) &&
	    tracee->judged_hash == zc_judged_hash(tracer, object->path, object->path_len))
		return false;
	return is_a_violation(tracer, tracee, &event);
}

void zc_recheck_exec(struct zc_tracer *tracer, struct zc_tracee *tracee)
{
	static char name[ZC_PATH_CAP];
	bool other, told_other;
	long len;

	if (!tracee->judged_hash)
		return; /* the command's own, which zcwrap has judged */
	len = zc_paths_exe(tracee, name);
	if (len <= 0)
		return;
	other = tracee->judged_hash != zc_judged_hash(tracer, name, (size_t)len);
	told_other = zc_arguments_changed(tracer, tracee);
	if (!other && !told_other && !tracee->judged_loader)
		return;
	if (((other || told_other) && is_refused_now(tracer, tracee, name, (size_t)len)) ||
	    starts_refused(tracer, tracee, told_other))
		kill(tracee->tgid, SIGKILL);
}
