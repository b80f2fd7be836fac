/* SPDX-License-Identifier: MIT */
/*
 * judge.h - the steps between what rules say and a verdict. Only policy*.c of this folder needs it.
 *
 * Everything that is judged (a path, an address, a name, a sys name) first comes to twelve bits,
 * what the rules that hold for it say in one class. zc_rule_on() orders them, strongest first; the
 * callers find out which rule it was; zc_policy_decide() turns the outcome into action and errno.
 *
 * Context: anywhere. Memory: plain values. Fails: never.
 */
#ifndef ZC_CORE_JUDGE_H
#define ZC_CORE_JUDGE_H

#include "core/decide/policy.h"
#include "core/decide/walk.h"

/* Weakest first: of several, the greatest decides. */
enum zc_outcome {
	ZC_OUT_ALLOW,
	ZC_OUT_LOG,
	ZC_OUT_ASK,
	ZC_OUT_QUIET,
	ZC_OUT_REFUSE,
	ZC_OUT_IMPLICIT
};

struct zc_judgement {
	uint8_t outcome; /* enum zc_outcome */
	uint8_t reason;  /* enum zc_reason */
	uint8_t cls;     /* enum zc_class */
	uint8_t object;
	uint32_t rule;
};

/* What rules say in one class, whatever the class: the bits of a mask, moved together. */
#define ZC_SAID_IMPLICIT 1u
#define ZC_SAID_BASE 2u
#define ZC_SAID_PROFILE(says) (4u << (says))
#define ZC_SAID_USER(says) (4u << (ZC_SAYS_COUNT + (says)))
#define ZC_SAID_DENIES \
	(ZC_SAID_IMPLICIT | ZC_SAID_PROFILE(ZC_SAYS_DENY) | ZC_SAID_PROFILE(ZC_SAYS_QUIET) | \
	 ZC_SAID_USER(ZC_SAYS_DENY) | ZC_SAID_USER(ZC_SAYS_QUIET))

static inline unsigned zc_said(uint64_t mask, unsigned cls)
{
	return (unsigned)(mask >> cls & 1) | (unsigned)(mask >> (4 + cls) & 1) << 1 |
	       (unsigned)(mask >> (8 + cls * 5) & 31) << 2 |
	       (unsigned)(mask >> (28 + cls * 5) & 31) << 7;
}

/* The way back: the bits of a mask for what was said in a class. */
static inline uint64_t zc_said_mask(unsigned said, unsigned cls)
{
	return (uint64_t)(said & 1) << cls | (uint64_t)(said >> 1 & 1) << (4 + cls) |
	       (uint64_t)(said >> 2 & 31) << (8 + cls * 5) |
	       (uint64_t)(said >> 7 & 31) << (28 + cls * 5);
}

/*
 * Which of the bits decide, and what they come to. by is 0 when nothing was said: ZC_WHY_NO_ALLOW.
 */
struct zc_ruling {
	uint8_t outcome;
	uint16_t by; /* ZC_SAID_*; deny and quiet of one layer both, where the deeper one decides */
	uint16_t prefer; /* of those, where they stand at the same place */
};

/*
 * lifted: the profile's denies yield to a user's allow that names the place. replaced: the user has
 * allows in this class, so the profile's do not count.
 */
struct zc_ruling zc_rule_on(unsigned said, bool lifted, bool replaced);
/* Only what denies: for the name as given, which is never what allows. */
struct zc_ruling zc_rule_on_denies(unsigned said, bool lifted);

static inline bool zc_replaced(const struct zc_image *image, unsigned cls)
{
	return image->user_allows >> cls & 1;
}

/*
 * Settles a ruling: which rule, and deny or quiet. seek was offered what the class's bits stand on.
 */
struct zc_judgement zc_judge_settle(const struct zc_image *image, struct zc_ruling ruling,
				    unsigned cls, const struct zc_seek *seek);
/* Keeps the stronger in *worst; of equals the first, but one with a rule explains better. */
void zc_judge_worst(struct zc_judgement *worst, struct zc_judgement next);

/* One class of one path, as a walk came out. For UNIX with the rules on every unix socket. */
struct zc_ruling zc_judge_ruling(const struct zc_image *image, const struct zc_walk *walk,
				 unsigned cls);
/* An object in one class: where it leads, and denies on the name as given. */
struct zc_judgement zc_judge_object(const struct zc_image *image, const struct zc_object *object,
				    unsigned cls);
/* Does a user's allow name the very object, not only a directory above it? */
bool zc_judge_is_named(const struct zc_image *image, const struct zc_object *object, unsigned cls);
/*
 * argv_match.c: an exec under the rules on commands. ALLOW where they say nothing. *ret_grants: a rule that
 * lets it run where no rule on paths says anything, or ZC_RULE_NONE.
 */
struct zc_judgement zc_judge_argv(const struct zc_image *image, const struct zc_event *event,
				  uint32_t *ret_grants);
struct zc_judgement zc_judge_move(const struct zc_image *image, const struct zc_event *event);
struct zc_judgement zc_judge_net(const struct zc_image *image, const struct zc_event *event);

/* Does getaddrinfo(3) read the name as an address? Is it in the image's table of hosts? */
bool zc_host_is_numeric(const char *host, size_t len);
bool zc_host_is_known(const struct zc_image *image, const char *host, size_t len);

static inline struct zc_judgement zc_judged(unsigned outcome, unsigned reason, unsigned cls)
{
	return (struct zc_judgement){ .outcome = (uint8_t)outcome,
				      .reason = (uint8_t)reason,
				      .cls = (uint8_t)cls,
				      .rule = ZC_RULE_NONE };
}

#endif
