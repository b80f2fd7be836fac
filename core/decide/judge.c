/* SPDX-License-Identifier: MIT */
/*
 * judge.c - the order of rules, and one path under it.
 */
#include "core/decide/judge.h"
#include "core/mem.h"

#define DENY_OR_QUIET(layer) (layer(ZC_SAYS_DENY) | layer(ZC_SAYS_QUIET))

static struct zc_ruling ruling(unsigned outcome, unsigned by, unsigned prefer)
{
	return (struct zc_ruling){ .outcome = (uint8_t)outcome,
				   .by = (uint16_t)by,
				   .prefer = (uint16_t)prefer };
}

/* Both deny and quiet-deny: REFUSE until zc_judge_settle() knows which of them is deeper. */
static struct zc_ruling denied(unsigned by, unsigned deny)
{
	return ruling(by & deny ? ZC_OUT_REFUSE : ZC_OUT_QUIET, by, deny);
}

struct zc_ruling zc_rule_on_denies(unsigned said, bool lifted)
{
	unsigned user = said & DENY_OR_QUIET(ZC_SAID_USER);
	unsigned profile = said & DENY_OR_QUIET(ZC_SAID_PROFILE);

	if (said & ZC_SAID_IMPLICIT)
		return ruling(ZC_OUT_IMPLICIT, ZC_SAID_IMPLICIT, 0);
	if (user)
		return denied(user, ZC_SAID_USER(ZC_SAYS_DENY));
	if (profile && !lifted)
		return denied(profile, ZC_SAID_PROFILE(ZC_SAYS_DENY));
	return ruling(ZC_OUT_ALLOW, 0, 0);
}

struct zc_ruling zc_rule_on(unsigned said, bool lifted, bool replaced)
{
	struct zc_ruling deny = zc_rule_on_denies(said, lifted);
	unsigned by;

	if (deny.outcome != ZC_OUT_ALLOW)
		return deny;
	by = said & ZC_SAID_USER(ZC_SAYS_ASK) ? ZC_SAID_USER(ZC_SAYS_ASK)
					      : said & ZC_SAID_PROFILE(ZC_SAYS_ASK);
	if (by)
		return ruling(ZC_OUT_ASK, by, 0);
	if (replaced)
		said &= ~(ZC_SAID_PROFILE(ZC_SAYS_LOG) | ZC_SAID_PROFILE(ZC_SAYS_ALLOW));
	by = said & ZC_SAID_USER(ZC_SAYS_LOG) ? ZC_SAID_USER(ZC_SAYS_LOG)
					      : said & ZC_SAID_PROFILE(ZC_SAYS_LOG);
	if (by)
		return ruling(ZC_OUT_LOG, by, 0);
	by = said & (ZC_SAID_USER(ZC_SAYS_ALLOW) | ZC_SAID_BASE | ZC_SAID_PROFILE(ZC_SAYS_ALLOW));
	if (by)
		return ruling(ZC_OUT_ALLOW, by, ZC_SAID_USER(ZC_SAYS_ALLOW));
	return ruling(ZC_OUT_REFUSE, 0, 0);
}

struct zc_judgement zc_judge_settle(const struct zc_image *image, struct zc_ruling r, unsigned cls,
				    const struct zc_seek *seek)
{
	struct zc_judgement judgement =
		zc_judged(r.outcome, r.by ? ZC_WHY_RULE : ZC_WHY_NO_ALLOW, cls);
	uint64_t bit;

	if (!r.by)
		return judgement;
	judgement.rule = zc_seek_rule(image, seek, &bit);
	if (r.outcome == ZC_OUT_REFUSE && r.prefer && seek->found && !(bit & seek->prefer))
		judgement.outcome = ZC_OUT_QUIET;
	return judgement;
}

void zc_judge_worst(struct zc_judgement *worst, struct zc_judgement next)
{
	bool explains = next.reason == ZC_WHY_RULE && worst->reason != ZC_WHY_RULE;

	if (next.outcome > worst->outcome || (next.outcome == worst->outcome && explains))
		*worst = next;
}

static bool lifted(const struct zc_walk *walk, unsigned said, unsigned cls)
{
	unsigned allows = ZC_SAID_USER(ZC_SAYS_ALLOW) | ZC_SAID_USER(ZC_SAYS_LOG);

	return said & allows && walk->allow_named[cls] >= walk->deny_depth[cls];
}

static unsigned said_on(const struct zc_image *image, const struct zc_walk *walk, unsigned cls)
{
	uint64_t mask = cls == ZC_CLASS_UNIX ? walk->mask | image->any_unix : walk->mask;

	return zc_said(mask, cls);
}

struct zc_ruling zc_judge_ruling(const struct zc_image *image, const struct zc_walk *walk,
				 unsigned cls)
{
	unsigned said = said_on(image, walk, cls);
	struct zc_ruling r = zc_rule_on(said, lifted(walk, said, cls), zc_replaced(image, cls));

	/* Nodes that did not fit could have denied; only an implicit deny is beyond doubt. */
	if (walk->complex && r.outcome != ZC_OUT_IMPLICIT)
		return ruling(ZC_OUT_REFUSE, 0, 0);
	return r;
}

/*
 * A second walk, off the fast path, finds the rule that the first one's bits came from. It
 * overwrites *walk, so that stacks hold only one.
 */
static struct zc_judgement settle_path(const struct zc_image *image, struct zc_ruling r,
				       unsigned cls, const char *path, size_t len,
				       struct zc_walk *walk)
{
	struct zc_seek seek = { .bits = zc_said_mask(r.by, cls),
				.prefer = zc_said_mask(r.prefer, cls) };

	if (r.by) {
		zc_walk(image, path, len, &seek, walk);
		if (cls == ZC_CLASS_UNIX)
			zc_seek_offer(&seek, image->any_unix, 0, image->any_unix_grants_first,
				      image->any_unix_grants_count);
	}
	return zc_judge_settle(image, r, cls, &seek);
}

/* denies_only: the path is one as given, which never allows. */
static struct zc_judgement judge_path(const struct zc_image *image, const char *path, size_t len,
				      unsigned cls, bool denies_only)
{
	struct zc_judgement judgement;
	struct zc_walk walk;
	struct zc_ruling r;

	zc_walk(image, path, len, NULL, &walk);
	if (denies_only && !walk.complex) {
		unsigned said = said_on(image, &walk, cls);

		r = zc_rule_on_denies(said, lifted(&walk, said, cls));
	} else {
		r = zc_judge_ruling(image, &walk, cls);
	}
	judgement = settle_path(image, r, cls, path, len, &walk);
	if (walk.complex && judgement.outcome != ZC_OUT_IMPLICIT)
		judgement.reason = ZC_WHY_COMPLEX;
	return judgement;
}

struct zc_judgement zc_judge_object(const struct zc_image *image, const struct zc_object *object,
				    unsigned cls)
{
	struct zc_judgement judgement;

	if (object->flags & ZC_OBJ_NAMELESS)
		return zc_judged(ZC_OUT_ALLOW, ZC_WHY_NO_ALLOW, cls);
	if (!object->path || !object->path_len || object->path[0] != '/')
		return zc_judged(ZC_OUT_REFUSE, ZC_WHY_UNREADABLE, cls);
	judgement = judge_path(image, object->path, object->path_len, cls, false);
	if (object->given && (object->given_len != object->path_len ||
			      !zc_equal(object->given, object->path, object->path_len)))
		zc_judge_worst(&judgement,
			       judge_path(image, object->given, object->given_len, cls, true));
	return judgement;
}

/* What each class asked for is granted by, and what would refuse or record it. */
static void want(const struct zc_image *image, unsigned need, struct zc_enough *enough)
{
	enough->refusals = 0;
	enough->count = 0;
	for (unsigned cls = 0; cls < ZC_PATH_CLASSES; cls++) {
		uint64_t profile = ZC_MASK_PROFILE(cls, ZC_SAYS_ALLOW),
			 user = ZC_MASK_USER(cls, ZC_SAYS_ALLOW);

		if (!(need >> cls & 1))
			continue;
		enough->grants[enough->count++] = ZC_MASK_BASE(cls) | user |
						  (zc_replaced(image, cls) ? 0 : profile);
		/* The four bits above ALLOW in each layer's five. */
		enough->refusals |= ZC_MASK_IMPLICIT(cls) | profile * 30 | user * 30;
	}
}

/* Whatever else is said than a plain allow, even when it would yield, is for zc_policy_decide(). */
static bool allows(const struct zc_image *image, const char *path, size_t len, unsigned need,
		   bool *ret_below)
{
	struct zc_enough enough;
	uint64_t mask;

	if (!len || path[0] != '/' || need >> ZC_PATH_CLASSES)
		return false;
	want(image, need, &enough);
	if (!zc_walk_enough(image, path, len, &enough, &mask, ret_below) || mask & enough.refusals)
		return false;
	for (unsigned i = 0; i < enough.count; i++)
		if (!(mask & enough.grants[i]))
			return false;
	return true;
}

bool zc_policy_allows_path(const struct zc_image *image, const char *path, size_t len,
			   unsigned need)
{
	const struct zc_image *stricter = zc_image_stricter(image);
	bool below;

	return allows(image, path, len, need, &below) &&
	       (!stricter || allows(stricter, path, len, need, &below));
}

bool zc_policy_allows_below(const struct zc_image *image, const char *path, size_t len,
			    unsigned need)
{
	const struct zc_image *stricter = zc_image_stricter(image);
	bool below = false;

	if (!allows(image, path, len, need, &below) || !below)
		return false;
	return !stricter || (allows(stricter, path, len, need, &below) && below);
}

bool zc_judge_is_named(const struct zc_image *image, const struct zc_object *object, unsigned cls)
{
	struct zc_walk walk;
	uint32_t parts = 0;

	if (!object->path || object->path_len < 2)
		return false;
	for (uint32_t i = 0; i < object->path_len; i++)
		parts += object->path[i] == '/';
	zc_walk(image, object->path, object->path_len, NULL, &walk);
	return !walk.complex && walk.allow_named[cls] >= parts;
}
