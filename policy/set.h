/* SPDX-License-Identifier: MIT */
/*
 * set.h - the inside of a policy set, shared by the files of this folder and their tests.
 *
 *   language/  lines, files and flags -> words and canonical values
 *   profile.c  @base, @dev and the others, as tables
 *   freeze/    all of it, resolved, with the rules that nobody wrote -> build/ -> the image
 *   print.c    shows it
 *   question.c asks the image;  expect.c  compares with what was expected;  explain.c  tells people
 *
 * Values travel in three spellings: as written (for people), canonical (absolute or starting with a
 * variable, escaped; what the digest and the twin hold) and patterns (raw bytes, for build.h).
 */
#ifndef ZC_POLICY_SET_H
#define ZC_POLICY_SET_H

#include "core/base.h"
#include "core/image.h"
#include "core/decide/policy.h"
#include "policy/build/build.h"
#include "policy/policy_set.h"

/* Where something was written. line 0: a flag, a profile, or ours. */
struct zc_origin {
	const char *name;
	uint32_t line;
};

struct zc_argv_value;
struct zc_resolver;
struct zc_statement; /* language/language.h */

/* An absolute, clean path. literal: a '*' in it is a byte of a name, not a wildcard. */
struct zc_pattern {
	const char *text;
	bool literal;
};

struct zc_net_address {
	int family; /* AF_INET, AF_INET6 */
	uint8_t addr[16];
};

struct zc_rule {
	struct zc_origin origin;
	uint8_t layer, says, cls; /* cls NET covers unix sockets too */
	bool everything;          /* no value */
	bool derived;             /* made by derive.c: in no digest and no twin */
	const char *written;      /* NULL when everything */
	const char *value;        /* canonical; NULL when everything */
	const char *text;         /* derived from another rule: that rule's text */
	struct zc_argv_value
		*argv; /* a rule on commands (argv.h): value is no path; NULL: it is one */
	/* Filled by freezing. Paths: what the rule holds for; a NET rule with patterns is on sockets. */
	const struct zc_pattern *patterns;
	const struct zc_net_address *addresses; /* of a host name */
	uint32_t patterns_count, addresses_count;
};

struct zc_expect {
	struct zc_origin origin;
	bool allow;
	uint8_t cls;
	const char *written; /* "deny read /etc/hostname" */
	const char *value;   /* canonical */
};

struct zc_texts {
	const char **items;
	size_t count, cap;
};

struct zc_policy_set {
	struct zc_policy_world world;
	const char *home, *project, *tmpdir; /* clean and absolute, or NULL */
	struct zc_chunk *chunks;             /* every text of the set */
	struct zc_rule *rules;
	size_t rules_count, rules_cap;
	struct zc_expect *expects;
	size_t expects_count, expects_cap;
	struct zc_texts sources, notes, files; /* files: absolute paths of what was read */
	uint32_t flags;                        /* ZC_IMAGE_* */
	uint32_t profiles;                     /* bit n: profile n is included */
	bool named; /* a policy file or a profile was named: no implicit @dev */
	bool no_base, frozen;
	const char *jail; /* as written, then resolved */
	struct zc_origin jail_origin;
	unsigned depth; /* of includes */
	char sha256[65];
};

/* policy_set.c */
void *zc_set_alloc(struct zc_policy_set *set, size_t size); /* zeroed; NULL: out of memory */
const char *zc_set_copy(struct zc_policy_set *set, const char *text, size_t len);
const char *zc_set_format(struct zc_policy_set *set, const char *format, ...) ZC_PRINTF(2, 3);
int zc_texts_add(struct zc_texts *texts, const char *text); /* 0 or -ENOMEM */
/* Writes "name:line: ..." and returns -EINVAL, so that callers can return it. */
int zc_fail(struct zc_policy_error *error, struct zc_origin origin, const char *format, ...)
	ZC_PRINTF(3, 4);
int zc_fail_memory(struct zc_policy_error *error);
/* Appends a zeroed rule; NULL: out of memory. Pointers to other rules are then stale. */
struct zc_rule *zc_set_rule(struct zc_policy_set *set);
/* profile.c */
struct zc_row {
	const char *word, *value, *why;
};
#define ZC_PROFILE_BASE 0u
int zc_profile_find(const char *name, size_t len); /* "@dev"; -1: none */
const char *zc_profile_name(unsigned profile);
const char *zc_profile_nearest(const char *typed, size_t len);
#define ZC_PROFILE_DEV 1u
#define ZC_PROFILE_GUARD 6u /* only takes away: naming it puts no other profile aside */
#define ZC_PROFILE_COUNT 13u
/* Calls back for every row of the profiles in the bit mask, each row once. Stops at a failure. */
int zc_profile_rows(uint32_t profiles,
		    int (*each)(void *context, unsigned profile, const struct zc_row *row),
		    void *context);

/* expect.c */
int zc_expect_check(struct zc_policy_set *set, const struct zc_image *image,
		    struct zc_resolver *resolver, struct zc_policy_error *error);
int zc_expect_add(struct zc_policy_set *set, const struct zc_statement *at, const char *value,
		  struct zc_policy_error *error);

/* question.c: asks a finished image what it says of a value, as many times as the value has meanings. */
struct zc_answer {
	struct zc_verdict verdict;
	const char *path;  /* resolved; NULL: not a path */
	const char *shown; /* what was asked about: a path, "127.0.0.1:80", a sys name */
};
struct zc_question {
	struct zc_policy_set *set;
	const struct zc_image *image;
	struct zc_resolver *resolver;
	unsigned cls;
	const char *value; /* canonical, and checked by zc_question_check() */
	struct zc_origin origin;
	struct zc_policy_error *error;
	/* Called for each answer; a failure ends the question and is its result. */
	int (*answer)(const struct zc_question *question, const struct zc_answer *answer);
	const void *context;
};
/* Can a value be asked about in a class? Fills its canonical spelling. 0, or fails. */
int zc_question_check(struct zc_policy_set *set, const struct zc_statement *at, unsigned cls,
		      const char *value, const char **ret_value, struct zc_policy_error *error);
int zc_question_ask(const struct zc_question *question);
/* The rule behind an answer, or NULLs: then the verdict's reason says why. */
void zc_question_rule(const struct zc_question *question, const struct zc_answer *answer,
		      const char **ret_text, const char **ret_source);
/* Is UDP to port 53 of this resolver allowed by the image? */
bool zc_question_resolver(const struct zc_image *image, const struct zc_net_address *address);

/* print.c */
/* "deny-read ~/.ssh": canonical, or as written; in the set's memory. */
const char *zc_rule_text(struct zc_policy_set *set, const struct zc_rule *rule, bool written);
const char *zc_origin_text(struct zc_policy_set *set, struct zc_origin origin);
int zc_print_digest(struct zc_policy_set *set, uint8_t ret_sha256[32]);

#endif
