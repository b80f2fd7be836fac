/* SPDX-License-Identifier: MIT */
/*
 * policy_move.c - rename, exchange and link: what a file or tree would gain or lose at its new
 * place.
 *
 * Rules are on paths, so whoever moves a tree moves it out of its rules. Needing write on both ends
 * is not enough (`mv .ssh x` passes that); this is Landlock's REFER rule, on names.
 */
#include "core/decide/judge.h"

#define EACH_CLASS(bit) ((bit) | (bit) << 5 | (bit) << 10 | (bit) << 15)
#define IMPLICIT_DENIES 0xfull
/* What refuses when it is met deeper down; asking refuses too. */
#define DENIES \
	(IMPLICIT_DENIES | EACH_CLASS(ZC_MASK_PROFILE(0, ZC_SAYS_DENY)) | \
	 EACH_CLASS(ZC_MASK_PROFILE(0, ZC_SAYS_QUIET)) | \
	 EACH_CLASS(ZC_MASK_PROFILE(0, ZC_SAYS_ASK)) | EACH_CLASS(ZC_MASK_USER(0, ZC_SAYS_DENY)) | \
	 EACH_CLASS(ZC_MASK_USER(0, ZC_SAYS_QUIET)) | EACH_CLASS(ZC_MASK_USER(0, ZC_SAYS_ASK)))

struct ends {
	const struct zc_image *image;
	const struct zc_object *from_object;
	struct zc_walk from, to;
	unsigned refused; /* classes that the source is refused in itself */
	bool tree;        /* the source may hold something */
};

static struct zc_judgement moved(unsigned outcome, unsigned reason, unsigned cls, uint32_t rule)
{
	struct zc_judgement judgement = zc_judged(outcome, reason, cls);

	judgement.rule = rule;
	return judgement;
}

/* The moved thing itself: may it be used in a way at the new place that it may not where it is? */
static struct zc_judgement judge_itself(struct ends *ends)
{
	struct zc_judgement worst = zc_judged(ZC_OUT_ALLOW, ZC_WHY_RULE, ZC_CLASS_WRITE);

	for (unsigned cls = 0; cls < ZC_PATH_CLASSES; cls++) {
		struct zc_ruling here = zc_judge_ruling(ends->image, &ends->from, cls);
		struct zc_ruling there = zc_judge_ruling(ends->image, &ends->to, cls);
		struct zc_judgement why;

		if (here.outcome < ZC_OUT_ASK)
			continue;
		ends->refused |= 1u << cls;
		if (there.outcome >= ZC_OUT_ASK)
			continue;
		why = zc_judge_object(ends->image, ends->from_object, cls);
		zc_judge_worst(&worst, moved(here.outcome == ZC_OUT_IMPLICIT ? ZC_OUT_IMPLICIT
									     : ZC_OUT_REFUSE,
					     ZC_WHY_MOVE_GAINS, cls, why.rule));
	}
	return worst;
}

static unsigned first_class(uint64_t denies)
{
	for (unsigned cls = 0; cls < ZC_PATH_CLASSES; cls++)
		if (zc_said(denies, cls))
			return cls;
	return ZC_CLASS_WRITE;
}

/* Denies that begin below the source and would not follow. */
static struct zc_judgement judge_losses(const struct ends *ends)
{
	const struct zc_image_node *nodes = zc_image_at(ends->image, ends->image->nodes);
	struct zc_judgement worst = zc_judged(ZC_OUT_ALLOW, ZC_WHY_RULE, ZC_CLASS_WRITE);

	for (uint32_t i = 0; i < ends->from.count; i++) {
		uint32_t entry = ends->from.active[i];
		const struct zc_image_node *node = &nodes[entry & ~ZC_WALK_STICKY];
		uint64_t denies = node->below & DENIES;

		if (!denies || zc_walk_is_in(&ends->to, entry))
			continue;
		if (denies & IMPLICIT_DENIES)
			denies &= IMPLICIT_DENIES;
		zc_judge_worst(&worst,
			       moved(denies & IMPLICIT_DENIES ? ZC_OUT_IMPLICIT : ZC_OUT_REFUSE,
				     ZC_WHY_MOVE_LOSES, first_class(denies), node->below_rule));
	}
	return worst;
}

/* Rights that begin below the destination, in a class that the source has not. */
static struct zc_judgement judge_gains(const struct ends *ends)
{
	const struct zc_image_node *nodes = zc_image_at(ends->image, ends->image->nodes);

	for (uint32_t i = 0; i < ends->to.count; i++) {
		uint32_t entry = ends->to.active[i];
		uint64_t below = nodes[entry & ~ZC_WALK_STICKY].below;

		if (zc_walk_is_in(&ends->from, entry))
			continue;
		for (unsigned cls = 0; cls < ZC_PATH_CLASSES; cls++) {
			unsigned said = zc_said(below, cls) & ~ZC_SAID_DENIES;
			struct zc_ruling r = zc_rule_on(said & ~(ZC_SAID_USER(ZC_SAYS_ASK) |
								 ZC_SAID_PROFILE(ZC_SAYS_ASK)),
							true, zc_replaced(ends->image, cls));

			if (ends->refused >> cls & 1 && r.outcome < ZC_OUT_QUIET)
				return moved(ZC_OUT_REFUSE, ZC_WHY_MOVE_GAINS, cls, ZC_RULE_NONE);
		}
	}
	return zc_judged(ZC_OUT_ALLOW, ZC_WHY_RULE, ZC_CLASS_WRITE);
}

static struct zc_judgement judge_way(const struct zc_image *image, const struct zc_object *from,
				     const struct zc_object *to)
{
	struct zc_judgement worst;
	struct ends ends;

	ends.image = image;
	ends.from_object = from;
	ends.refused = 0;
	ends.tree = !(from->flags & ZC_OBJ_EXISTS) || from->flags & ZC_OBJ_DIRECTORY;
	zc_walk(image, from->path, from->path_len, NULL, &ends.from);
	zc_walk(image, to->path, to->path_len, NULL, &ends.to);
	worst = judge_itself(&ends);
	if (!ends.tree)
		return worst;
	if (ends.from.complex || ends.to.complex)
		zc_judge_worst(&worst,
			       moved(ZC_OUT_REFUSE, ZC_WHY_COMPLEX, ZC_CLASS_WRITE, ZC_RULE_NONE));
	zc_judge_worst(&worst, judge_losses(&ends));
	zc_judge_worst(&worst, judge_gains(&ends));
	return worst;
}

struct zc_judgement zc_judge_move(const struct zc_image *image, const struct zc_event *event)
{
	const struct zc_object *from = &event->object[0], *to = &event->object[1];
	struct zc_judgement there, back;

	/* What has no path was refused with its object, or is nothing that a rule covers. */
	if (event->objects < 2 || !from->path_len || !to->path_len || !from->path || !to->path)
		return zc_judged(ZC_OUT_ALLOW, ZC_WHY_RULE, ZC_CLASS_WRITE);
	there = judge_way(image, from, to);
	if (event->flags & ZC_EV_EXCHANGE) {
		back = judge_way(image, to, from);
		back.object = 1;
		zc_judge_worst(&there, back);
	}
	return there;
}
