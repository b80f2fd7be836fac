/* SPDX-License-Identifier: MIT */
/*
 * notify.c - calls that wait for an answer in the kernel: taken one by one, judged, answered.
 */
#include <errno.h>
#include <sched.h>
#include <signal.h>
#include <stdlib.h>
#include <string.h>
#include <sys/ioctl.h>
#include <unistd.h>

#include "tracer/look/look.h"
#include "tracer/names/names.h"
#include "tracer/notify/notify.h"
#include "tracer/ptrace/ptrace.h"

#define LANDLOCK_RESTRICT_SELF 446 /* in every ABI; x32 has a bit above */
#define NAMESPACES 0x7e020080u     /* CLONE_NEW*, NEWTIME included */
#define LOOK_MS 2                  /* between looks at what became of an exec */

/* --- answers ------------------------------------------------------------------------------------- */

static int respond(struct zc_notify *notify, long value, uint32_t flags)
{
	struct seccomp_notif_resp *response = notify->response;

	if (notify->answered)
		return 0;
	memset(response, 0, notify->response_size);
	response->id = notify->request->id;
	response->flags = flags;
	if (value < 0)
		response->error = (int32_t)value;
	else
		response->val = value;
	notify->answered = true;
	while (ioctl(notify->listener, SECCOMP_IOCTL_NOTIF_SEND, response) < 0) {
		if (errno == EINTR)
			continue;
		return errno == ENOENT ? -ESRCH : -errno;
	}
	return 0;
}

int zc_notify_answer(struct zc_tracer *tracer, struct zc_tracee *tracee, long value)
{
	return respond(tracer->notify, value, 0);
}

int zc_notify_go_on(struct zc_tracer *tracer)
{
	return respond(tracer->notify, 0, SECCOMP_USER_NOTIF_FLAG_CONTINUE);
}

bool zc_notify_is_valid(struct zc_tracer *tracer)
{
	uint64_t id = tracer->notify->request->id;

	return ioctl(tracer->notify->listener, SECCOMP_IOCTL_NOTIF_ID_VALID, &id) == 0;
}

/* Not possible: what the call is told cannot be told in time. */
static int set_argument(struct zc_tracer *tracer, struct zc_tracee *tracee, enum zc_abi abi,
			unsigned n, uint64_t value)
{
	return -ENOTSUP;
}

static bool perform(struct zc_case *c)
{
	if (c->event.op <= ZC_OP_OPEN_RDWR)
		return zc_notify_perform_open(c);
	return zc_calls[c->event.call].class == ZC_CALL_FILE ? zc_notify_perform_change(c)
							     : zc_notify_perform_call(c);
}

/* --- one call ------------------------------------------------------------------------------------ */

static void fill_stop(const struct seccomp_data *data, struct zc_call_stop *ret)
{
	*ret = (struct zc_call_stop){ .call = ZC_CALL_NONE, .nr = (long)data->nr };
	for (unsigned i = 0; i < 6; i++)
		ret->args[i] = data->args[i];
	ret->ip = data->instruction_pointer;
	zc_regs_name_abi(ret, data->arch);
	if (ret->known_abi)
		ret->call = zc_numbers_row(ret->abi, ret->nr);
}

/* After these, names may mean something else to who makes them. */
static bool moves_apart(const struct zc_call_stop *stop)
{
	unsigned op = zc_calls[stop->call].op;

	if (stop->call == ZC_ID_clone)
		return stop->args[0] & NAMESPACES;
	return op == ZC_OP_SYS_NAMESPACE || op == ZC_OP_SYS_MOUNT || op == ZC_OP_SYS_CHROOT;
}

static bool is_vfork(const struct zc_call_stop *stop)
{
	if (!stop->known_abi)
		return false;
	if (stop->call == ZC_CALL_NONE)
		return (stop->nr & 0xffff) ==
		       (stop->abi == ZC_ABI_I386 ? ZC_VFORK_32 : ZC_VFORK_64);
	return stop->call == ZC_ID_clone && stop->args[0] & CLONE_VFORK &&
	       !(stop->args[0] & (NAMESPACES | CLONE_UNTRACED | CLONE_PARENT | CLONE_FS));
}

/* Who shares memory with others, or descriptors and directory, and who may become somebody else. */
static void go_on_as(struct zc_tracer *tracer, struct zc_tracee *tracee,
		     const struct zc_call_stop *stop)
{
	struct zc_tracee *leader = zc_tracee_find(tracer, tracee->tgid);

	if (zc_calls[stop->call].class == ZC_CALL_EXEC) {
		zc_notify_executes(tracer, tracee);
	} else if (stop->call == ZC_ID_clone && stop->args[0] & CLONE_THREAD) {
		tracee->shares_memory = true;
		if (leader)
			leader->shares_memory = true;
		/* Its first thread may end alone, and then whose memory it is goes on. */
		tracer->memory_written |= zc_notify_borrows(tracer, tracee->tgid);
	} else if (stop->call == ZC_ID_clone) {
		tracer->memory_written = true; /* whose child it is will not be seen */
	}
	if (stop->call == ZC_ID_prctl) {
		tracer->notify->let_go_on = true; /* what it may do after its next exec */
		tracer->memory_written =
			true; /* orphans that share will come to have it for parent */
	}
	if (moves_apart(stop))
		tracer->notify->apart = true;
}

static enum zc_restart judge(struct zc_tracer *tracer, struct zc_tracee *tracee,
			     const struct zc_call_stop *stop)
{
	enum zc_restart restart;

	tracee->abi = (uint8_t)stop->abi;
	if (stop->known_abi && stop->call == ZC_ID_seccomp)
		return zc_judge_listener(tracer, tracee);
	restart = zc_judge_stop(tracer, tracee, stop);
	if (!tracer->notify->answered && restart != ZC_RESTART_KILL && stop->known_abi &&
	    stop->call < ZC_CALL_COUNT)
		go_on_as(tracer, tracee, stop);
	return restart;
}

static void settle(struct zc_tracer *tracer, const struct zc_call_stop *stop)
{
	struct zc_notify *notify = tracer->notify;
	pid_t tid = (pid_t)notify->request->pid;
	struct zc_tracee *tracee;

	if (tracer->launching) {
		zc_notify_go_on(tracer); /* the command's own exec, which zcwrap has judged */
		return;
	}
	if (is_vfork(stop)) {
		if (!tracer->memory_written)
			tracer->memory_written = zc_notify_borrows(tracer, tid);
		zc_notify_go_on(tracer);
		return;
	}
	if (stop->known_abi && stop->call == ZC_CALL_NONE) {
		/* Only what changes identities stops besides what has a row. */
		notify->let_go_on = true;
		notify->domains |= (stop->nr & 0xffff) == LANDLOCK_RESTRICT_SELF;
		zc_notify_go_on(tracer);
		return;
	}
	tracee = tid > 0 ? zc_notify_tracee(tracer, tid) : NULL;
	if (!tracee) {
		if (zc_notify_is_valid(tracer))
			respond(notify, -EPERM, 0); /* it cannot be looked at, so not judged */
		return;
	}
	if (!notify->tried_soon) {
		zc_bypass_look(tracer, tracee, stop);
		if (zc_notify_open_plain(tracer, tracee, stop))
			return;
	}
	if (notify->sound && !notify->apart && zc_maps_fixed(tracer, tracee, stop)) {
		zc_notify_go_on(tracer);
		return;
	}
	if (zc_notify_run_known(tracer, tracee, stop))
		return;
	tracee->dying = false; /* an earlier call of its may have been interrupted */
	notify->stop = stop;
	if (judge(tracer, tracee, stop) == ZC_RESTART_KILL)
		kill(tracee->tgid ? tracee->tgid : tid, SIGKILL);
	else
		zc_notify_go_on(tracer);
	notify->stop = NULL;
	if (notify->late)
		zc_notify_child(tracer, notify->late, notify->late_status);
	notify->late = 0;
}

char *zc_notify_queued(struct zc_notify *notify, unsigned n)
{
	return notify->queue + (notify->first + n) % ZC_NOTIFY_QUEUE * notify->request_size;
}

/* There is one, so this does not wait for it. ENOENT: who called has been interrupted or has ended. */
static void hear_one(struct zc_notify *notify)
{
	char *next = zc_notify_queued(notify, notify->waiting);

	memset(next, 0, notify->request_size);
	if (ioctl(notify->listener, SECCOMP_IOCTL_NOTIF_RECV, next) == 0)
		notify->waiting++;
}

/*
 * Until it is heard of, a call that waits can be interrupted by any signal. So all of them are heard of
 * before one is judged; alone, there is nobody else to hear of.
 */
static void hear_others(struct zc_tracer *tracer)
{
	struct zc_notify *notify = tracer->notify;
	struct pollfd more = { .fd = notify->listener, .events = POLLIN };

	while (tracer->alive > 1 && notify->waiting < ZC_NOTIFY_QUEUE && poll(&more, 1, 0) == 1 &&
	       more.revents & POLLIN)
		hear_one(notify);
}

/* The short way is hardly longer than asking whether somebody else waits, so that comes after it. */
static bool settle_soon(struct zc_tracer *tracer, const struct zc_call_stop *stop)
{
	pid_t tid = (pid_t)tracer->notify->request->pid;
	struct zc_tracee *tracee = tid > 0 ? zc_tracee_find(tracer, tid) : NULL;

	if (tracer->launching || !tracee || tracee->pidfd < 0)
		return false;
	if (tracee->executes)
		return zc_notify_open_first(tracer, tracee, stop);
	zc_bypass_look(tracer, tracee, stop);
	tracer->notify->tried_soon = true;
	return zc_notify_open_plain(tracer, tracee, stop);
}

void zc_notify_judge_again(struct zc_tracer *tracer)
{
	struct zc_notify *notify = tracer->notify;
	struct zc_call_stop stop;

	notify->answered = notify->tried_soon = false;
	fill_stop(&notify->request->data, &stop);
	settle(tracer, &stop);
}

static void judge_first(struct zc_tracer *tracer, bool heard)
{
	struct zc_notify *notify = tracer->notify;
	struct zc_call_stop stop;

	memcpy(notify->request, zc_notify_queued(notify, 0), notify->request_size);
	notify->first = (notify->first + 1) % ZC_NOTIFY_QUEUE;
	notify->waiting--;
	notify->answered = notify->tried_soon = false;
	notify->learnt = 0;
	fill_stop(&notify->request->data, &stop);
	if (!heard && settle_soon(tracer, &stop))
		return;
	if (!heard)
		hear_others(tracer);
	settle(tracer, &stop);
	zc_notify_learn_rest(tracer);
}

void zc_notify_take(struct zc_tracer *tracer)
{
	struct zc_notify *notify = tracer->notify;
	bool heard = notify->waiting > 0;

	if (notify->waiting < ZC_NOTIFY_QUEUE)
		hear_one(notify);
	if (heard)
		hear_others(tracer);
	if (notify->waiting)
		judge_first(tracer, heard);
}

/* --- the loop ------------------------------------------------------------------------------------ */

/* However busy others keep us: what an exec became must not wait for that. */
static void look_at_execs(struct zc_tracer *tracer)
{
	struct zc_notify *notify = tracer->notify;
	uint64_t now = zc_notify_now_ms();

	if (now - notify->looked_ms < LOOK_MS)
		return;
	notify->looked_ms = now;
	zc_notify_look_at_execs(tracer);
}

static int loop(struct zc_tracer *tracer)
{
	struct zc_notify *notify = tracer->notify;
	struct pollfd wait[2] = { { .fd = notify->listener, .events = POLLIN },
				  { .fd = notify->events, .events = POLLIN } };
	bool more = zc_notify_look_at_ends(tracer);

	while (more) {
		int ready;

		if (!notify->execs) /* none, whose new program would have something to tell as well */
			zc_report_catch_up(tracer);
		ready = poll(wait, 2, notify->waiting ? 0 : notify->execs ? LOOK_MS : -1);
		if (ready < 0 && errno != EINTR)
			return -errno;
		/* Ends first: a number that is free may be somebody else's by the next call. */
		if (ready > 0 && wait[1].revents)
			more = zc_notify_look_at_ends(tracer);
		if (notify->names_came) {
			notify->names_came = false;
			zc_ask_take_up(tracer);
		}
		if (!tracer->alive)
			zc_ask_stop();
		if (ready > 0 && wait[0].revents & POLLIN)
			zc_notify_take(tracer);
		else if (notify->waiting)
			judge_first(tracer, true);
		if (ready > 0 && wait[0].revents & ~POLLIN)
			wait[0].fd = -1; /* nobody is under the filter any more */
		/* Behind a call, which is most likely the new program's first and looks for itself. */
		if (notify->execs)
			look_at_execs(tracer);
	}
	zc_report_catch_up(tracer);
	return 0;
}

const struct zc_engine zc_engine_notify = {
	.name = "notify",
	.source = ZC_SOURCE_NOTIFY,
	.action = SECCOMP_RET_USER_NOTIF,
	.launch = zc_notify_launch,
	.loop = loop,
	.answer = zc_notify_answer,
	.set_argument = set_argument,
	.waits = zc_notify_is_valid,
	.set_aside = zc_notify_set_aside,
	.take_up = zc_notify_take_up,
	.perform = perform,
	.learn = zc_notify_learn_run,
	.suspend = zc_notify_suspend,
	.resume = zc_notify_resume,
	.registers = zc_notify_registers,
	.hold = zc_notify_hold,
	.let_go = zc_notify_let_go,
};
