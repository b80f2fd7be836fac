/* SPDX-License-Identifier: MIT */
/*
 * policy_twin.c - the JSON twin: strict, and the same policy as what it was printed from; the digest.
 */
#include <time.h>

#include "tests/unit/policy.h"

/* clang-format off */
static const struct { const char *text, *message; } mistakes[] = {
	{ "",                                        "t.json:1: the text ends where '{' was expected" },
	{ "[]",                                      "t.json:1: expected '{' to start the policy, not '['" },
	{ "{}",                                      "t.json: no rules" },
	{ "{\"version\": 1}",                        "t.json: no rules" },
	{ "{\"rules\": []}",                         "t.json: no rules" },
	{ "{\"no-net\": true} x",                    "t.json:1: there is more after the end" },
	{ "{\"no-net\": true}{}",                    "t.json:1: there is more after the end" },
	{ "{\"no-net\": true,}",                     "t.json:1: expected '\"' to start a text, not '}'" },
	{ "{\"no-net\": true",                       "t.json:1: the text ends where '}' was expected" },
	{ "{\"no-net\": tru}",                       "t.json:1: 'no-net' is true or false" },
	{ "{\"no-net\": \"true\"}",                  "t.json:1: 'no-net' is true or false" },
	{ "{\"no-net\": 1}",                         "t.json:1: 'no-net' is true or false" },
	{ "{\"no-net\": true,\n \"no-net\": true}",  "t.json:2: 'no-net' is there twice" },
	{ "{\"rules\": [],\"rules\": []}",           "t.json:1: 'rules' is there twice" },
	{ "{\"version\": 1.0, \"no-net\": true}",    "t.json:1: version '1.0' is not known" },
	{ "{\"version\": \"1\", \"no-net\": true}",  "t.json:1: version '' is not known" },
	{ "{\"verson\": 1}",                         "t.json:1: unknown key 'verson'; did you mean 'version'?" },
	{ "{\"allow-read\": \"/\"}",                 "t.json:1: unknown key 'allow-read'; it belongs into 'rules'" },
	{ "{\"include\": \"@dev\"}",                 "t.json:1: expected '[' to start the list" },
	{ "{\"include\": [1]}",                      "t.json:1: expected '\"' to start a text" },
	{ "{\"include\": [\"@dve\"]}",               "t.json:1: unknown profile '@dve'; did you mean '@dev'?" },
	{ "{\"rules\": {}}",                         "t.json:1: expected '[' to start the rules" },
	{ "{\"rules\": [\"allow-read /\"]}",         "t.json:1: expected '{' to start a rule" },
	{ "{\"rules\": [{}]}",                       "t.json:1: expected '\"' to start a text" },
	{ "{\"rules\": [{\"layer\": \"user\"}]}",    "t.json:1: a rule without a word" },
	{ "{\"rules\": [{\"layer\": \"implicit\", \"allow-read\": \"/\"}]}", "t.json:1: 'implicit' is no layer" },
	{ "{\"rules\": [{\"source\": \"a\", \"source\": \"b\", \"allow-read\": \"/\"}]}", "t.json:1: 'source' is there twice" },
	{ "{\"rules\": [\n{\"allow-raed\": \"/\"}]}", "t.json:2: unknown rule 'allow-raed'; did you mean 'allow-read'?" },
	{ "{\"rules\": [{\"no-net\": true}]}",       "t.json:1: unknown rule 'no-net'" },
	{ "{\"rules\": [{\"allow-read\": 7}]}",      "t.json:1: 'allow-read' is followed by a text" },
	{ "{\"rules\": [{\"allow-read\": false}]}",  "t.json:1: 'allow-read' is followed by a text" },
	{ "{\"rules\": [{\"allow-read\": null}]}",   "t.json:1: 'allow-read' is followed by a text" },
	{ "{\"rules\": [{\"allow-read\": [\"/\"]}]}","t.json:1: 'allow-read' is followed by a text" },
	{ "{\"rules\": [{\"allow-read\": \"/\", \"allow-write\": \"/\"}]}", "t.json:1: one rule an object" },
	{ "{\"rules\": [{\"allow-read\": \"/\", \"allow-read\": \"/\"}]}", "t.json:1: one rule an object" },
	{ "{\"rules\": [{\"allow-read\": \"\"}]}",   "t.json:1: the value is empty" },
	{ "{\"rules\": [{\"allow-read\": \"/\\q\"}]}", "t.json:1: a text holds what JSON does not allow" },
	{ "{\"rules\": [{\"allow-read\": \"/\\ud800\"}]}", "t.json:1: a text holds what JSON does not allow" },
	{ "{\"rules\": [{\"allow-read\": \"/\\u0000\"}]}", "t.json:1: a text holds what JSON does not allow" },
	{ "{\"rules\": [{\"allow-read\": \"/\xff\"}]}", "t.json:1: a text holds what JSON does not allow" },
	{ "{\"rules\": [{\"allow-read\": \"/\n\"}]}", "t.json:1: a text holds what JSON does not allow" },
	{ "{\"rules\": [{\"allow-read\": \"/",       "t.json:1: a text has no end" },
	{ "{\"expect\": [\"deny read /x\"],\n\"rules\": [{\"allow-read\": \"/\"}]}", "t.json:1: expected deny read /x, but allow-read / (t.json:2)" },
	{ "// no\n{\"no-net\": true}",               "t.json:1: expected '{'" },
};

/* What the twin has to carry: every layer, word, flag and odd spelling. */
static const char *const policies[] = {
	"include @dev\n",
	"include @ci\ninclude @readonly\nallow-read /x\n",
	"no-base\nallow-read /x\nno-net\naudit\nkill\ngap allow\n",
	"jail ${PROJECT}\n",
	"allow-all\ndeny-net\n",
	"allow-read ~/a\\ b\nallow-read rel/../ative\ndeny-read ${PROJECT}/../x\nquiet-deny-write /a/**/b*c\nlog-run /\\*\n"
	"allow-net localhost:80\nallow-net unix:@a\\x01\\xffb\ndeny-net unix:~/s\nallow-listen 80\nallow-listen ::1\nallow-sys mount\n"
	"deny-read /\\xff\\x1b[m\ndeny-read /\xc3\xa9\"\\\\q\nexpect deny read /\\xff\\x1b[m\nexpect deny net unix:~/s\n",
};
/* clang-format on */

static bool fails_json(const char *text, const char *message)
{
	struct zc_policy_set *set = p_try_with(NULL, text, true);

	zc_policy_set_free(set);
	return set == NULL && strstr(p_error.text, message) == p_error.text;
}

/* The printed policy, malloc'd. */
static char *printed(struct zc_policy_set *set, bool json)
{
	char *text = NULL;
	size_t len = 0;
	FILE *out = open_memstream(&text, &len);

	if (out == NULL || zc_policy_print(set, out, json) != 0)
		exit(99);
	fclose(out);
	return text;
}

/* The text without its "source" members, in place: those say where it was read from. */
static char *without_sources(char *text)
{
	char *at;

	while ((at = strstr(text, ",\"source\": ")) != NULL)
		memmove(at, strstr(at, "\"}") + 1, strlen(strstr(at, "\"}") + 1) + 1);
	return text;
}

static void test_round_trip(const char *text)
{
	struct zc_policy_set *first = p_try(text), *second;
	char *a, *b;

	if (!T_OK(first, "the policy loads: %s", p_error.text))
		return;
	a = printed(first, true);
	second = p_try_with(NULL, a, true);
	if (T_OK(second, "its twin loads: %s", p_error.text)) {
		b = printed(second, true);
		T_OK(!strcmp(zc_policy_sha256(first), zc_policy_sha256(second)),
		     "and is the same policy: %s", zc_policy_sha256(second));
		T_OK(!strcmp(without_sources(a), without_sources(b)), "and prints the same twin");
		free(b);
	}
	free(a);
	zc_policy_set_free(first);
	zc_policy_set_free(second);
}

static bool same_digest(const char *one, const char *other)
{
	struct zc_policy_set *a = p_try(one), *b = p_try(other);
	bool same = a && b && strlen(zc_policy_sha256(a)) == 64 &&
		    !strcmp(zc_policy_sha256(a), zc_policy_sha256(b));

	zc_policy_set_free(a);
	zc_policy_set_free(b);
	return same;
}

static void test_digest(void)
{
	T_OK(same_digest("allow-read /a\ndeny-read /b\n",
			 "# x\ndeny-read /b\n\nallow-read /a/\nallow-read //a\n"),
	     "order, repeats and spelling do not change the digest");
	T_OK(!same_digest("allow-read /a\n", "allow-read /b\n"), "another path does");
	T_OK(!same_digest("allow-read /a\n", "log-read /a\n"), "another verdict does");
	T_OK(!same_digest("allow-read /a\n", "allow-read /a\nno-net\n"), "a flag does");
	T_OK(!same_digest("allow-read /a\n", "allow-read /a\ninclude @readonly\n"),
	     "a profile does");
	T_OK(!same_digest("allow-read /a\n", "no-base\nallow-read /a\n"), "@base does");
	T_OK(!same_digest("jail ${PROJECT}\n", "jail ${HOME}\n"), "the jail does");
	T_OK(same_digest("allow-read /\n", "allow-read /\nexpect allow read /x\n"),
	     "an expectation does not");
}

static void test_text(void)
{
	struct zc_policy_set *set = p_try("deny-read ~/a\\x1b[31m\nallow-read /usr\n");
	char *text = set ? printed(set, false) : strdup("");

	T_OK(strstr(text, "# policy sha256:"), "the text starts with the digest");
	T_OK(strstr(text, "user      deny-read ~/a\\x1b[31m"),
	     "a rule stands there as it was written");
	T_OK(strstr(text, "  t.zc:1  = /"), "with its source and where it leads");
	T_OK(strstr(text, "base      allow-read /usr/lib*"), "with the profiles' rules");
	T_OK(strstr(text, "implicit  deny-write") && strstr(text, "the log directory"), "and ours");
	T_OK(!strchr(text, '\x1b'), "and nothing that a terminal obeys");
	free(text);
	zc_policy_set_free(set);
}

/* 100,000 rules are not a reason to wait. Generous, because machines are busy. */
static void test_many(void)
{
	size_t cap = 100000 * 48, len = 0;
	char *text = malloc(cap);
	struct timespec before, after;
	struct zc_policy_set *set;
	double seconds;

	for (int i = 0; i < 100000; i++)
		len += (size_t)snprintf(text + len, cap - len, "allow-read /srv/%d/%d/%d\n", i % 97,
					i % 1009, i);
	clock_gettime(CLOCK_MONOTONIC, &before);
	set = p_try(text);
	clock_gettime(CLOCK_MONOTONIC, &after);
	seconds = (double)(after.tv_sec - before.tv_sec) +
		  (double)(after.tv_nsec - before.tv_nsec) / 1e9;
	T_OK(set && seconds < 10, "100,000 rules load in %.2f s", seconds);
	zc_policy_set_free(set);
	free(text);
}

int main(void)
{
	p_begin();
	for (size_t i = 0; i < ZC_LEN(mistakes); i++)
		T_OK(fails_json(mistakes[i].text, mistakes[i].message), "%s", p_error.text);
	for (size_t i = 0; i < ZC_LEN(policies); i++)
		test_round_trip(policies[i]);
	test_digest();
	test_text();
	test_many();
	p_end();
	T_DONE();
}
