/* SPDX-License-Identifier: MIT */
/*
 * argv.h - a rule on commands as it was written, on its way to the image. argv.c has the grammar.
 *
 * Memory: the set's. Fails: -EINVAL with the error filled.
 */
#ifndef ZC_POLICY_ARGV_H
#define ZC_POLICY_ARGV_H

#include "core/decide/policy.h"
#include "policy/language/language.h"
#include "policy/set.h"

#define ZC_ARGV_WORDS 96u /* of one rule */
#define ZC_ARGV_WORD 255u /* bytes of one: no more of an argument is looked at */

enum { ZC_ARGV_PROGRAM, ZC_ARGV_ARGUMENT, ZC_ARGV_FEEDER };

struct zc_argv_word {
	uint8_t part, kind, group;
	const char *text;   /* NAME, TEXT, SHORT, LONG: decoded */
	const char *value;  /* FILE, PATH: canonical, with its variable */
	const char *prefix; /* PATH: "of=", or NULL */
};

struct zc_argv_value {
	struct zc_argv_word words[ZC_ARGV_WORDS];
	uint32_t count;
	uint8_t groups, risk;
	bool feeds;
	const char *because;
};

/* Has the value of a -run word clauses behind its program? */
bool zc_argv_is_rule(const char *value);
/* value must live as long as the set. */
int zc_argv_parse(struct zc_policy_set *set, const struct zc_statement *at, const char *value,
		  struct zc_argv_value **ret, const char **ret_canonical,
		  struct zc_policy_error *error);
/* argv_freeze.c: the words of a rule into the image, under a number that zc_build_rule() gave. */
int zc_argv_build(struct zc_policy_set *set, struct zc_resolver *resolver, struct zc_build *build,
		  const struct zc_rule *rule, int number, struct zc_policy_error *error);
/*
 * "rm -rf /" as arguments, for expect: blanks part them, quotes and backslashes keep them together. Returns
 * how many, at most cap, each in the set's memory; -EINVAL for a quote that does not end.
 */
int zc_argv_split(struct zc_policy_set *set, const char *line, const char **ret, size_t cap);

#endif
