/* SPDX-License-Identifier: MIT */
/*
 * loop.c - the only place that waits for tracees, and the only one that restarts them.
 *
 * All that has happened is taken first (WNOHANG), then handled in that order: waitpid() always looks
 * from the front of its list, so handling at once would let one busy thread starve the rest. A tracee
 * that stops before its parent has told of its birth is handled last in its batch; by then the parent
 * nearly always has.
 */
#include <errno.h>
#include <linux/audit.h>
#include <linux/filter.h>
#include <linux/seccomp.h>
#include <signal.h>
#include <stdlib.h>
#include <string.h>
#include <sys/ptrace.h>
#include <sys/wait.h>

#include "tracer/look/look.h"
#include "tracer/names/names.h"
#include "tracer/judge/prompt.h"
#include "tracer/ptrace/ptrace.h"
#include "tracer/tracer.h"

#define BATCH 64
#define QUIET_TURNS 4
#define LOOK_TURNS 8

struct arrival {
	pid_t tid;
	int status;
};

/* --- restarting --------------------------------------------------------------------------------- */

/* ESRCH anywhere: it is dying, and its end will be waited for. */
static void note_error(struct zc_tracee *tracee)
{
	if (errno == ESRCH)
		tracee->dying = true;
}

static void let_go(struct zc_tracer *tracer, struct zc_tracee *tracee, int signal)
{
	if (ptrace(PTRACE_DETACH, tracee->tid, 0, signal) == 0)
		zc_tracee_remove(tracer, tracee->tid);
	else
		note_error(tracee);
}

static void restart(struct zc_tracer *tracer, struct zc_tracee *tracee, enum zc_restart how,
		    int signal)
{
	enum __ptrace_request request = PTRACE_CONT;

	if (how == ZC_RESTART_WAIT)
		return;
	if (tracer->stopping) {
		let_go(tracer, tracee, signal);
		return;
	}
	if (how == ZC_RESTART_LATER)
		return; /* it stays where it is until zc_loop_take_up() */
	if (how == ZC_RESTART_KILL) {
		/* It leaves its stop by itself, and the call that it stands before is not made. */
		kill(tracee->tgid ? tracee->tgid : tracee->tid, SIGKILL);
		return;
	}
	if (how == ZC_RESTART_TO_EXIT || !tracer->filtered || tracee->attached)
		request = PTRACE_SYSCALL;
	if (ptrace(request, tracee->tid, 0, signal) < 0)
		note_error(tracee);
}

static void go_on(struct zc_tracer *tracer, struct zc_tracee *tracee)
{
	restart(tracer, tracee, ZC_RESTART_GO, 0);
}

/* --- calls -------------------------------------------------------------------------------------- */

/* Without a filter inside, the same program says here which calls are judged. */
static bool is_judged(const struct zc_tracer *tracer, const struct zc_call_stop *stop)
{
	struct seccomp_data data = { .nr = (int)stop->nr, .instruction_pointer = stop->ip };

	if (!stop->known_abi || !tracer->filter)
		return true;
	data.arch = stop->abi == ZC_ABI_I386 ? AUDIT_ARCH_I386 : AUDIT_ARCH_X86_64;
	memcpy(data.args, stop->args, sizeof(data.args));
	return (zc_filter_run(tracer->filter, &data) & SECCOMP_RET_ACTION_FULL) ==
	       SECCOMP_RET_TRACE;
}

static enum zc_restart judge(struct zc_tracer *tracer, struct zc_tracee *tracee, bool filtered)
{
	struct zc_call_stop stop;
	int r = zc_regs_call(tracee->tid, &stop);

	if (r == -ESRCH) {
		tracee->dying = true;
		return ZC_RESTART_GO;
	}
	if (r < 0)
		return ZC_RESTART_KILL; /* nothing that cannot be judged may happen */
	tracee->abi = (uint8_t)stop.abi;
	if (!filtered && !is_judged(tracer, &stop))
		return ZC_RESTART_GO;
	if (stop.known_abi && stop.call == ZC_CALL_NONE) {
		/* A filter of the program's own asked for a tracer. Without us it had none. */
		if (filtered)
			zc_regs_refuse(tracee->tid, ENOSYS);
		return ZC_RESTART_GO;
	}
	if (filtered && stop.call == ZC_ID_seccomp)
		return zc_judge_listener(tracer, tracee);
	zc_bypass_look(tracer, tracee, &stop);
	if (zc_quick_passes(tracer, tracee, &stop) || zc_quick_maps(tracer, tracee, &stop))
		return ZC_RESTART_GO;
	return zc_judge_stop(tracer, tracee, &stop);
}

void zc_loop_take_up(struct zc_tracer *tracer)
{
	for (size_t i = 0; i < ZC_LEN(tracer->bucket); i++) {
		struct zc_tracee *next, *tracee = tracer->bucket[i];

		for (; tracee; tracee = next) {
			bool filtered = tracer->filtered && !tracee->attached;
			enum zc_restart how;

			next = tracee->next;
			if (tracee->aside == ZC_ASIDE_NO)
				continue;
			how = judge(tracer, tracee, filtered);
			if (how != ZC_RESTART_LATER)
				tracee->aside = ZC_ASIDE_NO;
			restart(tracer, tracee, how, 0);
		}
	}
}

static void on_seccomp(struct zc_tracer *tracer, struct zc_tracee *tracee, int status)
{
	enum zc_restart how = ZC_RESTART_GO;

	if (tracer->launching && tracee->tid == tracer->command)
		; /* the command's own exec, which was judged before we were started */
	else if (!tracer->filtered || tracee->attached)
		zc_regs_refuse(tracee->tid, ENOSYS);
	else
		how = judge(tracer, tracee, true);
	restart(tracer, tracee, how, 0);
}

void zc_loop_resume(struct zc_tracer *tracer, pid_t tid, void *held)
{
	struct zc_tracee *tracee = zc_tracee_find(tracer, tid);

	free(held);
	if (tracee)
		restart(tracer, tracee,
			judge(tracer, tracee, tracer->filtered && !tracee->attached), 0);
}

static void on_syscall(struct zc_tracer *tracer, struct zc_tracee *tracee, int status)
{
	int is_return = zc_regs_is_return(tracee->tid);
	enum zc_restart how = ZC_RESTART_GO;

	if (is_return < 0) {
		tracee->dying = true;
	} else if (!is_return) {
		if (!tracer->stopping && (!tracer->filtered || tracee->attached))
			how = judge(tracer, tracee, false);
	} else if (tracee->pending != ZC_PENDING_NONE) {
		how = zc_judge_return(tracer, tracee);
		if (how != ZC_RESTART_TO_EXIT)
			tracee->pending = ZC_PENDING_NONE;
	}
	restart(tracer, tracee, how, 0);
}

/* --- signals and stops -------------------------------------------------------------------------- */

static void on_signal(struct zc_tracer *tracer, struct zc_tracee *tracee, int status)
{
	restart(tracer, tracee, ZC_RESTART_GO, WSTOPSIG(status));
}

/* Listened to, it stays stopped until SIGCONT as it would without us. */
static void on_group_stop(struct zc_tracer *tracer, struct zc_tracee *tracee, int status)
{
	tracee->new_born = false;
	if (tracer->stopping) {
		let_go(tracer, tracee, 0);
		return;
	}
	if (tracee->tid == tracer->command)
		zc_control_stopped(tracer, WSTOPSIG(status));
	if (ptrace(PTRACE_LISTEN, tracee->tid, 0, 0) < 0)
		note_error(tracee);
}

static void on_trap(struct zc_tracer *tracer, struct zc_tracee *tracee, int status)
{
	bool first = tracee->new_born;

	tracee->new_born = false;
	if (first && tracee->attached && tracee->tid == tracee->tgid && !tracer->stopping)
		zc_judge_exec(tracer, tracee);
	go_on(tracer, tracee);
}

static void on_other(struct zc_tracer *tracer, struct zc_tracee *tracee, int status)
{
	go_on(tracer, tracee);
}

/* --- births, execs, ends ------------------------------------------------------------------------ */

static pid_t event_tid(struct zc_tracee *tracee)
{
	unsigned long message = 0;

	if (ptrace(PTRACE_GETEVENTMSG, tracee->tid, 0, &message) < 0) {
		note_error(tracee);
		return 0;
	}
	/* A dying tracee's message is its exit status; a tid is looked at no further than its range. */
	return message > 0 && message <= INT32_MAX ? (pid_t)message : 0;
}

static void on_birth(struct zc_tracer *tracer, struct zc_tracee *parent, int status)
{
	pid_t tid = event_tid(parent);
	struct zc_tracee *child = tid ? zc_tracee_add(tracer, tid) : NULL;

	if (tid && !child) {
		kill(tid, SIGKILL);
	} else if (child && child->gone) {
		zc_tracee_remove(tracer, tid);
	} else if (child) {
		zc_birth(tracer, parent, child);
	}
	go_on(tracer, parent);
}

static void on_exec(struct zc_tracer *tracer, struct zc_tracee *tracee, int status)
{
	/* Where there are threads the leader is known to share its memory. */
	bool alone = !tracee->shares_memory && !tracee->attached, attached = tracee->attached;
	pid_t tid = tracee->tid, old = alone ? tid : event_tid(tracee);

	tracee = zc_tracee_exec(tracer, tid, old ? old : tid);
	if (!tracee) {
		kill(tid, SIGKILL);
		return;
	}
	tracee->attached = attached;
	if (!tracer->stopping)
		zc_judge_exec(tracer, tracee);
	if (tracer->launching && tid == tracer->command) {
		tracer->launching = false;
		zc_launch_done(tracer, tracee);
	}
	go_on(tracer, tracee);
}

static void on_end(struct zc_tracer *tracer, struct zc_tracee *tracee, int status)
{
	pid_t tid = tracee->tid;
	bool launching = tracer->launching && tid == tracer->command;

	if (!launching && !tracer->stopping)
		zc_judge_exit(tracer, tracee, status);
	if (tid == tracer->command) {
		tracer->command_status = status;
		tracer->command_ended = true;
		tracer->launching = false;
		if (!launching)
			zc_control_ended(tracer, status);
	}
	if (tracee->adopted)
		tracee->gone = true;
	else
		zc_tracee_remove(tracer, tid);
	if (!tracer->alive)
		zc_ask_stop();
}

/* --- the loop ----------------------------------------------------------------------------------- */

static void (*const handlers[ZC_STOP_COUNT])(struct zc_tracer *, struct zc_tracee *, int) = {
	[ZC_STOP_EXITED] = on_end,       [ZC_STOP_KILLED] = on_end,
	[ZC_STOP_SECCOMP] = on_seccomp,  [ZC_STOP_SYSCALL] = on_syscall,
	[ZC_STOP_SIGNAL] = on_signal,    [ZC_STOP_GROUP] = on_group_stop,
	[ZC_STOP_TRAP] = on_trap,        [ZC_STOP_BIRTH] = on_birth,
	[ZC_STOP_VFORK_DONE] = on_other, [ZC_STOP_EXEC] = on_exec,
	[ZC_STOP_EXITING] = on_other,
};

static struct zc_tracee *known(struct zc_tracer *tracer, pid_t tid)
{
	struct zc_tracee *tracee = zc_tracee_find(tracer, tid);

	if (!tracee || !tracee->gone)
		return tracee;
	zc_tracee_remove(tracer, tid); /* the number has been given to somebody else */
	return NULL;
}

static void handle(struct zc_tracer *tracer, const struct arrival *arrival)
{
	enum zc_stop stop = zc_stop_of(arrival->status);
	struct zc_tracee *tracee;

	if (zc_prompt_ended(tracer, arrival->tid, arrival->status))
		return;
	tracee = known(tracer, arrival->tid);
	if (!tracee && (stop == ZC_STOP_EXITED || stop == ZC_STOP_KILLED)) {
		if (zc_ask_ended(tracer, arrival->tid))
			zc_ask_take_up(tracer);
		return; /* else it ended before its first stop */
	}
	if (!tracee)
		tracee = zc_birth_adopt(tracer, arrival->tid);
	if (tracee)
		handlers[stop](tracer, tracee, arrival->status);
	else
		kill(arrival->tid, SIGKILL);
}

/*
 * Looking whether there is more costs a call each time. One alone starves nobody; and where the last
 * looks found nobody else waiting, only some turns look. A stranger's parent is looked for at once.
 */
static size_t gather(struct zc_tracer *tracer, struct arrival batch[BATCH])
{
	static unsigned alone; /* turns that brought one arrival */
	size_t count = 0, most = 1;
	int flags = __WALL;

	if (tracer->alive > 1 && (alone < QUIET_TURNS || alone % LOOK_TURNS == 0))
		most = BATCH;
	while (count < most) {
		struct arrival *next = &batch[count];

		next->tid = waitpid(-1, &next->status, flags);
		if (next->tid <= 0)
			break;
		if (count++ == 0 && !known(tracer, next->tid))
			most = BATCH;
		flags |= WNOHANG;
	}
	alone = count > 1 ? 0 : alone + 1;
	return count;
}

static bool waits(const struct arrival *later, size_t count, pid_t tid)
{
	for (size_t i = 0; i < count; i++)
		if (later[i].tid == tid)
			return true;
	return false;
}

int zc_loop_turn(struct zc_tracer *tracer)
{
	struct arrival batch[BATCH];
	size_t later = 0, count = gather(tracer, batch);

	if (count == 0)
		return errno == ECHILD ? -ECHILD : 0;
	for (size_t i = 0; i < count; i++) {
		struct arrival arrival = batch[i];

		/* What comes after a first stop that waits, waits as well. */
		if (known(tracer, arrival.tid) && !waits(batch, later, arrival.tid))
			handle(tracer, &arrival);
		else
			batch[later++] = arrival;
	}
	for (size_t i = 0; i < later; i++)
		handle(tracer, &batch[i]);
	return 0;
}

int zc_loop_launch(struct zc_tracer *tracer)
{
	int r = 0;

	while (r == 0 && tracer->launching)
		r = zc_loop_turn(tracer);
	return r;
}

int zc_loop(struct zc_tracer *tracer)
{
	int r = 0;

	if (tracer->options->attach)
		zc_attach_listen();
	while (r == 0 && !zc_attach_is_over())
		r = zc_loop_turn(tracer);
	if (r == 0)
		zc_detach_all(tracer);
	return r == -ECHILD ? 0 : r;
}
