/* SPDX-License-Identifier: MIT */
/*
 * lang.h - the frames of an interpreted program among the native ones that run them.
 *
 * Memory: none of its own. Fails: what is malformed ends the list.
 */
#ifndef ZC_EVIDENCE_LANG_H
#define ZC_EVIDENCE_LANG_H

#include "core/wire/wire.h"
#include "evidence/stack/stack.h"

/* One interpreted frame; how long its texts are stands in lang. */
typedef void zc_lang_put(void *context, const struct zc_wire_lang *lang, const char *function,
			 const char *file);

/* Where in a stack the next interpreted frames go. */
struct zc_lang_walk {
	const struct zc_stack *stack;
	zc_lang_put *put;
	void *context;
	const char *field;
	size_t len, at;
	bool by_pointer; /* each says where on the stack it is, and stands for the native one there */
	bool connected; /* then: the last one was found among the native ones */
	bool matched; /* else: each native frame that runs them says how many; or they stay together */
	unsigned outermost; /* then before this one */
};
struct zc_lang_walk zc_lang_begin(const struct zc_stack *stack, zc_lang_put *put, void *context);
/* Gives out the frames that go before native frame i. Returns whether they stand for that one too. */
bool zc_lang_before(struct zc_lang_walk *walk, unsigned i);
/* Gives out those that are left when the native ones have ended. */
void zc_lang_finish(struct zc_lang_walk *walk);
/* Did JavaScript make the call, as the native frames show, although none of its frames is known? */
bool zc_lang_lacks_script(const struct zc_stack *stack);

#endif
