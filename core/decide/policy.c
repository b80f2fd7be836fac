/* SPDX-License-Identifier: MIT */
/*
 * policy.c - the verdict on one event.
 */
#include <errno.h>
#include <fcntl.h>

#include "core/exec/argv.h"
#include "core/decide/judge.h"
#include "core/mem.h"

static bool is_file_op(unsigned op)
{
	return op <= ZC_OP_EXEC;
}

static unsigned class_of_op(unsigned op)
{
	if (op == ZC_OP_EXEC)
		return ZC_CLASS_RUN;
	if (is_file_op(op))
		return op == ZC_OP_OPEN || op == ZC_OP_OPEN_READ ? ZC_CLASS_READ : ZC_CLASS_WRITE;
	return op >= ZC_OP_SYS_FIRST ? ZC_CLASS_SYS : ZC_CLASS_NET;
}

/*
 * Files and programs EACCES, binding a unix path too; a moved socket's class is UNIX, the call is
 * not.
 */
static unsigned errno_of(unsigned op, unsigned cls)
{
	if (op == ZC_OP_SYS_CLONE3 || op == ZC_OP_SYS_IO_URING)
		return ENOSYS;
	return is_file_op(op) || cls <= ZC_CLASS_RUN ? EACCES : EPERM;
}

static struct zc_judgement judge_objects(const struct zc_image *image, const struct zc_event *event)
{
	struct zc_judgement worst =
		zc_judged(ZC_OUT_ALLOW, ZC_WHY_NO_ALLOW, class_of_op(event->op));

	for (unsigned i = 0; i < event->objects && i < ZC_LEN(event->object); i++) {
		const struct zc_object *object = &event->object[i];
		unsigned need =
			zc_object_need(event->op, event->oflags, object->need, object->flags);

		for (unsigned cls = 0; cls < ZC_PATH_CLASSES; cls++) {
			struct zc_judgement next;

			if (!(need >> cls & 1))
				continue;
			next = zc_judge_object(image, object, cls);
			next.object = (uint8_t)i;
			zc_judge_worst(&worst, next);
		}
	}
	if ((event->op == ZC_OP_RENAME || event->op == ZC_OP_LINK) &&
	    worst.outcome < ZC_OUT_IMPLICIT)
		zc_judge_worst(&worst, zc_judge_move(image, event));
	return worst;
}

/* Rules on commands: they refuse what paths allow, and let run what no rule on paths speaks of. */
static struct zc_judgement judge_program(const struct zc_image *image, const struct zc_event *event)
{
	struct zc_judgement worst = judge_objects(image, event), said;
	uint32_t grants;

	if (!zc_argv_matters(image))
		return worst;
	said = zc_judge_argv(image, event, &grants);
	if (worst.outcome == ZC_OUT_REFUSE && worst.reason == ZC_WHY_NO_ALLOW &&
	    grants != ZC_RULE_NONE)
		worst = zc_judged(ZC_OUT_ALLOW, ZC_WHY_RULE, ZC_CLASS_RUN);
	zc_judge_worst(&worst, said);
	return worst;
}

static unsigned said_on_sys(const struct zc_image *image, unsigned sys)
{
	unsigned said = 0;

	if (image->sys[ZC_LAYER_IMPLICIT][ZC_SAYS_DENY] >> sys & 1)
		said |= ZC_SAID_IMPLICIT;
	if (image->sys[ZC_LAYER_BASE][ZC_SAYS_ALLOW] >> sys & 1)
		said |= ZC_SAID_BASE;
	for (unsigned says = 0; says < ZC_SAYS_COUNT; says++) {
		if (image->sys[ZC_LAYER_PROFILE][says] >> sys & 1)
			said |= ZC_SAID_PROFILE(says);
		if (image->sys[ZC_LAYER_USER][says] >> sys & 1)
			said |= ZC_SAID_USER(says);
	}
	return said;
}

static uint32_t rule_on_sys(const struct zc_image *image, unsigned sys, unsigned by)
{
	if (by & ZC_SAID_IMPLICIT)
		return image->sys_rule[ZC_LAYER_IMPLICIT][ZC_SAYS_DENY][sys];
	for (int says = ZC_SAYS_COUNT - 1; says >= 0; says--) {
		if (by & ZC_SAID_USER(says))
			return image->sys_rule[ZC_LAYER_USER][says][sys];
		if (by & ZC_SAID_PROFILE(says))
			return image->sys_rule[ZC_LAYER_PROFILE][says][sys];
	}
	return by ? image->sys_rule[ZC_LAYER_BASE][ZC_SAYS_ALLOW][sys] : ZC_RULE_NONE;
}

static struct zc_judgement judge_sys(const struct zc_image *image, const struct zc_event *event)
{
	unsigned sys = event->op - ZC_OP_SYS_FIRST;
	struct zc_judgement judgement;
	struct zc_ruling r;

	if (event->flags & ZC_EV_SUPERVISOR_TARGET) {
		judgement = zc_judged(ZC_OUT_IMPLICIT, ZC_WHY_RULE, ZC_CLASS_SYS);
		judgement.rule = rule_on_sys(image, ZC_SYS_SIGNAL_SUPERVISOR, ZC_SAID_IMPLICIT);
		return judgement;
	}
	if (sys == ZC_SYS_SIGNAL_SUPERVISOR || event->flags & ZC_EV_OWN_TARGET)
		return zc_judged(ZC_OUT_ALLOW, ZC_WHY_RULE, ZC_CLASS_SYS);
	r = zc_rule_on(said_on_sys(image, sys), image->sys_named >> sys & 1,
		       zc_replaced(image, ZC_CLASS_SYS));
	if (r.outcome == ZC_OUT_REFUSE && r.by & r.prefer)
		r.by &= r.prefer;
	judgement = zc_judged(r.outcome, r.by ? ZC_WHY_RULE : ZC_WHY_NO_ALLOW, ZC_CLASS_SYS);
	judgement.rule = rule_on_sys(image, sys, r.by);
	return judgement;
}

static struct zc_judgement judge(const struct zc_image *image, const struct zc_event *event)
{
	if (event->flags & ZC_EV_UNREADABLE)
		return zc_judged(ZC_OUT_REFUSE, ZC_WHY_UNREADABLE, class_of_op(event->op));
	if (event->flags & ZC_EV_HARMLESS || event->op == ZC_OP_WATCH || event->op >= ZC_OP_COUNT)
		return zc_judged(ZC_OUT_ALLOW, ZC_WHY_RULE, class_of_op(event->op));
	if (event->op == ZC_OP_EXEC)
		return judge_program(image, event);
	if (is_file_op(event->op))
		return judge_objects(image, event);
	if (event->op < ZC_OP_SYS_FIRST)
		return zc_judge_net(image, event);
	return judge_sys(image, event);
}

static unsigned action_of(uint32_t flags, unsigned outcome, bool stays_refused)
{
	if (outcome == ZC_OUT_ALLOW)
		return ZC_ALLOWED;
	if (outcome == ZC_OUT_LOG)
		return ZC_LOGGED;
	if (stays_refused)
		return outcome == ZC_OUT_QUIET ? ZC_REFUSED_QUIET : ZC_REFUSED;
	if (flags & ZC_IMAGE_AUDIT)
		return outcome == ZC_OUT_IMPLICIT ? ZC_REFUSED : ZC_AUDITED;
	if (outcome == ZC_OUT_QUIET)
		return ZC_REFUSED_QUIET;
	return flags & ZC_IMAGE_KILL ? ZC_KILLED : ZC_REFUSED;
}

static struct zc_verdict decide(const struct zc_image *image, const struct zc_event *event)
{
	struct zc_judgement judgement = judge(image, event);
	/* Libraries fall back when these do not exist; whatever follows them would be unseen. */
	bool absent = event->op == ZC_OP_SYS_CLONE3 || event->op == ZC_OP_SYS_IO_URING;
	struct zc_verdict verdict = {
		.action = (uint8_t)action_of(image->flags, judgement.outcome, absent),
		.reason = judgement.outcome < ZC_OUT_QUIET ? ZC_WHY_RULE : judgement.reason,
		.cls = judgement.cls,
		.object = judgement.object,
		.rule = judgement.rule,
		.asks = judgement.outcome == ZC_OUT_ASK && !absent &&
			!(image->flags & ZC_IMAGE_AUDIT),
	};

	if (zc_refuses(verdict))
		verdict.error = (uint16_t)errno_of(event->op, verdict.cls);
	return verdict;
}

/* What a stricter policy would refuse is told, and goes on. */
static void hold_against(const struct zc_image *stricter, const struct zc_event *event,
			 struct zc_verdict *verdict)
{
	struct zc_event alone;
	struct zc_verdict other;

	/* Pipes are counted by the rules of the policy that is enforced. */
	if (event->fed) {
		alone = *event;
		alone.fed = 0;
		event = &alone;
	}
	other = decide(stricter, event);
	if (other.action != ZC_AUDITED && other.action < ZC_REFUSED)
		return;
	*verdict = other;
	verdict->action = ZC_AUDITED;
	verdict->asks = 0;
	verdict->error = 0;
	verdict->rule = other.rule == ZC_RULE_NONE ? ZC_RULE_STRICTER_NONE
						   : other.rule | ZC_RULE_STRICTER;
}

struct zc_verdict zc_policy_decide(const struct zc_image *image, const struct zc_event *event)
{
	struct zc_verdict verdict = decide(image, event);

	if (image->stricter.count && verdict.action <= ZC_LOGGED)
		hold_against(zc_image_stricter(image), event, &verdict);
	return verdict;
}
