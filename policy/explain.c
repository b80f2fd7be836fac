/* SPDX-License-Identifier: MIT */
/*
 * explain.c - what would you say of this path or endpoint, and by which rule? Nothing is run.
 */
#include <errno.h>
#include <stdlib.h>
#include <string.h>

#include "policy/freeze/freeze.h"
#include "policy/language/language.h"
#include "policy/set.h"
#include "text/array.h"

struct collection {
	struct zc_policy_answer *answers;
	size_t count, cap;
};

/* Texts move into the set's memory: the event they came from ends with the call. */
static int collect(const struct zc_question *q, const struct zc_answer *answer)
{
	struct collection *all = (struct collection *)(uintptr_t)q->context;
	struct zc_policy_answer *more;
	const struct zc_image_rule *rule = zc_image_rule(q->image, answer->verdict.rule);

	more = zc_array_grow(all->answers, all->count, &all->cap, sizeof(*more), 8);
	if (more == NULL)
		return zc_fail_memory(q->error);
	all->answers = more;
	more += all->count++;
	*more = (struct zc_policy_answer){
		.verdict = answer->verdict,
		.cls = zc_policy_class_name(q->cls),
		.object = zc_set_copy(q->set, answer->shown, strlen(answer->shown)),
		.is_protected = rule != NULL && rule->protects && zc_refuses(answer->verdict),
	};
	zc_question_rule(q, answer, &more->rule, &more->source);
	return more->object ? 0 : zc_fail_memory(q->error);
}

int zc_policy_explain(struct zc_policy_set *set, const struct zc_image *image, unsigned cls,
		      const char *value, struct zc_policy_answer **ret, size_t *ret_count,
		      struct zc_policy_error *error)
{
	struct collection all = { 0 };
	struct zc_statement at = {
		.origin = { cls < ZC_PATH_CLASSES ? "--explain-path" : "--explain-net", 0 },
		.base = set->project != NULL ? set->project : "/",
		.layer = ZC_LAYER_USER,
	};
	struct zc_question q = {
		.set = set,
		.image = image,
		.resolver = zc_resolver_new(set->world.jail),
		.cls = cls,
		.origin = at.origin,
		.error = error,
		.answer = collect,
		.context = &all,
	};
	int r = q.resolver ? zc_question_check(set, &at, cls, value, &q.value, error)
			   : zc_fail_memory(error);

	if (r == 0)
		r = zc_question_ask(&q);
	zc_resolver_free(q.resolver);
	if (r != 0) {
		free(all.answers);
		return r;
	}
	*ret = all.answers;
	*ret_count = all.count;
	return 0;
}
