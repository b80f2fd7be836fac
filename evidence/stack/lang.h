/* SPDX-License-Identifier: MIT */
/*
 * lang.h - the frames of an interpreted program among the native ones that run them.
 *
 * Memory: none of its own. Fails: what is malformed ends the list.
 */
#ifndef ZC_EVIDENCE_LANG_H
#define ZC_EVIDENCE_LANG_H

#include "evidence/stack/stack.h"

/* Where in a stack the next interpreted frames go. */
struct zc_lang_walk {
	const struct zc_stack *stack;
	const char *field;
	size_t len, at;
	bool by_pointer; /* each says where on the stack it is, and stands for the native one there */
	bool connected; /* then: the last one was found among the native ones */
	bool matched; /* else: each native frame that runs them says how many; or they stay together */
	unsigned outermost; /* then before this one */
};
struct zc_lang_walk zc_lang_begin(const struct zc_stack *stack);
/* Writes the frames that go before native frame i. Returns whether they stand for that one too. */
bool zc_lang_write(struct zc_lang_walk *walk, unsigned i, struct zc_json *json);
/* Writes those that are left when the native ones have ended. */
void zc_lang_finish(struct zc_lang_walk *walk, struct zc_json *json);

#endif
