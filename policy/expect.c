/* SPDX-License-Identifier: MIT */
/*
 * expect.c - questions put to the finished image: what the policy's own tests expect of it.
 *
 *   expect allow|deny  read|write|run PATH | run 'COMMAND LINE' | net VALUE:PORT | net unix:... | listen VALUE | sys NAME
 */
#include <errno.h>
#include <stdlib.h>
#include <string.h>
#include <sys/socket.h>

#include "policy/language/language.h"
#include "policy/set.h"
#include "text/array.h"

/* Cuts the next word off *text; "" at the end. */
static size_t next_word(const char **text, const char **ret_word)
{
	size_t len;

	*text += strspn(*text, " \t");
	*ret_word = *text;
	len = strcspn(*text, " \t");
	*text += len;
	return len;
}

static bool is_word(const char *word, size_t len, const char *is)
{
	return strlen(is) == len && memcmp(word, is, len) == 0;
}

int zc_expect_add(struct zc_policy_set *set, const struct zc_statement *at, const char *value,
		  struct zc_policy_error *error)
{
	const char *rest = value, *verb, *noun;
	size_t verb_len = next_word(&rest, &verb), noun_len = next_word(&rest, &noun);
	int cls = zc_class_find(noun, noun_len), r;
	struct zc_expect *more, expect = { .origin = at->origin };

	expect.allow = is_word(verb, verb_len, "allow");
	rest += strspn(rest, " \t");
	if ((!expect.allow && !is_word(verb, verb_len, "deny")) || cls < 0 || rest[0] == '\0')
		return zc_fail(error, at->origin,
			       "write 'expect allow|deny read|write|run|net|listen|sys VALUE'");
	expect.cls = (uint8_t)cls;
	r = zc_question_check(set, at, expect.cls, rest, &expect.value, error);
	if (r != 0)
		return r;
	expect.written = zc_set_format(set, "%s %.*s %s", expect.allow ? "allow" : "deny",
				       (int)noun_len, noun, rest);
	more = zc_array_grow(set->expects, set->expects_count, &set->expects_cap, sizeof(*more),
			     16);
	if (more == NULL)
		return zc_fail_memory(error);
	set->expects = more;
	set->expects[set->expects_count++] = expect;
	return expect.written ? 0 : zc_fail_memory(error);
}

/* Audited is what would be refused. */
static int compare(const struct zc_question *q, const struct zc_answer *answer)
{
	const struct zc_expect *expect = q->context;
	bool allowed = answer->verdict.action <= ZC_LOGGED;
	const char *text, *source;

	if (allowed == expect->allow)
		return 0;
	zc_question_rule(q, answer, &text, &source);
	if (text != NULL)
		return zc_fail(q->error, q->origin, "expected %.300s, but %.200s (%.100s) %s it",
			       expect->written, text, source, allowed ? "allows" : "denies");
	if (allowed)
		return zc_fail(q->error, q->origin, "expected %.300s, but it is allowed",
			       expect->written);
	return zc_fail(q->error, q->origin, "expected %.300s, but it is refused: %.200s",
		       expect->written, zc_reason_text(answer->verdict.reason));
}

int zc_expect_check(struct zc_policy_set *set, const struct zc_image *image,
		    struct zc_resolver *resolver, struct zc_policy_error *error)
{
	int r = 0;

	for (size_t i = 0; i < set->expects_count && r == 0; i++) {
		const struct zc_expect *expect = &set->expects[i];
		struct zc_question q = { set,         image,         resolver,
					 expect->cls, expect->value, expect->origin,
					 error,       compare,       expect };

		r = zc_question_ask(&q);
	}
	return r;
}
