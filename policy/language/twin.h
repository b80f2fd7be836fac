/* SPDX-License-Identifier: MIT */
/*
 * twin.h - the pieces of JSON that the twin of a policy is made of. Only json.c and twin.c need it.
 */
#ifndef ZC_POLICY_TWIN_H
#define ZC_POLICY_TWIN_H

#include "policy/language/language.h"

/* The text, how far it was read, and where that is, for whoever made a mistake there. */
struct zc_twin {
	struct zc_policy_set *set;
	struct zc_statement at;
	const char *text, *end;
	size_t stated;
	struct zc_policy_error *error;
};

/* Each returns 0, or fails with the error filled, unless it says otherwise. */

/* Goes to the next byte that is no blank: returns it, or -1 at the end. */
int zc_twin_space(struct zc_twin *j);
/* Goes past c, which must come next. where: "to start a text", for people. */
int zc_twin_want(struct zc_twin *j, char c, const char *where);
/* A text, with its escapes undone, in the set's memory. */
int zc_twin_string(struct zc_twin *j, const char **ret);
/* Goes past a word if it is the next. Returns whether it was. */
bool zc_twin_word(struct zc_twin *j, const char *word);
/* true or false; key is what it is said of. */
int zc_twin_bool(struct zc_twin *j, const char *key, bool *ret);
/* Goes through "[ item, ... ]" or "{ item, ... }". */
int zc_twin_list(struct zc_twin *j, char open, char close, const char *where,
		 int (*item)(struct zc_twin *j));

#endif
