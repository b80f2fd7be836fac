/* SPDX-License-Identifier: MIT */
/*
 * birth.c - whose child a new tracee is, and whose memory it lives in.
 *
 * The parent's event tells it, once; but the child's first stop may be seen before that.
 */
#include <sched.h>

#include "tracer/ptrace/ptrace.h"
#include "tracer/tracer.h"

/*
 * While a vfork child runs its parent waits, so nobody changes what is read of it; unless the memory
 * is shared with others besides. Whoever that memory was borrowed from shares it from then on. So it is
 * when the parent is a vfork child itself: killed, it waits no more, and whose memory it is goes on.
 */
static void share_memory(struct zc_tracer *tracer, struct zc_tracee *parent,
			 struct zc_tracee *child, uint64_t flags)
{
	struct zc_tracee *owner = parent;

	/* Who shares directories or descriptors changes what a path or a number means. */
	if (flags & (CLONE_FS | CLONE_FILES) && !(flags & CLONE_VFORK))
		parent->shares_memory = parent->lends = child->shares_memory = true;
	if (flags & CLONE_VFORK && flags & (CLONE_VM | CLONE_FILES)) {
		tracer->memory_written |= parent->memory_of != 0;
		child->memory_of = parent->tid;
	}
	if (flags & CLONE_FS && !(flags & CLONE_THREAD))
		tracer->memory_written = true; /* no exec parts them */
	if (!(flags & CLONE_VM)) {
		child->shares_memory |= parent->shares_memory && flags & (CLONE_FS | CLONE_FILES);
		return;
	}
	child->memory_of = parent->tid;
	child->shares_memory = parent->shares_memory;
	if (flags & CLONE_VFORK)
		return;
	child->shares_memory = true;
	for (unsigned depth = 0; owner && depth < 64; depth++) {
		owner->shares_memory = owner->lends = true;
		owner = owner->memory_of ? zc_tracee_find(tracer, owner->memory_of) : NULL;
	}
}

/* What registers do not say, /proc does: whose thread it is. Of its memory the worst is assumed. */
static uint64_t birth_flags(struct zc_tracee *parent, struct zc_tracee *child)
{
	uint64_t flags = 0;

	if (zc_regs_birth_flags(parent->tid, &flags) == 0)
		return flags;
	if (zc_tracee_look_up(child) == 0 && child->tgid != child->tid)
		return CLONE_VM | CLONE_THREAD;
	return CLONE_VM;
}

static void born_of(const struct zc_tracee *parent, struct zc_tracee *child, uint64_t flags)
{
	child->tgid = flags & CLONE_THREAD ? parent->tgid : child->tid;
	child->ppid = flags & (CLONE_THREAD | CLONE_PARENT) ? parent->ppid : parent->tgid;
	child->attached = parent->attached;
	child->seized = true;
	child->exec_id = parent->exec_id;
}

void zc_birth(struct zc_tracer *tracer, struct zc_tracee *parent, struct zc_tracee *child)
{
	uint64_t flags = birth_flags(parent, child);

	child->shares_memory = false;
	child->maps_shared |= parent->maps_shared;
	share_memory(tracer, parent, child, flags);
	/* One whose own threads were heard of before this is no less threaded for it. */
	child->shares_memory |= child->lends;
	if (!child->adopted) {
		born_of(parent, child, flags);
		zc_judge_birth(tracer, parent, child);
	}
	child->adopted = false;
}

/* It stopped first: /proc says whose it is. It may not wait, for a parent that was killed says nothing. */
struct zc_tracee *zc_birth_adopt(struct zc_tracer *tracer, pid_t tid)
{
	struct zc_tracee *child = zc_tracee_add(tracer, tid), *parent;

	if (!child)
		return NULL;
	child->adopted = child->seized = child->shares_memory = true;
	if (zc_tracee_look_up(child) < 0)
		child->tgid = tid;
	parent = zc_tracee_find(tracer, child->tgid == tid ? child->ppid : child->tgid);
	if (parent) {
		if (child->tgid != tid) /* its event may never come */
			parent->shares_memory = parent->lends = true;
		child->attached = parent->attached;
		child->exec_id = parent->exec_id;
		zc_judge_birth(tracer, parent, child);
	} else if (child->tgid == tid) {
		tracer->memory_written = true; /* it may have been killed in vfork */
		zc_judge_exec(tracer, child);  /* its parent has ended: it speaks for itself */
	}
	return child;
}
